"""Resources that are files on disk, and the state of a file by which a change is noticed."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, TypeVar

from .._common.text import short_repr
from .._decoding.files import open_path
from ..errors import ResourceUnreadable
from .base import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._decoding.files import OpenFile

    Memory = TypeVar("Memory")


class FileResource(Resource):
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

    if sys.platform != "win32":

        def read_short(self, most: int, room: Callable[[int], Memory]) -> Memory | None:
            try:
                file = os.open(self._path(), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # the name may be a pipe's
            except (OSError, ValueError):
                return None  # `open` finds it again, and reports it
            try:
                status = os.fstat(file)
                if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= most:
                    memory = room(status.st_size)
                    if os.readv(file, [memory]) == status.st_size:  # type: ignore[list-item]
                        return memory
                return None
            except OSError:
                return None
            finally:
                os.close(file)

    def weight(self) -> int:
        try:
            return os.stat(self._path()).st_size
        except (OSError, ValueError):  # ValueError: the path contains a NUL character
            return 0

    def identity(self) -> str:
        try:
            return repr(state_of(self._path()))
        except (OSError, ValueError):
            return ""

    @property
    def path_key(self) -> str:
        return os.path.abspath(self._path())

    is_file = True
    is_portable = True

    def portable(self) -> Resource:
        return FileResource(str.__str__(self.key), "", os.path.abspath(self._path()))

    def _path(self) -> str:
        return os.path.join(self.folder, self.name) if self.folder else self.name


def state_of(path: str) -> tuple[object, ...]:
    """Return values that change whenever the file at `path` is written or replaced.

    A game in one file (PyInstaller) unpacks its files to another folder at each start: they change with the program.

    Raises:
        OSError, ValueError: As for ``os.stat``.
    """
    path = os.path.abspath(path)
    status = os.stat(path)
    bundle = getattr(sys, "_MEIPASS", "")
    if os.path.basename(bundle).startswith("_MEI") and path.startswith(os.path.join(bundle, "")):
        return os.path.relpath(path, bundle), status.st_size, *state_of(sys.executable)
    return path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
