"""Pan and StageMap: the rules for the places of panned sources and of sources on a `SoundStage`."""

from __future__ import annotations

from math import cos, hypot, pi, sin, sqrt, tan, tanh
from typing import TYPE_CHECKING, Any

from .._common.checks import FLT_MAX
from .._openal import constants as c
from .._openal.packing import pack_float, pack_vector
from .._playback.panning import AZIMUTH_SCALE, CHANNEL_AZIMUTH_SCALE, direction
from .._playback.voice import GAIN
from ..stage import reach_of
from ._spatial import FACING, POSITION, SPATIALIZE, VELOCITY, SpatialProperties, is_positioned

if TYPE_CHECKING:
    from .._common.checks import Vector
    from .._openal import Functions
    from .._openal.properties import Property
    from .._playback.voice import Voice
    from ..stage import SoundStage

_RELATIVE, _ROLLOFF = SpatialProperties.relative, SpatialProperties.rolloff_factors
_DISTANCES, _ANGLES = SpatialProperties.distance_range, SpatialProperties.stereo_angles
_DOPPLER = SpatialProperties.doppler_factor
_NO_ROLLOFF, _NO_DIRECT_ROLLOFF = (0.0, 0.0), pack_float(0.0)


class Pan:
    """Place of a source between the ears, whatever its spatial properties are.

    A mono sound goes to the direction with the right levels, one unit from the listener. Of a stereo sound, the channel
    of the side stays where it is, and the other one moves towards it.
    """

    parameters: frozenset[Property[Any]] = frozenset(
        {
            *(POSITION, VELOCITY, _RELATIVE, _ROLLOFF, FACING, _ANGLES, SPATIALIZE),
            *(SpatialProperties.radius, SpatialProperties.direct_channels),
        }
    )
    sent: frozenset[Property[Any]] = frozenset({POSITION, _RELATIVE, _ROLLOFF, _ANGLES, GAIN})

    def __init__(self, value: float) -> None:
        """Make the place `value`, from -1 to 1."""
        self.value = value

    def send(self, al: Functions, voice: Voice, changed: Property[Any] | None) -> None:
        """Send the place, with the gain that keeps the power of a mono sound. See `Placement`."""
        assert voice.state is not None
        assert voice.playable is not None
        number = voice.number
        if voice.playable.channel_config == "Mono":
            azimuth, voice.place_gain = direction(tan(self.value * pi / 4))
            azimuth /= AZIMUTH_SCALE
            if changed is None:
                _RELATIVE.send(al, number, True)
                if _ROLLOFF in voice.state.parameters:
                    _ROLLOFF.send(al, number, _NO_ROLLOFF)
                else:  # the usual case, in less time: the factor of the room is 0
                    al.alSourcefv(number, c.AL_ROLLOFF_FACTOR, _NO_DIRECT_ROLLOFF)
            POSITION.send(al, number, (sin(azimuth), 0.0, -cos(azimuth)))
        else:
            voice.place_gain = 1.0
            _ANGLES.send(al, number, self._stereo_angles())
        GAIN.send(al, number, voice.state.parameters.get(GAIN, 1.0) * voice.place_gain)

    def _stereo_angles(self) -> tuple[float, float]:
        """Return the directions of the channels of a stereo sound."""
        left, right = _ANGLES.default
        if self.value:
            moved = direction(tan((2 * abs(self.value) - 1) * pi / 4))[0] / CHANNEL_AZIMUTH_SCALE
            if self.value > 0:
                left = -moved
            else:
                right = moved
        return left, right


#: The (right - left) / (right + left) of a sound far to the side: 19.1 dB.
_FARTHEST = 0.8
#: The sine of the elevation of a sound far above: 30 degrees.
_HIGHEST = 0.5
#: The least change of the gain that is sent: 0.005 dB.
_LEAST_CHANGE = 0.0005
#: The largest speed that is sent: OpenAL's sums of its components stay finite.
_FASTEST = FLT_MAX / 2


