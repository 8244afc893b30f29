"""Random things done to a stream, compared frame by frame with what a few rules say is heard.

``python -m tests.streaming.test_stream_model 100`` does so with a hundred other seeds, 300 steps each.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests.conftest import EXACT
from tests.streaming.test_stream import FADE, Ramp, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH = 20_000


@pytest.fixture
def device() -> palace.LoopbackDevice:
    return palace.LoopbackDevice(44100, "Mono")


class Frames(Ramp):
    """A frame's sample is its number."""

    def read(self, count: int) -> bytes:
        self.reads += 1
        frames = np.arange(self.at, min(self.at + count, LENGTH))
        self.at += len(frames)
        return (frames - 10_000).astype(np.int16).tobytes()


class Heard:
    """What is to be heard of a stream."""

    def __init__(self, loop: tuple[int, int]) -> None:
        self.start, self.end = loop if loop[0] < loop[1] else (0, LENGTH)
        self.at = 0
        self.looping = self.paused = False
        self.playing = True

    def frames(self, count: int) -> Iterator[int]:
        """The next frames; fewer if it ends."""
        if self.paused or not self.playing:
            return
        for _ in range(count):
            if self.at == LENGTH:
                self.playing = False
                return
            yield self.at - 10_000
            self.at += 1
            if self.looping and self.at == self.end:
                self.at = self.start


def turmoil(context: palace.Context, device: palace.LoopbackDevice, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = palace.Source()
    model: Any = None
    for step in range(steps):
        does = chance.choice(["wait", "wait", "seek", "pause", "resume", "loop", "play"])
        if model is None or not model.playing or (does == "play" and chance.random() < 0.3):
            does = "play"
            loop = chance.choice([(0, 0), (3000, 9000), (100, 700), (0, 1), (15_000, LENGTH)])
            looping = model is not None and model.looping
            model = Heard(loop)
            model.looping = looping
            decoder = Frames(LENGTH, loop, known=chance.random() < 0.5)
            decoder.play(chance.choice([64, 500, 4096, 12_000]), chance.choice([2, 3, 8]), source)
        elif does == "seek":
            source.offset = model.at = chance.randrange(LENGTH)
        elif does in ("pause", "resume"):
            getattr(source, does)()
            model.paused = does == "pause"
        elif does == "loop":
            source.looping = model.looping = not model.looping
        count = chance.choice([100, 700, 1500, 4000])
        expected = np.fromiter(model.frames(count), int)
        if model.at == LENGTH:
            count += 1  # whether it counts as ended at its last frame does not matter
            model.playing = False
        out = exactly(device, count)
        what = f"seed {seed}, step {step}: {does}"
        np.testing.assert_array_equal(out[FADE : len(expected)], expected[FADE:], what)
        assert source.playing is (model.playing and not model.paused), what
        assert source.paused is (model.playing and model.paused), what
        if model.playing:
            assert source.offset == model.at, what
        before = len(received)
        context.update()
        assert len(received) - before == (not model.playing), what
    assert context.stats()["underruns"] == 0


@pytest.mark.parametrize(("seed", "steps"), [(0, 150), (100, 100), (110, 270), (209, 50), (223, 100)])
def test_random_streams_follow_the_rules(
    context: palace.Context, device: palace.LoopbackDevice, seed: int, steps: int
) -> None:
    turmoil(context, device, seed, steps)  # all but the first have found something once


if __name__ == "__main__":
    sys.setswitchinterval(1e-5)  # threads take turns as often as can be
    first = random.randrange(10**9)
    for number in range(first, first + int(sys.argv[1])):
        with (
            palace.LoopbackDevice(44100, "Mono") as loopback,
            palace.Context(loopback, EXACT, auto_update=False) as own,
        ):
            turmoil(own, loopback, number, 300)
    print(f"seeds {first} to {number}: nothing found")
