"""Why a name may not have been found, for the person who will read it."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

import pyglet.resource

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that one which is missing is compared to, letter by letter.
_MOST_COMPARED = 20


def explain_missing(name: str, loader: pyglet.resource.Loader | None) -> str:
    """What is wrong, and what would help.

    Args:
        name: What `loader` (None: pyglet's own) has not found.
    """
    path = loader.path if loader is not None else pyglet.resource.path
    whose = "the loader's path" if loader is not None else "pyglet.resource.path"
    if not path:
        return f"not found, because {whose} is empty; set it to your folders, then call pyglet.resource.reindex()"
    if isinstance(path, str):
        return f"not found, because {whose} is {path!r}; it must be a list, such as [{path!r}]"
    if ".." in name.split("/") or "\\" in name:
        return f"not found; resource names use '/' and never leave {whose}. For a file, pass a pathlib.Path"
    index = getattr(loader if loader is not None else pyglet.resource._default_loader, "_index", None) or {}
    home = getattr(loader, "_script_home", None) or pyglet.resource.get_script_home()
    odd = [folder for folder in path if not isinstance(folder, str)]
    if odd:
        return f"not found, because pyglet takes strings only in {whose}, and it holds {odd[0]!r}"
    plain = posixpath.normpath(name)
    places = [os.path.join(home, place) for place in path if not place.startswith("@")]
    if plain == name and any(os.path.isfile(os.path.join(place, name)) for place in places):
        return f"not found, but the file is there: call pyglet.resource.reindex() after {whose} or its files change"
    similar = plain if plain in index else _known(index).similar(name)
    hint = f"; did you mean {similar!r}?" if similar else ""
    missing = [place for place in places if not os.path.exists(place) and ".zip" not in place]
    if missing and not hint:
        hint = f"; there is no folder {missing[0]!r}"
    return f"not found in {whose} {list(path)!r}{hint}"


class _Names:
    """The names there are, so arranged that one like another is found without a look at all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._folded: dict[str, str] = {}
        self._by_stem: dict[str, str] = {}
        self._by_beginning: dict[str, list[str]] = {}
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            folded = name.casefold()
            base = folded.rpartition("/")[2]
            self._folded.setdefault(folded, name)
            self._by_stem.setdefault(base.partition(".")[0], name)
            self._by_beginning.setdefault(base[:3], []).append(folded)
            self._by_end.setdefault(base[-6:], []).append(folded)

    def similar(self, name: str) -> str | None:
        """The one that may have been meant by `name`."""
        import difflib  # wanted on a bad day only

        wanted = name.casefold()
        base = wanted.rpartition("/")[2]
        stem = base.partition(".")[0]
        if not stem:
            return None
        known = self._folded.get(wanted) or self._by_stem.get(stem)  # another case, folder or ending
        if known is not None:
            return known
        alike: dict[str, None] = {}
        for one in (*self._by_beginning.get(base[:3], ()), *self._by_end.get(base[-6:], ())):
            if abs(len(one.rpartition("/")[2]) - len(base)) < 3:
                alike[one] = None
                if len(alike) == _MOST_COMPARED:
                    break
        close = difflib.get_close_matches(wanted, alike, n=1)
        return self._folded[close[0]] if close else None


#: The index that was asked about last, how many names it had, and these.
_last: tuple[object, int, _Names] = ({}, 0, _Names(()))


def _known(index: dict[str, object]) -> _Names:
    """The names of pyglet's `index`; many are missing at a time, so they are arranged once."""
    global _last
    if _last[0] is not index or _last[1] != len(index):
        _last = (index, len(index), _Names(index))
    return _last[2]
