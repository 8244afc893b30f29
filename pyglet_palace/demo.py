"""``python -m pyglet_palace.demo`` plays Fogbound, the example game.

The wheel has the game as ``pyglet_palace._fogbound``. In a checkout it is ``examples/game``, a program that uses public
names only.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def game() -> Any:
    """Import the game's module with its function `main`.

    Raises:
        ModuleNotFoundError: The package was installed without the game.
    """
    try:
        return importlib.import_module("pyglet_palace._fogbound.app")
    except ModuleNotFoundError as error:
        if error.name != "pyglet_palace._fogbound":
            raise
        return importlib.import_module("examples.game.app")


if __name__ == "__main__":
    sys.exit(game().main())
