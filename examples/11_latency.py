"""Latency: the time from OpenAL to the ear.

Usage: python examples/11_latency.py [file]

A game that draws in time with the sound (such as notes that fall to a beat) subtracts the latency.
"""

import sys
import time
from pathlib import Path

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

palace.init()
source = palace.Buffer(Path(sys.argv[1]) if len(sys.argv) > 1 else "horn.ogg").play()
most = 0.0
while source.playing:
    mixed, latency = source.offset_seconds, source.latency_seconds
    heard = max(0.0, mixed - latency)
    most = max(most, latency)
    print(f"\rmixed {mixed:5.2f} s, heard {heard:5.2f} s, latency {latency * 1000:5.1f} ms", end="", flush=True)
    pyglet.clock.tick()
    time.sleep(1 / 60)
print(f"\nat most {most * 1000:.1f} ms")
