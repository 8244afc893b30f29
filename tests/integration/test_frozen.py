"""A game frozen by PyInstaller plays: its bundle has OpenAL, libsndfile and the sounds."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from tests import sounds

if TYPE_CHECKING:
    from pathlib import Path

GAME = """
import sys
import pyglet
import pyglet_palace as palace

pyglet.resource.path = ["sounds.zip"]
context = palace.init()
source = palace.Buffer("door.wav").play()
stream = palace.decode("theme.ogg").play()
while source.playing or stream.playing:
    pyglet.clock.tick()
print(sys._MEIPASS)
print(sys.modules["openal.al_lib"].lib._name)
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("form", ["--onedir", "--onefile"])
def test_a_frozen_game_plays(form: str, tmp_path: Path) -> None:
    hooks = [point.value for point in entry_points(group="pyinstaller40")]
    assert "pyglet_palace._pyinstaller:get_hook_dirs" in hooks, "install the checkout again: pip install -e ."
    (tmp_path / "game.py").write_text(GAME)
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as file:
        file.write(sounds.wav(tmp_path / "made" / "door.wav"), "door.wav")
        file.write(sounds.write(tmp_path / "made" / "theme.ogg", sounds.tone(0.2)), "theme.ogg")
    freeze = [sys.executable, "-m", "PyInstaller", form, "--add-data", "sounds.zip:.", "game.py"]
    subprocess.run(freeze, cwd=tmp_path, check=True, capture_output=True)

    program = tmp_path / "dist" / ("game" if form == "--onefile" else "game/game")
    clean = {"ALSOFT_DRIVERS": "null", "TMPDIR": str(tmp_path)}
    run = subprocess.run([program], cwd=os.sep, env=clean, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    bundle, openal = run.stdout.splitlines()
    assert openal.startswith(bundle)
