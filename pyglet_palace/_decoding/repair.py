"""Copies of files that libsndfile reads only after a change: another stream first, missing sizes, wrong counts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from . import ogg
from .files import OpenFile, copy_for_libsndfile
from .mpeg import after_id3_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .riff import Header, Patch

#: The largest file that is copied, in bytes.
LARGEST = 2**30
#: Position of the 36 bits that hold the number of frames in a FLAC file (RFC 9639, section 8.2), from its start.
_FLAC_FRAMES_AT = 21


class _Patched(io.RawIOBase):
    """A file from `start` on, with some bytes replaced, that is read once from start to end."""

    def __init__(self, file: BinaryIO, patches: Sequence[Patch] = (), start: int = 0) -> None:
        self._file = file
        self._patches = patches
        self._position = start
        file.seek(start)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = bytearray(self._file.read(size))
        for position, new in self._patches:
            for index, value in enumerate(new, position - self._position):
                if 0 <= index < len(data):
                    data[index] = value
        self._position += len(data)
        return bytes(data)


def complete(opened: OpenFile, header: Header) -> OpenFile:
    """Return a copy of a WAV or AIFF file with the sizes that its program did not write."""
    return _copy(opened, _Patched(opened.file, header.patches))


def without_flac_count(opened: OpenFile, start: int) -> OpenFile | None:
    """Return a copy of a FLAC file whose header gives no number of frames, so that libsndfile reads to the end.

    Args:
        opened: The file, with ``fLaC`` at `start`.
        start: Position of the FLAC data, behind an ID3 tag.

    Returns:
        The copy; None if the file is too large.
    """
    from .riff import Patch

    at = start + _FLAC_FRAMES_AT
    opened.file.seek(at)
    mixed = opened.file.read(1)  # four bits of the sample size come first
    if opened.size > LARGEST or not mixed:
        return None
    return _copy(opened, _Patched(opened.file, [Patch(at, bytes([mixed[0] & 0xF0, 0, 0, 0, 0]))], start))


def with_sound_first(opened: OpenFile, start: int, found: dict[int, bytes]) -> OpenFile | None:
    """Return a copy of the first Vorbis or Opus stream of an Ogg file, if something else comes first.

    Args:
        opened: The file, with ``OggS`` at `start`.
        start: Position of the first page, behind an ID3 tag.
        found: The streams at `start`.

    Returns:
        The copy; None if libsndfile can read the file as it is, or if it contains no such stream.
    """
    serial = ogg.sound_stream(found)
    if serial is None or (start == 0 and serial == next(iter(found))) or opened.size > LARGEST:
        return None
    return _copy(opened, ogg.OneStream(opened.file, serial, start))


def start_behind_tags(file: BinaryIO, head: bytes) -> int:
    """Return where the data starts that follows ID3 tags in front of a file that begins with `head`."""
    return after_id3_tags(file) if head.startswith(b"ID3") else 0


def _copy(opened: OpenFile, source: io.RawIOBase) -> OpenFile:
    stream = cast("BinaryIO", source)
    copy = copy_for_libsndfile(stream, LARGEST)
    if copy is None:  # Windows: libsndfile reads the copy through Python
        data = source.read()
        copy = OpenFile(cast("BinaryIO", io.BytesIO(data)), len(data))
    return copy
