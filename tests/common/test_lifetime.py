"""Objects with an end: how they compare."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import pytest

from pyglet_palace._common.lifetime import Destroyable

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


class Thing(Destroyable):
    def __init__(self) -> None:
        self._init_lifetime()


def test_they_compare_by_age_and_are_equal_to_themselves_only() -> None:
    old, young = Thing(), Thing()
    assert [compare(old, young) for compare in COMPARISONS] == [True, True, False, False]
    assert [compare(young, old) for compare in COMPARISONS] == [False, False, True, True]
    assert [compare(old, old) for compare in COMPARISONS] == [False, True, False, True]
    assert old == old != young
    assert len({old, young, old}) == 2
    assert max(old, young) is young


@pytest.mark.parametrize("compare", COMPARISONS)
def test_they_do_not_compare_with_anything_else(compare: Callable[[object, object], bool]) -> None:
    with pytest.raises(TypeError):
        compare(Thing(), 1)
    with pytest.raises(TypeError):
        compare(None, Thing())
    assert Thing() != 1
