"""Listener: who hears a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._common import checks
from ._current import require_engine
from ._openal import constants as c
from ._openal import setters as to
from ._openal.properties import Property

if TYPE_CHECKING:
    from ._common.checks import Vector
    from ._engine import Engine
    from ._openal import Functions
    from .context import Context


def _gain(al: Functions, _: int, value: float) -> None:
    al.alListenerf(c.AL_GAIN, value)


def _position(al: Functions, _: int, value: Vector) -> None:
    al.alListener3f(c.AL_POSITION, *value)


def _velocity(al: Functions, _: int, value: Vector) -> None:
    al.alListener3f(c.AL_VELOCITY, *value)


def _orientation(al: Functions, _: int, value: tuple[Vector, Vector]) -> None:
    al.set_listener_vectors(c.AL_ORIENTATION, (*value[0], *value[1]))


def _meters_per_unit(al: Functions, _: int, value: float) -> None:
    al.alListenerf(c.AL_METERS_PER_UNIT, value)


class Listener:
    """The ears of a context: where they are, where they look, how loud everything is.

    A context has one listener, true as long as that lives; ``Listener(context) is context.listener``. All properties
    may be set at any time, on the thread that made the context; none blocks.
    """

    def _apply_velocity(self, value: Vector) -> None:
        self._apply(Listener.velocity, value)
        self._engine.voices.poll_while("the listener moves", value != c.ORIGIN)

    gain = Property(checks.number(0.0), 1.0, _gain, "Loudness of everything, a linear factor >= 0.")
    position = Property(checks.vector, c.ORIGIN, _position, "Where it is, (x, y, z) in units.")
    velocity = Property(
        checks.vector, c.ORIGIN, _velocity, "Units a second, for the doppler effect; it moves nothing.", _apply_velocity
    )
    orientation = Property(
        checks.two_vectors,
        c.INITIAL_ORIENTATION,
        _orientation,
        "Which way it looks and where its top is: (at, up), two vectors that are not parallel.",
    )
    meters_per_unit = Property(
        checks.number(0.0, above=True),
        1.0,
        to.with_effects("meters_per_unit", _meters_per_unit),
        "Metres in a unit, > 0; for air absorption (ALC_EXT_EFX).",
    )

    __slots__ = ("_engine", "_values")  # a misspelt property is an error

    _engine: Engine
    _values: dict[str, Any]

    def __new__(cls, context: Context | None = None) -> Listener:
        """The listener of `context`, or of the current one.

        Raises:
            RuntimeError: No context was given and none is current.
        """
        listener: Listener = require_engine(context).context.listener
        return listener

    @classmethod
    def _of(cls, engine: Engine) -> Listener:
        """A context makes its listener by this, once."""
        self = object.__new__(cls)
        self._engine = engine
        self._values = {}
        return self

    @property
    def context(self) -> Context:
        """Whose ears these are."""
        context: Context = self._engine.context
        return context

    def _check_alive(self) -> None:
        self._engine.check_alive()

    def _apply(self, changed: Property[Any], value: Any) -> None:
        with self._engine.scope as al:
            changed.send(al, 0, value)

    def __bool__(self) -> bool:
        return self._engine.alive

    def __repr__(self) -> str:
        return f"<Listener of {self._engine.context!r}>"
