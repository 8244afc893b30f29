"""The streaming thread alone, without a context and without streams."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

from pyglet_palace._common.threads import Signal
from pyglet_palace._streaming.stream_thread import StreamThread
from tests.conftest import wait_until


def test_close_beside_the_check_ends_it() -> None:
    """The thread clears its signal just after `close` has set it."""
    streams = StreamThread(cast("Any", None), deque())

    class Closing(Signal):
        def clear(self) -> None:
            streams._closed = True
            self.set()
            super().clear()

    streams._awake = Closing()
    streams.start()
    thread = streams._thread

    wait_until(lambda: thread is None or not thread.is_alive(), seconds=5)
