"""Queues of jobs for decoder processes, each of which has a window of jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .job_queues import JobQueues

if TYPE_CHECKING:
    from .jobs import DecodeJob
    from .window import Window

#: Jobs in the window of a decoder process. Together they take longer than the answer of this process beside a busy main
#: thread. With half of them left, the process is sent more.
WINDOW_JOBS = 48


class ProcessQueues(JobQueues):
    """Job queues from which decoder processes take portable jobs, too. Called by the threads of the processes."""

    def add_window(self, window: Window) -> None:
        """Count the jobs of a window as queued until they are claimed."""
        self._windows.append(window)

    def wait_for_portable(self, patience: float) -> bool:
        """Block until there is work for a decoder process that does not run yet.

        Args:
            patience: Seconds that the threads may take for the portable jobs.

        Returns:
            False if the pool was closed.
        """
        with self._lock:
            deadline: float | None = None
            while not self._closed:
                if not self._portable:
                    deadline = None
                elif deadline is None:
                    deadline = time.monotonic() + patience
                left = None if deadline is None else deadline - time.monotonic()
                if self._suspects or (left is not None and left <= 0):
                    return True
                if left is None:
                    self._await_portable()
                else:  # more jobs change nothing
                    self._portable_work.wait(left)
            return False

    def set_serving(self, change: int) -> None:
        """Note that a decoder process is ready (1), or has ended (-1)."""
        with self._lock:
            self._serving += change
            self._wake_workers()

    def refill(self, window: Window, patience: float) -> tuple[list[tuple[int, DecodeJob]], list[int]] | None:
        """Move jobs into the window of a decoder process. Blocks while both the window and the queue are empty.

        Args:
            window: The window.
            patience: Seconds to wait for a job.

        Returns:
            The jobs with their numbers, and the numbers of the jobs that were dropped since. None if no job has come,
            or if the pool was closed.
        """
        with self._lock:
            while not self._closed and not window.jobs and not self._can_send():
                if not self._await_portable(patience):
                    return None
            if self._closed:
                return None
            added: list[tuple[int, DecodeJob]] = []
            if len(window.jobs) <= WINDOW_JOBS // 2:
                while self._can_send() and self._has_room(window):
                    added.append(self._send_next(window))
            return added, window.take_dropped()

    def _can_send(self) -> bool:
        return bool(self._suspects or self._portable) and not self._over_budget()

    def _has_room(self, window: Window) -> bool:
        """Return whether the next job may enter a window. With a budget, and for a suspect, it holds one job."""
        if self._suspects or self._budget is not None or window.has_suspect():
            return not window.jobs
        return len(window.jobs) < WINDOW_JOBS

    def _send_next(self, window: Window) -> tuple[int, DecodeJob]:
        if self._suspects:
            job = self._suspects.popleft()
            return window.add(job), job
        job = self._portable.popitem(last=False)[0]  # type: ignore[assignment]  # only decode jobs are portable
        number = window.add(job)
        self._claim_first(window)
        return number, job

    def _claim_first(self, window: Window) -> None:
        """Claim the job that the process runs."""
        job = window.first()
        if job is not None and job.state == "queued":
            self._mark_claimed(job)

    def take_answered(self, window: Window, number: int) -> DecodeJob | None:
        """Take a job out of a window, to be finished or returned by the caller; None if it is not there any more."""
        with self._lock:
            job = window.jobs.get(number)
            if job is not None:
                if job.state == "queued":  # the answers to the jobs before it have come in the same block
                    self._mark_claimed(job)
                window.remove(job)
            self._claim_first(window)
            return job

    def return_to_threads(self, job: DecodeJob) -> None:
        """Queue a claimed job again, for a thread."""
        with self._lock:
            job.portable = job.suspect = False
            self._return(job)

    def _return(self, job: DecodeJob) -> None:
        """Queue a claimed job again, in front."""
        job.memory, job.share = 0, 0.0
        if job.withdrawn:
            self._finish(job)
            return
        self._active.pop(job, None)
        job.state = "queued"
        self._queue_first(job)
        if job.finished is not None:  # the thread that waits for it may run it itself
            job.finished.set()
            job.finished = None

    def take_back(self, window: Window, *, stalled: bool) -> DecodeJob | None:
        """Queue the jobs of a decoder process that has ended again.

        Args:
            window: Its window.
            stalled: Whether the process was ended because it made no progress. Then a thread runs its first job. If it
                has ended itself, all its jobs are suspects. Another process runs them, one at a time.

        Returns:
            The suspect that was the only job of the process. The caller must finish it, with an error.
        """
        with self._lock:
            jobs = window.clear()
            if stalled and jobs:
                first = jobs.pop(0)
                first.portable = first.suspect = False
                self._return(first)
            elif len(jobs) == 1 and jobs[0].suspect:
                return jobs[0]
            for job in reversed(jobs):
                if self._closed or job.withdrawn:
                    job.withdrawn = True
                    self._finish(job)  # a thread may wait for it
                elif stalled:
                    self._return(job)
                else:
                    job.suspect = True
                    if job.state == "queued":
                        self._mark_claimed(job)
                    self._suspects.appendleft(job)
            return None

    def give_up_processes(self) -> None:
        """Let threads run all jobs, because decoder processes do not work here."""
        with self._lock:
            self._uses_processes = False
            self._queue.update(self._portable)
            self._portable.clear()
            while self._suspects:
                job = self._suspects.pop()
                job.suspect = False
                self._return(job)
            self._wake_workers()
