"""Makes what the README and the site show of the package: ``python docs/make_showcase.py``. Needs a display, or Xvfb.

- ``docs/fogbound.webp``, 20 seconds of the example game, and ``docs/fogbound.ogg``, what is heard in them
- ``docs/frames.png``, the frames of a loading screen for 200 sounds, with pyglet.media and with pyglet_palace
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyglet
import soundfile
from PIL import Image, ImageDraw, ImageFont

import pyglet_palace as palace

HERE = Path(__file__).resolve().parent
RATE, STEPS = 44100, 60
SECONDS = 20
#: Steps of the game between two pictures, and the size of a picture.
EVERY, SIZE = 10, (480, 270)

SOUNDS = 200
#: Seconds that a loading screen is measured, and the longest frame that a strip shows.
MEASURED, TALLEST = 4.0, 0.1


def record_game() -> None:
    """Play by autopilot and write pictures and sound."""
    from examples.game.art import use_assets

    use_assets()
    from examples.game.headless import Player
    from examples.game.mixer import VOICES
    from examples.game.window import Game

    device = palace.LoopbackDevice(RATE, "Stereo", "Signed 16-bit")
    context = palace.Context(device, auto_update=False, voices=VOICES)
    palace.use_context(context)
    game = Game(context, pictures=HERE, visible=False)
    game.mixer.settings.lesson_done = True
    player = Player(game)
    pictures, heard = [], []
    started = False
    while len(heard) < SECONDS * STEPS:
        player.step()
        game.dispatch_events()
        game.advance(1 / STEPS)
        context.update()
        samples = device.render(RATE // STEPS)
        if game.screen_shown.name == "loading":
            time.sleep(1 / STEPS)  # the sounds load in real time
        started = started or (game.screen_shown.name == "title" and game.time > 0.5)
        if not started:
            continue
        heard.append(samples)
        if len(heard) % EVERY == 1:
            game.switch_to()
            game.on_draw()
            data = pyglet.image.get_buffer_manager().get_color_buffer().get_image_data()
            raw = Image.frombytes("RGB", (data.width, data.height), data.get_data("RGB", data.width * 3))
            picture = raw.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(SIZE, Image.Resampling.LANCZOS)
            pictures.append(picture)
    pictures[0].save(
        HERE / "fogbound.webp",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 * EVERY / STEPS),
        loop=0,
        quality=65,
        method=4,
    )
    sound = np.concatenate(heard)
    with soundfile.SoundFile(
        HERE / "fogbound.ogg", "w", RATE, 2, format="OGG", subtype="VORBIS", compression_level=0.8
    ) as file:
        for start in range(0, len(sound), 4096):  # one large write overflows libvorbis's stack
            file.write(sound[start : start + 4096])
    game.close()
    context.destroy()


def measure_frames(library: str, folder: Path) -> list[float]:
    """Return the lengths of the frames of a loading screen, in seconds. The work of a frame is 4 ms."""
    pyglet.resource.path = [str(folder)]
    pyglet.resource.reindex()
    names = sorted(path.name for path in folder.glob("*.ogg"))
    if library == "pyglet.media":
        from pyglet import media

        from pyglet_palace import codecs

        media.codecs.add_decoders(codecs)  # for Ogg without FFmpeg
    else:
        context = palace.Context(palace.LoopbackDevice(RATE), auto_update=False)
        palace.use_context(context)
    lengths: list[float] = []
    begin = last = time.perf_counter()
    due = begin
    loaded = []
    while last - begin < MEASURED:
        until = time.perf_counter() + 0.004
        while time.perf_counter() < until:
            pass
        if len(lengths) == 20:  # the player has chosen a level
            if library == "pyglet.media":
                loaded = [media.load(str(folder / name), streaming=False) for name in names]
            else:
                loaded = [palace.preload(names)]
        if library != "pyglet.media":
            context.update()
        due = max(due + 1 / 60, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
        now = time.perf_counter()
        lengths.append(now - last)
        last = now
    assert loaded
    return lengths


def draw_strips(frames: dict[str, list[float]]) -> None:
    """Draw a bar for each frame, as long as the frame: one strip for each library."""
    width, height, left, line = 960, 330, 24, 110
    picture = Image.new("RGB", (width, height), (14, 22, 28))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(18)
    small = ImageFont.load_default(14)
    for number, (library, lengths) in enumerate(frames.items()):
        base = 145 + number * 145
        longest = max(lengths)
        words = f"{library}: the longest frame takes {longest * 1000:.0f} ms"
        draw.text((left, base - line - 26), words, (236, 232, 216), font)
        at = 0.0
        for length in lengths:
            x = left + at / MEASURED * (width - 2 * left)
            wide = length / MEASURED * (width - 2 * left)
            tall = min(length, TALLEST) / TALLEST * (line - 10)
            late = length > 1.5 / 60
            box = (x, base - tall, min(x + max(wide - 1, 1), width - left), base)
            draw.rectangle(box, (255, 96, 80) if late else (110, 200, 150))
            at += length
    words = f"{SOUNDS} sounds load during {MEASURED:.0f} seconds at 60 Hz; a bar is a frame; red: over 25 ms"
    draw.text((left, height - 10), words, (206, 220, 224), small, anchor="ls")
    picture.save(HERE / "frames.png", optimize=True)


def make_strips() -> None:
    """Measure each library in a process of its own."""
    frames: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        chance = np.random.default_rng(1)
        for number in range(SOUNDS):
            t = np.arange(round(RATE * chance.uniform(0.5, 2.5))) / RATE
            tone = 0.4 * np.sin(2 * np.pi * chance.uniform(100, 3000) * t) + 0.05 * chance.standard_normal(len(t))
            with soundfile.SoundFile(
                Path(folder, f"{number:03}.ogg"), "w", RATE, 1, format="OGG", subtype="VORBIS"
            ) as file:
                for start in range(0, len(tone), 4096):
                    file.write(tone[start : start + 4096])
        for library in ("pyglet.media", "pyglet_palace"):
            command = [sys.executable, __file__, library, folder]
            environment = {**os.environ, "PYGLET_AUDIO": "silent"}
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            frames[library] = json.loads(done.stdout.splitlines()[-1])
            print(f"{library}: longest frame {max(frames[library]) * 1000:.0f} ms, {len(frames[library])} frames")
    draw_strips(frames)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    if len(sys.argv) == 3:
        print(json.dumps(measure_frames(sys.argv[1], Path(sys.argv[2]))))
    else:
        make_strips()
        record_game()
        for name in ("fogbound.webp", "fogbound.ogg", "frames.png"):
            print(f"{name}: {(HERE / name).stat().st_size // 1024} KiB")
