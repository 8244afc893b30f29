"""Names of sounds, and the resources that they refer to, through ``pyglet.resource``.

A look-up is a dictionary access in the loader's index. It runs on the calling thread, because a pyglet `Loader` is
not thread-safe. The resource is opened on the thread that decodes the sound.
"""

from __future__ import annotations

import errno
import fnmatch
import io
import os
import posixpath
import stat
import sys
from abc import ABC, abstractmethod
from functools import lru_cache
from operator import methodcaller
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Union, cast, runtime_checkable

import pyglet.resource

from ._common import checks
from ._common.private_api import loader_index
from ._common.text import short_repr
from ._decoding.files import OpenFile, copy_for_libsndfile, open_measured, open_path
from .errors import BufferTooLarge, PalaceError, ResourceNotFound, ResourceUnreadable, describe_error

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable

#: The name of a sound: a resource name, or the path of a file.
Name = Union[str, "os.PathLike[str]"]

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


_factory: Callable[[str], FileIO] | None = None
_buffer_size = DEFAULT_BUFFER_SIZE


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
    global _factory, _buffer_size
    if factory is not None and not callable(factory):
        raise TypeError(f"factory is {short_repr(factory)}; it must be callable with a name, or None")
    if buffer_size < 1:
        raise ValueError(f"buffer_size is {short_repr(buffer_size)}; it must be 1 or more bytes")
    _factory, _buffer_size = factory, buffer_size


def current_fileio() -> Callable[[str], FileIO] | None:
    """Return the factory given to `use_fileio`, or None."""
    return _factory


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


class Resource(ABC):
    """The result of a look-up. `open` may be called on any thread, any number of times.

    Attributes:
        key: The name of the sound in the cache.
    """

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def open(self, limit: int) -> OpenFile:
        """Open the resource. Blocks while the file system or the game's file factory works.

        Args:
            limit: Largest size of a zip entry, in bytes.

        Raises:
            ResourceNotFound: The file does not exist.
            ResourceUnreadable: The file cannot be opened.
            BufferTooLarge: A zip entry has more than `limit` bytes.
        """
        try:
            return self._open(limit)
        except PalaceError:
            raise
        except FileNotFoundError as error:
            raise ResourceNotFound(self.key, "find", "there is no such file") from error
        except Exception as error:
            raise ResourceUnreadable(self.key, "open", f"it cannot be opened: {describe_error(error)}") from error

    @abstractmethod
    def _open(self, limit: int) -> OpenFile:
        """Open the resource. May raise anything."""

    def weight(self) -> int:
        """Return the file size in bytes if it is known without opening the file; else 0."""
        return 0

    def identity(self) -> str:
        """Return a text that changes whenever the content changes; '' if there is none. May be called on any thread.

        Blocks while the file system works.
        """
        return ""

    @property
    def path_key(self) -> str:
        """The cache key that the path of its file has; '' if it has no file of its own."""
        return ""

    @property
    def is_portable(self) -> bool:
        """Whether another process can open it."""
        return False

    def portable(self) -> Resource:
        """Return the resource in a form that can be pickled and does not depend on the working directory.

        Call it only if `is_portable`. It has no classes of the game, such as an `enum.Enum` of names, which the other
        process cannot import. Raises any exception if the working directory or the entry is gone.
        """
        raise TypeError(f"{self.key!r} cannot be opened by another process")


class _File(Resource):
    """A file on disk.

    Attributes:
        folder: The folder that `name` is relative to; '' if `name` is a complete path.
        name: Path of the file.
    """

    __slots__ = ("folder", "name")

    def __init__(self, key: str, folder: str, name: str) -> None:
        self.key = key
        self.folder = folder
        self.name = name

    def _open(self, limit: int) -> OpenFile:
        path = self._path()
        if "\0" in path:
            raise FileNotFoundError("a path cannot contain a NUL character")
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            is_folder = stat.S_ISDIR(status.st_mode)
            what = "a folder" if is_folder else "not a regular file"
            cause = OSError(errno.EISDIR if is_folder else errno.EINVAL, what)
            raise ResourceUnreadable(self.key, "open", f"{short_repr(path)} is {what}") from cause
        return open_path(path, status.st_size)

    def weight(self) -> int:
        try:
            return os.stat(self._path()).st_size
        except (OSError, ValueError):  # ValueError: the path contains a NUL character
            return 0

    def identity(self) -> str:
        try:
            return repr(_state_of(self._path()))
        except (OSError, ValueError):
            return ""

    @property
    def path_key(self) -> str:
        return os.path.abspath(self._path())

    is_portable = True

    def portable(self) -> Resource:
        return _File(str.__str__(self.key), "", os.path.abspath(self._path()))

    def _path(self) -> str:
        return os.path.join(self.folder, self.name)


