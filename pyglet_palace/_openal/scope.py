"""Entering an OpenAL context for a few calls, without disturbing anybody else's."""

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

#: Module of pyglet.media's OpenAL driver; it binds whatever library answers first, often ours.
_PYGLET_DRIVER = "pyglet.media.drivers.openal"


class _GarbageCollectionHold:
    """Pins off the garbage collector while anybody is inside.

    A collection inside a bracket may free a pyglet Player, whose finaliser would delete the source of its number in
    *our* context. Counted, because ``gc.disable`` is of the whole process and two threads may be inside at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # protects the two below; nothing else is called while it is held
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
        """In the child of a fork: whoever was inside is not there any more."""
        self._lock = threading.Lock()
        if self._inside and self._was_enabled:
            gc.enable()
        self._inside = 0


_collection = _GarbageCollectionHold()


registry.call_after_fork(_collection.forget)


class ContextScope:
    """``with bracket as al:`` makes one OpenAL context this thread's own for the calls inside.

    The thread's context from before is put back at the end, and the context of the process is never touched
    (ALC_EXT_thread_local_context). One lock a context is held meanwhile, because OpenAL's error state is one a
    context: each call's error is read before another thread can enter. May be nested on one thread. Short calls into
    OpenAL only: no user code, no file, no decoder, no lock of ours is taken inside.

    Where the extension is missing, the context is made current for the process, unless pyglet.media uses the same
    library: then an error names the cure.

    After `close`, entering raises `DestroyedError`.
    """

    __slots__ = ("_al", "_closed", "_depth", "_handle", "_held", "_lock", "_previous")

    def __init__(self, al: Functions, context: int) -> None:
        self._al = al
        self._handle = context
        self._lock = threading.RLock()  # held while inside; see the class
        self._depth = 0
        self._previous: Any = None
        self._held = False
        self._closed = False

    def close(self) -> None:
        """The context is about to be destroyed: nobody gets in any more. Not to be called inside."""
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
                "this OpenAL library cannot serve pyglet.media and pyglet_palace at once: it has no "
                "ALC_EXT_thread_local_context. Install OpenAL Soft, or set pyglet.options.audio = ('silent',)."
            )
        if not self._al.alcMakeContextCurrent(self._handle):
            raise OpenALError("alcMakeContextCurrent", 0, "alcMakeContextCurrent failed: the context is not valid")
