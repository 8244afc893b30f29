"""Scheduler that calls ``Context.update`` from ``pyglet.clock`` while the context has work."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING

import pyglet.clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Driven(Protocol):
        """An object with an update that a scheduler calls. It is false after it was destroyed."""

        def update(self, dt: float = 0.0) -> None:
            """Do the work of one update."""


class Scheduler:
    """Updates one object from a clock while it has work. Without work, the clock has no function to call.

    The clock refers to the scheduler, and the scheduler has a weak reference to the object, so neither keeps the
    object alive. The scheduler uses ``schedule_interval_soft``, because ``schedule`` makes ``pyglet.app.run``
    busy-loop.
    """

    def __init__(self, driven: Driven, clock: pyglet.clock.Clock | None, interval: float) -> None:
        """Make a scheduler that is asleep.

        Args:
            driven: The object to update.
            clock: The clock that updates it; None: pyglet's default clock at the time of `wake`.
            interval: Seconds between updates.
        """
        self._driven = weakref.ref(driven)
        self._clock = clock
        self._interval = interval
        self._ticking: pyglet.clock.Clock | None = None

    @property
    def awake(self) -> bool:
        """Whether the clock calls the update. False if pyglet's default clock was replaced after `wake`."""
        return self._ticking is not None and self._ticking is self._current_clock()

    def wake(self) -> None:
        """Put the update on the clock. Does nothing if it is there already."""
        if not self.awake:
            self.sleep()
            self._ticking = self._current_clock()
            self._ticking.schedule_interval_soft(self._tick, self._interval)

    def sleep(self) -> None:
        """Remove the update from the clock."""
        if self._ticking is not None:
            self._ticking.unschedule(self._tick)
            self._ticking = None

    def notify(self, wake: Callable[[], None]) -> None:
        """Let the clock call `wake`, unless it calls the update anyway. May be called on any thread.

        Of a clock's methods, `Clock.schedule` is safe beside a tick on another thread: it appends to a list.
        """
        if self.awake:
            return
        clock = self._current_clock()
        clock.schedule(self._on_notify, clock, wake)
        app = sys.modules.get("pyglet.app")
        if app is not None and app.event_loop.is_running:
            app.platform_event_loop.notify()  # it may wait for input without a time limit

    def _on_notify(self, _dt: float, clock: pyglet.clock.Clock, wake: Callable[[], None]) -> None:
        clock.unschedule(self._on_notify)  # with the entries of other notifications
        wake()

    def _current_clock(self) -> pyglet.clock.Clock:
        return pyglet.clock.get_default() if self._clock is None else self._clock

    def _tick(self, dt: float) -> None:
        driven = self._driven()
        if not driven:  # collected, or abandoned in the child of a fork, which does not call `sleep`
            self.sleep()
            return
        try:
            driven.update(dt)
        except BaseException:
            # A clock drops an interval function that raises, so schedule it again.
            if self._ticking is not None:
                self.sleep()
                self.wake()
            raise
