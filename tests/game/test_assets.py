"""Assets of the example game: the levels' files exist and meet the needs of the soundscape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import pyglet_palace as palace
from examples.game.levels import BOAT_SOUNDS, COMMON_SOUNDS, LEVELS, TITLE_MUSIC

ASSETS = Path(__file__).resolve().parents[2] / "examples" / "game" / "assets"
NAMES = sorted({*COMMON_SOUNDS, TITLE_MUSIC, *(name for level in LEVELS for name in (*level.sounds, level.music))})
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


def test_assets_match_the_levels() -> None:
    there = {path.name for path in ASSETS.iterdir() if path.suffix in (".ogg", ".flac", ".wav")}
    assert there == set(NAMES)


def test_levels_have_their_own_sounds() -> None:
    own = [set(level.sounds) - set(BOAT_SOUNDS) - {"foghorn.ogg"} for level in LEVELS]
    assert all(len(sounds) >= 5 for sounds in own)
    assert len(set.union(*own)) == sum(map(len, own))


@pytest.mark.parametrize("name", NAMES)
def test_sounds_do_not_clip(name: str) -> None:
    """Sounds with a position are mono."""
    samples, _ = soundfile.read(ASSETS / name, always_2d=True)
    assert 0.1 < np.abs(samples).max() < 0.97
    assert samples.shape[1] == 1 or name not in PLACED


@pytest.mark.parametrize("name", sorted(PLACED - {"engine.wav", "bump.flac"}))
def test_placed_sounds_have_treble(name: str) -> None:
    """Ears tell directions by treble: above 6 kHz is -23 dB or more of the whole."""
    samples, rate = soundfile.read(ASSETS / name)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    assert power[hertz > 6000].sum() > 0.005 * power.sum()


def test_loops_are_seamless(context: palace.Context) -> None:
    for name in sorted(LOOPED):
        start, end = palace.Buffer(ASSETS / name).loop_points
        samples, rate = soundfile.read(ASSETS / name, always_2d=True)
        assert 0 < start < end < len(samples), name
        # The joint must be no rougher than the rest of the sound.
        joint = np.concatenate([samples[end - 200 : end], samples[start : start + 200]])
        jump = np.abs(joint[200] - joint[199]).max()
        assert jump < 0.03 + 1.2 * np.abs(np.diff(samples, axis=0)).max(), name
        # The samples after the joint match those after the loop's end.
        tail = min(1000, len(samples) - end)
        error = samples[end : end + tail] - samples[start : start + tail]
        assert np.sqrt((error**2).mean()) < 0.35 * np.sqrt((samples**2).mean()), name
        assert rate == 44100


def test_music_lasts_20_to_60_seconds() -> None:
    for level in LEVELS:
        with soundfile.SoundFile(ASSETS / level.music) as music:
            seconds = music.frames / music.samplerate
        assert 20 < seconds < 60
