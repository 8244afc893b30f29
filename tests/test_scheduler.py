"""The clock drives while there is work, and no longer."""

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
    """Something to update; true until `dead`."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.times: list[float] = []
        self.act = act
        self.dead = False

    def update(self, dt: float = 0.0) -> None:
        self.times.append(dt)
        self.act()

    def __bool__(self) -> bool:
        return not self.dead


class Hand:
    """A clock whose time is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = pyglet.clock.Clock(lambda: self.now)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.clock.tick()

    @property
    def scheduled(self) -> int:
        """Functions of ours that the clock has."""
        items = [*self.clock._schedule_interval_items, *self.clock._schedule_items]
        return sum("Scheduler" in repr(item.func) for item in items)


@pytest.fixture
def hand() -> Hand:
    made = Hand()
    made.clock.tick()
    return made


def test_nothing_is_scheduled_until_it_is_woken(hand: Hand) -> None:
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    hand.tick(10)

    assert not scheduler.awake
    assert hand.scheduled == 0
    assert driven.times == []


def test_it_is_updated_at_its_interval_with_the_time_passed(hand: Hand) -> None:
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
    assert driven.times == []  # waking updates nothing by itself


def test_asleep_the_clock_knows_nothing_of_it(hand: Hand) -> None:
    scheduler = Scheduler(driven := Driven(), hand.clock, 0.5)
    scheduler.wake()
    scheduler.sleep()

    assert hand.scheduled == 0
    hand.tick(10)
    assert driven.times == []
    assert hand.clock.get_sleep_time(True) is None


def test_it_may_fall_asleep_and_wake_in_its_own_update(hand: Hand) -> None:
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
def test_an_update_that_raises_is_heard_of_and_called_again(hand: Hand, kind: type[BaseException]) -> None:
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


def test_an_update_that_sleeps_and_raises_stays_asleep(hand: Hand) -> None:
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


def test_the_clock_keeps_nothing_alive(hand: Hand) -> None:
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    gone = weakref.ref(driven)

    del driven
    gc.collect()

    assert gone() is None
    hand.tick(1)
    assert hand.scheduled == 0


def test_what_has_died_without_a_word_is_left_alone(hand: Hand) -> None:
    """As all contexts have in the child of a fork."""
    driven = Driven()
    scheduler = Scheduler(driven, hand.clock, 0.5)
    scheduler.wake()
    driven.dead = True

    hand.tick(1)

    assert driven.times == []
    assert hand.scheduled == 0


def test_without_a_clock_the_default_is_looked_up_when_there_is_work(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(driven := Driven(), None, 0.5)
    monkeypatch.setattr(pyglet.clock, "_default", hand.clock)

    scheduler.wake()
    hand.tick(1)

    assert len(driven.times) == 1


def test_when_the_default_clock_was_changed_the_next_work_moves_to_it(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_a_given_clock_stays_whatever_the_default_is(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(Driven(), hand.clock, 0.5)
    scheduler.wake()
    monkeypatch.setattr(pyglet.clock, "_default", Hand().clock)

    assert scheduler.awake
