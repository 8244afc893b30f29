"""Whatever the bytes: audio or a `ResourceError`, in bounded memory, with nothing printed."""

from __future__ import annotations

import io
import logging
import os
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyglet.resource
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyglet_palace as palace
from pyglet_palace._decoding import pcm
from tests import fuzz, sounds
from tests.conftest import loaded
from tests.corpus import make
from tests.sounds import KINDS

pytestmark = pytest.mark.usefixtures("context")

MIB = 1024 * 1024
MAGICS = [
    b"",
    b"RIFF\xff\x00\x00\x00WAVE",
    b"RIFF\xff\x00\x00\x00WAVEfmt \x10\x00\x00\x00",
    b"RIFX\x00\x00\x00\xffWAVE",
    b"RF64\xff\xff\xff\xffWAVEds64",
    b"FORM\x00\x00\x00\xffAIFFCOMM",
    b"FORM\x00\x00\x00\xffAIFC",
    b"fLaC\x00\x00\x00\x22",
    b"OggS\x00\x02",
    b"ID3\x04\x00\x00\x00\x00\x00\x10",
    b"\xff\xfb\x90\x64",
    b".snd\x00\x00\x00\x18",
    b"caff\x00\x01\x00\x00desc",
    b"riff\x2e\x91\xcf\x11",
    b"Creative Voice File\x1a",
    b"PVF1\n",
    b"MATLAB 5.0 MAT-file",
    b"\0\0",
]


