"""Ctrl-C or RecursionError that the game catches, at any moment of a call: everything still works afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._playback.voice_pool import VoicePool
from tests import sounds
from tests.conftest import patch_al, wait_until
from tests.interrupts import interrupt_everywhere, overflow_everywhere

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def play_together(buffer: palace.Buffer, source: palace.Source, context: palace.Context) -> None:
    with context.together():
        buffer.play(source)
        buffer.play().stop()


CALLS: dict[str, Callable[[palace.Buffer, palace.Source, palace.Context, Path], object]] = {
    "play": lambda buffer, source, context, path: buffer.play(source),
    "play a new source": lambda buffer, source, context, path: buffer.play().stop(),
    "play with options": lambda buffer, source, context, path: buffer.play(source, gain=0.5, loops=3, fade_in=10),
    "play by name": lambda buffer, source, context, path: palace.play(path).stop(),
    "play a name that is not cached": lambda buffer, source, context, path: palace.play("none", late=1).stop(),
    "loops": lambda buffer, source, context, path: setattr(source, "loops", 5 - source.loops),
    "seek to a second": lambda buffer, source, context, path: source.seek(0.01),
    "together": lambda buffer, source, context, path: play_together(buffer, source, context),
    "stop": lambda buffer, source, context, path: source.stop(),
    "gain": lambda buffer, source, context, path: setattr(source, "gain", 0.5),
    "offset": lambda buffer, source, context, path: source.offset,
    "seek": lambda buffer, source, context, path: setattr(source, "offset", 10),
    "pause": lambda buffer, source, context, path: (source.pause(), source.resume()),
    "update": lambda buffer, source, context, path: context.update(),
    "stream": lambda buffer, source, context, path: palace.Decoder(path).play(source=source),
    "pan": lambda buffer, source, context, path: (setattr(source, "pan", 0.5), setattr(source, "position", (1, 2, 3))),
    "pan again": lambda buffer, source, context, path: (setattr(source, "pan", -1), setattr(source, "pan", 1)),
    "stage": lambda buffer, source, context, path: (
        setattr(context, "stage", palace.SoundStage(10)),
        setattr(source, "position", (1, 2)),
        setattr(context.listener, "position", (3, 4)),
        setattr(context, "stage", None),
    ),
    "fade": lambda buffer, source, context, path: source.fade_to(0.5, 10),
    "crossfade": lambda buffer, source, context, path: palace.crossfade(source, buffer.play(), 10),
    "group gain": lambda buffer, source, context, path: setattr(source.group, "gain", 0.5),
    "group filter": lambda buffer, source, context, path: setattr(source.group, "filter", (1, 0.5, 1)),
    "group fade": lambda buffer, source, context, path: source.group.fade_to(0.5, 10),
    "group pause": lambda buffer, source, context, path: (source.group.pause_all(), source.group.resume_all()),
    "samples": lambda buffer, source, context, path: (
        palace.free(["computed"]),
        palace.Buffer.from_samples(np.zeros(9, np.int16), 44100, "computed"),
    ),
    "group stop": lambda buffer, source, context, path: source.group.stop_all(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("raise_everywhere", [interrupt_everywhere, overflow_everywhere])
def test_interrupted_call_leaves_all_usable(
    tmp_path: Path,
    context: palace.Context,
    device: palace.LoopbackDevice,
    raise_everywhere: Callable[..., int],
    call: Callable[..., object],
) -> None:
    """No lock, no OpenAL context, no voice without a sound; the next play of the same source is heard."""
    path = sounds.write(tmp_path / "loud.wav", sounds.tone(0.2, gain=0.8))
    buffer = palace.Buffer(path)
    source, group = palace.Source(), palace.SourceGroup()
    source.group = group
    al = _openal.functions()

    def prepared() -> None:
        source.stop()
        buffer.play(source)
        device.render(500)

    def check() -> None:
        nonlocal source
        assert al.alcGetThreadContext() is None
        assert gc.isenabled()
        with contextlib.suppress(KeyboardInterrupt, RecursionError):
            context.update()  # `stop_all` keeps what a handler raises for the next update
        context.update()  # ends a batch whose end has failed
        source.playing  # noqa: B018  # raised for ever if its voice had no sound
        source.offset  # noqa: B018
        source.stop()
        group.gain, group.filter = 1, (1, 1, 1)
        buffer.play(source)
        assert abs(device.render(2000)).max() > 0.1
        for playing in buffer.sources:
            playing.stop()
        context.update()
        assert context.stats()["sources"] == 0
        assert buffer.source_count == 0
        prepared()

    call(buffer, source, context, path)  # imports modules at the first use
    prepared()
    assert raise_everywhere(lambda: call(buffer, source, context, path), check) > 2
    assert context.stats()["voices"] < 30


@pytest.mark.parametrize("raise_everywhere", [interrupt_everywhere, overflow_everywhere])
def test_interrupted_update_loses_no_voice(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, raise_everywhere: Callable[..., int]
) -> None:
    """Ended sounds give their voices back in the next update, and no end is reported twice."""
    buffer = palace.Buffer(sounds.write(tmp_path / "short.wav", sounds.tone(0.01)))
    received: list[palace.Source] = []

    def prepare() -> None:
        received.clear()
        for pan in (0, 0.5):
            buffer.play(pan=pan, on_stopped=received.append)
        device.render(2000)

    def check() -> None:
        context.update()
        context.update()
        assert len(received) == len(set(received)) <= 2
        assert context.stats()["sources"] == buffer.source_count == 0
        prepare()

    context.update()
    prepare()
    assert raise_everywhere(context.update, check) > 8
    assert context.stats()["voices"] < 5


def test_refused_reset_reports_the_end(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAL refuses to reset the voice of an ended sound, once."""
    buffer = palace.Buffer(sounds.write(tmp_path / "short.wav", sounds.tone(0.01)))
    received: list[palace.Source] = []
    source = buffer.play(pan=0.5, on_stopped=received.append)
    device.render(2000)

    def refuse(*_: object) -> None:
        raise palace.OpenALError("alSourcefv", 0xA005, "out of memory")

    with monkeypatch.context() as patch:
        patch_al(patch, "alSourcefv", refuse)
        with pytest.raises(palace.OpenALError):
            context.update()
    context.update()
    assert received == [source]
    assert context.stats()["sources"] == 0


