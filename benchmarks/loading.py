"""Measures of loading: on the calling thread, total time, memory, and beside other work."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyglet.resource
import soundfile

import pyglet_palace as palace

from .contexts import free, silent_context, update_until_loaded, use_folder
from .frames import BUSY, FRAME, frame_lateness
from .machine import cores, peak_resident, resident
from .processes import busy_cores
from .sounds import SHORT_SECONDS
from .stats import percentile, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .config import Config
    from .stats import Series

#: Seconds after which a load beside busy processes counts as failed.
_PATIENCE = 120.0
#: Shares of a frame that the main thread works, in percent.
BUSY_PERCENT = ("50", "80", "95")


def cache_call(config: Config) -> Series:
    """`cache` of 200 names on the calling thread, beside pyglet's look-up of the same names.

    Both come after a pause: the processor has the index of the names in its caches for neither.
    """
    names = [sound.name for sound in config.sounds][:200]
    if len(names) == 200:
        use_folder(Path(config.folder))
    else:  # a given folder with fewer sounds
        names = config.many(200)
        use_folder(Path(config.generated, "many"))
    series: Series = {"cache": [], "cache.ratio": []}
    location = pyglet.resource.location
    with silent_context() as context:
        for repeat in range(15):
            took = seconds(lambda: palace.cache(names))
            free(context, names)
            time.sleep(0.05)  # until running jobs have ended
            lookup = seconds(lambda: [location(name) for name in names])
            time.sleep(0.05)
            if repeat:
                series["cache"].append(took * 1e3)
                series["cache.ratio"].append(took / lookup)
    return {key: [statistics.median(samples)] for key, samples in series.items()}


def _libsndfile(paths: Sequence[Path]) -> list[object]:
    """Decode files with libsndfile on this thread, and return their samples."""
    return [soundfile.read(str(path), dtype="int16")[0] for path in paths]


def wait(config: Config) -> Series:
    """`preload(...).wait()` beside one thread of libsndfile: of all sounds, and of each kind."""
    series: Series = {}
    with silent_context() as context:
        threads = min(context.stats()["workers"] + 1, cores())
        for kind in [None, *config.kinds]:
            paths = config.paths(kind)
            for repeat in range(config.repeats + 1):
                ours = seconds(palace.preload(paths).wait)
                context.update()
                free(context, paths)
                control = seconds(lambda paths=paths: _libsndfile(paths))  # type: ignore[misc]
                if not repeat:
                    continue  # the first load reads from the disk
                key = f"wait.{kind}" if kind else "wait"
                megabytes = config.size(kind) / 1e6
                series.setdefault(f"{key}.rate", []).append(megabytes / ours)
                series.setdefault(f"{key}.libsndfile", []).append(megabytes / control)
                series.setdefault(f"{key}.ratio", []).append(control / ours / threads)
    return series


def busy_main_thread(config: Config) -> Series:
    """Loading speed while the main thread works 50, 80 and 95 % of each frame, beside a main thread that sleeps."""
    paths = config.paths()
    times: dict[str, list[float]] = {percent: [] for percent in ("0", *BUSY_PERCENT)}
    with silent_context() as context:
        palace.preload(paths).wait()
        for _ in range(config.repeats):
            for percent, took in times.items():
                free(context, paths)
                took.append(_load_time(context, paths, BUSY[percent]))
    series: Series = {}
    for percent, took in times.items():
        series[f"busy.{percent}.rate"] = [config.size() / 1e6 / one for one in took]
        if percent != "0":
            series[f"busy.{percent}.ratio"] = [idle / one for idle, one in zip(times["0"], took, strict=True)]
    return series


def _load_time(context: palace.Context, paths: Sequence[Path], busy: float) -> float:
    """Load files in a 60 Hz loop that works `busy` seconds in each frame; return the seconds until all are loaded."""
    start = time.perf_counter()
    batch = palace.preload(paths)
    while not batch.finished and time.perf_counter() - start < _PATIENCE:
        frame_lateness(FRAME / 2, busy, context.update)  # one frame
    return time.perf_counter() - start


def progress(config: Config) -> Series:
    """`Batch.progress` beside the share of time, for several orders of the same files."""
    listed = config.paths()
    by_size = sorted(listed, key=lambda path: path.stat().st_size)
    shuffled = random.Random(1).sample(listed, len(listed))
    series: Series = {"progress.error": [], "progress.stands": []}
    with silent_context() as context:
        palace.preload(listed).wait()
        for paths in (listed, by_size, by_size[::-1], shuffled):
            free(context, listed)
            start = time.perf_counter()
            batch = palace.preload(paths)
            points = [(0.0, 0.0)]
            while not batch.finished and points[-1][0] < _PATIENCE:
                context.update()
                points.append((time.perf_counter() - start, batch.progress))
                time.sleep(0.002)
            total = points[-1][0]
            series["progress.error"].append(max(abs(shown - at / total) for at, shown in points) * 100)
            moves = [0.0, *(at for (at, now), (_, before) in zip(points[1:], points, strict=False) if now != before)]
            series["progress.stands"].append(max(b - a for a, b in pairwise([*moves, total])))
    return series


def second_start(config: Config) -> Series:
    """Loads of compressed sounds from a disk cache and into one, beside loads without one: of all and of short ones."""
    compressed = [sound for sound in config.sounds if sound.kind not in ("WAV", "AIFF")]
    series: Series = {}
    for key, least in (("disk", 0.0), ("disk.short", SHORT_SECONDS)):
        paths = [Path(config.folder, sound.name) for sound in compressed if not least or sound.seconds < least]
        for repeat in range(config.repeats + 1 if paths else 0):
            without = _start(paths)
            with tempfile.TemporaryDirectory() as folder:
                first = _start(paths, writes=len(paths), disk_cache=folder)
                second = _start(paths, disk_cache=folder)
            if repeat:
                series.setdefault(f"{key}.ratio", []).append(without / second)
                series.setdefault(f"{key}.first", []).append(first / without)
                series.setdefault(f"{key}.second", []).append(second * 1e6 / len(paths))
    return series


def _start(paths: Sequence[Path], writes: int = 0, **options: Any) -> float:
    """Load files in a new context and wait for `writes` entries of its disk cache. Return the seconds of the load."""
    with silent_context(**options) as context:
        took = seconds(palace.preload(paths).wait)
        start = time.perf_counter()
        while context.stats()["disk_writes"] < writes and time.perf_counter() - start < 10:  # some may not be written
            time.sleep(0.01)
    return took


def large_wav(config: Config) -> Series:
    """`Buffer(path)` of a WAV file with 50 MB of samples, beside libsndfile."""
    path = config.reference("large.wav")
    size = path.stat().st_size
    series: Series = {"wav.rate": [], "wav.ratio": []}
    with silent_context() as context:
        for repeat in range(config.repeats + 2):
            ours = seconds(lambda: palace.Buffer(path))
            free(context, [path])
            control = seconds(lambda: _libsndfile([path]))
            if repeat:
                series["wav.rate"].append(size / ours / 1e9)
                series["wav.ratio"].append(control / ours)
    return series


def overhead(config: Config) -> Series:
    """Time to load a short sound minus its decoding by libsndfile, beside libsndfile's open and close."""
    sounds = [sound for sound in config.sounds if sound.seconds <= SHORT_SECONDS]
    series: Series = {}
    with silent_context() as context:
        for repeat in range(config.repeats + 1):
            extra: dict[str, list[float]] = {}
            opening: list[float] = []
            for sound in sounds:
                path = Path(config.folder, sound.name)
                ours = seconds(lambda path=path: palace.Buffer(path))  # type: ignore[misc]
                read = seconds(lambda path=path: _libsndfile([path]))  # type: ignore[misc]
                opened = seconds(lambda path=path: soundfile.SoundFile(str(path)).close())  # type: ignore[misc]
                extra.setdefault(sound.kind, []).append((ours - (read - opened)) * 1e6)
                opening.append(opened * 1e6)
            free(context, [Path(config.folder, sound.name) for sound in sounds])
            if not repeat:
                continue  # the first load reads from the disk
            everything = statistics.median([took for some in extra.values() for took in some])
            series.setdefault("overhead", []).append(everything)
            series.setdefault("overhead.open", []).append(statistics.median(opening))
            series.setdefault("overhead.ratio", []).append(everything / statistics.median(opening))
            for kind, some in extra.items():
                series.setdefault(f"overhead.{kind}", []).append(statistics.median(some))
    return series


