"""Pages and streams of Ogg files (RFC 3533): the stream to play, its comments, its last page, and what follows it."""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAPTURE = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
#: Flag of the first page of a stream.
_BEGINS = 2
#: The size of the largest page.
_LARGEST_PAGE = _HEADER.size + 255 + 255 * 255
#: Bytes at the end that usually contain two pages. libvorbis makes pages of about 4 KiB.
_USUAL_TAIL = 1 << 14
#: The most pages that are searched for headers and comments.
_MOST_PAGES = 10_000
#: The most bytes of a packet. Comments may contain pictures.
_MOST_PACKET_BYTES = 16 * 1024 * 1024
_SOUNDS = (b"\x01vorbis", b"OpusHead")


class Page(NamedTuple):
    """A page.

    Attributes:
        begins: Whether it is the first page of its stream.
        granule: Position at its end, in frames of the stream; -1 if no packet ends on it.
        serial: Number of its stream.
        sizes: Its segment table.
        header: The bytes in front of the body.
        body: The body.
    """

    begins: bool
    granule: int
    serial: int
    sizes: bytes
    header: bytes
    body: bytes


def pages(file: BinaryIO, start: int = 0) -> Iterator[Page]:
    """Yield the pages of `file` from byte `start` on, up to the first bytes that are no page. Moves its position."""
    file.seek(start)
    while True:
        fixed = file.read(_HEADER.size)
        if len(fixed) < _HEADER.size or fixed[:4] != _CAPTURE:
            return
        _, _, flags, granule, serial, _, _, segments = _HEADER.unpack(fixed)
        sizes = file.read(segments)
        body = file.read(sum(sizes))
        if len(sizes) < segments:
            return
        yield Page(bool(flags & _BEGINS), granule, serial, sizes, fixed + sizes, body)


def streams(file: BinaryIO, start: int = 0) -> dict[int, bytes]:
    """Return the streams at the start of the file: the first page's body by serial number, in order."""
    found: dict[int, bytes] = {}
    for page in pages(file, start):
        if not page.begins:
            break
        found.setdefault(page.serial, page.body)
    return found


def sound_stream(found: dict[int, bytes]) -> int | None:
    """Return the serial number of the first Vorbis or Opus stream; None if there is none."""
    return next((serial for serial, body in found.items() if body.startswith(_SOUNDS)), None)


def packets(file: BinaryIO, serial: int | None = None) -> Iterator[bytes]:
    """Yield the packets at the start of a stream, each of at most 16 MiB.

    Args:
        file: The file. Its position changes.
        serial: Number of the stream; None for the first one.
    """
    parts, gathered = list[bytes](), 0
    for count, page in enumerate(pages(file)):
        if serial is None:
            serial = page.serial
        if count >= _MOST_PAGES:
            return
        if page.serial != serial:
            continue
        position = 0
        for size in page.sizes:
            parts.append(page.body[position : position + size])
            position += size
            gathered += size
            if gathered > _MOST_PACKET_BYTES:
                return
            if size < 255:  # the last segment of the packet
                yield b"".join(parts)
                parts.clear()


def last_pages(file: BinaryIO) -> list[tuple[int, int]]:
    """Return serial number and granule position of the pages near the end, two or more if the file has them.

    Changes the file's position.
    """
    size = file.seek(0, os.SEEK_END)
    found: list[tuple[int, int]] = []
    for length in (_USUAL_TAIL, 2 * _LARGEST_PAGE):
        begin = max(0, size - length)
        file.seek(begin)
        found = _pages_in(file.read(size - begin))
        if len(found) > 1:
            break
    return found


def _pages_in(tail: bytes) -> list[tuple[int, int]]:
    found = []
    at = tail.find(_CAPTURE)
    while at >= 0 and at + _HEADER.size <= len(tail):
        _, version, flags, granule, serial, _, _, _ = _HEADER.unpack_from(tail, at)
        if version == 0 and flags < 8:
            found.append((serial, granule))
        at = tail.find(_CAPTURE, at + 4)
    return found


def start_of_last_page(last: list[tuple[int, int]], serial: int) -> int:
    """Return the position at the start of the last page of a stream, in its own frames.

    Args:
        last: From `last_pages`.
        serial: Number of the stream.

    Returns:
        The position; 0 if the stream has one page near the end, which may then be its first one.
    """
    granules = [granule for number, granule in last if number == serial and granule > 0]
    return granules[-2] if len(granules) > 1 else 0


class OneStream(io.RawIOBase):
    """The pages of one stream of an Ogg file, as a file that is read once from start to end."""

    def __init__(self, file: BinaryIO, serial: int, start: int = 0) -> None:
        self._pages = (page for page in pages(file, start) if page.serial == serial)
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return whole pages of at least `size` bytes, or fewer at the end; all pages if `size` is negative."""
        gathered = bytearray(self._left)
        self._left = b""
        for page in self._pages:
            gathered += page.header + page.body
            if 0 <= size <= len(gathered):
                break
        if size >= 0:
            self._left = bytes(gathered[size:])
            del gathered[size:]
        return bytes(gathered)
