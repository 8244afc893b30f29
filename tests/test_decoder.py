"""Decoder, decode and custom decoders: the samples of each kind of file."""

from __future__ import annotations

import gc
import io
import logging
import random
import struct
import sys
import threading
import wave
import weakref
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest
import soundfile

import pyglet_palace as palace
from pyglet_palace._decoding import files, sndfile
from tests import sounds
from tests.sounds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("context")

#: 100 frames of two channels with the edge values of 16 bits.
EXTREMES = np.resize(np.array([0, 1, -1, 2, -2, 255, -256, 12345, -12345, 32767, -32768], np.int16), (100, 2))

all_kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@all_kinds
def test_container_and_codec_are_of_the_file(kind: Kind, tmp_path: Path) -> None:
    decoder = palace.Decoder(kind.write(tmp_path / "sound", sounds.tone(0.1)).rename(tmp_path / "renamed.bin"))
    assert decoder.container == kind.format
    assert decoder.codec == ("FLAC" if kind.format == "FLAC" else kind.subtype)


def read_all(decoder: palace.BaseDecoder) -> Any:
    """All samples that are left, of shape (frames, channels)."""
    dtype = palace.formats.DTYPES[decoder.sample_type]
    channels = palace.formats.CHANNELS[decoder.channel_config]
    return np.frombuffer(decoder.read(10**7), dtype).reshape(-1, channels)


def zipped(path: Path) -> palace.BaseDecoder:
    """A decoder of the file, read from a zip."""
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, path.name)
    pyglet.resource.path.append(str(archive))
    pyglet.resource.reindex()
    return palace.Decoder(path.name)


def through_fileio(path: Path) -> palace.BaseDecoder:
    """A decoder of the file, read through a FileIO in small pieces."""
    palace.use_fileio(lambda name: open(name, "rb"), buffer_size=777)  # noqa: SIM115
    decoder = palace.Decoder(path)
    palace.use_fileio(None)
    return decoder


# Properties of a file


@all_kinds
@pytest.mark.parametrize("channels", [1, 2])
def test_file_kind_sets_the_sample_type(tmp_path: Path, kind: Kind, channels: int) -> None:
    path = kind.write(tmp_path / "sound", sounds.noise(4082, channels), 24000)  # ADPCM has blocks of 2041 frames

    decoder = palace.Decoder(path)

    assert decoder.sample_type == kind.sample_type
    assert decoder.frequency == 24000
    assert decoder.channel_config == ("Mono", "Stereo")[channels - 1]
    assert decoder.length == 4082
    assert decoder.length_seconds == decoder.length / 24000
    assert decoder.loop_points == (0, 0)
    assert len(read_all(decoder)) == decoder.length


def test_buffer_matches_its_decoder(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        path = kind.write(tmp_path / name, sounds.noise(4800), 48000)
        decoder, buffer = palace.Decoder(path), palace.Buffer(path)
        assert (buffer.frequency, buffer.channel_config) == (decoder.frequency, decoder.channel_config)
        assert (buffer.sample_type, buffer.length) == (decoder.sample_type, decoder.length)
        assert buffer.size == palace.sample_size(buffer.length, buffer.channel_config, buffer.sample_type)


def test_loop_points_come_from_the_file(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "loop.wav", 1000)
    sounds.add_chunk(path, sounds.smpl_chunk((0, 100, 899)))
    assert palace.Decoder(path).loop_points == (100, 900)
    assert palace.Buffer(path).loop_points == (100, 900)

    for name in ("vorbis", "opus", "flac-16"):
        path = KINDS[name].write(tmp_path / name, sounds.noise(4800))
        sounds.comment(path, LOOPSTART="1000")
        assert palace.Decoder(path).loop_points == (1000, 4800)
        assert palace.Buffer(path).loop_points == (1000, 4800)


@pytest.mark.parametrize(
    ("loop", "points"),
    [((500, 4000), (500, 1000)), ((1000, 2000), (0, 1000)), ((900, 100), (0, 1000)), ((0, 999), (0, 1000))],
)
def test_loop_points_are_clipped_or_dropped(tmp_path: Path, loop: tuple[int, int], points: tuple[int, int]) -> None:
    path = sounds.wav(tmp_path / "loop.wav", 1000)
    sounds.add_chunk(path, sounds.smpl_chunk((0, *loop)))
    assert palace.Buffer(path).loop_points == points


# Samples, bit for bit


def test_8_bit_wav_is_not_converted(tmp_path: Path) -> None:
    written = np.arange(256, dtype=np.uint8)
    with wave.open(str(tmp_path / "8.wav"), "wb") as file:
        file.setparams((1, 1, 44100, 0, "NONE", ""))
        file.writeframes(written.tobytes())

    assert palace.Decoder(tmp_path / "8.wav").read(1000) == written.tobytes()


@pytest.mark.parametrize("name", ["wav-16", "aiff-16", "flac-16"])
def test_16_bit_samples_are_exact(tmp_path: Path, name: str) -> None:
    path = KINDS[name].write(tmp_path / "sound", EXTREMES)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), EXTREMES)


