"""Functions that send a property of a source to its voice. All of them are called inside the context scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import log
from .packing import pack_float, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._common.checks import Vector
    from . import Functions
    from .properties import Send


def number(parameter: int) -> Send:
    """Make a setter for one float."""

    def send(al: Functions, source: int, value: float) -> None:
        al.alSourcefv(source, parameter, pack_float(value))

    return send


def integer(parameter: int) -> Send:
    """Make a setter for an `int` or a `bool`."""

    def send(al: Functions, source: int, value: int) -> None:
        al.alSourcei(source, parameter, int(value))

    return send


def vector(parameter: int) -> Send:
    """Make a setter for three floats."""

    def send(al: Functions, source: int, value: Vector) -> None:
        al.alSourcefv(source, parameter, pack_vector(*value))

    return send


def numbers(parameter: int) -> Send:
    """Make a setter for a tuple of floats."""

    def send(al: Functions, source: int, value: tuple[float, ...]) -> None:
        al.set_source_floats(source, parameter, *value)

    return send


def each(*sends: Send) -> Send:
    """Make a setter for a tuple that passes each item to the setter in the same position."""

    def send(al: Functions, source: int, values: tuple[Any, ...]) -> None:
        for send_item, value in zip(sends, values, strict=True):
            send_item(al, source, value)

    return send


def nothing(al: Functions, number: int, value: Any) -> None:
    """Do nothing. The setter of a property that has an action instead."""


def with_extension(extension: str, name: str, send: Send) -> Send:
    """Make a setter that calls `send` if OpenAL has `extension`; else it logs, once, that `name` has no effect."""
    return _send_if(
        lambda al: al.has_extension(extension), f"{name} does nothing: this OpenAL has no {extension}", send
    )


def with_effects(name: str, send: Send) -> Send:
    """Make a setter that calls `send` if OpenAL has effects (ALC_EXT_EFX); else it logs that once."""
    return _send_if(
        lambda al: al.alGenFilters is not None, f"{name} does nothing: this OpenAL has no ALC_EXT_EFX", send
    )


def _send_if(available: Callable[[Functions], bool], warning: str, send: Send) -> Send:
    def send_if_available(al: Functions, source: int, value: Any) -> None:
        if available(al):
            send(al, source, value)
        else:
            log.warn_once(warning)

    return send_if_available
