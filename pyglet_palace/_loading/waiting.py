"""Waiting for batches on the main thread, which runs jobs of the batch meanwhile."""

from __future__ import annotations

import time
from operator import attrgetter
from typing import TYPE_CHECKING

from .._common.threads import STALL_CHECK_SECONDS
from .jobs import DecodeJob
from .wait_order import WaitOrder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .calling_thread import CallingThread
    from .jobs import Job
    from .requests import LoadRequests
    from .upload import UploadJob
    from .watcher import Watcher
    from .workers import WorkerPool

#: Seconds that a waiting thread runs jobs before it publishes the results. Short ones take less time one after another.
_RUN_SECONDS = 0.002


class BatchWaits:
    """Waits of the main thread for batches of one context.

    Attributes:
        kept: Jobs that a wait keeps from the workers.
    """

    def __init__(self, requests: LoadRequests, workers: WorkerPool, here: CallingThread) -> None:
        """Wait for loads of `requests`, whose jobs `workers` run, and meanwhile `here`."""
        self._requests = requests
        self._workers = workers
        self._here = here
        self.kept: list[Job] = []

    def wait(self, batch: Watcher, timeout: float | None) -> None:
        """Block until `batch` is finished, and publish finished jobs meanwhile.

        Without a timeout the calling thread runs queued jobs of the batch too, the longest loads first.

        Args:
            batch: What to wait for. Its queued names move to the front.
            timeout: Seconds; None: no limit; 0: publish once.
        """
        if timeout is None:
            self._load(batch)
            return
        requests, names = self._requests, frozenset(batch.names)
        deadline = time.monotonic() + timeout
        if timeout:
            requests.prefer(batch.names)
        while True:
            requests.prefer([key for key in requests.publish() if key in names])
            left = deadline - time.monotonic()
            if batch.finished or left <= 0:
                return
            self._workers.replace_stalled(time.perf_counter())
            self._workers.wait_for_finished(min(left, STALL_CHECK_SECONDS))

    def keep(self, jobs: Iterable[Job]) -> None:
        """Keep queued jobs from the workers, until `release_kept`."""
        self.kept += jobs
        self._workers.keep(self.kept)

    def release_kept(self) -> None:
        """Let the workers run the jobs that were kept from them."""
        if self.kept:
            self._workers.release(self.kept)
            self.kept.clear()

    def _load(self, batch: Watcher) -> None:
        """Block until `batch` is finished, publish finished jobs, and run queued ones.

        Only those of the batch: a long load of another name would delay the return.
        """
        requests, workers, names = self._requests, self._workers, frozenset(batch.names)
        try:
            # Before their sizes are asked for. Otherwise a worker runs some meanwhile, and competes for the GIL.
            self.keep(job for job in requests.jobs_of(batch.names) if job.may_be_copy)
            queued = _queued_by_time(requests.jobs_of(batch.names))
            order = WaitOrder(queued, workers.workers)
            short = {*order.copies}
            # A thread reads a long file without the GIL. From a decoder process its samples come by further copies.
            workers.release([job for job in self.kept if job not in short], portable=False)
            requests.prefer([job.key for job in queued])
            while True:
                continued = [key for key in requests.publish(waiting=True) if key in names]
                if continued:
                    requests.prefer(continued)
                    for job in requests.jobs_of(continued):
                        order.put_first(job)
                if batch.finished:
                    return
                if not self._run_some(order):
                    workers.replace_stalled(time.perf_counter())
                    workers.wait_for_finished(STALL_CHECK_SECONDS)
        finally:
            self.release_kept()

    def _run_some(self, order: WaitOrder) -> bool:
        """Run queued jobs on this thread for a while, or one if the cache has a limit. Return whether it ran any."""
        began = now = time.perf_counter()
        while (job := order.take()) is not None:
            if not self._here.run(job):
                continue
            before, now = now, time.perf_counter()
            if order.note(job, now - before):
                self.release_kept()
            if now - began > _RUN_SECONDS or self._requests.limit is not None:
                return True
        return now != began


def _queued_by_time(jobs: Iterable[DecodeJob | UploadJob]) -> list[DecodeJob | UploadJob]:
    """Return the queued ones of `jobs`, the longest loads first.

    In this order the last jobs are short, so no core is idle at the end.
    """
    queued = [job for job in jobs if job.state == "queued"]
    for job in queued:
        if isinstance(job, DecodeJob):
            job.measure()
    return sorted(queued, key=attrgetter("expected"), reverse=True)
