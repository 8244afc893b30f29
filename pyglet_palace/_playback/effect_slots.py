"""What OpenAL has of effects: effect objects loaded into auxiliary effect slots, as many as a context has."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from .._common.log import warn_once
from .._openal import constants as c
from .._openal.filters import SENDS
from ..errors import OpenALError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._openal import ContextScope, Functions
    from ..device import Device
    from ..effect._base import BaseEffect
    from ..source import Source
    from .voice_pool import VoicePool


#: Seconds that effects without a decay time resound.
_TAIL = 2.0


class EffectProperty(Protocol):
    """A property of an effect."""

    def apply(self, al: Functions, state: EffectState, value: Any) -> None:
        """Set the property of an effect that has a slot. Called inside a context scope."""


class EffectState:
    """One effect's share of OpenAL, if it has one, and who sends to it. Outlives the effect, to be taken back.

    Attributes:
        effect: Number of the effect object; 0 without a slot.
        slot: Number of the auxiliary effect slot; 0 if it has none.
        numbers: How parameters are numbered where a simpler type of effect stands in, those it has; None: as they are.
        sends: Sources, and which of their sends.
        until: When it falls silent once nobody refers to the effect, in nanoseconds of the device; 0: at once.
    """

    __slots__ = ("_values", "effect", "numbers", "sends", "slot", "until")

    def __init__(self, values: Mapping[str, Any]) -> None:
        """
        Args:
            values: What the effect is set to, now and later.
        """
        self._values = values
        self.effect = self.slot = 0
        self.until: int | None = None
        self.numbers: Mapping[int, int] | None = None
        self.sends: WeakKeyDictionary[Source, dict[int, None]] = WeakKeyDictionary()

    @property
    def source_sends(self) -> list[tuple[Source, int]]:
        """Living sources that send to it, and by which send."""
        return [(source, index) for source, indices in self.sends.items() if source for index in indices]

    @property
    def tail(self) -> float:
        """Seconds that it resounds, at least."""
        return float(self._values.get("decay_time", _TAIL))

    @property
    def idle(self) -> bool:
        """Whether no living source sends to it."""
        return not any(source() for source in self.sends.keyrefs())


class EffectSlots:
    """The effect slots of one context. Used by the game's thread only, but for `dropped`."""

    def __init__(self, al: Functions, scope: ContextScope, device: Device, voices: VoicePool) -> None:
        self._al = al
        self._scope = scope
        self._device = device
        self._voices = voices
        self._taken: dict[EffectState, None] = {}  # those with a slot, in the order in which they got it
        #: Slots without an effect, otherwise as OpenAL made them (but for the gain, which every effect sets). None is
        #: ever deleted, for OpenAL frees them with the context: where one was, 1.19.1 crashes when the device is reset
        #: or gets another context.
        self._spare: list[int] = []
        self._exhausted = False  # whether OpenAL has made as many as it can
        #: Effects that were refused a slot, in that order.
        self._waiting: WeakKeyDictionary[BaseEffect, None] = WeakKeyDictionary()
        self._refused: set[type[BaseEffect]] = set()  # what the library does not know
        #: EffectSlots of effects that are no more; finalisers, on any thread, append to it.
        self.dropped: deque[EffectState] = deque()
        self._resounding: list[EffectState] = []  # units of effects that nobody refers to any more
        #: Whether the device may have got other sends than the voices were told of; set on any thread.
        self.sends_changed = False

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

    def settle(self) -> None:
        """Free what effects that were destroyed, or that nobody refers to any more, have left behind.

        Then those that wait for a slot may have it, and voices are told of sends that the device has got.
        """
        self._take_back()
        if self.sends_changed:
            self.sends_changed = False
            for player in self._voices:
                for send in SENDS:
                    if send in player._heard:
                        self._voices.set_property(player, send, player._heard[send])
        if self._waiting:
            self._serve()

    def close(self) -> None:
        """Free everything but the slots, which end with the context; there are no voices any more."""
        self._waiting.clear()
        self._resounding.clear()
        for unit in self._taken:
            unit.until = 0
        self.dropped.extend(self._taken)
        self._take_back()

    def _take_back(self) -> None:
        if self._resounding:
            now = self._device.clock_time
            self.dropped.extend(unit for unit in self._resounding if (unit.until or 0) <= now)
            self._resounding = [unit for unit in self._resounding if (unit.until or 0) > now]
        if self.dropped:
            with self._scope as al:
                for _ in range(len(self.dropped)):
                    unit = self.dropped.popleft()
                    if unit.until is None and unit.slot and self._device._has_clock:
                        unit.until = self._device.clock_time + int(unit.tail * 1e9)
                        self._resounding.append(unit)
                        continue
                    try:
                        self._free(al, unit)
                    except OpenALError:  # it keeps what it has: again at the next call
                        self.dropped.append(unit)

    def _serve(self) -> None:
        """Give slots to those that wait for one, and let them be heard. Who is not on a voice asks again by itself."""
        for effect in list(self._waiting):
            heard = [(source, index) for source, index in effect._unit.source_sends if source._voice is not None]
            if not heard or type(effect) in self._refused:
                del self._waiting[effect]
                continue
            with self._scope as al:
                if not self.slot(al, effect):
                    break
            for source, index in heard:
                self._voices.set_property(source, SENDS[index], source._heard[SENDS[index]])

    def take(self, effect: BaseEffect) -> None:
        """See that `effect` has a slot, if it can."""
        with self._scope as al:
            self.slot(al, effect)

    def change(self, effect: BaseEffect, changed: EffectProperty, value: Any) -> None:
        """A property of `effect` has a new value: let it be heard."""
        unit = effect._unit
        if unit.slot:
            with self._scope as al:
                changed.apply(al, unit, value)

    def reload(self, effect: BaseEffect) -> None:
        """All properties of `effect` may have new values: let them be heard at one moment."""
        if effect._unit.slot:
            with self._scope as al:
                self._fill(al, effect)
                self._load(al, effect)

    # Inside a bracket

    def slot(self, al: Functions, effect: BaseEffect) -> int:
        """The number of `effect`'s slot, which it is given now if it has none; 0 if it cannot have one."""
        unit = effect._unit
        if unit.slot or effect._destroyed or not effect._types or type(effect) in self._refused or not self.usable():
            return unit.slot
        if not self._spare and not self._find_slot(al):
            self._waiting[effect] = None
            warn_once("all effect slots of the device are in use; effects beyond are not heard")
            return 0
        self._waiting.pop(effect, None)
        unit.effect = al.generate_effect()
        try:
            if self._fill(al, effect):
                unit.slot = self._spare.pop()
                self._load(al, effect)
                self._taken[unit] = None
            else:
                self._refused.add(type(effect))
                warn_once(f"this OpenAL library has no effect of the kind of {type(effect).__name__}; it is not heard")
        finally:
            if unit not in self._taken:
                self._free(al, unit)
        return unit.slot

    def _find_slot(self, al: Functions) -> bool:
        """See that there is a spare slot: a new one, or that of an effect that nobody sends to; whether there is."""
        if not self._exhausted:
            try:
                self._spare.append(al.generate_effect_slot())
                return True
            except OpenALError:
                self._exhausted = True
        idle = next((unit for unit in self._taken if unit.idle), None)
        if idle is not None:
            self._free(al, idle)
        return bool(self._spare)

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

    def _free(self, al: Functions, unit: EffectState) -> None:
        """Take back what `unit` has; no voice sends to it any more."""
        if unit.slot:
            # Without an effect first: one of the same kind would go on with what still resounds of this one.
            al.alAuxiliaryEffectSloti(unit.slot, c.AL_EFFECTSLOT_EFFECT, c.AL_EFFECT_NULL)
            al.alAuxiliaryEffectSloti(unit.slot, c.AL_EFFECTSLOT_AUXILIARY_SEND_AUTO, 1)
            self._spare.append(unit.slot)
            unit.slot = 0
        if unit.effect:
            al.delete_effect(unit.effect)
            unit.effect = 0
        self._taken.pop(unit, None)
