"""The current context: what ``context=None`` means. Independent of the current context of OpenAL."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ._common.text import short_repr
from ._engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .context import Context

_process_wide: Context | None = None


class _OfThread(threading.local):
    context: Context | None = None
    preferred: bool = False


_of_thread = _OfThread()


def _alive(context: Context | None) -> Context | None:
    return context if context else None


def current_context(thread: bool | None = None) -> Context | None:
    """Return the current context, or None.

    Args:
        thread: True: the context of this thread. False: the context of the process. None: the context of this thread
            if it has one and `thread_local(True)` is in force, else that of the process.
    """
    if thread is None:
        own = _alive(_of_thread.context) if _of_thread.preferred else None
        return own or _process_wide or None
    return _alive(_of_thread.context if thread else _process_wide)


def use_context(context: Context | None, thread: bool | None = None) -> None:
    """Make `context` current; None: no context.

    Args:
        context: The context. Any thread may select it, but only the thread that created it may use it.
        thread: True: for this thread. False: for the process. None: for this thread if `thread_local(True)` is in
            force, else for the process.
    """
    global _process_wide
    if _of_thread.preferred if thread is None else thread:
        _of_thread.context = context
    else:
        _process_wide = context


@contextmanager
def thread_local(state: bool) -> Iterator[None]:
    """Set, in a ``with`` block, whether the current context of this thread has precedence over that of the process."""
    before = _of_thread.preferred
    _of_thread.preferred = bool(state)
    try:
        yield
    finally:
        _of_thread.preferred = before


def require_engine(context: Context | None) -> Engine:
    """Return the engine of `context`, or of the current context.

    Raises:
        RuntimeError: No context is given and none is current.
        TypeError: `context` is not a Context.
    """
    found = context if context is not None else current_context()
    if found is None:
        if _process_wide is not None:
            raise RuntimeError(
                "there is no context current; the last one was destroyed, by shutdown() or at the end of the program. "
                "Call init() again, or cancel() a batch before the end, so that its on_complete is not called then"
            )
        raise RuntimeError("there is no context current; call pyglet_palace.init() first, or pass context=")
    engine = getattr(found, "_engine", None)
    # Other objects of a context have an engine, too. A ``weakref.proxy`` of a context is equal to it.
    if not isinstance(engine, Engine) or (engine.context is not found and engine.context != found):
        raise TypeError(f"context is {short_repr(found)}; it must be a Context (several names go into one list)")
    return engine
