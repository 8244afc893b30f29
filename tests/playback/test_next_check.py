"""Updates without work return early, and whatever gives them work is served by the next one."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from pyglet_palace import _engine
from pyglet_palace._playback.end_times import EndTimes
from pyglet_palace._playback.voice import PlaybackState, Voice
from tests import sounds
from tests.conftest import RATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Frames of the sound, which last for a second.
LENGTH = RATE


class Clocked:
    """A device whose clock the test sets. It counts how often it is read."""

    has_clock, frequency = True, RATE

    def __init__(self, *, hardware: bool) -> None:
        self.hardware, self.time, self.reads = hardware, 0, 0

    @property
    def clock_time(self) -> int:
        self.reads += 1
        return self.time


def recorded(device: Any, seconds: float) -> EndTimes:
    """Return end times with one voice that ends in `seconds`."""
    voice = Voice(1)
    voice.state, voice.playable = PlaybackState(SimpleNamespace), SimpleNamespace(frequency=RATE)  # type: ignore[assignment]
    end_times = EndTimes([voice], device)
    end_times.take_due([])
    end_times.record(voice, int(seconds * RATE))
    return end_times


@pytest.mark.parametrize(("seconds", "rest"), [(100, 0.25), (0.3, 0.2), (0.05, -0.05)])
def test_rest_leaves_room_for_a_fast_clock(seconds: float, rest: float) -> None:
    """The clock of hardware advances in blocks. It may gain 0.1 s on the time of the system."""
    end_times = recorded(Clocked(hardware=True), seconds)
    end_times.set_next_check(1000.0, 0.25)
    assert end_times.next_check == pytest.approx(1000 + rest, abs=0.002)


def test_earlier_end_is_checked_in_time() -> None:
    end_times = recorded(Clocked(hardware=True), 100)
    end_times.set_next_check(1000.0, 0.25)
    voice = Voice(2)
    voice.state, voice.playable = PlaybackState(SimpleNamespace), SimpleNamespace(frequency=RATE)  # type: ignore[assignment]
    end_times.record(voice, 200 * RATE)
    assert end_times.next_check == 1000.25
    end_times.record(voice, RATE)
    assert end_times.next_check == 0


def test_rendered_device_notes_its_clock() -> None:
    """A device without hardware is faster than time, and mixes only when it is asked to."""
    end_times = recorded(Clocked(hardware=False), 0.01)
    end_times.set_next_check(1000.0, 0.25)
    assert end_times.next_check == 1000.25
    end_times.note_clock(5_000_000)
    assert end_times.next_check == 1000.25
    end_times.note_clock(10_000_000)
    assert end_times.next_check == 0


def test_polled_voices_are_checked_each_time() -> None:
    end_times = recorded(Clocked(hardware=True), 100)
    end_times.set_next_check(1000.0, 0.25)
    end_times.poll_while("a test", True)
    assert end_times.next_check == 0
    end_times.set_next_check(1000.0, 0.25)
    assert end_times.next_check == 1000


@pytest.fixture
def resting(
    tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """A context whose updates have no work, with a playing source, and the number of its complete updates."""
    monkeypatch.setattr(_engine, "_LONGEST_REST", 1e9)
    buffer = palace.Buffer(sounds.wav(tmp_path / "ramp.wav", LENGTH))
    scene = SimpleNamespace(context=context, device=device, buffer=buffer, source=buffer.play(), updates=0)
    scene.path, scene.group, scene.effect = tmp_path, palace.SourceGroup(), palace.ReverbEffect()
    update = _engine.Engine.update

    def counted(engine: _engine.Engine) -> None:
        scene.updates += 1
        update(engine)

    monkeypatch.setattr(_engine.Engine, "update", counted)
    context.update()
    before = scene.updates
    context.update()
    assert scene.updates == before, "the fixture has work"
    return scene


def _render_to_the_end(scene: SimpleNamespace) -> None:
    scene.device.render(LENGTH + 100)


def _play_from(scene: SimpleNamespace, frame: int) -> None:
    source = palace.Source()
    source.offset = frame
    scene.buffer.play(source)


def _call_on_a_thread(scene: SimpleNamespace) -> None:
    thread = threading.Thread(target=scene.context._engine.run, args=(int,))
    thread.start()
    thread.join()


def _drop_an_effect(scene: SimpleNamespace) -> None:
    scene.effect = None
    gc.collect()


def _abandon_a_scope(scene: SimpleNamespace) -> None:
    scene.context._engine.scope.__enter__()


def _read_a_stream(scene: SimpleNamespace) -> None:
    scene.context._engine.streams.reading_since = time.perf_counter()


WORK: dict[str, Callable[[SimpleNamespace], object]] = {
    "end": _render_to_the_end,
    "shorter sound": lambda scene: _play_from(scene, LENGTH - 100),
    "higher pitch": lambda scene: setattr(scene.source, "pitch", 2.0),
    "seek": lambda scene: setattr(scene.source, "offset", LENGTH - 100),
    "stop": lambda scene: scene.source.stop(),
    "pause": lambda scene: scene.source.pause(),
    "load": lambda scene: palace.cache([sounds.wav(scene.path / "other.wav", 10)]),
    "known name": lambda scene: palace.preload([scene.path / "ramp.wav"]),
    "call of a thread": _call_on_a_thread,
    "fade": lambda scene: scene.source.fade_to(0.5, 1000),
    "fade of a group": lambda scene: scene.group.fade_to(0.5, 1000),
    "effect": _drop_an_effect,
    "moving listener": lambda scene: setattr(scene.context.listener, "velocity", (1.0, 0.0, 0.0)),
    "reset": lambda scene: scene.device.reset(),
    "cache limit": lambda scene: scene.context._engine.cache.searching.append(1),
    "abandoned scope": _abandon_a_scope,
    "stalled stream": _read_a_stream,
}


@pytest.mark.parametrize("work", WORK)
def test_next_update_finds_work(resting: SimpleNamespace, work: str) -> None:
    before = resting.updates
    WORK[work](resting)
    resting.context.update()
    assert resting.updates == before + 1


def test_later_sound_is_no_work(resting: SimpleNamespace) -> None:
    """Nor is a property that does not change the end."""
    before = resting.updates
    resting.device.render(LENGTH // 2)
    resting.buffer.play()
    resting.source.gain = 0.5
    resting.source.position = 1, 0, 0
    resting.context.update()
    assert resting.updates == before


def test_failed_update_is_repeated(resting: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    _render_to_the_end(resting)
    engine = resting.context._engine
    with monkeypatch.context() as patch:
        patch.setattr(engine.effect_slots, "update", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            resting.context.update()
    before = resting.updates
    resting.context.update()
    assert resting.updates == before + 1


PROGRAM = """
import pathlib, sys, time
import pyglet_palace as palace

ended = []
with palace.Device() as device, palace.Context(device, auto_update=False) as context:
    context.push_handlers(on_source_stopped=ended.append)
    buffer = palace.Buffer(pathlib.Path(sys.argv[1]))
    sources = [palace.Source() for _ in range(4)]
    for source, frames in zip(sources, (2000, 6000, 20_000, 30_000)):
        source.offset = 44100 - frames
        buffer.play(source)
    stopped = False
    while not stopped:
        stopped = not any(source.playing for source in sources)
        time.sleep(0.001)
        context.update()
    print(ended == sources)
"""


def test_first_update_after_an_end_finds_it(tmp_path: Path) -> None:
    """On a device that mixes in real time, with sounds that end after an update without work too."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, sounds.wav(tmp_path / "long.wav", LENGTH)],
        env={**os.environ, "ALSOFT_DRIVERS": "null"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "True\n"
