"""The order in which the thread that waits for a batch runs its queued jobs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .jobs import DecodeJob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .upload import UploadJob

#: Seconds that a short copy may take, and all of them together beyond that. Much, because a thread may wait for a core.
_SLOW_SECONDS, _PATIENCE_SECONDS = 0.004, 0.02


class WaitOrder:
    """Chooses the jobs that a waiting thread runs: the longest loads first, and the short copies when they fit.

    A short copy (`DecodeJob.is_short_copy`) takes some tens of microseconds, and releases the GIL four times. Two
    threads that share short copies wait for each other each time, and take longer than one. The waiting thread
    therefore keeps them all (`WorkerPool.keep`), and runs them while the workers run longer loads.

    Attributes:
        copies: The short copies at first. The caller keeps them from the workers.
    """

    def __init__(self, jobs: Iterable[DecodeJob | UploadJob], workers: int) -> None:
        """Plan a wait.

        Args:
            jobs: The queued jobs, the longest first.
            workers: Number of workers.
        """
        self.copies: list[DecodeJob | UploadJob] = []
        self._others: deque[DecodeJob | UploadJob] = deque()
        self._workers = workers
        for job in jobs:
            (self.copies if job.is_short_copy else self._others).append(job)
        self._copies = deque(self.copies)
        #: Expected time of the short copies that are left.
        self._expected = sum(job.expected for job in self.copies)
        self._late = -_PATIENCE_SECONDS

    def put_first(self, job: DecodeJob | UploadJob) -> None:
        """Run a job before all others."""
        self._others.appendleft(job)

    def take(self) -> DecodeJob | UploadJob | None:
        """Return the next job, which another thread may have claimed by now; None if none is left."""
        others = self._others
        while others and others[0].state != "queued":
            others.popleft()
        # The workers run the longest of the others meanwhile. A job that takes longer than all copies comes first.
        if self._copies and (len(others) <= self._workers or others[self._workers].expected <= self._expected):
            job = self._copies.popleft()
            self._expected -= job.expected
            return job
        return others.popleft() if others else None

    def note(self, job: DecodeJob | UploadJob, seconds: float) -> bool:
        """Note how long a job took.

        Returns:
            Whether to let the workers run short copies as well, because they take long: from a slow disk, or because
            they are encoded after all.
        """
        if job.kept:
            self._late += 1.0 if job.is_encoded else seconds - _SLOW_SECONDS
        return self._late > 0
