"""Checks of values: errors name the property, the value and the range."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyglet_palace._common import checks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 1.1, 10**400])
def test_out_of_range_error_has_the_range(value: Any) -> None:
    """It also has the name and the value."""
    with pytest.raises(ValueError, match=r"gain is .*; it must be from 0 to 1"):
        checks.number(0.0, 1.0)("gain", value)


@pytest.mark.parametrize("value", [None, "loud", [1], 1j])
def test_wrong_number_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="gain is"):
        checks.number()("gain", value)


def test_range_includes_both_ends() -> None:
    check = checks.number(0.0, 1.0)
    assert check("gain", 0) == 0.0
    assert check("gain", 1) == 1.0


def test_open_end_is_excluded() -> None:
    with pytest.raises(ValueError, match="pitch is 0; it must be more than 0"):
        checks.number(0.0, above=True)("pitch", 0)


def test_open_end_excludes_subnormals() -> None:
    check = checks.number(0.0, above=True)
    assert check("pitch", checks.FLT_MIN) == checks.FLT_MIN
    with pytest.raises(ValueError, match=r"more than 0 \(by 1.17549e-38 at least\), and finite"):
        check("pitch", 1e-38)


@pytest.mark.parametrize("value", [1.5, "1", None])
def test_fraction_is_not_an_integer(value: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        checks.integer(0)("priority", value)


def test_integer_may_have_a_maximum() -> None:
    assert checks.integer(0, 1000)("wake", 1000) == 1000
    with pytest.raises(ValueError, match="from 0 to 1000"):
        checks.integer(0, 1000)("wake", 1001)


@pytest.mark.parametrize("value", [1, (1, 2), (1, 2, 3, 4), "abc", (1, None, 3)])
def test_vector_has_three_numbers(value: Any) -> None:
    with pytest.raises(TypeError, match="position is"):
        checks.vector("position", value)


def test_vector_refuses_nan() -> None:
    with pytest.raises(ValueError, match="position is nan"):
        checks.vector("position", (0, math.nan, 0))


def test_vector_pair_error_has_an_index() -> None:
    with pytest.raises(TypeError, match=r"orientation\[1\]"):
        checks.two_vectors("orientation", ((0, 0, -1), (0, 1)))


def test_choice_error_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="'linear', 'none'"):
        checks.one_of({"linear": 1, "none": 0})("distance_model", "cubic")


@pytest.mark.parametrize("value", [5, None, ["linear"], b"linear"])
def test_choice_must_be_a_string(value: Any) -> None:
    with pytest.raises(TypeError, match="must be a str, one of 'linear'"):
        checks.one_of({"linear": 1})("distance_model", value)


def test_names_are_an_iterable() -> None:
    """A single name is refused."""
    assert checks.several("names", iter(["a", "b"])) == ("a", "b")
    for single in ("door.wav", b"door.wav", Path("door.wav")):
        with pytest.raises(TypeError, match=r"names is .*, a single name; .* such as \["):
            checks.several("names", single)
    with pytest.raises(TypeError, match="names is 5; it must be an iterable of names"):
        checks.several("names", 5)


def test_iterable_error_propagates() -> None:
    def names() -> Iterator[str]:
        yield "a"
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        checks.several("names", names())


@pytest.mark.parametrize("value", ["x" * 100_000, list(range(1000)), {"key": "value" * 50}])
def test_errors_shorten_what_was_given(value: object) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        checks.vector("position", value)

    text = str(caught.value)
    shown = text.removeprefix("position is ").partition("; it must be")[0]
    assert len(shown) == 80
    assert shown[:40] == repr(value)[:40]
    assert shown[-37:] == repr(value)[-37:]
