"""Soundscape of the example game: positions, pause, volume, and the sounds that a level frees."""

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


def enter(sound: Soundscape, number: int) -> World:
    """Enter a level with one goal and no mines, with its sounds cached."""
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
    """Power of the right channel over that of the left, in the next three seconds."""
    left, right = np.square(device.render(44100 * 3).astype(float)).mean(axis=0)
    return float(right / left)


def test_screen_left_is_heard_left(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    world = enter(sound, 1)
    goal = world.goals[0]
    goal.x, goal.y = world.boat.x + 400, world.boat.y
    sound.follow(world)
    assert balance(device) > 2
    goal.x = world.boat.x - 400
    sound.follow(world)
    assert balance(device) < 0.5


def test_closer_goal_is_louder(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    world = enter(sound, 1)
    goal = world.goals[0]
    loud = []
    for distance in (1500, 800, 300):
        goal.x, goal.y = world.boat.x, world.boat.y + distance
        sound.follow(world)
        loud.append(np.square(device.render(44100 * 5).astype(float)).mean())
    assert loud == sorted(loud)


def test_paused_level_is_silent(sound: Soundscape, device: palace.LoopbackDevice) -> None:
    enter(sound, 2)
    device.render(4410)
    sound.pause(True)
    device.render(4410)
    assert np.abs(device.render(44100)).max() == 0
    sound.pause(False)
    assert np.abs(device.render(44100)).max() > 0.01


def test_collected_goal_is_silent(sound: Soundscape, context: palace.Context) -> None:
    world = enter(sound, 3)
    goal = world.goals.pop()
    assert palace.Buffer(world.level.goal_sound).source_count == 1
    sound.tell(world, [Event("collected", goal.x, goal.y, goal.number)])
    assert palace.Buffer(world.level.goal_sound).source_count == 0
    assert palace.Buffer(world.level.found_sound).source_count == 1


def test_level_frees_unused_sounds(sound: Soundscape, context: palace.Context) -> None:
    enter(sound, 1)
    enter(sound, 2)
    sound._common.wait()
    assert set(context.cached_names) == {*COMMON_SOUNDS, *LEVELS[1].sounds}
    assert set(BOAT_SOUNDS) < set(context.cached_names)
    sound.leave()
    sound.play_music("")
    assert context.stats()["sources"] == 0


def test_volume_is_clamped(sound: Soundscape, context: palace.Context) -> None:
    for _ in range(15):
        sound.set_volume(sound.volume - 0.1)
    assert (sound.volume, context.listener.gain) == (0.0, 0.0)
    for _ in range(15):
        sound.set_volume(sound.volume + 0.1)
    assert (sound.volume, context.listener.gain) == (1.0, 1.0)
