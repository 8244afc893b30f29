"""From a name to a resource, asking the game for another name where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import resources
from ..errors import DestroyedError, ResourceError, ResourceNotFound
from .suggestions import explain_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyglet.resource

#: Substitutes that a game's `resource_not_found` may offer for one name.
_MOST_SUBSTITUTES = 16


class NameLookup:
    """Looks names up for one context. Used by the game's thread only; the game is asked in every method.

    Methods return how many substitutes a name has had so far, besides the resource: a game that always offers one
    more is not asked for ever.
    """

    def __init__(self, files: pyglet.resource.Loader | None, ask: Callable[[str], str]) -> None:
        """
        Args:
            files: The pyglet loader to look names up in; None for pyglet's own.
            ask: Another name for one that is not found, or ''.
        """
        self._files = files
        self._ask = ask
        #: Set when the context is destroyed, which may happen while the game is asked.
        self.closed = False

    def find(self, name: resources.Name, key: str, tried: int = 0) -> tuple[resources.Resource, int]:
        """Look up a name, or what the game offers in its place.

        Raises:
            ResourceNotFound, ResourceUnreadable: As for `resources.locate`.
            DestroyedError: The game, when it was asked, destroyed the context.
        """
        while True:
            try:
                return resources.locate(name, self._files, key, explain_missing), tried
            except ResourceNotFound as error:
                offered = self._offer(resources.key_of(name), error, tried)
                if not offered:
                    if tried:
                        raise ResourceNotFound(key, "find", f"neither it nor {name!r} was found") from error
                    raise
                name, tried = offered, tried + 1

    def find_instead(self, error: ResourceNotFound, tried: int) -> tuple[resources.Resource, int] | None:
        """What the game offers for a file that turned out not to be there when it was opened; None: nothing.

        Raises:
            ResourceNotFound, ResourceUnreadable, DestroyedError: As for `find`.
        """
        offered = self._offer(error.name, error, tried)
        return self.find(offered, error.name, tried + 1) if offered else None

    def _offer(self, name: str, error: ResourceError, tried: int) -> str:
        if tried >= _MOST_SUBSTITUTES:
            return ""
        try:
            offered = self._ask(name)
            if offered:
                resources.key_of(offered)  # TypeError if that is no name
        except Exception as raised:
            self._check_open(error.name)
            problem = f"resource_not_found failed: {type(raised).__name__}: {raised}"
            raise ResourceNotFound(error.name, "find", problem) from raised
        self._check_open(error.name)
        return offered

    def _check_open(self, key: str) -> None:
        if self.closed:
            raise DestroyedError(f"{key!r} was not loaded, because its context was destroyed meanwhile") from None
