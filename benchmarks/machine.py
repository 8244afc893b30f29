"""Description of the machine, without the names of the host and the user."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

#: Packages that take part in a run, by their names on PyPI.
PACKAGES = ("pyglet", "PyOpenAL", "soundfile", "numpy", "cyal", "PyALSoft", "pygame-ce", "miniaudio", "arcade")


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def version(package: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe() -> dict[str, str]:
    """Return the processor, the system, the Python version and the versions of the packages."""
    found = {package: version(package) for package in PACKAGES}
    return {
        "processor": _processor(),
        "cores": str(cores()),
        "system": f"{platform.system()} {platform.release().partition('-')[0]} ({platform.machine()})",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{package: number for package, number in found.items() if number},
    }


def openal() -> str:
    """Return the file name of the OpenAL library that the package uses, without its folder."""
    from pyglet_palace._openal import functions

    path = Path(functions().handle._name)
    package = {"cyal", "pyalsoft"}.intersection(path.parts)
    return f"{path.name} of {package.pop()}" if package else path.name


def resident() -> int:
    """Return the resident memory of this process in bytes; 0 on systems other than Linux."""
    return _status("VmRSS")


def peak_resident() -> int:
    """Return the peak resident memory of this process in bytes; 0 if the system does not report it."""
    if most := _status("VmHWM"):
        return most
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(field: str) -> int:
    path = Path("/proc/self/status")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
