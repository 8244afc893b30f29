"""Fades: equal decibels in equal times of the device, and what ends them."""

from __future__ import annotations

import gc
import math
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._playback import fades
from pyglet_palace._playback.voice import GAIN
from tests import sounds
from tests.conftest import EXACT, RATE, patch_al

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def buffer(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    """A second at a constant level, so that what comes out is the gain; stereo, which is not panned."""
    return palace.Buffer(sounds.write(tmp_path / "level.wav", np.full((RATE, 2), 0.5), subtype="FLOAT"))


@pytest.fixture
def level(context: palace.Context, device: palace.LoopbackDevice) -> Callable[[float], float]:
    """Lets milliseconds pass in steps of ten; how loud it is at the end, 1 being full."""

    def pass_time(ms: float, step: int = 441) -> float:
        out = np.zeros((1, 2))
        for _ in range(round(ms * RATE / 1000) // step):
            out = device.render(step)
            context.update()
        return float(out[-1, 0]) / 0.5

    return pass_time


@pytest.fixture
def source(buffer: palace.Buffer) -> palace.Source:
    """A sound that goes on."""
    looping = palace.Source()
    looping.looping = True
    return buffer.play(looping)


def heard(source: palace.Source) -> float:
    """The gain that OpenAL received last."""
    return float(source._state.parameters.get(GAIN, 1.0))


def test_fade_is_linear_in_decibels(source: palace.Source, level: Callable[[float], float]) -> None:
    assert level(50) == pytest.approx(1)
    source.fade_to(0.01, 400)  # 40 dB down, 10 dB each 100 ms
    for decibels in (-10, -20, -30, -40):
        level(100)
        assert 20 * math.log10(heard(source)) == pytest.approx(decibels, abs=1e-6)
    assert level(100) == pytest.approx(0.01, rel=0.01)
    assert heard(source) == 0.01  # it stays
    assert source.gain == 1  # what was set
    assert source.playing


def test_output_follows_the_curve(source: palace.Source, level: Callable[[float], float]) -> None:
    level(50)
    source.fade_to(0.1, 1000)
    # What is rendered after an update has its gain: half a step late on the whole, 20 dB a second.
    for expected in (-4.9, -9.9, -14.9):
        assert 20 * math.log10(level(250)) == pytest.approx(expected, abs=0.3)


def test_fade_uses_device_time(source: palace.Source, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """The number of updates does not matter."""
    source.fade_to(0.01, 200)
    for _ in range(1000):
        context.update()
    assert heard(source) == 1
    device.render(RATE // 10)
    context.update()
    assert heard(source) == pytest.approx(0.1)
    device.render(RATE)
    context.update()
    assert heard(source) == 0.01


def test_fade_out_stops_without_an_event(
    source: palace.Source, context: palace.Context, level: Callable[[float], float]
) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append, on_source_force_stopped=received.append)
    source.fade_out_to_stop(0, 300)
    level(150)
    assert heard(source) == pytest.approx(math.sqrt(0.001))  # half of the way to -60 dB
    assert source.playing
    level(140)
    assert source.playing
    level(20)
    assert not source.playing
    assert source.buffer is None
    assert received == []
    assert heard(source) == 1
    assert context.stats()["sources"] == 0


def test_fade_to_0_ends_in_silence(source: palace.Source, level: Callable[[float], float]) -> None:
    source.fade_to(0, 100)
    level(90)
    assert heard(source) == pytest.approx(0.001**0.9)
    assert level(50) == 0
    assert source.playing
    source.fade_to(1, 100)  # back, from -60 dB on
    assert heard(source) == 0
    level(50)
    assert heard(source) == pytest.approx(math.sqrt(0.001))
    assert level(100) == pytest.approx(1)


def test_fade_in_starts_where_told(source: palace.Source, level: Callable[[float], float]) -> None:
    source.fade_to(1, 200, start=0)
    assert heard(source) == 0
    level(100)
    assert heard(source) == pytest.approx(math.sqrt(0.001))
    level(150)
    assert heard(source) == 1


def test_quiet_fades_never_rise(source: palace.Source, level: Callable[[float], float]) -> None:
    source.fade_to(0, 100, start=1e-5)
    level(50)
    assert heard(source) == pytest.approx(1e-5)
    level(60)
    assert heard(source) == 0
    source.fade_to(1e-5, 100)
    level(50)
    assert heard(source) == pytest.approx(1e-5)
    source.fade_to(0, 100, start=0)
    level(50)
    assert heard(source) <= 0.001
    level(60)
    assert heard(source) == 0


def test_gain_may_change_during_a_fade(source: palace.Source, level: Callable[[float], float]) -> None:
    source.gain = 0.5
    source.fade_to(0.25, 100)
    level(50)
    source.gain = 0.8
    assert source.gain == 0.8
    assert heard(source) == pytest.approx(0.8 * 0.5)
    level(100)
    assert heard(source) == pytest.approx(0.8 * 0.25)
    source.gain = 1
    assert heard(source) == 0.25


def test_new_fade_continues_from_the_old(
    source: palace.Source, device: palace.LoopbackDevice, level: Callable[[float], float]
) -> None:
    source.fade_out_to_stop(0.01, 200)
    device.render(RATE // 10)  # no update: where it stands is known all the same
    source.fade_to(1, 100)
    assert heard(source) == pytest.approx(0.1)
    level(50)
    assert heard(source) == pytest.approx(math.sqrt(0.1))
    level(1000)
    assert heard(source) == 1
    assert source.playing  # the stop is forgotten with its fade


def test_pause_holds_a_fade(
    source: palace.Source, context: palace.Context, device: palace.LoopbackDevice, level: Callable[[float], float]
) -> None:
    source.fade_to(0.01, 200)
    device.render(RATE // 20)
    source.pause()  # at 50 ms, between two updates
    level(500)
    device.render(RATE // 20)
    assert heard(source) == pytest.approx(10**-0.5)
    source.resume()
    device.render(RATE // 20)
    context.update()
    assert heard(source) == pytest.approx(0.1)
    source.pause()
    source.fade_out_to_stop(0, 10)  # begun while paused
    level(500)
    assert source.paused
    source.resume()
    level(20)
    assert not source.playing


def test_fade_over_before_pause_has_stopped(source: palace.Source, device: palace.LoopbackDevice) -> None:
    source.fade_out_to_stop(0, 10)
    device.render(RATE)
    source.pause()
    assert not source.paused
    assert source.buffer is None


@pytest.mark.parametrize("stops", [False, True])
def test_stop_and_replay_reset_a_fade(
    source: palace.Source, buffer: palace.Buffer, level: Callable[[float], float], stops: bool
) -> None:
    fade = source.fade_out_to_stop if stops else source.fade_to
    for ms, passed in ((1000, 200), (100, 50)):
        fade(0.1, ms)
        level(passed)
        source.stop()
        assert heard(source) == 1
        buffer.play(source)
        assert level(2000) == pytest.approx(1)
        fade(0.1, ms)
        level(passed)
        buffer.play(source)
        assert source.playing
        assert level(2000) == pytest.approx(1)
        assert source.playing


def test_play_resets_a_kept_factor(
    source: palace.Source, buffer: palace.Buffer, level: Callable[[float], float]
) -> None:
    source.fade_to(0.1, 50)
    level(100)
    buffer.play(source)
    assert heard(source) == 1
    source.fade_to(0.1, 50)
    level(100)
    source.stop()
    assert heard(source) == 1


def test_replaced_sound_makes_no_burst(
    source: palace.Source, buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.fade_to(0, 50, start=0)
    received: list[str] = []
    for name in ("alSourcefv", "alSourceStop"):
        call = getattr(context._engine.al, name)
        patch_al(monkeypatch, name, lambda *a, call=call, name=name: (received.append(name), call(*a))[1])
    buffer.play(source)
    assert received.index("alSourceStop") < received.index("alSourcefv")


def test_natural_end_ends_the_fade(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    one, other = buffer.play(), buffer.play()
    one.fade_out_to_stop(0, 2000)
    other.fade_out_to_stop(0, 1001)  # over when the update comes, and so is the sound
    device.render(RATE + RATE // 2)
    context.update()
    assert set(received) == {one, other}
    device.render(RATE)
    buffer.play(one)
    context.update()
    assert heard(one) == 1


def test_theft_ends_the_fade(
    source: palace.Source, buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more() -> int:
        raise palace.OpenALError("alGenSources", 0xA005, "no more")

    monkeypatch.setattr(context._engine.al, "generate_source", no_more)
    source.looping = False
    source.fade_to(0.1, 100, start=0.5)
    thief = palace.Source()
    thief.priority = 1
    buffer.play(thief)
    assert not source.playing
    context.update()
    assert not context._engine.transport.fades.running
    thief.stop()
    buffer.play(source)
    assert heard(source) == 1


def test_fading_an_idle_source_does_nothing(buffer: palace.Buffer, level: Callable[[float], float]) -> None:
    source = palace.Source()
    source.fade_to(0.1, 100, start=0)
    source.fade_out_to_stop(0, 100)
    buffer.play(source)
    assert level(200) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-0.1, 100), ValueError, "gain is -0.1; it must be from 0 to 1"),
        ((1.1, 100), ValueError, "gain is 1.1"),
        ((math.nan, 100), ValueError, "gain is nan"),
        (("1", 100), TypeError, "gain is '1'"),
        ((0.5, 0), ValueError, "ms is 0; it must be more than 0"),
        ((0.5, -1), ValueError, "ms is -1"),
        ((0.5, math.inf), ValueError, "ms is inf"),
        ((0.5, math.nan), ValueError, "ms is nan"),
        ((0.5, None), TypeError, "ms is None"),
    ],
)
def test_out_of_range_is_refused(context: palace.Context, arguments: Any, error: type[Exception], message: str) -> None:
    source = palace.Source()  # idle, and refused all the same
    for fade in (source.fade_to, source.fade_out_to_stop):
        with pytest.raises(error, match=message):
            fade(*arguments)
    with pytest.raises(ValueError, match="start is 2"):
        source.fade_to(1, 100, start=2)


def test_shortest_fade_ends_at_once(source: palace.Source, level: Callable[[float], float]) -> None:
    source.fade_to(0.5, 2e-38)
    level(10)
    assert heard(source) == 0.5


def test_fades_keep_no_source_alive(
    source: palace.Source, buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """They cost nothing once over."""
    one = weakref.ref(buffer.play())
    one().fade_to(0.5, 10_000)  # type: ignore[union-attr]
    device.render(2 * RATE)
    context.update()  # finds its end
    gc.collect()
    assert one() is None
    source.fade_to(0.5, 10)
    device.render(RATE)
    context.update()
    assert not context._engine.transport.fades.running


def test_destroyed_objects_do_not_fade(
    source: palace.Source, buffer: palace.Buffer, context: palace.Context, level: Callable[[float], float]
) -> None:
    other = buffer.play()
    source.fade_to(0.5, 100)
    other.fade_to(0.5, 100)
    source.destroy()
    level(50)
    with pytest.raises(palace.DestroyedError):
        source.fade_to(0.5, 100)
    with pytest.raises(palace.DestroyedError):
        source.fade_out_to_stop(0.5, 100)
    context.destroy()
    with pytest.raises(palace.DestroyedError):
        other.fade_to(0.5, 100)


def test_fades_without_a_device_clock(
    tmp_path: Path, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    device._native.has_clock = False
    context = palace.Context(device, EXACT, auto_update=False)
    palace.use_context(context)
    now = [10**15]
    monkeypatch.setattr(fades.time, "perf_counter_ns", lambda: now[0])
    source = palace.Source()
    source.looping = True
    palace.Buffer(sounds.wav(tmp_path / "a.wav")).play(source)
    source.fade_to(0.01, 200)
    now[0] += 100_000_000
    context.update()
    assert heard(source) == pytest.approx(0.1)


def test_clock_runs_while_a_fade_runs(tmp_path: Path) -> None:
    import pyglet.clock

    device = palace.LoopbackDevice(RATE)
    clock = pyglet.clock.Clock()
    with palace.Context(device, EXACT, clock=clock) as context:
        source = palace.Source()
        source.looping = True
        palace.Buffer(sounds.wav(tmp_path / "a.wav")).play(source)
        source.fade_out_to_stop(0, 100)
        assert context._engine.scheduler is not None
        assert context._engine.scheduler.awake
        device.render(RATE // 20)
        context.update()
        assert context._engine.scheduler.awake
        device.render(RATE)
        context.update()
        assert not source.playing
        assert not context._engine.scheduler.awake
