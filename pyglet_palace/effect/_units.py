"""What OpenAL has of effects: effect objects loaded into auxiliary effect slots, as many as a context has."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .._log import warn_once
from .._openal import constants as c
from ..errors import OpenALError
from ._parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._openal import Bracket, Functions
    from .._property import Property
    from ..device import Device
    from ..source import Source
    from ._base import BaseEffect


class Unit:
    """One effect's share of OpenAL, if it has one, and who sends to it. Outlives the effect, to be taken back.

    Attributes:
        effect: Number of the effect object; 0 without a slot.
        slot: Number of the auxiliary effect slot; 0 if it has none.
        numbers: How parameters are numbered where a simpler type of effect stands in, those it has; None: as they are.
        sends: Sources, and which of their sends.
    """

    __slots__ = ("effect", "numbers", "sends", "slot")

    def __init__(self) -> None:
        self.effect = self.slot = 0
        self.numbers: Mapping[int, int] | None = None
        self.sends: WeakKeyDictionary[Source, dict[int, None]] = WeakKeyDictionary()

    @property
    def source_sends(self) -> list[tuple[Source, int]]:
        """Living sources that send to it, and by which send."""
        return [(source, index) for source, indices in self.sends.items() if source for index in indices]


class Units:
    """The effect slots of one context. Used by the game's thread only, but for `dropped`."""

    def __init__(self, al: Functions, bracket: Bracket, device: Device) -> None:
        self._al = al
        self._bracket = bracket
        self._device = device
        self._taken: dict[Unit, None] = {}  # those with a slot, in the order in which they got it
        self._refused: set[type[BaseEffect]] = set()  # what the library does not know
        #: Units of effects that are no more; finalisers, on any thread, append to it.
        self.dropped: deque[Unit] = deque()

    @property
    def count(self) -> int:
        """Slots in use."""
        return len(self._taken)

    def usable(self) -> bool:
        """Whether the device has effects; says so once if not."""
        if self._al.alGenEffects is not None and self._device.query_extension("ALC_EXT_EFX"):
            return True
        warn_once("effects do nothing: this OpenAL has no ALC_EXT_EFX")
        return False

    def take_back(self) -> None:
        """Free what effects that were destroyed, or that nobody refers to any more, have left behind."""
        if self.dropped:
            with self._bracket as al:
                for _ in range(len(self.dropped)):
                    unit = self.dropped.popleft()
                    try:
                        self._free(al, unit)
                    except OpenALError:  # it is refused while a voice is attached: again at the next call
                        self.dropped.append(unit)

    def close(self) -> None:
        """Free everything; no voice is left that could be attached."""
        self.dropped.extend(self._taken)
        self.take_back()

    def take(self, effect: BaseEffect) -> None:
        """See that `effect` has a slot, if it can."""
        with self._bracket as al:
            self.slot(al, effect)

    def change(self, effect: BaseEffect, changed: Property[Any], value: Any) -> None:
        """A property of `effect` has a new value: let it be heard."""
        unit = effect._unit
        if unit.slot:
            with self._bracket as al:
                if isinstance(changed, Parameter):
                    changed.tell(al, unit.effect, value, unit.numbers)
                    al.alAuxiliaryEffectSloti(unit.slot, c.AL_EFFECTSLOT_EFFECT, unit.effect)
                else:
                    changed.send(al, unit.slot, value)

    def reload(self, effect: BaseEffect) -> None:
        """All properties of `effect` may have new values: let them be heard at one moment."""
        if effect._unit.slot:
            with self._bracket as al:
                self._fill(al, effect)
                self._load(al, effect)

    # Inside a bracket

    def slot(self, al: Functions, effect: BaseEffect) -> int:
        """The number of `effect`'s slot, which it is given now if it has none; 0 if it cannot have one."""
        unit = effect._unit
        if unit.slot or effect._dead or not effect._types or type(effect) in self._refused or not self.usable():
            return unit.slot
        unit.effect = al.generate_effect()
        try:
            if not self._fill(al, effect):
                self._refused.add(type(effect))
                warn_once(f"this OpenAL library has no effect of the kind of {type(effect).__name__}; it is not heard")
            elif slot := self._make_slot(al) or self._take_from_an_idle_one(al):
                unit.slot = slot
                self._taken[unit] = None
                self._load(al, effect)
            else:
                warn_once("all effect slots of the device are in use; effects beyond are not heard")
        finally:
            if not unit.slot:
                self._free(al, unit)
        return unit.slot

    def _make_slot(self, al: Functions) -> int:
        try:
            return al.generate_effect_slot()
        except OpenALError:
            return 0

    def _take_from_an_idle_one(self, al: Functions) -> int:
        for unit in self._taken:
            if not unit.source_sends:
                slot, unit.slot = unit.slot, 0
                self._free(al, unit)
                return slot
        return 0

    def _fill(self, al: Functions, effect: BaseEffect) -> bool:
        """Bring the parameters of `effect` into its effect object; whether OpenAL has that kind of effect."""
        unit = effect._unit
        for kind, unit.numbers in effect._types:
            try:
                al.alEffecti(unit.effect, c.AL_EFFECT_TYPE, kind)  # and all its parameters to their defaults
            except OpenALError:
                continue
            for name, parameter in effect._parameters.items():
                if name in effect._values:
                    parameter.tell(al, unit.effect, effect._values[name], unit.numbers)
            return True
        return False

    def _load(self, al: Functions, effect: BaseEffect) -> None:
        """Bring the effect object of `effect` into its slot, and what the slot itself has."""
        unit = effect._unit
        al.alAuxiliaryEffectSloti(unit.slot, c.AL_EFFECTSLOT_EFFECT, unit.effect)
        for name, changed in effect._slot_properties.items():
            changed.send(al, unit.slot, effect._values.get(name, changed.default))

    def _free(self, al: Functions, unit: Unit) -> None:
        """Delete what `unit` has. `OpenALError` if a voice sends to it; then it keeps it."""
        if unit.slot:
            al.delete_effect_slot(unit.slot)
            unit.slot = 0
        if unit.effect:
            al.delete_effect(unit.effect)
            unit.effect = 0
        self._taken.pop(unit, None)
