import math

import pyglet
from pyglet.window import key

import pyglet_palace as palace

pyglet.resource.path = ["sounds"]

window = pyglet.window.Window(960, 540, caption="Arrow keys: walk")
keys = key.KeyStateHandler()
window.push_handlers(keys)
drawing = pyglet.graphics.Batch()

context = palace.init()
context.stage = palace.SoundStage(window.width, reach=120)
palace.cache(["step.wav", "river.wav", "fire.wav", "bird.wav"])


def square(color, size):
    image = pyglet.image.SolidColorImagePattern(color).create_image(size, size)
    image.anchor_x = image.anchor_y = size // 2
    return image


class SoundSprite(pyglet.sprite.Sprite):
    """A sprite with a sound that comes from its place."""

    def __init__(self, name, color, x, y):
        super().__init__(square(color, 28), x, y, batch=drawing)
        self.sound = palace.play(name, looping=True, position=(x, y))

    def move_to(self, x, y):
        self.position = x, y, 0
        self.sound.position = x, y

    def delete(self):
        self.sound.fade_out_to_stop(0, 300)
        super().delete()


player = pyglet.sprite.Sprite(square((255, 220, 120, 255), 20), 480, 270, batch=drawing)
river = SoundSprite("river.wav", (80, 140, 255, 255), 160, 270)
fire = SoundSprite("fire.wav", (255, 110, 60, 255), 760, 180)
bird = SoundSprite("bird.wav", (140, 230, 140, 255), 480, 430)
time = until_step = 0.0


def update(dt):
    global time, until_step
    time += dt
    until_step -= dt
    bird.move_to(480 + 400 * math.sin(time), 430)

    right = keys[key.RIGHT] - keys[key.LEFT]
    up = keys[key.UP] - keys[key.DOWN]
    player.position = player.x + right * 180 * dt, player.y + up * 180 * dt, 0
    context.listener.position = player.x, player.y
    if (right or up) and until_step <= 0:
        palace.play("step.wav", gain=0.5, position=(player.x, player.y), late=0.1)
        until_step = 0.3


@window.event
def on_draw():
    window.clear()
    drawing.draw()


pyglet.clock.schedule_interval(update, 1 / 60)
pyglet.app.run()
