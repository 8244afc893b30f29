"""The grid behind the loader's defaults: ``python -m benchmarks.tuning``.

Measures block size, number of workers, their scheduling class, and the order of jobs, with a main thread that is busy
for 25 % and for 100 % of a frame, on idle cores and on cores that other processes fill. Each cell has alternating
windows with and without a load. Its result is how much later frames are with a load, and how much is loaded.

Workers and scheduling classes are crossed, because they influence each other. Block size and order are varied one at a
time. A variant changes the package from outside, in its own process. A game cannot choose these settings.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet_palace as palace
from pyglet_palace._decoding import load
from pyglet_palace._loading import workers

from .__main__ import OUT, prepare, say
from .contexts import free, silent_context
from .frames import BUSY, RepeatedLoad, differences, frame_lateness, windows
from .machine import describe
from .processes import MeasureFailed, Task, busy_cores, run
from .report import number
from .results import metadata, samples
from .sounds import SHORT_SECONDS
from .stats import Series, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyperf

    from .config import Config

KIB = 1024
BLOCKS = {"64 KiB": 64 * KIB, "256 KiB": 256 * KIB, "1 MiB": 1024 * KIB, "2 MiB": 2048 * KIB, "8 MiB": 8192 * KIB}
WORKERS = (1, 2, 3)


def _class(name: str) -> Callable[[int], object]:
    return lambda thread: os.sched_setscheduler(thread, getattr(os, name), os.sched_param(0))


#: Functions that put a worker, by its native id, into a scheduling class. All but the first are for Linux.
CLASSES: dict[str, Callable[[int], object]] = {
    "OTHER": lambda thread: None,
    "BATCH": _class("SCHED_BATCH"),
    "IDLE": _class("SCHED_IDLE"),
    "nice 10": lambda thread: os.setpriority(os.PRIO_PROCESS, thread, 10),
}
#: Orders in which files are requested.
ORDERS: dict[str, Callable[[Sequence[Path]], list[Path]]] = {
    "as listed": list,
    "shortest first": lambda paths: sorted(paths, key=lambda path: path.stat().st_size),
    "longest first": lambda paths: sorted(paths, key=lambda path: -path.stat().st_size),
}


@dataclass(frozen=True)
class Variant:
    """Settings of the loader."""

    block: str
    workers: int
    scheduling: str = "OTHER"
    order: str = "as listed"

    def __str__(self) -> str:
        threads = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        return f"{self.block}, {threads}, {self.scheduling}, {self.order}"


@dataclass(frozen=True)
class Situation:
    """The load of the machine."""

    busy: str
    filled: bool

    def __str__(self) -> str:
        return f"main thread {self.busy} % busy, cores {'filled' if self.filled else 'idle'}"


SITUATIONS = tuple(Situation(busy, filled) for filled, busy in product((False, True), ("25", "100")))


def default() -> Variant:
    """Return the settings that the loader has."""
    block = min(BLOCKS, key=lambda name: abs(BLOCKS[name] - load.BLOCK_BYTES))
    return Variant(block, workers.default_workers())


def variants() -> list[Variant]:
    """Return all variants, the default first."""
    start = default()
    classes = CLASSES if hasattr(os, "sched_setscheduler") else ["OTHER"]
    crossed = [replace(start, workers=workers, scheduling=name) for workers in WORKERS for name in classes]
    single = [replace(start, block=block) for block in BLOCKS] + [replace(start, order=order) for order in ORDERS]
    return list(dict.fromkeys([start, *crossed, *single]))


def cell(config: Config, argument: str) -> Series:
    """Measure one variant in one situation, in alternating windows."""
    values = json.loads(argument)
    variant, situation = Variant(**values["variant"]), Situation(**values["situation"])
    load.BLOCK_BYTES = BLOCKS[variant.block]
    busy = BUSY[situation.busy]
    with silent_context(workers=variant.workers) as context:
        first = [config.paths(kind)[0] for kind in config.kinds]
        palace.preload(first).wait()  # imports all modules
        free(context, first)
        for thread in threading.enumerate():
            if thread.name.startswith("pyglet_palace loader") and thread.native_id is not None:
                CLASSES[variant.scheduling](thread.native_id)
        loads = RepeatedLoad(context, ORDERS[variant.order](config.paths()))
        with busy_cores() if situation.filled else nullcontext():
            idle, loading = windows(
                config.windows,
                lambda: frame_lateness(config.seconds, busy, context.update),
                lambda: frame_lateness(config.seconds, busy, loads.update, loads.between),
                loads,
            )
    idle_p99, loading_p99 = ([percentile(window, 99) for window in some] for some in (idle, loading))
    return {
        "idle.p99": idle_p99,
        "p50": [statistics.median(window) for window in loading],
        "p99": loading_p99,
        "max": [max(window) for window in loading],
        "difference": differences(idle_p99, loading_p99),
        "rate": [loads.bytes / config.seconds / config.windows / 1e6],
        "loads": [loads.files / len(config.sounds) / config.seconds / config.windows],
    }


@dataclass(frozen=True)
class Cell:
    """The samples of a variant in a situation, in milliseconds and MB/s.

    `series` is empty if the measure did not end: a worker that gets no time of a core may hold the GIL.
    """

    variant: Variant
    situation: Situation
    series: Series

    def median(self, key: str) -> float:
        """Return the median over all windows."""
        return statistics.median(self.series[key])


def conclusions(cells: Sequence[Cell]) -> list[str]:
    """Compare the default with the best variant. Return a text for each situation.

    The best variant is the one with the least late frames among those that load at least half as fast as the fastest.
    A difference of one millisecond, or of one idle window to the next, is noise.
    """
    sentences = []
    for situation in dict.fromkeys(one.situation for one in cells):
        here = [one for one in cells if one.situation == situation and one.series]
        if not here:
            continue
        fastest = max(here, key=lambda one: one.median("rate"))
        fast = [one for one in here if one.median("rate") >= fastest.median("rate") / 2]
        best = min(fast, key=lambda one: one.median("difference"))
        least = fastest.median("rate") / 20
        starved = [
            str(one.variant)
            for one in cells
            if one.situation == situation and (not one.series or one.median("rate") < least)
        ]
        noise = max(1.0, statistics.median(abs(a - b) for one in here for a, b in pairwise(one.series["idle.p99"])))
        ours = next((one for one in here if one.variant == default()), None)
        text = f"{situation}: {_described(best)} has the least late frames of those that load at half the best rate"
        text += f" or more; the fastest is {_described(fastest)}."
        if ours is not None:
            difference = ours.median("difference") - best.median("difference")
            how = "less late" if difference < 0 else "later"
            verdict = "as late" if abs(difference) <= noise else f"{how} by {number(abs(difference))} ms"
            text += f" The default, {_described(ours)}, is {verdict} (noise: {number(noise)} ms)"
            text += f", at {ours.median('rate') / fastest.median('rate'):.0%} of the best rate."
        if starved:
            text += f" Starved: {'; '.join(starved)}."
        sentences.append(text)
    return sentences


def _described(one: Cell) -> str:
    return f"[{one.variant}] ({number(one.median('difference'))} ms, {number(one.median('rate'))} MB/s)"


def as_text(cells: Sequence[Cell]) -> str:
    """Return the table for a terminal."""
    lines = []
    for situation in dict.fromkeys(one.situation for one in cells):
        lines += [str(situation), f"{'':46}{'p50':>9}{'p99':>9}{'max':>9}{'idle p99':>9}{'differs':>9}{'MB/s':>8}"]
        for one in cells:
            if one.situation == situation and not one.series:
                lines.append(f"{one.variant!s:46} did not end")
            elif one.situation == situation:
                keys = ("p50", "p99", "max", "idle.p99", "difference", "rate")
                values = [number(one.median(key)) for key in keys]
                lines.append(f"{one.variant!s:46}{''.join(f'{value:>9}' for value in values[:-1])}{values[-1]:>8}")
        lines.append("")
    return "\n".join(lines)


def measure(config: Config, repeats: int) -> list[Cell]:
    """Measure all cells, in rounds, so that a disturbance of the machine affects all variants."""
    found: dict[tuple[Situation, Variant], list[pyperf.BenchmarkSuite]] = {}
    pairs = list(product(SITUATIONS, variants()))
    for turn in range(repeats):
        for place, (situation, variant) in enumerate(pairs, 1):
            say(f"repeat {turn + 1} of {repeats}, {place} of {len(pairs)}: {situation}; {variant}")
            argument = json.dumps({"variant": asdict(variant), "situation": asdict(situation)})
            results = found.setdefault((situation, variant), [])
            try:
                results.append(run(Task("tuning:cell", argument), config, 60))
            except MeasureFailed as error:
                say(f"failed: {error}")
    return [Cell(variant, situation, _merged(results)) for (situation, variant), results in found.items()]


def _merged(results: Sequence[pyperf.BenchmarkSuite]) -> Series:
    for other in results[1:]:
        results[0].add_runs(other)
    return samples(results[0]) if results else {}


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print a table and the comparison with the default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="sounds to measure with, instead of generated ones")
    parser.add_argument("--quick", action="store_true", help="a few minutes: short sounds and windows, one round")
    parser.add_argument("--repeats", type=int, help="number of rounds (3)")
    parser.add_argument("--windows", type=int, help="windows with a load in a cell (1)")
    parser.add_argument("--seconds", type=float, help="length of a window in seconds (4)")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for tuning.json (benchmarks/out)")
    options = parser.parse_args(arguments)
    config = prepare(options)
    # A short window would end before a long sound is loaded.
    sounds = [sound for sound in config.sounds if not options.quick or sound.seconds <= SHORT_SECONDS]
    config = replace(
        config,
        sounds=tuple(sounds),
        seconds=options.seconds or (0.7 if options.quick else 4.0),
        windows=options.windows or 1,
    )
    cells = measure(config, options.repeats or (1 if options.quick else 3))
    text = [as_text(cells), *conclusions(cells)]
    print("\n".join(text))
    options.out.mkdir(parents=True, exist_ok=True)
    data = {
        "machine": {**metadata(), **describe()},
        "cells": [asdict(one) for one in cells],
        "conclusions": text[1:],
    }
    (options.out / "tuning.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    say(f"written: {options.out / 'tuning.json'}")


if __name__ == "__main__":
    sys.exit(main())
