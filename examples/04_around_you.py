"""A gull flies around you. Put headphones on: HRTF makes it sound in front, behind and above, not just left and right.

python examples/04_around_you.py [file, mono]
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
    print("no HRTF here; left and right are to be heard, front and back are not")

sound = palace.Buffer(Path(sys.argv[1]) if len(sys.argv) > 1 else "gulls.ogg")
gull = palace.Source()
gull.spatialize = True  # mono sounds are placed anyway; this places stereo ones, too
sound.play(gull)

where = ""
while gull.playing:
    # You are at (0, 0, 0) and look along -z; x is to your right, y up. Once around, clockwise, while the sound lasts.
    angle = 2 * pi * gull.offset / sound.length
    gull.position = 3 * sin(angle), 1, -3 * cos(angle)

    before, where = where, ("in front", "to the right", "behind", "to the left")[round(angle / (pi / 2)) % 4]
    if where != before:
        print(where)
    pyglet.clock.tick()
    time.sleep(1 / 60)
