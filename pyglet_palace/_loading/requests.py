"""What is on its way, and who wants it."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from .. import resources
from ..errors import DestroyedError, LoadCancelled, ResourceError, ResourceNotFound, unlinked
from .cache import Entry, Shelf
from .jobs import Job
from .upload import Transfer
from .workers import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .._common.events import News
    from .._decoding.load import Samples, Settings
    from .._openal import Bracket
    from ..errors import Stage
    from .lookup import Finder
    from .upload import BufferStore, StoredBuffer

#: Nanoseconds that one update may spend on publishing; the job that passes it is the last.
PUBLISH_BUDGET = 300_000
#: The part of `cache_limit` that may be in flight before no worker begins anything more.
_PART_IN_FLIGHT = 8


class Watcher(Protocol):
    """Who holds several names and is told what becomes of each (a `Batch`)."""

    @property
    def names(self) -> tuple[str, ...]: ...
    def _resolved(self, name: str, error: ResourceError | None, size: int) -> None: ...


class _Wish:
    """A name on its way: its current job, and who waits for it."""

    __slots__ = ("asked", "awaited", "job", "substitutes", "wanted", "watchers")

    def __init__(self, job: Job, substitutes: int, asked: int) -> None:
        self.job: Job | Transfer = job
        #: Its place in the order of what was asked for.
        self.asked = asked
        #: Substitutes that were tried for it.
        self.substitutes = substitutes
        #: Whether `cache` asked for it: then no batch that is cancelled takes it away.
        self.wanted = False
        #: Whether a ``Buffer(name)`` is at it: the same.
        self.awaited = False
        self.watchers: list[Watcher] = []


class Table:
    """The names that a context is asked for, and their way into memory. Used by the game's thread only.

    A result counts only while its job is its name's current one. A name whose load failed is not in the table, so
    asking again tries again.
    """

    def __init__(
        self,
        bracket: Bracket,
        store: BufferStore,
        loader: Loader,
        shelf: Shelf,
        news: News,
        *,
        finder: Finder,
        settings: Callable[[], Settings],
    ) -> None:
        """
        Args:
            shelf: Where sounds are put.
            settings: How to load, now.
        """
        self._bracket = bracket
        self._store = store
        self._loader = loader
        self._shelf = shelf
        self._news = news
        self._finder = finder
        self._settings = settings
        self._pending: dict[str, _Wish] = {}
        #: Jobs that this thread is at, innermost last.
        self._doing: list[Job | Transfer] = []
        #: Transfers that nobody wants any more, while somebody is at them.
        self._abandoned: list[Transfer] = []
        self.failed = 0
        #: Batches with something to tell.
        self.stirred: dict[Any, None] = {}

    # What there is

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Names on their way, in the order they were asked for."""
        return tuple(self._pending)

    @property
    def pending(self) -> int:
        """How many names are on their way."""
        return len(self._pending)

    @property
    def busy(self) -> bool:
        """Whether anything is on its way, to be told or to be forgotten."""
        return bool(self._pending or self.stirred or self._abandoned or self._shelf.searching)

    def is_known(self, name: str) -> bool:
        """Whether `name` is in memory or on its way."""
        return self._known(name) is not None

    def weights(self) -> Iterator[tuple[str, int]]:
        """Names on their way whose files are open, and the bytes these have."""
        for task in self._loader.active():
            wish = self._pending.get(task.key)
            if task.size and wish is not None and wish.job is task:
                yield task.key, task.size

    @property
    def limit(self) -> int | None:
        """Bytes of samples to keep; None: no limit."""
        return self._shelf.limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._shelf.limit = limit
        self._loader.budget = None if limit is None else limit // _PART_IN_FLIGHT
        self._make_room()

    # Asking for names

    def request(
        self, names: Mapping[str, resources.Name], watcher: Watcher | None = None, *, first: bool = False
    ) -> None:
        """Have `names` (by key) loaded in the background; those there or on their way are not loaded again.

        Args:
            first: Whether they come before what is queued.
        """
        jobs: list[Job | Transfer] = []
        settings = self._settings()
        try:
            for key, name in names.items():
                try:
                    found = self._known(key) or self._begin(name, key, settings)
                except ResourceError as error:
                    self._fail(key, error, [watcher] if watcher is not None else [])
                    continue
                if isinstance(found, Entry):
                    self._shelf.use(found)
                    self._resolve(watcher, key, None)
                    continue
                if watcher is None:
                    found.wanted = True
                else:
                    found.watchers.append(watcher)
                jobs.append(found.job)
        finally:  # the game is asked for substitutes: what raises there takes no other name away
            self._loader.submit(jobs, first=first)

    def largest_first(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that nobody has begun, the largest files first: so no thread is at a long one at the end."""
        jobs = [wish.job for key in keys if (wish := self._pending.get(key)) is not None]
        queued = [
            (job.resource.weight() if isinstance(job, Job) else job.memory, job.key)
            for job in jobs
            if job.state == "queued"
        ]
        return [key for _, key in sorted(queued, key=itemgetter(0), reverse=True)]

    def prefer(self, keys: Iterable[str]) -> None:
        """Have those of `keys` that are queued done before all else, in their order."""
        wishes = [wish for key in keys if (wish := self._pending.get(key)) is not None]
        self._loader.submit([wish.job for wish in wishes], first=True)

    def obtain(self, name: resources.Name) -> Entry:
        """What is in memory under `name`, loading or waiting for it alone if need be.

        Raises:
            ResourceError: It cannot be loaded.
        """
        key = resources.key_of(name)
        wish = self._known(key) or self._begin(name, key, self._settings())
        if isinstance(wish, Entry):
            self._shelf.use(wish)
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
                self._make_room()
                return outcome
            if outcome is not None:
                raise outcome

    def do_here(self, job: Job | Transfer) -> bool:
        """Do a job on this thread, if nobody else has it."""
        if not self._loader.claim(job):
            return False
        self._doing.append(job)
        try:
            job.do()
        except BaseException as error:  # Ctrl-C; nobody else can bring the job to its end
            job.error = LoadCancelled(job.key, "decode", f"{type(error).__name__} while it was loaded")
            raise
        finally:
            self._doing.remove(job)
            self._loader.hand_over(job)
        return True

    def do_queued(self, key: str) -> bool:
        """Load a name on this thread, if it is on its way and nobody has begun."""
        wish = self._pending.get(key)
        return wish is not None and self.do_here(wish.job)

    def check_not_loading(self, what: str, job: Job | Transfer | None = None) -> None:
        """Raise where waiting would be for ever: for a job that this thread itself is doing.

        A game's `buffer_loading`, decoder or file, called by ``Buffer(name)``, can get here.
        """
        if self._doing if job is None else job in self._doing:
            raise RuntimeError(f"{what!r} cannot be waited for by what is called to load it")

    def insert(self, name: str, samples: Samples) -> Entry:
        """Put samples that the game has made under a new name."""
        with self._bracket as al:
            stored = self._store.upload(al, name, samples)
        entry = self._shelf.enter(name, samples, stored, self._shelf.turn())
        self._make_room()
        return entry

    # What the workers have finished

    def publish(self, budget: int = PUBLISH_BUDGET) -> list[str]:
        """Take in finished jobs, for about `budget` nanoseconds.

        Returns:
            The names that go on as another job.
        """
        going_on: list[str] = []
        self._clean_up()
        loader = self._loader
        if not loader.finished and not self._shelf.searching:
            return going_on
        deadline = time.perf_counter_ns() + budget
        self._make_room(deadline)
        while (job := loader.take()) is not None:
            wish = self._pending.get(job.key)
            if wish is not None and wish.job is job:
                try:
                    if self._settle(job.key, wish, raising=False) is None:
                        going_on.append(job.key)
                except BaseException:  # Ctrl-C in a game's resource_not_found: the next update tries again
                    if self._pending.get(job.key) is wish and wish.job is job:
                        loader.put_back(job)
                    raise
                self._make_room(deadline)
                if time.perf_counter_ns() >= deadline:
                    break
        return going_on

    def _settle(self, key: str, wish: _Wish, *, raising: bool) -> Entry | ResourceError | DestroyedError | None:
        """Bring a job that is done to its end: an entry, an error, or (None) another job in its place."""
        job = wish.job
        self._loader.settled(job)
        error = job.error
        if isinstance(error, ResourceNotFound) and isinstance(job, Job):
            found = self._find_instead(wish, error, job.settings)
            if self._pending.get(key) is not wish:  # the game, asked for a substitute, has seen to that
                return self._gone(key)
            if isinstance(found, Job):
                wish.job = found
                self._loader.submit([found])
                return None
            error = found
        samples = job.samples
        if error is None:
            assert samples is not None
            try:
                with self._bracket as al:
                    if isinstance(job, Transfer):
                        stored: StoredBuffer | Transfer = self._store.finish(al, job)
                    else:
                        stored = self._store.begin(al, key, samples)
            except ResourceError as refused:
                error = unlinked(refused)
            else:
                if isinstance(stored, Transfer):
                    stored.size = job.size
                    wish.job = stored
                    self._loader.submit([stored], first=True)  # its samples are in memory twice
                    return None
        elif isinstance(job, Transfer):  # it was interrupted
            with self._bracket as al:
                self._store.abandon(al, job)
        del self._pending[key]
        self._drop_outdated()
        if error is not None:
            asked = wish.wanted or bool(wish.watchers)
            self._fail(key, error, wish.watchers, asked=asked, raising=raising, size=job.size)
            return unlinked(error)
        assert samples is not None
        assert not isinstance(stored, Transfer)
        entry = self._shelf.enter(key, samples, stored, wish.asked)
        job.let_go()
        for watcher in wish.watchers:
            self._resolve(watcher, key, None, job.size)
        if wish.wanted or wish.watchers:
            self._news.cached(key)
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
        return self._shelf.get(key) or self._pending.get(key)

    def _begin(self, name: resources.Name, key: str, settings: Settings) -> Entry | _Wish:
        """Look up a name that is not known, and note it as on its way; its job is not submitted yet.

        Raises:
            ResourceError: It is not to be found.
            DestroyedError: The game, asked for a substitute, has destroyed the context.
        """
        resource, substitutes = self._finder.find(name, key)
        found = self._known(key)  # the game, asked for a substitute, may have loaded it
        if found is None:
            found = self._pending[key] = _Wish(Job(resource, settings), substitutes, self._shelf.turn())
        return found

    def _find_instead(self, wish: _Wish, error: ResourceNotFound, settings: Settings) -> Job | ResourceError:
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
        return Job(resource, settings)

    # Forgetting

    def forget(self, keys: Iterable[str]) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there. Never waits."""
        for key in keys:
            self._forget_pending(key)
            entry = self._shelf.get(key)
            if entry is not None:
                self._shelf.remove(entry)

    def _forget_pending(self, key: str) -> None:
        wish = self._pending.pop(key, None)
        if wish is None:
            return
        job = wish.job
        self._loader.withdraw(job)
        if isinstance(job, Transfer):
            self._abandoned.append(job)
            self._clean_up()
        self._drop_outdated()
        stage: Stage = "upload" if isinstance(job, Transfer) else "open" if job.state == "dropped" else "decode"
        for watcher in wish.watchers:
            self._resolve(watcher, key, LoadCancelled(key, stage, "it was freed before it was loaded"), job.size)

    def _drop_outdated(self) -> None:
        """With nothing pending, no update may come to take in what `Buffer` did here, or what was freed."""
        if not self._pending:
            self._loader.forget_finished()

    def _clean_up(self) -> None:
        """Let go of buffers that nobody wants, once nobody copies into them and no source has them attached."""
        if self._store.refused or self._abandoned:
            over = [transfer for transfer in self._abandoned if transfer.state != "claimed"]
            self._abandoned = [transfer for transfer in self._abandoned if transfer not in over]
            with self._bracket as al:
                self._store.retry(al)
                for transfer in over:
                    self._store.abandon(al, transfer)

    def _make_room(self, deadline: int | None = None) -> None:
        """Evict what is too much, until `deadline`."""
        if self._shelf.limit is not None:
            self._shelf.evict(self._loader.in_flight, deadline)

    def withdraw(self, watcher: Watcher) -> None:
        """`watcher` wants nothing any more: what nobody else wants is dropped."""
        self.stirred.pop(watcher, None)
        for key in watcher.names:
            wish = self._pending.get(key)
            if wish is not None and watcher in wish.watchers:
                wish.watchers.remove(watcher)
                if not wish.watchers and not wish.wanted and not wish.awaited:
                    self._forget_pending(key)

    def close(self) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there.

        Waits for what is being copied into OpenAL's memory, which takes as long as copying does.
        """
        self._finder.closed = True
        self.forget([*self._pending, *self._shelf])
        for transfer in self._abandoned:
            self._loader.wait_for(transfer)
        self._clean_up()
