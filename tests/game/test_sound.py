"""Soundscape of the example game: positions, pause, volume, and the sounds that a level frees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from examples.game.levels import BOAT_SOUNDS, COMMON_SOUNDS, LEVELS
from examples.game.sound import Soundscape
from examples.game.world import Event, World

if TYPE_CHECKING:
    from pyglet_palace.testing import Recorder


@pytest.fixture
def scape(sound: Recorder, monkeypatch: pytest.MonkeyPatch) -> Soundscape:
    monkeypatch.setattr(pyglet.resource, "path", ["examples/game/assets"])
    pyglet.resource.reindex()
    return Soundscape(sound.context)


def enter(scape: Soundscape, number: int) -> World:
    """Enter a level with one goal and no mines, with its sounds cached."""
    level = LEVELS[number - 1]
    batch = palace.preload(level.sounds, scape.context)
    scape.hold(batch)
    batch.wait()
    world = World(level)
    world.mines, world.goals = [], world.goals[:1]
    world.wanderer.x = world.boat.x - 100_000
    scape.toggle_music()
    scape.enter(world)
    return world


def test_screen_left_is_heard_left(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    goal = world.goals[0]
    goal.x, goal.y = world.boat.x + 400, world.boat.y
    scape.follow(world)
    sound.advance(3)
    sound.assert_louder("right")
    goal.x = world.boat.x - 400
    scape.follow(world)
    sound.advance(3)
    sound.assert_louder("left")


def test_closer_goal_is_louder(scape: Soundscape, sound: Recorder) -> None:
    world = enter(scape, 1)
    goal = world.goals[0]
    loud = []
    for distance in (1500, 800, 300):
        goal.x, goal.y = world.boat.x, world.boat.y + distance
        scape.follow(world)
        sound.advance(5)
        loud.append(np.square(sound.heard()).mean())
    assert loud == sorted(loud)


def test_paused_level_is_silent(scape: Soundscape, sound: Recorder) -> None:
    enter(scape, 2)
    sound.advance(0.1)
    scape.pause(True)
    sound.advance(0.1)
    sound.advance(1)
    sound.assert_silent(level=-200)
    scape.pause(False)
    sound.advance(1)
    sound.assert_audible(level=-40)


def test_collected_goal_is_silent(scape: Soundscape) -> None:
    world = enter(scape, 3)
    goal = world.goals.pop()
    assert palace.Buffer(world.level.goal_sound).source_count == 1
    scape.tell(world, [Event("collected", goal.x, goal.y, goal.number)])
    assert palace.Buffer(world.level.goal_sound).source_count == 0
    assert palace.Buffer(world.level.found_sound).source_count == 1


def test_level_frees_unused_sounds(scape: Soundscape) -> None:
    enter(scape, 1)
    enter(scape, 2)
    scape._common.wait()
    assert set(scape.context.cached_names) == {*COMMON_SOUNDS, *LEVELS[1].sounds}
    assert set(BOAT_SOUNDS) < set(scape.context.cached_names)
    scape.leave()
    scape.play_music("")
    assert scape.context.stats()["sources"] == 0


def test_volume_is_clamped(scape: Soundscape) -> None:
    for _ in range(15):
        scape.set_volume(scape.volume - 0.1)
    assert (scape.volume, scape.context.listener.gain) == (0.0, 0.0)
    for _ in range(15):
        scape.set_volume(scape.volume + 0.1)
    assert (scape.volume, scape.context.listener.gain) == (1.0, 1.0)
