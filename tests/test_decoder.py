"""Decoder, decode, decoders of the game's own: what kind of file becomes which samples."""

from __future__ import annotations

import gc
import io
import logging
import random
import struct
import threading
import wave
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

#: 100 frames of two channels with every value that matters at 16 bits.
EXTREMES = np.resize(np.array([0, 1, -1, 2, -2, 255, -256, 12345, -12345, 32767, -32768], np.int16), (100, 2))

all_kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


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


# What a file says


@all_kinds
@pytest.mark.parametrize("channels", [1, 2])
def test_a_kind_of_file_has_its_sample_type(tmp_path: Path, kind: Kind, channels: int) -> None:
    path = kind.write(tmp_path / "sound", sounds.noise(4082, channels), 24000)  # ADPCM has blocks of 2041 frames

    decoder = palace.Decoder(path)

    assert decoder.sample_type == kind.sample_type
    assert decoder.frequency == 24000
    assert decoder.channel_config == ("Mono", "Stereo")[channels - 1]
    assert decoder.length == 4082
    assert decoder.length_seconds == decoder.length / 24000
    assert decoder.loop_points == (0, 0)
    assert len(read_all(decoder)) == decoder.length


def test_a_buffer_says_what_its_decoder_said(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        path = kind.write(tmp_path / name, sounds.noise(4800), 48000)
        decoder, buffer = palace.Decoder(path), palace.Buffer(path)
        assert (buffer.frequency, buffer.channel_config) == (decoder.frequency, decoder.channel_config)
        assert (buffer.sample_type, buffer.length) == (decoder.sample_type, decoder.length)
        assert buffer.size == palace.sample_size(buffer.length, buffer.channel_config, buffer.sample_type)


def test_loop_points_of_a_file_are_the_decoders_and_the_buffers(tmp_path: Path) -> None:
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
def test_loop_points_outside_of_the_sound_are_moved_into_it_or_dropped(
    tmp_path: Path, loop: tuple[int, int], points: tuple[int, int]
) -> None:
    path = sounds.wav(tmp_path / "loop.wav", 1000)
    sounds.add_chunk(path, sounds.smpl_chunk((0, *loop)))
    assert palace.Buffer(path).loop_points == points


# Samples, bit for bit


def test_8_bit_wav_is_the_bytes_of_the_file(tmp_path: Path) -> None:
    written = np.arange(256, dtype=np.uint8)
    with wave.open(str(tmp_path / "8.wav"), "wb") as file:
        file.setparams((1, 1, 44100, 0, "NONE", ""))
        file.writeframes(written.tobytes())

    assert palace.Decoder(tmp_path / "8.wav").read(1000) == written.tobytes()


@pytest.mark.parametrize("name", ["wav-16", "aiff-16", "flac-16"])
def test_16_bit_samples_are_those_written(tmp_path: Path, name: str) -> None:
    path = KINDS[name].write(tmp_path / "sound", EXTREMES)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), EXTREMES)


@pytest.mark.parametrize("name", ["wav-24", "aiff-24", "flac-24"])
def test_24_bit_samples_become_exact_floats(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 1], [-1, 2**23 - 1], [-(2**23), 1234567], [-7654321, 3]], np.int32)
    path = KINDS[name].write(tmp_path / "sound", values << 8)

    got = read_all(palace.Decoder(path))

    assert got.dtype == np.float32
    np.testing.assert_array_equal(got * 2.0**23, values)


def test_32_bit_integers_become_the_nearest_floats(tmp_path: Path) -> None:
    values = np.array([[0, 1], [-1, 2**31 - 1], [-(2**31), 123456789], [-7654321, 3]], np.int32)
    path = KINDS["wav-32"].write(tmp_path / "sound", values)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), (values / 2.0**31).astype(np.float32))


@pytest.mark.parametrize(("name", "dtype"), [("wav-float", np.float32), ("wav-double", np.float64)])
def test_float_samples_are_those_written_also_above_full_scale(tmp_path: Path, name: str, dtype: Any) -> None:
    values = np.array([[0.0, 1e-30], [0.1, -0.1], [1.0, -1.0], [1.5, -3.25]], dtype)
    path = KINDS[name].write(tmp_path / "sound", values)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), values.astype(np.float32))


