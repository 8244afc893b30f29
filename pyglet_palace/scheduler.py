"""``pyglet.clock`` drives ``Context.update``, only while there is work."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import pyglet.clock

if TYPE_CHECKING:
    from typing import Protocol

    class Driven(Protocol):
        """What is kept up to date."""

        def update(self, dt: float = 0.0) -> None:
            """Do what there is to do."""


class Scheduler:
    """Keeps one object updated by a clock while it has work; with no work, the clock knows nothing of it.

    The clock holds this object, and this object holds what it drives by a weak reference: neither keeps it alive.
    ``schedule_interval_soft`` is used because ``schedule`` would make ``pyglet.app.run`` spin.
    """

    def __init__(self, driven: Driven, clock: pyglet.clock.Clock | None, interval: float) -> None:
        """
        Args:
            driven: What to update.
            clock: Its clock; None: pyglet's default, looked up whenever there is work to begin.
            interval: Seconds between updates.
        """
        self._driven = weakref.ref(driven)
        self._clock = clock
        self._interval = interval
        self._ticking: pyglet.clock.Clock | None = None

    @property
    def awake(self) -> bool:
        """Whether the clock is driving; one that is pyglet's default no more does not count."""
        return self._ticking is not None and self._ticking is self._its_clock()

    def wake(self) -> None:
        """There is work: see that the clock drives."""
        if not self.awake:
            self.sleep()
            self._ticking = self._its_clock()
            self._ticking.schedule_interval_soft(self._tick, self._interval)

    def sleep(self) -> None:
        """There is no work: leave the clock."""
        if self._ticking is not None:
            self._ticking.unschedule(self._tick)
            self._ticking = None

    def _its_clock(self) -> pyglet.clock.Clock:
        return pyglet.clock.get_default() if self._clock is None else self._clock

    def _tick(self, dt: float) -> None:
        driven = self._driven()
        if not driven:  # gone, or dead: in the child of a fork, nobody has put it to sleep
            self.sleep()
            return
        try:
            driven.update(dt)
        except BaseException:
            # A clock never again calls an interval function that has raised: schedule anew.
            if self._ticking is not None:
                self.sleep()
                self.wake()
            raise
