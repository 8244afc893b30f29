"""The rules of the example game, without a window and without sound."""

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


def test_the_boat_goes_where_the_helm_points(world: World) -> None:
    before = world.boat.x
    sail(world, 3, east=1)
    assert world.boat.x > before + 200
    assert world.boat.heading == pytest.approx(0, abs=0.01)


def test_the_boat_is_never_faster_than_its_top_speed(world: World) -> None:
    sail(world, 5, east=1, north=1)
    assert world.boat.speed == pytest.approx(TOP_SPEED)


def test_without_the_helm_the_boat_coasts_and_slows_down(world: World) -> None:
    sail(world, 2, east=1)
    sail(world, 2)
    assert 0 < world.boat.speed < TOP_SPEED / 10


def test_rocks_hold_the_boat_and_cost_no_hull(world: World) -> None:
    world.goals = world.goals[:1]
    events = sail(world, 20, east=-1)
    assert world.boat.x == SHORE
    assert "bumped" in kinds(events)
    assert world.boat.hull == HULL


def test_a_goal_in_reach_is_collected_and_scores(world: World) -> None:
    goal = world.goals[0]
    goal.x, goal.y = world.boat.x, world.boat.y
    events = world.step(STEP, 0, 0)
    assert Event("collected", goal.x, goal.y, goal.number) in events
    assert goal not in world.goals
    assert (world.found, world.score) == (1, 100)


def test_the_harbour_opens_with_the_last_goal_and_not_before(world: World) -> None:
    world.boat.x, world.boat.y = world.harbour.x, world.harbour.y
    assert kinds(world.step(STEP, 0, 0)) == []
    world.goals = [at_the_boat(world, "goal")]
    assert kinds(world.step(STEP, 0, 0)) == ["collected", "opened", "won"]
    assert world.outcome == "won"


def test_hull_and_time_are_worth_points_at_the_end(world: World) -> None:
    world.time = 20.0
    assert world.bonus() == 150 * HULL + 5 * int(world.level.par - 20)
    world.time = world.level.par + 100
    assert world.bonus() == 150 * HULL


def test_a_mine_costs_hull_once_and_is_gone(world: World) -> None:
    world.mines = [at_the_boat(world, "mine")]
    assert kinds(world.step(STEP, 0, 0)) == ["hit"]
    assert world.mines == []
    assert world.boat.hull == HULL - 1


def test_after_a_hit_there_is_a_time_of_grace(world: World) -> None:
    world.mines = [at_the_boat(world, "mine", 998), at_the_boat(world, "mine", 999)]
    assert kinds(world.step(STEP, 0, 0)) == ["hit"]
    assert "hit" not in kinds(sail(world, GRACE - 0.1))
    assert "hit" in kinds(sail(world, 0.3))


def test_the_last_hit_loses_and_nothing_happens_any_more(world: World) -> None:
    world.boat.hull = 1
    world.mines = [at_the_boat(world, "mine")]
    assert kinds(world.step(STEP, 0, 0)) == ["hit", "lost"]
    before = world.time
    assert world.step(STEP, 1, 0) == []
    assert world.time == before
    assert not world.ping()


def test_a_ping_answers_later_from_what_is_farther(world: World) -> None:
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


def test_a_ping_does_not_reach_beyond_its_range(world: World) -> None:
    far = world.goals[0]
    far.x, far.y = world.boat.x + PING_RANGE + 10, world.boat.y
    world.goals, world.harbour.x = [far], world.boat.x + PING_RANGE * 2
    world.ping()
    assert "echo" not in kinds(sail(world, 3))


def test_the_sonar_has_to_rest_and_says_when_it_is_ready(world: World) -> None:
    assert world.ping()
    assert not world.ping()
    events = sail(world, PING_REST + 0.1)
    assert kinds(events).count("ready") == 1
    assert world.ping()


def test_hunting_mines_turn_to_a_ping_and_others_do_not() -> None:
    for level in LEVELS:
        world = World(level)
        mine = world.mines[0]
        mine.x, mine.y = world.boat.x + 450, world.boat.y
        world.mines, world.goals = [mine], world.goals[:1]
        world.ping()
        assert bool(mine.alert) == level.hunting


def test_thunder_comes_after_its_lightning() -> None:
    world = World(LEVELS[1])
    world.mines = []
    events = kinds(sail(world, 40))
    assert events.count("lightning") >= 2
    assert events.index("lightning") < events.index("thunder")


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_what_drifts_stays_in_the_water(level: Level) -> None:
    world = World(level)
    world.boat.safe_for = 1000
    sail(world, 60)
    for thing in (*world.goals, *world.mines):
        assert SHORE < thing.x < level.width - SHORE
        assert SHORE < thing.y < level.height - SHORE


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.title)
def test_a_level_begins_without_danger_and_with_all_its_goals(level: Level) -> None:
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


def test_a_seed_gives_the_same_world_again() -> None:
    worlds = [World(LEVELS[1], seed) for seed in (5, 5, 6)]
    places = [[(goal.x, goal.y) for goal in world.goals] for world in worlds]
    assert places[0] == places[1] != places[2]


def test_what_passes_by_keeps_coming() -> None:
    world = World(LEVELS[0])
    world.mines = []
    nearest = math.inf
    for _ in range(round(60 / STEP)):
        world.step(STEP, 0, 0)
        nearest = min(nearest, world.distance(world.wanderer))
    assert nearest < 600
