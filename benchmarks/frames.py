"""Measures of frames while sounds load: the lateness of a 60 Hz loop, and the longest calls of the package."""

from __future__ import annotations

import gc
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyglet_palace as palace

from .contexts import free, silent_context, update_until_loaded, use_folder
from .machine import core_wait
from .stats import percentile, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .config import Config
    from .stats import Series

#: What a window returns.
Window = TypeVar("Window")

FRAME = 1 / 60
#: Seconds of work of the main thread in a frame, by the share of the frame in percent.
BUSY = {str(percent): percent / 100 * FRAME for percent in (0, 25, 50, 80, 95, 100)}
#: The calls that are timed during a load.
CALLS = ("update", "progress", "gain", "play")


def work(seconds: float) -> None:
    """Use that much time of a core on this thread."""
    end = time.thread_time_ns() + int(seconds * 1e9)
    while time.thread_time_ns() < end:
        pass


def frame_lateness(
    seconds: float,
    busy: float,
    update: Callable[[], object],
    between: Callable[[], object] = lambda: None,
    waits: list[float] | None = None,
) -> list[float]:
    """Run a 60 Hz loop; return how late each frame ended, in milliseconds.

    A frame updates, works, and sleeps for the rest of its time. A frame whose work takes all of its time never sleeps
    and is late by the time of everything else.

    Args:
        seconds: Duration of the loop.
        busy: Seconds of work in a frame.
        update: Called in each frame.
        between: Called between two frames, untimed.
        waits: Receives how long the thread waited for a core in each frame, in milliseconds.
    """
    late = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        waited = core_wait()
        update()
        work(busy)
        left = start + FRAME - time.perf_counter()
        if left > 0:
            time.sleep(left)
        late.append((time.perf_counter() - start - FRAME) * 1e3)
        if waits is not None:
            waits.append((core_wait() - waited) * 1e3)
        between()
    return late


class RepeatedLoad:
    """Loads the same sounds in the background over and over, and counts them."""

    def __init__(self, context: palace.Context, names: Sequence[Path | str]) -> None:
        self.context = context
        self.names = names
        self.files = 0
        self.bytes = 0
        self.batch: palace.Batch | None = None

    def start(self) -> palace.Batch:
        """Start a load if none is running, and return it."""
        if self.batch is None:
            self.batch = palace.preload(self.names)
        return self.batch

    def update(self) -> None:
        """Do the work of a frame: start a load if none is running, and update the context."""
        self.start()
        self.context.update()

    def between(self) -> None:
        """Free the sounds after they are loaded, so that the next frame loads them again."""
        if self.batch is not None and self.batch.finished:
            self.stop()

    def stop(self) -> None:
        """Count the loaded sounds, and free them."""
        self.files += len(self.context.cached_names)
        self.bytes += self.context.cached_size
        if self.batch is not None:
            self.batch.release()
        self.batch = None
        self.context.update()

    def warm_up(self) -> None:
        """Load once, so that modules are imported, processes run, and files are in the system's cache."""
        self.start()
        update_until_loaded(self.context)
        self.stop()
        self.files = self.bytes = 0


def windows(
    count: int, idle: Callable[[], Window], loading: Callable[[], Window], loads: RepeatedLoad
) -> tuple[list[Window], list[Window]]:
    """Measure windows without and with a load in turn. A window without a load precedes and follows each one with it.

    Returns:
        The results of `idle`, one more than those of `loading`, and the results of `loading`.
    """
    without, with_load = [idle()], []
    for _ in range(count):
        gc.collect()
        with_load.append(loading())
        loads.stop()
        time.sleep(0.3)  # until running jobs have ended
        without.append(idle())
    return without, with_load


def differences(idle: Sequence[float], loading: Sequence[float]) -> list[float]:
    """Return each value of a window with a load minus the mean of the two windows around it."""
    return [value - (before + after) / 2 for value, (before, after) in zip(loading, pairwise(idle), strict=True)]


