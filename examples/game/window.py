"""The game's window: which screen is shown, which keys are held, what the player has set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import pyglet
from pyglet.window import key

from .art import HEIGHT, WIDTH
from .levels import LEVELS
from .play import PlayScreen
from .screens import ENTER, LoadingScreen, ResultScreen, Screen, TitleScreen
from .sound import Soundscape

if TYPE_CHECKING:
    from pathlib import Path

    import pyglet_palace as palace

    from .levels import Level
    from .world import World

#: Longest step of the game: after a hitch it goes slower, and does not jump.
_LONGEST_STEP = 1 / 20

#: Seconds between two lines of the trace that say where the boat is.
_TRACE_INTERVAL = 0.25

_LOUDER = {key.PLUS, key.EQUAL, key.NUM_ADD}
_SOFTER = {key.MINUS, key.NUM_SUBTRACT}


class Game(pyglet.window.Window):
    """Everything that outlives a screen."""

    def __init__(
        self,
        context: palace.Context,
        level: Level | None = None,
        *,
        pictures: Path,
        trace: TextIO | None = None,
        visible: bool = True,
    ) -> None:
        """
        Args:
            context: Where it is heard.
            level: Where to begin; None: with the title.
            pictures: The folder that F12 saves a picture in.
            trace: Where to write what happens, a JSON object a line; None: nowhere.
            visible: Whether the window is seen.
        """
        super().__init__(WIDTH, HEIGHT, caption="Fogbound", visible=visible, vsync=visible)
        self.audio = context
        self.sound = Soundscape(context)
        self.held: set[int] = set()
        self.hints: bool | None = None  #: Whether lights point at sounds; None: in the first level only.
        self.reached = level.number if level else 1  #: The last level that may be begun from the title.
        self.score = 0
        self.best = 0
        self.time = 0.0
        self.pictures = pictures
        self._trace = trace
        self._trace_due = 0.0
        self.screen_shown: Screen = TitleScreen(self)
        self.trace("title")
        if level is not None:
            self.sail(level)

    # From screen to screen

    def sail(self, level: Level) -> None:
        """Load a level, to be played."""
        if level.number == 1:
            self.score = 0
        self._show(LoadingScreen(self, level))

    def play(self, level: Level) -> None:
        """Play a level that is loaded."""
        self._show(PlayScreen(self, level))

    def finish(self, world: World) -> None:
        """A level has come to its end."""
        self.sound.leave()
        if world.outcome == "won":
            self.score += world.score
            self.reached = max(self.reached, min(len(LEVELS), world.level.number + 1))
        self.best = max(self.best, self.score)
        self._show(ResultScreen(self, world))

    def back_to_title(self) -> None:
        """Leave whatever is going on."""
        self._show(TitleScreen(self))

    def _show(self, screen: Screen) -> None:
        self.screen_shown = screen
        self.trace(screen.name)

    # Time

    def advance(self, dt: float) -> None:
        """Let `dt` seconds pass."""
        dt = min(dt, _LONGEST_STEP)
        self.time += dt
        self.screen_shown.update(dt)
        self.sound.update(dt)
        self._trace_due -= dt
        if self._trace_due <= 0 and isinstance(self.screen_shown, PlayScreen):
            self._trace_due = _TRACE_INTERVAL
            boat = self.screen_shown.world.boat
            self.trace("at", x=boat.x, y=boat.y)

    def trace(self, what: str, **details: Any) -> None:
        """Write an event to the trace file."""
        if self._trace is not None:
            rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in details.items()}
            self._trace.write(json.dumps({"time": round(self.time, 3), "what": what, **rounded}) + "\n")
            self._trace.flush()

    def save_picture(self, path: Path) -> None:
        """Draw, and write what is seen as a PNG."""
        self.switch_to()
        self.on_draw()
        pyglet.image.get_buffer_manager().get_color_buffer().save(str(path))

    # What pyglet calls

    def on_draw(self) -> None:
        self.clear()
        self.screen_shown.draw()

    def on_key_press(self, symbol: int, modifiers: int) -> None:
        self.held.add(symbol)
        sound = self.sound
        if symbol in _LOUDER or symbol in _SOFTER:
            sound.set_volume(sound.volume + (0.1 if symbol in _LOUDER else -0.1))
            self._blip("blip.flac")
            self.trace("volume", volume=sound.volume)
        elif symbol == key.M:
            sound.toggle_music()
        elif symbol == key.F12:
            path = self.pictures / "fogbound.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.save_picture(path)
            self.trace("picture", path=str(path))
        else:
            if symbol in ENTER or symbol == key.ESCAPE:
                self._blip("select.flac")
            self.screen_shown.on_key(symbol)

    def on_key_release(self, symbol: int, modifiers: int) -> None:
        self.held.discard(symbol)

    def on_deactivate(self) -> None:
        self.held.clear()
        self.screen_shown.lost_focus()

    def on_close(self) -> None:
        self.close()

    def close(self) -> None:
        """Leave the game."""
        if not self._closing:
            self._closing = True
            self.trace("closed")
        super().close()

    _closing = False

    def _blip(self, name: str) -> None:
        if self.sound.ready:
            self.sound.play(name, 0.5)
