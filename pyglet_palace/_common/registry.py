"""Live contexts and devices of the process, and how they end: by `shutdown`, at exit, in the child of a fork.

The registry keeps strong references. Contexts and devices live until they are destroyed or closed.
"""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class LiveContext(Protocol):
    """A context, as the registry uses it."""

    def destroy(self) -> None:
        """Stop all sources and free all parts of the context."""

    def _adopt(self) -> bool:
        """Move the context to the calling thread if its own thread has ended; return whether this thread owns it."""

    def _abandon(self) -> None:
        """Mark the context as destroyed without a call into OpenAL."""


class LiveDevice(Protocol):
    """A device, as the registry uses it."""

    def close(self) -> None:
        """Close the device."""

    def _has_contexts(self) -> bool:
        """Return whether contexts use the device."""

    def _abandon(self) -> None:
        """Mark the device as closed without a call into OpenAL."""


_contexts: list[LiveContext] = []
_devices: list[LiveDevice] = []
_after_fork: list[Callable[[], None]] = []
_runs_at_exit = False
_watches_forks = False


def add_context(context: LiveContext) -> None:
    """Keep a context alive until it is destroyed. The first one registers `shutdown` to run at exit."""
    global _runs_at_exit
    if not _runs_at_exit:
        _runs_at_exit = True
        atexit.register(shutdown)
    _watch_forks()
    _contexts.append(context)


def remove_context(context: LiveContext) -> None:
    """Forget a context that was destroyed."""
    _contexts.remove(context)


def add_device(device: LiveDevice) -> None:
    """Keep a device alive until it is closed."""
    _watch_forks()
    _devices.append(device)


def remove_device(device: LiveDevice) -> None:
    """Forget a device that was closed. Ignores unknown devices."""
    if device in _devices:
        _devices.remove(device)


def open_devices() -> tuple[Any, ...]:
    """Return the devices that are open, oldest first."""
    return tuple(_devices)


def call_after_fork(function: Callable[[], None]) -> None:
    """Call `function` in the child of each fork, after contexts and devices were abandoned."""
    _after_fork.append(function)


def shutdown() -> None:
    """Destroy all contexts of this thread and close all devices that have no context left.

    Runs automatically at exit. A second call has no effect. Contexts whose thread has ended count as this thread's.
    Exceptions of event handlers go to ``sys.excepthook``.
    """
    failed: BaseException | None = None
    for context in _contexts[::-1]:
        if context._adopt():
            try:
                context.destroy()
            except BaseException as error:  # the other contexts must end, too
                failed = failed or error
    for device in open_devices():
        if not device._has_contexts():
            device.close()
    if failed is not None:
        raise failed


def _watch_forks() -> None:
    global _watches_forks
    if not _watches_forks and hasattr(os, "register_at_fork"):
        _watches_forks = True
        os.register_at_fork(after_in_child=_abandon_all)


def _abandon_all() -> None:
    """Abandon all contexts and devices in the child of a fork.

    The parent still uses them, so the child must not close them.
    """
    for context in _contexts:
        context._abandon()
    _contexts.clear()
    for device in open_devices():
        device._abandon()
    for function in _after_fork:
        function()