@pytest.mark.parametrize("kind", ["buffer", "stream"])
@pytest.mark.parametrize("call", ["theft", "return", "start without a voice", "play again"])
@pytest.mark.parametrize("raise_everywhere", [interrupt_everywhere, overflow_everywhere])
def test_interrupted_change_of_voices_is_safe(
    tmp_path: Path, device: palace.LoopbackDevice, raise_everywhere: Callable[..., int], call: str, kind: str
) -> None:
    """A loop that loses its voice or gets one back goes on, and no voice is lost."""
    context = palace.Context(device, auto_update=False, workers=1, voices=1)
    path = sounds.write(tmp_path / "loud.wav", sounds.tone(0.2, gain=0.8))
    with context:
        buffer = palace.Buffer(path)
        source, thief = palace.Source(), palace.Source()
        source.looping, thief.priority = True, 9

        def play() -> None:
            source.play(buffer if kind == "buffer" else palace.Decoder(path))

        def prepare() -> None:
            thief.stop()
            context.update()
            play()
            assert source.audible
            wait_until(lambda: abs(device.render(500)).max() > 0.1)  # a stream has a queue
            if call == "return":
                buffer.play(thief)
                thief.stop()
            elif call != "theft":
                buffer.play(thief)
            if call == "start without a voice":
                source.stop()

        def check() -> None:
            if call in ("theft", "return"):
                assert source.playing
                thief.stop()
                context.update()
                assert source.audible
            source.stop()
            thief.stop()
            buffer.play(thief)
            play()
            assert not source.audible
            assert abs(device.render(2000)).max() > 0.1
            thief.stop()
            context.update()
            assert source.audible
            source.stop()
            assert (context.stats()["sources"], context.stats()["virtual"], buffer.source_count) == (0, 0, 0)
            prepare()

        calls: dict[str, Callable[[], object]] = {
            "theft": lambda: buffer.play(thief),
            "return": context.update,
            "start without a voice": play,
            "play again": play,
        }
        prepare()
        assert raise_everywhere(calls[call], check) > 2
        assert context.stats()["stolen"] > (2 if raise_everywhere is interrupt_everywhere else 0)


def test_play_inside_a_play_works(context: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler or a finaliser may play while a play is going on: its voice is not an interrupted one."""
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 44100))
    outer, inner = palace.Source(), palace.Source()
    outer.gain = 0.5
    send = VoicePool._send_parameters
    nested = [inner]

    def send_and_play(*arguments: Any) -> None:
        if nested:
            buffer.play(nested.pop())
        send(*arguments)

    monkeypatch.setattr(VoicePool, "_send_parameters", send_and_play)
    buffer.play(outer)
    assert outer.playing
    assert inner.playing
    assert sorted(buffer.sources) == sorted([outer, inner])


def test_interrupted_thread_start_is_repeated(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before the streaming thread runs: the next stream starts one."""
    path = sounds.write(tmp_path / "loud.wav", sounds.tone(0.2, gain=0.8))

    def interrupted(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            palace.Decoder(path).play()
    palace.Decoder(path).play()
    assert abs(device.render(2000)).max() > 0.1


@pytest.mark.parametrize("raise_everywhere", [interrupt_everywhere, overflow_everywhere])
def test_interrupted_stop_leaks_no_buffer(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, raise_everywhere: Callable[..., int]
) -> None:
    """The buffers of a stream are deleted by the call, or by the next update."""
    path = sounds.write(tmp_path / "loud.wav", sounds.tone(0.2, gain=0.8))
    is_buffer = ctypes.CFUNCTYPE(ctypes.c_ubyte, ctypes.c_uint)(("alIsBuffer", context._engine.al.handle))
    source = palace.Source(looping=True)

    def buffers() -> int:
        with context._engine.scope:
            return sum(map(is_buffer, range(1, 1000)))

    def play() -> None:
        palace.Decoder(path).play(source=source)
        wait_until(lambda: abs(device.render(500)).max() > 0.1)

    def check() -> None:
        context.update()
        source.stop()
        assert buffers() == before
        play()

    before = buffers()
    play()
    assert buffers() > before
    assert raise_everywhere(source.stop, check) > 2


@pytest.mark.parametrize("of_group", [False, True], ids=["source", "group"])
def test_interrupted_end_of_a_fade_out_stops(
    context: palace.Context, device: palace.LoopbackDevice, of_group: bool
) -> None:
    """The next updates stop the sound, and the next sound has its full gain."""
    buffer = palace.Buffer.from_samples(np.full(44100, 0.5, np.float32), 44100)
    group, source = palace.SourceGroup(), palace.Source(looping=True)
    source.group = group

    def prepared() -> None:
        buffer.play(source)
        (group if of_group else source).fade_out_to_stop(0, 10)
        device.render(2000)

    def check() -> None:
        context.update()
        device.render(2000)
        context.update()
        assert not source.playing
        buffer.play(source)
        assert abs(device.render(4000)).max() == pytest.approx(0.5, rel=0.5)
        source.stop()
        prepared()

    prepared()
    assert interrupt_everywhere(context.update, check) > 20
