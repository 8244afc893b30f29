"""Base class of objects that can be destroyed or closed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import DestroyedError
from .text import short_repr

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

_serials = itertools.count()


class KnownAttributes:
    """Mixin for classes without slots that refuses unknown attributes, as classes with slots do.

    ``context.volume = 0.5`` would do nothing, without a word. Subclasses of a game may have attributes of their own.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self)
        if not name.startswith("_") and kind.__module__.startswith("pyglet_palace.") and not _has(kind, name):
            raise AttributeError(f"{kind.__name__} has no attribute {short_repr(name)}, and none can be added")
        super().__setattr__(name, value)


def _has(kind: type, name: str) -> bool:
    """Return whether objects of `kind` have an attribute or a pyglet event `name`."""
    known = hasattr(kind, name) or name in getattr(kind, "event_types", ())
    return known or any(name in vars(base).get("__annotations__", ()) for base in kind.__mro__)


class Destroyable:
    """Base class of objects that can be destroyed or closed.

    An object is true until it is destroyed. Objects sort by age, oldest first. As a context manager, leaving the
    ``with`` block calls the public method that `_closing_method` names, so that an override in a subclass is used.
    """

    __slots__ = ("_destroyed", "_serial")

    #: Name of the public method that destroys or closes the object.
    _closing_method: ClassVar[str] = "destroy"

    def _init_lifetime(self) -> None:
        """Set up the state. Each constructor or factory of a subclass calls this."""
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
        """Raise if the object is destroyed or the calling thread may not use it."""
        self._check_not_destroyed()

    def __enter__(self) -> Self:
        self._check_alive()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        getattr(self, self._closing_method)()
