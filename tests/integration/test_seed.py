"""The page this package began with, "Resource Caching" of palace: a test for each of its sentences.

Where design.md departs from it on purpose, the last part says so.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._openal import constants as c
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, wait_until

if TYPE_CHECKING:
    from typing import BinaryIO

    from pyglet_palace.testing import Recorder


@pytest.fixture
def door(assets: Path) -> str:
    """The name of a stereo sound of 4410 frames."""
    sounds.wav(assets / "door.wav", 4410, 2)
    pyglet.resource.reindex()
    return "door.wav"


def heard(sound: Recorder, frames: int) -> Any:
    """The next frames, as 16-bit numbers."""
    sound.advance(frames / RATE)
    return np.rint(sound.heard() * 32768)


# class palace.Buffer


def test_buffer_holds_decoded_pcm(sound: Recorder, door: str, assets: Path) -> None:
    """'Buffer of preloaded PCM samples coming from a Decoder.'"""
    pcm = np.frombuffer(palace.Decoder(door).read(4410), np.int16).reshape(-1, 2)
    buffer = palace.Buffer(door)
    (assets / "door.wav").unlink()  # preloaded: the file is needed no more

    buffer.play()

    np.testing.assert_array_equal(heard(sound, 4410), pcm)


def test_buffer_may_be_destroyed_early(context: palace.Context, door: str) -> None:
    """'Cached buffers must be freed using destroy before destroying context.'"""
    palace.cache([door])
    loaded(context)

    palace.Buffer(door).destroy()

    assert context.stats()["buffers"] == 0
    context.destroy()


def test_buffer_as_context_manager_destroys(context: palace.Context, door: str) -> None:
    """'... can be used as a context manager that calls destroy upon completion of the block'"""
    with palace.Buffer(door) as buffer:
        assert buffer
        assert door in context.cached_names

    assert not buffer
    assert context.cached_names == ()


def test_buffer_is_destroyed_on_error(context: palace.Context, door: str) -> None:
    """'..., even if an error occurs.'"""
    with pytest.raises(ZeroDivisionError), palace.Buffer(door) as buffer:
        raise ZeroDivisionError

    assert not buffer
    assert context.stats()["buffers"] == 0


def test_name_may_be_resource_or_file(context: palace.Context, door: str, assets: Path) -> None:
    """'name: Audio file or resource name.'"""
    assert palace.Buffer(door).length == 4410
    assert palace.Buffer(str(assets / "door.wav")).length == 4410
    assert palace.Buffer(assets / "door.wav").length == 4410


def test_same_name_gives_same_buffer(context: palace.Context, door: str) -> None:
    """'Multiple calls with the same name will return the same buffer.'"""
    assert palace.Buffer(door) is palace.Buffer(door)
    assert context.stats()["buffers"] == 1


def test_buffer_is_created_in_its_context(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'context: The context from which the buffer is to be created and cached.'"""
    other = palace.Context(device, EXACT, auto_update=False)

    palace.Buffer(door, other)

    assert other.cached_names == (door,)
    assert context.cached_names == ()


def test_current_context_is_the_default(context: palace.Context, door: str) -> None:
    """'By default current_context() is used.'"""
    palace.Buffer(door)

    assert palace.current_context() is context
    assert context.cached_names == (door,)


def test_buffer_has_its_name(context: palace.Context, door: str) -> None:
    """'name: Audio file or resource name. Type: str'"""
    assert palace.Buffer(door).name == door
    assert isinstance(palace.Buffer(door).name, str)


def test_buffer_without_context_raises(door: str) -> None:
    """'RuntimeError - If there is neither any context specified nor current.'"""
    with pytest.raises(RuntimeError, match="no context current"):
        palace.Buffer(door)


@pytest.mark.parametrize(("channels", "config"), [(1, "Mono"), (2, "Stereo"), (4, "Quadrophonic")])
def test_channel_config_is_reported(context: palace.Context, assets: Path, channels: int, config: str) -> None:
    """'channel_config: Buffer's sample configuration.'"""
    sounds.wav(assets / "sound.wav", 100, channels)
    pyglet.resource.reindex()

    assert palace.Buffer("sound.wav").channel_config == config
    assert config in palace.channel_configs


def test_destroy_frees_the_cache(context: palace.Context, door: str) -> None:
    """'destroy: Free the buffer's cache.'"""
    palace.Buffer(door).destroy()

    assert context.cached_names == ()
    assert context.cached_size == 0
    assert context.stats()["buffers"] == 0


