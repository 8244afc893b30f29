"""Lists of the devices of the system."""

from __future__ import annotations

import os
import threading

from .._common import registry
from . import constants as c
from . import functions

#: The lists of a kind of device, and its default: with full names if there are any, else with short ones.
BASIC = c.ALC_DEVICE_SPECIFIER, c.ALC_DEFAULT_DEVICE_SPECIFIER
FULL = c.ALC_ALL_DEVICES_SPECIFIER, c.ALC_DEFAULT_ALL_DEVICES_SPECIFIER
CAPTURE = c.ALC_CAPTURE_DEVICE_SPECIFIER, c.ALC_CAPTURE_DEFAULT_DEVICE_SPECIFIER


#: Held while OpenAL is asked for a list, which is valid until another thread asks.
_lock = threading.RLock()
_waits_at_forks = False


def _acquire() -> None:
    _lock.acquire()


def _release() -> None:
    _lock.release()


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


registry.call_after_fork(_renew_lock)


def wait_at_forks() -> None:
    """Let each fork wait for the look-ups of other threads. In the child, OpenAL's own lock would stay held."""
    global _waits_at_forks
    if not _waits_at_forks and hasattr(os, "register_at_fork"):
        _waits_at_forks = True
        os.register_at_fork(before=_acquire, after_in_parent=_release)


def device_list(kind: tuple[int, int]) -> tuple[str, ...]:
    """Return the names of the devices of a kind, the default first.

    May be called on any thread. Asks the system, which may take 50 ms, without the GIL.

    Args:
        kind: `BASIC`, `FULL` or `CAPTURE`.

    Raises:
        OpenALNotFound: There is no OpenAL library.
    """
    al = functions()
    if kind == FULL and not al.device_extension(None, "ALC_ENUMERATE_ALL_EXT"):
        kind = BASIC
    everything, default = kind
    with _lock:
        # In this order: OpenAL Soft looks for devices when it is asked for all, and takes the default from that list.
        names = list(al.device_strings(None, everything))
        first = al.device_string(None, default)
    if first in names:
        names.remove(first)
        names.insert(0, first)
    return tuple(names)
