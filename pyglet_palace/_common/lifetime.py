"""What all objects that can be destroyed have in common."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

from ..errors import DestroyedError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

_serials = itertools.count()


class Destroyable:
    """An object with an end: true until then, a context manager that brings it about, sortable by age.

    Leaving a ``with`` block calls the public method that `_closing_method` names, so an override in a subclass counts.
    """

    __slots__ = ("_destroyed", "_serial")

    #: Name of the public method that ends the object.
    _closing_method: ClassVar[str] = "destroy"

    def _init_lifetime(self) -> None:
        """To be called by whatever makes the object."""
        self._destroyed = False
        self._serial = next(_serials)

    def _check_not_destroyed(self) -> None:
        if self._destroyed:
            raise DestroyedError(f"{self!r} can no longer be used")

    def __bool__(self) -> bool:
        return not self._destroyed

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Destroyable):
            return NotImplemented
        return self._serial < other._serial

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, Destroyable):
            return NotImplemented
        return self._serial <= other._serial

    def __gt__(self, other: Any) -> bool:
        if not isinstance(other, Destroyable):
            return NotImplemented
        return self._serial > other._serial

    def __ge__(self, other: Any) -> bool:
        if not isinstance(other, Destroyable):
            return NotImplemented
        return self._serial >= other._serial

    def _check_alive(self) -> None:
        """Raise unless it can be used, by this thread."""
        self._check_not_destroyed()

    def __enter__(self) -> Self:
        self._check_alive()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        getattr(self, self._closing_method)()
