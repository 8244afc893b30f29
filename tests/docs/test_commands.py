"""The commands of the pages: those of the package run, the others agree with the files that they name.

A rule belongs to a program, whichever page has it. A command without a rule fails.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from examples.game import app
from tests import sounds
from tests.docs.commands import Command, commands
from tests.docs.test_pages import PAGES, name_of
from tests.game.test_game import CHECKOUT, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.game.test_game import Screen

#: The same words on a second page are the same command, except for a program that a page has.
COMMANDS = list(
    {
        (page if ".py" in command.text else "", *command.words): (page, command)
        for page in PAGES
        for command in commands(page)
    }.values()
)

#: What stands for the reader's own files in a description.
PLACEHOLDERS = {"PATH...": "assets", "FILE...": "assets/door.wav"}

#: Options with which a program of the package ends without a player, or tells about its subcommand.
ENDS = {
    "pyglet_palace.demo": ["--headless", "--seconds", "1"],
    "examples.game": ["--headless", "--seconds", "1"],
    "pyglet_palace check": ["--help"],
    "venv": ["--without-pip"],
    "pytest": ["--version"],
}

#: What is run, and what is not: it takes minutes, or changes the environment.
RUN = ("pyglet_palace", "pyglet_palace.demo", "examples.game", "venv", "zipfile", "pytest")


class Reader:
    """Somebody who types the commands in a folder of their own."""

    def __init__(self, folder: Path, screen: Screen) -> None:
        self.folder = folder
        self.environment = {**screen.environment, "PYTHONPATH": str(CHECKOUT), "ALSOFT_DRIVERS": "null"}
        for name in ("assets/door.wav", "sounds/door.wav", "sounds/horn.ogg"):
            sounds.write(folder / name, sounds.tone(0.2))

    def run(self, *arguments: str) -> None:
        """Run Python, and fail if it does."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def module(page: Path, words: list[str], reader: Reader) -> None:
    """``python -m NAME ...``: it runs, or exists."""
    name, *rest = words
    if name == "pip":
        install(rest)
        return
    assert name == "nuitka" or importlib.util.find_spec(name), f"there is no module {name}"
    if name in RUN:
        ends = ENDS.get(f"{name} {' '.join(rest)}", ENDS.get(name, []))
        reader.run("-m", name, *(PLACEHOLDERS.get(word, word) for word in rest), *ends)


def install(words: list[str]) -> None:
    """``pip install ...``: the extras are those of the package, and other packages those of its extras."""
    assert words[0] == "install"
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    for word in words[1:]:
        match = re.fullmatch(r"(?:(\.|pyglet-palace)(?:\[([\w,]+)\])?|(\w[\w-]*)|-e)", word)
        assert match, word
        for extra in (match[2] or "").split(",") if match[2] else ():
            assert re.search(rf"^{extra} = \[", project, re.MULTILINE), f"there is no extra {extra}"
        assert not match[3] or f'"{match[3]} ' in project or f'"{match[3]}"' in project, f"{match[3]} is in no extra"


def program(page: Path, words: list[str], reader: Reader) -> None:
    """``python FILE.py``: the page has the program, or it is beside the page and runs."""
    beside = page.parent / words[0]
    if beside.exists():
        shutil.copy(beside, reader.folder)
        reader.run(*words)
    else:
        assert page.read_text(encoding="utf-8").count(f"`{words[0]}`") >= 1, f"the page has no {words[0]}"


def freeze(page: Path, words: list[str], reader: Reader) -> None:
    """``pyinstaller ...``: tests/integration/test_frozen.py runs these lines of the page."""
    assert page.name == "shipping.md"
    assert words[-1] == "game.py"


def script(page: Path, words: list[str], reader: Reader) -> None:
    """``scripts/NAME ...``: it is a program of the checkout."""
    assert os.access(CHECKOUT / words[0], os.X_OK), f"there is no program {words[0]}"


def rule_of(words: list[str]) -> tuple[Callable[[Path, list[str], Reader], None], list[str]]:
    """Return what checks a command, and the words for it."""
    if words[:2] == ["python", "-m"]:
        return module, words[2:]
    if words[0] == "python" and len(words) > 1 and words[1].endswith(".py"):
        return program, words[1:]
    if words[0] == "pyinstaller":
        return freeze, words
    if words[0].startswith("scripts/"):
        return script, words
    raise AssertionError(f"no rule checks {' '.join(words)!r}; add one")


@pytest.mark.parametrize(
    ("page", "command"), COMMANDS, ids=[f"{name_of(page)}:{command.line}" for page, command in COMMANDS]
)
def test_command_works(page: Path, command: Command, screen: Screen, tmp_path: Path) -> None:
    rule, words = rule_of(command.words)
    rule(page, words, Reader(tmp_path, screen))


@pytest.mark.parametrize(
    "line",
    [
        "python -m pyglet_palace listen assets",
        "python -m pyglet_palace check no-such-folder",
        "python -m no_such_module",
        'python -m pip install -e ".[sound]"',
        "pip install no-such-package",
        "python no_such_program.py",
        "scripts/no-such-script",
        "make all",
    ],
)
def test_wrong_command_fails(line: str, screen: Screen, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        test_command_works(CHECKOUT / "README.md", Command(1, line, True), screen, tmp_path)


# Debian's packages


def packages(text: str) -> set[str]:
    """The words of `text` that are names of packages."""
    return set(re.findall(r"(?:lib[a-z]+\d[\w.-]*|xvfb|xauth|fontconfig|fonts-[\w-]+|python3-venv)(?![\w./-])", text))


def test_debian_packages_are_those_of_setup() -> None:
    """`libopenal1` is the system's OpenAL, for which the pages install the extra."""
    lines = [line for line in (CHECKOUT / "scripts" / "setup").read_text().splitlines() if "install " in line]
    wanted = packages("\n".join(line.partition("#")[0] for line in lines)) - {"libopenal1"}
    page = (CHECKOUT / "docs" / "get-started.md").read_text(encoding="utf-8")
    assert packages(" ".join(re.findall(r"`([^`]+)`", page))) == wanted
    assert packages(app._NO_WINDOW) == wanted - {"libatomic1", "python3-venv"}


def test_text_blocks_are_compared() -> None:
    """With what a program prints, by the test of their page."""
    pages = {name_of(page) for page in PAGES if "\n```text\n" in page.read_text(encoding="utf-8")}
    assert pages == {"docs/how-to/testing"}  # tests/docs/test_testing_page.py
