"""All uses of private API of pyglet, soundfile and ctypes, each with its reason.

Check this module when one of them is updated.
"""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pyglet.resource

if TYPE_CHECKING:
    from collections.abc import Mapping


def loader_index(loader: pyglet.resource.Loader | None) -> Mapping[str, object]:
    """Return the names that a pyglet loader has indexed (None: pyglet's own loader).

    pyglet has no public way to list them; error messages suggest similar names.
    """
    owner = loader if loader is not None else pyglet.resource._default_loader
    return getattr(owner, "_index", None) or {}


def loader_home(loader: pyglet.resource.Loader | None) -> str:
    """Return the folder that the relative folders of a loader's path start from.

    pyglet has no public way to ask a loader; error messages name the missing folder.
    """
    return getattr(loader, "_script_home", None) or pyglet.resource.get_script_home()


def set_script_home(folder: str) -> str:
    """Set the folder that relative entries of ``pyglet.resource.path`` start from, and return the previous folder.

    pyglet computes it at import from the program in ``__main__``, which is pytest in a game's tests. pyglet indexes the
    path again at the next look-up.
    """
    loader: Any = pyglet.resource._default_loader
    before: str = loader._script_home
    loader._script_home, loader._index = folder, None
    return before


def pyglet_openal_handle() -> Any:
    """Return the handle of the library that pyglet.media's OpenAL driver has loaded; None if it is not imported.

    Without ALC_EXT_thread_local_context the package must not share the library with pyglet.media.
    """
    driver = sys.modules.get("pyglet.media.drivers.openal.lib_openal")
    return driver._lib._handle if driver is not None else None


def library_handle(library: Any) -> Any:
    """Return the operating system's handle of a ``ctypes`` library, to see whether two are the same."""
    return library._handle


class OpensWithoutGlobalLock:
    """Mixin for `soundfile.SoundFile` that does not hold soundfile's process-wide lock while it opens a file.

    soundfile opens one file at a time in the whole process. A game's file that blocks while it is opened would block
    all other loads. Without the lock, libsndfile's text for an error can come from another file.
    """

    _sf_error_lock: Any = nullcontext()


class OpensUnderOwnLock:
    """Mixin for `soundfile.SoundFile` that opens files under a lock of this package.

    A worker may hold soundfile's own lock at a fork. The child could then open no sound.
    """

    _sf_error_lock: Any = threading.Lock()

    @classmethod
    def renew_lock(cls) -> None:
        """Replace the lock in the child of a fork, where the thread that holds it does not exist."""
        cls._sf_error_lock = threading.Lock()


class KeepsPartialReads:
    """Mixin for `soundfile.SoundFile` whose reads return the frames that were decoded before an error.

    soundfile raises and discards them. It also seeks after each read.

    Attributes:
        read_error: The error of the last read, or None.
    """

    read_error: Exception | None = None

    def _cdata_io(self, action: str, data: Any, ctype: str, frames: int) -> int:
        import soundfile

        native: Any = self
        native._check_if_closed()
        count: int = getattr(soundfile._snd, f"sf_{action}f_{ctype}")(native._file, data, frames)
        code = native._errorcode
        self.read_error = soundfile.LibsndfileError(code) if code else None
        return count


class ClosesWithoutPython:
    """Mixin for `soundfile.SoundFile` that closes in C when it is garbage-collected.

    Python ignores an exception in a ``__del__``. A Ctrl-C that arrived in soundfile's would be lost.
    """

    _file: Any

    def _open(self, file: Any, mode_int: int, closefd: bool) -> Any:
        import soundfile

        opened: Any = super()
        return soundfile._ffi.gc(opened._open(file, mode_int, closefd), soundfile._snd.sf_close)

    def close(self) -> None:
        """Close the file. A second call does nothing."""
        import soundfile

        handle, self._file = self._file, None
        if handle is not None:
            soundfile._ffi.release(handle)

    __del__ = staticmethod(int)  # a function of C that does nothing, in place of soundfile's
