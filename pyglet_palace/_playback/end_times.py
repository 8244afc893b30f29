"""When voices can have come to their end."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .voice import Voice


class EndTimes:
    """The earliest time at which each voice can have ended, in nanoseconds of the device's clock.

    A heap, in which what is outdated stays until it is due: a voice knows its newest entry as its `turn`.
    """

    def __init__(self, busy: Collection[Voice]) -> None:
        """
        Args:
            busy: The voices that play or are paused, kept up to date: there are not many more entries than these.
        """
        self._busy = busy
        self._counter = itertools.count()
        self._heap: list[tuple[int, int, Voice]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, voice: Voice, time: int) -> None:
        """`voice` cannot have ended before `time`; what was entered before counts no more."""
        voice.end_entry = entry = next(self._counter)
        heapq.heappush(self._heap, (time, entry, voice))
        if len(self._heap) > 4 * len(self._busy) + 64:  # mostly outdated: ends that moved, again and again
            self._heap = [end for end in self._heap if end[2].end_entry == end[1]]
            heapq.heapify(self._heap)

    def due(self, now: int) -> list[Voice]:
        """Take out those that may have ended at `now`, the last first."""
        heap = self._heap
        found = []
        while heap and heap[0][0] <= now:
            _, entry, voice = heapq.heappop(heap)
            if voice.end_entry == entry:
                found.append(voice)
        found.reverse()
        return found

    def clear(self) -> None:
        """Nothing plays."""
        self._heap.clear()
