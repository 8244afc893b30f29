"""Files that other players read and libsndfile alone does not: junk, other streams, missing sizes, wrong counts."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds, structure
from tests.sounds import KINDS, chunk, format_chunk, riff

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("context")

RATE = 44100
LONG = 100_000


def decoded(path: Path) -> Any:
    """All samples of a mono file."""
    return np.frombuffer(palace.Decoder(path).read(10**7), "<i2")


def encoded(kind: str, folder: Path, frames: int = LONG) -> bytes:
    """A mono file of a swelling sine."""
    time = np.arange(frames) / RATE
    data = (0.4 * np.sin(2 * np.pi * 440 * time) * np.linspace(0.3, 1, frames))[:, None]
    return KINDS[kind].write(folder / f"whole-{frames}", data, 48000 if kind == "opus" else RATE).read_bytes()


def ogg_page(body: bytes, serial: int, sequence: int, flags: int) -> bytes:
    sizes = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return structure.sign(
        struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, serial, sequence, 0, len(sizes)) + sizes + body
    )


# MP3

TAG = b"ID3\x03\0\0\0\0\0\0"
IN_FRONT = {
    "zeros": bytes(2048),
    "padded tag": TAG + bytes(512),
    "two tags": TAG + b"ID3\x04\0\0\0\0\x02\0" + bytes(256),
    "junk": b"junk" * 1000,
    "another header": b"RIFF\0\0\0\0junk" + bytes(50),
    "false syncs": b"\xff\xfb\x90\x64" * 20 + b"\0" * 11,
}


@pytest.mark.parametrize("junk", IN_FRONT.values(), ids=IN_FRONT.keys())
@pytest.mark.parametrize("way", ["file", "zip", "fileio"])
def test_mp3_may_follow_other_data(tmp_path: Path, junk: bytes, way: str) -> None:
    data = encoded("mp3", tmp_path)
    plain, path = tmp_path / "plain.mp3", tmp_path / "sound"
    plain.write_bytes(data)
    path.write_bytes(junk + data)
    expected = decoded(plain)
    name: Any = path
    if way == "zip":
        with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
            archive.write(path, "sound")
        pyglet.resource.path = [str(tmp_path / "sounds.zip")]
        pyglet.resource.reindex()
        name = "sound"
    elif way == "fileio":
        palace.use_fileio(lambda name: io.BytesIO(junk + data))
    decoder = palace.Decoder(name)
    assert np.array_equal(np.frombuffer(decoder.read(10**7), "<i2"), expected)
    assert decoder.seek(5000)
    assert np.array_equal(np.frombuffer(decoder.read(100), "<i2"), expected[5000:5100])
    assert palace.Buffer(name).length == len(expected)


def test_mp3_cut_in_mid_frame_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(encoded("mp3", tmp_path)[700:])
    assert len(decoded(path)) > 50_000


@pytest.mark.parametrize(("suffix", "bytes_per_frame"), [("au", 1), ("snd", 1), ("vox", 0.5), ("gsm", 33 / 160)])
def test_headerless_file_is_read_by_suffix(tmp_path: Path, suffix: str, bytes_per_frame: float) -> None:
    """As libsndfile does when it opens the file by name."""
    path = tmp_path / f"sound.{suffix}"
    path.write_bytes(bytes([0xD5, 0x21, 0x42, 0x83]) * 330)
    buffer = palace.Buffer(path)
    assert buffer.frequency == 8000
    assert buffer.length == pytest.approx(1320 / bytes_per_frame, rel=0.01)


# Ogg


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
@pytest.mark.parametrize("first", [b"\x80theora\3\2\1", b"fishead\0"], ids=["picture", "skeleton"])
def test_sound_behind_another_ogg_stream_plays(tmp_path: Path, kind: str, first: bytes) -> None:
    data = encoded(kind, tmp_path)
    plain, path = tmp_path / "plain", tmp_path / "sound"
    plain.write_bytes(data)
    begins = data.index(b"OggS", 4)  # further streams begin before other pages
    other = [ogg_page(first + bytes(40), 77, 0, 2), ogg_page(bytes(700), 77, 1, 0), ogg_page(bytes(9), 77, 2, 4)]
    path.write_bytes(other[0] + data[:begins] + other[1] + data[begins:] + other[2])
    assert np.array_equal(decoded(path), decoded(plain))


def test_ogg_behind_an_id3_tag_plays(tmp_path: Path) -> None:
    data = encoded("vorbis", tmp_path)
    path, plain = tmp_path / "sound", tmp_path / "plain"
    path.write_bytes(TAG[:9] + b"\x40" + bytes(64) + data)
    plain.write_bytes(data)
    assert np.array_equal(decoded(path), decoded(plain))


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_chained_ogg_warns(tmp_path: Path, kind: str, logged_warnings: Any) -> None:
    path = tmp_path / "chain"
    path.write_bytes(encoded(kind, tmp_path, 20_000) + encoded(kind, tmp_path, 30_000))
    assert abs(palace.Buffer(path).length - 20_000) < 1000
    assert any("only the first one is played" in text for text in logged_warnings())


def test_usual_ogg_does_not_warn(tmp_path: Path, logged_warnings: Any) -> None:
    path = tmp_path / "sound"
    path.write_bytes(encoded("vorbis", tmp_path))
    palace.Buffer(path)
    assert logged_warnings() == []


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_seek_in_the_last_page_is_exact(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sound"
    path.write_bytes(encoded(kind, tmp_path, 400_000))
    whole = decoded(path)
    decoder = palace.Decoder(path)
    for back in (100_000, 20_000, 5000, 1000, 100, 10, 1):
        assert decoder.seek(len(whole) - back)
        assert np.array_equal(np.frombuffer(decoder.read(back + 10), "<i2"), whole[-back:])


# FLAC


def test_flac_with_too_small_count_is_whole(tmp_path: Path) -> None:
    data = bytearray(encoded("flac-16", tmp_path))
    expected = decoded(tmp_path / f"whole-{LONG}.flac")
    data[22:26] = (30_000).to_bytes(4, "big")
    path = tmp_path / "sound"
    for tag in (b"", TAG[:9] + b"\x20" + bytes(32)):
        path.write_bytes(tag + data)
        assert np.array_equal(decoded(path), expected)
        assert palace.Buffer(path).length == LONG
        palace.free([path])


def test_flac_with_absurd_count_is_read(tmp_path: Path) -> None:
    data = bytearray(encoded("flac-16", tmp_path))
    data[21] |= 15
    data[22:26] = b"\xff" * 4
    path = tmp_path / "sound"
    path.write_bytes(data)
    assert palace.Buffer(path).length == LONG
    assert palace.Decoder(path).length == 0


def test_flac_loop_may_have_an_open_end(tmp_path: Path) -> None:
    """The loop ends with the sound, whose header does not give its length."""
    encoded("flac-16", tmp_path)
    path = sounds.comment(tmp_path / f"whole-{LONG}.flac", LOOPSTART="10000")
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert palace.Buffer(path).loop_points == (10_000, LONG)


@pytest.mark.parametrize("how", ["cut", "damaged"])
def test_broken_flac_gives_what_there_is(tmp_path: Path, how: str, logged_warnings: Any) -> None:
    data = bytearray(encoded("flac-16", tmp_path))
    whole = decoded(tmp_path / f"whole-{LONG}.flac")
    middle = len(data) // 2
    if how == "cut":
        del data[middle:]
    else:
        data[middle] ^= 0x55
    path = tmp_path / "sound"
    path.write_bytes(data)
    got = decoded(path)
    assert LONG // 3 < len(got) < LONG
    assert np.array_equal(got, whole[: len(got)])
    assert palace.Buffer(path).length == len(got)
    assert [text for text in logged_warnings() if "damaged or cut off after" in text]


# WAV and AIFF


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("riff_size", [0, 1036, 0xFFFFFFFF])
def test_unfinished_wav_is_whole(tmp_path: Path, endian: str, riff_size: int) -> None:
    samples = sounds.ramp(500)[:, 0].astype(f"{endian}i2").tobytes()
    magic = b"RIFF" if endian == "<" else b"RIFX"
    head = magic + struct.pack(f"{endian}I", riff_size) + b"WAVE" + format_chunk(endian=endian)
    path = tmp_path / "sound.wav"
    path.write_bytes(head + b"data\0\0\0\0" + samples)
    assert np.array_equal(decoded(path), sounds.ramp(500)[:, 0])


@pytest.mark.parametrize("size", [0, 8])
def test_unfinished_aiff_is_whole(tmp_path: Path, size: int) -> None:
    path = sounds.write(tmp_path / "sound.aiff", sounds.ramp(500), subtype="PCM_16", format="AIFF")
    data = bytearray(path.read_bytes())
    at = data.index(b"COMM")
    data[at + 10 : at + 14] = bytes(4)
    at = data.index(b"SSND")
    data[at + 4 : at + 8] = size.to_bytes(4, "big")
    path.write_bytes(data)
    assert np.array_equal(decoded(path), sounds.ramp(500)[:, 0])


def test_empty_wav_stays_empty(tmp_path: Path) -> None:
    """A chunk behind the empty `data` chunk is not a sound."""
    path = tmp_path / "sound.wav"
    path.write_bytes(riff(format_chunk(), chunk(b"data", b""), chunk(b"LIST", b"INFO" + b"text" * 50)))
    with pytest.raises(palace.DecodeError, match="no samples"):
        palace.Buffer(path)


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_fact_chunk_ends_the_last_block(tmp_path: Path, subtype: str) -> None:
    rate = 8000 if subtype == "GSM610" else RATE
    path = sounds.write(tmp_path / "sound.wav", sounds.tone(0.5, rate=rate), rate, subtype, "WAV")
    data = bytearray(path.read_bytes())
    at = data.index(b"fact") + 8
    data[at : at + 4] = bytes(4)
    path.write_bytes(data)
    whole = decoded(path)
    for frames, expected in ((len(whole) - 7, len(whole) - 7), (10, len(whole)), (10**9, len(whole))):
        data[at : at + 4] = struct.pack("<I", frames)
        path.write_bytes(data)
        assert np.array_equal(decoded(path), whole[:expected])
        assert palace.Decoder(path).length == expected
        assert palace.Buffer(path).length == expected
        palace.free([path])


@pytest.mark.parametrize(("suffix", "format", "subtype"), [
    ("wav", "WAV", "GSM610"), ("au", "AU", "G721_32"), ("au", "AU", "G723_24"), ("aiff", "AIFF", "DWVW_16"),
    ("xi", "XI", "DPCM_16"),
])  # fmt: skip
def test_codec_that_cannot_seek_is_reread(tmp_path: Path, suffix: str, format: str, subtype: str) -> None:
    path = sounds.write(tmp_path / f"sound.{suffix}", sounds.tone(1.0, rate=8000), 8000, subtype, format)
    whole = decoded(path)
    decoder = palace.Decoder(path)
    for frame in (4000, 4000, 100, 7000, 0):
        assert decoder.seek(frame)
        assert np.array_equal(np.frombuffer(decoder.read(200), "<i2"), whole[frame : frame + 200])


# Loop tags


@pytest.mark.parametrize("tags", [
    {"LOOP-START": "100", "LOOP-END": "900"}, {"LOOP_BEGIN": "100", "LOOP_END": "900"},
    {"LoopPoint": "100", "LOOP LENGTH": "800"}, {"XIPH_CUE_LOOPSTART": "100", "XIPH_CUE_LOOPEND": "900"},
])  # fmt: skip
def test_loop_tags_have_many_spellings(tmp_path: Path, tags: dict[str, str]) -> None:
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(5000, 1), RATE)
    assert palace.Buffer(sounds.comment(path, **tags)).loop_points == (100, 900)


@pytest.mark.parametrize("tag", ["LOOPEND", "LOOPLENGTH"])
def test_loop_end_of_0_is_the_end(tmp_path: Path, tag: str) -> None:
    path = KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(5000, 1), RATE)
    assert palace.Buffer(sounds.comment(path, LOOPSTART="100", **{tag: "0"})).loop_points == (100, 5000)


def test_opus_loops_count_at_48_khz(tmp_path: Path) -> None:
    path = KINDS["opus"].write(tmp_path / "sound", sounds.noise(16000, 1), 16000)
    buffer = palace.Buffer(sounds.comment(path, LOOPSTART="12000", LOOPEND="36000"))
    assert [point / buffer.frequency for point in buffer.loop_points] == [0.25, 0.75]


def test_loop_points_are_within_the_length(tmp_path: Path) -> None:
    path = KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(5000, 1), RATE)
    sounds.comment(path, LOOPSTART="100", LOOPEND="999999")
    assert palace.Decoder(path).loop_points == (100, 5000)
    sounds.comment(path, LOOPSTART="6000", LOOPEND="999999")
    assert palace.Decoder(path).loop_points == (0, 0)


# Identification


@pytest.mark.parametrize(("head", "error", "text"), [
    (b"\0\0\0\x20ftypM4A ", palace.UnsupportedFormat, "MP4 file .AAC or ALAC., which is not read; convert it: ffmpeg"),
    (b"\xff\xf1\x50\x80", palace.UnsupportedFormat, "it is AAC"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), palace.UnsupportedFormat, "WMA"),
    (b"\x1a\x45\xdf\xa3", palace.UnsupportedFormat, "Matroska or WebM"),
    (b"MThd\0\0\0\6", palace.UnsupportedFormat, "MIDI file .*; render it"),
    (b"Extended Module: x", palace.UnsupportedFormat, r"tracker module \(XM\)"),
    (bytes(1080) + b"M.K.", palace.UnsupportedFormat, r"tracker module \(MOD\)"),
    (bytes(44) + b"SCRM", palace.UnsupportedFormat, r"tracker module \(S3M\)"),
    (b"wvpk", palace.UnsupportedFormat, "WavPack"),
    (b"MAC ", palace.UnsupportedFormat, "Monkey's Audio"),
    (b"#!AMR\n", palace.UnsupportedFormat, "AMR"),
    (b"\x0b\x77", palace.UnsupportedFormat, "AC-3"),
    (b"DSD ", palace.UnsupportedFormat, "DSD"),
    (b"\n<!DOCTYPE html><html>", palace.DecodeError, "a web page, not a sound; download"),
    (b"version https://git-lfs.github.com/spec/v1\n", palace.DecodeError, "Git LFS pointer.*git lfs pull"),
    (b"PK\3\4", palace.DecodeError, "a zip file, not a sound; put it into pyglet.resource.path"),
    (b"key = value\n", palace.DecodeError, "a text file, not a sound"),
    (b"RIFF\1\2", palace.DecodeError, "begins like a RIFF file"),
    (b"\x93\x94\x95", palace.DecodeError, "its format is not recognised"),
])  # fmt: skip
def test_unread_format_is_named(tmp_path: Path, head: bytes, error: type[palace.DecodeError], text: str) -> None:
    path = tmp_path / "my sound.bin"
    text_file = not head.translate(None, bytes(range(32, 127)) + b"\n")
    path.write_bytes(head + (b"" if text_file else bytes(range(256)) * 3))
    with pytest.raises(palace.DecodeError, match=text) as raised:
        palace.Buffer(path)
    assert type(raised.value) is error
    assert "libsndfile" not in str(raised.value)


@pytest.mark.parametrize(("packet", "text"), [(b"\x7fFLAC\1\0", "FLAC in Ogg"), (b"Speex   1.2", "Speex")])
def test_unread_ogg_codec_is_named(tmp_path: Path, packet: bytes, text: str) -> None:
    path = tmp_path / "sound.ogg"
    path.write_bytes(ogg_page(packet + bytes(60), 5, 0, 2) + ogg_page(bytes(100), 5, 1, 4))
    with pytest.raises(palace.UnsupportedFormat, match=f"it is {text}.*ffmpeg -i sound.ogg sound.flac"):
        palace.Buffer(path)


def test_stereo_ima_adpcm_of_libsndfile_is_whole(tmp_path: Path) -> None:
    """libsndfile writes a `fact` chunk that is divided by the number of channels."""
    path = sounds.write(tmp_path / "a.wav", sounds.tone(0.034, channels=2), RATE, "IMA_ADPCM", "WAV")
    assert palace.Buffer(path).length == len(sounds.through_soundfile(path)) > 1500


def test_integers_are_not_taken_for_mp3(tmp_path: Path) -> None:
    """Small 32-bit integers look like frames of MPEG Layer I."""
    path = tmp_path / "mesh.dat"
    path.write_bytes(np.random.default_rng(1).integers(-300, 300, 5000, "<i4").tobytes())
    with pytest.raises(palace.DecodeError, match="its format is not recognised"):
        palace.Buffer(path)


@pytest.mark.parametrize("name", [b"_PMX", b"PAD\0", b"\xa9xyz"])
def test_odd_chunk_behind_empty_data_is_no_sound(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(riff(format_chunk(), chunk(b"data", b""), chunk(name, b"text" * 50)))
    with pytest.raises(palace.DecodeError, match="no samples"):
        palace.Buffer(path)


def test_mp3_may_follow_a_large_tag(tmp_path: Path) -> None:
    """A tag with a picture is larger than the part of a file that is searched."""
    data = encoded("mp3", tmp_path)
    plain, path = tmp_path / "plain.mp3", tmp_path / "sound"
    plain.write_bytes(data)
    size = 2 << 20
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)
    path.write_bytes(tag + bytes(300) + data)
    assert np.array_equal(decoded(path), decoded(plain))
