"""The clock calls `update` only while work is pending."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pyglet.clock
import pytest

from pyglet_palace.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable


class Driven:
    """An object to update. It is false once `destroyed` is set."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.times: list[float] = []
        self.act = act
        self.destroyed = False

    def update(self, dt: float = 0.0) -> None:
        self.times.append(dt)
        self.act()

    def __bool__(self) -> bool:
        return not self.destroyed


class Hand:
    """A clock whose time the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = pyglet.clock.Clock(lambda: self.now)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.clock.tick()

    @property
    def scheduled(self) -> int:
        """Number of the scheduler's functions on the clock."""
        items = [*self.clock._schedule_interval_items, *self.clock._schedule_items]
        return sum("Scheduler" in repr(item.func) for item in items)


@pytest.fixture
def hand() -> Hand:
    made = Hand()
    made.clock.tick()
    return made


def test_new_scheduler_is_asleep(hand: Hand) -> None:
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    hand.tick(10)

    assert not scheduler.awake
    assert hand.scheduled == 0
    assert driven.times == []


def test_update_gets_the_elapsed_time(hand: Hand) -> None:
    """The clock calls `update` at the interval, with the time since the last call."""
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    for _ in range(8):
        hand.tick(0.25)

    assert scheduler.awake
    assert driven.times == pytest.approx([0.5] * 4)


def test_waking_twice_schedules_once(hand: Hand) -> None:
    scheduler = Scheduler(driven := Driven(), hand.clock, 0.5)
    scheduler.wake()
    scheduler.wake()

    assert hand.scheduled == 1
    assert driven.times == []  # `wake` does not call `update`


def test_sleep_leaves_the_clock(hand: Hand) -> None:
    scheduler = Scheduler(driven := Driven(), hand.clock, 0.5)
    scheduler.wake()
    scheduler.sleep()

    assert hand.scheduled == 0
    hand.tick(10)
    assert driven.times == []
    assert hand.clock.get_sleep_time(True) is None


def test_update_may_sleep_and_wake(hand: Hand) -> None:
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    driven.act = scheduler.sleep
    scheduler.wake()
    hand.tick(1)
    assert hand.scheduled == 0

    driven.act = lambda: (scheduler.sleep(), scheduler.wake())
    scheduler.wake()
    hand.tick(1)
    hand.tick(1)

    assert hand.scheduled == 1
    assert len(driven.times) == 3


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_raising_update_stays_scheduled(hand: Hand, kind: type[BaseException]) -> None:
    """The error leaves the tick, and the next tick calls `update` again."""

    def fail() -> None:
        raise kind("of a handler")

    driven = Driven(fail)
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    for _ in range(3):
        with pytest.raises(kind):
            hand.tick(1)

    assert len(driven.times) == 3
    assert hand.scheduled == 1


def test_raising_update_may_sleep(hand: Hand) -> None:
    def end() -> None:
        scheduler.sleep()
        raise ZeroDivisionError

    scheduler = Scheduler(driven := Driven(end), hand.clock, 0.5)
    scheduler.wake()
    with pytest.raises(ZeroDivisionError):
        hand.tick(1)

    hand.tick(1)
    assert len(driven.times) == 1
    assert hand.scheduled == 0


def test_clock_holds_no_strong_reference(hand: Hand) -> None:
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    gone = weakref.ref(driven)

    del driven
    gc.collect()

    assert gone() is None
    hand.tick(1)
    assert hand.scheduled == 0


def test_falsy_target_is_unscheduled(hand: Hand) -> None:
    """In the child of a fork every context is false."""
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    driven.destroyed = True

    hand.tick(1)

    assert driven.times == []
    assert hand.scheduled == 0


def test_wake_looks_up_the_default_clock(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(driven := Driven(), None, 0.5)
    monkeypatch.setattr(pyglet.clock, "_default", hand.clock)

    scheduler.wake()
    hand.tick(1)

    assert len(driven.times) == 1


def test_wake_follows_a_new_default_clock(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Hand()
    monkeypatch.setattr(pyglet.clock, "_default", old.clock)
    scheduler = Scheduler(driven := Driven(), None, 0.5)
    scheduler.wake()

    pyglet.clock.set_default(hand.clock)
    assert not scheduler.awake
    scheduler.wake()
    hand.tick(1)

    assert len(driven.times) == 1
    assert (old.scheduled, hand.scheduled) == (0, 1)


def test_given_clock_ignores_the_default(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(Driven(), hand.clock, 0.5)
    scheduler.wake()
    monkeypatch.setattr(pyglet.clock, "_default", Hand().clock)

    assert scheduler.awake
