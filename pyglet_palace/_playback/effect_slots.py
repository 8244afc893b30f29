"""Auxiliary effect slots of a context, and the effects that use them (ALC_EXT_EFX)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from .._common.log import warn_once
from .._openal import constants as c
from .._openal.filters import SENDS
from ..errors import OpenALError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._openal import ContextScope, Functions
    from .._openal.properties import Property
    from .voice import DeviceClock, PlaybackState
    from .voice_pool import VoicePool

    class EffectDevice(DeviceClock, Protocol):
        """The device of the slots."""

        def query_extension(self, name: str) -> bool: ...


#: Seconds that effects without a decay time take to fade.
_DEFAULT_TAIL = 2.0


class EffectProperty(Protocol):
    """A property of an effect: a parameter of the effect object, or a property of its slot."""

    def apply(self, al: Functions, state: EffectState, value: Any) -> None:
        """Set the property of an effect that has a slot. Called inside a context scope."""


class EffectParameter(Protocol):
    """A parameter of an effect object."""

    def tell(self, al: Functions, effect: int, value: Any, numbers: Mapping[int, int] | None) -> None:
        """Set the parameter of effect object `effect`. Called inside a context scope."""


class EffectKind:
    """A class of effects.

    Attributes:
        name: Name of the class.
        types: AL effect types to try, best first. Each comes with the numbers of the parameters that it has; None: all
            of them, with their own numbers.
        parameters: Parameters of the effect object by name.
        slot_properties: Properties of the slot by name.
    """

    __slots__ = ("name", "parameters", "slot_properties", "types")

    def __init__(
        self,
        name: str,
        types: tuple[tuple[int, Mapping[int, int] | None], ...],
        parameters: Mapping[str, EffectParameter],
        slot_properties: Mapping[str, Property[Any]],
    ) -> None:
        self.name = name
        self.types = types
        self.parameters = parameters
        self.slot_properties = slot_properties


class EffectState:
    """The OpenAL objects of one effect, and the sources that send to it.

    It outlives the `BaseEffect`, so that its slot can be taken back.

    Attributes:
        kind: The class of the effect.
        values: Properties that were set, by name. Shared with the effect.
        destroyed: Whether the effect was destroyed.
        effect: Number of the AL effect object; 0 without a slot.
        slot: Number of the auxiliary effect slot; 0 without one.
        numbers: Parameter numbers of the AL effect type in use; see `EffectKind.types`.
        sends: Sources, and which of their sends lead to the effect.
        silent_at: Device time in nanoseconds when the effect falls silent after its last reference is gone; 0: at once.
    """

    __slots__ = ("__weakref__", "destroyed", "effect", "kind", "numbers", "sends", "silent_at", "slot", "values")

    def __init__(self, kind: EffectKind, values: Mapping[str, Any]) -> None:
        self.kind = kind
        self.values = values
        self.destroyed = False
        self.effect = self.slot = 0
        self.silent_at: int | None = None
        self.numbers: Mapping[int, int] | None = None
        self.sends: WeakKeyDictionary[PlaybackState, dict[int, None]] = WeakKeyDictionary()

    @property
    def source_sends(self) -> list[tuple[Any, int]]:
        """Sources that send to the effect and were not destroyed, with the index of the send."""
        return [
            (source, index) for state, indices in self.sends.items() if (source := state.source) for index in indices
        ]

    def add_send(self, state: PlaybackState, index: int) -> None:
        """Record that send `index` of the source of `state` leads to the effect."""
        self.sends.setdefault(state, {})[index] = None

    def remove_send(self, state: PlaybackState, index: int) -> None:
        """Record that send `index` of the source of `state` no longer leads to the effect."""
        indices = self.sends.get(state, {})
        indices.pop(index, None)
        if not indices:
            self.sends.pop(state, None)

    @property
    def tail(self) -> float:
        """Seconds until the effect has faded."""
        return float(self.values.get("decay_time", _DEFAULT_TAIL))

    @property
    def idle(self) -> bool:
        """Whether no living source sends to the effect."""
        return not any((state := ref()) is not None and state.source for ref in self.sends.keyrefs())


class EffectSlots:
    """The effect slots of one context. Used on the main thread only, except `dropped` and `sends_changed`."""

    def __init__(self, al: Functions, scope: ContextScope, device: EffectDevice, voices: VoicePool) -> None:
        """Start without a slot.

        Args:
            al: The OpenAL functions.
            scope: The context scope.
            device: The device of the context.
            voices: The voices of the context.
        """
        self._al = al
        self._scope = scope
        self._device = device
        self._voices = voices
        #: Effects with a slot, in the order in which they got it.
        self._active: dict[EffectState, None] = {}
        #: Free slots in their initial state, except for the gain, which every effect sets. A slot is never deleted,
        #: because OpenAL frees it with the context: after a deletion, 1.19.1 crashes when the device is reset or gets
        #: another context.
        self._free_slots: list[int] = []
        #: Whether OpenAL cannot make more slots.
        self._exhausted = False
        #: Effects that wait for a slot, in order.
        self._waiting: dict[EffectState, None] = {}
        #: Kinds of effect that the library does not have.
        self._unsupported: set[EffectKind] = set()
        #: States of effects without references. Finalisers append to it, on any thread.
        self.dropped: deque[EffectState] = deque()
        #: Effects without references that have not faded yet.
        self._fading: list[EffectState] = []
        #: Whether the voices' sends must be set again. Set on any thread.
        self.sends_changed = False

    @property
    def count(self) -> int:
        """Slots in use."""
        return len(self._active)

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty when `update` has something new to do; see `busy`."""
        return self.dropped, self._waiting

    @property
    def busy(self) -> bool:
        """Whether the next update has something to do because effects fade or an error has left sends unchanged."""
        return bool(self._fading) or self.sends_changed

    def available(self) -> bool:
        """Return whether the device has effects. Logs one warning if it has none."""
        if self._al.alGenEffects is not None and self._device.query_extension("ALC_EXT_EFX"):
            return True
        warn_once("effects do nothing: this OpenAL has no ALC_EXT_EFX")
        return False

    def update(self) -> None:
        """Take back slots of destroyed and unreferenced effects, then give free slots to the effects that wait.

        Sets the voices' sends again if the device's sends have changed.
        """
        if self.dropped or self._fading:
            self._collect()
        if self.sends_changed:
            self.sends_changed = False
            for playing in self._voices:
                for send in SENDS:
                    if send in playing.parameters:
                        self._voices.set_parameter(playing, send, playing.parameters[send])
        if self._waiting:
            self._serve_waiting()

    def close(self) -> None:
        """Free the effect objects. The slots end with the context. No voice may be left."""
        self._waiting.clear()
        self._fading.clear()
        for state in self._active:
            state.silent_at = 0
        self.dropped.extend(self._active)
        self._collect()

    def _collect(self) -> None:
        if self._fading:
            now = self._device.clock_time
            self.dropped.extend(state for state in self._fading if (state.silent_at or 0) <= now)
            self._fading = [state for state in self._fading if (state.silent_at or 0) > now]
        if self.dropped:
            with self._scope as al:
                for _ in range(len(self.dropped)):
                    state = self.dropped.popleft()
                    if state.silent_at is None and state.slot and self._device.has_clock:
                        state.silent_at = self._device.clock_time + int(state.tail * 1e9)
                        self._fading.append(state)
                        continue
                    try:
                        self._release(al, state)
                    except OpenALError:  # the effect keeps its objects; the next call tries again
                        self.dropped.append(state)

    def _serve_waiting(self) -> None:
        """Give slots to waiting effects that a voice sends to. An effect without a voice asks when one plays."""
        for state in list(self._waiting):
            playing = [
                (sender, index)
                for sender, indices in state.sends.items()
                if sender.has_real_voice and sender.source
                for index in indices
            ]
            if not playing or state.kind in self._unsupported:
                del self._waiting[state]
                continue
            with self._scope as al:
                if not self.slot(al, state):
                    break
            for sender, index in playing:
                self._voices.set_parameter(sender, SENDS[index], sender.parameters[SENDS[index]])

    def acquire(self, state: EffectState) -> None:
        """Give the effect a slot if there is one."""
        with self._scope as al:
            self.slot(al, state)

    def change(self, state: EffectState, changed: EffectProperty, value: Any) -> None:
        """Apply the new `value` of a property."""
        if state.slot:
            with self._scope as al:
                changed.apply(al, state, value)

    def reload(self, state: EffectState) -> None:
        """Apply all properties at the same moment."""
        if state.slot:
            with self._scope as al:
                self._fill(al, state)
                self._load(al, state)

    # Inside a context scope

    def slot(self, al: Functions, state: EffectState) -> int:
        """Return the number of the effect's slot. Gives it one first if possible; 0 if not."""
        kind = state.kind
        if state.slot or state.destroyed or not kind.types or kind in self._unsupported or not self.available():
            return state.slot
        if not self._free_slots and not self._find_slot(al):
            self._waiting[state] = None
            warn_once("all effect slots of the device are in use; further effects are silent")
            return 0
        self._waiting.pop(state, None)
        state.effect = al.generate_effect()
        try:
            if self._fill(al, state):
                state.slot = self._free_slots.pop()
                self._load(al, state)
                self._active[state] = None
            else:
                self._unsupported.add(kind)
                warn_once(f"{kind.name} does nothing: this OpenAL library has no effect of that kind")
        finally:
            if state not in self._active:
                self._release(al, state)
        return state.slot

    def _find_slot(self, al: Functions) -> bool:
        """Make a slot, or take one from an effect that no source sends to. Return whether there is a free slot."""
        if not self._exhausted:
            try:
                self._free_slots.append(al.generate_effect_slot())
                return True
            except OpenALError:
                self._exhausted = True
        idle = next((state for state in self._active if state.idle), None)
        if idle is not None:
            self._release(al, idle)
        return bool(self._free_slots)

    def _fill(self, al: Functions, state: EffectState) -> bool:
        """Set all parameters of the effect object. Return whether OpenAL has that kind of effect."""
        for effect_type, numbers in state.kind.types:
            state.numbers = numbers
            try:
                al.alEffecti(state.effect, c.AL_EFFECT_TYPE, effect_type)  # resets all parameters to their defaults
            except OpenALError:
                continue
            for name, parameter in state.kind.parameters.items():
                if name in state.values:
                    parameter.tell(al, state.effect, state.values[name], state.numbers)
            return True
        return False

    def _load(self, al: Functions, state: EffectState) -> None:
        """Load the effect object into its slot, and set the slot's properties."""
        al.alAuxiliaryEffectSloti(state.slot, c.AL_EFFECTSLOT_EFFECT, state.effect)
        for name, changed in state.kind.slot_properties.items():
            changed.send(al, state.slot, state.values.get(name, changed.default))

    def _release(self, al: Functions, state: EffectState) -> None:
        """Take back the OpenAL objects of an effect. No voice may send to it."""
        self._waiting.pop(state, None)
        if state.slot:
            # Empty the slot first: an effect of the same kind would continue the tail of this one.
            al.alAuxiliaryEffectSloti(state.slot, c.AL_EFFECTSLOT_EFFECT, c.AL_EFFECT_NULL)
            al.alAuxiliaryEffectSloti(state.slot, c.AL_EFFECTSLOT_AUXILIARY_SEND_AUTO, 1)
            self._free_slots.append(state.slot)
            state.slot = 0
        if state.effect:
            al.delete_effect(state.effect)
            state.effect = 0
        self._active.pop(state, None)
