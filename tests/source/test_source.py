"""Sources: what they play, where they are in it, how it sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 4410


@pytest.fixture
def buffer(assets: Path, context: palace.Context) -> palace.Buffer:
    """A tenth of a second of mono ramp, at half of full scale so that stereo panning is linear."""
    sounds.wav(assets / "ramp.wav", LENGTH)
    pyglet.resource.reindex()
    return palace.Buffer("ramp.wav")


def played(out: Any) -> Any:
    """What both ears got, as one."""
    return out.sum(axis=1)


def test_new_source_is_idle(context: palace.Context) -> None:
    source = palace.Source()
    assert (source.playing, source.paused, source.buffer) == (False, False, None)
    assert (source.offset, source.offset_seconds, source.priority) == (0, 0.0, 0)
    assert (source.looping, source.gain, source.pitch, source.position) == (False, 1.0, 1.0, (0.0, 0.0, 0.0))
    assert not source.direct_channels
    assert source.context is context


def test_play_lasts_until_the_end(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = buffer.play()
    assert source.playing
    assert source.buffer is buffer
    assert np.abs(device.render(LENGTH - 1)).max() > 0.1
    assert source.playing
    device.render(2)
    assert not source.playing  # exact, without an update
    device.render(1024)  # OpenAL Soft fades out
    assert np.all(device.render(100) == 0)


def test_replay_restarts_with_same_voice(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    first = buffer.play()
    out = device.render(1000)
    assert buffer.play(first) is first
    np.testing.assert_allclose(device.render(1000)[512:], out[512:], atol=1e-6)  # past the fade-out of the first
    assert context.stats()["voices"] == 1
    assert buffer.source_count == 1


def test_source_plays_sounds_in_turn(assets: Path, buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    sounds.wav(assets / "other.wav", 100)
    pyglet.resource.reindex()
    other = palace.Buffer("other.wav")
    source = buffer.play()
    other.play(source)
    assert source.buffer is other
    assert (buffer.source_count, other.source_count) == (0, 1)


def test_stop_is_immediate_and_silent(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    received = []
    context.push_handlers(on_source_stopped=received.append, on_source_force_stopped=received.append)
    source = buffer.play()
    device.render(100)
    source.stop()
    source.stop()
    assert not source.playing
    assert source.buffer is None
    assert np.abs(device.render(2000)[1000:]).max() == 0
    context.update()
    assert received == []


def test_pause_and_resume_lose_no_frame(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    whole = played(device.render(0))
    source = buffer.play()
    whole = played(device.render(LENGTH))
    source.stop()
    buffer.play(source)
    device.render(1000)
    source.pause()
    assert source.paused
    assert not source.playing
    assert source.offset == 1000
    device.render(500)
    assert source.offset == 1000
    source.resume()
    assert source.playing
    out = played(device.render(LENGTH - 1000))
    np.testing.assert_allclose(out[256:], whole[1256:], atol=1e-6)  # past the fade-in of resuming


def test_pausing_an_idle_source_is_no_error(context: palace.Context) -> None:
    source = palace.Source()
    source.pause()
    source.resume()
    assert not source.playing
    assert not source.paused


def test_pause_after_the_end_keeps_event(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    received = []
    context.push_handlers(on_source_stopped=received.append)
    source = buffer.play()
    device.render(LENGTH + 10)
    source.pause()
    context.update()
    assert received == [source]


def test_offset_seeks(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = buffer.play()
    source.offset = 4000
    assert source.offset == 4000
    assert source.offset_seconds == pytest.approx(4000 / RATE)
    device.render(410)
    assert not source.playing


def test_offset_before_play_counts_once(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = palace.Source()
    source.offset = 4000
    assert source.offset == 4000
    buffer.play(source)
    assert source.offset == 4000
    device.render(410)
    assert not source.playing
    buffer.play(source)
    assert source.offset == 0


def test_offset_past_the_end_starts_at_0(buffer: palace.Buffer) -> None:
    source = palace.Source()
    source.offset = LENGTH
    buffer.play(source)
    assert source.offset == 0


def test_offset_out_of_range_is_refused(buffer: palace.Buffer) -> None:
    source = buffer.play()
    with pytest.raises(RuntimeError, match="only 4410 frames"):
        source.offset = LENGTH
    with pytest.raises(OverflowError, match="offset is -1"):
        source.offset = -1
    with pytest.raises(TypeError, match="whole number"):
        source.offset = 1.5  # type: ignore[assignment]


def test_looping_has_no_gap(assets: Path) -> None:
    sounds.wav(assets / "ramp.wav", 1000)
    pyglet.resource.reindex()
    device = palace.LoopbackDevice(RATE, "Mono")
    palace.use_context(palace.Context(device, EXACT, auto_update=False))
    source = palace.Source()
    source.looping = True
    palace.Buffer("ramp.wav").play(source)
    out = np.rint(device.render(3500)[:, 0] * 32768)
    np.testing.assert_array_equal(out, np.resize(sounds.ramp(1000)[:, 0], 3500))
    source.looping = False
    device.render(500)
    assert not source.playing


def test_gain_applies_while_playing(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = buffer.play()
    loud = played(device.render(2000))
    source.stop()
    device.render(1024)
    source.gain = 0.25
    buffer.play(source)
    np.testing.assert_allclose(played(device.render(2000)), loud * 0.25, atol=1e-6)
    source.gain = 0
    device.render(1024)
    assert np.all(device.render(500) == 0)


def test_pitch_2_halves_the_time(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = palace.Source()
    source.pitch = 2
    buffer.play(source)
    device.render(LENGTH // 2 - 10)
    assert source.playing
    device.render(20)
    assert not source.playing


def test_position_is_heard(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    def ears(x: float) -> tuple[float, float]:
        source = palace.Source()
        source.position = (x, 0, 0)
        buffer.play(source)
        out = np.sqrt(np.mean(device.render(4000)[500:].astype(float) ** 2, axis=0))
        source.stop()
        device.render(1024)
        return out[0], out[1]

    left, right = ears(-1)
    assert left > 4 * right
    left, right = ears(1)
    assert right > 4 * left
    _, far = ears(4)
    assert far == pytest.approx(right / 4, rel=0.05)  # inverse distance


def test_reused_voice_has_no_old_values(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    plain = buffer.play()
    clean = device.render(2000)
    plain.stop()
    odd = palace.Source()
    odd.gain, odd.pitch, odd.position, odd.looping = 0.1, 3, (5, 5, 5), True
    buffer.play(odd)
    device.render(2000)
    odd.stop()
    device.render(2048)
    buffer.play()
    np.testing.assert_allclose(device.render(2000), clean, atol=1e-6)
    assert context.stats()["voices"] == 1


def test_properties_survive_play_and_stop(buffer: palace.Buffer) -> None:
    source = palace.Source()
    source.gain = 0.5
    buffer.play(source)
    source.pitch = 1.5
    source.stop()
    assert (source.gain, source.pitch) == (0.5, 1.5)
    source.gain = 1
    assert source.gain == 1.0


@pytest.mark.parametrize("name", ["volume", "loop", "panning"])
def test_misspelt_property_is_an_error(context: palace.Context, name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        setattr(palace.Source(), name, 1)
    with pytest.raises(AttributeError, match=name):
        setattr(context.listener, name, 1)


@pytest.mark.parametrize("value", ["0.5", b"1"])
def test_text_is_not_a_number(context: palace.Context, value: Any) -> None:
    with pytest.raises(TypeError, match="gain is"):
        palace.Source().gain = value


def test_sources_end_with_their_context(buffer: palace.Buffer, context: palace.Context) -> None:
    source = buffer.play()
    context.destroy()
    assert not source
    assert "destroyed" in repr(source)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gain", -1),
        ("gain", float("nan")),
        ("pitch", 0),
        ("pitch", -2),
        ("position", (0, float("inf"), 0)),
        ("priority", -1),
    ],
)
def test_out_of_range_changes_nothing(context: palace.Context, name: str, value: object) -> None:
    source = palace.Source()
    before = getattr(source, name)
    with pytest.raises(ValueError, match=f"{name} is"):
        setattr(source, name, value)
    assert getattr(source, name) == before


@pytest.mark.parametrize("wrong", [5, "door.wav", palace.Source])
def test_buffer_is_played_by_sources_only(buffer: palace.Buffer, wrong: object) -> None:
    with pytest.raises(TypeError, match="source is .*; it must be a Source or None"):
        buffer.play(wrong)  # type: ignore[arg-type]


def test_other_contexts_buffer_is_refused(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    other = palace.Context(device, auto_update=False)
    with pytest.raises(ValueError, match="belongs to"):
        buffer.play(palace.Source(other))
    with pytest.raises(TypeError, match="must be a Buffer"):
        palace.Source().play("ramp.wav")  # type: ignore[arg-type]


def test_destroyed_source_is_unusable(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    source = buffer.play()
    source.destroy()
    source.destroy()
    assert not source
    assert buffer.source_count == 0
    for use in (source.stop, source.pause, source.resume, lambda: source.gain, lambda: source.playing):
        with pytest.raises(palace.DestroyedError):
            use()
    with pytest.raises(palace.DestroyedError):
        source.gain = 1
    with pytest.raises(palace.DestroyedError):
        buffer.play(source)


def test_source_is_a_context_manager(buffer: palace.Buffer) -> None:
    with buffer.play() as source:
        assert source.playing
    assert not source
    assert buffer.source_count == 0


def test_playing_source_stays_alive(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """An idle one without references does not."""
    import weakref

    source = weakref.ref(buffer.play())
    assert source() is not None
    assert buffer.sources[0] is source()
    device.render(LENGTH + 1)
    context.update()
    assert source() is None


def test_repr_says_what_it_does(buffer: palace.Buffer) -> None:
    source = palace.Source()
    assert "idle" in repr(source)
    buffer.play(source)
    assert "playing 'ramp.wav'" in repr(source)
    source.pause()
    assert "paused in 'ramp.wav'" in repr(source)
    source.destroy()
    assert "destroyed" in repr(source)


def test_sources_sort_by_age(context: palace.Context) -> None:
    first, second = palace.Source(), palace.Source()
    assert sorted([second, first]) == [first, second]
    assert len({first, second}) == 2
