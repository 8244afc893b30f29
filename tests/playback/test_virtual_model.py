"""Two thousand loops on a few voices: who is heard, and where each of them is, as a few rules say.

``python -m tests.playback.test_virtual_model 20`` does so with twenty other seeds.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import pyglet_palace as palace
from pyglet_palace._playback import voice_lending
from tests import sounds
from tests.conftest import EXACT, RATE
from tests.streaming.test_stream import Ramp

LENGTH = 5000
LOOPS = [(0, LENGTH), (700, 3000), (0, 128)]


class Modelled:
    """A source, and what the rules say about it."""

    def __init__(self, source: palace.Source) -> None:
        self.source = source
        self.playing = self.paused = self.heard = False
        #: Whether it waits for the end of a batch.
        self.held = False
        self.priority = self.started = 0
        self.streamed = False
        self.loops = 1
        #: How often it still continues at the start of its loop.
        self.wraps = 0.0
        self.pitch = 1.0
        self.at = 0.0
        self.loop = LOOPS[0]

    @property
    def ended(self) -> bool:
        return self.at >= LENGTH

    def rank(self) -> tuple[int, bool, int]:
        return self.priority, self.paused or not self.loops or self.streamed, self.started

    def set_loops(self, loops: int) -> None:
        self.loops = loops
        self.wraps = loops - 1 if loops else math.inf

    def pass_time(self, frames: int) -> None:
        if self.playing and not self.paused and not self.held and not self.ended:
            start, end = self.loop
            inside = self.at < end
            self.at += frames * self.pitch
            if inside and self.at >= end:
                wraps = min(self.wraps, (self.at - end) // (end - start) + 1)
                self.at -= wraps * (end - start)
                self.wraps -= wraps


class Model:
    """All sources. Does the same to them and to the model."""

    def __init__(self, context: palace.Context, device: palace.LoopbackDevice, seed: int, loops: int, streams: int):
        self.context, self.device, self.chance = context, device, random.Random(seed)
        self.voices = context.stats()["voices"]
        self.done: Counter[str] = Counter()
        self.plays = 0
        self.batch = False
        self.received: list[tuple[str, palace.Source]] = []
        self.expected: list[tuple[str, palace.Source]] = []
        for name in ("stopped", "force_stopped"):
            event = f"on_source_{name}"
            context.push_handlers(**{event: lambda source, name=name: self.received.append((name, source))})
        with tempfile.TemporaryDirectory() as folder:
            self.buffers = []
            for number, loop in enumerate(LOOPS):
                path = sounds.wav(Path(folder) / f"{number}.wav", LENGTH)
                sounds.add_chunk(path, sounds.smpl_chunk((0, loop[0], loop[1] - 1)))
                self.buffers.append(palace.Buffer(path, context))
        self.all = [Modelled(palace.Source(context)) for _ in range(loops)]
        for number, one in enumerate(self.all):
            one.streamed = number < streams

    @property
    def heard(self) -> list[Modelled]:
        return [one for one in self.all if one.heard]

    # The rules

    def give_voice(self, one: Modelled, *, spares_equals: bool) -> bool:
        if len(self.heard) == self.voices:
            victim = min(self.heard, key=Modelled.rank)
            priority, resists, _ = victim.rank()
            if priority > one.priority or (priority == one.priority and (resists or spares_equals)):
                return False
            victim.heard = False
            if victim.loops == 1 or (victim.ended and not victim.paused):
                victim.playing = victim.paused = False
                self.expected.append(("force_stopped", victim.source))
        one.heard = True
        return True

    def update(self) -> None:
        self.context.update()
        for one in self.all:
            if one.playing and one.ended and not one.paused:
                one.playing = one.heard = False
                self.expected.append(("stopped", one.source))
        waiting = [one for one in self.all if one.playing and not one.paused and not one.heard]
        waiting.sort(key=lambda one: (-one.priority, one.started))
        while waiting and self.give_voice(waiting[0], spares_equals=True):
            waiting = [one for one in self.all if one.playing and not one.paused and not one.heard]
            waiting.sort(key=lambda one: (-one.priority, one.started))

    # What happens

    def do_play(self, one: Modelled) -> None:
        sound: Any = self.chance.choice(self.buffers)
        one.loop = LOOPS[self.buffers.index(sound)]
        if one.streamed:
            sound = Ramp(LENGTH, one.loop)
        one.source.play(sound)
        self.plays += 1
        one.started = self.plays
        one.at = 0.0
        one.set_loops(one.loops)
        if not one.playing:
            one.heard = False
        one.playing, one.paused, one.held = True, False, self.batch
        if not one.heard and not self.give_voice(one, spares_equals=False) and one.loops == 1:
            one.playing = False
            self.expected.append(("force_stopped", one.source))

    def do_stop(self, one: Modelled) -> None:
        one.source.stop()
        one.playing = one.paused = one.held = one.heard = False

    def do_pause(self, one: Modelled) -> None:
        one.source.pause()
        one.paused = one.playing and (one.paused or not one.ended)
        one.held = False

    def do_resume(self, one: Modelled) -> None:
        one.source.resume()
        one.held = one.held or (one.paused and self.batch)
        one.paused = False

    def do_seek(self, one: Modelled) -> None:
        if one.playing and (one.paused or not one.ended):
            # A buffer that seeks past the end of its loop is in its last time.
            one.source.offset = frame = self.chance.randrange(one.loop[1] if one.loops > 1 else LENGTH)
            one.at = float(frame)

    def do_priority(self, one: Modelled) -> None:
        one.source.priority = one.priority = self.chance.randrange(6)

    def do_loops(self, one: Modelled) -> None:
        if one.playing and (one.paused or not one.ended):
            inside = one.at < one.loop[1]
            one.source.loops = loops = self.chance.choice([0, 0, 1, 2, 3, 8] if inside else [0, 1])
            one.set_loops(loops)

    def do_pitch(self, one: Modelled) -> None:
        if self.batch:  # OpenAL defers it
            return
        one.source.pitch = one.pitch = self.chance.choice([0.5, 1.0, 2.0])

    def do_together(self, one: Modelled) -> None:
        self.batch = not self.batch
        if self.batch:
            self.context.start_batch()
        else:
            self.context.end_batch()
            for other in self.all:
                other.held = False

    def run(self, steps: int, each: int) -> None:
        ways = ["play"] * 3 + ["stop", "pause", "resume", "seek", "priority", "loops", "pitch", "together"]
        for one in self.all:
            one.loops = one.source.loops = self.chance.choice([0, 0, 0, 40])
            self.do_priority(one)
            self.do_play(one)
        for step in range(steps):
            for _ in range(each):
                way = self.chance.choice(ways)
                self.done[way] += 1
                getattr(self, f"do_{way}")(self.chance.choice(self.all))
            if self.chance.random() < 0.7:
                frames = self.chance.choice([4, 64, 300, 1500])
                self.device.render(frames)
                for one in self.all:
                    one.pass_time(frames)
            if self.chance.random() < 0.7:
                self.update()
                assert Counter(self.received) == Counter(self.expected), step
            self.check(step)

    def check(self, step: int) -> None:
        heard = {one.source for one in self.heard if not one.paused and not one.ended}
        assert {one.source for one in self.all if one.source.audible} == heard, step
        stats = self.context.stats()
        assert stats["virtual"] == sum(one.playing and not one.heard for one in self.all), step
        assert stats["voices"] == self.voices
        for one in self.chance.sample(self.all, min(len(self.all), 200)):
            assert one.source.paused is one.paused, step
            assert one.source.playing is (one.playing and not one.paused and not one.ended), step
            if one.playing and not one.ended:
                assert one.source.offset == int(one.at), step


def run(seed: int, loops: int, voices: int, streams: int, steps: int, each: int) -> Model:
    with (
        palace.LoopbackDevice(RATE, "Mono") as device,
        palace.Context(device, EXACT, auto_update=False, workers=1, voices=voices) as context,
    ):
        model = Model(context, device, seed, loops, streams)
        model.voices = voices
        model.run(steps, each)
        return model


@pytest.mark.parametrize("seed", [1, 2])
def test_2000_loops_on_64_voices(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_lending, "RETURN_BUDGET", 10**12)
    model = run(seed, 2000, 64, 0, 60, 40)
    assert min(model.done.values()) > 50
    assert len(model.received) > 50


@pytest.mark.parametrize("seed", [1, 2])
def test_loops_and_streams_on_few_voices(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_lending, "RETURN_BUDGET", 10**12)
    model = run(seed, 30, 8, 15, 300, 3)
    assert min(model.done.values()) > 20


if __name__ == "__main__":
    voice_lending.RETURN_BUDGET = 10**12
    first = random.randrange(10**9)
    for number in range(first, first + int(sys.argv[1])):
        print("seed", number)
        run(number, 2000, 64, 0, 60, 40)
        run(number, 30, 8, 15, 300, 3)
