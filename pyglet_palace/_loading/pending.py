"""A pending load, and the interface of those who wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..errors import ResourceError
    from .expected_time import Survey
    from .jobs import DecodeJob
    from .upload import UploadJob


class Watcher(Protocol):
    """A waiter for several names that receives the result of each (a `Batch`)."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def finished(self) -> bool: ...
    @property
    def _reads_errors(self) -> bool:
        """Whether the game reads the error from the watcher, so that it need not be logged."""

    def _resolved(self, name: str, error: ResourceError | None, expected: float) -> None: ...
    def _surveyed(self, jobs: list[DecodeJob | UploadJob], survey: Survey) -> None: ...


class PendingLoad:
    """The load of one name: its current job and its waiters."""

    __slots__ = ("awaited", "job", "order", "requested", "substitutes", "watchers")

    def __init__(self, job: DecodeJob, substitutes: int, order: int) -> None:
        self.job: DecodeJob | UploadJob = job
        #: Entry number: the position in the order of requests.
        self.order = order
        #: Number of substitutes tried so far.
        self.substitutes = substitutes
        #: Whether `cache` requested the name. If so, cancelling a batch does not drop the load.
        self.requested = False
        #: Whether a ``Buffer(name)`` waits for the load. If so, cancelling a batch does not drop it.
        self.awaited = False
        #: Batches that wait for the load.
        self.watchers: list[Watcher] = []
