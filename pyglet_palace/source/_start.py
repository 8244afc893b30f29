"""Start of a sound on a source: what a voice plays for it, and the options of the play."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.text import short_repr
from .._openal.properties import Property
from .._playback.fades import NextFade
from .._playback.voice import GAIN
from ..group import check_group
from ._base import engine_of, state_of
from ._options import PLAY_OPTIONS, check_names
from ._silence import warn_of_silence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._common.checks import Check
    from .._engine import Engine
    from .._playback.voice import Playable, PlaybackState
    from ._source import Source

_fade_in = checks.number(0.0)
#: The checks of the options that are not a `Property`, apart from the group.
_CHECKS: Mapping[str, Check[Any]] = {
    "offset_seconds": checks.number(0.0),
    "fade_in": _fade_in,
    "on_stopped": checks.function_or_none,
    "on_force_stopped": checks.function_or_none,
}


@singledispatch
def playable_for(sound: object, source: Source) -> Playable:
    """Return what a voice plays for `sound` on `source`. Each class of sounds registers a function.

    Raises:
        TypeError: `sound` is not a sound.
        ValueError: `sound` and `source` belong to different contexts.
    """
    hint = f"; palace.play({short_repr(sound)}) plays a sound by its name" if isinstance(sound, str) else ""
    raise TypeError(f"{short_repr(sound)} cannot be played; it must be a Buffer or a BaseDecoder{hint}")


def check_play_options(source: Source, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check all options of a play on a source that is alive, before its present sound stops and before one is set.

    Args:
        source: The source.
        options: Options of `PlayOptions`.

    Returns:
        The options for `set_play_options`.

    Raises:
        TypeError: There is no such option, or a value has the wrong type.
        ValueError: A value is out of range.
    """
    check_names("play", options, PLAY_OPTIONS)
    return {name: _checked(source, name, value) for name, value in options.items()}


def set_play_options(source: Source, options: Mapping[str, Any]) -> None:
    """Set the options of a play on a source that is alive, before the play.

    A sound of the source is stopped without an event, so that it is not heard with the options of the next one. Its
    voice gets them all when it starts the next sound, in one context scope. A play that waits for its sound is
    withdrawn.

    Args:
        source: The source.
        options: Those that `check_play_options` returned.
    """
    state = state_of(source)
    if state.voice is not None:
        engine_of(source).voices.release(state)
    elif state.waiting is not None:
        engine_of(source).transport.withdraw(state)
    for name, value in options.items():
        if name == "fade_in":
            set_fade_in(state, value)
        else:
            setattr(source, name, value)


def set_fade_in(state: PlaybackState, milliseconds: float) -> None:
    """Set the option `fade_in` of the next play. Raises `TypeError` or `ValueError`."""
    checked = _fade_in("fade_in", milliseconds)
    state.next_fade = NextFade(0.0, 1.0, checked, "decibel") if checked else None


def _checked(source: Source, name: str, value: Any) -> Any:
    """Return the value of an option, or raise as its setter would. An iterator becomes a tuple: it can be read once."""
    described = getattr(type(source), name, None)
    if isinstance(described, Property):
        value = described.check(name, value)
        is_point = name in ("position", "velocity") and len(value) == 2
        return engine_of(source).voices.vector(name, value) if is_point else value
    if name == "group":
        return check_group(value, state_of(source), engine_of(source))
    check = _CHECKS.get(name)  # None: a subclass has a property of its own
    return value if check is None else check(name, value)


def start_playing(source: Source, playable: Playable, *, paused: bool = False) -> None:
    """Play `playable` on a source that is alive. With `paused`, `Source.resume` starts it."""
    start(engine_of(source), state_of(source), playable, paused=paused)


def start(engine: Engine, state: PlaybackState, playable: Playable, *, paused: bool = False) -> None:
    """Do what `start_playing` does, for the state of a source of `engine`."""
    engine.transport.start(state, playable, paused=paused)
    parameters = state.parameters
    if parameters and (playable.channel_config != "Mono" or parameters.get(GAIN, 1.0) > 1.0):
        warn_of_silence(state, engine.context)
    engine.wake()
