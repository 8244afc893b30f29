"""The example game's assets: what the levels name is there, and is what the soundscape needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import pyglet_palace as palace
from examples.game.levels import BOAT_SOUNDS, COMMON_SOUNDS, LEVELS

ASSETS = Path(__file__).resolve().parents[2] / "examples" / "game" / "assets"
NAMES = sorted({*COMMON_SOUNDS, *(name for level in LEVELS for name in level.sounds)})
PLACED = {
    *("engine.wav", "echo.ogg", "knock.ogg", "hit.ogg", "bump.flac"),
    *(
        name
        for level in LEVELS
        for name in (level.goal_sound, level.mine_sound, level.wanderer_sound, level.harbour_sound)
    ),
}
LOOPED = {
    "title.ogg",
    "engine.wav",
    *(name for level in LEVELS for name in (level.goal_sound, level.mine_sound, level.wanderer_sound)),
    *(name for level in LEVELS for name in (level.harbour_sound, level.ambience, level.music)),
}


def test_every_sound_is_used_and_every_used_one_is_there() -> None:
    there = {path.name for path in ASSETS.iterdir() if path.suffix in (".ogg", ".flac", ".wav")}
    assert there == set(NAMES)


def test_levels_share_the_boat_and_differ_in_the_rest() -> None:
    own = [set(level.sounds) - set(BOAT_SOUNDS) - {"foghorn.ogg"} for level in LEVELS]
    assert all(len(sounds) >= 6 for sounds in own)
    assert len(set.union(*own)) == sum(map(len, own))


@pytest.mark.parametrize("name", NAMES)
def test_no_sound_clips_and_what_is_placed_is_mono(name: str) -> None:
    samples, _ = soundfile.read(ASSETS / name, always_2d=True)
    assert 0.1 < np.abs(samples).max() < 0.97
    assert samples.shape[1] == 1 or name not in PLACED


def test_loops_carry_loop_points_and_do_not_click(context: palace.Context) -> None:
    for name in sorted(LOOPED):
        start, end = palace.Buffer(ASSETS / name).loop_points
        samples, rate = soundfile.read(ASSETS / name, always_2d=True)
        assert 0 < start < end < len(samples), name
        # What is heard at the joint must be no rougher than what is heard elsewhere.
        joint = np.concatenate([samples[end - 200 : end], samples[start : start + 200]])
        jump = np.abs(joint[200] - joint[199]).max()
        assert jump < 0.03 + 1.2 * np.abs(np.diff(samples, axis=0)).max(), name
        # And what follows the joint is what would have followed.
        tail = min(1000, len(samples) - end)
        error = samples[end : end + tail] - samples[start : start + tail]
        assert np.sqrt((error**2).mean()) < 0.35 * np.sqrt((samples**2).mean()), name
        assert rate == 44100


def test_music_has_an_introduction_before_its_loop() -> None:
    for level in LEVELS:
        with soundfile.SoundFile(ASSETS / level.music) as music:
            seconds = music.frames / music.samplerate
        assert 20 < seconds < 60
