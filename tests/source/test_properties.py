"""Every property of a source: its default, that it is kept, that it reaches the voice, and that it leaves it again."""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from pyglet_palace._common import log
from pyglet_palace._openal import constants as c
from pyglet_palace._openal.properties import Property
from pyglet_palace._playback.voice import GAIN
from tests import sounds
from tests.conftest import patch_al
from tests.effect_renderer import release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FLT_MAX, FLT_MIN = 3.4028234663852886e38, 1.1754943508222875e-38
DISTANCE_MODEL = 0xD000


@pytest.fixture
def buffer(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    return palace.Buffer(sounds.wav(tmp_path / "ramp.wav", 44100))


class Asked:
    """Asks OpenAL what a voice is set to; the package itself has no need to."""

    def __init__(self, context: palace.Context, number: int) -> None:
        self.context, self.number = context, number
        library = context._engine.al.handle
        self.floats_of = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)(
            ("alGetSourcefv", library)
        )
        self.integers_of = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)(
            ("alGetSourceiv", library)
        )

    def floats(self, parameter: int, count: int = 1) -> Any:
        values = (ctypes.c_float * count)()
        with self.context._engine.scope as al:
            self.floats_of(self.number, parameter, values)
            al.alGetInteger(DISTANCE_MODEL)  # raises if the question was wrong
        return pytest.approx(values[0] if count == 1 else tuple(values), rel=1e-6, abs=1e-6)

    def integer(self, parameter: int) -> int:
        value = ctypes.c_int()
        with self.context._engine.scope as al:
            self.integers_of(self.number, parameter, ctypes.byref(value))
            al.alGetInteger(DISTANCE_MODEL)
        return value.value

    def everything(self) -> dict[str, Any]:
        """All there is to know, with the floats as they are."""
        known: dict[str, Any] = {name: self.floats(number).expected for name, number in FLOATS.items()}
        known |= {name: tuple(self.floats(number, 3).expected) for name, number in VECTORS.items()}
        known |= {name: self.integer(number) for name, number in INTEGERS.items()}
        known["AL_ORIENTATION"] = tuple(self.floats(c.AL_ORIENTATION, 6).expected)
        known["AL_STEREO_ANGLES"] = tuple(self.floats(c.AL_STEREO_ANGLES, 2).expected)
        return known


def numbered(names: str) -> dict[str, int]:
    """OpenAL's numbers for its names."""
    return {name: getattr(c, name) for name in names.split()}


FLOATS = numbered(
    "AL_PITCH AL_GAIN AL_MIN_GAIN AL_MAX_GAIN AL_REFERENCE_DISTANCE AL_MAX_DISTANCE AL_ROLLOFF_FACTOR "
    "AL_CONE_INNER_ANGLE AL_CONE_OUTER_ANGLE AL_CONE_OUTER_GAIN AL_DOPPLER_FACTOR AL_SOURCE_RADIUS "
    "AL_AIR_ABSORPTION_FACTOR AL_ROOM_ROLLOFF_FACTOR AL_CONE_OUTER_GAINHF"
)
VECTORS = numbered("AL_POSITION AL_VELOCITY AL_DIRECTION")
INTEGERS = numbered(
    "AL_BUFFER AL_LOOPING AL_SOURCE_RELATIVE AL_DIRECT_CHANNELS_SOFT AL_SOURCE_RESAMPLER_SOFT "
    "AL_SOURCE_SPATIALIZE_SOFT AL_DIRECT_FILTER_GAINHF_AUTO AL_AUXILIARY_SEND_FILTER_GAIN_AUTO "
    "AL_AUXILIARY_SEND_FILTER_GAINHF_AUTO"
)

