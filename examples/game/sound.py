"""Sounds of the game: everything that calls pyglet_palace, besides the loading screen.

North is up on the screen and in front of the listener, whichever way the boat points: what is left on the screen is
in the left ear, and the left key goes there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .levels import COMMON_SOUNDS
from .world import LIGHT_RADIUS, TOP_SPEED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .world import Event, Thing, World

#: Pixels that are one unit of OpenAL's space: nearer than this nothing gets louder, and it is seen anyway.
UNIT = LIGHT_RADIUS

#: How high above the boat things sound, in units. It keeps what passes close by from jumping between the ears.
HEIGHT = 0.35

#: Loudness of each kind of thing.
GOAL, MINE, WANDERER, HARBOUR, AMBIENCE, MUSIC = 0.95, 0.7, 0.8, 1.0, 0.3, 0.28

#: Beyond this many pixels a mine is not heard at all; the sea is full of them.
MINE_HEARD = 1000.0

#: Goals ring in these intervals to each other, to be told apart by ear.
PITCHES = (1.0, 1.1225, 1.2599, 1.4983, 0.8909, 1.6818)

#: What must be heard before all else, if voices should run out.
IMPORTANT = 10


class Soundscape:
    """The sounds of the game, for one context."""

    def __init__(self, context: palace.Context) -> None:
        self.context = context
        self.volume = 0.8
        self.music_on = True
        self.paused = False
        self._common = palace.preload(COMMON_SOUNDS, context)
        self._music: palace.Source | None = None
        self._music_name = ""
        self._music_gain = 0.0
        self._level: palace.Batch | None = None
        self._things: dict[int, palace.Source] = {}
        self._engine: palace.Source | None = None
        self._ambience: palace.Source | None = None
        self.set_volume(self.volume)

    # What the player sets

    def set_volume(self, volume: float) -> None:
        """Loudness of everything, 0.0 to 1.0; heard as even steps."""
        self.volume = max(0.0, min(1.0, round(volume, 1)))
        self.context.listener.gain = self.volume**2

    def toggle_music(self) -> None:
        """Fade the music out, or in."""
        self.music_on = not self.music_on

    # Menus

    @property
    def ready(self) -> bool:
        """Whether the sounds of the menus are loaded."""
        return self._common.finished

    def play(self, name: str, gain: float = 1.0) -> palace.Source:
        """Play a sound at the listener's own place."""
        source = palace.Source(self.context)
        source.gain = gain
        source.position = self.context.listener.position
        return palace.Buffer(name, self.context).play(source)

    def play_music(self, name: str) -> None:
        """Play `name` in a loop, unless it is playing; '' stops the music."""
        if name == self._music_name:
            return
        if self._music is not None:
            self._music.destroy()
            self._music = None
        self._music_name = name
        if name:
            self._music = palace.Source(self.context)
            self._music.looping = True
            self._music.priority = IMPORTANT
            self._music_gain = 0.0
            self._music.gain = 0.0
            palace.Buffer(name, self.context).play(self._music)

    def update(self, dt: float) -> None:
        """Fade the music towards where it should be."""
        if self._music is None:
            return
        wanted = 0.0 if not self.music_on else MUSIC * (0.4 if self.paused else 1.0)
        step = 0.4 * dt
        self._music_gain += max(-step, min(step, wanted - self._music_gain))
        self._music.gain = self._music_gain

    def sample(self, name: str, bearing: float) -> palace.Source:
        """Play a preview of a thing before the level. `bearing` -1 is left, 1 is right."""
        x, y, z = self.context.listener.position
        source = palace.Source(self.context)
        source.position = (x + 1.5 * bearing, y + HEIGHT, z - 0.6)
        return palace.Buffer(name, self.context).play(source)

    # A level

    def hold(self, batch: palace.Batch) -> None:
        """Keep the sounds of a level, and free those of the last which it does not share."""
        self.leave()
        if self._level is not None:
            self._level.release()
        self._level = batch

    def enter(self, world: World) -> None:
        """Begin a level whose sounds are held: everything in it sounds from its place."""
        self.leave()
        level = world.level
        self._ambience = self._loop(level.ambience, AMBIENCE)
        self._engine = self._loop("engine.wav", 0.1)
        for index, goal in enumerate(world.goals):
            self._place(goal, level.goal_sound, GOAL, PITCHES[index % len(PITCHES)], index * 0.37)
        for index, mine in enumerate(world.mines):
            self._place(mine, level.mine_sound, MINE, 0.94 + 0.03 * (index % 5), index * 0.41)
        self._place(world.wanderer, level.wanderer_sound, WANDERER, 1.0, 0.0)
        self.play_music(level.music)
        self.follow(world)

    def leave(self) -> None:
        """Stop the sounds of the level."""
        self.paused = False
        for source in self._sources():
            source.destroy()
        self._things.clear()
        self._engine = self._ambience = None

    def pause(self, paused: bool) -> None:
        """Pause the sounds of the level, with quiet music, or resume them."""
        self.paused = paused
        for source in self._sources():
            if paused:
                source.pause()
            else:
                source.resume()

    def follow(self, world: World) -> None:
        """Put listener and sources where boat and things are now; all of it is heard at one moment."""
        context, boat = self.context, world.boat
        context.start_batch()
        here = _space(boat.x, boat.y, 0.0)
        context.listener.position = here
        for thing in (*world.goals, *world.mines, world.wanderer, world.harbour):
            source = self._things.get(thing.number)
            if source is None:
                continue
            source.position = _space(thing.x, thing.y, HEIGHT)
            if thing.kind == "mine":
                source.gain = MINE * max(0.0, 1.0 - world.distance(thing) / MINE_HEARD)
        if self._engine is not None:
            effort = boat.speed / TOP_SPEED
            self._engine.position = here
            self._engine.gain = 0.1 + 0.2 * effort
            self._engine.pitch = 0.75 + 0.55 * effort
        context.end_batch()

    def tell(self, world: World, events: Iterable[Event]) -> None:
        """Let hear what happened in a step of the world."""
        level = world.level
        for event in events:
            if event.kind == "echo":
                is_mine = any(mine.number == event.thing for mine in world.mines)
                self._burst("knock.ogg" if is_mine else "echo.ogg", event, 0.7)
            elif event.kind == "collected":
                self._silence(event.thing)
                self._burst(level.found_sound, event, 0.6)
            elif event.kind == "opened":
                self._place(world.harbour, level.harbour_sound, HARBOUR, 1.0, 0.0)
            elif event.kind == "hit":
                self._silence(event.thing)
                self._burst("hit.ogg", event, 0.9)
            elif event.kind == "bumped":
                self._burst("bump.flac", event, 0.7)
            elif event.kind == "ready":
                self.play("ready.flac", 0.5)
            elif event.kind == "thunder":
                # Louder than its distance would have it: it is heard at 0.55 from 500 pixels, at 0.18 from 2200.
                away = max(500.0, math.hypot(event.x - world.boat.x, event.y - world.boat.y))
                self._burst("thunder.ogg", event, 0.55 * (500 / away) ** 0.75 * away / UNIT)

    def _loop(self, name: str, gain: float) -> palace.Source:
        source = palace.Source(self.context)
        source.looping = True
        source.gain = gain
        return palace.Buffer(name, self.context).play(source)

    def _place(self, thing: Thing, name: str, gain: float, pitch: float, late: float) -> None:
        """Start the looping sound of a thing. `late` offsets equal sounds, so that they do not beat together."""
        source = palace.Source(self.context)
        source.looping = True
        source.gain = gain
        source.pitch = pitch
        source.position = _space(thing.x, thing.y, HEIGHT)
        buffer = palace.Buffer(name, self.context)
        start, end = buffer.loop_points
        source.offset = start + int(late * buffer.frequency) % (end - start)
        buffer.play(source)
        self._things[thing.number] = source

    def _burst(self, name: str, event: Event, gain: float) -> None:
        source = palace.Source(self.context)
        source.gain = gain
        source.position = _space(event.x, event.y, HEIGHT)
        palace.Buffer(name, self.context).play(source)

    def _silence(self, number: int) -> None:
        source = self._things.pop(number, None)
        if source is not None:
            source.destroy()

    def _sources(self) -> list[palace.Source]:
        return [source for source in (*self._things.values(), self._engine, self._ambience) if source is not None]


def _space(x: float, y: float, height: float) -> tuple[float, float, float]:
    """From the chart, with y to the north, to OpenAL's space, where the listener looks along -z."""
    return x / UNIT, height, -y / UNIT
