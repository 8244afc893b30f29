"""View of the sea from above: water, objects, fog, lights. Reads a `World`."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch

from .art import HEIGHT, RED, WIDTH, Tiles, sprite
from .world import LIGHT_RADIUS, PING_RANGE, REVEALED, SHORE, TOP_SPEED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .levels import Level
    from .world import Event, Thing, World

# Layers, from below.
WATER, GLINTS, WAKE, THINGS, BOAT, SKY, FOG, MIST, LIGHT, ECHO, FLASH, HUD = range(12)

PICTURES = {
    1: {"goal": "bell", "mine": "mine", "wanderer": "gulls", "harbour": "harbour"},
    2: {"goal": "dinghy", "mine": "mine", "wanderer": "steamer", "harbour": "harbour"},
    3: {"goal": "orb", "mine": "siren", "wanderer": "whale", "harbour": "harbour"},
}

#: What keeps its upright picture whichever way it drifts.
_UPRIGHT = {"bell", "mine", "orb", "siren", "gulls", "harbour"}

#: Pixels that the view runs ahead of a boat at full speed.
_AHEAD = 90.0

_FOAM = 70  #: Sprites of the wake, used in turn.


class _Shape:
    """The sprites of one thing: in the water, and as an echo above the fog."""

    def __init__(self, thing: Thing, level: Level, batch: Batch) -> None:
        name = PICTURES[level.number][thing.kind]
        self.turns = name not in _UPRIGHT
        above = thing.kind == "wanderer" and name == "gulls"
        self.scale = {"harbour": 1.0, "wanderer": 1.0}.get(thing.kind, 0.72)
        self.body = sprite(name, batch, SKY if above else THINGS, scale=self.scale)
        self.colour = {"mine": RED, "goal": level.accent}.get(thing.kind, (235, 240, 230))
        self.lamp = sprite("glow", batch, LIGHT, self.colour, light=True)
        self.echo = sprite(name, batch, ECHO, scale=self.scale)
        self.echo.opacity = 0

    def delete(self) -> None:
        for made in (self.body, self.lamp, self.echo):
            made.delete()


class _Foam:
    """A patch of the wake."""

    def __init__(self, batch: Batch) -> None:
        self.x = self.y = 0.0
        self.age = self.life = 1.0
        self.size = 0.5
        self.sprite = sprite("foam", batch, WAKE)
        self.sprite.opacity = 0


class _Burst:
    """Light that flares and dies: something was collected, something went off."""

    def __init__(self, x: float, y: float, colour: tuple[int, int, int], size: float, batch: Batch) -> None:
        self.x, self.y, self.size = x, y, size
        self.age = 0.0
        self.glow = sprite("glow", batch, LIGHT, colour, light=True)
        self.ring = sprite("ring", batch, LIGHT, colour, light=True)


class SeaView:
    """Draws one world. Everything is in `batch`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.batch = batch = Batch()
        self.hints = True  #: Whether lights on the rim of the lantern's circle point at what sounds.
        level = world.level
        self._random = random.Random(1)
        self._time = 0.0
        self._shake = 0.0
        self._x, self._y = world.boat.x, world.boat.y
        self._water = Tiles("water", batch, WATER, _brighter(level.water, 1.75))
        self._glints = Tiles("glints", batch, GLINTS, level.mist, opacity=90, light=True, size=610)
        self._foam = [_Foam(batch) for _ in range(_FOAM)]
        self._next_foam = 0
        self._foam_due = 0.0
        things = (*world.goals, *world.mines, world.wanderer, world.harbour)
        self._shapes = {thing.number: _Shape(thing, level, batch) for thing in things}
        self._rocks = [(x, y, sprite("rock", batch, THINGS, scale=s), a) for x, y, s, a in _shoreline(level)]
        self._boat = sprite("boat", batch, BOAT, scale=0.56)
        self._fog = sprite("fog", batch, FOG, level.fog, scale=4.0)
        self._mist = Tiles("mist", batch, MIST, level.mist, opacity=34, size=900)
        self._mist_low = Tiles("mist", batch, MIST, level.mist, opacity=22, size=560)
        self._lantern = sprite("glow", batch, LIGHT, (255, 190, 105), light=True, scale=5.2)
        self._lamp = sprite("glow", batch, LIGHT, (255, 225, 160), light=True, scale=0.7)
        self._rings = [sprite("ring", batch, LIGHT, level.accent, light=True) for _ in range(2)]
        self._beams = [sprite("beam", batch, LIGHT, (255, 236, 180), light=True, scale=3.0) for _ in range(2)]
        self._points = [sprite("glow", batch, LIGHT, light=True) for _ in self._shapes]
        self._bursts: list[_Burst] = []
        self._flash = pyglet.shapes.Rectangle(
            0, 0, WIDTH, HEIGHT, (205, 220, 255), batch=batch, group=pyglet.graphics.Group(FLASH)
        )
        self._flash.opacity = 0

    def tell(self, events: Iterable[Event]) -> None:
        """Show the events of a step."""
        accent = self.world.level.accent
        for event in events:
            if event.kind in ("collected", "hit"):
                shape = self._shapes.pop(event.thing, None)
                if shape is not None:
                    shape.delete()
                hit = event.kind == "hit"
                self._bursts.append(_Burst(event.x, event.y, RED if hit else accent, 6.0 if hit else 4.5, self.batch))
                self._shake = 1.0 if hit else self._shake
            elif event.kind == "bumped":
                self._shake = max(self._shake, 0.35)

    def update(self, dt: float) -> None:
        """Move everything to where it is now."""
        world, boat = self.world, self.world.boat
        self._time += dt
        ahead = _AHEAD * boat.speed / TOP_SPEED
        ease = 1 - 0.12 ** min(dt, 0.2)
        self._x += (boat.x + math.cos(boat.heading) * ahead - self._x) * ease
        self._y += (boat.y + math.sin(boat.heading) * ahead - self._y) * ease
        self._shake = max(0.0, self._shake - dt * 1.6)
        jolt = 14 * self._shake**2
        left = self._x - WIDTH / 2 + jolt * math.sin(self._time * 71)
        bottom = self._y - HEIGHT / 2 + jolt * math.sin(self._time * 53)
        here = (boat.x - left, boat.y - bottom)

        time = self._time
        self._water.move(left + time * 9 + 4 * math.sin(time * 0.9), bottom + time * 5)
        self._glints.move(left - time * 14, bottom + 6 * math.sin(time * 0.7))
        self._mist.move(left * 1.15 + time * 22, bottom * 1.15 + time * 6)
        self._mist_low.move(left * 1.3 - time * 31, bottom * 1.3 + time * 11)

        self._show_boat(here)
        self._show_wake(dt, left, bottom)
        self._show_things(left, bottom)
        self._show_sonar(left, bottom)
        self._show_harbour_light(left, bottom)
        self._show_hints(here)
        self._show_bursts(dt, left, bottom)
        for x, y, rock, angle in self._rocks:
            rock.position = (x - left, y - bottom, 0)
            rock.rotation = angle
            rock.visible = -150 < x - left < WIDTH + 150 and -150 < y - bottom < HEIGHT + 150

        flash = world.flash * (0.6 + 0.4 * math.sin(time * 60))
        self._fog.position = (*here, 0)
        self._fog.opacity = round(255 * (1 - 0.72 * flash))
        self._flash.opacity = round(70 * flash)

    def draw(self) -> None:
        """Draw it all."""
        self.batch.draw()

    # The parts of an update

    def _show_boat(self, here: tuple[float, float]) -> None:
        boat, time = self.world.boat, self._time
        self._boat.position = (here[0], here[1], 0)
        self._boat.rotation = -math.degrees(boat.heading) + 1.6 * math.sin(time * 2.1)
        blink = boat.safe_for and math.sin(time * 22) < 0
        self._boat.opacity = 90 if blink else 255
        flicker = 1 + 0.05 * math.sin(time * 9.3) + 0.04 * math.sin(time * 23.7)
        self._lantern.position = (*here, 0)
        self._lantern.scale = 5.4 * flicker
        self._lantern.opacity = round(52 * flicker)
        bow = (here[0] + math.cos(boat.heading) * 26, here[1] + math.sin(boat.heading) * 26)
        self._lamp.position = (*bow, 0)
        self._lamp.scale = 0.36 * flicker

    def _show_wake(self, dt: float, left: float, bottom: float) -> None:
        boat = self.world.boat
        self._foam_due -= dt * boat.speed / 9
        while self._foam_due < 0:
            self._foam_due += 1
            foam = self._foam[self._next_foam]
            self._next_foam = (self._next_foam + 1) % _FOAM
            side = self._random.uniform(-9, 9)
            foam.x = boat.x - math.cos(boat.heading) * 38 - math.sin(boat.heading) * side
            foam.y = boat.y - math.sin(boat.heading) * 38 + math.cos(boat.heading) * side
            foam.age, foam.life = 0.0, self._random.uniform(1.4, 2.6)
            foam.size = self._random.uniform(0.35, 0.6)
            foam.sprite.rotation = self._random.uniform(0, 360)
        for foam in self._foam:
            foam.age += dt
            left_over = max(0.0, 1 - foam.age / foam.life)
            foam.sprite.position = (foam.x - left, foam.y - bottom, 0)
            foam.sprite.scale = foam.size * (1 + 1.1 * (1 - left_over))
            foam.sprite.opacity = round(150 * left_over**1.3)

    def _show_things(self, left: float, bottom: float) -> None:
        world, time = self.world, self._time
        for thing in (*world.goals, *world.mines, world.wanderer, world.harbour):
            shape = self._shapes.get(thing.number)
            if shape is None:
                continue
            x = thing.x - left
            y = thing.y - bottom + 3 * math.sin(time * 1.7 + thing.phase)
            seen = -320 < x < WIDTH + 320 and -320 < y < HEIGHT + 320
            shape.body.visible = shape.lamp.visible = shape.echo.visible = seen
            if not seen:
                continue
            sway = 6 * math.sin(time * 1.3 + thing.phase * 2)
            angle = (-math.degrees(thing.heading) if shape.turns else 0.0) + (0 if thing.kind == "harbour" else sway)
            for made in (shape.body, shape.echo):
                made.position = (x, y, 0)
                made.rotation = angle
            shape.lamp.position = (x, y, 0)
            near = max(0.0, 1 - world.distance(thing) / (LIGHT_RADIUS * 1.25))
            echo = min(1.0, thing.revealed / (REVEALED * 0.6))
            pulse = 0.75 + 0.25 * math.sin(time * (8 if thing.alert else 3) + thing.phase)
            shape.lamp.opacity = (
                round(200 * pulse * max(near**0.5 * 0.8, echo * 0.85)) if thing.kind != "wanderer" else 0
            )
            shape.lamp.scale = 1.5 if thing.kind != "harbour" else 3.0
            shape.echo.opacity = round(225 * echo)

    def _show_sonar(self, left: float, bottom: float) -> None:
        for ring, ping in zip(self._rings, [*self.world.pings, None, None], strict=False):
            ring.visible = ping is not None
            if ping is not None:
                ring.position = (ping.x - left, ping.y - bottom, 0)
                ring.scale = max(0.05, ping.radius / 244)
                ring.opacity = round(190 * max(0.0, 1 - ping.radius / PING_RANGE) ** 0.7)

    def _show_harbour_light(self, left: float, bottom: float) -> None:
        """Two beams go round when the harbour calls; they are seen through the fog."""
        world, harbour = self.world, self.world.harbour
        for number, beam in enumerate(self._beams):
            beam.visible = world.open
            beam.position = (harbour.x - left, harbour.y - bottom, 0)
            beam.rotation = self._time * 40 + 180 * number
            beam.opacity = 150

    def _show_hints(self, here: tuple[float, float]) -> None:
        world, boat = self.world, self.world.boat
        heard = [*world.goals, *world.mines, *([world.harbour] if world.open else [])]
        points = iter(self._points)
        for thing in heard if self.hints else ():
            distance = world.distance(thing)
            if distance < LIGHT_RADIUS * 0.9:
                continue
            reach = 620.0 if thing.kind == "mine" else 1500.0
            point, shape = next(points), self._shapes[thing.number]
            bearing = math.atan2(thing.y - boat.y, thing.x - boat.x) + 0.08 * math.sin(self._time * 2 + thing.phase)
            rim = LIGHT_RADIUS * 0.92
            loud = max(0.0, 1 - distance / reach)
            point.position = (here[0] + math.cos(bearing) * rim, here[1] + math.sin(bearing) * rim, 0)
            point.color = shape.colour
            point.scale = 0.22 + 0.5 * loud
            point.opacity = round(255 * loud**0.8 * (0.7 + 0.3 * math.sin(self._time * 4 + thing.phase * 3)))
            point.visible = True
        for point in points:
            point.visible = False

    def _show_bursts(self, dt: float, left: float, bottom: float) -> None:
        for burst in self._bursts:
            burst.age += dt
            fade = max(0.0, 1 - burst.age / 1.1)
            for made in (burst.glow, burst.ring):
                made.position = (burst.x - left, burst.y - bottom, 0)
            burst.glow.scale = burst.size * (0.6 + 0.6 * (1 - fade))
            burst.glow.opacity = round(255 * fade**1.5)
            burst.ring.scale = 0.06 + 0.55 * (1 - fade**2)
            burst.ring.opacity = round(220 * fade)
        for burst in [burst for burst in self._bursts if burst.age > 1.1]:
            burst.glow.delete()
            burst.ring.delete()
            self._bursts.remove(burst)


def _shoreline(level: Level) -> list[tuple[float, float, float, float]]:
    """Rocks around the water: x, y, scale, degrees."""
    chance = random.Random(level.seed + 1)
    rocks = []
    out = SHORE - 95
    for along, across, flip in ((level.width, level.height, False), (level.height, level.width, True)):
        for edge in (out, across - out):
            at = -60.0
            while at < along + 60:
                off = edge + chance.uniform(-22, 22)
                x, y = (off, at) if flip else (at, off)
                rocks.append((x, y, chance.uniform(0.75, 1.15), chance.uniform(0, 360)))
                at += chance.uniform(70, 115)
    return rocks


def _brighter(colour: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    r, g, b = (min(255, round(part * factor)) for part in colour)
    return r, g, b
