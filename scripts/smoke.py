"""Run the first program of the README silently: without a screen and without a sound device.

Usage: python scripts/smoke.py

For an installed package on any system: it needs no test tools. Exit status 0 if all sounds of the program play.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("ALSOFT_DRIVERS", "null")

import numpy as np
import pyglet
import soundfile

README = Path(__file__).resolve().parents[1] / "README.md"
RATE = 44100
#: Seconds to wait for the sounds.
PATIENCE = 30.0


class Window(pyglet.event.EventDispatcher):
    """A window without a screen."""

    def __init__(self, **_options: Any) -> None:
        pass


Window.register_event_type("on_key_press")


def write_sounds(folder: Path) -> None:
    """Write the files that the program names."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    soundfile.write(folder / "door.wav", tone, RATE)
    soundfile.write(folder / "theme.ogg", np.column_stack([tone, tone]), RATE, format="OGG", subtype="VORBIS")


def main() -> int:
    """Run the program; return the exit status."""
    match = re.search(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert match, "the README has no program"
    windows: list[Window] = []
    started = time.monotonic()
    status = 1

    def open_window(**options: Any) -> Window:
        windows.append(Window(**options))
        return windows[-1]

    def press_key(_dt: float) -> None:
        import pyglet_palace as palace

        nonlocal status
        context = palace.current_context()
        assert context is not None
        loading = context.pending_names or not context.stats()["streams"]
        if loading and time.monotonic() - started < PATIENCE:
            return
        windows[0].dispatch_event("on_key_press", 32, 0)
        sounds = context.stats()
        print(f"{sounds['sources']} sounds play, {sounds['streams']} of them from a stream")
        status = 0 if sounds["sources"] == 2 and sounds["streams"] == 1 else 1
        pyglet.app.exit()

    with tempfile.TemporaryDirectory() as folder:
        write_sounds(Path(folder))
        os.chdir(folder)
        pyglet.options["shadow_window"] = False
        vars(pyglet)["window"] = SimpleNamespace(Window=open_window)
        pyglet.clock.schedule_interval(press_key, 0.1)
        pyglet.resource.path = [folder]
        exec(compile(match[1], str(README), "exec"), {"__name__": "__main__"})
        import pyglet_palace as palace

        palace.shutdown()  # closes theme.ogg, which Windows cannot delete before
        os.chdir(README.parent)
    return status


if __name__ == "__main__":
    sys.exit(main())