#: name: (default, another value, what OpenAL says of it then; None where OpenAL does not know it or has no question)
PROPERTIES: dict[str, tuple[Any, Any, Callable[[Asked], bool] | None]] = {
    "priority": (0, 3, None),
    "looping": (False, True, lambda al: al.integer(c.AL_LOOPING) == 1),
    "loops": (1, 0, lambda al: al.integer(c.AL_LOOPING) == 1),
    "pitch": (1, 1.5, lambda al: al.floats(c.AL_PITCH) == 1.5),
    "gain": (1, 0.3, lambda al: al.floats(c.AL_GAIN) == 0.3),
    "pan": (0, 0.5, None),
    "gain_range": (
        (0, 1),
        (0.2, 0.7),
        lambda al: (al.floats(c.AL_MIN_GAIN) == 0.2) and (al.floats(c.AL_MAX_GAIN) == 0.7),
    ),
    "distance_range": (
        (1, FLT_MAX),
        (2, 30),
        lambda al: (al.floats(c.AL_REFERENCE_DISTANCE) == 2) and (al.floats(c.AL_MAX_DISTANCE) == 30),
    ),
    "position": ((0, 0, 0), (1, 2, 3), lambda al: al.floats(c.AL_POSITION, 3) == (1, 2, 3)),
    "velocity": ((0, 0, 0), (4, 5, 6), lambda al: al.floats(c.AL_VELOCITY, 3) == (4, 5, 6)),
    "orientation": (
        ((0, 0, -1), (0, 1, 0)),
        ((1, 0, 0), (0, 0, 1)),
        lambda al: (
            (al.floats(c.AL_ORIENTATION, 6) == (1, 0, 0, 0, 0, 1)) and (al.floats(c.AL_DIRECTION, 3) == (1, 0, 0))
        ),
    ),
    "cone_angles": (
        (360, 360),
        (60, 90),
        lambda al: (
            (al.floats(c.AL_CONE_INNER_ANGLE) == 60)
            and (al.floats(c.AL_CONE_OUTER_ANGLE) == 90)
            and (al.floats(c.AL_DIRECTION, 3) == (0, 0, -1))
        ),
    ),
    "outer_cone_gains": (
        (0, 1),
        (0.25, 0.5),
        lambda al: (al.floats(c.AL_CONE_OUTER_GAIN) == 0.25) and (al.floats(c.AL_CONE_OUTER_GAINHF) == 0.5),
    ),
    "rolloff_factors": (
        (1, 0),
        (3, 0.5),
        lambda al: (al.floats(c.AL_ROLLOFF_FACTOR) == 3) and (al.floats(c.AL_ROOM_ROLLOFF_FACTOR) == 0.5),
    ),
    "doppler_factor": (1, 0.5, lambda al: al.floats(c.AL_DOPPLER_FACTOR) == 0.5),
    "relative": (False, True, lambda al: al.integer(c.AL_SOURCE_RELATIVE) == 1),
    "radius": (0, 7, lambda al: al.floats(c.AL_SOURCE_RADIUS) == 7),
    "stereo_angles": (
        (math.pi / 6, -math.pi / 6),
        (1, -0.5),
        lambda al: al.floats(c.AL_STEREO_ANGLES, 2) == (1, -0.5),
    ),
    "spatialize": (None, True, lambda al: al.integer(c.AL_SOURCE_SPATIALIZE_SOFT) == 1),
    "resampler_index": (None, 0, lambda al: al.integer(c.AL_SOURCE_RESAMPLER_SOFT) == 0),
    "air_absorption_factor": (0, 5, lambda al: al.floats(c.AL_AIR_ABSORPTION_FACTOR) == 5),
    "gain_auto": (
        (True, True, True),
        (False, True, False),
        lambda al: (
            (
                al.integer(c.AL_DIRECT_FILTER_GAINHF_AUTO),
                al.integer(c.AL_AUXILIARY_SEND_FILTER_GAIN_AUTO),
                al.integer(c.AL_AUXILIARY_SEND_FILTER_GAINHF_AUTO),
            )
            == (0, 1, 0)
        ),
    ),
    "filter": ((1, 1, 1), (0.5, 0.25, 1), None),
    "direct_channels": (False, True, lambda al: al.integer(c.AL_DIRECT_CHANNELS_SOFT) == 1),
}


def properties_of(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, Property) and not name.startswith("_"):
                yield name


def test_table_names_every_property() -> None:
    assert {*properties_of(palace.Source), "resampler_index"} == set(PROPERTIES)


@pytest.mark.parametrize("name", PROPERTIES)
def test_new_source_has_defaults(context: palace.Context, name: str) -> None:
    default = PROPERTIES[name][0]
    expected = context.default_resampler_index if name == "resampler_index" else default
    assert getattr(palace.Source(), name) == expected


@pytest.mark.parametrize("name", PROPERTIES)
def test_values_last_and_reach_the_voice(buffer: palace.Buffer, context: palace.Context, name: str) -> None:
    """Set before, between and during sounds."""
    default, value, reaches = PROPERTIES[name]
    default = context.default_resampler_index if name == "resampler_index" else default
    source = palace.Source()

    def reached() -> bool:
        assert source._state.voice is not None
        return reaches is None or reaches(Asked(context, source._state.voice.number))

    setattr(source, name, value)
    buffer.play(source)
    assert getattr(source, name) == value
    assert reached()
    setattr(source, name, default)
    assert getattr(source, name) == default
    assert reaches is None or not reached()
    setattr(source, name, value)
    assert reached()
    source.pause()
    setattr(source, name, default)
    assert reaches is None or not reached()
    setattr(source, name, value)
    assert reached()
    source.stop()
    assert getattr(source, name) == value
    buffer.play(source)
    assert reached()


