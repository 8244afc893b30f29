"""Draws every picture of the game with numpy, into ``assets/``: ``python examples/game/make_art.py``.

Shapes are distance fields: how far each pixel is from an outline, negative inside. Everything comes out the same each
time.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]
Colour = tuple[float, float, float]

ASSETS = Path(__file__).resolve().parent / "assets"


# Tools


def write(name: str, pixels: Field) -> None:
    """Write RGBA of 0.0 to 1.0, of shape (height, width, 4), as a PNG."""
    data = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    height, width, _ = data.shape
    # Each row by its difference to the row above (filter 2): smooth pictures shrink to a half.
    rows = np.concatenate([data[:1], data[1:] - data[:-1]]).reshape(height, -1)
    raw = b"".join(b"\x02" + row.tobytes() for row in rows)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    png = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    (ASSETS / name).write_bytes(b"\x89PNG\r\n\x1a\n" + png)


def grid(width: int, height: int) -> tuple[Field, Field]:
    """Pixel coordinates with the origin in the middle, y upwards."""
    y, x = np.mgrid[0:height, 0:width]
    return x - (width - 1) / 2, (height - 1) / 2 - y


def cover(distance: Field, soft: float = 1.0) -> Field:
    """How much of each pixel is inside."""
    return np.clip(0.5 - distance / soft, 0, 1)


class Canvas:
    """Layers of colour, each over the last."""

    def __init__(self, width: int, height: int) -> None:
        self.x, self.y = grid(width, height)
        self.pixels = np.zeros((height, width, 4))

    def paint(self, mask: Field, colour: Colour, shade: Field | float = 1.0) -> None:
        """Paint `colour` times `shade` where `mask` is 1."""
        under = self.pixels[..., 3]
        alpha = mask + under * (1 - mask)
        safe = np.maximum(alpha, 1e-6)
        for channel in range(3):
            ink = np.clip(colour[channel] * np.asarray(shade), 0, 1)
            mixed = ink * mask + self.pixels[..., channel] * under * (1 - mask)
            self.pixels[..., channel] = mixed / safe
        self.pixels[..., 3] = alpha


def white(alpha: Field) -> Field:
    return np.concatenate([np.ones((*alpha.shape, 3)), alpha[..., None]], axis=-1)


def circle(x: Field, y: Field, cx: float, cy: float, radius: float) -> Field:
    return np.hypot(x - cx, y - cy) - radius


def box(x: Field, y: Field, cx: float, cy: float, wide: float, high: float, round_: float = 0.0) -> Field:
    a, b = np.abs(x - cx) - wide + round_, np.abs(y - cy) - high + round_
    return np.hypot(np.maximum(a, 0), np.maximum(b, 0)) + np.minimum(np.maximum(a, b), 0) - round_


def line(x: Field, y: Field, points: Sequence[tuple[float, float]]) -> Field:
    """Distance to a polyline."""
    best = np.full(x.shape, 1e9)
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        best = np.minimum(best, np.hypot(x - ax - along * dx, y - ay - along * dy))
    return best


def clouds(
    size: int, seed: int, steep: float, lowest: float = 1.0, stretch: float = 1.0, highest: float = 1e9
) -> Field:
    """Noise of 0 to 1 that tiles, its spectrum falling as frequency ** -steep; `stretch` makes it wide."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).standard_normal((size, size)))
    fy, fx = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size, indexing="ij")
    frequency = np.hypot(fx * stretch, fy)
    weight = np.where(frequency >= lowest, np.maximum(frequency, 1) ** -steep, 0)
    weight *= np.exp(-((frequency / highest) ** 2))
    field = np.real(np.fft.ifft2(spectrum * weight))
    ranks = (field - field.mean()) / field.std()
    smooth: Field = 0.5 + 0.5 * np.tanh(ranks * 0.8)
    return smooth


def dithered(alpha: Field, seed: int = 9) -> Field:
    """Broken up by less than one step of 8 bits, against bands in dark gradients."""
    return alpha + np.random.default_rng(seed).uniform(-0.5, 0.5, alpha.shape) / 255


# Sea, fog and light


