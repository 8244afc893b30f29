"""What is read without libsndfile is what libsndfile reads, sample for sample."""

from __future__ import annotations

import io
import logging
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._decoding import load, sndfile
from pyglet_palace._decoding.files import OpenFile, open_path
from pyglet_palace._decoding.uncompressed import parse
from tests import fuzz, sounds

FORMATS = frozenset((layout, kind) for layout in palace.formats.CHANNELS for kind in palace.formats.DTYPES)
SETTINGS = load.Settings(64 * 1024 * 1024, FORMATS)

#: Kinds of files that are read without libsndfile: container, encoding, byte order.
PLAIN = [
    *(("WAV", encoding, "FILE") for encoding in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    *(("WAVEX", encoding, "FILE") for encoding in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    *(("AIFF", encoding, "FILE") for encoding in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    ("AIFF", "PCM_16", "LITTLE"),
]


def plain(path: Path, container: str, encoding: str, endian: str, channels: int = 2) -> Path:
    data = sounds.noise(702, channels, gain=1.0)
    with sounds.soundfile.SoundFile(
        path, "w", 44100, channels, subtype=encoding, endian=endian, format=container
    ) as file:
        file.write(data)
    return path


def parsed(data: bytes) -> Any:
    return parse(np.frombuffer(bytearray(data), np.uint8), True)


def description(samples: Any) -> tuple[Any, ...]:
    return (
        samples.data.dtype.str,
        samples.data.shape,
        samples.frequency,
        samples.channel_config,
        samples.sample_type,
        samples.loop_points,
    )


def assert_as_libsndfile(data: bytes, pcm: Any) -> None:
    """Samples, loop, length, codec and warnings are those of libsndfile's way. `pcm`: a `PcmFile` or `PlainReader`."""
    reader = sndfile.SndfileReader("sound", OpenFile(io.BytesIO(data), len(data)), True)
    assert reader.codec == pcm.codec
    expected = load.decode_all("sound", reader, SETTINGS)
    got = load.decode_all("sound", pcm, SETTINGS)
    assert len(got.data) == reader.length
    assert description(got) == description(expected)
    assert got.data.tobytes() == expected.data.tobytes()
    assert pcm.repaired == reader.repaired
    assert got.data.flags.c_contiguous
    assert got.data.flags.aligned
    assert got.data.flags.writeable  # for buffer_loading


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("container", "encoding", "endian"), PLAIN)
def test_plain_files_are_as_libsndfile_reads_them(
    tmp_path: Path, container: str, encoding: str, endian: str, channels: int
) -> None:
    data = plain(tmp_path / "a", container, encoding, endian, channels).read_bytes()
    pcm = parsed(data)
    assert pcm is not None
    assert_as_libsndfile(data, pcm)


@pytest.mark.parametrize("loop", [(0, 100, 500), (0, 0, 701), (0, 100, 9999), (1, 100, 500), (0, 500, 100)])
def test_loop_points_are_those_of_libsndfiles_way(tmp_path: Path, loop: tuple[int, int, int]) -> None:
    path = plain(tmp_path / "a", "WAV", "PCM_16", "FILE")
    sounds.add_chunk(path, sounds.smpl_chunk(loop))
    pcm = parsed(path.read_bytes())
    assert pcm is not None
    assert_as_libsndfile(path.read_bytes(), pcm)


def test_non_finite_samples_are_repaired_alike(caplog: pytest.LogCaptureFixture) -> None:
    samples = np.array([0.5, np.nan, np.inf, -np.inf, -0.5], "<f4").tobytes()
    data = sounds.riff(sounds.format_chunk(3, bits=32), sounds.chunk(b"data", samples))
    pcm = parsed(data)
    assert_as_libsndfile(data, pcm)
    assert pcm.samples.data.ravel().tolist() == [0.5, 0, 1, -1, -0.5]
    texts = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert texts == ["'sound': 3 samples were not finite; they were set to 0 or full scale"] * 2


def test_floats_at_an_odd_place_are_moved() -> None:
    header = sounds.chunk(b"fmt ", struct.pack("<HHIIHHH", 3, 1, 44100, 44100 * 4, 4, 32, 0))
    data = sounds.riff(header, sounds.chunk(b"data", np.linspace(-1, 1, 100, dtype="<f4").tobytes()))
    assert data.index(b"data") % 4 == 2
    assert_as_libsndfile(data, parsed(data))


def test_samples_stay_in_the_memory_of_the_file(tmp_path: Path) -> None:
    data = sounds.wav(tmp_path / "a.wav").read_bytes()
    mostly_else = data[:4] + struct.pack("<I", len(data) + 10_000) + data[8:] + sounds.chunk(b"JUNK", bytes(10_000))
    for whole, stay in ((data, True), (mostly_else, False)):
        memory = np.frombuffer(bytearray(whole), np.uint8)
        pcm = parse(memory, True)
        assert pcm is not None
        assert np.shares_memory(memory, pcm.samples.data) == stay


def test_without_floats_libsndfile_reads(tmp_path: Path) -> None:
    data = plain(tmp_path / "a", "WAV", "PCM_24", "FILE").read_bytes()
    assert parse(np.frombuffer(data, np.uint8), False) is None


def test_unusual_headers_are_left_to_libsndfile(tmp_path: Path) -> None:
    samples = sounds.chunk(b"data", bytes(200))
    samples_of_3 = sounds.chunk(b"data", bytes(300))
    whole = sounds.riff(sounds.format_chunk(), samples)
    assert parsed(whole) is not None
    for data in (
        whole[:-1],
        whole + b"\0\0",
        whole[:4] + bytes(4) + whole[8:],
        b"RIFX" + whole[4:],
        sounds.riff(samples, sounds.format_chunk()),
        sounds.riff(sounds.format_chunk(), sounds.format_chunk(), samples),
        sounds.riff(sounds.format_chunk(), samples, samples),
        sounds.riff(sounds.format_chunk(), sounds.chunk(b"fact", bytes(4)), samples),
        sounds.riff(sounds.format_chunk(), sounds.chunk(b"what", bytes(4)), samples),
        sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", b"")),
        sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", bytes(201))),
        sounds.riff(sounds.format_chunk(bits=12), samples),
        sounds.riff(sounds.chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 44100, 132300, 3, 12)), samples_of_3),
        sounds.riff(sounds.chunk(b"fmt ", struct.pack("<HHIIHHH", 1, 2, 44100, 132300, 3, 12, 0)), samples_of_3),
        sounds.riff(sounds.format_chunk(rate=999), samples),
        sounds.riff(sounds.format_chunk(channels=3), samples),
        sounds.riff(sounds.format_chunk(tag=0x11), samples),
        whole[:28] + bytes(4) + whole[32:],
        sounds.riff(sounds.format_chunk(), samples, sounds.chunk(b"smpl", bytes(20))),
    ):
        assert parsed(data) is None


