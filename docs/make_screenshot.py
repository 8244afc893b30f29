"""Makes ``docs/screenshot.png`` of the example game: ``python docs/make_screenshot.py``. Needs a display, or Xvfb."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent

with tempfile.TemporaryDirectory() as folder:
    game = [sys.executable, "-m", "examples.game", "--headless", "--out", folder]
    subprocess.run(game, cwd=HERE.parent, check=True)
    picture = Image.open(Path(folder, "screenshot.png")).convert("RGB").resize((960, 540), Image.Resampling.LANCZOS)
    picture.save(HERE / "screenshot.png", optimize=True)
