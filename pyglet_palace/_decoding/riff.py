"""Chunks of WAV and AIFF files that libsndfile does not report, or does not read as other players do.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, `fact`), Multimedia Data Standards Update
1994 (`smpl`), EBU Tech 3306 (RF64), and the AIFF 1.3 specification.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The most chunks that are searched.
_MOST_CHUNKS = 10_000
#: Fewer bytes behind an empty sample chunk are not samples.
_FEWEST_BYTES = 64

#: Format tags of codecs that work in blocks: Microsoft ADPCM, IMA ADPCM, GSM 6.10.
_BLOCK_CODECS = (2, 0x11, 0x31)


class Patch(NamedTuple):
    """Bytes to replace in a file."""

    position: int
    data: bytes


class Header(NamedTuple):
    """The chunks of a WAV or AIFF file.

    Attributes:
        loop: First and last frame of the first forward loop in the `smpl` chunk; None without one.
        frames: Frames according to the `fact` chunk of a codec that works in blocks; 0 without one.
        block_frames: Frames in a block of that codec; 0 for other codecs.
        patches: Changes that complete a file whose program did not write the sizes; empty if it is complete.
    """

    loop: tuple[int, int] | None = None
    frames: int = 0
    block_frames: int = 0
    patches: tuple[Patch, ...] = ()


def read_header(file: BinaryIO, magic: bytes) -> Header | None:
    """Return the header of a file that begins with `magic` (12 bytes); None if it is neither WAV nor AIFF.

    Changes the file's position.

    Raises:
        struct.error, ValueError: The file is truncated or damaged.
    """
    if magic[:4] in (b"RIFF", b"RIFX", b"RF64") and magic[8:] == b"WAVE":
        return _read_wave(file, ">" if magic[:4] == b"RIFX" else "<")
    if magic[:4] == b"FORM" and magic[8:] == b"AIFF":
        return Header(patches=_complete_aiff(file))
    return None


def _chunks(file: BinaryIO, endian: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield identifier, position of the data and size of each chunk, with the file at the data."""
    position, data_size = 12, None
    end_of_file = file.seek(0, os.SEEK_END)
    for _ in range(_MOST_CHUNKS):
        if position >= end_of_file:  # some file systems raise an OSError for a seek that is too far
            return
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return
        identifier, size = struct.unpack(f"{endian}4sI", header)
        if identifier == b"ds64":  # RF64: the sizes that need more than 32 bits
            data_size = struct.unpack("<QQ", file.read(16))[1]
            file.seek(position + 8)
        elif identifier == b"data" and size == 0xFFFFFFFF and data_size is not None:
            size = data_size
        yield identifier, position + 8, size
        position += 8 + size + size % 2


def _read_wave(file: BinaryIO, endian: str) -> Header:
    header = Header()
    seen = set()
    for identifier, position, size in _chunks(file, endian):
        if identifier == b"fmt " and identifier not in seen:
            tag, _, _, _, _, _ = struct.unpack(f"{endian}HHIIHH", file.read(16))
            if tag in _BLOCK_CODECS and size >= 20:
                header = header._replace(block_frames=struct.unpack(f"{endian}HH", file.read(4))[1])
        elif identifier == b"fact" and identifier not in seen and size >= 4:
            header = header._replace(frames=struct.unpack(f"{endian}I", file.read(4))[0])
        elif identifier == b"smpl" and identifier not in seen:
            header = header._replace(loop=first_forward_loop(file, endian, size))
        elif identifier == b"data" and size == 0 and identifier not in seen and b"fmt " in seen:
            left = _samples_behind(file, position, endian)
            if left:
                sizes = (Patch(4, struct.pack(f"{endian}I", position - 8 + left)),)
                patches = (*sizes, Patch(position - 4, struct.pack(f"{endian}I", left)))
                return header._replace(patches=patches)
        seen.add(identifier)
    return header if header.block_frames else header._replace(frames=0)


def first_forward_loop(file: BinaryIO, endian: str, size: int) -> tuple[int, int] | None:
    """Return the first and last frame of the first forward loop of a `smpl` chunk; None without one.

    Args:
        file: The file, at the contents of the chunk.
        endian: '<' or '>'.
        size: Size of the contents.

    Raises:
        struct.error: The chunk is truncated.
    """
    count = struct.unpack(f"{endian}9I", file.read(36))[7]
    for _ in range(min(count, (size - 36) // 24)):
        _, kind, start, end, _, _ = struct.unpack(f"{endian}6I", file.read(24))
        if kind == 0 and end > start:  # a loop of one frame is silence; programs write it for "no loop"
            return start, end
    return None


def _samples_behind(file: BinaryIO, position: int, endian: str) -> int:
    """Return how many bytes of samples follow a sample chunk of size 0; 0 if a chunk follows, or little."""
    left = file.seek(0, os.SEEK_END) - position
    if left < _FEWEST_BYTES:
        return 0
    file.seek(position)
    identifier, size = struct.unpack(f"{endian}4sI", file.read(8))
    is_named = identifier.replace(b" ", b"").isalnum() and 8 + size <= left
    is_chunk = is_named or 8 + size + size % 2 == left
    return 0 if is_chunk else left


def _complete_aiff(file: BinaryIO) -> tuple[Patch, ...]:
    """Return the changes that complete an uncompressed AIFF file whose `SSND` chunk has no samples by its size."""
    frame_bytes, frames_at = 0, 0
    for identifier, position, size in _chunks(file, ">"):
        if identifier == b"COMM" and size >= 18:
            channels, _, bits = struct.unpack(">HIH", file.read(8))
            frame_bytes, frames_at = channels * ((bits + 7) // 8), position + 2
        elif identifier == b"SSND" and size in (0, 8) and frame_bytes:
            left = _samples_behind(file, position + 8, ">")
            if left:
                return (
                    Patch(4, struct.pack(">I", position + left)),
                    Patch(frames_at, struct.pack(">I", left // frame_bytes)),
                    Patch(position - 4, struct.pack(">I", 8 + left)),
                )
    return ()
