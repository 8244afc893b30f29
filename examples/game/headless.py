"""Runs the game with an autopilot, in fixed steps, with a loopback device.

Every step is 1/60 s of the game and 735 frames of sound, however long it takes; a picture is drawn of one step in
twelve, and of each while sounds load.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from pyglet.window import key

import pyglet_palace as palace

from . import autopilot
from .levels import Level
from .mixer import VOICES
from .pages import LessonScreen
from .play import PlayScreen
from .screens import LoadingScreen, ResultScreen, TitleScreen
from .window import Game

RATE = 44100
STEPS = 60  #: Steps in a second.

#: One step in so many is drawn.
_DRAWN = 12

#: Steps that a loading screen may take; only a disk that answers no more needs so many.
_MOST_LOADING = 60 * STEPS

_DIRECTIONS = {(1, 0): key.RIGHT, (-1, 0): key.LEFT, (0, 1): key.UP, (0, -1): key.DOWN}


class Player:
    """Presses the game's keys."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.held: set[int] = set()
        self._waited = 0
        self._played = 0

    def tap(self, symbol: int) -> None:
        """Press and release a key."""
        self.game.dispatch_event("on_key_press", symbol, 0)
        self.game.dispatch_event("on_key_release", symbol, 0)

    def hold(self, wanted: set[int]) -> None:
        """Have these keys down and no others."""
        for symbol in self.held - wanted:
            self.game.dispatch_event("on_key_release", symbol, 0)
        for symbol in wanted - self.held:
            self.game.dispatch_event("on_key_press", symbol, 0)
        self.held = wanted

    def step(self) -> None:
        """Press the keys for the current screen."""
        screen = self.game.screen_shown
        self._waited += 1
        if isinstance(screen, PlayScreen):
            self._play(screen)
            return
        self.hold(set())
        patience = {TitleScreen: 1.5, LoadingScreen: 0.7, LessonScreen: 0.2, ResultScreen: 3.0}[type(screen)]
        if isinstance(screen, LoadingScreen) and not screen.ready:
            self._waited = 0
        elif self._waited > patience * STEPS:
            self._waited = 0
            self.tap(key.ENTER)

    def _play(self, screen: PlayScreen) -> None:
        self._played += 1
        self._waited = 0
        world = screen.world
        # Once, to show that it can: a pause of half a second, and the volume down and up again.
        if self._played in (150, 180):
            self.tap(key.P)
        elif self._played in (160, 170):
            self.tap(key.MINUS if self._played == 160 else key.PLUS)
        if screen.paused:
            self.hold(set())
            return
        east, north = autopilot.steer(world)
        self.hold({_DIRECTIONS[axis] for axis in ((east, 0), (0, north)) if axis in _DIRECTIONS})
        if autopilot.wants_ping(world):
            self.tap(key.SPACE)


def run(seconds: float, folder: Path, level: Level | None) -> None:
    """Play for `seconds` of the game's time; leave pictures and sound in `folder`, and say where.

    Raises:
        RuntimeError: The sounds do not finish loading.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = palace.LoopbackDevice(RATE, "Stereo", "Signed 16-bit")
    context = palace.Context(device, auto_update=False, voices=VOICES)
    palace.use_context(context)
    game = Game(context, level, pictures=folder, visible=False)
    player = Player(game)
    heard = []
    pictures: dict[str, Path] = {}
    loads: list[LoadingScreen] = []
    loading_steps = 0

    def save(name: str) -> None:
        pictures[name] = folder / f"{name}.png"
        game.save_picture(pictures[name])

    for step in range(round(seconds * STEPS)):
        player.step()
        game.dispatch_events()  # pyglet hands out what was pressed
        game.advance(1 / STEPS)
        context.update()
        heard.append(device.render(RATE // STEPS))
        screen = game.screen_shown
        loading = isinstance(screen, LoadingScreen) and not screen.loading.finished
        last = step == round(seconds * STEPS) - 1
        if not loading and step % _DRAWN and not last:
            continue
        game.switch_to()
        game.on_draw()
        if isinstance(screen, LoadingScreen):
            if screen not in loads:
                loads.append(screen)
            loading_steps = loading_steps + 1 if loading else 0
            if loading_steps > _MOST_LOADING:
                raise RuntimeError(f"{screen.loading!r} does not finish")
            if "loading" not in pictures and 0.45 < screen.shown < 0.9:
                save("loading")
        elif "title" not in pictures and isinstance(screen, TitleScreen) and step > STEPS:
            save("title")
        elif "screenshot" not in pictures and (last or (step > seconds * STEPS * 0.55 and _is_telling(screen))):
            save("screenshot")
        game.flip()

    sound = folder / "sound.wav"
    samples = np.concatenate(heard)
    soundfile.write(sound, samples, RATE, subtype="PCM_16")
    for load in loads:
        passed = ", ".join(f"{progress:.2f}" for progress in load.steps)
        print(f"loading {load.level.title!r}: {load.frames} frames drawn meanwhile, progress {passed}")
    print(f"played {game.time:.1f} s; peak of the sound {np.abs(samples.astype(np.int32)).max() / 32768:.2f}")
    for name, path in pictures.items():
        print(f"{name}: {path}")
    print(f"sound: {sound}")
    game.close()
    context.destroy()
    device.close()


def _is_telling(screen: object) -> bool:
    """Whether a picture of this moment shows the game: a ping on its way, and something that answered."""
    if not isinstance(screen, PlayScreen) or screen.paused:
        return False
    world = screen.world
    answered = [thing for thing in world.things() if thing.revealed and world.distance(thing) < 330]
    return bool(answered) and any(150 < ping.radius < 400 for ping in world.pings)
