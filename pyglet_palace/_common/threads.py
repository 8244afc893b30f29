"""Rules that the worker pool and the streaming thread share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .log import warn_once

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that closing waits for threads to end. A thread that a game's file or decoder blocks is left behind.
CLOSE_SECONDS = 0.1


def replace_thread(start: Callable[[], None], blocked_in: str) -> bool:
    """Start a thread in place of a stalled one.

    Args:
        start: Starts the thread.
        blocked_in: What blocks the stalled thread, for the warning.

    Returns:
        False if the system has no more threads. Then one warning is logged.
    """
    try:
        start()
    except RuntimeError:
        warn_once(f"cannot start a thread to replace one that is blocked in {blocked_in}")
        return False
    return True
