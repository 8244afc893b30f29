"""The built-in decoder: libsndfile through soundfile, read from start to end.

The module imports numpy and soundfile. The first context imports it, the package does not.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import soundfile

from .._common.private_api import OpensWithoutGlobalLock
from ..errors import BufferTooLarge, DecodeError, ResourceError, ResourceUnreadable, UnsupportedFormat, describe_error
from ..formats import CHANNELS, CONFIG_OF_CHANNELS, DTYPES, VORBIS_ORDER
from .loop_points import Marks, read_loop_points
from .pcm import check_rate, replace_non_finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from .files import OpenFile
    from .pcm import Array

#: Numbers of frames from here on mean an unknown length. libsndfile reports 2**63 - 1 then.
_UNKNOWN_LENGTH = 1 << 62

#: PCM of up to 16 bits, and codecs that decode to it. Read as 16-bit integers, without loss.
_SIXTEEN_BIT = frozenset(
    {
        *("PCM_S8", "PCM_U8", "PCM_16", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "VOX_ADPCM"),
        *("G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"),
        *("DPCM_8", "DPCM_16", "DWVW_12", "DWVW_16", "ALAC_16"),
    }
)
#: Lossy codecs that decode to floats, with peaks that may exceed full scale.
_LOSSY = frozenset({"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})
_VORBIS_ORDERED = frozenset({"VORBIS", "OPUS"})
#: libsndfile seeks in these by a table of contents with a hundred entries, and is off by up to 35 ms.
_SOUGHT_FROM_START = frozenset({"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})
#: Frames decoded and discarded before the target of a seek in Vorbis: its longest block (Vorbis I specification,
#: section 4.2.2). After a seek near the end, libsndfile's first frames are wrong.
_VORBIS_PREROLL = 8192

#: Frames that `SndfileReader.read_bytes` and skipping decode at a time.
_PIECE = 1 << 18

# Codes of sf_error (sndfile.h).
_SYSTEM_ERROR, _UNSUPPORTED_ENCODING = 2, 4
#: Code for a file that starts like MP3 and has no MPEG frames. Its text is "File does not exist or is not a regular
#: file".
_NO_AUDIO = 7


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A SoundFile that does not seek after each read. The seek resets MP3 and Opus decoders and halves FLAC's speed."""

    def seekable(self) -> bool:
        return False


class _Virtual(OpensWithoutGlobalLock, _Sequential):
    """A sound that libsndfile reads through Python."""


