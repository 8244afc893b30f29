"""The defaults in docs/palace.md are what things are made with, and what can be set keeps what it is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from tests.palace_page import PROPERTIES, Row, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: A new one of each class whose defaults are on the page.
MADE: dict[str, Callable[[palace.Context], Any]] = {
    "Context": lambda context: context,
    "Listener": palace.Listener,
    "Source": palace.Source,
    "SendPath": lambda context: palace.Source(context).sends[0],
    "SourceGroup": palace.SourceGroup,
    "BaseEffect": lambda context: palace.ReverbEffect(context=context),
    "ReverbEffect": lambda context: palace.ReverbEffect(context=context),
    "ChorusEffect": lambda context: palace.ChorusEffect(context=context),
}

DEFAULTS = [row for row in PROPERTIES if row["default here"]]


def flat(value: Any) -> list[Any]:
    """A value without its brackets, so that numbers in it can be compared with some tolerance."""
    return [inner for one in value for inner in flat(one)] if isinstance(value, (tuple, list)) else [value]


def same(value: Any, wanted: Any) -> bool:
    approximate = [pytest.approx(one) if isinstance(one, float) else one for one in flat(wanted)]
    return type(value) is type(wanted) and flat(value) == approximate


@pytest.mark.parametrize("row", DEFAULTS, ids=repr)
def test_a_property_has_the_default_on_the_page_and_takes_it(context: palace.Context, row: Row) -> None:
    one = MADE[row.section](context)
    default = value_of(row["default here"])

    assert same(getattr(one, row.name), default)

    if "set" in row["here"]:
        setattr(one, row.name, default)
        assert same(getattr(one, row.name), default)


def test_all_that_palace_lets_set_has_a_default_on_the_page() -> None:
    without = {repr(row) for row in PROPERTIES if "set" in row["here"] and not row["default here"]}
    assert without == {"Context.message_handler", "Buffer.loop_points", "Source.resampler_index"}


def test_resampler_index_is_the_default_of_the_context(context: palace.Context) -> None:
    assert palace.Source(context).resampler_index == context.default_resampler_index
