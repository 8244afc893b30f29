"""Context scope: enter an OpenAL context for a few calls without changing the current context of other libraries."""

from __future__ import annotations

import gc
import sys
import threading
from collections import deque
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

from .._common import registry
from .._common.private_api import library_handle, pyglet_openal_handle
from ..errors import DestroyedError, DeviceError, OpenALError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .binding import Functions


#: Module of pyglet.media's OpenAL driver. It often uses the same OpenAL library as this package.
PYGLET_DRIVER = "pyglet.media.drivers.openal"


class _Shared:
    """State shared by all context scopes. Replaced in the child of a fork.

    One lock for all contexts, because the garbage collector may be disabled for the process while it is held.

    Attributes:
        lock: Held inside a scope. Only OpenAL is called while it is held: no user code, no file, no decoder.
        previous: For each scope that was entered and not left, the thread's previous context, or None.
        enable: For each of them that disabled the garbage collector, a function that restores it.
        scopes: The scopes that were not closed.
        disables_gc: Whether scopes disable the garbage collector.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.previous: list[int | None] = []
        self.enable: list[Callable[[], object]] = []
        self.scopes: dict[ContextScope, None] = {}
        self.disables_gc = False


_shared = _Shared()


def _renew_after_fork() -> None:
    """Free the lock, which a thread that does not exist in the child may hold."""
    global _shared
    if _shared.enable:
        _shared.enable[0]()
    disables_gc = _shared.disables_gc
    _shared = _Shared()
    _shared.disables_gc = disables_gc


registry.call_after_fork(_renew_after_fork)


def watch_pyglet() -> None:
    """Disable the garbage collector inside all scopes from now on, if pyglet.media's OpenAL driver is imported.

    A collection may free a pyglet Player. Inside a scope, its finaliser would delete the source of the same number in
    *our* context. Must not be called inside a scope.
    """
    if PYGLET_DRIVER in sys.modules and not _shared.disables_gc:
        with _shared.lock:
            _shared.disables_gc = True
            for scope in _shared.scopes:
                scope.set_methods()


class ContextScope:
    """Scope in which one OpenAL context is the current context of this thread: ``with scope as al:``.

    Leaving the scope restores the thread's previous context. The current context of the process does not change
    (ALC_EXT_thread_local_context). Entering takes a lock and may block. The lock is necessary because the error state
    belongs to the context: the error of each call is read before another thread can enter.

    A thread may nest scopes. Inside, only make short calls to OpenAL. Do not call user code, read files, call decoders
    or take other locks of this package.

    An interrupt (Ctrl-C, RecursionError) at any moment leaves the scope either entered or left, never between. The
    interpreter raises such exceptions after a call and at the start of a Python function. Entering and leaving are
    therefore one call each of an object that is written in C and that calls nothing written in Python
    (`_enter_function`, `_exit_function`). This is also faster than methods written in Python.

    Without the extension, entering makes the context current for the process (`_ProcessWideScope`).

    After `close`, entering raises `DestroyedError`.

    Attributes:
        entered: The scopes of all contexts that a thread is inside, one item each.
        disables_gc: Whether the scope disables the garbage collector.
    """

    def __init__(self, al: Functions, context: int) -> None:
        watch_pyglet()
        self._al = al
        self._handle = context
        self._shared = _shared
        self.entered = _shared.previous
        self._closed = False
        base = ContextScope if al.alcSetThreadContext is not None else _ProcessWideScope
        # Special methods are looked up on the class. Functions of C are not bound to the object.
        self.__class__ = type("ContextScope", (base,), {})
        self.set_methods()
        _shared.scopes[self] = None

    def set_methods(self) -> None:
        """Set the functions that enter and leave, with or without holding the garbage collector."""
        self.disables_gc = self._shared.disables_gc
        own: Any = type(self)
        if self._al.alcSetThreadContext is not None:
            own.__enter__ = staticmethod(_enter_function(self._al, self._handle, self._shared))
            own.__exit__ = staticmethod(_exit_function(self._al, self._shared))

    @property
    def depth(self) -> int:
        """Number of scopes of all contexts that a thread is inside. One thread at a time can be."""
        return len(self.entered)

    def leave_abandoned(self) -> None:
        """Leave scopes that this thread has entered and not left. Must not be called inside a scope.

        There are none, unless an exception interrupted the interpreter while it left a ``with`` block: the exception of
        a trace function, or Ctrl-C in Python 3.10.
        """
        shared = self._shared
        while shared.previous and shared.lock.acquire(blocking=False):  # another thread inside would have the lock
            shared.lock.release()
            self.__exit__(None, None, None)

    def close(self) -> None:
        """Refuse further entries, before the context is destroyed. Blocks until other threads have left the scope.

        Must not be called inside the scope. A thread that waits to enter meanwhile does enter, and must not call OpenAL
        (`StreamThread` checks whether it was closed).
        """
        with self._shared.lock:
            self._closed = True
            own: Any = type(self)
            own.__enter__ = staticmethod(_refuse)
            self._shared.scopes.pop(self, None)

    if TYPE_CHECKING:

        def __enter__(self) -> Functions: ...
        def __exit__(self, *_: object) -> None: ...


def _refuse() -> NoReturn:
    raise DestroyedError("its context was destroyed")


#: Never returned by a function that `_calls` calls.
_NEVER = object()
#: Functions that restore the garbage collector, by its previous state.
_ENABLE: dict[bool, Callable[[], object]] = {True: partial(gc.enable), False: partial(int)}


def _calls(function: Callable[[], Any]) -> Any:
    """Return an iterator of C whose every step calls `function`."""
    return iter(function, _NEVER)


def _enter_function(al: Functions, handle: int, shared: _Shared) -> Callable[[], Any]:
    """Return a function of C that enters the scope: steps in order, and the result of the last one."""
    acquire: Callable[[], object] = shared.lock.acquire
    # Calls are nested as deep as in the deepest step of `_exit_function`: a RecursionError comes before the lock.
    acquire = partial(next, map(partial.__call__, repeat(partial(acquire))))
    steps = [
        _calls(acquire),
        map(shared.previous.append, _calls(al.thread_context)),
        _calls(partial(al.alcSetThreadContext, handle)),
    ]
    if shared.disables_gc:
        steps.append(map(shared.enable.append, map(_ENABLE.__getitem__, _calls(gc.isenabled))))
        steps.append(_calls(gc.disable))
    return partial(next, map(itemgetter(len(steps)), zip(*steps, repeat(al))))


def _exit_function(al: Functions, shared: _Shared) -> Callable[..., None]:
    """Return a function of C that leaves the scope.

    It is ``alcSetThreadContext``, bound so that it takes the three arguments of ``__exit__`` and returns None. Each
    argument is converted by a step: the first one becomes the previous context. OpenAL ignores the others.
    """
    nothing: Callable[[object], object] = deque[object](maxlen=0).append
    steps: list[Callable[..., Any]] = [
        partial(next, _calls(shared.previous.pop)),
        partial(next, map(partial.__call__, _calls(shared.enable.pop))) if shared.disables_gc else nothing,
        shared.lock.__exit__,
    ]
    return al.converting("alcSetThreadContext", steps)


class _ProcessWideScope(ContextScope):
    """A scope for libraries without ALC_EXT_thread_local_context. The context stays current after it.

    If pyglet.media uses the same library, entering raises a `DeviceError` that names the fix.
    """

    def __enter__(self) -> Functions:
        lock = self._shared.lock
        lock.acquire()
        try:
            if self._closed:
                _refuse()
            if pyglet_openal_handle() == library_handle(self._al.handle):
                raise DeviceError(
                    "pyglet.media and pyglet_palace cannot share this OpenAL library: it has no "
                    "ALC_EXT_thread_local_context. Install OpenAL Soft, or set pyglet.options.audio = ('silent',)."
                )
            if not self._al.alcMakeContextCurrent(self._handle):
                text = "alcMakeContextCurrent failed: the context is not valid"
                raise OpenALError("alcMakeContextCurrent", 0, text)
            self._shared.previous.append(None)
        except BaseException:
            lock.release()
            raise
        return self._al

    def __exit__(self, *_: object) -> None:
        self._shared.previous.pop()
        self._shared.lock.release()