def seeds(folder: Path) -> list[bytes]:
    """Small plain files with the chunks that programs write."""
    found = []
    for container, encoding, endian in PLAIN:
        path = plain(folder / f"{container}-{encoding}-{endian}", container, encoding, endian)
        whole = path.read_bytes()
        if container == "AIFF":
            whole += (
                sounds.chunk(b"NAME", b"a name", ">")
                + sounds.chunk(b"ANNO", b"text", ">")
                + sounds.chunk(b"APPL", b"stocabcd", ">")
            )
            found.append(whole[:4] + struct.pack(">I", len(whole) - 8) + whole[8:])
            continue
        whole += sounds.smpl_chunk((0, 100, 600)) + sounds.chunk(b"inst", bytes(7))
        whole += sounds.chunk(b"LIST", b"INFOISFT\x04\0\0\0abcdIART\x03\0\0\0abc\0") + sounds.chunk(b"JUNK", bytes(28))
        whole += sounds.chunk(b"bext", bytes(602)) + sounds.chunk(b"iXML", b"<a/>")
        whole += sounds.chunk(b"id3 ", b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)) + sounds.chunk(b"PAD ", bytes(8))
        found.append(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    return found


def compare(whole: list[bytes], first: int, count: int) -> int:
    """Compare damaged files with libsndfile's way. Returns how many were read without it."""
    read = 0
    for seed in range(first, first + count):
        chosen = random.Random(seed)
        data = bytearray(fuzz.make(whole, seed))
        if chosen.random() < 0.5 and len(data) > 12:  # so that the first check does not refuse most
            data[4:8] = struct.pack("<I" if data[:4] == b"RIFF" else ">I", len(data) - 8)
        pcm = parsed(bytes(data)) if data else None
        if pcm is not None:
            read += 1
            try:
                assert_as_libsndfile(bytes(data), pcm)
            except Exception as error:
                raise AssertionError(f"seed {seed} is read otherwise by libsndfile") from error
    return read


def test_damaged_files_are_read_as_by_libsndfile(tmp_path: Path) -> None:
    assert compare(seeds(tmp_path), 0, 4000) > 300


@pytest.mark.usefixtures("context")
def test_loading_a_plain_file_opens_no_libsndfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sounds.wav(tmp_path / "a.wav", 300)
    monkeypatch.delattr(load.SndfileReader, "__init__")
    assert palace.Buffer(path).length == 300


def test_file_that_shrinks_while_read_is_not_taken(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav")
    opened = open_path(str(path), path.stat().st_size + 1)
    assert not opened.read_into(memoryview(bytearray(opened.size)))
    opened.close()
