"""Window of a decoder process: the jobs that were sent to it and not answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .jobs import DecodeJob, Job


class Window:
    """Jobs sent to a decoder process, in the order sent. Used under the pool's lock.

    The process runs them in this order. The first one is claimed. The others are queued: another thread may claim or
    drop them, and the answer of the process is then ignored.

    Attributes:
        jobs: The jobs by number.
    """

    def __init__(self) -> None:
        self.jobs: dict[int, DecodeJob] = {}
        self._numbers: dict[Job, int] = {}
        self._newest = 0
        self._dropped: list[int] = []

    def add(self, job: DecodeJob) -> int:
        """Add a job; return its number."""
        self._newest += 1
        self.jobs[self._newest] = job
        self._numbers[job] = self._newest
        job.window = self
        return self._newest

    def remove(self, job: Job) -> None:
        """Remove a job. Ignores one that is not there. A second call completes one that Ctrl-C has interrupted."""
        self.jobs.pop(self._numbers.get(job, 0), None)
        self._numbers.pop(job, None)
        job.window = None

    def drop(self, job: Job) -> None:
        """Let the process know that nothing waits for the job."""
        if number := self._numbers.get(job, 0):
            self._dropped.append(number)

    def take_dropped(self) -> list[int]:
        """Return the numbers of dropped jobs that were not sent to the process yet, and count them as sent."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def first(self) -> DecodeJob | None:
        """Return the job that the process runs; None if there is none."""
        return next(iter(self.jobs.values()), None)

    def queued(self) -> int:
        """Return the number of jobs that are not claimed."""
        return sum(job.state == "queued" for job in self.jobs.values())

    def has_suspect(self) -> bool:
        """Return whether a job of the window has ended a process, or was in the window of one that ended."""
        return any(job.suspect for job in self.jobs.values())

    def clear(self) -> list[DecodeJob]:
        """Remove all jobs and return them."""
        jobs = list(self.jobs.values())
        for job in jobs:
            job.window = None
        self.jobs.clear()
        self._numbers.clear()
        self._dropped.clear()
        return jobs
