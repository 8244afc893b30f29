"""A menu of outputs: a digit moves the sound to another one while it plays; 0 lets it follow the system's default.

Usage: python examples/16_output_menu.py
"""

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

window = pyglet.window.Window(640, 240, caption="Outputs")
menu = pyglet.text.Label("", x=20, y=220, width=600, multiline=True)

context = palace.init()
palace.play("engine.wav", looping=True, gain=0.5)


def show():
    """List the outputs, and mark the one in use."""
    global names
    names = palace.device_names.full[:9]
    lines = [f"{key}  {name}" for key, name in enumerate(["follow the system's default", *names])]
    menu.text = "\n".join([*lines, "", f"in use: {context.device.name}"])


@context.event
def on_device_changed(device):
    print(f"now on {device.name}")
    show()


@window.event
def on_key_press(symbol, modifiers):
    number = symbol - pyglet.window.key._0
    if 0 <= number <= len(names):
        name = names[number - 1] if number else ""
        try:
            context.device.move(name)
            print(f"moved to {name or 'the default'}")
        except palace.DeviceError as error:
            print(error)
        show()
    elif symbol == pyglet.window.key.ESCAPE:
        window.close()


@window.event
def on_draw():
    window.clear()
    menu.draw()


show()
pyglet.app.run()
