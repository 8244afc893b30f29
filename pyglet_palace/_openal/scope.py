"""Context scope: enter an OpenAL context for a few calls without changing the current context of other libraries."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING, Any

from .._common import registry
from .._common.private_api import library_handle, pyglet_openal_handle
from ..errors import DestroyedError, DeviceError, OpenALError

if TYPE_CHECKING:
    from .binding import Functions

#: Module of pyglet.media's OpenAL driver. It often uses the same OpenAL library as this package.
_PYGLET_DRIVER = "pyglet.media.drivers.openal"


class _GarbageCollectionHold:
    """Disables the garbage collector while a thread is inside a context scope.

    A collection inside a scope may free a pyglet Player. Its finaliser would delete the source of the same number in
    *our* context. The entries are counted, because ``gc.disable`` applies to the process and two threads may be inside
    at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects the two attributes below; only `gc` is called while it is held
        self._inside = 0
        self._was_enabled = False

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_enabled:
                gc.enable()

    def forget(self) -> None:
        """Reset the count in the child of a fork, where the threads that were inside no longer exist."""
        self._lock = threading.Lock()
        if self._inside and self._was_enabled:
            gc.enable()
        self._inside = 0


_collection = _GarbageCollectionHold()


registry.call_after_fork(_collection.forget)


class ContextScope:
    """Scope in which one OpenAL context is the current context of this thread: ``with scope as al:``.

    Leaving the scope restores the thread's previous context. The current context of the process does not change
    (ALC_EXT_thread_local_context). Entering takes the lock of the context and may block. The lock is necessary because
    the error state belongs to the context: the error of each call is read before another thread can enter.

    A thread may nest scopes of one context. Inside, only make short calls to OpenAL. Do not call user code, read files,
    call decoders or take other locks of this package.

    Without the extension, entering makes the context current for the process. If pyglet.media uses the same library,
    it raises a `DeviceError` that names the fix.

    After `close`, entering raises `DestroyedError`.
    """

    __slots__ = ("_al", "_closed", "_depth", "_handle", "_held", "_lock", "_previous")

    def __init__(self, al: Functions, context: int) -> None:
        self._al = al
        self._handle = context
        self._lock = threading.RLock()  # held inside the scope; see the class
        self._depth = 0
        self._previous: Any = None
        self._held = False
        self._closed = False

    def close(self) -> None:
        """Refuse further entries, before the context is destroyed. Blocks until other threads have left the scope.

        Must not be called inside the scope.
        """
        with self._lock:
            self._closed = True

    def __enter__(self) -> Functions:
        self._lock.acquire()
        if self._depth:
            self._depth += 1
            return self._al
        try:
            al = self._al
            if _PYGLET_DRIVER in sys.modules:
                self._held = True
                _collection.enter()
            if self._closed:
                raise DestroyedError("its context was destroyed")
            if al.alcSetThreadContext is None:
                self._make_current()
            else:
                self._previous = al.alcGetThreadContext()
                al.alcSetThreadContext(self._handle)
        except BaseException:
            self._release()
            raise
        self._depth = 1
        return al

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            if self._al.alcSetThreadContext is not None:
                self._al.alcSetThreadContext(self._previous)
            self._release()
        else:
            self._lock.release()

    def _release(self) -> None:
        if self._held:
            self._held = False
            _collection.leave()
        self._lock.release()

    def _make_current(self) -> None:
        if pyglet_openal_handle() == library_handle(self._al.handle):
            raise DeviceError(
                "pyglet.media and pyglet_palace cannot share this OpenAL library: it has no "
                "ALC_EXT_thread_local_context. Install OpenAL Soft, or set pyglet.options.audio = ('silent',)."
            )
        if not self._al.alcMakeContextCurrent(self._handle):
            raise OpenALError("alcMakeContextCurrent", 0, "alcMakeContextCurrent failed: the context is not valid")
