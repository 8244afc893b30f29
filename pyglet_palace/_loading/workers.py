"""Loads, the worker threads that do them, and the queue of what they have finished."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from .._common import log
from .._common.threads import CLOSE_SECONDS, replace_thread
from ..errors import DecodeError
from .jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


#: Seconds without a sign of life after which a worker counts as held. A block of samples takes a fraction of that.
STALL_SECONDS = 1.0
#: Held workers that are replaced; beyond, what is queued waits.
_MAX_STALLED = 8


class _Worker:
    """One thread that does jobs.

    Attributes:
        job: What it is at.
        replaced: Whether another has taken its place; it ends with what it is at.
    """

    __slots__ = ("job", "replaced", "thread")

    def __init__(self, run: Callable[[_Worker], None], number: int) -> None:
        self.job: Job | None = None
        self.replaced = False
        name = f"pyglet_palace loader {number}"
        self.thread = threading.Thread(target=run, args=(self,), name=name, daemon=True)


class WorkerPool:
    """Worker threads with one queue before them and one behind.

    Finished jobs are handed over in `finished`, in the order they ended; nothing else of a context's is touched by a
    worker, and a worker never calls OpenAL. A worker that is held in a file or decoder of the game's is replaced by
    another (`replace_stalled`), so that the rest goes on.
    """

    def __init__(self, workers: int | None = None, budget: int | None = None) -> None:
        """Starts the threads, which sleep until there is a job.

        Args:
            workers: How many; None: one less than the cores this process may use, at least 1, at most 4.
            budget: See the attribute.
        """
        # Protects all below but `finished` itself, and the states of all jobs. No user code, file or decoder is
        # called while it is held. Workers wait on it for jobs.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        # Told, with the lock held, that `finished` has grown.
        self._progress = threading.Condition(self._lock)
        self._queue: OrderedDict[Job, None] = OrderedDict()
        self._active: dict[Job, None] = {}
        #: Bytes held by what is in `finished`.
        self._unpublished = 0
        self._budget = budget
        self._closed = False
        #: Tasks that are done, oldest first; see `take_finished`.
        self.finished: deque[Job] = deque()
        self._workers: list[_Worker] = []
        self._started = 0
        try:
            for _ in range(default_workers() if workers is None else workers):
                self._start_worker()
        except BaseException:  # the system has no more threads
            self.close()
            raise

    def _start_worker(self) -> None:
        self._started += 1
        worker = _Worker(self._run, self._started)
        worker.thread.start()
        self._workers.append(worker)

    @property
    def workers(self) -> int:
        """Threads that do jobs, but for those that were replaced."""
        return sum(worker.thread.is_alive() and not worker.replaced for worker in self._workers)

    @property
    def queued(self) -> int:
        """Tasks nobody has begun."""
        return len(self._queue)

    @property
    def in_flight(self) -> int:
        """Bytes of samples that are being decoded, or are and were not taken."""
        with self._lock:
            return self._in_flight()

    def _in_flight(self) -> int:
        return self._unpublished + sum(job.memory for job in self._active)

    @property
    def budget(self) -> int | None:
        """Bytes in flight beyond which no worker begins anything; with nothing in flight, one is always begun."""
        return self._budget

    @budget.setter
    def budget(self, budget: int | None) -> None:
        with self._lock:
            self._budget = budget
            self._work.notify_all()

    def unpublished_jobs(self) -> list[Job]:
        """Tasks that somebody is at, and those that are done and were not taken."""
        with self._lock:
            return [*self._active, *self.finished]

    def submit(self, jobs: Iterable[Job], *, first: bool = False) -> None:
        """Queue jobs; those begun are left alone. Returns at once.

        Args:
            jobs: In the order they are to be done.
            first: Whether they come before all that is queued, also those that are queued themselves.
        """
        with self._lock:
            new = [job for job in jobs if job.state == "queued"]
            self._queue.update(dict.fromkeys(new))
            if first:
                for job in reversed(new):
                    self._queue.move_to_end(job, last=False)
            self._work.notify(len(new))

    def claim(self, job: Job) -> bool:
        """Take a job that nobody has begun for oneself; False if somebody has it.

        Who has claimed a job must `do` it and `finish` it.
        """
        with self._lock:
            if job.state != "queued":
                return False
            self._queue.pop(job, None)
            self._mark_claimed(job)
            return True

    def _mark_claimed(self, job: Job) -> None:
        job.state = "claimed"
        job.heartbeat()
        self._active[job] = None

    def withdraw(self, job: Job) -> None:
        """See that nobody hears of `job` any more. Never waits: what runs is left to end by itself."""
        with self._lock:
            job.withdrawn = True
            if job.state == "queued":
                self._queue.pop(job, None)
                job.state = "dropped"
            elif job.state == "done":
                job.discard_result()  # it may stay in `finished` until the next load
                self._release_memory(job)

    def mark_published(self, job: Job) -> None:
        """What came of `job`, which is done, has found its place; it may be in `finished` still."""
        with self._lock:
            self._release_memory(job)

    def _release_memory(self, job: Job) -> None:
        self._unpublished -= job.memory
        job.memory = 0
        self._notify_memory()

    def _notify_memory(self) -> None:
        """There may be less in flight."""
        if self._budget is not None:
            self._work.notify_all()

    def finish(self, job: Job) -> None:
        """Announce a claimed job that was done."""
        with self._lock:
            job.state = "done"
            self._active.pop(job, None)
            if job.withdrawn:
                job.discard_result()
                job.memory = 0
                self._notify_memory()
            else:
                self._unpublished += job.memory
                self.finished.append(job)
            if job.finished is not None:
                job.finished.set()
            self._progress.notify_all()

    def take_finished(self) -> Job | None:
        """The oldest of what is done, to be brought to its end; None if there is nothing."""
        with self._lock:
            if not self.finished:
                return None
            job = self.finished.popleft()
            self._release_memory(job)
            return job

    def return_finished(self, job: Job) -> None:
        """What was taken is to be taken again, next."""
        with self._lock:
            self.finished.appendleft(job)

    def discard_finished(self) -> None:
        """Nobody wants anything of what is done."""
        with self._lock:
            while self.finished:
                self._release_memory(self.finished.popleft())

    def wait_for(self, job: Job) -> None:
        """Block until a job that was claimed is done."""
        with self._lock:
            if job.state != "claimed":
                return
            if job.finished is None:
                job.finished = threading.Event()
        job.finished.wait()

    def wait_for_finished(self, timeout: float | None) -> None:
        """Block until something is in `finished`, for at most `timeout` seconds (None: however long)."""
        with self._lock:
            self._progress.wait_for(lambda: self.finished or self._closed, timeout)

    def replace_stalled(self, now: float) -> None:
        """Have others take the places of workers that are held, if there is something queued.

        Args:
            now: Of ``time.perf_counter``.
        """
        if not self._queue:
            return
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.thread.is_alive()]
            there = sum(worker.replaced for worker in self._workers)
            held = [
                worker
                for worker in self._workers
                if not worker.replaced and worker.job is not None and now - worker.job.last_heartbeat > STALL_SECONDS
            ][: _MAX_STALLED - there]
            for worker in held:
                worker.replaced = True
        for worker in held:
            assert worker.job is not None
            log.warning("%r has held a loading thread for a second; another has taken its place", worker.job.key)
            if not replace_thread(self._start_worker, "a file or decoder"):
                worker.replaced = False

    def close(self) -> None:
        """Drop what is queued, disown what runs, and end the workers.

        Blocks for up to 0.1 s. A worker held in a game's file or decoder is left behind: it touches nothing but its
        own job.
        """
        with self._lock:
            self._closed = True
            for job in self._queue:
                job.state = "dropped"
            self._queue.clear()
            for job in self._active:
                job.withdrawn = True
            self.finished.clear()
            self._work.notify_all()
            self._progress.notify_all()
        deadline = time.monotonic() + CLOSE_SECONDS
        for worker in self._workers:
            if worker.thread.is_alive() and worker.thread is not threading.current_thread():
                worker.thread.join(max(0.0, deadline - time.monotonic()))

    def _next_job(self) -> Job | None:
        if not self._queue or (self._budget is not None and self._in_flight() > self._budget):
            return None
        job, _ = self._queue.popitem(last=False)
        self._mark_claimed(job)
        return job

    def _run(self, worker: _Worker) -> None:
        while True:
            with self._lock:
                worker.job = None
                while worker.replaced or (job := self._next_job()) is None:
                    if self._closed or worker.replaced:
                        return
                    self._work.wait()
                worker.job = job
            try:
                job.run()
            except BaseException as error:  # SystemExit in a game's decoder must not end the worker in silence
                job.error = DecodeError(job.key, "decode", f"its decoder raised {type(error).__name__}: {error}")
                job.error.__cause__ = error.with_traceback(None)
            self.finish(job)
            del job


def default_workers() -> int:
    """Loading threads of a context that is not told otherwise."""
    count: Callable[[], int | None] | None = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        cores = count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores - 1, 4))
