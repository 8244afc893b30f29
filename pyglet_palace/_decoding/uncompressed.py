"""Short WAV and AIFF files of plain samples, which need no decoder.

One read brings the file into memory, and its samples stay there. A file with anything unusual in its header is left to
`sndfile`, which repairs it or says what is wrong.

The module imports numpy. The first context imports it, the package does not.
"""

from __future__ import annotations

import io
import math
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..formats import CONFIG_OF_CHANNELS
from .pcm import HIGHEST_RATE, LOWEST_RATE, replace_non_finite
from .riff import first_forward_loop

if TYPE_CHECKING:
    from .pcm import Array

#: Chunks that are read, and those that do not change the samples. Files with others are left to libsndfile.
_WAVE_CHUNKS = frozenset(
    {
        *(b"fmt ", b"fact", b"data", b"smpl", b"PEAK", b"LIST", b"JUNK", b"PAD ", b"FLLR", b"inst"),
        *(b"bext", b"iXML", b"_PMX", b"id3 ", b"ID3 "),
    }
)
_AIFF_CHUNKS = frozenset((b"COMM", b"SSND", b"FVER", b"PEAK", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL"))

#: The usual header of a WAV file: `fmt ` without extensions, then the samples, up to the end of the file.
_USUAL = struct.Struct("<4sI4s4sIHHIIHH4sI")
#: The end of a GUID that begins with a format tag (WAVEFORMATEXTENSIBLE).
_GUID_END = bytes.fromhex("000000001000800000aa00389b71")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE

#: Encodings by their names in `_Layout`: libsndfile's name and the sample type. Others are left to libsndfile.
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


class _Layout(NamedTuple):
    """Where the samples of a file are, and what they are.

    Attributes:
        encoding: '<' or '>', 'u', 'i' or 'f' for unsigned, signed and float, and the bytes of a sample.
        channels: Number of channels.
        frequency: Sample rate in hertz.
        start: Position of the first sample.
        size: Bytes of all samples.
        loop: First and last frame of the loop; None without one.
    """

    encoding: str
    channels: int
    frequency: int
    start: int
    size: int
    loop: tuple[int, int] | None = None


class PcmFile:
    """The samples of a short file, with the attributes of a reader (`SndfileReader`).

    Attributes:
        data: Samples of shape (frames, channels), in the file's memory if it has them as OpenAL wants them.
    """

    def __init__(self, memory: Array, layout: _Layout) -> None:
        self.frequency = layout.frequency
        self.channel_config = CONFIG_OF_CHANNELS[layout.channels]
        self.codec, self.sample_type = _ENCODINGS[layout.encoding[1:]]
        self.repaired = 0
        samples = _samples_in(memory, layout)
        if layout.encoding.endswith("f4") and not (math.isfinite(samples.min()) and math.isfinite(samples.max())):
            self.repaired = replace_non_finite(samples)
        self.data: Array = samples
        self.length = len(self.data)
        start, last = layout.loop or (0, -1)
        end = min(last + 1, self.length)
        self.loop_points = (start, end) if start < end else (0, 0)


def parse(memory: Array, float_supported: bool) -> PcmFile | None:
    """Return the samples of a file; None if libsndfile must read it.

    Args:
        memory: The bytes of the file, in memory that the samples may take over.
        float_supported: Whether OpenAL can play 32-bit floats.
    """
    data = memory.data
    try:
        magic = bytes(data[:12])
        if usual := _usual_layout(data):
            layout: _Layout | None = usual
        elif magic == struct.pack("<4sI4s", b"RIFF", len(data) - 8, b"WAVE"):
            layout = _wave_layout(data)
        elif magic[:8] == struct.pack(">4sI", b"FORM", len(data) - 8) and magic[8:] in (b"AIFF", b"AIFC"):
            layout = _aiff_layout(data, magic[8:])
        else:
            return None
    except (struct.error, KeyError):
        return None
    if (
        layout is None
        or layout.encoding[1:] not in _ENCODINGS
        or layout.channels not in CONFIG_OF_CHANNELS
        or not LOWEST_RATE <= layout.frequency <= HIGHEST_RATE
        or not layout.size
        or layout.size % (layout.channels * int(layout.encoding[2]))
        or not (float_supported or _ENCODINGS[layout.encoding[1:]][1] != "32-bit float")
    ):
        return None
    return PcmFile(memory, layout)


def _usual_layout(data: memoryview) -> _Layout | None:
    """Return the layout of a WAV file with the usual header, in one step; None for others.

    Raises:
        struct.error: The file is shorter than such a header.
    """
    riff, whole, wave, name, size, tag, channels, frequency, rate, frame, bits, last, length = _USUAL.unpack_from(data)
    if (
        (riff, wave, name, size, tag, last) == (b"RIFF", b"WAVE", b"fmt ", 16, _PCM, b"data")
        and whole == len(data) - 8
        and length == len(data) - _USUAL.size
        and frame * 8 == channels * bits
        and rate == frequency * frame
    ):
        return _Layout(f"<{'u' if bits == 8 else 'i'}{bits // 8}", channels, frequency, _USUAL.size, length)
    return None


def _wave_layout(data: memoryview) -> _Layout | None:
    found = _chunks(data, "<4sI", _WAVE_CHUNKS)
    position, size = found[b"fmt "]
    start, length = found[b"data"]
    tag, channels, frequency, rate, frame, bits = struct.unpack_from("<HHIIHH", data, position)
    if tag == _EXTENSIBLE and size == 40:
        _, valid, _, tag, guid = struct.unpack_from("<HHIH14s", data, position + 16)
        if valid != bits or guid != _GUID_END:
            return None
    elif size not in (16, 18):
        return None
    if tag not in (_PCM, _FLOAT) or frame * 8 != channels * bits or rate != frequency * frame or start < position:
        return None
    _check_peak(found, position, channels)
    if b"fact" in found:
        position, size = found[b"fact"]
        if size != 4 or struct.unpack_from("<I", data, position)[0] * frame != length:
            return None
    loop = None
    if b"smpl" in found:
        position, size = found[b"smpl"]
        loop = first_forward_loop(io.BytesIO(data[position : position + size]), "<", size)
    kind = "f" if tag == _FLOAT else "u" if bits == 8 else "i"
    return _Layout(f"<{kind}{bits // 8}", channels, frequency, start, length, loop)


def _aiff_layout(data: memoryview, form: bytes) -> _Layout | None:
    found = _chunks(data, ">4sI", _AIFF_CHUNKS)
    position, size = found[b"COMM"]
    start, length = found[b"SSND"]
    channels, frames, bits, exponent, mantissa = struct.unpack_from(">HIHHQ", data, position)
    kind = ">i"
    if form == b"AIFC":
        kind = _AIFC_KINDS[bytes(data[position + 18 : position + 22])]
    elif size != 18:
        return None
    _check_peak(found, position, channels)
    offset, block = struct.unpack_from(">II", data, start)
    shift = 16383 + 63 - exponent  # the rate is an 80-bit float
    if not 0 <= shift < 64 or (mantissa >> shift) << shift != mantissa:
        return None
    if offset or block or start < position or bits % 8 or length - 8 != frames * channels * bits // 8:
        return None
    return _Layout(f"{kind}{bits // 8}", channels, mantissa >> shift, start + 8, length - 8)


def _chunks(data: memoryview, header: str, known: frozenset[bytes]) -> dict[bytes, tuple[int, int]]:
    """Return position and size of the contents of each chunk.

    Raises:
        KeyError: A chunk is unknown, comes twice, or does not fit the file.
    """
    found: dict[bytes, tuple[int, int]] = {}
    position = 12
    while position < len(data):
        name, size = struct.unpack_from(header, data, position)
        if name in found or name not in known:
            raise KeyError(name)
        found[name] = position + 8, size
        position += 8 + size + size % 2
    if position != len(data):
        raise KeyError("the last chunk is cut off")
    return found


def _check_peak(found: dict[bytes, tuple[int, int]], after: int, channels: int) -> None:
    """Raise `KeyError` for a `PEAK` chunk that libsndfile refuses. Programs write it for floats."""
    start, size = found.get(b"PEAK", (after, 8 + 8 * channels))
    if start < after or size != 8 + 8 * channels:
        raise KeyError(b"PEAK")


def _samples_in(memory: Array, layout: _Layout) -> Array:
    """Return the samples of a file, of shape (frames, channels): in its memory if OpenAL can read them there."""
    kept = _KEPT.get(layout.encoding)
    if kept is not None and not layout.start % kept.itemsize:
        frames = layout.size // (layout.channels * kept.itemsize)
        samples: Array = np.ndarray((frames, layout.channels), kept, memory, layout.start)
    else:
        samples = _convert(memory[layout.start : layout.start + layout.size], layout.encoding)
        samples = samples.reshape(-1, layout.channels)
    if samples.base is not None and samples.nbytes * 8 < memory.nbytes * 7:
        samples = samples.copy()  # little of the memory is needed
    return samples


def _convert(samples: Array, encoding: str) -> Array:
    """Return samples, given as bytes, in the sample type of their encoding: a view if that is possible."""
    kind = encoding[1:]
    if kind == "i3":
        wide = np.zeros((len(samples) // 3, 4), np.uint8)
        wide[:, slice(1, 4) if encoding[0] == "<" else slice(3)] = samples.reshape(-1, 3)
        samples, encoding = wide.reshape(-1), f"{encoding[0]}i4"
    values: Array = samples.view(encoding)
    if encoding[1:] == "i4":
        floats: Array = values.astype(np.float32)
        floats *= np.float32(2.0**-31)
        return floats
    if kind == "i1":
        return values.astype(np.int16) << 8
    if values.dtype.isnative and values.flags.aligned:
        return values
    return values.astype(values.dtype.newbyteorder("="))
