"""Measures of the import, each in a new interpreter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .processes import python

if TYPE_CHECKING:
    from .config import Config
    from .stats import Series

_CODE = """
import json, sys, threading, time
start = time.perf_counter()
import pyglet, pyglet.resource, pyglet.clock
of_pyglet = time.perf_counter() - start
start = time.perf_counter()
import pyglet_palace
took = time.perf_counter() - start
libraries = sum(name in sys.modules for name in ("numpy", "soundfile", "openal", "ctypes.util"))
devices = len(pyglet_palace._common.registry.open_devices())
print(json.dumps([of_pyglet, took, libraries, threading.active_count() - 1 + devices]))
"""


def ours(config: Config) -> Series:
    """``import pyglet_palace`` after the modules of pyglet that it uses, and what the import loads and starts."""
    series: Series = {"import": [], "import.pyglet": [], "import.ratio": []}
    for _ in range(3 * config.repeats):
        of_pyglet, took, libraries, started = json.loads(python(_CODE))
        series["import"].append(took * 1e3)
        series["import.pyglet"].append(of_pyglet * 1e3)
        series["import.ratio"].append(took / of_pyglet)
        series["import.libraries"] = [float(libraries)]
        series["import.started"] = [float(started)]
    return series
