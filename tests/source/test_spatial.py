"""Space, as it is heard: each property rendered, and compared with the formula where there is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, RATE
from tests.room import LENGTH, Room, pitch_of, rms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEED_OF_SOUND = 343.3


def level_at(samples: Any, frequency: float) -> float:
    """How much of `frequency` there is."""
    turns = np.exp(-2j * np.pi * frequency * np.arange(len(samples)) / RATE)
    return float(abs(np.mean(samples * turns)))


# How loud at which distance. The formulas are those of the OpenAL 1.1 specification, section 3.4.


def clamped(distance: float, reference: float, largest: float) -> float:
    return min(max(distance, reference), largest)


def inverse(distance: float, reference: float, largest: float, rolloff: float) -> float:
    return reference / (reference + rolloff * (distance - reference))


def linear(distance: float, reference: float, largest: float, rolloff: float) -> float:
    # The specification has min(distance, largest) here, which OpenAL Soft leaves to the clamped model.
    return 1 - rolloff * (distance - reference) / (largest - reference)


def exponent(distance: float, reference: float, largest: float, rolloff: float) -> float:
    return (distance / reference) ** -rolloff


FORMULAS: dict[str, Callable[..., float]] = {
    "inverse": inverse,
    "linear": linear,
    "exponent": exponent,
    "inverse clamped": lambda d, *how: inverse(clamped(d, *how[:2]), *how),
    "linear clamped": lambda d, *how: linear(clamped(d, *how[:2]), *how),
    "exponent clamped": lambda d, *how: exponent(clamped(d, *how[:2]), *how),
    "none": lambda *_: 1.0,
}


@pytest.mark.parametrize("model", FORMULAS)
@pytest.mark.parametrize(("reference", "largest", "rolloff"), [(1, 20, 1), (2, 10, 0.5), (4, 6, 0.9), (1, 20, 0)])
def test_gain_follows_the_distance_model(
    room: Room, model: str, reference: float, largest: float, rolloff: float
) -> None:
    source = room.play(room.tone(), position=(0, 0, -1), rolloff_factors=(0, 0))
    plain = room.loudness(source)
    room.context.distance_model = model
    source.distance_range, source.rolloff_factors = (reference, largest), (rolloff, 0)
    for distance in (1.5, 2, 3, 5, 8, 15, 40):
        expected = FORMULAS[model](distance, reference, largest, rolloff)
        factor = room.loudness(source, position=(0, 0, -distance)) / plain
        # A gain is at most 1 (AL_MAX_GAIN), and at least 0, whatever the formula makes of short distances.
        assert factor == pytest.approx(min(max(expected, 0), 1), rel=0.001, abs=1e-6), distance


def test_distance_is_from_the_listener(room: Room) -> None:
    source = room.play(room.tone(), position=(0, 0, -10))
    far = room.loudness(source)
    room.context.listener.position = 0, 0, -6
    assert room.loudness(source) == pytest.approx(far * 10 / 4, rel=0.001)
    room.context.listener.position = 0, 3, -6  # 3, 4, 5
    assert room.loudness(source) == pytest.approx(far * 10 / 5, rel=0.05)  # height moves some of it to both ears


def test_every_distance_model_is_tested() -> None:
    assert set(FORMULAS) == set(palace.distance_models)


# Which ear


def test_nearer_ear_is_louder(room: Room) -> None:
    source = room.play(room.tone())
    middle = room.ears(source, position=(0, 0, -1))
    assert middle[0] == pytest.approx(middle[1], rel=1e-4)
    ears = {x: room.ears(source, position=(x, 0, -math.sqrt(1 - x * x))) for x in (-1, -0.5, -0.2, 0.2, 0.5, 1)}
    for x, (left, right) in ears.items():
        assert ears[-x] == pytest.approx((right, left), rel=1e-3)  # the mirror image
    # The whole to one side: the other ear keeps nothing on 1.23.1, and next to nothing on 1.19.1.
    assert ears[1][1] > 8 * ears[1][0]
    assert ears[1][1] > ears[0.5][1] > ears[0.2][1] > middle[1]
    assert ears[1][0] < ears[0.5][0] < ears[0.2][0] < middle[0]


def test_listener_orientation_turns_space(room: Room) -> None:
    source = room.play(room.tone(), position=(1, 0, 0))
    left, right = room.ears(source)
    assert right > 8 * left
    room.context.listener.orientation = (0, 0, 1), (0, 1, 0)  # about face
    assert room.ears(source) == pytest.approx((right, left), rel=1e-3)
    room.context.listener.orientation = (0, 0, -1), (0, -1, 0)  # upside down
    assert room.ears(source) == pytest.approx((right, left), rel=1e-3)


def test_relative_source_moves_along(room: Room) -> None:
    source = room.play(room.tone(), position=(2, 0, 0))
    before = room.ears(source)
    room.context.listener.position = 100, 50, 0
    room.context.listener.orientation = (1, 0, 0), (0, 0, 1)
    assert room.ears(source, relative=True) == pytest.approx(before, rel=1e-3)
    assert sum(room.ears(source, relative=False)) < sum(before) / 10


# Which way it faces


def test_cone_shapes_the_gain(room: Room) -> None:
    source = room.play(room.tone(), position=(0, 0, -1))
    full = room.loudness(source)
    source.cone_angles, source.outer_cone_gains = (60, 120), (0.25, 1)

    def facing(degrees: float) -> float:
        """0 is right at the listener, who is at +z of the source."""
        turned = math.radians(degrees)
        at = (math.sin(turned), 0, math.cos(turned))
        return room.loudness(source, orientation=(at, (0, 1, 0))) / full

    assert facing(0) == pytest.approx(1, rel=1e-3)
    assert facing(29) == pytest.approx(1, rel=1e-3)
    assert facing(-29) == pytest.approx(1, rel=1e-3)
    # Half-angles: from 30 to 60 degrees off the axis the gain goes evenly from 1 to that outside.
    assert facing(45) == pytest.approx((1 + 0.25) / 2, rel=1e-2)
    assert facing(40) == pytest.approx(1 - 0.75 / 3, rel=1e-2)
    assert facing(61) == pytest.approx(0.25, rel=1e-3)
    assert facing(180) == pytest.approx(0.25, rel=1e-3)


def test_cone_alone_faces_minus_z(room: Room) -> None:
    source = room.play(room.tone(), cone_angles=(90, 90))
    behind = room.loudness(source, position=(0, 0, 1))
    assert behind > 0.1
    assert room.loudness(source, position=(0, 0, -1)) < 1e-4
    assert room.loudness(source, cone_angles=(360, 360)) > 0.1


def test_cone_may_dull_the_sound(room: Room) -> None:
    both = room.sound(sounds.tone(1, 300, 0.2) + sounds.tone(1, 12000, 0.2))
    source = room.play(both, position=(0, 0, -1), cone_angles=(90, 90), outer_cone_gains=(1, 1))

    def levels(**properties: Any) -> tuple[float, float]:
        out = room.heard(source, **properties).sum(axis=1)
        return level_at(out, 300), level_at(out, 12000)

    low, high = levels()
    dull_low, dull_high = levels(outer_cone_gains=(1, 0.1))
    assert dull_low == pytest.approx(low, rel=0.02)
    assert dull_high < high / 4
    low_again, high_again = levels(gain_auto=(False, True, True))  # cones are not to dull the direct sound
    assert (low_again, high_again) == pytest.approx((low, high), rel=0.02)


# Doppler: f * (c - vl) / (c - vs), the velocities being those towards the source and towards the listener.


@pytest.mark.parametrize(
    ("source_speed", "listener_speed", "factor", "own_factor", "sound"),
    [
        (60, 0, 1, 1, SPEED_OF_SOUND),  # towards the listener
        (-60, 0, 1, 1, SPEED_OF_SOUND),
        (0, 60, 1, 1, SPEED_OF_SOUND),  # the listener, away from it
        (0, -60, 1, 1, SPEED_OF_SOUND),
        (50, 30, 1, 1, SPEED_OF_SOUND),
        (60, 0, 0.5, 1, SPEED_OF_SOUND),
        (60, 0, 1, 0.5, SPEED_OF_SOUND),
        (60, 30, 2, 0.5, SPEED_OF_SOUND),
        (60, 0, 0, 1, SPEED_OF_SOUND),
        (60, 0, 1, 0, SPEED_OF_SOUND),
        (60, -20, 1, 1, 1000),
    ],
)
def test_doppler_follows_the_formula(
    room: Room, source_speed: float, listener_speed: float, factor: float, own_factor: float, sound: float
) -> None:
    source = room.play(room.tone(1000), position=(0, 0, -1), doppler_factor=own_factor)
    room.context.doppler_factor, room.context.speed_of_sound = factor, sound
    source.velocity = (0, 0, source_speed)  # the listener is at +z of it
    room.context.listener.velocity = (0, 0, listener_speed)
    strength = factor * own_factor
    expected = 1000 * (sound - strength * listener_speed) / (sound - strength * source_speed)
    assert pitch_of(room.out().sum(axis=1)) == pytest.approx(expected, rel=5e-4)


def test_crossing_source_keeps_its_pitch(room: Room) -> None:
    room.play(room.tone(1000), position=(0, 0, -1), velocity=(200, 0, 0))
    assert pitch_of(room.out().sum(axis=1)) == pytest.approx(1000, rel=1e-4)


# How wide


def test_inside_the_radius_is_everywhere(room: Room) -> None:
    source = room.play(room.tone(), position=(1, 0, 0))
    left, right = room.ears(source)
    assert right > 8 * left
    ratios = []
    for radius in (0.5, 1, 5, 100):
        left, right = room.ears(source, radius=radius)
        ratios.append(right / left)
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] == pytest.approx(1, abs=0.05)


def angled(room: Room, source: palace.Source, left: float, right: float) -> Any:
    """Both ears for the left channel, which has the lower tone, and for the right one."""
    out = room.heard(source, stereo_angles=(math.radians(left), math.radians(right)))
    return [[level_at(ear, frequency) for ear in out.T] for frequency in (300, 1100)]


def two_tones(room: Room) -> palace.Buffer:
    """300 Hz on the left, 1100 Hz on the right."""
    return room.sound(np.hstack([sounds.tone(1, 300, 0.2), sounds.tone(1, 1100, 0.2)]))


def test_stereo_angles_place_channels(room: Room) -> None:
    source = room.play(two_tones(room))
    (low_left, low_right), (high_left, high_right) = angled(room, source, 90, -90)
    assert low_left > 8 * low_right
    assert high_right > 8 * high_left
    (low_left, low_right), (high_left, high_right) = angled(room, source, -90, 90)  # the wrong way round
    assert low_right > 8 * low_left
    assert high_left > 8 * high_right
    (low_left, low_right), (high_left, high_right) = angled(room, source, 0, 0)
    assert low_left == pytest.approx(low_right, rel=0.01)
    assert high_left == pytest.approx(high_right, rel=0.01)


def test_stereo_is_placed_with_spatialize(room: Room) -> None:
    mono, stereo = room.play(room.tone()), room.play(two_tones(room))
    room.silence(stereo)

    def at_the_right(source: palace.Source, spatialize: bool | None) -> tuple[float, float]:
        return room.ears(source, position=(10, 0, 0), spatialize=spatialize)

    left, right = at_the_right(mono, None)
    assert right > 8 * left
    assert at_the_right(mono, True) == pytest.approx((left, right), rel=1e-3)
    wide_left, wide_right = at_the_right(mono, False)
    assert wide_left == pytest.approx(wide_right, rel=1e-3)
    assert wide_left > 5 * right  # neither is it far away
    room.silence(mono)
    buffer = two_tones(room)
    buffer.play(stereo)
    plain = at_the_right(stereo, None)
    assert plain[0] == pytest.approx(plain[1], rel=0.01)
    assert at_the_right(stereo, False) == pytest.approx(plain, rel=1e-3)
    left, right = at_the_right(stereo, True)
    assert left < right < sum(plain) / 10  # turned to the right, and far away


# What is done to the sound


def test_air_dulls_distant_sounds(room: Room) -> None:
    both = room.sound(sounds.tone(1, 300, 0.2) + sounds.tone(1, 12000, 0.2))
    source = room.play(both)

    def brightness(distance: float, factor: float, meters: float = 1) -> float:
        room.context.listener.meters_per_unit = meters
        out = room.heard(source, position=(0, 0, -distance), air_absorption_factor=factor).sum(axis=1)
        return level_at(out, 12000) / level_at(out, 300)

    assert brightness(50, 0) == pytest.approx(brightness(1, 0), rel=1e-3)
    near, middle, far = (brightness(distance, 5) for distance in (2, 20, 80))
    assert far < middle / 2 < near / 2
    assert brightness(20, 10) < middle
    # Air counts from the reference distance, one unit, on: 9.5 units of two metres, or 19 of one.
    assert brightness(10.5, 5, meters=2) == pytest.approx(middle, rel=0.001)


def test_gain_range_limits_the_result(room: Room) -> None:
    source = room.play(room.tone(), position=(0, 0, -1))
    full = room.loudness(source)
    assert room.loudness(source, gain_range=(0, 0.5)) == pytest.approx(full / 2, rel=1e-3)
    assert room.loudness(source, gain=0.1) == pytest.approx(full / 10, rel=1e-3)
    assert room.loudness(source, gain_range=(0.3, 0.5)) == pytest.approx(full * 0.3, rel=1e-3)
    assert room.loudness(source, position=(0, 0, -1000)) == pytest.approx(full * 0.3, rel=1e-3)


def test_filter_is_heard(room: Room) -> None:
    both = room.sound(sounds.tone(1, 100, 0.2) + sounds.tone(1, 12000, 0.2))
    source = room.play(both, position=(0, 0, -1))

    def levels(*through: float) -> tuple[float, float]:
        out = room.heard(source, filter=through).sum(axis=1)
        return level_at(out, 100), level_at(out, 12000)

    low, high = levels(1, 1, 1)
    assert levels(0.5, 1, 1) == pytest.approx((low / 2, high / 2), rel=0.01)
    assert levels(1, 0.01, 1)[1] < high / 10
    assert levels(1, 1, 0.01)[0] < low / 2
    assert levels(1, 1, 1) == pytest.approx((low, high), rel=0.01)


def test_resamplers_differ_and_have_names(room: Room) -> None:
    names = room.context.available_resamplers
    assert {"Nearest", "Linear"} <= set(names)
    buffer = room.sound(sounds.noise(LENGTH, 1, 0.2))
    outs = {}
    for index, name in enumerate(names):
        source = room.play(buffer, position=(0, 0, -1), pitch=1.3, resampler_index=index)
        outs[name] = room.out()
        room.silence(source)
    for name, out in outs.items():
        assert rms(out) > 0.01
        for other in outs.keys() - {name}:
            assert rms(out - outs[other]) > 1e-5, (name, other)  # two of 1.25 are nearly alike
    source = room.play(buffer, position=(0, 0, -1), pitch=1.3)
    default = names[room.context.default_resampler_index]
    np.testing.assert_allclose(room.out(), outs[default], atol=1e-6)


def test_direct_channels_are_not_placed(room: Room) -> None:
    source = room.play(two_tones(room), direct_channels=True)
    out = room.heard(source)
    assert [level_at(ear, 300) for ear in out.T] == pytest.approx([0.1, 0], abs=1e-4)
    assert [level_at(ear, 1100) for ear in out.T] == pytest.approx([0, 0.1], abs=1e-4)


def test_orientation_turns_b_format(room: Room, tmp_path: Path) -> None:
    """A sound field of a plane wave from the front: W is the pressure, X points ahead, Y to the left."""
    tone = sounds.tone(1, 441, 0.2)
    field = np.hstack([tone * math.sqrt(0.5), tone, tone * 0])
    decoder = Samples(field)
    buffer = palace.Buffer.from_decoder(decoder, "field")
    source = room.play(buffer)
    left, right = room.ears(source)
    assert left == pytest.approx(right, rel=0.01)
    left, right = room.ears(source, orientation=((1, 0, 0), (0, 1, 0)))  # its front is to our right now
    assert right > 1.5 * left  # the field is of first order, so the far ear hears some: a half, on 1.19.1


class Samples(palace.BaseDecoder):
    """Decodes an array, as 2D B-Format."""

    frequency, channel_config, sample_type = RATE, "B-Format 2D", "32-bit float"
    loop_points = (0, 0)

    def __init__(self, samples: Any) -> None:
        self.samples, self.at = samples.astype(np.float32), 0

    @property
    def length(self) -> int:
        return len(self.samples)

    def seek(self, frame: int) -> bool:
        self.at = frame
        return True

    def read(self, count: int) -> bytes:
        block = self.samples[self.at : self.at + count]
        self.at += len(block)
        return bytes(block.tobytes())


# Headphones


def test_hrtf_delays_the_far_ear(tmp_path: Path) -> None:
    device = palace.LoopbackDevice(RATE)
    names = device.hrtf_names
    assert names
    chosen = names.index("default-44100") if "default-44100" in names else 0
    attributes = {**EXACT, palace.HRTF: palace.TRUE, palace.HRTF_ID: chosen}
    context = palace.Context(device, attributes, auto_update=False)
    palace.use_context(context)
    assert device.hrtf_enabled
    assert device.current_hrtf == names[chosen]
    click = np.zeros((LENGTH, 1))
    click[2000] = 0.9
    source = palace.Source()
    source.position = 1, 0, 0
    palace.Buffer(sounds.write(tmp_path / "click.wav", click, subtype="FLOAT")).play(source)
    left, right = device.render(8000).astype(float).T

    def arrival(ear: Any) -> int:
        return int(np.argmax(np.abs(ear) > np.abs(ear).max() / 4))

    assert rms(right) > 1.5 * rms(left)
    # The width of a head is some 0.6 ms.
    assert 0.0003 < (arrival(left) - arrival(right)) / RATE < 0.0012
    spectra = [np.abs(np.fft.rfft(ear)) for ear in (left, right)]
    bright = [spectrum[len(spectrum) // 4 :].mean() / spectrum[: len(spectrum) // 8].mean() for spectrum in spectra]
    assert bright[1] > 1.5 * bright[0]  # the head is in the way of high frequencies


def test_without_hrtf_ears_are_in_time(room: Room) -> None:
    assert not room.device.hrtf_enabled
    assert room.device.current_hrtf == ""
    click = np.zeros((LENGTH, 1))
    click[6000] = 0.9
    room.play(room.sound(click), position=(0.5, 0, -1))
    left, right = room.device.render(8000).T
    assert np.argmax(np.abs(left)) == np.argmax(np.abs(right)) == 6000
