"""Names of sounds, and the resources that they refer to, through ``pyglet.resource``.

A look-up is a dictionary access in the loader's index. It runs on the calling thread, because a pyglet `Loader` is
not thread-safe. The resource is opened on the thread that decodes the sound.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Union

import pyglet.resource

from ._common import checks
from ._common.private_api import loader_index
from ._common.text import short_repr
from ._resources.archives import LocatedResource
from ._resources.base import Resource
from ._resources.factory import FactoryResource, FileIO, chosen, current_fileio, use_fileio
from ._resources.files import FileResource
from .errors import ResourceNotFound, ResourceUnreadable, describe_error

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FileIO", "Name", "Resource", "current_fileio", "key_of", "locate", "resources_in", "use_fileio"]

#: The name of a sound: a resource name, or the path of a file.
Name = Union[str, "os.PathLike[str]"]


def key_of(name: Name) -> str:
    """Return the cache key of `name`: the string itself, or the absolute form of a path object.

    Raises:
        TypeError: `name` is neither a string nor a path.
    """
    if isinstance(name, str):
        return name
    path = os.fspath(name) if hasattr(name, "__fspath__") else None
    if not isinstance(path, str):
        raise TypeError(f"{short_repr(name)} is not the name of a sound; it must be a str or a path")
    return os.path.abspath(path)


def resources_in(folder: str = "", pattern: str = "*", loader: pyglet.resource.Loader | None = None) -> list[str]:
    """Return the names of the resources in a folder and the folders below it, sorted.

    >>> preload(resources_in("sounds/level1", "*.ogg"))

    The first call may index the loader's path.

    Args:
        folder: Name of the folder, such as 'sounds'. '': the whole path.
        pattern: Pattern of the names within the folder, as for ``fnmatch``. ``*`` also matches '/'.
        loader: The loader that the context has. None: pyglet's default loader.

    Raises:
        ResourceNotFound: The path has no such folder.
        RuntimeError: A factory given to `use_fileio` opens the sounds. It cannot list them.
    """
    if current_fileio() is not None:
        raise RuntimeError("resources_in() cannot list the files of the factory given to use_fileio()")
    try:
        (loader or pyglet.resource).location("")
    except pyglet.resource.ResourceNotFoundException:
        pass  # now the path is indexed
    inside = posixpath.normpath(checks.string("folder", folder))
    start = "" if inside == "." else f"{inside}/"
    names = [name for name in loader_index(loader) if name.startswith(start)]
    if not names:
        path = loader.path if loader is not None else pyglet.resource.path
        raise ResourceNotFound(folder, "find", f"there is no such folder with files in pyglet.resource.path {path}")
    return sorted(name for name in names if fnmatch.fnmatch(name[len(start) :], pattern))


_FileLocation = pyglet.resource.FileLocation
#: Whether a name is an absolute path.
_is_absolute = methodcaller("startswith", "/") if os.path is posixpath else os.path.isabs


def locate(
    name: Name,
    loader: pyglet.resource.Loader | None = None,
    key: str | None = None,
    explain: Callable[[str, pyglet.resource.Loader | None], str] | None = None,
) -> Resource:
    """Look up `name`. Opens no file. The first look-up may index the loader's path.

    Args:
        name: The name of a resource of `loader`, an absolute path, or a path object.
        loader: The pyglet loader; None: pyglet's default loader.
        key: The name in the cache; None: `key_of(name)`.
        explain: Returns the reason why the loader does not find `name`. Called when the text of the error is read.

    Raises:
        ResourceNotFound: The loader has no resource `name`.
        ResourceUnreadable: The loader failed to index its path.
        TypeError: `name` is neither a string nor a path.
    """
    name = name if type(name) is str else key_of(name)  # the key of a path object is an absolute path
    if key is None:
        key = name
    factory = chosen.factory
    if factory is not None:
        return FactoryResource(key, name, factory, chosen.buffer_size)
    if _is_absolute(name):
        return FileResource(key, "", name)
    try:
        location: Any = (loader.location if loader is not None else pyglet.resource.location)(name)
    except pyglet.resource.ResourceNotFoundException:
        # The reason is computed on demand: that takes a while, and the text may never be read.
        raise ResourceNotFound(key, "find", lambda: explain(name, loader) if explain else "not found") from None
    except Exception as error:
        raise ResourceUnreadable(
            key, "find", f"pyglet.resource cannot index its path: {describe_error(error)}"
        ) from error
    if isinstance(location, _FileLocation):
        return FileResource(key, location.path, name)
    return LocatedResource(key, location, name)
