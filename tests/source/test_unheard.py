"""Settings that OpenAL ignores: one warning for each sound, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE, loaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.room import Room

Warnings = Any


@pytest.fixture
def stereo(context: palace.Context, tmp_path: Path) -> palace.Buffer:
    return palace.Buffer(sounds.wav(tmp_path / "stereo.wav", channels=2))


@pytest.fixture
def mono(context: palace.Context, tmp_path: Path) -> palace.Buffer:
    return palace.Buffer(sounds.wav(tmp_path / "mono.wav"))


def placed(*position: float, **properties: Any) -> palace.Source:
    source = palace.Source()
    source.position = position
    for name, value in properties.items():
        setattr(source, name, value)
    return source


def test_position_of_stereo_is_reported_once(stereo: palace.Buffer, logged_warnings: Warnings) -> None:
    for x in (1, 2):
        stereo.play(placed(x, 0, 0))
    (text,) = logged_warnings()
    assert "stereo.wav' is a stereo sound, so the position of its source has no effect" in text
    assert "spatialize = True" in text
    assert "mono" in text


def test_position_set_while_playing_is_reported(
    stereo: palace.Buffer, mono: palace.Buffer, logged_warnings: Warnings
) -> None:
    mono.play().position = 1, 2, 3
    source = stereo.play()
    assert not logged_warnings()
    source.position = 1, 2, 3
    assert len(logged_warnings()) == 1


@pytest.mark.parametrize("options", [{"position": (1, 0, 0)}, {"gain": 2.0}])
def test_play_that_waited_is_reported(
    context: palace.Context, tmp_path: Path, logged_warnings: Warnings, options: dict[str, Any]
) -> None:
    """A sound that `palace.play` loads is reported when it starts, as one that is cached."""
    palace.play(sounds.wav(tmp_path / "late.wav", channels=2), **options)
    assert not logged_warnings()
    loaded(context)
    (text,) = logged_warnings()
    assert "late.wav'" in text


def test_stream_with_a_position_is_reported(stereo: palace.Buffer, logged_warnings: Warnings) -> None:
    palace.Decoder(stereo.name).play(source=placed(1, 0, 0))
    assert len(logged_warnings()) == 1


@pytest.mark.parametrize("properties", [{"spatialize": True}, {"spatialize": False}, {"pan": 1}])
def test_deliberate_places_are_not_reported(
    stereo: palace.Buffer, logged_warnings: Warnings, properties: dict[str, Any]
) -> None:
    stereo.play(placed(1, 0, 0, **properties))
    stereo.play(placed(0, 0, 0))
    assert not logged_warnings()


def test_each_sound_is_reported(stereo: palace.Buffer, tmp_path: Path, logged_warnings: Warnings) -> None:
    stereo.play(placed(1, 0, 0))
    palace.Buffer(sounds.wav(tmp_path / "other.wav", channels=2)).play(placed(1, 0, 0))
    assert len(logged_warnings()) == 2


def loud(gain: float, **properties: Any) -> Callable[[palace.Buffer], object]:
    return lambda buffer: buffer.play(placed(0, 0, 0, gain=gain, **properties))


def while_playing(buffer: palace.Buffer) -> None:
    buffer.play().gain = 1.5


def in_a_group(buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    group.gain = 3.0
    buffer.play(placed(0, 0, 0, group=group))


@pytest.mark.parametrize(
    "play",
    [
        *(loud(1.5), loud(2, position=(0.5, 0, 0)), loud(2, position=(9, 0, 0), rolloff_factors=(0, 0))),
        *(loud(2, pan=1), while_playing, in_a_group),
    ],
)
def test_gain_that_is_not_heard_is_reported(
    mono: palace.Buffer, logged_warnings: Warnings, play: Callable[[palace.Buffer], object]
) -> None:
    play(mono)
    play(mono)
    (text,) = logged_warnings()
    assert "mono.wav' has a gain of" in text
    assert "which sounds like 1" in text
    assert "gain_range" in text
    assert "Listener.gain" in text


def test_gain_of_stereo_is_not_attenuated(stereo: palace.Buffer, logged_warnings: Warnings) -> None:
    stereo.play(placed(0, 0, 0, gain=2)).position = 0, 0, 0
    assert len(logged_warnings()) == 1


@pytest.mark.parametrize(
    "properties", [{"gain": 1}, {"gain": 4, "position": (9, 0, 0)}, {"gain": 2, "cone_angles": (10, 20)}]
)
def test_gain_that_may_be_heard_is_not_reported(
    mono: palace.Buffer, logged_warnings: Warnings, properties: dict[str, Any]
) -> None:
    mono.play(placed(0, 0, 0, **properties))
    assert not logged_warnings()


def test_distance_is_from_the_listener(mono: palace.Buffer, context: palace.Context, logged_warnings: Warnings) -> None:
    context.listener.position = 50, 0, 0
    mono.play(placed(0, 0, 0, gain=2))
    assert not logged_warnings()
    mono.play(placed(0, 0, 0, gain=2, relative=True))
    assert len(logged_warnings()) == 1


#: Right of the listener by half the width of `STAGE`.
SIDE = {"position": (500, 0)}
STAGE = palace.SoundStage(1000, reach=600)


@pytest.mark.parametrize(
    ("stage", "properties", "limit"),
    [
        *((None, {"pan": -1}, "1.19"), (None, {"pan": 0.5}, "1.06"), (None, {"pan": 0}, "1")),
        *((STAGE, SIDE, "1.12"), (STAGE, {"pan": 1}, "1.19"), (palace.SoundStage(1000), {"position": (0, 499)}, "1")),
    ],
)
def test_limit_of_a_place_is_the_heard_one(
    room: Room, logged_warnings: Warnings, stage: Any, properties: dict[str, Any], limit: str
) -> None:
    """The gain that the law of a place takes away can be given back."""
    room.context.stage = stage
    source = room.play(room.tone(), **properties)
    plain = sum(room.ears(source))
    lower, higher = float(limit) - 0.01, float(limit) + 0.1
    assert sum(room.ears(source, gain=lower)) == pytest.approx(plain * lower, rel=1e-3)
    assert not logged_warnings()
    assert sum(room.ears(source, gain=higher)) == pytest.approx(plain * float(limit), rel=0.005)
    (text,) = logged_warnings()
    assert f"has a gain of {higher:g}, which sounds like {limit}:" in text


@pytest.mark.parametrize(
    ("stage", "properties"),
    [
        *((STAGE, {"position": (0, 601)}), (palace.SoundStage(1000), {"position": (0, 501)})),
        *((STAGE, {**SIDE, "distance_range": (400, 9000)}), (STAGE, {**SIDE, "cone_angles": (10, 20)})),
    ],
)
def test_gain_beyond_reach_is_not_reported(
    room: Room, logged_warnings: Warnings, stage: palace.SoundStage, properties: dict[str, Any]
) -> None:
    room.context.stage = stage
    room.play(room.tone(), gain=4, **properties)
    assert not logged_warnings()


def test_gain_of_a_virtual_place_is_not_reported(device: palace.LoopbackDevice, logged_warnings: Warnings) -> None:
    """Its place is not sent yet, so that the limit is not known."""
    with palace.Context(device, auto_update=False, voices=1):
        buffer = palace.Buffer.from_samples(sounds.tone(1, 441, 0.2), RATE, "tone")
        buffer.play(priority=1)
        assert not buffer.play(looping=True, gain=1.15, pan=-1).audible
    assert not logged_warnings()


def test_listener_gain_is_the_cure(room: Room) -> None:
    source = room.play(room.tone())
    left, right = room.ears(source)
    assert room.ears(source, gain=2) == pytest.approx((left, right), rel=1e-3)
    room.context.listener.gain = 2
    assert room.ears(source) == pytest.approx((2 * left, 2 * right), rel=1e-3)
