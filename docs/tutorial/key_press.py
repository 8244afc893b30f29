import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["sounds"]

window = pyglet.window.Window(640, 240, caption="Press the space bar")
palace.init()
palace.cache(["bell.wav"])


@window.event
def on_key_press(symbol, modifiers):
    if symbol == pyglet.window.key.SPACE:
        palace.play("bell.wav")


pyglet.app.run()
