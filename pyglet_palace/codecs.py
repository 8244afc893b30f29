"""Decoder for pyglet.media: what `Decoder` reads, pyglet and arcade then play and stream too, without FFmpeg.

>>> import pyglet.media
>>> import pyglet_palace.codecs
>>> pyglet.media.codecs.add_decoders(pyglet_palace.codecs)
>>> pyglet.media.load("theme.ogg").play()

It needs no context and no OpenAL. ``import pyglet_palace`` does not import this module, which imports pyglet.media.

pyglet asks its decoders in the order of their registration, those with the suffix of the file first. Its own decoder
therefore still reads WAV files of 8 and 16 bits. To choose this one: ``load(name, decoder=get_decoders()[0])``.
"""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
from pyglet.media.codecs import AudioData, AudioFormat, MediaDecoder, StaticSource, StreamingSource
from pyglet.media.codecs.base import SourceInfo
from pyglet.util import DecodeException

from ._common import log
from ._decoding.files import copy_for_libsndfile, open_measured, open_path
from ._decoding.load import as_resource_error
from ._decoding.sndfile import SndfileReader
from .errors import DecodeError, ResourceError
from .formats import CHANNELS, DTYPES, SAMPLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

    from pyglet.media.codecs import MediaEncoder, Source

    from ._decoding.files import OpenFile
    from ._decoding.pcm import Array

#: Suffixes of the formats. For other suffixes, pyglet asks all decoders in turn.
_SUFFIXES = (
    ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".gsm", ".mp2", ".mp3", ".oga", ".ogg", ".opus", ".rf64",
    ".riff", ".snd", ".voc", ".vox", ".w64", ".wav", ".wave",
)  # fmt: skip

_HALF = 0.5**0.5
#: Gains of the channels in the left and the right channel of a downmix (ITU-R BS.775-3, table 2, without LFE).
_DOWNMIX: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "Quadrophonic": ((1, 0, _HALF, 0), (0, 1, 0, _HALF)),
    "5.1 Surround": ((1, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF)),
    "6.1 Surround": ((1, 0, _HALF, 0, 0.5, _HALF, 0), (0, 1, _HALF, 0, 0.5, 0, _HALF)),
    "7.1 Surround": ((1, 0, _HALF, 0, _HALF, 0, _HALF, 0), (0, 1, _HALF, 0, 0, _HALF, 0, _HALF)),
}


class PalaceDecoder(MediaDecoder):
    """Decoder for pyglet.media, based on libsndfile."""

    def get_file_extensions(self) -> Sequence[str]:
        """Return the suffixes of the files that it reads."""
        return _SUFFIXES

    def decode(
        self,
        filename: str,
        file: BinaryIO | None,
        streaming: bool = True,
        audio_sample_format: str | None = None,
        audio_driver_sample_formats: Sequence[str] | None = None,
        audio_sample_rate: int | None = None,
        audio_channels: int | None = None,
        audio_resample_hq: bool = False,
    ) -> Source:
        """Open a sound file. pyglet calls this. Blocks; ``streaming=False`` decodes the full sound.

        The source has the sample rate of the file. More than two channels are mixed down to stereo, without clipping.
        24-bit and float files become 'F32' if the audio driver plays that. 8-bit WAV files become 'U8', others 'S16'.

        Args:
            filename: Path of the file, or its name in errors if `file` is given.
            file: A binary file, read from its position. It can be closed after the call. None: open `filename`.
            streaming: Whether to decode while the source plays.
            audio_sample_format: Used in place of the driver's formats: 'S16' prevents 'F32'.
            audio_driver_sample_formats: Sample formats that the driver plays. None: 'U8' and 'S16'.
            audio_sample_rate, audio_channels, audio_resample_hq: Ignored, as by all decoders of pyglet except FFmpeg's.

        Raises:
            DecodeException: The file cannot be read, is not audio, is not supported, or has no samples.
            OSError: The file cannot be opened.
        """
        formats = [audio_sample_format] if audio_sample_format else audio_driver_sample_formats or ()
        name = os.fspath(filename)
        opened = _open(name, file)
        try:
            sound = (PalaceSource if streaming else _Sound)(SndfileReader(name, opened, "F32" in formats))
            source = sound if streaming else _decoded(sound)
            if not source.duration:
                raise DecodeError(name, "decode", "it contains no samples")
            return source
        except ResourceError as error:
            raise DecodeException(str(error)) from error


def get_decoders() -> Sequence[MediaDecoder]:
    """Return the decoder. ``pyglet.media.codecs.add_decoders`` calls this."""
    return [PalaceDecoder()]


def get_encoders() -> Sequence[MediaEncoder]:
    """Return no encoder. ``pyglet.media.codecs.add_encoders`` calls this."""
    return []


