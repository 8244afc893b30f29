"""Processes: one for each measure, and some that keep the cores busy."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config
from .machine import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyperf

    from .stats import Series

#: Environment without hardware: a null device that mixes in real time, and no window.
ENVIRONMENT = {
    "ALSOFT_DRIVERS": "null",
    "ALSOFT_LOGLEVEL": "0",
    "ARCADE_HEADLESS": "True",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_AUDIODRIVER": "dummy",
    "SDL_VIDEODRIVER": "dummy",
}

#: A busy loop that ends with its parent process.
_BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


class MeasureFailed(Exception):
    """A measure failed. The text is its error."""


@dataclass(frozen=True)
class Task:
    """A measure: ``"module:function"`` in this package, and an argument besides the configuration."""

    function: str
    argument: str = ""

    def resolve(self) -> Callable[..., Series]:
        """Return the function."""
        module, _, name = self.function.partition(":")
        return getattr(importlib.import_module(f"{__package__}.{module}"), name)

    def __str__(self) -> str:
        return f"{self.function} {self.argument}".rstrip()


def environment() -> dict[str, str]:
    """Return the environment variables of a measure."""
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ENVIRONMENT, "PYTHONPATH": path}


def run(task: Task, config: Config, timeout: float = 900) -> pyperf.BenchmarkSuite:
    """Run a measure in a new process and return its results. Its output is not shown.

    A worker of `pyperf.Runner` returns the values of one function. It cannot time two libraries, or a call and its
    control, in turn in one process, which is what makes a ratio hold on a machine whose speed changes.

    Raises:
        MeasureFailed: It raised an error, crashed, or did not end in time.
    """
    command = [sys.executable, "-m", "benchmarks.processes", task.function, task.argument]
    try:
        done = subprocess.run(
            command,
            input=config.to_json(),
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
    from pyperf import BenchmarkSuite

    return BenchmarkSuite.loads(done.stdout.splitlines()[-1])


def python(code: str, *arguments: str) -> str:
    """Run code in a new interpreter and return the last line that it prints."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasureFailed((done.stderr.splitlines() or ["it failed"])[-1])
    return done.stdout.splitlines()[-1]


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with another process."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(cores())]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    """Run a measure as a child process: read the configuration from stdin, print the results on the last line."""
    task = Task(*sys.argv[1:3])
    config = Config.from_json(sys.stdin.read())
    call = task.resolve()
    start = time.perf_counter()
    series = call(config, task.argument) if task.argument else call(config)
    took = time.perf_counter() - start
    from .results import suite  # imports pyperf, which is no part of the measured program

    print()
    suite(task, series, took).dump(sys.stdout)
    # Without waiting for workers, which get little time while other processes use the cores.
    os._exit(0)


if __name__ == "__main__":
    main()
