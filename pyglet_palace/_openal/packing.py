"""Floats as bytes, for the functions of OpenAL that take the address of values."""

from __future__ import annotations

from struct import Struct

#: Pack one float, or three. A number beyond `checks.FLT_MAX` becomes infinite, which OpenAL refuses.
pack_float, pack_vector = Struct("f").pack, Struct("3f").pack
