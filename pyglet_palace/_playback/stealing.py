"""The order in which voices are stolen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy_heap import LazyHeap

if TYPE_CHECKING:
    from collections.abc import Collection

    from .voice import Voice

    #: Priority; whether only a higher priority steals the voice; number of the play. The smallest is stolen first.
    Rank = tuple[int, bool, int]


def _rank(voice: Voice) -> Rank:
    state, playable = voice.state, voice.playable
    assert state is not None
    assert playable is not None
    return state.priority, voice.paused or state.looping or playable.resists_stealing, voice.started


def _is_current(voice: Voice, rank: Rank, _: int) -> bool:
    return voice.playable is not None and rank == _rank(voice)


class StealingOrder:
    """The voices in use, in the order in which they are stolen.

    The lowest priority comes first. Among equals, one-shots come before looping, paused and streamed sounds. Among
    these, the oldest comes first.
    """

    def __init__(self, busy: Collection[Voice]) -> None:
        """Add all voices in use.

        Args:
            busy: A live view of the voices in use.
        """
        self._heap: LazyHeap[Rank] = LazyHeap(busy, _is_current)
        for voice in busy:
            if voice.playable is not None:
                self.add(voice)

    def add(self, voice: Voice) -> None:
        """Record that a voice has started to play, or that its rank has changed."""
        self._heap.push(_rank(voice), voice)

    def victim(self, priority: int, *, spares_equals: bool = False) -> Voice | None:
        """Return the voice that a play of `priority` steals; None if all voices outrank it.

        Args:
            priority: The priority.
            spares_equals: Whether only voices of a lower priority are stolen.
        """
        first = self._heap.first()
        if first is None:
            return None
        (lowest, resists, _), voice = first
        return None if lowest > priority or (lowest == priority and (resists or spares_equals)) else voice
