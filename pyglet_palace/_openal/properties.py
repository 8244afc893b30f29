"""Properties whose values are kept in Python, checked on assignment, and sent to an OpenAL object if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._common.checks import Check
    from . import Functions

    #: Sends a value to OpenAL. Arguments: the functions, the number of the AL object (0 for the listener), the value.
    Send = Callable[[Functions, int, Any], None]

_T = TypeVar("_T")


class Owner(Protocol):
    """The interface of an object that has properties."""

    #: Values that were set.
    _values: dict[str, Any]

    def _check_alive(self) -> None:
        """Raise if the owner is destroyed or the calling thread may not use it."""

    def _apply(self, changed: Property[Any], value: Any) -> None:
        """Apply the new value of a property that has no action of its own."""


class Property(Generic[_T]):
    """Descriptor of a property of an `Owner`."""

    def __init__(
        self,
        check: Check[_T],
        default: _T,
        send: Send,
        doc: str,
        action: Callable[[Any, Any], None] | None = None,
    ) -> None:
        """Describe a property.

        Args:
            check: Returns the value to keep, or raises `TypeError` or `ValueError`.
            default: The value before the first assignment.
            send: Sends the value to an OpenAL object.
            doc: The docstring, without the default.
            action: Called with the owner and a new value, instead of the owner's `_apply`.
        """
        self.check = check
        self.default = default
        self.send = send
        self._action = action
        self.__doc__ = f"{doc} Default: {default!r}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Property[_T]: ...
    @overload
    def __get__(self, instance: Owner, owner: type) -> _T: ...
    def __get__(self, instance: Owner | None, owner: type) -> Property[_T] | _T:
        if instance is None:
            return self
        instance._check_alive()
        value: _T = instance._values.get(self.name, self.default)
        return value

    def __set__(self, instance: Owner, value: _T) -> None:
        instance._check_alive()
        self.assign(instance, value)

    def assign(self, instance: Owner, value: _T) -> None:
        """Set the property of an owner that is alive."""
        checked = self.check(self.name, value)
        values = instance._values
        before = values.get(self.name, self.default)
        values[self.name] = checked
        try:
            if self._action is None:
                instance._apply(self, checked)
            else:
                self._action(instance, checked)
        except BaseException:
            values[self.name] = before
            raise


class NumbersProperty(Property[_T]):
    """A property of several numbers, which any iterable can set: a tuple, a list, an array, a vector of pyglet.math."""

    if TYPE_CHECKING:  # both methods: pyright compares them, and then takes the value read for a `_T`

        @overload
        def __get__(self, instance: None, owner: type) -> NumbersProperty[_T]: ...
        @overload
        def __get__(self, instance: Owner, owner: type) -> _T: ...
        def __get__(self, instance: Owner | None, owner: type) -> Any: ...
        def __set__(self, instance: Owner, value: Iterable[float]) -> None: ...  # type: ignore[override]


class VectorsProperty(Property[_T]):
    """A property of two vectors, each any iterable of three numbers."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> VectorsProperty[_T]: ...
        @overload
        def __get__(self, instance: Owner, owner: type) -> _T: ...
        def __get__(self, instance: Owner | None, owner: type) -> Any: ...
        def __set__(self, instance: Owner, value: Iterable[Iterable[float]]) -> None: ...  # type: ignore[override]
