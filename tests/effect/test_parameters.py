"""The tables of effects and presets, as far as they can be checked without OpenAL."""

from __future__ import annotations

import ast
import inspect
import math
import pydoc
import re
import struct
import textwrap
import zlib
from typing import Any, get_args

import pytest

import pyglet_palace as palace
from pyglet_palace._openal import filters
from pyglet_palace.effect import _classes, _presets

CLASSES = [getattr(palace, name) for name in palace.__all__ if name.endswith("Effect")]
ROWS = [pytest.param(row, id=f"{cls.__name__}.{row.name}") for cls in CLASSES for row in cls._parameters.values()]


def test_there_are_113_presets() -> None:
    assert len(palace.reverb_preset_names) == len(set(palace.reverb_preset_names)) == 113
    assert palace.reverb_preset_names[0] == "GENERIC"


@pytest.mark.parametrize("name", palace.reverb_preset_names)
def test_presets_have_20_values_in_range(name: str) -> None:
    figures = _presets.preset(name)
    assert list(figures) == _presets._COLUMNS.split()
    assert len(figures) == 20
    for row, figure in figures.items():
        palace.ReverbEffect._parameters[row].check(row, figure)


def test_preset_values_match_the_header() -> None:
    # The sum is of the figures in AL/efx-presets.h of OpenAL Soft 1.19.1, as 32-bit floats in the order of our columns.
    packed = (struct.pack("<20f", *_presets.preset(name).values()) for name in palace.reverb_preset_names)
    rows = (name.encode() + row for name, row in zip(palace.reverb_preset_names, packed, strict=True))
    assert zlib.crc32(b"".join(rows)) == 168426516


def test_unknown_preset_suggests_names() -> None:
    with pytest.raises(ValueError, match="preset is 'Caves'; there is none of that name; did you mean 'CAVE'"):
        _presets.preset("Caves")
    with pytest.raises(ValueError, match="see reverb_preset_names"):
        _presets.preset("xyz")
    with pytest.raises(TypeError, match="preset is 3"):
        _presets.preset(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", ROWS)
def test_documented_ranges_hold(row: Any) -> None:
    if between := re.search(r"from (\S+) to (\S+)\. ", row.__doc__):
        low, high = map(float, between.groups())
        beyond: tuple[Any, ...] = math.nextafter(low, -math.inf), math.nextafter(high, math.inf), math.inf, -math.inf
        if isinstance(row.default, int):
            low, high, beyond = int(low), int(high), (int(low) - 1, int(high) + 1)
        else:
            beyond += (math.nan,)
        for value in (low, high, row.default):
            assert row.check("it", value) == value
        for value in beyond:
            with pytest.raises(ValueError, match="it is .*; it must be from"):
                row.check("it", value)
        with pytest.raises(TypeError):
            row.check("it", "1")
    elif isinstance(row.default, str):
        choices = re.findall(r"'(\w+)'", row.__doc__)[:-1]  # the last is the default
        assert len(choices) in (2, 3)
        for value in choices:
            assert row.check("it", value) == value
        with pytest.raises(ValueError, match="one of 'sine'|one of 'down'"):
            row.check("it", "Sine")
    elif row.default == (0.0, 0.0, 0.0):
        assert row.check("it", (0, 0, -1)) == (0.0, 0.0, -1.0)
        assert row.check("it", (0.6, 0.8, 0))
        with pytest.raises(ValueError, match="length 0 to 1"):
            row.check("it", (0.6, 0.8, 0.1))
        with pytest.raises(ValueError, match="nan"):
            row.check("it", (0, math.nan, 0))
        with pytest.raises(TypeError):
            row.check("it", 1)
    else:
        assert row.check("it", 0) is False
        assert row.check("it", 1) is True


@pytest.mark.parametrize("cls", CLASSES)
def test_parameter_numbers_are_unique(cls: Any) -> None:
    numbers = sorted(row.number for row in cls._parameters.values())
    assert numbers == list(range(1, len(numbers) + 1))


def test_signatures_match_the_tables() -> None:
    signatures = {cls.__name__: str(inspect.signature(cls)) for cls in CLASSES}
    assert signatures["BaseEffect"] == "(context=None)"
    assert signatures["ChorusEffect"] == (
        "(waveform='triangle', phase=90, depth=0.1, feedback=0.25, delay=0.016, context=None, *, rate=1.1)"
    )
    assert signatures["PitchShifterEffect"] == "(coarse_tune=12, fine_tune=0, context=None)"
    assert signatures["ReverbEffect"].startswith("(preset: 'str' = 'GENERIC', context:")
    received = "".join(pydoc.plain(pydoc.render_doc(palace.EchoEffect)).replace("|", "").split())  # 3.13 breaks lines
    assert "EchoEffect(delay=0.1,lr_delay=0.1" in received


@pytest.mark.parametrize("cls", CLASSES)
def test_type_hints_match_signatures(cls: Any) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    received = [
        node.body[0] for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    if cls is palace.ReverbEffect:  # it has a constructor of its own
        assert not received
        return
    (constructor,) = received
    assert isinstance(constructor, ast.FunctionDef)
    assert constructor.name == "__init__"
    row_types = {name: type(row.default).__name__ for name, row in cls._parameters.items()}
    for name, row in cls._parameters.items():
        if isinstance(row.default, str):
            (row_types[name],) = [
                alias
                for alias in ("Swing", "Direction", "Carrier")
                if ", ".join(map(repr, get_args(getattr(_classes, alias)))) in row.__doc__
            ]
    expected = ["self"]
    for argument in inspect.signature(cls).parameters.values():
        if argument.kind is argument.KEYWORD_ONLY and "*" not in expected:
            expected.append("*")
        kind = row_types.get(argument.name, "Context | None")
        expected.append(f"{argument.name}: {kind}={argument.default!r}")
    assert ast.unparse(constructor.args) == ", ".join(expected)


def test_choices_are_literal_types() -> None:
    assert get_args(_classes.Swing) == ("sine", "triangle")
    assert get_args(_classes.Direction) == ("down", "up", "off")
    assert get_args(_classes.Carrier) == ("sine", "sawtooth", "square")


def test_help_shows_ranges_and_defaults() -> None:
    text = pydoc.plain(pydoc.render_doc(palace.EchoEffect))
    assert "Delay of the first repeat in seconds, from 0 to 0.207. Default: 0.1." in text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((0.5, 1, 1), (0.5, 1.0, 1.0)),
        ([2, -1, 0.25], (1.0, 0.0, 0.25)),
        ((math.inf, -math.inf, 1), (1.0, 0.0, 1.0)),
    ],
)
def test_filters_are_clamped(given: Any, kept: Any) -> None:
    assert filters.check_filter("filter", given) == kept


@pytest.mark.parametrize("wrong", [1, None, (1, 1), (1, 1, 1, 1), "abc", (1, "1", 1), (None, 1, 1)])
def test_wrong_filter_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="filter"):
        filters.check_filter("filter", wrong)


def test_nan_is_refused_as_filter() -> None:
    with pytest.raises(ValueError, match=r"filter\[1\] is nan; it must be a number other than NaN"):
        filters.check_filter("filter", (1, math.nan, 1))
