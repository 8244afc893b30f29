"""Decode jobs, and the base class of all jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from .._decoding.files import is_plain
from ..errors import ResourceError, unlinked
from . import expected_time

if TYPE_CHECKING:
    from .._common.threads import Signal
    from .._decoding.load import Settings
    from .._decoding.pcm import Samples
    from ..resources import Resource
    from .expected_time import Survey
    from .watcher import Watcher
    from .window import Window


#: Starts of libsndfile's names of codecs that do not encode the samples.
_PLAIN_CODECS = ("PCM", "FLOAT", "DOUBLE")


class Job:
    """One step of the load of a sound. It runs once, on a worker or on a thread that needs the result at once.

    A pending load is its present job. The job that follows takes over its waiters (`follow`).

    `state` changes under the pool's lock only. The thread that changes it from 'queued' to 'claimed' runs the job and
    writes `error`, once, before `state` becomes 'done'. A job that is withdrawn while it is claimed still becomes
    'done', but the pool discards its result.

    Attributes:
        key: The name of the sound in the cache.
        state: 'queued', 'claimed', 'done' or 'dropped'.
        withdrawn: Whether the load was dropped.
        runner: The object that claimed it to run it on its own thread; None for a worker.
        memory: Bytes of samples that it has allocated or will allocate. Changed by the running thread while the job
            is claimed, else under the pool's lock.
        expected: Expected time of the load (`expected_time`); 0 while unknown.
        share: Share of the load that is done, 0.0 to 1.0.
        last_heartbeat: Time of the last heartbeat (``time.perf_counter``).
        error: The error of the job; None if it succeeded or has not ended.
        finished: A signal that is set when `state` becomes 'done', or 'queued' again. The waiting thread makes it
            (`WorkerPool.wait_for`).
        portable: Whether a decoder process can run it.
        window: The jobs that were sent to a decoder process, if this is one of them. Changed under the pool's lock.
        suspect: Whether a decoder process has died that had it in its window.
        is_encoded: Whether its samples had to be decoded. Known after the header was read.
        kept: Whether the workers leave it to the main thread (`WorkerPool.keep`). Changed under the pool's lock.
        order: Entry number of the sound: the position in the order of requests. This and all that follow are used on
            the main thread only.
        substitutes: Number of substitutes that were tried for the name.
        requested: Whether `cache` requested the name. If so, cancelling a batch does not drop the load.
        awaited: Whether a ``Buffer(name)`` waits for the load. If so, cancelling a batch does not drop it.
        watchers: The batches and plays that wait for the load.
    """

    # Class attributes are the defaults, so that a new job, of which `cache` makes one a name, stores little. The class
    # is no ABC, because each `isinstance` of one takes a microsecond.
    state: Literal["queued", "claimed", "done", "dropped"] = "queued"
    withdrawn = False
    runner: object = None
    memory = 0
    expected = 0.0
    share = 0.0
    last_heartbeat = 0.0
    error: ResourceError | None = None
    finished: Signal | None = None
    portable = False
    window: Window | None = None
    suspect = False
    kept = False
    is_encoded = False
    order = 0
    substitutes = 0
    requested = False
    awaited = False
    watchers: tuple[Watcher, ...] = ()

    def __init__(self, key: str) -> None:
        self.key = key

    def follow(self, job: Job) -> None:
        """Take over the order and the waiters of the job that this one follows."""
        self.order = job.order
        self.requested, self.awaited, self.watchers = job.requested, job.awaited, job.watchers

    @property
    def has_waiter(self) -> bool:
        """Whether `cache`, a ``Buffer(name)`` or a watcher needs the load."""
        return self.requested or self.awaited or bool(self.watchers)

    if TYPE_CHECKING:

        def run(self) -> None:
            """Run the job and store its result. Raises only exceptions such as `KeyboardInterrupt`, not `Exception`."""

        def discard_result(self) -> None:
            """Release the memory of a result that is not published."""

    @property
    def may_be_copy(self) -> bool:
        """Whether it may do little more than read a file, as the name says."""
        return False

    @property
    def is_short_copy(self) -> bool:
        """Whether it does little more than read a short file, as the name and the expected time say."""
        return self.may_be_copy and 0 < self.expected <= expected_time.SHORT_COPY

    def heartbeat(self) -> None:
        """Note that the job makes progress."""
        self.last_heartbeat = time.perf_counter()


class DecodeJob(Job):
    """Opens a resource and decodes it into memory. The result is in `samples` or `error`.

    Attributes:
        resource: The resource to load.
        settings: The settings of the load.
        survey: The expected times of the jobs that a batch requested together, or None.
        samples: The decoded samples; None before the job is done, after an error and after `discard_result`.
    """

    survey: Survey | None = None
    samples: Samples | None = None

    def __init__(self, resource: Resource, settings: Settings) -> None:
        self.key = resource.key
        self.resource = resource
        self.settings = settings
        self.portable = resource.is_portable and not settings.factories and settings.loading is None

    @property
    def may_be_copy(self) -> bool:
        return self.portable and self.resource.is_file and is_plain(self.key)

    def run(self) -> None:
        """Open and decode the resource. Blocks. The first job of a batch asks for the sizes of all its files."""
        if self.survey is not None:
            self.survey.measure()
        try:
            self.samples = self.settings.load(self.resource, self)
        except ResourceError as error:
            self.error = unlinked(error)

    def discard_result(self) -> None:
        """Release the samples."""
        self.samples = None

    def measure(self) -> None:
        """Set the expected time from the size of the file, if it is not known. Blocks while the file system works."""
        if not self.expected:
            self.expected = expected_time.of_file(self.key, self.resource.weight())

    # Called by `load.load` to report progress

    def opened(self, size: int) -> None:
        """Note that the file was opened and has `size` bytes."""
        if not self.expected:
            self.expected = expected_time.of_file(self.key, size)
        self.heartbeat()

    def described(self, codec: str, samples: int) -> None:
        """Note codec and number of samples, after the header was read."""
        self.is_encoded = not codec.startswith(_PLAIN_CODECS)
        if samples:
            self.expected = expected_time.of_samples(codec, samples)

    def decoded(self, share: float) -> None:
        """Note which share of the samples was decoded."""
        self.share = min(share, 1.0)

    def allocated(self, size: int) -> None:
        """Note that the samples take `size` bytes."""
        self.memory = size

    def is_wanted(self) -> bool:
        """Return whether to continue: False if the job was withdrawn. Counts as a heartbeat."""
        self.heartbeat()
        return not self.withdrawn
