"""Play a program of the tutorial on a recorded device, as a user: ``python -m tests.docs.play_tutorial world``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet

import pyglet_palace as palace
from pyglet_palace.testing import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable


class Program:
    """A program that runs: its window, its names, and its sound."""

    def __init__(self, path: Path, sound: Recorder) -> None:
        pyglet.app.run = lambda: None
        self.sound = sound
        self.names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), self.names)
        self.window = self["window"]

    def __getitem__(self, name: str) -> Any:
        """What a name of the program means now."""
        return self.names[name]

    def dispatch(self, *event: Any) -> None:
        """Dispatch an event of the window. The window itself would keep it until an event loop runs."""
        pyglet.event.EventDispatcher.dispatch_event(self.window, *event)

    def press(self, name: str, seconds: float = 0.0) -> None:
        """Press a key, for so long."""
        symbol = getattr(pyglet.window.key, name)
        self.dispatch("on_key_press", symbol, 0)
        self.advance(seconds)
        self.dispatch("on_key_release", symbol, 0)

    def advance(self, seconds: float) -> None:
        """Let time pass, and draw."""
        self.sound.advance(seconds)
        self.dispatch("on_draw")

    def loudness(self, seconds: float) -> np.ndarray[Any, Any]:
        """RMS of both channels in the next seconds."""
        self.sound.heard()
        self.advance(seconds)
        return np.sqrt((self.sound.heard() ** 2).mean(axis=0))


def key_press(program: Program) -> None:
    program.advance(0.5)
    program.sound.assert_silent()
    program.press("SPACE", 0.1)
    program.sound.assert_audible()


def loading_screen(program: Program) -> None:
    program.dispatch("on_draw")
    assert program["label"].text == "Loading ..."
    program.advance(1)
    assert program["label"].text.startswith("The river")
    program.sound.assert_played("river.wav")
    program.sound.assert_audible()
    program.press("ENTER", 1)
    assert program["label"].text.startswith("The fire")
    assert program.sound.context.cached_names == ("bell.wav", "fire.wav", "voice.wav")
    program.press("SPACE", 0.5)
    assert [name for _, name in program.sound.played] == ["river.wav", "fire.wav", "bell.wav"]
    program.dispatch("on_key_press", pyglet.window.key.ENTER, 0)
    program.dispatch("on_close")  # while the level loads
    palace.shutdown()


def music(program: Program) -> None:
    calm = program["music"]
    program.advance(7)  # the piece lasts 6 s, its intro 2 s
    assert 2.9 < calm.offset_seconds < 3.1
    program.press("SPACE", 0.75)
    program.sound.assert_audible()
    assert calm.playing
    program.advance(1)
    assert not calm.playing
    program.sound.assert_audible()
    program.press("M", 1.5)
    program.sound.assert_silent(last=0.3)


def world(program: Program) -> None:
    program.advance(0.2)
    program["bird"].sound.gain = 0
    left, right = program.loudness(0.5)  # the river is nearer than the fire
    assert left > right
    program.press("RIGHT", 1.8)
    assert program["player"].x > 780
    left, right = program.loudness(0.5)
    assert left > right  # the fire is to the left now, and near
    assert [name for _, name in program.sound.played].count("step.wav") == 6
    program["fire"].delete()
    program.advance(0.5)
    assert not program["fire"].sound.playing


def settings(program: Program) -> None:
    program.advance(0.5)
    loud = program.loudness(0.5).max()
    for _ in range(8):
        program.press("LEFT")
    program.advance(0.1)
    assert loud > 0.01 > program.loudness(0.5).max()
    program.press("DOWN")
    program.press("RIGHT")
    saved = json.loads(Path(os.environ["XDG_CONFIG_HOME"], "palace-tutorial", "volumes.json").read_text())
    assert saved == {"master": 0, "music": 9, "effects": 8, "voices": 8}
    program.window.close()
    palace.shutdown()
    with Recorder(home=program.sound._home) as sound:
        assert Program(Path("settings.py"), sound)["volumes"] == saved


USERS: dict[str, Callable[[Program], None]] = {
    user.__name__: user for user in (key_press, loading_screen, music, world, settings)
}

if __name__ == "__main__":
    with Recorder(home=Path.cwd()) as recorder:
        USERS[sys.argv[1]](Program(Path(f"{sys.argv[1]}.py"), recorder))
