"""Music that loops: its intro is heard once, what follows goes round and round.

    python examples/03_music_with_an_intro.py [file]

Where the loop starts and ends stands in the file: a `smpl` chunk of a WAV, the comments LOOPSTART and LOOPEND (or
LOOPLENGTH) of Ogg Vorbis, Opus and FLAC. A file without loops as a whole.
"""

import sys
import time
from pathlib import Path

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

palace.init()

# Long music is best streamed: a thread reads it while it plays. Buffer(name).play(music) loops in the same way.
decoder = palace.decode(Path(sys.argv[1]) if len(sys.argv) > 1 else "harbour_music.ogg")
rate = decoder.frequency
start, end = decoder.loop_points
if start >= end:
    start, end = 0, decoder.length
print(f"the intro lasts {start / rate:.2f} s, the loop goes from there to {end / rate:.2f} s")

music = palace.Source()
music.looping = True
music.offset = max(0, start - rate)  # not to wait long: the last second of the intro
music.play(decoder)


def near_the_end(dt):
    music.offset = end - rate
    print(f"\r{music.offset_seconds:6.2f} s: a second before the end of the loop")


def enough(dt):
    print(f"\r{music.offset_seconds:6.2f} s: round again; fading out")
    music.fade_out_to_stop(0.01, 1500)


pyglet.clock.schedule_once(near_the_end, 2)
pyglet.clock.schedule_once(enough, 4)

while music.playing:
    print(f"\r{music.offset_seconds:6.2f} s", end="", flush=True)
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("\rdone    ")
