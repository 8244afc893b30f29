"""Warnings about settings of a source that are not heard."""

from __future__ import annotations

from math import dist
from typing import TYPE_CHECKING, Any

from .._common import log
from .._openal import constants as c
from .._playback.virtual import sound_of
from .._playback.voice import GAIN
from ._spatial import FACING, SpatialProperties, is_positioned

if TYPE_CHECKING:
    from .._openal.properties import Property
    from .._playback.voice import PlaybackState
    from ..context import Context


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
    unplaced = SpatialProperties.position in parameters and SpatialProperties.spatialize not in parameters
    if unplaced and not positioned and not layout.startswith("B-Format"):
        log.warn_once(
            f"{name!r} is a {layout.lower()} sound, so the position of its source has no effect. Set spatialize = "
            f"True on the source, or use a mono file"
        )
    gain = parameters.get(GAIN, 1.0)
    if gain > 1.0 and not (positioned and _may_be_attenuated(parameters, context)):
        log.warn_once(
            f"{name!r} has a gain of {gain:g}, which sounds like 1: OpenAL limits the product of gain, groups, "
            f"fades and distance to 1 (see Source.gain_range). Make the file louder, or raise Listener.gain and "
            f"lower the gains of the other sounds",
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
    away = dist(value(SpatialProperties.position), listener)
    return away > float(value(SpatialProperties.distance_range)[0])
