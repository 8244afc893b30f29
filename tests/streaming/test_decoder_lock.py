"""The lock of a decoder."""

from __future__ import annotations

import time

from pyglet_palace._streaming.decoder_lock import DecoderLock


def test_new_owner_has_held_the_lock_for_0_s() -> None:
    """Between the acquisition and the note of its time: `fill_queues` must not take the stream for a blocked one."""
    lock = DecoderLock()
    lock._lock.acquire()
    assert lock.held
    assert lock.held_seconds(time.perf_counter()) == 0
    lock._lock.release()
    assert lock.acquire(wait=False)
    assert 0 <= lock.held_seconds(time.perf_counter()) < 60
    assert lock.held_seconds(time.perf_counter() + 60) > 50
