"""Jobs that run on the thread that needs their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._common.text import short_repr
from ..errors import LoadCancelled

if TYPE_CHECKING:
    from .jobs import DecodeJob
    from .upload import UploadJob
    from .workers import WorkerPool


class CallingThread:
    """Runs jobs of a pool on the main thread, while it waits for them.

    Attributes:
        running: The jobs that it is running, innermost last.
    """

    def __init__(self, workers: WorkerPool) -> None:
        """Run jobs of `workers`."""
        self._workers = workers
        self.running: list[DecodeJob | UploadJob] = []

    def run(self, job: DecodeJob | UploadJob) -> bool:
        """Run a queued job on the calling thread; return False if it is not queued any more."""
        try:
            if not self._workers.claim(job, self):
                return False
            self.running.append(job)
            job.run()
        except BaseException as error:  # Ctrl-C; a claimed job must finish, because other waiters depend on it
            if job.runner is self:
                job.error = LoadCancelled(job.key, "decode", f"the load was interrupted by {type(error).__name__}")
            raise
        finally:
            if job.runner is self and job.state != "done":
                try:
                    if job in self.running:
                        self.running.remove(job)
                    self._workers.finish(job)
                except BaseException:  # Ctrl-C
                    self._workers.finish(job)
                    raise
        return True

    def check_not_running(self, what: str, job: DecodeJob | UploadJob | None = None) -> None:
        """Raise instead of waiting for a job that the calling thread itself is running (a deadlock).

        ``Buffer(name)`` calls the game's `buffer_loading`, decoder or file. These can wait for a sound.

        Args:
            what: Named in the error.
            job: The job to wait for; None: any.

        Raises:
            RuntimeError: The calling thread is running the job.
        """
        if self.running if job is None else job in self.running:
            raise RuntimeError(f"a callback of a load that runs on this thread cannot wait for {short_repr(what)}")
