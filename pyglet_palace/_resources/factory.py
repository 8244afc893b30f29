"""Resources that a file factory of the game opens, and the choice of the factory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast, runtime_checkable

from .._common.text import short_repr
from .._decoding.files import open_measured
from .base import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._decoding.files import OpenFile

#: Default number of bytes that one call of `FileIO.read` asks for.
DEFAULT_BUFFER_SIZE = 64 * 1024


@runtime_checkable
class FileIO(Protocol):
    """A readable, seekable binary file, made by a factory given to `use_fileio`.

    One thread at a time uses it, usually a worker. Its exceptions become the cause of a `ResourceUnreadable`.
    """

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; b'' at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to `offset` from the start (`whence` 0), from the position (1) or from the end (2).

        Returns:
            The new position, in bytes from the start.
        """

    def close(self) -> None:
        """Close the file. Called once, after the last read."""


class _Chosen:
    """The factory given to `use_fileio`, or None, and its buffer size."""

    factory: Callable[[str], FileIO] | None = None
    buffer_size = DEFAULT_BUFFER_SIZE


#: What `use_fileio` has chosen.
chosen = _Chosen()


def use_fileio(factory: Callable[[str], FileIO] | None, buffer_size: int = DEFAULT_BUFFER_SIZE) -> None:
    """Open every sound through `factory` from now on, instead of ``pyglet.resource`` and the file system.

    Args:
        factory: Takes a name and returns its open file. It is called in worker threads. It raises
            `FileNotFoundError` for an unknown name. None restores ``pyglet.resource``.
        buffer_size: Minimum number of bytes to read at a time.

    Raises:
        TypeError: `factory` is not callable.
        ValueError: `buffer_size` is less than 1.
    """
    if factory is not None and not callable(factory):
        raise TypeError(f"factory is {short_repr(factory)}; it must be callable with a name, or None")
    if buffer_size < 1:
        raise ValueError(f"buffer_size is {short_repr(buffer_size)}; it must be 1 or more bytes")
    chosen.factory, chosen.buffer_size = factory, buffer_size


def current_fileio() -> Callable[[str], FileIO] | None:
    """Return the factory given to `use_fileio`, or None."""
    return chosen.factory


class _FileIOReader(io.RawIOBase):
    """Adapter from `FileIO` to a raw file of the io module, so that it can be buffered."""

    def __init__(self, file: FileIO) -> None:
        self._file: FileIO = io.BytesIO()  # Python calls `close` even if this constructor raises
        if not (hasattr(file, "read") and hasattr(file, "seek") and hasattr(file, "close")):
            raise TypeError(
                f"the factory given to use_fileio returned {short_repr(file)}; it must return an open binary file"
            )
        self._file = file

    def readinto(self, target: Any) -> int:
        data = self._file.read(len(target))
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"{type(self._file).__name__}.read returned {type(data).__name__}; it must return bytes")
        target[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        position = self._file.seek(offset, whence)
        if position is None:
            raise TypeError(f"{type(self._file).__name__}.seek returned None; it must return the new position")
        return position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._file.close()


class FactoryResource(Resource):
    """A resource that a factory given to `use_fileio` opens."""

    __slots__ = ("buffer_size", "factory", "name")

    def __init__(self, key: str, name: str, factory: Callable[[str], FileIO], buffer_size: int) -> None:
        self.key = key
        self.name = name
        self.factory = factory
        self.buffer_size = buffer_size

    def _open(self, limit: int) -> OpenFile:
        file = io.BufferedReader(_FileIOReader(self.factory(self.name)), self.buffer_size)
        return open_measured(cast("BinaryIO", file))
