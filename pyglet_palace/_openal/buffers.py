"""An OpenAL buffer and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import Functions


class StoredBuffer:
    """One OpenAL buffer.

    Attributes:
        number: The OpenAL name of the buffer.
        size: Bytes, as OpenAL counts them (AL_SIZE).
        data: The array that OpenAL reads (AL_EXT_STATIC_BUFFER), or the array of a sound with loop points; else None.
    """

    __slots__ = ("_format", "_frequency", "_sections", "data", "number", "size")

    def __init__(self, number: int, size: int, data: Any, al_format: int, frequency: int) -> None:
        """Describe a buffer that OpenAL has.

        Args:
            number: See the attributes, also for the next two.
            size: Bytes.
            data: Samples of shape (frames, channels), or None.
            al_format: The OpenAL format of the samples.
            frequency: Hertz.
        """
        self.number = number
        self.size = size
        self.data = data
        self._format = al_format
        self._frequency = frequency
        self._sections: list[int] = []

    @property
    def can_be_cut(self) -> bool:
        """Whether `cut` can make buffers of its parts."""
        return self.data is not None

    def cut(self, al: Functions, start: int, end: int) -> tuple[int, int, int]:
        """Return buffers of the frames up to `end`, from `start` to `end`, and from `start` on, for a queue.

        Makes them at the first call. With AL_EXT_STATIC_BUFFER they share the samples; else OpenAL copies them, and the
        call blocks.
        """
        give = al.alBufferDataStatic or al.alBufferData
        for part in (self.data[:end], self.data[start:end], self.data[start:])[len(self._sections) :]:
            number = al.generate_buffer()
            self._sections.append(number)
            give(number, self._format, part.ctypes.data, part.nbytes, self._frequency)
        first, again, last = self._sections
        return first, again, last

    def delete_sections(self, al: Functions) -> None:
        """Delete the buffers that `cut` has made. No source may use them."""
        while self._sections:
            al.delete_buffer(self._sections[-1])
            self._sections.pop()
