"""Signals and calls between threads, and the replacement of stalled threads."""

from __future__ import annotations

from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from ..errors import DestroyedError, PalaceError
from .log import warn_once

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

#: Seconds that closing waits for threads to end. A thread that a game's file or decoder blocks is left behind.
CLOSE_SECONDS = 0.1
#: Seconds between two checks for stalled workers while a thread waits for them.
STALL_CHECK_SECONDS = 0.25


class Signal:
    """Signal to one waiting thread, like ``threading.Event``.

    Its parts are written in C. A Ctrl-C inside of ``Event.set`` would leave the lock of the event held, and every later
    call would hang.
    """

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Wake the waiting thread, or let the next `wait` return at once."""
        if self._queue.empty():
            self._queue.put(None)

    def clear(self) -> None:
        """Let the next `wait` block."""
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            pass

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the signal is set; return False if that takes more than `timeout` seconds."""
        try:
            self._queue.get(timeout=timeout)
        except Empty:
            return False
        self.set()
        return True


class CallQueue:
    """Calls that other threads ask the thread of a context to make.

    `put` may be called on any thread. The other methods belong to the thread of the context.

    Attributes:
        waiting: The calls that are left to make.
    """

    __slots__ = ("_closed", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Callable[[], object]] = deque()
        self._closed = False

    def put(self, call: Callable[[], object]) -> None:
        """Add a call.

        Raises:
            DestroyedError: The queue is closed.
        """
        self.waiting.append(call)
        if self._closed:  # asked after the put: `close` sees the call, or this does
            raise DestroyedError("the context was destroyed")

    def run(self) -> None:
        """Make the calls, in order. If one raises, the next `run` makes the others."""
        while self.waiting:
            self.waiting.popleft()()

    def close(self) -> None:
        """Refuse further calls, and make those that were added before."""
        self._closed = True
        self.run()


def start_thread(thread: threading.Thread, purpose: str) -> None:
    """Start `thread`.

    Args:
        thread: The thread.
        purpose: What it does, for the error.

    Raises:
        PalaceError: The system has no more threads.
    """
    try:
        thread.start()
    except RuntimeError as error:
        raise PalaceError(
            f"no thread can be started to {purpose} ({error}): the process or the system has no threads or memory "
            "left; end threads that are not needed, or raise the limit (on Linux: ulimit -u)"
        ) from error


def replace_thread(start: Callable[[], None], blocked_in: str) -> bool:
    """Start a thread in place of a stalled one.

    Args:
        start: Starts the thread, by `start_thread`.
        blocked_in: What blocks the stalled thread, for the warning.

    Returns:
        False if the system has no more threads. Then one warning is logged.
    """
    try:
        start()
    except PalaceError:
        warn_once(f"cannot start a thread to replace one that is blocked in {blocked_in}")
        return False
    return True
