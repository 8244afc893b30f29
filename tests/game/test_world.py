"""Rules of the example game, without a window or sound."""

from __future__ import annotations

import math

import pytest

from examples.game import autopilot
from examples.game.levels import LEVELS, Level
from examples.game.world import GRACE, HULL, PING_RANGE, PING_REST, SHORE, TOP_SPEED, Event, Thing, World

STEP = 1 / 60


def sail(world: World, seconds: float, east: float = 0, north: float = 0) -> list[Event]:
    return [event for _ in range(round(seconds / STEP)) for event in world.step(STEP, east, north)]


@pytest.fixture
def world() -> World:
    """The first level, with nothing near the boat."""
    world = World(LEVELS[0])
    world.mines = []
    return world


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def at_the_boat(world: World, kind: str, number: int = 999) -> Thing:
    return Thing(number, kind, world.boat.x, world.boat.y)


def test_boat_follows_the_helm(world: World) -> None:
    before = world.boat.x
    sail(world, 3, east=1)
    assert world.boat.x > before + 200
    assert world.boat.heading == pytest.approx(0, abs=0.01)


def test_boat_speed_is_limited(world: World) -> None:
    sail(world, 5, east=1, north=1)
    assert world.boat.speed == pytest.approx(TOP_SPEED)


def test_boat_coasts_and_slows_down(world: World) -> None:
    sail(world, 2, east=1)
    sail(world, 2)
    assert 0 < world.boat.speed < TOP_SPEED / 10


def test_rocks_stop_the_boat(world: World) -> None:
    """They cost no hull."""
    world.goals = world.goals[:1]
    events = sail(world, 20, east=-1)
    assert world.boat.x == SHORE
    assert "bumped" in kinds(events)
    assert world.boat.hull == HULL


def test_goal_in_reach_is_collected(world: World) -> None:
    goal = world.goals[0]
    goal.x, goal.y = world.boat.x, world.boat.y
    events = world.step(STEP, 0, 0)
    assert Event("collected", goal.x, goal.y, goal.number) in events
    assert goal not in world.goals
    assert (world.found, world.score) == (1, 100)


@pytest.mark.parametrize(("before", "after"), [(1, 2), (HULL, HULL)])
def test_found_goal_mends_the_hull(world: World, before: int, after: int) -> None:
    world.boat.hull = before
    world.goals[0].x, world.goals[0].y = world.boat.x, world.boat.y
    world.step(STEP, 0, 0)
    assert world.boat.hull == after


def test_last_goal_opens_the_harbour(world: World) -> None:
    world.boat.x, world.boat.y = world.harbour.x, world.harbour.y
    assert kinds(world.step(STEP, 0, 0)) == []
    world.goals = [at_the_boat(world, "goal")]
    assert kinds(world.step(STEP, 0, 0)) == ["collected", "opened", "won"]
    assert world.outcome == "won"


def test_hull_and_time_score_at_the_end(world: World) -> None:
    world.time = 20.0
    assert world.bonus() == 150 * HULL + 5 * int(world.level.par - 20)
    world.time = world.level.par + 100
    assert world.bonus() == 150 * HULL


def test_mine_costs_hull_once(world: World) -> None:
    world.mines = [at_the_boat(world, "mine")]
    assert kinds(world.step(STEP, 0, 0)) == ["hit"]
    assert world.mines == []
    assert world.boat.hull == HULL - 1


def test_hit_gives_a_grace_period(world: World) -> None:
    world.mines = [at_the_boat(world, "mine", 998), at_the_boat(world, "mine", 999)]
    assert kinds(world.step(STEP, 0, 0)) == ["hit"]
    assert "hit" not in kinds(sail(world, GRACE - 0.1))
    assert "hit" in kinds(sail(world, 0.3))


def test_last_hit_ends_the_game(world: World) -> None:
    world.boat.hull = 1
    world.mines = [at_the_boat(world, "mine")]
    assert kinds(world.step(STEP, 0, 0)) == ["hit", "lost"]
    before = world.time
    assert world.step(STEP, 1, 0) == []
    assert world.time == before
    assert not world.ping()


def test_echo_delay_grows_with_distance(world: World) -> None:
    near, far = world.goals[:2]
    near.x, near.y = world.boat.x + 200, world.boat.y
    far.x, far.y = world.boat.x - 600, world.boat.y
    world.goals = [near, far]
    world.harbour.x = world.boat.x + PING_RANGE * 2
    assert world.ping()
    first = sail(world, 0.5)
    assert [event.thing for event in first if event.kind == "echo"] == [near.number]
    second = sail(world, 0.7)
    assert [event.thing for event in second if event.kind == "echo"] == [far.number]
    assert far.revealed > 0


def test_ping_range_is_limited(world: World) -> None:
    far = world.goals[0]
    far.x, far.y = world.boat.x + PING_RANGE + 10, world.boat.y
    world.goals, world.harbour.x = [far], world.boat.x + PING_RANGE * 2
    world.ping()
    assert "echo" not in kinds(sail(world, 3))


def test_sonar_has_to_recharge(world: World) -> None:
    assert world.ping()
    assert not world.ping()
    events = sail(world, PING_REST + 0.1)
    assert kinds(events).count("ready") == 1
    assert world.ping()


def test_hunting_mines_follow_a_ping() -> None:
    for level in LEVELS:
        world = World(level)
        mine = world.mines[0]
        mine.x, mine.y = world.boat.x + 450, world.boat.y
        world.mines, world.goals = [mine], world.goals[:1]
        world.ping()
        assert bool(mine.alert) == level.hunting


def test_thunder_follows_lightning() -> None:
    world = World(LEVELS[1])
    world.mines = []
    events = kinds(sail(world, 40))
    assert events.count("lightning") >= 2
    assert events.index("lightning") < events.index("thunder")


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_drifting_things_stay_in_water(level: Level) -> None:
    world = World(level)
    world.boat.safe_for = 1000
    sail(world, 60)
    for thing in (*world.goals, *world.mines):
        assert SHORE < thing.x < level.width - SHORE
        assert SHORE < thing.y < level.height - SHORE


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_level_starts_safe_and_complete(level: Level) -> None:
    world = World(level)
    assert (len(world.goals), len(world.mines)) == (level.goal_count, level.mine_count)
    assert min(world.distance(mine) for mine in world.mines) > 250
    numbers = [thing.number for thing in (*world.things(), world.wanderer)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_every_level_can_be_won(level: Level) -> None:
    world = World(level)
    while not world.outcome and world.time < 200:
        if autopilot.wants_ping(world):
            world.ping()
        world.step(STEP, *autopilot.steer(world))
    assert world.outcome == "won"


def test_seed_is_reproducible() -> None:
    worlds = [World(LEVELS[1], seed) for seed in (5, 5, 6)]
    places = [[(goal.x, goal.y) for goal in world.goals] for world in worlds]
    assert places[0] == places[1] != places[2]


def test_wanderer_keeps_passing() -> None:
    world = World(LEVELS[0])
    world.mines = []
    nearest = math.inf
    for _ in range(round(60 / STEP)):
        world.step(STEP, 0, 0)
        nearest = min(nearest, world.distance(world.wanderer))
    assert nearest < 600
