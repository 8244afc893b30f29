"""Loads, the worker threads that do them, and the queue of what they have finished."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from .._common import log
from ..errors import DecodeError
from .jobs import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


#: Seconds that `Loader.close` gives the workers to end.
_FAREWELL = 0.1
#: Seconds without a sign of life after which a worker counts as held. A block of samples takes a fraction of that.
_HELD = 1.0
#: Held workers that are relieved; beyond, what is queued waits.
_MOST_HELD = 8


class _Worker:
    """One thread that does tasks.

    Attributes:
        task: What it is at.
        relieved: Whether another has taken its place; it ends with what it is at.
    """

    __slots__ = ("relieved", "task", "thread")

    def __init__(self, run: Callable[[_Worker], None], number: int) -> None:
        self.task: Task | None = None
        self.relieved = False
        name = f"pyglet_palace loader {number}"
        self.thread = threading.Thread(target=run, args=(self,), name=name, daemon=True)


class Loader:
    """Worker threads with one queue before them and one behind.

    Finished tasks are handed over in `finished`, in the order they ended; nothing else of a context's is touched by a
    worker, and a worker never calls OpenAL. A worker that is held in a file or decoder of the game's is relieved by
    another (`relieve`), so that the rest goes on.
    """

    def __init__(self, workers: int | None = None, budget: int | None = None) -> None:
        """Starts the threads, which sleep until there is a task.

        Args:
            workers: How many; None: one less than the cores this process may use, at least 1, at most 4.
            budget: See the attribute.
        """
        # Protects all below but `finished` itself, and the states of all tasks. No user code, file or decoder is
        # called while it is held. Workers wait on it for tasks.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        # Told, with the lock held, that `finished` has grown.
        self._progress = threading.Condition(self._lock)
        self._queue: OrderedDict[Task, None] = OrderedDict()
        self._active: dict[Task, None] = {}
        #: Bytes held by what is in `finished`.
        self._unpublished = 0
        self._budget = budget
        self._closed = False
        #: Tasks that are done, oldest first; see `take`.
        self.finished: deque[Task] = deque()
        self._workers: list[_Worker] = []
        self._started = 0
        try:
            for _ in range(default_workers() if workers is None else workers):
                self._start()
        except BaseException:  # the system has no more threads
            self.close()
            raise

    def _start(self) -> None:
        self._started += 1
        worker = _Worker(self._run, self._started)
        worker.thread.start()
        self._workers.append(worker)

    @property
    def workers(self) -> int:
        """Threads that do tasks, but for those that were relieved."""
        return sum(worker.thread.is_alive() and not worker.relieved for worker in self._workers)

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
        return self._unpublished + sum(task.memory for task in self._active)

    @property
    def budget(self) -> int | None:
        """Bytes in flight beyond which no worker begins anything; with nothing in flight, one is always begun."""
        return self._budget

    @budget.setter
    def budget(self, budget: int | None) -> None:
        with self._lock:
            self._budget = budget
            self._work.notify_all()

    def active(self) -> list[Task]:
        """Tasks that somebody is at, and those that are done and were not taken."""
        with self._lock:
            return [*self._active, *self.finished]

    def submit(self, tasks: Iterable[Task], *, first: bool = False) -> None:
        """Queue tasks; those begun are left alone. Returns at once.

        Args:
            tasks: In the order they are to be done.
            first: Whether they come before all that is queued, also those that are queued themselves.
        """
        with self._lock:
            new = [task for task in tasks if task.state == "queued"]
            self._queue.update(dict.fromkeys(new))
            if first:
                for task in reversed(new):
                    self._queue.move_to_end(task, last=False)
            self._work.notify(len(new))

    def claim(self, task: Task) -> bool:
        """Take a task that nobody has begun for oneself; False if somebody has it.

        Who has claimed a task must `do` it and `hand_over` it.
        """
        with self._lock:
            if task.state != "queued":
                return False
            self._queue.pop(task, None)
            self._begin(task)
            return True

    def _begin(self, task: Task) -> None:
        task.state = "claimed"
        task.stir()
        self._active[task] = None

    def withdraw(self, task: Task) -> None:
        """See that nobody hears of `task` any more. Never waits: what runs is left to end by itself."""
        with self._lock:
            task.withdrawn = True
            if task.state == "queued":
                self._queue.pop(task, None)
                task.state = "dropped"
            elif task.state == "done":
                task.let_go()  # it may stay in `finished` until the next load
                self._settle(task)

    def settled(self, task: Task) -> None:
        """What came of `task`, which is done, has found its place; it may be in `finished` still."""
        with self._lock:
            self._settle(task)

    def _settle(self, task: Task) -> None:
        self._unpublished -= task.memory
        task.memory = 0
        self._make_room()

    def _make_room(self) -> None:
        """There may be less in flight."""
        if self._budget is not None:
            self._work.notify_all()

    def hand_over(self, task: Task) -> None:
        """Announce a claimed task that was done."""
        with self._lock:
            task.state = "done"
            self._active.pop(task, None)
            if task.withdrawn:
                task.let_go()
                task.memory = 0
                self._make_room()
            else:
                self._unpublished += task.memory
                self.finished.append(task)
            if task.finished is not None:
                task.finished.set()
            self._progress.notify_all()

    def take(self) -> Task | None:
        """The oldest of what is done, to be brought to its end; None if there is nothing."""
        with self._lock:
            if not self.finished:
                return None
            task = self.finished.popleft()
            self._settle(task)
            return task

    def put_back(self, task: Task) -> None:
        """What was taken is to be taken again, next."""
        with self._lock:
            self.finished.appendleft(task)

    def forget_finished(self) -> None:
        """Nobody wants anything of what is done."""
        with self._lock:
            while self.finished:
                self._settle(self.finished.popleft())

    def wait_for(self, task: Task) -> None:
        """Block until a task that was claimed is done."""
        with self._lock:
            if task.state != "claimed":
                return
            if task.finished is None:
                task.finished = threading.Event()
        task.finished.wait()

    def wait_for_any(self, timeout: float | None) -> None:
        """Block until something is in `finished`, for at most `timeout` seconds (None: however long)."""
        with self._lock:
            self._progress.wait_for(lambda: self.finished or self._closed, timeout)

    def relieve(self, now: float) -> None:
        """Have others take the places of workers that are held, if there is something queued.

        Args:
            now: Of ``time.perf_counter``.
        """
        if not self._queue:
            return
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.thread.is_alive()]
            there = sum(worker.relieved for worker in self._workers)
            held = [
                worker
                for worker in self._workers
                if not worker.relieved and worker.task is not None and now - worker.task.stirred > _HELD
            ][: _MOST_HELD - there]
            for worker in held:
                worker.relieved = True
        for worker in held:
            assert worker.task is not None
            log.warning("%r has held a loading thread for a second; another has taken its place", worker.task.key)
            try:
                self._start()
            except RuntimeError:
                worker.relieved = False
                log.warn_once("there is no thread left to load with, while one is held in a file or decoder")

    def close(self) -> None:
        """Drop what is queued, disown what runs, and end the workers.

        Blocks for up to 0.1 s. A worker held in a game's file or decoder is left behind: it touches nothing but its
        own task.
        """
        with self._lock:
            self._closed = True
            for task in self._queue:
                task.state = "dropped"
            self._queue.clear()
            for task in self._active:
                task.withdrawn = True
            self.finished.clear()
            self._work.notify_all()
            self._progress.notify_all()
        deadline = time.monotonic() + _FAREWELL
        for worker in self._workers:
            if worker.thread.is_alive() and worker.thread is not threading.current_thread():
                worker.thread.join(max(0.0, deadline - time.monotonic()))

    def _next(self) -> Task | None:
        if not self._queue or (self._budget is not None and self._in_flight() > self._budget):
            return None
        task, _ = self._queue.popitem(last=False)
        self._begin(task)
        return task

    def _run(self, worker: _Worker) -> None:
        while True:
            with self._lock:
                worker.task = None
                while worker.relieved or (task := self._next()) is None:
                    if self._closed or worker.relieved:
                        return
                    self._work.wait()
                worker.task = task
            try:
                task.do()
            except BaseException as error:  # SystemExit in a game's decoder must not end the worker in silence
                task.error = DecodeError(task.key, "decode", f"its decoder raised {type(error).__name__}: {error}")
                task.error.__cause__ = error.with_traceback(None)
            self.hand_over(task)
            del task


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
