"""Loop points stored in a file: RIFF `smpl` chunks, and comments of Ogg Vorbis, Opus and FLAC.

soundfile gives access to neither. Damaged metadata raises no error: the file then has no loop points.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from . import ogg
from .mpeg import after_id3_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .riff import Header

#: The most metadata blocks of a FLAC file that are searched.
_MOST_BLOCKS = 10_000
#: The rate that the positions in an Opus file count in (RFC 7845, section 4).
OPUS_RATE = 48000

#: Comments for the loop, without separators, in lower case: those of RPG Maker, SDL_mixer and vgmstream.
_START = ("loopstart", "loopbegin", "looppoint", "um3.stream.looppoint.start", "xiphcueloopstart")
_END = ("loopend", "xiphcueloopend")
_LENGTH = ("looplength",)
#: In all of these names, and the largest comments that are searched for it first.
_IN_ALL_NAMES, _SEARCHED_BYTES = b"loop", 1 << 16
_SEPARATORS = str.maketrans("", "", " _-")

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)")


class Marks(NamedTuple):
    """A loop as stored in the file. An `int` is in frames, a `float` in seconds.

    Attributes:
        start: Start, inclusive.
        end: End, exclusive; None if the file does not give it.
        length: Length, used if `end` is None. If both are None, the loop ends with the sound.
        rate: Rate of the positions in hertz; 0 for the sample rate of the sound.
    """

    start: float
    end: float | None
    length: float | None = None
    rate: int = 0

    def in_frames(self, frequency: int) -> tuple[int, int | None]:
        """Return start and end in frames at `frequency` hertz. The end is None for the end of the sound."""

        def frames(mark: float) -> int:
            if isinstance(mark, float):
                return round(mark * frequency)
            return mark if self.rate in (0, frequency) else round(mark * frequency / self.rate)

        if self.end is not None:
            return frames(self.start), frames(self.end)
        return frames(self.start), None if self.length is None else frames(self.start + self.length)


def read_loop_points(file: BinaryIO, magic: bytes, header: Header | None, serial: int | None = None) -> Marks | None:
    """Return the loop stored in an open file, or None. Changes the file's position.

    Args:
        file: The file.
        magic: Its first 12 bytes.
        header: Its header, if it is WAV.
        serial: Number of the sound's stream in an Ogg file; None for the first stream.
    """
    try:
        if header is not None:
            return None if header.loop is None else Marks(header.loop[0], header.loop[1] + 1)
        if magic[:4] == b"OggS":
            return _from_ogg(file, serial)
        if magic[:4] == b"fLaC" or magic[:3] == b"ID3":
            return _from_comments(_flac_comments(file))
    except (struct.error, ValueError, IndexError, OverflowError):
        pass  # truncated or damaged
    return None


def _from_comments(packet: bytes | None, rate: int = 0) -> Marks | None:
    if packet is None:
        return None
    if len(packet) <= _SEARCHED_BYTES and _IN_ALL_NAMES not in packet.lower().translate(None, b" _-"):
        return None
    comments = dict(_comments(packet))
    start, end, length = (_first(comments, names) for names in (_START, _END, _LENGTH))
    if start is end is length is None:
        return None
    # Programs write 0 for an end or a length that they do not know.
    return Marks(start or 0, end or None, length or None, rate)


def _comments(packet: bytes) -> Iterator[tuple[str, str]]:
    """Yield names and values of a Vorbis comment header (Vorbis I specification, section 5).

    Names are in lower case and without separators.
    """
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
            yield name.strip().lower().translate(_SEPARATORS), value.strip()
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
    """Return the VORBIS_COMMENT block of a FLAC file (RFC 9639, section 8). Skips ID3v2 tags before it."""
    file.seek(after_id3_tags(file))
    if file.read(4) != b"fLaC":
        return None
    for _ in range(_MOST_BLOCKS):
        (header,) = struct.unpack(">I", file.read(4))
        size = header & 0xFFFFFF
        kind = header >> 24
        if kind & 0x7F == 4:
            return file.read(size)
        if kind & 0x80:
            return None
        file.seek(size, 1)
    return None


def _from_ogg(file: BinaryIO, serial: int | None) -> Marks | None:
    """Return the loop in the second packet of the sound of an Ogg file."""
    packets = ogg.packets(file, serial)
    first, second = next(packets, b""), next(packets, b"")
    if first.startswith(b"\x01vorbis") and second.startswith(b"\x03vorbis"):
        return _from_comments(second[7:])
    if first.startswith(b"OpusHead") and second.startswith(b"OpusTags"):
        return _from_comments(second[8:], OPUS_RATE)
    return None
