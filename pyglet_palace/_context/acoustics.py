"""Acoustics of a context: Doppler effect and distance attenuation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .._common import checks
from .._openal import constants as c
from .._openal.properties import Property
from ..listener import update_doppler
from .base import ContextBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._openal import Functions
    from ..listener import Listener

#: Names of the distance models, for type checkers.
DistanceModel = Literal[
    "inverse clamped", "linear clamped", "exponent clamped", "inverse", "linear", "exponent", "none"
]

_DISTANCE_MODELS: Mapping[DistanceModel, int] = {
    "inverse clamped": c.AL_INVERSE_DISTANCE_CLAMPED,
    "linear clamped": c.AL_LINEAR_DISTANCE_CLAMPED,
    "exponent clamped": c.AL_EXPONENT_DISTANCE_CLAMPED,
    "inverse": c.AL_INVERSE_DISTANCE,
    "linear": c.AL_LINEAR_DISTANCE,
    "exponent": c.AL_EXPONENT_DISTANCE,
    "none": c.AL_NONE,
}

#: Names of OpenAL's distance models: how the gain falls with distance.
distance_models: tuple[DistanceModel, ...] = tuple(_DISTANCE_MODELS)


def _doppler_factor(al: Functions, _: int, value: float) -> None:
    al.alDopplerFactor(value)


def _speed_of_sound(al: Functions, _: int, value: float) -> None:
    al.alSpeedOfSound(value)


def _distance_model(al: Functions, _: int, value: DistanceModel) -> None:
    al.alDistanceModel(_DISTANCE_MODELS[value])


class Acoustics(ContextBase):
    """Base class of `Context` with the properties of the space between the sources and the listener."""

    _listener: Listener
    _values: dict[str, Any]

    def _apply_doppler_factor(self, value: float) -> None:
        self._apply(Acoustics.doppler_factor, value)
        update_doppler(self._listener, Acoustics.doppler_factor)

    def _apply_speed_of_sound(self, value: float) -> None:
        self._apply(Acoustics.speed_of_sound, value)
        update_doppler(self._listener, Acoustics.speed_of_sound)

    doppler_factor = Property(
        checks.number(0.0),
        1.0,
        _doppler_factor,
        "Strength of the Doppler effect, >= 0; 1 is natural, 0 is off.",
        _apply_doppler_factor,
    )
    """Strength of the Doppler effect, >= 0; 1 is natural, 0 is off."""

    speed_of_sound = Property(
        checks.number(0.0, above=True),
        343.3,
        _speed_of_sound,
        "Speed of sound for the Doppler effect, in units per second, > 0.",
        _apply_speed_of_sound,
    )
    """Speed of sound for the Doppler effect, in units per second, > 0."""

    distance_model: Property[DistanceModel] = Property(
        checks.one_of(_DISTANCE_MODELS),
        "inverse clamped",
        _distance_model,
        "How the gain falls with distance, one of `distance_models`.",
    )
    """How the gain falls with distance, one of `distance_models`."""

    def _apply(self, changed: Property[Any], value: Any) -> None:
        with self._engine.native.scope as al:
            changed.send(al, 0, value)
