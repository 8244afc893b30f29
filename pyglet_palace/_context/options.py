"""Options of `Context`: their defaults and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from .._common import checks
from .._common.text import short_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._common.checks import Check

#: Default of `Context.buffer_limit`, in bytes.
BUFFER_LIMIT = 512 * 1024 * 1024
#: Default of the disk cache's limit, in bytes.
DISK_CACHE_LIMIT = 1024 * 1024 * 1024
#: The largest number of voices that can be asked for.
MOST_VOICES = 65536
#: Voices that OpenAL Soft gives without a request.
USUAL_VOICES = 256

#: Where sounds are decoded, for type checkers.
Decoding = Literal["auto", "processes", "threads"]


def _or_none(check: Check[Any]) -> Check[Any]:
    return lambda name, value: value if value is None else check(name, value)


def _has(method: str, kind: str) -> Check[Any]:
    """Return the check of an object of pyglet by one of its methods: a subclass or a stand-in will do."""

    def check(name: str, value: Any) -> Any:
        if not hasattr(value, method):
            raise TypeError(f"{name} is {short_repr(value)}; it must be a {kind}")
        return value

    return check


_CHECKS: Mapping[str, Check[Any]] = {
    "update_interval": checks.number(0.0, above=True),
    "buffer_limit": checks.integer(1),
    "workers": _or_none(checks.integer(1, 64)),
    "decoding": checks.one_of(get_args(Decoding)),
    "cache_limit": _or_none(checks.integer(0)),
    "voices": _or_none(checks.integer(1, MOST_VOICES)),
    "clock": _or_none(_has("schedule_interval_soft", "pyglet.clock.Clock")),
    "loader": _or_none(_has("location", "pyglet.resource.Loader")),
}


def check_options(**options: Any) -> None:
    """Check options of a new context, in their order.

    Raises:
        TypeError, ValueError: An option has the wrong type or is out of range.
    """
    for name, value in options.items():
        _CHECKS[name](name, value)
