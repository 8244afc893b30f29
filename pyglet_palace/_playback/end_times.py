"""The earliest end time of each voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_heap import LazyHeap

if TYPE_CHECKING:
    from collections.abc import Collection

    from .voice import Voice


def _is_current(voice: Voice, _: int, serial: int) -> bool:
    return voice.end_entry == serial


class EndTimes:
    """The earliest time at which each voice can end, in nanoseconds of the device clock."""

    def __init__(self, busy: Collection[Voice]) -> None:
        """Start empty.

        Args:
            busy: A live view of the voices in use.
        """
        self._heap: LazyHeap[int] = LazyHeap(busy, _is_current)

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, voice: Voice, time: int) -> None:
        """Record that `voice` cannot end before `time`. Replaces the earlier record."""
        voice.end_entry = self._heap.push(time, voice)

    def due(self, now: int) -> list[Voice]:
        """Remove and return the voices that can have ended at `now`, latest first."""
        found: list[Voice] = []
        if not self._heap.may_have(now):  # nearly always
            return found
        while (first := self._heap.first()) is not None and first[0] <= now:
            self._heap.pop()
            found.append(first[1])
        found.reverse()
        return found

    def clear(self) -> None:
        """Forget all voices."""
        self._heap.clear()
