"""Ctrl-C and RecursionError at every place at which the interpreter may raise them."""

from __future__ import annotations

import ctypes
import itertools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types
    from collections.abc import Callable


def interrupt_everywhere(call: Callable[[], object], check: Callable[[], None]) -> int:
    """Raise KeyboardInterrupt in `call` at the first place where a signal may raise it, then at the second, ...

    The interpreter looks for signals at the start of a Python function and after a call of a function of C. In Python
    3.14, a ``with`` statement also looks for them after ``__enter__``, and then does not call ``__exit__``. That defect
    of the interpreter (https://github.com/python/cpython/issues/148874) leaves any lock held: this place is left out.
    So is the resumption of a generator in Python 3.10: what a profile function raises there skips the ``finally`` of
    the generator. What a signal handler raises does not.

    Args:
        call: Called for each place, and a last time without an interrupt.
        check: Called after each.

    Returns:
        The number of places.
    """
    for place in itertools.count():
        left = place
        done = False

        def profile(frame: types.FrameType, event: str, argument: object) -> None:
            nonlocal left, done
            entered = event == "c_return" and getattr(argument, "__name__", "") == "__enter__"
            # Python ignores what callbacks of the collector (those of hypothesis) and of weak references raise.
            ignored = frame.f_globals.get("__name__", "").startswith(("hypothesis.", "weakref", "_weakrefset"))
            resumed = sys.version_info < (3, 11) and event == "call" and frame.f_lasti >= 0
            if event in ("call", "c_return") and not entered and not ignored and not resumed and not done:
                if not left:
                    done = True
                    sys.setprofile(None)
                    raise KeyboardInterrupt
                left -= 1

        sys.setprofile(profile)
        try:
            call()
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(None)
        check()
        if not done:
            return place
    raise AssertionError


def overflow_everywhere(call: Callable[[], object], check: Callable[[], None]) -> int:
    """Make `call` where one Python frame is left before the recursion limit, then where two are left, ...

    Args:
        call: Called for each depth, and a last time with enough frames.
        check: Called after each.

    Returns:
        The number of depths at which `call` raised RecursionError.
    """
    started = False

    def descend(depth: int) -> None:
        nonlocal started
        if depth:
            descend(depth - 1)
        else:
            started = True
            call()

    refused = 0
    for depth in range(sys.getrecursionlimit(), 0, -1):
        started = False
        try:
            descend(depth)
        except Exception as error:
            # ctypes replaces the exceptions of conversions. A read that fails is reported with its cause.
            if not isinstance(error, ctypes.ArgumentError) and "recursion" not in str(error):
                raise
            if not started:
                continue
            refused += 1
        else:
            check()
            return refused
        check()
    raise AssertionError