def sea() -> None:
    # Crests are where a ripple crosses its mean: thin lines that tile.
    ripple = np.abs(clouds(256, 1, 1.0, 4, 1.8, 14) - 0.5) * 2
    other = np.abs(clouds(256, 2, 1.0, 6, 1.6, 22) - 0.5) * 2
    crests = np.clip(1 - ripple * 3.0, 0, 1) ** 2 * 0.7 + np.clip(1 - other * 3.5, 0, 1) ** 2 * 0.4
    shade = 0.40 + 0.22 * (clouds(256, 3, 1.0, 2, 1.5, 8) - 0.5) + 0.22 * crests
    shade = np.round(shade * 100) / 100
    write("water.png", np.stack([shade, shade, shade, np.ones_like(shade)], axis=-1))
    glints = (
        np.clip(1 - np.abs(clouds(256, 4, 0.6, 6, 2.6, 26) - 0.5) * 5, 0, 1) ** 3 * clouds(256, 5, 1.5, 2, 1, 9) ** 2
    )
    write("glints.png", white(np.round(glints * 40) / 64))
    mist = np.clip(clouds(256, 6, 1.5, 1, 1.6, 40) * 1.3 - 0.3, 0, 1) ** 1.5
    write("mist.png", white(mist))


def lights() -> None:
    # What the lantern leaves of the fog. In the middle nothing, at the rim nearly all.
    x, y = grid(512, 512)
    distance = np.hypot(x, y) / 256  # 1.0 is 1024 pixels on the screen
    fog = np.clip((distance - 0.07) / 0.17, 0, 1)
    fog = fog * fog * (3 - 2 * fog) * 0.955 + 0.03 * np.clip(distance - 0.24, 0, 1)
    write("fog.png", white(np.clip(dithered(fog), 0, 1) * (fog > 0)))
    x, y = grid(128, 128)
    write("glow.png", white(np.clip(1 - np.hypot(x, y) / 64, 0, 1) ** 2.2))
    x, y = grid(512, 512)
    distance = np.hypot(x, y)
    ring = np.exp(-(((distance - 244) / 3.5) ** 2)) + 0.28 * np.exp(-(np.abs(distance - 244) / 26)) * (distance < 246)
    write("ring.png", white(np.clip(ring, 0, 1) * (distance < 255)))
    # A beam from the left edge outwards.
    y, x = np.mgrid[0:128, 0:512]
    off = np.abs(y - 63.5) / (6 + x * 0.11)
    beam = np.clip(1 - off, 0, 1) ** 1.5 * (1 - x / 512) ** 1.4
    write("beam.png", white(dithered(beam) * (beam > 0)))


# Things in the water, seen from above; they point to the right


def hull_field(x: Field, y: Field, length: float, width: float) -> Field:
    """A pointed hull."""
    along = np.clip((x + length) / (2 * length), 0, 1)
    half = width * np.minimum(1.0, (1 - along) * 2.2) ** 0.55 * np.clip(0.75 + along * 1.2, 0, 1)
    return np.maximum(np.abs(y) - half, np.abs(x) - length) * 0.8


def boat() -> None:
    c = Canvas(176, 88)
    hull = hull_field(c.x, c.y, 78, 30)
    c.paint(cover(hull, 1.5), (0.32, 0.11, 0.09), 1 - 0.25 * c.y / 30)
    c.paint(cover(hull + 5, 1.5), (0.93, 0.87, 0.74))
    planks = 0.88 + 0.12 * (np.abs((c.y % 7) - 3.5) > 0.6)
    c.paint(cover(hull + 10, 1.5), (0.62, 0.43, 0.26), planks * (1 - 0.1 * c.y / 30))
    c.paint(cover(box(c.x, c.y, -21, -3, 25, 17, 4), 6) * 0.4, (0, 0, 0))
    cabin = box(c.x, c.y, -20, 0, 24, 16, 4)
    c.paint(cover(cabin, 1.5), (0.16, 0.30, 0.36), 1 + 0.25 * c.y / 16)
    c.paint(cover(box(c.x, c.y, -22, 0, 19, 12, 3), 1.5), (0.24, 0.42, 0.47))
    c.paint(cover(box(c.x, c.y, 1, 0, 2.5, 12, 1), 1.5), (0.98, 0.86, 0.55))
    c.paint(cover(circle(c.x, c.y, -31, 0, 6), 1.5), (0.12, 0.13, 0.15))
    c.paint(cover(circle(c.x, c.y, -31, 0, 3.5), 1.5), (0.55, 0.24, 0.16))
    ring = np.abs(circle(c.x, c.y, -58, 0, 8)) - 2.6
    c.paint(cover(ring, 1.5), (0.95, 0.93, 0.9))
    quarter = np.abs(np.sin(2 * np.arctan2(c.y, c.x + 58))) < 0.5
    c.paint(cover(ring, 1.5) * quarter, (0.83, 0.25, 0.18))
    c.paint(cover(circle(c.x, c.y, 46, 0, 7), 1.5), (0.2, 0.16, 0.12))
    c.paint(cover(circle(c.x, c.y, 46, 0, 4.5), 1.5), (1.0, 0.9, 0.62))
    write("boat.png", c.pixels)


