"""Filters of a source's direct path and its auxiliary sends to effects (ALC_EXT_EFX)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.log import warn_once
from .._common.text import short_repr
from ..errors import OpenALError
from . import constants as c
from .properties import Property

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from . import Functions
    from .properties import Send

    class SendsTo(Protocol):
        """The interface of the effect on a send (`BaseEffect`)."""

        def _slot(self, al: Functions) -> int:
            """Return the number of the effect slot; 0 if the effect has none. Called inside the context scope."""


#: (gain, gain of high frequencies, gain of low frequencies), linear factors from 0 to 1.
Filter = tuple[float, float, float]

#: The filter that changes nothing.
OPEN: Filter = (1.0, 1.0, 1.0)

#: The most sends that OpenAL Soft accepts in a request. A device may have fewer.
MOST_SENDS = 16

_factor = checks.number(-math.inf, math.inf)


def check_filter(name: str, value: Any) -> Filter:
    """Check that `value` is three numbers. Return them, each clamped to the range 0 to 1."""
    try:
        gain, high, low = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {short_repr(value)}; it must be three numbers (gain, hf, lf)") from None
    return _clamped(f"{name}[0]", gain), _clamped(f"{name}[1]", high), _clamped(f"{name}[2]", low)


def product(one: Filter, other: Filter) -> Filter:
    """Return the filter that does what both filters in series do."""
    return one[0] * other[0], one[1] * other[1], one[2] * other[2]


def _clamped(name: str, value: Any) -> float:
    try:
        return min(max(_factor(name, value), 0.0), 1.0)
    except ValueError:
        raise ValueError(f"{name} is {short_repr(value)}; it must be a number other than NaN") from None


def send_direct_filter(al: Functions, number: int, value: Filter) -> None:
    """Attach a filter to the direct path of source `number`."""
    send_direct_filter_to_all(al, (number,), value)


def send_direct_filter_to_all(al: Functions, numbers: Iterable[int], value: Filter) -> None:
    """Attach one filter to the direct paths of several sources."""
    if al.alGenFilters is None:
        if value != OPEN:
            warn_once("filter does nothing: this OpenAL has no ALC_EXT_EFX")
        return
    made = _make_filter(al, value)
    try:
        for number in numbers:
            al.alSourcei(number, c.AL_DIRECT_FILTER, made)
    finally:
        _delete_filter(al, made)


def _make_filter(al: Functions, value: Filter) -> int:
    """Make an OpenAL filter for `value`. OpenAL copies it when it is attached, so it can be deleted right after.

    It is always a band-pass. If its high or low gain is 1, OpenAL Soft treats it as the corresponding low-pass or
    high-pass.
    """
    gain, high, low = value
    if value == OPEN:
        return c.AL_FILTER_NULL
    made = al.generate_filter()
    try:
        al.alFilteri(made, c.AL_FILTER_TYPE, c.AL_FILTER_BANDPASS)
        for what, factor in ((c.AL_BANDPASS_GAIN, gain), (c.AL_BANDPASS_GAINHF, high), (c.AL_BANDPASS_GAINLF, low)):
            if factor != 1.0:
                al.alFilterf(made, what, factor)
    except BaseException:
        al.delete_filter(made)
        raise
    return made


def _delete_filter(al: Functions, made: int) -> None:
    if made != c.AL_FILTER_NULL:
        al.delete_filter(made)


def warn_of_missing_send(index: int) -> None:
    """Log, once, that the device has no auxiliary send `index`."""
    warn_once(
        f"the device has no auxiliary send {index}; an effect on it is not heard. "
        f"To request more sends, make the context with Context(device, {{MAX_AUXILIARY_SENDS: {index + 1}}})"
    )


def _check_send(name: str, value: Any) -> tuple[SendsTo | None, Filter]:
    """Check the filter of a pair (effect, filter). `AuxiliarySends` has checked the effect."""
    effect, through = value
    return effect, check_filter(f"{name}.filter", through)


def _sender(index: int) -> Send:
    def send(al: Functions, number: int, value: tuple[SendsTo | None, Filter]) -> None:
        if al.alGenFilters is None:
            return  # the effect has logged the reason
        effect, through = value
        slot = effect._slot(al) if effect is not None else c.AL_EFFECTSLOT_NULL
        made = _make_filter(al, through) if slot else c.AL_FILTER_NULL
        try:
            al.alSource3i(number, c.AL_AUXILIARY_SEND_FILTER, slot, index, made)
        except OpenALError as error:
            if error.code != c.AL_INVALID_VALUE:
                raise
            if slot:
                warn_of_missing_send(index)  # a reset of the device may take sends away at any time
        finally:
            _delete_filter(al, made)

    return send


def _send_property(index: int) -> Property[tuple[SendsTo | None, Filter]]:
    made: Property[tuple[SendsTo | None, Filter]] = Property(
        _check_send, (None, OPEN), _sender(index), f"Auxiliary send {index}: (effect or None, filter)."
    )
    made.name = f"sends[{index}]"
    return made


#: The properties of a source for its sends, by index. `AuxiliarySends` is their public form.
SENDS = tuple(map(_send_property, range(MOST_SENDS)))
