"""An open sound: a file for Python, and what libsndfile can open by itself.

libsndfile reads a few KiB at a time. Where it has to call into Python for them, the worker waits for the interpreter
each time and the game for the worker: frames were up to 10 ms late while a WAV in a zip was read so. So what no file
system has is copy_for_libsndfile, in large blocks, to where libsndfile can read it without the interpreter.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes copied at a time: between two blocks a worker may have to wait for the interpreter, up to 5 ms.
_BLOCK = 2 * 1024 * 1024


class _RawFile(io.FileIO):
    """What a `_File` reads; of two that go in one garbage collection, either may go first."""

    def __del__(self) -> None:
        self.close()


class _File(io.BufferedReader):
    """A file of the system that closes when it is dropped, without a `ResourceWarning`.

    A `Decoder` has no end but that.
    """

    def __del__(self) -> None:
        self.close()


class OpenFile:
    """An open sound.

    Attributes:
        file: Readable, seekable; standing at its start.
        size: Bytes, or 0 if unknown.
        native: What libsndfile opens by itself: the descriptor of `file`, which shares its position, or on Windows,
            where libraries do not share descriptors, its path. None: it must read through `file`.
    """

    __slots__ = ("file", "native", "size")

    def __init__(self, file: BinaryIO, size: int, native: int | str | None = None) -> None:
        self.file = file
        self.size = size
        self.native = native

    def close(self) -> None:
        """Close the file; what that raises is of no consequence any more."""
        try:
            self.file.close()
        except Exception:  # a game's file may raise anything
            pass


def open_path(path: str, size: int) -> OpenFile:
    """The regular file at `path`, which has `size` bytes; raises `OSError`."""
    raw = _RawFile(path)
    return OpenFile(cast("BinaryIO", _File(raw)), size, path if sys.platform == "win32" else raw.fileno())


def open_measured(file: BinaryIO) -> OpenFile:
    """`file` with its size, standing at its start; closed if it cannot be sought in."""
    opened = OpenFile(file, 0)
    try:
        opened.size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except BaseException:
        opened.close()
        raise
    return opened


def copy_for_libsndfile(source: BinaryIO, most: int, goes_on: Callable[[], bool] = lambda: True) -> OpenFile | None:
    """A copy of what `source` has left, where libsndfile can read it: in memory on Linux, else in a temporary file.

    Does not close `source`. Blocks while reading; raises what reading raises.

    Args:
        source: Read from where it stands, in large blocks.
        most: Bytes; None is returned if there are more, or on a system where there is no such place.
        goes_on: Asked before each block; the copy ends early when it answers False.
    """
    raw = _place()
    if raw is None:
        return None
    copy = OpenFile(cast("BinaryIO", _File(raw)), 0, raw.fileno())
    try:
        while goes_on() and (data := source.read(min(_BLOCK, most + 1 - copy.size))):
            copy.size += len(data)
            if copy.size > most:
                copy.close()
                return None
            left = memoryview(data)
            while left:
                left = left[raw.write(left) :]
        copy.file.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy


def _place() -> _RawFile | None:
    """An empty file that is gone when it is closed."""
    if sys.platform == "win32":
        return None
    if hasattr(os, "memfd_create"):
        try:
            return _RawFile(os.memfd_create("pyglet_palace"), "r+")
        except OSError:  # an old kernel, or a sandbox
            pass
    with tempfile.TemporaryFile(buffering=0) as file:
        return _RawFile(os.dup(file.fileno()), "r+")
