"""Heap of voices with lazy deletion."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .voice import Voice

_Key = TypeVar("_Key", bound=Any)


class LazyHeap(Generic[_Key]):
    """Voices ordered by a key that changes.

    A change pushes a new entry; the old one stays until it reaches the top or until most entries are outdated.
    """

    def __init__(self, busy: Collection[Voice], is_current: Callable[[Voice, _Key, int], bool]) -> None:
        """Start empty.

        Args:
            busy: A live view of the voices in use. It bounds the number of entries.
            is_current: Called with the voice, key and serial number of an entry; returns whether it is up to date.
        """
        self._busy = busy
        self._is_current = is_current
        self._serials = itertools.count()
        self._entries: list[tuple[_Key, int, Voice]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, key: _Key, voice: Voice) -> int:
        """Add an entry; return its serial number, which makes entries with equal keys comparable."""
        if len(self._entries) > 4 * len(self._busy) + 64:
            current = {entry[2]: entry for entry in self._entries if self._is_current(entry[2], entry[0], entry[1])}
            self._entries = list(current.values())
            heapq.heapify(self._entries)
        serial = next(self._serials)
        heapq.heappush(self._entries, (key, serial, voice))
        return serial

    def may_have(self, key: _Key) -> bool:
        """Return whether the smallest entry, current or not, has at most this key."""
        return bool(self._entries) and bool(self._entries[0][0] <= key)

    def first(self) -> tuple[_Key, Voice] | None:
        """Return the key and voice of the smallest current entry, or None. Removes outdated entries before it."""
        entries = self._entries
        while entries:
            key, serial, voice = entries[0]
            if self._is_current(voice, key, serial):
                return key, voice
            heapq.heappop(entries)
        return None

    def pop(self) -> None:
        """Remove the smallest entry."""
        heapq.heappop(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
