"""Resources that are entries of zip files, or lie in another location of pyglet."""

from __future__ import annotations

import os
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyglet.resource

from .._decoding.files import copy_for_libsndfile, open_measured
from ..errors import BufferTooLarge
from .base import Resource
from .files import state_of

if TYPE_CHECKING:
    import zipfile

    from .._decoding.files import OpenFile


class LocatedResource(Resource):
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
            return repr((state_of(self.location.zip.filename), entry.filename, entry.file_size, entry.CRC))
        except (AttributeError, KeyError, OSError, TypeError, ValueError):  # TypeError: a zip file in memory
            return ""

    @property
    def is_portable(self) -> bool:
        location = self.location
        return isinstance(location, pyglet.resource.ZIPLocation) and isinstance(location.zip.filename, str)

    def portable(self) -> Resource:
        return ZipEntry(str.__str__(self.key), os.path.abspath(self.location.zip.filename), self._entry())


class ZipEntry(Resource):
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
        return LocatedResource(self.key, pyglet.resource.ZIPLocation(archive, ""), self.name).open(limit)

    def weight(self) -> int:
        return self.size

    def identity(self) -> str:
        try:
            return repr((state_of(self.path), self.name, self.size, self.checksum))
        except OSError:
            return ""


@lru_cache(4)
def _archive(path: str, size: int, changed: int) -> zipfile.ZipFile:
    """Return an open zip file. Its size and time of change tell its versions apart."""
    import zipfile

    return zipfile.ZipFile(path)
