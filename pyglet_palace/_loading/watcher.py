"""The interface of those who wait for pending loads."""

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
