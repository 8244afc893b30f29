"""Fixtures of the tests of the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.game.test_game import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()
