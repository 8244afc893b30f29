"""Title, loading and result: the screens around a level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch, Group
from pyglet.window import key

import pyglet_palace as palace

from .art import HEIGHT, PALE, PAPER, RED, WIDTH, Tiles, faded, panel, sprite, text
from .hud import clock
from .levels import LEVELS, TITLE_MUSIC
from .view import PICTURES
from .world import HULL

if TYPE_CHECKING:
    from .levels import Level
    from .window import Game
    from .world import World

ENTER = {key.ENTER, key.NUM_ENTER}

#: Seconds the loading screen takes at least, so that a fast disk does not make it a flicker.
_LOADING_SHOWN = 1.2


class Screen:
    """One of the things a game shows. It has the keys and the time while it is the game's current one."""

    name = ""

    def __init__(self, game: Game) -> None:
        self.game = game

    def on_key(self, symbol: int) -> None:
        """A key was pressed; those for volume and music never come here."""

    def step(self, dt: float) -> None:
        """Let `dt` seconds of the rules pass: always the same, several in a frame where frames are slow."""

    def update(self, dt: float) -> None:
        """Move the pictures: `dt` seconds have passed since the last frame."""

    def draw(self) -> None:
        """Draw it; the window is clear."""

    def lost_focus(self) -> None:
        """Handle the loss of the keyboard focus."""


class TitleScreen(Screen):
    """A lighthouse at night."""

    name = "title"

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        self._time = 0.0
        self.batch = batch = Batch()
        sky = sprite("sky", batch, 0, scale=4.0)
        sky.position = (WIDTH / 2, HEIGHT / 2, 0)
        self._mist_far = Tiles("mist", batch, 1, (150, 186, 196), opacity=40, size=1100, squeeze=2.2)
        land = sprite("headland", batch, 3)
        land.position = (1010, 372, 0)
        # The lamp stands at (250, 291) of the picture, whose middle is (280, 165).
        self._lamp = (1010 - 30, 372 + 126)
        self._beams = [sprite("beam", batch, 2, (255, 232, 170), light=True) for _ in range(2)]
        self._glow = sprite("glow", batch, 4, (255, 214, 130), light=True, scale=2.2)
        self._glow.position = (*self._lamp, 0)
        area = (0.0, 0.0, float(WIDTH), 226.0)
        self._sea = Tiles("water", batch, 5, (44, 84, 96), size=700, area=area, squeeze=4.5)
        self._gleam = Tiles(
            "glints", batch, 6, (255, 226, 160), opacity=70, light=True, size=520, area=area, squeeze=5.0
        )
        self._boat = sprite("glow", batch, 7, (255, 200, 110), light=True, scale=0.5)
        self._boat_glow = sprite("glow", batch, 7, (255, 190, 100), light=True)
        self._mist_near = Tiles(
            "mist", batch, 8, (150, 186, 196), opacity=70, size=900, area=(0, 0, WIDTH, HEIGHT), squeeze=2.0
        )
        shade = pyglet.shapes.Rectangle(0, 0, WIDTH, 92, (3, 8, 14), batch=batch, group=Group(9))
        shade.opacity = 215
        self._keep = [sky, land, shade]
        title = sprite("title", batch, 10, scale=0.7)
        title.position = (462, 560, 0)
        self._keep += [
            title,
            panel(462 - 230, 282, 460, 104, batch, 9, 150),
            text("A small game to be played by ear", 462, 446, 17, batch, 10, PAPER, serif=True),
            text("arrows or WASD  steer      space  sonar      P  pause", 48, 58, 12, batch, 10, PAPER, align="left"),
            text(
                "H  hints      M  music      + -  volume      F3  what plays      Esc  leave",
                48,
                32,
                12,
                batch,
                10,
                PALE,
                align="left",
            ),
            text("S  settings      L  lesson", WIDTH - 48, 58, 12, batch, 10, PAPER, align="right"),
            text("headphones, if you have them", WIDTH - 48, 32, 12, batch, 10, PALE, align="right"),
        ]
        self._enter = text("Press Enter to put to sea", 462, 352, 22, batch, 10, LEVELS[0].accent)
        reached = "   ".join(f"{level.number}  {level.title}" for level in LEVELS[: game.reached])
        self._levels = text(f"or begin at   {reached}" if game.reached > 1 else "", 462, 306, 13, batch, 10, PALE)
        game.sound.leave()
        game.mixer.play_music(TITLE_MUSIC)

    def on_key(self, symbol: int) -> None:
        number = symbol - key._1 + 1
        if symbol in ENTER:
            self.game.sail(LEVELS[0])
        elif 1 <= number <= self.game.reached:
            self.game.sail(LEVELS[number - 1])
        elif symbol == key.S:
            self.game.open_settings()
        elif symbol == key.L:
            self.game.mixer.settings.lesson_done = False
            self.game.sail(LEVELS[0])
        elif symbol == key.ESCAPE:
            self.game.close()

    def update(self, dt: float) -> None:
        self._time += dt
        time = self._time
        self._mist_far.move(time * 13, 0)
        self._mist_near.move(-time * 24, 60)
        self._sea.move(time * 11, 3 * math.sin(time * 0.8))
        self._gleam.move(-time * 8, 2 * math.sin(time))
        # A lamp that turns: its beam is long when it goes across, and short when it comes towards us.
        for number, beam in enumerate(self._beams):
            angle = time * 0.55 + math.pi * number
            across = math.cos(angle)
            beam.position = (*self._lamp, 0)
            beam.rotation = 0 if across > 0 else 180
            beam.scale_x = max(0.02, abs(across)) * 2.1
            beam.scale_y = 1.0 + 0.8 * abs(math.sin(angle))
            beam.opacity = round(60 + 130 * max(0.0, math.sin(angle) * 0.5 + 0.5))
        self._glow.scale = 1.6 + 1.2 * abs(math.sin(time * 0.55)) ** 6
        x = (time * 26 + 120) % (WIDTH + 200) - 100
        bob = 3 * math.sin(time * 1.6)
        self._boat.position = (x, 190 + bob, 0)
        self._boat_glow.position = (x, 172, 0)
        self._boat_glow.scale_x, self._boat_glow.scale_y = 2.0, 0.35
        faded(self._enter, 0.85 + 0.15 * math.sin(time * 3))

    def draw(self) -> None:
        self.batch.draw()


