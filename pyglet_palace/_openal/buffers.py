"""An OpenAL buffer and its memory."""

from __future__ import annotations

from typing import Any


class StoredBuffer:
    """One OpenAL buffer.

    Attributes:
        number: The OpenAL name of the buffer.
        size: Bytes, as OpenAL counts them (AL_SIZE).
        data: The array that OpenAL reads (AL_EXT_STATIC_BUFFER); None if OpenAL made a copy.
    """

    __slots__ = ("data", "number", "size")

    def __init__(self, number: int, size: int, data: Any) -> None:
        self.number = number
        self.size = size
        self.data = data
