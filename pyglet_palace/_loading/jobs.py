"""One thing to be done for a sound, by whoever claims it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from ..errors import ResourceError, unlinked

if TYPE_CHECKING:
    import threading

    from .._decoding.load import Settings
    from .._decoding.pcm import Samples
    from ..resources import Resource


class Job:
    """Something to be done once, by a worker or by who cannot wait for one.

    `state` is changed under the loader's lock only; who moves it from 'queued' to 'claimed' does the task. `error` is
    written once, before `state` becomes 'done', by who claimed it. A task withdrawn while it is claimed is still
    brought to 'done', but nobody is told.

    Attributes:
        key: The name of the sound it is for.
        memory: Bytes that it holds, or is going to. Changed by who does it while it is claimed, else under the
            loader's lock.
        stirred: When whoever does it gave its last sign of life (``time.perf_counter``).
        size: Bytes of the sound's file; 0 while unknown.
    """

    __slots__ = ("error", "finished", "key", "last_heartbeat", "memory", "size", "state", "withdrawn")

    def __init__(self, key: str) -> None:
        self.key = key
        self.state: Literal["queued", "claimed", "done", "dropped"] = "queued"
        self.withdrawn = False
        self.memory = 0
        self.size = 0
        self.last_heartbeat = 0.0
        self.error: ResourceError | None = None
        #: Set when the state becomes 'done'; made by who waits (`WorkerPool.wait_for`).
        self.finished: threading.Event | None = None

    def run(self) -> None:
        """Do it. Raises what is no `Exception`, such as Ctrl-C."""
        raise AssertionError("each kind of task is done in its own way")

    def discard_result(self) -> None:
        """Nobody wants what came of it."""

    def heartbeat(self) -> None:
        """A sign of life."""
        self.last_heartbeat = time.perf_counter()


class DecodeJob(Job):
    """One sound to load. What came of it is in `samples` or `error`."""

    __slots__ = ("resource", "samples", "settings")

    def __init__(self, resource: Resource, settings: Settings) -> None:
        super().__init__(resource.key)
        self.resource = resource
        self.settings = settings
        self.samples: Samples | None = None

    def run(self) -> None:
        """Load it."""
        from .._decoding import load  # with numpy and soundfile: imported by the context, so that importing us is cheap

        try:
            self.samples = load.load(self.resource, self.settings, self)
        except ResourceError as error:
            self.error = unlinked(error)

    def discard_result(self) -> None:
        """Forget the samples."""
        self.samples = None

    # What `load.load` tells

    def opened(self, size: int) -> None:
        """The file has `size` bytes."""
        self.size = size
        self.heartbeat()

    def allocated(self, size: int) -> None:
        """The samples take `size` bytes."""
        self.memory = size

    def is_wanted(self) -> bool:
        """Whether anybody still wants it."""
        self.heartbeat()
        return not self.withdrawn
