"""Search for the first frame of an MP3 that has other data in front of it.

libsndfile recognises MP3 by a frame at the start, or after one ID3 tag. Tags with padding behind them, two tags, a
header of another program and a recording that was cut in mid-frame are common. Sources: ISO/IEC 11172-3 section 2.4.1
and ISO/IEC 13818-3 for frame headers, and the ID3v2.4 structure for tags.
"""

from __future__ import annotations

import os
import re
from typing import BinaryIO

#: Bytes behind the tags that are searched.
_SEARCHED = 1 << 20
#: Frames of the same kind that must follow each other.
_IN_A_ROW = 3

_SYNC = re.compile(rb"\xff[\xe2-\xff]")
_BITRATES = {  # kbit/s by (MPEG-1, layer)
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version


def after_id3_tags(file: BinaryIO) -> int:
    """Return the position behind all ID3v2 tags at the start of `file`. Changes its position."""
    position = 0
    while True:
        file.seek(position)
        header = file.read(10)
        if len(header) < 10 or header[:3] != b"ID3":
            return position
        a, b, c, d = header[6:10]
        footer = 10 if header[5] & 0x10 else 0
        position += 10 + ((a & 0x7F) << 21 | (b & 0x7F) << 14 | (c & 0x7F) << 7 | d & 0x7F) + footer


def first_frame(file: BinaryIO) -> int | None:
    """Return the position of the first of some MPEG audio frames in a row; None if there are none near the start.

    Changes the position of `file`. Raises what the file raises.
    """
    size = file.seek(0, os.SEEK_END)
    start = after_id3_tags(file)
    for begin in dict.fromkeys((start, 0)):  # a tag may give a wrong size
        if begin < size:
            file.seek(begin)
            data = file.read(_SEARCHED)
            for match in _SYNC.finditer(data):
                if _frames_in_a_row(data, match.start()):
                    return begin + match.start()
    return None


def _frames_in_a_row(data: bytes, position: int) -> bool:
    """Return whether frames of the same kind follow each other at `position`.

    As many as `_IN_A_ROW`, or fewer to the end of `data`. The last of several may be cut short.
    """
    kind = None
    count = 0
    while count < _IN_A_ROW and position < len(data):
        frame = _frame(data, position)
        if frame is None or (kind is not None and frame[1] != kind):
            return False
        length, kind = frame
        position += length
        count += 1
    return count == _IN_A_ROW or count == 2 or (count == 1 and position == len(data))


def _frame(data: bytes, position: int) -> tuple[int, tuple[int, int, int]] | None:
    """Return length and kind (version, layer, rate) of the frame at `position`; None if there is no valid header.

    Layer I does not count: small 32-bit integers look like it, and no file in use has it.
    """
    header = data[position : position + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer in (1, 4) or bitrate_index in (0, 15) or rate_index == 3 or header[3] & 3 == 2:
        return None
    bitrate = _BITRATES[version == 3, layer][bitrate_index] * 1000
    rate = _RATES[version][rate_index]
    length = (72 if layer == 3 and version != 3 else 144) * bitrate // rate + padding
    return length, (version, layer, rate)
