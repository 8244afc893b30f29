"""Which context is meant where none is given. A notion of this package; OpenAL knows nothing of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
    """The context that ``context=None`` means here, or None.

    Args:
        thread: True: this thread's own; False: the one of the whole process; None: this thread's own where there is
            one and `thread_local(True)` is in force, else the one of the process.
    """
    if thread is None:
        own = _alive(_of_thread.context) if _of_thread.preferred else None
        return own or _alive(_process_wide)
    return _alive(_of_thread.context if thread else _process_wide)


def use_context(context: Context | None, thread: bool | None = None) -> None:
    """Make `context` the one that ``context=None`` means; None: no context.

    Args:
        context: The context; any thread may choose one, but only the thread that made it may use it.
        thread: True: for this thread only; False: for the whole process; None: this thread if `thread_local(True)`
            is in force, else the process.
    """
    global _process_wide
    if _of_thread.preferred if thread is None else thread:
        _of_thread.context = context
    else:
        _process_wide = context


@contextmanager
def thread_local(state: bool) -> Iterator[None]:
    """``with thread_local(True):`` prefers this thread's own current context over the one of the process."""
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
        raise RuntimeError("there is no context current; call pyglet_palace.init() first, or pass context=")
    engine = getattr(found, "_engine", None)
    if not isinstance(engine, Engine):
        raise TypeError(f"context is {found!r}; it must be a Context (several names go into one list)")
    return engine
