"""Pictures of the results. Needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .comparisons import RATIOS, libraries
from .figures import GROWTH, figures

if TYPE_CHECKING:
    from pathlib import Path

    from .results import Results

_COLOURS = ("#2a6fbb", "#c9542c", "#4c9a52", "#8a63ad", "#777777")


def draw(results: Results, folder: Path) -> list[Path]:
    """Write pictures into `folder`: figures and targets, other libraries, growth of costs. Return their paths.

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
    """Draw each figure divided by its target."""
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
    labels = [f"{row.label.replace('`', '')}  ({row.target} {row.unit})" for row, _ in reversed(shown)]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("measured / target: median, lowest and highest; green: target met")
    return True


def _peers(results: Results, figure: Any) -> bool:
    """Draw the ratios of other libraries to pyglet_palace."""
    found = [(row, ratios) for row in RATIOS if (ratios := results.ratios(row))]
    if not found:
        return False
    axes = figure.subplots()
    for colour, name in zip(_COLOURS, libraries()[1:], strict=False):
        points = [(place, ratios[name]) for place, (_, ratios) in enumerate(found) if name in ratios]
        if points:
            axes.plot(*zip(*points, strict=True), "o", color=colour, label=name, alpha=0.8)
    axes.axhline(1, color="black", linestyle=":")
    axes.set_yscale("log")
    axes.set_ylabel("other library / pyglet_palace; above 1 pyglet_palace is better")
    axes.set_xticks(range(len(found)), [row.label for row, _ in found], rotation=30, ha="right", fontsize=8)
    axes.legend(fontsize=8)
    return True


def _growth(results: Results, figure: Any) -> bool:
    """Draw the costs by count, with logarithmic axes."""
    drawn = False
    for axes, (topic, (label, unit, lines)) in zip(figure.subplots(1, len(GROWTH)), GROWTH.items(), strict=True):
        for colour, (line, call) in zip(_COLOURS, lines.items(), strict=False):
            if points := results.growth(topic, line):
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=call.replace("`", ""))
                drawn = True
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(label)
        axes.set_ylabel(unit)
        if axes.lines:
            axes.legend(fontsize=8)
    return drawn
