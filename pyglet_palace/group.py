"""SourceGroup: common gain, pitch, pause and stop for several sources."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ._common import checks
from ._context_object import ContextObject
from ._current import require_engine
from ._openal import setters as to
from ._openal.properties import Property
from ._playback.voice import GroupTotals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._engine import Engine
    from ._playback.voice import PlaybackState
    from .context import Context
    from .source import Source


class SourceGroup(ContextObject):
    """A group of sources and sub-groups.

    Groups form trees. The properties of a group apply to its sources and to all groups below it.

    >>> effects, voices, world = SourceGroup(), SourceGroup(), SourceGroup()
    >>> effects.parent_group = voices.parent_group = world
    >>> source.group = effects
    >>> world.gain = 0.5  # everything
    >>> world.pause_all()  # a menu opens
    >>> world.resume_all()  # sources paused on their own stay paused

    Sources and sub-groups keep their group alive. A group does not keep its members alive: an idle source without
    other references leaves its group without an event.

    Use all members only on the thread that created the context. They do not block. Members of a destroyed group raise
    `DestroyedError`. Groups are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
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
                raise TypeError(f"parent_group is {parent!r}; it must be a SourceGroup or None")
            parent = parent._itself()
            if parent._engine is not self._engine:
                raise ValueError(
                    f"parent_group is {parent!r}, which belongs to {parent.context!r}, and {self!r} to {self.context!r}"
                )
            above: SourceGroup | None = parent
            while above is not None:
                if above is self:
                    raise RuntimeError(f"{parent!r} cannot be the parent_group of {self!r}: it is a part of it")
                above = above._parent
        if parent is not self._parent:
            self._move(parent)
            self._refresh()

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
        for state in self._active():
            player = state.voice or state.waiting
            if player is not None and not player.paused:
                self._engine.transport.pause(state)
                state.paused_by_group = player.paused  # False for a sound that has ended

    def resume_all(self) -> None:
        """Resume sources in the group and below it that `pause_all` of this group, or one above or below, paused."""
        self._check_alive()
        for state in self._active():
            if state.paused_by_group:
                self._engine.transport.resume(state)
        self._engine.wake()

    def stop_all(self) -> None:
        """Stop all playing and paused sources in the group and below it.

        Dispatches `MessageHandler.source_force_stopped` for each source before it returns. The next update raises the
        exceptions of handlers.
        """
        self._check_alive()
        engine = self._engine
        for state in self._active():
            voice, source = state.voice, state.source
            if state.waiting is not None or (voice is not None and (voice.paused or engine.voices.is_playing(state))):
                engine.transport.stop(state)
                engine.events.post_force_stopped(source, state.on_force_stopped)
        engine.dispatch()

    def destroy(self) -> None:
        """Destroy the group and remove its sources and sub-groups from it. Repeated calls have no effect.

        Playback continues. Sources that `pause_all` paused stay paused: its own sources until their own `resume`,
        those in sub-groups until their own `resume` or `resume_all` of their sub-group.
        """
        if self._destroyed:
            return
        if self._engine.alive:
            self._check_alive()
            self._move(None)
            for state in list(self._members):
                remove_from_group(state, self._engine)
            for group in list(self._sub_groups):
                group._move(None)
                group._refresh()
        self._destroyed = True

    def _move(self, parent: SourceGroup | None) -> None:
        if self._parent is not None:
            self._parent._sub_groups.pop(self, None)
        self._parent = parent
        if parent is not None:
            parent._sub_groups[self] = None

    def _refresh(self) -> None:
        """Apply gain and pitch to the group and all groups below it.

        The cost depends on the changes: groups below an unchanged product are skipped, as are sources without a voice,
        which read the products in `play`. Products are clamped to OpenAL's range, so OpenAL rejects none half-way.
        """
        changed: dict[SourceGroup | None, tuple[bool, bool]] = {}
        waiting = [self]
        while waiting:
            group = waiting.pop()
            above = group._parent
            gain, pitch = group.gain, group.pitch
            if above is not None:
                gain *= above._mix.gain
                pitch *= above._mix.pitch
            gain, pitch = min(gain, checks.FLT_MAX), min(max(pitch, checks.FLT_MIN), checks.FLT_MAX)
            mix = group._mix
            gain_changed, pitch_changed = gain != mix.gain, pitch != mix.pitch
            if gain_changed or pitch_changed:
                mix.gain, mix.pitch = gain, pitch
                changed[group] = gain_changed, pitch_changed
                waiting.extend(group._sub_groups)
        if changed:
            voices = self._engine.voices
            for state in voices:
                gain_changed, pitch_changed = changed.get(state.group, (False, False))
                if gain_changed:
                    voices.update_gain(state)
                if pitch_changed:
                    voices.update_pitch(state)

    def _itself(self) -> SourceGroup:
        """Return the group, which is alive; for a ``weakref.proxy``, the group that it stands for."""
        self._check_alive()
        return self

    def _active(self) -> Iterator[PlaybackState]:
        """Iterate over the playing, paused and waiting states in this group and all groups below.

        Skips those that leave meanwhile.
        """
        tree: dict[SourceGroup | None, None] = {}
        waiting = [self]
        while waiting:
            group = waiting.pop()
            tree[group] = None
            waiting.extend(group._sub_groups)
        engine = self._engine
        return (state for state in [*engine.voices, *engine.transport.waiting] if state.group in tree)

    def _apply(self, changed: Property[Any], value: Any) -> None:
        self._refresh()

    def __repr__(self) -> str:
        if not self:
            return "<SourceGroup, destroyed>"
        return f"<SourceGroup of {len(self._members)} sources and {len(self._sub_groups)} groups>"


def add_to_group(group: SourceGroup, state: PlaybackState, engine: Engine) -> None:
    """Make the source of `state`, which belongs to `engine`, a member of `group`.

    Raises:
        ValueError: The group belongs to another context.
        DestroyedError: The group was destroyed.
    """
    group = group._itself()
    if engine is not group._engine:
        raise ValueError(
            f"group is {group!r}, which belongs to {group.context!r}, and {state.source!r} to {engine.context!r}"
        )
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
    engine.voices.update_gain(state)
    engine.voices.update_pitch(state)
