"""The command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyglet_palace

CHECKOUT = Path(pyglet_palace.__file__).parents[1]

#: A program in which the extra ``cli`` is not installed.
_WITHOUT_EXTRA = (
    "import sys; sys.modules['click'] = sys.modules['rich'] = None\n"
    "from pyglet_palace.__main__ import main; sys.exit(main())"
)


def start(
    *arguments: object, drivers: str = "null", extra: bool = True, warnings: str = "error", **environment: str
) -> subprocess.Popen[str]:
    """Start a command on OpenAL Soft's `drivers`, by default with warnings as errors."""
    program = ["-m", "pyglet_palace"] if extra else ["-c", _WITHOUT_EXTRA]
    return subprocess.Popen(
        [sys.executable, "-W", warnings, *program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "ALSOFT_DRIVERS": drivers, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: object, drivers: str = "null", extra: bool = True, **environment: str) -> tuple[int, str, str]:
    """Return the exit status, output and errors of a command."""
    process = start(*arguments, drivers=drivers, extra=extra, **environment)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors
