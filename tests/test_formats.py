"""sample_size, sample_length, and the tables of sample types and layouts."""

from __future__ import annotations

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import formats

ALL = [(config, kind) for config in palace.channel_configs for kind in palace.sample_types]


@pytest.mark.parametrize(
    ("length", "config", "kind", "size"),
    [
        (1, "Mono", "Unsigned 8-bit", 1),
        (1, "Mono", "Mulaw", 1),
        (3, "Stereo", "Signed 16-bit", 12),
        (3, "Rear", "32-bit float", 24),
        (5, "Quadrophonic", "Signed 16-bit", 40),
        (2, "5.1 Surround", "Signed 16-bit", 24),
        (2, "6.1 Surround", "32-bit float", 56),
        (2, "7.1 Surround", "Unsigned 8-bit", 16),
        (7, "B-Format 2D", "Signed 16-bit", 42),
        (7, "B-Format 3D", "Mulaw", 28),
        (0, "Mono", "Signed 16-bit", 0),
        (2**40, "Stereo", "32-bit float", 2**43),
    ],
)
def test_sample_size_counts_bytes(length: int, config: str, kind: str, size: int) -> None:
    """The size is frames times channels times bytes per sample."""
    assert palace.sample_size(length, config, kind) == size
    assert palace.sample_length(size, config, kind) == length


@pytest.mark.parametrize(("config", "kind"), ALL)
def test_partial_frames_do_not_count(config: str, kind: str) -> None:
    size = palace.sample_size(10, config, kind)

    assert palace.sample_length(size - 1, config, kind) == 9
    assert palace.sample_length(size, config, kind) == 10
    assert palace.sample_length(size + 1, config, kind) == 10 + (palace.sample_size(1, config, kind) == 1)


@pytest.mark.parametrize("function", [palace.sample_size, palace.sample_length])
@pytest.mark.parametrize(
    ("number", "config", "kind", "said"),
    [
        (-1, "Mono", "Signed 16-bit", "-1"),
        (1, "mono", "Signed 16-bit", "channel_config is 'mono'; it must be one of 'Mono', 'Stereo'"),
        (1, "Mono", "Signed 24-bit", "sample_type is 'Signed 24-bit'; it must be one of 'Unsigned 8-bit'"),
        (1, 2, "Signed 16-bit", "channel_config is 2"),
        (1, [], "Signed 16-bit", r"channel_config is \[\]"),
    ],
)
def test_bad_size_arguments_are_named(function: object, number: int, config: str, kind: str, said: str) -> None:
    """The error names the argument and the accepted values."""
    with pytest.raises(ValueError, match=said):
        function(number, config, kind)  # type: ignore[operator]


def test_tables_cover_types_and_layouts() -> None:
    assert set(formats.SAMPLE_BYTES) == set(formats.DTYPES) == set(palace.sample_types)
    assert set(formats.CHANNELS) == set(palace.channel_configs)
    assert set(formats.AL_FORMATS) == set(ALL)
    assert len({value for value, _ in formats.AL_FORMATS.values()}) == len(ALL)
    for kind, dtype in formats.DTYPES.items():
        assert np.dtype(dtype).itemsize == formats.SAMPLE_BYTES[kind]
    for count, config in formats.CONFIG_OF_CHANNELS.items():
        assert formats.CHANNELS[config] == count
