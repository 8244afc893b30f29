"""Access to OpenAL. Only this package imports ctypes and PyOpenAL, both at the first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import constants
from .scope import ContextScope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .binding import Functions

__all__ = ["ContextScope", "Functions", "attribute_list", "constants", "functions", "library_path"]


def functions() -> Functions:
    """Return the functions of the OpenAL library of this process. The first call binds it, which takes about 0.1 s.

    Raises:
        OpenALNotFound: No OpenAL library can be loaded.
    """
    from . import binding

    return binding.functions()


def library_path() -> str:
    """Return the path of the OpenAL library of this process; its name if the system does not tell the path."""
    from . import library

    return library.path()


def attribute_list(attributes: Mapping[int, int]) -> Any:
    """Return `attributes` as an array for ALC: key, value, ..., 0.

    Raises:
        TypeError: A key or a value is not a whole number.
        ValueError: A key or a value does not fit into 32 bits.
    """
    from . import binding

    return binding.attribute_list(attributes)
