"""preload and Batch: loads with progress, for loading screens."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ._common.dispatcher import Dispatcher
from ._common.lifetime import Destroyable, KnownAttributes
from ._current import require_engine
from .buffer import keys_of
from .errors import BatchFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from ._common.events import EventQueue
    from ._engine import Engine
    from ._loading.expected_time import Survey
    from ._loading.jobs import DecodeJob, Job
    from ._loading.upload import UploadJob
    from .buffer import Buffer
    from .context import Context
    from .errors import ResourceError
    from .resources import Name

#: Polling interval of ``await batch`` under asyncio, in seconds.
_POLL_SECONDS = 0.01
#: The greatest progress before the end.
_ALMOST = 0.999


class Batch(KnownAttributes, Dispatcher, Destroyable):
    """A set of names that load together. `preload` makes it.

    >>> batch = preload(["door.ogg", "theme.ogg"])
    >>> while not batch.finished:
    ...     pyglet.clock.tick()
    ...     draw_bar(batch.progress)

    >>> batch.raise_for_failures()

    `Context.update` dispatches these pyglet events: ``on_progress(batch)`` after `done` has grown, and
    ``on_complete(batch)`` once at the end, also after failures.

    ``await batch`` returns the batch once it is `finished`, under asyncio or in a loop of your own that resumes its
    coroutines every frame. ``yield batch`` does the same in a ``pyglet.clock.Chain`` (pyglet 3).

    `names`, `total`, `done`, `finished`, `failed` and `ok` may be read on any thread. Use all other members only on the
    thread that created the context. A batch that was not released protects its names from eviction under `cache_limit`.
    As a context manager, a batch calls `release` on exit.
    """

    #: The errors are in `failed`, so they need not be logged.
    _reads_errors = True

    def __init__(self, names: tuple[str, ...], engine: Engine) -> None:
        """Create a batch. Called by `preload`."""
        self._engine = engine
        self._names = names
        #: The names that were loaded, failed or cancelled.
        self._done: set[str] = set()
        #: The jobs at the time of the request, until all their expected times are known.
        self._jobs: list[Job] = []
        self._survey: Survey | None = None
        #: Expected times of the names that were not cached, their sum, and the part of it that is done.
        self._expected: dict[str, float] = {}
        self._expected_total = 0.0
        self._expected_done = 0.0
        self._failed: dict[str, ResourceError] = {}
        self._shown = 0.0
        self._reported = 0
        self._cancelled = False
        self._completed = False
        self._silenced = False
        #: Callbacks of `start` by ticket. The first update after the end calls them, cancelled or not.
        self._waiting: dict[object, Callable[[Batch], object]] = {}
        self._init_lifetime()

    @property
    def names(self) -> tuple[str, ...]:
        """Cache keys of the names, without duplicates, in the given order."""
        return self._names

    @property
    def total(self) -> int:
        """Number of names."""
        return len(self._names)

    @property
    def done(self) -> int:
        """Number of names that were loaded, failed or cancelled."""
        return len(self._names) if self._cancelled else len(self._done)

    @property
    def finished(self) -> bool:
        """Whether ``done == total``."""
        return self.done == self.total

    @property
    def failed(self) -> Mapping[str, ResourceError]:
        """Errors by name, for the names that were not loaded."""
        return MappingProxyType(self._failed)

    @property
    def ok(self) -> bool:
        """Whether the batch is finished and all names were loaded."""
        return self.finished and not self._failed and not self._cancelled

    def raise_for_failures(self) -> None:
        """Raise an error with all failures so far. Does nothing without failures.

        Raises:
            BatchFailed: Names were not loaded. The text and `BatchFailed.failed` list them.
        """
        if self._failed:
            raise BatchFailed(dict(self._failed), self.total)

    @property
    def progress(self) -> float:
        """Share of the expected time that is over, 0.0 to 1.0. Never decreases; exactly 1.0 at the end.

        The expected time of a sound follows from the size and the kind of its file, then from its header. A sound that
        is being decoded counts by the share of its samples. Names that were cached already do not count.
        """
        if self.finished:
            return 1.0
        self._engine.check_alive()
        self._engine.wake()  # pyglet's default clock may have been replaced
        if self._survey is not None and self._survey.complete:
            self._take_survey()
        if self._expected_total:
            done, total = self._expected_done, self._expected_total
            for job in self._engine.requests.unpublished_jobs():
                before = self._expected.get(job.key)
                if before is not None and job.key not in self._done:
                    expected = job.expected or before
                    total += expected - before
                    done += expected * job.share
            self._shown = max(self._shown, min(done / total, _ALMOST))
        return self._shown

    def _take_survey(self) -> None:
        """Take over the expected times of all names. A name without one counts as the mean of the others."""
        known = [job.expected for job in self._jobs if job.expected]
        mean = sum(known) / len(known) if known else 1.0
        self._expected = {job.key: job.expected or mean for job in self._jobs}
        self._expected_total = sum(self._expected.values())
        self._expected_done = sum(self._expected[name] for name in self._done if name in self._expected)
        self._jobs.clear()
        self._survey = None

    def wait(self, timeout: float | None = None) -> bool:
        """Block until `finished`. Publishes loads meanwhile; the next update dispatches the events.

        The names of the batch move to the front of the queue. May be called in a handler. Without a `timeout` the
        calling thread decodes too, so that every core works, and the longest loads come first. If an interrupt (Ctrl-C)
        stops such a decode, that name fails with `LoadCancelled`.

        Args:
            timeout: Maximum time in seconds. None: no limit. 0: only publish.

        Returns:
            Whether the batch is finished, also after failures: see `ok` and `raise_for_failures`.

        Raises:
            RuntimeError: Called while this thread loads a sound (in `buffer_loading`, a decoder or a file).
        """
        engine = self._engine
        engine.catch_up()
        engine.requests.wait(self, timeout)
        engine.check_alive()  # a decoder may have destroyed the context
        engine.wake()
        return self.finished

    def __await__(self) -> Generator[Any, None, Batch]:
        """Wait for `finished` without blocking. Publishes loads meanwhile, as ``wait(0)`` does.

        Under asyncio it sleeps by asyncio between two checks. Elsewhere it yields None to the loop that drives the
        coroutine, which may resume it at any time.

        Returns:
            The batch.

        Raises:
            RuntimeError: Another thread created the context.
        """
        if not self.finished:
            self._move_to_front()
        while not self.finished and not self.wait(0):
            asyncio = _running_asyncio()
            if asyncio is not None:
                yield from asyncio.sleep(_POLL_SECONDS).__await__()
            else:
                yield
        return self

    def start(
        self, complete: Callable[[Batch], object], fail: Callable[[BaseException], object] | None = None
    ) -> Callable[[], None]:
        """Call `complete` with the batch once it is `finished`. ``yield batch`` in a chain of pyglet 3 uses this.

        The next update after the end calls it, also after failures and cancellation. If the batch is finished already,
        it is called at once.

        Args:
            complete: The callback.
            fail: Part of pyglet's protocol. Never called: errors are in `failed`.

        Returns:
            A function that removes the callback. It does not cancel the batch.

        Raises:
            RuntimeError: Another thread created the context.
        """
        if self.finished:
            complete(self)
            return lambda: None
        self._move_to_front()
        ticket = object()
        self._waiting[ticket] = complete

        def withdraw() -> None:
            self._waiting.pop(ticket, None)

        return withdraw

    def _call_waiter(self, ticket: object) -> None:
        """Call the callback of `ticket`, unless it was removed."""
        complete = self._waiting.pop(ticket, None)
        if complete is not None:
            complete(self)

    def _move_to_front(self) -> None:
        """Move the queued names of the batch to the front."""
        self._engine.catch_up()
        self._engine.requests.prefer(self._names)

    def cancel(self) -> None:
        """Cancel the loads that no other batch and no `cache` has requested.

        The batch is finished at once and dispatches no more events. Returns at once.
        """
        if self._engine.alive:
            self._engine.catch_up()
        self._silenced = True
        if not self._cancelled and not self._completed:
            if self._engine.alive:
                self._engine.requests.withdraw(self)
            self._cancelled = True
            self._jobs.clear()
            self._survey = None
            if self._engine.alive and self._waiting:
                self._engine.publisher.mark_changed(self)
                self._engine.wake()

    def release(self) -> None:
        """Free the sounds of the batch, except those of other unreleased batches. Cancels pending loads.

        Returns at once. A second call does nothing. It also frees sounds that `cache` requested, and destroys their
        `Buffer` objects.
        """
        if self._destroyed:
            return
        self.cancel()
        self._destroyed = True
        if self._engine.alive:
            cache = self._engine.cache
            cache.pins.unpin(self)
            self._engine.requests.forget(
                name for name in self._names if name not in cache.pins and cache.get(name) is not None
            )
            self._engine.dispatch()

    _closing_method = "release"

    def __iter__(self) -> Iterator[Buffer]:
        """Iterate over the cached buffers of the batch, in order."""
        self._engine.check_alive()
        cache = self._engine.cache
        entries = [cache.get(name) for name in self._names]
        return iter([cache.handle(entry) for entry in entries if entry is not None])

    def dispatch_event(self, event_type: str, *args: Any) -> bool | None:
        """Dispatch an event. After `cancel` it dispatches nothing, not even events that were due before."""
        return False if self._silenced else super().dispatch_event(event_type, *args)

    def __repr__(self) -> str:
        failed = f", {len(self._failed)} failed" if self._failed else ""
        if self._destroyed or self._cancelled:
            return f"<Batch of {self.total}, {'released' if self._destroyed else 'cancelled'}{failed}>"
        return f"<Batch: {self.done} of {self.total} done{failed}>"

    # For the load requests and the engine, on the main thread

    def _surveyed(self, jobs: list[DecodeJob | UploadJob], survey: Survey) -> None:
        """Receive the jobs of the names, and the survey that finds their expected times."""
        self._jobs, self._survey = list(jobs), survey

    def _resolved(self, name: str, error: ResourceError | None, expected: float) -> None:
        """Record the result of one name, whose load had the expected time (0: unknown)."""
        if self._cancelled:
            return
        before = self._expected.get(name)
        if before is not None and name not in self._done:
            self._expected_done += expected or before
            self._expected_total += (expected or before) - before
        self._done.add(name)
        if self.finished:  # without a loading screen, nothing has read the progress
            self._jobs.clear()
            self._survey = None
        if error is not None:
            self._failed[name] = error

    def _report(self, events: EventQueue) -> None:
        """Post the events that are due."""
        if self.done > self._reported:
            self._reported = self.done
            events.post_batch_event("on_progress", self)
        if self.finished and not self._completed and not self._cancelled:
            self._completed = True
            events.post_batch_event("on_complete", self)
        if self.finished:
            for ticket in self._waiting:
                events.post_call(self._call_waiter, ticket)


def _running_asyncio() -> Any:
    """Return the module `asyncio` if it runs this coroutine. Does not import it."""
    asyncio = sys.modules.get("asyncio")
    try:
        if asyncio is not None:
            asyncio.get_running_loop()
    except RuntimeError:  # there is no running loop
        return None
    return asyncio


Batch.event_types = ["on_progress", "on_complete"]


def preload(
    names: Iterable[Name],
    context: Context | None = None,
    *,
    urgent: bool = False,
    on_progress: Callable[[Batch], object] | None = None,
    on_complete: Callable[[Batch], object] | None = None,
) -> Batch:
    """Load sounds in the background, as `cache` does, and return a `Batch` to follow them.

    Returns at once. Any thread may call it; on another thread than the context's, the next update begins the loads.

    Args:
        names: Any iterable of resource names for ``pyglet.resource`` or paths of files.
        context: The context whose cache is used. None: the current context.
        urgent: Whether to move the names to the front of the queue, also names that are queued already.
        on_progress: Called with the batch after more of it is done.
        on_complete: Called with the batch once, at the end, also after failures. An update makes both calls.

    Returns:
        The batch. Keep it: its `release` frees the sounds.

    Raises:
        TypeError: `names` is a single name or contains an object that is not a name. Then nothing is loaded.
        RuntimeError: No context was given and none is current.
    """
    engine = require_engine(context)
    batch = Batch(keys_of(names), engine)
    if on_progress is not None:
        batch.set_handler("on_progress", on_progress)
    if on_complete is not None:
        batch.set_handler("on_complete", on_complete)

    def request() -> None:
        engine.cache.pins.pin(batch, batch.names)
        engine.publisher.mark_changed(batch)
        engine.requests.request(batch.names, batch, first=urgent)

    if engine.run(request):
        engine.wake()
    return batch
