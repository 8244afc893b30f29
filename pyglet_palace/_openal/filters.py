"""What a source sends where: the filters of OpenAL's effects extension, on the direct path and on auxiliary sends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.log import warn_once
from ..errors import OpenALError
from . import constants as c
from .properties import Property

if TYPE_CHECKING:
    from typing import Protocol

    from . import Functions
    from .properties import Send

    class SendsTo(Protocol):
        """What can be put on a send (a `BaseEffect`)."""

        def _slot(self, al: Functions) -> int:
            """The number of its effect slot, to be called inside a bracket; 0 if it has none."""


#: (gain, gain of high frequencies, gain of low frequencies), linear factors from 0 to 1.
Filter = tuple[float, float, float]

#: Lets everything through.
OPEN: Filter = (1.0, 1.0, 1.0)

#: Sends that OpenAL Soft can be asked for; each device says how many it has.
MOST_SENDS = 16

_factor = checks.number(-math.inf, math.inf)


def check_filter(name: str, value: Any) -> Filter:
    """Three numbers, each brought into 0 to 1."""
    try:
        gain, high, low = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}; it must be three numbers (gain, hf, lf)") from None
    return _clamped(f"{name}[0]", gain), _clamped(f"{name}[1]", high), _clamped(f"{name}[2]", low)


def _clamped(name: str, value: Any) -> float:
    try:
        return min(max(_factor(name, value), 0.0), 1.0)
    except ValueError:
        raise ValueError(f"{name} is {value!r}; it must be a number, which NaN is not") from None


def send_direct_filter(al: Functions, number: int, value: Filter) -> None:
    """Attach a filter to the direct path of source `number`."""
    if al.alGenFilters is None:
        if value != OPEN:
            warn_once("filter does nothing: this OpenAL has no ALC_EXT_EFX")
        return
    made = _make_filter(al, value)
    try:
        al.alSourcei(number, c.AL_DIRECT_FILTER, made)
    finally:
        _delete_filter(al, made)


def _make_filter(al: Functions, value: Filter) -> int:
    """A filter that does `value`. OpenAL copies it when it is attached, so that it may be deleted at once.

    Always a band-pass: where one of its ends is 1, OpenAL Soft makes the same of it as of a low-pass or a high-pass.
    """
    gain, high, low = value
    if value == OPEN:
        return c.AL_FILTER_NULL
    made = al.generate_filter()
    try:
        al.alFilteri(made, c.AL_FILTER_TYPE, c.AL_FILTER_BANDPASS)
        al.alFilterf(made, c.AL_BANDPASS_GAIN, gain)
        al.alFilterf(made, c.AL_BANDPASS_GAINHF, high)
        al.alFilterf(made, c.AL_BANDPASS_GAINLF, low)
    except BaseException:
        al.delete_filter(made)
        raise
    return made


def _delete_filter(al: Functions, made: int) -> None:
    if made != c.AL_FILTER_NULL:
        al.delete_filter(made)


def warn_of_missing_send(index: int) -> None:
    """Say, once, that the device has no send of that index."""
    warn_once(
        f"the device has no auxiliary send {index}; what is put on it is not heard. "
        f"More can be asked for when the context is made: Context(device, {{MAX_AUXILIARY_SENDS: {index + 1}}})"
    )


def _check_send(name: str, value: Any) -> tuple[SendsTo | None, Filter]:
    """An effect, which `sends` has checked, and a filter."""
    effect, through = value
    return effect, check_filter(f"{name}.filter", through)


def _sender(index: int) -> Send:
    def send(al: Functions, number: int, value: tuple[SendsTo | None, Filter]) -> None:
        if al.alGenFilters is None:
            return  # the effect has said so
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
        _check_send, (None, OPEN), _sender(index), f"What goes to auxiliary send {index}: (effect or None, filter)."
    )
    made.name = f"sends[{index}]"
    return made


#: A source's properties for its sends, by index. `AuxiliarySends` gives them their public form.
SENDS = tuple(map(_send_property, range(MOST_SENDS)))