def test_destroy_invalidates_equal_buffers(context: palace.Context, door: str) -> None:
    """'This invalidates all other Buffer objects with the same name.'"""
    first, second = palace.Buffer(door), palace.Buffer(door)

    first.destroy()

    with pytest.raises(palace.DestroyedError):
        second.play()
    assert palace.Buffer(door) is not second  # loaded again


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_frequency_is_in_hertz(context: palace.Context, assets: Path, rate: int) -> None:
    """'frequency: Buffer's frequency in hertz.'"""
    sounds.wav(assets / "sound.wav", 100, rate=rate)
    pyglet.resource.reindex()

    assert palace.Buffer("sound.wav").frequency == rate


def test_from_decoder_reads_the_decoder(sound: Recorder, door: str) -> None:
    """'Return a buffer created by reading the given decoder.'"""
    decoder = palace.decode(door)
    decoder.seek(1000)  # it reads from where it stands

    buffer = palace.Buffer.from_decoder(decoder, "tail")
    buffer.play()

    assert buffer.length == 3410
    np.testing.assert_array_equal(heard(sound, 3410), sounds.ramp(4410, 2)[1000:])


def test_from_decoder_names_the_buffer(context: palace.Context, door: str) -> None:
    """'name: The name to give to the buffer.'"""
    buffer = palace.Buffer.from_decoder(palace.decode(door), "new name")

    assert buffer.name == "new name"
    assert palace.Buffer("new name") is buffer


def test_from_decoder_may_alias_a_file(context: palace.Context, door: str, assets: Path) -> None:
    """'It may alias an audio file'"""
    sounds.wav(assets / "other.wav", 77)
    pyglet.resource.reindex()

    buffer = palace.Buffer.from_decoder(palace.decode("other.wav"), door)

    assert palace.Buffer(door) is buffer
    assert buffer.length == 77


def test_from_decoder_refuses_cached_name(context: palace.Context, door: str) -> None:
    """'but it must not currently exist in the buffer cache.' 'RuntimeError - if name is already used ...'"""
    buffer = palace.Buffer(door)

    with pytest.raises(RuntimeError, match="is the name of another buffer"):
        palace.Buffer.from_decoder(palace.decode(door), door)

    buffer.destroy()
    assert palace.Buffer.from_decoder(palace.decode(door), door)


