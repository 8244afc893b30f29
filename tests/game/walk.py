"""Walks through the screens of the example game and prints facts as JSON: ``python -m tests.game.walk FOLDER``.

It needs a display, so the tests run it in a process of its own.
"""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from pyglet.window import key

import pyglet_palace as palace
from examples.game.art import use_assets
from examples.game.mixer import VOICES


def main(folder: Path) -> dict[str, Any]:
    """Return the facts."""
    use_assets()
    from examples.game.levels import LEVELS
    from examples.game.pages import LessonScreen
    from examples.game.screens import LoadingScreen
    from examples.game.window import Game

    device = palace.LoopbackDevice(44100, "Stereo", "Signed 16-bit")
    context = palace.Context(device, auto_update=False, voices=VOICES)
    palace.use_context(context)
    trace = StringIO()
    game = Game(context, pictures=folder, trace=trace, settings=folder / "settings.json", visible=False)
    facts: dict[str, Any] = {}

    def run(seconds: float, frame: float = 1 / 60) -> None:
        for _ in range(round(seconds / frame)):
            game.dispatch_events()
            game.advance(frame)
            context.update()
            device.render(round(44100 * frame))

    def tap(*symbols: int) -> None:
        for symbol in symbols:
            game.on_key_press(symbol, 0)
            game.on_key_release(symbol, 0)

    def load() -> None:
        screen = game.screen_shown
        assert isinstance(screen, LoadingScreen)
        screen.loading.wait()
        run(1.5)
        tap(key.ENTER)

    def shown() -> str:
        return game.screen_shown.name

    tap(key.S, key.DOWN, key.LEFT)
    facts["settings"] = (shown(), context.stats()["sources"], game.mixer.settings.music)
    run(0.1)
    game.save_picture(folder / "settings.png")
    tap(key.MINUS)
    run(0.1)
    game.save_picture(folder / "softer.png")
    tap(key.PLUS)
    tap(key.ESCAPE)
    facts["after settings"] = shown()

    tap(key.ENTER)
    load()
    facts["before level 1"] = shown()
    lesson = game.screen_shown
    assert isinstance(lesson, LessonScreen)
    answers = []
    for symbol in (key.RIGHT, key.LEFT, key.RIGHT, key.UP, key.DOWN):  # the first one is wrong
        tap(symbol)
        answers.append(lesson.question)
        run(2)
    facts["lesson"] = (answers, shown())

    world = game.screen_shown.world
    facts["hints"] = [game.screen_shown.view.hints]
    world.goals[0].x, world.goals[0].y = world.boat.x, world.boat.y
    run(0.1)
    facts["hints"].append(game.screen_shown.view.hints)
    game.save_picture(folder / "hud.png")

    game.overlay.visible = True
    run(0.3)
    facts["overlay"] = (game.overlay.counters(), game.overlay.rows())
    game.overlay.visible = False

    times = []
    for frame in (1 / 60, 1 / 12):
        before = world.time
        run(2, frame)
        times.append(world.time - before)
    facts["seconds of the rules in 2 s"] = times
    assert '"slow"' not in trace.getvalue()
    before = world.time
    run(5, 0.25)
    facts["slow"] = (world.time - before, trace.getvalue().count('"slow"'))

    tap(key.P, key.MINUS)
    run(0.3)
    game.save_picture(folder / "paused.png")
    tap(key.S)
    run(0.1)
    game.save_picture(folder / "paused settings.png")
    tap(key.ESCAPE)
    tap(key.P)
    world.boat.hull, world.boat.safe_for = 1, 0.0
    world.mines[0].x, world.mines[0].y = world.boat.x, world.boat.y
    run(2.5)
    run(1)
    game.save_picture(folder / "lost.png")
    facts["lost"] = (shown(), game.screen_shown.words, game.mixer.settings.best)
    tap(key.ENTER)
    facts["again"] = (shown(), game.score)
    game.sail(LEVELS[2])
    load()
    facts["level 3"] = (shown(), game.screen_shown.view.hints)
    game.close()
    context.destroy()
    return facts


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
