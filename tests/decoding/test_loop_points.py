"""Loop points that files carry."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyglet_palace._decoding import loop_points, ogg
from pyglet_palace._decoding.loop_points import Marks, read_loop_points
from pyglet_palace._decoding.riff import read_header
from tests import sounds
from tests.sounds import chunk, format_chunk, riff, smpl_chunk

if TYPE_CHECKING:
    from pathlib import Path

DATA = chunk(b"data", bytes(200))


def marks_in(file: BinaryIO) -> Marks | None:
    magic = file.read(12)
    try:
        header = read_header(file, magic)
    except (struct.error, ValueError):
        header = None
    return read_loop_points(file, magic, header)


def found(data: bytes, frequency: int = 44100) -> tuple[int, int | None] | None:
    marks = marks_in(io.BytesIO(data))
    return marks and marks.in_frames(frequency)


# RIFF


def test_smpl_end_is_inclusive() -> None:
    assert found(riff(format_chunk(), DATA, smpl_chunk((0, 10, 89)))) == (10, 90)


def test_smpl_counts_on_either_side() -> None:
    assert found(riff(format_chunk(), smpl_chunk((0, 10, 89)), DATA)) == (10, 90)
    assert found(riff(smpl_chunk((0, 10, 89)), format_chunk(), DATA)) == (10, 90)


def test_first_forward_loop_wins() -> None:
    alternating, backward = (1, 1, 2), (2, 3, 4)
    assert found(riff(DATA, smpl_chunk(alternating, backward, (0, 10, 89), (0, 20, 30)))) == (10, 90)
    assert found(riff(DATA, smpl_chunk(alternating, backward))) is None


def test_odd_chunks_are_padded() -> None:
    odd = chunk(b"LIST", b"odd")
    assert len(odd) % 2 == 0
    assert found(riff(format_chunk(), odd, chunk(b"data", bytes(201)), smpl_chunk((0, 10, 89)))) == (10, 90)


def test_one_frame_loop_is_none() -> None:
    """Programs write a loop from 0 to 0 for a sound without a loop. It would repeat one frame, which is silence."""
    assert found(riff(DATA, smpl_chunk((0, 0, 0)))) is None
    assert found(riff(DATA, smpl_chunk((0, 5, 5), (0, 10, 89)))) == (10, 90)


def test_rifx_is_big_endian() -> None:
    data = riff(
        format_chunk(endian=">"), chunk(b"data", bytes(200), ">"), smpl_chunk((0, 10, 89), endian=">"), magic=b"RIFX"
    )
    assert found(data) == (10, 90)


def test_rf64_has_its_size_elsewhere() -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, 200, 100, 0))
    data = b"data" + struct.pack("<I", 0xFFFFFFFF) + bytes(200)
    assert found(riff(sizes, format_chunk(), data, smpl_chunk((0, 10, 89)), magic=b"RF64")) == (10, 90)


def test_cue_points_are_no_loops() -> None:
    cue = chunk(b"cue ", struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 10, b"data", 0, 0, 10))
    assert found(riff(format_chunk(), DATA, cue)) is None


def test_file_without_loops_has_none() -> None:
    assert found(riff(format_chunk(), DATA)) is None
    assert found(riff(format_chunk(), DATA, smpl_chunk())) is None


def test_smpl_stays_within_its_chunk() -> None:
    following = chunk(b"LIST", struct.pack("<6I", 0, 0, 10, 89, 0, 0))
    assert found(riff(DATA, smpl_chunk((1, 1, 2), claimed=2**32 - 1), following)) is None


# Comments: what each says is the same in Ogg Vorbis, Opus and FLAC


@pytest.fixture(params=["vorbis", "opus", "flac-16"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return sounds.KINDS[request.param].write(tmp_path / "sound", sounds.noise(5000, 1), 48000)


def in_comments(path: Path, **comments: str) -> tuple[int, int | None] | None:
    sounds.comment(path, **comments)
    with path.open("rb") as opened:
        marks = marks_in(opened)
    return marks and marks.in_frames(48000)


@pytest.mark.parametrize(
    ("comments", "points"),
    [
        ({"LOOPSTART": "100", "LOOPEND": "900"}, (100, 900)),
        ({"LOOP_START": "100", "LOOP_END": "900"}, (100, 900)),
        ({"LOOPEND": "900", "LOOPSTART": "100"}, (100, 900)),
        ({"loopstart": "100", "LoopLength": "800"}, (100, 900)),
        ({"LOOPLENGTH": "800", "TITLE": "x" * 500, "LOOPSTART": "100"}, (100, 900)),
        ({"LOOPSTART": "100"}, (100, None)),
        ({"LOOPEND": "900"}, (0, 900)),
        ({"LOOPLENGTH": "900"}, (0, 900)),
        ({"LOOPSTART": "0", "LOOPEND": "900", "LOOPLENGTH": "5"}, (0, 900)),
        ({"LOOPSTART": "0.5", "LOOPEND": "1.25"}, (24000, 60000)),
        ({"LOOPSTART": "0:01", "LOOPEND": "1:02.5"}, (48000, 62 * 48000 + 24000)),
        ({"LOOPSTART": "1:00:00", "LOOPEND": "01:00:00.001"}, (3600 * 48000, 3600 * 48000 + 48)),
        ({"LOOPSTART": " 100 ", "LOOPEND": "900 "}, (100, 900)),
        ({"LOOPSTART": "soon", "LOOPEND": "900"}, (0, 900)),
        ({"LOOPSTART": "-100"}, None),
        ({"LOOPSTART": "1:2:3:4"}, None),
        ({"LOOPSTART": ""}, None),
        ({"LOOPS": "100", "TITLE": "LOOPSTART=100"}, None),
    ],
)
def test_comments_give_loop_points(file: Path, comments: dict[str, str], points: Any) -> None:
    assert in_comments(file, **comments) == points


def test_each_name_of_a_comment_is_searched_for() -> None:
    for name in (*loop_points._START, *loop_points._END, *loop_points._LENGTH):
        comment = f" {name[:2].upper()}-{name[2:]} =42".encode()
        packet = struct.pack("<III", 0, 1, len(comment)) + comment
        assert loop_points._from_comments(packet) is not None


def test_comments_may_span_pages(file: Path) -> None:
    assert in_comments(file, A="x" * 200_000, LOOPSTART="100", Z="x" * 70_000) == (100, None)


@pytest.mark.parametrize(("most", "points"), [(50_000, (100, None)), (5000, None)])
def test_gathered_comments_are_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, points: object
) -> None:
    """A packet of Ogg that never ends takes no more memory than the limit."""
    monkeypatch.setattr(ogg, "_MOST_PACKET_BYTES", most)
    path = sounds.KINDS["opus"].write(tmp_path / "sound", sounds.noise(5000, 1), 48000)
    assert in_comments(path, A="x" * 5200, LOOPSTART="100") == points


def test_flac_may_follow_an_id3_tag(tmp_path: Path) -> None:
    path = sounds.KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(5000, 1))
    sounds.comment(path, LOOPSTART="100")
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 2]) + bytes(130)

    assert found(tag + path.read_bytes()) == (100, None)


# Damage


def samples_of_everything(folder: Path) -> list[bytes]:
    files = [riff(format_chunk(), DATA, smpl_chunk((0, 10, 89)))]
    for kind in ("vorbis", "opus", "flac-16"):
        path = sounds.KINDS[kind].write(folder / kind, sounds.noise(500, 1))
        files.append(sounds.comment(path, LOOPSTART="100").read_bytes())
    return files


def test_truncated_file_raises_nothing(tmp_path: Path) -> None:
    for whole in samples_of_everything(tmp_path):
        answers = {found(whole[:end]) for end in range(min(len(whole), 1000))}
        assert answers <= {None, found(whole)}


@given(st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"RF64\0\0\0\0WAVE", b"OggS", b"fLaC", b"ID3"]), st.binary())
def test_any_bytes_raise_nothing(magic: bytes, rest: bytes) -> None:
    found(magic + rest)


@given(st.binary(max_size=60))
def test_any_comment_header_is_accepted(packet: bytes) -> None:
    block = bytes([0x84]) + len(packet).to_bytes(3, "big")
    found(b"fLaC" + block + packet)


def test_unseekable_chunk_size_ends_search(tmp_path: Path) -> None:
    for size in (2**45, 2**62, 2**63 - 20, 2**64 - 1):
        sizes = chunk(b"ds64", struct.pack("<QQQI", 0, size, 100, 0))
        data = b"data" + struct.pack("<I", 0xFFFFFFFF) + bytes(200)
        path = tmp_path / "damaged.wav"
        path.write_bytes(riff(sizes, format_chunk(), data, magic=b"RF64"))
        with path.open("rb") as file:
            assert marks_in(file) is None


def test_file_errors_are_not_hidden() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        marks_in(Broken())
