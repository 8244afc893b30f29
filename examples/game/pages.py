"""Settings and lesson: the screens on which the player listens and answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch, Group
from pyglet.window import key

from .art import HEIGHT, PALE, PANEL, PAPER, WIDTH, Tiles, faded, panel, sprite, text
from .hud import set_text, volume_text
from .screens import ENTER, Screen
from .settings import VOLUMES

if TYPE_CHECKING:
    from .levels import Level
    from .window import Game


class SettingsScreen(Screen):
    """Volumes and headphones. The screen below stays as it is, and is shown again."""

    name = "settings"

    def __init__(self, game: Game, below: Screen) -> None:
        super().__init__(game)
        self.below = below
        self.row = 0
        self.batch = batch = Batch()
        shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, PANEL, batch=batch, group=Group(0))
        shade.opacity = 240
        help_ = "up, down: choose        left, right: change        Escape: back"
        self._keep = [
            shade,
            text("Settings", WIDTH / 2, 590, 40, batch, 2, PAPER, serif=True),
            text(help_, WIDTH / 2, 96, 14, batch, 2, PALE),
        ]
        self._mark = panel(WIDTH / 2 - 420, 0, 840, 56, batch, 1, 255)
        self._mark.color = (28, 58, 70)
        self._values = []
        for row, (name, what) in enumerate([*VOLUMES.items(), ("headphones", "HRTF: above, below and around you")]):
            y = 480 - row * 72
            self._keep.append(text(name.capitalize(), WIDTH / 2 - 396, y + 9, 17, batch, 2, PAPER, align="left"))
            self._keep.append(text(what, WIDTH / 2 - 396, y - 13, 11, batch, 2, PALE, align="left"))
            self._values.append(text("", WIDTH / 2 + 396, y, 18, batch, 2, PAPER, align="right"))
        self._show()

    def on_key(self, symbol: int) -> None:
        mixer = self.game.mixer
        if symbol in (key.ESCAPE, key.S, *ENTER):
            self.game.save()
            self.game.show(self.below)
        elif symbol in (key.UP, key.DOWN):
            self.row = (self.row + (1 if symbol == key.DOWN else -1)) % len(self._values)
            mixer.blip()
        elif symbol in (key.LEFT, key.RIGHT):
            louder = symbol == key.RIGHT
            if self.row == len(VOLUMES):
                mixer.use_headphones(louder)
                mixer.blip("select.flac")
            else:
                name = list(VOLUMES)[self.row]
                mixer.set_volume(name, getattr(mixer.settings, name) + (0.1 if louder else -0.1))
                # Heard through the group that was changed; the music plays anyway.
                if name == "voices":
                    mixer.preview("bell.ogg", 0.0)
                elif name != "music":
                    mixer.blip()
        self._show()

    def update(self, dt: float) -> None:
        self._show()  # + and - change the volume, too

    def draw(self) -> None:
        self.below.draw()
        self.batch.draw()

    def _show(self) -> None:
        settings = self.game.mixer.settings
        self._mark.y = 480 - self.row * 72 - 28
        for label, name in zip(self._values, VOLUMES, strict=False):
            set_text(label, volume_text(getattr(settings, name)))
        set_text(self._values[-1], "on" if settings.headphones else "off")


#: What the lesson asks: the right key, where the bell is seen, its pan, and how much treble it has left.
_QUESTIONS = (
    (key.LEFT, (-1, 0), -0.8, 1.0),
    (key.RIGHT, (1, 0), 0.8, 1.0),
    (key.UP, (0, 1), 0.0, 1.0),
    (key.DOWN, (0, -1), 0.0, 0.05),
)

_ARROWS = {key.LEFT: (-1, 0), key.RIGHT: (1, 0), key.UP: (0, 1), key.DOWN: (0, -1)}

#: Seconds between two rings, and between an answer and the next question.
_AGAIN, _NEXT = 3.0, 1.8


class LessonScreen(Screen):
    """Listen: where is the bell? Four questions before the first level. Enter skips them."""

    name = "lesson"

    def __init__(self, game: Game, level: Level) -> None:
        super().__init__(game)
        self.level = level
        self.question = 0
        self._time = self._ring = 0.0
        self._found_for = 0.0
        self.batch = batch = Batch()
        self._water = Tiles("water", batch, 0, level.water, size=620, squeeze=1.0)
        self._mist = Tiles("mist", batch, 1, level.mist, opacity=46, size=900)
        shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, level.fog, batch=batch, group=Group(2))
        shade.opacity = 190
        boat = sprite("boat", batch, 4, scale=0.6)
        boat.position = (WIDTH / 2, 330, 0)
        boat.rotation = -90
        lantern = sprite("glow", batch, 3, (255, 190, 105), light=True, scale=4.0)
        lantern.position = (WIDTH / 2, 330, 0)
        self._bell = sprite("bell", batch, 5, scale=0.9)
        self._light = sprite("glow", batch, 4, level.accent, light=True, scale=3.0)
        self._keep: list[object] = [
            shade,
            boat,
            lantern,
            panel(WIDTH / 2 - 330, 566, 660, 116, batch, 6),
            text("Listen: where is the bell?", WIDTH / 2, 646, 30, batch, 7, PAPER, serif=True),
            panel(WIDTH / 2 - 330, 30, 660, 44, batch, 6),
            text("answer with the arrows        Enter: skip", WIDTH / 2, 52, 14, batch, 7, PALE),
        ]
        self._words = text("", WIDTH / 2, 596, 16, batch, 7, PALE)
        self._say("Left or right? Your ears know.")
        self.update(0.0)

    def on_key(self, symbol: int) -> None:
        if symbol in ENTER:
            self._done()
        elif symbol == key.ESCAPE:
            self.game.back_to_title()
        elif symbol in _ARROWS and not self._found_for:
            if symbol == _QUESTIONS[self.question][0]:
                self._found_for = _NEXT
                self._say("There it is.")
                self.game.mixer.blip("found_bell.ogg", 0.5)
                self.game.trace("answered", question=self.question)
            else:
                self._say("Not there. Listen again.")
                self.game.mixer.blip("bump.flac", 0.6)
                self._ring = 0.8

    def update(self, dt: float) -> None:
        self._time += dt
        self._water.move(self._time * 8, self._time * 5)
        self._mist.move(-self._time * 26, self._time * 7)
        _, (east, north), pan, treble = _QUESTIONS[self.question]
        x, y = WIDTH / 2 + east * 240, 330 + north * 150
        self._bell.position = (x, y, 0)
        self._light.position = (x, y, 0)
        self._bell.visible = self._light.visible = self._found_for > 0
        faded(self._words, 1.0)
        if self._found_for:
            self._light.opacity = round(160 + 60 * math.sin(self._time * 6))
            self._found_for = max(0.0, self._found_for - dt)
            if not self._found_for:
                self._ask()
            return
        self._ring -= dt
        if self._ring <= 0 and dt:
            self._ring = _AGAIN
            self.game.mixer.preview(self.level.goal_sound, pan, filter=(1, treble, 1))

    def draw(self) -> None:
        self.batch.draw()

    def _ask(self) -> None:
        self.question += 1
        self._ring = 0.3
        if self.question == len(_QUESTIONS):
            self._done()
        elif self.question == 2:
            self._say("In both ears: ahead, or behind? Clear is ahead, dull is behind.")

    def _done(self) -> None:
        self.question = 0
        self.game.mixer.settings.lesson_done = True
        self.game.save()
        self.game.play(self.level)

    def _say(self, words: str) -> None:
        set_text(self._words, words)
