"""SoundStage: the positions of a 2-D game, rendered on a stereo device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._common import checks
from tests import sounds
from tests.conftest import RATE
from tests.room import pitch_of

if TYPE_CHECKING:
    from tests.room import Room

WIDTH = 1280
#: Where the listener is: in the middle of a picture.
MIDDLE = (640, 360)
#: Distances to the right of the listener, in half widths: nine places across the picture, and beyond.
PLACES = (-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1)
BEYOND = (1.5, 3, 10, 1000)


@pytest.fixture
def stage(room: Room) -> Room:
    """A room with a stage, and the listener in the middle of the picture."""
    room.context.stage = palace.SoundStage(WIDTH)
    room.context.listener.position = MIDDLE
    return room


def beside(halves: float, up: float = 0) -> tuple[float, float]:
    """The place so many half widths to the right of the listener."""
    return MIDDLE[0] + halves * WIDTH / 2, MIDDLE[1] + up


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio)


def difference(ears: tuple[float, float]) -> float:
    """By how many decibels the right ear is louder."""
    return decibels(ears[1] / ears[0])


def loudness(ears: tuple[float, float]) -> float:
    """The root of the power of both ears."""
    return math.hypot(*ears)


def test_levels_at_nine_places(stage: Room) -> None:
    source = stage.play(stage.tone())
    ears = {at: stage.ears(source, position=beside(at)) for at in PLACES}
    right = [difference(ears[at]) for at in PLACES]
    assert right == sorted(right)
    assert right[4] == pytest.approx(0, abs=1e-3)
    for at in (0.25, 0.5, 0.75, 1):
        assert difference(ears[-at]) == pytest.approx(-difference(ears[at]), abs=0.01)
    assert 10 <= difference(ears[1]) <= 14
    assert 4 <= difference(ears[0.5]) <= 8
    for at in PLACES:  # equal power within reach
        assert decibels(loudness(ears[at]) / loudness(ears[0])) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("model", palace.distance_models)
def test_beyond_reach_the_model_applies(stage: Room, model: str) -> None:
    source = stage.play(stage.tone(), position=MIDDLE)
    plain = loudness(stage.ears(source))
    stage.context.distance_model = model
    last = 0.0
    for at in BEYOND:
        ears = stage.ears(source, position=beside(at))
        expected = {"inverse": 1 / at, "exponent": 1 / at, "linear": 1, "none": 1}[model.split()[0]]
        assert loudness(ears) / plain == pytest.approx(expected, rel=0.01)
        assert last <= difference(ears) <= 20
        last = difference(ears)


def test_reach_is_the_distance_in_the_plane(stage: Room) -> None:
    stage.context.stage = palace.SoundStage(WIDTH, reach=100)
    source = stage.play(stage.tone(), position=MIDDLE)
    plain = loudness(stage.ears(source))
    assert loudness(stage.ears(source, position=beside(0, 90))) == pytest.approx(plain, rel=0.01)
    assert loudness(stage.ears(source, position=beside(0, -200))) == pytest.approx(plain / 2, rel=0.01)
    diagonal = MIDDLE[0] + 300, MIDDLE[1] + 400
    assert loudness(stage.ears(source, position=diagonal)) == pytest.approx(plain / 5, rel=0.01)
    assert loudness(stage.ears(source, position=(*MIDDLE, 200))) == pytest.approx(plain / 2, rel=0.01)
    own = loudness(stage.ears(source, position=diagonal, distance_range=(250, 5000)))
    assert own == pytest.approx(plain / 2, rel=0.01)
    again = loudness(stage.ears(source, distance_range=palace.Source().distance_range))
    assert again == pytest.approx(plain / 5, rel=0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_farthest_place_is_silent(stage: Room, sign: int) -> None:
    """The distance to a corner of all places is more than a float of OpenAL holds."""
    farthest = checks.FLT_MAX * sign
    source = stage.play(stage.tone(), position=(farthest, -farthest, farthest))
    stage.context.listener.position = -farthest, farthest, -farthest
    assert stage.ears(source) == (0, 0)


@pytest.mark.parametrize("moves", ["source", "listener"])
def test_walk_across_is_smooth(stage: Room, moves: str) -> None:
    source = stage.play(stage.tone(), position=MIDDLE)
    steps = []
    for step in range(101):
        if moves == "source":
            source.position = beside(step / 50 - 1)
        else:
            stage.context.listener.position = beside(1 - step / 50)
        steps.append(stage.ears(source))
    for ear, louder in ((0, -1), (1, 1)):
        levels = [decibels(ears[ear]) for ears in steps]
        changes = np.diff(levels) * louder
        assert changes.min() > 0
        assert changes.max() < 1


def test_moving_source_does_not_click(stage: Room) -> None:
    """OpenAL interpolates the steps of a walk: the loudest difference of samples is that of the tone."""
    source = stage.play(stage.tone(), position=beside(-1))
    stage.out(4410)
    parts = []
    for step in range(101):
        source.position = beside(step / 50 - 1)
        parts.append(stage.device.render(441))
    assert np.abs(np.diff(np.concatenate(parts), axis=0)).max() < 1.1 * 0.2 * 0.82 * 2 * math.pi * 441 / RATE


def test_height_keeps_the_sides(stage: Room) -> None:
    source = stage.play(stage.tone())
    for at in (0, 0.5, 1, 10):
        level = difference(stage.ears(source, position=beside(at)))
        for up in (-2000, 500, 1e6):
            assert difference(stage.ears(source, position=beside(at, up))) == pytest.approx(level, abs=0.05)


def test_stage_is_heard_at_once(room: Room) -> None:
    placed, other = room.play(room.tone(), position=(1, 0, -1)), palace.Source()
    other.position = (1, 0, -1)
    room.context.listener.position = 1, 0, 0
    before = room.ears(placed)
    room.context.stage = stage = palace.SoundStage(10)
    assert room.context.stage is stage
    on_stage = room.ears(placed)
    assert on_stage == pytest.approx(room.ears(placed, position=(1, 0)), rel=1e-3)
    assert room.ears(placed, position=(6, 0, 0))[0] < 0.4 * on_stage[0]
    room.context.stage = palace.SoundStage(1e6)
    assert difference(room.ears(placed)) == pytest.approx(0, abs=0.1)
    room.context.stage = None
    assert room.ears(placed, position=(1, 0, -1)) == pytest.approx(before, rel=1e-3)
    room.silence(placed)
    assert room.ears(room.tone().play(other)) == pytest.approx(before, rel=1e-3)


def test_listener_returns_to_space(room: Room) -> None:
    source = room.play(room.tone(), position=(5, 0, 0))
    listener = room.context.listener
    listener.orientation, listener.position = ((1, 0, 0), (0, 1, 0)), (3, 0, 0)
    turned = room.ears(source)
    room.context.stage = palace.SoundStage(10)
    listener.position = 4, 1
    listener.orientation = (0, 0, 1), (0, 1, 0)
    on_stage = room.ears(source)
    listener.orientation = (0, 0, -1), (0, 1, 0)
    assert room.ears(source) == pytest.approx(on_stage, rel=1e-3)  # left and right are those of the picture
    listener.orientation = (1, 0, 0), (0, 1, 0)
    listener.position = 3, 0
    room.context.stage = None
    assert room.ears(source) == pytest.approx(turned, rel=1e-3)


def test_positions_are_the_games(stage: Room) -> None:
    source, listener = palace.Source(), stage.context.listener
    for owner in (source, listener):
        for value in ((3, 4), (3, 4, 5)):
            owner.position = owner.velocity = value
            vector = (*value, 0)[:3]
            assert (owner.position, owner.velocity) == (vector, vector)
    owner.position = np.array([1, 2])
    assert owner.position == (1, 2, 0)


@pytest.mark.parametrize("name", ["position", "velocity"])
def test_two_numbers_need_a_stage(room: Room, name: str) -> None:
    for owner in (palace.Source(), room.context.listener):
        for value in ((1, 2), (1, 2, 3, 4), 5):
            with pytest.raises(TypeError, match=rf"{name} is .*three numbers \(x, y, z\)"):
                setattr(owner, name, value)
        assert getattr(owner, name) == (0, 0, 0)


def test_stage_takes_only_stages(room: Room) -> None:
    for value in (1280, (1280, 720)):
        with pytest.raises(TypeError, match=r"stage is .*SoundStage\(1280\)"):
            room.context.stage = value
    assert room.context.stage is None


@pytest.mark.parametrize("arguments", [(0,), (-1,), (math.nan,), (10, 0), (10, -1)])
def test_stage_checks_its_lengths(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        palace.SoundStage(*arguments)


def test_stages_compare_by_value() -> None:
    stage = palace.SoundStage(1280)
    assert (stage.width, stage.reach, stage.y_down) == (1280, None, False)
    assert stage == palace.SoundStage(1280.0)
    assert stage != palace.SoundStage(1280, y_down=True)


def test_relative_source_moves_along(stage: Room) -> None:
    source = stage.play(stage.tone(), position=(640, 0), relative=True)
    ears = stage.ears(source)
    assert 10 <= difference(ears) <= 14
    stage.context.listener.position = -5000, 30
    assert stage.ears(source) == pytest.approx(ears, rel=1e-3)
    stage.context.listener.position = MIDDLE
    assert stage.ears(source, relative=False, position=beside(1)) == pytest.approx(ears, rel=1e-3)


def test_stereo_is_placed_with_spatialize(stage: Room) -> None:
    source = stage.play(stage.tone(channels=2), position=beside(1))
    plain = stage.ears(source)
    assert plain[0] == pytest.approx(plain[1], rel=1e-3)
    assert plain[0] == pytest.approx(0.2 / math.sqrt(2), rel=1e-3)  # no part of the stage changes it
    right = [difference(stage.ears(source, spatialize=True, position=beside(at))) for at in (*PLACES, *BEYOND)]
    assert np.diff(right).min() > -0.001
    assert 3 < difference(stage.ears(source, position=beside(1))) <= 14
    assert max(right) <= 20
    assert stage.ears(source, spatialize=None) == pytest.approx(plain, rel=1e-3)


def test_gain_and_pan_work_on_a_stage(stage: Room) -> None:
    source = stage.play(stage.tone(), position=beside(1))
    left, right = stage.ears(source)
    assert stage.ears(source, gain=0.5) == pytest.approx((left / 2, right / 2), rel=1e-3)
    stage.context.listener.position = beside(2)
    assert stage.ears(source) == pytest.approx((right / 2, left / 2), rel=1e-3)
    panned = stage.ears(source, pan=1)
    stage.context.listener.position = beside(-3)
    assert stage.ears(source) == pytest.approx(panned, abs=1e-6)
    assert stage.ears(source, position=beside(-4)) == pytest.approx((right / 2, left / 2), rel=1e-3)


def test_new_play_is_on_the_stage(stage: Room) -> None:
    source = stage.play(stage.tone(), position=beside(1))
    ears = stage.ears(source)
    stage.silence(source)
    at_origin = stage.ears(stage.play(stage.tone()))
    assert difference(at_origin) < -10  # the default position is (0, 0), on the left
    for playing in list(stage.context._engine.voices):
        stage.silence(playing.source)
    assert stage.ears(stage.tone().play(source)) == pytest.approx(ears, rel=1e-3)


def test_cone_sees_the_true_direction(stage: Room) -> None:
    source = stage.play(stage.tone(), position=beside(0.9))
    open_ears = stage.ears(source)
    source.cone_angles, source.outer_cone_gains = (60, 60), (0.25, 1)

    def facing(degrees: float) -> float:
        """How loud it is when it faces `degrees`; 180 is to the left, towards the listener."""
        turned = math.radians(degrees)
        at = (math.cos(turned), math.sin(turned), 0)
        return loudness(stage.ears(source, orientation=(at, (0, 0, 1)))) / loudness(open_ears)

    for degrees, expected in ((180, 1), (155, 1), (205, 1), (145, 0.25), (215, 0.25), (0, 0.25), (90, 0.25)):
        assert facing(degrees) == pytest.approx(expected, rel=0.01)
    assert stage.ears(source, cone_angles=(360, 360)) == pytest.approx(open_ears, rel=1e-3)


@pytest.mark.parametrize(("place", "away"), [(beside(1), (1, 0)), (beside(0, 300), (0, 1)), (beside(-2), (-1, 0))])
def test_doppler_takes_the_radial_velocity(stage: Room, place: Any, away: Any) -> None:
    stage.context.speed_of_sound = 10000
    source = stage.play(stage.tone(), position=place)

    def pitch(speed: float, listener_speed: float) -> float:
        source.velocity = away[0] * speed, away[1] * speed
        stage.context.listener.velocity = away[0] * listener_speed, away[1] * listener_speed
        return pitch_of(stage.out().sum(axis=1)) / 441

    assert pitch(1000, 0) == pytest.approx(10 / 11, rel=1e-3)
    assert pitch(-1000, 0) == pytest.approx(10 / 9, rel=1e-3)
    assert pitch(0, -1000) == pytest.approx(9 / 10, rel=1e-3)
    assert pitch(0, 1000) == pytest.approx(11 / 10, rel=1e-3)
    assert pitch(1000, -1000) == pytest.approx(9 / 11, rel=1e-3)
    assert pitch(500, 500) == pytest.approx(1, rel=1e-3)
    assert pitch(0, 0) == pytest.approx(1, rel=1e-3)


#: Properties of the context and of the source.
DOPPLER = [
    *(({}, {}), ({"speed_of_sound": 4000}, {}), ({"doppler_factor": 0.5}, {}), ({"doppler_factor": 0}, {})),
    *(({}, {"doppler_factor": 0.3}), ({"doppler_factor": 2}, {"doppler_factor": 0.6})),
    *(({}, {"velocity": (0, 1500, 300)}), ({}, {"velocity": (0, -400, 0)})),
]


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize(("around", "own"), DOPPLER)
def test_doppler_of_a_listener_is_that_of_space(
    stage: Room, around: dict[str, Any], own: dict[str, Any], relative: bool
) -> None:
    """The order in which velocities, factors and stage are set does not matter."""
    context = stage.context
    source = stage.play(stage.tone(), velocity=(0, 700, 0), relative=relative)
    place = (0, 300, 400)
    source.position = place if relative else (MIDDLE[0], MIDDLE[1] + 300, 400)

    def pitch() -> float:
        return pitch_of(stage.out().sum(axis=1))

    context.speed_of_sound = 10000
    context.listener.velocity = (500, 1000, 0)
    for owner, values in ((context, around), (source, own)):
        for name, value in values.items():
            setattr(owner, name, value)
    on_stage = pitch()
    context.stage = None
    in_space = pitch()
    context.stage = palace.SoundStage(WIDTH)
    put_back = pitch()
    context.listener.velocity = (0, 0, 0)
    context.listener.velocity = (500, 1000, 0)
    assert (on_stage, put_back, pitch()) == pytest.approx((in_space,) * 3, rel=1e-4)


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize(
    ("speed", "listener_speed"),
    [(20000, -20000), (10000, -10000), (3e38, -4999), (3e38, 0), (-20000, 20000), (-3e38, 3e38), (-3e38, 0)],
)
def test_doppler_beyond_the_speed_of_sound(stage: Room, speed: float, listener_speed: float, factor: float) -> None:
    """If both flee, the pitch is the lowest of OpenAL: hardly a change from frame to frame."""
    context = stage.context
    context.speed_of_sound, context.doppler_factor = 10000, factor
    stage.play(stage.tone(), position=(MIDDLE[0], MIDDLE[1] + 300, 300), velocity=(0, speed, speed))
    context.listener.velocity = 0, listener_speed, listener_speed
    out = stage.out().sum(axis=1)
    if speed > 0:
        assert np.abs(np.diff(out)).max() < 1e-4
    else:
        assert pitch_of(out) > 4000


def test_hrtf_hears_sides_and_height(hrtf_room: Room) -> None:
    hrtf_room.context.stage = palace.SoundStage(WIDTH)
    hrtf_room.context.listener.position = MIDDLE
    source = hrtf_room.play(hrtf_room.sound(sounds.noise(RATE, 1, 0.2)))
    right = [difference(hrtf_room.ears(source, position=beside(at))) for at in PLACES]
    assert right == sorted(right)
    assert right[-1] > 6

    def spectrum(up: float) -> Any:
        out = hrtf_room.heard(source, position=beside(0, up))
        return np.abs(np.fft.rfft(out.sum(axis=1)))

    above, below = spectrum(500), spectrum(-500)
    assert np.abs(above - below).sum() > 0.05 * above.sum()
    hrtf_room.context.stage = palace.SoundStage(WIDTH, y_down=True)
    assert np.abs(spectrum(-500) - above).sum() < 0.02 * above.sum()
