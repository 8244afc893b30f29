"""What loading and playing cost, beside libsndfile alone and pyglet.media: ``python benchmarks/measure.py``.

Makes its own sounds (60 Ogg Vorbis, 60 FLAC and 80 WAV files of 0.2 to 2 s, and 4 Ogg files of 60 s) in a temporary
folder. Everything is repeated and the median is told; the 60 Hz loop alternates windows with and without a load. Quote
ratios: single times say more about the machine than about the code.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet
import pyglet.resource
import soundfile

import pyglet_palace as palace
from pyglet_palace._openal import functions

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 44100
FRAME = 1 / 60


def make_sounds(folder: Path) -> None:
    """The set that is loaded."""
    random = np.random.default_rng(1)
    for number in range(204):
        kind = "ogg" if number < 60 or number >= 200 else "flac" if number < 120 else "wav"
        seconds = 60.0 if number >= 200 else random.uniform(0.2, 2.0)
        moments = np.arange(int(seconds * RATE)) / RATE
        sound = np.sin(2 * np.pi * random.uniform(100, 900) * moments) * 0.4 + random.normal(0, 0.02, len(moments))
        sound = np.repeat(sound[:, None], 1 + number % 2, axis=1).astype(np.float32)
        with soundfile.SoundFile(folder / f"{number:03}.{kind}", "w", RATE, sound.shape[1]) as file:
            for start in range(0, len(sound), 4096):
                file.write(sound[start : start + 4096])


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    """The median of several runs, after one that is not counted."""
    measure()
    return statistics.median(measure() for _ in range(repeats))


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Bench:
    """A context without hardware, and the set."""

    def __init__(self, folder: Path) -> None:
        pyglet.resource.path = [str(folder)]
        pyglet.resource.reindex()
        self.folder = folder
        self.names = sorted(path.name for path in folder.iterdir())
        self.device = palace.LoopbackDevice(RATE)
        self.context = palace.Context(self.device, auto_update=False)
        palace.use_context(self.context)

    def cache_call(self) -> float:
        """The time `cache` takes of its caller."""
        names = self.names[:200]
        took = timed(lambda: palace.cache(names))
        palace.free(names)
        return took

    def load(self, names: list[str]) -> float:
        """A load that the caller waits for."""
        took = timed(lambda: palace.preload(names).wait())
        self.context.update()
        palace.free(names)
        return took

    def sndfile_alone(self, names: list[str]) -> float:
        """The same files decoded by libsndfile on this thread, and kept."""
        paths = [str(self.folder / name) for name in names]
        start = time.perf_counter()
        kept = [soundfile.read(path, dtype="int16")[0] for path in paths]
        took = time.perf_counter() - start
        del kept
        return took

    def lateness(self, seconds: float, *, loading: bool) -> list[float]:
        """How late each frame of a 60 Hz loop with 4 ms of work a frame was, in seconds."""
        late = []
        due = time.perf_counter()
        end = due + seconds
        while due < end:
            if loading and not self.context.pending_names:
                palace.free(self.names)
                palace.cache(self.names)
            self.context.update()
            busy = time.perf_counter() + 0.004
            while time.perf_counter() < busy:
                pass
            due += FRAME
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            late.append(time.perf_counter() - due)
        palace.free(self.names)
        return late

    def longest_hold(self) -> float:
        """The longest that one update took of the game's thread during a load of everything."""
        palace.cache(self.names)
        longest = 0.0
        while self.context.pending_names:
            longest = max(longest, timed(self.context.update))
            time.sleep(0.001)
        palace.free(self.names)
        return longest

    def play(self) -> float:
        """The median of `Buffer.play` on a cached buffer."""
        buffer = palace.Buffer(self.names[150])
        times = []
        for _ in range(200):
            times.append(timed(buffer.play))
        for source in buffer.sources:
            source.stop()
        self.device.render(1024)
        return statistics.median(times)

    def stream(self) -> float:
        """The median of `Decoder.play` on a stereo Ogg file."""
        sources = [palace.Source() for _ in range(30)]
        decoders = [palace.Decoder("201.ogg") for _ in sources]
        times = [
            timed(lambda decoder=decoder, source=source: decoder.play(source=source))  # type: ignore[misc]
            for decoder, source in zip(decoders, sources, strict=True)
        ]
        for source in sources:
            source.destroy()
        return statistics.median(times)

    def update(self, sources: int) -> float:
        """The median of `Context.update` with so many playing sources, of which none ends."""
        buffer = palace.Buffer("200.ogg")
        for _ in range(sources):
            buffer.play()
        times = []
        for _ in range(300):
            self.device.render(32)
            times.append(timed(self.context.update))
        for source in buffer.sources:
            source.stop()
        return statistics.median(times)

    def set_property(self) -> float:
        """The median of setting the gain of a playing source."""
        source = palace.Buffer("200.ogg").play()
        times = []
        for turn in range(1000):
            gain = 0.5 + turn % 2 / 4
            start = time.perf_counter()
            source.gain = gain
            times.append(time.perf_counter() - start)
        source.stop()
        return statistics.median(times)


