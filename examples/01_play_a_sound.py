"""Play a sound and wait for its end.

Usage: python examples/01_play_a_sound.py [file]
"""

import sys
import time
from pathlib import Path

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]  # relative to the folder of this program
pyglet.resource.reindex()

palace.init()  # opens the default device and creates a context on it

# A str is the name of a resource, a Path is a file.
name = Path(sys.argv[1]) if len(sys.argv) > 1 else "bell.ogg"
sound = palace.Buffer(name)
print(f"{sound.name}: {sound.length_seconds:.2f} s, {sound.channel_config}, {sound.frequency} Hz")

source = sound.play()

# A program without an event loop ticks the clock itself. With a window, pyglet.app.run() does it.
while source.playing:
    print(f"\r{source.offset_seconds:5.2f} s", end="", flush=True)
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("\rdone   ")
