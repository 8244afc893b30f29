"""Frames of a game while sounds are loaded: how late they are, and how long a call of ours holds the game's thread."""

from __future__ import annotations

import gc
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .stats import percentile
from .studio import empty, named_in, settle, silent_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .setting import Setting
    from .stats import Series

FRAME = 1 / 60
#: Seconds of the main thread's work in a frame: a quarter of it, and all of it.
BUSY = {"25": 0.004, "100": FRAME}


def work(seconds: float) -> None:
    """Use so much time of a core, on this thread. What others take from it meanwhile makes it last longer."""
    end = time.thread_time_ns() + int(seconds * 1e9)
    while time.thread_time_ns() < end:
        pass


def watch(
    seconds: float, busy: float, update: Callable[[], object], between: Callable[[], object] = lambda: None
) -> list[float]:
    """A 60 Hz loop for so long; how late each frame was in coming to its end, in milliseconds.

    A frame updates, works, and sleeps for what is left. One whose work alone takes all of the time never sleeps, and
    is late by what everything else has taken.

    Args:
        seconds: How long.
        busy: Seconds of work in a frame.
        update: Called in each frame.
        between: Called between two frames, where time does not count.
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


class Loads:
    """Loads one set over and over, in the background, and counts what has come."""

    def __init__(self, context: palace.Context, names: Sequence[Path | str]) -> None:
        self.context = context
        self.names = names
        self.files = 0
        self.bytes = 0
        self._batch: palace.Batch | None = None

    def update(self) -> None:
        """What the game does in a frame: begin the load, if there is none; and update."""
        if self._batch is None:
            self._batch = palace.preload(self.names)
        self.context.update()

    def between(self) -> None:
        """When all is loaded, let go of it, so that it is loaded again."""
        if self._batch is not None and self._batch.finished:
            self.stop()

    def stop(self) -> None:
        """Count what has come so far, and free it."""
        self.files += len(self.context.cached_names)
        self.bytes += self.context.cached_size
        if self._batch is not None:
            self._batch.release()
        self._batch = None
        self.context.update()


def lateness(setting: Setting, percent: str) -> Series:
    """Frames with and without a load: idle, loading, idle, loading, ... idle.

    Args:
        setting: The sounds, the windows and how long they last.
        percent: How busy the main thread is, a key of `BUSY`.
    """
    busy = BUSY[percent]
    idle: list[list[float]] = []
    loading: list[list[float]] = []
    with silent_context() as context:
        loads = Loads(context, setting.paths())
        loads.update()
        settle(context)  # once, so that everything is imported and in the system's cache
        loads.stop()
        loads.files = loads.bytes = 0
        for _ in range(setting.windows):
            idle.append(watch(setting.seconds, busy, context.update))
            gc.collect()
            loading.append(watch(setting.seconds, busy, loads.update, loads.between))
            loads.stop()
            time.sleep(0.3)  # what was running has come to its end
        idle.append(watch(setting.seconds, busy, context.update))
    calm = [percentile(window, 99) for window in idle]
    loaded = [percentile(window, 99) for window in loading]
    lasted = setting.seconds * setting.windows
    key = f"frames.{percent}"
    return {
        f"{key}.difference": [
            late - (before + after) / 2 for late, (before, after) in zip(loaded, pairwise(calm), strict=True)
        ],
        f"{key}.spread": [abs(before - after) for before, after in pairwise(calm)],
        f"{key}.idle": calm,
        f"{key}.loading": loaded,
        f"{key}.idle.median": [statistics.median(window) for window in idle],
        f"{key}.loading.median": [statistics.median(window) for window in loading],
        f"{key}.idle.latest": [max(window) for window in idle],
        f"{key}.loading.latest": [max(window) for window in loading],
        f"{key}.files": [loads.files / setting.windows],
        f"{key}.rate": [loads.bytes / lasted / 1e6],
    }


class _Watch:
    """The longest that calls took, in milliseconds: on the clock, and of a core on this thread."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.core = 0.0

    def call(self, function: Callable[[], object]) -> None:
        wall, core = time.perf_counter_ns(), time.thread_time_ns()
        function()
        core, wall = time.thread_time_ns() - core, time.perf_counter_ns() - wall
        self.wall = max(self.wall, wall / 1e6)
        self.core = max(self.core, core / 1e6)


def _python() -> None:
    """About as much of Python as an update takes, and nothing of ours."""
    for _ in range(300):
        pass


def holds(setting: Setting) -> Series:
    """The longest hold of the game's thread by a call of ours during a load of the set and of 50 MB sounds.

    Beside it, in the same loop: a little Python that has nothing to do with us, which is held up as often by whatever
    else the machine does; and the same again without a load.
    """
    large = [setting.yardstick(name) for name in ("large.wav", "large.flac", "large.ogg")]
    names = large + setting.paths()
    series: Series = {}
    with silent_context() as context:
        tiny = palace.Buffer(setting.yardstick("tiny.wav"))
        source = palace.Source()
        for turn in range(setting.repeats + 1):
            watches = {name: _Watch() for name in ("update", "progress", "gain", "play", "control", "control.idle")}
            batch = palace.preload(names)
            calls = {
                "update": context.update,
                "progress": lambda batch=batch: batch.progress,  # type: ignore[misc]
                "gain": lambda: setattr(source, "gain", 0.5),
                "play": lambda: tiny.play(source),
                "control": _python,
            }
            turns = 0
            while not batch.finished:
                for name, call in calls.items():
                    watches[name].call(call)
                turns += 1
                time.sleep(0.001)
            source.stop()
            batch.release()
            settle(context)
            for _ in range(turns):
                watches["control.idle"].call(_python)
                time.sleep(0.001)
            if not turn:
                continue  # the first has waited for the disk, and for code that is used for the first time
            for name, watched in watches.items():
                series.setdefault(f"hold.{name}", []).append(watched.wall)
                series.setdefault(f"hold.{name}.core", []).append(watched.core)
            ours = [watches[name] for name in ("update", "progress", "gain", "play")]
            series.setdefault("hold", []).append(max(watched.wall for watched in ours))
            series.setdefault("hold.core", []).append(max(watched.core for watched in ours))
    return series


def at_once(setting: Setting) -> Series:
    """500 results that have arrived while no update came."""
    named_in(Path(setting.made, "many"))
    names = setting.many(500)
    series: Series = {"at_once.longest": [], "at_once.longest.core": [], "at_once.updates": []}
    with silent_context() as context:
        for _ in range(setting.repeats):
            palace.cache(names)
            while context.stats()["queued"]:
                time.sleep(0.005)
            time.sleep(0.05)  # the last one is at hand, too
            watched, updates = _Watch(), 0
            while context.pending_names:
                watched.call(context.update)
                updates += 1
            series["at_once.longest"].append(watched.wall)
            series["at_once.longest.core"].append(watched.core)
            series["at_once.updates"].append(float(updates))
            empty(context, names)
    return series
