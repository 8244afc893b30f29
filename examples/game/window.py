"""The game's window: which screen is shown, which keys are held, what the player has set."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TextIO

import pyglet
from pyglet.window import key

import pyglet_palace as palace

from .art import HEIGHT, WIDTH
from .hud import Notice, volume_text
from .levels import COMMON_SOUNDS, LEVELS
from .mixer import Mixer
from .overlay import DebugOverlay
from .pages import LessonScreen, SettingsScreen
from .play import PlayScreen
from .screens import ENTER, LoadingScreen, ResultScreen, Screen, TitleScreen
from .settings import Settings
from .sound import Soundscape

if TYPE_CHECKING:
    from pathlib import Path

    from .levels import Level
    from .world import World

#: Seconds of a step of the rules. A slow frame is followed by several steps, so the game keeps its speed.
STEP = 1 / 60

#: Most steps after one frame: below 10 frames a second the game is slower than time, and says so.
_MOST_STEPS = 6

#: Seconds of time lost within ten seconds after which it says so; less is a hitch, such as a window that is moved.
_LOST = 1.0

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
        settings: Path | None = None,
        visible: bool = True,
    ) -> None:
        """
        Args:
            context: Where it is heard.
            level: Where to begin; None: with the title.
            pictures: The folder that F12 saves a picture in.
            trace: Where to write what happens, a JSON object a line; None: nowhere.
            settings: The file of the settings; None: the defaults, which are not saved.
            visible: Whether the window is seen.
        """
        super().__init__(WIDTH, HEIGHT, caption="Fogbound", visible=visible, vsync=visible)
        self.audio = context
        self._settings_path = settings
        self.mixer = Mixer(context, Settings.load(settings))
        self.mixer.use_headphones(self.mixer.settings.headphones)
        self.sound = Soundscape(self.mixer)
        self._common = palace.preload(COMMON_SOUNDS, context)
        self.notice = Notice()
        self.overlay = DebugOverlay(context)
        self.held: set[int] = set()
        self.hints: bool | None = None  #: Whether lights point at sounds; None: until the first bell is found.
        self.reached = max(level.number if level else 1, self.mixer.settings.reached)
        self.score = 0  #: Of the levels won on this voyage.
        self.time = 0.0
        self._owed = self._lost = self._lost_for = 0.0
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
        self.show(LoadingScreen(self, level))

    def begin(self, level: Level) -> None:
        """Play a level that is loaded, the first one after a lesson."""
        if level.number == 1 and not self.mixer.settings.lesson_done:
            self.show(LessonScreen(self, level))
        else:
            self.play(level)

    def play(self, level: Level) -> None:
        """Play a level that is loaded."""
        self.show(PlayScreen(self, level))

    def finish(self, world: World) -> None:
        """A level has come to its end."""
        self.sound.leave()
        total = self.score + world.score
        settings = self.mixer.settings
        if world.outcome == "won":
            self.score = total
            self.reached = max(self.reached, min(len(LEVELS), world.level.number + 1))
        settings.best = max(settings.best, total)
        settings.reached = self.reached
        self.save()
        self.show(ResultScreen(self, world, total))

    def open_settings(self) -> None:
        """Show the settings over the current screen."""
        self.notice.say("", 0)  # the page has the volume
        self.show(SettingsScreen(self, self.screen_shown))

    def save(self) -> None:
        """Write the settings."""
        self.mixer.settings.save(self._settings_path)

    def back_to_title(self) -> None:
        """Leave whatever is going on."""
        self.show(TitleScreen(self))

    def show(self, screen: Screen) -> None:
        """Make a screen the current one."""
        self.screen_shown = screen
        self.trace(screen.name)

    # Time

    def advance(self, dt: float) -> None:
        """Let `dt` seconds pass."""
        self._owed += dt
        steps = int(self._owed / STEP + 1e-6)
        self._owed -= steps * STEP
        if steps > _MOST_STEPS:
            self._lag((steps - _MOST_STEPS) * STEP)
            steps = _MOST_STEPS
        self._lost_for -= dt
        for _ in range(steps):
            self.time += STEP
            self.screen_shown.step(STEP)
        self.screen_shown.update(steps * STEP)
        self.notice.update(dt)
        self.overlay.update(dt)
        self._trace_due -= dt
        if self._trace_due <= 0 and isinstance(self.screen_shown, PlayScreen):
            self._trace_due = _TRACE_INTERVAL
            boat = self.screen_shown.world.boat
            self.trace("at", x=boat.x, y=boat.y)

    def _lag(self, seconds: float) -> None:
        """Note time that the game could not keep up with, and say so when it is much."""
        if self._lost_for <= 0:
            self._lost, self._lost_for = 0.0, 10.0
        self._lost += seconds
        if self._lost > _LOST:
            self._lost = -math.inf  # once in ten seconds
            self.notice.say("This computer draws less than 10 pictures a second: the game runs slowly")
            self.trace("slow")

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
        self.notice.batch.draw()
        self.overlay.draw()

    def on_key_press(self, symbol: int, modifiers: int) -> None:
        self.held.add(symbol)
        mixer = self.mixer
        if symbol in _LOUDER or symbol in _SOFTER:
            mixer.set_volume("master", mixer.settings.master + (0.1 if symbol in _LOUDER else -0.1))
            mixer.blip()
            if not isinstance(self.screen_shown, SettingsScreen):
                self.notice.say(f"volume  {volume_text(mixer.settings.master)}", 1.6)
            self.trace("volume", volume=mixer.settings.master)
        elif symbol == key.M:
            mixer.toggle_music()
            self.notice.say(f"music {'on' if mixer.settings.music_on else 'off'}", 1.6)
        elif symbol == key.F3:
            self.overlay.visible = not self.overlay.visible
        elif symbol == key.F12:
            path = self.pictures / "fogbound.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.save_picture(path)
            self.trace("picture", path=str(path))
        else:
            if symbol in ENTER or symbol == key.ESCAPE:
                mixer.blip("select.flac")
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
            self.save()
            self.trace("closed")
        super().close()

    _closing = False
