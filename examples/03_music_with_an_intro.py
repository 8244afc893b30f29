"""Music with an intro: the intro plays once, and the rest loops.

Usage: python examples/03_music_with_an_intro.py [file]

The loop points are in the file: in the `smpl` chunk of a WAV file, or in the comments LOOPSTART and LOOPEND (or
LOOPLENGTH) of Ogg Vorbis, Opus and FLAC. A file without loop points loops from its start to its end.
"""

import sys
import time
from pathlib import Path

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

palace.init()

# Stream long music: a thread decodes it while it plays. Buffer(name).play(music) loops in the same way.
decoder = palace.decode(Path(sys.argv[1]) if len(sys.argv) > 1 else "harbour_music.ogg")
rate = decoder.frequency
start, end = decoder.loop_points
if start >= end:
    start, end = 0, decoder.length
print(f"the intro lasts {start / rate:.2f} s, the loop ends at {end / rate:.2f} s")

music = palace.Source()
music.looping = True
music.offset = max(0, start - rate)  # skip most of the intro: only its last second plays
music.play(decoder)


def seek_to_loop_end(dt):
    music.offset = end - rate
    print(f"\r{music.offset_seconds:6.2f} s: a second before the end of the loop")


def fade_out(dt):
    print(f"\r{music.offset_seconds:6.2f} s: back in the loop; fading out")
    music.fade_out_to_stop(0.01, 1500)


pyglet.clock.schedule_once(seek_to_loop_end, 2)
pyglet.clock.schedule_once(fade_out, 4)

while music.playing:
    print(f"\r{music.offset_seconds:6.2f} s", end="", flush=True)
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("\rdone    ")
