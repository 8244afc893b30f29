"""Run the Python blocks of a page in order, in one namespace, as if a reader pasted them one below the other.

In a running event loop, a simulated user presses the space bar in each window, and leaves once nothing is loading.
After the last block the loop runs again, because the README's blocks belong above its `pyglet.app.run()`.

pytest-examples does not fit, because it runs blocks in pytest's own process. A page needs a new one: it opens windows,
enters event loops, sets `pyglet.resource.path`, and opens a default sound device, which OpenAL selects once a process.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyglet

import pyglet_palace as palace

_BLOCK = re.compile(r"^```python\n(?!# \S+\.py\n)(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^```python\n# (\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def python_blocks(page: Path) -> list[tuple[int, str]]:
    """The Python blocks of `page` that are no `files`: the number of lines above each, and its text."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, block.start(1)), block[1]) for block in _BLOCK.finditer(text)]


def files(page: Path) -> dict[str, str]:
    """The blocks of `page` that begin with the name of a file, by that name."""
    return {block[1]: block[2] for block in _FILE.finditer(page.read_text(encoding="utf-8"))}


def use_windows(dt: float) -> None:
    """Press a key in each window, and leave a running event loop once nothing is loading."""
    if not pyglet.app.event_loop.is_running:
        return
    for window in pyglet.app.windows:
        window.dispatch_event("on_key_press", pyglet.window.key.SPACE, 0)
    context = palace.current_context()
    if context is None or not context.pending_names:
        pyglet.app.exit()


def run_page(page: str) -> None:
    """Run the blocks of `page` and let errors out. A traceback shows the line of the page."""
    pyglet.clock.schedule_interval(use_windows, 0.25)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for lines_above, block in python_blocks(Path(page)):
        exec(compile("\n" * lines_above + block, page, "exec"), namespace)
    if pyglet.app.windows:
        pyglet.app.run()
