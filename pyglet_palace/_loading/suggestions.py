"""Explanations for names that are not found, with "did you mean" suggestions."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

import pyglet.resource

from .._common.private_api import loader_home, loader_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Maximum number of names that a missing name is compared to letter by letter.
_MAX_COMPARED = 20


def explain_missing(name: str, loader: pyglet.resource.Loader | None) -> str:
    """Return the reason why a name was not found, with a remedy where one is known.

    Args:
        name: The missing name.
        loader: The pyglet loader that did not find it; None: pyglet's default loader.
    """
    path = loader.path if loader is not None else pyglet.resource.path
    whose = "the loader's path" if loader is not None else "pyglet.resource.path"
    if not path:
        return f"not found, because {whose} is empty; set it to your folders, then call pyglet.resource.reindex()"
    if isinstance(path, str):
        return f"not found, because {whose} is {path!r}; it must be a list, such as [{path!r}]"
    if ".." in name.split("/") or "\\" in name:
        return f"not found; resource names use '/' and stay inside {whose}. For any other file, pass a pathlib.Path"
    index, home = loader_index(loader), loader_home(loader)
    odd = [folder for folder in path if not isinstance(folder, str)]
    if odd:
        return f"not found, because {whose} contains {odd[0]!r}; pyglet accepts only strings there"
    plain = posixpath.normpath(name)
    places = [os.path.join(home, place) for place in path if not place.startswith("@")]
    if plain == name and any(os.path.isfile(os.path.join(place, name)) for place in places):
        return f"not found, but the file is there: call pyglet.resource.reindex() after {whose} or its files change"
    similar = plain if plain in index else _name_index(index).similar(name)
    hint = f"; did you mean {similar!r}?" if similar else ""
    missing = [place for place in places if not os.path.exists(place) and ".zip" not in place]
    if missing and not hint:
        hint = f"; the folder {missing[0]!r} does not exist"
    return f"not found in {whose} {list(path)!r}{hint}"


class _NameIndex:
    """The names of a loader, indexed so that a similar name is found without comparing all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._folded: dict[str, str] = {}
        self._by_stem: dict[str, str] = {}
        self._by_start: dict[str, list[str]] = {}
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            folded = name.casefold()
            base = folded.rpartition("/")[2]
            self._folded.setdefault(folded, name)
            self._by_stem.setdefault(base.partition(".")[0], name)
            self._by_start.setdefault(base[:3], []).append(folded)
            self._by_end.setdefault(base[-6:], []).append(folded)

    def similar(self, name: str) -> str | None:
        """Return the name that `name` was probably meant to be, or None."""
        import difflib  # imported here because only an error message needs it

        wanted = name.casefold()
        base = wanted.rpartition("/")[2]
        stem = base.partition(".")[0]
        if not stem:
            return None
        known = self._folded.get(wanted) or self._by_stem.get(stem)  # differs in case, folder or extension
        if known is not None:
            return known
        candidates: dict[str, None] = {}
        for candidate in (*self._by_start.get(base[:3], ()), *self._by_end.get(base[-6:], ())):
            if abs(len(candidate.rpartition("/")[2]) - len(base)) < 3:
                candidates[candidate] = None
                if len(candidates) == _MAX_COMPARED:
                    break
        close = difflib.get_close_matches(wanted, candidates, n=1)
        return self._folded[close[0]] if close else None


#: The index of pyglet used last, its number of names, and the `_NameIndex` made from it.
_last: tuple[object, int, _NameIndex] = ({}, 0, _NameIndex(()))


def _name_index(index: Mapping[str, object]) -> _NameIndex:
    """Return the `_NameIndex` of pyglet's `index`. It is cached, because many names can be missing at once."""
    global _last
    if _last[0] is not index or _last[1] != len(index):
        _last = (index, len(index), _NameIndex(index))
    return _last[2]
