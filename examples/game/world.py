"""The rules of the game: boat, buoys, mines, sonar, harbour. Knows neither pyglet nor sound.

Lengths are in pixels, x to the east and y to the north; angles in radians, counter-clockwise from east. What happens
in a step is returned as events, for the screen to show and the soundscape to play.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .levels import Level

LIGHT_RADIUS = 215.0  #: How far the lantern reaches.
REACH = 50.0  #: Near enough to collect.
TOUCH = 42.0  #: Near enough for a mine to go off.
MOORING = 95.0  #: Near enough to the harbour light.
SHORE = 70.0  #: Width of the rocks around the water.

TOP_SPEED = 195.0
ACCELERATION = 190.0
DRAG = 0.75  #: Share of the speed that is lost in a second of coasting.
TURN_RATE = math.radians(165)

HULL = 3
GRACE = 2.5  #: Seconds without harm after a hit.

PING_SPEED = 620.0
PING_RANGE = 720.0
PING_REST = 4.0  #: Seconds until the sonar is ready again.
REVEALED = 2.8  #: Seconds that an echo stays on the screen.

HEARING = 220.0  #: How near hunting mines notice the boat.
ALERT = 5.0  #: Seconds they go after what they heard.

SOUND_SPEED = 900.0  #: For thunder, which comes after the lightning.


class Event(NamedTuple):
    """Something that happened at a place. `kind` is one of the words in `World.step`."""

    kind: str
    x: float
    y: float
    thing: int = -1


@dataclass
class Boat:
    """The player's boat."""

    x: float
    y: float
    heading: float = math.pi / 2
    speed: float = 0.0
    hull: int = HULL
    safe_for: float = 0.0


@dataclass
class Thing:
    """A goal, mine or wanderer. `number` is unique in a world."""

    number: int
    kind: str
    x: float
    y: float
    heading: float = 0.0
    speed: float = 0.0
    revealed: float = 0.0  #: Seconds left of showing as an echo.
    alert: float = 0.0  #: Seconds left of going after `target`.
    target: tuple[float, float] = (0.0, 0.0)
    phase: float = 0.0


@dataclass
class Ping:
    """A ring of sonar on its way."""

    x: float
    y: float
    radius: float = 0.0
    met: set[int] = field(default_factory=set)


