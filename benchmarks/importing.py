"""What an import costs, in a new interpreter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .processes import python

if TYPE_CHECKING:
    from .setting import Setting
    from .stats import Series

_OURS = """
import json, sys, threading, time
start = time.perf_counter()
import pyglet
alone = time.perf_counter() - start
start = time.perf_counter()
import pyglet_palace
took = time.perf_counter() - start
heavy = sum(name in sys.modules for name in ("numpy", "soundfile", "openal", "ctypes.util"))
devices = len(pyglet_palace._common.registry.open_devices())
print(json.dumps([alone, took, heavy, threading.active_count() - 1 + devices]))
"""


def ours(setting: Setting) -> Series:
    """``import pyglet_palace`` beyond ``import pyglet``; and what it has brought along."""
    pyglet, took, heavy, started = json.loads(python(_OURS))
    return {
        "import": [took * 1e3],
        "import.pyglet": [pyglet * 1e3],
        "import.libraries": [float(heavy)],
        "import.started": [float(started)],
    }
