"""``python -m examples.game`` from the checkout, or ``python examples/game`` from anywhere."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

folder = Path(__file__).resolve().parent
if not __package__:  # started by its path: the folder itself is on sys.path, where its parent belongs
    sys.path[0] = str(folder.parent)
app = importlib.import_module(f"{__package__ or folder.name}.app")

if __name__ == "__main__":
    sys.exit(app.main())
