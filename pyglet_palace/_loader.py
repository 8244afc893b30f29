"""Jobs, the worker threads that do them, and the queue of what they have finished."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Literal

from .errors import DecodeError, ResourceError, unlinked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._decoding import Samples, Settings
    from .resources import Resource

#: Seconds that `Loader.close` gives the workers to end.
_FAREWELL = 0.1


class Job:
    """One sound to load.

    `state` is changed under the loader's lock only; who moves it from 'queued' to 'claimed' does the job. `samples`
    or `error` is written once, before `state` becomes 'done', by who claimed it. A job withdrawn while it is claimed
    is still brought to 'done', but nobody is told.
    """

    __slots__ = ("error", "finished", "memory", "resource", "samples", "settings", "size", "state", "withdrawn")

    def __init__(self, resource: Resource, settings: Settings) -> None:
        self.resource = resource
        self.settings = settings
        self.state: Literal["queued", "claimed", "done", "dropped"] = "queued"
        self.withdrawn = False
        self.size = 0
        self.memory = 0
        self.samples: Samples | None = None
        self.error: ResourceError | None = None
        #: Set when the state becomes 'done'; made by who waits (`Loader.wait_for`).
        self.finished: threading.Event | None = None

    def do(self) -> None:
        """Load it; the outcome is in `samples` or `error`. Raises what is no `Exception`, such as Ctrl-C."""
        from . import _decoding  # with numpy and soundfile: imported by the context, so that importing us is cheap

        try:
            self.samples = _decoding.load(self.resource, self.settings, self)
        except ResourceError as error:
            self.error = unlinked(error)

    # What `_decoding.load` tells

    def opened(self, size: int) -> None:
        """The file has `size` bytes."""
        self.size = size

    def holds(self, size: int) -> None:
        """The samples take `size` bytes."""
        self.memory = size

    def goes_on(self) -> bool:
        """Whether anybody still wants it."""
        return not self.withdrawn


class Loader:
    """Worker threads with one queue before them and one behind.

    Finished jobs are handed over in `finished`, in the order they ended; nothing else of a context's is touched by a
    worker, and a worker never calls OpenAL.
    """

    def __init__(self, workers: int | None = None) -> None:
        """Starts the threads, which sleep until there is a job.

        Args:
            workers: How many; None: one less than the cores this process may use, at least 1, at most 4.
        """
        # Protects `_queue`, `_closed` and the states of all jobs. No user code, file or decoder is called while it is
        # held. Workers wait on it for jobs.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        # Told, with the lock held, that `finished` has grown.
        self._progress = threading.Condition(self._lock)
        self._queue: OrderedDict[Job, None] = OrderedDict()
        self._closed = False
        #: Jobs that are done, oldest first. Appended to by whoever did the job; taken by the game's thread.
        self.finished: deque[Job] = deque()
        count = default_workers() if workers is None else workers
        self._threads = [
            threading.Thread(target=self._run, name=f"pyglet_palace loader {number}", daemon=True)
            for number in range(1, count + 1)
        ]
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:  # the system has no more threads
            self.close()
            raise

    @property
    def workers(self) -> int:
        """Threads that are alive."""
        return sum(thread.is_alive() for thread in self._threads)

    @property
    def queued(self) -> int:
        """Jobs nobody has begun."""
        with self._lock:
            return len(self._queue)

    def submit(self, jobs: Iterable[Job]) -> None:
        """Queue jobs; those queued already, or begun, are left alone. Returns at once."""
        with self._lock:
            new = [job for job in jobs if job.state == "queued"]
            self._queue.update(dict.fromkeys(new))
            self._work.notify(len(new))

    def claim(self, job: Job) -> bool:
        """Take a job that nobody has begun for oneself; False if somebody has it.

        Who has claimed a job must `do` it and `hand_over` it.
        """
        with self._lock:
            if job.state != "queued":
                return False
            self._queue.pop(job, None)
            job.state = "claimed"
            return True

    def withdraw(self, job: Job) -> None:
        """See that nobody hears of `job` any more. Never waits: what runs is left to end by itself."""
        with self._lock:
            job.withdrawn = True
            if job.state == "queued":
                self._queue.pop(job, None)
                job.state = "dropped"
            elif job.state == "done":
                job.samples = None  # it may stay in `finished` until the next load

    def hand_over(self, job: Job) -> None:
        """Announce a claimed job that was done."""
        with self._lock:
            job.state = "done"
            if not job.withdrawn:
                self.finished.append(job)
            if job.finished is not None:
                job.finished.set()
            self._progress.notify_all()

    def wait_for(self, job: Job) -> None:
        """Block until a claimed job is done."""
        with self._lock:
            if job.state == "done":
                return
            if job.finished is None:
                job.finished = threading.Event()
        job.finished.wait()

    def wait_for_any(self, timeout: float | None) -> None:
        """Block until something is in `finished`, for at most `timeout` seconds (None: however long)."""
        with self._lock:
            self._progress.wait_for(lambda: self.finished or self._closed, timeout)

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
            self.finished.clear()
            self._work.notify_all()
            self._progress.notify_all()
        deadline = time.monotonic() + _FAREWELL
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _next(self) -> Job | None:
        if not self._queue:
            return None
        job, _ = self._queue.popitem(last=False)
        job.state = "claimed"
        return job

    def _run(self) -> None:
        while True:
            with self._lock:
                while (job := self._next()) is None:
                    if self._closed:
                        return
                    self._work.wait()
            try:
                job.do()
            except BaseException as error:  # SystemExit in a game's decoder must not end the worker in silence
                name = job.resource.key
                job.error = DecodeError(name, "decode", f"its decoder raised {type(error).__name__}: {error}")
                job.error.__cause__ = error.with_traceback(None)
            self.hand_over(job)
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