def test_mu_law_is_decoded_as_g_711_says(tmp_path: Path) -> None:
    codes = bytes(range(256))
    header = sounds.format_chunk(tag=7, bits=8)
    (tmp_path / "mulaw.wav").write_bytes(sounds.riff(header, sounds.chunk(b"data", codes)))

    inverted = [~code & 0xFF for code in codes]
    magnitudes = [(((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84 for code in inverted]
    expected = [-size if code & 0x80 else size for code, size in zip(inverted, magnitudes, strict=True)]

    np.testing.assert_array_equal(read_all(palace.Decoder(tmp_path / "mulaw.wav"))[:, 0], expected)


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3"])
def test_a_lossy_sound_is_what_was_written_but_for_a_little(tmp_path: Path, name: str) -> None:
    written = sounds.tone(0.5, gain=0.5, rate=48000)
    path = KINDS[name].write(tmp_path / "sound", written)

    got = read_all(palace.Decoder(path)) / 32767

    assert np.abs(got - written)[2000:-2000].max() < 0.03


# In parts


@all_kinds
def test_reading_in_blocks_of_any_size_is_reading_whole_wherever_the_file_is(
    tmp_path: Path, assets: Path, kind: Kind
) -> None:
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
def test_after_a_seek_the_samples_are_those_of_that_place(tmp_path: Path, kind: Kind) -> None:
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
def test_a_seek_past_the_end_is_refused_and_one_to_the_end_reads_nothing(tmp_path: Path, kind: Kind) -> None:
    decoder = palace.Decoder(kind.write(tmp_path / "sound", sounds.noise(5000)))

    assert not decoder.seek(decoder.length + 1)
    assert not decoder.seek(10**15)
    assert decoder.seek(decoder.length)
    assert decoder.read(10) == b""
    assert decoder.seek(0)
    assert len(decoder.read(10)) == palace.sample_size(10, "Stereo", kind.sample_type)


def test_negative_places_and_counts_are_refused(tmp_path: Path) -> None:
    decoder = palace.Decoder(sounds.wav(tmp_path / "a.wav"))
    with pytest.raises(ValueError, match="frame is -1"):
        decoder.seek(-1)
    with pytest.raises(ValueError, match="count is -1"):
        decoder.read(-1)


def test_a_decoder_that_is_dropped_closes_its_file(tmp_path: Path) -> None:
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
def test_each_channel_is_where_openal_expects_it(tmp_path: Path, name: str, channels: int) -> None:
    order = (sounds.VORBIS_MEANINGS if name in ("vorbis", "opus") else sounds.MEANINGS)[channels]
    path = KINDS[name].write(tmp_path / "sound", sounds.by_meaning(order, 24000))

    decoder = palace.Decoder(path)

    assert decoder.channel_config == palace.formats.CONFIG_OF_CHANNELS[channels]
    assert sounds.heard_meanings(read_all(decoder)[4000:20000]) == sounds.MEANINGS[channels]


@pytest.mark.parametrize("channels", sounds.MEANINGS)
@pytest.mark.parametrize("name", ["wav-16", "flac-16", "vorbis", "opus"])
def test_each_channel_comes_out_of_its_speaker(tmp_path: Path, name: str, channels: int) -> None:
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
def test_a_layout_that_openal_lacks_is_unsupported(tmp_path: Path, name: str, channels: int) -> None:
    path = KINDS[name].write(tmp_path / "sound", sounds.noise(500, channels))
    with pytest.raises(palace.UnsupportedFormat, match=f"no layout for {channels} channels") as caught:
        palace.Buffer(path)
    assert caught.value.stage == "decode"


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2_000_000_000])
def test_a_rate_that_no_sound_has_is_unsupported(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(sounds.riff(sounds.format_chunk(rate=rate), sounds.chunk(b"data", bytes(200))))
    with pytest.raises(palace.UnsupportedFormat, match=f"a rate of {rate} Hz"):
        palace.Buffer(path)


@pytest.mark.parametrize("rate", [1000, 768_000])
def test_the_outermost_rates_are_taken(tmp_path: Path, rate: int) -> None:
    assert palace.Buffer(sounds.wav(tmp_path / "a.wav", rate=rate)).frequency == rate


# Out of range


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3"])
def test_peaks_above_full_scale_are_clipped_and_not_wrapped(tmp_path: Path, name: str) -> None:
    square = np.sign(sounds.tone(1.0, 441.0, rate=48000)).astype(np.float32)
    path = KINDS[name].write(tmp_path / "loud", square)
    peaks = sounds.through_soundfile(path)
    assert np.abs(peaks).max() > 1.0, "the file does not overshoot, so this test would test nothing"
    expected = np.clip(np.rint(peaks * np.float32(32767)), -32768, 32767).astype(np.int16)

    np.testing.assert_array_equal(read_all(palace.Decoder(path)), expected)


def test_what_is_not_a_number_becomes_silence_and_infinity_full_scale_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = np.array([[0.5], [np.nan], [np.inf], [-np.inf], [-0.5]], np.float32)
    for name in ("wav-float", "wav-double"):
        path = KINDS[name].write(tmp_path / name, values)
        np.testing.assert_array_equal(read_all(palace.Decoder(path))[:, 0], [0.5, 0, 1, -1, -0.5])
        caplog.clear()
        palace.Buffer(path)
        assert [(record.name, record.levelno) for record in caplog.records] == [("pyglet_palace", logging.WARNING)]
        assert "3 samples were not finite" in caplog.text
        assert path.name in caplog.text


def test_a_double_beyond_floats_becomes_full_scale(tmp_path: Path) -> None:
    path = KINDS["wav-double"].write(tmp_path / "a", np.array([[1e300], [-1e300]]))
    np.testing.assert_array_equal(read_all(palace.Decoder(path))[:, 0], [1, -1])


# Decoders of the game's own


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


def test_factories_are_tried_in_the_order_of_their_names_until_one_takes_the_file(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav")
    called: list[str] = []
    palace.decoder_factories.c = factory(True, called, "c")
    palace.decoder_factories.b = factory(True, called, "b")
    palace.decoder_factories.a = factory(False, called, "a")

    assert isinstance(palace.decode(path), Ramp)
    assert called == ["a", "b"]
    assert palace.Buffer(path).frequency == 8000
    assert not isinstance(palace.Decoder(path), Ramp)


def test_a_file_that_no_factory_takes_is_the_built_in_decoders(tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav", 100)
    called: list[str] = []
    palace.decoder_factories.a = factory(False, called, "a")

    decoder = palace.decode(path)

    assert isinstance(decoder, palace.Decoder)
    np.testing.assert_array_equal(read_all(decoder), sounds.ramp(100))
    np.testing.assert_array_equal(read_all(through_fileio(path)), sounds.ramp(100))


@pytest.mark.parametrize("load", [palace.decode, palace.Buffer])
def test_what_else_a_factory_raises_is_the_cause_of_a_decode_error(tmp_path: Path, load: Any) -> None:
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
def test_a_factory_that_returns_nothing_is_told_what_to_do(tmp_path: Path, load: Any) -> None:
    palace.decoder_factories.a = lambda file: None
    with pytest.raises(palace.DecodeError, match="returned None; it must return a decoder, or raise RuntimeError"):
        load(sounds.wav(tmp_path / "a.wav"))


def test_a_file_that_fails_before_a_factory_sees_it_is_unreadable() -> None:
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


def test_a_decoder_of_the_games_own_fills_a_buffer(context: palace.Context, tmp_path: Path) -> None:
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
def test_a_decoder_is_read_to_the_length_it_claims_or_to_its_end(claimed: int, length: int) -> None:
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


def test_from_decoder_reads_from_where_the_decoder_stands(tmp_path: Path) -> None:
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
def test_a_wrong_decoder_is_a_named_error_however_it_is_used(attribute: str, value: Any, error: type) -> None:
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


def test_floats_of_a_decoder_are_repaired_too(caplog: pytest.LogCaptureFixture) -> None:
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


def test_a_decoder_that_never_ends_is_stopped_at_the_limit(device: palace.LoopbackDevice) -> None:
    class Endless(Ramp):
        length = 0

        def read(self, count: int) -> bytes:
            return bytes(2 * count)

    with (
        palace.Context(device, auto_update=False, buffer_limit=10_000_000),
        pytest.raises(palace.BufferTooLarge, match="over the limit of 10000000 bytes"),
    ):
        palace.Buffer.from_decoder(Endless(), "endless")


# Files of the game's own, while they are decoded


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
def test_what_a_file_raises_while_it_is_read_is_the_cause_of_a_resource_unreadable(tmp_path: Path, kind: Kind) -> None:
    data = kind.write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    error = OSError("the network is gone")
    reads, causes = 0, list[BaseException | None]()
    while True:  # later and later, until it does not fail
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
def test_ctrl_c_in_a_file_that_is_read_is_not_swallowed(tmp_path: Path, load: Any) -> None:
    data = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    for reads in (0, 1):
        palace.use_fileio(lambda name, reads=reads: Failing(data, reads, KeyboardInterrupt()), 2000)  # type: ignore[misc]
        with pytest.raises(KeyboardInterrupt):
            load("sound")


def test_a_file_that_fails_in_a_seek_is_unreadable_and_not_at_its_end(tmp_path: Path) -> None:
    data = KINDS["wav-16"].write(tmp_path / "sound", sounds.noise(60000)).read_bytes()
    file = Failing(data, 10**9, OSError("the network is gone"))
    palace.use_fileio(lambda name: file, 2000)
    decoder = palace.Decoder("sound")
    file.good = 0

    def go_on() -> bytes:
        return decoder.seek(50000) and decoder.read(1)

    with pytest.raises(palace.ResourceUnreadable, match="the network is gone"):
        go_on()


def test_a_file_that_reads_more_than_it_was_asked_for_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        pytest.raises(palace.DecodeError),  # and not a crash: soundfile copies all it gets
    ):
        palace.Decoder("sound")


def test_a_file_that_blocks_while_it_is_opened_keeps_no_other_sound_from_being_opened(
    context: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """soundfile opens under a lock of the whole process, and libsndfile reads the header then."""
    entered, let_go = threading.Event(), threading.Event()
    data = KINDS["wav-16"].write(tmp_path / "sound", sounds.noise(1000)).read_bytes()

    class Blocking(io.BytesIO):
        beginnings = 0

        def read(self, size: int | None = -1) -> bytes:
            self.beginnings += self.tell() == 0
            if self.beginnings == 3:  # after a look whether it is empty, and one for loop points
                entered.set()
                assert let_go.wait(60)
            return super().read(size)

    monkeypatch.setattr(files, "_place", lambda: None)
    opened = files.OpenFile(Blocking(data), len(data))  # type: ignore[arg-type]
    held = threading.Thread(target=sndfile.SndfileReader, args=("held", opened, True))
    held.start()
    assert entered.wait(30)
    assert palace.Buffer(sounds.wav(tmp_path / "other.wav", 100)).length == 100
    let_go.set()
    held.join()


# Errors that say what to do


@all_kinds
def test_a_sound_without_samples_is_a_decode_error(tmp_path: Path, kind: Kind) -> None:
    path = kind.write(tmp_path / "empty", sounds.noise(0))
    with pytest.raises(palace.DecodeError) as caught:
        palace.Buffer(path)
    assert str(path) in str(caught.value)


def test_a_decoder_needs_a_context() -> None:
    palace.use_context(None)
    for make in (palace.Decoder, palace.decode):
        with pytest.raises(RuntimeError, match="no context"):
            make("a.wav")
    with pytest.raises(RuntimeError, match="no context"):
        palace.Buffer.from_decoder(Ramp(), "ramp")


def test_soundfile_would_have_read_otherwise_in_blocks(tmp_path: Path) -> None:
    """Why the package does not use soundfile's own way; if this fails, `_Sequential` can go."""
    path = KINDS["opus"].write(tmp_path / "sound", sounds.noise(30000))
    whole, _ = soundfile.read(path, dtype="float32")
    with soundfile.SoundFile(path) as file:
        blocks = np.concatenate([file.read(100, dtype="float32") for _ in range(300)])
    assert not np.array_equal(whole[: len(blocks)], blocks)


def test_a_decoder_of_the_games_is_read_whatever_it_calls_its_own_things(
    context: palace.Context, tmp_path: Path
) -> None:
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


def test_an_empty_file_is_said_to_be_empty(context: palace.Context, tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(palace.DecodeError, match="the file is empty"):
        palace.Buffer(path)


def test_a_file_open_as_text_is_said_to_be_so(context: palace.Context) -> None:
    palace.use_fileio(lambda name: io.StringIO("text"))  # type: ignore[arg-type, return-value]
    with pytest.raises(palace.ResourceUnreadable, match="must return bytes"):
        palace.Buffer("a.wav")


def test_factories_can_be_gone_through_in_the_order_they_are_tried() -> None:
    palace.decoder_factories.b = first = factory(True, [], "b")
    palace.decoder_factories.a = second = factory(True, [], "a")
    assert list(palace.decoder_factories) == [second, first]
    assert "a=" in repr(palace.decoder_factories)