def buoy() -> None:
    c = Canvas(96, 96)
    c.paint(cover(circle(c.x, c.y, 4, -5, 38), 14) * 0.5, (0, 0.02, 0.05))
    body = circle(c.x, c.y, 0, 0, 36)
    lit = 0.85 + 0.3 * (c.y - c.x) / 50
    c.paint(cover(body, 1.5), (0.75, 0.17, 0.13), lit)
    c.paint(cover(np.abs(circle(c.x, c.y, 0, 0, 26)) - 4, 1.5), (0.94, 0.9, 0.82), lit)
    for angle in np.arange(4) * np.pi / 2 + np.pi / 4:
        end = (33 * np.cos(angle), 33 * np.sin(angle))
        c.paint(cover(line(c.x, c.y, [(0, 0), end]) - 2.4, 1.5), (0.16, 0.14, 0.15))
    c.paint(cover(circle(c.x, c.y, 0, 0, 13), 1.5), (0.78, 0.6, 0.22), 1 + 0.5 * (c.y - c.x) / 26)
    c.paint(cover(circle(c.x, c.y, -3, 4, 4), 3), (1, 0.93, 0.7))
    write("bell.png", c.pixels)


def dinghy() -> None:
    c = Canvas(112, 72)
    c.paint(cover(hull_field(c.x - 3, c.y + 5, 46, 24), 10) * 0.5, (0, 0.02, 0.05))
    hull = hull_field(c.x, c.y, 46, 23)
    c.paint(cover(hull, 1.5), (0.86, 0.82, 0.72), 1 - 0.2 * c.y / 23)
    c.paint(cover(hull + 5, 1.5), (0.30, 0.22, 0.15))
    for at in (-24, 0):
        c.paint(cover(box(c.x, c.y, at, 0, 4, 16, 1), 1.5) * cover(hull + 4, 1.5), (0.55, 0.38, 0.22))
    for px, py, coat in ((-24, 7, (0.95, 0.74, 0.12)), (-22, -7, (0.9, 0.45, 0.12)), (2, 0, (0.95, 0.74, 0.12))):
        c.paint(cover(circle(c.x, c.y, px, py, 8), 1.5), coat, 1 + 0.2 * (c.y - py) / 8)
        c.paint(cover(circle(c.x, c.y, px + 1, py, 4), 1.5), (0.86, 0.66, 0.5))
    write("dinghy.png", c.pixels)


def orb() -> None:
    c = Canvas(96, 96)
    body = circle(c.x, c.y, 0, 0, 30)
    rim = np.clip(1 + body / 14, 0, 1)
    c.paint(cover(body, 1.5) * (0.45 + 0.5 * rim), (0.5, 0.86, 0.95), 0.8 + 0.4 * rim)
    c.paint(np.clip(1 - np.hypot(c.x, c.y) / 22, 0, 1) ** 0.8, (0.95, 1.0, 1.0))
    for points in ([(-30, 0), (0, 9), (30, 0)], [(-26, -15), (0, -8), (26, -15)], [(0, 30), (-8, 0), (0, -30)]):
        c.paint(cover(line(c.x, c.y, points) - 1.3, 1.2) * cover(body) * 0.55, (0.13, 0.22, 0.36))
    c.paint(cover(circle(c.x, c.y, -10, 13, 5), 4), (1, 1, 1))
    write("orb.png", c.pixels)


