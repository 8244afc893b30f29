"""A pending load, and the interface of those who wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..errors import ResourceError
    from .jobs import DecodeJob
    from .upload import UploadJob


class Watcher(Protocol):
    """Who holds several names and is told what becomes of each (a `Batch`)."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def finished(self) -> bool: ...
    def _resolved(self, name: str, error: ResourceError | None, size: int) -> None: ...


class PendingLoad:
    """A name on its way: its current job, and who waits for it."""

    __slots__ = ("awaited", "job", "order", "requested", "substitutes", "watchers")

    def __init__(self, job: DecodeJob, substitutes: int, order: int) -> None:
        self.job: DecodeJob | UploadJob = job
        #: Its place in the order of what was asked for.
        self.order = order
        #: Substitutes that were tried for it.
        self.substitutes = substitutes
        #: Whether `cache` asked for it: then no batch that is cancelled takes it away.
        self.requested = False
        #: Whether a ``Buffer(name)`` is at it: the same.
        self.awaited = False
        self.watchers: list[Watcher] = []
