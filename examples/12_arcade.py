"""Sound in an arcade window. arcade.run() ticks pyglet's clock, so no extra code is needed.

Usage: python examples/12_arcade.py

Left and Right steer, and the engine sounds from the boat. Space plays the horn. Escape ends. Needs arcade.
"""

import arcade
import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()


class Game(arcade.Window):
    def __init__(self):
        super().__init__(640, 240, "Sound under arcade")
        self.x = self.width / 2
        self.speed = 0
        self.text = arcade.Text("Left and Right, Space, Escape", 40, 40)

        self.sound = palace.init()  # arcade uses the name self.context
        self.sound.stage = palace.SoundStage(self.width)  # positions are pixels
        self.sound.listener.position = self.width / 2, 140
        palace.cache(["engine.wav", "horn.ogg"])
        self.engine = palace.Source()
        self.engine.looping = True
        palace.Buffer("engine.wav").play(self.engine)

    def on_draw(self):
        self.clear()
        arcade.draw_circle_filled(self.x, 140, 12, arcade.color.AMBER)
        self.text.draw()

    def on_update(self, delta_time):
        self.x = min(max(self.x + self.speed * delta_time, 0), self.width)
        self.engine.position = self.x, 140
        self.engine.pitch = 1.3 if self.speed else 1.0

    def on_key_press(self, symbol, modifiers):
        if symbol == arcade.key.ESCAPE:
            print(f"the boat is at {self.x:.0f}")
            self.close()
        elif symbol == arcade.key.SPACE:
            print("horn")
            palace.Buffer("horn.ogg").play()
        else:
            self.speed = {arcade.key.LEFT: -300, arcade.key.RIGHT: 300}.get(symbol, self.speed)

    def on_key_release(self, symbol, modifiers):
        if symbol in (arcade.key.LEFT, arcade.key.RIGHT):
            self.speed = 0


Game()
arcade.run()
