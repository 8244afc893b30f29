"""A mixer: groups for music, effects and speech belong to the game, and the menu has its own.

Usage: python examples/06_mixer_desk.py

Speech ducks the music. The game dives under water. Then it is paused while the menu still plays a sound. At the end
everything fades out.
"""

import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init()

# Each group has a gain, a pitch, a filter and fades, multiplied with those of its parent.
master, game, menu = palace.SourceGroup(), palace.SourceGroup(), palace.SourceGroup()
music, effects, speech = palace.SourceGroup(), palace.SourceGroup(), palace.SourceGroup()
for group in (music, effects, speech):
    group.parent_group = game
for group in (game, menu):
    group.parent_group = master
music.gain = palace.perceptual_gain(0.9)  # a volume slider at 90 %
effects.gain = palace.perceptual_gain(0.8)


def play(name, group, looping=False):
    source = palace.Source()
    source.group = group
    source.looping = looping
    return palace.Buffer(name).play(source)


def speak(dt):
    play("knock.ogg", speech)
    music.fade_to(0.25, 200)
    print("speech: the music fades down")


@context.event
def on_source_stopped(source):
    if source.group is speech and not any(other.playing for other in speech.sources):
        music.fade_to(1, 200)
        print("speech ended: the music comes back")


def dive(dt):
    game.filter = (1, 0.05, 1)
    print("under water: music and effects are muffled")


def pause(dt):
    game.pause_all()
    play("select.flac", menu)
    print(f"paused: music {theme.paused}, engine {engine.paused}; the menu plays {len(menu.sources)} sound")


def resume(dt):
    game.resume_all()
    print(f"resumed: music {theme.playing}, engine {engine.playing}")


def end(dt):
    master.fade_out_to_stop(0, 500)
    print("the end: everything fades out")


theme = play("title.ogg", music, looping=True)
engine = play("engine.wav", effects, looping=True)
for when, what in ((0.5, speak), (2.0, dive), (2.2, pause), (3.0, resume), (3.7, end)):
    pyglet.clock.schedule_once(what, when)
while theme.playing or theme.paused:
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("all stopped")
