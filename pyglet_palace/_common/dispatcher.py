"""Base class of the objects that dispatch pyglet events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyglet.event import EventDispatcher, EventException

from .text import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable


class Dispatcher(EventDispatcher):
    """Event dispatcher that refuses handlers of unknown events, also from ``@dispatcher.event`` and `set_handler`.

    In pyglet, only `push_handlers` refuses them. A handler with a misspelt name is never called.
    """

    event_types: list[str]

    def set_handler(self, name: str, handler: Callable[..., object]) -> None:
        """Attach a handler.

        Args:
            name: The event.
            handler: Called with the arguments of the event.

        Raises:
            EventException: There is no such event.
        """
        if name not in self.event_types:
            import difflib  # needed for the message only

            close = difflib.get_close_matches(name, self.event_types, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"the events are {', '.join(self.event_types)}"
            raise EventException(f"{type(self).__name__} has no event {short_repr(name)}; {advice}")
        super().set_handler(name, handler)