class World:
    """One level being played."""

    def __init__(self, level: Level, seed: int | None = None) -> None:
        """
        Args:
            level: What is in it.
            seed: Where things are; None: as the level says.
        """
        self.level = level
        self.time = 0.0
        self.score = 0
        self.outcome = ""  #: 'won', 'lost' or '' while it goes on.
        self.boat = Boat(level.width / 2, level.height * 0.3)
        self.pings: list[Ping] = []
        self.rest = 0.0
        self.flash = 0.0  #: Brightness of the lightning, 0 to 1.
        self._random = random.Random(level.seed if seed is None else seed)
        self._numbers = iter(range(1, 1_000_000))
        self._thunder: list[tuple[float, float, float]] = []
        self._next_flash = level.lightning * 0.6
        self._scraping = 0.0
        self._places: list[tuple[float, float]] = [(self.boat.x, self.boat.y)]

        self.harbour = Thing(0, "harbour", *self._free_place(620))
        self.open = False  #: Whether the harbour waits for the boat: all goals are collected.
        self.goals = [self._thing("goal", 430, level.goal_drift) for _ in range(level.goal_count)]
        self.mines = [self._thing("mine", 330, level.mine_speed) for _ in range(level.mine_count)]
        self.wanderer = Thing(next(self._numbers), "wanderer", 0.0, 0.0)
        self._send_wanderer()

    # What a screen asks

    @property
    def found(self) -> int:
        """Goals collected so far."""
        return self.level.goal_count - len(self.goals)

    @property
    def sonar(self) -> float:
        """How far the sonar has recovered, 0.0 to 1.0."""
        return 1.0 - self.rest / PING_REST

    def things(self) -> Iterator[Thing]:
        """Everything a ping can meet."""
        yield from self.goals
        yield from self.mines
        yield self.harbour

    def distance(self, thing: Thing) -> float:
        """From the boat to `thing`."""
        return math.hypot(thing.x - self.boat.x, thing.y - self.boat.y)

    # What a player does

    def ping(self) -> bool:
        """Send a ping; False if the sonar is not ready."""
        if self.rest > 0 or self.outcome:
            return False
        self.rest = PING_REST
        boat = self.boat
        self.pings.append(Ping(boat.x, boat.y))
        if self.level.hunting:
            for mine in self.mines:
                if self.distance(mine) < PING_RANGE * 0.7:
                    self._alarm(mine)
        return True

    def step(self, dt: float, east: float, north: float) -> list[Event]:
        """Let `dt` seconds pass while the helm points to (east, north), each -1 to 1; (0, 0) coasts.

        Returns:
            What happened: 'echo' (a ping met something), 'collected', 'opened' (the harbour calls), 'ready' (the
            sonar), 'hit' (by a mine), 'bumped' (into rocks), 'alert' (a mine has heard the boat), 'lightning',
            'thunder', 'won', 'lost'.
        """
        if self.outcome:
            return []
        events: list[Event] = []
        self.time += dt
        self._sail(dt, east, north, events)
        self._drift(dt, events)
        self._sound(dt, events)
        self._weather(dt, events)
        self._meet(events)
        return events

    # The parts of a step

    def _sail(self, dt: float, east: float, north: float, events: list[Event]) -> None:
        boat = self.boat
        boat.safe_for = max(0.0, boat.safe_for - dt)
        self._scraping = max(0.0, self._scraping - dt)
        if east or north:
            off = _angle(math.atan2(north, east) - boat.heading)
            boat.heading = _angle(boat.heading + max(-TURN_RATE * dt, min(TURN_RATE * dt, off)))
            # A boat that has to turn round slows down first.
            wanted = TOP_SPEED * max(0.25, math.cos(min(abs(off), math.pi / 2)))
            change = ACCELERATION * dt
            boat.speed += max(-change, min(change, wanted - boat.speed))
        else:
            boat.speed *= (1 - DRAG) ** dt
        x = boat.x + math.cos(boat.heading) * boat.speed * dt
        y = boat.y + math.sin(boat.heading) * boat.speed * dt
        boat.x = max(SHORE, min(self.level.width - SHORE, x))
        boat.y = max(SHORE, min(self.level.height - SHORE, y))
        if (boat.x, boat.y) != (x, y):
            if not self._scraping and boat.speed > 60:
                events.append(Event("bumped", x, y))
                self._scraping = 0.8
            boat.speed *= 0.2**dt

    def _drift(self, dt: float, events: list[Event]) -> None:
        level, boat = self.level, self.boat
        for thing in (*self.goals, *self.mines):
            thing.revealed = max(0.0, thing.revealed - dt)
            thing.alert = max(0.0, thing.alert - dt)
            speed = thing.speed
            if thing.kind == "mine" and level.hunting and not boat.safe_for and self.distance(thing) < HEARING:
                if not thing.alert:
                    events.append(Event("alert", thing.x, thing.y, thing.number))
                self._alarm(thing)
            if thing.alert:
                bearing = math.atan2(thing.target[1] - thing.y, thing.target[0] - thing.x)
                thing.heading += max(-1.6 * dt, min(1.6 * dt, _angle(bearing - thing.heading)))
                speed *= 1.5
            else:
                thing.heading += 0.35 * math.sin(self.time * 0.4 + thing.phase) * dt
            thing.x += math.cos(thing.heading) * speed * dt
            thing.y += math.sin(thing.heading) * speed * dt
            # Off the rocks again.
            margin = SHORE + 40
            if not margin < thing.x < level.width - margin:
                thing.heading = math.pi - thing.heading
                thing.x = max(margin, min(level.width - margin, thing.x))
            if not margin < thing.y < level.height - margin:
                thing.heading = -thing.heading
                thing.y = max(margin, min(level.height - margin, thing.y))
        self.harbour.revealed = max(0.0, self.harbour.revealed - dt)
        wanderer = self.wanderer
        wanderer.x += math.cos(wanderer.heading) * wanderer.speed * dt
        wanderer.y += math.sin(wanderer.heading) * wanderer.speed * dt
        if not (-900 < wanderer.x < level.width + 900 and -900 < wanderer.y < level.height + 900):
            self._send_wanderer()

    def _sound(self, dt: float, events: list[Event]) -> None:
        if self.rest > 0:
            self.rest = max(0.0, self.rest - dt)
            if not self.rest:
                events.append(Event("ready", self.boat.x, self.boat.y))
        for ping in self.pings:
            ping.radius += PING_SPEED * dt
            for thing in self.things():
                near = math.hypot(thing.x - ping.x, thing.y - ping.y) <= min(ping.radius, PING_RANGE)
                if near and thing.number not in ping.met:
                    ping.met.add(thing.number)
                    thing.revealed = REVEALED
                    events.append(Event("echo", thing.x, thing.y, thing.number))
        self.pings = [ping for ping in self.pings if ping.radius < PING_RANGE]

    def _weather(self, dt: float, events: list[Event]) -> None:
        self.flash = max(0.0, self.flash - dt * 1.4)
        if not self.level.lightning:
            return
        boat, chance = self.boat, self._random
        if self.time >= self._next_flash:
            self._next_flash = self.time + self.level.lightning * chance.uniform(0.6, 1.4)
            bearing, distance = chance.uniform(0, math.tau), chance.uniform(500, 2200)
            x, y = boat.x + math.cos(bearing) * distance, boat.y + math.sin(bearing) * distance
            self.flash = 1.0
            self._thunder.append((self.time + distance / SOUND_SPEED, x, y))
            events.append(Event("lightning", x, y))
        for due, x, y in self._thunder:
            if due <= self.time:
                events.append(Event("thunder", x, y))
        self._thunder = [flash for flash in self._thunder if flash[0] > self.time]

    def _meet(self, events: list[Event]) -> None:
        boat = self.boat
        for goal in list(self.goals):
            if self.distance(goal) <= REACH:
                self.goals.remove(goal)
                self.score += 100
                boat.hull = min(HULL, boat.hull + 1)  # a find repairs one hit
                events.append(Event("collected", goal.x, goal.y, goal.number))
                if not self.goals:
                    self.open = True
                    events.append(Event("opened", self.harbour.x, self.harbour.y, self.harbour.number))
        for mine in list(self.mines):
            if not boat.safe_for and self.distance(mine) <= TOUCH:
                self.mines.remove(mine)
                boat.hull -= 1
                boat.safe_for = GRACE
                boat.speed *= 0.3
                events.append(Event("hit", mine.x, mine.y, mine.number))
                if not boat.hull:
                    self.outcome = "lost"
                    events.append(Event("lost", boat.x, boat.y))
                    return
        if self.open and self.distance(self.harbour) <= MOORING:
            self.outcome = "won"
            self.score += self.bonus()
            events.append(Event("won", self.harbour.x, self.harbour.y))

    def bonus(self) -> int:
        """Points for the hull that is left and for the time under par."""
        return 150 * self.boat.hull + 5 * max(0, int(self.level.par - self.time))

    # How it is set up

    def _alarm(self, mine: Thing) -> None:
        mine.alert = ALERT
        mine.target = (self.boat.x, self.boat.y)

    def _thing(self, kind: str, apart: float, speed: float) -> Thing:
        chance = self._random
        x, y = self._free_place(apart)
        number = next(self._numbers)
        pace = speed * chance.uniform(0.75, 1.25)
        return Thing(number, kind, x, y, chance.uniform(0, math.tau), pace, phase=chance.uniform(0, math.tau))

    def _free_place(self, apart: float) -> tuple[float, float]:
        """Somewhere `apart` from all that was placed before, or as nearly as there is room."""
        chance, level = self._random, self.level
        margin = SHORE + 130
        while True:
            for _ in range(60):
                x = chance.uniform(margin, level.width - margin)
                y = chance.uniform(margin, level.height - margin)
                if all(math.hypot(x - a, y - b) >= apart for a, b in self._places):
                    self._places.append((x, y))
                    return x, y
            apart *= 0.9

    def _send_wanderer(self) -> None:
        """Start the wanderer outside the edge, on a course near enough to the boat to be heard."""
        chance, level, wanderer = self._random, self.level, self.wanderer
        bearing = chance.uniform(0, math.tau)
        reach = math.hypot(level.width, level.height) / 2 + 300
        wanderer.x = level.width / 2 + math.cos(bearing) * reach
        wanderer.y = level.height / 2 + math.sin(bearing) * reach
        wanderer.x = max(-800.0, min(level.width + 800, wanderer.x))
        wanderer.y = max(-800.0, min(level.height + 800, wanderer.y))
        aim_x = self.boat.x + chance.uniform(-350, 350)
        aim_y = self.boat.y + chance.uniform(-350, 350)
        wanderer.heading = math.atan2(aim_y - wanderer.y, aim_x - wanderer.x)
        wanderer.speed = 130.0


def _angle(angle: float) -> float:
    """The same direction between -pi and pi."""
    return math.remainder(angle, math.tau)
