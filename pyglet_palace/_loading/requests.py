"""Pending loads and their waiters."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from .. import resources
from .._common.log import warn_once
from .._common.text import short_repr
from ..errors import DestroyedError, LoadCancelled, ResourceError, ResourceNotFound, unlinked
from .cache import CacheEntry, SoundCache
from .calling_thread import CallingThread
from .expected_time import Survey
from .jobs import DecodeJob, Job
from .publishing import Publisher
from .upload import UploadJob
from .waiting import BatchWaits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from .._decoding.load import Settings
    from ..errors import Stage
    from .lookup import NameLookup
    from .watcher import Watcher
    from .workers import WorkerPool

#: Nanoseconds that one update may spend on publishing. The job that exceeds them is the update's last.
PUBLISH_BUDGET = 300_000
#: Workers claim no job while more than `cache_limit` divided by this is in flight.
_BUDGET_DIVISOR = 8


class LoadRequests:
    """Pending loads of a context. Used on the main thread only.

    A result counts only if its job is still the current job of its name. A failed load is removed, so the next
    request of the name tries again.
    """

    def __init__(
        self,
        workers: WorkerPool,
        cache: SoundCache,
        publisher: Publisher,
        *,
        lookup: NameLookup,
        settings: Callable[[], Settings],
    ) -> None:
        """Start without pending loads.

        Args:
            workers: Runs the jobs.
            cache: The loaded sounds.
            publisher: Publishes the results.
            lookup: Finds the resource of a name.
            settings: Returns the settings of a load that starts now.
        """
        self._workers = workers
        self._cache = cache
        self._publisher = publisher
        self._lookup = lookup
        self._settings = settings
        #: The present job of each pending load, in the order of the requests.
        self._pending: dict[str, DecodeJob | UploadJob] = {}
        #: The jobs of dropped loads, and errors for their waiters. Empty outside of calls, unless one was interrupted.
        self._cancelled: deque[tuple[DecodeJob | UploadJob, LoadCancelled]] = deque()
        self._here = CallingThread(workers)
        self._waits = BatchWaits(self, workers, self._here)
        #: Nanoseconds that one `publish` may take.
        self.publish_budget = PUBLISH_BUDGET
        #: Whether `publish` completes all pending loads, in the order of their requests, and blocks meanwhile. Then the
        #: results do not depend on the speed of the threads.
        self.in_order = False

    # State

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Names of the pending loads, in the order of the requests."""
        return tuple(self._pending)

    @property
    def pending(self) -> int:
        """Number of pending loads."""
        return len(self._pending)

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty while there are loads, results to report, deletes or evictions."""
        return self._pending, self._cancelled, *self._publisher.work

    def contains(self, name: str) -> bool:
        """Return whether `name` is cached or pending."""
        return self._known(name) is not None

    def unpublished_jobs(self) -> Iterator[Job]:
        """Yield the jobs of pending loads that run or wait to be published."""
        for job in self._workers.unpublished_jobs():
            if self._pending.get(job.key) is job:
                yield job

    @property
    def limit(self) -> int | None:
        """Limit of the cache in bytes of samples; None: no limit."""
        return self._cache.limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._cache.limit = limit
        self._workers.budget = None if limit is None else limit // _BUDGET_DIVISOR
        self._publisher.evict()

    # Requests

    def request(self, keys: Iterable[str], watcher: Watcher | None = None, *, first: bool = False) -> None:
        """Load sounds in the background. Cached and pending names are not loaded again.

        Args:
            keys: The cache keys.
            watcher: Receives the result of each name; None: `cache` requested the names.
            first: Whether to put the jobs at the front of the queue.
        """
        if self._lookup.closed:  # another thread asked for it before the context was destroyed
            for key in keys:
                error = LoadCancelled(key, "find", "its context was destroyed before it was loaded")
                self._publisher.resolve(watcher, key, error)
            return
        try:
            self._request(keys, watcher, first)
        except BaseException:  # Ctrl-C, or an error in the game's resource_not_found
            self._recover()
            raise

    def _request(self, keys: Iterable[str], watcher: Watcher | None, first: bool) -> None:
        jobs: list[DecodeJob | UploadJob] = []
        settings = self._settings()
        cached, pending = self._cache.get, self._pending.get
        try:
            for key in keys:
                try:
                    found = cached(key) or pending(key) or self._start_load(key, settings)
                except ResourceError as error:
                    self._publisher.fail(key, error, (watcher,) if watcher is not None else ())
                    continue
                if isinstance(found, CacheEntry):
                    self._cache.mark_used(found)
                    self._publisher.resolve(watcher, key, None)
                    continue
                if watcher is None:
                    found.requested = True
                else:
                    found.watchers += (watcher,)
                jobs.append(found)
        finally:  # an exception of the game's resource_not_found must not lose the other names
            if watcher is not None:
                decode_jobs = [job for job in jobs if isinstance(job, DecodeJob)]
                survey = Survey(decode_jobs)
                for job in decode_jobs:
                    job.survey = survey
                watcher._surveyed(jobs, survey)
            self._workers.submit(jobs, first=first)

    def request_one(self, key: str, watcher: Watcher) -> None:
        """Load one name ahead of everything queued, as ``request(first=True)`` does, in less time.

        Args:
            key: The cache key.
            watcher: Receives the result.
        """
        try:
            found = self._pending.get(key) or self._start_load(key, self._settings())
        except ResourceError as error:
            self._publisher.fail(key, error, (watcher,))
            return
        if isinstance(found, CacheEntry):  # the game's resource_not_found has loaded it
            self._publisher.resolve(watcher, key, None)
            return
        found.watchers += (watcher,)
        self._workers.submit_first(found)

    def jobs_of(self, keys: Iterable[str]) -> list[DecodeJob | UploadJob]:
        """Return the jobs of those of `keys` that are pending."""
        return [job for key in keys if (job := self._pending.get(key)) is not None]

    def prefer(self, keys: Iterable[str]) -> None:
        """Move the queued jobs of `keys` to the front of the queue, in the order of `keys`."""
        self._workers.submit(self.jobs_of(keys), first=True)

    def wait(self, batch: Watcher, timeout: float | None) -> None:
        """Block until `batch` is finished; see `BatchWaits.wait`."""
        self._here.check_not_running("a batch")
        self._waits.wait(batch, timeout)

    def load_now(self, name: resources.Name) -> CacheEntry:
        """Return the cache entry of `name`; if it is not cached, load it or wait for its load.

        Blocks until this one load has ended. Other loads are not waited for.

        Raises:
            ResourceError: The sound cannot be loaded.
            RuntimeError: A callback of the load of `name` made this call.
            DestroyedError: The game destroyed the context during the load.
        """
        key = resources.key_of(name)
        found = self._known(key) or self._start_load(key, self._settings())
        if isinstance(found, CacheEntry):
            self._cache.mark_used(found)
            return found
        if isinstance(found, DecodeJob):
            self._warn_of_second_name(found.resource)
        outcome = self._complete(found, raising=True)
        if not isinstance(outcome, CacheEntry):
            raise outcome
        self._publisher.evict()
        return outcome

    def _complete(self, job: DecodeJob | UploadJob, *, raising: bool) -> CacheEntry | ResourceError | DestroyedError:
        """Run the jobs of a pending load or wait for them, and publish the result. Blocks.

        Args:
            job: The present job of the load.
            raising: Whether the caller raises the error, so that it need not be logged.

        Returns:
            The new cache entry, or the error of the load.

        Raises:
            RuntimeError: A callback of this load made this call.
        """
        key = job.key
        job.awaited = True
        while True:
            self._here.check_not_running(key, job)
            try:
                # `load_now` does not submit a new job, so workers do not know it.
                while job.state in ("queued", "claimed") and not self._here.run(job):
                    self._workers.wait_for(job)
            except BaseException:  # Ctrl-C, while waiting or decoding
                job.awaited = False
                if self._pending.get(key) is job and not job.has_waiter:
                    self._forget_pending(key)
                raise
            if self._pending.get(key) is not job:  # the game's decoder or buffer_loading, called here, freed it
                return self._cancelled_error(key)
            outcome = self._publish_job(job, raising=raising)
            if not isinstance(outcome, Job):
                return outcome
            job = outcome

    def _warn_of_second_name(self, resource: resources.Resource) -> None:
        """Warn if the file of a resource was loaded by its path, too. The cache then has its samples twice."""
        path = resource.path_key
        if path != resource.key and self.contains(path):
            text = f"{short_repr(resource.key)} was loaded before as the path {short_repr(path)}. These are two sounds"
            warn_once(f"{text} in the cache: use one of the names, for instance those of resources_in()")

    # Results of the workers

    def publish(self, *, waiting: bool = False) -> list[str]:
        """Publish finished jobs until `publish_budget` is used up; if `in_order`, complete all pending loads.

        Args:
            waiting: Whether the main thread waits for loads. Then there is no budget.

        Returns:
            The names whose loads continue with another job.
        """
        continued: list[str] = []
        if self._waits.kept and not waiting:  # Ctrl-C has interrupted the end of a wait
            self._waits.release_kept()
        if self._cancelled:
            self._report_cancelled()
        self._publisher.release_abandoned()
        if self.in_order and not self._here.running:
            for key in list(self._pending):
                if (load := self._pending.get(key)) is not None:
                    self._complete(load, raising=False)
            self._publisher.evict()
            return continued
        workers = self._workers
        if not workers.finished and not self._cache.searching:
            return continued
        deadline = None if waiting else time.perf_counter_ns() + self.publish_budget
        self._publisher.evict(deadline)
        try:
            while (finished := workers.take_finished()) is not None:
                job = self._pending.get(finished.key)
                if job is not None and job is finished:
                    if isinstance(self._publish_job(job, raising=False), Job):
                        continued.append(job.key)
                    self._publisher.evict(deadline)
                    if deadline is not None and time.perf_counter_ns() >= deadline:
                        break
        except BaseException:  # Ctrl-C, or an error in the game's resource_not_found: the next update tries again
            self._recover()
            raise
        return continued

    def _recover(self) -> None:
        """Queue the jobs of pending loads, or their results, again, after an exception between two steps of a load."""
        jobs = list(self._pending.values())
        self._workers.submit(jobs)
        self._workers.return_finished(jobs)

    def _publish_job(
        self, job: DecodeJob | UploadJob, *, raising: bool
    ) -> CacheEntry | ResourceError | DestroyedError | DecodeJob | UploadJob:
        """Publish the result of a finished job: cache its sound, fail its load, or start a job that follows it.

        Args:
            job: The present job of a pending load.
            raising: Whether the caller raises the error, so that it need not be logged.

        Returns:
            The new cache entry, the error of the load, or the job that follows.
        """
        key = job.key
        self._workers.mark_published(job)
        error = job.error
        if isinstance(error, ResourceNotFound) and isinstance(job, DecodeJob):
            found = self._find_instead(job, error)
            if self._pending.get(key) is not job:  # the game's resource_not_found freed it
                return self._cancelled_error(key)
            if isinstance(found, DecodeJob):
                return self._follow(job, found)
            error = found
        if error is not None:
            job.error = error
        outcome = self._cache.get(key) or self._publisher.upload(job)
        if isinstance(outcome, UploadJob):
            return self._follow(job, outcome, first=True)  # until it is done, the samples are in memory twice
        if isinstance(outcome, ResourceError):
            post = job.requested or bool(job.watchers)
            self._publisher.fail(key, outcome, job.watchers, post=post, raising=raising, expected=job.expected)
            outcome = unlinked(outcome)
        else:
            self._publisher.report(job)
        del self._pending[key]  # last: after an interrupt, the next update reports to the waiters that are left
        job.watchers = ()  # another batch may keep the job
        self._discard_unwanted_results()
        return outcome

    def _follow(
        self, job: DecodeJob | UploadJob, following: DecodeJob | UploadJob, *, first: bool = False
    ) -> DecodeJob | UploadJob:
        """Let a load continue with another job, and submit it. Returns that job."""
        following.follow(job)
        self._pending[job.key] = following
        job.watchers = ()
        self._workers.submit([following], first=first)
        return following

    def _cancelled_error(self, key: str) -> LoadCancelled | DestroyedError:
        """Return the error for a load that was dropped while it ran."""
        if self._lookup.closed:
            return DestroyedError(
                f"{short_repr(key)} was not loaded, because its context was destroyed during the load"
            )
        return LoadCancelled(key, "decode", "the sound was freed while it was loading")

    def _known(self, key: str) -> CacheEntry | DecodeJob | UploadJob | None:
        return self._cache.get(key) or self._pending.get(key)

    def _start_load(self, key: str, settings: Settings) -> CacheEntry | DecodeJob | UploadJob:
        """Look up a name that is neither cached nor pending, and add a pending load. Does not submit its job.

        Raises:
            ResourceError: The name is not found.
            DestroyedError: The game's `resource_not_found` destroyed the context.
        """
        try:
            resource, substitutes = self._lookup.find(key, key)
        except ResourceError as error:
            self._publisher.errors[key] = unlinked(error)
            raise
        found = self._cache.get(key) or self._pending.get(key)  # the game's resource_not_found may have loaded it
        if found is not None:
            return found
        job = self._pending[key] = DecodeJob(resource, settings)
        job.order = self._cache.next_order()
        if substitutes:
            job.substitutes = substitutes
        return job

    def _find_instead(self, job: DecodeJob, error: ResourceNotFound) -> DecodeJob | ResourceError:
        """Return the job that follows, for a substitute of a file that was not found, or the error of the load."""
        try:
            found = self._lookup.find_instead(error, job.substitutes)
        except ResourceError as failure:
            return unlinked(failure)
        except DestroyedError:
            found = None  # the pending load was dropped with the context
        if found is None:
            return error
        resource, substitutes = found
        following = DecodeJob(resource, job.settings)
        following.substitutes = substitutes
        return following

    # Dropping loads

    def forget(self, keys: Iterable[str]) -> None:
        """Drop queued jobs, disown running jobs, stop and free cached sounds of `keys`. Does not wait."""
        for key in keys:
            self._publisher.errors.pop(key, None)
            self._forget_pending(key)
            entry = self._cache.get(key)
            if entry is not None:
                self._cache.remove(entry)

    def _forget_pending(self, key: str) -> None:
        job = self._pending.get(key)
        if job is None:
            return
        stage: Stage = "upload" if isinstance(job, UploadJob) else "open" if job.state == "queued" else "decode"
        error = LoadCancelled(key, stage, "the sound was freed before it was loaded")
        self._cancelled.append((job, error))
        del self._pending[key]
        self._workers.withdraw(job)
        if isinstance(job, UploadJob):
            self._publisher.abandon(job)
        self._discard_unwanted_results()
        self._report_cancelled()

    def _report_cancelled(self) -> None:
        """Report to the waiters of dropped loads. A waiter is removed when it has its result."""
        while self._cancelled:
            job, error = self._cancelled[0]
            while job.watchers:
                self._publisher.resolve(job.watchers[0], error.name, error, job.expected)
                job.watchers = job.watchers[1:]
            self._cancelled.popleft()

    def _discard_unwanted_results(self) -> None:
        """Discard finished jobs if no load is pending.

        Without pending loads there may be no further update, which would take the finished jobs that `Buffer` ran
        on this thread and those of freed names.
        """
        if not self._pending:
            self._workers.discard_finished()

    def withdraw(self, watcher: Watcher) -> None:
        """Remove `watcher` from all loads, and drop the loads that have no other waiter."""
        self._publisher.forget_batch(watcher)
        for key in watcher.names:
            job = self._pending.get(key)
            if job is not None:
                if watcher in job.watchers:  # otherwise an interrupt came first
                    job.watchers = tuple(other for other in job.watchers if other is not watcher)
                if not job.has_waiter:
                    self._forget_pending(key)

    def close(self) -> None:
        """Drop queued jobs, disown running jobs, stop and free all cached sounds.

        Blocks while running upload jobs copy into OpenAL's memory.
        """
        self._lookup.closed = True
        self.forget([*self._pending, *self._cache])
        self._publisher.close()
