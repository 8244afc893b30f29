import json
from pathlib import Path

import pyglet
from pyglet.window import key

import pyglet_palace as palace

pyglet.resource.path = ["sounds"]
FILE = Path(pyglet.resource.get_settings_path("palace-tutorial"), "volumes.json")

window = pyglet.window.Window(640, 300, caption="Settings")
palace.init()

master = palace.SourceGroup()
groups = {"master": master}
for name in ("music", "effects", "voices"):
    groups[name] = palace.SourceGroup()
    groups[name].parent_group = master

volumes = dict.fromkeys(groups, 8)  # 0 to 10
if FILE.exists():
    volumes.update(json.loads(FILE.read_text()))
EXAMPLES = {"effects": "bell.wav", "voices": "voice.wav"}
palace.cache(["click.wav", *EXAMPLES.values()])

labels = [pyglet.text.Label("", x=40, y=240 - 40 * row, font_name="monospace") for row in range(len(groups))]
selected = 0


def apply():
    """Set the gains. The steps of the volumes sound even."""
    for name, group in groups.items():
        group.gain = palace.perceptual_gain(volumes[name] / 10)


def change(name, step):
    volumes[name] = min(max(volumes[name] + step, 0), 10)
    apply()
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(volumes))
    if name in EXAMPLES:
        palace.play(EXAMPLES[name], group=groups[name])


@window.event
def on_key_press(symbol, modifiers):
    global selected
    if symbol in (key.UP, key.DOWN):
        selected = (selected + (1 if symbol == key.DOWN else -1)) % len(groups)
        palace.play("click.wav", group=groups["effects"])
    elif symbol in (key.LEFT, key.RIGHT):
        change(list(groups)[selected], 1 if symbol == key.RIGHT else -1)


@window.event
def on_draw():
    window.clear()
    for row, (name, label) in enumerate(zip(groups, labels, strict=True)):
        label.text = f"{'>' if row == selected else ' '} {name:8} {'#' * volumes[name]:10} {volumes[name]}"
        label.draw()


apply()
palace.decode("calm.wav").play(looping=True, group=groups["music"])
pyglet.app.run()
