"""preload: `cache` with something to hold, for loading screens."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyglet.event import EventDispatcher

from ._common.lifetime import Destroyable
from ._current import require_engine
from .buffer import by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from ._common.events import EventQueue
    from ._engine import Engine
    from .buffer import Buffer
    from .context import Context
    from .errors import ResourceError
    from .resources import Name

#: Seconds between two looks of who awaits a batch under asyncio.
_FRAME = 0.01


class Batch(EventDispatcher, Destroyable):
    """Names that are loaded together. Made by `preload`.

    >>> batch = preload(["door.ogg", "theme.ogg"])
    >>> while not batch.finished:
    ...     pyglet.clock.tick()
    ...     draw_bar(batch.progress)

    Events of pyglet's kind, told by `Context.update`: ``on_progress(batch)`` when `done` has grown, and
    ``on_complete(batch)`` once, at the end, whatever failed.

    It can be awaited, under asyncio or a loop of the game's own that goes on with its coroutines once a frame:
    ``await batch`` returns the batch once it is `finished`. In a ``pyglet.clock.Chain`` (pyglet 3), ``yield batch``
    does the same.

    Its members may be used on the thread that made the context only. A batch that has not been released keeps its
    names from being evicted under `cache_limit`. As a context manager it calls `release` on leaving.
    """

    event_types: list[str]

    def __init__(self, names: tuple[str, ...], engine: Engine) -> None:
        """For `preload`."""
        self._engine = engine
        self._names = names
        self._wanted = frozenset(names)
        #: File sizes in bytes of names that are resolved (0: unknown), and what came of them.
        self._sizes: dict[str, int] = {}
        #: Of these sizes, the sum, and how many are known.
        self._weight = 0
        self._weighed = 0
        self._failed: dict[str, ResourceError] = {}
        self._shown = 0.0
        self._told = 0
        self._cancelled = False
        self._completed = False
        self._silenced = False
        #: Called with the batch by the first update after it has finished, also if it was cancelled.
        self._waiting: dict[object, Callable[[Batch], object]] = {}
        self._init_lifetime()

    @property
    def names(self) -> tuple[str, ...]:
        """What the cache calls its sounds; each once, in the order given."""
        return self._names

    @property
    def total(self) -> int:
        """How many names it has."""
        return len(self._names)

    @property
    def done(self) -> int:
        """Names that are loaded, failed or withdrawn."""
        return len(self._names) if self._cancelled else len(self._sizes)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to come: ``done == total``."""
        return self.done == self.total

    @property
    def failed(self) -> Mapping[str, ResourceError]:
        """The names that were not loaded, and why."""
        return MappingProxyType(self._failed)

    @property
    def progress(self) -> float:
        """How much is done, 0.0 to 1.0, by the sizes of the files. Never goes back; exactly 1.0 at the end.

        A file's size is known once it is open; until then it counts as the mean of those that are known.
        """
        if self.finished:
            return 1.0
        under_way = [size for name, size in self._engine.requests.loading_sizes() if name in self._wanted]
        known = self._weight + sum(under_way)
        count = self._weighed + len(under_way)
        mean = known / count if count else 1.0
        now = (self._weight + (self.done - self._weighed) * mean) / (known + (self.total - count) * mean)
        self._shown = max(self._shown, min(now, 1.0))
        return self._shown

    def wait(self, timeout: float | None = None) -> bool:
        """Block until `finished`, and publish what arrives meanwhile. Tells no news: the next update does.

        What it waits for comes before all else that is queued. May be called in a handler. Without a `timeout` this
        thread loads as well, so every core does, the largest files first; and if what it loads is interrupted
        (Ctrl-C), that name has failed with `LoadCancelled`.

        Args:
            timeout: Seconds to wait at most; None: as long as it takes. 0 only looks.

        Returns:
            Whether it is finished.

        Raises:
            RuntimeError: Called by what is called to load a sound (`buffer_loading`, a decoder, a file).
        """
        engine = self._engine
        engine.check_alive()
        engine.requests.wait(self, timeout)
        engine.check_alive()  # a decoder of the game's may have done anything
        engine.wake()
        return self.finished

    def __await__(self) -> Generator[Any, None, Batch]:
        """Wait for `finished` without blocking; what arrives meanwhile is published, as by ``wait(0)``.

        Where asyncio runs it sleeps by asyncio between two looks; elsewhere it yields None to whatever drives the
        coroutine, which comes back whenever it likes.

        Returns:
            The batch.

        Raises:
            RuntimeError: This is not the thread that made the context.
        """
        if not self.finished:
            self._come_first()
        while not self.finished and not self.wait(0):
            asyncio = _running_asyncio()
            if asyncio is not None:
                yield from asyncio.sleep(_FRAME).__await__()
            else:
                yield
        return self

    def start(
        self, complete: Callable[[Batch], object], fail: Callable[[BaseException], object] | None = None
    ) -> Callable[[], None]:
        """Have `complete` called with the batch once it is `finished`, as ``yield batch`` in a chain of pyglet 3 does.

        Called by an update, whatever failed and also if the batch was cancelled; at once, if it has finished.

        Args:
            complete: What to call.
            fail: Part of pyglet's protocol; never called, for what fails is in `failed`.

        Returns:
            A function that withdraws this wish. The batch goes on.

        Raises:
            RuntimeError: This is not the thread that made the context.
        """
        if self.finished:
            complete(self)
            return lambda: None
        self._come_first()
        ticket = object()
        self._waiting[ticket] = complete

        def withdraw() -> None:
            self._waiting.pop(ticket, None)

        return withdraw

    def _go_on(self, ticket: object) -> None:
        """Call who waits under `ticket`, unless he has withdrawn."""
        complete = self._waiting.pop(ticket, None)
        if complete is not None:
            complete(self)

    def _come_first(self) -> None:
        """The game waits for it: what is queued is loaded before all else."""
        self._engine.check_alive()
        self._engine.requests.prefer(self._names)

    def cancel(self) -> None:
        """Want nothing any more. What no other batch and no `cache` wants is not loaded; the rest goes on.

        The batch is finished at once, and sends nothing more. Returns at once.
        """
        if self._engine.alive:
            self._engine.check_alive()
        self._silenced = True
        if not self._cancelled and not self._completed:
            if self._engine.alive:
                self._engine.requests.withdraw(self)
            self._cancelled = True
            if self._engine.alive and self._waiting:
                self._engine.requests.mark_changed(self)
                self._engine.wake()

    def release(self) -> None:
        """Free its names, but those that another batch holds which was not released. Cancels what is not done.

        Returns at once. Nothing the second time.
        """
        if self._destroyed:
            return
        self.cancel()
        self._destroyed = True
        if self._engine.alive:
            shelf = self._engine.cache
            shelf.pins.unpin(self)
            self._engine.requests.forget(
                name for name in self._names if name not in shelf.pins and shelf.get(name) is not None
            )
            self._engine.dispatch()

    _closing_method = "release"

    def __iter__(self) -> Iterator[Buffer]:
        """Its buffers that are in memory, in order."""
        self._engine.check_alive()
        shelf = self._engine.cache
        entries = [shelf.get(name) for name in self._names]
        return iter([shelf.handle(entry) for entry in entries if entry is not None])

    def dispatch_event(self, event_type: str, *args: Any) -> bool | None:
        """Send an event to its handlers, but nothing once it was cancelled, not even what was due by then."""
        return False if self._silenced else super().dispatch_event(event_type, *args)

    def __repr__(self) -> str:
        failed = f", {len(self._failed)} failed" if self._failed else ""
        if self._destroyed or self._cancelled:
            return f"<Batch of {self.total}, {'released' if self._destroyed else 'cancelled'}{failed}>"
        return f"<Batch: {self.done} of {self.total} done{failed}>"

    # For the table and the context, on the game's thread

    def _resolved(self, name: str, error: ResourceError | None, size: int) -> None:
        """What has become of one of its names, whose file has `size` bytes (0: unknown)."""
        if self._cancelled:
            return
        if name not in self._sizes and size:
            self._weight += size
            self._weighed += 1
        self._sizes.setdefault(name, size)
        if error is not None:
            self._failed[name] = error

    def _report(self, news: EventQueue) -> None:
        """Tell `news` what is due."""
        if self.done > self._told:
            self._told = self.done
            news.post_batch_event("on_progress", self)
        if self.finished and not self._completed and not self._cancelled:
            self._completed = True
            news.post_batch_event("on_complete", self)
        if self.finished:
            for ticket in self._waiting:
                news.post_call(self._go_on, ticket)


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
    """Have sounds loaded in the background, as `cache` does, and get a `Batch` to watch them by.

    Returns at once.

    Args:
        names: Resource names for ``pyglet.resource``, or paths of files; any iterable.
        context: Whose cache; None: the current context's.
        urgent: Whether they are loaded before all that is queued, even if they were asked for before.
        on_progress: Called with the batch when more of it is done.
        on_complete: Called with the batch once, when nothing is left to come, whatever failed. Both are called by
            an update, never in here.

    Raises:
        TypeError: `names` is a single name, or holds something that is no name; nothing is loaded then.
        RuntimeError: No context was given and none is current; or this is not the thread that made it.
    """
    engine = require_engine(context)
    engine.check_alive()
    wanted = by_key(names)
    batch = Batch(tuple(wanted), engine)
    if on_progress is not None:
        batch.set_handler("on_progress", on_progress)
    if on_complete is not None:
        batch.set_handler("on_complete", on_complete)
    table = engine.requests
    engine.cache.pins.pin(batch, batch.names)
    table.mark_changed(batch)
    table.request(wanted, batch, first=urgent)
    engine.wake()
    return batch