def mine() -> None:
    c = Canvas(96, 96)
    c.paint(cover(circle(c.x, c.y, 4, -5, 32), 14) * 0.5, (0, 0.02, 0.05))
    for angle in np.arange(8) * np.pi / 4 + 0.2:
        tip = (42 * np.cos(angle), 42 * np.sin(angle))
        c.paint(cover(line(c.x, c.y, [(0, 0), tip]) - 3.4, 1.5), (0.30, 0.31, 0.34))
        c.paint(cover(circle(c.x, c.y, *tip, 4.6), 1.5), (0.62, 0.28, 0.22))
    shade = 0.7 + 0.8 * np.clip((c.y - c.x) / 60 + 0.35, 0, 1)
    rust = clouds(96, 7, 1.7, 2)
    c.paint(cover(circle(c.x, c.y, 0, 0, 30), 1.5), (0.24, 0.25, 0.28), shade)
    c.paint(cover(circle(c.x, c.y, 0, 0, 30), 1.5) * np.clip(rust * 2 - 1.1, 0, 0.7), (0.45, 0.22, 0.12), shade)
    c.paint(cover(circle(c.x, c.y, 0, 0, 9), 1.5), (0.1, 0.08, 0.09))
    c.paint(cover(circle(c.x, c.y, 0, 0, 6), 2), (0.95, 0.2, 0.14))
    write("mine.png", c.pixels)


def siren() -> None:
    c = Canvas(112, 112)
    angle, radius = np.arctan2(c.y, c.x), np.hypot(c.x, c.y)
    wave = 34 + 7 * np.sin(angle * 7 + radius * 0.12) + 4 * np.sin(angle * 3 - 1)
    c.paint(np.clip((wave + 12 - radius) / 30, 0, 1) ** 1.5 * 0.75, (0.62, 0.14, 0.50))
    c.paint(np.clip((wave - 6 - radius) / 18, 0, 1) * 0.9, (0.20, 0.06, 0.27))
    for side in (-1, 1):
        eye = np.hypot((c.x - side * 10) / 6, (c.y - 5) / 3.4) - 1
        c.paint(cover(eye * 4, 2), (1.0, 0.45, 0.62))
    mouth = np.hypot(c.x / 6, (c.y + 11) / 8) - 1
    c.paint(cover(mouth * 6, 2), (0.02, 0.0, 0.04))
    write("siren.png", c.pixels)


def gulls() -> None:
    c = Canvas(128, 96)
    for cx, cy, s in ((-34, 16, 1.0), (6, -18, 0.8), (36, 22, 0.7)):
        wings = [(cx - 22 * s, cy - 6 * s), (cx - 9 * s, cy + 6 * s), (cx, cy), (cx + 9 * s, cy + 6 * s)]
        c.paint(cover(line(c.x, c.y, [*wings, (cx + 22 * s, cy - 6 * s)]) - 2.6 * s, 1.5), (0.93, 0.95, 0.96))
        c.paint(cover(circle(c.x, c.y, cx, cy - 1, 4 * s), 1.5), (0.85, 0.88, 0.9))
    write("gulls.png", c.pixels)


def steamer() -> None:
    c = Canvas(256, 80)
    hull = hull_field(c.x, c.y, 122, 32)
    c.paint(cover(hull, 1.5), (0.11, 0.12, 0.14))
    c.paint(cover(hull + 5, 1.5), (0.48, 0.40, 0.33))
    c.paint(cover(box(c.x, c.y, -40, 0, 44, 20, 4), 1.5), (0.85, 0.84, 0.8))
    for at in (-60, -25):
        c.paint(cover(circle(c.x, c.y, at, 0, 11), 1.5), (0.62, 0.16, 0.12))
        c.paint(cover(circle(c.x, c.y, at, 0, 7), 1.5), (0.06, 0.06, 0.07))
    for at in (30, 62):
        c.paint(cover(box(c.x, c.y, at, 0, 11, 12, 2), 1.5), (0.3, 0.26, 0.22))
    write("steamer.png", c.pixels)


