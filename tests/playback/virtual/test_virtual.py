"""Virtual voices: a loop without a voice keeps its position, and continues as if it had never been interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

import pyglet_palace as palace
from pyglet_palace._playback import voice_lending
from tests import sounds
from tests.conftest import EXACT, RATE, wait_until
from tests.playback.virtual.conftest import FADE, LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sounds.write(tmp_path / "noise.wav", sounds.noise(LENGTH, 1), RATE, "PCM_16")


@pytest.fixture
def silence(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    path = sounds.write(tmp_path / "silence.wav", np.zeros((300_000, 1), np.int16), RATE, "PCM_16")
    return palace.Buffer(path, context)


@pytest.fixture
def events(context: palace.Context) -> list[tuple[str, palace.Source]]:
    received: list[tuple[str, palace.Source]] = []
    for name in ("on_source_stopped", "on_source_force_stopped"):
        context.push_handlers(**{name: lambda source, name=name: received.append((name, source))})
    return received


def loop(sound: palace.Buffer | palace.BaseDecoder, priority: int = 0, **properties: Any) -> palace.Source:
    source = palace.Source()
    source.looping, source.priority = True, priority
    for name, value in properties.items():
        setattr(source, name, value)
    source.play(sound)
    return source


def steal(silence: palace.Buffer, priority: int = 9) -> list[palace.Source]:
    """Take both voices."""
    thieves = [palace.Source() for _ in range(2)]
    for thief in thieves:
        thief.priority = priority
        silence.play(thief)
    return thieves


def stop(sources: list[palace.Source]) -> None:
    for source in sources:
        source.stop()


def samples_of(path: Path) -> Any:
    """The samples of a mono file, as they are heard."""
    return soundfile.read(path, dtype="float32")[0]


def opened(kind: str, path: Path, loop_points: tuple[int, int], context: palace.Context) -> Any:
    """The sound as a buffer or as a decoder, with these loop points."""
    start, end = loop_points
    looped = path.with_name(f"{start} to {end}.wav")
    if not looped.exists():
        looped.write_bytes(path.read_bytes())
        sounds.add_chunk(looped, sounds.smpl_chunk((0, start, end - 1)))
    return palace.Buffer(looped, context) if kind == "buffer" else palace.Decoder(looped, context)


SCRIPT: list[tuple[int, Callable[[palace.Source, palace.SourceGroup], object]]] = [
    (700, lambda source, group: setattr(group, "pitch", 1.25)),
    (1234, lambda source, group: setattr(source, "pitch", 0.77)),
    (3001, lambda source, group: setattr(group, "pitch", 0.5)),
    (20, lambda source, group: source.pause()),
    (500, lambda source, group: source.resume()),
    (31, lambda source, group: setattr(source, "group", None)),
    (1000, lambda source, group: setattr(source, "offset", 1500)),
    (9999, lambda source, group: source.fade_to(0.5, 10)),
]


def rendered(
    path: Path, kind: str, loop_points: tuple[int, int], pitch: float, *, script: bool, stolen: bool
) -> tuple[Any, int]:
    """Render a loop; return what is heard after `stolen` thieves have played, and its offset then."""
    with (
        palace.LoopbackDevice(RATE, "Mono") as device,
        palace.Context(device, EXACT, auto_update=False, voices=2 if stolen else None) as context,
    ):
        silence = palace.Buffer(path.with_name("silence.wav"), context)
        source, group = palace.Source(), palace.SourceGroup()
        source.looping, source.pitch, source.group = True, pitch, group
        source.play(opened(kind, path, loop_points, context))
        device.render(1003)
        thieves = steal(silence)
        assert source.playing
        assert source.audible is not stolen
        for frames, act in SCRIPT if script else [(20_011, lambda *_: None)]:
            device.render(frames)
            act(source, group)
            context.update()
        stop(thieves)
        device.render(11)
        offset = source.offset
        context.update()
        assert source.audible
        assert source.offset == offset
        device.render(FADE)
        return device.render(3 * LENGTH)[:, 0], offset


@pytest.mark.parametrize("kind", ["buffer", "stream"])
@pytest.mark.parametrize("loop_points", [(0, LENGTH), (500, 4001), (2000, 2700)])
@pytest.mark.parametrize(("pitch", "script"), [(1, False), (0.5, False), (1.3, False), (1 / 3, True), (1.3, True)])
def test_virtual_loop_returns_in_phase(
    path: Path, silence: palace.Buffer, kind: str, loop_points: tuple[int, int], pitch: float, script: bool
) -> None:
    expected, offset = rendered(path, kind, loop_points, pitch, script=script, stolen=False)
    heard, offset_of_virtual = rendered(path, kind, loop_points, pitch, script=script, stolen=True)
    assert abs(expected).max() > 0.01
    assert offset_of_virtual == offset
    # At other pitches, OpenAL Soft before 1.24 takes the fraction of an offset with the precision of a float.
    tolerance = 1e-6 if pitch in (1, 0.5) and not script else 1e-3
    np.testing.assert_allclose(heard, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", ["buffer", "stream"])
@pytest.mark.parametrize("loop_points", [(0, LENGTH), (500, 4001)])
@pytest.mark.parametrize("away", [200, 10_007, 20_011])
def test_finite_loops_are_counted_while_virtual(
    path: Path,
    silence: palace.Buffer,
    context: palace.Context,
    device: palace.LoopbackDevice,
    kind: str,
    loop_points: tuple[int, int],
    away: int,
) -> None:
    """What is heard after the return is what would have been heard, up to the same last sample."""
    samples = samples_of(path)
    start, end = loop_points
    played = np.concatenate([samples[:end], *[samples[start:end]] * 7, samples[end:]])
    ended: list[palace.Source] = []
    source = palace.Source(loops=8)
    source.on_stopped = ended.append
    source.play(opened(kind, path, loop_points, context))
    device.render(1003)
    thieves = steal(silence)
    assert source.playing
    assert not source.audible
    device.render(away)
    context.update()
    stop(thieves)
    context.update()
    assert source.audible
    device.render(FADE)
    heard = device.render(len(played) - 1003 - away - FADE)[:, 0]
    np.testing.assert_allclose(heard, played[1003 + away + FADE :], rtol=0, atol=1e-6)
    device.render(FADE)
    wait_until(lambda: ended == [source], context)


@pytest.mark.parametrize("kind", ["buffer", "stream"])
def test_finite_loops_end_while_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, kind: str
) -> None:
    """At the frame at which they would have ended."""
    ended: list[palace.Source] = []
    source = palace.Source(loops=3)
    source.on_stopped = ended.append
    source.play(opened(kind, path, (500, 4001), context))
    device.render(1003)
    steal(silence)
    device.render(LENGTH + 2 * 3501 - 1003 - 1)
    context.update()
    assert source.playing
    assert ended == []
    device.render(1)
    assert not source.playing
    context.update()
    assert ended == [source]
    assert context.stats()["virtual"] == 0


def test_finite_loops_start_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    thieves = steal(silence)
    source = palace.Buffer(path).play(loops=2, priority=1)
    assert source.playing
    assert not source.audible
    device.render(LENGTH + 50)
    assert source.offset == 50
    stop(thieves)
    context.update()
    assert source.audible
    device.render(LENGTH - 51)
    assert source.playing
    device.render(1)
    assert not source.playing


# Who becomes virtual


def test_stolen_loop_becomes_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, events: list[tuple[str, palace.Source]]
) -> None:
    source = loop(palace.Buffer(path))
    assert source.audible
    steal(silence)
    context.update()
    assert source.playing
    assert not source.audible
    assert not source.paused
    assert events == []
    assert source.buffer is palace.Buffer(path)
    assert palace.Buffer(path).sources == [source]
    assert source.latency == 0
    assert "virtual" in repr(source)
    stats = context.stats()
    assert (stats["sources"], stats["virtual"], stats["voices"], stats["stolen"]) == (3, 1, 2, 1)


def test_loop_without_a_voice_starts_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    thieves = steal(silence)
    source = loop(palace.Buffer(path), offset=100)
    assert source.playing
    assert not source.audible
    device.render(50)
    assert source.offset == 150
    stop(thieves)
    context.update()
    assert source.audible
    assert abs(device.render(FADE + 100)).max() > 0.01


def test_stolen_one_shot_stops(
    path: Path, silence: palace.Buffer, context: palace.Context, events: list[tuple[str, palace.Source]]
) -> None:
    source = palace.Buffer(path).play()
    steal(silence)
    unheard = palace.Buffer(path).play()
    context.update()
    assert not source.playing
    assert events == [("on_source_force_stopped", source), ("on_source_force_stopped", unheard)]


def test_loop_that_has_ended_is_not_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    buffer = palace.Buffer(path)
    buffer.loop_points = (0, 100)
    source = loop(buffer, offset=200)  # beyond its loop: it plays to its end
    device.render(LENGTH)
    steal(silence)
    assert not source.playing
    assert context.stats()["virtual"] == 0


def test_unknown_length_is_not_virtual(
    silence: palace.Buffer, context: palace.Context, events: list[tuple[str, palace.Source]]
) -> None:
    from tests.streaming.test_stream import Ramp

    source = loop(Ramp(known=False))
    steal(silence)
    context.update()
    assert events == [("on_source_force_stopped", source)]


# Who returns


def test_highest_priority_returns_first(path: Path, silence: palace.Buffer, context: palace.Context) -> None:
    thieves = steal(silence)
    buffer = palace.Buffer(path)
    old, low, new, high = (loop(buffer, priority) for priority in (3, 1, 3, 5))
    order = []
    for thief in thieves:
        thief.stop()
        context.update()
        order.append([source for source in (old, low, new, high) if source.audible])
    high.stop()
    context.update()
    assert [*order, [source for source in (old, low, new, high) if source.playing and source.audible]] == [
        [high],
        [old, high],
        [old, new],
    ]


def test_raised_priority_takes_a_voice(path: Path, context: palace.Context) -> None:
    buffer = palace.Buffer(path)
    first, second, third = (loop(buffer, 2) for _ in range(3))
    third.priority = 3
    assert not third.audible
    context.update()
    assert [source.audible for source in (first, second, third)] == [False, True, True]
    assert all(source.playing for source in (first, second, third))
    first.priority = second.priority  # equal: it waits
    context.update()
    assert not first.audible


def test_lowered_priority_gives_a_voice(path: Path, context: palace.Context) -> None:
    first, second, third = (loop(palace.Buffer(path), 2) for _ in range(3))
    second.priority = 1
    context.update()
    assert [source.audible for source in (first, second, third)] == [True, False, True]


def test_return_spares_equal_one_shots(path: Path, silence: palace.Buffer, context: palace.Context) -> None:
    thieves = steal(silence)
    source = loop(palace.Buffer(path))
    stop(thieves)
    shots = steal(silence, priority=0)
    context.update()
    assert all(shot.playing for shot in shots)
    assert not source.audible
    source.priority = 1
    context.update()
    assert source.audible
    assert [shot.playing for shot in shots] == [False, True]


def test_returns_of_an_update_are_bounded(
    path: Path, silence: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    thieves = steal(silence)
    sources = [loop(palace.Buffer(path)) for _ in range(2)]
    stop(thieves)
    monkeypatch.setattr(voice_lending, "RETURN_BUDGET", 0)
    context.update()
    assert [source.audible for source in sources] == [True, False]
    context.update()
    assert [source.audible for source in sources] == [True, True]


def test_nothing_waiting_is_no_work(
    path: Path, silence: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop(palace.Buffer(path)), loop(palace.Buffer(path)).pause()
    thieves = steal(silence)
    stop(thieves)
    context.update()
    asked: list[object] = []
    monkeypatch.setattr(voice_lending.WaitingVoices, "first", asked.append)
    context.update()
    assert asked == []


# What works meanwhile


def test_paused_loop_keeps_its_place(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = loop(palace.Buffer(path))
    device.render(1000)
    source.pause()
    thieves = steal(silence)
    stop(thieves)
    device.render(500)
    context.update()
    assert source.paused
    assert not source.playing
    assert not source.audible
    assert source.offset == 1000
    assert context.stats()["virtual"] == 1
    source.resume()
    device.render(10)
    assert source.offset == 1010
    context.update()
    assert source.audible
    assert source.offset == 1010


def test_paused_virtual_does_not_return(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = loop(palace.Buffer(path))
    thieves = steal(silence)
    device.render(1000)
    source.pause()
    source.pitch = 2
    device.render(1000)
    stop(thieves)
    context.update()
    assert source.paused
    assert source.offset == 1000
    source.resume()
    device.render(1000)
    assert source.offset == 3000
    source.pause()
    source.offset = 70
    source.resume()
    context.update()
    assert source.audible
    assert source.offset == 70


def test_virtual_ends_when_looping_ends(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    stopped: list[palace.Source] = []
    context.push_handlers(on_source_stopped=stopped.append)
    source = loop(palace.Buffer(path))
    steal(silence)
    device.render(2 * LENGTH + 1000)
    source.looping = False
    device.render(LENGTH - 1001)
    context.update()
    assert source.playing
    assert stopped == []
    device.render(1)
    assert not source.playing
    context.update()
    assert stopped == [source]
    assert source.buffer is None
    assert context.stats()["virtual"] == 0


def test_ended_virtual_does_not_return(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """It ends between the two steps of an update; its end is reported, and it gets no voice."""
    stopped: list[palace.Source] = []
    context.push_handlers(on_source_stopped=stopped.append)
    source = loop(palace.Buffer(path))
    thieves = steal(silence)
    source.looping = False
    stop(thieves)
    device.render(LENGTH)
    context._engine.voices.return_virtual()
    assert not source.playing
    context.update()
    assert stopped == [source]


@pytest.mark.parametrize("how", ["stop", "destroy", "play", "free", "stop_all"])
@pytest.mark.parametrize("kind", ["buffer", "stream"])
def test_virtual_can_be_replaced_or_stopped(
    path: Path,
    silence: palace.Buffer,
    context: palace.Context,
    device: palace.LoopbackDevice,
    events: list[tuple[str, palace.Source]],
    how: str,
    kind: str,
) -> None:
    sound = palace.Buffer(path) if kind == "buffer" else palace.Decoder(path)
    group = palace.SourceGroup()
    source = loop(sound, group=group)
    thieves = steal(silence)
    if how == "stop":
        source.stop()
    elif how == "destroy":
        source.destroy()
    elif how == "play":
        silence.play(source)
        assert source.buffer is silence
    elif how == "stop_all":
        group.stop_all()
    elif kind == "buffer":
        sound.destroy()
    else:
        source.stop()
    context.update()
    assert context.stats()["virtual"] == (how == "play")
    force_stopped = how == "stop_all" or (how == "free" and kind == "buffer")
    assert events == ([("on_source_force_stopped", source)] if force_stopped else [])
    if kind == "buffer" and how != "free":
        assert sound.sources == []
    elif kind == "stream":
        sound.seek(0)
    stop(thieves)
    context.update()
    assert not device.render(100).any()


def test_changes_are_heard_after_the_return(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    group = palace.SourceGroup()
    source = loop(palace.Buffer(path))
    thieves = steal(silence)
    source.group, source.gain, group.gain = group, 0.5, 0.5
    stop(thieves)
    context.update()
    device.render(FADE)
    at = source.offset
    expected = sounds.noise(LENGTH, 1)[at : at + 500] / 4
    np.testing.assert_allclose(device.render(500), expected, rtol=0, atol=1e-4)


def test_group_pauses_virtual_sources(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    group = palace.SourceGroup()
    source = loop(palace.Buffer(path), group=group)
    steal(silence)
    device.render(100)
    group.pause_all()
    device.render(100)
    assert source.paused
    assert source.offset == 100
    group.resume_all()
    device.render(100)
    assert source.offset == 200


def test_fade_goes_on_while_virtual(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = loop(palace.Buffer(path))
    steal(silence)
    source.fade_out_to_stop(0, 100)
    device.render(RATE // 5)
    context.update()
    assert not source.playing
    assert context.stats()["virtual"] == 0


# Streams


def test_virtual_stream_does_not_decode(
    silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    from tests.streaming.test_stream import Ramp

    decoder = Ramp()
    source = palace.Source()
    source.looping = True
    decoder.play(500, 3, source)
    device.render(1000)
    thieves = steal(silence)
    reads, seeks = decoder.reads, len(decoder.seeks)
    device.render(7000)
    context.update()
    assert (decoder.reads, len(decoder.seeks)) == (reads, seeks)
    assert context.stats()["streams"] == 0
    with pytest.raises(RuntimeError, match="is being played by"):
        decoder.play()
    stop(thieves)
    context.update()
    device.render(10)
    assert decoder.seeks[seeks:] == [8000]
    assert source.offset == 8010
    assert context.stats()["streams"] == 1


def test_late_stream_skips_the_delay(
    silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device with hardware does not wait for the decoder of a stream that returns."""
    from tests.streaming.test_stream import Ramp

    decoder = Ramp()
    source = palace.Source()
    source.looping, source.pitch = True, 1.5
    decoder.play(4000, 3, source)
    device.render(1000)
    thieves = steal(silence)
    monkeypatch.setattr(palace.LoopbackDevice, "_PATIENCE", 0)
    decoder.may_read.clear()
    stop(thieves)
    context.update()
    device.render(600)
    decoder.may_read.set()
    wait_until(lambda: source._state.voice.playable._started)  # type: ignore[union-attr]
    device.render(64)
    assert source.offset == 1664 * 1.5


