"""Open files for decoding: a Python file, and the descriptor or path that libsndfile can open itself.

libsndfile reads a few KiB at a time. If each read calls Python, the worker waits for the GIL each time, and the main
thread waits for the worker: frames were up to 10 ms late while a WAV in a zip was read so. `copy_for_libsndfile`
therefore copies a file that is not in a file system, in large blocks, to where libsndfile can read it without the GIL.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

#: Suffixes of files whose samples are usually not encoded.
_PLAIN_SUFFIXES = (".wav", ".wave", ".aif", ".aiff", ".aifc")
#: Bytes copied at a time. Between two blocks a worker may wait for the GIL, for up to 5 ms.
_BLOCK = 2 * 1024 * 1024


def is_plain(name: str) -> bool:
    """Return whether a file with that name usually contains samples that are not encoded."""
    return name.lower().endswith(_PLAIN_SUFFIXES)


class _RawFile(io.FileIO):
    """The raw file of a `_File`, which closes silently too: a garbage collection may finalise either of them first."""

    __del__ = io.FileIO.close  # written in C: a Ctrl-C in a function of Python would be lost


class _File(io.BufferedReader):
    """A file that closes without a `ResourceWarning` when it is garbage-collected.

    A `Decoder` has no `close`; it ends by garbage collection.
    """

    __del__ = io.BufferedReader.close


class OpenFile:
    """An open sound file.

    Attributes:
        size: Size in bytes; 0 if unknown.
        native: The descriptor of `file` for libsndfile, which shares its position. On Windows, where libraries do not
            share descriptors, the path. None if libsndfile must read through `file`.
    """

    __slots__ = ("_file", "_owner", "native", "size")

    def __init__(self, file: BinaryIO | io.FileIO, size: int, native: int | str | None = None) -> None:
        #: A raw file or memory, for which `file` makes a file when it is needed; else `file` itself.
        self._file: Any = file
        self._owner = file
        self.size = size
        self.native = native

    @property
    def file(self) -> BinaryIO:
        """The file: readable and seekable, at first positioned at its start."""
        if isinstance(self._file, memoryview):
            self._file = io.BytesIO(self._file)
        if isinstance(self._file, _RawFile):
            self._file = self._owner = cast("BinaryIO", _File(self._file))
        return cast("BinaryIO", self._file)

    def read_into(self, memory: memoryview) -> bool:
        """Fill `memory`, which has the size of the file, in one read. Then `file` is a copy in memory.

        For files that libsndfile can open itself. Blocks.

        Returns:
            False if the file is shorter than that, or cannot be read.
        """
        try:
            if not isinstance(self._file, _RawFile):
                self._file.seek(0)
            complete: bool = self._file.readinto(memory) == len(memory)
        except (OSError, ValueError):  # ValueError: a decoder of the game has closed it
            return False
        if complete:
            self._file = memory
        return complete

    def read_at(self, position: int, memory: memoryview) -> int:
        """Fill `memory` with the bytes from `position` on. Blocks, without the GIL. Raises the exceptions of the file.

        For files that libsndfile can open itself.

        Returns:
            The number of bytes. Fewer than `memory` has mean the end of the file.
        """
        self._file.seek(position)
        filled = 0
        while filled < len(memory) and (got := self._file.readinto(memory[filled:])):
            filled += got
        return filled

    def part(self, position: int, size: int) -> bytes:
        """Return `size` bytes from `position` on; fewer at the end of the file. See `read_at`."""
        data = bytearray(size)
        return bytes(data[: self.read_at(position, memoryview(data))])

    def close(self) -> None:
        """Close the file and ignore errors."""
        try:
            self._owner.close()
        except Exception:  # a custom file may raise any exception
            pass


def open_path(path: str, size: int) -> OpenFile:
    """Open the regular file at `path`, which has `size` bytes. Raises `OSError`."""
    raw = _RawFile(path)
    return OpenFile(raw, size, path if sys.platform == "win32" else raw.fileno())


def open_measured(file: BinaryIO) -> OpenFile:
    """Return `file` with its size, positioned at its start. Closes it and raises if it is not seekable."""
    opened = OpenFile(file, 0)
    try:
        opened.size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except BaseException:
        opened.close()
        raise
    return opened


def copy_for_libsndfile(source: BinaryIO, most: int, goes_on: Callable[[], bool] = lambda: True) -> OpenFile | None:
    """Copy the rest of `source` to a file that libsndfile can read: in memory on Linux, else a temporary file.

    Does not close `source`. Blocks while reading. Raises the exceptions of ``source.read``.

    Args:
        source: Read from its current position, in large blocks.
        most: The most bytes to copy.
        goes_on: Called before each block. The copy ends early if it returns False.

    Returns:
        The copy, positioned at its start. None if `source` has more than `most` bytes, and on Windows.
    """
    raw = _place()
    if raw is None:
        return None
    copy = OpenFile(raw, 0, raw.fileno())
    try:
        while goes_on() and (data := source.read(min(_BLOCK, most + 1 - copy.size))):
            copy.size += len(data)
            if copy.size > most:
                copy.close()
                return None
            left = memoryview(data)
            while left:
                left = left[raw.write(left) :]
        raw.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy


def _place() -> _RawFile | None:
    """Return an empty file that the system removes when it is closed. None on Windows."""
    if sys.platform == "win32":
        return None
    if hasattr(os, "memfd_create"):
        try:
            return _RawFile(os.memfd_create("pyglet_palace"), "r+")
        except OSError:  # an old kernel, or a sandbox
            pass
    import tempfile  # takes 3 ms, and is needed on few systems

    try:
        with tempfile.TemporaryFile(buffering=0) as file:
            return _RawFile(os.dup(file.fileno()), "r+")
    except FileNotFoundError as error:  # which would mean that the sound does not exist
        raise OSError(errno.ENOTDIR, "there is no usable folder for temporary files") from error
