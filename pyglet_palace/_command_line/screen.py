"""Tables and progress bars of the commands. The module imports rich, which the extra ``cli`` installs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from .checking import USUAL_RATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .checking import Report, Sound


def console(*, errors: bool = False) -> Console:
    """Return a console that prints names of files unchanged."""
    return Console(stderr=errors, markup=False, highlight=False, emoji=False)


@contextmanager
def counting(total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr in a ``with`` block, if that is a terminal. Yields a function that advances it."""
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn())
    out = console(errors=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def show_report(report: Report) -> None:
    """Print the table of a check, one section for each folder, then the findings and the sums."""
    out = console()
    for folder, sounds in groupby(sorted(report.sounds, key=_folder), _folder):
        if folder:
            out.print(folder + "/", style="bold", overflow="fold")
        out.print(_table(list(sounds)))
    for sound in report.sounds:
        if sound.findings:
            out.print(sound.name, style="bold", overflow="fold")
        for finding in sound.findings:
            style = "red" if finding.problem else "yellow"
            word = finding.kind if finding.problem else f"{finding.kind} (note)"
            out.print(Padding(f"{word}: {finding.text}", (0, 0, 0, 2), expand=False), style=style)
    rates = ", ".join(f"{rate} Hz ({count})" for rate, count in report.rates.items())
    if len(report.rates) > 1 or any(rate not in USUAL_RATES for rate in report.rates):
        out.print(f"sample rates: {rates}")
    problems, notes = report.count(problems=True), report.count(problems=False)
    size = _size(sum(sound.size for sound in report.sounds))
    counts = [
        _count(len(report.sounds), "sound"),
        f"{size} in memory",
        _count(problems, "problem"),
        _count(notes, "note"),
    ]
    out.print(", ".join(counts), style="red" if problems else "green")


def _table(sounds: list[Sound]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", expand=False)
    table.add_column("sound", overflow="fold", min_width=20)
    table.add_column("format", no_wrap=True)
    for title in ("Hz", "ch", "seconds", "loop", "memory"):
        table.add_column(title, justify="right", no_wrap=True)
    for sound in sounds:
        name = sound.name.rpartition("/")[2]
        style = "red" if any(one.problem for one in sound.findings) else "yellow" if sound.findings else None
        if not sound.frequency:
            table.add_row(name, "-", "-", "-", "-", "-", "-", style=style)
            continue
        points = [frame / sound.frequency for frame in sound.loop_points or ()]
        loop = f"{points[0]:.2f}-{points[1]:.2f}" if points else "-"
        figures = (str(sound.frequency), str(sound.channels), f"{sound.seconds:.2f}", loop, _size(sound.size))
        table.add_row(name, sound.format, *figures, style=style)
    return table


def _folder(sound: Sound) -> str:
    return sound.name.rpartition("/")[0]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


class PlayerDisplay:
    """A progress bar for each file that plays. Without a terminal, only names are printed."""

    def __init__(self) -> None:
        """Prepare the bar."""
        self._console = console()
        columns = (TextColumn("{task.fields[clock]}", markup=False), BarColumn(None), TextColumn("{task.fields[hint]}"))
        self._bar = Progress(
            *columns,
            console=self._console,
            transient=True,
            auto_refresh=False,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID = self._bar.add_task("", clock="", hint="")
        self._seconds = 0.0

    def __enter__(self) -> PlayerDisplay:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, path: Path, seconds: float) -> None:
        """Show that a file starts."""
        self._seconds = seconds
        self._console.print(str(path), overflow="fold")

    def progress(self, seconds: float, paused: bool) -> None:
        """Show the position."""
        total = self._seconds or None
        clock = f"{_clock(seconds)} / {_clock(total) if total else '?'}"
        hint = "paused" if paused else "arrows space n q"
        self._bar.update(self._task, completed=seconds, total=total, clock=clock, hint=hint, refresh=True)

    def error(self, text: str) -> None:
        """Show an error."""
        print(text, file=sys.stderr)  # not through a console of rich, which would write into the bar


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
