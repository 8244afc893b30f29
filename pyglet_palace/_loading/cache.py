"""What is in memory, who refers to it, and what is forgotten when there is too much."""

from __future__ import annotations

import itertools
import time
import weakref
from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING, Any

from .._playback.static_sound import StaticSound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._common.events import EventQueue
    from .._decoding.pcm import Samples
    from .._openal import ContextScope
    from .._openal.buffers import StoredBuffer
    from .._playback.voice_pool import VoicePool
    from .upload import BufferStore

#: Sounds that somebody refers to which are passed over in one search for one that nobody does.
_MOST_PASSED_OVER = 256


class Entry(StaticSound):
    """A sound in memory, by name."""

    __slots__ = ("alive", "channel_config", "name", "order", "sample_type", "search", "size")

    def __init__(self, name: str, samples: Samples, stored: StoredBuffer, order: int) -> None:
        super().__init__(stored, samples.frequency, len(samples.data), samples.loop_points)
        self.name = name
        self.channel_config = samples.channel_config
        self.sample_type = samples.sample_type
        self.size = stored.size
        self.alive = True
        #: Its place in the order of what was asked for.
        self.order = order
        #: The last search for something to evict that has met it.
        self.search = 0


class Pins:
    """Which names somebody holds, as long as they do not let them go or are forgotten themselves."""

    def __init__(self) -> None:
        self._pinned: dict[weakref.ref[Any], Iterable[str]] = {}
        self._count: Counter[str] = Counter()
        #: Holders that were forgotten. Appended to by the garbage collector, on any thread.
        self._collected: deque[weakref.ref[Any]] = deque()

    def __contains__(self, name: str) -> bool:
        while self._collected:
            self._unpin(self._collected.popleft())
        return self._count[name] > 0

    def pin(self, owner: Any, names: Iterable[str]) -> None:
        """`owner` holds `names` from now on."""
        self._pinned[weakref.ref(owner, self._collected.append)] = names
        self._count.update(names)

    def unpin(self, owner: Any) -> None:
        """`owner` holds nothing any more."""
        self._unpin(weakref.ref(owner))

    def _unpin(self, owner: weakref.ref[Any]) -> None:
        for name in self._pinned.pop(owner, ()):
            self._count[name] -= 1
            if not self._count[name]:
                del self._count[name]


class SoundCache:
    """The sounds in memory of one context. Used by the game's thread only."""

    def __init__(
        self,
        scope: ContextScope,
        store: BufferStore,
        voices: VoicePool,
        news: EventQueue,
        make_handle: Callable[[Entry], Any],
    ) -> None:
        self._scope = scope
        self._store = store
        self._voices = voices
        self._news = news
        self._limit: int | None = None
        #: The least recently used first.
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._order = itertools.count(1)
        self._newest: Entry | None = None
        #: The search for something to evict that is under way, and how many entries it has not met.
        self._search = 1
        self._unmet = 0
        #: Whether it was left off before its end.
        self.searching = False
        #: Whether it was said that the limit cannot be kept, and still cannot.
        self._exceeded = False
        self.size = 0
        self.evicted = 0
        #: What unreleased batches keep from being evicted.
        self.pins = Pins()
        #: `Buffer` objects by name, as long as anybody else has them.
        self._handles: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self._make_handle = make_handle

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in memory, in the order they were asked for."""
        return tuple(sorted(self._entries, key=lambda name: self._entries[name].order))

    @property
    def limit(self) -> int | None:
        """Bytes to stay below, by forgetting what nobody refers to; None: no limit."""
        return self._limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._limit = limit
        self._newest = None  # it has been there before

    @property
    def over_limit(self) -> int:
        """Bytes by which the limit is exceeded."""
        return 0 if self._limit is None else max(0, self.size - self._limit)

    def get(self, name: str) -> Entry | None:
        """What is in memory under `name`."""
        return self._entries.get(name)

    def next_order(self) -> int:
        """The next number in the order of what is asked for."""
        return next(self._order)

    def mark_used(self, entry: Entry) -> None:
        """`entry` is what was used last."""
        self._entries.move_to_end(entry.name)

    def handle(self, entry: Entry) -> Any:
        """The one `Buffer` of an entry."""
        handle = self._handles.get(entry.name)
        if handle is None:
            handle = self._handles[entry.name] = self._make_handle(entry)
        return handle

    def add(self, name: str, samples: Samples, stored: StoredBuffer, order: int) -> Entry:
        """Put a sound in."""
        entry = self._newest = self._entries[name] = Entry(name, samples, stored, order)
        self.size += entry.size
        self._unmet += 1
        return entry

    def remove(self, entry: Entry) -> None:
        """Stop the sources of an entry and free it."""
        for state in list(entry.states):
            source = state.source
            self._voices.release(state)
            self._news.post_source_event("source_force_stopped", source)
        del self._entries[entry.name]
        self._handles.pop(entry.name, None)
        if entry is self._newest:
            self._newest = None
        self.size -= entry.size
        self._unmet -= entry.search != self._search
        entry.alive = False
        with self._scope as al:
            self._store.delete(al, entry.stored)

    def evict(self, in_flight: int = 0, deadline: int | None = None) -> None:
        """Forget the least recently used of what nobody refers to until the limit is kept; never the newest.

        What somebody refers to is in use at this moment, so it becomes the most recently used where it is met. That
        the limit cannot be kept is said once a search has met all there is.

        Args:
            in_flight: Bytes of samples that are on their way and are to have room, too.
            deadline: Of ``time.perf_counter_ns``: when to leave the rest to the next call.
        """
        if self._limit is None:
            return
        left = _MOST_PASSED_OVER
        while self.size + in_flight > self._limit and self._unmet:
            entry = next(iter(self._entries.values()))
            if self._is_referred_to(entry):
                left -= 1
                self._unmet -= entry.search != self._search
                entry.search = self._search
                self._entries.move_to_end(entry.name)
            else:
                self.remove(entry)
                self.evicted += 1
            if not left or (deadline is not None and time.perf_counter_ns() >= deadline):
                self.searching = bool(self._unmet)
                if self.searching:
                    return
        self.searching = False
        self._search += 1
        self._unmet = len(self._entries)
        exceeded = self.size > self._limit
        if exceeded and not self._exceeded:
            self._news.post_cache_limit_exceeded(self.size, self._limit)
        self._exceeded = exceeded

    def _is_referred_to(self, entry: Entry) -> bool:
        return bool(entry.states or entry is self._newest or entry.name in self._handles or entry.name in self.pins)
