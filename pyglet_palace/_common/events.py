"""What has happened, in order, until it can be told."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from . import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyglet.event import EventDispatcher


#: Events that are logged where nobody is told of them, and as what, with their arguments.
_FAILURES = {
    "on_cache_failed": "cannot cache {1}",
    "on_cache_limit_exceeded": "cache_limit is {1} bytes, and {0} are in use: nothing else can be evicted",
    "on_stream_failed": "a stream has ended early: {1}",
}


class _Item(NamedTuple):
    event: str
    arguments: tuple[Any, ...]
    #: Of the MessageHandler, '' where it has none for this.
    message: str = ""
    #: Whom the event is dispatched by; None: the context.
    dispatcher: EventDispatcher | None = None
    #: Whether somebody else has been told already, so that silence is no loss.
    received: bool = False
    #: To be called, instead of anybody being told.
    call: Callable[..., object] | None = None


class EventQueue:
    """The FIFO queue of a context's events. Used on the main thread only.

    Events are dispatched outside locks and context scopes: first to the MessageHandler, then as a pyglet event. Both
    are called even if one raises. Events posted during a dispatch belong to the same round; `post_stolen` is the
    exception.
    """

    def __init__(self) -> None:
        self._items: deque[_Item] = deque()
        #: The first that waits for the next `dispatch`, as do all after it; None: nothing waits.
        self._fence: _Item | None = None
        self._kept_errors: deque[BaseException] = deque()
        self._dispatching = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._items) + len(self._kept_errors)

    def post_cached(self, name: str) -> None:
        """`name` is loaded."""
        self._items.append(_Item("on_cached", (name,)))

    def post_cache_failed(self, name: str, error: Exception, received: bool) -> None:
        """`name` could not be loaded. Logged if neither `received` nor told to a handler."""
        self._items.append(_Item("on_cache_failed", (name, error), received=received))

    def post_cache_limit_exceeded(self, size: int, limit: int) -> None:
        """`size` bytes are in memory, over the `limit`, and all are referred to. Logged if no handler is told."""
        self._items.append(_Item("on_cache_limit_exceeded", (size, limit)))

    def post_source_event(self, what: str, source: Any) -> None:
        """`what` ('source_stopped' or 'source_force_stopped') happened to `post_source_event`."""
        self._items.append(_Item(f"on_{what}", (source,), what))

    def post_stolen(self, source: Any) -> None:
        """`post_source_event` has given way to another, or is not heard at all.

        Where a handler's play has done it, this and what follows it waits for the next `dispatch`: handlers that play
        again what was stolen would steal from one another for ever.
        """
        item = _Item("on_source_force_stopped", (source,), "source_force_stopped")
        self._items.append(item)
        if self._dispatching and self._fence is None:
            self._fence = item

    def post_stream_failed(self, source: Any, error: Exception) -> None:
        """What `post_source_event` was streaming could not be read on. Logged if no handler is told."""
        self._items.append(_Item("on_stream_failed", (source, error)))

    def post_device_disconnected(self, device: Any) -> None:
        """The device is gone."""
        self._items.append(_Item("on_device_disconnected", (device,), "device_disconnected"))

    def post_batch_event(self, event: str, batch: Any) -> None:
        """`event` is to be dispatched by `post_batch_event`."""
        self._items.append(_Item(event, (batch,), dispatcher=batch))

    def post_call(self, function: Callable[..., object], *arguments: object) -> None:
        """`function` is to be called, in its turn."""
        self._items.append(_Item("", arguments, call=function))

    def dispatch(self, handler: object, context: EventDispatcher) -> None:
        """Tell all there is. A handler's exception leaves after its item; the rest stays for the next call.

        Within a handler this does nothing: the call further out goes on.
        """
        if self._dispatching:
            return
        if self._kept_errors:
            raise self._kept_errors.popleft()
        self._fence = None
        try:
            self._dispatch_round(handler, context)
        finally:
            if self._closed:  # by a handler, which has destroyed the context: no next call tells the rest
                self.dispatch_keeping_errors(handler, context)

    def dispatch_keeping_errors(self, handler: object, context: EventDispatcher) -> None:
        """Tell all there is; what handlers raise is kept for the next `dispatch`."""
        if self._dispatching:
            return
        self._fence = None
        while self._has_more():
            try:
                self._dispatch_round(handler, context)
            except BaseException as error:
                self._kept_errors.append(error)
        if self._closed:
            self.close()

    def _has_more(self) -> bool:
        """Whether there is something to tell in this round; once closed, there is no other."""
        return bool(self._items) and (self._items[0] is not self._fence or self._closed)

    def _dispatch_round(self, handler: object, context: EventDispatcher) -> None:
        self._dispatching = True
        try:
            while self._has_more():
                _deliver(self._items.popleft(), handler, context)
        finally:
            self._dispatching = False

    def close(self) -> None:
        """Report the kept errors: each `Exception` to ``sys.excepthook``. Raises a kept SystemExit or Ctrl-C."""
        self._closed = True
        leave: BaseException | None = None
        while self._kept_errors:
            error = self._kept_errors.popleft()
            if isinstance(error, Exception):
                sys.excepthook(type(error), error, error.__traceback__)
            else:
                leave = leave or error
        if leave is not None:
            raise leave


def _deliver(item: _Item, handler: object, context: EventDispatcher) -> None:
    if item.call is not None:
        item.call(*item.arguments)
        return
    told: bool | None = False
    try:
        if item.message:
            getattr(handler, item.message)(*item.arguments)
    finally:
        dispatcher = context if item.dispatcher is None else item.dispatcher  # a batch that was released is false
        told = dispatcher.dispatch_event(item.event, *item.arguments)
        if told is False and item.event in _FAILURES and not item.received:
            log.warning("%s", _FAILURES[item.event].format(*item.arguments))
