"""What was measured: ``results.json``, and how it is asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .beside import NOBODY
from .figures import COMPARISONS, GROWTH, figures, libraries
from .stats import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from .stats import Series


@dataclass
class Results:
    """Everything that is shown.

    Attributes:
        machine: See `machine.describe`; the OpenAL library besides.
        measured: On what, and how often.
        summaries: By key.
        failed: Tasks that could not be done, and why.
    """

    machine: dict[str, str]
    measured: dict[str, str]
    summaries: dict[str, Summary] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, series: Series, machine: dict[str, str], measured: dict[str, str], failed: dict[str, str]) -> Results:
        """What is told of samples."""
        return cls(machine, measured, {key: Summary.of(samples) for key, samples in series.items() if samples}, failed)

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        summaries = {
            key: Summary(row["median"], row["low"], row["high"], row["count"]) for key, row in data["summaries"].items()
        }
        return cls(data["machine"], data["measured"], summaries, data["failed"])

    def write(self, path: Path) -> None:
        """As JSON: each summary with what it is of, its unit, and its target."""
        meanings = _meanings()
        rows = {key: {**asdict(summary), **meanings.get(key, {})} for key, summary in self.summaries.items()}
        for figure in figures():
            if figure.key in rows and figure.target is not None:
                rows[figure.key]["target"] = str(figure.target)
                rows[figure.key]["met"] = figure.target.met(self.summaries[figure.key].median)
        data = {"machine": self.machine, "measured": self.measured, "summaries": rows, "failed": self.failed}
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    def median(self, key: str) -> float | None:
        """The median of what was measured under a key, if it was."""
        summary = self.summaries.get(key)
        return None if summary is None else summary.median

    def growth(self, topic: str, line: str) -> list[tuple[int, float]]:
        """Points of a line: how many, and the median then."""
        start = f"growth.{topic}.{line}."
        points = [
            (int(key.removeprefix(start)), summary.median)
            for key, summary in self.summaries.items()
            if key.startswith(start)
        ]
        return sorted(points)


def _meanings() -> dict[str, dict[str, Any]]:
    """What each key is of, and its unit."""
    meanings = {figure.key: {"what": figure.what, "unit": figure.unit} for figure in figures()}
    for comparison in COMPARISONS:
        for library in (*libraries(), NOBODY):
            meanings[f"beside.{comparison.key}.{library}"] = {
                "what": f"{library}: {comparison.what}",
                "unit": comparison.unit,
            }
    for topic, (what, unit, lines) in GROWTH.items():
        for line, call in lines.items():
            for power in range(5):
                count = 10**power
                meanings[f"growth.{topic}.{line}.{count}"] = {"what": f"{call}, {count} {what}", "unit": unit}
    return meanings
