"""From a name to something that can be opened, through ``pyglet.resource``.

Looking a name up is a dictionary access in the loader's index and happens on the calling thread, because a pyglet
`Loader` is not made for several; opening happens wherever the sound is decoded.
"""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Union, cast, runtime_checkable

import pyglet.resource

from ._decoding.files import OpenFile, copy_for_libsndfile, open_measured, open_path
from .errors import BufferTooLarge, PalaceError, ResourceNotFound, ResourceUnreadable, describe_error

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable

#: What a sound may be called: a resource name, or the path of a file.
Name = Union[str, "os.PathLike[str]"]

#: Bytes asked of a `FileIO` at a time where `use_fileio` was given nothing else.
DEFAULT_BUFFER_SIZE = 64 * 1024


@runtime_checkable
class FileIO(Protocol):
    """What a factory given to `use_fileio` returns: a readable, seekable binary file.

    It is used by one thread at a time, usually a worker. What it raises becomes the cause of a `ResourceUnreadable`.
    """

    def read(self, size: int) -> bytes:
        """At most `size` bytes; b'' at the end."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to `offset` from the start (`whence` 0), from here (1) or from the end (2); return the position."""

    def close(self) -> None:
        """Called once, when nothing more will be read."""


_factory: Callable[[str], FileIO] | None = None
_buffer_size = DEFAULT_BUFFER_SIZE


def use_fileio(factory: Callable[[str], FileIO] | None, buffer_size: int = DEFAULT_BUFFER_SIZE) -> None:
    """Open every sound through `factory` from now on, instead of ``pyglet.resource`` and the file system.

    Args:
        factory: Called with a name, returns its file; called in worker threads. It raises `FileNotFoundError` for a
            name it does not know. None goes back to ``pyglet.resource``.
        buffer_size: Bytes to ask for at a time, at least.

    Raises:
        TypeError: `factory` cannot be called.
        ValueError: `buffer_size` is less than 1.
    """
    global _factory, _buffer_size
    if factory is not None and not callable(factory):
        raise TypeError(f"factory is {factory!r}; it must be callable with a name, or None")
    if buffer_size < 1:
        raise ValueError(f"buffer_size is {buffer_size!r}; it must be 1 or more bytes")
    _factory, _buffer_size = factory, buffer_size


def current_fileio() -> Callable[[str], FileIO] | None:
    """The factory given to `use_fileio`, or None."""
    return _factory


class _FileIOReader(io.RawIOBase):
    """A `FileIO` as one of Python's own raw files, which can then be buffered."""

    def __init__(self, file: FileIO) -> None:
        self._file: FileIO = io.BytesIO()  # Python closes also what was made by half
        if not (hasattr(file, "read") and hasattr(file, "seek") and hasattr(file, "close")):
            raise TypeError(f"the factory given to use_fileio returned {file!r}; it must return an open binary file")
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


class Resource:
    """A name that was looked up. `open` may be called on any thread, once or more.

    Attributes:
        key: What the cache calls it.
    """

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def open(self, limit: int) -> OpenFile:
        """Open it; blocks as long as the file system or the game's own file takes.

        Raises:
            ResourceNotFound, ResourceUnreadable, BufferTooLarge: The last for a zip entry of over `limit` bytes.
        """
        try:
            return self._open(limit)
        except PalaceError:
            raise
        except FileNotFoundError as error:
            raise ResourceNotFound(self.key, "find", "there is no such file") from error
        except Exception as error:
            raise ResourceUnreadable(self.key, "open", f"it cannot be opened: {describe_error(error)}") from error

    def _open(self, limit: int) -> OpenFile:
        raise AssertionError("each kind of resource opens itself")

    def weight(self) -> int:
        """Bytes of its file, as far as they are known without opening it; else 0."""
        return 0


class _File(Resource):
    """A file, by the folder it is in ('' for none in particular) and its path from there."""

    __slots__ = ("folder", "name")

    def __init__(self, key: str, folder: str, name: str) -> None:
        self.key = key
        self.folder = folder
        self.name = name

    def _open(self, limit: int) -> OpenFile:
        path = self._path()
        if "\0" in path:
            raise FileNotFoundError("a path cannot hold a NUL character")
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ResourceUnreadable(self.key, "open", f"{path} is not a regular file")
        return open_path(path, status.st_size)

    def weight(self) -> int:
        try:
            return os.stat(self._path()).st_size
        except (OSError, ValueError):  # the latter for a NUL
            return 0

    def _path(self) -> str:
        return os.path.join(self.folder, self.name)


