"""Choice of the OpenAL library, and binding of PyOpenAL to it."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OpenALNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Environment variable: path of the OpenAL library to use, before any other.
VARIABLE = "PYGLET_PALACE_OPENAL"

_BUNDLED = ("libopenal.so.1", "OpenAL32.dll", "libopenal.dylib")
_SYSTEM = ("soft_oal", "OpenAL32", "openal")

_HELP = """\
no OpenAL library was found{tried}.
Install OpenAL Soft:
    any system   pip install "pyglet-palace[openal]"
    Debian       apt install libopenal1
    Fedora       dnf install openal-soft
    macOS        brew install openal-soft, and set {variable} to its libopenal.dylib
    Windows      the binaries of openal-soft.org, and set {variable} to soft_oal.dll
or set the environment variable {variable} to the path of the library."""

_FROZEN = """\
PyOpenAL is missing in this frozen game ({error}).
Freeze it again with this option:
    PyInstaller  --hidden-import openal
    Nuitka       --include-package=openal"""


def candidates() -> Iterator[str]:
    """Yield the paths of libraries to try, best first.

    If the environment variable ``PYGLET_PALACE_OPENAL`` is set, only its value. Else the library inside `cyal`, which
    the extra ``openal`` installs, then the libraries of the system.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        yield chosen
        return
    bundled = importlib.util.find_spec("cyal")
    for folder in (bundled.submodule_search_locations or ()) if bundled else ():
        yield from (str(path) for name in _BUNDLED if (path := Path(folder, name)).is_file())
    if sys.platform.startswith("linux"):
        # The result of find_library, without the compiler and linker that it starts.
        yield "libopenal.so.1"
    import ctypes.util  # takes longer to import than the rest of this package

    for name in _SYSTEM:
        found = ctypes.util.find_library(name)
        if found:
            yield found


def load() -> Any:
    """Return the ``ctypes`` handle of the library that PyOpenAL has bound. Imports PyOpenAL if necessary.

    Takes about 0.1 s the first time. If the game has imported ``openal`` before, the library that it bound is used.

    Raises:
        OpenALNotFound: No library can be loaded. The message tells how to install one.
    """
    bound = sys.modules.get("openal.al_lib")
    if bound is None:
        bound = _import_pyopenal(_loadable())
    return bound.lib


def _loadable() -> str:
    """Return the first candidate that the system can load."""
    tried: list[str] = []
    for path in candidates():
        try:
            ctypes.CDLL(path)
        except OSError as error:
            tried.append(f"{path}: {error}")
        else:
            return path
    note = " (" + "; ".join(tried) + ")" if tried else ""
    raise OpenALNotFound(_HELP.format(tried=note, variable=VARIABLE))


def _import_pyopenal(path: str) -> Any:
    """Import ``openal`` so that it binds `path`, without other changes to the process.

    PyOpenAL searches its library by three calls of ``find_library``, which start a compiler, and extends ``PATH`` for
    each. During the import ``find_library`` is replaced. Afterwards it and ``PATH`` are restored.
    """
    import ctypes.util

    search_path = os.environ.get("PATH")
    find_library = ctypes.util.find_library
    ctypes.util.find_library = lambda name: path if name == "soft_oal" else None
    try:
        if search_path is None:
            os.environ["PATH"] = ""  # PyOpenAL appends to it without checking that it exists
        importlib.import_module("openal")
    except Exception as error:
        frozen = getattr(sys, "frozen", False) or "__compiled__" in globals()  # PyInstaller, Nuitka
        if frozen and isinstance(error, ModuleNotFoundError):
            raise OpenALNotFound(_FROZEN.format(error=error)) from error
        raise OpenALNotFound(f"PyOpenAL cannot bind {path}: {error}") from error
    finally:
        ctypes.util.find_library = find_library
        if search_path is None:
            os.environ.pop("PATH", None)
        else:
            os.environ["PATH"] = search_path
    return sys.modules["openal.al_lib"]