def whale() -> None:
    c = Canvas(256, 112)
    along = np.clip((c.x + 90) / 200, 0, 1)
    half = 34 * np.sin(np.pi * np.clip(along, 0, 1) ** 0.75) ** 0.8 + 2
    body = np.maximum(np.abs(c.y) - half, np.abs(c.x - 10) - 102)
    flukes = np.minimum(
        line(c.x, c.y, [(-84, 0), (-104, 14), (-122, 34)]), line(c.x, c.y, [(-84, 0), (-104, -14), (-122, -34)])
    )
    fins = np.minimum(line(c.x, c.y, [(38, 26), (14, 50)]), line(c.x, c.y, [(38, -26), (14, -50)]))
    shape = np.minimum(np.minimum(body, flukes - 8), fins - 6)
    c.paint(cover(shape, 8) * 0.75, (0.16, 0.2, 0.33), 1.1 - np.abs(c.y) / 70)
    c.paint(cover(line(c.x, c.y, [(-70, 0), (60, 0)]) - 5, 12) * 0.35, (0.5, 0.58, 0.75))
    write("whale.png", c.pixels)


def harbour() -> None:
    c = Canvas(288, 288)
    angle, radius = np.arctan2(c.y, c.x), np.hypot(c.x, c.y)
    coast = 112 + 10 * np.sin(angle * 5 + 1) + 7 * np.sin(angle * 9) + 4 * np.sin(angle * 17 + 2)
    c.paint(np.clip((coast + 26 - radius) / 22, 0, 1) * 0.4, (0.85, 0.95, 0.95))
    texture = clouds(288, 8, 1.4, 6, 1, 40)
    texture = np.round(texture * 12) / 12
    c.paint(cover(radius - coast, 2), (0.26, 0.27, 0.28), 0.65 + 0.8 * texture)
    c.paint(cover(radius - coast + 24, 16), (0.25, 0.33, 0.22), 0.6 + 0.8 * texture)
    c.paint(cover(box(c.x, c.y, 104, 0, 40, 10, 2), 1.5), (0.42, 0.31, 0.2), 0.85 + 0.15 * ((c.x % 8) > 1.2))
    c.paint(cover(circle(c.x, c.y, 8, -10, 52), 18) * 0.5, (0, 0, 0))
    c.paint(cover(circle(c.x, c.y, 0, 0, 48), 1.5), (0.92, 0.9, 0.86), 0.95 + 0.25 * (c.y - c.x) / 96)
    c.paint(cover(np.abs(circle(c.x, c.y, 0, 0, 37)) - 5.5, 1.5), (0.72, 0.18, 0.15))
    c.paint(cover(circle(c.x, c.y, 0, 0, 23), 1.5), (0.18, 0.2, 0.22))
    c.paint(cover(circle(c.x, c.y, 0, 0, 17), 3), (1.0, 0.9, 0.6))
    write("harbour.png", c.pixels)


def rock() -> None:
    c = Canvas(192, 192)
    angle, radius = np.arctan2(c.y, c.x), np.hypot(c.x, c.y)
    edge = 68 + 9 * np.sin(angle * 3 + 0.5) + 7 * np.sin(angle * 7 + 2) + 4 * np.sin(angle * 13)
    c.paint(np.clip((edge + 22 - radius) / 20, 0, 1) ** 1.5 * 0.45, (0.85, 0.95, 0.95))
    texture = clouds(192, 10, 1.3, 5, 1, 30)
    facets = np.round((np.sin(angle * 3 + radius * 0.03) + (c.y - c.x) / 90) * 2) / 2
    c.paint(cover(radius - edge, 2), (0.22, 0.24, 0.26), 0.55 + 0.6 * texture + 0.22 * facets)
    write("rock.png", c.pixels)


def wake() -> None:
    x, y = grid(64, 64)
    foam = np.clip(1 - np.hypot(x, y) / 31, 0, 1) ** 0.8 * (0.45 + 0.55 * clouds(64, 12, 1.2, 3))
    write("foam.png", white(foam))


