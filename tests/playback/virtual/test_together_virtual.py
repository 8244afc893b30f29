"""Common starts without enough voices: a virtual layer starts and returns at the same sample as the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE, patch_al, wait_until
from tests.interrupts import interrupt_everywhere
from tests.playback.virtual.conftest import FADE, LENGTH
from tests.streaming.test_stream import Ramp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(params=["buffer", "stream"])
def layers(request: pytest.FixtureRequest, tmp_path: Path, context: palace.Context) -> Callable[[], palace.Source]:
    """Plays the same loop again, from a buffer or a decoder of its own."""
    path = sounds.write(tmp_path / "noise.wav", sounds.noise(LENGTH, 1), RATE, "PCM_16")

    def play(priority: int = 0, **options: Any) -> palace.Source:
        sound: Any = palace.Buffer(path) if request.param == "buffer" else palace.Decoder(path)
        return sound.play(looping=True, priority=priority, **options)

    return play


def check_step(context: palace.Context, device: palace.LoopbackDevice, leaves: palace.Source, at: int) -> None:
    """Check that all sources are at one frame, and are heard there once `leaves` has given its voice to a virtual one.

    All but `leaves` are as many as the voices.
    """
    stay = [source for source in context.sources if source is not leaves]
    assert [source.offset for source in [leaves, *stay]] == [at] * (1 + len(stay))
    assert [source.audible for source in stay].count(False) == 1
    leaves.stop()
    context.update()
    assert all(source.audible for source in stay)
    device.render(FADE)
    samples = np.tile(sounds.noise(LENGTH, 1)[:, 0], 2)[at + FADE : at + FADE + 1000]
    np.testing.assert_allclose(device.render(1000)[:, 0], len(stay) * samples, rtol=0, atol=2e-4)


def test_virtual_layer_starts_in_step(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source]
) -> None:
    with context.together():
        first, _, virtual = (layers() for _ in range(3))
        assert not device.render(1000).any()
        assert (virtual.playing, virtual.audible, virtual.offset) == (True, False, 0)
    device.render(500)
    check_step(context, device, first, 500)


def test_virtual_layer_of_a_batch_is_in_step(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source]
) -> None:
    context.start_batch()
    first, *_ = (layers(offset_seconds=0.1) for _ in range(3))
    device.render(1000)
    context.end_batch()
    device.render(500)
    check_step(context, device, first, 4910)


def test_virtual_layer_resumes_in_step(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source]
) -> None:
    sources = [layers() for _ in range(3)]
    device.render(300)
    for source in sources:
        source.pause()
    device.render(200)
    with context.together():
        for source in sources:
            source.resume()
            device.render(1000)
        assert [source.offset for source in sources] == [300] * 3
        assert all(source.playing for source in sources)
    device.render(500)
    check_step(context, device, sources[0], 800)


@pytest.mark.parametrize("resumed", [False, True])
def test_layer_stolen_while_held_is_in_step(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source], resumed: bool
) -> None:
    """It keeps the frame at which it was to start, or to continue."""
    sources: list[palace.Source] = []
    if resumed:
        sources = [layers() for _ in range(2)]
        device.render(300)
        for source in sources:
            source.pause()
    with context.together():
        if not resumed:
            sources = [layers(offset_seconds=300 / RATE) for _ in range(2)]
        for source in sources:
            source.resume()
        device.render(700)
        thief = layers(1, offset_seconds=300 / RATE)
        assert [source.audible for source in sources] == [False, True]
        device.render(1000)
    device.render(500)
    check_step(context, device, thief, 800)


def test_layer_that_returns_inside_is_in_step(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source]
) -> None:
    """An update within the block gives it a voice, which is held like the others."""
    thief = layers()
    with context.together():
        first, returned, virtual = (layers() for _ in range(3))
        device.render(1000)
        thief.stop()
        context.update()
        assert [source.audible for source in (first, returned, virtual)] == [True, True, False]
        device.render(1000)
        assert [source.offset for source in (first, returned, virtual)] == [0, 0, 0]
    device.render(500)
    check_step(context, device, first, 500)


@pytest.mark.parametrize("stolen", [False, True])
def test_position_between_frames_is_kept(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source], stolen: bool
) -> None:
    """A loop that gets a voice in the block in which it is resumed, or loses it again, loses no part of a frame."""
    kept, thief, source = layers(2), layers(1), layers()
    kept.pitch = source.pitch = 0.5
    device.render(501)
    kept.pause(), source.pause()
    with context.together():
        kept.resume(), source.resume()
        thief.stop()
        context.update()
        assert source.audible
        device.render(100)
        if stolen:
            layers(1)
        assert source.audible is not stolen
    device.render(501)
    assert source.offset == kept.offset == 501


ACTS: dict[str, Callable[[palace.Source], object]] = {
    "stop": lambda source: source.stop(),
    "destroy": lambda source: source.destroy(),
    "play again": lambda source: (source.stop(), palace.Buffer("loop").play(source)),
    "pause": lambda source: source.pause(),
    "pause and resume": lambda source: (source.pause(), source.resume()),
    "seek": lambda source: setattr(source, "offset", 2000),
    "pitch": lambda source: setattr(source, "pitch", 2),
    "loops": lambda source: setattr(source, "loops", 3),
    "gain": lambda source: setattr(source, "gain", 0.5),
    "priority": lambda source: (setattr(source, "priority", 1), palace.current_context().update()),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("number", [0, 2])
def test_change_inside_leaves_others_in_step(
    context: palace.Context, device: palace.LoopbackDevice, act: Callable[[palace.Source], object], number: int
) -> None:
    """Of the third layer, which is virtual, and of the first, whose voice the third may get."""
    buffer = palace.Buffer.from_samples(sounds.ramp(LENGTH), RATE, "loop")
    with context.together():
        sources = [buffer.play(looping=True) for _ in range(3)]
        device.render(300)
        act(sources[number])
        device.render(300)
        context.update()
        device.render(300)
    device.render(100)
    changed = sources.pop(number)
    assert [source.offset for source in sources] == [100, 100]
    if act is ACTS["pause"]:
        assert (changed.paused, changed.offset) == (True, 0)
        changed.resume()
        device.render(100)
        assert changed.offset == 100
    elif act is ACTS["seek"]:
        assert changed.offset == 2100
    elif act is ACTS["pitch"]:
        assert changed.offset == 200
    elif act is ACTS["loops"]:
        assert changed.offset == 100
        device.render(3 * LENGTH - 101)
        assert changed.playing
        device.render(1)
        assert not changed.playing
    elif act is ACTS["stop"]:
        assert (changed.playing, context.stats()["sources"]) == (False, 2)
    elif act is not ACTS["destroy"]:
        assert changed.offset == 100


def test_slow_stream_holds_virtual_layers(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that get a voice while it is decoded."""
    buffer = palace.Buffer.from_samples(sounds.ramp(LENGTH), RATE, "loop")
    slow = Ramp()
    slow.may_read.clear()
    with monkeypatch.context() as patch:
        patch.setattr(palace.LoopbackDevice, "_PATIENCE", 0)
        with context.together():
            stream = slow.play(1000, 3, looping=True)
            kept, returned, virtual = (buffer.play(looping=True) for _ in range(3))
        try:
            assert not device.render(500).any()
            kept.stop()
            context.update()
            assert [source.audible for source in (stream, returned, virtual)] == [True, True, False]
            assert not device.render(500).any()
            assert [source.offset for source in (stream, returned, virtual)] == [0, 0, 0]
        finally:
            slow.may_read.set()
    wait_until(lambda: stream._state.voice.held is None, context)  # type: ignore[union-attr]
    device.render(500)
    assert [source.offset for source in (stream, returned, virtual)] == [500, 500, 500]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_raising_block_starts_virtual_layers(
    context: palace.Context,
    device: palace.LoopbackDevice,
    layers: Callable[..., palace.Source],
    error: type[BaseException],
) -> None:
    sources: list[palace.Source] = []

    def fail() -> None:
        with context.together():
            sources.extend(layers() for _ in range(3))
            device.render(1000)
            raise error

    with pytest.raises(error):
        fail()
    device.render(500)
    check_step(context, device, sources[0], 500)


