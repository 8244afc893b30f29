"""Plugin for pytest: the fixture ``sound`` of a game's tests.

pytest imports this module at its start. It is no part of the package, because importing the package imports pyglet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyglet_palace.testing import Recorder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option."""
    parser.addini(
        "pyglet_script_home",
        "Folder that relative folders of pyglet.resource.path start from in tests with the fixture `sound`, relative "
        "to the root folder of the tests (default: that folder)",
        default="",
    )


@pytest.fixture
def sound(pytestconfig: pytest.Config) -> Iterator[Recorder]:
    """The sound of the game: a loopback device and a mock clock, see `pyglet_palace.testing.Recorder`."""
    from pyglet_palace.testing import Recorder

    with Recorder(pytestconfig.rootpath / pytestconfig.getini("pyglet_script_home")) as recorder:
        yield recorder
