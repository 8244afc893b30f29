"""Sound cache with LRU eviction and pinned names."""

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

#: Entries in use that one call of `SoundCache.evict` may pass over.
_MOST_PASSED_OVER = 256


class CacheEntry(StaticSound):
    """A cached sound.

    Attributes:
        name: Cache key.
        channel_config: One of `channel_configs`.
        sample_type: One of `sample_types`.
        size: Bytes of samples in OpenAL.
        alive: False after the entry was removed from the cache.
        order: Entry number: the position in the order of requests.
        search: Number of the last eviction search that visited the entry.
    """

    __slots__ = ("alive", "channel_config", "name", "order", "sample_type", "search", "size")

    def __init__(self, name: str, samples: Samples, stored: StoredBuffer, order: int) -> None:
        super().__init__(stored, samples.frequency, len(samples.data), samples.loop_points)
        self.name = name
        self.channel_config = samples.channel_config
        self.sample_type = samples.sample_type
        self.size = stored.size
        self.alive = True
        self.order = order
        self.search = 0


class Pins:
    """Names that must not be evicted, with the owners that pinned them.

    A name stays pinned until each owner has unpinned it or was garbage-collected.
    """

    def __init__(self) -> None:
        self._pinned: dict[weakref.ref[Any], Iterable[str]] = {}
        self._count: Counter[str] = Counter()
        #: Owners that were garbage-collected. The collector appends, on any thread.
        self._collected: deque[weakref.ref[Any]] = deque()

    def __contains__(self, name: str) -> bool:
        while self._collected:
            self._unpin(self._collected.popleft())
        return self._count[name] > 0

    def pin(self, owner: Any, names: Iterable[str]) -> None:
        """Pin `names` for `owner`. Keeps a weak reference to `owner`."""
        self._pinned[weakref.ref(owner, self._collected.append)] = names
        self._count.update(names)

    def unpin(self, owner: Any) -> None:
        """Release all names that `owner` pinned."""
        self._unpin(weakref.ref(owner))

    def _unpin(self, owner: weakref.ref[Any]) -> None:
        for name in self._pinned.pop(owner, ()):
            self._count[name] -= 1
            if not self._count[name]:
                del self._count[name]


class SoundCache:
    """Sound cache of one context, with LRU eviction. Used on the main thread only."""

    def __init__(
        self,
        scope: ContextScope,
        store: BufferStore,
        voices: VoicePool,
        events: EventQueue,
        make_handle: Callable[[CacheEntry], Any],
    ) -> None:
        """Start empty and without a limit.

        Args:
            scope: The context scope.
            store: Deletes OpenAL buffers.
            voices: Stops the sources of removed entries.
            events: Receives the events of these sources and of the limit.
            make_handle: Makes the `Buffer` of an entry.
        """
        self._scope = scope
        self._store = store
        self._voices = voices
        self._events = events
        self._limit: int | None = None
        #: Entries by name, least recently used first.
        self._entries: OrderedDict[str, CacheEntry] = OrderedDict()
        #: Returns the entry of a name, or None.
        self.get: Callable[[str], CacheEntry | None] = self._entries.get
        #: Returns the next entry number.
        self.next_order: Callable[[], int] = itertools.count(1).__next__
        self._newest: CacheEntry | None = None
        #: Number of the current eviction search, and of the entries that it has not visited.
        self._search = 1
        self._unvisited = 0
        #: The number of the current search if it was interrupted and continues with the next `evict`, else empty.
        self.searching: list[int] = []
        #: Whether `on_cache_limit_exceeded` was posted and the limit is still exceeded.
        self._exceeded = False
        #: Total bytes of the entries.
        self.size = 0
        #: Number of evicted entries.
        self.evicted = 0
        #: Names pinned by unreleased batches.
        self.pins = Pins()
        #: The `Buffer` objects that are referenced elsewhere, by name.
        self._handles: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self._make_handle = make_handle

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries, in the order of the requests."""
        return tuple(sorted(self._entries, key=lambda name: self._entries[name].order))

    @property
    def limit(self) -> int | None:
        """Bytes above which entries that are not in use are evicted; None: no limit."""
        return self._limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._limit = limit
        self._newest = None  # only an entry added after the change is protected from eviction

    @property
    def over_limit(self) -> int:
        """Bytes above the limit; 0 if the limit is kept."""
        return 0 if self._limit is None else max(0, self.size - self._limit)

    def mark_used(self, entry: CacheEntry) -> None:
        """Make `entry` the most recently used."""
        self._entries.move_to_end(entry.name)

    def handle(self, entry: CacheEntry) -> Any:
        """Return the `Buffer` of an entry, the same one while it is referenced."""
        handle = self._handles.get(entry.name)
        if handle is None:
            handle = self._handles[entry.name] = self._make_handle(entry)
        return handle

    def add(self, name: str, samples: Samples, stored: StoredBuffer, order: int) -> CacheEntry:
        """Add a sound and return its entry.

        Args:
            name: Cache key.
            samples: Gives rate, length, format and loop points.
            stored: The OpenAL buffer with the samples.
            order: Entry number, from `next_order`.
        """
        entry = self._newest = self._entries[name] = CacheEntry(name, samples, stored, order)
        self.size += entry.size
        self._unvisited += 1
        return entry

    def remove(self, entry: CacheEntry) -> None:
        """Stop the sources of an entry, remove it and delete its OpenAL buffer."""
        for state in list(entry.states):
            source = state.source
            self._voices.release(state)
            self._events.post_force_stopped(source, state.on_force_stopped)
        del self._entries[entry.name]
        self._handles.pop(entry.name, None)
        if entry is self._newest:
            self._newest = None
        self.size -= entry.size
        self._unvisited -= entry.search != self._search
        entry.alive = False
        with self._scope as al:
            self._store.delete(al, entry.stored)

    def evict(self, in_flight: int = 0, deadline: int | None = None) -> None:
        """Evict least recently used entries until the limit is kept. Never evicts the newest entry.

        Entries in use are kept. A visited entry in use becomes the most recently used. When a search has visited all
        entries and the limit is still exceeded, the event `on_cache_limit_exceeded` is posted once.

        Args:
            in_flight: Bytes of samples in flight, which count against the limit.
            deadline: Time of ``time.perf_counter_ns`` after which the search continues with the next call.
        """
        if self._limit is None:
            return
        left = _MOST_PASSED_OVER
        while self.size + in_flight > self._limit and self._unvisited:
            entry = next(iter(self._entries.values()))
            if self._is_in_use(entry):
                left -= 1
                self._unvisited -= entry.search != self._search
                entry.search = self._search
                self._entries.move_to_end(entry.name)
            else:
                self.remove(entry)
                self.evicted += 1
            if not left or (deadline is not None and time.perf_counter_ns() >= deadline):
                self.searching[:] = [self._search] if self._unvisited else []
                if self.searching:
                    return
        self.searching.clear()
        self._search += 1
        self._unvisited = len(self._entries)
        exceeded = self.size > self._limit
        if exceeded and not self._exceeded:
            self._events.post_cache_limit_exceeded(self.size, self._limit)
        self._exceeded = exceeded

    def _is_in_use(self, entry: CacheEntry) -> bool:
        """Return whether the entry is played, newest, pinned, or referenced through its `Buffer`."""
        return bool(entry.states or entry is self._newest or entry.name in self._handles or entry.name in self.pins)
