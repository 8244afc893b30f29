"""Makes the files of this folder: small, and nasty by construction. What a fuzz has found goes beside them by hand.

``python -m tests.corpus.make``
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests import sounds, structure
from tests.sounds import chunk, format_chunk, riff, smpl_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
DATA = chunk(b"data", bytes(range(200)))
BIG = b"\xff\xff\xff\xff"


def waves() -> Iterator[tuple[str, bytes]]:
    fmt = format_chunk()
    yield "data-claims-4-gib.wav", riff(fmt, b"data" + BIG + bytes(100))
    yield "data-of-odd-size.wav", riff(fmt, b"data\x09\0\0\0" + bytes(9))
    yield "data-before-format.wav", riff(DATA, fmt)
    yield "data-twice.wav", riff(fmt, DATA, DATA)
    yield "no-data.wav", riff(fmt)
    yield "format-twice.wav", riff(fmt, format_chunk(channels=2, rate=8000), DATA)
    yield "format-of-huge-size.wav", riff(b"fmt " + BIG + fmt[8:], DATA)
    yield "chunk-of-huge-size-first.wav", riff(b"junk" + BIG, fmt, DATA)
    yield "chunk-of-no-size-for-ever.wav", riff(fmt, (b"LIST" + bytes(4)) * 300, DATA)
    yield "riff-size-0.wav", b"RIFF\0\0\0\0" + riff(fmt, DATA)[8:]
    yield "riff-size-huge.wav", b"RIFF" + BIG + riff(fmt, DATA)[8:]
    yield "rate-0.wav", riff(format_chunk(rate=0), DATA)
    yield "rate-huge.wav", riff(format_chunk(rate=2**31), DATA)
    yield "channels-0.wav", riff(format_chunk(channels=0), DATA)
    yield "channels-65535.wav", riff(chunk(b"fmt ", struct.pack("<HHIIHH", 1, 65535, 44100, 0, 0, 16)), DATA)
    yield "bits-0.wav", riff(format_chunk(bits=0), DATA)
    yield "bits-64.wav", riff(format_chunk(bits=64), DATA)
    yield "adpcm-block-0.wav", riff(chunk(b"fmt ", struct.pack("<HHIIHHHH", 17, 1, 44100, 0, 0, 4, 2, 0)), DATA)
    yield (
        "adpcm-samples-huge.wav",
        riff(chunk(b"fmt ", struct.pack("<HHIIHHHH", 17, 1, 44100, 9, 36, 4, 2, 65535)), DATA),
    )
    nan = struct.pack("<8f", *map(float, ("nan", "inf", "-inf", "1e38", "-1e38", "1e-45", "0", "nan"))) * 20
    yield "not-finite.wav", riff(format_chunk(tag=3, bits=32), chunk(b"data", nan))
    yield "loop-beyond-the-end.wav", riff(fmt, smpl_chunk((0, 50, 2**32 - 1)), DATA)
    yield "loop-backwards.wav", riff(fmt, smpl_chunk((0, 80, 20)), DATA)
    yield "loops-claimed-2-gib.wav", riff(fmt, smpl_chunk((0, 1, 5), claimed=2**31), DATA)
    yield "loops-of-cut-chunk.wav", riff(fmt, DATA, smpl_chunk((0, 1, 5))[:30])
    yield "rifx.wav", riff(format_chunk(endian=">"), chunk(b"data", bytes(50), ">"), magic=b"RIFX")
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 2**63, 2**63 - 1, 2**62, 0xFFFFFFFF))
    yield "rf64-lies.wav", b"RF64" + BIG + b"WAVE" + ds64 + fmt + b"data" + BIG + bytes(100)
    yield "only-a-magic.wav", b"RIFF\0\0\0\0WAVE"


def aiffs() -> Iterator[tuple[str, bytes]]:
    def aiff(rate: bytes, frames: int = 50, offset: int = 0, bits: int = 16) -> bytes:
        comm = chunk(b"COMM", struct.pack(">hIh", 1, frames, bits) + rate, ">")
        ssnd = chunk(b"SSND", struct.pack(">II", offset, 0) + bytes(100), ">")
        body = b"AIFF" + comm + ssnd
        return b"FORM" + struct.pack(">I", len(body)) + body

    rate = bytes.fromhex("400eac44000000000000")
    yield "frames-claimed-4-gib.aiff", aiff(rate, 2**32 - 1)
    yield "offset-huge.aiff", aiff(rate, offset=2**32 - 8)
    yield "rate-not-a-number.aiff", aiff(b"\x7f\xff" + BIG * 2)
    yield "rate-0.aiff", aiff(bytes(10))
    yield "rate-negative.aiff", aiff(b"\xc0" + rate[1:])
    yield "bits-33.aiff", aiff(rate, bits=33)


def flacs(folder: Path) -> Iterator[tuple[str, bytes]]:
    whole = sounds.write(folder / "a.flac", sounds.ramp(400), subtype="PCM_16", format="FLAC").read_bytes()
    pieces = structure.parts(whole)
    info = pieces[1]
    yield "no-frames.flac", sounds.silent_flac(0, claimed=1000)
    yield "unknown-length.flac", sounds.silent_flac(2, claimed=0)
    yield "claims-2-to-the-36.flac", sounds.silent_flac(1, claimed=2**36 - 1)
    yield "claims-less.flac", sounds.silent_flac(3, claimed=10)
    yield "no-streaminfo.flac", b"".join([pieces[0], *pieces[2:]])
    yield "streaminfo-empty.flac", b"fLaC\x80\0\0\0" + b"".join(pieces[-1:])
    yield "streaminfo-twice.flac", b"".join([pieces[0], info, info, *pieces[2:]])
    yield "block-of-16-mib.flac", b"".join([pieces[0], info, b"\x06\xff\xff\xff", *pieces[2:]])
    comment = struct.pack("<I", 0xFFFFFFF0) + b"x" * 20
    block = b"\x04" + len(comment).to_bytes(3, "big") + comment
    yield "comment-lies.flac", b"".join([pieces[0], b"\0" + info[1:], block, *pieces[2:]])
    yield "frame-cut.flac", whole[: len(whole) - 40]
    yield "frames-of-another.flac", b"".join(pieces[:-1]) + sounds.silent_flac(1)[42:]


def oggs(folder: Path) -> Iterator[tuple[str, bytes]]:
    data = sounds.tone(0.03, channels=1, rate=8000)
    opus = sounds.write(folder / "a.opus", sounds.tone(0.1, rate=8000), 8000, "OPUS", "OGG").read_bytes()
    vorbis = sounds.write(folder / "a.ogg", data, 8000, "VORBIS", "OGG").read_bytes()
    for kind, whole in (("opus", opus), ("vorbis", vorbis)):
        pages = structure.parts(whole)

        def granule(value: int, page: bytes) -> bytes:
            return structure.sign(page[:6] + struct.pack("<q", value) + page[14:])

        made = {
            "end-before-the-start": [*pages[:-1], granule(-1, pages[-1])],
            "end-in-a-million-years": [*pages[:-1], granule(2**62, pages[-1])],
            "end-at-0": [*pages[:-1], granule(0, pages[-1])],
            "no-sound": pages[:-1],
            "only-the-first-page": pages[:1],
            "twice": pages * 2,
            "first-page-twice": [pages[0], *pages],
            "of-another-serial": [*pages[:-1], structure.sign(pages[-1][:14] + b"abcd" + pages[-1][18:])],
            "continued-of-nothing": [*pages[:-1], structure.sign(pages[-1][:5] + b"\x05" + pages[-1][6:])],
            "comments-lie": [
                structure.sign(page.replace(b"Xiph", BIG).replace(b"libsndfile", BIG + b"\x7f" + b"ndfil"))
                for page in pages
            ],
            "first-header-zeroed": [structure.sign(pages[0][:40] + bytes(len(pages[0]) - 40)), *pages[1:]],
        }
        for name, parts in made.items():
            yield f"{kind}-{name}.ogg", b"".join(parts)


def mp3s(folder: Path) -> Iterator[tuple[str, bytes]]:
    whole = sounds.KINDS["mp3"].write(folder / "a", sounds.tone(0.2, rate=48000)).read_bytes()
    start = whole.find(b"\xff")
    frames = whole[start:]
    yield "tag-of-256-mib.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + frames[:2000]
    yield "tag-of-bad-size.mp3", b"ID3\x04\0\0\xff\xff\xff\xff" + frames[:2000]
    yield "tags-in-tags.mp3", b"ID3\x04\0\0\0\0\0\0" * 200 + frames[:1500]
    yield "one-header.mp3", frames[:4]
    yield "headers-only.mp3", frames[:4] * 500
    yield "free-format.mp3", frames[:2] + bytes([frames[2] & 0x0F]) + frames[3:2000]
    yield "reserved-rate.mp3", frames[:2] + bytes([frames[2] | 0x0C]) + frames[3:2000]
    place = frames.find(b"Xing")
    place = place if place >= 0 else frames.find(b"Info")
    yield "frames-claimed-4-gib.mp3", frames[: place + 8] + BIG + frames[place + 12 : 3000]
    yield "frames-claimed-0.mp3", frames[: place + 8] + bytes(4) + frames[place + 12 : 3000]


def others() -> Iterator[tuple[str, bytes]]:
    yield "au-offset-huge.au", b".snd" + BIG + struct.pack(">4I", 2**32 - 1, 3, 44100, 1) + bytes(100)
    yield "au-no-size.au", b".snd" + struct.pack(">5I", 24, 2**32 - 1, 3, 44100, 1) + bytes(100)
    yield "caf-chunk-negative.caf", b"caff\0\1\0\0desc" + b"\xff" * 8 + bytes(100)
    yield "w64-sizes-0.w64", b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00" + bytes(200)
    yield "voc-block-for-ever.voc", b"Creative Voice File\x1a\x1a\0\x0a\1\x29\x11\x01\xff\xff\xff" + bytes(50)
    yield "nothing.wav", b""
    yield "zeros.ogg", bytes(3000)


def everything() -> dict[str, bytes]:
    """The files, by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = [waves(), aiffs(), flacs(folder), oggs(folder), mp3s(folder), others()]
        return {name: data[:4095] for files in made for name, data in files}


if __name__ == "__main__":
    for name, data in everything().items():
        (HERE / name).write_bytes(data)