class LoadingScreen(Screen):
    """What a level is about, while its sounds load; then how they sound, and on with Enter.

    The bar stands where `palace.Batch.progress` stands, or behind: it is eased, and never ahead.
    """

    name = "loading"

    def __init__(self, game: Game, level: Level) -> None:
        super().__init__(game)
        self.level = level
        self.shown = 0.0  #: How far the bar is.
        self.frames = 0  #: Frames shown while sounds were loading.
        self.steps: list[float] = []  #: The progress seen in these frames, where it changed.
        self._time = 0.0
        self._turn = -1  #: Which of the three sounds is introduced.
        self.batch = batch = Batch()
        self._water = Tiles("water", batch, 0, level.water, size=620, squeeze=1.3)
        self._mist = Tiles("mist", batch, 1, level.mist, opacity=46, size=900)
        shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, level.fog, batch=batch, group=Group(2))
        shade.opacity = 175
        self._keep: list[object] = [shade, panel(WIDTH / 2 - 200, 68, 400, 36, batch, 3, 170)]
        self._glow = sprite("glow", batch, 3, (255, 190, 105), light=True)
        self._lantern = sprite("lantern", batch, 4)
        self._keep += [
            text(f"Level {level.number} of {len(LEVELS)}", WIDTH / 2, 482, 14, batch, 4, level.accent),
            text(level.title, WIDTH / 2, 434, 38, batch, 4, PAPER, serif=True),
            text(level.story, WIDTH / 2, 366, 15, batch, 4, PALE, width=900),
        ]
        self._left, self._length = WIDTH / 2 - 260.0, 520.0
        trough = pyglet.shapes.Rectangle(self._left, 126, self._length, 6, (0, 0, 0), batch=batch, group=Group(4))
        trough.opacity = 130
        self._keep.append(trough)
        self._bar = pyglet.shapes.Rectangle(self._left, 126, 1, 6, level.accent, batch=batch, group=Group(5))
        self._spark = sprite("glow", batch, 6, level.accent, light=True, scale=0.5)
        self._boat = sprite("boat", batch, 7, scale=0.42)
        self._words = text("", WIDTH / 2, 86, 14, batch, 5, PALE)
        self._legend = []
        for column, (kind, what, sound, colour) in enumerate(
            (
                ("goal", f"{level.goal}: find it", level.goal_sound, level.accent),
                ("mine", f"{level.mine}: keep away", level.mine_sound, RED),
                ("harbour", "harbour: when all are found", level.harbour_sound, PAPER),
            )
        ):
            x = WIDTH / 2 + (column - 1) * 300
            light = sprite("glow", batch, 3, colour, light=True, scale=2.0)
            light.position = (x, 262, 0)
            icon = sprite(PICTURES[level.number][kind], batch, 4, scale=0.34 if kind == "harbour" else 0.8)
            icon.position = (x, 262, 0)
            label = text(what[0].upper() + what[1:], x, 196, 12, batch, 4, PALE)
            self._legend.append((light, icon, label, sound))
        self._bearings = (-0.8, 0.8, 0.0)
        game.mixer.play_music("")
        self.loading = palace.preload(level.sounds, game.audio)
        game.sound.hold(self.loading)

    @property
    def ready(self) -> bool:
        """Whether all is loaded, and the bar full."""
        return self.loading.finished and self.shown >= 1.0

    def on_key(self, symbol: int) -> None:
        if symbol == key.ESCAPE:
            self.game.back_to_title()
        elif symbol in ENTER and self.ready:
            self.game.begin(self.level)

    def update(self, dt: float) -> None:
        self._time += dt
        time, progress = self._time, self.loading.progress
        if not self.loading.finished:
            self.frames += 1
        if not self.steps or progress != self.steps[-1]:
            self.steps.append(progress)
        self.shown = min(progress, self.shown + dt / _LOADING_SHOWN)

        self._water.move(time * 12, time * 5)
        self._mist.move(-time * 26, time * 7)
        swing = 11 * math.sin(time * 1.9)
        self._lantern.position = (WIDTH / 2, HEIGHT + 6, 0)
        self._lantern.rotation = swing
        down = math.radians(swing)
        self._glow.position = (WIDTH / 2 - math.sin(down) * 104, HEIGHT + 6 - math.cos(down) * 104, 0)
        self._glow.scale = (3.0 + 3.4 * self.shown) * (1 + 0.04 * math.sin(time * 11) + 0.03 * math.sin(time * 27))
        self._glow.opacity = round(120 + 80 * self.shown)
        head = self._left + self._length * self.shown
        self._bar.width = max(1.0, self._length * self.shown)
        self._spark.position = (head, 129, 0)
        self._boat.position = (head, 131 + 2 * math.sin(time * 3), 0)
        self._boat.rotation = 3 * math.sin(time * 2.3)

        words = f"loading {self.loading.done} of {self.loading.total} sounds"
        if self.loading.failed:
            words = f"missing: {', '.join(self.loading.failed)}"
        elif self.ready:
            if self._turn < 0:
                self._introduce(0)
            words = "Enter to set sail"
        if self._words.text != words:
            self._words.text = words
        self._words.color = (*(self.level.accent if self.ready else PALE), 255)
        if self.ready:
            faded(self._words, 0.85 + 0.15 * math.sin(time * 4))
        for number, (light, icon, label, _) in enumerate(self._legend):
            current = number == self._turn
            light.opacity = 170 if current else 25
            icon.opacity = 255 if current or self._turn >= len(self._legend) or self._turn < 0 else 130
            faded(label, 1.0 if current else 0.8)

    def _introduce(self, turn: int) -> None:
        """Play one of the three sounds, highlight its picture, and go on when the sound has ended."""
        self._turn = turn
        if turn < len(self._legend) and not self.loading.failed:
            source = self.game.mixer.preview(self._legend[turn][3], self._bearings[turn])
            source.on_stopped = lambda source: self._introduce(turn + 1) if self.game.screen_shown is self else None

    def draw(self) -> None:
        self.batch.draw()


