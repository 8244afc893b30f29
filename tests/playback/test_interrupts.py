"""Ctrl-C that the game catches, at any moment of a call: everything still works afterwards."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._playback.voice_pool import VoicePool
from tests import sounds
from tests.interrupts import interrupt_everywhere

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
    "fade": lambda buffer, source, context, path: source.fade_to(0.5, 10),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_interrupted_call_leaves_all_usable(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, call: Callable[..., object]
) -> None:
    """No lock, no OpenAL context, no voice without a sound; the next play of the same source is heard."""
    path = sounds.write(tmp_path / "loud.wav", sounds.tone(0.2, gain=0.8))
    buffer = palace.Buffer(path)
    source = palace.Source()
    al = _openal.functions()

    def prepared() -> None:
        source.stop()
        buffer.play(source)
        device.render(500)

    def check() -> None:
        nonlocal source
        assert al.alcGetThreadContext() is None
        assert gc.isenabled()
        source.playing  # noqa: B018  # raised for ever if its voice had no sound
        source.offset  # noqa: B018
        source.stop()
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
    assert interrupt_everywhere(lambda: call(buffer, source, context, path), check) > 2
    assert context.stats()["voices"] < 30


def test_play_inside_a_play_works(context: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler or a finaliser may play while a play is going on: its voice is not an interrupted one."""
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 44100))
    outer, inner = palace.Source(), palace.Source()
    outer.gain = 0.5
    send = VoicePool._send
    nested = [inner]

    def send_and_play(*arguments: Any) -> None:
        if nested:
            buffer.play(nested.pop())
        send(*arguments)

    monkeypatch.setattr(VoicePool, "_send", send_and_play)
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
