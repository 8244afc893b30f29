"""One thing to be done for a sound, by whoever claims it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import threading

    from .errors import ResourceError


class Task:
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

    __slots__ = ("error", "finished", "key", "memory", "size", "state", "stirred", "withdrawn")

    def __init__(self, key: str) -> None:
        self.key = key
        self.state: Literal["queued", "claimed", "done", "dropped"] = "queued"
        self.withdrawn = False
        self.memory = 0
        self.size = 0
        self.stirred = 0.0
        self.error: ResourceError | None = None
        #: Set when the state becomes 'done'; made by who waits (`Loader.wait_for`).
        self.finished: threading.Event | None = None

    def do(self) -> None:
        """Do it. Raises what is no `Exception`, such as Ctrl-C."""
        raise AssertionError("each kind of task is done in its own way")

    def let_go(self) -> None:
        """Nobody wants what came of it."""

    def stir(self) -> None:
        """A sign of life."""
        self.stirred = time.perf_counter()
