"""Options of sources and plays: their names and types, and the answer to a misspelt one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from .._common.text import short_repr
from .._openal.properties import Property
from ._spatial import SpatialProperties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..group import SourceGroup
    from ._source import Source


class SourceOptions(TypedDict, total=False):
    """Options of `Source`: properties that are set on the new source."""

    gain: float
    pitch: float
    pan: float
    position: Iterable[float]
    velocity: Iterable[float]
    looping: bool
    loops: int
    group: SourceGroup | None
    priority: int
    filter: Iterable[float]


class PlayOptions(SourceOptions, total=False):
    """Options of all calls that play. They are set on the source before the sound starts."""

    #: Seconds from the start of the sound at which it starts.
    offset_seconds: float
    #: Milliseconds of a fade from silence to the full gain.
    fade_in: float
    on_stopped: Callable[[Source], object] | None
    on_force_stopped: Callable[[Source], object] | None


#: Names of other libraries, with ours.
_ELSEWHERE = {
    "volume": "gain",
    "loudness": "gain",
    "loop": "looping",
    "repeat": "loops",
    "loop_count": "loops",
    "speed": "pitch",
    "rate": "pitch",
    "seek": "offset_seconds",
    "start": "offset_seconds",
    "start_time": "offset_seconds",
    "offset": "offset_seconds",
    "time": "offset_seconds",
    "fade_ms": "fade_in",
    "pos": "position",
    "on_eos": "on_stopped",
    "on_end": "on_stopped",
}


#: Names of effects that users of other libraries try, and of the fade-out, with what to set or call on the source.
_AFTERWARDS = {
    **dict.fromkeys(("effect", "effects", "reverb", "send", "sends"), "set sends[0].effect"),
    **dict.fromkeys(("fade_out", "fadeout"), "call fade_out_to_stop(0, milliseconds)"),
}

#: The likeness, 0 to 1, from which an option is suggested. 'effect' is like 'offset' by 0.67, 'piority' like 'priority'
#: by 0.93.
_LIKENESS = 0.75


def check_names(call: str, options: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Refuse unknown options of `call`.

    Raises:
        TypeError: One of `options` is not in `known`. The text suggests another, or lists them.
    """
    for name in options:
        if name not in known:
            raise TypeError(f"{call} has no option {short_repr(name)}; {_hint(name, known)}")


def _hint(name: str, known: Mapping[str, object]) -> str:
    """Return what to write in place of the unknown option `name`."""
    afterwards = _AFTERWARDS.get(name)
    if isinstance(vars(SpatialProperties).get(name), Property):
        afterwards = f"set {name}"
    if afterwards is not None:
        return f"{afterwards} on the source"

    import difflib  # needed for the message only

    near = difflib.get_close_matches(name, [*known, *_ELSEWHERE], 1, _LIKENESS) or [name]
    right = _ELSEWHERE.get(near[0], near[0])
    return f"did you mean {right!r}?" if right in known else f"the options are {', '.join(known)}"


#: The names of the options. The values are not used.
SOURCE_OPTIONS: Mapping[str, object] = SourceOptions.__annotations__
PLAY_OPTIONS: Mapping[str, object] = {**SOURCE_OPTIONS, **PlayOptions.__annotations__}
