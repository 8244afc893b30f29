"""Which contexts live, and how they end: by `shutdown`, at the exit of the process, in the child of a fork."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from .._openal import after_fork
from ..device import open_devices

if TYPE_CHECKING:
    from ..context import Context

#: Contexts that were not destroyed, oldest first: they live until they are, whoever else forgets them.
_living: list[Context] = []
_registered = False


def keep(context: Context) -> None:
    """A context was made."""
    global _registered
    _living.append(context)
    if not _registered:
        _registered = True
        atexit.register(shutdown)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_abandon_all)


def forget(context: Context) -> None:
    """A context was destroyed."""
    _living.remove(context)


def shutdown() -> None:
    """Destroy all contexts of this thread and close all devices that are left without one.

    Runs at the exit of the process by itself. Nothing the second time. What a handler raises goes to
    ``sys.excepthook``.
    """
    failed: BaseException | None = None
    for context in _living[::-1]:
        if context._thread_id == threading.get_ident() or not context._thread.is_alive():
            context._thread_id = threading.get_ident()  # its thread is gone: nobody else can use it
            try:
                context.destroy()
            except BaseException as error:  # the others end all the same
                failed = failed or error
    for device in open_devices():
        if not device._contexts:
            device.close()
    if failed is not None:
        raise failed


def _abandon_all() -> None:
    """In the child of a fork: nothing works any more, and nothing may be closed, for the parent uses it."""
    for context in _living:
        context._destroyed = True
    _living.clear()
    after_fork()
