"""Lock of a decoder: one thread reads it at a time."""

from __future__ import annotations

import threading
import time


class DecoderLock:
    """Lock held while a decoder is read: by a streaming thread for one chunk, or by the game for one call.

    It protects no data of this package. Only calls that read the same decoder wait for it. A streaming thread never
    waits.
    """

    __slots__ = ("_lock", "_owner", "_since")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._since = 0.0

    @property
    def held(self) -> bool:
        """Whether a thread holds the lock."""
        return self._lock.locked()

    @property
    def held_by_this_thread(self) -> bool:
        """Whether the calling thread holds the lock."""
        return self._owner == threading.get_ident()

    def held_seconds(self, now: float) -> float:
        """Return for how many seconds the lock is held, at `now` of ``time.perf_counter``; 0 if it is free.

        Without an owner it is being acquired or released at this moment.
        """
        return max(now - self._since, 0.0) if self.held and self._owner is not None else 0.0

    def acquire(self, *, wait: bool) -> bool:
        """Acquire the lock.

        Args:
            wait: Whether to block until the lock is free.

        Returns:
            Whether it was acquired; False only without `wait`.
        """
        if not self._lock.acquire(blocking=wait):
            return False
        self._since = time.perf_counter()
        self._owner = threading.get_ident()
        return True

    def release(self) -> None:
        """Release the lock."""
        self._owner = None
        self._lock.release()
