import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["sounds"]

LEVELS = [
    ("The river", "river.wav", ["river.wav", "bell.wav", "step.wav"]),
    ("The fire", "fire.wav", ["fire.wav", "bell.wav", "voice.wav"]),
]

window = pyglet.window.Window(640, 240, caption="Levels")
label = pyglet.text.Label("", x=40, y=150)
bar = pyglet.shapes.Rectangle(40, 110, 0, 20, color=(240, 180, 80))
palace.init()
level, batch, ambience = 0, None, None


def load(number):
    """Load a level. Its sounds are requested before those of the old level are released."""
    global level, batch
    level, old = number, batch
    batch = palace.preload(LEVELS[level][2], on_complete=begin)
    if old is not None:
        old.release()


def begin(batch):
    """Begin the level: all of its sounds are loaded now, or have failed."""
    global ambience
    for name, error in batch.failed.items():
        print(f"the level goes without {name}: {error}")
    ambience = palace.play(LEVELS[level][1], looping=True, fade_in=500)


@window.event
def on_key_press(symbol, modifiers):
    if not batch.finished:
        return
    if symbol == pyglet.window.key.SPACE:
        palace.play("bell.wav")
    elif symbol == pyglet.window.key.ENTER:
        load((level + 1) % len(LEVELS))


@window.event
def on_draw():
    window.clear()
    if batch.finished:
        label.text = f"{LEVELS[level][0]}. Space: a bell. Enter: the next level."
    else:
        label.text = "Loading ..."
        bar.width = batch.progress * 560
        bar.draw()
    label.draw()


@window.event
def on_close():
    batch.cancel()


load(0)
pyglet.app.run()
