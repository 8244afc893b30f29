"""The OpenAL buffers of one device, and the memory they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._openal import constants as c
from .errors import BufferTooLarge, OpenALError, UnsupportedFormat
from .formats import AL_FORMATS

if TYPE_CHECKING:
    from ._decoding import Samples
    from ._openal import Functions

_OUT_OF_MEMORY = 0xA005


class StoredBuffer:
    """One OpenAL buffer.

    Attributes:
        number: What OpenAL calls it.
        size: Bytes, as OpenAL counts them.
        data: The array OpenAL reads, where it reads ours; None where it made a copy.
    """

    __slots__ = ("data", "number", "size")

    def __init__(self, number: int, size: int, data: Any) -> None:
        self.number = number
        self.size = size
        self.data = data


class BufferStore:
    """Makes and deletes buffers. Everything here is called inside a bracket, but `__init__` and `close`.

    A static buffer (AL_EXT_STATIC_BUFFER) is not copied: OpenAL's mixer reads the array until the buffer is gone. So
    the array belongs to a record here, and is let go only when ``alDeleteBuffers`` has succeeded (OpenAL refuses
    while a source has the buffer attached) or the device is closed.
    """

    def __init__(self) -> None:
        self._stored: dict[int, StoredBuffer] = {}
        self._refused: list[StoredBuffer] = []

    @property
    def count(self) -> int:
        """Buffers that OpenAL has."""
        return len(self._stored)

    @property
    def refused(self) -> int:
        """Buffers that were to be deleted and are not, yet."""
        return len(self._refused)

    def upload(self, al: Functions, name: str, samples: Samples) -> StoredBuffer:
        """Give `samples` to OpenAL: in 4 us whatever their size with AL_EXT_STATIC_BUFFER, else by copying them.

        Raises:
            BufferTooLarge: OpenAL has no memory left.
            UnsupportedFormat: OpenAL refuses the samples for another reason.
        """
        data = samples.data
        al_format, _ = AL_FORMATS[samples.channel_config, samples.sample_type]
        number = 0
        try:
            number = al.generate_buffer()
            if al.alBufferDataStatic is not None:
                al.alBufferDataStatic(number, al_format, data.ctypes.data, data.nbytes, samples.frequency)
                kept = data
            else:
                al.alBufferData(number, al_format, data.ctypes.data, data.nbytes, samples.frequency)
                kept = None
            if samples.loop_points is not None and al.has_extension("AL_SOFT_loop_points"):
                al.set_loop_points(number, *samples.loop_points)
            stored = StoredBuffer(number, al.buffer_integer(number, c.AL_SIZE), kept)
        except Exception as error:  # of whatever kind: the sounds behind it must not wait for ever
            if number:
                al.delete_buffer(number)
            if isinstance(error, OpenALError) and error.code == _OUT_OF_MEMORY:
                raise BufferTooLarge(name, "upload", f"OpenAL has no memory for it: {error}") from error
            raise UnsupportedFormat(name, "upload", f"OpenAL refuses it: {error}") from error
        self._stored[number] = stored
        return stored

    def delete(self, al: Functions, stored: StoredBuffer) -> None:
        """Delete a buffer; one that OpenAL refuses is kept, with its memory, and tried again by `retry`."""
        try:
            al.delete_buffer(stored.number)
        except OpenALError:
            self._refused.append(stored)
        else:
            del self._stored[stored.number]
            stored.data = None

    def retry(self, al: Functions) -> None:
        """Try again to delete what was refused."""
        refused, self._refused = self._refused, []
        for stored in refused:
            self.delete(al, stored)

    def close(self) -> None:
        """Let go of all memory; the device has been closed, nothing reads it any more."""
        for stored in self._stored.values():
            stored.data = None
        self._stored.clear()
        self._refused.clear()
