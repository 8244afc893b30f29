"""docs/how-to/testing.md: its files are a project whose tests pass, and whose failure looks as on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import sounds
from tests.docs.run_page import files
from tests.game.test_game import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = CHECKOUT / "docs" / "how-to" / "testing.md"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in files(PAGE).items():
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    for name in ("door.wav", "step.wav"):
        sounds.write(pytester.path / "sounds" / name, sounds.tone(0.5))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    return pytester.path


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "pytest_pyglet_palace", "-W", "error")


def test_tests_of_the_page_pass(pytester: pytest.Pytester, project: Path) -> None:
    run(pytester).assert_outcomes(passed=len(files(PAGE)) - 1)


def test_failure_looks_as_on_the_page(pytester: pytest.Pytester, project: Path) -> None:
    test = project / "tests" / "test_game.py"
    test.write_text(test.read_text().replace('louder("left")', 'louder("right")'))
    (block,) = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

    assert block in "\n".join(line.rstrip() for line in run(pytester).outlines)


def test_settings_of_the_page_are_known(pytester: pytest.Pytester, project: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    pytester.makefile(".toml", pyproject=block)
    (project / "src" / "mygame").mkdir(parents=True)
    arguments = ("-p", "pytest_pyglet_palace", "--strict-config", "--collect-only")
    assert pytester.runpytest_subprocess(*arguments).ret == 0
