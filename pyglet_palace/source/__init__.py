"""Source, its spatial properties and its auxiliary sends."""

from __future__ import annotations

from ._placement import StageMap
from ._source import Source, check_alive, engine_of, new_source, playable_for, start_playing, state_of

__all__ = [
    "Source",
    "StageMap",
    "check_alive",
    "engine_of",
    "new_source",
    "playable_for",
    "start_playing",
    "state_of",
]
