"""BaseEffect: common base of all effects. Builds constructor arguments from the parameters of a class."""

from __future__ import annotations

import inspect
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from .._common import checks
from .._context_object import ContextObject
from .._current import require_engine
from .._openal import constants as c
from .._openal.properties import Property
from .._playback.effect_slots import EffectKind, EffectState
from ._parameters import Parameter, SlotProperty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._openal import Functions
    from ..context import Context
    from ..source import Source


def _slot_gain(al: Functions, slot: int, value: float) -> None:
    al.alAuxiliaryEffectSlotf(slot, c.AL_EFFECTSLOT_GAIN, value)


class BaseEffect(ContextObject):
    """An effect that sources send to: ``source.sends[0].effect = ReverbEffect("CAVE")``.

    Any number of sources can send to one effect. A source can use as many effects as it has sends. The effect is
    heard in addition to the direct sound, which `Source.filter` can silence. `BaseEffect` itself has no effect on the
    sound. Each subclass has its own properties, and its constructor accepts all of its effect parameters. A property
    change takes effect at once.

    A device has a limited number of effect slots (64 with OpenAL Soft). An effect gets a slot when a send first uses
    it. If no slot is free, it takes the slot of an effect without sends. If all effects have sends, the new effect is
    not heard and one warning is logged. It then gets the first free slot, no later than the next update, if a source
    that sends to it plays then. On a device without effects, or without this type of effect, it is not heard and one
    warning is logged.

    An effect stays alive while it is referenced or a source sends to it. After that its tail fades out, unless another
    effect needs the slot. `destroy` stops the tail. Use effects only on the thread that created their context. They
    are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = ("__weakref__", "_forget", "_state", "_values")  # a misspelt property is an error

    #: OpenAL effect types to try, best first. Each has a map from the numbers of `Parameter` to those of the type.
    #: The type has only the mapped parameters. None: the numbers are the same.
    _types: ClassVar[tuple[tuple[int, Mapping[int, int] | None], ...]] = ()
    _parameters: ClassVar[Mapping[str, Parameter[Any]]]
    _slot_properties: ClassVar[Mapping[str, Property[Any]]]
    _kind: ClassVar[EffectKind]
    _arguments: ClassVar[inspect.Signature]
    __signature__: ClassVar[inspect.Signature]  # for ``help`` and ``inspect.signature``

    slot_gain = SlotProperty(
        checks.number(0.0, 1.0), 1.0, _slot_gain, "Output gain of the effect slot, a linear factor from 0 to 1."
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._read_rows()

    @classmethod
    def _read_rows(cls) -> None:
        """Collect the properties of the class and build the constructor arguments from its parameters."""
        rows: dict[str, Property[Any]] = {}
        for base in reversed(cls.__mro__):
            rows.update((name, row) for name, row in vars(base).items() if isinstance(row, Property))
        cls._parameters = {name: row for name, row in rows.items() if isinstance(row, Parameter)}
        cls._slot_properties = {name: row for name, row in rows.items() if not isinstance(row, Parameter)}
        cls._kind = EffectKind(cls.__name__, cls._types, cls._parameters, cls._slot_properties)
        cls._arguments = cls.__signature__ = _signature(cls._parameters.values())
        if cls.__init__ is not BaseEffect.__init__:
            own = inspect.signature(cls.__init__)
            cls.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])

    if TYPE_CHECKING:  # for type checkers; a test compares the signatures of all classes with their parameters

        def __init__(self, context: Context | None = None) -> None: ...

    else:

        def __init__(self, *arguments: Any, **named: Any) -> None:
            """Create an effect.

            Args:
                arguments: Properties of the class and `context` (None: the current context), in the order of
                    ``inspect.signature``.
                named: The same, by name.

            Raises:
                ValueError: A property is out of range.
                TypeError: A property is unknown or has the wrong type.
                RuntimeError: No context was given and none is current, or another thread created the context.
            """
            try:
                given = self._arguments.bind(*arguments, **named).arguments
            except TypeError as error:
                known = ", ".join(self._arguments.parameters)
                raise TypeError(f"{type(self).__name__}(): {error}; its arguments are {known}") from None
            self._make(given.pop("context", None), given)

    def _make(self, context: Context | None, given: Mapping[str, Any]) -> None:
        self._engine = require_engine(context)
        self._engine.check_alive()
        slots = self._engine.effect_slots
        slots.update()
        self._values: dict[str, Any] = {}
        self._state = EffectState(self._kind, self._values)
        self._init_lifetime()
        self._set_all(given)
        self._forget = weakref.finalize(self, slots.dropped.append, self._state)
        self._forget.atexit = False

    @property
    def source_sends(self) -> list[tuple[Source, int]]:
        """Sources that send to this effect, with the send index. Includes idle sources, not destroyed ones."""
        self._check_alive()
        return self._state.source_sends

    @property
    def use_count(self) -> int:
        """Number of sends that use this effect."""
        return len(self.source_sends)

    def destroy(self) -> None:
        """Remove the effect from all sends and destroy it. Repeated calls have no effect."""
        if not self._destroyed:
            if self._engine.alive:
                self._check_alive()
                for source, index in self._state.source_sends:
                    source.sends[index].effect = None
                self._state.silent_at = 0  # no tail
                self._forget()
                self._engine.effect_slots.update()
            self._destroyed = self._state.destroyed = True

    def _set_all(self, given: Mapping[str, Any]) -> None:
        """Set several properties at once. An invalid value leaves all of them unchanged."""
        checked = [(row := self._parameters[name], row.check(name, value)) for name, value in given.items()]
        for row, value in checked:
            self._values[row.name] = value
        self._engine.effect_slots.reload(self._state)

    def _apply(self, changed: Any, value: Any) -> None:
        self._engine.effect_slots.change(self._state, changed, value)

    def _slot(self, al: Functions) -> int:
        """Return the number of the effect's slot, or 0 without one. Called inside the context scope."""
        return self._engine.effect_slots.slot(al, self._state)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{'' if self else ', destroyed'}>"


def effect_state(effect: BaseEffect, *, check: bool = True) -> EffectState:
    """Return the state of `effect`.

    Raises:
        DestroyedError: `check` is True and the effect was destroyed.
    """
    if check:
        effect._check_alive()
    return effect._state


def _signature(rows: Iterable[Parameter[Any]]) -> inspect.Signature:
    """Build a signature: `rows` by position or name, then the context, then the keyword-only ones."""
    place, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    arguments = [inspect.Parameter(row.name, place, default=row.default) for row in rows if not row.keyword]
    arguments.append(inspect.Parameter("context", place, default=None))
    arguments += [inspect.Parameter(row.name, by_name, default=row.default) for row in rows if row.keyword]
    return inspect.Signature(arguments)


BaseEffect._read_rows()
