"""Whose turn it is to read a decoder."""

from __future__ import annotations

import threading
import time


class DecoderLock:
    """Held by who is at a decoder: a feeder, for a chunk, or the game, for a call.

    It is no lock of the package's data: nobody waits for it but who wants to read this very decoder, and a feeder not
    even then.
    """

    __slots__ = ("_lock", "_owner", "_since")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._since = 0.0

    @property
    def held(self) -> bool:
        """Whether somebody is at it."""
        return self._lock.locked()

    @property
    def held_by_this_thread(self) -> bool:
        """Whether that is this thread."""
        return self._owner == threading.get_ident()

    def held_seconds(self, now: float) -> float:
        """Seconds, at `now` of ``time.perf_counter``, that somebody has been at it; 0 if nobody is."""
        return max(now - self._since, 0.0) if self.held else 0.0

    def acquire(self, *, wait: bool) -> bool:
        """Begin to read; whether one may, which without `wait` is not so while somebody else is at it."""
        if not self._lock.acquire(blocking=wait):
            return False
        self._since = time.perf_counter()
        self._owner = threading.get_ident()
        return True

    def release(self) -> None:
        """The end of it."""
        self._owner = None
        self._lock.release()
