"""BaseEffect: what all effects have in common, and how a class of them is made of rows."""

from __future__ import annotations

import inspect
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from .._common import checks
from .._common.lifetime import Destroyable
from .._current import require_context
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


class BaseEffect(Destroyable):
    """Something that sources can be heard through: ``source.sends[0].effect = ReverbEffect("CAVE")``.

    Any number of sources may send to one effect, and a source to as many as it has sends. What goes there is heard
    besides the source itself, which `Source.filter` shuts out. An effect of this class itself does nothing; the
    others each have properties of their own. Setting a property is heard at once, and the constructor takes them all.

    A device has a limited number of effect slots (64, with OpenAL Soft). An effect gets one when it is first put on a
    send. When there is none left, an effect that nobody sends to gives way; if there is no such effect, the newcomer
    is not heard, a warning says so once, and it gets the first slot that is free again: no later than the next update,
    if a source that sends to it plays then. Where
    the device has no effects, or not of that kind, they are not heard, and a warning says so once, too.

    An effect lives as long as it is referred to, or as a source sends to it, and dies away then, unless its slot is
    wanted by another; `destroy` cuts it off. Effects belong to the thread that made
    their context. They are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = ("__weakref__", "_context", "_forget", "_state", "_values")  # a misspelt property is an error

    #: What OpenAL is asked for, the best first: the type of effect, and how it numbers the parameters (None: as the
    #: rows do; else by the rows' numbers, and it has only those).
    _types: ClassVar[tuple[tuple[int, Mapping[int, int] | None], ...]] = ()
    _parameters: ClassVar[Mapping[str, Parameter[Any]]]
    _slot_properties: ClassVar[Mapping[str, Property[Any]]]
    _kind: ClassVar[EffectKind]
    _arguments: ClassVar[inspect.Signature]
    __signature__: ClassVar[inspect.Signature]  # what ``help`` and ``inspect.signature`` show

    slot_gain = SlotProperty(
        checks.number(0.0, 1.0), 1.0, _slot_gain, "Loudness of what comes out, a linear factor from 0 to 1."
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._read_rows()

    @classmethod
    def _read_rows(cls) -> None:
        """Find the properties of a class, and make them its constructor's arguments."""
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

    if TYPE_CHECKING:  # for what reads programs; a test compares these, of all classes, with the rows

        def __init__(self, context: Context | None = None) -> None: ...

    else:

        def __init__(self, *arguments: Any, **named: Any) -> None:
            """
            Args:
                arguments: As ``inspect.signature`` of the class says: its properties, and where it is to be heard
                    (`context`; None: in the current one).
                named: The same, by name.

            Raises:
                ValueError: A property is out of range.
                TypeError: There is no such property, or it is of another type.
                RuntimeError: No context was given and none is current; or this is not the thread that made it.
            """
            try:
                given = self._arguments.bind(*arguments, **named).arguments
            except TypeError as error:
                known = ", ".join(self._arguments.parameters)
                raise TypeError(f"{type(self).__name__}(): {error}; its arguments are {known}") from None
            self._make(given.pop("context", None), given)

    def _make(self, context: Context | None, given: Mapping[str, Any]) -> None:
        self._context = require_context(context)
        self._context._check_alive()
        slots = self._context._effects
        slots.update()
        self._values: dict[str, Any] = {}
        self._state = EffectState(self._kind, self._values)
        self._init_lifetime()
        self._set_all(given)
        self._forget = weakref.finalize(self, slots.dropped.append, self._state)
        self._forget.atexit = False

    @property
    def context(self) -> Context:
        """The context it is heard in."""
        return self._context

    @property
    def source_sends(self) -> list[tuple[Source, int]]:
        """Who sends to it: sources that were not destroyed, playing or not, and the index of the send."""
        self._check_alive()
        return self._state.source_sends

    @property
    def use_count(self) -> int:
        """How many sends it is on."""
        return len(self.source_sends)

    def destroy(self) -> None:
        """Take it off all sends, and be of no more use. Nothing the second time."""
        if not self._destroyed:
            if self._context:
                self._check_alive()
                for source, index in self._state.source_sends:
                    source.sends[index].effect = None
                self._state.silent_at = 0
                self._forget()
                self._context._effects.update()
            self._destroyed = self._state.destroyed = True

    def _set_all(self, given: Mapping[str, Any]) -> None:
        """Set several properties at one moment; none if one of them cannot be."""
        checked = [(row := self._parameters[name], row.check(name, value)) for name, value in given.items()]
        for row, value in checked:
            row._keep(self._values, value)
        self._context._effects.reload(self._state)

    def _changed(self, changed: Parameter[Any] | SlotProperty[Any], value: Any) -> None:
        self._context._effects.change(self._state, changed, value)

    def _check_alive(self) -> None:
        self._check_not_destroyed()
        self._context._check_alive()

    # For sends

    def _can_be_heard(self) -> bool:
        """Whether the device has effects at all; says so once if not."""
        return self._context._effects.available()

    def _take_slot(self) -> None:
        """It is put on a send: see that it has a slot, if there is one to be had."""
        self._context._effects.acquire(self._state)

    def _slot(self, al: Functions) -> int:
        """The number of its slot, to be called inside a bracket; 0 if it can have none."""
        return self._context._effects.slot(al, self._state)

    def _enter(self, source: Source, index: int) -> None:
        """It is on a send now."""
        self._state.add_send(source, index)

    def _leave(self, source: Source, index: int) -> None:
        """It is on that send no more."""
        self._state.remove_send(source, index)

    def __bool__(self) -> bool:
        return not self._destroyed and bool(self._context)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{'' if self else ', destroyed'}>"


def _signature(rows: Iterable[Parameter[Any]]) -> inspect.Signature:
    """`rows` by position or name, then the context, then those that go by name only."""
    place, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    arguments = [inspect.Parameter(row.name, place, default=row.default) for row in rows if not row.keyword]
    arguments.append(inspect.Parameter("context", place, default=None))
    arguments += [inspect.Parameter(row.name, by_name, default=row.default) for row in rows if row.keyword]
    return inspect.Signature(arguments)


BaseEffect._read_rows()
