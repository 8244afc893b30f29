"""Pending loads and their waiters."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from .. import resources
from .._common.log import warn_once
from .._common.text import short_repr
from ..errors import DestroyedError, LoadCancelled, ResourceError, ResourceNotFound, unlinked
from .cache import CacheEntry, SoundCache
from .expected_time import Survey
from .jobs import DecodeJob, Job
from .pending import PendingLoad
from .publishing import Publisher
from .upload import UploadJob
from .waiting import BatchWaits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .._decoding.load import Settings
    from ..errors import Stage
    from .lookup import NameLookup
    from .pending import Watcher
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
        self._pending: dict[str, PendingLoad] = {}
        #: Dropped loads with waiters, and the errors for them. Empty outside of calls, unless one was interrupted.
        self._cancelled: deque[tuple[PendingLoad, LoadCancelled]] = deque()
        #: Jobs that the main thread is running, innermost last.
        self._running_here: list[DecodeJob | UploadJob] = []
        self._waits = BatchWaits(self, workers)
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
    def busy(self) -> bool:
        """Whether `publish` or the batches have work: pending loads, results to report, deletes or evictions."""
        return bool(self._pending or self._cancelled) or self._publisher.busy

    def contains(self, name: str) -> bool:
        """Return whether `name` is cached or pending."""
        return self._known(name) is not None

    def unpublished_jobs(self) -> Iterator[Job]:
        """Yield the jobs of pending loads that run or wait to be published."""
        for job in self._workers.unpublished_jobs():
            pending = self._pending.get(job.key)
            if pending is not None and pending.job is job:
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

    def request(
        self, names: Mapping[str, resources.Name], watcher: Watcher | None = None, *, first: bool = False
    ) -> None:
        """Load `names` in the background. Cached and pending names are not loaded again.

        Args:
            names: The names, by cache key.
            watcher: Receives the result of each name; None: `cache` requested the names.
            first: Whether to put the jobs at the front of the queue.
        """
        if self._lookup.closed:  # another thread asked for it before the context was destroyed
            for key in names:
                error = LoadCancelled(key, "find", "its context was destroyed before it was loaded")
                self._publisher.resolve(watcher, key, error)
            return
        try:
            self._request(names, watcher, first)
        except BaseException:  # Ctrl-C, or an error in the game's resource_not_found
            self._recover()
            raise

    def _request(self, names: Mapping[str, resources.Name], watcher: Watcher | None, first: bool) -> None:
        jobs: list[DecodeJob | UploadJob] = []
        settings = self._settings()
        known, pending = self._cache.get, self._pending.get
        try:
            for key, name in names.items():
                try:
                    found = known(key) or pending(key) or self._start_load(name, key, settings)
                except ResourceError as error:
                    self._publisher.fail(key, error, [watcher] if watcher is not None else [])
                    continue
                if isinstance(found, CacheEntry):
                    self._cache.mark_used(found)
                    self._publisher.resolve(watcher, key, None)
                    continue
                if watcher is None:
                    found.requested = True
                else:
                    found.watchers.append(watcher)
                jobs.append(found.job)
        finally:  # an exception of the game's resource_not_found must not lose the other names
            if watcher is not None:
                decode_jobs = [job for job in jobs if isinstance(job, DecodeJob)]
                survey = Survey(decode_jobs)
                for job in decode_jobs:
                    job.survey = survey
                watcher._surveyed(jobs, survey)
            self._workers.submit(jobs, first=first)

    def request_one(self, name: resources.Name, key: str, watcher: Watcher) -> None:
        """Load one name ahead of everything queued, as ``request(first=True)`` does, in less time.

        Args:
            name: The name.
            key: Its cache key.
            watcher: Receives the result.
        """
        try:
            found = self._pending.get(key) or self._start_load(name, key, self._settings())
        except ResourceError as error:
            self._publisher.fail(key, error, [watcher])
            return
        if isinstance(found, CacheEntry):  # the game's resource_not_found has loaded it
            self._publisher.resolve(watcher, key, None)
            return
        found.watchers.append(watcher)
        self._workers.submit_first(found.job)

    def jobs_of(self, keys: Iterable[str]) -> list[DecodeJob | UploadJob]:
        """Return the jobs of those of `keys` that are pending."""
        return [pending.job for key in keys if (pending := self._pending.get(key)) is not None]

    def prefer(self, keys: Iterable[str]) -> None:
        """Move the queued jobs of `keys` to the front of the queue, in the order of `keys`."""
        self._workers.submit(self.jobs_of(keys), first=True)

    def wait(self, batch: Watcher, timeout: float | None) -> None:
        """Block until `batch` is finished; see `BatchWaits.wait`."""
        self.check_not_loading("a batch")
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
        pending = self._known(key) or self._start_load(name, key, self._settings())
        if isinstance(pending, CacheEntry):
            self._cache.mark_used(pending)
            return pending
        if isinstance(pending.job, DecodeJob):
            self._warn_of_second_name(pending.job.resource)
        outcome = self._complete(key, pending, raising=True)
        if not isinstance(outcome, CacheEntry):
            raise outcome
        self._publisher.evict()
        return outcome

    def _complete(
        self, key: str, pending: PendingLoad, *, raising: bool
    ) -> CacheEntry | ResourceError | DestroyedError:
        """Run the job of a pending load or wait for it, and publish its result. Blocks.

        Args:
            key: The name of the load.
            pending: The load.
            raising: Whether the caller raises the error, so that it need not be logged.

        Returns:
            The new cache entry, or the error of the load.

        Raises:
            RuntimeError: A callback of this load made this call.
        """
        pending.awaited = True
        while True:
            job = pending.job  # `load_now` does not submit a new job, so workers do not know it
            self.check_not_loading(key, job)
            try:
                while job.state in ("queued", "claimed") and not self.run_here(job):
                    self._workers.wait_for(job)
            except BaseException:  # Ctrl-C, while waiting or decoding
                pending.awaited = False
                if self._pending.get(key) is pending and not pending.requested and not pending.watchers:
                    self._forget_pending(key)
                raise
            if self._pending.get(key) is not pending:  # the game's decoder or buffer_loading, called here, freed it
                return self._cancelled_error(key)
            outcome = self._publish_job(key, pending, raising=raising)
            if outcome is not None:
                return outcome

    def _warn_of_second_name(self, resource: resources.Resource) -> None:
        """Warn if the file of a resource was loaded by its path, too. The cache then has its samples twice."""
        path = resource.path_key
        if path != resource.key and self.contains(path):
            text = f"{short_repr(resource.key)} was loaded before as the path {short_repr(path)}. These are two sounds"
            warn_once(f"{text} in the cache: use one of the names, for instance those of resources_in()")

    def run_here(self, job: DecodeJob | UploadJob) -> bool:
        """Run a queued job on the calling thread; return False if it is not queued any more."""
        try:
            if not self._workers.claim(job, self):
                return False
            self._running_here.append(job)
            job.run()
        except BaseException as error:  # Ctrl-C; a claimed job must finish, because other waiters depend on it
            if job.runner is self:
                job.error = LoadCancelled(job.key, "decode", f"the load was interrupted by {type(error).__name__}")
            raise
        finally:
            if job.runner is self and job.state != "done":
                try:
                    if job in self._running_here:
                        self._running_here.remove(job)
                    self._workers.finish(job)
                except BaseException:  # Ctrl-C
                    self._workers.finish(job)
                    raise
        return True

    def check_not_loading(self, what: str, job: DecodeJob | UploadJob | None = None) -> None:
        """Raise instead of waiting for a job that the calling thread itself is running (a deadlock).

        ``Buffer(name)`` calls the game's `buffer_loading`, decoder or file. These can wait for a sound.

        Args:
            what: Named in the error.
            job: The job to wait for; None: any.

        Raises:
            RuntimeError: The calling thread is running the job.
        """
        if self._running_here if job is None else job in self._running_here:
            raise RuntimeError(f"a callback of a load that runs on this thread cannot wait for {short_repr(what)}")

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
        if self.in_order and not self._running_here:
            for key, load in list(self._pending.items()):
                if self._pending.get(key) is load:
                    self._complete(key, load, raising=False)
            self._publisher.evict()
            return continued
        workers = self._workers
        if not workers.finished and not self._cache.searching:
            return continued
        deadline = None if waiting else time.perf_counter_ns() + self.publish_budget
        self._publisher.evict(deadline)
        try:
            while (job := workers.take_finished()) is not None:
                pending = self._pending.get(job.key)
                if pending is not None and pending.job is job:
                    if self._publish_job(job.key, pending, raising=False) is None:
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
        jobs = [pending.job for pending in self._pending.values()]
        self._workers.submit(jobs)
        self._workers.return_finished(jobs)

    def _publish_job(
        self, key: str, pending: PendingLoad, *, raising: bool
    ) -> CacheEntry | ResourceError | DestroyedError | None:
        """Publish the result of a finished job: cache its sound, fail its load, or start a job that follows it.

        Args:
            key: The name of the job.
            pending: The load that the job belongs to.
            raising: Whether the caller raises the error, so that it need not be logged.

        Returns:
            The new cache entry, the error of the load, or None if the load continues with another job.
        """
        job = pending.job
        self._workers.mark_published(job)
        error = job.error
        if isinstance(error, ResourceNotFound) and isinstance(job, DecodeJob):
            found = self._find_instead(pending, error, job.settings)
            if self._pending.get(key) is not pending:  # the game's resource_not_found freed it
                return self._cancelled_error(key)
            if isinstance(found, DecodeJob):
                pending.job = found
                self._workers.submit([found])
                return None
            error = found
        if error is not None:
            job.error = error
        outcome = self._cache.get(key) or self._publisher.upload(job, pending.order)
        if isinstance(outcome, UploadJob):
            pending.job = outcome
            self._workers.submit([outcome], first=True)  # until it is done, the samples are in memory twice
            return None
        if isinstance(outcome, ResourceError):
            post = pending.requested or bool(pending.watchers)
            self._publisher.fail(key, outcome, pending.watchers, post=post, raising=raising, expected=job.expected)
            outcome = unlinked(outcome)
        else:
            self._publisher.report(job, pending)
        del self._pending[key]  # last: after an interrupt, the next update reports to the waiters that are left
        self._discard_unwanted_results()
        return outcome

    def _cancelled_error(self, key: str) -> LoadCancelled | DestroyedError:
        """Return the error for a load that was dropped while it ran."""
        if self._lookup.closed:
            return DestroyedError(
                f"{short_repr(key)} was not loaded, because its context was destroyed during the load"
            )
        return LoadCancelled(key, "decode", "the sound was freed while it was loading")

    def _known(self, key: str) -> CacheEntry | PendingLoad | None:
        return self._cache.get(key) or self._pending.get(key)

    def _start_load(self, name: resources.Name, key: str, settings: Settings) -> CacheEntry | PendingLoad:
        """Look up a name that is neither cached nor pending, and add a pending load. Does not submit its job.

        Raises:
            ResourceError: The name is not found.
            DestroyedError: The game's `resource_not_found` destroyed the context.
        """
        try:
            resource, substitutes = self._lookup.find(name, key)
        except ResourceError as error:
            self._publisher.errors[key] = unlinked(error)
            raise
        found = self._cache.get(key) or self._pending.get(key)  # the game's resource_not_found may have loaded it
        if found is None:
            found = self._pending[key] = PendingLoad(
                DecodeJob(resource, settings), substitutes, self._cache.next_order()
            )
        return found

    def _find_instead(
        self, pending: PendingLoad, error: ResourceNotFound, settings: Settings
    ) -> DecodeJob | ResourceError:
        """Return a job for a substitute of a file that was not found, or the error that ends the load."""
        try:
            found = self._lookup.find_instead(error, pending.substitutes)
        except ResourceError as failure:
            return unlinked(failure)
        except DestroyedError:
            found = None  # the pending load was dropped with the context
        if found is None:
            return error
        resource, pending.substitutes = found
        return DecodeJob(resource, settings)

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
        pending = self._pending.get(key)
        if pending is None:
            return
        job = pending.job
        stage: Stage = "upload" if isinstance(job, UploadJob) else "open" if job.state == "queued" else "decode"
        error = LoadCancelled(key, stage, "the sound was freed before it was loaded")
        self._cancelled.append((pending, error))
        del self._pending[key]
        self._workers.withdraw(job)
        if isinstance(job, UploadJob):
            self._publisher.abandon(job)
        self._discard_unwanted_results()
        self._report_cancelled()

    def _report_cancelled(self) -> None:
        """Report to the waiters of dropped loads. A waiter is removed when it has its result."""
        while self._cancelled:
            pending, error = self._cancelled[0]
            while pending.watchers:
                self._publisher.resolve(pending.watchers[0], error.name, error, pending.job.expected)
                del pending.watchers[0]
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
            pending = self._pending.get(key)
            if pending is not None:
                if watcher in pending.watchers:  # otherwise an interrupt came first
                    pending.watchers.remove(watcher)
                if not pending.watchers and not pending.requested and not pending.awaited:
                    self._forget_pending(key)

    def close(self) -> None:
        """Drop queued jobs, disown running jobs, stop and free all cached sounds.

        Blocks while running upload jobs copy into OpenAL's memory.
        """
        self._lookup.closed = True
        self.forget([*self._pending, *self._cache])
        self._publisher.close()
