"""Sound files taken apart at their structure's seams, so that what is damaged is not turned away at the door.

A byte changed at random in an Ogg page or a FLAC frame fails a checksum, and the code behind it never sees it. Here the
checksum is made right again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_NASTY = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def _table(polynomial: int, bits: int) -> list[int]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return table


#: RFC 3533 (Ogg), and RFC 9639, section 9 (FLAC).
_OGG, _FLAC_HEADER, _FLAC_FRAME = _table(0x04C11DB7, 32), _table(0x07, 8), _table(0x8005, 16)


def crc(data: bytes, table: list[int], bits: int) -> int:
    """A cyclic redundancy check, the first bit first, begun with 0."""
    value, mask = 0, (1 << bits) - 1
    for byte in data:
        value = (value << 8 & mask) ^ table[(value >> (bits - 8) ^ byte) & 0xFF]
    return value


def sign(page: bytes) -> bytes:
    """An Ogg page with the checksum it should have."""
    blank = page[:22] + bytes(4) + page[26:]
    return blank[:22] + struct.pack("<I", crc(blank, _OGG, 32)) + blank[26:]


def parts(data: bytes) -> list[bytes]:
    """`data` cut at the boundaries of its chunks, pages or frames; all together it is `data` again."""
    if data[:4] == b"OggS":
        return _at(data, b"OggS")
    if data[:4] in (b"RIFF", b"RIFX", b"RF64", b"FORM"):
        return _chunks(data, "<" if data[:4] in (b"RIFF", b"RF64") else ">")
    if data[:4] == b"fLaC":
        return _flac_blocks(data)
    if data[:3] == b"ID3" or data[:1] == b"\xff":
        return _at(data, data[data.find(b"\xff") :][:2]) if b"\xff" in data else [data]
    return [data[place : place + 64] for place in range(0, len(data), 64)]


def _at(data: bytes, magic: bytes) -> list[bytes]:
    places = [0]
    while (place := data.find(magic, places[-1] + 1)) >= 0:
        places.append(place)
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]


def _chunks(data: bytes, endian: str) -> list[bytes]:
    found, place = [data[:12]], 12
    while place + 8 <= len(data):
        (size,) = struct.unpack(f"{endian}I", data[place + 4 : place + 8])
        end = min(place + 8 + size + size % 2, len(data))
        found.append(data[place:end])
        place = end
    return [*found, data[place:]]


def _flac_blocks(data: bytes) -> list[bytes]:
    found, place, last = [data[:4]], 4, False
    while not last and place + 4 <= len(data):
        last = bool(data[place] & 0x80)
        end = min(place + 4 + int.from_bytes(data[place + 1 : place + 4], "big"), len(data))
        found.append(data[place:end])
        place = end
    return [*found, *_at(data[place:], data[place : place + 2])] if place < len(data) else found


def damage(data: bytes, chosen: random.Random) -> bytes:
    """`data` with one of its parts missing, doubled, moved, ended early or changed within."""
    pieces = parts(data)
    place = chosen.randrange(len(pieces))
    kind = chosen.randrange(8)
    if kind == 0:
        return b"".join(pieces[:place])  # it ends at a boundary
    if kind == 1:
        return b"".join(pieces[:place]) + pieces[place][: chosen.randrange(32)]
    if kind == 2:
        del pieces[place]
    elif kind == 3:
        pieces.insert(chosen.randrange(len(pieces)), pieces[place])
    elif kind == 4:
        other = chosen.randrange(len(pieces))
        pieces[place], pieces[other] = pieces[other], pieces[place]
    else:
        pieces[place] = _change(pieces[place], data[:4], chosen)
    return b"".join(pieces)


def _change(part: bytes, magic: bytes, chosen: random.Random) -> bytes:
    """`part` with something in it changed, and its checksums right."""
    changed = bytearray(part)
    if magic == b"OggS" and len(part) > 27:
        kind = chosen.randrange(5)
        if kind == 0:  # granule position
            changed[6:14] = struct.pack("<Q", chosen.choice([*_NASTY, 2**63, 2**64 - 1, 2**63 - 1]))
        elif kind == 1:  # continued, first, last
            changed[5] = chosen.randrange(8)
        elif kind == 2:  # serial or page number
            changed[14:22] = struct.pack("<II", chosen.choice(_NASTY), chosen.choice(_NASTY))
        else:
            _scribble(changed, 26 if kind == 3 else 27 + part[26], chosen)
        return sign(bytes(changed))
    if magic in (b"RIFF", b"RIFX", b"RF64", b"FORM") and len(part) >= 8:
        if chosen.random() < 0.5:
            size = chosen.choice([*_NASTY, len(part), len(part) - 9, len(part) - 7]) % 2**32
            changed[4:8] = size.to_bytes(4, "little" if magic in (b"RIFF", b"RF64") else "big")
        else:
            _scribble(changed, 8, chosen)
        return bytes(changed)
    if magic == b"fLaC" and part[:1] == b"\xff" and len(part) > 8:
        return _change_flac_frame(changed, chosen)
    if magic == b"fLaC" and len(part) >= 4 and chosen.random() < 0.5:
        changed[1:4] = (chosen.choice(_NASTY) % 2**24).to_bytes(3, "big")
        return bytes(changed)
    if part[:1] == b"\xff" and len(part) >= 4 and chosen.random() < 0.6:  # an MPEG header
        changed[chosen.randrange(1, 4)] ^= 1 << chosen.randrange(8)
        return bytes(changed)
    _scribble(changed, 0, chosen)
    return bytes(changed)


def _change_flac_frame(frame: bytearray, chosen: random.Random) -> bytes:
    length = 5  # of the header, as far as its number's first byte
    while length < len(frame) - 3 and frame[length] & 0xC0 == 0x80:
        length += 1
    length += {6: 1, 7: 2}.get(frame[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(frame[2] & 15, 0)
    if length >= len(frame) - 3:
        return bytes(frame)
    if chosen.random() < 0.4:
        frame[chosen.randrange(2, length)] ^= 1 << chosen.randrange(8)
    else:
        _scribble(frame, length + 1, chosen)
    frame[length] = crc(bytes(frame[:length]), _FLAC_HEADER, 8)
    return bytes(frame[:-2]) + struct.pack(">H", crc(bytes(frame[:-2]), _FLAC_FRAME, 16))


def _scribble(part: bytearray, start: int, chosen: random.Random) -> None:
    for _ in range(chosen.choice([1, 2, 8])):
        if start < len(part):
            reach = len(part) if chosen.random() < 0.5 else min(len(part), start + 40)
            part[chosen.randrange(start, reach)] = chosen.choice([chosen.randrange(256), 0, 0xFF])
