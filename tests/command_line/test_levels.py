"""Levels of samples: peak, silence at the start, clipping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyglet_palace._command_line import levels
from pyglet_palace._command_line.levels import Levels


def measured(values: Any, sample_type: str = "Signed 16-bit", channel_config: str = "Mono") -> Levels:
    dtype = {"Signed 16-bit": np.int16, "Unsigned 8-bit": np.uint8, "32-bit float": np.float32}[sample_type]
    return levels.measure(memoryview(np.array(values, dtype).tobytes()), channel_config, sample_type)


@pytest.fixture(params=[1, 2, 3, 5, 1 << 16])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_BLOCK", request.param)


@pytest.mark.usefixtures("_block")
def test_silent_frames_end_at_the_first_sound() -> None:
    assert measured([0, 3, -3, 0, 0, 40, 0, 0]).silent_frames == 5
    assert measured([0, 0, 0, 0, -40, 0], channel_config="Stereo").silent_frames == 2
    assert measured([0] * 7).silent_frames == 7


@pytest.mark.usefixtures("_block")
def test_three_samples_at_full_scale_clip() -> None:
    top, low = 32767, -32768
    assert measured([0, top, top, 0, low, low, 0]).clipped == 0
    assert measured([0, 0, top, top, top, top, top, 0, low, low, low]) == Levels(1.0, 2, 2, 2)


@pytest.mark.usefixtures("_block")
def test_channels_clip_on_their_own() -> None:
    """Three values in a row that belong to two channels do not clip."""
    assert measured([9, 32767, 32767, 32767, 9, 9, 9, 9], channel_config="Stereo").clipped == 0
    assert measured([9, 32767] * 3, channel_config="Stereo").clipped == 1


@pytest.mark.parametrize(
    ("sample_type", "values", "peak"),
    [
        ("Signed 16-bit", [0, -16384, 100], 0.5),
        ("Unsigned 8-bit", [128, 255, 128], 1.0),
        ("32-bit float", [0, 0.25, -0.75], 0.75),
    ],
)
def test_peak_is_relative_to_full_scale(sample_type: str, values: list[float], peak: float) -> None:
    assert measured(values, sample_type).peak == peak