# The device


def test_position_survives_a_device_reset(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = loop(palace.Buffer(path))
    thieves = steal(silence)
    device.render(1000)
    device.reset({**EXACT, palace.FREQUENCY: RATE // 2})
    device.render(1000)
    assert source.offset == 3000
    stop(thieves)
    context.update()
    assert source.audible
    device.render(1000)
    assert source.offset == 5000


def test_step_follows_the_rate(
    path: Path, silence: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """OpenAL rounds its steps differently at another rate, which adds up."""
    kept, source = loop(palace.Buffer(path), 1, pitch=1.3), loop(palace.Buffer(path), pitch=1.3)
    loop(silence, 9)
    assert not source.audible
    device.reset({**EXACT, palace.FREQUENCY: 48000})
    device.render(480_000)
    assert source.offset == kept.offset


def test_position_stands_with_the_device(path: Path, context: palace.Context) -> None:
    from pyglet_palace.loopback import SilentDevice

    with SilentDevice() as device, palace.Context(device, auto_update=False, voices=1) as own:
        buffer = palace.Buffer(path)
        kept, source = loop(buffer, 1), loop(buffer)
        device.render(500)
        device.pause_dsp()
        own.update()
        assert source.offset == kept.offset == 500
        device.resume_dsp()
        device.render(500)
        assert source.offset == kept.offset == 1000
        kept.stop()
        own.update()
        assert source.audible


def test_lost_device_gets_no_virtual_source(
    path: Path,
    silence: palace.Buffer,
    context: palace.Context,
    events: list[tuple[str, palace.Source]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenAL stops what starts on a lost device. Virtual sources wait until there is one again."""
    source = loop(palace.Buffer(path))
    thieves = steal(silence)
    with monkeypatch.context() as patch:
        patch.setattr(context._engine.device, "is_connected", lambda: False)
        context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
        context.update()
        stop(thieves)
        context.update()
        assert source.playing
        assert not source.audible
    context._engine.device_was_reset()
    context.update()
    assert source.audible
    assert events == []


def test_position_without_a_device_clock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10**9]
    monkeypatch.setattr("pyglet_palace._playback.virtual.time.perf_counter_ns", lambda: now[0])
    with palace.LoopbackDevice(RATE, "Mono") as device:
        device._native.has_clock = False
        with palace.Context(device, EXACT, auto_update=False, voices=1) as own:
            buffer = palace.Buffer(path)
            kept, source = loop(buffer, 1), loop(buffer)
            now[0] += 10**8
            assert source.offset == RATE // 10
            kept.stop()
            own.update()
            assert source.audible
            assert source.offset == RATE // 10


def test_mixing_during_a_return_is_corrected(
    path: Path,
    silence: palace.Buffer,
    context: palace.Context,
    device: palace.LoopbackDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device with hardware mixes at any time, also between the reading of its clock and the start of a voice."""
    source, twin = loop(palace.Buffer(path)), loop(palace.Buffer(path))
    device.render(64)
    thief = silence.play(loop(silence, 9))
    twin.priority = 1
    context.update()
    assert twin.audible
    assert not source.audible
    thief.stop()
    play = context._engine.al.alSourcePlay

    def mix_and_play(number: int) -> None:
        device.render(100)
        play(number)

    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "alSourcePlay", mix_and_play)
        context.update()
    device.render(100)
    assert source.audible
    assert source.offset == twin.offset


# The number of voices


@pytest.mark.parametrize("voices", [1, 5, 300])
def test_context_makes_as_many_voices(path: Path, voices: int) -> None:
    with palace.LoopbackDevice() as device, palace.Context(device, auto_update=False, voices=voices) as own:
        buffer = palace.Buffer(path)
        sources = [buffer.play() for _ in range(400)]
        assert own.stats()["voices"] == voices
        assert sum(source.playing for source in sources) == voices


@pytest.mark.parametrize("voices", [0, -1, 65537])
def test_number_of_voices_is_checked(device: palace.LoopbackDevice, voices: int) -> None:
    with pytest.raises(ValueError, match="voices is"):
        palace.Context(device, voices=voices)
