"""Parameters of effects, the properties from which effect classes are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from .._common import checks
from .._common.text import short_repr
from .._openal import constants as c
from .._openal.properties import Property

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._common.checks import Check, Vector
    from .._openal import Functions
    from .._openal.properties import Owner
    from .._playback.effect_slots import EffectState

    #: Sends a value to OpenAL. Takes the functions, the effect object, the parameter number and the value.
    Tell = Callable[[Functions, int, int, Any], None]

_T = TypeVar("_T")
_Name = TypeVar("_Name", bound=str)


class Parameter(Property[_T]):
    """An effect property that maps to an OpenAL effect parameter, numbered as in ``AL/efx.h``."""

    def __init__(self, number: int, check: Check[_T], default: _T, tell: Tell, doc: str, *, keyword: bool) -> None:
        """Create a parameter.

        Args:
            number: Parameter number from ``AL/efx.h``.
            check: See `Property`.
            default: Default value from ``AL/efx.h``.
            tell: Function that sends a value to OpenAL.
            doc: Description, with the unit.
            keyword: Whether it is keyword-only in the constructor.
        """
        super().__init__(check, default, lambda al, effect, value: tell(al, effect, number, value), doc)
        self.number = number
        self.keyword = keyword
        self._tell = tell

    def apply(self, al: Functions, state: EffectState, value: Any) -> None:
        """Set the parameter in the effect object of `state`, and load that into its slot."""
        self.tell(al, state.effect, value, state.numbers)
        al.alAuxiliaryEffectSloti(state.slot, c.AL_EFFECTSLOT_EFFECT, state.effect)

    def tell(self, al: Functions, effect: int, value: Any, numbers: Mapping[int, int] | None) -> None:
        """Send `value` to an effect object whose type uses `numbers`. Skips a parameter that is not in `numbers`."""
        if numbers is None:
            self.send(al, effect, value)
        elif self.number in numbers:
            self._tell(al, effect, numbers[self.number], value)


class VectorParameter(Parameter[_T]):
    """A parameter that any iterable of three numbers can set. See `NumbersProperty`."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> VectorParameter[_T]: ...
        @overload
        def __get__(self, instance: Owner, owner: type) -> _T: ...
        def __get__(self, instance: Owner | None, owner: type) -> Any: ...
        def __set__(self, instance: Owner, value: Iterable[float]) -> None: ...  # type: ignore[override]


class SlotProperty(Property[_T]):
    """A property of an effect that belongs to its slot."""

    def apply(self, al: Functions, state: EffectState, value: Any) -> None:
        """Set the property of the slot of `state`."""
        self.send(al, state.slot, value)


def real(
    number: int, low: float, high: float, default: float, doc: str, *, least: float = 0.0, keyword: bool = False
) -> Parameter[float]:
    """A number from `low` to `high`. If `least` is not 0, OpenAL gets at least `least`."""

    def tell(al: Functions, effect: int, what: int, value: float) -> None:
        al.alEffectf(effect, what, max(value, least) if least else value)

    doc = f"{doc}, from {low:g} to {high:g}."
    return Parameter(number, checks.number(low, high), default, tell, doc, keyword=keyword)


def whole(number: int, low: int, high: int, default: int, doc: str) -> Parameter[int]:
    """An integer from `low` to `high`."""
    doc = f"{doc}, a whole number from {low} to {high}."
    return Parameter(number, checks.integer(low, high), default, _tell_integer, doc, keyword=False)


def switch(number: int, default: bool, doc: str) -> Parameter[bool]:
    """A bool."""
    return Parameter(number, checks.boolean, default, _tell_integer, f"{doc}.", keyword=False)


def choice(number: int, choices: Sequence[_Name], default: _Name, doc: str) -> Parameter[_Name]:
    """One of the names in `choices`, which OpenAL numbers from 0."""
    numbers: dict[str, int] = {name: number for number, name in enumerate(choices)}

    def tell(al: Functions, effect: int, what: int, value: str) -> None:
        al.alEffecti(effect, what, numbers[value])

    doc = f"{doc}, one of {', '.join(map(repr, choices))}."
    check = cast("Check[_Name]", checks.one_of(numbers))
    return Parameter(number, check, default, tell, doc, keyword=False)


def pan(number: int, doc: str) -> VectorParameter[Vector]:
    """A vector of length up to 1."""
    doc = f"{doc}, a vector of length up to 1; (0, 0, -1) is in front."
    return VectorParameter(number, _check_pan, (0.0, 0.0, 0.0), _tell_vector, doc, keyword=False)


def _tell_integer(al: Functions, effect: int, what: int, value: int) -> None:
    al.alEffecti(effect, what, int(value))


def _tell_vector(al: Functions, effect: int, what: int, value: Vector) -> None:
    al.set_effect_vector(effect, what, value)


def _check_pan(name: str, value: Any) -> Vector:
    x, y, z = vector = checks.vector(name, value)
    if x * x + y * y + z * z > 1.000001:  # tolerates rounding in a normalised vector
        raise ValueError(f"{name} is {short_repr(value)}; it must be a vector of length 0 to 1")
    return vector