class _GuardedFile:
    """A file that keeps its first error in `failure`. After that, reads return no data.

    libsndfile reads through C callbacks, which cannot raise exceptions.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: BaseException | None = None

    def read(self, size: int) -> bytes:
        data = self._try(self._file.read, size)
        return data[:size] if isinstance(data, bytes) else b""  # soundfile would write longer data past its memory

    def seek(self, offset: int, whence: int = 0) -> None:
        self._try(self._file.seek, offset, whence)

    def tell(self) -> int:
        position = self._try(self._file.tell)
        return position if isinstance(position, int) else -1

    def _try(self, call: Callable[..., Any], *arguments: int) -> Any:
        if self.failure is None:
            try:
                return call(*arguments)
            except BaseException as error:  # SndfileReader raises it again, outside of C
                self.failure = error
        return None


class SndfileReader:
    """Reader of an open sound, in OpenAL's sample types and channel order.

    Attributes:
        name: Name of the sound in errors.
        frequency: Sample rate in hertz.
        channel_config: One of `channel_configs`.
        sample_type: One of `sample_types`: 'Unsigned 8-bit' for 8-bit WAV; 'Signed 16-bit' for other PCM of up to 16
            bits and lossy codecs; '32-bit float' for formats with a higher resolution, if OpenAL supports it.
        length: Frames according to the header, which is a hint; 0 if unknown.
        loop_points: Start and end in frames, the end exclusive; (0, 0) for none.
        repaired: Number of samples so far that were NaN or infinite.
    """

    def __init__(self, name: str, opened: OpenFile, float_supported: bool) -> None:
        """Read the header.

        Args:
            name: Name of the sound in errors.
            opened: The open file. The reader uses it until `close`.
            float_supported: Whether OpenAL can play 32-bit floats.

        Raises:
            ResourceUnreadable: The file cannot be read.
            DecodeError: The file is not audio, or damaged.
            UnsupportedFormat: The codec, the sample rate or the number of channels is not supported.
        """
        self.name = name
        self._opened = opened
        self._guard = _GuardedFile(opened.file)
        self._guard.seek(0)
        empty = not self._guard.read(1)
        self._check_file()
        if empty:
            raise DecodeError(name, "decode", "the file is empty")
        marks = self._read_marks()  # before libsndfile opens the file: both may share its position
        try:
            self._sound = sound = self._open()
        except Exception as error:
            raise self._error(error) from self._guard.failure or error
        self._check_file()

        self.frequency: int = sound.samplerate
        check_rate(name, self.frequency)
        if sound.channels not in CONFIG_OF_CHANNELS:
            known = ", ".join(map(str, CONFIG_OF_CHANNELS))
            problem = f"OpenAL has no layout for {sound.channels} channels; it has layouts for {known}"
            raise UnsupportedFormat(name, "decode", problem)
        self.channel_config = CONFIG_OF_CHANNELS[sound.channels]
        self.length: int = sound.frames if 0 < sound.frames < _UNKNOWN_LENGTH else 0
        self._subtype = subtype = sound.subtype
        self._eight_bit = subtype == "PCM_U8" and sound.format in ("WAV", "WAVEX", "RF64")
        self._floats = subtype not in _SIXTEEN_BIT
        if self._eight_bit:
            self.sample_type = "Unsigned 8-bit"
        elif not self._floats or subtype in _LOSSY or not float_supported:
            self.sample_type = "Signed 16-bit"
        else:
            self.sample_type = "32-bit float"
        self._order = VORBIS_ORDER.get(sound.channels) if subtype in _VORBIS_ORDERED else None
        #: Whether libsndfile can write directly into the array passed to `read_into`.
        self._direct = self._floats == (self.sample_type == "32-bit float") and not self._eight_bit
        #: The array that it writes into otherwise.
        self._scratch: Array | None = None
        #: The frame at which the next read starts.
        self._position = 0
        #: Whether libsndfile reported an error. Its state is undefined afterwards, until the sound is opened again.
        self._lost = False
        self.repaired = 0
        self.loop_points = (0, 0)
        if marks is not None:
            start, end = marks.in_frames(self.frequency)
            self.loop_points = start, self.length if end is None else end

    def read_into(self, out: Array) -> int:
        """Fill `out` with the next frames, in place.

        Blocks while decoding. If libsndfile can open the file itself, most of that time the GIL is released.

        Args:
            out: Array of shape (frames, channels) and the dtype of the sample type.

        Returns:
            The number of frames read. Fewer than `out` has mean the end of the sound.

        Raises:
            ResourceUnreadable, DecodeError
        """
        block = out if self._direct else self._scratch_of(len(out))
        frames = self._decode(block)
        block = block[:frames]
        if self._floats and frames:
            # Two passes over data in the CPU cache detect samples to repair. A NaN appears in both results.
            lowest, highest = float(block.min()), float(block.max())
            if not (math.isfinite(lowest) and math.isfinite(highest)):
                self.repaired += replace_non_finite(block)
            if not self._direct:
                to_16_bit(block, clip=not -1.0 <= lowest <= highest <= 1.0)
        if self._order is not None:
            block = block[:, self._order]
        if self._eight_bit:
            out[:frames] = (block >> 8) + 128
        elif not self._direct or self._order is not None:
            out[:frames] = block
        return frames

    def read_bytes(self, count: int) -> bytes:
        """Return the bytes of the next `count` frames; fewer mean the end. Raises and blocks like `read_into`."""
        channels = CHANNELS[self.channel_config]
        pieces = []
        while count:
            block = np.empty((min(count, _PIECE), channels), DTYPES[self.sample_type])
            got = self.read_into(block)
            pieces.append(block[:got].tobytes())
            count = count - got if got == len(block) else 0
        return b"".join(pieces)

    def seek(self, frame: int) -> bool:
        """Seek to `frame` exactly. Some codecs decode frames before it, which blocks.

        Returns:
            False if the sound cannot seek there.

        Raises:
            ResourceUnreadable, DecodeError
        """
        subtype = self._subtype
        if self.length and frame > self.length:
            return False
        if subtype in _SOUGHT_FROM_START:
            return (frame >= self._position or self._go_to(0)) and self._skip(frame - self._position)
        if subtype != "VORBIS":
            return self._go_to(frame)
        # Unless it seeks from the start, libsndfile arrives hundreds of frames away from the position it reports.
        preroll = min(frame, _VORBIS_PREROLL)
        return self._go_to(0) and self._go_to(frame - preroll) and self._skip(preroll)

    def close(self) -> None:
        """Close the sound and its file."""
        self._sound.close()
        self._opened.close()

    def _open(self) -> _Sequential:
        native = self._opened.native
        if native is None:
            self._guard.seek(0)
            return _Virtual(self._guard)
        if isinstance(native, int):
            os.lseek(native, 0, os.SEEK_SET)
            return _Sequential(native, closefd=False)
        return _Sequential(native)

    def _scratch_of(self, frames: int) -> Array:
        """Return an array for `frames` frames in libsndfile's sample type."""
        if self._scratch is None or len(self._scratch) < frames:
            self._scratch = np.empty((frames, self._sound.channels), "float32" if self._floats else "int16")
        return self._scratch[:frames]

    def _decode(self, block: Array) -> int:
        """Fill `block` with the next frames in libsndfile's sample type. Return the number of frames."""
        declared = max(0, self.length - self._position)
        if not declared:
            return self._decode_past_length(block)
        frames = self._read(block[:declared])
        return frames + self._decode_past_length(block[declared:]) if frames == declared else frames

    def _decode_past_length(self, block: Array) -> int:
        """Like `_decode`, for data past the length in the header. Data that cannot be decoded is the end."""
        try:
            return self._read(block)
        except DecodeError:
            if not self.length:
                raise
            self._lost = True
            return 0

    def _read(self, block: Array) -> int:
        if not len(block):
            return 0
        try:
            frames: int = self._sound.buffer_read_into(block, "float32" if self._floats else "int16")
        except Exception as error:
            raise self._error(error) from self._guard.failure or error
        self._check_file()
        self._position += frames
        return frames

    def _go_to(self, frame: int) -> bool:
        """Seek with libsndfile. If it cannot seek to the start, open the sound again."""
        # A seek to the start of Opus, or to the current position, may change or end the decoded data.
        must_reopen = self._lost or (frame == 0 < self._position and self._subtype == "OPUS")
        if must_reopen and not self._reopen():
            return False
        if frame == self._position == 0:
            return True
        try:
            found: int = soundfile.SoundFile.seek(self._sound, frame)
        except Exception:  # libsndfile refuses; the guard has kept an error of the file
            found = -1
        self._check_file()
        if found != frame == 0:
            return self._reopen()
        if found == frame:
            self._position = frame
        return found == frame

    def _reopen(self) -> bool:
        """Open the sound again, at its start. Return whether that succeeded."""
        self._sound.close()  # before the second open: both would share the file's position
        try:
            self._sound = self._open()
        except Exception:
            self._check_file()
            return False
        self._position, self._lost = 0, False
        return True

    def _skip(self, frames: int) -> bool:
        """Decode and discard `frames` frames. Return False if the sound ends before."""
        block = self._scratch_of(min(frames, _PIECE))
        while frames:
            got = self._decode(block[:frames])
            if not got:
                return False
            frames -= got
        return True

    def _check_file(self) -> None:
        if self._guard.failure is not None:
            raise self._error(self._guard.failure) from self._guard.failure

    def _read_marks(self) -> Marks | None:
        try:
            return read_loop_points(self._opened.file)
        except Exception as error:
            raise unreadable(self.name, error) from error

    def _error(self, error: BaseException) -> ResourceError:
        """Return the `ResourceError` for a failure of libsndfile or of the file that it reads."""
        name = self.name
        failure = self._guard.failure
        if failure is not None and not isinstance(failure, Exception):
            raise failure  # such as KeyboardInterrupt
        if failure is not None:
            return unreadable(name, failure)
        if isinstance(error, OSError):
            return unreadable(name, error)
        if isinstance(error, MemoryError):
            return BufferTooLarge(name, "decode", "not enough memory to decode it")
        if isinstance(error, soundfile.LibsndfileError):
            text = error.error_string.removeprefix("Error : ")
            if error.code == _SYSTEM_ERROR:
                return ResourceUnreadable(name, "open", f"it cannot be read: {text}")
            if error.code == _NO_AUDIO:
                text = "it contains no audio that can be decoded"
            if error.code == _UNSUPPORTED_ENCODING or "nimplemented" in text:
                return UnsupportedFormat(name, "decode", f"libsndfile cannot decode it: {text}")
            known = "supported: WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3 and more"
            return DecodeError(name, "decode", f"it is not audio, or damaged: {text} ({known})")
        return DecodeError(name, "decode", f"it is not audio, or damaged: {describe_error(error)}")


def unreadable(name: str, error: BaseException) -> ResourceUnreadable:
    """Return the error for an exception that a file raised while it was read."""
    return ResourceUnreadable(name, "open", f"reading it failed: {describe_error(error)}")


def to_16_bit(block: Array, *, clip: bool) -> None:
    """Scale floats of full scale 1.0 to the range of 16-bit integers and round them, in place.

    Args:
        block: The floats.
        clip: Whether to clip first. Samples above full scale would wrap.
    """
    if clip:
        np.clip(block, np.float32(-32768.0 / 32767.0), np.float32(1.0), out=block)
    np.multiply(block, np.float32(32767.0), out=block)
    np.rint(block, out=block)