class _Located(Resource):
    """A resource that pyglet found in another place than a directory, such as a zip file.

    Attributes:
        location: The pyglet location.
        name: Path within the location.
    """

    __slots__ = ("location", "name")

    def __init__(self, key: str, location: Any, name: str) -> None:
        self.key = key
        self.location = location
        self.name = name

    def _open(self, limit: int) -> OpenFile:
        with self._source(limit) as source:
            copy = copy_for_libsndfile(source, limit)
        # Without a place for the copy: the file that pyglet opens. For a zip entry that is all of it, inflated.
        return copy or open_measured(self.location.open(self.name))

    def _source(self, limit: int) -> BinaryIO:
        """Open a stream that is read once, from start to end."""
        location = self.location
        if not isinstance(location, pyglet.resource.ZIPLocation):
            return cast("BinaryIO", location.open(self.name))
        entry = self._entry()
        if entry.file_size > limit:
            problem = f"the zip entry has {entry.file_size} bytes, over the limit of {limit} (Context.buffer_limit)"
            raise BufferTooLarge(self.key, "open", problem)
        return cast("BinaryIO", location.zip.open(entry))

    def _entry(self) -> zipfile.ZipInfo:
        """Return the entry in the directory of the zip file."""
        location = self.location
        folder = f"{location.dir}/" if location.dir else ""
        # The folder is '.' in a zipapp with pyglet's default path.
        info: zipfile.ZipInfo = location.zip.getinfo(posixpath.normpath(f"{folder}{self.name}".replace(os.sep, "/")))
        return info

    def weight(self) -> int:
        try:
            return self._entry().file_size
        except (AttributeError, KeyError):  # the location is not a zip file, or the zip file has changed
            return 0

    def identity(self) -> str:
        try:
            entry = self._entry()
            return repr((_state_of(self.location.zip.filename), entry.filename, entry.file_size, entry.CRC))
        except (AttributeError, KeyError, OSError, TypeError, ValueError):  # TypeError: a zip file in memory
            return ""

    @property
    def is_portable(self) -> bool:
        location = self.location
        return isinstance(location, pyglet.resource.ZIPLocation) and isinstance(location.zip.filename, str)

    def portable(self) -> Resource:
        return _ZipEntry(str.__str__(self.key), os.path.abspath(self.location.zip.filename), self._entry())


class _ZipEntry(Resource):
    """An entry of a zip file, for another process than the one that has found it.

    Attributes:
        path: Path of the zip file.
        name: Name of the entry.
        size: Its size in bytes, inflated.
        checksum: Its CRC-32.
    """

    __slots__ = ("checksum", "name", "path", "size")

    def __init__(self, key: str, path: str, entry: zipfile.ZipInfo) -> None:
        self.key = key
        self.path = path
        self.name, self.size, self.checksum = entry.filename, entry.file_size, entry.CRC

    def _open(self, limit: int) -> OpenFile:
        status = os.stat(self.path)
        archive = _archive(self.path, status.st_size, status.st_mtime_ns)
        entry = archive.getinfo(self.name)
        if (entry.file_size, entry.CRC) != (self.size, self.checksum):
            raise OSError(f"{self.path!r} is another zip file by now")
        return _Located(self.key, pyglet.resource.ZIPLocation(archive, ""), self.name).open(limit)

    def weight(self) -> int:
        return self.size

    def identity(self) -> str:
        try:
            return repr((_state_of(self.path), self.name, self.size, self.checksum))
        except OSError:
            return ""


@lru_cache(4)
def _archive(path: str, size: int, changed: int) -> zipfile.ZipFile:
    """Return an open zip file. Its size and time of change tell its versions apart."""
    import zipfile

    return zipfile.ZipFile(path)


