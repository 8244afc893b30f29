"""Common starts: what is played inside `Context.together` or a batch starts at the same sample."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds

if TYPE_CHECKING:
    from pathlib import Path

RATE = 44100


@pytest.fixture
def device() -> palace.LoopbackDevice:
    """A device whose output equals the samples of a mono sound."""
    return palace.LoopbackDevice(RATE, "Mono")


@pytest.fixture
def step(tmp_path: Path) -> Path:
    """A sound that is 0.125 from its first frame on."""
    return sounds.write(tmp_path / "step.wav", np.full((RATE, 1), 0.125, np.float32), RATE, "FLOAT", "WAV")


def onset(output: Any) -> tuple[int, float]:
    """The first frame that is heard, and its level."""
    heard = output[:, 0].nonzero()[0]
    return (int(heard[0]), float(output[heard[0], 0])) if len(heard) else (-1, 0.0)


def test_sounds_start_at_the_same_sample(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    buffer = palace.Buffer(step)
    with context.together():
        sources = []
        for _ in range(4):
            sources.append(buffer.play())
            assert not device.render(300).any()
        assert all(source.playing for source in sources)
        assert {source.offset for source in sources} == {0}
    output = device.render(500)
    assert output[:, 0] == pytest.approx(0.5)
    assert {source.offset for source in sources} == {500}


def test_batch_starts_at_the_same_sample(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    context.start_batch()
    for _ in range(3):
        palace.Buffer(step).play()
        assert not device.render(300).any()
    context.end_batch()
    assert device.render(300)[:, 0] == pytest.approx(0.375)


def test_streams_start_with_static_sounds(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    with context.together():
        palace.Buffer(step).play()
        palace.Decoder(step).play(1000, 3)
        palace.Decoder(step).play(64, 40)
        assert not device.render(300).any()
    context._engine.fill_streams(10)
    assert onset(device.render(600))[1] == pytest.approx(0.375)


class Late(palace.BaseDecoder):
    """A decoder that cannot be read until `ready` is set."""

    frequency = RATE
    channel_config = "Mono"
    sample_type = "32-bit float"

    def __init__(self, ready: Any) -> None:
        self.ready = ready

    def seek(self, frame: int) -> bool:
        return frame == 0

    def read(self, count: int) -> bytes:
        self.ready.wait(20)
        return np.full(count, 0.125, np.float32).tobytes()


def test_slow_stream_holds_the_others(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    ready = threading.Event()
    with context.together():
        palace.Buffer(step).play()
        palace.decode(step).play()
        late = Late(ready).play(1000, 3)
    try:
        assert not device.render(500).any()
        context.update()
        assert late.playing
    finally:
        ready.set()
    context._engine.fill_streams(10)
    assert onset(device.render(500))[1] == pytest.approx(0.375)


def test_stopped_stream_frees_the_others(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    ready = threading.Event()
    with context.together():
        palace.Buffer(step).play()
        late = Late(ready).play(1000, 3)
    try:
        assert not device.render(500).any()
        late.stop()
        assert device.render(500)[:, 0] == pytest.approx(0.125)
    finally:
        ready.set()


def test_resumes_are_together(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    buffer = palace.Buffer(step)
    first, second = buffer.play(), buffer.play()
    device.render(1000)
    first.pause()
    second.pause()
    device.render(200)
    with context.together():
        first.resume()
        assert not device.render(300).any()
        second.resume()
        assert (first.playing, first.offset) == (True, 1000)
    device.render(500)
    assert first.offset == second.offset == 1500


def test_pause_inside_leaves_the_start(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    buffer = palace.Buffer(step)
    with context.together():
        buffer.play()
        paused = buffer.play()
        paused.pause()
    assert device.render(300)[:, 0] == pytest.approx(0.125)
    assert (paused.paused, paused.offset) == (True, 0)
    paused.resume()
    device.render(100)
    assert paused.offset == 100


def test_stop_and_seek_inside(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    buffer = palace.Buffer(step)
    with context.together():
        gone, sought = buffer.play(), buffer.play()
        gone.stop()
        sought.offset = 5000
        sought.pitch = 2
        sought.looping = True
        context.update()
        assert (gone.playing, sought.playing, sought.offset) == (False, True, 5000)
    device.render(100)
    assert (gone.playing, sought.offset) == (False, 5200)


def test_stolen_voice_inside_plays_the_new(tmp_path: Path, step: Path) -> None:
    with palace.LoopbackDevice(RATE, "Mono") as device, palace.Context(device, auto_update=False, workers=1) as context:
        buffer = palace.Buffer(step)
        most = 0
        while not context.stats()["stolen"]:
            buffer.play()
            most += 1
        with context.together():
            sources = [buffer.play() for _ in range(most + 20)]
        device.render(100)
        context.update()
        playing = [source for source in sources if source.playing]
        assert len(playing) == context.stats()["voices"]
        assert {source.offset for source in playing} == {100}


def test_ends_are_found_afterwards(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    ended: list[palace.Source] = []
    with context.together():
        sources = [palace.Buffer(step).play(on_stopped=ended.append) for _ in range(3)]
        context.update()
    context.update()
    device.render(RATE // 2)
    context.update()
    assert ended == []
    device.render(RATE // 2 + 1000)
    context.update()
    assert sorted(ended) == sources


def test_raising_block_starts_its_sounds(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    def fail() -> None:
        with context.together():
            palace.Buffer(step).play()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert device.render(100)[:, 0] == pytest.approx(0.125)


def test_inner_block_joins_the_outer(context: palace.Context, device: palace.LoopbackDevice, step: Path) -> None:
    with context.together():
        with context.together():
            palace.Buffer(step).play()
        assert not device.render(300).any()
        palace.Buffer(step).play()
    assert device.render(100)[:, 0] == pytest.approx(0.25)


def test_block_may_destroy_the_context(context: palace.Context, step: Path) -> None:
    with context.together():
        palace.Buffer(step).play()
        context.destroy()


LAYERS = """
import sys, time
import pyglet_palace as palace
context = palace.init(auto_update=False)
layer = palace.Buffer.from_samples(__import__("numpy").zeros(44100 * 5, "int16"), 44100)
apart = 0
for _ in range(100):
    with context.together():
        sources = []
        for _ in range(8):
            sources.append(layer.play())
            time.sleep(0.0003)  # whatever else a game does there
    time.sleep(0.01)
    while True:  # read all offsets between two blocks of the mixer
        before = context.device.clock_time
        at = [source.offset for source in sources]
        if context.device.clock_time == before:
            break
    apart += max(at) != min(at)
    for source in sources:
        source.stop()
print(apart)
"""


def test_layers_in_real_time_are_in_step() -> None:
    environment = {**os.environ, "ALSOFT_DRIVERS": "null"}
    done = subprocess.run([sys.executable, "-c", LAYERS], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")
