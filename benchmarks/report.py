"""Tables of the results: for a terminal, and as a section of docs/explanation/performance.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .comparisons import COMPARISONS, RATIOS, libraries, reason
from .figures import GROWTH, MEASURES, figures
from .machine import PACKAGES
from .peer_measures import CONTROL
from .peers import OURS
from .sounds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from .figures import Figure
    from .results import Results

BEGIN = "<!-- performance: written by scripts/measure --page -->"
END = "<!-- /performance -->"

#: The end of an error for a library that is not installed.
_MISSING = "is not installed"
#: A difference between two libraries that is noise.
_NOISE = 1.03

TITLES = {
    "loading": "Loading",
    "frames": "Frames while sounds load",
    "playing": "Playing",
    "import": "Import",
}

Table = list[list[str]]


def number(value: float) -> str:
    """Return `value` with about three digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 if abs(value) >= 1 else 3)}f}"


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def target_table(results: Results, section: str) -> Table:
    """Return the figures of a section that have a target, and the figures beside them."""
    rows = [["", "measured", "range", "target", ""]]
    for measure in MEASURES[section]:
        for figure in measure.figures:
            if figure.key in results.summaries and (figure.target is not None or figure.beside):
                rows.append(_target_row(results, figure))
    return rows


def _target_row(results: Results, figure: Figure) -> list[str]:
    summary = results.summaries[figure.key]
    spread = f"{number(summary.low)} to {number(summary.high)}" if summary.count > 1 else ""
    target, met = "", ""
    if figure.target is not None:
        target = f"{figure.target} {figure.unit}".rstrip()
        met = "met" if figure.target.met(summary.median) else "**not met**"
    label = figure.label if figure.target is not None else f"- {figure.label}"
    return [label, _with_unit(summary.median, figure.unit), spread, target, met]


def ratio_table(results: Results) -> Table:
    """Return the ratios of other libraries to pyglet_palace."""
    found = {row: results.ratios(row) for row in RATIOS}
    names = [name for name in libraries()[1:] if any(name in ratios for ratios in found.values())]
    rows = [["", *names, "target", ""]]
    for row, ratios in found.items():
        if not ratios:
            continue
        cells = [f"{number(ratios[name])} x" if name in ratios else "-" for name in names]
        target = f"{row.target} x" if row.target else ""
        if row.target and row.against:
            target += f" ({', '.join(row.against)})"
        met = row.met(ratios)
        rows.append([row.label, *cells, target, "" if met is None else "met" if met else "**not met**"])
    return rows if len(rows) > 1 else []


def growth_table(results: Results, topic: str) -> Table:
    """Return the growth of costs, as multiples of the cost at the lowest count."""
    label, _, lines = GROWTH[topic]
    found = {call: dict(results.growth(topic, line)) for line, call in lines.items()}
    counts = sorted({count for points in found.values() for count in points})
    if not counts:
        return []
    rows = [[label, *(f"{count:,}" for count in counts)]]
    for call, points in found.items():
        if first := points.get(counts[0]):
            rows.append([call, *(f"{number(points[count] / first)} x" if count in points else "-" for count in counts)])
    return rows


def time_table(results: Results) -> Table:
    """Return the absolute figures of pyglet_palace and its controls on this machine."""
    rows = [["", "median", "range"]]
    for figure in figures():
        summary = results.summaries.get(figure.key)
        if summary is None or figure.target is not None or figure.beside:
            continue
        spread = f"{number(summary.low)} to {number(summary.high)}" if summary.count > 1 else ""
        rows.append([figure.label, _with_unit(summary.median, figure.unit), spread])
    for label, unit, lines, topic in ((*growth, topic) for topic, growth in GROWTH.items()):
        for line, call in lines.items():
            rows += [
                [f"{call}, {count:,} {label}", _with_unit(median, unit), ""]
                for count, median in results.growth(topic, line)
            ]
    return rows


def peer_table(results: Results) -> Table:
    """Return the absolute figures of all libraries on this machine."""
    names = [name for name in (*libraries(), CONTROL) if any(key.endswith(f".{name}") for key in results.summaries)]
    rows = [["", *names]]
    for comparison in COMPARISONS:
        values = [results.median(f"peers.{comparison.key}.{name}") for name in names]
        if any(value is not None for value in values):
            cells = ["-" if value is None else _with_unit(value, comparison.unit) for value in values]
            rows.append([comparison.label, *cells])
    kinds = [_kinds(results, name) for name in names]
    if any(kinds):
        rows.insert(1, ["reads", *("all" if some == kinds[0] else ", ".join(some) or "-" for some in kinds)])
    return rows if len(rows) > 1 else []


