"""Base class of the objects that belong to a context."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING

from ._common.lifetime import Destroyable

if TYPE_CHECKING:
    from ._engine import Engine
    from .context import Context


class ContextObject(Destroyable):
    """An object that belongs to a context and can be destroyed."""

    __slots__ = ("_engine",)

    _engine: Engine

    @property
    def context(self) -> Context:
        """The context that the object belongs to."""
        context: Context = self._engine.context
        return context

    def _check_alive(self) -> None:
        if self._destroyed or get_ident() != self._engine.owner:
            self._check_not_destroyed()
            self._engine.check_alive()

    def __bool__(self) -> bool:
        return not self._destroyed and self._engine.alive