def lantern() -> None:
    """It hangs from the middle of its upper edge."""
    c = Canvas(96, 160)
    c.paint(cover(np.abs(circle(c.x, c.y, 0, 52, 16)) - 2.2, 1.5), (0.45, 0.36, 0.22))
    c.paint(cover(line(c.x, c.y, [(0, 80), (0, 68)]) - 2, 1.5), (0.45, 0.36, 0.22))
    c.paint(cover(np.maximum(np.abs(c.x) - (62 - c.y) * 0.9, np.abs(c.y - 38) - 14), 1.5), (0.36, 0.27, 0.15))
    c.paint(
        cover(box(c.x, c.y, 0, -16, 27, 40, 10), 1.5) * 0.92, (1.0, 0.74, 0.32), 1.25 - np.hypot(c.x, c.y + 26) / 70
    )
    flame = np.hypot(c.x / 8, (c.y + 26) / np.where(c.y > -26, 24, 10)) - 1
    c.paint(cover(flame * 8, 5), (1.0, 0.97, 0.82))
    for at in (-27, -9, 9, 27):
        c.paint(cover(line(c.x, c.y, [(at, 24), (at, -52)]) - 1.6, 1.2), (0.30, 0.22, 0.13))
    c.paint(cover(box(c.x, c.y, 0, -60, 33, 8, 3), 1.5), (0.40, 0.30, 0.17))
    c.paint(cover(box(c.x, c.y, 0, 23, 31, 4, 2), 1.5), (0.44, 0.33, 0.19))
    write("lantern.png", c.pixels)


def lifebelt() -> None:
    c = Canvas(48, 48)
    ring = np.abs(circle(c.x, c.y, 0, 0, 15)) - 6
    c.paint(cover(ring, 1.5), (0.96, 0.94, 0.9), 0.9 + 0.2 * c.y / 20)
    quarter = np.abs(np.sin(2 * np.arctan2(c.y, c.x))) < 0.5
    c.paint(cover(ring, 1.5) * quarter, (0.86, 0.27, 0.2), 0.9 + 0.2 * c.y / 20)
    write("lifebelt.png", c.pixels)


# The title


def sky() -> None:
    y, x = np.mgrid[0:180, 0:320]
    down = y / 179
    top, bottom = np.array([0.03, 0.06, 0.12]), np.array([0.20, 0.36, 0.42])
    rgb = top + (bottom - top) * (down[..., None] ** 1.4)
    moon = np.hypot(x - 293, y - 38)
    rgb += np.array([0.85, 0.9, 0.8]) * (0.32 * np.exp(-moon / 26))[..., None]
    cloud = np.resize(clouds(512, 14, 1.5, 2, 3.0, 30)[:180, :320], (180, 320))
    rgb *= (0.82 + 0.36 * cloud)[..., None]
    disc = cover(moon - 12, 1.5) * (0.75 + 0.25 * cloud)
    rgb = rgb * (1 - disc[..., None]) + np.array([0.96, 0.95, 0.86]) * disc[..., None]
    rgb += np.random.default_rng(15).uniform(-1, 1, rgb.shape[:2])[..., None] / 255
    write("sky.png", np.concatenate([rgb, np.ones((180, 320, 1))], axis=-1))


def headland() -> None:
    """A lighthouse on a rock against the sky; its lamp is at (250, 292) from the lower left."""
    width, height = 560, 330
    y, x = np.mgrid[0:height, 0:width].astype(float)
    y = height - 1 - y
    c = Canvas(width, height)
    hill = (
        60 + 26 * np.exp(-(((x - 250) / 120) ** 2)) + 5 * np.sin(x / 17) + 3 * np.sin(x / 7.3) - np.abs(x - 260) * 0.27
    )
    c.paint(cover(y - hill, 2), (0.025, 0.05, 0.075))
    half = 21 - (y - 70) * 0.045
    tower = np.maximum(np.abs(x - 250) - half, np.maximum(60 - y, y - 272))
    light = 0.8 + 0.5 * np.clip((x - 250) / 20, -1, 1)
    c.paint(cover(tower, 1.5), (0.16, 0.21, 0.25), light)
    for at in (110, 165, 220):
        c.paint(cover(tower, 1.5) * cover(np.abs(y - at) - 13, 1.5), (0.20, 0.09, 0.10), light)
    c.paint(cover(box(x, y, 250, 274, 19, 3), 1.5), (0.03, 0.05, 0.07))
    c.paint(cover(box(x, y, 250, 291, 10, 14, 1), 1.5), (1.0, 0.88, 0.55))
    c.paint(cover(np.maximum(np.abs(x - 250) - (322 - y) * 0.9, np.maximum(305 - y, y - 322)), 1.5), (0.03, 0.05, 0.07))
    house = np.maximum(np.abs(x - 320) - 28, np.maximum(55 - y, y - 98 + np.maximum(np.abs(x - 320) - 4, 0) * 0.8))
    c.paint(cover(house, 1.5), (0.05, 0.075, 0.1))
    c.paint(cover(box(x, y, 312, 70, 4, 5), 1.5), (0.98, 0.8, 0.42))
    write("headland.png", c.pixels)


