"""The example game's soundscape: what is left on the screen is heard on the left, and levels free what they used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from examples.game.levels import BOAT_SOUNDS, COMMON_SOUNDS, LEVELS
from examples.game.sound import Soundscape
from examples.game.world import Event, World

ASSETS = Path(__file__).resolve().parents[2] / "examples" / "game" / "assets"


@pytest.fixture
def sound(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> Soundscape:
    monkeypatch.setattr(pyglet.resource, "path", [str(ASSETS)])
    pyglet.resource.reindex()
    return Soundscape(context)


def begin(sound: Soundscape, number: int) -> World:
    """A level with one goal and nothing else, its sounds in memory."""
    level = LEVELS[number - 1]
    batch = palace.preload(level.sounds, sound.context)
    sound.hold(batch)
    batch.wait()
    world = World(level)
    world.mines, world.goals = [], world.goals[:1]
    world.wanderer.x = world.boat.x - 100_000
    sound.toggle_music()
    sound.enter(world)
    return world


def balance(device: palace.LoopbackDevice) -> float:
    """How much louder the right ear is than the left, in the next seconds; 1.0 is the same."""
    left, right = np.square(device.render(44100 * 3).astype(float)).mean(axis=0)
    return float(right / left)


def test_left_on_the_screen_is_left_in_the_ears(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    world = begin(sound, 1)
    goal = world.goals[0]
    goal.x, goal.y = world.boat.x + 400, world.boat.y
    sound.follow(world)
    assert balance(device) > 2
    goal.x = world.boat.x - 400
    sound.follow(world)
    assert balance(device) < 0.5


def test_what_comes_nearer_gets_louder(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    world = begin(sound, 1)
    goal = world.goals[0]
    loud = []
    for distance in (1500, 800, 300):
        goal.x, goal.y = world.boat.x, world.boat.y + distance
        sound.follow(world)
        loud.append(np.square(device.render(44100 * 5).astype(float)).mean())
    assert loud == sorted(loud)


def test_a_paused_level_is_silent_and_goes_on(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    begin(sound, 2)
    device.render(4410)
    sound.pause(True)
    device.render(4410)
    assert np.abs(device.render(44100)).max() == 0
    sound.pause(False)
    assert np.abs(device.render(44100)).max() > 0.01


def test_what_is_collected_falls_silent(sound: Soundscape, context: palace.Context) -> None:
    world = begin(sound, 3)
    goal = world.goals.pop()
    assert palace.Buffer(world.level.goal_sound).source_count == 1
    sound.tell(world, [Event("collected", goal.x, goal.y, goal.number)])
    assert palace.Buffer(world.level.goal_sound).source_count == 0
    assert palace.Buffer(world.level.found_sound).source_count == 1


def test_a_level_frees_what_the_next_does_not_use(sound: Soundscape, context: palace.Context) -> None:
    begin(sound, 1)
    begin(sound, 2)
    sound._common.wait()
    assert set(context.cached_names) == {*COMMON_SOUNDS, *LEVELS[1].sounds}
    assert set(BOAT_SOUNDS) < set(context.cached_names)
    sound.leave()
    sound.play_music("")
    assert context.stats()["sources"] == 0


def test_volume_goes_in_steps_and_stays_in_its_range(sound: Soundscape, context: palace.Context) -> None:
    for _ in range(15):
        sound.set_volume(sound.volume - 0.1)
    assert (sound.volume, context.listener.gain) == (0.0, 0.0)
    for _ in range(15):
        sound.set_volume(sound.volume + 0.1)
    assert (sound.volume, context.listener.gain) == (1.0, 1.0)
