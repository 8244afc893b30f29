"""Heads-up display: hull, goals, score, sonar, volume, messages, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch, Group

from .art import HEIGHT, PALE, PAPER, WIDTH, faded, sprite, text
from .view import HUD, PICTURES
from .world import HULL

if TYPE_CHECKING:
    from .sound import Soundscape
    from .world import World

_BAR = 220  #: Length of the sonar's bar in pixels.


def clock(seconds: float) -> str:
    """Return minutes and seconds as text."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Hud:
    """Draws itself over a sea; all of it is in one batch."""

    def __init__(self, world: World, batch: Batch) -> None:
        self.world = world
        level = world.level
        self._belts = [sprite("lifebelt", batch, HUD, scale=0.84) for _ in range(HULL)]
        for number, belt in enumerate(self._belts):
            belt.position = (44 + number * 46, HEIGHT - 42, 0)
        name = PICTURES[level.number]["goal"]
        self._marks = [sprite(name, batch, HUD, scale=0.4) for _ in range(level.goal_count)]
        first = WIDTH / 2 - (level.goal_count - 1) * 25
        for number, mark in enumerate(self._marks):
            mark.position = (first + number * 50, HEIGHT - 42, 0)
        self._score = text("0", WIDTH - 32, HEIGHT - 36, 20, batch, HUD, level.accent, align="right")
        self._time = text("0:00", WIDTH - 32, HEIGHT - 64, 12, batch, HUD, PALE, align="right")
        left = WIDTH / 2 - _BAR / 2
        group, over = Group(HUD), Group(HUD + 1)
        self._trough = pyglet.shapes.Rectangle(left - 2, 27, _BAR + 4, 10, (0, 0, 0), batch=batch, group=group)
        self._trough.opacity = 120
        self._bar = pyglet.shapes.Rectangle(left, 29, _BAR, 6, level.accent, batch=batch, group=over)
        self._sonar = text("SONAR   space", WIDTH / 2, 52, 10, batch, HUD, PALE)
        self._volume = text("", WIDTH - 32, 32, 11, batch, HUD, PALE, align="right")
        self._help = text("P pause    H hints    M music    +/- volume", 32, 32, 11, batch, HUD, PALE, align="left")
        self._message = text("", WIDTH / 2, 132, 19, batch, HUD, PAPER, serif=True)
        self._message_left = 0.0
        self._age = 0.0
        self.say(f"Listen for the {level.goals}, and keep off the {level.mine}s", 6.0)

    def say(self, words: str, seconds: float = 4.0) -> None:
        """Show a message for a while."""
        self._message.text = words
        self._message_left = seconds

    def update(self, dt: float, sound: Soundscape) -> None:
        """Update the display."""
        world = self.world
        self._age += dt
        self._message_left = max(0.0, self._message_left - dt)
        faded(self._message, min(1.0, self._message_left, self._age * 2))
        for number, belt in enumerate(self._belts):
            belt.opacity = 255 if number < world.boat.hull else 45
        for number, mark in enumerate(self._marks):
            mark.opacity = 255 if number < world.found else 60
        _set(self._score, str(world.score))
        _set(self._time, clock(world.time))
        self._bar.width = max(1.0, _BAR * world.sonar)
        self._bar.opacity = 230 if world.sonar >= 1 else 110
        _set(self._volume, volume_text(sound))
        faded(self._help, 0.75)


def volume_text(sound: Soundscape) -> str:
    """The volume as ten marks, and whether there is music."""
    steps = round(sound.volume * 10)
    return f"{'music off    ' if not sound.music_on else ''}volume {'●' * steps}{'○' * (10 - steps)}"


def _set(label: pyglet.text.Label, words: str) -> None:
    """Change a label's text where it differs: laying out costs time."""
    if label.text != words:
        label.text = words


class Veil:
    """Darkens the sea, with words over it: the pause."""

    def __init__(self, level_title: str) -> None:
        self.batch = Batch()
        self._shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, (4, 8, 14), batch=self.batch, group=Group(0))
        self._shade.opacity = 165
        self._words = [
            text("At anchor", WIDTH / 2, 440, 44, self.batch, 1, PAPER, serif=True),
            text(level_title, WIDTH / 2, 388, 16, self.batch, 1, PALE),
            text("P or Enter: sail on        Escape: back to the title", WIDTH / 2, 300, 15, self.batch, 1, PAPER),
            text("+ and -: volume        M: music        H: hints", WIDTH / 2, 268, 15, self.batch, 1, PALE),
        ]
        self._volume = text("", WIDTH / 2, 220, 14, self.batch, 1, PAPER)

    def draw(self, sound: Soundscape) -> None:
        """Draw it."""
        _set(self._volume, volume_text(sound))
        self.batch.draw()
