"""The reference has every public name, with its thread and whether it blocks."""

from __future__ import annotations

import inspect
import re
import runpy
from typing import Any

import pytest

import pyglet_palace as palace
from tests.game.test_game import CHECKOUT

REFERENCE = CHECKOUT / "docs" / "reference"


@pytest.fixture(scope="module")
def extension() -> dict[str, Any]:
    """The names of the site's Sphinx extension."""
    return runpy.run_path(str(CHECKOUT / "docs" / "reference_rules.py"))


@pytest.fixture(scope="module")
def rules(extension: dict[str, Any]) -> dict[str, object]:
    """The rule of each name, as the site has it."""
    rule_of: dict[str, object] = extension["RULE_OF"]
    return rule_of


def test_reference_has_every_public_name() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.rst"))
    listed = re.findall(r"^\.\. auto(?:function|class|data|exception):: pyglet_palace\.(\w+)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(palace.__all__)


def test_every_call_has_a_thread_rule(rules: dict[str, object]) -> None:
    calls = {name for name in palace.__all__ if callable(getattr(palace, name))} - {"Name"}
    assert {name for name in rules if "." not in name} == calls


def test_every_constant_has_a_comment(extension: dict[str, Any]) -> None:
    constants = {name for name in palace.__all__ if not callable(getattr(palace, name))} | {"Name"}
    assert set(extension["constant_docs"]()) >= constants


def test_thread_rules_are_of_members_that_exist(rules: dict[str, object]) -> None:
    for name in rules:
        thing: object = palace
        for part in name.split("."):
            thing = inspect.getattr_static(thing, part)
