"""SourceGroup: a mixer channel with common gain, pitch, filter, fades, pause and stop for several sources."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ._common import checks
from ._common.text import short_repr
from ._current import require_engine
from ._openal import filters
from ._openal import setters as to
from ._openal.properties import NumbersProperty, Property
from ._playback.voice import GroupTotals
from .fades import Fadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._engine import Engine
    from ._playback.fades import Curve, Fades
    from ._playback.voice import PlaybackState
    from .context import Context
    from .source import Source


class SourceGroup(Fadable):
    """A group of sources and sub-groups.

    Groups form trees. The properties of a group apply to its sources and to all groups below it.

    >>> effects, voices, world = SourceGroup(), SourceGroup(), SourceGroup()
    >>> effects.parent_group = voices.parent_group = world
    >>> source.group = effects
    >>> world.gain = 0.5  # everything
    >>> voices.muted = True
    >>> effects.filter = (1, 0.1, 1)  # muffled: under water
    >>> world.fade_out_to_stop(0, 2000)
    >>> world.pause_all()  # a menu opens
    >>> world.resume_all()  # sources paused on their own stay paused

    Sources and sub-groups keep their group alive. A group does not keep its members alive: an idle source without
    other references leaves its group without an event.

    Use all members only on the thread that created the context. They do not block. Members of a destroyed group raise
    `DestroyedError`. Groups are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_fade_factor",
        "_members",
        "_mix",
        "_parent",
        "_sub_groups",
        "_values",
    )  # a misspelt property is an error

    gain = Property(
        checks.number(0.0), 1.0, to.nothing, "Gain of all sources in the group and below it, a linear factor >= 0."
    )
    pitch = Property(
        checks.number(0.0, above=True), 1.0, to.nothing, "Pitch of all sources in the group and below it, a factor > 0."
    )
    muted = Property(
        checks.boolean, False, to.nothing, "Whether the group and all below it are silent. They play on meanwhile."
    )
    filter = NumbersProperty(
        filters.check_filter,
        filters.OPEN,
        to.nothing,
        "Filter of the direct sound of all sources in the group and below it: (gain, hf, lf), as `Source.filter`. Each "
        "of the three factors is multiplied with those of the source and of the other groups.",
    )

    def __init__(self, context: Context | None = None) -> None:
        """Create an empty group.

        Args:
            context: The context of its sources. None: the current context.

        Raises:
            RuntimeError: No context was given and none is current, or another thread created the context.
        """
        self._engine = require_engine(context)
        self._engine.check_alive()
        self._values: dict[str, Any] = {}
        self._parent: SourceGroup | None = None
        # Ordered sets of weak references: a group does not keep its members alive.
        self._members: weakref.WeakKeyDictionary[PlaybackState, None] = weakref.WeakKeyDictionary()
        self._sub_groups: weakref.WeakKeyDictionary[SourceGroup, None] = weakref.WeakKeyDictionary()
        self._fade_factor = 1.0
        #: Totals with all parent groups, so that a play need not walk the tree.
        self._mix = GroupTotals()
        self._init_lifetime()

    @property
    def parent_group(self) -> SourceGroup | None:
        """The parent group, or None. A change takes effect at once and does not interrupt playback.

        Raises:
            RuntimeError: Set to itself or to a group below it, which would form a cycle.
            ValueError: Set to a group of another context.
            TypeError: Set to an object other than a group or None.
        """
        self._check_alive()
        return self._parent

    @parent_group.setter
    def parent_group(self, parent: SourceGroup | None) -> None:
        self._check_alive()
        if parent is not None:
            if not isinstance(parent, SourceGroup):
                raise TypeError(f"parent_group is {short_repr(parent)}; it must be a SourceGroup or None")
            parent = parent._itself()
            if parent._engine is not self._engine:
                raise ValueError(
                    f"parent_group is {short_repr(parent)}, which belongs to {parent.context!r}, "
                    f"and {self!r} to {self.context!r}"
                )
            above: SourceGroup | None = parent
            while above is not None:
                if above is self:
                    raise RuntimeError(
                        f"{short_repr(parent)} cannot be the parent_group of {self!r}: it is a part of it"
                    )
                above = above._parent
        if parent is not self._parent:
            self._move(parent)
            self._refresh()
            self._engine.wake()  # a fade of the former parent may go on

    @property
    def sources(self) -> list[Source]:
        """Its own sources, without those of sub-groups, in the order in which they joined."""
        self._check_alive()
        return [state.source for state in list(self._members) if state.source is not None]

    @property
    def sub_groups(self) -> list[SourceGroup]:
        """Its direct sub-groups, in the order in which they joined."""
        self._check_alive()
        return list(self._sub_groups)

    def pause_all(self) -> None:
        """Pause all playing sources in the group and below it, until `resume_all`.

        `resume_all` skips a source that was already paused on its own. It also skips a source that `pause_all` paused
        and that was then resumed, stopped, played or paused on its own. Such a source needs its own `resume`.

        The group itself has no paused state: a source that starts in it later, or joins it while playing, is heard. A
        paused source that moves to another group stays paused until `resume_all` of that group or one above it.
        Without a group, it stays paused until its own `resume`.
        """
        self._check_alive()
        engine = self._engine
        engine.transport.advance_fades()  # before the scope: the end of a fade may release objects of the game
        with engine.scope:
            for state in self._active():
                player = state.voice or state.waiting
                if player is not None and not player.paused:
                    if state.waiting is not None:
                        state.waiting.paused = True
                    engine.voices.pause(state)
                    state.paused_by_group = player.paused  # False for a sound that has ended

    def resume_all(self) -> None:
        """Resume sources in the group and below it that `pause_all` of this group, or one above or below, paused."""
        self._check_alive()
        engine = self._engine
        engine.transport.advance_fades()
        with engine.scope:
            for state in self._active():
                if state.paused_by_group:
                    state.paused_by_group = False
                    if state.waiting is not None:
                        state.waiting.paused = False
                    engine.voices.resume(state)
        engine.wake()

    def stop_all(self) -> None:
        """Stop all playing and paused sources in the group and below it. Ends the fades of these groups at factor 1.

        Dispatches `MessageHandler.source_force_stopped` for each source before it returns. The next update raises the
        exceptions of handlers.
        """
        self._check_alive()
        self._stop_all(report=True)
        self._engine.dispatch()

    def fade_to(self, gain: float, ms: float, start: float | None = None, *, curve: Curve = "decibel") -> None:
        """Fade all sources in the group and below it to a gain factor. Does not block.

        The fade changes a factor of the group, initially 1. It multiplies `gain`, the gains and fades of other groups,
        and those of the sources. The factor keeps its final value, also for later sounds, until another fade or
        `stop_all` (which resets it to 1). Time is device time. The fade waits while all playing sources are paused. A
        new fade continues from the current factor.

        Args:
            gain: Final factor, 0 to 1.
            ms: Duration in milliseconds, > 0. Each update of the context makes one step.
            start: Initial factor, 0 to 1. None: the current factor.
            curve: As for `Source.fade_to`.

        Raises:
            ValueError: An argument is out of range.
        """
        super().fade_to(gain, ms, start, curve=curve)

    def fade_out_to_stop(self, gain: float, ms: float, *, curve: Curve = "decibel") -> None:
        """Fade as `fade_to` does, then stop all sources in the group and below it without an event.

        Sounds that start in the group during the fade are stopped too. After the stop, the factors of these groups are
        1, so the next sound is heard at its full gain.

        Args:
            gain: Final factor, 0 to 1; 0 is silence.
            ms: Milliseconds until the stop, > 0.
            curve: As for `Source.fade_to`.

        Raises:
            ValueError: An argument is out of range.
        """
        super().fade_out_to_stop(gain, ms, curve=curve)

    def destroy(self) -> None:
        """Destroy the group and remove its sources and sub-groups from it. Repeated calls have no effect.

        Playback continues. Sources that `pause_all` paused stay paused: its own sources until their own `resume`,
        those in sub-groups until their own `resume` or `resume_all` of their sub-group.
        """
        if self._destroyed:
            return
        if self._engine.alive:
            self._check_alive()
            self._engine.transport.group_fades.forget(self)
            self._move(None)
            for state in list(self._members):
                remove_from_group(state, self._engine)
            for group in list(self._sub_groups):
                group._move(None)
                group._refresh()
            self._engine.wake()
        self._destroyed = True

    def _move(self, parent: SourceGroup | None) -> None:
        if self._parent is not None:
            self._parent._sub_groups.pop(self, None)
        self._parent = parent
        if parent is not None:
            parent._sub_groups[self] = None

    def _refresh(self) -> None:
        """Apply gain, pitch and filter to the group and all groups below it.

        The cost depends on the changes: groups below an unchanged product are skipped, as are sources without a voice,
        which read the products in `play`. Products are clamped to OpenAL's range, so OpenAL rejects none half-way. An
        exception restores the products, so that a second attempt sends all changes.
        """
        #: The groups whose gain, pitch and filter have changed.
        changed: tuple[set[SourceGroup], set[SourceGroup], set[SourceGroup]] = set(), set(), set()
        before: list[tuple[GroupTotals, tuple[float, float, filters.Filter]]] = []
        try:
            waiting = [self]
            while waiting:
                group = waiting.pop()
                mix, old = group._mix, group._mix.values
                new = group._products()
                if new != old:
                    before.append((mix, old))
                    mix.set(*new)
                    for groups, value, previous in zip(changed, new, old, strict=True):
                        if value != previous:
                            groups.add(group)
                    waiting.extend(group._sub_groups)
            if before:
                self._send_to_voices(*changed)
        except BaseException:
            for mix, old in before:
                mix.set(*old)
            raise

    def _products(self) -> tuple[float, float, filters.Filter]:
        """Return gain, pitch and filter, multiplied with those of all parent groups."""
        gain, pitch, through = self.gain * self._fade_factor, self.pitch, self.filter
        if self.muted:
            gain = 0.0
        if self._parent is not None:
            above = self._parent._mix
            gain, pitch = gain * above.gain, pitch * above.pitch
            through = filters.product(through, above.filter)
        return min(gain, checks.FLT_MAX), min(max(pitch, checks.FLT_MIN), checks.FLT_MAX), through

    def _send_to_voices(self, gain: set[SourceGroup], pitch: set[SourceGroup], through: set[SourceGroup]) -> None:
        """Send what has changed to the voices of these groups, in one context scope."""
        voices = self._engine.voices
        with self._engine.scope:
            if gain:
                voices.update_gains([state for state in voices if state.group in gain])
            if pitch:
                for state in voices:
                    if state.group in pitch:
                        voices.update_pitch(state)
            if through:
                voices.update_filters([state for state in voices if state.group in through])

    def _set_fade_factor(self, factor: float) -> None:
        before, self._fade_factor = self._fade_factor, factor
        try:
            self._refresh()
        except BaseException:
            self._fade_factor = before
            raise

    def _is_paused(self) -> bool:
        """Return whether the group has paused sources, and none that play."""
        paused = [state.voice.paused for state in self._active() if state.voice is not None]
        return bool(paused) and all(paused)

    def _stop_after_fade(self) -> None:
        self._stop_all(report=False)

    def _stop_all(self, *, report: bool) -> None:
        """Stop all sources, with an event for each if `report`, and reset the fades."""
        transport = self._engine.transport
        states = list(self._active())
        for state in states:
            if state.waiting is not None:
                source = state.source  # the wait may hold its only reference
                transport.stop(state)
                if report:
                    self._engine.events.post_force_stopped(source, state.on_force_stopped)
        transport.stop_all(states, report=report)
        for group in self._tree():
            if group._fade_factor != 1.0:
                group._set_fade_factor(1.0)
            transport.group_fades.forget(group)

    def _fading(self) -> tuple[Fades[Any], SourceGroup]:
        return self._engine.transport.group_fades, self

    def _itself(self) -> SourceGroup:
        """Return the group, which is alive; for a ``weakref.proxy``, the group that it stands for."""
        self._check_alive()
        return self

    def _active(self) -> Iterator[PlaybackState]:
        """Iterate over the playing, paused and waiting states in this group and all groups below.

        Skips those that leave meanwhile.
        """
        tree = dict.fromkeys(self._tree())
        engine = self._engine
        return (state for state in [*engine.voices, *engine.transport.waiting] if state.group in tree)

    def _tree(self) -> list[SourceGroup]:
        """Return this group and all groups below, parents first."""
        tree = [self]
        for group in tree:
            tree.extend(group._sub_groups)
        return tree

    def _apply(self, changed: Property[Any], value: Any) -> None:
        self._refresh()

    def __repr__(self) -> str:
        if not self:
            return "<SourceGroup, destroyed>"
        return f"<SourceGroup of {len(self._members)} sources and {len(self._sub_groups)} groups>"


