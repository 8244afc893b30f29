import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["sounds"]

window = pyglet.window.Window(640, 240, caption="Music")
label = pyglet.text.Label("Space: danger. Enter: all is calm. M: silence.", x=40, y=120)
palace.init()
music = None


def change_music(name):
    """Stream a track in a loop. The old one fades out while it fades in."""
    global music
    old, music = music, palace.decode(name).play(looping=True)
    if old is not None and old.playing:
        palace.crossfade(old, music, 1500)


@window.event
def on_key_press(symbol, modifiers):
    if symbol == pyglet.window.key.SPACE:
        change_music("danger.wav")
    elif symbol == pyglet.window.key.ENTER:
        change_music("calm.wav")
    elif symbol == pyglet.window.key.M:
        music.fade_out_to_stop(0, 1000)


@window.event
def on_draw():
    window.clear()
    label.draw()


change_music("calm.wav")
pyglet.app.run()
