"""What values a property takes: one way to check, one way to say what was wrong.

A check is called with the property's name and the value given; it returns the value to keep or raises `ValueError`
(out of range) or `TypeError` (not a number, not a vector ...), naming the property, the value and the range.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[str, Any], "_T"]

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=str)

Vector = tuple[float, float, float]

#: The largest number, and the smallest above 0 with all its digits, of the 32-bit floats that OpenAL uses.
FLT_MAX, FLT_MIN = 3.4028234663852886e38, 1.1754943508222875e-38


def number(low: float = -FLT_MAX, high: float = FLT_MAX, *, above: bool = False) -> Check[float]:
    """A number from `low` to `high`; with `above`, more than `low`, by `FLT_MIN` at least. NaN is never in range."""
    if high == FLT_MAX:
        least = f"more than {low:g} (by {FLT_MIN:g} at least)" if above else f"at least {low:g}"
        bound = f"{least}, and " if low != -FLT_MAX else ""
        range_text = f"{bound}finite"
    else:
        range_text = f"from {low:g} to {high:g}"

    def check(name: str, value: Any) -> float:
        try:
            result = float(value) if not isinstance(value, (str, bytes)) else float(None)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; it must be a number") from None
        except OverflowError:
            result = math.inf
        if not low <= result <= high or (above and result - low < FLT_MIN):
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


def boolean_or_none(name: str, value: Any) -> bool | None:
    """A truth value, or None for "whatever is usual"."""
    return None if value is None else bool(value)


def three_flags(first: str, second: str, third: str) -> Check[tuple[bool, bool, bool]]:
    """Three truth values, called `first`, `second` and `third`."""

    def check(name: str, value: Any) -> tuple[bool, bool, bool]:
        try:
            one, two, three = value
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; it must be three bools ({first}, {second}, {third})") from None
        return bool(one), bool(two), bool(three)

    return check


def pair(first: str, second: str, low: float, high: float, *, ordered: bool = False) -> Check[tuple[float, float]]:
    """Two numbers from `low` to `high`, called `first` and `second`; with `ordered`, the second not the smaller."""
    single = number(low, high)
    limit = "" if high == FLT_MAX else f" <= {high:g}"
    if ordered:
        range_text = f"{low:g} <= {first} <= {second}{limit}"
    elif low == -FLT_MAX:
        range_text = "each finite"
    else:
        range_text = f"{low:g} <= each{limit}"

    def check(name: str, value: Any) -> tuple[float, float]:
        try:
            one, two = value
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; it must be two numbers ({first}, {second})") from None
        try:
            one, two = single(f"{name}[0]", one), single(f"{name}[1]", two)
            if ordered and one > two:
                raise ValueError
        except ValueError:
            raise ValueError(f"{name} is {value!r}; it must be ({first}, {second}), {range_text}") from None
        return one, two

    return check


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


def one_of(choices: Mapping[_Choice, Any]) -> Check[_Choice]:
    """One of the keys of `choices`."""
    range_text = f"one of {', '.join(map(repr, choices))}"

    def check(name: str, value: Any) -> _Choice:
        if not isinstance(value, str):
            raise TypeError(f"{name} is {value!r}; it must be a str, {range_text}")
        for choice in choices:
            if choice == value:
                return choice
        raise ValueError(f"{name} is {value!r}; it must be {range_text}")

    return check


def string(name: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; it must be a str")
    return value


def several(name: str, values: Any) -> tuple[Any, ...]:
    """Names, of any iterable; a single one is refused, though a string is an iterable of its characters."""
    if isinstance(values, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} is {values!r}, a single name; it must be an iterable of names, such as [{values!r}]")
    try:
        each = iter(values)
    except TypeError:
        raise TypeError(f"{name} is {values!r}; it must be an iterable of names") from None
    return tuple(each)