def test_from_decoder_uses_its_context(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'context: ... By default current_context() is used.'"""
    other = palace.Context(device, EXACT, auto_update=False)

    palace.Buffer.from_decoder(palace.decode(door), "of other", other)
    palace.Buffer.from_decoder(palace.decode(door), "of current")

    assert other.cached_names == ("of other",)
    assert context.cached_names == ("of current",)


def test_from_decoder_without_context_raises(context: palace.Context, door: str) -> None:
    """'RuntimeError - If there is neither any context specified nor current'"""
    decoder = palace.decode(door)
    palace.use_context(None)

    with pytest.raises(RuntimeError, match="no context current"):
        palace.Buffer.from_decoder(decoder, "name")


def test_length_is_in_frames(context: palace.Context, door: str) -> None:
    """'length: Length of the buffer in sample frames.'"""
    assert palace.Buffer(door).length == 4410


def test_length_seconds_is_in_seconds(context: palace.Context, door: str) -> None:
    """'length_seconds: Length of the buffer in seconds.'"""
    assert palace.Buffer(door).length_seconds == pytest.approx(0.1)


def test_loop_points_apply_to_looping_sources(sound: Recorder, door: str) -> None:
    """'loop_points: Loop points for looping sources.' start: inclusive, end: exclusive, in sample frames."""
    buffer = palace.Buffer(door)
    buffer.loop_points = (100, 300)
    source = palace.Source()
    source.looping = True

    buffer.play(source)

    ramp = sounds.ramp(4410, 2)
    expected = np.concatenate([ramp[:300], ramp[100:300], ramp[100:200]])
    np.testing.assert_array_equal(heard(sound, 600), expected)


def test_default_loop_points_span_the_sound(context: palace.Context, assets: Path) -> None:
    """'If AL_SOFT_loop_points extension is not supported by the current context, start = 0 and end = length'"""
    path = sounds.wav(assets / "loop.wav", 1000)
    sounds.add_chunk(path, sounds.smpl_chunk((0, 100, 299)))
    pyglet.resource.reindex()
    buffer = palace.Buffer("loop.wav")
    assert buffer.loop_points == (100, 300)

    context._engine.native.has_loop_points = False

    assert buffer.loop_points == (0, 1000)


@pytest.mark.parametrize("points", [(0, 0), (10, 10), (20, 10), (0, 4411), (4410, 4411)])
def test_loop_points_are_in_range(context: palace.Context, door: str, points: tuple[int, int]) -> None:
    """'Otherwise, start < end <= length.'"""
    buffer = palace.Buffer(door)
    assert buffer.loop_points == (0, 4410)
    buffer.loop_points = (4409, 4410)

    with pytest.raises(ValueError, match="0 <= start < end <= 4410"):
        buffer.loop_points = points

    assert buffer.loop_points == (4409, 4410)


def test_loop_points_need_an_unused_buffer(context: palace.Context, door: str) -> None:
    """'The buffer must not be in use when this property is set.'"""
    buffer = palace.Buffer(door)
    source = buffer.play()
    with pytest.raises(RuntimeError, match="cannot be set while"):
        buffer.loop_points = (1, 2)
    source.pause()
    with pytest.raises(RuntimeError, match="cannot be set while"):
        buffer.loop_points = (1, 2)

    source.stop()
    buffer.loop_points = (1, 2)

    assert buffer.loop_points == (1, 2)


def test_play_returns_the_given_source(context: palace.Context, door: str) -> None:
    """'play: Play source using the buffer. Return the source used for playing.'"""
    source, buffer = palace.Source(), palace.Buffer(door)

    assert buffer.play(source) is source

    assert source.playing
    assert source.buffer is buffer


def test_play_creates_a_source(context: palace.Context, door: str) -> None:
    """'If None is given, create a new one.'"""
    buffer = palace.Buffer(door)
    first, second = buffer.play(), buffer.play(None)

    assert first is not second
    assert first.playing
    assert second.playing


def test_buffer_plays_on_many_sources(sound: Recorder, assets: Path) -> None:
    """'One buffer may be played from multiple sources simultaneously.'"""
    sounds.write(assets / "low.wav", (sounds.ramp(500, 2) // 4).astype(np.int16), subtype="PCM_16")
    pyglet.resource.reindex()
    buffer = palace.Buffer("low.wav")

    buffer.play()
    buffer.play()

    np.testing.assert_array_equal(heard(sound, 500), (sounds.ramp(500, 2) // 4) * 2)


@pytest.mark.parametrize(
    ("subtype", "sample_type"), [("PCM_U8", "Unsigned 8-bit"), ("PCM_16", "Signed 16-bit"), ("FLOAT", "32-bit float")]
)
def test_sample_type_is_reported(context: palace.Context, assets: Path, subtype: str, sample_type: str) -> None:
    """'sample_type: Buffer's sample type.'"""
    sounds.write(assets / "sound.wav", sounds.tone(0.01), subtype=subtype)
    pyglet.resource.reindex()

    assert palace.Buffer("sound.wav").sample_type == sample_type
    assert sample_type in palace.sample_types


def test_size_matches_openals_count(context: palace.Context, door: str) -> None:
    """'size: Storage size used by the buffer, in bytes.' 'may not be what you expect from the length'"""
    buffer = palace.Buffer(door)

    with context._engine.scope as al:
        assert buffer.size == al.buffer_integer(buffer._entry.stored.number, c.AL_SIZE) == 4410 * 4
    assert context.cached_size == buffer.size


def test_source_count_counts_users(context: palace.Context, door: str) -> None:
    """'source_count: Number of sources currently using the buffer.' 'equivalent to calling len(self.sources)'"""
    buffer = palace.Buffer(door)
    assert buffer.source_count == len(buffer.sources) == 0

    kept = [buffer.play() for _ in range(3)]
    assert buffer.source_count == len(buffer.sources) == 3

    kept[0].stop()
    assert buffer.source_count == len(buffer.sources) == 2


def test_update_corrects_source_count(sound: Recorder, door: str) -> None:
    """'Context.update needs to be called to reliably ensure the count is kept updated for when sources reach their
    end.'"""
    buffer = palace.Buffer(door)
    buffer.play()

    sound.advance(1)

    assert buffer.source_count == 0


def test_sources_lists_playing_sources(context: palace.Context, door: str) -> None:
    """'sources: Source objects currently playing the buffer.'"""
    buffer = palace.Buffer(door)
    first, second = buffer.play(), buffer.play()

    assert buffer.sources == [first, second]
    assert all(isinstance(source, palace.Source) for source in buffer.sources)


# palace.cache


def test_cache_loads_asynchronously(context: palace.Context, door: str) -> None:
    """'Cache given audio resources asynchronously.' 'scheduled for caching asynchronously'"""
    release, threads = threading.Event(), []

    def factory(_: BinaryIO) -> palace.BaseDecoder:
        threads.append(threading.current_thread())
        assert release.wait(30)
        raise RuntimeError("not mine")

    palace.decoder_factories.held = factory
    assert palace.cache([door]) is None  # returns while the decoder is held
    assert context.pending_names == (door,)
    release.set()
    loaded(context)

    assert context.cached_names == (door,)
    assert threads
    assert threading.current_thread() not in threads


def test_cache_ignores_duplicate_names(sound: Recorder, door: str) -> None:
    """'Duplicate names ... are ignored.'"""
    received: list[str] = []
    sound.context.set_handler("on_cached", received.append)

    palace.cache([door, door])
    palace.cache([door])
    sound.advance(0)

    assert received == [door]
    assert sound.context.stats()["buffers"] == 1


def test_cache_ignores_cached_buffers(context: palace.Context, door: str) -> None:
    """'... and buffers already cached are ignored.'"""
    buffer = palace.Buffer(door)
    received: list[str] = []
    context.set_handler("on_cached", received.append)

    palace.cache([door])

    assert context.pending_names == ()
    context.update()
    assert received == []
    assert palace.Buffer(door) is buffer


def test_cached_buffers_may_be_freed(context: palace.Context, door: str) -> None:
    """'Cached buffers must be freed before destroying the context.'"""
    palace.cache([door])
    loaded(context)

    palace.free(context.cached_names)

    assert context.stats()["buffers"] == 0
    context.destroy()


def test_buffer_retrieves_cached_sound(sound: Recorder, door: str, assets: Path) -> None:
    """'should be retrieved later when needed by initializing Buffer corresponding objects.'"""
    palace.cache([door])
    sound.advance(0)
    (assets / "door.wav").unlink()  # nothing is loaded again

    assert palace.Buffer(door).length == 4410


def test_failed_cache_raises_in_buffer(sound: Recorder, door: str, assets: Path) -> None:
    """'Resources that cannot be loaded, for example due to an unsupported format, will be ignored and a later Buffer
    initialization will raise an exception.'"""
    (assets / "text.wav").write_text("this is no audio at all")
    sounds.wav(assets / "three.wav", 100, 3)
    pyglet.resource.reindex()

    palace.cache(["text.wav", "three.wav", "missing.wav", door])
    sound.advance(0)

    assert sound.context.cached_names == (door,)
    with pytest.raises(palace.DecodeError, match="text"):
        palace.Buffer("text.wav")
    with pytest.raises(palace.UnsupportedFormat, match="three"):
        palace.Buffer("three.wav")
    with pytest.raises(palace.ResourceNotFound, match="missing"):
        palace.Buffer("missing.wav")


def test_cache_uses_its_context(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'If context is not given, current_context() will be used.'"""
    other = palace.Context(device, EXACT, auto_update=False)

    palace.cache([door], other)
    assert context.pending_names == ()
    loaded(other)
    palace.cache([door])
    assert context.pending_names == (door,)
    loaded(context)

    assert other.cached_names == context.cached_names == (door,)


def test_cache_without_context_raises() -> None:
    """'RuntimeError - If there is neither any context specified nor current.'"""
    with pytest.raises(RuntimeError, match="no context current"):
        palace.cache(["door.wav"])


# palace.free


def test_free_frees_names(sound: Recorder, assets: Path) -> None:
    """'Free cached audio resources given their names.'"""
    for name in ("a.wav", "b.wav", "c.wav"):
        sounds.wav(assets / name)
    pyglet.resource.reindex()
    palace.cache(["a.wav", "b.wav", "c.wav"])
    sound.advance(0)

    palace.free(["a.wav", "c.wav"])

    assert sound.context.cached_names == ("b.wav",)
    assert sound.context.stats()["buffers"] == 1


def test_free_uses_its_context(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'If context is not given, current_context() will be used.'"""
    other = palace.Context(device, EXACT, auto_update=False)
    palace.Buffer(door, other)
    palace.Buffer(door, context)

    palace.free([door])
    assert (context.cached_names, other.cached_names) == ((), (door,))
    palace.free([door], other)
    assert other.cached_names == ()


def test_free_without_context_raises() -> None:
    """'RuntimeError - If there is neither any context specified nor current.'"""
    with pytest.raises(RuntimeError, match="no context current"):
        palace.free(["door.wav"])


# Left behind on purpose (design.md)


def test_departure_workers_open_files(context: palace.Context, door: str, assets: Path) -> None:
    """'cache opens files on the calling thread': here only the look-up happens there."""
    openers: list[threading.Thread] = []
    data = (assets / door).read_bytes()

    def factory(_: str) -> palace.FileIO:
        openers.append(threading.current_thread())
        return io.BytesIO(data)

    palace.use_fileio(factory)
    palace.cache([door])
    loaded(context)

    assert context.cached_names == (door,)
    assert [thread.name.startswith("pyglet_palace") for thread in openers] == [True]


def test_departure_failure_reports_its_cause(context: palace.Context) -> None:
    """'a failed name is dropped in silence': here it is reported, and kept for Batch.failed."""
    received: list[tuple[str, Exception]] = []
    context.set_handler("on_cache_failed", lambda name, error: received.append((name, error)))

    batch = palace.preload(["missing.wav"])
    context.update()

    (name, error), *rest = received
    assert not rest
    assert name == "missing.wav"
    assert isinstance(error, palace.ResourceNotFound)
    assert isinstance(batch.failed["missing.wav"], palace.ResourceNotFound)


def test_departure_decoder_factories_apply(sound: Recorder, door: str, assets: Path) -> None:
    """'cache ignores decoder_factories': here all use the same decoders."""
    sounds.wav(assets / "two.wav")
    sounds.wav(assets / "three.wav")
    pyglet.resource.reindex()
    substitute = sounds.wav(assets / "substitute.wav", 42)

    def factory(_: BinaryIO) -> palace.BaseDecoder:
        return Whole(substitute)

    palace.decoder_factories.mine = factory
    palace.cache([door])
    palace.preload(["two.wav"])
    sound.advance(0)

    assert [palace.Buffer(name).length for name in (door, "two.wav", "three.wav")] == [42, 42, 42]


def test_departure_relative_name_is_a_resource(
    context: palace.Context, assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """'a relative name is a file of the working directory': here it is a name of pyglet.resource."""
    sounds.wav(tmp_path / "here.wav")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("here.wav")
    assert palace.Buffer(Path("here.wav")).name == str(tmp_path / "here.wav")


def test_departure_setters_need_no_context(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'setters raise unless their context is current': here they work."""
    buffer = palace.Buffer(door)
    other = palace.Context(device, EXACT, auto_update=False)
    palace.use_context(other)

    buffer.loop_points = (5, 10)

    assert buffer.loop_points == (5, 10)
    assert buffer.play().playing


def test_departure_destroyed_objects_raise(context: palace.Context, door: str) -> None:
    """'undefined after destroy': here DestroyedError."""
    buffer = palace.Buffer(door)
    buffer.destroy()
    with pytest.raises(palace.DestroyedError, match="door"):
        _ = buffer.length


def test_departure_context_frees_its_buffers(device: palace.LoopbackDevice, context: palace.Context, door: str) -> None:
    """'context destroy with buffers left: undefined in the docs': here it frees them."""
    playing = palace.Buffer(door).play()
    palace.cache([door])

    context.destroy()

    assert device._buffers.count == 0
    assert not playing.context
    device.close()


def test_departure_buffer_and_free_skip_queue(device: palace.LoopbackDevice, assets: Path) -> None:
    """'Buffer/free on a pending name wait for the queue (or deadlock)': here they take over and drop."""
    for name in ("held.wav", "wanted.wav", "unwanted.wav"):
        sounds.wav(assets / name)
    pyglet.resource.reindex()
    context = palace.Context(device, EXACT, auto_update=False, workers=1)
    entered, release = threading.Event(), threading.Event()

    def factory(_: BinaryIO) -> palace.BaseDecoder:
        if threading.current_thread().name.startswith("pyglet_palace"):
            entered.set()
            assert release.wait(30)
        raise RuntimeError("not mine")

    palace.decoder_factories.held = factory
    palace.cache(["held.wav", "unwanted.wav", "wanted.wav"], context)
    assert entered.wait(30)

    assert palace.Buffer("wanted.wav", context)
    palace.free(["unwanted.wav"], context)

    assert context.pending_names == ("held.wav",)
    release.set()
    wait_until(lambda: context.cached_names == ("held.wav", "wanted.wav"), context)


class Whole(palace.BaseDecoder):
    """A decoder of the game's own: what a 16-bit mono WAV file holds."""

    frequency = RATE
    channel_config = "Mono"
    sample_type = "Signed 16-bit"
    length = 0
    loop_points = (0, 0)

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()[44:]

    def seek(self, frame: int) -> bool:
        return False

    def read(self, count: int) -> bytes:
        data, self._data = self._data[: count * 2], self._data[count * 2 :]
        return data
