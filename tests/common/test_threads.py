"""Calls that other threads ask for. Signals are tested by the threads that use them."""

from __future__ import annotations

import pytest

from pyglet_palace._common.threads import CallQueue
from pyglet_palace.errors import DestroyedError


def test_calls_run_in_order() -> None:
    queue, made = CallQueue(), []
    for number in range(3):
        queue.put(lambda number=number: made.append(number))  # type: ignore[misc]

    assert queue.waiting
    queue.run()
    assert made == [0, 1, 2]
    assert not queue.waiting


def test_raising_call_keeps_the_others() -> None:
    queue, made = CallQueue(), []
    queue.put(lambda: [][0])
    queue.put(lambda: made.append(1))

    with pytest.raises(IndexError):
        queue.run()
    queue.run()
    assert made == [1]


def test_close_runs_what_was_put_before() -> None:
    queue, made = CallQueue(), []
    queue.put(lambda: made.append(1))
    queue.close()

    assert made == [1]


def test_closed_queue_refuses() -> None:
    queue = CallQueue()
    queue.close()

    with pytest.raises(DestroyedError):
        queue.put(lambda: None)
