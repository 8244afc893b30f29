"""Choice of the OpenAL library, and binding of PyOpenAL to it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OpenALNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Environment variable: path of the OpenAL library to use, before any other.
VARIABLE = "PYGLET_PALACE_OPENAL"

#: Packages of PyPI that contain OpenAL Soft, with the folder in them; the newest library first. See the extra `openal`.
_PACKAGES = (("pyalsoft", "_native"), ("cyal", ""))
#: Names of the library on all systems.
_NAMES = ("libopenal.so.1", "libopenal.1.dylib", "libopenal.dylib", "soft_oal.dll", "OpenAL32.dll")
_SYSTEM = ("soft_oal", "OpenAL32", "openal")


def candidates() -> Iterator[str]:
    """Yield the paths of libraries to try, best first.

    If the environment variable ``PYGLET_PALACE_OPENAL`` is set, only its value. Else the libraries inside the packages
    that the extra ``openal`` installs, then those of the system. Imports none of the packages.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        yield chosen
        return
    for package, inner in _PACKAGES:
        for folder in _folders(package):
            paths = (folder / inner / name for name in _NAMES)
            yield from (str(path) for path in paths if path.is_file())
    if sys.platform.startswith("linux"):
        # The result of find_library, without the compiler and linker that it starts.
        yield "libopenal.so.1"
    import ctypes.util  # takes longer to import than the rest of this package

    for name in _SYSTEM:
        found = ctypes.util.find_library(name)
        if found:
            yield found


def _folders(package: str) -> list[Path]:
    """Return the folders of an installed package; none if it is not installed.

    Compiled by Nuitka, a package has no search locations. Frozen by PyInstaller, one of which only the library was
    bundled is a namespace, which has no origin.
    """
    found = importlib.util.find_spec(package)
    if found is None:
        return []
    locations = found.submodule_search_locations or []
    return [Path(location) for location in locations] or [Path(found.origin or "").parent]


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


def path() -> str:
    """Return the path of the library that PyOpenAL has bound. Its name where the loader does not tell the path."""
    handle = load()
    name = str(handle._name)
    try:
        dladdr = ctypes.CDLL(None).dladdr  # glibc, musl and macOS
    except (AttributeError, OSError, TypeError):  # Windows
        return name
    found = _Symbol()
    dladdr.argtypes = (ctypes.c_void_p, ctypes.POINTER(_Symbol))
    if not dladdr(ctypes.cast(handle.alGetString, ctypes.c_void_p), found) or not found.file:
        return name
    return os.path.realpath(os.fsdecode(found.file))


class _Symbol(ctypes.Structure):
    """``Dl_info`` of dlfcn.h."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def _loadable() -> str:
    """Return the first candidate that the system can load."""
    failed: dict[str, OSError] = {}
    for path in candidates():
        try:
            ctypes.CDLL(path)
        except OSError as error:
            failed[path] = error
        else:
            return path
    raise OpenALNotFound(_explain_missing(failed))


def _explain_missing(failed: Mapping[str, OSError]) -> str:
    """Return why no library was found, and what to do about it with this Python on this system.

    Args:
        failed: The libraries that were tried, with their errors.
    """
    if os.environ.get(VARIABLE):
        ((path, error),) = failed.items()
        return f"{VARIABLE} is {path!r}, which cannot be loaded ({error}). Correct or unset the variable."
    there = {path: error for path, error in failed.items() if not str(error).startswith(f"{path}: cannot open shared")}
    problems = "".join(f"\n    {path}: {error}" for path, error in there.items())
    lines = [f"no OpenAL library can be loaded.{problems}", "What to do:"]
    if any("libatomic" in str(error) for error in failed.values()):
        lines.append("    install libatomic: `apt install libatomic1` on Debian, `dnf install libatomic` on Fedora")
    if is_frozen():
        lines.append("    Freeze the game again, in an environment with pyglet-palace[openal]. PyInstaller then adds")
        lines.append("    OpenAL by itself. Nuitka needs the option --user-package-configuration-file, with the path")
        lines.append("    of the file nuitka-package.config.yml in the package pyglet_palace.")
        return "\n".join(lines)
    if not any(_folders(package) for package, _ in _PACKAGES):
        lines.append('    pip install "pyglet-palace[openal]"')
    elif not there:
        lines.append("    (the extra `openal` is installed, and has no library for this system)")
    lines += [f"    {advice}" for advice in _system_advice()]
    lines.append(f"    or set the environment variable {VARIABLE} to the path of an OpenAL library")
    return "\n".join(lines)


def _system_advice() -> list[str]:
    """Return how to get the library of this system."""
    if sys.platform == "darwin":
        return [f"brew install openal-soft, and set {VARIABLE} to its libopenal.dylib"]
    if sys.platform == "win32":
        return [f"download the binaries of openal-soft.org, and set {VARIABLE} to soft_oal.dll"]
    return ["install OpenAL Soft: `apt install libopenal1` on Debian, `dnf install openal-soft` on Fedora"]


def is_frozen() -> bool:
    """Return whether PyInstaller or Nuitka made the program."""
    return bool(getattr(sys, "frozen", False)) or "__compiled__" in globals()


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
        from openal import al_lib
    except Exception as error:
        raise OpenALNotFound(f"PyOpenAL cannot bind {path}: {error}") from error
    finally:
        ctypes.util.find_library = find_library
        if search_path is None:
            os.environ.pop("PATH", None)
        else:
            os.environ["PATH"] = search_path
    return al_lib
