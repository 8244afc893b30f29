"""Results of a run: ``results.json``, a suite of pyperf, and access to it.

pyperf keeps and merges the samples, and describes the machine at the time of each process. ``python -m pyperf
compare_to`` compares the times of two runs. A value of pyperf is above zero, and less is better. Ratios, rates, counts
and differences are therefore in the metadata of the process that measured them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyperf

from .comparisons import COMPARISONS, Comparison, libraries
from .figures import GROWTH, figures
from .peer_measures import CONTROL
from .peers import OURS
from .stats import Series, Summary

if TYPE_CHECKING:
    from pathlib import Path

    from .processes import Task

#: pyperf's unit of a value, and the factor to it.
_VALUES = {"s": ("second", 1.0), "ms": ("second", 1e-3), "us": ("second", 1e-6), "MB": ("byte", 1e6)}
#: Metadata that names the host, the user or his folders.
_PRIVATE = {"hostname", "python_executable", "python_cflags", "python_config_args"}
#: The start of the name of metadata with samples, and of metadata with the error of a task.
_FIGURE, _FAILED = "figure ", "failed "


def metadata() -> dict[str, str | int | float]:
    """Return pyperf's description of the machine and of this process, without private parts."""
    collected: dict[str, str | int | float] = pyperf.Run([1.0]).get_metadata()
    return {name: value for name, value in collected.items() if name not in _PRIVATE}


def suite(task: Task, series: Series, took: float) -> pyperf.BenchmarkSuite:
    """Return the results of a task: a benchmark for each time or size, and one for the task itself.

    Args:
        task: The task. The metadata of its benchmark has the samples that pyperf does not accept as values.
        series: Its samples.
        took: The seconds that it took.
    """
    units = _units()
    values: dict[str, tuple[str, list[float]]] = {str(task): ("second", [took])}
    others: dict[str, str | int | float] = {}
    for key, samples in series.items():
        unit, factor = _VALUES.get(units.get(key, ""), ("", 1.0))
        if unit and samples and min(samples) > 0:
            values[key] = unit, [sample * factor for sample in samples]
        elif samples:
            others[_FIGURE + key] = " ".join(map(repr, samples))
    shared = metadata()
    benchmarks = []
    for name, (unit, some) in values.items():
        described = {**shared, **(others if name == str(task) else {}), "name": name, "unit": unit}
        benchmarks.append(pyperf.Benchmark([pyperf.Run(some, metadata=described, collect_metadata=False)]))
    return pyperf.BenchmarkSuite(benchmarks)


def samples(results: pyperf.BenchmarkSuite) -> Series:
    """Return all samples by key, in the units of their figures."""
    units = _units()
    found: Series = {}
    for benchmark in results:
        name = benchmark.get_name()
        _, factor = _VALUES.get(units.get(name, ""), ("", 1.0))
        found.setdefault(name, []).extend(value / factor for value in benchmark.get_values())
        for run in benchmark.get_runs():
            for key, text in run.get_metadata().items():
                if key.startswith(_FIGURE):
                    found.setdefault(key.removeprefix(_FIGURE), []).extend(map(float, text.split()))
    return found


class Results:
    """Everything that a report shows."""

    def __init__(self, results: pyperf.BenchmarkSuite) -> None:
        """Show the results of a run.

        Args:
            results: What `describe` has completed.
        """
        self.suite = results

    @classmethod
    def read(cls, path: Path) -> Results:
        """Return the results in a file that `write` wrote."""
        return cls(pyperf.BenchmarkSuite.load(str(path)))

    def write(self, path: Path) -> None:
        """Write the results as a JSON file of pyperf."""
        self.suite.dump(str(path), compact=False, replace=True)

    def describe(self, facts: dict[str, str], failed: dict[str, str]) -> None:
        """Add facts about the run, and the errors by failed task, to the metadata."""
        errors = {_FAILED + task: " ".join(why.split()) for task, why in failed.items()}
        for benchmark in self.suite:
            benchmark.update_metadata({**facts, **errors})

    @cached_property
    def metadata(self) -> dict[str, str | int | float]:
        """What is true of all runs."""
        return self.suite.get_metadata()

    @property
    def failed(self) -> dict[str, str]:
        """Errors, by failed task."""
        return {key.removeprefix(_FAILED): str(why) for key, why in self.metadata.items() if key.startswith(_FAILED)}

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """Summaries of samples, by key."""
        return {key: Summary.of(some) for key, some in samples(self.suite).items()}

    def median(self, key: str) -> float | None:
        """Return the median of the samples of a key, or None."""
        summary = self.summaries.get(key)
        return None if summary is None else summary.median

    def growth(self, topic: str, line: str) -> list[tuple[int, float]]:
        """Return the points of a line of `GROWTH`: count and median."""
        start = f"growth.{topic}.{line}."
        points = [
            (int(key.removeprefix(start)), summary.median)
            for key, summary in self.summaries.items()
            if key.startswith(start)
        ]
        return sorted(points)

    def ratios(self, comparison: Comparison) -> dict[str, float]:
        """Return, by library, by what factor pyglet_palace is better; below 1 the other library is better.

        The ratio is one of alternating calls in one process if the measure returned it, else that of the two medians.
        """
        found = {}
        ours = self.median(f"peers.{comparison.key}.{OURS}")
        for name in libraries()[1:]:
            ratio = self.median(f"ratio.{comparison.key}.{name}")
            theirs = self.median(f"peers.{comparison.key}.{name}")
            if ratio is None and ours and theirs:
                ratio = theirs / ours if comparison.less_is_better else ours / theirs
            if ratio is not None:
                found[name] = ratio
        return found


def _units() -> dict[str, str]:
    """Return the unit of each key that has one."""
    units = {figure.key: figure.unit for figure in figures()}
    units |= {f"peers.{row.key}.{name}": row.unit for row in COMPARISONS for name in (*libraries(), CONTROL)}
    for topic, (_, unit, lines) in GROWTH.items():
        units |= {f"growth.{topic}.{line}.{10**power}": unit for line in lines for power in range(5)}
    return units
