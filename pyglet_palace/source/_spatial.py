"""What a source has of space: where it is, where it goes, which way it faces, and how all that is heard."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._common import checks, log
from .._openal import constants as c
from .._openal import setters as to
from .._openal.properties import Property
from ..errors import OpenALError

if TYPE_CHECKING:
    from .._common.checks import Vector
    from .._openal import Functions

_ZERO = (0.0, 0.0, 0.0)
_AHEAD = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
_ALL_AROUND = (360.0, 360.0)

#: The most that OpenAL takes as a room rolloff factor (AL/efx.h).
_MOST_ROOM_ROLLOFF = 10.0

_send_inner_angle = to.number(c.AL_CONE_INNER_ANGLE)
_send_outer_angle = to.number(c.AL_CONE_OUTER_ANGLE)
_send_direction = to.vector(c.AL_DIRECTION)
_send_room_rolloff = to.with_effects("rolloff_factors[1]", to.number(c.AL_ROOM_ROLLOFF_FACTOR))


def _send_facing(al: Functions, source: int, value: tuple[tuple[Vector, Vector], tuple[float, float]]) -> None:
    """Orientation and cone angles, in one.

    A new source of OpenAL's has no direction at all, and so no cone, whatever its angles are; ours looks to -z. The
    two sound alike as long as no cone is set, so only a source that has both at their defaults is left without.
    """
    (at, up), angles = value
    if al.has_extension("AL_EXT_BFORMAT"):  # AL_ORIENTATION is what turns B-Format sounds
        al.set_source_floats(source, c.AL_ORIENTATION, *at, *up)
    _send_direction(al, source, _ZERO if value == (_AHEAD, _ALL_AROUND) else at)
    _send_inner_angle(al, source, angles[0])
    _send_outer_angle(al, source, angles[1])


def _send_limited_room_rolloff(al: Functions, source: int, value: float) -> None:
    _send_room_rolloff(al, source, min(value, _MOST_ROOM_ROLLOFF))


def _send_doppler_factor(al: Functions, source: int, value: float) -> None:
    try:
        al.alSourcef(source, c.AL_DOPPLER_FACTOR, value)
    except OpenALError:  # OpenAL Soft takes it of a source, and calls that no extension
        log.warn_once("doppler_factor does nothing: this OpenAL has it for the whole context only")


def _send_spatialize(al: Functions, source: int, value: bool | None) -> None:
    al.alSourcei(source, c.AL_SOURCE_SPATIALIZE_SOFT, c.AL_AUTO_SOFT if value is None else int(value))


class SpatialProperties:
    """The properties of a `Source` that place it in space. A base class, which adds nothing but them."""

    __slots__ = ()

    position = Property(checks.vector, _ZERO, to.vector(c.AL_POSITION), "Where it is, (x, y, z) in units.")
    velocity = Property(
        checks.vector,
        _ZERO,
        to.vector(c.AL_VELOCITY),
        "Units a second, (x, y, z), for the doppler effect; it moves nothing.",
    )
    relative = Property(
        checks.boolean,
        False,
        to.integer(c.AL_SOURCE_RELATIVE),
        "Whether position, velocity and facing direction are as the listener sees them: (0, 0, -1) is in front.",
    )
    orientation = Property(
        checks.two_vectors,
        _AHEAD,
        to.nothing,
        "Which way it faces and where its top is: (at, up), two vectors that are not parallel. 'at' is the axis of "
        "the cone (see `cone_angles`); both turn a B-Format sound (AL_EXT_BFORMAT).",
    )
    cone_angles = Property(
        checks.pair("inner", "outer", 0.0, 360.0, ordered=True),
        _ALL_AROUND,
        to.nothing,
        "(inner, outer) in degrees, 0 <= inner <= outer <= 360, each the whole width of a cone around the direction "
        "it faces: within the inner one it is at its full gain, outside the outer one at `outer_cone_gains`, between "
        "them in between.",
    )
    outer_cone_gains = Property(
        checks.pair("gain", "high-frequency gain", 0.0, 1.0),
        (0.0, 1.0),
        to.each(
            to.number(c.AL_CONE_OUTER_GAIN),
            to.with_effects("outer_cone_gains[1]", to.number(c.AL_CONE_OUTER_GAINHF)),
        ),
        "(gain, high-frequency gain) outside the outer cone, factors from 0 to 1 (the second: ALC_EXT_EFX).",
    )
    distance_range = Property(
        checks.pair("reference", "max", 0.0, checks.FLT_MAX, ordered=True),
        (1.0, checks.FLT_MAX),
        to.each(to.number(c.AL_REFERENCE_DISTANCE), to.number(c.AL_MAX_DISTANCE)),
        "(reference, max) in units, 0 <= reference <= max: the distance at which it is at its own gain, and the one "
        "beyond which it grows no quieter (or, of the model 'linear', at which it is quietest); see "
        "`Context.distance_model`.",
    )
    rolloff_factors = Property(
        checks.pair("direct", "room", 0.0, checks.FLT_MAX),
        (1.0, 0.0),
        to.each(to.number(c.AL_ROLLOFF_FACTOR), _send_limited_room_rolloff),
        "(direct, room), each >= 0: how strongly distance makes it quieter, and what it sends to effects "
        "(ALC_EXT_EFX, where more than 10 is heard as 10); 0 is not at all.",
    )
    gain_range = Property(
        checks.pair("min", "max", 0.0, 1.0, ordered=True),
        (0.0, 1.0),
        to.each(to.number(c.AL_MIN_GAIN), to.number(c.AL_MAX_GAIN)),
        "(min, max), 0 <= min <= max <= 1: what its loudness is brought into, once gain, groups, fades, distance and "
        "cone are multiplied.",
    )
    doppler_factor = Property(
        checks.number(0.0, 1.0),
        1.0,
        _send_doppler_factor,
        "Strength of the doppler effect, from 0 to 1, besides `Context.doppler_factor`.",
    )
    radius = Property(
        checks.number(0.0),
        0.0,
        to.with_extension("AL_EXT_SOURCE_RADIUS", "radius", to.number(c.AL_SOURCE_RADIUS)),
        "Size in units, >= 0: the nearer the listener, the wider it is heard, and from all around within it "
        "(AL_EXT_SOURCE_RADIUS).",
    )
    stereo_angles = Property(
        checks.pair("left", "right", -checks.FLT_MAX, checks.FLT_MAX),
        (math.pi / 6, -math.pi / 6),
        to.with_extension("AL_EXT_STEREO_ANGLES", "stereo_angles", to.numbers(c.AL_STEREO_ANGLES)),
        "Where the channels of a stereo sound come from, (left, right) in radians, counter-clockwise, 0 in front "
        "(AL_EXT_STEREO_ANGLES).",
    )
    spatialize: Property[bool | None] = Property(
        checks.boolean_or_none,
        None,
        to.with_extension("AL_SOFT_source_spatialize", "spatialize", _send_spatialize),
        "Whether position, distance and cone are heard; None: for mono sounds only (AL_SOFT_source_spatialize).",
    )
    direct_channels = Property(
        checks.boolean,
        False,
        to.with_extension("AL_SOFT_direct_channels", "direct_channels", to.integer(c.AL_DIRECT_CHANNELS_SOFT)),
        "Whether channels go straight to the speakers of the same name (AL_SOFT_direct_channels); not for mono.",
    )
    air_absorption_factor = Property(
        checks.number(0.0, 10.0),
        0.0,
        to.with_effects("air_absorption_factor", to.number(c.AL_AIR_ABSORPTION_FACTOR)),
        "How strongly distance dulls it, from 0, not at all, to 10; 1 is nature's at one metre a unit, see "
        "`Listener.meters_per_unit` (ALC_EXT_EFX).",
    )
    gain_auto = Property(
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
        "(direct HF, send, send HF), three bools: whether the cone dulls what is heard directly, whether distance "
        "and cone weaken what is sent to effects, and whether they dull it (ALC_EXT_EFX).",
    )

    #: What is sent of orientation and cone angles.
    _facing: Property[Any] = Property(checks.two_vectors, (_AHEAD, _ALL_AROUND), _send_facing, "See `_send_facing`.")
