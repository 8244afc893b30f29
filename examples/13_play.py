"""One line to play: sounds by name, with options, in step, and with an answer when they end.

Usage: python examples/13_play.py
"""

import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init()


def wait_for(condition):
    """Tick the clock, as a window does, until the condition is false."""
    while condition():
        pyglet.clock.tick()
        time.sleep(1 / 60)


# Nothing is loaded yet: the bell starts when it arrives, or not at all after two seconds.
ended = []
bell = palace.play("bell.ogg", late=2, gain=0.7, position=(-2, 0, -1), on_stopped=ended.append)
print(f"waiting: {bell.waiting}, state: {context.state('bell.ogg')}")
wait_for(lambda: bell.waiting)
print(f"playing: {bell.playing}, state: {context.state('bell.ogg')}")
wait_for(lambda: not ended)
print("the bell has ended")

# Three knocks, the second half of each faded in.
knock = palace.Buffer("knock.ogg")
source = knock.play(loops=3, fade_in=50)
wait_for(lambda: source.playing)
print(f"{source.loops} knocks")

# A chord of one sound: its notes start at the same sample.
with context.together():
    for pitch in 1, 5 / 4, 3 / 2:
        palace.play("bell.ogg", pitch=pitch, gain=0.4, offset_seconds=0.01)
print(f"{len(context.sources)} notes together")
wait_for(lambda: context.sources)
