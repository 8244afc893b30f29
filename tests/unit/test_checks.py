"""Ranges: one mechanism, errors that name the property, the value and the range."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pyglet_palace import _checks as checks


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
