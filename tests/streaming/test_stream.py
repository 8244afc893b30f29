"""Streams: they sound as a buffer does, and only a stream itself waits for its decoder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._streaming import stream_thread
from tests import sounds
from tests.conftest import EXACT, RATE, raised_elsewhere, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Ramp(palace.BaseDecoder):
    """A decoder of distinguishable frames that can be blocked and made to fail."""

    frequency = RATE
    channel_config = "Mono"
    sample_type = "Signed 16-bit"

    def __init__(self, length: int = 30_000, loop_points: tuple[int, int] = (0, 0), *, known: bool = True) -> None:
        self._length, self._loop, self._known = length, loop_points, known
        self.at = 0
        self.readers: set[str] = set()
        self.reads = 0
        self.seeks: list[int] = []
        self.may_read = threading.Event()
        self.may_read.set()
        self.reading = threading.Event()
        self.fails_at: int | None = None
        self.error: BaseException = ArithmeticError("out of tune")

    @property
    def length(self) -> int:
        return self._length if self._known else 0

    @property
    def loop_points(self) -> tuple[int, int]:
        return self._loop

    def seek(self, frame: int) -> bool:
        self.seeks.append(frame)
        self.at = frame
        return frame <= self._length

    def read(self, count: int) -> bytes:
        self.readers.add(threading.current_thread().name)
        self.reads += 1
        self.reading.set()
        self.may_read.wait()
        if self.fails_at is not None and self.at + count > self.fails_at:
            raise self.error
        data = sounds.ramp(self._length)[self.at : self.at + count]
        self.at += len(data)
        return data.tobytes()


@pytest.fixture
def held() -> Iterator[Ramp]:
    """A decoder that does not come back until the test lets it."""
    decoder = Ramp()
    decoder.may_read.clear()
    yield decoder
    decoder.may_read.set()


@pytest.fixture
def device() -> palace.LoopbackDevice:
    """A mono device, where mono sounds come out bit for bit."""
    return palace.LoopbackDevice(RATE, "Mono")


#: Frames over which OpenAL Soft 1.23 fades where a sound is cut off or goes on.
FADE = 64


def exactly(device: palace.LoopbackDevice, frames: int) -> Any:
    """The next frames as 16-bit samples."""
    return np.rint(device.render(frames)[:, 0] * 32768).astype(int)


# The same samples


@pytest.mark.parametrize("kind", sounds.KINDS)
@pytest.mark.parametrize("arguments", [(), (4096, 3)], ids=["by default", "in small chunks"])
def test_stream_matches_buffer(tmp_path: Path, context: palace.Context, kind: str, arguments: tuple[int, ...]) -> None:
    """A stream gives the same samples as a buffer of the same file."""
    path = sounds.KINDS[kind].write(tmp_path / "a", sounds.noise(40_000, 2), 48000)
    device = palace.LoopbackDevice(48000)
    with palace.Context(device, EXACT, auto_update=False):
        buffer = palace.Buffer(path)
        buffer.play()
        expected = device.render(buffer.length)
    with palace.Context(device, EXACT, auto_update=False):
        palace.Decoder(path).play(*arguments)
        streamed = device.render(len(expected))

    assert np.abs(expected).max() > 0.1
    np.testing.assert_array_equal(streamed, expected)


LOOPS = [None, (1000, 9000), (0, 5000), (5000, 12_000), (777, 800), (0, 1), (11_999, 12_000), (3000, 20_000)]


@pytest.mark.parametrize("points", LOOPS)
@pytest.mark.parametrize("start", [0, 4000])
def test_looping_stream_matches_buffer(
    tmp_path: Path,
    context: palace.Context,
    device: palace.LoopbackDevice,
    points: tuple[int, int] | None,
    start: int,
) -> None:
    """A looping stream gives the same samples as a looping buffer of the same file."""
    path = sounds.wav(tmp_path / "a.wav", 12_000)
    if points is not None:
        sounds.add_chunk(path, sounds.smpl_chunk((0, points[0], points[1] - 1)))

    def play(what: Callable[[palace.Source], object]) -> Any:
        with palace.Context(device, EXACT, auto_update=False):
            source = palace.Source()
            source.looping = True
            source.offset = start
            what(source)
            return exactly(device, 50_000)[4096 * bool(start) :]  # OpenAL fades in what does not begin at its start

    context.destroy()
    expected = play(lambda source: palace.Buffer(path).play(source))
    streamed = play(lambda source: palace.Decoder(path).play(2048, 4, source))

    assert expected.any()
    np.testing.assert_array_equal(streamed, expected)


def test_vorbis_loop_is_sample_exact(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A looping Vorbis stream closes its loop sample by sample."""
    path = sounds.KINDS["vorbis"].write(tmp_path / "a", sounds.noise(60_000, 1), RATE)
    sounds.comment(path, LOOPSTART="20000", LOOPLENGTH="30000")
    expected = sounds.through_soundfile(path)[:, 0]
    expected = np.clip(np.rint(expected * np.float32(32767)), -32768, 32767)
    source = palace.Source()
    source.looping = True

    palace.Decoder(path).play(source=source)

    looped = np.concatenate([expected[:50_000], expected[20_000:50_000], expected[20_000:50_000]])
    np.testing.assert_array_equal(exactly(device, 110_000), looped)


