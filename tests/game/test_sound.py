"""Soundscape of the example game: places, fog, fades, pause, volumes, virtual voices, and the sounds a level frees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from examples.game.levels import BOAT_SOUNDS, LEVELS, TITLE_MUSIC
from examples.game.mixer import VOICES, Mixer
from examples.game.settings import VOLUMES, Settings
from examples.game.sound import BEGIN, END, Soundscape, muffled
from examples.game.world import SOUND_SPEED, Event, World

if TYPE_CHECKING:
    from pathlib import Path

    from pyglet_palace.testing import Recorder


@pytest.fixture
def scape(sound: Recorder, monkeypatch: pytest.MonkeyPatch) -> Soundscape:
    monkeypatch.setattr(pyglet.resource, "path", ["examples/game/assets"])
    pyglet.resource.reindex()
    return Soundscape(Mixer(palace.init(voices=VOICES), Settings(music_on=False)))


def enter(scape: Soundscape, number: int, *, alone: bool = True) -> World:
    """Enter a level with its sounds cached. `alone`: with one goal and no mines."""
    level = LEVELS[number - 1]
    batch = palace.preload(level.sounds, scape.context)
    scape.hold(batch)
    batch.wait()
    world = World(level)
    if alone:
        world.mines, world.goals = [], world.goals[:1]
        world.wanderer.x = world.boat.x - 100_000
    scape.enter(world)
    return world


def power(samples: np.ndarray, low: float, high: float) -> float:
    """Power between two frequencies."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / 44100)
    return float(spectrum[(hertz >= low) & (hertz < high)].sum())


