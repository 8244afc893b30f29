"""The event queue of a context."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from . import log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Protocol

    class Receiver(Protocol):
        """The interface of a context."""

        @property
        def message_handler(self) -> object: ...
        def dispatch_event(self, event: str, *arguments: Any) -> Any: ...


#: Events that are logged if nothing handles them, with the text; the arguments of the event fill it in.
_LOGGED = {
    "on_cache_failed": "cannot cache {1}",
    "on_cache_limit_exceeded": "cache_limit is {1} bytes, and {0} are in use: nothing else can be evicted",
    "on_stream_failed": "a stream has ended early: {1}",
}


#: Default of `EventQueue.failure_budget`, in seconds.
FAILURE_BUDGET = 0.0003
#: The most failed loads that one update postpones.
_MOST_POSTPONED = 1000


class _ContextEvent:
    """An event of the context.

    Attributes:
        event: Its name.
        arguments: Its arguments.
        message: Name of the method of MessageHandler; '' for events without one.
        reported: Whether the game learns of it in another way, so that it need not be logged.
        callback: The game's own callback for the first argument.
    """

    __slots__ = ("arguments", "callback", "event", "message", "reported")

    def __init__(
        self,
        event: str,
        arguments: tuple[Any, ...],
        message: str = "",
        reported: bool = False,
        callback: Callable[[Any], object] | None = None,
    ) -> None:
        self.event = event
        self.arguments = arguments
        self.message = message
        self.reported = reported
        self.callback = callback

    def deliver(self, handler: object, context: Receiver) -> None:
        """Call the game's callbacks."""
        try:
            if self.callback is not None:
                self.callback(self.arguments[0])
        finally:
            self._deliver_to_context(handler, context)

    def _deliver_to_context(self, handler: object, context: Receiver) -> None:
        try:
            if self.message:
                getattr(handler, self.message)(*self.arguments)
        finally:
            handled = context.dispatch_event(self.event, *self.arguments)
            if handled is False and self.event in _LOGGED and not self.reported and log.warns():
                log.warning("%s", _LOGGED[self.event].format(*self.arguments))  # an error works out its text here


class _Call:
    """A function call in the order of the events."""

    __slots__ = ("_arguments", "_function")

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._function = function
        self._arguments = arguments

    def deliver(self, _handler: object, _context: Receiver) -> None:
        """Call the function."""
        self._function(*self._arguments)


def _is_failed_load(entry: _ContextEvent | _Call) -> bool:
    return isinstance(entry, _ContextEvent) and entry.event == "on_cache_failed"


