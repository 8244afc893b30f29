"""The one command: measure, and write a table, JSON, a page and pictures."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from . import report, sounds
from .figures import SECTIONS
from .machine import describe, openal
from .peers import PACKAGES, PEERS
from .plot import draw
from .processes import MeasureFailed, Task, run
from .results import Results
from .setting import Setting
from .stats import Series, merge

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="scripts/measure", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="sounds to measure with, instead of a set that is made")
    parser.add_argument("--quick", action="store_true", help="a few minutes: shorter windows, everything once")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be given several times")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (3)")
    parser.add_argument("--windows", type=int, help="loading windows a round, each between two idle ones (2)")
    parser.add_argument("--seconds", type=float, help="length of a window (5)")
    parser.add_argument("--out", type=Path, default=OUT, help="where results go (benchmarks/out)")
    parser.add_argument("--page", action="store_true", help="also write docs/performance.md")
    parser.add_argument("--again", action="store_true", help="measure nothing: show results.json of the last run")
    return parser.parse_args(arguments)


def prepare(options: argparse.Namespace) -> Setting:
    """The sounds, made or found, and how long to measure.

    Raises:
        SystemExit: There are no sounds in the folder.
    """
    made = OUT / "sounds"
    sounds.make(made, say=say)
    folder = (options.folder or made / "set").resolve()
    found = sounds.found_in(folder)
    if not found:
        raise SystemExit(f"measure: there are no sounds in {options.folder}")
    quick = options.quick
    return Setting(
        folder=str(folder),
        made=str(made.resolve()),
        sounds=tuple(found),
        seconds=options.seconds or (1.5 if quick else 5.0),
        windows=options.windows or (1 if quick else 2),
        repeats=1 if quick else 3,
        names=(10, 100, 1000) if quick else (10, 100, 1000, 10_000),
    )


def measure(tasks: list[Task], setting: Setting, rounds: int) -> tuple[Series, dict[str, str]]:
    """Do all tasks, as many rounds as wanted, one task after the other; what could not be done, and why."""
    series: Series = {}
    failed: dict[str, str] = {}
    for turn in range(rounds):
        for place, task in enumerate(tasks, 1):
            if str(task) in failed:
                continue
            say(f"round {turn + 1} of {rounds}, {place} of {len(tasks)}: {task}")
            try:
                merge(series, run(task, setting))
            except MeasureFailed as error:
                failed[str(task)] = _why(task, error)
    return series, failed


def _why(task: Task, error: MeasureFailed) -> str:
    package = PACKAGES.get(task.argument, task.argument)
    if task.argument in PEERS and "ModuleNotFoundError" in str(error):
        return f"{package} is not installed"
    return str(error)


def say(text: str) -> None:
    """What is going on, for who waits."""
    print(f"measure: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure, or look at what was measured; and show it."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "results.json"
    if options.again:
        results = Results.read(path)
    else:
        results = _measured(options)
        results.write(path)
    (options.out / "results.md").write_text(report.as_markdown(results), encoding="utf-8")
    print(report.as_text(results))
    try:
        pictures = draw(results, options.out)
    except ImportError:
        pictures = []
        say("matplotlib is not installed: there are no pictures")
    say(f"written: {', '.join(file.name for file in (path, options.out / 'results.md', *pictures))} in {options.out}")
    if options.page:
        _write_page(results, pictures)


def _measured(options: argparse.Namespace) -> Results:
    setting = prepare(options)
    rounds = options.rounds or (1 if options.quick else 3)
    tasks = [task for section in SECTIONS if section in (options.only or SECTIONS) for task in SECTIONS[section]]
    start = time.monotonic()
    series, failed = measure(tasks, setting, rounds)
    say(f"that took {(time.monotonic() - start) / 60:.0f} min")
    size = setting.size() / 1e6
    whose = "sounds of a folder given" if options.folder else "sounds made for this"
    measured = {
        "sounds": f"{len(setting.sounds)} {whose} ({', '.join(setting.kinds)}; {size:.0f} MB of 16-bit samples)",
        "rounds": f"{rounds} {'rounds' if rounds > 1 else 'round'}, each figure in a process of its own",
        "windows": f"windows of {setting.seconds:g} s, loading: {rounds * setting.windows}",
    }
    return Results.of(series, {**describe(), "OpenAL": openal()}, measured, failed)


def _write_page(results: Results, pictures: list[Path]) -> None:
    plot = None
    for picture in pictures:
        if picture.stem == "growth":
            plot = "growth.png"
            shutil.copyfile(picture, ROOT / "docs" / plot)
    report.rewrite_page(ROOT / "docs" / "performance.md", results, plot)
    say("written: docs/performance.md")


if __name__ == "__main__":
    main()
