"""Queues of jobs: which are to be run, which run, and which have finished."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from itertools import chain
from typing import TYPE_CHECKING

from .._common.threads import Signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .jobs import DecodeJob, Job
    from .window import Window


class JobQueues:
    """The states of all jobs, and the one place where workers hand finished jobs over.

    There are two queues of jobs to run. Jobs that a decoder process can run are in the queue of portable jobs if
    there are decoder processes. While one of them serves, worker threads leave that queue alone.

    A lock protects all attributes except `finished` itself, and the states of all jobs and windows. User code, files
    and decoders are never called while it is held. Workers wait on it for jobs.
    """

    def __init__(self, budget: int | None, *, uses_processes: bool) -> None:
        """Start without jobs.

        Args:
            budget: Bytes in flight beyond which no worker claims a job; None: no limit.
            uses_processes: Whether there are decoder processes.
        """
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._portable_work = threading.Condition(self._lock)
        #: Number of workers that sleep and were not woken, or more (after an interrupt).
        self._sleeping = 0
        #: Whether the thread of a decoder process may sleep until a portable job is queued.
        self._portable_asked = False
        #: Set when `finished` has grown.
        self._progress = Signal()
        #: Queued jobs, next first.
        self._queue: OrderedDict[Job, None] = OrderedDict()
        self._portable: OrderedDict[Job, None] = OrderedDict()
        #: Queued jobs that the workers leave to the main thread.
        self._kept: OrderedDict[Job, None] = OrderedDict()
        #: Claimed jobs that may have ended a decoder process, and that only another one runs.
        self._suspects: deque[DecodeJob] = deque()
        #: Claimed jobs.
        self._active: dict[Job, None] = {}
        #: Bytes of samples of the jobs in `finished`.
        self._unpublished = 0
        self._budget = budget
        self._closed = False
        self._uses_processes = uses_processes
        self._serving = 0
        #: The windows of the decoder processes.
        self._windows: list[Window] = []
        #: Finished jobs, oldest first; see `take_finished`.
        self.finished: deque[Job] = deque()

    @property
    def queued(self) -> int:
        """Number of queued jobs."""
        with self._lock:
            queued = len(self._queue) + len(self._portable) + len(self._kept)
            return queued + sum(window.queued() for window in self._windows)

    @property
    def processes(self) -> int:
        """Number of decoder processes that are ready."""
        return self._serving

    @property
    def in_flight(self) -> int:
        """Bytes of samples of claimed jobs, and of finished jobs whose results were not taken."""
        with self._lock:
            return self._in_flight()

    def _in_flight(self) -> int:
        return self._unpublished + sum(job.memory for job in self._active)

    @property
    def budget(self) -> int | None:
        """Bytes in flight beyond which no worker claims a job; None: no limit.

        With zero bytes in flight, one job is always claimed.
        """
        return self._budget

    @budget.setter
    def budget(self, budget: int | None) -> None:
        with self._lock:
            self._budget = budget
            self._notify_all()

    def _over_budget(self) -> bool:
        return self._budget is not None and self._in_flight() > self._budget

    def unpublished_jobs(self) -> list[Job]:
        """Return the claimed jobs, then the finished jobs that were not taken."""
        with self._lock:
            return [*self._active, *self.finished]

    # Requests

    def submit(self, jobs: Sequence[Job], *, first: bool = False) -> None:
        """Queue jobs. Ignores jobs that are claimed, done or dropped. Does not wait for them.

        Args:
            jobs: The jobs, in the order to run.
            first: Whether to put the jobs at the front of the queue. This also moves jobs that are queued already.
        """
        with self._lock:
            count = 0
            for job in reversed(jobs) if first else jobs:
                if job.state == "queued" and job.window is None:
                    queue = self._queue_of(job)
                    queue[job] = None
                    if first:
                        queue.move_to_end(job, last=False)
                    count += 1
            self._notify(count)

    def submit_first(self, job: Job) -> None:
        """Queue one job at the front, as ``submit([job], first=True)`` does, in less time."""
        with self._lock:
            if job.state == "queued" and job.window is None:
                self._queue_first(job)

    def _queue_first(self, job: Job) -> None:
        queue = self._queue_of(job)
        queue[job] = None
        queue.move_to_end(job, last=False)
        self._notify(1)

    def _queue_of(self, job: Job) -> OrderedDict[Job, None]:
        if job.kept:
            return self._kept
        return self._portable if job.portable and self._uses_processes else self._queue

    def _notify(self, count: int) -> None:
        """Wake workers for that many new jobs. Takes little time if none sleeps."""
        if self._sleeping:
            self._work.notify(count)
            self._sleeping = max(0, self._sleeping - count)
        if self._portable_asked and self._portable:
            self._wake_processes()  # one that waits for more jobs must not take the only wake-up

    def _notify_all(self) -> None:
        self._wake_workers()
        self._wake_processes()

    def _wake_workers(self) -> None:
        self._work.notify_all()
        self._sleeping = 0

    def _wake_processes(self) -> None:
        self._portable_work.notify_all()
        self._portable_asked = False

    def _sleep(self) -> None:
        """Block the thread of a worker until there may be a job for it."""
        self._sleeping += 1
        self._work.wait()

    def _await_portable(self, seconds: float | None = None) -> bool:
        """Block the thread of a decoder process until there may be a portable job; return False after `seconds`."""
        self._portable_asked = True
        return self._portable_work.wait(seconds)

    def _unqueue(self, job: Job) -> None:
        """Remove a queued job from its queue, or from the window of a decoder process."""
        if job.window is not None:
            job.window.drop(job)
            job.window.remove(job)
        else:
            self._queue_of(job).pop(job, None)

    def keep(self, jobs: Iterable[Job]) -> None:
        """Leave queued jobs to the main thread, until `release`. Decoder processes ignore those that they were sent."""
        with self._lock:
            for job in jobs:
                if job.state == "queued" and not job.kept:
                    self._unqueue(job)
                    job.kept = True
                    self._kept[job] = None

    def release(self, jobs: Iterable[Job], *, portable: bool = True) -> None:
        """End `keep`: let workers run those of `jobs` that are still queued.

        Args:
            jobs: The jobs.
            portable: Whether decoder processes may run them too.
        """
        with self._lock:
            for job in jobs:
                self._kept.pop(job, None)
                job.kept = False
                job.portable = job.portable and portable
                if job.state == "queued" and job.window is None:
                    self._queue_of(job)[job] = None
            self._notify(len(self._queue) + len(self._portable))

    def claim(self, job: Job, runner: object = None) -> bool:
        """Claim a queued job for the calling thread; return False if it is not queued any more.

        The thread that claims a job must run it and call `finish`.
        """
        with self._lock:
            if job.state != "queued":
                return False
            job.runner = runner
            self._unqueue(job)
            self._mark_claimed(job)
            return True

    def _mark_claimed(self, job: Job) -> None:
        job.state = "claimed"
        job.heartbeat()
        self._active[job] = None

    def withdraw(self, job: Job) -> None:
        """Cancel a job: remove it from the queue, or discard its result. Does not wait."""
        with self._lock:
            job.withdrawn = True
            if job.state == "queued":
                self._unqueue(job)
                job.state = "dropped"
            elif job.state == "claimed" and job.window is not None:
                job.window.drop(job)
            elif job.state == "done":
                job.discard_result()  # it may stay in `finished` until the next load
                self._release_memory(job)

    # Results

    def mark_published(self, job: Job) -> None:
        """Stop counting the memory of a finished job, because its result was published.

        The job may still be in `finished`.
        """
        if job.memory:
            with self._lock:
                self._release_memory(job)

    def _release_memory(self, job: Job) -> None:
        self._unpublished -= job.memory
        job.memory = 0
        self._notify_memory()

    def _notify_memory(self) -> None:
        """Wake the workers that wait for memory under the budget."""
        if self._budget is not None:
            self._notify_all()

    def finish(self, job: Job) -> None:
        """Mark a claimed job as done, append it to `finished` unless it was withdrawn, and wake its waiters.

        A second call continues after an interrupt of the first.
        """
        with self._lock:
            if job.state == "queued":
                self._unqueue(job)  # an interrupted `claim` has left it there
            self._finish(job)

    def _finish(self, job: Job) -> None:
        self._active.pop(job, None)
        if job.state != "done":
            job.state = "done"
            if job.withdrawn:
                job.discard_result()
                job.memory = 0
                self._notify_memory()
            else:
                self._unpublished += job.memory
                self.finished.append(job)
        if job.finished is not None:
            job.finished.set()
        self._progress.set()

    def take_finished(self) -> Job | None:
        """Remove and return the oldest finished job, for publishing; None if no job has finished."""
        with self._lock:
            if not self.finished:
                return None
            job = self.finished.popleft()
            self._release_memory(job)
            return job

    def return_finished(self, jobs: Iterable[Job]) -> None:
        """Put those of `jobs` that are done and not in `finished` back to its front, in order."""
        with self._lock:
            there = set(self.finished)
            taken = [job for job in jobs if job.state == "done" and job not in there]
            self.finished.extendleft(reversed(taken))

    def discard_finished(self) -> None:
        """Discard all finished jobs."""
        with self._lock:
            while self.finished:
                self._release_memory(self.finished.popleft())

    def wait_for_finished(self, timeout: float | None) -> None:
        """Block until a job is in `finished` or the pool is closed, for at most `timeout` seconds (None: no limit)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.finished and not self._closed:
            self._progress.clear()
            if self.finished or self._closed:  # since the check above
                break
            if not self._progress.wait(None if deadline is None else max(0.0, deadline - time.monotonic())):
                break

    def _cancel_all(self) -> None:
        """Refuse further work: drop the queued jobs, discard the results of the others, wake all that wait."""
        with self._lock:
            self._closed = True
            for job in chain(self._queue, self._portable, self._kept):
                job.state = "dropped"
            self._queue.clear()
            self._portable.clear()
            self._kept.clear()
            for job in self._active:
                job.withdrawn = True
            while self._suspects:
                self._finish(self._suspects.pop())
            self.finished.clear()
            self._notify_all()
            self._progress.set()