class EventQueue:
    """The FIFO queue of a context's events. Used on the main thread only.

    Events are dispatched outside locks and context scopes: first to the source's own callback, then to the
    MessageHandler, then as a pyglet event. All are called even if one raises. Events posted during a dispatch belong to
    the same round; `post_stolen` is the exception.
    """

    def __init__(self) -> None:
        self._entries: deque[_ContextEvent | _Call] = deque()
        #: The first entry of the next round; None: all entries belong to this one.
        self._fence: _ContextEvent | _Call | None = None
        #: Seconds of a `dispatch` for the events of failed loads.
        self.failure_budget = FAILURE_BUDGET
        #: Failed loads that were left over when their budget was used up.
        self._postponed: deque[_ContextEvent | _Call] = deque()
        self._kept_errors: deque[BaseException] = deque()
        self._dispatching = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._entries) + len(self._postponed) + len(self._kept_errors)

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty when an event was posted since the last `dispatch`."""
        return (self._entries,)

    def post_cached(self, name: str) -> None:
        """Post that `name` was loaded."""
        self._entries.append(_ContextEvent("on_cached", (name,)))

    def post_cache_failed(self, name: str, error: Exception, reported: bool) -> None:
        """Post that `name` could not be loaded. Logged if nothing handles it, unless `reported`."""
        self._entries.append(_ContextEvent("on_cache_failed", (name, error), reported=reported))

    def post_cache_limit_exceeded(self, size: int, limit: int) -> None:
        """Post that the cache holds `size` bytes, over `limit`, all in use. Logged if nothing handles it."""
        self._entries.append(_ContextEvent("on_cache_limit_exceeded", (size, limit)))

    def post_stopped(self, source: Any, callback: Callable[[Any], object] | None) -> None:
        """Post that `source` reached the end of its sound. Calls `callback` with it first, if there is one."""
        event = _ContextEvent("on_source_stopped", (source,), "source_stopped", callback=callback)
        self._entries.append(event)

    def post_force_stopped(self, source: Any, callback: Callable[[Any], object] | None) -> None:
        """Post that `source` was stopped before its end. Calls `callback` with it first, if there is one."""
        event = _ContextEvent("on_source_force_stopped", (source,), "source_force_stopped", callback=callback)
        self._entries.append(event)

    def post_stolen(self, source: Any, callback: Callable[[Any], object] | None) -> None:
        """Post that `source` lost its voice or got none. Calls `callback` with it first, if there is one.

        If a handler's play caused this, the event and all later ones belong to the next round. Otherwise handlers that
        replay a stolen sound would steal from each other forever.
        """
        self.post_force_stopped(source, callback)
        if self._dispatching and self._fence is None:
            self._fence = self._entries[-1]

    def post_stream_failed(self, source: Any, error: Exception) -> None:
        """Post that the stream of `source` could not be read further. Logged if nothing handles it."""
        self._entries.append(_ContextEvent("on_stream_failed", (source, error)))

    def post_device_disconnected(self, device: Any) -> None:
        """Post that the device is gone."""
        self._entries.append(_ContextEvent("on_device_disconnected", (device,), "device_disconnected"))

    def post_device_changed(self, device: Any) -> None:
        """Post that the device plays on another output."""
        self._entries.append(_ContextEvent("on_device_changed", (device,)))

    def post_batch_event(self, event: str, batch: Any) -> None:
        """Post `event` of `batch`."""
        self._entries.append(_Call(batch.dispatch_event, event, batch))

    def post_call(self, function: Callable[..., object], *arguments: object) -> None:
        """Post a call of `function`."""
        self._entries.append(_Call(function, *arguments))

    def dispatch(self, context: Receiver) -> None:
        """Dispatch this round of events. Does nothing inside a handler: the outer call continues.

        An exception of a handler propagates after its event; the next call dispatches the rest. Failed loads have a
        budget of time, because their texts and log records take time. The next call dispatches the rest of them. Other
        events do not wait for them.
        """
        if self._dispatching:
            return
        if self._kept_errors:
            raise self._kept_errors.popleft()
        self._fence = None
        if not self._entries and not self._postponed:  # nearly always
            return
        try:
            self._dispatch_round(context, self.failure_budget)
        finally:
            if self._closed:  # a handler destroyed the context: no later call dispatches the rest
                self.dispatch_keeping_errors(context)

    def dispatch_keeping_errors(self, context: Receiver) -> None:
        """Dispatch this round of events. Exceptions of handlers are kept for the next `dispatch`."""
        if self._dispatching:
            return
        self._fence = None
        while self._has_more():
            try:
                self._dispatch_round(context)
            except BaseException as error:
                self._kept_errors.append(error)
        if self._closed:
            self.close()

    def _has_more(self) -> bool:
        """Return whether this round has more events. After `close` there is only one round."""
        return bool(self._postponed) or (bool(self._entries) and (self._entries[0] is not self._fence or self._closed))

    def _next(self, *, postpone: bool) -> _ContextEvent | _Call | None:
        """Remove and return the next event of this round, or None.

        Args:
            postpone: Whether failed loads wait for a later round.
        """
        if self._postponed and not postpone:
            return self._postponed.popleft()
        for _ in range(_MOST_POSTPONED):
            if not self._entries or (self._entries[0] is self._fence and not self._closed):
                return None
            entry = self._entries.popleft()
            if not (postpone and _is_failed_load(entry)):
                return entry
            self._postponed.append(entry)
        return None

    def _dispatch_round(self, context: Receiver, failure_budget: float = math.inf) -> None:
        handler = context.message_handler
        left = failure_budget
        self._dispatching = True  # no interrupt can come between this and the `try`: no function is called
        try:
            while (entry := self._next(postpone=left < 0)) is not None:
                if not _is_failed_load(entry):
                    entry.deliver(handler, context)
                    continue
                began = time.perf_counter()
                entry.deliver(handler, context)
                left -= time.perf_counter() - began
        finally:
            self._dispatching = False

    def close(self) -> None:
        """Report the kept errors: each `Exception` to ``sys.excepthook``. Raises a kept SystemExit or Ctrl-C.

        Errors that the same line of a handler raised are reported once, and counted in the log. Otherwise a faulty
        handler would print one traceback for each event that is left at exit, and hide the first.
        """
        self._closed = True
        leave: BaseException | None = None
        repeated: dict[object, int] = {}
        while self._kept_errors:
            error = self._kept_errors.popleft()
            if not isinstance(error, Exception):
                leave = leave or error
            elif (origin := _origin(error)) in repeated:
                repeated[origin] += 1
            else:
                repeated[origin] = 0
                sys.excepthook(type(error), error, error.__traceback__)
        more = sum(repeated.values())
        if more:
            log.warning("%d more events raised the same errors in their handlers", more)
        if leave is not None:
            raise leave


def _origin(error: Exception) -> object:
    """Return the type of an error with the line that raised it."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return type(error), traceback and (traceback.tb_frame.f_code, traceback.tb_lineno)
