"""The way down to OpenAL: the only room that knows ctypes and PyOpenAL."""

from __future__ import annotations

from . import constants
from .bracket import Bracket
from .functions import Functions, attribute_list, functions

__all__ = ["Bracket", "Functions", "attribute_list", "constants", "functions"]
