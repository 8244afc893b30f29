"""The example game is won with the screen off: a player that only hears the samples, and presses keys.

It knows the sounds, as a player does after the loading screens. It tells them apart by the tones that each has alone,
goes to the loudest of those that call, and keeps off the mines.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyglet.resource
import pytest
import soundfile

import pyglet_palace as palace
from examples.game.levels import LEVELS, Level
from examples.game.mixer import VOICES, Mixer
from examples.game.settings import Settings
from examples.game.sound import HUNTING, PITCHES, Soundscape
from examples.game.world import World

if TYPE_CHECKING:
    from pyglet_palace.testing import Recorder

ASSETS = Path("examples/game/assets")
RATE = 44100
TICK = 0.1
#: Frames that are listened to at once, 0.37 s.
WINDOW = 16384
SHAPE = np.hanning(WINDOW)
HERTZ = np.fft.rfftfreq(WINDOW, 1 / RATE)
#: The band of treble that is quieter from behind.
TREBLE = (HERTZ > 7500) & (HERTZ < 11000)

#: Power of the mines, beside that of one with gain 1.0, from which it keeps off, and how many ticks it remembers it.
NEAR, MEMORY = 0.1, 6
#: Ticks of going to one call after which mines keep it off half as much.
BOLDER = 300
#: Share of its treble that is left of a mine which is behind, at most.
BEHIND = 0.15


def spectrum(name: str, pitch: float = 1.0) -> np.ndarray:
    """Mean power of a sound in each bin, as it is played in a loop."""
    samples = soundfile.read(ASSETS / name, always_2d=True)[0].mean(axis=1)
    samples = np.interp(np.arange(0, len(samples) - 1, pitch), np.arange(len(samples)), samples)
    samples = np.tile(samples, 1 + 3 * WINDOW // len(samples))
    starts = range(0, len(samples) - WINDOW, 2048)
    return np.mean([np.abs(np.fft.rfft(samples[at : at + WINDOW] * SHAPE)) ** 2 for at in starts], axis=0)


def loop_of(name: str) -> float:
    """Seconds of the loop of a sound."""
    start, end = palace.Buffer(name).loop_points
    return (end - start) / RATE


class Ear:
    """Steers by the levels of both channels."""

    def __init__(self, level: Level) -> None:
        pitches = PITCHES[: level.goal_count]
        goals = [spectrum(level.goal_sound, pitch) for pitch in pitches]
        horn = spectrum(level.harbour_sound)
        rises = (1.0, HUNTING) if level.hunting else (1.0,)
        mines = [spectrum(level.mine_sound, (0.94 + 0.03 * at) * rise) for rise in rises for at in range(5)]
        calls = [*goals, horn]
        # What may be heard beside them, at the power it may have.
        sea = [0.09 * spectrum(level.ambience), 0.05 * spectrum(level.wanderer_sound)]
        sea += [0.06 * spectrum("engine.wav", pitch) for pitch in np.arange(0.75, 1.32, 0.04)]
        events = [0.8 * spectrum(level.found_sound), 0.3 * spectrum("bump.flac")]
        #: The bins in which each sound is alone: the goals, the horn, and all mines; and its power there.
        self.bins = []
        for at, call in enumerate(calls):
            others = np.max([*mines, *calls[:at], *calls[at + 1 :]], axis=0)
            self._add(call, call, others, np.max(sea, axis=0))
        self._add(np.max(mines, axis=0), mines[2], np.max(calls, axis=0), np.max([*sea, *events], axis=0))
        self.mine_treble = mines[2][TREBLE].sum()
        #: How long the loop of each call is, in ticks.
        self.loops = [round(loop_of(level.goal_sound) / pitch / TICK) for pitch in pitches]
        self.loops.append(round(loop_of(level.harbour_sound) / TICK))
        self.heard = np.zeros((WINDOW, 2), np.float32)
        self.levels: list[np.ndarray] = []  # of each tick: power by sound and channel
        self.treble: list[float] = []
        self.target = -1
        self.north = 1.0
        self.patience = self.searched = 0

    def _add(self, sound: np.ndarray, one: np.ndarray, others: np.ndarray, sea: np.ndarray) -> None:
        bins = np.flatnonzero((sound > 10 * others) & (sound > 20 * sea) & (sound > 0.003 * sound.max()))
        self.bins.append((bins, one[bins].sum()))

    def steer(self, samples: np.ndarray) -> tuple[float, float]:
        """The helm, (east, north), after hearing these samples."""
        self.heard = np.concatenate([self.heard, samples])[-WINDOW:]
        power = np.abs(np.fft.rfft(self.heard.T * SHAPE)) ** 2
        self.levels.append(np.array([power[:, bins].sum(axis=1) / one for bins, one in self.bins]))
        self.treble.append(power[:, TREBLE].sum())
        if len(self.levels) < 5 / TICK:
            return 0, 0
        east, north = self._towards_a_call()
        push, off_east, off_north = self._off_the_mines()
        east, north = east + push * off_east, north + push * off_north
        most = max(abs(east), abs(north))
        return float(np.round(east / most)), float(np.round(north / most))

    def _towards_a_call(self) -> tuple[float, float]:
        """Where the loudest call is: to one side, and north or south as it gets louder."""
        self.patience -= 1
        loudness = np.mean(self.levels[-26:], axis=0)[:-1].sum(axis=1)
        if self.target < 0 or loudness[self.target] < 0.3 * loudness.max():
            self.target, self.patience, self.searched = int(np.argmax(loudness)), 0, 0
        self.searched += 1
        loop = self.loops[self.target]
        # Half a second, and the same half second of the last loop.
        now, before = (
            np.sum(self.levels[len(self.levels) - 5 - late : len(self.levels) - late], axis=0)[self.target].sum()
            for late in (0, loop)
        )
        if self.patience <= 0 and now < before:
            self.north, self.patience = -self.north, loop + 6
        balance = decibels(np.sum(self.levels[-3:], axis=0)[self.target])
        return float(np.sign(balance)) if abs(balance) > 0.7 else 0.0, self.north

    def _off_the_mines(self) -> tuple[float, float, float]:
        """How urgent it is to keep off, and the direction: away from the ear and the side that hears them."""
        mines = np.array(self.levels[-MEMORY - 2 :])[:, -1]
        means = np.array([mines[at : at + 3].mean(axis=0) for at in range(MEMORY)])
        loudest = means[np.argmax(means.sum(axis=1))]
        if loudest.sum() < NEAR:
            return 0, 0, 0
        # Bolder by and by, or a mine beside a call keeps it off for ever.
        urgency = min(3.0, 10 * np.log10(loudest.sum() / NEAR) / 3 + 0.3) * 0.5 ** (self.searched / BOLDER)
        treble = np.mean(self.treble[-MEMORY:]) / (mines[-MEMORY:].sum(axis=1).mean() * self.mine_treble)
        east = -np.clip(decibels(loudest) / 3, -1, 1)
        return urgency, east, (1 if treble < BEHIND else -1) * np.sqrt(max(0.1, 1 - east * east))


def decibels(level: np.ndarray) -> float:
    """Balance of two powers, left and right: how much louder the right is."""
    return float(10 * np.log10(level[1] / level[0]))


@pytest.mark.timeout(300)  # about 10 s on an idle machine
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_level_is_won_by_ear(level: Level, sound: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyglet.resource, "path", [str(ASSETS)])
    pyglet.resource.reindex()
    sound.step = TICK
    scape = Soundscape(Mixer(palace.init(voices=VOICES), Settings(music_on=False)))
    batch = palace.preload(level.sounds)
    batch.wait()
    scape.hold(batch)
    world = World(level)
    scape.enter(world)
    ear = Ear(level)
    while not world.outcome and world.time < 600:
        sound.advance(TICK)
        helm = ear.steer(sound.heard())
        for _ in range(6):
            scape.tell(world, world.step(TICK / 6, *helm))
        scape.follow(world, TICK)
    assert world.outcome == "won", f"{world.found} found after {world.time:.0f} s, hull {world.boat.hull}"