class _Sound(StreamingSource):
    """A sound that is decoded while it is read. Its methods block, raise `ResourceError`, and run on any thread."""

    audio_format: AudioFormat  # type: ignore[assignment]  # pyglet declares None
    info: SourceInfo  # type: ignore[assignment]

    def __init__(self, reader: SndfileReader) -> None:
        self._name = reader.name
        self._length = reader.measure()
        #: None after `delete`.
        self._reader: SndfileReader | None = reader
        #: Held while the reader is used or closed. pyglet reads on its own thread and seeks on the game's.
        self._lock = threading.Lock()
        self._frequency = reader.frequency
        channels = min(CHANNELS[reader.channel_config], 2)
        kind = ["float"] if reader.sample_type == "32-bit float" else []  # pyglet 2.1.14 has no such argument
        self.audio_format = AudioFormat(channels, SAMPLE_BYTES[reader.sample_type] * 8, reader.frequency, *kind)
        self.info = _info(reader.tags())

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self._length / self._frequency

    def is_precise(self) -> bool:
        """Return True: `get_audio_data` returns the requested size until the sound ends."""
        return True

    def get_audio_data(self, num_bytes: float, compensation_time: float = 0.0) -> AudioData | None:
        """Return the next frames: as many as fit into `num_bytes`, and at least one. None at the end."""
        count = max(1, int(num_bytes) // self.audio_format.bytes_per_frame)
        with self._lock:
            data = b"" if self._reader is None else _read(self._reader, count)
        return AudioData(data, len(data)) if data else None

    def seek(self, timestamp: float) -> None:
        """Continue at the frame nearest to `timestamp`, in seconds, within the duration."""
        frame = min(max(round(timestamp * self._frequency), 0), self._length)
        with self._lock:
            if self._reader is not None:
                self._reader.seek(frame)

    def delete(self) -> None:
        """Close the file. After that the sound is at its end. A second call does nothing."""
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class PalaceSource(_Sound):
    """Source that streams. It ends where the file cannot be read further, and logs a warning once.

    An exception would end the thread of pyglet that reads the sources of all players.
    """

    _warned = False

    def get_audio_data(self, num_bytes: float, compensation_time: float = 0.0) -> AudioData | None:
        """See `_Sound.get_audio_data`."""
        try:
            return super().get_audio_data(num_bytes)
        except Exception as error:
            self._warn(error)
            return None

    def seek(self, timestamp: float) -> None:
        """See `_Sound.seek`."""
        try:
            super().seek(timestamp)
        except Exception as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            log.warning("%s; the stream ends here", as_resource_error(self._name, error))


def _open(name: str, file: BinaryIO | None) -> OpenFile:
    """Open the file `name`, or `file` again: its owner can close it, and other threads can use it. Raises `OSError`."""
    path = name if file is None else _path_of(file)
    if path is not None:
        return open_path(path, os.stat(path).st_size)
    assert file is not None
    return copy_for_libsndfile(file, sys.maxsize) or open_measured(io.BytesIO(file.read()))


def _path_of(file: BinaryIO) -> str | None:
    """Return the path under which a file, positioned at its start, can be opened again. None if there is none."""
    if not isinstance(file, io.BufferedReader) or not isinstance(file.raw, io.FileIO) or file.tell():
        return None
    try:
        path = os.fspath(file.name)
        same = os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except (OSError, TypeError):  # it was moved or removed, or its name is a descriptor
        return None
    return path if same and isinstance(path, str) else None


def _decoded(sound: _Sound) -> StaticSource:
    """Decode all of `sound`, and close it."""
    try:
        source = StaticSource(sound)
    finally:
        sound.delete()
    source.info = sound.info  # type: ignore[assignment]  # pyglet declares None
    return source


def _read(reader: SndfileReader, count: int) -> bytes:
    """Return the next `count` frames, mono or stereo. Fewer mean the end."""
    data = reader.read_bytes(count)
    gains = _DOWNMIX.get(reader.channel_config)
    if gains is None:
        return data
    dtype = np.dtype(DTYPES[reader.sample_type])
    # Gains with a sum of 1 cannot clip, and keep the 128 that is silence in 8 bits.
    scaled = np.array([np.divide(row, sum(row)) for row in gains], np.float32)
    mixed = np.frombuffer(data, dtype).reshape(-1, len(gains[0])) @ scaled.T
    samples: Array = (mixed if dtype.kind == "f" else np.rint(mixed)).astype(dtype)
    return samples.tobytes()


def _info(tags: Mapping[str, str]) -> SourceInfo:
    """Return the tags of a file in pyglet's form."""
    info = SourceInfo()
    info.title = tags.get("title", "")
    info.author = tags.get("artist", "")
    info.copyright = tags.get("copyright", "")
    info.comment = tags.get("comment", "")
    info.album = tags.get("album", "")
    info.year = _leading_number(tags.get("date", ""))
    info.track = _leading_number(tags.get("tracknumber", ""))
    info.genre = tags.get("genre", "")
    return info


def _leading_number(text: str) -> int:
    """Return the number that `text` begins with, such as the year of a date; 0 for none."""
    digits = re.match(r"\s*([0-9]{1,9})", text)
    return int(digits[1]) if digits else 0
