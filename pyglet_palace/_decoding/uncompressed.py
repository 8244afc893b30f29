"""WAV and AIFF files of plain samples, which need no decoder.

One read brings a short file into memory, and its samples stay there (`parse`). The samples of a long file are read into
the array that the load provides (`PlainReader`). A file with anything unusual in its header is left to `sndfile`, which
repairs it or says what is wrong.

The module imports numpy. The first context imports it, the package does not.
"""

from __future__ import annotations

import io
import math
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._common import log
from ..formats import CONFIG_OF_CHANNELS
from .pcm import HIGHEST_RATE, LOWEST_RATE, Samples, replace_non_finite, valid_loop
from .riff import first_forward_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from .files import OpenFile
    from .pcm import Array

    #: Returns the bytes at a position, given their number; fewer at the end of the file.
    Read = Callable[[int, int], bytes | memoryview]

#: Chunks that are read, and those that do not change the samples. Files with others are left to libsndfile.
_WAVE_CHUNKS = frozenset(
    {
        *(b"fmt ", b"fact", b"data", b"smpl", b"PEAK", b"LIST", b"JUNK", b"PAD ", b"FLLR", b"inst"),
        *(b"bext", b"iXML", b"_PMX", b"id3 ", b"ID3 "),
    }
)
_AIFF_CHUNKS = frozenset((b"COMM", b"SSND", b"FVER", b"PEAK", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL"))
#: Larger `smpl` chunks are left to libsndfile. One with a loop has 60 bytes.
_LARGEST_SMPL = 64 * 1024

#: The usual header of a WAV file: `fmt ` without extensions, then the samples, up to the end of the file. All fields
#: but the magic and the two sizes are alike in files of one format.
_USUAL = struct.Struct("<4sI32sI")
_USUAL_FIELDS = struct.Struct("<4s4sIHHIIHH4s")
#: The end of a GUID that begins with a format tag (WAVEFORMATEXTENSIBLE).
_GUID_END = bytes.fromhex("000000001000800000aa00389b71")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE

#: Encodings by their names in `_Format`: libsndfile's name and the sample type. Others are left to libsndfile.
_ENCODINGS = {
    "u1": ("PCM_U8", "Unsigned 8-bit"),
    "i1": ("PCM_S8", "Signed 16-bit"),
    "i2": ("PCM_16", "Signed 16-bit"),
    "i3": ("PCM_24", "32-bit float"),
    "i4": ("PCM_32", "32-bit float"),
    "f4": ("FLOAT", "32-bit float"),
}


#: Encodings that OpenAL reads as they are, with their types: those in the byte order of this machine.
_KEPT = {text: kind for text in ("<u1", "<i2", ">i2", "<f4", ">f4") if (kind := np.dtype(text)).isnative}
#: Byte order and kind of a sample by the compression type of AIFC.
_AIFC_KINDS = {b"NONE": ">i", b"twos": ">i", b"sowt": "<i", b"fl32": ">f", b"FL32": ">f"}


class _Format(NamedTuple):
    """What the samples of a file are.

    Attributes:
        encoding: '<' or '>', 'u', 'i' or 'f' for unsigned, signed and float, and the bytes of a sample.
        channels: Number of channels.
        frequency: Sample rate in hertz.
        codec: libsndfile's name of the encoding.
        sample_type: One of `sample_types`.
        frame: Bytes of a frame in the file.
    """

    encoding: str
    channels: int
    frequency: int
    codec: str
    sample_type: str
    frame: int


class _Layout(NamedTuple):
    """Where the samples of a file are, and what they are.

    Attributes:
        format: Their format.
        start: Position of the first sample.
        frames: Number of frames.
        loop: Start and end of the loop in frames, the end exclusive; None without one.
    """

    format: _Format
    start: int
    frames: int
    loop: tuple[int, int] | None


class PcmFile(NamedTuple):
    """The samples of a short file.

    Attributes:
        samples: The samples, in the file's memory if it has them as OpenAL wants them.
        codec: libsndfile's name of the encoding.
        repaired: Number of samples that were NaN or infinite.
    """

    samples: Samples
    codec: str
    repaired: int


class PlainReader:
    """Reader of the samples of a long file, in order. See `SndfileReader` for the other attributes.

    Attributes:
        converts: Whether OpenAL does not take the samples as they are in the file.
    """

    def __init__(self, name: str, opened: OpenFile, layout: _Layout) -> None:
        """Start at the first sample.

        Args:
            name: Name of the sound in warnings.
            opened: The open file. The caller closes it.
            layout: Its layout, from `find_layout`.
        """
        self._encoding, channels, self.frequency, self.codec, self.sample_type, self._frame = layout.format
        self.channel_config = CONFIG_OF_CHANNELS[channels]
        self.length = self._left = layout.frames
        self.loop_points = layout.loop or (0, 0)
        self.repaired = 0
        self.converts = self._encoding not in _KEPT
        self._name = name
        self._opened = opened
        self._position = layout.start

    def read_into(self, out: Array) -> int:
        """See `SndfileReader.read_into`. Raises the exceptions of the file."""
        frames = min(len(out), self._left)
        out = out[:frames]
        memory = np.empty(frames * self._frame, np.uint8) if self.converts else out.reshape(-1).view(np.uint8)
        got = self._opened.read_at(self._position, memory.data) // self._frame
        if got < frames:
            frames, out = got, out[:got]
            text = "%r: its data is cut off after %d of %d frames"
            log.warning(text, self._name, self.length - self._left + got, self.length)
        self._position += frames * self._frame
        self._left = self._left - frames if frames else 0
        if self.converts and frames:
            out[:] = _convert(memory[: frames * self._frame], self._encoding).reshape(out.shape)
        if frames and self._encoding.endswith("f4"):
            self.repaired += _repair(out)
        return frames


def parse(memory: Array, float_supported: bool) -> PcmFile | None:
    """Return the samples of a file; None if libsndfile must read it.

    Args:
        memory: The bytes of the file, in memory that the samples may take over.
        float_supported: Whether OpenAL can play 32-bit floats.
    """
    data = memory.data
    layout = find_layout(lambda position, count: data[position : position + count], len(data), float_supported)
    if layout is None:
        return None
    (encoding, channels, frequency, codec, sample_type, _), _, frames, loop = layout
    samples = _samples_in(memory, layout)
    repaired = _repair(samples) if encoding.endswith("f4") else 0
    loop = None if loop is None else valid_loop(loop, frames)
    return PcmFile(Samples(samples, frequency, CONFIG_OF_CHANNELS[channels], sample_type, loop), codec, repaired)


def find_layout(read: Read, size: int, float_supported: bool) -> _Layout | None:
    """Return where the samples of a file are; None if libsndfile must read it.

    Args:
        read: Reads parts of the file. May raise anything.
        size: Size of the file in bytes.
        float_supported: Whether OpenAL can play 32-bit floats.
    """
    try:
        magic, whole, fields, count = _USUAL.unpack(read(0, _USUAL.size))
        start, last = _USUAL.size, (0, -1)
        if magic == b"RIFF" and whole == size - 8:
            form = _usual_format(fields) if count == size - start else None
            if form is None:
                form, start, count, last = _find_in_wave(read, size)
        elif magic == b"FORM":
            form, start, count = _find_in_aiff(read, size)
        else:
            return None
    except (struct.error, KeyError):
        return None
    if form is None or not count or count % form.frame or not (float_supported or form.sample_type != "32-bit float"):
        return None
    frames = count // form.frame
    loop = last[0], min(last[1] + 1, frames)
    return _Layout(form, start, frames, loop if loop[0] < loop[1] else None)


@lru_cache(64)
def _usual_format(fields: bytes) -> _Format | None:
    """Return the format of a WAV file with the usual header; None for others."""
    wave, name, length, tag, channels, frequency, rate, frame, bits, last = _USUAL_FIELDS.unpack(fields)
    if (
        (wave, name, length, tag, last) == (b"WAVE", b"fmt ", 16, _PCM, b"data")
        and frame * 8 == channels * bits
        and rate == frequency * frame
        and not bits % 8
    ):
        return _format(f"<{'u' if bits == 8 else 'i'}{bits // 8}", channels, frequency)
    return None


def _format(encoding: str, channels: int, frequency: int) -> _Format:
    """Return a format. Raises `KeyError` for one that is left to libsndfile."""
    codec, sample_type = _ENCODINGS[encoding[1:]]
    if channels not in CONFIG_OF_CHANNELS or not LOWEST_RATE <= frequency <= HIGHEST_RATE:
        raise KeyError(encoding)
    return _Format(encoding, channels, frequency, codec, sample_type, channels * int(encoding[2]))


def _find_in_wave(read: Read, end: int) -> tuple[_Format, int, int, tuple[int, int]]:
    """Return format, position, bytes, and first and last frame of the loop ((0, -1) without one).

    Raises:
        KeyError: The file is left to libsndfile.
        struct.error: The file is cut off.
    """
    if read(8, 4) != b"WAVE":
        raise KeyError("WAVE")
    found = _chunks(read, end, "<4sI", _WAVE_CHUNKS)
    position, size = found[b"fmt "]
    start, length = found[b"data"]
    tag, channels, frequency, rate, frame, bits = struct.unpack("<HHIIHH", read(position, 16))
    if tag == _EXTENSIBLE and size == 40:
        _, valid, _, tag, guid = struct.unpack("<HHIH14s", read(position + 16, 24))
        if valid != bits or guid != _GUID_END:
            raise KeyError(guid)
    elif size not in (16, 18):
        raise KeyError(size)
    if tag not in (_PCM, _FLOAT) or frame * 8 != channels * bits or rate != frequency * frame or bits % 8:
        raise KeyError(tag)
    if start < position:
        raise KeyError(b"data")
    _check_peak(found, position, channels)
    if b"fact" in found:
        position, size = found[b"fact"]
        if size != 4 or struct.unpack("<I", read(position, 4))[0] * frame != length:
            raise KeyError(b"fact")
    loop = None
    if b"smpl" in found:
        position, size = found[b"smpl"]
        if size > _LARGEST_SMPL:
            raise KeyError(b"smpl")
        loop = first_forward_loop(io.BytesIO(read(position, size)), "<", size)
    kind = "f" if tag == _FLOAT else "u" if bits == 8 else "i"
    return _format(f"<{kind}{bits // 8}", channels, frequency), start, length, loop or (0, -1)


def _find_in_aiff(read: Read, end: int) -> tuple[_Format, int, int]:
    """Return format, position and bytes. Raises the same errors as `_find_in_wave`."""
    size, form = struct.unpack(">I4s", read(4, 8))
    if size != end - 8 or form not in (b"AIFF", b"AIFC"):
        raise KeyError(form)
    found = _chunks(read, end, ">4sI", _AIFF_CHUNKS)
    position, size = found[b"COMM"]
    start, length = found[b"SSND"]
    channels, frames, bits, exponent, mantissa = struct.unpack(">HIHHQ", read(position, 18))
    kind = ">i"
    if form == b"AIFC":
        kind = _AIFC_KINDS[bytes(read(position + 18, 4))]
    elif size != 18:
        raise KeyError(size)
    _check_peak(found, position, channels)
    offset, block = struct.unpack(">II", read(start, 8))
    shift = 16383 + 63 - exponent  # the rate is an 80-bit float
    if not 0 <= shift < 64 or (mantissa >> shift) << shift != mantissa:
        raise KeyError(exponent)
    if offset or block or start < position or bits % 8 or length - 8 != frames * channels * bits // 8:
        raise KeyError(b"SSND")
    return _format(f"{kind}{bits // 8}", channels, mantissa >> shift), start + 8, length - 8


def _chunks(read: Read, end: int, header: str, known: frozenset[bytes]) -> dict[bytes, tuple[int, int]]:
    """Return position and size of the contents of each chunk of a file of `end` bytes.

    Raises:
        KeyError: A chunk is unknown, comes twice, or does not fit the file.
    """
    found: dict[bytes, tuple[int, int]] = {}
    position = 12
    while position < end:
        name, size = struct.unpack(header, read(position, 8))
        if name in found or name not in known:
            raise KeyError(name)
        found[name] = position + 8, size
        position += 8 + size + size % 2
    if position != end:
        raise KeyError("the last chunk is cut off")
    return found


def _check_peak(found: dict[bytes, tuple[int, int]], after: int, channels: int) -> None:
    """Raise `KeyError` for a `PEAK` chunk that libsndfile refuses. Programs write it for floats."""
    start, size = found.get(b"PEAK", (after, 8 + 8 * channels))
    if start < after or size != 8 + 8 * channels:
        raise KeyError(b"PEAK")


def _samples_in(memory: Array, layout: _Layout) -> Array:
    """Return the samples of a file, of shape (frames, channels): in its memory if OpenAL can read them there."""
    (encoding, channels, *_, frame), start, frames, _ = layout
    kept = _KEPT.get(encoding)
    if kept is not None and not start % kept.itemsize:
        samples: Array = np.ndarray((frames, channels), kept, memory, start)
    else:
        samples = _convert(memory[start : start + frames * frame], encoding).reshape(-1, channels)
    if samples.base is not None and frames * frame * 8 < memory.nbytes * 7:
        samples = samples.copy()  # little of the memory is needed
    return samples


def _repair(samples: Array) -> int:
    """Replace samples that are NaN or infinite, in place. Return their number."""
    # Two passes over data in the CPU cache find them. A NaN appears in both results.
    if math.isfinite(samples.min()) and math.isfinite(samples.max()):
        return 0
    return replace_non_finite(samples)


def _convert(samples: Array, encoding: str) -> Array:
    """Return samples, given as bytes, in the sample type of their encoding: a view if that is possible."""
    kind = encoding[1:]
    if kind == "i3":
        return _floats_of(_widen(samples, encoding[0]))
    values: Array = samples.view(encoding)
    if kind == "i4":
        return _floats_of(values)
    if kind == "i1":
        return values.astype(np.int16) << 8
    if values.dtype.isnative and values.flags.aligned:
        return values
    return values.astype(values.dtype.newbyteorder("="))


def _widen(samples: Array, endian: str) -> Array:
    """Return 24-bit integers, given as bytes, as the upper bits of 32-bit integers."""
    wide = np.empty(len(samples) // 3, np.int32)
    # Four bytes from the start of each sample. One is of the next sample, and the last sample has no next one.
    overlapping: Array = np.ndarray(len(wide) - 1, f"{endian}i4", samples, 0, 3)
    if endian == "<":
        np.left_shift(overlapping, 8, out=wide[:-1])
    else:
        np.bitwise_and(overlapping, ~0xFF, out=wide[:-1])
    wide[-1] = int.from_bytes(samples[-3:], "little" if endian == "<" else "big", signed=True) << 8
    return wide


def _floats_of(values: Array) -> Array:
    """Return 32-bit integers as floats of full scale 1.0."""
    floats: Array = values.astype(np.float32)
    floats *= np.float32(2.0**-31)
    return floats