def lateness(config: Config, percent: str) -> Series:
    """Lateness of frames in alternating windows without and with a load.

    Args:
        config: The sounds, and number and length of the windows.
        percent: Share of a frame in which the main thread works: a key of `BUSY`.
    """
    busy = BUSY[percent]
    own: dict[bool, list[list[float]]] = {False: [], True: []}
    with silent_context(realtime=True) as context:
        loads = RepeatedLoad(context, config.paths())
        loads.warm_up()

        def window(update: Callable[[], object], between: Callable[[], object]) -> list[float]:
            waits: list[float] = []
            late = frame_lateness(config.seconds, busy, update, between, waits)
            own[update == loads.update].append([all_of - wait for all_of, wait in zip(late, waits, strict=True)])
            return late

        idle, loading = windows(
            config.windows,
            lambda: window(context.update, lambda: None),
            lambda: window(loads.update, loads.between),
            loads,
        )
    idle_p99, loading_p99, own_idle, own_loading = (
        [percentile(window, 99) for window in some] for some in (idle, loading, own[False], own[True])
    )
    key = f"frames.{percent}"
    return {
        f"{key}.difference": differences(idle_p99, loading_p99),
        f"{key}.own": differences(own_idle, own_loading),
        f"{key}.control": [abs(before - after) for before, after in pairwise(idle_p99)],
        f"{key}.idle": idle_p99,
        f"{key}.loading": loading_p99,
        f"{key}.idle.median": [statistics.median(window) for window in idle],
        f"{key}.loading.median": [statistics.median(window) for window in loading],
        f"{key}.idle.latest": [max(window) for window in idle],
        f"{key}.loading.latest": [max(window) for window in loading],
        f"{key}.files": [loads.files / config.windows],
        f"{key}.rate": [loads.bytes / (config.seconds * config.windows) / 1e6],
    }


def _control() -> None:
    """Run about as much Python as an update, without the package."""
    for _ in range(300):
        pass


def calls(config: Config) -> Series:
    """p99.9 of the calls of a game in alternating windows, with a load of all sounds and of 50 MB sounds and without.

    The device mixes in real time. On one that does not mix, OpenAL keeps each replaced sound, and a play takes longer
    and longer. The control is a piece of Python without the package, timed in the same loop.
    """
    large = [config.reference(name) for name in ("large.wav", "large.flac", "large.ogg")]
    with silent_context(realtime=True) as context:
        tiny = palace.Buffer(config.reference("tiny.wav"))
        source = palace.Source()
        loaded = palace.preload([config.reference("tiny.wav")])
        loads = RepeatedLoad(context, large + config.paths())
        loads.warm_up()

        def window(start: Callable[[], palace.Batch], between: Callable[[], object]) -> Series:
            times: Series = {name: [] for name in (*CALLS, "control", "own")}
            end = time.perf_counter() + config.seconds
            while time.perf_counter() < end:
                batch = start()
                timed: dict[str, Callable[[], object]] = {
                    "update": context.update,
                    "progress": lambda batch=batch: batch.progress,  # type: ignore[misc]
                    "gain": lambda: setattr(source, "gain", 0.5),
                    "play": lambda: tiny.play(source),
                    "control": _control,
                }
                for name, call in timed.items():
                    waited, took = core_wait(), seconds(call)
                    times[name].append(took * 1e3)
                    if name in CALLS:
                        times["own"].append(max(0.0, took - (core_wait() - waited)) * 1e3)
                time.sleep(0.001)
                between()
            times["all"] = [took for name in CALLS for took in times[name]]
            return times

        idle, loading = windows(
            config.windows,
            lambda: window(lambda: loaded, lambda: None),
            lambda: window(loads.start, loads.between),
            loads,
        )
    series: Series = {}
    for name in loading[0]:
        without, with_load = ([percentile(window[name], 99.9) for window in some] for some in (idle, loading))
        series[f"calls.{name}"] = differences(without, with_load)
        series[f"calls.{name}.idle"] = without
        series[f"calls.{name}.loading"] = with_load
    series["calls.windows"] = [abs(before - after) for before, after in pairwise(series["calls.all.idle"])]
    return series


def many_results(config: Config) -> Series:
    """The updates after 500 sounds have finished loading without an update, in milliseconds."""
    use_folder(Path(config.generated, "many"))
    names = config.many(500)
    series: Series = {"many_results.longest": [], "many_results.updates": []}
    with silent_context() as context:
        for _ in range(config.repeats):
            palace.cache(names)
            while context.stats()["queued"]:
                time.sleep(0.005)
            time.sleep(0.05)  # until the last running job has ended
            times = []
            while context.pending_names:
                times.append(seconds(context.update) * 1e3)
            series["many_results.longest"].append(max(times))
            series["many_results.updates"].append(float(len(times)))
            free(context, names)
    return series
