"""SourceGroup: sources that are turned up and down, paused and stopped together; a fader of a mixer desk."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

from ._common import checks
from ._common.lifetime import Destroyable
from ._current import require_context
from ._openal import setters as to
from ._openal.properties import Property

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .context import Context
    from .source import Source


class SourceGroup(Destroyable):
    """Sources, and groups of them, that are treated as one.

    Groups form trees: what a group is set to is heard of all that is in it, and in the groups below.

    >>> effects, voices, world = SourceGroup(), SourceGroup(), SourceGroup()
    >>> effects.parent_group = voices.parent_group = world
    >>> source.group = effects
    >>> world.gain = 0.5  # everything
    >>> world.pause_all()  # the menu is opened
    >>> world.resume_all()  # what was paused before, in the game, stays so

    Sources and sub-groups keep the group they belong to alive, not the other way round: a source that is idle and
    that nobody refers to leaves its groups silently.

    Every member may be used on the thread that made the context only, and none blocks. Those of a destroyed group
    raise `DestroyedError`. Groups are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_members",
        "_parent",
        "_sub_groups",
        "_values",
        "_whole_gain",
        "_whole_pitch",
    )  # a misspelt property is an error

    gain = Property(
        checks.number(0.0), 1.0, to.nothing, "A linear factor >= 0 of the gain of all sources in it and below."
    )
    pitch = Property(
        checks.number(0.0, above=True), 1.0, to.nothing, "A factor > 0 of the pitch of all sources in it and below."
    )

    def __init__(self, context: Context | None = None) -> None:
        """
        Args:
            context: That of its sources; None: the current one.

        Raises:
            RuntimeError: No context was given and none is current; or this is not the thread that made it.
        """
        self._context = require_context(context)
        self._context._check_alive()
        self._values: dict[str, Any] = {}
        self._parent: SourceGroup | None = None
        # As ordered sets; by weak references, see above.
        self._members: weakref.WeakKeyDictionary[Source, None] = weakref.WeakKeyDictionary()
        self._sub_groups: weakref.WeakKeyDictionary[SourceGroup, None] = weakref.WeakKeyDictionary()
        #: Its gain and pitch, times those of the groups above; kept, so that who is played need not walk the tree.
        self._whole_gain = self._whole_pitch = 1.0
        self._init_lifetime()

    @property
    def context(self) -> Context:
        """The context its sources are heard in."""
        return self._context

    @property
    def parent_group(self) -> SourceGroup | None:
        """The group it is a part of, or None. Setting it is heard at once; what plays goes on.

        Raises:
            RuntimeError: Set to itself or to a group within it: that would be a cycle.
            ValueError: Set to a group of another context.
            TypeError: Set to what is no group.
        """
        self._check_alive()
        return self._parent

    @parent_group.setter
    def parent_group(self, parent: SourceGroup | None) -> None:
        self._check_alive()
        if parent is not None:
            if not isinstance(parent, SourceGroup):
                raise TypeError(f"parent_group is {parent!r}; it must be a SourceGroup or None")
            parent._check_alive()
            if parent._context is not self._context:
                raise ValueError(f"parent_group is {parent!r}, which belongs to another context than {self!r}")
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
        """Those that belong to it, not those of its sub-groups, in the order in which they joined."""
        self._check_alive()
        return list(self._members)

    @property
    def sub_groups(self) -> list[SourceGroup]:
        """The groups whose `parent_group` it is, in the order in which they joined."""
        self._check_alive()
        return list(self._sub_groups)

    def pause_all(self) -> None:
        """Pause what plays in it and in the groups below, until `resume_all`.

        A source that was paused by itself stays so. One that is paused by this, and is then resumed, stopped or
        played by itself, is on its own again; one that is paused again by itself is left to its own `resume`.

        Groups themselves are not paused: what is played in them later, or joins them playing, is heard. A source that
        is moved to another group stays paused, until the `resume_all` of that one or of one above it; if it is left
        without a group, until its own `resume`.
        """
        self._check_alive()
        for source in self._with_voices():
            if not source.paused:
                source._pause()
                source._held = source.paused  # not what had ended already

    def resume_all(self) -> None:
        """Go on with what a `pause_all`, of this group or one above or below, has paused in it and in those below."""
        self._check_alive()
        for source in self._with_voices():
            if source._held:
                source.resume()

    def stop_all(self) -> None:
        """Stop what plays or is paused in it and below.

        Each gets `MessageHandler.source_force_stopped`, told before this returns; what handlers raise comes out of the
        next update.
        """
        self._check_alive()
        for source in self._with_voices():
            if source.playing or source.paused:
                source._stop()
                self._context._news.post_source_event("source_force_stopped", source)
        self._context._tell_now()

    def destroy(self) -> None:
        """Be of no more use; nothing the second time. Its sources belong to no group then, its sub-groups to no parent.

        What plays goes on. What `pause_all` has paused stays paused: its own sources until each one's `resume`, those
        in sub-groups until the `resume_all` of these, too.
        """
        if self._destroyed:
            return
        if self._context:
            self._check_alive()
            self._move(None)
            for source in list(self._members):
                self._let_go(source)
            for group in list(self._sub_groups):
                group._move(None)
                group._refresh()
        self._destroyed = True

    # For sources, and between groups

    def _take_in(self, source: Source) -> None:
        """`source` is to belong to it; raises what `Source.group` does."""
        self._check_alive()
        if source._context is not self._context:
            raise ValueError(f"group is {self!r}, which belongs to another context than {source!r}")
        if source._group is not self:
            if source._group is not None:
                source._group._members.pop(source, None)
            self._members[source] = None
            self._regroup(source, self)

    def _let_go(self, source: Source) -> None:
        """`source` belongs to no group any more."""
        self._members.pop(source, None)
        source._held = False  # no `resume_all` reaches it
        self._regroup(source, None)

    @staticmethod
    def _regroup(source: Source, group: SourceGroup | None) -> None:
        source._group = group
        source._hear_gain()
        source._hear_pitch()

    def _move(self, parent: SourceGroup | None) -> None:
        if self._parent is not None:
            self._parent._sub_groups.pop(self, None)
        self._parent = parent
        if parent is not None:
            parent._sub_groups[self] = None

    def _refresh(self) -> None:
        """Let all of its tree be heard as it is set now.

        Costs what changes: groups below one whose products stay are left alone, and so is who has no voice; a source
        reads the products when it is played. They are kept within what OpenAL takes: none is refused half-way.
        """
        changed: dict[SourceGroup | None, tuple[bool, bool]] = {}
        waiting = [self]
        while waiting:
            group = waiting.pop()
            above = group._parent
            gain, pitch = group.gain, group.pitch
            if above is not None:
                gain *= above._whole_gain
                pitch *= above._whole_pitch
            gain, pitch = min(gain, checks.FLT_MAX), min(max(pitch, checks.FLT_MIN), checks.FLT_MAX)
            louder, faster = gain != group._whole_gain, pitch != group._whole_pitch
            if louder or faster:
                group._whole_gain, group._whole_pitch = gain, pitch
                changed[group] = louder, faster
                waiting.extend(group._sub_groups)
        if changed:
            for source in self._voiced():
                louder, faster = changed.get(source._group, (False, False))
                if louder:
                    source._hear_gain()
                if faster:
                    source._hear_pitch()

    def _voiced(self) -> Iterator[Source]:
        """The sources of the context that have a voice: few, however many there are."""
        return cast("Iterator[Source]", iter(self._context._voices))

    def _with_voices(self) -> Iterator[Source]:
        """Those in it, and in all groups below, that have a voice; who leaves meanwhile is left out."""
        tree: dict[SourceGroup | None, None] = {}
        waiting = [self]
        while waiting:
            group = waiting.pop()
            tree[group] = None
            waiting.extend(group._sub_groups)
        return (source for source in self._voiced() if source._group in tree)

    def _changed(self, changed: Property[Any], value: Any) -> None:
        self._refresh()

    def _check_alive(self) -> None:
        self._check_not_destroyed()
        self._context._check_alive()

    def __bool__(self) -> bool:
        return not self._destroyed and bool(self._context)

    def __repr__(self) -> str:
        if not self:
            return "<SourceGroup, destroyed>"
        return f"<SourceGroup of {len(self._members)} sources and {len(self._sub_groups)} groups>"
