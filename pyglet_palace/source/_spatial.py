"""Spatial properties of a source: position, velocity, orientation, cone and distance attenuation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._common import checks, log
from .._openal import constants as c
from .._openal import setters as to
from .._openal.packing import pack_float
from .._openal.properties import NumbersProperty, Property, VectorsProperty
from ..errors import OpenALError
from ._base import SourceBase

if TYPE_CHECKING:
    from .._common.checks import Vector
    from .._openal import Functions
    from .._playback.voice import Playable

_ALL_AROUND = (360.0, 360.0)

#: The most that OpenAL takes as a room rolloff factor (AL/efx.h), and the most that OpenAL Soft 1.24 and newer take.
_MOST_ROOM_ROLLOFF, _MOST_ROOM_ROLLOFF_SINCE_1_24 = 10.0, 1.0


_send_inner_angle = to.number(c.AL_CONE_INNER_ANGLE)
_send_outer_angle = to.number(c.AL_CONE_OUTER_ANGLE)
_send_direction = to.vector(c.AL_DIRECTION)
_send_room_rolloff = to.with_effects("rolloff_factors[1]", to.number(c.AL_ROOM_ROLLOFF_FACTOR))


def _send_facing(al: Functions, source: int, value: tuple[tuple[Vector, Vector], tuple[float, float]]) -> None:
    """Send orientation and cone angles together.

    A new OpenAL source has no direction and therefore no cone, whatever its angles are. A `Source` faces -z. Both
    sound the same until a cone is set, so the direction stays unset only while both values are at their defaults.
    """
    (at, up), angles = value
    if al.has_extension("AL_EXT_BFORMAT"):  # AL_ORIENTATION rotates B-Format sounds
        al.set_source_floats(source, c.AL_ORIENTATION, *at, *up)
    _send_direction(al, source, c.ORIGIN if value == (c.INITIAL_ORIENTATION, _ALL_AROUND) else at)
    _send_inner_angle(al, source, angles[0])
    _send_outer_angle(al, source, angles[1])


#: Orientation and cone angles, as one parameter of a voice.
FACING: Property[Any] = Property(
    checks.two_vectors, (c.INITIAL_ORIENTATION, _ALL_AROUND), _send_facing, "See `_send_facing`."
)


def _send_limited_room_rolloff(al: Functions, source: int, value: float) -> None:
    try:
        _send_room_rolloff(al, source, min(value, _MOST_ROOM_ROLLOFF))
    except OpenALError:
        _send_room_rolloff(al, source, min(value, _MOST_ROOM_ROLLOFF_SINCE_1_24))


def _send_doppler_factor(al: Functions, source: int, value: float) -> None:
    try:
        al.alSourcefv(source, c.AL_DOPPLER_FACTOR, pack_float(value))
    except OpenALError:  # OpenAL Soft accepts it on a source, without naming an extension for it
        log.warn_once("doppler_factor does nothing: this OpenAL has it for the whole context only")


def _send_spatialize(al: Functions, source: int, value: bool | None) -> None:
    al.alSourcei(source, c.AL_SOURCE_SPATIALIZE_SOFT, c.AL_AUTO_SOFT if value is None else int(value))


def is_positioned(playable: Playable, parameters: dict[Property[Any], Any]) -> bool:
    """Return whether OpenAL positions `playable` on a voice with these parameters."""
    spatialize: bool | None = parameters.get(SPATIALIZE)
    return playable.channel_config == "Mono" if spatialize is None else spatialize


class SpatialProperties(SourceBase):
    """Base class with the spatial properties of `Source`."""

    __slots__ = ()

    def _apply_position(self, value: tuple[float, ...]) -> None:
        state, voices = self._state, self._engine.voices
        if len(value) == 2:
            value = self._values["position"] = voices.vector("position", value)
        voices.set_parameter(state, POSITION, value)
        if state.placement is not None:
            voices.set_placement(state, None)
            self._values.pop("pan", None)
        voice = state.voice
        if voice is not None and voice.playable is not None and voice.playable.channel_config != "Mono":
            self._warn_of_silence()

    def _apply_velocity(self, value: tuple[float, ...]) -> None:
        state, voices = self._state, self._engine.voices
        if len(value) == 2:
            value = self._values["velocity"] = voices.vector("velocity", value)
        before, state.moving = state.moving, value != c.ORIGIN
        try:
            voices.set_parameter(state, VELOCITY, value, timing=True)
        except BaseException:
            state.moving = before
            raise

    def _apply_facing(self, _: Any) -> None:
        self._engine.voices.set_parameter(self._state, FACING, (self.orientation, self.cone_angles))

    position = NumbersProperty(
        checks.point,
        c.ORIGIN,
        to.vector(c.AL_POSITION),
        "Position, (x, y, z) in units; with a `Context.stage` also (x, y). Setting it ends the effect of `pan`.",
        _apply_position,
    )
    """Position, (x, y, z) in units; with a `Context.stage` also (x, y)."""

    velocity = NumbersProperty(
        checks.point,
        c.ORIGIN,
        to.vector(c.AL_VELOCITY),
        "Velocity for the doppler effect, (x, y, z) in units per second. It does not change `position`.",
        _apply_velocity,
    )
    """Velocity for the doppler effect, (x, y, z) in units per second."""

    relative = Property(
        checks.boolean,
        False,
        to.integer(c.AL_SOURCE_RELATIVE),
        "Whether position, velocity and direction are relative to the listener: (0, 0, -1) is in front.",
    )
    """Whether position, velocity and direction are relative to the listener."""

    orientation = VectorsProperty(
        checks.two_vectors,
        c.INITIAL_ORIENTATION,
        to.nothing,
        "Orientation: (at, up), two vectors that are not parallel. 'at' is the axis of the cone (see `cone_angles`). "
        "Both rotate a B-Format sound (AL_EXT_BFORMAT).",
        _apply_facing,
    )
    """Orientation: (at, up), two vectors that are not parallel."""

    cone_angles = NumbersProperty(
        checks.pair("inner", "outer", 0.0, 360.0, ordered=True),
        _ALL_AROUND,
        to.nothing,
        "Cone angles: (inner, outer) in degrees, 0 <= inner <= outer <= 360, each the full width of a cone around the "
        "source's direction. Inside the inner cone the source has its full gain, outside the outer cone "
        "`outer_cone_gains`. The gain is interpolated between the cones.",
        _apply_facing,
    )
    """Cone angles: (inner, outer) in degrees, 0 <= inner <= outer <= 360."""

    outer_cone_gains = NumbersProperty(
        checks.pair("gain", "high-frequency gain", 0.0, 1.0),
        (0.0, 1.0),
        to.each(
            to.number(c.AL_CONE_OUTER_GAIN),
            to.with_effects("outer_cone_gains[1]", to.number(c.AL_CONE_OUTER_GAINHF)),
        ),
        "Gains outside the outer cone: (gain, high-frequency gain), factors from 0 to 1 (the second: ALC_EXT_EFX).",
    )
    """Gains outside the outer cone: (gain, high-frequency gain), factors from 0 to 1."""

    distance_range = NumbersProperty(
        checks.pair("reference", "max", 0.0, checks.FLT_MAX, ordered=True),
        (1.0, checks.FLT_MAX),
        to.each(to.number(c.AL_REFERENCE_DISTANCE), to.number(c.AL_MAX_DISTANCE)),
        "Distances for attenuation: (reference, max) in units, 0 <= reference <= max. At the reference distance the "
        "source has its own gain. Beyond the maximum it gets no quieter (in the model 'linear', it is quietest "
        "there). See `Context.distance_model`.",
    )
    """Distances for attenuation: (reference, max) in units, 0 <= reference <= max."""

    rolloff_factors = NumbersProperty(
        checks.pair("direct", "room", 0.0, checks.FLT_MAX),
        (1.0, 0.0),
        to.each(to.number(c.AL_ROLLOFF_FACTOR), _send_limited_room_rolloff),
        "Strength of distance attenuation: (direct, room), each >= 0, for the direct sound and for the sound sent to "
        "effects (ALC_EXT_EFX). 0 disables attenuation. Room factors above 10 act as 10, in OpenAL Soft 1.24 and newer "
        "those above 1 as 1.",
    )
    """Strength of distance attenuation: (direct, room), each >= 0."""

    gain_range = NumbersProperty(
        checks.pair("min", "max", 0.0, 1.0, ordered=True),
        (0.0, 1.0),
        to.each(to.number(c.AL_MIN_GAIN), to.number(c.AL_MAX_GAIN)),
        "Limits of the final gain: (min, max), 0 <= min <= max <= 1. They apply to the product of gain, groups, "
        "fades, distance and cone.",
    )
    """Limits of the final gain: (min, max), 0 <= min <= max <= 1."""

    doppler_factor = Property(
        checks.number(0.0, 1.0),
        1.0,
        _send_doppler_factor,
        "Strength of the doppler effect, from 0 to 1, multiplied by `Context.doppler_factor`.",
    )
    """Strength of the doppler effect, from 0 to 1."""

    radius = Property(
        checks.number(0.0),
        0.0,
        to.with_extension("AL_EXT_SOURCE_RADIUS", "radius", to.number(c.AL_SOURCE_RADIUS)),
        "Radius of the source in units, >= 0. The source sounds wider as the listener approaches, and comes from all "
        "directions inside the radius (AL_EXT_SOURCE_RADIUS).",
    )
    """Radius of the source in units, >= 0."""

    stereo_angles = NumbersProperty(
        checks.pair("left", "right", -checks.FLT_MAX, checks.FLT_MAX),
        (math.pi / 6, -math.pi / 6),
        to.with_extension("AL_EXT_STEREO_ANGLES", "stereo_angles", to.numbers(c.AL_STEREO_ANGLES)),
        "Directions of the channels of a stereo sound: (left, right) in radians, counter-clockwise, 0 in front "
        "(AL_EXT_STEREO_ANGLES).",
    )
    """Directions of the channels of a stereo sound: (left, right) in radians."""

    spatialize: Property[bool | None] = Property(
        checks.boolean_or_none,
        None,
        to.with_extension("AL_SOFT_source_spatialize", "spatialize", _send_spatialize),
        "Whether position, distance and cone apply. None: to mono sounds only (AL_SOFT_source_spatialize).",
    )
    """Whether position, distance and cone apply. None: to mono sounds only."""

    direct_channels = Property(
        checks.boolean,
        False,
        to.with_extension("AL_SOFT_direct_channels", "direct_channels", to.integer(c.AL_DIRECT_CHANNELS_SOFT)),
        "Whether channels go directly to the matching speakers; not for mono (AL_SOFT_direct_channels).",
    )
    """Whether channels go directly to the matching speakers; not for mono."""

    air_absorption_factor = Property(
        checks.number(0.0, 10.0),
        0.0,
        to.with_effects("air_absorption_factor", to.number(c.AL_AIR_ABSORPTION_FACTOR)),
        "Strength of high-frequency loss with distance, from 0 (none) to 10. 1 matches real air at one metre per unit; "
        "see `Listener.meters_per_unit` (ALC_EXT_EFX).",
    )
    """Strength of high-frequency loss with distance, from 0 (none) to 10."""

    gain_auto = NumbersProperty(
        checks.three_flags("direct high frequencies", "send", "send high frequencies"),
        (True, True, True),
        to.with_effects(
            "gain_auto",
            to.each(
                to.integer(c.AL_DIRECT_FILTER_GAINHF_AUTO),
                to.integer(c.AL_AUXILIARY_SEND_FILTER_GAIN_AUTO),
                to.integer(c.AL_AUXILIARY_SEND_FILTER_GAINHF_AUTO),
            ),
        ),
        "Automatic filters: (direct HF, send, send HF), three bools. The cone reduces high frequencies of the direct "
        "sound; distance and cone reduce the gain of the sends, and their high frequencies (ALC_EXT_EFX).",
    )
    """Automatic filters: (direct HF, send, send HF), three bools."""


#: Properties that are often looked up. `SpatialProperties.position` calls a function of Python.
POSITION, VELOCITY, SPATIALIZE = SpatialProperties.position, SpatialProperties.velocity, SpatialProperties.spatialize