class _Located(Resource):
    """What pyglet found somewhere else than in a directory."""

    __slots__ = ("location", "name")

    def __init__(self, key: str, location: Any, name: str) -> None:
        self.key = key
        self.location = location
        self.name = name

    def _open(self, limit: int) -> OpenFile:
        with self._source(limit) as source:
            copy = copy_for_libsndfile(source, limit)
        # Where there is no place for a copy, as pyglet gives it; a zip entry inflated whole.
        return copy or open_measured(self.location.open(self.name))

    def _source(self, limit: int) -> BinaryIO:
        """To be read once, from start to end."""
        location = self.location
        if not isinstance(location, pyglet.resource.ZIPLocation):
            return cast("BinaryIO", location.open(self.name))
        entry = self._entry()
        if entry.file_size > limit:
            problem = f"the zip entry has {entry.file_size} bytes, over the limit of {limit} (Context.buffer_limit)"
            raise BufferTooLarge(self.key, "open", problem)
        return cast("BinaryIO", location.zip.open(entry))

    def _entry(self) -> zipfile.ZipInfo:
        """What the zip's directory says of it."""
        location = self.location
        folder = f"{location.dir}/" if location.dir else ""
        info: zipfile.ZipInfo = location.zip.getinfo(f"{folder}{self.name}".replace(os.sep, "/"))
        return info

    def weight(self) -> int:
        try:
            return self._entry().file_size
        except (AttributeError, KeyError):  # it is no zip; or not the one it was
            return 0


class _Custom(Resource):
    """What the factory given to `use_fileio` opens."""

    __slots__ = ("buffer_size", "factory", "name")

    def __init__(self, key: str, name: str, factory: Callable[[str], FileIO], buffer_size: int) -> None:
        self.key = key
        self.name = name
        self.factory = factory
        self.buffer_size = buffer_size

    def _open(self, limit: int) -> OpenFile:
        file = io.BufferedReader(_FileIOReader(self.factory(self.name)), self.buffer_size)
        return open_measured(cast("BinaryIO", file))


def key_of(name: Name) -> str:
    """What the cache calls `name`: the string itself, or a path's absolute form.

    Raises:
        TypeError: `name` is neither a string nor a path.
    """
    if isinstance(name, str):
        return name
    path = os.fspath(name) if isinstance(name, os.PathLike) else None
    if not isinstance(path, str):
        raise TypeError(f"{name!r} is not the name of a sound; it must be a str or a path")
    return os.path.abspath(path)


def locate(
    name: Name,
    loader: pyglet.resource.Loader | None = None,
    key: str | None = None,
    explain: Callable[[str, pyglet.resource.Loader | None], str] | None = None,
) -> Resource:
    """Look `name` up. Opens nothing, but may index the loader's path the first time.

    Args:
        name: A resource's name (of `loader`), an absolute path, or a path object.
        loader: None: pyglet's own.
        key: What the cache is to call it, where that is not `key_of(name)`.
        explain: Returns why the loader does not find `name`. Called when the text of the error is read.

    Raises:
        ResourceNotFound: The loader has no such resource.
        ResourceUnreadable: The loader failed to index its path.
        TypeError: `name` is neither a string nor a path.
    """
    known_as = name if type(name) is str else key_of(name)
    key = known_as if key is None else key
    if _factory is not None:
        return _Custom(key, known_as, _factory, _buffer_size)
    if not isinstance(name, str) or os.path.isabs(name):
        return _File(key, "", known_as)
    try:
        location: Any = (loader.location if loader is not None else pyglet.resource.location)(name)
    except pyglet.resource.ResourceNotFoundException:
        # Finding the reason takes a while, and the text may never be read.
        raise ResourceNotFound(key, "find", lambda: explain(name, loader) if explain else "not found") from None
    except Exception as error:
        raise ResourceUnreadable(
            key, "find", f"pyglet.resource cannot index its path: {describe_error(error)}"
        ) from error
    if isinstance(location, pyglet.resource.FileLocation):
        return _File(key, location.path, name)
    return _Located(key, location, name)
