"""Listener: position, orientation and gain of the listener of a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._common import checks
from ._current import require_engine
from ._openal import constants as c
from ._openal import setters as to
from ._openal.properties import NumbersProperty, Property, VectorsProperty
from .source import StageMap

if TYPE_CHECKING:
    from ._common.checks import Vector
    from ._engine import Engine
    from ._openal import Functions
    from .context import Context
    from .stage import SoundStage


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

    def _apply_position(self, value: tuple[float, ...]) -> None:
        if len(value) == 2:
            value = self._values["position"] = self._engine.voices.vector("position", value)
        self._apply_place(Listener.position, value)

    def _apply_velocity(self, value: tuple[float, ...]) -> None:
        if len(value) == 2:
            value = self._values["velocity"] = self._engine.voices.vector("velocity", value)
        self._apply_place(Listener.velocity, value)
        self._engine.voices.end_times.poll_while("the listener moves", value != c.ORIGIN)

    def _apply_place(self, changed: Property[Any], value: Any) -> None:
        if self._stage is None:
            self._apply(changed, value)
        else:  # OpenAL's listener stays where it is: see `StageMap`
            self._listen_on(self._stage)
            self._engine.voices.update_places(changed)

    def _listen_on(self, stage: StageMap) -> None:
        context = self.context
        stage.listen(self.position, self.velocity, context.speed_of_sound, context.doppler_factor)

    def _apply_orientation(self, value: tuple[Vector, Vector]) -> None:
        if self._stage is None:
            self._apply(Listener.orientation, value)

    gain = Property(checks.number(0.0), 1.0, _gain, "Master gain, a linear factor >= 0.")
    """Master gain, a linear factor >= 0."""

    position = NumbersProperty(
        checks.point,
        c.ORIGIN,
        _position,
        "Position, (x, y, z) in units; with a `Context.stage` also (x, y).",
        _apply_position,
    )
    """Position, (x, y, z) in units; with a `Context.stage` also (x, y)."""

    velocity = NumbersProperty(
        checks.point,
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
        "Orientation: (at, up), two vectors that are not parallel. 'at' is the direction of view. No effect with a "
        "`Context.stage`.",
        _apply_orientation,
    )
    """Orientation: (at, up), two vectors that are not parallel."""

    meters_per_unit = Property(
        checks.number(0.0, above=True),
        1.0,
        to.with_effects("meters_per_unit", _meters_per_unit),
        "Metres per unit, > 0, for air absorption (ALC_EXT_EFX).",
    )
    """Metres per unit, > 0, for air absorption."""

    __slots__ = ("_engine", "_stage", "_values")  # a misspelt property is an error

    _engine: Engine
    _stage: StageMap | None
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
        self._stage = None
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


def put_on_stage(listener: Listener, stage: SoundStage | None) -> None:
    """Put the listener and all sources of its context on `stage`, or into OpenAL's space for None."""
    engine, before = listener._engine, listener._stage
    made = None
    if stage is not None:
        made = StageMap(stage)
        listener._listen_on(made)
    listener._stage = made
    try:
        engine.voices.set_stage(listener._stage)
        with engine.scope as al:
            for place in (Listener.position, Listener.velocity, Listener.orientation):
                place.send(al, 0, getattr(listener, place.name) if stage is None else place.default)
    except BaseException:
        engine.voices.stage = listener._stage = before
        raise


def update_doppler(listener: Listener, changed: Property[Any]) -> None:
    """Apply another value of a property `changed` of the context to a listener that moves on a stage."""
    stage = listener._stage
    if stage is not None:
        listener._listen_on(stage)
        if listener.velocity != c.ORIGIN:
            listener._engine.voices.update_places(changed)