def test_short_loop_is_read_once(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder = Ramp(10_000, (500, 600))
    source = palace.Source()
    source.looping = True
    decoder.play(1000, 4, source)

    out = exactly(device, 50_000)

    whole = sounds.ramp(10_000)[:, 0]
    np.testing.assert_array_equal(out, np.concatenate([whole[:500], np.tile(whole[500:600], 495)]))
    assert decoder.reads < 10


def test_streams_from_zip_resource(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = sounds.wav(tmp_path / "a.wav", 20_000)
    with zipfile.ZipFile(tmp_path / "assets.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(wav, "sounds/a.wav")
    monkeypatch.setattr(pyglet.resource, "path", [str(tmp_path / "assets.zip")])
    pyglet.resource.reindex()

    palace.decode("sounds/a.wav").play(4096, 3)

    np.testing.assert_array_equal(exactly(device, 20_000), sounds.ramp(20_000)[:, 0])


def test_streams_from_game_file(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    data = sounds.KINDS["flac-16"].write(tmp_path / "a", sounds.ramp(20_000), RATE).read_bytes()
    readers = set()

    class File(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            readers.add(threading.current_thread().name)
            return super().read(size)

    palace.use_fileio(lambda name: File(data))
    palace.Decoder("anything").play(4096, 3)

    np.testing.assert_array_equal(exactly(device, 20_000), sounds.ramp(20_000)[:, 0])
    assert "pyglet_palace streams" in readers


@pytest.mark.parametrize("known", [True, False], ids=["of known length", "of unknown length"])
def test_streams_from_game_decoder(context: palace.Context, device: palace.LoopbackDevice, known: bool) -> None:
    Ramp(known=known).play()

    np.testing.assert_array_equal(exactly(device, 30_000), sounds.ramp(30_000)[:, 0])


def test_source_plays_decoder(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A source plays a decoder in the same way as a buffer."""
    source = palace.Source()
    source.play(Ramp())
    assert source.playing
    assert source.buffer is None
    np.testing.assert_array_equal(exactly(device, 10_000), sounds.ramp(10_000)[:, 0])
    assert "playing" in repr(source)


def test_unseekable_decoder_plays_in_place(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A decoder that cannot seek plays from its current position."""

    class Radio(Ramp):
        def seek(self, frame: int) -> bool:
            return False

    Radio(known=False).play()

    np.testing.assert_array_equal(exactly(device, 10_000), sounds.ramp(10_000)[:, 0])


# No call waits


def test_32_streams_play_while_game_sleeps(tmp_path: Path) -> None:
    """Playback of 32 Vorbis streams continues while the game sleeps."""
    sounds.KINDS["vorbis"].write(tmp_path / "a", sounds.noise(RATE * 4, 2, 0.1), RATE)
    program = """
        import sys, time
        import pyglet_palace as palace
        with palace.Device() as device, palace.Context(device, auto_update=False) as context:
            name = sys.argv[1]
            streams = [palace.Decoder(__import__("pathlib").Path(name)).play() for _ in range(32)]
            while not all(stream.offset for stream in streams):
                time.sleep(0.01)
            began = min(stream.offset for stream in streams)
            time.sleep(1)
            print(context.stats()["underruns"], sum(stream.playing for stream in streams))
            print(min(stream.offset for stream in streams) - began > 20000)
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), str(tmp_path / "a.ogg")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ALSOFT_DRIVERS": "null"},
    )
    assert (done.stdout, done.stderr) == ("0 32\nTrue\n", "")


def test_playing_thread_decodes_nothing(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """The thread that calls play decodes nothing."""
    decoder = Ramp(30_000, (1000, 20_000))
    source = palace.Source()
    source.looping = True
    decoder.play(2000, 4, source)
    device.render(30_000)
    source.offset = 5000
    device.render(10_000)
    context.update()
    assert decoder.readers == {"pyglet_palace streams"}


def test_play_returns_while_decoder_stalls(context: palace.Context, held: Ramp) -> None:
    source = held.play()
    held.reading.wait()
    assert source.playing
    assert source.offset == 0
    context.update()
    source.pause()
    assert source.paused
    source.resume()
    source.stop()
    assert not source.playing


def test_stalled_decoder_delays_no_other_stream(
    context: palace.Context, device: palace.LoopbackDevice, held: Ramp
) -> None:
    held.play()
    held.reading.wait()
    other = Ramp(5000)
    source = other.play(1000, 3)
    wait_until(lambda: other.at == 3000, context)  # an update has found out, and sent another thread
    out = [exactly(device, 500) for _ in range(4)]
    np.testing.assert_array_equal(np.concatenate(out), sounds.ramp(2000)[:, 0])
    assert source.playing


def test_decoder_released_late_plays_on(context: palace.Context, device: palace.LoopbackDevice, held: Ramp) -> None:
    first = held.play(1000, 3)
    held.reading.wait()
    Ramp(5000).play(1000, 3)
    wait_until(lambda: "streams" in str(held.readers) and context._engine.streams._thread is not None, context)
    held.may_read.set()
    device.render(30_000)
    wait_until(lambda: first.offset or not first.playing, context)
    context.update()
    device.render(40_000)
    context.update()
    assert not first.playing


def test_destroy_is_prompt_with_stalled_decoder(context: palace.Context, held: Ramp) -> None:
    """Destroying a context returns promptly while one of its decoders is stalled."""
    held.play()
    held.reading.wait()
    context.destroy()
    assert held.reads == 1
    held.may_read.set()  # what comes back finds nothing to touch


# Seeking, pausing, stopping


def test_stream_seeks_to_the_frame(context: palace.Context, device: palace.LoopbackDevice) -> None:
    whole = sounds.ramp(30_000)[:, 0]
    source = Ramp().play(1000, 3)
    np.testing.assert_array_equal(exactly(device, 2500), whole[:2500])
    assert source.offset == 2500
    source.offset = 20_001
    assert source.offset == 20_001
    assert source.playing
    np.testing.assert_array_equal(exactly(device, 2500)[FADE:], whole[20_001 + FADE : 22_501])
    assert source.offset == 22_501
    assert source.offset_seconds == pytest.approx(22_501 / RATE)
    source.offset = 0
    np.testing.assert_array_equal(exactly(device, 1000)[FADE:], whole[FADE:1000])


def test_stream_starts_at_source_offset(context: palace.Context, device: palace.LoopbackDevice) -> None:
    source = palace.Source()
    source.offset = 12_345
    Ramp().play(source=source)
    np.testing.assert_array_equal(exactly(device, 1000), sounds.ramp(30_000)[12_345:13_345, 0])


def test_offset_past_stream_end_is_refused(context: palace.Context) -> None:
    source = Ramp().play()
    with pytest.raises(RuntimeError, match="only 30000 frames"):
        source.offset = 30_000
    with pytest.raises(OverflowError):
        source.offset = -1
    assert source.playing


def test_paused_stream_resumes_in_place(context: palace.Context, device: palace.LoopbackDevice) -> None:
    whole = sounds.ramp(30_000)[:, 0]
    source = Ramp().play(1000, 3)
    np.testing.assert_array_equal(exactly(device, 1700), whole[:1700])
    source.pause()
    assert source.paused
    assert not source.playing
    assert not exactly(device, 5000)[1000:].any()  # OpenAL lets the last sample die away
    context.update()
    at = source.offset
    source.resume()
    assert source.playing
    np.testing.assert_array_equal(exactly(device, 2000)[FADE:], whole[at + FADE : at + 2000])
    assert at == 1700


def test_early_paused_stream_stays_silent(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A stream paused before it starts is silent until it resumes."""
    source = Ramp().play(1000, 3)
    source.pause()
    assert not exactly(device, 5000).any()
    assert source.offset == 0
    source.resume()
    np.testing.assert_array_equal(exactly(device, 5000)[FADE:], sounds.ramp(5000)[FADE:, 0])


def test_paused_stream_can_seek(context: palace.Context, device: palace.LoopbackDevice) -> None:
    source = Ramp().play(1000, 3)
    device.render(500)
    source.pause()
    source.offset = 9000
    device.render(2000)
    assert source.paused
    assert source.offset == 9000
    source.resume()
    np.testing.assert_array_equal(exactly(device, 1000), sounds.ramp(30_000)[9000:10_000, 0])


def test_stopped_stream_can_play_again(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder = Ramp()
    source = decoder.play()
    device.render(5000)
    source.stop()
    assert context.stats()["streams"] == 0
    decoder.play(source=source)
    device.render(0)
    source.stop()
    device.render(3000)
    decoder.play()
    np.testing.assert_array_equal(exactly(device, 5000), sounds.ramp(5000)[:, 0])


def test_replay_restarts_the_stream(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A replay by the same source starts the stream from its start."""
    decoder = Ramp()
    source = decoder.play()
    device.render(4000)
    decoder.play(source=source)
    out = exactly(device, 4000)
    np.testing.assert_array_equal(out[-2000:], sounds.ramp(4000)[-2000:, 0])  # 1.23.1 fades what is cut off
    assert context.stats()["streams"] == 1


def test_source_switches_buffer_and_stream(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """A source switches from a buffer to a stream and back."""
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 10_000))
    source = buffer.play()
    source.looping = True
    decoder = Ramp(6000)
    source.play(decoder)
    source.looping = False
    assert buffer.source_count == 0
    device.render(80_000)  # more than can have been decoded ahead
    context.update()
    assert not source.playing  # OpenAL does not loop the queue
    source.play(buffer)
    assert source.buffer is buffer
    assert context.stats()["streams"] == 0


# Looping is turned on and off


def test_looping_with_end_queued_has_no_gap(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A stream set to loop while its end is queued continues without a gap."""
    whole = sounds.ramp(5000)[:, 0]
    source = Ramp(5000).play(1000, 8)  # all of it fits into the queue
    out = [exactly(device, 3000)]
    source.looping = True
    out.append(exactly(device, 9000))
    np.testing.assert_array_equal(np.concatenate(out), np.concatenate([whole, whole, whole[:2000]]))


def test_looping_set_after_wrap_point_loops(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A stream set to loop after its loop was decoded, but before it was heard, loops."""
    whole = sounds.ramp(8000)[:, 0]
    source = Ramp(8000, (1000, 4000)).play(1000, 8)
    device.render(3000)
    source.looping = True
    out = exactly(device, 4000)
    np.testing.assert_array_equal(out[1000:], whole[1000:4000])
    assert source.playing


def test_unset_looping_plays_to_the_end(context: palace.Context, device: palace.LoopbackDevice) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = palace.Source()
    source.looping = True
    Ramp(8000, (1000, 4000)).play(1000, 3, source)
    device.render(20_000)
    source.looping = False
    out = exactly(device, 20_000)
    context.update()
    end = np.flatnonzero(out == sounds.ramp(8000)[-1, 0])[0] + 1
    np.testing.assert_array_equal(out[end - 4000 : end], sounds.ramp(8000)[4000:, 0])
    assert received == [source]


# The end


def test_stream_end_is_dispatched_once(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """The end event of a stream is dispatched once, and not early."""
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = Ramp(5000).play(1000, 3)
    for _ in range(200):
        device.render(32)
        over = not source.playing
        context.update()
        assert received == ([source] if over else [])
        if over:
            break
    else:
        pytest.fail("it never ended")
    device.render(1000)
    context.update()
    assert received == [source]
    assert source.offset == 0
    assert context.stats()["streams"] == 0


@pytest.mark.parametrize("pitch", [0.31, 1.0, 2.7, 16.0])
def test_stream_ends_in_time_at_any_pitch(context: palace.Context, device: palace.LoopbackDevice, pitch: float) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = palace.Source()
    Ramp(20_000).play(1000, 4, source)
    device.render(640)
    context.update()
    source.pitch = pitch
    for _ in range(int(20_000 / pitch / 64) + 30):
        device.render(64)
        over = not source.playing
        context.update()
        assert received == ([source] if over else [])
    assert received == [source]
    assert context.stats()["underruns"] == 0


def test_update_queries_no_playing_stream(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update asks OpenAL about none of the streams that continue to play."""
    for _ in range(20):
        Ramp(300_000).play(1000, 4)
    device.render(1000)
    context.update()
    asked: list[int] = []
    game, ask = threading.get_ident(), context._engine.al.source_integer

    def noting(*what: int) -> int:
        if threading.get_ident() == game:
            asked.append(what[0])
        return int(ask(*what))

    monkeypatch.setattr(context._engine.al, "source_integer", noting)
    for _ in range(10):
        context.update()
    assert asked == []


@pytest.mark.parametrize("length", [0, 1, 63])
def test_stream_shorter_than_chunk_ends(context: palace.Context, device: palace.LoopbackDevice, length: int) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    decoder = Ramp(length, known=False)
    source = decoder.play(64, 2)
    assert exactly(device, 200)[:length].tolist() == sounds.ramp(length)[:, 0].tolist()
    wait_until(lambda: received, context)
    assert received == [source]


def test_empty_looping_stream_ends(context: palace.Context, device: palace.LoopbackDevice) -> None:
    source = palace.Source()
    source.looping = True
    Ramp(0, known=False).play(source=source)
    wait_until(lambda: not source.playing, context)


# Running dry


def test_underrun_is_counted_and_recovers(context: palace.Context, device: palace.LoopbackDevice) -> None:
    whole = sounds.ramp(30_000)[:, 0]
    decoder = Ramp()
    source = decoder.play(1000, 3)
    np.testing.assert_array_equal(exactly(device, 2000), whole[:2000])
    decoder.may_read.clear()
    decoder.reading.clear()
    rest = exactly(device, 8000)
    assert source.playing
    context.update()
    assert source.playing  # it has not come to its end
    queued = source.offset
    np.testing.assert_array_equal(rest[: queued - 2000], whole[2000:queued])
    decoder.may_read.set()
    wait_until(lambda: context.stats()["underruns"] == 1)
    np.testing.assert_array_equal(exactly(device, 5000), whole[queued : queued + 5000])
    assert context.stats()["underruns"] == 1


# Failing


def failing_events(context: palace.Context) -> list[Any]:
    received: list[Any] = []
    context.push_handlers(
        on_stream_failed=lambda source, error: received.append((source, error)),
        on_source_force_stopped=lambda source: received.append(("stopped", source)),
        on_source_stopped=lambda source: received.append(("ended", source)),
    )
    return received


@pytest.mark.parametrize("error", [ArithmeticError("out of tune"), SystemExit(3), MemoryError()])
def test_raising_decoder_ends_only_its_stream(
    context: palace.Context, device: palace.LoopbackDevice, error: BaseException
) -> None:
    received = failing_events(context)
    whole = sounds.ramp(30_000)[:, 0]
    decoder = Ramp()
    decoder.fails_at, decoder.error = 5000, error
    bad, good = decoder.play(1000, 3), Ramp().play(1000, 3)
    out = exactly(device, 5000)
    np.testing.assert_array_equal(out, 2 * whole[:5000].astype(int))  # what was read before is heard
    device.render(1000)
    context.update()
    [(source, failure), (what, stopped)] = received
    assert source is stopped is bad
    assert what == "stopped"
    assert isinstance(failure, palace.DecodeError)
    assert type(error).__name__ in str(failure)
    assert failure.__cause__ is error
    assert good.playing
    np.testing.assert_array_equal(exactly(device, 1000), whole[6000:7000])
    assert context.stats()["streams"] == 1


def test_unhandled_stream_failure_is_logged(
    context: palace.Context, device: palace.LoopbackDevice, caplog: pytest.LogCaptureFixture
) -> None:
    decoder = Ramp()
    decoder.fails_at = 0
    decoder.play()
    device.render(1000)
    wait_until(lambda: caplog.records, context)
    assert "out of tune" in caplog.text


def test_oversized_read_fails_with_reason(context: palace.Context, device: palace.LoopbackDevice) -> None:
    class Chatty(Ramp):
        def read(self, count: int) -> bytes:
            return super().read(count + 1)

    received = failing_events(context)
    Chatty().play()
    device.render(1000)
    wait_until(lambda: received, context)
    assert "must return at most" in str(received[0][1])


def test_unseekable_decoder_is_reported(context: palace.Context, device: palace.LoopbackDevice) -> None:
    class Radio(Ramp):
        def seek(self, frame: int) -> bool:
            return False

    received = failing_events(context)
    source = Radio(known=False).play(1000, 3)
    device.render(500)
    source.offset = 9000
    device.render(500)
    wait_until(lambda: received, context)
    assert received[0][0] is source
    assert "cannot seek to frame 9000" in str(received[0][1])


def test_failed_stream_can_play_again(context: palace.Context, device: palace.LoopbackDevice) -> None:
    received = failing_events(context)
    decoder = Ramp()
    decoder.fails_at = 0
    source = decoder.play()
    device.render(100)
    wait_until(lambda: received, context)
    decoder.fails_at = None
    decoder.play(source=source)
    np.testing.assert_array_equal(exactly(device, 1000), sounds.ramp(1000)[:, 0])


def test_refused_chunk_ends_its_stream(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk that OpenAL refuses ends that stream."""
    received = failing_events(context)

    def refuse(*_: object) -> None:
        raise palace.OpenALError("alBufferData", 0xA005, "no memory")

    monkeypatch.setattr(context._engine.al, "alBufferData", refuse)
    source = Ramp().play()
    wait_until(lambda: received, context)
    assert received[0][0] is source
    assert "no memory" in str(received[0][1])


def test_end_handler_may_start_next_stream(context: palace.Context, device: palace.LoopbackDevice) -> None:
    playlist = [Ramp(3000), Ramp(3000)]
    played = []

    @context.event  # type: ignore[untyped-decorator]
    def on_source_stopped(source: palace.Source) -> None:
        if playlist:
            played.append(playlist.pop(0).play(1000, 3, source))

    first = Ramp(3000).play(1000, 3)
    for _ in range(100):
        device.render(128)
        context.update()
    assert played == [first, first]
    assert not first.playing


# What is refused


@pytest.mark.parametrize(("arguments", "name"), [((63, 2), "chunk_len"), ((64, 1), "queue_size"), ((-1, 4), "chunk")])
def test_too_short_queue_is_refused(context: palace.Context, arguments: tuple[int, int], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Ramp().play(*arguments)
    assert context.stats()["sources"] == 0


def test_stream_has_one_source(context: palace.Context) -> None:
    decoder = Ramp()
    source = decoder.play()
    with pytest.raises(RuntimeError, match="is being played"):
        decoder.play()
    with pytest.raises(RuntimeError, match="is being played"):
        palace.Source().play(decoder)
    source.stop()
    decoder.play()


def test_streamed_decoder_refuses_game_reads(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """The game cannot read a decoder while it is streamed."""
    decoder = palace.Decoder(sounds.wav(tmp_path / "a.wav", 30_000))
    source = decoder.play(1000, 3)
    for use in (lambda: decoder.read(10), lambda: decoder.seek(0)):
        with pytest.raises(RuntimeError, match="is being played"):
            use()
    source.stop()
    assert decoder.seek(100)
    assert np.frombuffer(decoder.read(10), np.int16).tolist() == sounds.ramp(110)[100:, 0].tolist()


def test_foreign_decoder_is_refused(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A decoder of another context is refused."""
    decoder = palace.Decoder(sounds.wav(tmp_path / "a.wav"))
    other = palace.Context(palace.LoopbackDevice(), auto_update=False)
    with pytest.raises(ValueError, match="belongs to"):
        decoder.play(source=palace.Source(other))


def test_unplayable_format_is_refused_at_once(context: palace.Context) -> None:
    """A format that OpenAL cannot play is refused at once."""

    class Odd(Ramp):
        channel_config = "Mono and a half"

    with pytest.raises(palace.UnsupportedFormat, match="Mono and a half"):
        Odd().play()

    class Broken(Ramp):
        @property
        def length(self) -> int:
            raise ArithmeticError("no idea")

    with pytest.raises(palace.DecodeError, match="no idea"):
        Broken().play()


def test_only_context_thread_may_stream(context: palace.Context) -> None:
    source = palace.Source()
    error = raised_elsewhere(lambda: Ramp().play(source=source))
    assert isinstance(error, RuntimeError)


# Voices and leaks


def test_higher_priority_steals_stream_voice(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a strictly higher priority steals the voice of a stream."""

    def none_left() -> int:
        raise palace.OpenALError("alGenSources", 0xA005, "no more")

    received = failing_events(context)
    stream = Ramp().play()
    monkeypatch.setattr(context._engine.al, "generate_source", none_left)
    unheard = Ramp().play()
    assert stream.playing
    assert not unheard.playing
    above = palace.Source()
    above.priority = 1
    Ramp().play(source=above)
    assert above.playing
    assert not stream.playing
    context.update()
    assert received == [("stopped", unheard), ("stopped", stream)]
    assert context.stats()["streams"] == 1


def test_streams_leak_no_buffer(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    al = context._engine.al
    alive: set[int] = set()
    generate, delete = al.generate_buffer, al.delete_buffers

    def generating() -> int:
        number = generate()
        alive.add(number)
        return int(number)

    def deleting(buffers: list[int]) -> None:
        alive.difference_update(buffers)
        delete(buffers)

    monkeypatch.setattr(al, "generate_buffer", generating)
    monkeypatch.setattr(al, "delete_buffers", deleting)
    sources = [Ramp(5000).play(1000, 3) for _ in range(10)]
    device.render(2000)
    assert 10 <= len(alive) <= 30
    sources[0].stop()
    sources[1].destroy()
    sources[2].offset = 100
    device.render(10_000)
    context.update()
    sources[3].play(Ramp(5000))
    context.destroy()
    assert not alive


def test_unreferenced_stream_plays_to_its_end(context: palace.Context, device: palace.LoopbackDevice) -> None:
    import weakref

    decoder = Ramp(5000)
    source = weakref.ref(decoder.play(1000, 3))
    gone = weakref.ref(decoder)
    del decoder
    assert source() is not None
    device.render(6000)
    context.update()
    assert source() is None
    wait_until(lambda: gone() is None, context)


def test_interval_refill_keeps_up(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """Streams that are refilled at an interval keep up too."""
    context.async_wake_interval = 5
    Ramp().play(1000, 4)
    np.testing.assert_array_equal(exactly(device, 30_000), sounds.ramp(30_000)[:, 0])
    assert context.stats()["underruns"] == 0


def test_stream_ends_at_claimed_length(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A stream ends at the length that its decoder claims."""

    class Endless(Ramp):
        length = 5000

        def read(self, count: int) -> bytes:
            return np.full(count, 1000, np.int16).tobytes()

    source = Endless().play(1000, 3)
    out = exactly(device, 8000)
    assert (out[:5000] == 1000).all()
    assert not source.playing
    source.looping = True
    Endless().play(1000, 3, source)
    assert (exactly(device, 20_000)[FADE:] == 1000).all()


def test_device_loss_ends_streams(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams end on a lost device, and new streams play after it returns."""
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    monkeypatch.setattr(device._native, "is_connected", lambda: False)
    context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
    decoder = Ramp(300_000)
    source = decoder.play(1000, 3)
    device.render(100)
    context.update()
    read = decoder.reads
    device.render(10_000)  # OpenAL stops what plays on a lost device
    context.update()
    assert received == [source]
    assert decoder.reads <= read + 1  # no further chunk is read
    device.reset()
    Ramp().play(1000, 3)
    assert exactly(device, 1000).any()


def test_decoder_finaliser_runs_outside_scope(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """The finaliser of a decoder runs outside of the context scope."""
    inside: list[bool] = []

    class Destroyable(Ramp):
        def __del__(self) -> None:
            inside.append(context._engine.scope.depth > 0)

    def release(how: Callable[[palace.Source], object]) -> None:
        source = Destroyable(2000).play(1000, 3)
        device.render(500)
        how(source)
        del source
        wait_until(lambda: len(inside) == before + 1, context)

    for how in (
        lambda source: source.stop(),
        lambda source: source.play(Ramp(2000)),
        lambda source: (device.render(5000), context.update()),
        lambda source: source.destroy(),
        lambda source: context.destroy(),
    ):
        before = len(inside)
        release(how)
        if context:
            for source in [state.source for state in context._engine.voices]:
                source.stop()  # type: ignore[attr-defined]
    assert inside == [False] * 5


# While a chunk is being read: the decoder is blocked, something happens, and it continues


def begun_and_held(device: palace.LoopbackDevice, decoder: Ramp, source: palace.Source | None = None) -> palace.Source:
    """A stream of which a thousand frames were heard, and whose decoder is at the next chunk."""
    source = decoder.play(1000, 3, source)
    device.render(1000)
    decoder.may_read.clear()
    decoder.reading.clear()
    source.offset = 1000  # it is read on from there
    decoder.reading.wait()
    return source


def test_seek_during_a_read_is_kept(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder = Ramp()
    source = begun_and_held(device, decoder)
    source.offset = 9000
    decoder.may_read.set()
    np.testing.assert_array_equal(exactly(device, 3000)[FADE:], sounds.ramp(30_000)[9000 + FADE : 12_000, 0])


def test_replay_during_a_read_restarts(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder = Ramp()
    source = begun_and_held(device, decoder)
    decoder.play(1000, 3, source)
    decoder.may_read.set()
    np.testing.assert_array_equal(exactly(device, 3000)[FADE:], sounds.ramp(3000)[FADE:, 0])


def test_stopped_streams_read_is_not_heard(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """Samples that are read for a stopped stream are not heard."""
    decoder = Ramp()
    source = begun_and_held(device, decoder)
    source.stop()
    decoder.may_read.set()
    assert not exactly(device, 3000)[1000:].any()
    assert context.stats()["streams"] == 0


@pytest.mark.parametrize("looping", [True, False])
@pytest.mark.parametrize("points", [(500, 1800), (0, 0)])
def test_looping_changes_during_loop_end_read(
    context: palace.Context, device: palace.LoopbackDevice, looping: bool, points: tuple[int, int]
) -> None:
    """Looping may be set or unset while the chunk at the loop end is read."""
    length = 2800 if points != (0, 0) else 1900  # so that the chunk crosses the loop's end
    decoder = Ramp(length, points)
    whole = sounds.ramp(length)[:, 0]
    source = palace.Source()
    source.looping = not looping
    begun_and_held(device, decoder, source)
    source.looping = looping
    decoder.may_read.set()
    start, end = points if points != (0, 0) else (0, length)
    expected = np.concatenate([whole[1000:end], np.tile(whole[start:end], 6)])[:4000] if looping else whole[1000:]
    np.testing.assert_array_equal(exactly(device, 4000)[FADE : len(expected)], expected[FADE:])
    assert source.playing is looping


def test_two_threads_never_read_one_decoder(context: palace.Context, device: palace.LoopbackDevice) -> None:
    inside, most = 0, 0

    class Counting(Ramp):
        def read(self, count: int) -> bytes:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            try:
                return super().read(count)
            finally:
                inside -= 1

    decoder = Counting()
    decoder.may_read.clear()
    for _ in range(4):
        decoder.reading.clear()
        source = decoder.play(1000, 3)
        Ramp().play(1000, 3)  # somebody to be fed: another thread is sent
        context._engine.streams.replace_stalled(float("inf"))
        device.render(100)
        source.stop()
    decoder.play(1000, 3)
    decoder.may_read.set()
    assert exactly(device, 2000).any()
    assert most == 1


def test_each_update_replaces_a_stalled_thread(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also right after a check of the device: the other streams' queues last for little more than a stall."""
    monkeypatch.setattr(stream_thread, "STALL_SECONDS", 0.0)
    stalled, other = Ramp(), Ramp()
    stalled.may_read.clear()
    stalled.play(1000, 3)
    assert stalled.reading.wait(5)
    other.play(1000, 3)
    context._engine._checked_at = float("inf")
    context.update()
    assert other.reading.wait(5)
    stalled.may_read.set()


def test_game_may_read_a_released_decoder(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The game may read a decoder after the streaming thread releases it."""
    may_read, reading = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if threading.current_thread().name == "pyglet_palace streams":
                reading.set()
                may_read.wait()
            return super().read(size)

    data = sounds.wav(tmp_path / "a.wav", 100_000).read_bytes()
    palace.use_fileio(lambda name: Slow(data), 512)
    decoder = palace.Decoder("a")
    source = decoder.play(4096, 3)
    reading.wait()
    source.stop()
    waiting = threading.Thread(target=lambda: (decoder.seek(100), got.append(decoder.read(10))))
    got: list[bytes] = []
    waiting.start()
    assert not got
    may_read.set()
    waiting.join()
    assert np.frombuffer(got[0], np.int16).tolist() == sounds.ramp(110)[100:, 0].tolist()


def test_streamed_decoder_makes_no_buffer(context: palace.Context) -> None:
    decoder = Ramp()
    source = decoder.play()
    with pytest.raises(RuntimeError, match="is being played"):
        palace.Buffer.from_decoder(decoder, "ramp")
    source.stop()
    wait_until(lambda: not decoder._decoder_lock.held)
    decoder.seek(0)
    assert palace.Buffer.from_decoder(decoder, "ramp").length == 30_000


def test_game_decoder_methods_are_used(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A decoder class of the game is read through its own methods."""

    class Quiet(palace.Decoder):
        def read(self, count: int) -> bytes:
            return (np.frombuffer(super().read(count), np.int16) // 2).tobytes()

    Quiet(sounds.wav(tmp_path / "a.wav", 5000)).play(1000, 3)
    np.testing.assert_array_equal(exactly(device, 5000), sounds.ramp(5000)[:, 0] // 2)


def test_decoder_attributes_may_have_any_name(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder: Any = Ramp()
    decoder._stream = decoder._reader = decoder._feeder = decoder._context = open
    decoder.play()
    assert exactly(device, 100).any()


# Held decoders


def test_stalled_stopped_stream_delays_no_other(
    context: palace.Context, device: palace.LoopbackDevice, held: Ramp
) -> None:
    """A decoder stalled after its source was stopped delays no other stream."""
    source = held.play()
    held.reading.wait()
    source.stop()
    other = Ramp()
    other.play(1000, 3)
    wait_until(lambda: other.at == 3000, context)


def test_rendering_waits_only_so_long(context: palace.Context, device: palace.LoopbackDevice, held: Ramp) -> None:
    """Rendering stops waiting for stalled decoders, and other streams are heard."""
    held.play()
    held.reading.wait()
    Ramp().play(1000, 3)
    np.testing.assert_array_equal(exactly(device, 20_000), sounds.ramp(20_000)[:, 0])


def test_missing_thread_is_logged_and_recovered(
    context: palace.Context,
    device: palace.LoopbackDevice,
    held: Ramp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a thread to replace a stalled one, a warning is logged and playback recovers."""
    held.play()
    held.reading.wait()
    Ramp().play(1000, 3)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        context._engine.streams.replace_stalled(float("inf"))
    assert "cannot start a thread" in caplog.text
    held.may_read.set()
    assert exactly(device, 1000).any()  # the one there is goes on


def test_missing_thread_refuses_the_stream(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what is missing; the same decoder and source play once there are threads."""
    decoder, source = Ramp(), palace.Source()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(palace.PalaceError, match="no thread can be started to decode streams .*ulimit"):
            decoder.play(1000, 3, source)
    assert not source.playing
    assert context.stats()["sources"] == 0
    decoder.play(1000, 3, source)
    np.testing.assert_array_equal(exactly(device, 20_000), sounds.ramp(20_000)[:, 0])


# Pausing, and running dry


def run_dry(context: palace.Context, device: palace.LoopbackDevice, decoder: Ramp) -> palace.Source:
    """A stream all of whose queue was heard, and whose decoder is held."""
    source = decoder.play(1000, 3)
    device.render(1000)
    decoder.may_read.clear()
    device.render(8000)
    return source


def test_pause_during_underrun_loses_nothing(context: palace.Context, device: palace.LoopbackDevice) -> None:
    decoder = Ramp()
    source = run_dry(context, device, decoder)
    at = source.offset
    source.pause()
    assert source.offset == at
    decoder.may_read.set()
    wait_until(lambda: not decoder._decoder_lock.held)
    device.render(5000)
    assert decoder.at <= at + 3000  # no more than the queue takes
    source.resume()
    np.testing.assert_array_equal(exactly(device, 3000)[FADE:], sounds.ramp(30_000)[at + FADE : at + 3000, 0])


def test_underrun_repeats_no_samples(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """Samples heard before an underrun are not heard again."""
    source = Ramp().play(1000, 3)
    device.render(100)
    stream: Any = source._state.voice.playable  # type: ignore[union-attr]
    with context._engine.scope as al:  # the streaming thread is about to deliver a chunk, and is late
        data, segments, position, _, _ = stream.reader.read(stream.position, 1000, 0)
        late = np.empty((5000, 1), np.float32)
        al.alcRenderSamplesSOFT(device._native.handle, late.ctypes.data, len(late))
        stream.deliver(al, data, segments, position, ended=False, wraps=0, left=0)
    assert context.stats()["underruns"] == 1
    assert source.offset == 3000
    np.testing.assert_array_equal(exactly(device, 900)[FADE:], sounds.ramp(30_000)[3000 + FADE : 3900, 0])


# Whatever goes wrong, the others go on


def test_openal_error_ends_only_its_stream(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = failing_events(context)
    bad, good = Ramp().play(1000, 3), Ramp().play(1000, 3)
    device.render(100)
    number, ask = bad._state.voice.number, context._engine.al.source_integer  # type: ignore[union-attr]

    def answer(source: int, what: int) -> int:
        if source == number and threading.current_thread().name == "pyglet_palace streams":
            raise palace.OpenALError("alGetSourcei", 0xA003, "no answer")
        return int(ask(source, what))

    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "source_integer", answer)
        context._engine.streams.wake()
        wait_until(lambda: bad._state.voice is None or bad._state.voice.playable.failure, context)  # type: ignore[union-attr]
    device.render(10_000)
    wait_until(lambda: received, context)
    assert received[0][0] is bad
    assert "no answer" in str(received[0][1])
    assert good.playing


def test_ended_streaming_thread_restarts(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            context._engine.streams, "_serve_all", lambda: (_ for _ in ()).throw(palace.DestroyedError("by hand"))
        )
        Ramp().play().stop()
        wait_until(lambda: context._engine.streams._thread is None)
    Ramp().play()
    assert exactly(device, 100).any()


def test_failure_keeps_no_object_alive(context: palace.Context, device: palace.LoopbackDevice) -> None:
    import gc
    import weakref

    decoder = Ramp()
    decoder.fails_at, decoder.error = 0, palace.DecodeError("ramp", "decode", "torn")
    source = decoder.play()
    gone = weakref.ref(decoder)
    device.render(100)
    gc.disable()
    wait_until(lambda: not source.playing, context)
    context.update()
    del decoder
    wait_until(lambda: gone() is None, context)


def test_looping_revives_no_ended_stream(context: palace.Context, device: palace.LoopbackDevice) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = Ramp(2000).play(1000, 3)
    device.render(3000)
    source.looping = True
    context.update()
    assert received == [source]


def test_loop_end_is_clamped_to_sound_end(context: palace.Context, device: palace.LoopbackDevice) -> None:
    source = Ramp(2000, (500, 9000), known=False).play(1000, 4)
    device.render(1000)
    source.looping = True
    whole = sounds.ramp(2000)[:, 0]
    expected = np.concatenate([whole[1000:], whole[500:], whole[500:]])
    np.testing.assert_array_equal(exactly(device, 4000), expected)


def test_unset_looping_drops_wrapped_chunks(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A stream whose looping is unset drops the chunks decoded past the loop."""
    source = palace.Source()
    source.looping = True
    Ramp(2000).play(source=source)
    device.render(1000)
    source.looping = False
    np.testing.assert_array_equal(exactly(device, 1000)[FADE:], sounds.ramp(2000)[1000 + FADE :, 0])
    device.render(100)
    assert not source.playing


def test_source_as_chunk_length_gets_advice(context: palace.Context) -> None:
    """A source in place of the chunk length raises TypeError, which names the right argument."""
    with pytest.raises(TypeError, match="play\\(source=...\\)"):
        Ramp().play(palace.Source())  # type: ignore[arg-type]


def test_returned_decoder_is_read_on(context: palace.Context, device: palace.LoopbackDevice, held: Ramp) -> None:
    """A decoder that returns after its thread was replaced is read on."""
    held.play(1000, 3)
    held.reading.wait()
    other = Ramp()
    source = other.play(1000, 3)
    wait_until(lambda: other.at == 3000, context)  # by another thread
    source.stop()
    held.may_read.set()
    wait_until(lambda: held.at == 3000)  # no update, no rendering: the thread was notified
    wait_until(lambda: [one.name for one in threading.enumerate()].count("pyglet_palace streams") == 1)


def test_urgent_stream_wakes_streaming_thread(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Ramp().play(1000, 3)
    device.render(100)
    woken: list[bool] = []
    monkeypatch.setattr(context._engine.streams, "wake", lambda: woken.append(True))
    source.pitch = 4
    assert woken.pop()
    source.pause()
    woken.clear()
    source.resume()
    assert woken


def test_failed_decoder_seeks_before_next_read() -> None:
    from pyglet_palace._streaming.looping_reader import LoopingReader

    class Torn(Ramp):
        def read(self, count: int) -> bytes:
            data = super().read(count)
            if self.reads == 2:
                raise OSError("torn")
            return data

    reader = LoopingReader("torn", Torn(), 1000)
    _, _, position, _, _ = reader.read(0, 100, 0)
    with pytest.raises(OSError, match="torn"):
        reader.read(position, 100, 0)
    data, segments, _, _, _ = reader.read(position, 100, 0)
    assert segments == [(100, 100)]
    np.testing.assert_array_equal(data[:, 0], sounds.ramp(200)[100:, 0])


def test_failure_in_underrun_repeats_nothing(context: palace.Context, device: palace.LoopbackDevice) -> None:
    received = failing_events(context)
    decoder = Ramp()
    source = run_dry(context, device, decoder)
    decoder.fails_at = 0
    decoder.may_read.set()
    wait_until(lambda: not decoder._decoder_lock.held)
    assert not exactly(device, 3000)[1000:].any()
    context.update()
    assert [entry[0] for entry in received] == [source, "stopped"]


def test_rendering_ends_without_reader_thread(
    context: palace.Context, device: palace.LoopbackDevice, held: Ramp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rendering ends although no thread can start to read."""
    monkeypatch.setattr(palace.LoopbackDevice, "_PATIENCE", 0.05)
    held.play()
    held.reading.wait()
    Ramp().play(1000, 3)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(device.render(5000)) == 5000


def test_decoder_read_by_game_is_streamed_later(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A decoder that the game was reading when it was played is read on."""
    decoder = Ramp()
    assert decoder._decoder_lock.acquire(wait=True)
    decoder.play(1000, 3)
    assert not decoder.reads
    decoder._decoder_lock.release()
    wait_until(lambda: decoder.at == 3000)


def test_closed_thread_calls_no_openal(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A streaming thread that waits for the scope while the context is destroyed enters it afterwards."""
    streams = context._engine.streams
    Ramp().play(1000, 3)
    device.render(100)
    (stream,) = streams._streams
    monkeypatch.setattr(streams, "_closed", True)
    monkeypatch.setattr(stream, "needs_data", lambda al: pytest.fail("OpenAL was called"))
    monkeypatch.setattr(stream, "deliver", lambda *_, **__: pytest.fail("OpenAL was called"))
    assert streams._serve_all() is None
    streams._serve(stream)
    monkeypatch.undo()


def without_its_thread(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the test do what the streaming thread of `context` does."""
    streams = context._engine.streams
    streams.close()
    wait_until(lambda: streams._thread is None)
    monkeypatch.setattr(streams, "_closed", False)
    return streams


def test_shortest_queue_is_served_first(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        Ramp().play(1000, 3)
    streams = without_its_thread(context, monkeypatch)
    queues = dict(zip(streams._streams, (0.3, 0.1, 0.2), strict=True))
    served: list[float] = []
    for stream, seconds in queues.items():
        monkeypatch.setattr(stream, "needs_data", lambda al: True)
        monkeypatch.setattr(stream, "seconds_left", lambda al, seconds=seconds: (0.1, seconds))
    monkeypatch.setattr(streams, "_serve", lambda stream: served.append(queues[stream]))
    assert streams._serve_all() == 0
    assert served == [0.1, 0.2, 0.3]


def test_replaced_thread_wakes_its_successor(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its decoder is free again, and the successor may be asleep."""
    Ramp().play(1000, 3)
    streams = without_its_thread(context, monkeypatch)
    (stream,) = streams._streams
    streams._awake.clear()
    streams._serve(stream)
    assert streams._awake.wait(0)
