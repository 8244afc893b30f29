"""The last frame of a FLAC file, which tells how many frames there are (RFC 9639, section 9.1)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

#: Bytes at the end of the file that are searched: a usual block, else a large one.
_TAILS = (1 << 14, 1 << 16)
#: The longest frame header: sync and codes, 7 bytes of the number, 2 each of block size and rate, CRC.
_LONGEST_HEADER = 4 + 7 + 2 + 2 + 1
#: Starts of frames with fixed and with variable block sizes.
_FIXED, _VARIABLE = b"\xff\xf8", b"\xff\xf9"


def count_frames(file: BinaryIO, start: int) -> int:
    """Return the number of frames up to the end of the last block in the file; 0 if no block is found near the end.

    Args:
        file: The file. Its position changes.
        start: Position of ``fLaC``.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(start + 8)
    sizes = file.read(4)
    block_size = int.from_bytes(sizes[:2], "big")  # the smallest one; that of all blocks if they are alike
    syncs = (_FIXED,) if sizes[:2] == sizes[2:] else (_FIXED, _VARIABLE)
    for length in _TAILS:
        begin = max(start, size - length)
        file.seek(begin)
        if count := _last_block_in(file.read(size - begin), block_size, syncs):
            return count
    return 0


def _last_block_in(tail: bytes, block_size: int, syncs: tuple[bytes, ...]) -> int:
    """Return the frame at the end of the last block that starts in `tail`; 0 if none starts there."""
    end = len(tail)
    while end > 0:
        at = max(tail.rfind(sync, 0, end + 1) for sync in syncs)
        if at < 0:
            return 0
        if count := _end_of_block(tail[at : at + _LONGEST_HEADER], block_size):
            return count
        end = at
    return 0


def _end_of_block(header: bytes, block_size: int) -> int:
    """Return the frame at the end of the block with that header; 0 if the header is not valid."""
    if len(header) < 6:
        return 0
    variable = header[1] & 1
    size_code, rate_code = header[2] >> 4, header[2] & 15
    channels, bits, reserved = header[3] >> 4, header[3] >> 1 & 7, header[3] & 1
    if size_code == 0 or rate_code == 15 or channels > 10 or bits == 3 or reserved:
        return 0
    number, at = _coded_number(header, 4)
    if number < 0:
        return 0
    if size_code in (6, 7):
        width = size_code - 5
        size = int.from_bytes(header[at : at + width], "big") + 1
        at += width
    else:
        size = 192 if size_code == 1 else 576 << size_code - 2 if size_code < 6 else 256 << size_code - 8
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(header) or _crc_8(header[:at]) != header[at]:
        return 0
    return (number if variable else number * block_size) + size


def _coded_number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that is coded like UTF-8 at `at`, and the position behind it; -1 if it is not valid."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    extra = 1
    while extra < 7 and first & 0x40 >> extra:
        extra += 1
    if first & 0xC0 == 0x80 or at + extra >= len(data):
        return -1, at
    number = first & (1 << 6 - extra) - 1 if extra < 6 else 0
    for byte in data[at + 1 : at + 1 + extra]:
        if byte & 0xC0 != 0x80:
            return -1, at
        number = number << 6 | byte & 0x3F
    return number, at + 1 + extra


def _crc_8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC_8[crc ^ byte]
    return crc


def _crc_8_of(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ 0x07 if byte & 0x80 else byte << 1) & 0xFF
    return byte


#: The CRC of each byte.
_CRC_8 = bytes(map(_crc_8_of, range(256)))