def memory(config: Config) -> Series:
    """Peak memory of a load beyond the samples that it leaves, per thread, beside the largest sound."""
    paths = config.paths()
    with silent_context() as context:
        # Memory that a thread keeps after it has decoded one file of each kind is not counted.
        small = [min(config.paths(kind), key=lambda path: path.stat().st_size) for kind in config.kinds]
        for _ in range(5):
            palace.cache(small)
            update_until_loaded(context)
            free(context, small)
            palace.preload(small).wait()
            free(context, small)
        before = resident()
        if not before:
            return {}
        palace.preload(paths).wait()
        extra = max(0, peak_resident() - before - context.cached_size)
        threads = context.stats()["workers"] + 1
        largest = max(buffer.size for buffer in (palace.Buffer(path) for path in paths))
        return {"memory": [extra / largest / threads], "memory.extra": [extra / 1e6]}


def dropping(config: Config) -> Series:
    """The time from `Batch.cancel` or `free` until nothing is queued or pending, in frames of 1/60 s."""
    paths = config.paths()
    series: Series = {"cancel": [], "free": []}
    with silent_context() as context:
        for _ in range(config.repeats):
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
                took.append((time.perf_counter() - start) / FRAME)
                batch.release()
                context.update()
                time.sleep(0.2)
    return series


def busy_machine(config: Config) -> Series:
    """A load in the background while other processes use every core, beside a load on idle cores."""
    paths = config.paths()
    times: dict[bool, list[float]] = {False: [], True: []}
    late: list[float] = []
    unfinished: list[float] = []
    with silent_context() as context:
        palace.preload(paths).wait()
        for _ in range(max(1, config.repeats - 1)):
            for filled, took in times.items():
                free(context, paths)
                with busy_cores() if filled else nullcontext():
                    start = time.perf_counter()
                    batch = palace.preload(paths)
                    frames = [start]
                    while not batch.finished and frames[-1] - start < _PATIENCE:
                        context.update()
                        time.sleep(FRAME)
                        frames.append(time.perf_counter())
                    took.append(frames[-1] - start)
                    unfinished.append(float(batch.total - batch.done))
                if filled:
                    gaps = [later - earlier for earlier, later in pairwise(frames)]
                    late.append((percentile(gaps, 99) - FRAME) * 1e3)
        update_until_loaded(context)
    return {
        "filled.ratio": [filled / idle for idle, filled in zip(times[False], times[True], strict=True)],
        "filled.idle": times[False],
        "filled.filled": times[True],
        "filled.late": late,
        "filled.unfinished": unfinished,
    }
