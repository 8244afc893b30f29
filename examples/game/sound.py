"""The sounds of a level: everything is heard from its place.

The context has a stage, so positions are the pixels of the chart: what is left on the screen is in the left ear. Two
loudspeakers do not tell ahead from behind. The fog does: it takes the treble of what is far, and more of what is
behind, to the south.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .mixer import ALWAYS, NOW
from .world import LIGHT_RADIUS, SOUND_SPEED, TOP_SPEED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .levels import Level
    from .mixer import Mixer
    from .world import Event, Thing, World

#: How the chart is heard: at half of `width` beside the boat, a sound is 12 dB quieter in the far ear. Nearer than
#: `reach`, nothing gets louder.
STAGE = palace.SoundStage(900, reach=LIGHT_RADIUS)

#: Loudness of each kind of thing.
GOAL, MINE, WANDERER, HARBOUR, AMBIENCE = 0.95, 1.0, 0.8, 1.0, 0.3

#: Beyond this many pixels a mine is not heard at all; the sea is full of them.
MINE_HEARD = 1000.0

#: The pitch of a mine that comes for the boat, beside that of the same mine adrift.
HUNTING = 1.25

#: Goals ring in these intervals to each other, to be told apart by ear.
PITCHES = (1.0, 1.1225, 1.2599, 1.4983, 0.8909, 1.6818)

#: Milliseconds in which the sounds of a level begin and end.
BEGIN, END = 1200, 900

#: Seconds that ears ring after a hit.
RINGING = 2.0


class Soundscape:
    """The sounds of one level at a time."""

    def __init__(self, mixer: Mixer) -> None:
        self.mixer = mixer
        self.context = context = mixer.context
        context.stage = STAGE
        context.speed_of_sound = SOUND_SPEED  # in pixels a second, for the Doppler effect of the wanderer
        self._batches: list[palace.Batch] = []
        self._things: dict[int, palace.Source] = {}
        self._engine: palace.Source | None = None
        self._room: palace.ReverbEffect | None = None
        self._effects = self._voices = palace.SourceGroup(context)
        self._ringing = 0.0

    # Begin and end

    def hold(self, batch: palace.Batch) -> None:
        """Keep the sounds of the next level. Those of the last may still be fading out."""
        self._batches.append(batch)

    def enter(self, world: World) -> None:
        """Begin a level whose sounds are held."""
        self.leave()
        for batch in self._batches[:-1]:
            batch.release()  # frees what the new level does not use
        del self._batches[:-1]
        level, context = world.level, self.context
        # Groups of its own: those of the last level may still be fading out.
        self._effects, self._voices = palace.SourceGroup(context), palace.SourceGroup(context)
        self._effects.parent_group, self._voices.parent_group = self.mixer.effects, self.mixer.voices
        self._room = self.mixer.room(level)
        self._ringing = 0.0
        # All loops start at the same sample, so that the bells keep the rhythm that `late` gives them.
        with context.together():
            self._loop(level.ambience, AMBIENCE)
            self._engine = self._loop("engine.wav", 0.1)
            for index, goal in enumerate(world.goals):
                self._place(goal, level.goal_sound, GOAL, PITCHES[index % len(PITCHES)], index * 0.37)
            for index, mine in enumerate(world.mines):
                self._place(mine, level.mine_sound, *threat(mine, world.distance(mine)), index * 0.41)
            self._place(world.wanderer, level.wanderer_sound, WANDERER, 1.0, 0.0)
            self.follow(world, 0.0)
        for group in (self._effects, self._voices):
            group.fade_to(1, BEGIN, start=0)
        self.mixer.duck_music(False)
        self.mixer.play_music(level.music)

    def leave(self) -> None:
        """Fade the level out. What plays in its groups stops at the end of the fade."""
        self.pause(False)
        for group in (self._effects, self._voices):
            group.fade_out_to_stop(0, END)
        self._things.clear()
        self._engine = None

    def pause(self, paused: bool) -> None:
        """Pause the level, with quiet music, or resume it. Sounds of menus are in no group of the level, and go on."""
        for group in (self._effects, self._voices):
            if paused:
                group.pause_all()
            else:
                group.resume_all()
        self.mixer.duck_music(paused)

    # While it is played

    def follow(self, world: World, dt: float) -> None:
        """Put listener and sources where boat and things are now; all of it is heard at one moment."""
        boat = world.boat
        self._ringing = max(0.0, self._ringing - dt)
        with self.context.together():
            self.context.listener.position = boat.x, boat.y
            for thing in (*world.goals, *world.mines, world.wanderer, world.harbour):
                source = self._things.get(thing.number)
                if source is not None:
                    self._move(source, thing, world)
            if self._engine is not None:
                effort = boat.speed / TOP_SPEED
                self._engine.position = boat.x, boat.y
                self._engine.gain = 0.1 + 0.2 * effort
                self._engine.pitch = 0.75 + 0.55 * effort
            # After a hit, everything is dull for a while: a filter of two groups, whatever plays in them.
            clear = 1 - self._ringing / RINGING
            for group in (self._effects, self._voices):
                group.filter = 1, 0.05 ** (1 - clear), 1

    def tell(self, world: World, events: Iterable[Event]) -> None:
        """Let hear what happened in a step of the world."""
        level = world.level
        for event in events:
            if event.kind == "ping":
                self._here("ping.ogg", 0.5, self._effects)
            elif event.kind == "echo":
                is_mine = any(mine.number == event.thing for mine in world.mines)
                self._burst("knock.ogg" if is_mine else "echo.ogg", event, 0.7, world)
            elif event.kind == "collected":
                self._silence(event.thing)
                self._here(level.found_sound, 0.6, self._voices)
            elif event.kind == "opened":
                self._place(world.harbour, level.harbour_sound, HARBOUR, 1.0, 0.0)
            elif event.kind == "hit":
                self._silence(event.thing)
                self._burst("hit.ogg", event, 0.9, world)
                self._ringing = RINGING
            elif event.kind == "bumped":
                self._burst("bump.flac", event, 0.7, world)
            elif event.kind == "ready":
                self._here("ready.flac", 0.5, self._effects)
            elif event.kind == "thunder":
                # Less attenuated than other sounds: it comes from kilometres away.
                away = max(500.0, math.hypot(event.x - world.boat.x, event.y - world.boat.y))
                self._burst("thunder.ogg", event, 0.55 * (500 / away) ** 0.75 * away / LIGHT_RADIUS, world)

    # The parts

    def _loop(self, name: str, gain: float) -> palace.Source:
        """A loop that is always heard, without a place."""
        return palace.play(name, context=self.context, looping=True, gain=gain, group=self._effects, priority=ALWAYS)

    def _place(self, thing: Thing, name: str, gain: float, pitch: float, late: float) -> None:
        """Start the loop of a thing. `late` offsets equal sounds, so that they do not beat together."""
        group = self._effects if thing.kind in ("mine", "wanderer") else self._voices
        start, end = (point / palace.Buffer(name, self.context).frequency for point in palace.Buffer(name).loop_points)
        source = palace.play(
            name,
            context=self.context,
            looping=True,
            gain=gain,
            pitch=pitch,
            position=(thing.x, thing.y),
            offset_seconds=start + late % (end - start),
            group=group,
        )
        if self._room is not None:
            source.sends[0].effect = self._room
        self._things[thing.number] = source

    def _move(self, source: palace.Source, thing: Thing, world: World) -> None:
        distance = world.distance(thing)
        source.position = thing.x, thing.y
        source.filter = muffled(world.level, thing.x - world.boat.x, thing.y - world.boat.y)
        # When voices run out, the nearest things are heard. Those out of earshot play on as virtual sources.
        source.priority = max(0, 9 - int(distance / 200))
        if thing.kind == "mine":
            source.gain, source.pitch = threat(thing, distance)
        elif thing.kind == "wanderer":  # a ship that passes: its pitch falls. OpenAL wants to know how fast it is.
            source.velocity = math.cos(thing.heading) * thing.speed, math.sin(thing.heading) * thing.speed

    def _here(self, name: str, gain: float, group: palace.SourceGroup) -> None:
        """Play something that happens once on board. A pan takes a sound off the stage."""
        palace.play(name, context=self.context, gain=gain, pan=0.0, group=group, priority=NOW)

    def _burst(self, name: str, event: Event, gain: float, world: World) -> None:
        """Play something that happens once at a place."""
        source = palace.play(
            name,
            context=self.context,
            gain=gain,
            position=(event.x, event.y),
            filter=muffled(world.level, event.x - world.boat.x, event.y - world.boat.y),
            group=self._effects,
            priority=NOW,
        )
        if self._room is not None:
            source.sends[0].effect = self._room

    def _silence(self, number: int) -> None:
        source = self._things.pop(number, None)
        if source is not None:
            source.fade_out_to_stop(0, 60)


def threat(mine: Thing, distance: float) -> tuple[float, float]:
    """The gain and the pitch of a mine, which tell how near it is, and whether it comes.

    The third power lets the loudness tell the distance also within the reach of the stage: from 350 pixels to a touch
    it rises by 14 dB. Of many far mines, little is heard.
    """
    gain = MINE * max(0.0, 1.0 - distance / MINE_HEARD) ** 3
    pitch = 0.94 + 0.03 * (mine.number % 5)
    return gain, pitch * (HUNTING if mine.alert else 1.0)


def muffled(level: Level, east: float, north: float) -> tuple[float, float, float]:
    """The filter of a sound that comes through the fog: (gain, treble, bass).

    Fog halves the treble every `Level.clear` pixels. Of what is behind, to the south, a quarter of it is left.
    """
    distance = max(0.0, math.hypot(east, north) - LIGHT_RADIUS / 2)
    behind = max(0.0, min(1.0, -north / 120))
    return 1.0, max(0.02, 0.5 ** (distance / level.clear) * 0.25**behind), 1.0