def check_group(value: object, state: PlaybackState, engine: Engine) -> SourceGroup | None:
    """Return the group that `value` is, or None if it is None.

    Args:
        value: What the source of `state` is to be a member of.
        state: The playback state of the source.
        engine: The engine of the source.

    Raises:
        ValueError: The group belongs to another context.
        TypeError: `value` is neither a group nor None.
        DestroyedError: The group was destroyed.
    """
    if value is None:
        return None
    if not isinstance(value, SourceGroup):
        raise TypeError(f"group is {short_repr(value)}; it must be a SourceGroup or None")
    group = value._itself()
    if engine is not group._engine:
        raise ValueError(
            f"group is {group!r}, which belongs to {group.context!r}, and {state.source!r} to {engine.context!r}"
        )
    return group


def add_to_group(group: SourceGroup, state: PlaybackState, engine: Engine) -> None:
    """Make the source of `state`, which belongs to `engine`, a member of `group`, a result of `check_group`."""
    if state.group is not group:
        if state.group is not None:
            state.group._members.pop(state, None)
        group._members[state] = None
        _set_group(state, group, engine)


def remove_from_group(state: PlaybackState, engine: Engine) -> None:
    """Remove the source of `state` from its group, if it has one."""
    group: SourceGroup | None = state.group
    if group is not None:
        group._members.pop(state, None)
        state.paused_by_group = False  # no `resume_all` reaches it
        _set_group(state, None, engine)


def _set_group(state: PlaybackState, group: SourceGroup | None, engine: Engine) -> None:
    state.group = group
    state.mix = group._mix if group is not None else None
    if group is None or state.voice is not None:  # else the next play does it
        engine.voices.update_mix(state)
