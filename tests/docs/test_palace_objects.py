"""New objects have the defaults in docs/coming-from/palace.md, and settable properties keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from tests.palace_page import PROPERTIES, Row, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: Constructors of the classes whose defaults are on the page.
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
    """Flatten a value, so that its numbers can be compared with a tolerance."""
    return [inner for one in value for inner in flat(one)] if isinstance(value, (tuple, list)) else [value]


def same(value: Any, wanted: Any) -> bool:
    approximate = [pytest.approx(one) if isinstance(one, float) else one for one in flat(wanted)]
    return type(value) is type(wanted) and flat(value) == approximate


@pytest.mark.parametrize("row", DEFAULTS, ids=repr)
def test_defaults_match_the_page(context: palace.Context, row: Row) -> None:
    """A property also accepts its default."""
    one = MADE[row.section](context)
    default = value_of(row["default here"])

    assert same(getattr(one, row.name), default)

    if "set" in row["here"]:
        setattr(one, row.name, default)
        assert same(getattr(one, row.name), default)


def test_settable_properties_have_defaults() -> None:
    without = {repr(row) for row in PROPERTIES if "set" in row["here"] and not row["default here"]}
    assert without == {"Context.message_handler", "Buffer.loop_points", "Source.resampler_index"}


def test_resampler_defaults_to_the_context(context: palace.Context) -> None:
    assert palace.Source(context).resampler_index == context.default_resampler_index
