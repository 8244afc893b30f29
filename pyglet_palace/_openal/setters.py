"""Ways in which a property of a source is sent to the voice that sounds for it. All are called inside a bracket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._common.checks import Vector
    from . import Functions
    from .properties import Send


def number(parameter: int) -> Send:
    """Of one float."""

    def send(al: Functions, source: int, value: float) -> None:
        al.alSourcef(source, parameter, value)

    return send


def integer(parameter: int) -> Send:
    """Of a whole number or a truth value."""

    def send(al: Functions, source: int, value: int) -> None:
        al.alSourcei(source, parameter, int(value))

    return send


def vector(parameter: int) -> Send:
    """Of three floats."""

    def send(al: Functions, source: int, value: Vector) -> None:
        al.alSource3f(source, parameter, *value)

    return send


def numbers(parameter: int) -> Send:
    """Of a tuple of floats."""

    def send(al: Functions, source: int, value: tuple[float, ...]) -> None:
        al.set_source_floats(source, parameter, *value)

    return send


def each(*sends: Send) -> Send:
    """Of a tuple, whose items are sent one by one, each in its own way."""

    def send(al: Functions, source: int, values: tuple[Any, ...]) -> None:
        for send_item, value in zip(sends, values, strict=True):
            send_item(al, source, value)

    return send


def nothing(al: Functions, number: int, value: Any) -> None:
    """Set nothing: the property has an action instead."""


def with_extension(extension: str, name: str, send: Send) -> Send:
    """As `send` where OpenAL has an AL extension; elsewhere nothing, and a log says once that `name` does nothing."""
    return _where(lambda al: al.has_extension(extension), f"{name} does nothing: this OpenAL has no {extension}", send)


def with_effects(name: str, send: Send) -> Send:
    """As `send` where OpenAL has effects (ALC_EXT_EFX); elsewhere nothing, and a log says once that it is so."""
    return _where(lambda al: al.alGenFilters is not None, f"{name} does nothing: this OpenAL has no ALC_EXT_EFX", send)


def _where(there: Callable[[Functions], bool], otherwise: str, send: Send) -> Send:
    def send_if_there(al: Functions, source: int, value: Any) -> None:
        if there(al):
            send(al, source, value)
        else:
            log.warn_once(otherwise)

    return send_if_there