def test_returned_voice_is_as_new(buffer: palace.Buffer, context: palace.Context) -> None:
    with context._engine.scope as al:
        new = Asked(context, al.generate_source()).everything()
    source = palace.Source()
    for name, (_, value, _) in PROPERTIES.items():
        setattr(source, name, value)
    buffer.play(source)
    assert source._state.voice is not None
    voice = Asked(context, source._state.voice.number)
    assert voice.everything() != new
    source.stop()
    assert voice.everything() == new
    buffer.play(source)
    for name in PROPERTIES:  # back to the defaults, while it plays
        setattr(source, name, getattr(palace.Source(), name))
    source.stop()
    assert voice.everything() == new


def test_borrowed_voice_gets_only_changes(buffer: palace.Buffer) -> None:
    source = palace.Source()
    for name in PROPERTIES:
        setattr(source, name, PROPERTIES[name][1])
        setattr(source, name, getattr(palace.Source(), name))
    source._resampler = -1
    assert source._state.parameters == {}
    source.gain = 0.5
    assert list(source._state.parameters) == [GAIN]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("gain_range", [(0.5, 0.4), (-0.1, 1), (0, 1.1), (math.nan, 1)], r"\(min, max\), 0 <= min <= max <= 1"),
        ("distance_range", [(2, 1), (-1, 1), (0, math.inf)], r"\(reference, max\), 0 <= reference <= max"),
        ("cone_angles", [(90, 60), (-1, 0), (0, 361)], r"\(inner, outer\), 0 <= inner <= outer <= 360"),
        ("outer_cone_gains", [(-0.1, 1), (0, 1.1), (math.nan, 0)], r"0 <= each <= 1"),
        ("rolloff_factors", [(-1, 0), (0, -1), (math.inf, 0)], r"\(direct, room\), 0 <= each"),
        ("stereo_angles", [(math.nan, 0), (0, math.inf)], r"\(left, right\), each finite"),
        ("doppler_factor", [-0.1, 1.1, math.nan], "from 0 to 1"),
        ("air_absorption_factor", [-0.1, 10.1, math.nan], "from 0 to 10"),
        ("pan", [-1.1, 1.1, math.nan], "from -1 to 1"),
        ("radius", [-1, math.inf, math.nan], "at least 0"),
        ("pitch", [0, 1e-300, math.nan], "more than 0"),
        ("velocity", [(0, math.nan, 0)], "finite"),
        ("orientation", [((0, 0, 1), (0, 0, 2)), ((0, 0, 0), (0, 1, 0))], "not parallel"),
        ("resampler_index", [-1, 1000], "from 0 to"),
    ],
)
def test_out_of_range_changes_nothing(context: palace.Context, name: str, values: list[Any], message: str) -> None:
    source = palace.Source()
    before = getattr(source, name)
    for value in values:
        with pytest.raises(ValueError, match=rf"{name}.* is .*{message}"):
            setattr(source, name, value)
    assert getattr(source, name) == before


@pytest.mark.parametrize(
    "name", ["gain_range", "distance_range", "cone_angles", "rolloff_factors", "stereo_angles", "gain_auto", "velocity"]
)
@pytest.mark.parametrize("value", [1, (1,), None, "ab"])
def test_wrong_type_is_a_type_error(context: palace.Context, name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name}.* is .*must be"):
        setattr(palace.Source(), name, value)


def test_range_ends_are_in_range(buffer: palace.Buffer) -> None:
    source = buffer.play()
    for name, value in [
        ("gain_range", (1, 1)),
        ("distance_range", (0, 0)),
        ("distance_range", (FLT_MAX, FLT_MAX)),
        ("cone_angles", (0, 360)),
        ("outer_cone_gains", (1, 0)),
        ("rolloff_factors", (0, 1000)),
        ("doppler_factor", 0),
        ("air_absorption_factor", 10),
        ("radius", FLT_MAX),
        ("gain", FLT_MAX),
        ("pitch", FLT_MIN),
        ("stereo_angles", (10, -10)),
    ]:
        setattr(source, name, value)
        assert getattr(source, name) == value


@pytest.mark.parametrize("factor", [0.5, 2.0, 1000.0])
def test_room_rolloff_is_limited(buffer: palace.Buffer, context: palace.Context, factor: float) -> None:
    """The property keeps a factor that OpenAL does not take, and the voice gets the largest one."""
    source = buffer.play()
    assert source._state.voice is not None
    most = 1 if release(context) >= (1, 24) else 10
    source.rolloff_factors = 1, factor

    assert Asked(context, source._state.voice.number).floats(c.AL_ROOM_ROLLOFF_FACTOR) == min(factor, most)
    assert source.rolloff_factors == (1, factor)


