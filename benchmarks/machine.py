"""Facts of the machine that pyperf does not collect."""

from __future__ import annotations

import importlib.metadata
import os
import platform
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
    """Return the system, without the name of its kernel's build, and the versions of the packages."""
    found = {package: version(package) for package in PACKAGES}
    return {
        "system": f"{platform.system()} {platform.release().partition('-')[0]} ({platform.machine()})",
        **{package: number for package, number in found.items() if number},
        "OpenAL": openal(),
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
    """Return the peak resident memory of this process in bytes; 0 on systems other than Linux.

    The peak that getrusage reports, and pyperf with it, includes the process that started this one.
    """
    return _status("VmHWM")


def core_wait() -> float:
    """Return the seconds for which this thread was ready to run but had no core; 0 on systems other than Linux."""
    path = "/proc/thread-self/schedstat"
    if not os.path.exists(path):
        return 0.0
    with open(path, "rb", buffering=0) as file:
        return int(file.read().split()[1]) / 1e9


def _status(field: str) -> int:
    path = Path("/proc/self/status")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0
