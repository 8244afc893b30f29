"""Measures in processes of their own, and processes that keep the cores busy."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .machine import cores
from .setting import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .stats import Series

#: Without hardware, everywhere the same: a device that passes time and is not heard, and no window.
ENVIRONMENT = {
    "ALSOFT_DRIVERS": "null",
    "ALSOFT_LOGLEVEL": "0",
    "ARCADE_HEADLESS": "True",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_AUDIODRIVER": "dummy",
    "SDL_VIDEODRIVER": "dummy",
}

#: Ends by itself when who has started it is gone.
_BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


class MeasureFailed(Exception):
    """A measure could not be done in its process; the text says why."""


@dataclass(frozen=True)
class Task:
    """A measure: ``"module:function"`` in this package, and what it gets besides the setting."""

    function: str
    argument: str = ""

    def resolve(self) -> Callable[..., Series]:
        """The function."""
        module, _, name = self.function.partition(":")
        return getattr(importlib.import_module(f"{__package__}.{module}"), name)

    def __str__(self) -> str:
        return f"{self.function} {self.argument}".rstrip()


def environment() -> dict[str, str]:
    """What the environment of a measure is."""
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ENVIRONMENT, "PYTHONPATH": path}


def run(task: Task, setting: Setting, timeout: float = 900) -> Series:
    """Do a measure in a new process. What it logs or prints is not shown.

    Raises:
        MeasureFailed: It raised, crashed, or did not end.
    """
    command = [sys.executable, "-m", "benchmarks.processes", task.function, task.argument]
    try:
        done = subprocess.run(
            command,
            input=setting.to_json(),
            env=environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MeasureFailed(f"it did not end within {timeout:.0f} s") from None
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
        raise MeasureFailed(last[0].strip() if last else f"it ended with {done.returncode}")
    series: Series = json.loads(done.stdout.splitlines()[-1])
    return series


def python(code: str, *arguments: str) -> str:
    """The last line that some code prints in a new interpreter."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureFailed((done.stderr.splitlines() or ["it failed"])[-1])
    return done.stdout.splitlines()[-1]


@contextmanager
def busy_cores() -> Iterator[None]:
    """Every core is taken by another process."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(cores())]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """A child process: the setting comes in, and what was measured goes out on the last line."""
    task = Task(*sys.argv[1:3])
    setting = Setting.from_json(sys.stdin.read())
    call = task.resolve()
    series = call(setting, task.argument) if task.argument else call(setting)
    print("\n" + json.dumps(series), flush=True)
    # At once: a worker held where other processes fill the cores would hold the end up as well.
    os._exit(0)


if __name__ == "__main__":
    main()
