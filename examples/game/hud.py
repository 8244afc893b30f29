"""Heads-up display: hull, goals, score, sonar, messages, and the pause. All text has a dark backing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch, Group

from .art import HEIGHT, PALE, PANEL, PAPER, WIDTH, faded, panel, sprite, text
from .view import HUD, PICTURES
from .world import HULL

if TYPE_CHECKING:
    from .world import World

_BAR = 220  #: Length of the sonar's bar in pixels.


def clock(seconds: float) -> str:
    """Return minutes and seconds as text."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def volume_text(volume: float) -> str:
    """Return a volume as ten marks."""
    steps = round(volume * 10)
    return f"{'●' * steps}{'○' * (10 - steps)}"


def set_text(label: pyglet.text.Label, words: str) -> None:
    """Change a label's text where it differs: laying out costs time."""
    if label.text != words:
        label.text = words


class Message:
    """Words that are shown for a while, on a backing that fits them."""

    def __init__(self, y: float, batch: Batch, layer: int, size: float = 19) -> None:
        self._back = panel(0, y - size * 1.1, 10, size * 2.2, batch, layer)
        self._label = text("", WIDTH / 2, y, size, batch, layer + 1, PAPER, serif=True)
        self._left = self._age = 0.0
        self.update(0.0)

    def say(self, words: str, seconds: float = 4.0) -> None:
        """Show a message."""
        set_text(self._label, words)
        self._left, self._age = seconds, 0.0
        self._back.width = self._label.content_width + 40
        self._back.x = (WIDTH - self._back.width) / 2

    def update(self, dt: float) -> None:
        """Let time pass."""
        self._left = max(0.0, self._left - dt)
        self._age += dt
        self._back.visible = self._label.visible = self._left > 0
        seen = min(1.0, self._left * 3, 0.3 + self._age * 5)
        faded(self._label, seen)
        self._back.opacity = round(205 * seen)


class Notice:
    """What the game says over any screen, such as a volume that was changed."""

    def __init__(self) -> None:
        self.batch = Batch()
        self._message = Message(196, self.batch, 0, 15)
        self.say, self.update = self._message.say, self._message.update


class Hud:
    """Draws itself over a sea; all of it is in one batch."""

    def __init__(self, world: World, batch: Batch) -> None:
        self.world = world
        level = world.level
        goals = level.goal_count * 50 + 20
        self._panels = [
            panel(12, HEIGHT - 74, 46 * HULL + 22, 62, batch, HUD, 120),
            panel((WIDTH - goals) / 2, HEIGHT - 74, goals, 62, batch, HUD, 120),
            panel(WIDTH - 152, HEIGHT - 84, 140, 72, batch, HUD),
            panel(18, 14, 480, 36, batch, HUD),
            panel(WIDTH / 2 - 130, 14, 260, 54, batch, HUD),
        ]
        self._belts = [sprite("lifebelt", batch, HUD + 1, scale=0.84) for _ in range(HULL)]
        for number, belt in enumerate(self._belts):
            belt.position = (44 + number * 46, HEIGHT - 42, 0)
        name = PICTURES[level.number]["goal"]
        self._marks = [sprite(name, batch, HUD + 1, scale=0.4) for _ in range(level.goal_count)]
        first = WIDTH / 2 - (level.goal_count - 1) * 25
        for number, mark in enumerate(self._marks):
            mark.position = (first + number * 50, HEIGHT - 42, 0)
        self._score = text("0", WIDTH - 32, HEIGHT - 36, 20, batch, HUD + 1, level.accent, align="right")
        self._time = text("0:00", WIDTH - 32, HEIGHT - 64, 12, batch, HUD + 1, PALE, align="right")
        left = WIDTH / 2 - _BAR / 2
        self._trough = pyglet.shapes.Rectangle(left - 2, 25, _BAR + 4, 10, PANEL, batch=batch, group=Group(HUD + 1))
        self._bar = pyglet.shapes.Rectangle(left, 27, _BAR, 6, level.accent, batch=batch, group=Group(HUD + 2))
        self._sonar = text("SONAR   space", WIDTH / 2, 52, 10, batch, HUD + 1, PALE)
        keys = "P pause    H hints    M music    +/- volume    F3 what plays"
        self._help = text(keys, 32, 32, 11, batch, HUD + 1, PALE, align="left")
        self._message = Message(132, batch, HUD)
        self.say = self._message.say
        self.say(f"Listen for the {level.goals}, and keep off the {level.mine}s", 6.0)

    def update(self, dt: float) -> None:
        """Update the display."""
        world = self.world
        self._message.update(dt)
        for number, belt in enumerate(self._belts):
            belt.opacity = 255 if number < world.boat.hull else 45
        for number, mark in enumerate(self._marks):
            mark.opacity = 255 if number < world.found else 60
        set_text(self._score, str(world.score))
        set_text(self._time, clock(world.time))
        self._bar.width = max(1.0, _BAR * world.sonar)
        self._bar.opacity = 255 if world.sonar >= 1 else 130


class Veil:
    """Darkens the sea, with words over it: the pause."""

    def __init__(self, level_title: str) -> None:
        self.batch = Batch()
        self._shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, PANEL, batch=self.batch, group=Group(0))
        self._shade.opacity = 190
        self._words = [
            text("At anchor", WIDTH / 2, 440, 44, self.batch, 1, PAPER, serif=True),
            text(level_title, WIDTH / 2, 388, 16, self.batch, 1, PALE),
            text("P or Enter: sail on        Escape: back to the title", WIDTH / 2, 300, 15, self.batch, 1, PAPER),
            text(
                "S: settings        + and -: volume        M: music        H: hints",
                WIDTH / 2,
                268,
                15,
                self.batch,
                1,
                PALE,
            ),
        ]
