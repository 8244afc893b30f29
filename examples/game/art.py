"""The pictures in ``assets/`` as pyglet sprites, and what more the screens are drawn with."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyglet
from pyglet.gl import (
    GL_CLAMP_TO_EDGE,
    GL_ONE,
    GL_ONE_MINUS_SRC_ALPHA,
    GL_REPEAT,
    GL_SRC_ALPHA,
    GL_TEXTURE_WRAP_S,
    GL_TEXTURE_WRAP_T,
    GL_TRIANGLES,
    glBindTexture,
    glTexParameteri,
)
from pyglet.graphics import Batch, Group

if TYPE_CHECKING:
    from pyglet.image import Texture

    from .levels import Colour

ASSETS = Path(__file__).resolve().parent / "assets"

WIDTH, HEIGHT = 1280, 720

Align = Literal["left", "center", "right"]

#: Tried in this order; the last is pyglet's default.
SERIF = ("Georgia", "DejaVu Serif", "Times New Roman")
SANS = ("Segoe UI", "Helvetica Neue", "DejaVu Sans", "Arial")

PAPER: Colour = (236, 232, 216)
PALE: Colour = (206, 220, 224)  # on PANEL, more than 10:1
RED: Colour = (255, 96, 80)
PANEL: Colour = (4, 10, 16)  #: The backing of text over a picture.


def use_assets() -> None:
    """Have ``pyglet.resource``, and with it pyglet_palace, look names up among the assets."""
    pyglet.resource.path = [str(ASSETS)]
    pyglet.resource.reindex()


@functools.cache
def picture(name: str) -> Texture:
    """The picture of that name, anchored where it is held. Loaded once."""
    texture = pyglet.resource.image(f"{name}.png", atlas=False)
    _repeat(texture, GL_CLAMP_TO_EDGE)  # else a pixel of the upper edge shows below the lower one
    texture.anchor_x = 0 if name == "beam" else texture.width // 2  # a beam turns about its lamp
    texture.anchor_y = texture.height if name == "lantern" else texture.height // 2  # a lantern hangs
    return texture


def _repeat(texture: Texture, how: int) -> None:
    """What lies beyond a texture's edges."""
    glBindTexture(texture.target, texture.id)
    glTexParameteri(texture.target, GL_TEXTURE_WRAP_S, how)
    glTexParameteri(texture.target, GL_TEXTURE_WRAP_T, how)


def sprite(
    name: str, batch: Batch, layer: int, colour: Colour = (255, 255, 255), *, light: bool = False, scale: float = 1.0
) -> pyglet.sprite.Sprite:
    """A sprite in a layer, higher layers over lower ones; `light` adds to what is under it instead of covering it."""
    made = pyglet.sprite.Sprite(
        picture(name),
        blend_dest=GL_ONE if light else GL_ONE_MINUS_SRC_ALPHA,
        batch=batch,
        group=Group(layer),
        subpixel=True,
    )
    made.color = colour
    made.scale = scale
    return made


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    batch: Batch,
    layer: int,
    colour: Colour = PAPER,
    *,
    serif: bool = False,
    align: Align = "center",
    width: int | None = None,
) -> pyglet.text.Label:
    """A label anchored at (x, y); with a `width` it may have several lines."""
    families = SERIF if serif else SANS
    family = next((name for name in families if pyglet.font.have_font(name)), None)
    return pyglet.text.Label(
        words,
        font_name=family,
        font_size=size,
        x=x,
        y=y,
        anchor_x=align,
        anchor_y="center",
        align=align,
        color=(*colour, 255),
        multiline=width is not None,
        width=width,
        batch=batch,
        group=Group(layer),
    )


def panel(
    x: float, y: float, width: float, height: float, batch: Batch, layer: int, opacity: int = 190
) -> pyglet.shapes.RoundedRectangle:
    """A dark backing for text, whose lower left corner is at (x, y)."""
    made = pyglet.shapes.RoundedRectangle(x, y, width, height, 8, color=PANEL, batch=batch, group=Group(layer))
    made.opacity = opacity
    return made


def faded(label: pyglet.text.Label, alpha: float) -> None:
    """Set a label's opacity, 0.0 to 1.0, if it changes: a new colour repeats the layout."""
    opacity = max(0, min(255, round(alpha * 32) * 8))
    if label.opacity != opacity:
        label.opacity = opacity


class Tiles:
    """A picture repeated over a rectangle of the screen, which may be moved under it."""

    def __init__(
        self,
        name: str,
        batch: Batch,
        layer: int,
        colour: Colour,
        *,
        opacity: int = 255,
        light: bool = False,
        size: float = 512.0,
        area: tuple[float, float, float, float] = (0, 0, WIDTH, HEIGHT),
        squeeze: float = 1.0,
    ) -> None:
        """
        Args:
            size: Pixels of the screen that one copy covers.
            area: Left, bottom, right and top.
            squeeze: How much flatter a copy is, for water seen from the side.
        """
        texture = picture(name)
        _repeat(texture, GL_REPEAT)
        program = pyglet.sprite.get_default_shader()
        group = pyglet.sprite.SpriteGroup(
            texture, GL_SRC_ALPHA, GL_ONE if light else GL_ONE_MINUS_SRC_ALPHA, program, Group(layer)
        )
        left, bottom, right, top = area
        self._size, self._flat = size, size / squeeze
        self._area = area
        self._colour = colour
        self._vertices = program.vertex_list_indexed(
            4,
            GL_TRIANGLES,
            [0, 1, 2, 0, 2, 3],
            batch,
            group,
            position=("f", (left, bottom, 0, right, bottom, 0, right, top, 0, left, top, 0)),
            colors=("Bn", (*colour, opacity) * 4),
            translate=("f", (0.0, 0.0, 0.0) * 4),
            scale=("f", (1.0, 1.0) * 4),
            rotation=("f", (0.0,) * 4),
            tex_coords=("f", (0.0, 0.0, 0.0) * 4),
        )
        self.move(0, 0)

    def move(self, x: float, y: float) -> None:
        """Have the pixel of the plane at (x, y) in the lower left corner of the screen."""
        left, bottom, right, top = self._area
        a, b = ((x + left) / self._size) % 1.0, ((y + bottom) / self._flat) % 1.0
        c, d = a + (right - left) / self._size, b + (top - bottom) / self._flat
        self._vertices.tex_coords[:] = (a, b, 0, c, b, 0, c, d, 0, a, d, 0)

    def tint(self, opacity: int) -> None:
        """Set how much of it is seen, 0 to 255."""
        self._vertices.colors[:] = (*self._colour, opacity) * 4