class ResultScreen(Screen):
    """How a level ended."""

    name = "result"

    def __init__(self, game: Game, world: World, total: int) -> None:
        super().__init__(game)
        self.level = level = world.level
        self.won = world.outcome == "won"
        self.last = self.won and level.number == len(LEVELS)
        self._time = 0.0
        self.batch = batch = Batch()
        self._water = Tiles("water", batch, 0, level.water, size=620, squeeze=1.3)
        self._mist = Tiles("mist", batch, 1, level.mist, opacity=50, size=900)
        shade = pyglet.shapes.Rectangle(0, 0, WIDTH, HEIGHT, level.fog, batch=batch, group=Group(2))
        shade.opacity = 150 if self.won else 205
        self._glow = sprite("glow", batch, 3, level.accent if self.won else RED, light=True, scale=9.0)
        self._glow.position = (WIDTH / 2, 545, 0)
        self._icon = sprite("harbour" if self.won else "lifebelt", batch, 4, scale=0.62 if self.won else 2.6)
        self._icon.position = (WIDTH / 2, 555, 0)
        heading = "Lost in the fog"
        if self.last:
            heading = "All home. The fog lifts."
        elif self.won:
            heading = "Safe in harbour"
        self._keep: list[object] = [
            shade,
            panel(WIDTH / 2 - 360, 88, 720, 360, batch, 3, 150),
            text(heading, WIDTH / 2, 400, 42, batch, 4, PAPER, serif=True),
        ]
        found = f"{world.found} of {level.goal_count} {level.goals}"
        lines = [(found, world.found * 100)]
        if self.won:
            lines.append((f"hull {world.boat.hull} of {HULL}", world.boat.hull * 150))
            lines.append((f"time {clock(world.time)}, par {clock(level.par)}", 5 * max(0, int(level.par - world.time))))
        for row, (what, points) in enumerate(lines):
            y = 336 - row * 30
            self._keep.append(text(what, WIDTH / 2 + 60, y, 14, batch, 4, PALE, align="right"))
            self._keep.append(text(str(points), WIDTH / 2 + 150, y, 14, batch, 4, PAPER, align="right"))
        y = 336 - len(lines) * 30 - 12
        # A lost level counts, too: what was found in it is part of this voyage, until it is sailed again.
        self.words = f"voyage  {total}        best  {game.mixer.settings.best}"
        self._keep.append(text(self.words, WIDTH / 2, y, 20, batch, 4, level.accent))
        again = "Enter: on to the next water" if self.won else "Enter: try again"
        if self.last:
            again = "Enter: back to the lighthouse"
        self._enter = text(again, WIDTH / 2, 140, 18, batch, 4, PAPER)
        self._keep.append(text("Escape: title", WIDTH / 2, 106, 12, batch, 4, PALE))
        game.mixer.play_music("")
        game.mixer.blip("won.ogg" if self.won else "lost.ogg", 0.8)

    def on_key(self, symbol: int) -> None:
        if symbol == key.ESCAPE or (self.last and symbol in ENTER):
            self.game.back_to_title()
        elif symbol in ENTER:
            if self.won:
                self.game.sail(LEVELS[self.level.number])
            else:
                self.game.begin(self.level)

    def update(self, dt: float) -> None:
        self._time += dt
        self._water.move(self._time * 12, self._time * 5)
        self._mist.move(-self._time * 26, self._time * 7)
        self._glow.opacity = round(110 + 40 * math.sin(self._time * 2))
        self._icon.rotation = 4 * math.sin(self._time * 1.3)
        faded(self._enter, min(1.0, self._time) * (0.85 + 0.15 * math.sin(self._time * 4)))

    def draw(self) -> None:
        self.batch.draw()
