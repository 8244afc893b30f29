"""A game compiled by Nuitka plays, with the options of the page "Ship your game".

``python -m tests.integration.nuitka_game`` needs Nuitka (``pip install nuitka``), a C compiler and patchelf. It takes
5 to 20 minutes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .test_frozen import run_game, write_game

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "shipping.md"


def main() -> None:
    """Compile the game, move its folder, and run it there."""
    options = re.findall(r"^# nuitka-project.*\n", PAGE.read_text(), re.M)
    with TemporaryDirectory() as made, TemporaryDirectory() as elsewhere:
        write_game(Path(made), "".join(options))
        subprocess.run([sys.executable, "-m", "nuitka", "--jobs=1", "game.py"], cwd=made, check=True)
        (program,) = Path(made, "game.dist").rename(Path(elsewhere, "game")).glob("game.[be]*")
        run_game(program)
    print("the compiled game plays")


if __name__ == "__main__":
    main()
