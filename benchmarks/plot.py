"""The results as pictures, where matplotlib is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .figures import COMPARISONS, GROWTH, figures, libraries
from .peers import OURS

if TYPE_CHECKING:
    from pathlib import Path

    from .results import Results

_COLOURS = ("#2a6fbb", "#c9542c", "#4c9a52", "#8a63ad", "#777777")


def draw(results: Results, folder: Path) -> list[Path]:
    """Write what there is to see into `folder`: our figures against their targets, the peers, the growth.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = []
    for name, fill in (("targets", _targets), ("peers", _peers), ("growth", _growth)):
        figure = pyplot.figure(figsize=(10, 4.5), layout="constrained")
        if fill(results, figure):
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=120)
            drawn.append(path)
        pyplot.close(figure)
    return drawn


def _targets(results: Results, figure: Any) -> bool:
    """Each figure as a share of its target; a bar that ends on the good side of 1 has met it."""
    shown = [
        (row, results.summaries[row.key])
        for row in figures()
        if row.target is not None and row.target.value and row.key in results.summaries
    ]
    if not shown:
        return False
    figure.set_size_inches(10, 1.2 + 0.35 * len(shown))
    axes = figure.subplots()
    for place, (row, summary) in enumerate(reversed(shown)):
        target = row.target.value
        colour = _COLOURS[2] if row.target.met(summary.median) else _COLOURS[1]
        axes.barh(place, summary.median / target, color=colour)
        axes.plot([summary.low / target, summary.high / target], [place, place], color="black", linewidth=1)
    axes.axvline(1, color="black", linestyle=":")
    labels = [f"{row.what.replace('`', '')}  ({row.target} {row.unit})" for row, _ in reversed(shown)]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("of the target: median, lowest and highest; green has met it")
    return True


def _peers(results: Results, figure: Any) -> bool:
    """For each thing that is compared, how much of ours a library takes."""
    names = [name for name in libraries() if name != OURS]
    rows = [row for row in COMPARISONS if not row.of_all and results.median(f"beside.{row.key}.{OURS}")]
    found = {
        name: [
            (place, theirs / results.summaries[f"beside.{row.key}.{OURS}"].median)
            for place, row in enumerate(rows)
            if (theirs := results.median(f"beside.{row.key}.{name}"))
        ]
        for name in names
    }
    if not any(found.values()):
        return False
    axes = figure.subplots()
    for colour, (name, points) in zip(_COLOURS, found.items(), strict=False):
        if points:
            axes.plot(*zip(*points, strict=True), "o", color=colour, label=name, alpha=0.8)
    axes.axhline(1, color="black", linestyle=":")
    axes.set_yscale("log")
    axes.set_ylabel("times ours; above 1 we are ahead")
    axes.set_xticks(range(len(rows)), [row.what for row in rows], rotation=30, ha="right", fontsize=8)
    axes.legend(fontsize=8)
    return True


def _growth(results: Results, figure: Any) -> bool:
    """On both axes, each step is ten times."""
    drawn = False
    for axes, (topic, (what, unit, lines)) in zip(figure.subplots(1, len(GROWTH)), GROWTH.items(), strict=True):
        for colour, (line, call) in zip(_COLOURS, lines.items(), strict=False):
            if points := results.growth(topic, line):
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=call.replace("`", ""))
                drawn = True
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(what)
        axes.set_ylabel(unit)
        if axes.lines:
            axes.legend(fontsize=8)
    return drawn