class StageMap:
    """Places of sources on a `SoundStage`.

    OpenAL attenuates by distance and pans by direction. On a stage, a sound at its true direction would be in one ear
    only, and jump to the other one when it passes the listener. So a sound keeps its true distance, and its direction
    depends on how far to the side it is: (right - left) / (right + left) is 0.8 tanh(x / (width / 2)). The far ear is
    6.7 dB quieter at a quarter of `width`, 12.3 dB at half of it, and at most 19.1 dB. Height is an elevation, which
    only HRTF makes heard.

    Positions on a stage are relative to the listener. A lift of the listener above the stage, which would let OpenAL do
    this alone, changes the distances and has no limit to the side. A move of the listener sends all places again.

    OpenAL's listener is at rest. Each source gets the velocity that has the Doppler effect of both true velocities.
    """

    parameters: frozenset[Property[Any]] = frozenset(
        {POSITION, VELOCITY, _RELATIVE, _DISTANCES, FACING, SPATIALIZE, _DOPPLER}
    )
    sent: frozenset[Property[Any]] = frozenset({POSITION, _DISTANCES, GAIN})

    def __init__(self, stage: SoundStage) -> None:
        """Make the map of `stage`. Call `listen` before it is used."""
        self._half = stage.width / 2
        self._up = -1.0 if stage.y_down else 1.0
        self._distances = reach_of(stage), FLT_MAX

    def listen(self, position: Vector, velocity: Vector, speed_of_sound: float, doppler_factor: float) -> None:
        """Move the listener. The places of sources are sent by `VoicePool.update_places`.

        Args:
            position: Position of the listener.
            velocity: Its velocity.
            speed_of_sound: That of the context.
            doppler_factor: That of the context.
        """
        self._position = position
        self._velocity = velocity
        self._speed_of_sound = speed_of_sound
        self._doppler_factor = doppler_factor

    def send(self, al: Functions, voice: Voice, changed: Property[Any] | None) -> None:
        """Send the place, with the gain that keeps the power of a sound in front. See `Placement`."""
        state, playable, number = voice.state, voice.playable, voice.number
        assert state is not None
        assert playable is not None
        parameters, touched = state.parameters, voice.touched
        x, y, z = parameters.get(POSITION, c.ORIGIN)
        relative = _RELATIVE in parameters
        if not relative:
            left, below, behind = self._position
            x, y, z = x - left, y - below, z - behind
        distance = sqrt(x * x + y * y + z * z)

        up = self._up * _HIGHEST * tanh(y / self._half)
        level = sqrt(1 - up * up)
        azimuth, gain = direction(_FARTHEST * tanh(x / self._half), level)
        if playable.channel_config == "Mono":
            azimuth /= AZIMUTH_SCALE
        else:
            azimuth /= CHANNEL_AZIMUTH_SCALE
        side, ahead = sin(azimuth) * level, cos(azimuth) * level
        finite = min(distance, FLT_MAX)
        al.alSourcefv(number, c.AL_POSITION, pack_vector(finite * side, finite * up, -finite * ahead))
        if not is_positioned(playable, parameters):
            gain = 1.0
        if changed is None or abs(gain - voice.place_gain) > _LEAST_CHANGE:
            voice.place_gain = gain
            al.alSourcefv(number, c.AL_GAIN, pack_float(parameters.get(GAIN, 1.0) * gain))

        if changed is None or changed is _DISTANCES:
            _DISTANCES.send(al, number, parameters.get(_DISTANCES, self._distances))
        if SPATIALIZE in touched and (changed is None or changed is SPATIALIZE):
            SPATIALIZE.send(al, number, parameters.get(SPATIALIZE))
        if _DOPPLER in touched and (changed is None or changed is _DOPPLER):
            _DOPPLER.send(al, number, parameters.get(_DOPPLER, _DOPPLER.default))
        distance = distance or 1.0
        if FACING in touched:
            FACING.send(al, number, parameters.get(FACING, FACING.default))
            if FACING in parameters:  # at the true angle to the listener, for the gain of the cone
                (at, _), _ = parameters[FACING]
                cosine = -(at[0] * x + at[1] * y + at[2] * z) / (distance * hypot(*at))
                sine = sqrt(max(1 - cosine * cosine, 0.0)) / level
                turned = sine * ahead - cosine * side, -cosine * up, sine * side + cosine * ahead
                al.alSourcefv(number, c.AL_DIRECTION, pack_vector(*turned))
        if VELOCITY in touched or self._velocity != c.ORIGIN:
            touched.add(VELOCITY)
            vx, vy, vz = parameters.get(VELOCITY, c.ORIGIN)
            if not relative:
                vx, vy, vz = vx - self._velocity[0], vy - self._velocity[1], vz - self._velocity[2]
            away = (vx * x + vy * y + vz * z) / distance
            if self._velocity != c.ORIGIN:
                vx, vy, vz = self._velocity
                away = self._heard_at_rest(
                    away,
                    (vx * x + vy * y + vz * z) / distance,
                    self._doppler_factor * parameters.get(_DOPPLER, _DOPPLER.default),
                )
            away = min(max(away, -_FASTEST), _FASTEST)
            al.alSourcefv(number, c.AL_VELOCITY, pack_vector(away * side, away * up, -away * ahead))

    def _heard_at_rest(self, away: float, towards: float, factor: float) -> float:
        """Return the speed of a source for a listener at rest, with the pitch that a moving listener hears.

        OpenAL's pitch is (s + f * `towards`) / (s + f * (`away` + `towards`)), where s is the speed of sound, and f the
        Doppler factor. A listener that flees at the speed of sound hears nothing.

        Args:
            away: How fast the source moves away, seen by the listener.
            towards: How fast the listener moves towards the place of the source.
            factor: The Doppler factor.
        """
        met = self._speed_of_sound + factor * towards
        return away * self._speed_of_sound / met if met > 0 else _FASTEST
