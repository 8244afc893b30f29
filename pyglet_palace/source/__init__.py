"""Source, its spatial properties and its auxiliary sends."""

from __future__ import annotations

from ._base import check_alive, engine_of, state_of
from ._options import PlayOptions, SourceOptions
from ._placement import StageMap
from ._source import Source, new_source, play_new_source
from ._start import check_play_options, playable_for, set_play_options, start_playing

__all__ = [
    "PlayOptions",
    "Source",
    "SourceOptions",
    "StageMap",
    "check_alive",
    "check_play_options",
    "engine_of",
    "new_source",
    "play_new_source",
    "playable_for",
    "set_play_options",
    "start_playing",
    "state_of",
]
