"""Medians, percentiles, and the time that calls take."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The result of a measure: samples by key.
Series = dict[str, list[float]]


@dataclass(frozen=True)
class Summary:
    """The median, the lowest and the highest of some samples, and their number."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        """Return the summary of one or more samples."""
        return cls(statistics.median(samples), min(samples), max(samples), len(samples))


def seconds(call: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def alternate(
    first: Callable[[int], object],
    second: Callable[[int], object],
    blocks: int,
    calls: int | tuple[int, int],
    between: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Time two functions in alternating blocks of calls, so that a change of the machine's speed affects both.

    Args:
        first: Receives the number of the call in its block, from 0.
        second: The same.
        blocks: Number of blocks of each.
        calls: Number of calls in a block, for both or for each.
        between: Called after each pair of blocks, untimed.

    Returns:
        The median time of a call of `first` and of `second`, in seconds.
    """
    times: tuple[list[float], list[float]] = ([], [])
    counts = (calls, calls) if isinstance(calls, int) else calls
    for _ in range(blocks):
        for call, count, took in zip((first, second), counts, times, strict=True):
            for turn in range(count):
                start = time.perf_counter()
                call(turn)
                took.append(time.perf_counter() - start)
        between()
    return statistics.median(times[0]), statistics.median(times[1])


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the smallest sample that is at least as large as `percent` % of all samples.

    `pyperf.Benchmark.percentile` refuses samples that are not above zero, as frames that end early are.
    """
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * percent // 100) - 1))]
