"""AuxiliarySends: connections from a source to effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from .._common.text import short_repr
from .._openal.filters import MOST_SENDS, SENDS, warn_of_missing_send

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._engine import Engine
    from .._openal.filters import Filter
    from .._playback.voice import PlaybackState
    from ..effect import BaseEffect
    from . import Source


class Send:
    """One auxiliary send of a source: ``source.sends[0].effect = reverb``. Valid for the lifetime of the source."""

    __slots__ = ("_engine", "_index", "_source", "_state")

    def __init__(self, source: Source, engine: Engine, state: PlaybackState, index: int) -> None:
        self._source = source
        self._engine = engine
        self._state = state
        self._index = index

    @property
    def effect(self) -> BaseEffect | None:
        """The effect that receives the sound, in addition to the direct sound, or None. Default: None.

        Raises:
            ValueError: Set to an effect of another context.
            TypeError: Set to an object other than an effect or None.
            DestroyedError: Set to a destroyed effect.
        """
        effect: BaseEffect | None = self._value[0]
        return effect

    @effect.setter
    def effect(self, effect: BaseEffect | None) -> None:
        from ..effect import BaseEffect, effect_state  # imported here because many games have no effects

        before, through = self._value  # raises if the source was destroyed
        engine, index = self._engine, self._index
        slots = engine.effect_slots
        if effect is not None:
            if not isinstance(effect, BaseEffect):
                raise TypeError(f"{self._name}.effect is {short_repr(effect)}; it must be an effect or None")
            added = effect_state(effect)
            if effect.context is not engine.context:
                raise ValueError(
                    f"{self._name}.effect is {short_repr(effect)}; it must be one of the source's own context"
                )
        removed = effect_state(before, check=False) if before is not None else None
        if removed is not None:
            removed.remove_send(self._state, index)  # first: the new effect may need its slot
        try:
            if effect is not None and slots.available():
                if index < engine.context.device.max_auxiliary_sends:
                    slots.acquire(added)
                else:
                    warn_of_missing_send(index)
            SENDS[index].__set__(self._source, (effect, through))
        except BaseException:
            if removed is not None:
                removed.add_send(self._state, index)
                slots.sends_changed = True  # the new effect may have its slot, to which the voice still sends
                engine.voices.end_times.next_check = 0.0
            raise
        if effect is not None:
            added.add_send(self._state, index)
        if removed is not None:
            slots.update()  # other effects may wait for its slot

    @property
    def filter(self) -> Filter:
        """Filter of the sound sent to the effect: (gain, hf, lf), linear factors clamped to 0 to 1.

        `hf` is the gain of frequencies around 5000 Hz and higher, `lf` around 250 Hz and lower. Default: (1, 1, 1).

        Raises:
            ValueError: Set to NaN.
            TypeError: Set to a value other than three numbers.
        """
        through: Filter = self._value[1]
        return through

    @filter.setter
    def filter(self, through: Iterable[float]) -> None:
        SENDS[self._index].__set__(self._source, (self._value[0], cast("Filter", through)))

    @property
    def _name(self) -> str:
        return SENDS[self._index].name

    @property
    def _value(self) -> tuple[Any, Filter]:
        return SENDS[self._index].__get__(self._source, type(self._source))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Send):
            return NotImplemented
        return self._source is other._source and self._index == other._index

    def __hash__(self) -> int:
        return hash((self._source, self._index))

    def __repr__(self) -> str:
        return f"<Send {self._index} of {self._source!r}>"


class AuxiliarySends(Sequence[Send]):
    """The sends of a source: ``source.sends[0]``, and so on. The length is the number of sends of the device.

    Indices up to 15 are valid on every device. A send that the device lacks keeps its values but is not heard, and
    one warning is logged. Other indices raise `IndexError`.
    """

    __slots__ = ("_engine", "_source", "_state")

    def __init__(self, source: Source, engine: Engine, state: PlaybackState) -> None:
        self._source = source
        self._engine = engine
        self._state = state

    def __len__(self) -> int:
        return self._source.context.device.max_auxiliary_sends

    def __getitem__(self, index: int) -> Send:  # type: ignore[override]  # no slices
        try:
            number = index.__index__()
        except AttributeError:
            raise TypeError(f"the index of a send is {short_repr(index)}; it must be a whole number") from None
        if not 0 <= number < MOST_SENDS:
            raise IndexError(f"there is no send {index}; they go from 0 to {MOST_SENDS - 1}")
        return Send(self._source, self._engine, self._state, number)

    def __iter__(self) -> Iterator[Send]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} sends of {self._source!r}>"