# Any bytes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(magic=st.sampled_from(MAGICS), rest=st.binary(max_size=2000))
def test_any_bytes_give_audio_or_an_error(tmp_path: Path, magic: bytes, rest: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(magic + rest)
    fuzz.check(path)


def test_damaged_files_never_crash(tmp_path: Path) -> None:
    assert fuzz.run(1_000_000, 250, tmp_path) == []


@pytest.mark.parametrize("name", KINDS)
def test_short_file_gives_audio_or_an_error(tmp_path: Path, name: str) -> None:
    whole = KINDS[name].write(tmp_path / "whole", sounds.noise(3000)).read_bytes()
    path = tmp_path / "cut"
    outcomes = set()
    for size in [*range(0, min(len(whole), 100), 9), *range(100, len(whole), len(whole) // 12)]:
        path.write_bytes(whole[:size])
        outcomes.add(fuzz.check(path))
    assert "DecodeError DecodeError" in outcomes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\0" * 1000,
        b"not a sound at all\n" * 50,
        bytes(range(256)) * 4,
        sounds.riff(sounds.format_chunk()),
        sounds.riff(sounds.chunk(b"data", bytes(100))),
        sounds.riff(sounds.format_chunk(channels=0), sounds.chunk(b"data", bytes(100))),
        sounds.riff(sounds.format_chunk(rate=0), sounds.chunk(b"data", bytes(100))),
        sounds.riff(sounds.format_chunk(bits=0), sounds.chunk(b"data", bytes(100))),
        sounds.riff(sounds.format_chunk(tag=0x1234), sounds.chunk(b"data", bytes(100))),
        sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", b"")),
        sounds.silent_flac(0),
    ],
)
def test_non_audio_is_named_and_not_printed(
    tmp_path: Path, data: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(palace.DecodeError) as caught:
        palace.Buffer(path)
    assert caught.value.name == str(path)
    assert caught.value.stage == "decode"
    assert "bad.wav" in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_junk_mp3_is_not_called_missing(tmp_path: Path) -> None:
    path = tmp_path / "junk.mp3"
    path.write_bytes(b"\xff\xfb\x90\x64" + bytes(range(256)) * 4)
    with pytest.raises(palace.DecodeError, match="it begins like an MP3 file, but it is damaged"):
        palace.Buffer(path)


@pytest.mark.parametrize("bits", [12, 20])
def test_odd_flac_is_unsupported(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "odd.flac"
    path.write_bytes(sounds.silent_flac(1, bits=bits))
    with pytest.raises(palace.UnsupportedFormat, match=f"FLAC with {bits} bits a sample; 8, 16 and 24 bits are read"):
        palace.Buffer(path)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_handmade_flac_files_are_valid(tmp_path: Path, bits: int) -> None:
    """What is refused elsewhere must not be refused because the test wrote it wrongly."""
    path = tmp_path / "silence.flac"
    path.write_bytes(sounds.silent_flac(200, bits=bits))
    buffer = palace.Buffer(path)
    assert (buffer.length, buffer.channel_config) == (200 * 65535, "Stereo")


# Files that change


@pytest.mark.parametrize("name", ["a.wav", "not-\udcff-utf8.wav"])
@pytest.mark.parametrize(("change", "error"), [("unlink", palace.ResourceNotFound), ("truncate", palace.DecodeError)])
def test_file_lost_before_decoding_fails(
    device: palace.LoopbackDevice, assets: Path, name: str, change: str, error: type
) -> None:
    sounds.wav(assets / "first.wav")
    sounds.wav(assets / "other.wav").rename(assets / name)
    pyglet.resource.reindex()
    go_on = threading.Event()

    def waiting(file: Any) -> palace.BaseDecoder:
        go_on.wait(20)
        raise RuntimeError("not mine")

    palace.decoder_factories.a = waiting
    failed: list[tuple[str, palace.ResourceError]] = []
    with palace.Context(device, auto_update=False, workers=1) as context:
        context.push_handlers(on_cache_failed=lambda name, error: failed.append((name, error)))
        palace.cache(["first.wav", name])
        getattr(os, change)(assets / name, *([20] if change == "truncate" else []))
        go_on.set()
        loaded(context)
        assert context.cached_names == ("first.wav",)

    assert [name for name, _ in failed] == [name]
    assert type(failed[0][1]) is error


def test_undecodable_file_name_works(context: palace.Context, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    sounds.wav(tmp_path / "plain.wav", 100).rename(path)
    palace.cache([path])
    loaded(context)

    assert context.cached_names == (str(path),)
    assert palace.Buffer(path).length == 100
    path.write_bytes(b"")
    palace.free([path])
    with pytest.raises(palace.DecodeError):
        palace.Buffer(path)


def test_shrinking_file_gives_audio_or_error(tmp_path: Path) -> None:
    for name in ("wav-16", "flac-16", "vorbis", "mp3"):
        path = KINDS[name].write(tmp_path / name, sounds.noise(200_000))
        decoder = palace.Decoder(path)
        decoder.read(10)
        os.truncate(path, path.stat().st_size // 2)
        try:
            assert len(decoder.read(200_000)) < 800_000
        except palace.ResourceError:
            pass


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_open_file_survives_a_rename(tmp_path: Path, change: str) -> None:
    path = sounds.wav(tmp_path / "a.wav", 300)

    def changing(file: Any) -> palace.BaseDecoder:
        path.unlink()
        if change == "replaced":
            path.write_bytes(b"no sound")
        raise RuntimeError("not mine")

    palace.decoder_factories.a = changing
    assert palace.decode(path).length == 300


# Memory

#: Loads a sound in a fresh process and says what came of it, and by how many bytes the most it ever held has grown.
_MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
import pyglet.resource
import pyglet_palace as palace
from pyglet_palace._decoding import pcm

def most():
    # A new process inherits the ru_maxrss of its parent; VmHWM of Linux starts at zero.
    for line in Path("/proc/self/status").read_text().splitlines() if sys.platform == "linux" else ():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

pyglet.resource.path = [sys.argv[1]]
pyglet.resource.reindex()
context = palace.Context(palace.LoopbackDevice(), auto_update=False, workers=1, buffer_limit=64 * 1024 * 1024)
palace.Buffer(str(Path(sys.argv[3]).absolute()), context)  # what libraries take for themselves
before = most()
try:
    palace.Buffer(sys.argv[2], context)
    outcome = "audio"
except palace.ResourceError as error:
    outcome = type(error).__name__ + " " + error.stage
print(outcome, most() - before, sep=",")
"""


def open_measured(where: Path, name: str, warm: Path) -> tuple[str, int]:
    command = [sys.executable, "-c", _MEASURE, str(where), name, str(warm)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    outcome, grown = done.stdout.rsplit(",", 1)
    return outcome, int(grown)


def forged_mp3(folder: Path) -> bytes:
    data = KINDS["mp3"].write(folder / "honest", sounds.tone(1.0, channels=2, rate=48000)).read_bytes()
    assert len(data) < 7000
    place = data.index(b"Xing") + 8  # flags, then the count of frames
    return data[:place] + struct.pack(">I", 0x7FFFFFFF) + data[place + 4 :]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("forged.mp3", "audio"),  # a false number of frames does not hide the sound
        ("honest.flac", "BufferTooLarge decode"),
        ("unknown.flac", "BufferTooLarge decode"),
        ("low.flac", "BufferTooLarge decode"),  # it goes on behind the declared number of frames
        ("lying.wav", "audio"),
    ],
)
def test_false_claims_take_no_memory(tmp_path: Path, name: str, outcome: str) -> None:
    if name.endswith(".flac"):
        claimed = {"honest": None, "unknown": 0, "low": 1000}[name.partition(".")[0]]
        data = sounds.silent_flac(6000, claimed=claimed)
        assert len(data) < 250_000
    elif name == "lying.wav":
        header = b"data" + struct.pack("<I", 0x7FFFFFF0)
        data = sounds.riff(sounds.format_chunk(), header + bytes(1000))
    else:
        data = forged_mp3(tmp_path)
    (tmp_path / name).write_bytes(data)

    said, grown = open_measured(tmp_path, name, KINDS["flac-16"].write(tmp_path / "warm", sounds.noise(100)))

    assert said == outcome
    assert grown < 100 * MIB


def test_inflating_zip_entry_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("large.wav", "w") as entry,
    ):
        for _ in range(25):
            entry.write(bytes(10 * MIB))
    assert (tmp_path / "a.zip").stat().st_size < 3 * MIB

    said, grown = open_measured(tmp_path / "a.zip", "large.wav", sounds.wav(tmp_path / "warm.wav"))

    assert said == "BufferTooLarge open"
    assert grown < 20 * MIB


def test_lying_zip_directory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.wav", bytes(MIB))
    size = struct.pack("<I", MIB)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 100)))
    pyglet.resource.path.append(str(path))
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceError):
        palace.Buffer("a.wav")


def test_limit_counts_decoded_bytes(device: palace.LoopbackDevice, tmp_path: Path) -> None:
    fits = sounds.wav(tmp_path / "fits.wav", 1000, 2)
    larger = sounds.wav(tmp_path / "larger.wav", 1001, 2)
    with palace.Context(device, auto_update=False, buffer_limit=4000):
        assert palace.Buffer(fits).length == 1000
        with pytest.raises(
            palace.BufferTooLarge, match=r"4004 bytes .* larger buffer_limit, or read it in parts"
        ) as caught:
            palace.Buffer(larger)
        assert (caught.value.stage, caught.value.name) == ("decode", str(larger))
        assert len(palace.Decoder(larger).read(10_000)) == 4004  # in parts there is no limit


def test_tiny_limit_refuses_everything(device: palace.LoopbackDevice, tmp_path: Path) -> None:
    with (
        palace.Context(device, auto_update=False, buffer_limit=1),
        pytest.raises(palace.BufferTooLarge),
    ):
        palace.Buffer(sounds.wav(tmp_path / "a.wav", 1))


def test_endless_file_stops_at_the_limit(device: palace.LoopbackDevice) -> None:
    """A FileIO that goes on for ever, as a stream from a network might."""
    whole = sounds.silent_flac(100, claimed=0)

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                super().seek(42)
                data = super().read(size)
            return data

    palace.use_fileio(lambda name: Endless(whole))
    with (
        palace.Context(device, auto_update=False, buffer_limit=4 * MIB),
        pytest.raises(palace.BufferTooLarge),
    ):
        palace.Buffer("stream")


# The corpus: what is nasty by construction, and what has failed once

CORPUS = sorted(
    path for path in (Path(__file__).parents[1] / "corpus").iterdir() if path.suffix != ".py" and path.is_file()
)


#: Of these, what is streamed is not what is kept in memory; see the end.
STREAMED_OTHERWISE = ["opus-twice.ogg", "opus-no-way-back.ogg", "mp3-no-way-back.mp3"]


#: Files whose headers declare too little, which libsndfile believes.
DECLARE_LESS = {"claims-less.flac"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_read_by_name_are_read(path: Path) -> None:
    """Sounds that libsndfile reads when it opens them by their names, some by the suffix, give the same samples."""
    try:
        by_name, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=1_000_000)
    except soundfile.SoundFileError:
        return
    if not len(by_name) or not pcm.LOWEST_RATE <= rate <= pcm.HIGHEST_RATE:
        return
    decoder = palace.Decoder(path)
    dtype = palace.formats.DTYPES[decoder.sample_type]
    samples = np.frombuffer(decoder.read(1_000_000), dtype).reshape(-1, by_name.shape[1]).astype(float)
    if decoder.sample_type != "32-bit float":
        samples = (samples - 128) / 128 if dtype == "uint8" else samples / 32768
    assert len(samples) == len(by_name) or path.name in DECLARE_LESS
    if path.name == "opus-no-way-back.ogg":  # soundfile.read seeks to the start, where this file cannot go
        return
    expected = np.clip(np.nan_to_num(by_name, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    assert np.abs(np.clip(samples[: len(expected)], -1, 1) - expected).max() < 2 / 32768


@pytest.mark.parametrize(
    "path", [path for path in CORPUS if path.name not in STREAMED_OTHERWISE], ids=lambda path: path.name
)
def test_corpus_gives_audio_or_an_error(path: Path, tmp_path: Path) -> None:
    assert path.stat().st_size < 4096
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    outcome = fuzz.check(copy)
    assert fuzz.check_in_zip(copy) in outcome.split()
    palace.preload([copy]).wait()


def test_corpus_matches_its_script() -> None:
    assert {path.name for path in CORPUS} >= make.everything().keys()


@pytest.mark.parametrize("name", STREAMED_OTHERWISE)
def test_damaged_stream_equals_its_buffer(name: str, tmp_path: Path) -> None:
    """Found by the fuzz: libsndfile cannot go back to their start, or fails where more is asked for at a time."""
    copy = tmp_path / name
    copy.write_bytes(next(path for path in CORPUS if path.name == name).read_bytes())
    fuzz.check(copy)


def test_chained_opus_reads_in_any_blocks(tmp_path: Path) -> None:
    path = next(path for path in CORPUS if path.name == "opus-twice.ogg")
    length = palace.Buffer(path).length
    for count in (length, 500, 12_000):
        decoder = palace.Decoder(path)
        data = b""
        while more := decoder.read(count):
            data += more
        assert len(data) == 2 * length