class _Custom(Resource):
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


def _state_of(path: str) -> tuple[object, ...]:
    """Return values that change whenever the file at `path` is written or replaced.

    A game in one file (PyInstaller) unpacks its files to another folder at each start: they change with the program.

    Raises:
        OSError, ValueError: As for ``os.stat``.
    """
    path = os.path.abspath(path)
    status = os.stat(path)
    bundle = getattr(sys, "_MEIPASS", "")
    if os.path.basename(bundle).startswith("_MEI") and path.startswith(os.path.join(bundle, "")):
        return os.path.relpath(path, bundle), status.st_size, *_state_of(sys.executable)
    return path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def key_of(name: Name) -> str:
    """Return the cache key of `name`: the string itself, or the absolute form of a path object.

    Raises:
        TypeError: `name` is neither a string nor a path.
    """
    if isinstance(name, str):
        return name
    path = os.fspath(name) if isinstance(name, os.PathLike) else None
    if not isinstance(path, str):
        raise TypeError(f"{short_repr(name)} is not the name of a sound; it must be a str or a path")
    return os.path.abspath(path)


def resources_in(folder: str = "", pattern: str = "*", loader: pyglet.resource.Loader | None = None) -> list[str]:
    """Return the names of the resources in a folder and the folders below it, sorted.

    >>> preload(resources_in("sounds/level1", "*.ogg"))

    The first call may index the loader's path.

    Args:
        folder: Name of the folder, such as 'sounds'. '': the whole path.
        pattern: Pattern of the names within the folder, as for ``fnmatch``. ``*`` also matches '/'.
        loader: The loader that the context has. None: pyglet's default loader.

    Raises:
        ResourceNotFound: The path has no such folder.
        RuntimeError: A factory given to `use_fileio` opens the sounds. It cannot list them.
    """
    if _factory is not None:
        raise RuntimeError("resources_in() cannot list the files of the factory given to use_fileio()")
    try:
        (loader or pyglet.resource).location("")
    except pyglet.resource.ResourceNotFoundException:
        pass  # now the path is indexed
    inside = posixpath.normpath(checks.string("folder", folder))
    start = "" if inside == "." else f"{inside}/"
    names = [name for name in loader_index(loader) if name.startswith(start)]
    if not names:
        path = loader.path if loader is not None else pyglet.resource.path
        raise ResourceNotFound(folder, "find", f"there is no such folder with files in pyglet.resource.path {path}")
    return sorted(name for name in names if fnmatch.fnmatch(name[len(start) :], pattern))


#: Whether a name is an absolute path.
_is_absolute = methodcaller("startswith", "/") if os.path is posixpath else os.path.isabs


def locate(
    name: Name,
    loader: pyglet.resource.Loader | None = None,
    key: str | None = None,
    explain: Callable[[str, pyglet.resource.Loader | None], str] | None = None,
) -> Resource:
    """Look up `name`. Opens no file. The first look-up may index the loader's path.

    Args:
        name: The name of a resource of `loader`, an absolute path, or a path object.
        loader: The pyglet loader; None: pyglet's default loader.
        key: The name in the cache; None: `key_of(name)`.
        explain: Returns the reason why the loader does not find `name`. Called when the text of the error is read.

    Raises:
        ResourceNotFound: The loader has no resource `name`.
        ResourceUnreadable: The loader failed to index its path.
        TypeError: `name` is neither a string nor a path.
    """
    own_key = name if type(name) is str else key_of(name)
    key = own_key if key is None else key
    if _factory is not None:
        return _Custom(key, own_key, _factory, _buffer_size)
    if not isinstance(name, str) or _is_absolute(name):
        return _File(key, "", own_key)
    try:
        location: Any = (loader.location if loader is not None else pyglet.resource.location)(name)
    except pyglet.resource.ResourceNotFoundException:
        # The reason is computed on demand: that takes a while, and the text may never be read.
        raise ResourceNotFound(key, "find", lambda: explain(name, loader) if explain else "not found") from None
    except Exception as error:
        raise ResourceUnreadable(
            key, "find", f"pyglet.resource cannot index its path: {describe_error(error)}"
        ) from error
    if isinstance(location, pyglet.resource.FileLocation):
        return _File(key, location.path, name)
    return _Located(key, location, name)