@pytest.mark.parametrize("name", ["wav-24", "aiff-24", "flac-24"])
def test_24_bit_samples_are_exact_floats(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 1], [-1, 2**23 - 1], [-(2**23), 1234567], [-7654321, 3]], np.int32)
    path = KINDS[name].write(tmp_path / "sound", values << 8)

    got = read_all(palace.Decoder(path))

    assert got.dtype == np.float32
    np.testing.assert_array_equal(got * 2.0**23, values)


def test_32_bit_samples_round_to_floats(tmp_path: Path) -> None:
    values = np.array([[0, 1], [-1, 2**31 - 1], [-(2**31), 123456789], [-7654321, 3]], np.int32)
    path = KINDS["wav-32"].write(tmp_path / "sound", values)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), (values / 2.0**31).astype(np.float32))


@pytest.mark.parametrize(("name", "dtype"), [("wav-float", np.float32), ("wav-double", np.float64)])
def test_float_samples_are_exact(tmp_path: Path, name: str, dtype: Any) -> None:
    """Also above full scale."""
    values = np.array([[0.0, 1e-30], [0.1, -0.1], [1.0, -1.0], [1.5, -3.25]], dtype)
    path = KINDS[name].write(tmp_path / "sound", values)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), values.astype(np.float32))


def test_mu_law_follows_g_711(tmp_path: Path) -> None:
    codes = bytes(range(256))
    header = sounds.format_chunk(tag=7, bits=8)
    (tmp_path / "mulaw.wav").write_bytes(sounds.riff(header, sounds.chunk(b"data", codes)))

    inverted = [~code & 0xFF for code in codes]
    magnitudes = [(((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84 for code in inverted]
    expected = [-size if code & 0x80 else size for code, size in zip(inverted, magnitudes, strict=True)]

    np.testing.assert_array_equal(read_all(palace.Decoder(tmp_path / "mulaw.wav"))[:, 0], expected)


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3"])
def test_lossy_samples_are_close(tmp_path: Path, name: str) -> None:
    written = sounds.tone(0.5, gain=0.5, rate=48000)
    path = KINDS[name].write(tmp_path / "sound", written)

    got = read_all(palace.Decoder(path)) / 32767

    assert np.abs(got - written)[2000:-2000].max() < 0.03


# Reading in blocks


@all_kinds
def test_block_size_changes_no_sample(tmp_path: Path, assets: Path, kind: Kind) -> None:
    """From a file, from a zip and through a FileIO."""
    path = kind.write(tmp_path / "sound", sounds.noise(30000))
    whole = palace.Decoder(path).read(10**6)
    frame = palace.sample_size(1, "Stereo", kind.sample_type)
    chosen = random.Random(kind.suffix + kind.subtype)
    sizes = [[100] * 301, [1152] * 27, [9999] * 4, [chosen.choice([0, 1, 7, 500, 4096]) for _ in range(40)]]
    for opened in (palace.Decoder, zipped, through_fileio):
        for counts in sizes:
            decoder = opened(path)
            blocks = [decoder.read(count) for count in counts]
            assert {len(block) % frame for block in blocks} == {0}
            assert b"".join(blocks) + decoder.read(10**6) == whole
            assert decoder.read(100) == b""


@all_kinds
def test_seek_is_exact(tmp_path: Path, kind: Kind) -> None:
    loud_and_soft = sounds.noise(60000) * np.repeat(np.random.default_rng(2).random(60), 1000)[:, None]
    for written in (loud_and_soft, sounds.tone(1.25, channels=2, rate=48000)):  # the latter: a variable bit rate
        path = kind.write(tmp_path / "sound", written)
        whole = read_all(palace.Decoder(path))
        decoder = palace.Decoder(path)
        chosen = random.Random(kind.suffix + kind.subtype)
        for place in [1000, 20000, *(chosen.randrange(len(whole)) for _ in range(15)), len(whole) - 10, 0]:
            assert decoder.seek(place)
            count = chosen.choice([1, 500, 5000])
            np.testing.assert_array_equal(
                np.frombuffer(decoder.read(count), whole.dtype).reshape(-1, 2), whole[place : place + count]
            )


@all_kinds
def test_seek_range_ends_at_the_length(tmp_path: Path, kind: Kind) -> None:
    """A seek past the end fails. After a seek to the end, `read` returns no data."""
    decoder = palace.Decoder(kind.write(tmp_path / "sound", sounds.noise(5000)))

    assert not decoder.seek(decoder.length + 1)
    assert not decoder.seek(10**15)
    assert decoder.seek(decoder.length)
    assert decoder.read(10) == b""
    assert decoder.seek(0)
    assert len(decoder.read(10)) == palace.sample_size(10, "Stereo", kind.sample_type)


def test_negative_frames_are_refused(tmp_path: Path) -> None:
    decoder = palace.Decoder(sounds.wav(tmp_path / "a.wav"))
    with pytest.raises(ValueError, match="frame is -1"):
        decoder.seek(-1)
    with pytest.raises(ValueError, match="count is -1"):
        decoder.read(-1)


def test_dropped_decoder_closes_its_file(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav")
    closed = []

    class Watched(io.FileIO):
        def close(self) -> None:
            closed.append(True)
            super().close()

    decoder: object = palace.Decoder(path)
    del decoder  # a ResourceWarning would be an error here
    cycle: list[object] = [palace.Decoder(path)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    palace.use_fileio(lambda name: Watched(name))
    decoder = palace.Decoder(path)
    assert not closed
    del decoder
    assert closed


# Layouts


@pytest.mark.parametrize("channels", sounds.MEANINGS)
@pytest.mark.parametrize("name", ["wav-16", "wav-float", "flac-16", "flac-24", "vorbis", "opus"])
def test_channels_are_in_openal_order(tmp_path: Path, name: str, channels: int) -> None:
    order = (sounds.VORBIS_MEANINGS if name in ("vorbis", "opus") else sounds.MEANINGS)[channels]
    path = KINDS[name].write(tmp_path / "sound", sounds.by_meaning(order, 24000))

    decoder = palace.Decoder(path)

    assert decoder.channel_config == palace.formats.CONFIG_OF_CHANNELS[channels]
    assert sounds.heard_meanings(read_all(decoder)[4000:20000]) == sounds.MEANINGS[channels]


@pytest.mark.parametrize("channels", sounds.MEANINGS)
@pytest.mark.parametrize("name", ["wav-16", "flac-16", "vorbis", "opus"])
def test_channels_reach_their_speakers(tmp_path: Path, name: str, channels: int) -> None:
    order = (sounds.VORBIS_MEANINGS if name in ("vorbis", "opus") else sounds.MEANINGS)[channels]
    path = KINDS[name].write(tmp_path / "sound", sounds.by_meaning(order, 24000))
    layout = palace.formats.CONFIG_OF_CHANNELS[channels]

    device = palace.LoopbackDevice(48000, layout)
    with palace.Context(device, {palace.HRTF: palace.FALSE}, auto_update=False):
        source = palace.Source()
        source.direct_channels = True
        palace.Buffer(path).play(source)
        out = device.render(20000)

    assert sounds.heard_meanings(out[4000:]) == sounds.MEANINGS[channels]


@pytest.mark.parametrize(
    ("name", "channels"), [("vorbis", 3), ("vorbis", 5), ("wav-16", 3), ("wav-16", 5), ("wav-16", 9), ("wav-16", 32)]
)
def test_unknown_layout_is_unsupported(tmp_path: Path, name: str, channels: int) -> None:
    path = KINDS[name].write(tmp_path / "sound", sounds.noise(500, channels))
    with pytest.raises(palace.UnsupportedFormat, match=f"no layout for {channels} channels") as caught:
        palace.Buffer(path)
    assert caught.value.stage == "decode"


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2_000_000_000])
def test_extreme_rate_is_unsupported(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(sounds.riff(sounds.format_chunk(rate=rate), sounds.chunk(b"data", bytes(200))))
    with pytest.raises(palace.UnsupportedFormat, match=f"a rate of {rate} Hz"):
        palace.Buffer(path)


@pytest.mark.parametrize("rate", [1000, 768_000])
def test_lowest_and_highest_rate_load(tmp_path: Path, rate: int) -> None:
    assert palace.Buffer(sounds.wav(tmp_path / "a.wav", rate=rate)).frequency == rate


# Out of range


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3"])
def test_lossy_peaks_are_clipped(tmp_path: Path, name: str) -> None:
    square = np.sign(sounds.tone(1.0, 441.0, rate=48000)).astype(np.float32)
    path = KINDS[name].write(tmp_path / "loud", square)
    peaks = sounds.through_soundfile(path)
    assert np.abs(peaks).max() > 1.0, "the file does not overshoot, so this test would test nothing"
    expected = np.clip(np.rint(peaks * np.float32(32767)), -32768, 32767).astype(np.int16)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), expected)


def test_non_finite_samples_are_repaired(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """NaN becomes 0, infinity becomes full scale, and a warning is logged."""
    values = np.array([[0.5], [np.nan], [np.inf], [-np.inf], [-0.5]], np.float32)
    for name in ("wav-float", "wav-double"):
        path = KINDS[name].write(tmp_path / name, values)
        np.testing.assert_array_equal(read_all(palace.Decoder(path))[:, 0], [0.5, 0, 1, -1, -0.5])
        caplog.clear()
        palace.Buffer(path)
        assert [(record.name, record.levelno) for record in caplog.records] == [("pyglet_palace", logging.WARNING)]
        assert "3 samples were not finite" in caplog.text
        assert path.name in caplog.text


def test_huge_doubles_become_full_scale(tmp_path: Path) -> None:
    path = KINDS["wav-double"].write(tmp_path / "a", np.array([[1e300], [-1e300]]))
    np.testing.assert_array_equal(read_all(palace.Decoder(path))[:, 0], [1, -1])


# Custom decoders


class Ramp(palace.BaseDecoder):
    """16-bit mono samples 0, 1, 2 ..."""

    frequency = 8000
    channel_config = "Mono"
    sample_type = "Signed 16-bit"
    length = 100
    loop_points = (0, 0)

    def __init__(self, total: int = 100) -> None:
        self.total = total
        self.place = 0
        self.threads: set[threading.Thread] = set()

    def seek(self, frame: int) -> bool:
        self.place = frame
        return True

    def read(self, count: int) -> bytes:
        self.threads.add(threading.current_thread())
        values = np.arange(self.place, min(self.place + count, self.total), dtype=np.int16)
        self.place += len(values)
        return values.tobytes()


class Minimal(palace.BaseDecoder):
    """A decoder without length and loop points, whose other attributes its constructor sets."""

    def __init__(self, *missing: str) -> None:
        attributes = {"frequency": 8000, "channel_config": "Mono", "sample_type": "Signed 16-bit"}
        vars(self).update({name: value for name, value in attributes.items() if name not in missing})
        self._parts = iter([bytes(20), b""])

    def seek(self, frame: int, /) -> bool:
        return False

    def read(self, count: int, /) -> bytes:
        return next(self._parts)


def factory(takes: bool, called: list[str], name: str) -> Callable[[Any], palace.BaseDecoder]:
    def make(file: Any) -> palace.BaseDecoder:
        assert file.tell() == 0
        assert file.seekable()
        called.append(name)
        file.read(7)
        if not takes:
            raise RuntimeError("not mine")
        return Ramp()

    return make


def test_length_and_loop_points_are_optional() -> None:
    buffer = palace.Buffer.from_decoder(Minimal(), "minimal")
    assert (buffer.length, buffer.loop_points) == (10, (0, 10))


@pytest.mark.parametrize("play", [False, True])
def test_missing_attributes_are_named(play: bool) -> None:
    decoder = Minimal("frequency", "sample_type")

    with pytest.raises(palace.DecodeError, match="has no frequency and no sample_type"):
        _ = decoder.play() if play else palace.Buffer.from_decoder(decoder, "minimal")


def test_factories_run_in_name_order(tmp_path: Path) -> None:
    """The first factory that accepts the file decodes it."""
    path = sounds.wav(tmp_path / "a.wav")
    called: list[str] = []
    palace.decoder_factories.c = factory(True, called, "c")
    palace.decoder_factories.b = factory(True, called, "b")
    palace.decoder_factories.a = factory(False, called, "a")

    assert isinstance(palace.decode(path), Ramp)
    assert called == ["a", "b"]
    assert palace.Buffer(path).frequency == 8000
    assert not isinstance(palace.Decoder(path), Ramp)


def test_built_in_decoder_is_the_fallback(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav", 100)
    called: list[str] = []
    palace.decoder_factories.a = factory(False, called, "a")

    decoder = palace.decode(path)

    assert isinstance(decoder, palace.Decoder)
    np.testing.assert_array_equal(read_all(decoder), sounds.ramp(100))
    np.testing.assert_array_equal(read_all(through_fileio(path)), sounds.ramp(100))


@pytest.mark.parametrize("load", [palace.decode, palace.Buffer])
def test_factory_error_is_a_decode_error(tmp_path: Path, load: Any) -> None:
    path = sounds.wav(tmp_path / "a.wav")
    error = ValueError("a bug")

    def broken(file: Any) -> palace.BaseDecoder:
        raise error

    palace.decoder_factories.a = broken
    with pytest.raises(palace.DecodeError, match="ValueError: a bug") as caught:
        load(path)
    assert caught.value.__cause__ is error
    assert caught.value.name == str(path)


@pytest.mark.parametrize("load", [palace.decode, palace.Buffer])
def test_factory_must_return_a_decoder(tmp_path: Path, load: Any) -> None:
    palace.decoder_factories.a = lambda file: None
    with pytest.raises(palace.DecodeError, match="returned None; it must return a decoder, or raise RuntimeError"):
        load(sounds.wav(tmp_path / "a.wav"))


def test_rewind_error_is_unreadable() -> None:
    """A file that fails before the next factory reads it is unreadable."""

    class Once(io.BytesIO):
        seeks = 0

        def seek(self, offset: int, whence: int = 0) -> int:
            self.seeks += 1
            if self.seeks > 3:
                raise OSError("the network is gone")
            return super().seek(offset, whence)

    palace.use_fileio(lambda name: Once(bytes(10**6)), buffer_size=16)

    def reading(file: Any) -> palace.BaseDecoder:
        file.read(1000)
        file.seek(500_000)
        raise RuntimeError("not mine")

    palace.decoder_factories.a = palace.decoder_factories.b = reading
    with pytest.raises(palace.ResourceUnreadable, match="the network is gone"):
        palace.decode("a.wav")


def test_custom_decoder_fills_a_buffer(context: palace.Context, tmp_path: Path) -> None:
    path = tmp_path / "a.ramp"
    path.write_bytes(b"RAMP")
    made: list[Ramp] = []

    def take(file: Any) -> palace.BaseDecoder:
        if file.read(4) != b"RAMP":
            raise RuntimeError("not mine")
        made.append(Ramp())
        return made[0]

    palace.decoder_factories.ramp = take
    palace.cache([path])
    buffer = palace.Buffer(path)

    assert (buffer.length, buffer.frequency, buffer.sample_type) == (100, 8000, "Signed 16-bit")
    assert made[0].threads <= {threading.current_thread(), *threading.enumerate()}


@pytest.mark.parametrize(
    ("claimed", "length"), [(0, 9900), (-5, 9900), (1, 1), (99, 99), (5000, 5000), (9901, 9900), (2**20, 9900)]
)
def test_decoder_is_read_to_its_length(claimed: int, length: int) -> None:
    """It is read to its end, if that comes first or the length is not positive."""
    decoder = Ramp(10_000)
    decoder.length = claimed  # type: ignore[misc]
    decoder.read(100)

    heard: list[bytes] = []

    class Listening(palace.MessageHandler):
        def buffer_loading(self, name: str, config: str, kind: str, rate: int, data: memoryview) -> None:
            heard.append(bytes(data))

    context = palace.current_context()
    assert context is not None
    context.message_handler = Listening()
    palace.decoder_factories.a = lambda file: decoder
    palace.use_fileio(lambda name: io.BytesIO(b"x"))

    assert palace.Buffer("ramp").length == length
    np.testing.assert_array_equal(np.frombuffer(heard[0], np.int16), np.arange(100, 100 + length))


def test_from_decoder_starts_at_its_position(tmp_path: Path) -> None:
    decoder = palace.Decoder(sounds.wav(tmp_path / "a.wav", 1000))
    decoder.seek(400)
    assert palace.Buffer.from_decoder(decoder, "rest").length == 600

    ramp = Ramp()
    ramp.seek(30)
    assert palace.Buffer.from_decoder(ramp, "ramp").length == 70

    with pytest.raises(palace.DecodeError, match="no samples"):
        palace.Buffer.from_decoder(ramp, "nothing left")


@pytest.mark.parametrize(
    ("attribute", "value", "error"),
    [
        ("read", lambda count: b"\0" * 3, palace.DecodeError),
        ("read", lambda count: b"\0" * 2 * (count + 1), palace.DecodeError),
        ("read", lambda count: "text", palace.DecodeError),
        ("read", lambda count: None, palace.DecodeError),
        ("read", lambda count: 1 // 0, palace.DecodeError),
        ("read", lambda count: b"", palace.DecodeError),
        ("frequency", "fast", palace.DecodeError),
        ("frequency", 10, palace.UnsupportedFormat),
        ("frequency", float("nan"), palace.DecodeError),
        ("frequency", 44100.0, palace.DecodeError),
        ("length", 100.0, palace.DecodeError),
        ("loop_points", (0.0, 10.0), palace.DecodeError),
        ("loop_points", 5, palace.DecodeError),
        ("channel_config", "Octagon", palace.UnsupportedFormat),
        ("channel_config", None, palace.UnsupportedFormat),
        ("sample_type", "Signed 24-bit", palace.UnsupportedFormat),
        ("length", None, palace.DecodeError),
        ("length", 2**70, palace.BufferTooLarge),
        ("loop_points", None, palace.DecodeError),
        ("loop_points", (1, 2, 3), palace.DecodeError),
        ("loop_points", ("a", "b"), palace.DecodeError),
    ],
)
def test_wrong_decoder_is_a_named_error(attribute: str, value: Any, error: type) -> None:
    """In `Buffer.from_decoder` and through a factory."""

    def wrong(file: Any = None) -> Ramp:
        made = type("Wrong", (Ramp,), {})()
        setattr(made, attribute, value)
        return made

    with pytest.raises(error) as caught:
        palace.Buffer.from_decoder(wrong(), "wrong")
    assert caught.value.name == "wrong"

    palace.decoder_factories.wrong = wrong
    palace.use_fileio(lambda name: io.BytesIO(b"x"))
    with pytest.raises(error) as caught:
        palace.Buffer("wrong")
    assert caught.value.name == "wrong"
    assert caught.value.stage == "decode"


def test_custom_decoder_floats_are_repaired(caplog: pytest.LogCaptureFixture) -> None:
    class Floats(Ramp):
        sample_type = "32-bit float"
        length = 0
        left = struct.pack("<4f", 0.5, float("nan"), float("inf"), -0.5)

        def read(self, count: int) -> bytes:
            data, self.left = self.left, b""
            return data

    device = palace.current_context().device  # type: ignore[union-attr]
    palace.Buffer.from_decoder(Floats(), "floats").play()

    assert np.isfinite(device.render(100)).all()  # type: ignore[attr-defined]
    assert "2 samples were not finite" in caplog.text


def test_endless_decoder_stops_at_the_limit(device: palace.LoopbackDevice) -> None:
    class Endless(Ramp):
        length = 0

        def read(self, count: int) -> bytes:
            return bytes(2 * count)

    with (
        palace.Context(device, auto_update=False, buffer_limit=10_000_000),
        pytest.raises(palace.BufferTooLarge, match="over the limit of 10000000 bytes"),
    ):
        palace.Buffer.from_decoder(Endless(), "endless")


# Custom files during decoding


class Failing(io.BytesIO):
    """A file that fails from the `good`-th read on."""

    def __init__(self, data: bytes, good: int, error: BaseException) -> None:
        super().__init__(data)
        self.good, self.error = good, error

    def read(self, size: int | None = -1) -> bytes:
        self.good -= 1
        if self.good < 0:
            raise self.error
        return super().read(size)


@all_kinds
def test_read_error_is_the_cause(tmp_path: Path, kind: Kind) -> None:
    """A `ResourceUnreadable` has the file's error as its cause."""
    data = kind.write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    error = OSError("the network is gone")
    reads, causes = 0, list[BaseException | None]()
    while True:  # one read later each time, until none fails
        file = Failing(data, reads, error)
        palace.use_fileio(lambda name, file=file: file, buffer_size=2000)  # type: ignore[misc]
        try:
            palace.Buffer(f"{reads}")
        except palace.ResourceUnreadable as caught:
            causes.append(caught.__cause__)
        else:
            break
        reads += 1
    assert len(causes) > 2
    assert set(causes) == {error}


@pytest.mark.parametrize("load", [palace.Buffer, lambda name: palace.Decoder(name).read(60000)])
def test_interrupt_in_read_propagates(tmp_path: Path, load: Any) -> None:
    data = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    for reads in (0, 1):
        palace.use_fileio(lambda name, reads=reads: Failing(data, reads, KeyboardInterrupt()), 2000)  # type: ignore[misc]
        with pytest.raises(KeyboardInterrupt):
            load("sound")


def test_seek_error_is_unreadable(tmp_path: Path) -> None:
    """A failed seek is not taken for the end of the file."""
    data = KINDS["wav-16"].write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    file = Failing(data, 10**9, OSError("the network is gone"))
    palace.use_fileio(lambda name: file, 2000)
    decoder = palace.Decoder("sound")
    file.good = 0

    def go_on() -> bytes:
        return decoder.seek(50000) and decoder.read(1)

    with pytest.raises(palace.ResourceUnreadable, match="the network is gone"):
        go_on()


def test_overlong_custom_read_is_explained() -> None:
    class Overlong(Ramp):
        def read(self, count: int) -> bytes:
            return bytes(2 * (count + 1))

    with pytest.raises(palace.DecodeError, match=r"returned 202 bytes; it must return at most 100 frames of 2 bytes"):
        palace.Buffer.from_decoder(Overlong(), "overlong")


def test_overlong_read_is_a_decode_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_place", lambda: None)
    data = KINDS["wav-16"].write(tmp_path / "sound", sounds.noise(60000)).read_bytes()

    class Greedy(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(-1)

    class Anywhere(pyglet.resource.Location):
        def open(self, name: str, mode: str = "rb") -> Any:
            return Greedy(data)

    loader = pyglet.resource.Loader()
    loader._index = {"sound": Anywhere()}
    with (
        palace.Context(palace.LoopbackDevice(), auto_update=False, loader=loader),
        pytest.raises(palace.DecodeError),  # instead of a crash: soundfile copies all bytes that it gets
    ):
        palace.Decoder("sound")


def test_blocked_open_blocks_no_other(context: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """soundfile opens under one lock per process, and libsndfile reads the header under it."""
    entered, released = threading.Event(), threading.Event()
    data = KINDS["wav-16"].write(tmp_path / "sound", sounds.noise(1000)).read_bytes()

    class Blocking(io.BytesIO):
        reads_of_start = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads_of_start += self.tell() == 0
            if self.reads_of_start == 2:  # the first read identifies the file
                entered.set()
                assert released.wait(60)
            return super().read(size)

    monkeypatch.setattr(files, "_place", lambda: None)
    opened = files.OpenFile(Blocking(data), len(data))  # type: ignore[arg-type]
    blocked = threading.Thread(target=sndfile.SndfileReader, args=("blocked", opened, True))
    blocked.start()
    assert entered.wait(30)
    assert palace.Buffer(sounds.wav(tmp_path / "other.wav", 100)).length == 100
    released.set()
    blocked.join()


# Error messages


@all_kinds
def test_empty_sound_is_a_decode_error(tmp_path: Path, kind: Kind) -> None:
    path = kind.write(tmp_path / "empty", sounds.noise(0))
    with pytest.raises(palace.DecodeError) as caught:
        palace.Buffer(path)
    assert caught.value.name == str(path)
    assert path.name in str(caught.value)


def test_decoder_needs_a_context() -> None:
    palace.use_context(None)
    for make in (palace.Decoder, palace.decode):
        with pytest.raises(RuntimeError, match="no context"):
            make("a.wav")
    with pytest.raises(RuntimeError, match="no context"):
        palace.Buffer.from_decoder(Ramp(), "ramp")


def test_soundfile_blocks_differ(tmp_path: Path) -> None:
    """The reason for `_Sequential`. If this test fails, remove that class."""
    path = KINDS["opus"].write(tmp_path / "sound", sounds.noise(30000))
    whole, _ = soundfile.read(path, dtype="float32")
    with soundfile.SoundFile(path) as file:
        blocks = np.concatenate([file.read(100, dtype="float32") for _ in range(300)])
    assert not np.array_equal(whole[: len(blocks)], blocks)


def test_decoder_subclass_may_override_read(context: palace.Context, tmp_path: Path) -> None:
    """Other loads of the file still read it with the built-in decoder."""

    class Mute(palace.Decoder):
        def read(self, count: int) -> bytes:
            return bytes(len(super().read(count)))

    path = sounds.wav(tmp_path / "a.wav", 1000)
    decoder = Mute(path)
    assert hasattr(decoder, "_reader")
    buffer = palace.Buffer.from_decoder(decoder, "mute")
    assert buffer.length == 1000
    loading: list[bytes] = []

    class Handler(palace.MessageHandler):
        pass

    handler = Handler()
    handler.buffer_loading = lambda *what: loading.append(bytes(what[4]))  # type: ignore[method-assign]
    context.message_handler = handler
    palace.Buffer(path)
    assert loading == [sounds.ramp(1000).tobytes()]


def test_empty_file_is_reported(context: palace.Context, tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(palace.DecodeError, match="the file is empty"):
        palace.Buffer(path)


def test_text_file_is_reported(context: palace.Context) -> None:
    palace.use_fileio(lambda name: io.StringIO("text"))  # type: ignore[arg-type, return-value]
    with pytest.raises(palace.ResourceUnreadable, match="must return bytes"):
        palace.Buffer("a.wav")


def test_factories_iterate_in_name_order() -> None:
    palace.decoder_factories.b = first = factory(True, [], "b")
    palace.decoder_factories.a = second = factory(True, [], "a")
    assert list(palace.decoder_factories) == [second, first]
    assert "a=" in repr(palace.decoder_factories)


def test_registered_class_is_not_a_decoder() -> None:
    """``BaseDecoder.register`` gives a class no methods of a decoder."""

    class Registered:
        frequency, channel_config, sample_type, length, loop_points = 44100, "Mono", "Signed 16-bit", 10, (0, 0)

        def read(self, count: int) -> bytes:
            return bytes(2 * count)

    palace.BaseDecoder.register(Registered)
    with pytest.raises(TypeError, match="its class must inherit from BaseDecoder"):
        palace.Source().play(Registered())
    assert palace.Buffer.from_decoder(Registered(), "registered").length == 10


@pytest.mark.parametrize("way", ["file", "fileio"])
def test_dropped_decoder_closes_in_c(tmp_path: Path, way: str) -> None:
    """Python ignores exceptions in a ``__del__``, so that a Ctrl-C in one of our own would be lost."""
    path = sounds.wav(tmp_path / "a.wav")
    if way == "fileio":
        palace.use_fileio(lambda name: path.open("rb"))
    decoder = palace.Decoder(path)
    sound = weakref.ref(decoder._reader._sound)
    called: list[str] = []
    sys.setprofile(lambda frame, event, argument: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        del decoder
    finally:
        sys.setprofile(None)
    assert sound() is None
    assert "__del__" not in called
