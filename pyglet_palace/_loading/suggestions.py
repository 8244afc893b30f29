"""Explanations for names that are not found, with "did you mean" suggestions."""

from __future__ import annotations

import importlib.util
import os
import posixpath
import unicodedata
import zipfile
from typing import TYPE_CHECKING

import pyglet.resource

from .._common.private_api import loader_home, loader_index
from .._common.text import short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Maximum number of names that a missing name is compared to letter by letter.
_MAX_COMPARED = 20


def explain_missing(name: str, loader: pyglet.resource.Loader | None) -> str:
    """Return the reason why a name was not found, with a remedy where one is known.

    Args:
        name: The missing name.
        loader: The pyglet loader that did not find it; None: pyglet's default loader.
    """
    path = loader.path if loader is not None else pyglet.resource.path
    path_name = "the loader's path" if loader is not None else "pyglet.resource.path"
    if name.startswith(":resources:"):
        return "not found; the resources of arcade are files: pass arcade.resources.resolve(...) of that name"
    if not path:
        return f"not found, because {path_name} is empty; set it to your folders, then call pyglet.resource.reindex()"
    if isinstance(path, str):
        return f"not found, because {path_name} is {short_repr(path)}; it must be a list, such as [{short_repr(path)}]"
    if ".." in name.split("/") or "\\" in name:
        return f"not found; resource names use '/' and stay inside {path_name}. For any other file, pass a pathlib.Path"
    index, home = loader_index(loader), loader_home(loader)
    invalid = [folder for folder in path if not isinstance(folder, str)]
    if invalid:
        return f"not found, because {path_name} contains {short_repr(invalid[0])}; pyglet accepts only strings there"
    normalized = posixpath.normpath(name)
    if normalized == name and (reason := _in_a_folder(name, path, home, path_name)):
        return reason
    text = f"not found in {path_name} {list(path)!r}"
    similar = normalized if normalized in index else _name_index(index).similar(name)
    if similar and _same_letters(similar, name):
        return f"{text}; {similar!r} has the same letters in another Unicode form: use that spelling"
    if similar:
        text += f"; did you mean {similar!r}?"
    dead = [reason for entry in path if (reason := _dead_entry(entry, home, name))]
    if dead and (not similar or any("zip" in reason for reason in dead)):
        text += f"; {dead[0]}"
    if _is_file(name):
        text += "; the working directory contains such a file: to use it, pass a pathlib.Path"
    return text


def _in_a_folder(name: str, path: Sequence[str], home: str, path_name: str) -> str:
    """Return why pyglet does not find a file that is in a folder of the path; '' if there is no such file."""
    for entry in path:
        place = os.path.join(home, entry)
        if entry.startswith("@") or not _is_file(os.path.join(place, name)):
            continue
        folder = posixpath.dirname(name)
        while folder:
            if os.path.islink(os.path.join(place, folder)):
                return f"not found: {folder!r} is a symbolic link, which pyglet does not follow; add it to {path_name}"
            folder = posixpath.dirname(folder)
        return f"not found, but the file is there: call pyglet.resource.reindex() after {path_name} or its files change"
    return ""


def _dead_entry(entry: str, home: str, name: str) -> str:
    """Return what is wrong with an entry of the path, or with `name` in it; '' if nothing is."""
    if entry.startswith("@"):
        try:
            found = importlib.util.find_spec(entry[1:].partition("/")[0])
        except (ImportError, ValueError):
            found = None
        return "" if found else f"the package {entry[1:]!r} cannot be imported"
    place = os.path.join(home, entry)
    if os.path.isdir(place):
        return ""
    archive, inner = place, ""
    while archive and not os.path.exists(archive):
        archive, _, part = archive.replace(os.sep, "/").rpartition("/")
        inner = f"{part}/{inner}" if inner else part
    if not os.path.isfile(archive):
        return f"{entry!r} does not exist" if ".zip" in entry else f"the folder {place!r} does not exist"
    try:
        with zipfile.ZipFile(archive) as opened:
            names = set(opened.namelist())
            encrypted = any(info.flag_bits & 1 for info in opened.infolist())
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        return f"{entry!r} is not a zip file that can be read ({error})"
    if inner and posixpath.join(inner, name) in names:
        outer = entry[: -len(inner)].rstrip("/")
        return (
            f"pyglet mixes up the names in folders of zip files: put {outer!r} into the path and use "
            f"{posixpath.join(inner, name)!r}"
        )
    return f"{entry!r} is encrypted, and pyglet cannot decrypt it" if encrypted else ""


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL character
        return False


def _same_letters(one: str, other: str) -> bool:
    """Return whether two names differ only in their Unicode form."""
    return one != other and unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


class _NameIndex:
    """The names of a loader, indexed so that a similar name is found without comparing all of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._folded: dict[str, str] = {}
        self._by_stem: dict[str, str] = {}
        self._by_start: dict[str, list[str]] = {}
        self._by_end: dict[str, list[str]] = {}
        for name in names:
            folded = unicodedata.normalize("NFC", name).casefold()
            base = folded.rpartition("/")[2]
            self._folded.setdefault(folded, name)
            self._by_stem.setdefault(base.partition(".")[0], name)
            self._by_start.setdefault(base[:3], []).append(folded)
            self._by_end.setdefault(base[-6:], []).append(folded)

    def similar(self, name: str) -> str | None:
        """Return the name that `name` was probably meant to be, or None."""
        import difflib  # imported here because only an error message needs it

        wanted = unicodedata.normalize("NFC", name).casefold()
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
