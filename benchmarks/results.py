"""Results of a run: ``results.json``, and access to them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .comparisons import COMPARISONS, Comparison, libraries
from .figures import GROWTH, figures
from .peer_measures import CONTROL
from .peers import OURS
from .stats import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from .stats import Series


@dataclass
class Results:
    """Everything that a report shows.

    Attributes:
        machine: From `machine.describe`, and the OpenAL library.
        measured: Descriptions of the sounds, the rounds and the windows.
        summaries: Summaries of samples, by key.
        failed: Errors, by failed task.
    """

    machine: dict[str, str]
    measured: dict[str, str]
    summaries: dict[str, Summary] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, series: Series, machine: dict[str, str], measured: dict[str, str], failed: dict[str, str]) -> Results:
        """Return the results for samples."""
        return cls(machine, measured, {key: Summary.of(samples) for key, samples in series.items() if samples}, failed)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Return the results in a file that `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        summaries = {
            key: Summary(row["median"], row["low"], row["high"], row["count"]) for key, row in data["summaries"].items()
        }
        return cls(data["machine"], data["measured"], summaries, data["failed"])

    def write(self, path: Path) -> None:
        """Write the results as JSON: each summary with its label, unit and target."""
        labels = _labels()
        rows = {key: {**asdict(summary), **labels.get(key, {})} for key, summary in self.summaries.items()}
        for figure in figures():
            if figure.key in rows and figure.target is not None:
                rows[figure.key]["target"] = str(figure.target)
                rows[figure.key]["met"] = figure.target.met(self.summaries[figure.key].median)
        data = {"machine": self.machine, "measured": self.measured, "summaries": rows, "failed": self.failed}
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

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


def _labels() -> dict[str, dict[str, Any]]:
    """Return the label and the unit of each key."""
    labels = {figure.key: {"label": figure.label, "unit": figure.unit} for figure in figures()}
    for row in COMPARISONS:
        for name in (*libraries(), CONTROL):
            labels[f"peers.{row.key}.{name}"] = {"label": f"{name}: {row.label}", "unit": row.unit}
            labels[f"ratio.{row.key}.{name}"] = {"label": f"{row.label}: {name} / {OURS}", "unit": "x"}
    for topic, (label, unit, lines) in GROWTH.items():
        for line, call in lines.items():
            for power in range(5):
                count = 10**power
                labels[f"growth.{topic}.{line}.{count}"] = {"label": f"{call}, {count} {label}", "unit": unit}
    return labels
