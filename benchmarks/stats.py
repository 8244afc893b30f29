"""Medians, spreads, and the time a call takes."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What measures return: samples, by what they are samples of.
Series = dict[str, list[float]]


@dataclass(frozen=True)
class Summary:
    """What is told of samples: the median, the lowest and the highest."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        """Of at least one sample."""
        return cls(statistics.median(samples), min(samples), max(samples), len(samples))


def seconds(call: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_call(calls: int, call: Callable[[], object]) -> float:
    """The median of the seconds that a call takes, over some."""
    return statistics.median(seconds(call) for _ in range(calls))


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that so many percent of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * percent // 100) - 1))]


def merge(into: Series, more: Series) -> None:
    """Add samples to those that are there."""
    for key, samples in more.items():
        into.setdefault(key, []).extend(samples)
