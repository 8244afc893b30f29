"""Reverb: the same knock in four rooms.

Usage: python examples/05_rooms.py [preset ...]

Any of the 113 presets works; `palace.reverb_preset_names` lists them.
"""

import sys
import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

palace.init()
print(f"{len(palace.reverb_preset_names)} presets")

knock = palace.Source()
sound = palace.Buffer("bump.flac")


def wait(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pyglet.clock.tick()
        time.sleep(1 / 60)


for preset in sys.argv[1:] or ["LIVINGROOM", "BATHROOM", "CAVE", "CASTLE_HALL"]:
    # The source plays directly and also sends its sound to an effect, which adds the reverb of the room.
    # All sources in a room can share one effect. A source leaves it with `source.sends[0].effect = None`.
    with palace.ReverbEffect(preset) as room:
        knock.sends[0].effect = room
        sound.play(knock)
        tail = min(room.decay_time, 1.5)
        print(f"{preset:12} echoes for {room.decay_time:.2f} s")
        wait(sound.length_seconds + tail / 2)  # destroying an effect silences it at once

print("done")
