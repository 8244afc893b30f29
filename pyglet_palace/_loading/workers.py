"""Worker pool: the queue of jobs, the worker threads, and the queue of finished jobs."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from .._common import log
from .._common.threads import CLOSE_SECONDS, Signal, replace_thread, start_thread
from ..errors import DecodeError
from .jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


#: Seconds without a heartbeat after which a worker counts as stalled. A block of samples takes a fraction of that.
STALL_SECONDS = 1.0
#: Stalled workers that are replaced at a time. With more, queued jobs wait.
_MAX_STALLED = 8


class _Worker:
    """One thread that runs jobs.

    Attributes:
        job: The job it runs; None while it is idle.
        replaced: Whether another worker has replaced it. It then ends after its job.
        thread: The thread, a daemon.
    """

    __slots__ = ("job", "replaced", "thread")

    def __init__(self, run: Callable[[_Worker], None], number: int) -> None:
        self.job: Job | None = None
        self.replaced = False
        name = f"pyglet_palace loader {number}"
        self.thread = threading.Thread(target=run, args=(self,), name=name, daemon=True)


class WorkerPool:
    """Worker threads with a queue of jobs and a queue of finished jobs.

    Workers append finished jobs to `finished`, in the order they end. This is their only access to the state of a
    context, and they never call OpenAL. A worker that stalls in a file or decoder of the game is replaced by a new
    thread (`replace_stalled`), so that the other jobs continue.
    """

    def __init__(self, workers: int | None = None, budget: int | None = None) -> None:
        """Start the threads. They sleep until a job is submitted.

        Args:
            workers: Number of threads; None: one less than the cores this process may use, at least 1, at most 4.
            budget: Bytes in flight beyond which no worker claims a job; None: no limit.

        Raises:
            PalaceError: The system has no more threads. Then no worker is left.
        """
        # The lock protects all attributes below except `finished` itself, and the states of all jobs. User code,
        # files and decoders are never called while it is held. Workers wait on it for jobs.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        #: Set when `finished` has grown.
        self._progress = Signal()
        #: Queued jobs, next first.
        self._queue: OrderedDict[Job, None] = OrderedDict()
        #: Claimed jobs.
        self._active: dict[Job, None] = {}
        #: Bytes of samples of the jobs in `finished`.
        self._unpublished = 0
        self._budget = budget
        self._closed = False
        #: Finished jobs, oldest first; see `take_finished`.
        self.finished: deque[Job] = deque()
        self._workers: list[_Worker] = []
        self._started = 0
        try:
            for _ in range(default_workers() if workers is None else workers):
                self._start_worker()
        except BaseException:  # the system cannot start another thread
            self.close()
            raise

    def _start_worker(self) -> None:
        self._started += 1
        worker = _Worker(self._run, self._started)
        start_thread(worker.thread, "load sounds")
        self._workers.append(worker)

    @property
    def workers(self) -> int:
        """Number of live worker threads, without the replaced ones."""
        return sum(worker.thread.is_alive() and not worker.replaced for worker in self._workers)

    @property
    def queued(self) -> int:
        """Number of queued jobs."""
        return len(self._queue)

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
            self._work.notify_all()

    def unpublished_jobs(self) -> list[Job]:
        """Return the claimed jobs, then the finished jobs that were not taken."""
        with self._lock:
            return [*self._active, *self.finished]

    def submit(self, jobs: Iterable[Job], *, first: bool = False) -> None:
        """Queue jobs. Ignores jobs that are claimed, done or dropped. Does not wait for them.

        Args:
            jobs: The jobs, in the order to run.
            first: Whether to put the jobs at the front of the queue. This also moves jobs that are queued already.
        """
        with self._lock:
            new = [job for job in jobs if job.state == "queued"]
            self._queue.update(dict.fromkeys(new))
            if first:
                for job in reversed(new):
                    self._queue.move_to_end(job, last=False)
            self._work.notify(len(new))

    def submit_first(self, job: Job) -> None:
        """Queue one job at the front, as ``submit([job], first=True)`` does, in less time."""
        with self._lock:
            if job.state == "queued":
                self._queue[job] = None
                self._queue.move_to_end(job, last=False)
                self._work.notify()

    def claim(self, job: Job, runner: object = None) -> bool:
        """Claim a queued job for the calling thread; return False if it is not queued any more.

        The thread that claims a job must run it and call `finish`.
        """
        with self._lock:
            if job.state != "queued":
                return False
            job.runner = runner
            self._queue.pop(job, None)
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
                self._queue.pop(job, None)
                job.state = "dropped"
            elif job.state == "done":
                job.discard_result()  # it may stay in `finished` until the next load
                self._release_memory(job)

    def mark_published(self, job: Job) -> None:
        """Stop counting the memory of a finished job, because its result was published.

        The job may still be in `finished`.
        """
        with self._lock:
            self._release_memory(job)

    def _release_memory(self, job: Job) -> None:
        self._unpublished -= job.memory
        job.memory = 0
        self._notify_memory()

    def _notify_memory(self) -> None:
        """Wake the workers that wait for memory under the budget."""
        if self._budget is not None:
            self._work.notify_all()

    def finish(self, job: Job) -> None:
        """Mark a claimed job as done, append it to `finished` unless it was withdrawn, and wake its waiters."""
        with self._lock:
            job.state = "done"
            self._queue.pop(job, None)  # an interrupted `claim` may have left it there
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
            self._progress.set()

    def take_finished(self) -> Job | None:
        """Remove and return the oldest finished job, for publishing; None if no job has finished."""
        with self._lock:
            if not self.finished:
                return None
            job = self.finished.popleft()
            self._release_memory(job)
            return job

    def return_finished(self, job: Job) -> None:
        """Put a job that was taken back to the front of `finished`."""
        with self._lock:
            self.finished.appendleft(job)

    def discard_finished(self) -> None:
        """Discard all finished jobs."""
        with self._lock:
            while self.finished:
                self._release_memory(self.finished.popleft())

    def wait_for(self, job: Job) -> None:
        """Block until a claimed job is done. Returns at once if the job is in another state."""
        with self._lock:
            if job.state != "claimed":
                return
            if job.finished is None:
                job.finished = Signal()
        job.finished.wait()

    def wait_for_finished(self, timeout: float | None) -> None:
        """Block until a job is in `finished` or the pool is closed, for at most `timeout` seconds (None: no limit)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.finished and not self._closed:
            self._progress.clear()
            if self.finished or self._closed:  # since the check above
                break
            if not self._progress.wait(None if deadline is None else max(0.0, deadline - time.monotonic())):
                break

    def replace_stalled(self, now: float) -> None:
        """Replace stalled workers by new threads, if jobs are queued.

        Args:
            now: Time of ``time.perf_counter``.
        """
        if not self._queue:
            return
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.thread.is_alive()]
            replaced = sum(worker.replaced for worker in self._workers)
            stalled = [
                (worker, worker.job.key)
                for worker in self._workers
                if not worker.replaced and worker.job is not None and now - worker.job.last_heartbeat > STALL_SECONDS
            ][: _MAX_STALLED - replaced]
            for worker, _ in stalled:
                worker.replaced = True
        for worker, key in stalled:
            if replace_thread(self._start_worker, "a file or decoder"):
                log.warning("%r has blocked a loading thread for a second; a new thread replaces it", key)
            else:
                worker.replaced = False

    def close(self) -> None:
        """Cancel all jobs, and end the workers.

        Blocks for up to 0.1 s. A worker that is blocked in a file or decoder of the game stays behind. It touches
        only its own job.
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
            self._progress.set()
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
            except BaseException as error:  # SystemExit in the game's decoder must not end the worker silently
                job.error = DecodeError(job.key, "decode", _describe(error))
                job.error.__cause__ = error.with_traceback(None)
            self.finish(job)


def _describe(error: BaseException) -> str:
    """Return the text for an exception such as `SystemExit` of a decoder or of ``buffer_loading``."""
    frames, raised_in = error.__traceback__, "its decoder"
    while frames is not None:
        if frames.tb_frame.f_code.co_name == "_call_buffer_loading":
            raised_in = "buffer_loading"
        frames = frames.tb_next
    return f"{raised_in} raised {type(error).__name__}: {error}"


def default_workers() -> int:
    """Return the default number of workers: one less than the cores this process may use, at least 1, at most 4."""
    count: Callable[[], int | None] | None = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        cores = count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores - 1, 4))
