"""The example game is won with the screen off: a player that only hears the samples, and presses keys.

It knows the sounds, as a player does after the loading screen: the tones of the bells and of the harbour's horn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyglet.resource

import pyglet_palace as palace
from examples.game.levels import LEVELS
from examples.game.mixer import VOICES, Mixer
from examples.game.settings import Settings
from examples.game.sound import PITCHES, Soundscape
from examples.game.world import World

if TYPE_CHECKING:
    import pytest

    from pyglet_palace.testing import Recorder

RATE = 44100
TICK = 0.1
#: Frames that are listened to at once, 0.37 s.
WINDOW = 16384

BELL = 587.3
PARTIALS = (0.5, 1.0, 1.19, 1.5, 2.0, 2.74, 10.9, 13.3)
MINES = [82.5 * (0.94 + 0.03 * number) * partial for number in range(5) for partial in (3, 5, 7)]
HORN = [349.5, 466.0, 815.5, 932.0, 1048.5]


def own_tones(bells: int) -> list[list[float]]:
    """The partials of each bell that are 12 Hz or more away from those of the others."""
    tones = [[BELL * pitch * partial for partial in PARTIALS] for pitch in PITCHES[:bells]]
    return [
        [tone for tone in mine if all(abs(tone - other) > 12 for o in tones if o is not mine for other in o)]
        for mine in tones
    ]


#: Power of the hum of a mine that is near.
NEAR = 3e5


class Ear:
    """Steers by the levels of both channels. Goes to the loudest of the bells and the horn."""

    def __init__(self, bells: int) -> None:
        #: The tones and the length of the loop of each sound that is looked for, in seconds.
        self.tones = [*own_tones(bells), HORN, MINES]
        self.loops = [*(2.4 / pitch for pitch in PITCHES[:bells]), 4.0]
        #: The bins of the spectrum that belong to each sound.
        self.bins = [
            sorted({round(tone * WINDOW / RATE) + off for tone in tones for off in (-1, 0, 1)}) for tones in self.tones
        ]
        self.heard = np.zeros((WINDOW, 2), np.float32)
        self.levels: list[np.ndarray] = []  # of each tick: power by sound and channel
        self.target = -1
        self.north = 1.0
        self.patience = 0.0

    def listen(self, samples: np.ndarray) -> None:
        self.heard = np.concatenate([self.heard, samples])[-WINDOW:]
        spectrum = np.abs(np.fft.rfft(self.heard.T * np.hanning(WINDOW))) ** 2
        self.levels.append(np.array([spectrum[:, bins].sum(axis=1) for bins in self.bins]))

    def steer(self, samples: np.ndarray) -> tuple[float, float]:
        """The helm, (east, north), after hearing these samples."""
        self.listen(samples)
        self.patience -= TICK
        if len(self.levels) < 5 / TICK:
            return 0, 0
        loudness = np.sum(self.levels[-24:], axis=0)[:-1].sum(axis=1)  # without the mines
        if self.target < 0 or loudness[self.target] < 0.3 * loudness.max():
            self.target, self.patience = int(np.argmax(loudness)), 0.0
        left, right = np.sum(self.levels[-3:], axis=0)[self.target]
        balance = 10 * np.log10(right / left)
        loop = self.loops[self.target]
        # Half a second, and the same half second of the last loop: does it become louder?
        now, before = (
            np.sum(self.levels[len(self.levels) - 5 - late : len(self.levels) - late], axis=0)[self.target].sum()
            for late in (0, round(loop / TICK))
        )
        if self.patience <= 0 and now < before:
            self.north, self.patience = -self.north, loop + 0.6
        left, right = np.sum(self.levels[-5:], axis=0)[-1]
        if left + right > NEAR:  # a mine: away from it
            return (-1.0 if right > left else 1.0), self.north
        return float(np.sign(balance)) if abs(balance) > 0.7 else 0.0, self.north


def test_first_level_is_won_by_ear(sound: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyglet.resource, "path", ["examples/game/assets"])
    pyglet.resource.reindex()
    sound.step = TICK
    scape = Soundscape(Mixer(palace.init(voices=VOICES), Settings(music_on=False)))
    batch = palace.preload(LEVELS[0].sounds)
    batch.wait()
    scape.hold(batch)
    world = World(LEVELS[0])
    scape.enter(world)
    ear = Ear(len(world.goals))
    while not world.outcome and world.time < 400:
        sound.advance(TICK)
        helm = ear.steer(sound.heard())
        for _ in range(6):
            scape.tell(world, world.step(TICK / 6, *helm))
        scape.follow(world, TICK)
    assert world.outcome == "won", f"{world.found} bells after {world.time:.0f} s, hull {world.boat.hull}"