def test_cone_faces_its_orientation(buffer: palace.Buffer, context: palace.Context) -> None:
    source = buffer.play()
    assert source._state.voice is not None
    voice = Asked(context, source._state.voice.number)
    assert voice.floats(c.AL_DIRECTION, 3) == (0, 0, 0)  # to OpenAL, all around
    source.cone_angles = 30, 30
    assert voice.floats(c.AL_DIRECTION, 3) == (0, 0, -1)
    source.orientation = (1, 0, 0), (0, 1, 0)
    source.cone_angles = 360, 360
    assert voice.floats(c.AL_DIRECTION, 3) == (1, 0, 0)
    source.orientation = (0, 0, -1), (0, 1, 0)
    assert voice.floats(c.AL_DIRECTION, 3) == (0, 0, 0)


def test_missing_extension_is_logged_once(
    buffer: palace.Buffer,
    context: palace.Context,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The property keeps its value."""
    extensions = {
        "radius": "AL_EXT_SOURCE_RADIUS",
        "stereo_angles": "AL_EXT_STEREO_ANGLES",
        "spatialize": "AL_SOFT_source_spatialize",
        "direct_channels": "AL_SOFT_direct_channels",
        "air_absorption_factor": "ALC_EXT_EFX",
        "gain_auto": "ALC_EXT_EFX",
    }
    monkeypatch.setattr(log, "_warned", set())
    patch_al(monkeypatch, "has_extension", lambda name: not name)
    patch_al(monkeypatch, "alGenFilters", None)
    source = buffer.play()
    assert source._state.voice is not None
    for name, extension in extensions.items():
        caplog.clear()
        for _ in range(2):
            setattr(source, name, PROPERTIES[name][1])
        assert getattr(source, name) == PROPERTIES[name][1]
        assert [record.message for record in caplog.records] == [f"{name} does nothing: this OpenAL has no {extension}"]
    assert source.latency == 0
    source.stop()


def test_no_source_doppler_is_accepted(
    buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send = context._engine.al.alSourcefv

    def refuse(source: int, what: int, value: bytes) -> None:
        if what == c.AL_DOPPLER_FACTOR:
            raise palace.OpenALError("alSourcefv", 0xA002, "no such property")
        send(source, what, value)

    monkeypatch.setattr(log, "_warned", set())
    patch_al(monkeypatch, "alSourcefv", refuse)
    source = palace.Source()
    source.doppler_factor = 0.5
    buffer.play(source)
    source.stop()
    assert source.doppler_factor == 0.5
    assert [record.message for record in caplog.records] == [
        "doppler_factor does nothing: this OpenAL has it for the whole context only"
    ]


def test_sends_belong_to_the_source(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = buffer.play()
    assert len(source.sends) == device.max_auxiliary_sends
    assert source.sends[0].effect is None
    source.destroy()
    with pytest.raises(palace.DestroyedError):
        source.sends  # noqa: B018


def test_no_resamplers_no_choice(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context._engine.native, "_has_resamplers", False)
    source = palace.Source()
    assert source.resampler_index == 0
    source.resampler_index = 3
    assert source.resampler_index == 3


def test_latency_is_the_devices(buffer: palace.Buffer) -> None:
    source = palace.Source()
    assert (source.latency, source.latency_seconds) == (0, 0.0)
    buffer.play(source)
    assert source.latency == 0  # nothing lies between a loopback device and who renders it
    assert isinstance(source.latency, int)
    with pytest.raises(AttributeError):
        source.latency = 1  # type: ignore[misc]


def test_latency_is_openals(buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_source: int, what: int, values: Any) -> None:
        assert what == c.AL_SAMPLE_OFFSET_LATENCY_SOFT
        values[0], values[1] = 7 << 32, 23_000_000

    monkeypatch.setattr(context._engine.al, "alGetSourcei64vSOFT", answer)
    source = buffer.play()
    assert source.latency == 23_000_000
    assert source.latency_seconds == pytest.approx(0.023)


def test_refused_looping_keeps_its_value(
    context: palace.Context, tmp_path: Path, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for the next play, which reads another copy of the value."""
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 1000))
    source = buffer.play()
    send = context._engine.al.alSourcei

    def refused(number: int, parameter: int, value: int) -> None:
        if parameter == c.AL_LOOPING and value:
            raise palace.OpenALError("alSourcei", 0xA003, "refused")
        send(number, parameter, value)

    monkeypatch.setattr(context._engine.al, "alSourcei", refused)
    with pytest.raises(palace.OpenALError):
        source.looping = True
    monkeypatch.undo()
    assert not source.looping
    buffer.play(source)
    device.render(5000)
    context.update()
    assert not source.playing
