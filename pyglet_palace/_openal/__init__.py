"""The way down to OpenAL: the only room that knows ctypes and PyOpenAL, neither of which it imports before it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import constants
from .scope import ContextScope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .binding import Functions

__all__ = ["ContextScope", "Functions", "attribute_list", "constants", "functions"]


def functions() -> Functions:
    """The library of this process, bound at the first call, which takes about 0.1 s.

    Raises:
        OpenALNotFound: There is none.
    """
    from . import binding

    return binding.functions()


def attribute_list(attributes: Mapping[int, int]) -> Any:
    """`attributes` as ALC takes them: key, value, ..., 0.

    Raises:
        TypeError: A key or a value is not a whole number.
        ValueError: One does not fit into 32 bits.
    """
    from . import binding

    return binding.attribute_list(attributes)