def test_block_with_virtual_may_destroy_context(
    context: palace.Context, device: palace.LoopbackDevice, layers: Callable[..., palace.Source]
) -> None:
    """Each layer is reported once."""
    stopped: list[palace.Source] = []
    with context.together():
        sources = [layers(on_force_stopped=stopped.append) for _ in range(3)]
        device.render(100)
        context.destroy()
    assert sorted(stopped) == sorted(sources)


def test_end_of_virtual_layer_is_in_step(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """The time before the start does not count."""
    ended: list[palace.Source] = []
    buffer = palace.Buffer.from_samples(sounds.ramp(LENGTH), RATE, "loop")
    with context.together():
        sources = [buffer.play(loops=2, priority=1, on_stopped=ended.append) for _ in range(2)]
        virtual = buffer.play(loops=2, on_stopped=ended.append)
        device.render(3 * LENGTH)
        context.update()
    device.render(2 * LENGTH - 1)
    context.update()
    assert ended == []
    assert not virtual.audible
    device.render(1)
    context.update()
    assert sorted(ended) == sorted([*sources, virtual])


def test_virtual_play_starts_paused(assets: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A loop that was paused before its sound arrived, and finds no voice, does not end."""
    sounds.wav(assets / "late.wav", LENGTH)
    pyglet.resource.reindex()
    ended: list[palace.Source] = []
    buffer = palace.Buffer.from_samples(sounds.ramp(LENGTH), RATE, "loop")
    for _ in range(2):
        buffer.play(looping=True, priority=1)
    source = palace.play("late.wav", loops=2, on_stopped=ended.append)
    source.pause()
    wait_until(lambda: bool(source._state.voice), context)
    device.render(3 * LENGTH)
    context.update()
    assert (source.paused, source.offset, ended) == (True, 0, [])
    source.resume()
    device.render(100)
    assert source.offset == 100


# What only happens on a device with hardware, which mixes at any time


@pytest.mark.parametrize("pitch", [1, 0.7])
@pytest.mark.parametrize("late", [False, True])
def test_mixing_at_the_start_is_counted(
    context: palace.Context,
    device: palace.LoopbackDevice,
    layers: Callable[..., palace.Source],
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
    pitch: float,
) -> None:
    """The device mixes just before OpenAL starts the voices, or before the clock is read."""
    play = context._engine.al.alSourcePlayv

    def mix_and_play(*arguments: Any) -> None:
        for _ in range(2):
            device.render(100)
        play(*arguments)
        if late:
            for _ in range(3):
                device.render(100)

    with monkeypatch.context() as patch, context.together():
        sources = [layers(pitch=pitch) for _ in range(3)]
        device.render(100)
        patch_al(patch, "alSourcePlayv", mix_and_play)
    device.render(1000)
    assert [source.audible for source in sources] == [True, True, False]
    assert sources[2].offset == sources[1].offset == sources[0].offset
    assert sources[0].offset == pytest.approx((1300 if late else 1000) * pitch, abs=1)


@pytest.mark.parametrize("call", ["end", "theft", "return"])
def test_interrupted_start_is_in_step(context: palace.Context, device: palace.LoopbackDevice, call: str) -> None:
    """Ctrl-C at any moment: the next update starts what has not started, and nothing twice."""
    buffer = palace.Buffer.from_samples(sounds.ramp(LENGTH), RATE, "loop")
    thief = palace.Source(priority=1)
    sources = [palace.Source(looping=True) for _ in range(4)]
    calls: dict[str, Callable[[], object]] = {
        "end": context.end_batch,
        "theft": lambda: buffer.play(thief),
        "return": context.update,
    }

    def prepare() -> None:
        context.start_batch()
        if call == "return":
            buffer.play(thief)
        for source in sources:
            source.play(buffer)
            source.offset = 300
        device.render(100)
        if call == "return":
            thief.stop()

    def check() -> None:
        device.render(100)
        context._engine.abandoned_batch = True  # as `together` sets it
        context.update()
        device.render(100)
        offsets = [source.offset for source in sources]
        assert len(set(offsets)) == 1
        assert offsets[0] in (400, 500)
        for source in [*sources, thief]:
            source.stop()
        context.update()
        assert (context.stats()["sources"], context.stats()["voices"]) == (0, 2)
        prepare()

    prepare()
    assert interrupt_everywhere(calls[call], check) > 20


CHANGES: dict[str, Callable[[palace.Source], object]] = {
    "pitch": lambda source: setattr(source, "pitch", 0.5),
    "seek": lambda source: setattr(source, "offset", 2000),
    "seek and pitch": lambda source: (setattr(source, "offset", 2000), setattr(source, "pitch", 0.5)),
    "loops": lambda source: (setattr(source, "pitch", 0.5), setattr(source, "loops", 0)),
    "pause and resume": lambda source: (setattr(source, "pitch", 0.5), source.pause(), source.resume()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_inside_are_in_step(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, change: Callable[[palace.Source], object]
) -> None:
    """OpenAL defers changes until the end of the block. Virtual voices do so, too."""
    buffer = palace.Buffer(sounds.write(tmp_path / "noise.wav", sounds.noise(LENGTH, 1), RATE, "PCM_16"))
    real, _, virtual = (buffer.play(looping=True) for _ in range(3))
    device.render(300)
    with context.together():
        for source in (real, virtual):
            change(source)
        device.render(1000)
    device.render(500)
    assert real.audible
    assert not virtual.audible
    assert virtual.offset == real.offset
