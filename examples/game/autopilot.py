"""Autopilot: the keys that a player who knows the chart would hold. Used without a display."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .world import PING_RANGE

if TYPE_CHECKING:
    from .world import World

#: Distance at which it begins to keep clear of a mine.
_WARY = 270.0


def steer(world: World) -> tuple[int, int]:
    """Where to point the helm: (east, north), each -1, 0 or 1."""
    boat = world.boat
    target = min(world.goals, key=world.distance, default=world.harbour)
    away = max(world.distance(target), 1.0)
    east, north = (target.x - boat.x) / away, (target.y - boat.y) / away
    for mine in world.mines:
        distance = max(world.distance(mine), 1.0)
        if distance < _WARY:
            push = 2.6 * (1 - distance / _WARY)
            off_east, off_north = (boat.x - mine.x) / distance, (boat.y - mine.y) / distance
            # Past it on the side where the way is shorter, and not straight back.
            side = 1.0 if off_east * north - off_north * east < 0 else -1.0
            east += push * (off_east + 0.8 * side * off_north)
            north += push * (off_north - 0.8 * side * off_east)
    eighth = round(math.atan2(north, east) / (math.pi / 4))
    return round(math.cos(eighth * math.pi / 4)), round(math.sin(eighth * math.pi / 4))


def wants_ping(world: World) -> bool:
    """Whether it would ping now: as often as it can, but not where something listens."""
    heard = world.level.hunting and any(world.distance(mine) < PING_RANGE * 0.7 for mine in world.mines)
    return not world.rest and not heard
