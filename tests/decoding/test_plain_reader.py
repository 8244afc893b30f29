"""Long files of plain samples are read as libsndfile reads them, in blocks, within the limit and until cancelled."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._decoding import load
from pyglet_palace._decoding.files import OpenFile
from pyglet_palace._decoding.uncompressed import PlainReader, find_layout
from tests import sounds
from tests.decoding.test_uncompressed import PLAIN, SETTINGS, assert_as_libsndfile, plain, seeds


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, so that a small file is a long one."""
    monkeypatch.setattr(load, "BLOCK_BYTES", 1000)


def opened(data: bytes) -> OpenFile:
    return OpenFile(io.BytesIO(data), len(data))


def reader_of(data: bytes) -> PlainReader | None:
    file = opened(data)
    layout = find_layout(file.part, len(data), True)
    return None if layout is None else PlainReader("sound", file, layout)


class Progress(load._NoProgress):
    """Callbacks that end the load after some blocks."""

    def __init__(self, blocks: int) -> None:
        self.left = blocks
        self.memory = 0
        self.shares: list[float] = []

    def allocated(self, size: int) -> None:
        self.memory = max(self.memory, size)

    def decoded(self, share: float) -> None:
        self.shares.append(share)

    def is_wanted(self) -> bool:
        self.left -= 1
        return self.left >= 0


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("container", "encoding", "endian"), PLAIN)
def test_long_files_are_as_libsndfile_reads_them(
    tmp_path: Path, container: str, encoding: str, endian: str, channels: int
) -> None:
    data = plain(tmp_path / "a", container, encoding, endian, channels).read_bytes()
    assert_as_libsndfile(data, reader_of(data))


@pytest.mark.parametrize("frames", [1, 2, 249, 250, 251, 1000, 1001, 4097])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_any_length_is_read(frames: int, bits: int) -> None:
    """The size of the file, and of the last block, is odd for some."""
    content = np.random.default_rng(frames).bytes(frames * bits // 8)
    data = sounds.riff(sounds.format_chunk(bits=bits), sounds.chunk(b"data", content))
    assert_as_libsndfile(data, reader_of(data))


def test_chunks_behind_the_samples_count(tmp_path: Path) -> None:
    path = plain(tmp_path / "a", "WAV", "PCM_16", "FILE")
    sounds.add_chunk(path, sounds.smpl_chunk((0, 100, 500)))
    reader = reader_of(path.read_bytes())
    assert reader is not None
    assert reader.loop_points == (100, 501)
    assert_as_libsndfile(path.read_bytes(), reader)


def test_floats_that_are_not_finite_are_repaired() -> None:
    samples = np.tile(np.array([0.5, np.nan, np.inf, -np.inf, -0.5], "<f4"), 300).tobytes()
    data = sounds.riff(sounds.format_chunk(3, bits=32), sounds.chunk(b"data", samples))
    reader = reader_of(data)
    assert_as_libsndfile(data, reader)
    assert reader is not None
    assert reader.repaired == 900


def test_truncated_and_lying_headers_are_left_to_libsndfile(tmp_path: Path) -> None:
    for data in seeds(tmp_path):
        order = "<" if data[:4] == b"RIFF" else ">"
        assert reader_of(data) is not None
        assert reader_of(data[:-1000]) is None
        for change in (-2, 2, 2**31):
            size = (len(data) - 8 + change) % 2**32
            assert reader_of(data[:4] + struct.pack(f"{order}I", size) + data[8:]) is None
            at = data.index(b"data" if order == "<" else b"SSND") + 4
            size = (struct.unpack_from(f"{order}I", data, at)[0] + change) % 2**32
            assert reader_of(data[:at] + struct.pack(f"{order}I", size) + data[at + 4 :]) is None


def test_large_loop_chunk_is_left_to_libsndfile() -> None:
    loops = sounds.chunk(b"smpl", bytes(70_000))
    data = sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", bytes(5000)), loops)
    assert reader_of(data) is None


def test_file_that_is_cut_off_while_read_warns(caplog: pytest.LogCaptureFixture) -> None:
    data = sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", bytes(range(250)) * 40))
    file = opened(data)
    layout = find_layout(file.part, len(data), True)
    assert layout is not None
    file.file.truncate(44 + 6001)  # type: ignore[attr-defined]
    samples = load.decode_all("sound", PlainReader("sound", file, layout), SETTINGS)
    assert samples.data.tobytes() == data[44 : 44 + 6000]
    assert [record.message for record in caplog.records] == ["'sound': its data is cut off after 3000 of 5000 frames"]


def test_cancel_ends_a_read_between_blocks() -> None:
    data = sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", bytes(40_000)))
    reader = reader_of(data)
    assert reader is not None
    progress = Progress(blocks=3)
    samples = load.decode_all("sound", reader, SETTINGS, progress)
    assert 0 < len(samples.data) < 20_000
    assert progress.shares[:2] == [0.1, 0.2]


def test_sound_over_the_limit_allocates_nothing(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav", 4000)
    size = path.stat().st_size
    progress = Progress(blocks=100)
    with pytest.raises(palace.BufferTooLarge):
        load.load(palace.resources.locate(path), load.Settings(size - 100, SETTINGS.supported), progress)
    assert progress.memory == 0
    samples = load.load(palace.resources.locate(path), load.Settings(size, SETTINGS.supported), progress)
    assert len(samples.data) == 4000
    assert progress.memory < size + 1000


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_long_files_open_no_libsndfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int) -> None:
    path = sounds.wav(tmp_path / "a.wav", 4000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", compression) as archive:
        archive.write(path, "zipped.wav")
    monkeypatch.setattr(pyglet.resource, "path", [str(tmp_path / "a.zip")])
    pyglet.resource.reindex()
    monkeypatch.delattr(load.SndfileReader, "__init__")
    assert palace.Buffer(path).length == 4000
    if hasattr(os, "memfd_create"):
        assert palace.Buffer("zipped.wav").length == 4000


def test_error_of_the_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sounds.wav(tmp_path / "a.wav", 4000)

    def fail(*_: Any) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(OpenFile, "read_at", fail)
    with pytest.raises(palace.ResourceUnreadable, match="Input/output error"):
        load.load(palace.resources.locate(path), SETTINGS, Progress(100))
