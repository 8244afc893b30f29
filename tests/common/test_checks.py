"""Ranges: one mechanism, errors that name the property, the value and the range."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyglet_palace._common import checks

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 1.1, 10**400])
def test_a_number_out_of_range_is_refused_by_name_value_and_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"gain is .*; it must be from 0 to 1"):
        checks.number(0.0, 1.0)("gain", value)


@pytest.mark.parametrize("value", [None, "loud", [1], 1j])
def test_what_is_no_number_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="gain is"):
        checks.number()("gain", value)


def test_both_ends_of_a_range_are_in_it() -> None:
    check = checks.number(0.0, 1.0)
    assert check("gain", 0) == 0.0
    assert check("gain", 1) == 1.0


def test_an_open_end_is_not_in_the_range() -> None:
    with pytest.raises(ValueError, match="pitch is 0; it must be more than 0"):
        checks.number(0.0, above=True)("pitch", 0)


def test_an_open_end_is_left_by_what_a_32_bit_float_can_tell() -> None:
    check = checks.number(0.0, above=True)
    assert check("pitch", checks.FLT_MIN) == checks.FLT_MIN
    with pytest.raises(ValueError, match=r"more than 0 \(by 1.17549e-38 at least\), and finite"):
        check("pitch", 1e-38)


@pytest.mark.parametrize("value", [1.5, "1", None])
def test_a_fraction_is_no_whole_number(value: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        checks.integer(0)("priority", value)


def test_a_whole_number_may_have_an_upper_end() -> None:
    assert checks.integer(0, 1000)("wake", 1000) == 1000
    with pytest.raises(ValueError, match="from 0 to 1000"):
        checks.integer(0, 1000)("wake", 1001)


@pytest.mark.parametrize("value", [1, (1, 2), (1, 2, 3, 4), "abc", (1, None, 3)])
def test_a_vector_is_three_numbers(value: Any) -> None:
    with pytest.raises(TypeError, match="position is"):
        checks.vector("position", value)


def test_a_vector_holds_no_nan() -> None:
    with pytest.raises(ValueError, match="position is nan"):
        checks.vector("position", (0, math.nan, 0))


def test_two_vectors_say_which_one_is_wrong() -> None:
    with pytest.raises(TypeError, match=r"orientation\[1\]"):
        checks.two_vectors("orientation", ((0, 0, -1), (0, 1)))


def test_a_choice_lists_the_others() -> None:
    with pytest.raises(ValueError, match="'linear', 'none'"):
        checks.one_of({"linear": 1, "none": 0})("distance_model", "cubic")


@pytest.mark.parametrize("value", [5, None, ["linear"], b"linear"])
def test_a_choice_that_is_no_string_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="must be a str, one of 'linear'"):
        checks.one_of({"linear": 1})("distance_model", value)


def test_names_are_any_iterable_but_not_one_name() -> None:
    assert checks.several("names", iter(["a", "b"])) == ("a", "b")
    for single in ("door.wav", b"door.wav", Path("door.wav")):
        with pytest.raises(TypeError, match=r"names is .*, a single name; .* such as \["):
            checks.several("names", single)
    with pytest.raises(TypeError, match="names is 5; it must be an iterable of names"):
        checks.several("names", 5)


def test_what_an_iterable_raises_is_not_hidden() -> None:
    def names() -> Iterator[str]:
        yield "a"
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        checks.several("names", names())
