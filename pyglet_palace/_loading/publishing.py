"""Publisher of loaded sounds: uploads samples, fills the cache, reports results."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..errors import ResourceError, unlinked
from .upload import UploadJob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .._common.events import EventQueue
    from .._decoding.pcm import Samples
    from .._openal import ContextScope
    from .cache import CacheEntry, SoundCache
    from .jobs import DecodeJob
    from .upload import BufferStore
    from .watcher import Watcher
    from .workers import WorkerPool

_reads_errors = attrgetter("_reads_errors")


class Publisher:
    """Publishes results of loads and keeps the cache within its limit. Used on the main thread only.

    Attributes:
        failed: Number of failed loads.
        disk_hits: Number of loads that the disk cache had.
        errors: Why the last load of a name failed, by name.
        changed_batches: Batches with results that were not reported yet.
    """

    def __init__(
        self, scope: ContextScope, store: BufferStore, workers: WorkerPool, cache: SoundCache, events: EventQueue
    ) -> None:
        """Start without results.

        Args:
            scope: The context scope.
            store: Creates and deletes OpenAL buffers.
            workers: Tells how many bytes are in flight.
            cache: Receives the loaded sounds.
            events: Receives the events about loads.
        """
        self._scope = scope
        self._store = store
        self._workers = workers
        self._cache = cache
        self._events = events
        self.failed = 0
        self.disk_hits = 0
        self.errors: dict[str, ResourceError] = {}
        self.changed_batches: dict[Any, None] = {}
        #: Upload jobs of dropped loads. Their buffers are deleted when the copying has ended.
        self._abandoned: list[UploadJob] = []

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty while there are results to report, deletes or evictions."""
        return self.changed_batches, self._abandoned, self._cache.searching

    # Batches

    def mark_changed(self, batch: Watcher) -> None:
        """Make the next update post the events of `batch`."""
        self.changed_batches[batch] = None

    def report_batches(self) -> None:
        """Post the events of the batches that got results since the last call."""
        changed = self.changed_batches
        while changed:
            batch = next(iter(changed))
            batch._report(self._events)
            changed.pop(batch, None)  # last: after an interrupt, the next call reports it again

    def forget_batch(self, batch: Watcher) -> None:
        """Drop the results of `batch` that were not reported."""
        self.changed_batches.pop(batch, None)

    def resolve(self, watcher: Watcher | None, key: str, error: ResourceError | None, expected: float = 0.0) -> None:
        """Give `watcher` the result of `key`, whose load had the expected time (0: unknown)."""
        if watcher is not None:
            watcher._resolved(key, error, expected)
            self.mark_changed(watcher)

    # Results

    def fail(
        self,
        key: str,
        error: ResourceError,
        watchers: Iterable[Watcher],
        *,
        post: bool = True,
        raising: bool = False,
        expected: float = 0.0,
    ) -> None:
        """Report a failed load.

        Args:
            key: The name.
            error: Why it failed.
            watchers: The batches that wait for it.
            post: Whether to post an event.
            raising: Whether the caller raises the error, so that it need not be logged.
            expected: Expected time of the load; 0: unknown.
        """
        self.failed += 1
        error = self.errors[key] = unlinked(error)
        for watcher in watchers:
            self.resolve(watcher, key, error, expected)
        if post:
            reported = raising or any(map(_reads_errors, watchers))  # no generator: its end hides an interrupt
            self._events.post_cache_failed(key, error, reported)

    def upload(self, job: DecodeJob | UploadJob) -> CacheEntry | UploadJob | ResourceError:
        """Give the samples of a finished job to OpenAL, and put its sound into the cache.

        Returns:
            The cache entry; or an upload job that must run first; or the error that ends the load.
        """
        if job.error is not None:
            if isinstance(job, UploadJob):  # the copying was interrupted
                with self._scope as al:
                    self._store.abandon(al, job)
            return job.error
        samples = job.samples
        assert samples is not None
        try:
            with self._scope as al:
                stored = (
                    self._store.finish(al, job)
                    if isinstance(job, UploadJob)
                    else self._store.start_upload(al, job.key, samples)
                )
        except ResourceError as refused:
            return unlinked(refused)
        if isinstance(stored, UploadJob):
            stored.expected, stored.share = job.expected, 1.0
            return stored
        entry = self._cache.add(job.key, samples, stored, job.order)
        self.errors.pop(job.key, None)
        self.disk_hits += samples.from_disk
        job.discard_result()
        return entry

    def report(self, job: DecodeJob | UploadJob) -> None:
        """Report to the waiters of a load that its sound is cached."""
        for watcher in job.watchers:
            self.resolve(watcher, job.key, None, job.expected)
        if job.requested or job.watchers:
            self._events.post_cached(job.key)

    def insert(self, name: str, samples: Samples) -> CacheEntry:
        """Cache samples that the game made, under a new name. Returns the cache entry."""
        with self._scope as al:
            stored = self._store.upload(al, name, samples)
        entry = self._cache.add(name, samples, stored, self._cache.next_order())
        self.errors.pop(name, None)
        self.evict()
        return entry

    # Memory

    def abandon(self, job: UploadJob) -> None:
        """Delete the buffer of a dropped upload job, once no thread copies into it."""
        self._abandoned.append(job)
        self.release_abandoned()

    def release_abandoned(self) -> None:
        """Delete the buffers of dropped upload jobs that are not running, and retry deletes that OpenAL refused."""
        if self._store.refused or self._abandoned:
            ended = [upload for upload in self._abandoned if upload.state != "claimed"]
            self._abandoned[:] = [upload for upload in self._abandoned if upload not in ended]
            with self._scope as al:
                self._store.retry(al)
                for upload in ended:
                    self._store.abandon(al, upload)

    def evict(self, deadline: int | None = None) -> None:
        """Evict entries until the cache limit is kept or `deadline` (of ``time.perf_counter_ns``) has passed."""
        if self._cache.limit is not None:
            self._cache.evict(self._workers.in_flight, deadline)

    def close(self) -> None:
        """Delete all abandoned buffers. Blocks while threads copy into them."""
        for upload in self._abandoned:
            self._workers.wait_for(upload)
        self.release_abandoned()
