"""Base class of the parts of `Source`, and its playback state for the rest of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._context_object import ContextObject
from .._playback.voice import PlaybackState

if TYPE_CHECKING:
    from .._engine import Engine
    from .._openal.properties import Property


class SourceBase(ContextObject):
    """A playback state with values of properties. The base classes of `Source` add properties and methods to it."""

    __slots__ = (
        "__weakref__",
        "_state",
        "_values",
    )  # a misspelt property is an error

    def _set_up(self, engine: Engine) -> None:
        self._engine = engine
        self._values: dict[str, Any] = {}
        self._state = PlaybackState(self)
        self._init_lifetime()

    def _apply(self, changed: Property[Any], value: Any) -> None:
        self._engine.voices.set_parameter(self._state, changed, value)

    if TYPE_CHECKING:

        def _warn_of_silence(self) -> None:
            """Log that a setting of the source is not heard."""


def check_alive(source: SourceBase) -> None:
    """Raise unless `source` can be used on this thread."""
    source._check_alive()


def engine_of(source: SourceBase) -> Engine:
    """Return the engine of the context of `source`."""
    return source._engine


def state_of(source: SourceBase) -> PlaybackState:
    """Return the playback state of `source`."""
    return source._state
