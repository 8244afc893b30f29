"""What is in memory, what is on its way, and who wants it."""

from __future__ import annotations

import itertools
import time
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from . import _log, resources
from ._loader import Job, Loader
from ._memory import SoundInMemory
from .errors import DestroyedError, LoadCancelled, ResourceError, ResourceNotFound, unlinked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ._decoding import Samples, Settings
    from ._finding import Finder
    from ._news import News
    from ._openal import Bracket
    from ._store import BufferStore, StoredBuffer
    from ._voices import VoicePool
    from .errors import Stage

#: Nanoseconds that one update may spend on publishing; the job that passes it is the last.
PUBLISH_BUDGET = 300_000


class Watcher(Protocol):
    """Who holds several names and is told what becomes of each (a `Batch`)."""

    @property
    def names(self) -> tuple[str, ...]: ...
    def _resolved(self, name: str, error: ResourceError | None, size: int) -> None: ...


class Entry(SoundInMemory):
    """A sound in memory, by name."""

    __slots__ = ("alive", "asked", "channel_config", "name", "sample_type", "size", "used")

    def __init__(self, name: str, samples: Samples, stored: StoredBuffer) -> None:
        super().__init__(stored, samples.frequency, len(samples.data), samples.loop_points)
        self.name = name
        self.channel_config = samples.channel_config
        self.sample_type = samples.sample_type
        self.size = stored.size
        self.alive = True
        #: The table's count of uses when it was first and when it was last asked for.
        self.asked = 0
        self.used = 0


class _Wish:
    """A name on its way: its current job, and who waits for it."""

    __slots__ = ("asked", "awaited", "job", "substitutes", "wanted", "watchers")

    def __init__(self, job: Job, substitutes: int, asked: int) -> None:
        self.job = job
        #: The table's count of uses when it was asked for.
        self.asked = asked
        #: Substitutes that were tried for it.
        self.substitutes = substitutes
        #: Whether `cache` asked for it: then no batch that is cancelled takes it away.
        self.wanted = False
        #: Whether a ``Buffer(name)`` is at it: the same.
        self.awaited = False
        self.watchers: list[Watcher] = []


