"""A loading screen: the window keeps drawing while sounds load in the background.

Usage: python examples/02_loading_screen.py

A chime plays when all sounds are loaded. The window closes at the end of the chime, or on Escape.
"""

import pyglet

import pyglet_palace as palace

NAMES = [
    "harbour_music.ogg", "storm_music.ogg", "drowned_music.ogg", "title.ogg", "harbour.ogg", "storm.ogg", "deep.ogg",
    "foghorn.ogg", "whale.ogg", "gulls.ogg", "siren.ogg", "thunder.ogg", "engine.wav", "ping.ogg", "found_crew.ogg",
]  # fmt: skip

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

window = pyglet.window.Window(640, 240, caption="Loading")
text = pyglet.text.Label("Loading", x=40, y=130, font_size=18)
frame = pyglet.shapes.Box(40, 80, 560, 20, color=(90, 110, 130))
bar = pyglet.shapes.Rectangle(40, 80, 0, 20, color=(240, 180, 80))

context = palace.init()


def start(batch):
    for name, error in batch.failed.items():
        print(f"{name} is missing: {error}")
    text.text = f"{batch.total - len(batch.failed)} sounds are ready"
    print(text.text)
    palace.Buffer("found_crew.ogg").play()


batch = palace.preload(NAMES, on_complete=start)  # returns at once


@window.event
def on_draw():
    window.clear()
    bar.width = 560 * batch.progress  # 0.0 to 1.0, weighted by file size
    bar.draw()
    frame.draw()
    text.draw()


@context.event
def on_source_stopped(source):
    pyglet.app.exit()


pyglet.app.run()
