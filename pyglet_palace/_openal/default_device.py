"""A thread that watches which device is the system's default."""

from __future__ import annotations

import atexit
import threading
import time
from typing import Protocol

from .._common import registry
from .._common.threads import CLOSE_SECONDS, Signal, start_thread
from . import functions
from .device_lists import FULL, device_list, wait_at_forks

#: Shortest time between two look-ups, in seconds.
INTERVAL = 1.0
#: The most of a core that look-ups take.
_SHARE = 0.004


class Follower(Protocol):
    """A device that follows the default."""

    def default_looked_up(self, names: tuple[str, ...]) -> None:
        """React if the default device has changed. Called on the thread of the watch, which holds no lock.

        Args:
            names: Full names of all devices, the default first. There is at least one.
        """


class DefaultDeviceWatch:
    """A daemon thread that looks up the name of the default device while devices follow it.

    A look-up may take 50 ms. If OpenAL tells when the default changes (ALC_SOFT_system_events, OpenAL Soft 1.24 on
    Windows, macOS and sound servers), the thread looks it up then, else about once a second.

    May be used on any thread. After a fork, the child has another one without followers.
    """

    def __init__(self) -> None:
        """Start without followers and without a thread."""
        #: Protects the following. OpenAL's callback does not take it.
        self._lock = threading.Lock()
        self._followers: dict[Follower, None] = {}
        self._thread: threading.Thread | None = None
        #: Wakes the thread.
        self._awake = Signal()
        #: Whether OpenAL reports changes.
        self._reported = False
        self._runs_at_exit = False

    def add(self, follower: Follower) -> None:
        """Call `follower` from now on. The first one starts the thread; the others make it look the default up now.

        Raises:
            PalaceError: The system has no more threads.
        """
        with self._lock:
            self._followers[follower] = None
            if self._thread is None:
                wait_at_forks()
                if not self._runs_at_exit:
                    self._runs_at_exit = True
                    atexit.register(self.close)  # a callback must not come after the end of the interpreter
                self._start()
            else:
                self._awake.set()

    def remove(self, follower: Follower) -> None:
        """Stop calling `follower`, if it is known. The last one ends the thread, as `close` does."""
        with self._lock:
            self._followers.pop(follower, None)
            thread = None if self._followers else self._stop()
        _join(thread)

    def close(self) -> None:
        """End the thread. Blocks for up to 0.1 s. A thread in a longer look-up ends after it."""
        with self._lock:
            self._followers.clear()
            thread = self._stop()
        _join(thread)

    # While the lock is held

    def _start(self) -> None:
        self._awake = awake = Signal()
        thread = threading.Thread(target=self._run, args=[awake], name="pyglet_palace default device", daemon=True)
        self._thread = thread
        try:
            self._reported = functions().listen_to_default(awake.set)
            start_thread(thread, "follow the default device")
        except BaseException:
            if thread.ident is None:
                self._thread = None  # the next follower tries again
            raise

    def _stop(self) -> threading.Thread | None:
        """Tell the thread to end, and return it."""
        thread, self._thread = self._thread, None
        self._awake.set()
        functions().stop_listening()
        return thread

    # On the thread

    def _run(self, awake: Signal) -> None:
        while True:
            awake.clear()  # before the question whether to end: `_stop` sets it after the answer has changed
            if not self._is_current():
                return
            began = time.thread_time()
            names = device_list(FULL)
            cost = time.thread_time() - began
            if names and self._is_current():
                for follower in list(self._followers):
                    follower.default_looked_up(names)
            awake.wait(None if self._reported else max(INTERVAL, cost / _SHARE))

    def _is_current(self) -> bool:
        return threading.current_thread() is self._thread


def _join(thread: threading.Thread | None) -> None:
    if thread is not None and thread.ident is not None:
        thread.join(CLOSE_SECONDS)


_watch = DefaultDeviceWatch()


def default_device_watch() -> DefaultDeviceWatch:
    """Return the watch of this process."""
    return _watch


def _renew_after_fork() -> None:
    global _watch
    _watch = DefaultDeviceWatch()


registry.call_after_fork(_renew_after_fork)