class Table:
    """The cache of one context. Used by the game's thread only.

    A result counts only while its job is its name's current one. A name whose load failed is not in the table, so
    asking again tries again.
    """

    def __init__(
        self,
        bracket: Bracket,
        store: BufferStore,
        loader: Loader,
        voices: VoicePool,
        news: News,
        *,
        finder: Finder,
        settings: Callable[[], Settings],
        cache_limit: int | None,
    ) -> None:
        """
        Args:
            settings: How to load, now.
            cache_limit: Bytes to stay below by forgetting what nobody refers to; None: no limit.
        """
        self._bracket = bracket
        self._store = store
        self._loader = loader
        self._voices = voices
        self._news = news
        self._finder = finder
        self._settings = settings
        self.cache_limit = cache_limit
        self._entries: dict[str, Entry] = {}
        self._pending: dict[str, _Wish] = {}
        #: Jobs that this thread is at, innermost last.
        self._doing: list[Job] = []
        self._uses = itertools.count(1)
        self.size = 0
        self.failed = 0
        self.evicted = 0
        #: Batches that have not been released: they keep their names from being evicted.
        self.holders: weakref.WeakSet[Any] = weakref.WeakSet()
        #: Batches with something to tell.
        self.stirred: dict[Any, None] = {}
        #: `Buffer` objects by name, as long as anybody else has them.
        self.handles: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        #: Makes the `Buffer` of an entry; set by the context.
        self.make_handle: Callable[[Entry], Any]

    # What there is

    @property
    def cached_names(self) -> tuple[str, ...]:
        """Names in memory, in the order they were asked for."""
        return tuple(sorted(self._entries, key=lambda name: self._entries[name].asked))

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Names on their way, in the order they were asked for."""
        return tuple(self._pending)

    @property
    def busy(self) -> bool:
        """Whether anything is on its way or to be told."""
        return bool(self._pending or self.stirred)

    def entry(self, name: str) -> Entry | None:
        """What is in memory under `name`."""
        return self._entries.get(name)

    def handle(self, entry: Entry) -> Any:
        """The one `Buffer` of an entry."""
        handle = self.handles.get(entry.name)
        if handle is None:
            handle = self.handles[entry.name] = self.make_handle(entry)
        return handle

    def weigh(self, name: str) -> int:
        """Bytes of the file of a name on its way; 0 if not known yet."""
        wish = self._pending.get(name)
        return wish.job.size if wish is not None else 0

    # Asking for names

    def request(self, names: Mapping[str, resources.Name], watcher: Watcher | None = None) -> None:
        """Have `names` (by key) loaded in the background; those there or on their way are left alone."""
        jobs: list[Job] = []
        settings = self._settings()
        try:
            for key, name in names.items():
                try:
                    found = self._known(key) or self._begin(name, key, settings)
                except ResourceError as error:
                    self._fail(key, error, [watcher] if watcher is not None else [])
                    continue
                if isinstance(found, Entry):
                    found.used = next(self._uses)
                    self._resolve(watcher, key, None)
                    continue
                if watcher is None:
                    found.wanted = True
                else:
                    found.watchers.append(watcher)
                jobs.append(found.job)
        finally:  # the game is asked for substitutes: what raises there takes no other name away
            self._loader.submit(jobs)

    def obtain(self, name: resources.Name) -> Entry:
        """What is in memory under `name`, loading or waiting for it alone if need be.

        Raises:
            ResourceError: It cannot be loaded.
        """
        key = resources.key_of(name)
        wish = self._known(key) or self._begin(name, key, self._settings())
        if isinstance(wish, Entry):
            wish.used = next(self._uses)
            return wish
        wish.awaited = True
        while True:
            job = wish.job  # if it is new, no worker has heard of it
            self.check_not_loading(key, job)
            try:
                if not self.do_here(job):
                    self._loader.wait_for(job)
            except BaseException:  # Ctrl-C, while waiting or decoding
                wish.awaited = False
                if self._pending.get(key) is wish and not wish.wanted and not wish.watchers:
                    self._forget_pending(key)
                raise
            if self._pending.get(key) is not wish:
                raise self._gone(key)  # a decoder or buffer_loading of the game's, called here, has seen to that
            outcome = self._settle(key, wish, raising=True)
            if isinstance(outcome, Entry):
                return outcome
            if outcome is not None:
                raise outcome

    def do_here(self, job: Job) -> bool:
        """Do a job on this thread, if nobody else has it."""
        if not self._loader.claim(job):
            return False
        self._doing.append(job)
        try:
            job.do()
        except BaseException as error:  # Ctrl-C; nobody else can bring the job to its end
            job.error = LoadCancelled(job.resource.key, "decode", f"{type(error).__name__} while it was loaded")
            raise
        finally:
            self._doing.remove(job)
            self._loader.hand_over(job)
        return True

    def do_queued(self, key: str) -> bool:
        """Load a name on this thread, if it is on its way and nobody has begun."""
        wish = self._pending.get(key)
        return wish is not None and self.do_here(wish.job)

    def check_not_loading(self, what: str, job: Job | None = None) -> None:
        """Raise where waiting would be for ever: for a job that this thread itself is doing.

        A game's `buffer_loading`, decoder or file, called by ``Buffer(name)``, can get here.
        """
        if self._doing if job is None else job in self._doing:
            raise RuntimeError(f"{what!r} cannot be waited for by what is called to load it")

    def insert(self, name: str, samples: Samples) -> Entry:
        """Put samples that the game has made under a new name."""
        with self._bracket as al:
            stored = self._store.upload(al, name, samples)
        return self._enter(name, samples, stored, next(self._uses))

    # What the workers have finished

    def publish(self, budget: int = PUBLISH_BUDGET) -> None:
        """Take in finished jobs, for about `budget` nanoseconds."""
        if self._store.refused:
            with self._bracket as al:
                self._store.retry(al)
        finished = self._loader.finished
        if not finished:
            return
        deadline = time.perf_counter_ns() + budget
        while finished:
            job = finished.popleft()
            key = job.resource.key
            wish = self._pending.get(key)
            if wish is not None and wish.job is job:
                try:
                    self._settle(key, wish, raising=False)
                except BaseException:  # Ctrl-C in a game's resource_not_found: the next update tries again
                    if self._pending.get(key) is wish and wish.job is job:
                        finished.appendleft(job)
                    raise
                if time.perf_counter_ns() >= deadline:
                    return

    def _settle(self, key: str, wish: _Wish, *, raising: bool) -> Entry | ResourceError | DestroyedError | None:
        """Bring a job that is done to its end: an entry, an error, or (None) another job in its place."""
        job = wish.job
        error = job.error
        if isinstance(error, ResourceNotFound):
            found = self._find_instead(wish, error)
            if self._pending.get(key) is not wish:  # the game, asked for a substitute, has seen to that
                return self._gone(key)
            if isinstance(found, Job):
                wish.job = found
                self._loader.submit([found])
                return None
            error = found
        if error is None:
            assert job.samples is not None
            try:
                with self._bracket as al:
                    stored = self._store.upload(al, key, job.samples)
            except ResourceError as refused:
                error = unlinked(refused)
        del self._pending[key]
        self._drop_outdated()
        if error is not None:
            asked = wish.wanted or bool(wish.watchers)
            self._fail(key, error, wish.watchers, asked=asked, raising=raising, size=job.size)
            return unlinked(error)
        entry = self._enter(key, job.samples, stored, wish.asked)  # type: ignore[arg-type]
        job.samples = None
        for watcher in wish.watchers:
            self._resolve(watcher, key, None, job.size)
        if wish.wanted or wish.watchers:
            self._news.cached(key)
        return entry

    def _enter(self, key: str, samples: Samples, stored: StoredBuffer, asked: int) -> Entry:
        entry = self._entries[key] = Entry(key, samples, stored)
        entry.asked = asked
        entry.used = next(self._uses)
        self.size += entry.size
        self.evict(entry)
        return entry

    def _fail(
        self,
        key: str,
        error: ResourceError,
        watchers: list[Watcher],
        *,
        asked: bool = True,
        raising: bool = False,
        size: int = 0,
    ) -> None:
        self.failed += 1
        error = unlinked(error)
        for watcher in watchers:
            self._resolve(watcher, key, error, size)
        if asked:
            self._news.cache_failed(key, error, received=raising or bool(watchers))

    def _resolve(self, watcher: Watcher | None, key: str, error: ResourceError | None, size: int = 0) -> None:
        if watcher is not None:
            watcher._resolved(key, error, size)
            self.stirred[watcher] = None

    def _gone(self, key: str) -> LoadCancelled | DestroyedError:
        """Why a name that was on its way is not any more."""
        if self._finder.closed:
            return DestroyedError(f"{key!r} was not loaded, because its context was destroyed meanwhile")
        return LoadCancelled(key, "decode", "it was freed while it was loaded")

    def _known(self, key: str) -> Entry | _Wish | None:
        return self._entries.get(key) or self._pending.get(key)

    def _begin(self, name: resources.Name, key: str, settings: Settings) -> Entry | _Wish:
        """Look up a name that is not known, and note it as on its way; its job is not submitted yet.

        Raises:
            ResourceError: It is not to be found.
            DestroyedError: The game, asked for a substitute, has destroyed the context.
        """
        resource, substitutes = self._finder.find(name, key)
        found = self._known(key)  # the game, asked for a substitute, may have loaded it
        if found is None:
            found = self._pending[key] = _Wish(Job(resource, settings), substitutes, next(self._uses))
        return found

    def _find_instead(self, wish: _Wish, error: ResourceNotFound) -> Job | ResourceError:
        """A job in place of one whose file was not there, or the error it is to end with."""
        try:
            found = self._finder.find_instead(error, wish.substitutes)
        except ResourceError as failure:
            return unlinked(failure)
        except DestroyedError:
            found = None  # the wish is gone with the context
        if found is None:
            return error
        resource, wish.substitutes = found
        return Job(resource, wish.job.settings)

    # Forgetting

    def forget(self, keys: Iterable[str]) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there. Never waits."""
        for key in keys:
            self._forget_pending(key)
            entry = self._entries.get(key)
            if entry is not None:
                self.remove(entry)

    def _forget_pending(self, key: str) -> None:
        wish = self._pending.pop(key, None)
        if wish is None:
            return
        self._loader.withdraw(wish.job)
        self._drop_outdated()
        stage: Stage = "open" if wish.job.state == "dropped" else "decode"
        for watcher in wish.watchers:
            self._resolve(watcher, key, LoadCancelled(key, stage, "it was freed before it was loaded"), wish.job.size)

    def _drop_outdated(self) -> None:
        """With nothing pending, no update may come to take in what `Buffer` did here, or what was freed."""
        if not self._pending:
            self._loader.finished.clear()

    def withdraw(self, watcher: Watcher) -> None:
        """`watcher` wants nothing any more: what nobody else wants is dropped."""
        self.stirred.pop(watcher, None)
        for key in watcher.names:
            wish = self._pending.get(key)
            if wish is not None and watcher in wish.watchers:
                wish.watchers.remove(watcher)
                if not wish.watchers and not wish.wanted and not wish.awaited:
                    self._forget_pending(key)

    def remove(self, entry: Entry) -> None:
        """Stop the sources of an entry and free it."""
        for source in list(entry.sources):
            self._voices.release(source)
            self._news.source("source_force_stopped", source)
        del self._entries[entry.name]
        self.handles.pop(entry.name, None)
        self.size -= entry.size
        entry.alive = False
        with self._bracket as al:
            self._store.delete(al, entry.stored)

    def evict(self, newest: Entry | None = None) -> None:
        """Forget the least recently used of what nobody refers to, until the limit is kept; not the `newest`."""
        limit = self.cache_limit
        if limit is None or self.size <= limit:
            return
        held = {name for batch in self.holders for name in batch.names}
        for entry in sorted(self._entries.values(), key=lambda entry: entry.used):
            if entry is not newest and not (entry.sources or entry.name in self.handles or entry.name in held):
                self.remove(entry)
                self.evicted += 1
                if self.size <= limit:
                    return
        _log.warning("cache_limit is %d bytes, and %d are in use: nothing else can be evicted", limit, self.size)

    def close(self) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there."""
        self._finder.closed = True
        self.forget([*self._pending, *self._entries])
