"""A game frozen by PyInstaller plays: its bundle has OpenAL, libsndfile and the sounds."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests import sounds
from tests.docs.commands import commands

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "shipping.md"
FREEZE = [command.words[1:] for command in commands(PAGE) if command.words[0] == "pyinstaller"]

GAME = """
import sys
import pyglet
import pyglet_palace as palace

pyglet.resource.path = ["sounds.zip", "music"]
context = palace.init()
source = palace.Buffer("door.wav").play()
stream = palace.decode("theme.ogg").play()
while source.playing or stream.playing:
    pyglet.clock.tick()
print(pyglet.resource.get_script_home())
print(sys.modules["openal.al_lib"].lib._name)
"""


def write_game(folder: Path, header: str = "") -> None:
    """Write the game and its sounds: a zip file and a folder."""
    (folder / "game.py").write_text(header + GAME)
    with zipfile.ZipFile(folder / "sounds.zip", "w") as file:
        file.write(sounds.wav(folder / "made" / "door.wav"), "door.wav")
    sounds.write(folder / "music" / "theme.ogg", sounds.tone(0.2))


def run_game(program: Path) -> None:
    """Run the frozen game without the environment of this process. Its OpenAL comes from the bundle."""
    clean = {"ALSOFT_DRIVERS": "null", "TMPDIR": str(program.parent)}
    run = subprocess.run([program], cwd=os.sep, env=clean, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    bundle, openal = run.stdout.splitlines()
    assert openal.startswith(bundle + os.sep), run.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("arguments", FREEZE, ids=["folder", "file"])
def test_a_frozen_game_plays(arguments: list[str], tmp_path: Path) -> None:
    """Frozen by the commands of docs/how-to/shipping.md."""
    hooks = [point.value for point in entry_points(group="pyinstaller40")]
    assert "pyglet_palace._pyinstaller:get_hook_dirs" in hooks, "install the checkout again: pip install -e ."
    write_game(tmp_path)
    subprocess.run([sys.executable, "-m", "PyInstaller", *arguments], cwd=tmp_path, check=True, capture_output=True)

    run_game(tmp_path / "dist" / ("game" if "--onefile" in arguments else "game/game"))
