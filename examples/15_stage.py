"""A 2-D game hears with a sound stage: positions are pixels, and the player hears what is around the lamp.

Usage: python examples/15_stage.py

A boat crosses the picture, from far left to far right, and passes the lamp in the middle. The mouse moves the lamp.
"""

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

window = pyglet.window.Window(640, 240, caption="Sound stage")
lamp = pyglet.shapes.Star(320, 100, 14, 6, 5, color=(255, 220, 120))
boat = pyglet.shapes.Circle(-320, 140, 12, color=(120, 180, 255))

context = palace.init()
# Left and right are heard across 640 pixels. The boat is equally loud up to 200 pixels away, and quieter beyond.
context.stage = palace.SoundStage(window.width, reach=200)
context.listener.position = lamp.position

engine = palace.Source()
engine.looping = True
engine.position = boat.position
palace.Buffer("engine.wav").play(engine)


@window.event
def on_mouse_motion(x, y, dx, dy):
    lamp.position = context.listener.position = x, y


@window.event
def on_draw():
    window.clear()
    lamp.draw()
    boat.draw()


def sail(dt):
    before = boat.x
    boat.x += 320 * min(dt, 0.1)
    engine.position = boat.position
    if before < lamp.x <= boat.x:
        print("the boat passes the lamp")
    if boat.x > window.width + 320:
        print("the boat is gone")
        window.close()


print("the boat comes from the left")
pyglet.clock.schedule_interval(sail, 1 / 60)
pyglet.app.run()
