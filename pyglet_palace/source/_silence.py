"""Warnings about settings of a source that are not heard."""

from __future__ import annotations

from math import dist
from typing import TYPE_CHECKING, Any

from .._common import log
from .._common.text import short_repr
from .._openal import constants as c
from .._playback.virtual import sound_of
from .._playback.voice import GAIN
from ..stage import reach_of
from ._spatial import FACING, POSITION, SPATIALIZE, SpatialProperties, is_positioned

if TYPE_CHECKING:
    from .._openal.properties import Property
    from .._playback.voice import PlaybackState
    from ..context import Context

#: The factor of a change of the gain that is not heard: 0.09 dB.
_INAUDIBLE = 1.01


def warn_of_silence(state: PlaybackState, context: Context) -> None:
    """Log, once for each sound, that the position or a part of the gain of the present sound is not heard.

    Args:
        state: The playback state of the source.
        context: Its context.
    """
    playable = sound_of(state.voice)
    if playable is None:
        return
    parameters, name, layout = state.parameters, playable.name, playable.channel_config
    positioned = state.placement is None and is_positioned(playable, parameters)
    unplaced = POSITION in parameters and SPATIALIZE not in parameters
    if unplaced and not positioned and not layout.startswith("B-Format"):
        log.warn_once(
            f"{short_repr(name)} is a {layout.lower()} sound, so the position of its source has no effect. "
            f"Set spatialize = True on the source, or use a mono file",
            key=f"position of {name}",
        )
    gain, limit = parameters.get(GAIN, 1.0), 1.0
    if state.placement is not None or context.stage is not None:
        voice = state.voice
        if voice is None or not voice.number:
            return  # the place of a virtual voice has no gain yet
        limit /= voice.place_gain
    if gain > limit * _INAUDIBLE and not (positioned and _may_be_attenuated(parameters, context)):
        log.warn_once(
            f"{short_repr(name)} has a gain of {gain:g}, which sounds like {limit:.3g}: OpenAL limits the product of "
            f"gain, groups, fades, pan and distance to 1 (see Source.gain_range). Make the file louder, or raise "
            f"Listener.gain and lower the gains of the other sounds",
            key=f"gain of {name}",
        )


def _may_be_attenuated(parameters: dict[Property[Any], Any], context: Context) -> bool:
    """Return whether distance or cone may reduce the gain of a positioned sound."""

    def value(of: Property[Any]) -> Any:
        return parameters.get(of, of.default)

    if FACING in parameters:
        return True
    if value(SpatialProperties.rolloff_factors)[0] == 0 or context.distance_model == "none":
        return False
    listener = c.ORIGIN if value(SpatialProperties.relative) else context.listener.position
    away = dist(value(POSITION), listener)
    if context.stage is None or SpatialProperties.distance_range in parameters:
        reference = float(value(SpatialProperties.distance_range)[0])
    else:
        reference = reach_of(context.stage)
    return away > reference
