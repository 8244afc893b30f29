"""The thread of a context's disk cache: it writes entries and unmaps memory, which would delay loads and frames.

The module imports numpy. The first context imports it, the package does not.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.log import warn_once
from .._common.text import short_repr
from .._common.threads import start_thread
from .._decoding.disk_cache import ALWAYS_MAPPED, LEAST_MAPPED, MAPPING_NEEDS_DESCRIPTOR, DiskCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._decoding.pcm import Samples

#: Bytes of samples that may wait to be written. Sounds beyond that are not written.
_MOST_WAITING = 64 * 1024 * 1024
#: Mappings beyond which short sounds are read, if each mapping needs a file descriptor.
_MOST_MAPPED = 100


class _Mapped(weakref.ref[Any]):
    """Reference to an array in mapped memory. It keeps the memory mapped when the array is gone.

    ``munmap`` of 50 MB takes up to 9 ms. The array may be released on the main thread, inside of a context scope, so
    that its callback must be a function of C that does not block.
    """

    __slots__ = ("memory",)

    memory: mmap.mmap


class DiskWriter:
    """A disk cache (`SampleStore`) that writes on a thread of its own. Its methods may be called on any thread.

    Attributes:
        folder: The folder of the cache.
        limit: Bytes that all entries may take.
        writes: Number of entries written, here and by decoder processes.
    """

    def __init__(self, cache: DiskCache, written: Callable[[bool], object] = lambda done: None) -> None:
        """Start the thread. It sleeps until there is something to write or to unmap.

        Args:
            cache: The disk cache.
            written: Called on the thread once for each accepted `put`, with whether it has written an entry.

        Raises:
            PalaceError: The system has no more threads.
        """
        self.folder = cache.folder
        self.limit = cache.limit
        self.writes = 0
        self._cache = cache
        self._written = written
        #: Keys of samples to write, '' for an entry that a decoder process has written, references whose arrays are
        #: gone, and None to end the thread.
        self._queue: SimpleQueue[str | weakref.ref[Any] | None] = SimpleQueue()
        #: Samples that wait to be written, by key.
        self._waiting: dict[str, Samples] = {}
        #: References to the mapped arrays, by their own ids: arrays have no hash.
        self._mapped: dict[int, _Mapped] = {}
        self._closed = False
        start_thread(
            threading.Thread(target=self._run, name="pyglet_palace disk cache", daemon=True),
            "write the disk cache",
        )

    def get(
        self, key: str, most: int, *, writable: bool = False, goes_on: Callable[[], bool] = lambda: True
    ) -> Samples | None:
        """See `DiskCache.get`."""
        many = MAPPING_NEEDS_DESCRIPTOR and len(self._mapped) >= _MOST_MAPPED
        map_from = ALWAYS_MAPPED if many else LEAST_MAPPED
        samples = self._cache.get(key, most, writable=writable, map_from=map_from, goes_on=goes_on)
        if samples is not None and isinstance(memory := samples.data.base, mmap.mmap):
            mapped = _Mapped(samples.data, self._queue.put)
            mapped.memory = memory
            self._mapped[id(mapped)] = mapped
        return samples

    def put(self, key: str, samples: Samples) -> bool:
        """Write an entry later, unless too much waits to be written. The samples must not change any more.

        Returns:
            Whether it was accepted.
        """
        waiting = [other.data.nbytes for other in list(self._waiting.values())]
        if self._closed or (waiting and sum(waiting) + samples.data.nbytes > _MOST_WAITING):
            return False
        self._waiting[key] = samples
        self._queue.put(key)
        return True

    def count_write(self) -> None:
        """Count an entry that a decoder process has written."""
        self._queue.put("")

    def close(self) -> None:
        """End the thread, without what waits to be written. Does not wait for it: it ends within one block."""
        self._closed = True
        self._queue.put(None)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Mapped):
                del self._mapped[id(item)]
                item.memory.close()
            elif item == "":
                self.writes += 1
            elif isinstance(item, str):
                samples = self._waiting.get(item)
                done = samples is not None and self._cache.put(item, samples, lambda: not self._closed)
                self._waiting.pop(item, None)
                del samples  # while the thread sleeps
                self.writes += done
                self._written(done)
        self._waiting.clear()


def open_disk_cache(where: bool | str | os.PathLike[str], limit: int) -> DiskWriter | None:
    """Return the disk cache of a context; None if it has none.

    Args:
        where: Its folder. True: a folder in the user's cache folder; without a home directory, a warning is logged, and
            there is no disk cache. False: no disk cache.
        limit: Bytes that all entries may take.

    Raises:
        PalaceError: The system has no more threads.
        ValueError, TypeError: An argument is out of range or has the wrong type.
    """
    checks.integer(0)("disk_cache_limit", limit)
    if where is False:
        return None
    if where is True:
        folder = _user_folder()
        if not folder:
            warn_once("the user has no home directory for the disk cache. Sounds are decoded again at each start")
            return None
    else:
        path = os.fspath(where) if isinstance(where, (str, os.PathLike)) else None
        if not path or not isinstance(path, str):
            raise TypeError(f"disk_cache is {short_repr(where)}; it must be True, False or the path of a folder")
        folder = os.path.abspath(path)
    return DiskWriter(DiskCache(folder, limit))


def _user_folder() -> str:
    """Return the folder in the user's cache folder; '' if the user has no home directory."""
    import platformdirs

    try:
        folder = platformdirs.user_cache_dir("pyglet_palace", appauthor=False)
    except RuntimeError:
        return ""
    return folder if os.path.isabs(folder) else ""  # older versions of platformdirs return '~/.cache/...'
