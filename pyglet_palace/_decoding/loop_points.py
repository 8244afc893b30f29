"""Loop points stored in a file: RIFF `smpl` chunks, and comments of Ogg Vorbis, Opus and FLAC.

soundfile gives access to neither. Damaged metadata raises no error: the file then has no loop points.
"""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The most chunks or pages, and the most bytes of comments (they may contain pictures), that the search reads.
_MOST_CHUNKS = 10_000
_MOST_COMMENT_BYTES = 16 * 1024 * 1024

_START = ("loopstart", "loop_start")
_END = ("loopend", "loop_end")
_LENGTH = ("looplength", "loop_length")

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)")


class Marks(NamedTuple):
    """A loop as stored in the file. An `int` is in frames, a `float` in seconds.

    Attributes:
        start: Start, inclusive.
        end: End, exclusive; None if the file does not give it.
        length: Length, used if `end` is None. If both are None, the loop ends with the sound.
    """

    start: float
    end: float | None
    length: float | None = None

    def in_frames(self, frequency: int) -> tuple[int, int | None]:
        """Return start and end in frames at `frequency` hertz. The end is None for the end of the sound."""

        def frames(mark: float) -> int:
            return mark if isinstance(mark, int) else round(mark * frequency)

        start = frames(self.start)
        if self.end is not None:
            return start, frames(self.end)
        return start, None if self.length is None else start + frames(self.length)


def read_loop_points(file: BinaryIO) -> Marks | None:
    """Return the loop stored in an open file, or None. Changes the file's position."""
    try:
        file.seek(0)
        magic = file.read(12)
        if magic[:4] in (b"RIFF", b"RIFX", b"RF64") and magic[8:] == b"WAVE":
            return _from_sampler_chunk(file, ">" if magic[:4] == b"RIFX" else "<")
        if magic[:4] == b"OggS":
            return _from_comments(_ogg_comments(file))
        if magic[:4] == b"fLaC" or magic[:3] == b"ID3":
            return _from_comments(_flac_comments(file))
    except (struct.error, ValueError, IndexError, OverflowError):
        pass  # truncated or damaged
    return None


def _from_sampler_chunk(file: BinaryIO, endian: str) -> Marks | None:
    """Return the first forward loop of the `smpl` chunk (Multimedia Data Standards Update, 1994), at any position."""
    position, data_size = 12, None
    end_of_file = file.seek(0, os.SEEK_END)
    for _ in range(_MOST_CHUNKS):
        if position >= end_of_file:  # some file systems raise an OSError for a seek that is too far
            return None
        file.seek(position)
        identifier, size = struct.unpack(f"{endian}4sI", file.read(8))
        if identifier == b"ds64":  # RF64: the sizes that need more than 32 bits
            data_size = struct.unpack("<QQ", file.read(16))[1]
        elif identifier == b"data" and size == 0xFFFFFFFF and data_size is not None:
            size = data_size
        elif identifier == b"smpl":
            count = struct.unpack(f"{endian}9I", file.read(36))[7]
            for _loop in range(min(count, (size - 36) // 24)):
                _, kind, start, end, _, _ = struct.unpack(f"{endian}6I", file.read(24))
                if kind == 0:
                    return Marks(start, end + 1)  # the end in the chunk is inclusive
            return None
        position += 8 + size + size % 2
    return None


def _from_comments(packet: bytes | None) -> Marks | None:
    if packet is None:
        return None
    comments = dict(_comments(packet))
    start, end, length = (_first(comments, names) for names in (_START, _END, _LENGTH))
    return None if start is end is length is None else Marks(start or 0, end, length)


def _comments(packet: bytes) -> Iterator[tuple[str, str]]:
    """Yield names (in lower case) and values of a Vorbis comment header (Vorbis I specification, section 5)."""
    (vendor,) = struct.unpack_from("<I", packet, 0)
    position = 4 + vendor
    (count,) = struct.unpack_from("<I", packet, position)
    position += 4
    for _ in range(count):
        (size,) = struct.unpack_from("<I", packet, position)
        position += 4
        if position + size > len(packet):
            raise ValueError("a comment is truncated")
        if size < 100:  # a loop point is shorter
            name, _, value = packet[position : position + size].decode("utf-8", "replace").partition("=")
            yield name.strip().lower(), value.strip()
        position += size


def _first(comments: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    """Return the first valid comment of `names`: an `int` for a frame, a `float` in seconds for [[HH:]MM:]SS[.fff]."""
    for name in names:
        value = comments.get(name, "")
        if value.isascii() and value.isdigit():
            return int(value)
        time = _TIME.fullmatch(value)
        if time:
            hours, minutes, seconds = time.groups()
            return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
    return None


def _flac_comments(file: BinaryIO) -> bytes | None:
    """Return the VORBIS_COMMENT block of a FLAC file (RFC 9639, section 8). Skips an ID3v2 tag before it."""
    file.seek(0)
    start = file.read(10)
    if start[:3] == b"ID3":
        a, b, c, d = start[6:10]
        file.seek(10 + (a << 21 | b << 14 | c << 7 | d))
    else:
        file.seek(0)
    if file.read(4) != b"fLaC":
        return None
    for _ in range(_MOST_CHUNKS):
        (header,) = struct.unpack(">I", file.read(4))
        size = header & 0xFFFFFF
        kind = header >> 24
        if kind & 0x7F == 4:
            return file.read(size)
        if kind & 0x80:
            return None
        file.seek(size, 1)
    return None


def _ogg_comments(file: BinaryIO) -> bytes | None:
    """Return the data after the signature in the second packet of the first Ogg stream (RFC 3533)."""
    packets = _ogg_packets(file)
    first, second = next(packets, b""), next(packets, b"")
    if first.startswith(b"\x01vorbis") and second.startswith(b"\x03vorbis"):
        return second[7:]
    if first.startswith(b"OpusHead") and second.startswith(b"OpusTags"):
        return second[8:]
    if first.startswith(b"\x7fFLAC") and second[:1] in (b"\x04", b"\x84"):
        return second[4:]
    return None


def _ogg_packets(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    stream, parts, gathered = None, list[bytes](), 0
    for _ in range(_MOST_CHUNKS):
        capture, _, _, _, serial, _, _, segments = struct.unpack("<4sBBqIIIB", file.read(27))
        sizes = file.read(segments)
        if capture != b"OggS":
            return
        body = file.read(sum(sizes))
        if stream is None:
            stream = serial
        if serial != stream:
            continue
        position = 0
        for size in sizes:
            parts.append(body[position : position + size])
            position += size
            gathered += size
            if gathered > _MOST_COMMENT_BYTES:
                return
            if size < 255:  # the last segment of the packet
                yield b"".join(parts)
                parts.clear()