def test_screen_left_is_heard_left(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    goal = world.goals[0]
    for east, side in ((300, "right"), (-300, "left")):
        goal.x, goal.y = world.boat.x + east, world.boat.y
        scape.follow(world, 0)
        sound.advance(3)
        sound.assert_louder(side)


def test_closer_goal_is_louder(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    goal = world.goals[0]
    sound.advance(BEGIN / 1000)
    sound.heard()
    loud = []
    for distance in (1500, 800, 300):
        goal.x, goal.y = world.boat.x, world.boat.y + distance
        scape.follow(world, 0)
        sound.advance(5)
        loud.append(np.square(sound.heard()).mean())
    assert loud == sorted(loud)


def test_closer_mine_is_louder(scape: Soundscape) -> None:
    """Also within the light, where the loudness of other things is constant."""
    world = enter(scape, 1, alone=False)
    mine = world.mines[0]
    world.goals.clear()
    for other in world.mines[1:]:
        other.x = world.boat.x + 100_000
    gains = []
    for distance in (600, 300, 150, 60):
        mine.x, mine.y = world.boat.x, world.boat.y + distance
        scape.follow(world, 0)
        gains.append(scape._things[mine.number].gain)
    assert gains == sorted(gains)
    assert gains[3] > 1.5 * gains[1]


def test_siren_that_comes_is_heard(scape: Soundscape) -> None:
    """Its pitch rises, and falls when it has lost the boat."""
    world = enter(scape, 3, alone=False)
    mine = world.mines[0]
    pitches = []
    for alert in (0.0, 1.0, 0.0):
        mine.alert = alert
        scape.follow(world, 0)
        pitches.append(scape._things[mine.number].pitch)
    assert pitches[1] > 1.2 * pitches[0]
    assert pitches[2] == pitches[0]


def test_fog_takes_treble_with_distance() -> None:
    treble = [muffled(LEVELS[0], 0, north)[1] for north in (0, 200, 600, 1500)]
    assert treble == sorted(treble, reverse=True)
    assert treble[0] == 1.0


def test_goal_behind_is_duller(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    goal = world.goals[0]
    share = []
    for north in (400, -400):
        goal.x, goal.y = world.boat.x, world.boat.y + north
        scape.follow(world, 0)
        sound.advance(0.2)
        sound.heard()
        sound.advance(2.4)  # once round its loop
        samples = sound.heard()
        share.append(power(samples, 6000, 20000) / power(samples, 500, 2000))
    assert share[1] < 0.2 * share[0]


def test_level_fades_in_and_out(scape: Soundscape, sound: Recorder) -> None:
    enter(scape, 1)
    sound.advance(0.05)
    sound.assert_silent(level=-40)
    sound.advance(BEGIN / 1000 + 1)
    sound.assert_audible(level=-30)
    scape.leave()
    sound.advance(END / 1000 / 3)
    sound.assert_audible()
    sound.advance(END / 1000)
    sound.advance(0.1)
    sound.assert_silent()
    assert scape.context.stats()["sources"] == scape.context.stats()["streams"] == 1  # the music, which is muted


def test_level_starts_at_one_sample(scape: Soundscape, sound: Recorder) -> None:
    enter(scape, 1, alone=False)
    assert len({time for time, _ in sound.played}) == 1
    assert len(sound.played) > 10


def test_paused_level_is_silent(scape: Soundscape, sound: Recorder) -> None:
    enter(scape, 2)
    sound.advance(2)
    scape.pause(True)
    sound.advance(0.1)
    sound.advance(1)
    sound.assert_silent(level=-200)
    scape.mixer.blip("bump.flac")
    sound.advance(0.1)
    sound.assert_audible()  # a menu is heard
    scape.pause(False)
    sound.advance(1)
    sound.assert_audible(level=-40)


def test_collected_goal_is_silent(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 3)
    goal = world.goals.pop()
    assert palace.Buffer(world.level.goal_sound).source_count == 1
    scape.tell(world, [Event("collected", goal.x, goal.y, goal.number)])
    assert palace.Buffer(world.level.found_sound).source_count == 1
    sound.advance(0.2)
    assert palace.Buffer(world.level.goal_sound).source_count == 0


def test_level_frees_unused_sounds(scape: Soundscape) -> None:
    enter(scape, 1)
    enter(scape, 2)
    assert set(scape.context.cached_names) == set(LEVELS[1].sounds)
    assert set(BOAT_SOUNDS) < set(scape.context.cached_names)


def test_far_things_are_virtual(scape: Soundscape, sound: Recorder) -> None:
    """The game asks for fewer voices than a level has loops. The nearest goal keeps its voice."""
    world = enter(scape, 2, alone=False)
    assert len(scape.context.sources) > VOICES
    scape.follow(world, 0)
    sound.advance(0.1)
    near = min(world.goals, key=world.distance)
    far = max([*world.goals, *world.mines], key=world.distance)
    audible = {tuple(source.position[:2]): source.audible for source in scape.context.sources}
    assert audible[near.x, near.y]
    assert not audible[far.x, far.y]
    # As the boat comes near, it is heard again.
    world.boat.x, world.boat.y = far.x, far.y
    scape.follow(world, 0)
    sound.advance(0.1)
    assert {tuple(source.position[:2]): source.audible for source in scape.context.sources}[far.x, far.y]


def test_drowned_town_has_reverb(scape: Soundscape, sound: Recorder) -> None:
    """An echo of the sonar lasts longer than its file, and only there."""
    tails = []
    for number in (1, 3):
        world = enter(scape, number)
        world.goals = []
        scape._effects.stop_all()
        scape._voices.stop_all()
        scape.tell(world, [Event("echo", world.boat.x, world.boat.y)])
        sound.advance(palace.Buffer("echo.ogg").length_seconds + 0.1)
        sound.heard()
        sound.advance(0.5)
        tails.append(np.abs(sound.heard()).max())
    assert tails[0] < 1e-5
    assert tails[1] > 1e-3


def test_passing_ship_has_doppler(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 2)
    source = scape._things[world.wanderer.number]
    world.wanderer.heading, world.wanderer.speed = 0.0, 130.0
    scape.follow(world, 0)
    assert source.velocity[:2] == pytest.approx((130, 0))
    assert scape.context.speed_of_sound == SOUND_SPEED


def test_hit_muffles_for_a_while(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    scape.tell(world, [Event("hit", world.boat.x, world.boat.y)])
    scape.follow(world, 0.1)
    assert scape._voices.filter[1] < 0.1
    scape.follow(world, 5)
    assert scape._voices.filter == (1, 1, 1)


# The mixer


def test_music_crossfades(scape: Soundscape, sound: Recorder) -> None:
    mixer = scape.mixer
    mixer.toggle_music()
    mixer.play_music(TITLE_MUSIC)
    sound.advance(2.5)
    mixer.play_music(LEVELS[0].music)
    sound.advance(0.7)
    assert scape.context.stats()["streams"] == 2
    sound.advance(1.0)
    assert scape.context.stats()["streams"] == 1
    sound.assert_audible()
    mixer.play_music("")
    sound.advance(1.1)
    assert scape.context.sources == []


def test_muted_music_is_silent(scape: Soundscape, sound: Recorder) -> None:
    scape.mixer.play_music(TITLE_MUSIC)
    sound.advance(2)
    sound.assert_silent()


@pytest.mark.parametrize("name", VOLUMES)
def test_volume_is_clamped_and_heard(scape: Soundscape, name: str) -> None:
    mixer = scape.mixer
    for step, expected in ((-0.1, 0.0), (0.1, 1.0)):
        for _ in range(15):
            mixer.set_volume(name, getattr(mixer.settings, name) + step)
        assert getattr(mixer.settings, name) == getattr(mixer, name).gain == expected


def test_headphones_switch_hrtf(scape: Soundscape) -> None:
    device = scape.context.device
    if not device.hrtf_names:
        pytest.skip("this OpenAL has no HRTF")
    assert scape.mixer.use_headphones(True)
    assert device.hrtf_enabled
    assert not scape.mixer.use_headphones(False)
    assert not device.hrtf_enabled


def test_settings_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "game" / "settings.json"
    Settings(master=0.3, headphones=True, best=700).save(path)
    assert Settings.load(path) == Settings(master=0.3, headphones=True, best=700)


@pytest.mark.parametrize("text", ["", "[1]", '{"master": "loud", "music": 7, "best": true, "other": 1}'])
def test_damaged_settings_are_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert Settings.load(path) == Settings()
