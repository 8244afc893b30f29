"""OpenAL buffers of a device: creation, upload of samples, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._openal import constants as c
from .._openal.buffers import StoredBuffer
from ..errors import BufferTooLarge, OpenALError, ResourceError, UnsupportedFormat
from ..formats import AL_FORMATS
from .jobs import Job

if TYPE_CHECKING:
    from .._decoding.pcm import Samples
    from .._openal import Functions

#: Largest copy on the main thread, in bytes, if OpenAL cannot read our array. It takes about 20 us.
_COPIED_AT_ONCE = 128 * 1024


class UploadJob(Job):
    """Copies samples into a mapped OpenAL buffer. Running it calls no OpenAL function.

    Attributes:
        number: The OpenAL name of the buffer. The buffer can be used after `BufferStore.finish`.
        samples: The samples to copy.
    """

    def __init__(self, key: str, al: Functions, number: int, address: int, samples: Samples) -> None:
        super().__init__(key)
        self._al = al
        self._address = address
        self.number = number
        self.samples = samples
        self.memory = samples.data.nbytes

    def run(self) -> None:
        """Copy the samples. Takes only the time of the copy, even if other threads are stalled."""
        self._al.copy_to(self._address, self.samples.data)

    def discard_result(self) -> None:
        """Do nothing. The samples are released with the job, after the mapped buffer is deleted."""


class BufferStore:
    """Creates and deletes the buffers of a device. Call all methods except `close` inside a context scope.

    Samples reach OpenAL in one of three ways:

    - AL_EXT_STATIC_BUFFER: OpenAL reads our array. This takes 4 us.
    - AL_SOFTX_map_buffer: a worker copies large samples into OpenAL's memory (`UploadJob`).
    - Otherwise OpenAL copies the samples, and the main thread waits.

    OpenAL's mixer reads the array of a static buffer until the buffer is deleted. The store therefore keeps the array
    until ``alDeleteBuffers`` has succeeded or the device is closed. OpenAL refuses to delete a buffer while it is
    attached to a source.

    Attributes:
        refused: Buffers whose deletion OpenAL refused. `retry` deletes them later.
    """

    def __init__(self) -> None:
        self._stored: dict[int, StoredBuffer] = {}
        self.refused: list[StoredBuffer] = []

    @property
    def count(self) -> int:
        """Number of buffers in OpenAL."""
        return len(self._stored)

    def start_upload(self, al: Functions, name: str, samples: Samples) -> StoredBuffer | UploadJob:
        """Start to upload `samples` to OpenAL.

        Args:
            al: The OpenAL functions.
            name: The sound, for errors.
            samples: The samples to upload.

        Returns:
            The buffer if the upload is complete; else a job. Run the job, then call `finish` to get the buffer.

        Raises:
            BufferTooLarge: OpenAL has no free memory.
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
        """Upload `samples` to OpenAL and return the buffer. May block while OpenAL copies them.

        Raises:
            BufferTooLarge, UnsupportedFormat: As for `start_upload`.
        """
        data = samples.data
        number = 0
        try:
            number = al.generate_buffer()
            static = al.alBufferDataStatic is not None
            give = al.alBufferDataStatic if static else al.alBufferData
            al_format = _format_of(samples)
            give(number, al_format, data.ctypes.data, data.nbytes, samples.frequency)
            return self._keep(al, number, samples, al_format, static=static)
        except Exception as error:  # any kind, so that the sounds queued behind this one are still published
            raise self._refused_by_openal(al, name, number, error) from error

    def finish(self, al: Functions, job: UploadJob) -> StoredBuffer:
        """Unmap and return the buffer of a job that is done.

        Raises:
            BufferTooLarge, UnsupportedFormat: As for `start_upload`.
        """
        try:
            al.alUnmapBufferSOFT(job.number)
            return self._keep(al, job.number, job.samples, _format_of(job.samples), static=False)
        except Exception as error:
            raise self._refused_by_openal(al, job.key, job.number, error) from error

    def abandon(self, al: Functions, job: UploadJob) -> None:
        """Unmap and delete the buffer of a job whose load was dropped. The job must not be running."""
        al.alUnmapBufferSOFT(job.number)
        al.delete_buffer(job.number)

    def _keep(self, al: Functions, number: int, samples: Samples, al_format: int, *, static: bool) -> StoredBuffer:
        # `Source.loops` plays parts of sounds with loop points, and cannot get the samples back from OpenAL.
        data = samples.data if static or samples.loop_points is not None else None
        if samples.loop_points is not None and al.has_extension("AL_SOFT_loop_points"):
            al.set_loop_points(number, *samples.loop_points)
        # OpenAL reads a static buffer as it is, and may convert others.
        size = samples.data.nbytes if static else al.buffer_integer(number, c.AL_SIZE)
        self._stored[number] = stored = StoredBuffer(number, size, data, al_format, samples.frequency)
        return stored

    def _refused_by_openal(self, al: Functions, name: str, number: int, error: Exception) -> ResourceError:
        """Delete a buffer that could not be filled (0: none was created), and return the error of the load."""
        if number:
            al.delete_buffer(number)
        if isinstance(error, OpenALError) and error.code == c.AL_OUT_OF_MEMORY:
            return BufferTooLarge(name, "upload", f"OpenAL has no memory for the samples: {error}")
        return UnsupportedFormat(name, "upload", f"OpenAL refuses the samples: {error}")

    def delete(self, al: Functions, stored: StoredBuffer) -> None:
        """Delete a buffer. If OpenAL refuses, keep the buffer and its memory for `retry`."""
        try:
            stored.delete_sections(al)
            al.delete_buffer(stored.number)
        except OpenALError:
            self.refused.append(stored)
        else:
            del self._stored[stored.number]
            stored.data = None

    def retry(self, al: Functions) -> None:
        """Try again to delete the buffers whose deletion OpenAL refused."""
        refused, self.refused = self.refused, []
        for stored in refused:
            self.delete(al, stored)

    def close(self) -> None:
        """Release the memory of all buffers. Call it after the device was closed, when OpenAL reads no memory."""
        for stored in self._stored.values():
            stored.data = None
        self._stored.clear()
        self.refused.clear()


def _format_of(samples: Samples) -> int:
    return AL_FORMATS[samples.channel_config, samples.sample_type][0]
