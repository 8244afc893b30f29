"""Who gives way when OpenAL has no voice left."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .voice import Voice

    #: Priority, whether it holds on, when it began: the least gives way first.
    Rank = tuple[int, bool, int]


def _rank(voice: Voice) -> Rank:
    player, playable = voice.player, voice.playable
    assert player is not None
    assert playable is not None
    return player._rank, voice.paused or player._loops or playable.resists_stealing, voice.started


class StealingOrder:
    """The busy voices of a pool, in the order in which they give way.

    The lowest priority comes first; among equals, one-shots before what loops, is paused or is streamed; among these,
    what began first. A heap, in which what is outdated stays until it would be next.
    """

    def __init__(self, busy: Collection[Voice]) -> None:
        """
        Args:
            busy: The voices that play or are paused. It is looked at again, so it is to be kept up to date.
        """
        self._busy = busy
        self._counter = itertools.count()
        self._heap: list[tuple[Rank, int, Voice]] = []  # with a number, so that no two are alike
        self._sort()

    def add(self, voice: Voice) -> None:
        """A voice has begun to play, or its place has changed."""
        heapq.heappush(self._heap, (_rank(voice), next(self._counter), voice))
        if len(self._heap) > 4 * len(self._busy) + 64:  # mostly outdated
            self._sort()

    def victim(self, priority: int) -> Voice | None:
        """Who gives way to a newcomer of `priority`: nobody of a higher one, nor who holds on at the same."""
        heap = self._heap
        while heap:
            rank, _, voice = heap[0]
            if voice.playable is None or rank != _rank(voice):
                heapq.heappop(heap)
            elif rank[0] > priority or (rank[0] == priority and rank[1]):
                return None
            else:
                return voice
        return None

    def _sort(self) -> None:
        playing = (voice for voice in self._busy if voice.playable is not None)
        self._heap = [(_rank(voice), next(self._counter), voice) for voice in playing]
        heapq.heapify(self._heap)
