"""The programs of the tutorial do what their pages say. Each runs on a virtual screen and a recorded device."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.play_tutorial import USERS
from tests.game.test_game import CHECKOUT, PATIENCE, Screen

if TYPE_CHECKING:
    from pathlib import Path

TUTORIAL = CHECKOUT / "docs" / "tutorial"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the reader has it: the programs, and the sounds that one of them made."""
    folder = tmp_path_factory.mktemp("tutorial")
    for program in TUTORIAL.glob("*.py"):
        (folder / program.name).write_text(program.read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, "make_sounds.py"], cwd=folder, check=True, timeout=PATIENCE)
    return folder


@pytest.mark.parametrize("name", USERS)
def test_program_does_what_its_page_says(name: str, screen: Screen, folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.docs.play_tutorial", name]
    environment = {**screen.environment, "PYTHONPATH": str(CHECKOUT), "XDG_CONFIG_HOME": str(folder / "config")}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_program_has_a_user() -> None:
    assert {program.stem for program in TUTORIAL.glob("*.py")} == {*USERS, "make_sounds"}


@pytest.mark.parametrize("name", USERS)
def test_page_includes_its_program(name: str) -> None:
    assert f"```{{literalinclude}} {name}.py\n" in (TUTORIAL / f"{name}.md").read_text(encoding="utf-8")
