"""A parameter of an effect: one row in the table that a class of effects is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._common import checks
from .._openal import constants as c
from .._openal.properties import Property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._common.checks import Check, Vector
    from .._openal import Functions
    from .._playback.effect_slots import EffectState

    #: Carries a value to OpenAL: the functions, the effect object, the number of the parameter, the value.
    Tell = Callable[[Functions, int, int, Any], None]

_T = TypeVar("_T")
_Name = TypeVar("_Name", bound=str)


class Parameter(Property[_T]):
    """A property of an effect that is a parameter of its kind, with the number it has in ``AL/efx.h``."""

    def __init__(self, number: int, check: Check[_T], default: _T, tell: Tell, doc: str, *, keyword: bool) -> None:
        """
        Args:
            number: Of ``AL/efx.h``.
            check: See `Property`.
            default: Of ``AL/efx.h``.
            tell: How it is carried to OpenAL.
            doc: What it is, with its unit.
            keyword: Whether the constructor takes it by keyword only.
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
        """Carry it to an effect object, of a kind that has other `numbers`, and perhaps not all of them."""
        if numbers is None:
            self.send(al, effect, value)
        elif self.number in numbers:
            self._tell(al, effect, numbers[self.number], value)


class SlotProperty(Property[_T]):
    """A property of an effect that belongs to its slot."""

    def apply(self, al: Functions, state: EffectState, value: Any) -> None:
        """Set the property of the slot of `state`."""
        self.send(al, state.slot, value)


def real(
    number: int, low: float, high: float, default: float, doc: str, *, least: float = 0.0, keyword: bool = False
) -> Parameter[float]:
    """A number from `low` to `high`; OpenAL is told `least` where it is less than that, if `least` is not 0."""

    def tell(al: Functions, effect: int, what: int, value: float) -> None:
        al.alEffectf(effect, what, max(value, least) if least else value)

    doc = f"{doc}, from {low:g} to {high:g}."
    return Parameter(number, checks.number(low, high), default, tell, doc, keyword=keyword)


def whole(number: int, low: int, high: int, default: int, doc: str) -> Parameter[int]:
    """A whole number from `low` to `high`."""
    doc = f"{doc}, a whole number from {low} to {high}."
    return Parameter(number, checks.integer(low, high), default, _tell_integer, doc, keyword=False)


def switch(number: int, default: bool, doc: str) -> Parameter[bool]:
    """A truth value."""
    return Parameter(number, checks.boolean, default, _tell_integer, f"{doc}.", keyword=False)


def choice(number: int, choices: Sequence[_Name], default: _Name, doc: str) -> Parameter[_Name]:
    """One of the names in `choices`, which OpenAL numbers from 0."""
    numbers: dict[str, int] = {name: number for number, name in enumerate(choices)}

    def tell(al: Functions, effect: int, what: int, value: str) -> None:
        al.alEffecti(effect, what, numbers[value])

    doc = f"{doc}, one of {', '.join(map(repr, choices))}."
    check = cast("Check[_Name]", checks.one_of(numbers))
    return Parameter(number, check, default, tell, doc, keyword=False)


def pan(number: int, doc: str) -> Parameter[Vector]:
    """A vector of length up to 1."""
    doc = f"{doc}, a vector of length up to 1; (0, 0, -1) is in front."
    return Parameter(number, _check_pan, (0.0, 0.0, 0.0), _tell_vector, doc, keyword=False)


def _tell_integer(al: Functions, effect: int, what: int, value: int) -> None:
    al.alEffecti(effect, what, int(value))


def _tell_vector(al: Functions, effect: int, what: int, value: Vector) -> None:
    al.set_effect_vector(effect, what, value)


def _check_pan(name: str, value: Any) -> Vector:
    x, y, z = vector = checks.vector(name, value)
    if x * x + y * y + z * z > 1.000001:  # a vector that was normalised, and rounded
        raise ValueError(f"{name} is {value!r}; it must be a vector of length 0 to 1")
    return vector
