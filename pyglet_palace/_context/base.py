"""Base class of the parts of `Context`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._engine import Engine


class ContextBase:
    """An engine. The base classes of `Context` add properties and methods to it."""

    _engine: Engine

    def _check_alive(self) -> None:
        self._engine.check_alive()
