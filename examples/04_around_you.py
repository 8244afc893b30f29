"""A gull flies around you. With headphones, HRTF also renders front, back and height, not only left and right.

Usage: python examples/04_around_you.py [file, mono]
"""

import sys
import time
from math import cos, pi, sin
from pathlib import Path

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init(attrs={palace.HRTF: palace.TRUE})
if context.device.hrtf_enabled:
    print(f"HRTF {context.device.current_hrtf!r}")
else:
    print("no HRTF on this device: left and right sound different, front and back do not")

sound = palace.Buffer(Path(sys.argv[1]) if len(sys.argv) > 1 else "gulls.ogg")
gull = palace.Source()
gull.spatialize = True  # mono sounds are positioned by default; this also positions stereo sounds
sound.play(gull)

where = ""
while gull.playing:
    # The listener is at (0, 0, 0) and looks along -z; x points right, y up. One clockwise circle per play.
    angle = 2 * pi * gull.offset / sound.length
    gull.position = 3 * sin(angle), 1, -3 * cos(angle)

    before, where = where, ("in front", "to the right", "behind", "to the left")[round(angle / (pi / 2)) % 4]
    if where != before:
        print(where)
    pyglet.clock.tick()
    time.sleep(1 / 60)
