"""Measures of frames while sounds load: the lateness of a 60 Hz loop, and the longest calls of the package."""

from __future__ import annotations

import gc
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .contexts import free, silent_context, update_until_loaded, use_folder
from .stats import percentile, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .config import Config
    from .stats import Series

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
    seconds: float, busy: float, update: Callable[[], object], between: Callable[[], object] = lambda: None
) -> list[float]:
    """Run a 60 Hz loop; return how late each frame ended, in milliseconds.

    A frame updates, works, and sleeps for the rest of its time. A frame whose work takes all of its time never sleeps
    and is late by the time of everything else.

    Args:
        seconds: Duration of the loop.
        busy: Seconds of work in a frame.
        update: Called in each frame.
        between: Called between two frames, untimed.
    """
    late = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        update()
        work(busy)
        left = start + FRAME - time.perf_counter()
        if left > 0:
            time.sleep(left)
        late.append((time.perf_counter() - start - FRAME) * 1e3)
        between()
    return late


class RepeatedLoad:
    """Loads the same sounds in the background over and over, and counts them."""

    def __init__(self, context: palace.Context, names: Sequence[Path | str]) -> None:
        self.context = context
        self.names = names
        self.files = 0
        self.bytes = 0
        self._batch: palace.Batch | None = None

    def update(self) -> None:
        """Do the work of a frame: start a load if none is running, and update the context."""
        if self._batch is None:
            self._batch = palace.preload(self.names)
        self.context.update()

    def between(self) -> None:
        """Free the sounds after they are loaded, so that the next frame loads them again."""
        if self._batch is not None and self._batch.finished:
            self.stop()

    def stop(self) -> None:
        """Count the loaded sounds, and free them."""
        self.files += len(self.context.cached_names)
        self.bytes += self.context.cached_size
        if self._batch is not None:
            self._batch.release()
        self._batch = None
        self.context.update()


def lateness(config: Config, percent: str) -> Series:
    """Lateness of frames in alternating windows without and with a load.

    Args:
        config: The sounds, and number and length of the windows.
        percent: Share of a frame in which the main thread works: a key of `BUSY`.
    """
    busy = BUSY[percent]
    idle: list[list[float]] = []
    loading: list[list[float]] = []
    with silent_context() as context:
        loads = RepeatedLoad(context, config.paths())
        loads.update()
        update_until_loaded(context)  # once, so that modules are imported and files are in the system's cache
        loads.stop()
        loads.files = loads.bytes = 0
        for _ in range(config.windows):
            idle.append(frame_lateness(config.seconds, busy, context.update))
            gc.collect()
            loading.append(frame_lateness(config.seconds, busy, loads.update, loads.between))
            loads.stop()
            time.sleep(0.3)  # until running jobs have ended
        idle.append(frame_lateness(config.seconds, busy, context.update))
    idle_p99 = [percentile(window, 99) for window in idle]
    loading_p99 = [percentile(window, 99) for window in loading]
    key = f"frames.{percent}"
    return {
        f"{key}.difference": [
            late - (before + after) / 2 for late, (before, after) in zip(loading_p99, pairwise(idle_p99), strict=True)
        ],
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
    """p99.9 of the calls of a game during a load of all sounds and of 50 MB sounds, minus p99.9 without a load.

    The control is a piece of Python without the package, timed in the same loop.
    """
    large = [config.reference(name) for name in ("large.wav", "large.flac", "large.ogg")]
    names = large + config.paths()
    series: Series = {}
    with silent_context() as context:
        tiny = palace.Buffer(config.reference("tiny.wav"))
        source = palace.Source()
        for repeat in range(config.repeats + 1):
            batch = palace.preload(names)
            timed: dict[str, Callable[[], object]] = {
                "update": context.update,
                "progress": lambda batch=batch: batch.progress,  # type: ignore[misc]
                "gain": lambda: setattr(source, "gain", 0.5),
                "play": lambda: tiny.play(source),
                "control": _control,
            }
            loading: Series = {name: [] for name in timed}
            while not batch.finished:
                _time_each(timed, loading)
            idle: Series = {name: [] for name in timed}
            for _ in loading["control"]:
                _time_each(timed, idle)
            source.stop()
            batch.release()
            update_until_loaded(context)
            if not repeat:
                continue  # the first load reads from the disk and imports modules
            for state in (loading, idle):
                state["all"] = [took for name in CALLS for took in state[name]]
            for name, took in loading.items():
                series.setdefault(f"calls.{name}", []).append(percentile(took, 99.9) - percentile(idle[name], 99.9))
                series.setdefault(f"calls.{name}.loading", []).append(percentile(took, 99.9))
    return series


def _time_each(timed: dict[str, Callable[[], object]], into: Series) -> None:
    for name, call in timed.items():
        into[name].append(seconds(call) * 1e3)
    time.sleep(0.001)


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
