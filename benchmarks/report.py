"""The results as tables: for a terminal, and as the section of docs/performance.md between two markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .beside import NOBODY
from .figures import COMPARISONS, GROWTH, MEASURES, libraries, reason
from .peers import OURS
from .sounds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from .figures import Figure
    from .results import Results

BEGIN = "<!-- performance: written by scripts/measure --page -->"
END = "<!-- /performance -->"

#: How the reason ends where a library is missing.
_MISSING = "is not installed"

TITLES = {
    "loading": "Loading",
    "frames": "Frames while sounds are loaded",
    "playing": "Playing",
    "import": "Import",
    "peers": "Beside others",
    "growth": "Growth",
}

Table = list[list[str]]


def number(value: float) -> str:
    """Three digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 if abs(value) >= 1 else 3)}f}"


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def own_table(results: Results, section: str, *, promised: bool = False) -> Table:
    """Our own figures: what, median, spread, target, whether it is met.

    Args:
        results: What was measured.
        section: A key of `MEASURES`.
        promised: Only those with a target, and what is to be told beside them.
    """
    rows = [["what", "median", "lowest to highest", "target", ""]]
    for measure in MEASURES[section]:
        for figure in measure.figures:
            if figure.key in results.summaries and (figure.target or figure.told or not promised):
                rows.append(_own_row(results, figure))
    return rows


def _own_row(results: Results, figure: Figure) -> list[str]:
    summary = results.summaries[figure.key]
    spread = f"{number(summary.low)} to {number(summary.high)}" if summary.count > 1 else ""
    target, met = "", ""
    if figure.target is not None:
        target = f"{figure.target} {figure.unit}".rstrip()
        met = "met" if figure.target.met(summary.median) else "not met"
    what = figure.what if figure.target is not None else f"- {figure.what}"
    return [what, _with_unit(summary.median, figure.unit), spread, target, met]


def peer_table(results: Results) -> Table:
    """Libraries side by side, those that took part."""
    names = [name for name in (*libraries(), NOBODY) if any(key.endswith(f".{name}") for key in results.summaries)]
    rows = [["", *names]]
    for comparison in COMPARISONS:
        values = [results.median(f"beside.{comparison.key}.{name}") for name in names]
        if any(value is not None for value in values):
            cells = ["-" if value is None else _with_unit(value, comparison.unit) for value in values]
            rows.append([comparison.what, *cells])
    kinds = [_kinds(results, name) for name in names]
    if any(kinds):
        rows.insert(1, ["reads", *("all" if some == kinds[0] else ", ".join(some) or "-" for some in kinds)])
    return rows if len(rows) > 1 else []


def ahead(results: Results) -> list[str]:
    """Where another library is ahead of us: a sentence for each reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in libraries()[1:]:
        for comparison in COMPARISONS:
            ours = results.median(f"beside.{comparison.key}.{OURS}")
            theirs = results.median(f"beside.{comparison.key}.{name}")
            if ours is None or theirs is None or not comparison.ahead(theirs, ours):
                continue
            if comparison.of_all and _kinds(results, name) != _kinds(results, OURS):
                continue  # less was asked of it
            values = f"{_with_unit(theirs, comparison.unit)} against {_with_unit(ours, comparison.unit)}"
            found.setdefault((name, reason(comparison.key, name)), []).append(f"{comparison.what} ({values})")
    return [f"{name} is ahead: {', '.join(where)}. {why}".rstrip() for (name, why), where in found.items()]


def _kinds(results: Results, name: str) -> list[str]:
    """The kinds of file that a library has loaded."""
    return [kind for kind in KINDS if f"beside.load.{kind}.{name}" in results.summaries]


def growth_table(results: Results, topic: str) -> Table:
    """A column for each number of things."""
    what, unit, lines = GROWTH[topic]
    found = {call: results.growth(topic, line) for line, call in lines.items()}
    counts = sorted({count for points in found.values() for count, _ in points})
    if not counts:
        return []
    rows = [[what, *(f"{count:,}" for count in counts)]]
    for call, points in found.items():
        by_count = dict(points)
        rows.append([call, *(_with_unit(by_count[count], unit) if count in by_count else "-" for count in counts)])
    return rows


def tables(results: Results, *, promised: bool = False) -> list[tuple[str, Table]]:
    """All tables that have something in them, by title."""
    found = [(TITLES[section], own_table(results, section, promised=promised)) for section in MEASURES]
    found.append((TITLES["peers"], peer_table(results)))
    found += [(f"{TITLES['growth']}: {GROWTH[topic][0]}", growth_table(results, topic)) for topic in GROWTH]
    return [(title, table) for title, table in found if len(table) > 1]


def as_text(results: Results) -> str:
    """For a terminal."""
    lines = [*_about(results), ""]
    for title, table in tables(results):
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines += [title, "-" * len(title)]
        for row in table:
            first, *others = row
            cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
            lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
        lines.append("")
    lines += ahead(results)
    lines += [f"not measured: {what}" for what in _failures(results.failed)]
    return "\n".join(lines).rstrip() + "\n"


def as_markdown(results: Results, *, promised: bool = False) -> str:
    """As pages are written.

    Args:
        results: What was measured.
        promised: Of our own figures, only those with a target, and what is to be told beside them.
    """
    lines = [*_about(results), ""]
    for title, table in tables(results, promised=promised):
        head, *rows = table
        lines += [f"**{title}**", "", _row(head), "|---" * len(head) + "|", *map(_row, rows), ""]
    if sentences := ahead(results):
        lines += ["Where others are ahead, and why:", "", *(f"- {sentence}" for sentence in sentences), ""]
    if results.failed:
        # What else went wrong may name a folder of somebody's: it is told on the terminal and in the JSON.
        whys = {task: why if why.endswith(_MISSING) else "it failed" for task, why in results.failed.items()}
        lines += [*(f"- Not measured: {what}." for what in _failures(whys)), ""]
    return "\n".join(lines)


def _failures(whys: dict[str, str]) -> list[str]:
    """What was not measured; of a library that is not installed, once."""
    return list(dict.fromkeys(why if why.endswith(_MISSING) else f"{task}: {why}" for task, why in whys.items()))


def section(results: Results, plot: str | None) -> str:
    """The section of the page, with its markers; `plot` is the path of a picture."""
    intro = (
        "`scripts/measure` measures all of this on your own machine, beside the libraries it installs for that "
        "(`--quick`: in some minutes, roughly; a folder as argument: with your own sounds). Medians; figures with a "
        "target say whether it is met. Quote ratios: single times say more about the machine than about the code."
    )
    picture = [f"![How costs grow]({plot})", ""] if plot else []
    return "\n".join([BEGIN, intro, "", as_markdown(results, promised=True), *picture, END])


def rewrite(text: str, new: str) -> str:
    """`text` with what is between the markers, and the markers, replaced.

    Raises:
        ValueError: It has not one pair of markers.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the page must hold one {BEGIN!r} and, after it, one {END!r}")
    before, _, rest = text.partition(BEGIN)
    return before + new + rest.partition(END)[2]


def rewrite_page(page: Path, results: Results, plot: str | None) -> None:
    """Write the section into a page."""
    page.write_text(rewrite(page.read_text(encoding="utf-8"), section(results, plot)), encoding="utf-8")


def _about(results: Results) -> list[str]:
    machine = dict(results.machine)
    processor, cores = machine.pop("processor", "?"), machine.pop("cores", "?")
    rest = ", ".join(value if name == "system" else f"{name} {value}" for name, value in machine.items())
    return [f"Measured on {processor}, {cores} cores: {rest}.", f"{'; '.join(results.measured.values())}."]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
