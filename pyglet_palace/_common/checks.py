"""Checks of arguments and property values, with uniform error messages.

A check takes the name of the property and a value. It returns the value to keep, or raises `ValueError` (out of range)
or `TypeError` (not a number, not a vector ...). The message names the property, the value and the range.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, TypeVar

from .text import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Check = Callable[[str, Any], "_T"]

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=str)

Vector = tuple[float, float, float]

#: The largest and the smallest positive normal 32-bit float. OpenAL uses 32-bit floats.
FLT_MAX, FLT_MIN = 3.4028234663852886e38, 1.1754943508222875e-38


def number(low: float = -FLT_MAX, high: float = FLT_MAX, *, above: bool = False) -> Check[float]:
    """Make a check for a number from `low` to `high`.

    Args:
        low: The minimum.
        high: The maximum.
        above: Whether the number must be greater than `low`, by at least `FLT_MIN`.

    Returns:
        The check. It refuses NaN.
    """
    if high == FLT_MAX:
        least = f"more than {low:g} (by {FLT_MIN:g} at least)" if above else f"at least {low:g}"
        bound = f"{least}, and " if low != -FLT_MAX else ""
        range_text = f"{bound}finite"
    else:
        range_text = f"from {low:g} to {high:g}"

    def check(name: str, value: Any) -> float:
        result = value if type(value) is float else _as_float(name, value)
        if not low <= result <= high or (above and result - low < FLT_MIN):
            raise ValueError(f"{name} is {short_repr(value)}; it must be {range_text}")
        return result

    return check


def _as_float(name: str, value: Any) -> float:
    try:
        return float(value) if not isinstance(value, (str, bytes)) else float(None)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {short_repr(value)}; it must be a number") from None
    except OverflowError:
        return math.inf


def integer(low: int, high: int | None = None) -> Check[int]:
    """Make a check for a whole number from `low` to `high`."""
    range_text = f"{low} or more" if high is None else f"from {low} to {high}"

    def check(name: str, value: Any) -> int:
        try:
            result: int = value if type(value) is int else value.__index__()
        except AttributeError:
            raise TypeError(f"{name} is {short_repr(value)}; it must be a whole number") from None
        if result < low or (high is not None and result > high):
            raise ValueError(f"{name} is {short_repr(value)}; it must be {range_text}")
        return result

    return check


def boolean(name: str, value: Any) -> bool:
    """Return the truth value of any object."""
    return bool(value)


def boolean_or_none(name: str, value: Any) -> bool | None:
    """Return the truth value of an object, or None for None."""
    return None if value is None else bool(value)


def three_flags(first: str, second: str, third: str) -> Check[tuple[bool, bool, bool]]:
    """Make a check for three truth values, named `first`, `second` and `third` in the error."""

    def check(name: str, value: Any) -> tuple[bool, bool, bool]:
        try:
            one, two, three = value
        except (TypeError, ValueError):
            raise TypeError(
                f"{name} is {short_repr(value)}; it must be three bools ({first}, {second}, {third})"
            ) from None
        return bool(one), bool(two), bool(three)

    return check


def pair(first: str, second: str, low: float, high: float, *, ordered: bool = False) -> Check[tuple[float, float]]:
    """Make a check for two numbers from `low` to `high`, named `first` and `second` in the error.

    With `ordered`, the first must not be greater than the second.
    """
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
            raise TypeError(f"{name} is {short_repr(value)}; it must be two numbers ({first}, {second})") from None
        try:
            one, two = single(f"{name}[0]", one), single(f"{name}[1]", two)
            if ordered and one > two:
                raise ValueError
        except ValueError:
            raise ValueError(f"{name} is {short_repr(value)}; it must be ({first}, {second}), {range_text}") from None
        return one, two

    return check


_coordinate = number()


def vector(name: str, value: Any) -> Vector:
    """Check that `value` is three finite numbers."""
    try:
        x, y, z = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {short_repr(value)}; it must be three numbers (x, y, z)") from None
    return _coordinate(name, x), _coordinate(name, y), _coordinate(name, z)


def point(name: str, value: Any) -> Any:
    """Check that `value` is two or three finite numbers. The owner decides whether two are enough."""
    try:
        numbers = tuple(value)
    except TypeError:
        numbers = ()
    if len(numbers) == 3:
        x, y, z = numbers
        if (
            type(x) is type(y) is type(z) is float  # the usual case, in less time
            and -FLT_MAX <= x <= FLT_MAX
            and -FLT_MAX <= y <= FLT_MAX
            and -FLT_MAX <= z <= FLT_MAX
        ):
            return numbers
        return _coordinate(name, x), _coordinate(name, y), _coordinate(name, z)
    if len(numbers) == 2:
        x, y = numbers
        return _coordinate(name, x), _coordinate(name, y)
    raise TypeError(f"{name} is {short_repr(value)}; it must be three numbers (x, y, z)")


def two_vectors(name: str, value: Any) -> tuple[Vector, Vector]:
    """Check that `value` is two directions, 'at' and 'up', that are not parallel."""
    try:
        at, up = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {short_repr(value)}; it must be two vectors (at, up)") from None
    at, up = vector(f"{name}[0]", at), vector(f"{name}[1]", up)
    if not any((at[1] * up[2] - at[2] * up[1], at[2] * up[0] - at[0] * up[2], at[0] * up[1] - at[1] * up[0])):
        raise ValueError(f"{name} is {short_repr(value)}; 'at' and 'up' must be directions that are not parallel")
    return at, up


def one_of(choices: Collection[_Choice]) -> Check[_Choice]:
    """Make a check for one of `choices`, or of the keys of a mapping."""
    range_text = f"one of {', '.join(map(repr, choices))}"

    def check(name: str, value: Any) -> _Choice:
        if not isinstance(value, str):
            raise TypeError(f"{name} is {short_repr(value)}; it must be a str, {range_text}")
        for choice in choices:
            if choice == value:
                return choice
        raise ValueError(f"{name} is {short_repr(value)}; it must be {range_text}")

    return check


def string(name: str, value: Any) -> str:
    """Check that `value` is a `str`."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {short_repr(value)}; it must be a str")
    return value


def function_or_none(name: str, value: Any) -> Any:
    """Check that `value` can be called, or is None."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} is {short_repr(value)}; it must be a function or None")
    return value


def several(name: str, values: Any) -> tuple[Any, ...]:
    """Return an iterable of names as a tuple. A single name is refused, although a `str` is iterable."""
    if isinstance(values, (str, bytes, os.PathLike)):
        raise TypeError(
            f"{name} is {short_repr(values)}, a single name; it must be an iterable of names, "
            f"such as [{short_repr(values)}]"
        )
    try:
        each = iter(values)
    except TypeError:
        raise TypeError(f"{name} is {short_repr(values)}; it must be an iterable of names") from None
    return tuple(each)
