"""Measure pyglet_palace and other libraries; write tables, JSON, pictures and docs/explanation/performance.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import report, sounds
from .comparisons import SECTIONS
from .config import Config
from .machine import describe
from .peers import PACKAGES, PEERS
from .plot import draw
from .processes import MeasureFailed, Task, run
from .results import Results

if TYPE_CHECKING:
    import pyperf

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="scripts/measure", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="sounds to measure with, instead of generated ones")
    parser.add_argument("--quick", action="store_true", help="a few minutes: shorter windows, one round")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure this section; may be repeated")
    parser.add_argument("--rounds", type=int, help="number of rounds (3)")
    parser.add_argument("--windows", type=int, help="windows with a load in a round (2; 6 with --quick)")
    parser.add_argument("--seconds", type=float, help="length of a window in seconds (5)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the results (benchmarks/out)")
    parser.add_argument("--page", action="store_true", help="also write docs/explanation/performance.md")
    parser.add_argument("--again", action="store_true", help="show the results of the last run")
    return parser.parse_args(arguments)


def prepare(options: argparse.Namespace) -> Config:
    """Return the configuration of a run. Generates the sounds if necessary.

    Raises:
        SystemExit: The folder contains no sounds.
    """
    generated = OUT / "sounds"
    sounds.generate(generated, say=say)
    folder = (options.folder or generated / "set").resolve()
    found = sounds.found_in(folder)
    if not found:
        raise SystemExit(f"measure: there are no sounds in {options.folder}")
    quick = options.quick
    return Config(
        folder=str(folder),
        generated=str(generated.resolve()),
        sounds=tuple(found),
        seconds=options.seconds or (1.5 if quick else 5.0),
        windows=options.windows or (6 if quick else 2),
        repeats=1 if quick else 3,
        names=(10, 100, 1000) if quick else (10, 100, 1000, 10_000),
    )


def measure(tasks: list[Task], config: Config, rounds: int) -> tuple[pyperf.BenchmarkSuite | None, dict[str, str]]:
    """Run all tasks one after the other, in rounds. Return the results, and the errors by failed task."""
    results = None
    failed: dict[str, str] = {}
    for turn in range(rounds):
        for place, task in enumerate(tasks, 1):
            if str(task) in failed:
                continue
            say(f"round {turn + 1} of {rounds}, {place} of {len(tasks)}: {task}")
            try:
                found = run(task, config)
            except MeasureFailed as error:
                failed[str(task)] = _why(task, error)
                continue
            if results is None:
                results = found
            else:
                results.add_runs(found)
    return results, failed


def _why(task: Task, error: MeasureFailed) -> str:
    package = PACKAGES.get(task.argument, task.argument)
    if task.argument in PEERS and "ModuleNotFoundError" in str(error):
        return f"{package} is not installed"
    return str(error)


def say(text: str) -> None:
    """Print a progress message to stderr."""
    print(f"measure: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure, or read the results of the last run, and report them."""
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
        say("matplotlib is not installed, so no pictures are written")
    say(f"written: {', '.join(file.name for file in (path, options.out / 'results.md', *pictures))} in {options.out}")
    if options.page:
        _write_page(results, pictures)


def _measured(options: argparse.Namespace) -> Results:
    config = prepare(options)
    rounds = options.rounds or (1 if options.quick else 3)
    tasks = [task for section in SECTIONS if section in (options.only or SECTIONS) for task in SECTIONS[section]]
    start = time.monotonic()
    found, failed = measure(tasks, config, rounds)
    if found is None:
        raise SystemExit("\n".join(f"measure: {task}: {why}" for task, why in failed.items()))
    say(f"took {(time.monotonic() - start) / 60:.0f} min")
    size = config.size() / 1e6
    origin = "sounds of a folder" if options.folder else "generated sounds"
    results = Results(found)
    facts = {
        **describe(),
        "sounds": f"{len(config.sounds)} {origin} ({', '.join(config.kinds)}; {size:.0f} MB of 16-bit samples)",
        "rounds": f"{rounds} {'rounds' if rounds > 1 else 'round'}, each measure in its own process",
        "windows": f"windows of {config.seconds:g} s, {rounds * config.windows} of them with a load",
    }
    results.describe(facts, failed)
    return results


def _write_page(results: Results, pictures: list[Path]) -> None:
    plot = None
    for picture in pictures:
        if picture.stem == "growth":
            plot = "growth.png"
            shutil.copyfile(picture, ROOT / "docs" / "explanation" / plot)
    report.rewrite_page(ROOT / "docs" / "explanation" / "performance.md", results, plot)
    say("written: docs/explanation/performance.md")


if __name__ == "__main__":
    main()
