"""Resource: the result of a look-up, which a loading thread opens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from ..errors import PalaceError, ResourceNotFound, ResourceUnreadable, describe_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._decoding.files import OpenFile

    Memory = TypeVar("Memory")


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

    def read_short(self, most: int, room: Callable[[int], Memory]) -> Memory | None:
        """Return the content of a file in memory, in fewer steps than with `open`; None if it has to be opened.

        Blocks while the file system works.

        Args:
            most: The largest size in bytes.
            room: Returns writable memory of a size in bytes.
        """
        return None

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

    #: Whether it is a file in a folder.
    is_file = False

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
