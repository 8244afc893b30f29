"""The command line: a window with sound, or `--headless`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .levels import LEVELS, Level

_NO_WINDOW = """\
Fogbound needs a display to draw on, and there is none: {error}
On a machine without a screen, install a virtual one and run the game in it (Debian, Ubuntu):
    apt-get install xvfb xauth libgl1 libgl1-mesa-dri libglu1-mesa libegl1 fontconfig fonts-dejavu-core
    xvfb-run -a -s "-screen 0 1280x720x24" {command} --headless"""

#: How it was started, for messages: from the installed package or from the checkout.
_COMMAND = f"python -m {'examples.game' if __package__ == 'examples.game' else 'pyglet_palace.demo'}"


def main(arguments: list[str] | None = None) -> int:
    """Run the game and return the exit code."""
    parser = argparse.ArgumentParser(prog="fogbound", description="Fogbound: a small game to be played by ear.")
    parser.add_argument("--level", type=int, choices=[level.number for level in LEVELS], help="begin at this level")
    parser.add_argument("--trace", type=Path, help="write what happens to this file, a JSON object a line")
    parser.add_argument(
        "--headless", action="store_true", help="let it play itself; leave a screenshot and the sound as WAV"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it plays, headless (default: 20)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("fogbound"),
        help="where pictures and sound go (default: 'fogbound' in the current folder)",
    )
    options = parser.parse_args(arguments)
    if options.seconds < 1:
        parser.error("--seconds must be 1 or more")
    level = LEVELS[options.level - 1] if options.level else None

    try:
        import pyglet.window  # opens the display
    except Exception as error:  # what it raises depends on the system
        print(_NO_WINDOW.format(error=error or type(error).__name__, command=_COMMAND), file=sys.stderr)
        return 1
    from .art import use_assets

    use_assets()
    try:
        if options.headless:
            from . import headless

            headless.run(options.seconds, options.out, level)
        else:
            _run_windowed(level, options.out, options.trace)
    except (pyglet.window.WindowException, pyglet.window.NoSuchDisplayException) as error:
        print(_NO_WINDOW.format(error=error, command=_COMMAND), file=sys.stderr)
        return 1
    return 0


def _run_windowed(level: Level | None, pictures: Path, trace_to: Path | None) -> None:
    import pyglet

    import pyglet_palace as palace

    from .mixer import VOICES
    from .window import Game

    context = palace.init(voices=VOICES)
    trace = trace_to.open("w", encoding="utf-8") if trace_to else None
    try:
        settings = Path(pyglet.resource.get_settings_path("Fogbound"), "settings.json")
        game = Game(context, level, pictures=pictures, trace=trace, settings=settings)
        pyglet.clock.schedule_interval(game.advance, 1 / 60)
        pyglet.app.run()
    finally:
        palace.shutdown()
        if trace is not None:
            trace.close()
