"""What holds for all sources of a context: the laws of its world, and what its OpenAL can play."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import _checks as checks
from ._lifetime import Mortal
from ._openal import constants as c
from ._property import Property
from .formats import frame_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._native import NativeContext
    from ._openal import Functions
    from ._voices import VoicePool

#: What `Context.distance_model` may be, for type checkers.
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

#: How loudness falls with distance; names of OpenAL's distance models.
distance_models: tuple[DistanceModel, ...] = tuple(_DISTANCE_MODELS)


def _doppler_factor(al: Functions, _: int, value: float) -> None:
    al.alDopplerFactor(value)


def _speed_of_sound(al: Functions, _: int, value: float) -> None:
    al.alSpeedOfSound(value)


def _distance_model(al: Functions, _: int, value: DistanceModel) -> None:
    al.alDistanceModel(_DISTANCE_MODELS[value])


class World(Mortal):
    """The part of a `Context` that says how sound behaves."""

    _native: NativeContext
    _voices: VoicePool
    _values: dict[str, Any]

    doppler_factor = Property(
        checks.number(0.0), 1.0, _doppler_factor, "Strength of the doppler effect, >= 0; 1 is nature's, 0 is none."
    )
    speed_of_sound = Property(checks.number(0.0, above=True), 343.3, _speed_of_sound, "Units a second, > 0.")
    distance_model: Property[DistanceModel] = Property(
        checks.one_of(_DISTANCE_MODELS),
        "inverse clamped",
        _distance_model,
        "How loudness falls with distance, one of `distance_models`.",
    )

    @property
    def available_resamplers(self) -> list[str]:
        """Ways to change a sound's rate that a source can choose from (AL_SOFT_source_resampler; else empty)."""
        self._check_alive()
        return list(self._native.resamplers)

    @property
    def default_resampler_index(self) -> int:
        """Index of the default in `available_resamplers`; 0 where there are none."""
        self._check_alive()
        return self._native.default_resampler

    def is_supported(self, channel_config: str, sample_type: str) -> bool:
        """Whether sounds of that layout and sample type can be played.

        Raises:
            ValueError: `channel_config` or `sample_type` is not one of the known ones.
        """
        self._check_alive()
        frame_size(channel_config, sample_type)
        return (channel_config, sample_type) in self._native.supported

    def start_batch(self) -> None:
        """Hold back changes of sources and listener until `end_batch`, to be heard at one moment.

        Batches do not nest: the first `end_batch` ends what any number of `start_batch` has begun, so that one which
        an exception has skipped is made up for by the next. Nothing without AL_SOFT_deferred_updates.
        """
        self._check_alive()
        self._voices.batch(True)
        self._native.defer(True)

    def end_batch(self) -> None:
        """Let what changed since `start_batch` be heard; nothing if there was none."""
        self._check_alive()
        self._native.defer(False)
        self._voices.batch(False)

    def _changed(self, changed: Property[Any], value: Any) -> None:
        with self._native.bracket as al:
            changed.send(al, 0, value)