PEER = """
import statistics, sys, time
import pyglet
pyglet.options.audio = ("silent",)
pyglet.options.shadow_window = False
import pyglet.media
def load():
    start = time.perf_counter()
    kept = [pyglet.media.load(path, streaming=False) for path in sys.argv[1:]]
    return time.perf_counter() - start
load()
print(statistics.median(load() for _ in range(5)))
"""


STREAMS = """
import pathlib, sys, time
import pyglet_palace as palace
path, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
with palace.Device() as device, palace.Context(device, auto_update=False) as context:
    def cost(play):
        sources = [play() for _ in range(32)]
        for source in sources:
            source.looping = True
        time.sleep(1)
        before = time.process_time()
        time.sleep(seconds)
        used = (time.process_time() - before) / seconds
        for source in sources:
            source.destroy()
        return used
    print(cost(palace.Buffer(path).play), cost(lambda: palace.Decoder(path).play()), context.stats()["underruns"])
"""


def streams(path: Path, seconds: float) -> tuple[float, float, float]:
    """What of a core 32 looping buffers take on a device that passes time and is not heard, and 32 streams of the same
    Ogg Vorbis file; underruns.
    """
    run = [sys.executable, "-c", STREAMS, str(path), str(seconds)]
    environment = {**os.environ, "ALSOFT_DRIVERS": "null"}
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    buffers, streamed, underruns = map(float, done.stdout.split())
    return buffers, streamed, underruns


def pyglet_media(paths: list[str]) -> float:
    """pyglet.media's time for the same files; NaN where it cannot run. Without FFmpeg it reads WAV only."""
    done = subprocess.run([sys.executable, "-c", PEER, *paths], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else float("nan")


def import_cost() -> float:
    """What ``import pyglet_palace`` takes beyond ``import pyglet``, in a new process."""
    code = "import time, pyglet; t = time.perf_counter(); import pyglet_palace; print(time.perf_counter() - t)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = [sys.executable, "-c", code]
    return float(subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout)


def percentile(values: list[float], percent: float) -> float:
    """A percentile, in milliseconds."""
    return float(np.percentile(values, percent)) * 1e3


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--windows", type=int, default=6, help="idle and loading windows of the 60 Hz loop, of each")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a window")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_sounds(Path(folder))
        report(Bench(Path(folder)), arguments.windows, arguments.seconds)


def report(bench: Bench, windows: int, seconds: float) -> None:
    """Print every figure."""

    def row(what: str, value: float, unit: str, note: Any = "") -> None:
        print(f"{what:58} {value:10.3f} {unit:3} {note}")

    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pyglet", "PyOpenAL", "soundfile"))
    print(f"Python {platform.python_version()}, {versions}, {platform.system()} {platform.machine()},")
    print(f"{len(os.sched_getaffinity(0))} cores, {functions().handle._name.rpartition('/')[2]}", end=", ")
    print(f"workers {bench.context.stats()['workers']}\n")

    row("import pyglet_palace, beyond import pyglet", median_of(7, import_cost) * 1e3, "ms")
    row("cache(200 names), on the calling thread", median_of(15, bench.cache_call) * 1e3, "ms")

    for kind, names in (
        ("60 Ogg, 60 FLAC, 80 WAV, 4 long Ogg", bench.names),
        ("80 WAV", [name for name in bench.names if name.endswith("wav")]),
    ):
        pairs = [(bench.load(names), bench.sndfile_alone(names)) for _ in range(6)][1:]
        ours, alone = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        row(f"load of {kind}", ours * 1e3, "ms")
        row("  libsndfile alone, one thread", alone * 1e3, "ms", f"{alone / ours:.2f} x ours")
    peer = pyglet_media([str(bench.folder / name) for name in names])
    row("  pyglet.media.load(..., streaming=False), the WAV files", peer * 1e3, "ms", f"{peer / ours:.2f} x ours")

    gc.collect()
    idle, loading = [], []
    for _ in range(windows):
        idle.append(bench.lateness(seconds, loading=False))
        loading.append(bench.lateness(seconds, loading=True))
    for name, runs in (("idle", idle), ("loading", loading)):
        p99 = statistics.median(percentile(run, 99) for run in runs)
        spread = f"windows {', '.join(f'{percentile(run, 99):.2f}' for run in runs)}"
        row(f"60 Hz loop, {name}: lateness, median of p99", p99, "ms", spread)
        row(f"60 Hz loop, {name}: latest frame, median", statistics.median(max(run) * 1e3 for run in runs), "ms")
    row("longest update during a load, median of 5", median_of(5, bench.longest_hold) * 1e3, "ms")

    row("Buffer.play(), median", median_of(5, bench.play) * 1e6, "us")
    for sources in (0, 32, 128, 255):
        row(f"Context.update(), {sources} playing", bench.update(sources) * 1e6, "us")
    row("setting a property of a playing source", bench.set_property() * 1e6, "us")
    row("Decoder.play(), median", median_of(5, bench.stream) * 1e6, "us")
    runs = [streams(bench.folder / "201.ogg", seconds) for _ in range(3)]
    buffers, streamed = (statistics.median(run[i] for run in runs) * 100 for i in (0, 1))
    row("32 looping buffers on a real-time device, of a core", buffers, "%")
    row("32 streams of stereo Vorbis, of a core", streamed, "%", f"{sum(run[2] for run in runs):.0f} underruns")


if __name__ == "__main__":
    main()
