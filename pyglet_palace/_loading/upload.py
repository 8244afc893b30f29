"""The OpenAL buffers of one device, and the memory they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._openal import constants as c
from .._openal.buffers import StoredBuffer
from ..errors import BufferTooLarge, OpenALError, ResourceError, UnsupportedFormat
from ..formats import AL_FORMATS
from .jobs import Job

if TYPE_CHECKING:
    from .._decoding.pcm import Samples
    from .._openal import Functions

_OUT_OF_MEMORY = 0xA005
#: Bytes that are copied on the game's thread, where they must be copied: that takes about 20 us.
_COPIED_AT_ONCE = 128 * 1024


class UploadJob(Job):
    """Samples on their way into memory of OpenAL's that is mapped for it. To do it, no OpenAL is called.

    Attributes:
        number: The buffer, which is of no use until `BufferStore.finish`.
        samples: What is copied.
    """

    __slots__ = ("_address", "_al", "number", "samples")

    def __init__(self, key: str, al: Functions, number: int, address: int, samples: Samples) -> None:
        super().__init__(key)
        self._al = al
        self._address = address
        self.number = number
        self.samples = samples
        self.memory = samples.data.nbytes

    def run(self) -> None:
        """Copy them; takes as long as copying memory does, whoever else is held in what."""
        self._al.copy_to(self._address, self.samples.data)


class BufferStore:
    """Makes and deletes buffers. Everything here is called inside a scope, but `__init__` and `close`.

    Samples get to OpenAL in one of three ways. Where it can read ours (AL_EXT_STATIC_BUFFER) it is told where they
    are, which takes 4 us. Where its memory can be mapped (AL_SOFTX_map_buffer) large ones are copied there by a worker
    (`UploadJob`). Else it copies them, while the game waits.

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

    def begin(self, al: Functions, name: str, samples: Samples) -> StoredBuffer | UploadJob:
        """Give `samples` to OpenAL: a buffer, or what must be done and brought to its end by `finish` before it is one.

        Raises:
            BufferTooLarge: OpenAL has no memory left.
            UnsupportedFormat: OpenAL refuses the samples for another reason.
        """
        data = samples.data
        if al.alBufferDataStatic is None and al.alBufferStorageSOFT is not None and data.nbytes > _COPIED_AT_ONCE:
            number = 0
            try:
                number = al.generate_buffer()
                address = al.map_new_storage(number, _format_of(samples), data.nbytes, samples.frequency)
            except Exception as error:
                raise self._refused_by_openal(al, name, number, error) from error
            return UploadJob(name, al, number, address, samples)
        return self.upload(al, name, samples)

    def upload(self, al: Functions, name: str, samples: Samples) -> StoredBuffer:
        """Give `samples` to OpenAL now, though it may have to copy them. Raises as `begin` does."""
        data = samples.data
        number = 0
        try:
            number = al.generate_buffer()
            static = al.alBufferDataStatic is not None
            give = al.alBufferDataStatic if static else al.alBufferData
            give(number, _format_of(samples), data.ctypes.data, data.nbytes, samples.frequency)
            return self._keep(al, number, samples, data if static else None)
        except Exception as error:  # of whatever kind: the sounds behind it must not wait for ever
            raise self._refused_by_openal(al, name, number, error) from error

    def finish(self, al: Functions, transfer: UploadJob) -> StoredBuffer:
        """The buffer of what was copied. Raises as `begin` does."""
        try:
            al.alUnmapBufferSOFT(transfer.number)
            return self._keep(al, transfer.number, transfer.samples, None)
        except Exception as error:
            raise self._refused_by_openal(al, transfer.key, transfer.number, error) from error

    def abandon(self, al: Functions, transfer: UploadJob) -> None:
        """Let go of a buffer that nobody wants any more; not while somebody copies into it."""
        al.alUnmapBufferSOFT(transfer.number)
        al.delete_buffer(transfer.number)

    def _keep(self, al: Functions, number: int, samples: Samples, data: Any) -> StoredBuffer:
        if samples.loop_points is not None and al.has_extension("AL_SOFT_loop_points"):
            al.set_loop_points(number, *samples.loop_points)
        stored = StoredBuffer(number, al.buffer_integer(number, c.AL_SIZE), data)
        self._stored[number] = stored
        return stored

    def _refused_by_openal(self, al: Functions, name: str, number: int, error: Exception) -> ResourceError:
        """What it means that a buffer could not be filled; it is deleted."""
        if number:
            al.delete_buffer(number)
        if isinstance(error, OpenALError) and error.code == _OUT_OF_MEMORY:
            return BufferTooLarge(name, "upload", f"OpenAL has no memory for it: {error}")
        return UnsupportedFormat(name, "upload", f"OpenAL refuses it: {error}")

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


def _format_of(samples: Samples) -> int:
    return AL_FORMATS[samples.channel_config, samples.sample_type][0]
