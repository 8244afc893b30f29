"""Look-up of names, with substitutes from the game for names that are not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import resources
from .._common.text import short_repr
from ..errors import DestroyedError, ResourceError, ResourceNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyglet.resource

#: Substitutes that the game's `resource_not_found` may return for one name.
_MAX_SUBSTITUTES = 16


class NameLookup:
    """Finds the resources of names for one context. Used on the main thread only.

    Every method may call the game's `resource_not_found`. The methods return the resource and the number of
    substitutes tried for the name so far. The number is limited, so a handler that always returns another name
    cannot cause an endless loop.
    """

    def __init__(self, loader: pyglet.resource.Loader | None, ask: Callable[[str], str]) -> None:
        """Make the look-up of a context.

        Args:
            loader: The pyglet loader that finds names; None: pyglet's default loader.
            ask: Takes a name that is not found; returns a substitute, or ''.
        """
        self._loader = loader
        self._ask = ask
        #: Whether the context was destroyed, which can happen during a call of `ask`.
        self.closed = False

    def find(self, name: resources.Name, key: str, tried: int = 0) -> tuple[resources.Resource, int]:
        """Look up a name, or a substitute from the game if it is not found.

        Args:
            name: The name to look up.
            key: The name in the cache.
            tried: Number of substitutes tried so far.

        Returns:
            The resource, and the number of substitutes tried.

        Raises:
            ResourceNotFound, ResourceUnreadable: As for `resources.locate`.
            DestroyedError: The game's `resource_not_found` destroyed the context.
        """
        while True:
            try:
                return resources.locate(name, self._loader, key, _explain_missing), tried
            except ResourceNotFound as error:
                substitute = self._ask_substitute(resources.key_of(name), error, tried)
                if not substitute:
                    if tried:
                        problem = f"not found, and neither was the substitute {short_repr(name)}"
                        raise ResourceNotFound(key, "find", problem) from error
                    raise
                name, tried = substitute, tried + 1

    def find_instead(self, error: ResourceNotFound, tried: int) -> tuple[resources.Resource, int] | None:
        """Find a substitute for a file that did not exist when a job opened it.

        Args:
            error: The error of the job.
            tried: Number of substitutes tried so far.

        Returns:
            As for `find`; None if the game returned no substitute.

        Raises:
            ResourceNotFound, ResourceUnreadable, DestroyedError: As for `find`.
        """
        substitute = self._ask_substitute(error.name, error, tried)
        return self.find(substitute, error.name, tried + 1) if substitute else None

    def _ask_substitute(self, name: str, error: ResourceError, tried: int) -> str:
        if tried >= _MAX_SUBSTITUTES:
            return ""
        try:
            substitute = self._ask(name)
            if substitute:
                resources.key_of(substitute)  # raises TypeError for a value that is not a name
        except Exception as raised:
            self._check_open(error.name)
            problem = f"resource_not_found failed: {type(raised).__name__}: {raised}"
            raise ResourceNotFound(error.name, "find", problem) from raised
        self._check_open(error.name)
        return substitute

    def _check_open(self, key: str) -> None:
        if self.closed:
            raise DestroyedError(
                f"{short_repr(key)} was not loaded, because its context was destroyed during the load"
            ) from None


def _explain_missing(name: str, loader: pyglet.resource.Loader | None) -> str:
    from .suggestions import explain_missing  # imported here because only an error message needs it

    return explain_missing(name, loader)
