"""What is on its way, and who wants it."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from .. import resources
from ..errors import DestroyedError, LoadCancelled, ResourceError, ResourceNotFound, unlinked
from .cache import Entry, SoundCache
from .jobs import DecodeJob
from .upload import UploadJob
from .workers import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .._common.events import EventQueue
    from .._decoding.load import Settings
    from .._decoding.pcm import Samples
    from .._openal import ContextScope
    from .._openal.buffers import StoredBuffer
    from ..errors import Stage
    from .lookup import NameLookup
    from .upload import BufferStore

#: Nanoseconds that one update may spend on publishing; the job that passes it is the last.
PUBLISH_BUDGET = 300_000
#: The part of `cache_limit` that may be in flight before no worker begins anything more.
_PART_IN_FLIGHT = 8


class Watcher(Protocol):
    """Who holds several names and is told what becomes of each (a `Batch`)."""

    @property
    def names(self) -> tuple[str, ...]: ...
    def _resolved(self, name: str, error: ResourceError | None, size: int) -> None: ...


class PendingLoad:
    """A name on its way: its current job, and who waits for it."""

    __slots__ = ("awaited", "job", "order", "requested", "substitutes", "watchers")

    def __init__(self, job: DecodeJob, substitutes: int, order: int) -> None:
        self.job: DecodeJob | UploadJob = job
        #: Its place in the order of what was asked for.
        self.order = order
        #: Substitutes that were tried for it.
        self.substitutes = substitutes
        #: Whether `cache` asked for it: then no batch that is cancelled takes it away.
        self.requested = False
        #: Whether a ``Buffer(name)`` is at it: the same.
        self.awaited = False
        self.watchers: list[Watcher] = []


class LoadRequests:
    """The names that a context is asked for, and their way into memory. Used by the game's thread only.

    A result counts only while its job is its name's current one. A name whose load failed is not in the table, so
    asking again tries again.
    """

    def __init__(
        self,
        scope: ContextScope,
        store: BufferStore,
        loader: WorkerPool,
        shelf: SoundCache,
        news: EventQueue,
        *,
        finder: NameLookup,
        settings: Callable[[], Settings],
    ) -> None:
        """
        Args:
            shelf: Where sounds are put.
            settings: How to load, now.
        """
        self._scope = scope
        self._store = store
        self._loader = loader
        self._shelf = shelf
        self._news = news
        self._finder = finder
        self._settings = settings
        self._pending: dict[str, PendingLoad] = {}
        #: Jobs that this thread is at, innermost last.
        self._running_here: list[DecodeJob | UploadJob] = []
        #: Transfers that nobody wants any more, while somebody is at them.
        self._abandoned: list[UploadJob] = []
        self.failed = 0
        #: Nanoseconds that one `publish` may take.
        self.publish_budget = PUBLISH_BUDGET
        #: Batches with something to tell.
        self.changed_batches: dict[Any, None] = {}

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
        return bool(self._pending or self.changed_batches or self._abandoned or self._shelf.searching)

    def contains(self, name: str) -> bool:
        """Whether `name` is in memory or on its way."""
        return self._known(name) is not None

    def loading_sizes(self) -> Iterator[tuple[str, int]]:
        """Names on their way whose files are open, and the bytes these have."""
        for task in self._loader.unpublished_jobs():
            pending = self._pending.get(task.key)
            if task.size and pending is not None and pending.job is task:
                yield task.key, task.size

    @property
    def limit(self) -> int | None:
        """Bytes of samples to keep; None: no limit."""
        return self._shelf.limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._shelf.limit = limit
        self._loader.budget = None if limit is None else limit // _PART_IN_FLIGHT
        self._evict()

    def take_changed_batches(self) -> dict[Any, None]:
        """Return the batches with new results since the last call."""
        changed, self.changed_batches = self.changed_batches, {}
        return changed

    # Asking for names

    def request(
        self, names: Mapping[str, resources.Name], watcher: Watcher | None = None, *, first: bool = False
    ) -> None:
        """Have `names` (by key) loaded in the background; those there or on their way are not loaded again.

        Args:
            first: Whether they come before what is queued.
        """
        jobs: list[DecodeJob | UploadJob] = []
        settings = self._settings()
        try:
            for key, name in names.items():
                try:
                    found = self._known(key) or self._start_load(name, key, settings)
                except ResourceError as error:
                    self._fail(key, error, [watcher] if watcher is not None else [])
                    continue
                if isinstance(found, Entry):
                    self._shelf.mark_used(found)
                    self._resolve(watcher, key, None)
                    continue
                if watcher is None:
                    found.requested = True
                else:
                    found.watchers.append(watcher)
                jobs.append(found.job)
        finally:  # the game is asked for substitutes: what raises there takes no other name away
            self._loader.submit(jobs, first=first)

    def queued_by_size(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that nobody has begun, the largest files first: so no thread is at a long one at the end."""
        jobs = [pending.job for key in keys if (pending := self._pending.get(key)) is not None]
        queued = [
            (job.resource.weight() if isinstance(job, DecodeJob) else job.memory, job.key)
            for job in jobs
            if job.state == "queued"
        ]
        return [key for _, key in sorted(queued, key=itemgetter(0), reverse=True)]

    def prefer(self, keys: Iterable[str]) -> None:
        """Have those of `keys` that are queued done before all else, in their order."""
        loads = [pending for key in keys if (pending := self._pending.get(key)) is not None]
        self._loader.submit([pending.job for pending in loads], first=True)

    def load_now(self, name: resources.Name) -> Entry:
        """What is in memory under `name`, loading or waiting for it alone if need be.

        Raises:
            ResourceError: It cannot be loaded.
        """
        key = resources.key_of(name)
        pending = self._known(key) or self._start_load(name, key, self._settings())
        if isinstance(pending, Entry):
            self._shelf.mark_used(pending)
            return pending
        pending.awaited = True
        while True:
            job = pending.job  # if it is new, no worker has heard of it
            self.check_not_loading(key, job)
            try:
                if not self.run_here(job):
                    self._loader.wait_for(job)
            except BaseException:  # Ctrl-C, while waiting or decoding
                pending.awaited = False
                if self._pending.get(key) is pending and not pending.requested and not pending.watchers:
                    self._forget_pending(key)
                raise
            if self._pending.get(key) is not pending:
                raise self._cancelled_error(
                    key
                )  # a decoder or buffer_loading of the game's, called here, has seen to that
            outcome = self._settle(key, pending, raising=True)
            if isinstance(outcome, Entry):
                self._evict()
                return outcome
            if outcome is not None:
                raise outcome

    def run_here(self, job: DecodeJob | UploadJob) -> bool:
        """Do a job on this thread, if nobody else has it."""
        if not self._loader.claim(job):
            return False
        self._running_here.append(job)
        try:
            job.run()
        except BaseException as error:  # Ctrl-C; nobody else can bring the job to its end
            job.error = LoadCancelled(job.key, "decode", f"{type(error).__name__} while it was loaded")
            raise
        finally:
            self._running_here.remove(job)
            self._loader.finish(job)
        return True

    def run_queued(self, key: str) -> bool:
        """Load a name on this thread, if it is on its way and nobody has begun."""
        pending = self._pending.get(key)
        return pending is not None and self.run_here(pending.job)

    def check_not_loading(self, what: str, job: DecodeJob | UploadJob | None = None) -> None:
        """Raise where waiting would be for ever: for a job that this thread itself is doing.

        A game's `buffer_loading`, decoder or file, called by ``Buffer(name)``, can get here.
        """
        if self._running_here if job is None else job in self._running_here:
            raise RuntimeError(f"{what!r} cannot be waited for by what is called to load it")

    def insert(self, name: str, samples: Samples) -> Entry:
        """Put samples that the game has made under a new name."""
        with self._scope as al:
            stored = self._store.upload(al, name, samples)
        entry = self._shelf.add(name, samples, stored, self._shelf.next_order())
        self._evict()
        return entry

    # What the workers have finished

    def publish(self) -> list[str]:
        """Publish finished jobs until `publish_budget` is used up.

        Returns:
            The names that go on as another job.
        """
        going_on: list[str] = []
        self._release_abandoned()
        loader = self._loader
        if not loader.finished and not self._shelf.searching:
            return going_on
        deadline = time.perf_counter_ns() + self.publish_budget
        self._evict(deadline)
        while (job := loader.take_finished()) is not None:
            pending = self._pending.get(job.key)
            if pending is not None and pending.job is job:
                try:
                    if self._settle(job.key, pending, raising=False) is None:
                        going_on.append(job.key)
                except BaseException:  # Ctrl-C in a game's resource_not_found: the next update tries again
                    if self._pending.get(job.key) is pending and pending.job is job:
                        loader.return_finished(job)
                    raise
                self._evict(deadline)
                if time.perf_counter_ns() >= deadline:
                    break
        return going_on

    def _settle(
        self, key: str, pending: PendingLoad, *, raising: bool
    ) -> Entry | ResourceError | DestroyedError | None:
        """Bring a job that is done to its end: an entry, an error, or (None) another job in its place."""
        job = pending.job
        self._loader.mark_published(job)
        error = job.error
        if isinstance(error, ResourceNotFound) and isinstance(job, DecodeJob):
            found = self._find_instead(pending, error, job.settings)
            if self._pending.get(key) is not pending:  # the game, asked for a substitute, has seen to that
                return self._cancelled_error(key)
            if isinstance(found, DecodeJob):
                pending.job = found
                self._loader.submit([found])
                return None
            error = found
        samples = job.samples
        if error is None:
            assert samples is not None
            try:
                with self._scope as al:
                    if isinstance(job, UploadJob):
                        stored: StoredBuffer | UploadJob = self._store.finish(al, job)
                    else:
                        stored = self._store.begin(al, key, samples)
            except ResourceError as refused:
                error = unlinked(refused)
            else:
                if isinstance(stored, UploadJob):
                    stored.size = job.size
                    pending.job = stored
                    self._loader.submit([stored], first=True)  # its samples are in memory twice
                    return None
        elif isinstance(job, UploadJob):  # it was interrupted
            with self._scope as al:
                self._store.abandon(al, job)
        del self._pending[key]
        self._discard_unwanted_results()
        if error is not None:
            asked = pending.requested or bool(pending.watchers)
            self._fail(key, error, pending.watchers, asked=asked, raising=raising, size=job.size)
            return unlinked(error)
        assert samples is not None
        assert not isinstance(stored, UploadJob)
        entry = self._shelf.add(key, samples, stored, pending.order)
        job.discard_result()
        for watcher in pending.watchers:
            self._resolve(watcher, key, None, job.size)
        if pending.requested or pending.watchers:
            self._news.post_cached(key)
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
            self._news.post_cache_failed(key, error, received=raising or bool(watchers))

    def _resolve(self, watcher: Watcher | None, key: str, error: ResourceError | None, size: int = 0) -> None:
        if watcher is not None:
            watcher._resolved(key, error, size)
            self.changed_batches[watcher] = None

    def _cancelled_error(self, key: str) -> LoadCancelled | DestroyedError:
        """Why a name that was on its way is not any more."""
        if self._finder.closed:
            return DestroyedError(f"{key!r} was not loaded, because its context was destroyed meanwhile")
        return LoadCancelled(key, "decode", "it was freed while it was loaded")

    def _known(self, key: str) -> Entry | PendingLoad | None:
        return self._shelf.get(key) or self._pending.get(key)

    def _start_load(self, name: resources.Name, key: str, settings: Settings) -> Entry | PendingLoad:
        """Look up a name that is not known, and note it as on its way; its job is not submitted yet.

        Raises:
            ResourceError: It is not to be found.
            DestroyedError: The game, asked for a substitute, has destroyed the context.
        """
        resource, substitutes = self._finder.find(name, key)
        found = self._known(key)  # the game, asked for a substitute, may have loaded it
        if found is None:
            found = self._pending[key] = PendingLoad(
                DecodeJob(resource, settings), substitutes, self._shelf.next_order()
            )
        return found

    def _find_instead(
        self, pending: PendingLoad, error: ResourceNotFound, settings: Settings
    ) -> DecodeJob | ResourceError:
        """A job in place of one whose file was not there, or the error it is to end with."""
        try:
            found = self._finder.find_instead(error, pending.substitutes)
        except ResourceError as failure:
            return unlinked(failure)
        except DestroyedError:
            found = None  # the pending is gone with the context
        if found is None:
            return error
        resource, pending.substitutes = found
        return DecodeJob(resource, settings)

    # Forgetting

    def forget(self, keys: Iterable[str]) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there. Never waits."""
        for key in keys:
            self._forget_pending(key)
            entry = self._shelf.get(key)
            if entry is not None:
                self._shelf.remove(entry)

    def _forget_pending(self, key: str) -> None:
        pending = self._pending.pop(key, None)
        if pending is None:
            return
        job = pending.job
        self._loader.withdraw(job)
        if isinstance(job, UploadJob):
            self._abandoned.append(job)
            self._release_abandoned()
        self._discard_unwanted_results()
        stage: Stage = "upload" if isinstance(job, UploadJob) else "open" if job.state == "dropped" else "decode"
        for watcher in pending.watchers:
            self._resolve(watcher, key, LoadCancelled(key, stage, "it was freed before it was loaded"), job.size)

    def _discard_unwanted_results(self) -> None:
        """With nothing pending, no update may come to take in what `Buffer` did here, or what was freed."""
        if not self._pending:
            self._loader.discard_finished()

    def _release_abandoned(self) -> None:
        """Let go of buffers that nobody wants, once nobody copies into them and no source has them attached."""
        if self._store.refused or self._abandoned:
            over = [transfer for transfer in self._abandoned if transfer.state != "claimed"]
            self._abandoned = [transfer for transfer in self._abandoned if transfer not in over]
            with self._scope as al:
                self._store.retry(al)
                for transfer in over:
                    self._store.abandon(al, transfer)

    def _evict(self, deadline: int | None = None) -> None:
        """Evict what is too much, until `deadline`."""
        if self._shelf.limit is not None:
            self._shelf.evict(self._loader.in_flight, deadline)

    def withdraw(self, watcher: Watcher) -> None:
        """`watcher` wants nothing any more: what nobody else wants is dropped."""
        self.changed_batches.pop(watcher, None)
        for key in watcher.names:
            pending = self._pending.get(key)
            if pending is not None and watcher in pending.watchers:
                pending.watchers.remove(watcher)
                if not pending.watchers and not pending.requested and not pending.awaited:
                    self._forget_pending(key)

    def close(self) -> None:
        """Drop what is queued, disown what is being loaded, stop and free what is there.

        Waits for what is being copied into OpenAL's memory, which takes as long as copying does.
        """
        self._finder.closed = True
        self.forget([*self._pending, *self._shelf])
        for transfer in self._abandoned:
            self._loader.wait_for(transfer)
        self._release_abandoned()
