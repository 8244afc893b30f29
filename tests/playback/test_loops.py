"""Source.loops: how often a sound is played, exact to the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import wait_until

if TYPE_CHECKING:
    from pathlib import Path

RATE = 44100
LENGTH, START, END = 3000, 700, 2100
#: OpenAL fades in what does not begin at frame 0: for 64 frames, and in 1.19.1 for a mixing block.
FADE = 1024
#: Samples that end at zero: OpenAL holds the last sample of a sound to the end of its mixing block.
SOUND = sounds.ramp(LENGTH)
SOUND[-8:] = 0


@pytest.fixture
def device() -> palace.LoopbackDevice:
    """A device whose output equals the samples of a mono sound."""
    return palace.LoopbackDevice(RATE, "Mono")


@pytest.fixture(params=["whole", "section"])
def points(request: pytest.FixtureRequest) -> tuple[int, int]:
    return (START, END) if request.param == "section" else (0, LENGTH)


@pytest.fixture
def path(tmp_path: Path, points: tuple[int, int]) -> Path:
    found = sounds.write(tmp_path / "ramp.wav", SOUND, RATE, "PCM_16", "WAV")
    if points == (START, END):
        sounds.add_chunk(found, sounds.smpl_chunk((0, START, END - 1)))
    return found


def played(loops: int, points: tuple[int, int]) -> Any:
    """The samples of the sound, played `loops` times."""
    samples = SOUND[:, 0] / 32768
    start, end = points
    return np.concatenate([samples[:end], *[samples[start:end]] * (loops - 1), samples[end:]])


def start(kind: str, path: Path, context: palace.Context, **options: Any) -> palace.Source:
    """Play a file as a buffer or as a stream whose queue is full."""
    if kind == "buffer":
        return palace.Buffer(path).play(**options)
    source = palace.Decoder(path).play(1000, 3, **options)
    context._engine.fill_streams(10)
    return source


def render(device: palace.LoopbackDevice, context: palace.Context, frames: int) -> Any:
    """Render in parts that a stream's queue outlasts."""
    parts = []
    for at in range(0, frames, 900):
        parts.append(device.render(min(900, frames - at))[:, 0])
        context.update()
        context._engine.fill_streams(10)
    return np.concatenate(parts)


both = pytest.mark.parametrize("kind", ["buffer", "stream"])


@both
@pytest.mark.parametrize("loops", [1, 2, 3, 7])
def test_loops_are_exact_to_the_sample(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int], kind: str, loops: int
) -> None:
    ended: list[palace.Source] = []
    source = start(kind, path, context, loops=loops, on_stopped=ended.append)
    expected = played(loops, points)
    output = render(device, context, len(expected) + 500)
    assert output[: len(expected)] == pytest.approx(expected, abs=1e-6)
    assert not output[len(expected) + 64 :].any()
    assert not source.playing
    wait_until(lambda: ended == [source], context)


def test_loops_need_no_update(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int]
) -> None:
    palace.Buffer(path).play(loops=4)
    expected = played(4, points)
    assert device.render(len(expected))[:, 0] == pytest.approx(expected, abs=1e-6)


@both
def test_offset_stays_in_the_sound(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int], kind: str
) -> None:
    source = start(kind, path, context, loops=3)
    frames = SOUND[:, 0] / 32768
    total = len(played(3, points))
    for at in range(0, total - 500, 500):
        assert played(3, points)[at] == pytest.approx(frames[source.offset])
        render(device, context, 500)
    assert source.playing


@both
@pytest.mark.parametrize("paused", [False, True])
def test_seek_before_the_loop_start(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int], kind: str, paused: bool
) -> None:
    source = start(kind, path, context, loops=3)
    render(device, context, points[1] + 200)  # in the second time
    if paused:
        source.pause()
    source.offset = 10
    assert source.offset == 10
    source.resume()
    context._engine.fill_streams(10)
    expected = played(2, points)[10:]
    output = render(device, context, len(expected))
    assert output[FADE:] == pytest.approx(expected[FADE:], abs=1e-6)


@both
def test_seek_keeps_the_loops_left(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int], kind: str
) -> None:
    source = start(kind, path, context, loops=3)
    render(device, context, points[1] + 200)  # in the second time
    source.offset = points[0] + 10
    context._engine.fill_streams(10)
    expected = played(2, points)[points[0] + 10 :]
    output = render(device, context, len(expected) + 300)
    assert output[FADE : len(expected)] == pytest.approx(expected[FADE:], abs=1e-6)
    assert not output[len(expected) + 64 :].any()


@both
@pytest.mark.parametrize(("before", "after"), [(0, 2), (1, 3), (3, 1), (4, 2), (3, 0)])
def test_loops_can_change_during_a_sound(
    context: palace.Context,
    device: palace.LoopbackDevice,
    path: Path,
    points: tuple[int, int],
    kind: str,
    before: int,
    after: int,
) -> None:
    """The current time counts as the first."""
    source = start(kind, path, context, loops=before)
    at = points[0] + 300
    render(device, context, at)
    source.loops = after
    context._engine.fill_streams(10)
    expected = played(after or 5, points)[at:]
    output = render(device, context, len(expected) - (LENGTH if not after else 0))
    assert output[FADE:] == pytest.approx(expected[: len(output)][FADE:], abs=1e-6)
    assert source.looping == (after == 0)


def test_loops_change_while_paused(
    context: palace.Context, device: palace.LoopbackDevice, path: Path, points: tuple[int, int]
) -> None:
    source = palace.Buffer(path).play()
    device.render(1000)
    source.pause()
    device.render(200)
    source.loops = 2
    assert (source.paused, source.offset) == (True, 1000)
    assert not device.render(500).any()
    source.resume()
    expected = played(2, points)[1000:]
    assert device.render(len(expected))[2048:, 0] == pytest.approx(expected[2048:], abs=1e-6)


def test_looping_and_loops_agree(context: palace.Context) -> None:
    source = palace.Source()
    assert (source.loops, source.looping) == (1, False)
    source.looping = True
    assert (source.loops, source.looping) == (0, True)
    source.loops = 3
    assert (source.loops, source.looping) == (3, False)
    source.looping = False
    assert source.loops == 3
    source.loops = 0
    assert source.looping
    source.looping = False
    assert source.loops == 1
    with pytest.raises(ValueError, match="loops is 10001; it must be from 0 to 10000"):
        source.loops = 10001


def test_new_loop_points_are_used(context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "ramp.wav", SOUND, RATE, "PCM_16", "WAV")
    sounds.add_chunk(path, sounds.smpl_chunk((0, START, END - 1)))
    buffer = palace.Buffer(path)
    buffer.play(loops=2).stop()
    buffer.loop_points = 100, 400
    buffer.play(loops=2)
    expected = played(2, (100, 400))
    assert device.render(len(expected))[:, 0] == pytest.approx(expected, abs=1e-6)
    buffer.destroy()
    assert context.stats()["undeleted"] == 0