#: Letters as strokes in a box one wide and 1.4 high.
_LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "F": [[(0, 0), (0, 1.4), (0.8, 1.4)], [(0, 0.75), (0.62, 0.75)]],
    "G": [
        [
            (0.95, 1.1),
            (0.8, 1.4),
            (0.2, 1.5),
            (-0.02, 1.0),
            (-0.02, 0.4),
            (0.2, -0.1),
            (0.8, -0.05),
            (0.95, 0.3),
            (0.95, 0.65),
        ],
        [(0.95, 0.65), (0.55, 0.65)],
    ],
    "B": [
        [(0, 0), (0, 1.4)],
        [(0, 1.4), (0.45, 1.4), (0.82, 1.4), (0.82, 0.75), (0.45, 0.75), (0, 0.75)],
        [(0, 0.75), (0.45, 0.75), (0.95, 0.75), (0.95, 0), (0.45, 0), (0, 0)],
    ],
    "U": [[(0, 1.4), (0, 0.7), (0, 0.1), (0.2, -0.02), (0.7, -0.02), (0.9, 0.1), (0.9, 0.7), (0.9, 1.4)]],
    "N": [[(0, 0), (0, 1.4), (0.9, 0), (0.9, 1.4)]],
    "D": [[(0, 0), (0, 1.4)], [(0, 1.4), (0.4, 1.4), (0.95, 1.4), (0.95, 0.7), (0.95, 0), (0.4, 0), (0, 0)]],
}


def rounded(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Chaikin's corner cutting, for strokes that are curves: those of five points and more."""
    if len(points) < 5:
        return points
    for _ in range(3):
        cut = [points[0]]
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            cut += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
        points = [*cut, points[-1]]
    return points


def title() -> None:
    size, gap, margin = 92.0, 48.0, 56
    width = round(8 * size * 0.95 + 7 * gap) + 2 * margin
    height = round(size * 1.4) + 2 * margin
    y, x = np.mgrid[0:height, 0:width].astype(float)
    y = height - 1 - y
    best = np.full(x.shape, 1e9)
    left = float(margin)
    for letter in "FOGBOUND":
        if letter == "O":
            ring = np.hypot((x - left - 0.48 * size) / 0.48, (y - margin - 0.7 * size) / 0.7) - size
            best = np.minimum(best, np.abs(ring) * 0.56)
        for stroke in _LETTERS.get(letter, []):
            points = [(left + a * size, margin + b * size) for a, b in rounded(stroke)]
            best = np.minimum(best, line(x, y, points))
        left += size * 0.95 + gap
    c = Canvas(width, height)
    c.paint(np.clip(1 - (best - 4) / 50, 0, 1) ** 3 * 0.4, (0.55, 0.85, 0.9))
    shade = 0.8 + 0.2 * (y - margin) / (size * 1.4)
    c.paint(cover(best - 5.2, 1.6), (0.99, 0.95, 0.82), np.clip(shade, 0.7, 1))
    write("title.png", np.round(c.pixels * 85) / 85 * (c.pixels[..., 3:] > 0))


def main() -> None:
    """Draw them all."""
    ASSETS.mkdir(exist_ok=True)
    for draw in (sea, lights, boat, buoy, dinghy, orb, mine, siren, gulls, steamer, whale, harbour, rock, wake):
        draw()
    for draw in (lantern, lifebelt, sky, headland, title):
        draw()
    files = sorted(ASSETS.glob("*.png"))
    print(f"{len(files)} pictures, {sum(path.stat().st_size for path in files) // 1024} KiB, in {ASSETS}")


if __name__ == "__main__":
    main()
