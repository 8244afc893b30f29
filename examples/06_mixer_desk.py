"""A mixer: groups for music, effects and speech belong to the game, and the menu has its own.

Usage: python examples/06_mixer_desk.py

Speech ducks the music. Then the game is paused while the menu still plays a sound.
"""

import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init()

# Each group has a gain and a pitch, multiplied with those of its parent.
master, game, menu = palace.SourceGroup(), palace.SourceGroup(), palace.SourceGroup()
music, effects, speech = palace.SourceGroup(), palace.SourceGroup(), palace.SourceGroup()
for group in (music, effects, speech):
    group.parent_group = game
for group in (game, menu):
    group.parent_group = master
music.gain = 0.8
effects.gain = 0.5


def play(name, group, looping=False):
    source = palace.Source()
    source.group = group
    source.looping = looping
    return palace.Buffer(name).play(source)


def speak(dt):
    play("knock.ogg", speech)
    music.gain = 0.2
    print(f"speech: the music is ducked to {music.gain}")


@context.event
def on_source_stopped(source):
    if source.group is speech and not any(other.playing for other in speech.sources):
        music.gain = 0.8
        print(f"speech ended: the music is back at {music.gain}")


def pause(dt):
    game.pause_all()
    play("select.flac", menu)
    print(f"paused: music {theme.paused}, engine {engine.paused}; the menu plays {len(menu.sources)} sound")


def resume(dt):
    game.resume_all()
    print(f"resumed: music {theme.playing}, engine {engine.playing}")


theme = play("title.ogg", music, looping=True)
engine = play("engine.wav", effects, looping=True)
for when, what in ((0.5, speak), (2.2, pause), (3.0, resume), (4.0, lambda dt: master.stop_all())):
    pyglet.clock.schedule_once(what, when)
while theme.playing or theme.paused:
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("all stopped")
