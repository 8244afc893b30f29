"""Worker pool: the threads and decoder processes that run jobs."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from .._common import log
from .._common.threads import CLOSE_SECONDS, STALL_CHECK_SECONDS, Signal, replace_thread, start_thread
from ..errors import DecodeError
from .process_queues import ProcessQueues

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jobs import Job
    from .process_worker import ProcessWorker


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


class WorkerPool(ProcessQueues):
    """Workers, with their queues of jobs.

    Workers append finished jobs to `finished`, in the order they end. This is their only access to the state of a
    context, and they never call OpenAL. A worker that stalls in a file or decoder of the game is replaced by a new
    thread (`replace_stalled`), so that the other jobs continue.

    There may be decoder processes too. Each has a thread that sends it jobs and receives the results (`ProcessWorker`).
    """

    def __init__(self, workers: int | None = None, budget: int | None = None, start_after: float | None = None) -> None:
        """Start the threads. They sleep until a job is submitted.

        Args:
            workers: Number of threads, and of decoder processes; None: one less than the cores this process may use, at
                least 1, at most 4.
            budget: Bytes in flight beyond which no worker claims a job; None: no limit.
            start_after: Seconds that the threads may take for portable jobs before the decoder processes start. None:
                there are no decoder processes.

        Raises:
            PalaceError: The system has no more threads. Then no worker is left.
        """
        from .process_worker import ProcessWorker  # imports numpy, which `import pyglet_palace` must not load

        super().__init__(budget, uses_processes=start_after is not None)
        self._workers: list[_Worker] = []
        self._processes: list[ProcessWorker] = []
        self._started = 0
        try:
            for number in range(1, 1 + (default_workers() if workers is None else workers)):
                self._start_worker()
                if start_after is not None:
                    process = ProcessWorker(self, number, start_after)
                    start_thread(process.thread, "load sounds")
                    self._processes.append(process)
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

    def wait_for(self, job: Job) -> None:
        """Block until a claimed job is done, or queued again. Returns at once if the job is in another state."""
        while True:
            with self._lock:
                if job.state != "claimed":
                    return
                if job.finished is None:
                    job.finished = Signal()
                signal = job.finished
            if not signal.wait(STALL_CHECK_SECONDS):
                self.replace_stalled(time.perf_counter())

    def replace_stalled(self, now: float) -> None:
        """End stalled decoder processes. Replace stalled workers by new threads, if jobs are queued.

        Args:
            now: Time of ``time.perf_counter``.
        """
        for process in self._processes:
            process.end_stalled(now)
        if not self._queue and (self._serving or not self._portable):
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
        self._cancel_all()
        for process in self._processes:
            process.end()
        deadline = time.monotonic() + CLOSE_SECONDS
        threads = [worker.thread for worker in self._workers] + [process.thread for process in self._processes]
        for thread in threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _next_job(self) -> Job | None:
        queue = self._queue if self._queue or self._serving else self._portable
        if not queue or self._over_budget():
            return None
        job, _ = queue.popitem(last=False)
        self._mark_claimed(job)
        return job

    def _run(self, worker: _Worker) -> None:
        while True:
            with self._lock:
                worker.job = None
                while worker.replaced or (job := self._next_job()) is None:
                    if self._closed or worker.replaced:
                        return
                    self._sleep()
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
