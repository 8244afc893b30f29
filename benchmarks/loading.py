"""What loading costs: on the calling thread, in time, in memory, and where other processes want the cores."""

from __future__ import annotations

import statistics
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

import pyglet_palace as palace

from .machine import cores, peak_resident, resident
from .processes import busy_cores
from .sounds import SHORT_SECONDS
from .stats import percentile, seconds
from .studio import empty, named_in, settle, silent_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .setting import Setting
    from .stats import Series

#: Seconds after which a load beside busy processes is given up.
_PATIENCE = 120.0


def cache_call(setting: Setting) -> Series:
    """`cache` of 200 names, on the calling thread."""
    names = [sound.name for sound in setting.sounds][:200]
    if len(names) == 200:
        named_in(Path(setting.folder))
    else:  # a folder of the reader's, with less in it
        names = setting.many(200)
        named_in(Path(setting.made, "many"))
    took = []
    with silent_context() as context:
        for _ in range(15):
            took.append(seconds(lambda: palace.cache(names)) * 1e3)
            empty(context, names)
            time.sleep(0.05)  # what was running has come to its end
    return {"cache": [statistics.median(took[1:])]}


def _alone(paths: Sequence[Path]) -> list[object]:
    """The same by libsndfile on this thread, which keeps what it decodes."""
    return [soundfile.read(str(path), dtype="int16")[0] for path in paths]


def wait(setting: Setting) -> Series:
    """`preload(...).wait()`, beside one thread of libsndfile: the set, and each kind of file in it."""
    series: Series = {}
    with silent_context() as context:
        threads = min(context.stats()["workers"] + 1, cores())
        for kind in [None, *setting.kinds]:
            paths = setting.paths(kind)
            for turn in range(setting.repeats + 1):
                ours = seconds(palace.preload(paths).wait)
                context.update()
                empty(context, paths)
                alone = seconds(lambda paths=paths: _alone(paths))  # type: ignore[misc]
                if not turn:
                    continue  # the first has waited for the disk
                key = f"wait.{kind}" if kind else "wait"
                megabytes = setting.size(kind) / 1e6
                series.setdefault(f"{key}.rate", []).append(megabytes / ours)
                series.setdefault(f"{key}.alone", []).append(megabytes / alone)
                series.setdefault(f"{key}.ratio", []).append(alone / ours)
                if not kind:
                    series.setdefault("wait.share", []).append(alone / ours / threads)
    return series


def wav_speed(setting: Setting) -> Series:
    """A WAV file with 50 MB of samples: `Buffer(path)`, and libsndfile alone."""
    path = setting.yardstick("large.wav")
    size = path.stat().st_size
    series: Series = {"wav": [], "wav.alone": []}
    with silent_context() as context:
        for turn in range(setting.repeats + 2):
            ours = seconds(lambda: palace.Buffer(path))
            empty(context, [path])
            alone = seconds(lambda: _alone([path]))
            if turn:
                series["wav"].append(size / ours / 1e9)
                series["wav.alone"].append(size / alone / 1e9)
    return series


def overhead(setting: Setting) -> Series:
    """What loading a short sound takes beyond libsndfile's decoding it, both on the calling thread."""
    sounds = [sound for sound in setting.sounds if sound.seconds <= SHORT_SECONDS]
    series: Series = {}
    with silent_context() as context:
        for turn in range(setting.repeats + 1):
            beyond: dict[str, list[float]] = {}
            for sound in sounds:
                path = Path(setting.folder, sound.name)
                ours = seconds(lambda path=path: palace.Buffer(path))  # type: ignore[misc]
                alone = seconds(lambda path=path: _alone([path]))  # type: ignore[misc]
                beyond.setdefault(sound.kind, []).append((ours - alone) * 1e6)
            empty(context, [Path(setting.folder, sound.name) for sound in sounds])
            if not turn:
                continue  # the first has waited for the disk
            everything = [took for some in beyond.values() for took in some]
            series.setdefault("overhead", []).append(statistics.median(everything))
            for kind, some in beyond.items():
                series.setdefault(f"overhead.{kind}", []).append(statistics.median(some))
    return series


def memory(setting: Setting) -> Series:
    """The most memory that a load took beyond the samples it has left, for the largest sound, a thread."""
    paths = setting.paths()
    with silent_context() as context:
        # What every thread keeps for itself, once it has decoded a file of each kind, is not the load's.
        small = [min(setting.paths(kind), key=lambda path: path.stat().st_size) for kind in setting.kinds]
        for _ in range(5):
            palace.cache(small)
            settle(context)
            empty(context, small)
            palace.preload(small).wait()
            empty(context, small)
        before = resident()
        if not before:
            return {}
        palace.preload(paths).wait()
        extra = max(0, peak_resident() - before - context.cached_size)
        threads = context.stats()["workers"] + 1
        largest = max(buffer.size for buffer in (palace.Buffer(path) for path in paths))
        held = resident() - before
        return {
            "memory": [extra / largest / threads],
            "memory.extra": [extra / 1e6],
            "memory.held": [held / context.cached_size],
        }


def letting_go(setting: Setting) -> Series:
    """The time from `Batch.cancel`, or `free`, until nothing is queued or pending."""
    paths = setting.paths()
    series: Series = {"cancel": [], "free": []}
    with silent_context() as context:
        for _ in range(setting.repeats):
            for how, took in series.items():
                batch = palace.preload(paths)
                time.sleep(0.05)
                start = time.perf_counter()
                if how == "cancel":
                    batch.cancel()
                else:
                    palace.free(paths)
                while context.stats()["queued"] or context.pending_names:
                    context.update()
                took.append((time.perf_counter() - start) * 1e3)
                batch.release()
                context.update()
                time.sleep(0.2)
    return series


def busy_machine(setting: Setting) -> Series:
    """A load in the background with idle cores, and with every core taken by another process."""
    paths = setting.paths()
    took: dict[bool, list[float]] = {False: [], True: []}
    late: list[float] = []
    unfinished: list[float] = []
    with silent_context() as context:
        palace.preload(paths).wait()
        for _ in range(max(1, setting.repeats - 1)):
            for taken, times in took.items():
                empty(context, paths)
                with busy_cores() if taken else nullcontext():
                    start = time.perf_counter()
                    batch = palace.preload(paths)
                    frames = [start]
                    while not batch.finished and frames[-1] - start < _PATIENCE:
                        context.update()
                        time.sleep(1 / 60)
                        frames.append(time.perf_counter())
                    times.append(frames[-1] - start)
                    unfinished.append(float(batch.total - batch.done))
                if taken:
                    gaps = [later - earlier for earlier, later in pairwise(frames)]
                    late.append((percentile(gaps, 99) - 1 / 60) * 1e3)
        settle(context)
    return {
        "busy.ratio": [taken / idle for idle, taken in zip(took[False], took[True], strict=True)],
        "busy.idle": took[False],
        "busy.taken": took[True],
        "busy.late": late,
        "busy.unfinished": unfinished,
    }
