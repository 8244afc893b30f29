"""Listener: position, orientation and gain of the listener of a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._common import checks
from ._current import require_engine
from ._openal import constants as c
from ._openal import setters as to
from ._openal.properties import NumbersProperty, Property, VectorsProperty

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
    """The listener of a context.

    Each context has one listener: ``Listener(context) is context.listener``. It is true as long as its context is.
    Set all properties at any time, on the thread that created the context. They do not block.
    """

    def _apply_velocity(self, value: Vector) -> None:
        self._apply(Listener.velocity, value)
        self._engine.voices.end_times.poll_while("the listener moves", value != c.ORIGIN)

    gain = Property(checks.number(0.0), 1.0, _gain, "Master gain, a linear factor >= 0.")
    """Master gain, a linear factor >= 0."""

    position = NumbersProperty(checks.vector, c.ORIGIN, _position, "Position, (x, y, z) in units.")
    """Position, (x, y, z) in units."""

    velocity = NumbersProperty(
        checks.vector,
        c.ORIGIN,
        _velocity,
        "Velocity for the Doppler effect, (x, y, z) in units per second. It does not change `position`.",
        _apply_velocity,
    )
    """Velocity for the Doppler effect, (x, y, z) in units per second."""

    orientation = VectorsProperty(
        checks.two_vectors,
        c.INITIAL_ORIENTATION,
        _orientation,
        "Orientation: (at, up), two vectors that are not parallel. 'at' is the direction of view.",
    )
    """Orientation: (at, up), two vectors that are not parallel."""

    meters_per_unit = Property(
        checks.number(0.0, above=True),
        1.0,
        to.with_effects("meters_per_unit", _meters_per_unit),
        "Metres per unit, > 0, for air absorption (ALC_EXT_EFX).",
    )
    """Metres per unit, > 0, for air absorption."""

    __slots__ = ("_engine", "_values")  # a misspelt property is an error

    _engine: Engine
    _values: dict[str, Any]

    def __new__(cls, context: Context | None = None) -> Listener:
        """Get the listener of `context`, or of the current context.

        Raises:
            RuntimeError: No context was given and none is current.
        """
        listener: Listener = require_engine(context).context.listener
        return listener

    @classmethod
    def _of(cls, engine: Engine) -> Listener:
        """Make the one listener of a context. Called by the context."""
        self = object.__new__(cls)
        self._engine = engine
        self._values = {}
        return self

    @property
    def context(self) -> Context:
        """The context of the listener."""
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
