"""A property: what is kept of it, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from pyglet_palace._common import checks
from pyglet_palace._openal.properties import Property


class Owner:
    """Carries a value on, unless it is one that is refused."""

    gain = Property(checks.number(0.0), 1.0, lambda al, number, value: None, "Loudness.")

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self.alive, self.refused = True, -1.0

    def _check_alive(self) -> None:
        if not self.alive:
            raise RuntimeError("dead")

    def _apply(self, changed: Property[Any], value: Any) -> None:
        assert self.gain == value  # it reads as what it is set to already
        if value == self.refused:
            raise KeyboardInterrupt


@pytest.mark.parametrize("before", [1.0, 0.5])
@pytest.mark.parametrize("refused", [1.0, 0.25])
def test_failed_apply_restores_the_value(before: float, refused: float) -> None:
    owner = Owner()
    owner.gain = before
    kept = dict(owner._values)
    owner.refused = refused
    with pytest.raises(KeyboardInterrupt):
        owner.gain = refused
    assert owner.gain == before
    assert owner._values == kept


def test_out_of_range_is_not_kept() -> None:
    owner = Owner()
    with pytest.raises(ValueError, match="gain is -1"):
        owner.gain = -1
    assert owner.gain == 1


def test_destroyed_owner_has_no_values() -> None:
    owner = Owner()
    owner.alive = False
    with pytest.raises(RuntimeError, match="dead"):
        owner.gain  # noqa: B018
    with pytest.raises(RuntimeError, match="dead"):
        owner.gain = 0.5
    assert owner._values == {}


def test_docstring_names_the_default() -> None:
    assert Owner.gain.__doc__ == "Loudness. Default: 1.0."
