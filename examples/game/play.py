"""Screen of a running level: keys, events of the world, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyglet.window import key

from .hud import Hud, Veil
from .screens import ENTER, Screen
from .view import SeaView
from .world import Event, World

if TYPE_CHECKING:
    from .levels import Level
    from .window import Game

_EAST = {key.RIGHT: 1, key.D: 1, key.LEFT: -1, key.A: -1}
_NORTH = {key.UP: 1, key.W: 1, key.DOWN: -1, key.S: -1}

#: Seconds between the end of a level and the screen that says so: time to hear it.
_AFTERMATH = 1.8


class PlayScreen(Screen):
    """A level being played."""

    name = "play"

    def __init__(self, game: Game, level: Level) -> None:
        super().__init__(game)
        self.world = World(level)
        self.view = SeaView(self.world)
        self._show_hints()
        self.hud = Hud(self.world, self.view.batch)
        self.paused = False
        self._veil: Veil | None = None
        self._after = 0.0
        game.sound.enter(self.world)
        self.view.update(0)

    def on_key(self, symbol: int) -> None:
        if symbol == key.S and self.paused:
            self.game.open_settings()
        elif symbol == key.P or (self.paused and symbol in ENTER):
            self._pause(not self.paused)
        elif symbol == key.ESCAPE:
            if self.paused:
                self.game.back_to_title()
            else:
                self._pause(True)
        elif symbol == key.H:
            self.game.hints = self.view.hints = not self.view.hints
            self.hud.say("Hints on: lights on the rim point at what sounds" if self.view.hints else "Hints off")
        elif symbol == key.SPACE and not self.paused and self.world.ping():
            boat = self.world.boat
            self.game.sound.tell(self.world, [Event("ping", boat.x, boat.y)])
            self.game.trace("ping", x=boat.x, y=boat.y)

    def step(self, dt: float) -> None:
        if self.paused:
            return
        world, held = self.world, self.game.held
        east = sum(sign for symbol, sign in _EAST.items() if symbol in held)
        north = sum(sign for symbol, sign in _NORTH.items() if symbol in held)
        events = world.step(dt, float(east), float(north))
        self.view.tell(events)
        self.game.sound.tell(world, events)
        self.game.sound.follow(world, dt)
        self._say(events)
        if world.outcome:
            self._after += dt
            if self._after > _AFTERMATH:
                self.game.finish(world)

    def update(self, dt: float) -> None:
        if not self.paused:
            self.view.update(dt)
            self.hud.update(dt)

    def draw(self) -> None:
        self.view.draw()
        if self.paused and self._veil is not None:
            self._veil.batch.draw()

    def lost_focus(self) -> None:
        if not self.world.outcome:
            self._pause(True)

    def _show_hints(self) -> None:
        """Lights help to find the first bell. After that, listening does."""
        chosen = self.game.hints
        self.view.hints = chosen if chosen is not None else self.world.level.number == 1 and not self.world.found

    def _pause(self, paused: bool) -> None:
        if paused == self.paused:
            return
        self.paused = paused
        self.game.sound.pause(paused)
        self.game.trace("paused" if paused else "resumed")
        if self._veil is None:
            self._veil = Veil(self.world.level.title)

    def _say(self, events: list[Event]) -> None:
        level, world = self.world.level, self.world
        for event in events:
            left = len(world.goals)
            if event.kind == "collected" and left:
                lit = self.view.hints
                self._show_hints()
                out = " The lights on the rim are out: listen" if lit and not self.view.hints else ""
                self.hud.say(f"{left} more {level.goals if left > 1 else level.goal}.{out}")
            elif event.kind == "opened":
                self.hud.say("All found. The harbour calls: follow the horn, and the light", 6)
            elif event.kind == "hit":
                self.hud.say(f"A {level.mine}! The hull holds" if world.boat.hull else "The hull is gone")
            elif event.kind == "alert":
                self.hud.say(f"A {level.mine} has heard you", 2)
            elif event.kind == "won":
                self.hud.say("Home")
            if event.kind in ("collected", "hit", "opened", "won", "lost"):
                self.game.trace(event.kind, left=left, hull=world.boat.hull)
