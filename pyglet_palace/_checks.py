"""What values a property takes: one way to check, one way to say what was wrong.

A check is called with the property's name and the value given; it returns the value to keep or raises `ValueError`
(out of range) or `TypeError` (not a number, not a vector ...), naming the property, the value and the range.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[str, Any], "_T"]

_T = TypeVar("_T")

Vector = tuple[float, float, float]

FLT_MAX = 3.4028234663852886e38


def number(low: float = -FLT_MAX, high: float = FLT_MAX, *, above: bool = False) -> Check[float]:
    """A number from `low` to `high`; with `above`, more than `low`. NaN is never in range."""
    if high == FLT_MAX:
        range_text = f"{'more than' if above else 'at least'} {low:g}" if low != -FLT_MAX else "a finite number"
    else:
        range_text = f"from {low:g} to {high:g}"

    def check(name: str, value: Any) -> float:
        try:
            result = float(value) if not isinstance(value, (str, bytes)) else float(None)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; it must be a number") from None
        except OverflowError:
            result = math.inf
        if not low <= result <= high or (above and result == low):
            raise ValueError(f"{name} is {value!r}; it must be {range_text}")
        return result

    return check


def integer(low: int, high: int | None = None) -> Check[int]:
    """A whole number from `low` to `high`."""
    range_text = f"{low} or more" if high is None else f"from {low} to {high}"

    def check(name: str, value: Any) -> int:
        try:
            result: int = value.__index__()
        except AttributeError:
            raise TypeError(f"{name} is {value!r}; it must be a whole number") from None
        if result < low or (high is not None and result > high):
            raise ValueError(f"{name} is {value!r}; it must be {range_text}")
        return result

    return check


def boolean(name: str, value: Any) -> bool:
    """A truth value; anything Python can tell the truth of."""
    return bool(value)


_coordinate = number()


def vector(name: str, value: Any) -> Vector:
    """Three finite numbers."""
    try:
        x, y, z = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}; it must be three numbers (x, y, z)") from None
    return _coordinate(name, x), _coordinate(name, y), _coordinate(name, z)


def two_vectors(name: str, value: Any) -> tuple[Vector, Vector]:
    """Two vectors: the direction of 'at', the direction of 'up'."""
    try:
        at, up = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}; it must be two vectors (at, up)") from None
    at, up = vector(f"{name}[0]", at), vector(f"{name}[1]", up)
    if not any((at[1] * up[2] - at[2] * up[1], at[2] * up[0] - at[0] * up[2], at[0] * up[1] - at[1] * up[0])):
        raise ValueError(f"{name} is {value!r}; 'at' and 'up' must be directions that are not parallel")
    return at, up


def one_of(choices: Mapping[str, Any]) -> Check[str]:
    """One of the keys of `choices`."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, choices))}")
        return value

    return check