def faster(results: Results) -> list[str]:
    """Return a sentence for each reason why another library is faster or smaller."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in RATIOS:
        for name, ratio in results.ratios(row).items():
            if ratio * _NOISE >= 1 or (row.all_kinds and _kinds(results, name) != _kinds(results, OURS)):
                continue
            found.setdefault((name, reason(row.key, name)), []).append(f"{row.label} ({number(1 / ratio)} x)")
    return [f"{name}: {', '.join(where)}. {why}".rstrip() for (name, why), where in sorted(found.items())]


def _kinds(results: Results, name: str) -> list[str]:
    """Return the kinds of file that a library has loaded."""
    return [kind for kind in KINDS if f"peers.load.{kind}.{name}" in results.summaries]


def tables(results: Results) -> list[tuple[str, str, Table]]:
    """Return all tables that have rows, each with its title and a sentence about it."""
    found = [(TITLES[section], "", target_table(results, section)) for section in MEASURES]
    found.append(
        (
            "Compared with other libraries",
            "Value of the library / value of pyglet_palace. Above 1, pyglet_palace is better.",
            ratio_table(results),
        )
    )
    found += [
        (f"Growth with the number of {label}", "Cost / cost in the first column.", growth_table(results, topic))
        for topic, (label, _, _) in GROWTH.items()
    ]
    about = "These figures depend on the machine and its load. Compare them within one run only."
    found.append(("Times on this machine", about, time_table(results)))
    found.append(("Times of all libraries on this machine", about, peer_table(results)))
    return [(title, about, table) for title, about, table in found if len(table) > 1]


def as_text(results: Results) -> str:
    """Return the report for a terminal."""
    lines = [*_about(results), ""]
    for title, about, table in tables(results):
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines += [title, "-" * len(title), *([about] if about else [])]
        for row in table:
            first, *others = row
            cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
            lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
        lines.append("")
    if sentences := faster(results):
        lines += ["Where others are faster, and why", *sentences]
    lines += [f"not measured: {failure}" for failure in _failures(results.failed)]
    return "\n".join(lines).rstrip() + "\n"


def as_markdown(results: Results) -> str:
    """Return the report as Markdown."""
    lines = [*_about(results), ""]
    sentences = faster(results)
    for title, about, table in tables(results):
        head, *rows = table
        lines += [f"## {title}", "", *([about, ""] if about else [])]
        lines += [_row(head), "|---" * len(head) + "|", *map(_row, rows), ""]
        if title == "Compared with other libraries" and sentences:
            lines += ["### Where others are faster, and why", "", *(f"- {sentence}" for sentence in sentences), ""]
    if results.failed:
        # Other errors may name a folder of the user. The terminal and the JSON show them.
        errors = {task: why if why.endswith(_MISSING) else "it failed" for task, why in results.failed.items()}
        lines += [*(f"- Not measured: {failure}." for failure in _failures(errors)), ""]
    return "\n".join(lines)


def _failures(errors: dict[str, str]) -> list[str]:
    """Return the failed tasks with their errors; a library that is not installed once."""
    return list(dict.fromkeys(why if why.endswith(_MISSING) else f"{task}: {why}" for task, why in errors.items()))


def section(results: Results, plot: str | None) -> str:
    """Return the section of the page, with its markers. `plot` is the path of a picture."""
    picture = [f"![Growth of costs]({plot})", ""] if plot else []
    return "\n".join([BEGIN, as_markdown(results), *picture, END])


def rewrite(text: str, new: str) -> str:
    """Return `text` with the part between the markers, and the markers, replaced.

    Raises:
        ValueError: `text` does not contain exactly one pair of markers.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the page must contain one {BEGIN!r} and, after it, one {END!r}")
    before, _, rest = text.partition(BEGIN)
    return before + new + rest.partition(END)[2]


def rewrite_page(page: Path, results: Results, plot: str | None) -> None:
    """Write the section into a page."""
    page.write_text(rewrite(page.read_text(encoding="utf-8"), section(results, plot)), encoding="utf-8")


def _about(results: Results) -> list[str]:
    facts = {name: str(value) for name, value in results.metadata.items()}
    processor = facts.get("cpu_model_name", facts.get("cpu_machine", "?"))
    python = f"{facts['python_implementation'].replace('cpython', 'CPython')} {facts['python_version']}"
    versions = [f"{name} {facts[name]}" for name in (*PACKAGES, "OpenAL") if name in facts]
    measured = "; ".join(facts[name] for name in ("sounds", "rounds", "windows") if name in facts)
    return [
        f"Measured on {processor}, {facts['cpu_count']} cores: {', '.join([facts['system'], python, *versions])}.",
        f"{measured}.",
    ]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
