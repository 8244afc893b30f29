"""Source.pan: rendered on a stereo device, and compared with the law of equal power."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.room import Room

FIVE = (-1, -0.5, 0, 0.5, 1)


def power(ears: tuple[float, float]) -> float:
    return ears[0] ** 2 + ears[1] ** 2


def decibels(ratio: float) -> float:
    return 10 * math.log10(ratio)


def channels(room: Room, left: float, right: float) -> palace.Buffer:
    """A stereo tone with these levels."""
    return room.sound(sounds.tone(1, 441, 0.2, 2) * np.array([left, right], np.float32))


def test_mono_follows_the_law(room: Room) -> None:
    source = room.play(room.tone())
    full = math.sqrt(power(room.ears(source)))
    for pan in FIVE:
        right = (pan + 1) * math.pi / 4
        assert room.ears(source, pan=pan) == pytest.approx((full * math.cos(right), full * math.sin(right)), abs=1e-4)


def test_mono_has_equal_power_everywhere(room: Room) -> None:
    source = room.play(room.tone())
    middle = power(room.ears(source, pan=0))
    steps = [room.ears(source, pan=pan / 20) for pan in range(-20, 21)]
    for ears in steps:
        assert decibels(power(ears) / middle) == pytest.approx(0, abs=0.1)
    left, right = np.array(steps[1:-1]).T  # inside, no channel is dead
    assert decibels(min(left) ** 2 / middle) > -30
    assert decibels(min(right) ** 2 / middle) > -30
    # 1.19.1 limits the gain of the near ear from 48 to 60 degrees.
    assert np.diff(20 * np.log10(right)).min() > -0.1
    assert np.diff(20 * np.log10(left)).max() < 0.1


def test_stereo_is_balanced(room: Room) -> None:
    """The channel of the side stays; the other one moves to it, by the law, and is at most 1.5 dB quieter."""
    source = room.play(channels(room, 1, 0))
    full, nothing = room.ears(source)
    assert nothing < 1e-6
    for pan in (-1, -0.5, 0):
        assert room.ears(source, pan=pan) == pytest.approx((full, 0), abs=1e-6)
    for pan in (0.25, 0.5, 0.75, 1):
        left, right = room.ears(source, pan=pan)
        assert math.atan2(right, left) == pytest.approx(pan * math.pi / 2, abs=1e-3)
        assert -1.5 < decibels(power((left, right)) / full**2) < 0.1
    mirrored = room.ears(source, pan=0.5)
    room.silence(source)
    channels(room, 0, 1).play(source)
    assert room.ears(source, pan=-0.5) == pytest.approx(mirrored[::-1], abs=1e-4)
    assert room.ears(source, pan=0.5) == pytest.approx((0, full), abs=1e-6)


def test_pan_zero_leaves_stereo_exact(room: Room) -> None:
    buffer = channels(room, 1, 0.5)
    plain = room.heard(room.play(buffer))
    for source in buffer.sources:
        room.silence(source)
    assert room.heard(room.play(buffer, pan=0)) == pytest.approx(plain, abs=1e-6)


def test_last_of_pan_and_position_counts(room: Room) -> None:
    source = room.play(room.tone())
    panned, placed = room.ears(source, pan=-0.5), room.ears(source, position=(3, 0, 1))
    assert (source.pan, source.position) == (0, (3, 0, 1))
    assert room.ears(source, pan=-0.5) == pytest.approx(panned, rel=1e-3)
    assert (source.pan, source.position) == (-0.5, (0, 0, 0))
    room.silence(source)
    source.position = 3, 0, 1
    assert room.ears(room.tone().play(source)) == pytest.approx(placed, rel=1e-3)
    room.silence(source)
    source.pan = -0.5
    assert room.ears(room.tone().play(source)) == pytest.approx(panned, rel=1e-3)


def test_space_does_not_touch_a_panned_source(room: Room) -> None:
    source = room.play(room.tone())
    panned = room.ears(source, pan=0.5)
    space = {
        "velocity": (100, 0, 0), "distance_range": (0.01, 0.5), "rolloff_factors": (5, 0), "radius": 30.0,
        "cone_angles": (10, 20), "orientation": ((1, 0, 0), (0, 1, 0)), "spatialize": False, "relative": False,
    }  # fmt: skip
    room.context.listener.position = 50, 0, 0
    assert room.ears(source, **space) == pytest.approx(panned, rel=1e-3)
    room.silence(source)
    assert room.ears(room.tone().play(source)) == pytest.approx(panned, rel=1e-3)
    placed = room.ears(source, position=(60, 0, 0))
    room.silence(source)
    assert room.ears(room.play(room.tone(), position=(60, 0, 0), **space)) == pytest.approx(placed, rel=1e-3)
    assert placed != pytest.approx(panned, rel=0.1)


def test_gain_keeps_the_pan(room: Room) -> None:
    source = room.play(room.tone(), pan=1)
    left, right = room.ears(source)
    assert room.ears(source, gain=0.5) == pytest.approx((left / 2, right / 2), abs=1e-6)
    room.silence(source)
    assert room.ears(room.tone().play(source)) == pytest.approx((left / 2, right / 2), abs=1e-6)


def test_source_plays_mono_after_stereo(room: Room) -> None:
    source = room.play(channels(room, 1, 1), pan=1)
    stereo = room.ears(source)
    room.tone().play(source)  # replaces it, with the same voice
    mono = room.ears(source)
    assert stereo[1] == pytest.approx(2 / 0.8424 * mono[1], rel=0.01)
    channels(room, 1, 1).play(source)
    assert room.ears(source) == pytest.approx(stereo, rel=1e-3)


def test_voice_of_panned_source_returns_as_new(room: Room) -> None:
    before = room.ears(room.play(room.tone()))
    for source in room.context._engine.voices:
        room.silence(source.source)
    room.silence(room.play(room.tone(), pan=1))
    assert room.ears(room.play(room.tone())) == pytest.approx(before, rel=1e-3)
    assert room.context.stats()["voices"] == 1


def test_stream_is_panned(room: Room, tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "stream.wav", sounds.tone(1, 441, 0.2), subtype="FLOAT")
    source = palace.Source()
    source.pan = -1
    palace.Decoder(path).play(source=source)
    room.context._engine.fill_streams(5)
    left, right = room.ears(source)
    assert left > 0.05
    assert right < 1e-6


def test_hrtf_moves_the_sound_in_front(hrtf_room: Room) -> None:
    source = hrtf_room.play(hrtf_room.sound(sounds.noise(44100, 1, 0.2)))
    ratios = []
    for pan in FIVE:
        left, right = hrtf_room.ears(source, pan=pan)
        ratios.append(20 * math.log10(right / left))
    assert ratios == sorted(ratios)
    assert ratios[-1] > 10
    assert ratios[0] < -10
