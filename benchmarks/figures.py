"""The figures of pyglet_palace itself: their labels, units, targets, and the measures that return them."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .frames import CALLS
from .loading import BUSY_PERCENT
from .processes import Task
from .sounds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

_OPERATORS: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Target:
    """A limit for a median."""

    comparison: str
    value: float

    def met(self, median: float) -> bool:
        """Return whether `median` is within the limit."""
        return _OPERATORS[self.comparison](median, self.value)

    def __str__(self) -> str:
        return f"{self.comparison} {self.value:.3g}"


@dataclass(frozen=True)
class Figure:
    """A row of a table.

    Attributes:
        key: The key of its samples.
        label: The row's label.
        unit: Unit of the samples: 'x' for a ratio, '' for a count.
        target: The target. A figure with a target is a ratio, a count or a difference to a control.
        beside: The page shows the figure, without a target, below the figure that it explains.
    """

    key: str
    label: str
    unit: str = ""
    target: Target | None = None
    beside: bool = False


@dataclass(frozen=True)
class Measure:
    """A task, and the figures whose samples it returns."""

    task: Task
    figures: tuple[Figure, ...]


def _below(value: float) -> Target:
    return Target("<", value)


def _at_most(value: float) -> Target:
    return Target("<=", value)


def _at_least(value: float) -> Target:
    return Target(">=", value)


_LOADING = (
    Measure(
        Task("loading:busy_main_thread"),
        (
            *(
                Figure(
                    f"busy.{percent}.ratio",
                    f"loading speed while the main thread is {percent} % busy / while it sleeps",
                    "x",
                    _at_least(target),
                )
                for percent, target in zip(BUSY_PERCENT, (0.9, 0.85, 0.8), strict=True)
            ),
            *(
                Figure(f"busy.{percent}.rate", f"samples loaded, main thread {percent} % busy", "MB/s")
                for percent in ("0", *BUSY_PERCENT)
            ),
        ),
    ),
    Measure(
        Task("loading:wait"),
        (
            Figure(
                "wait.ratio", "speed of `Batch.wait()` on n cores / n x one thread of libsndfile", "x", _at_least(0.95)
            ),
            Figure("wait.rate", "`Batch.wait()`, all sounds", "MB/s"),
            Figure("wait.libsndfile", "libsndfile on one thread, all sounds", "MB/s"),
            *(
                Figure(f"wait.{kind}.ratio", f"the same, {kind} only (limited by the longest file)", "x")
                for kind in KINDS
            ),
        ),
    ),
    Measure(
        Task("loading:cache_call"),
        (
            Figure("cache.ratio", "`cache` of 200 names / their look-up by `Loader.location`", "x", _at_most(8)),
            Figure("cache", "`cache` of 200 names", "ms"),
        ),
    ),
    Measure(
        Task("loading:overhead"),
        (
            Figure(
                "overhead.ratio",
                "overhead of a short sound beyond decoding / libsndfile's open and close",
                "x",
                _at_most(2),
            ),
            Figure("overhead", "overhead of a short sound beyond decoding", "us"),
            Figure("overhead.open", "libsndfile's open and close", "us"),
            *(Figure(f"overhead.{kind}", f"overhead of a short {kind} sound", "us") for kind in KINDS),
        ),
    ),
    Measure(
        Task("loading:second_start"),
        (
            Figure("disk.ratio", "load of compressed sounds / second start with the disk cache", "x", _at_least(8)),
            Figure("disk.short.ratio", "the same, short sounds only", "x", beside=True),
            Figure("disk.first", "first start with the disk cache / without it", "x", beside=True),
            Figure("disk.short.first", "the same, short sounds only", "x", beside=True),
            Figure("disk.short.second", "second start with the disk cache, a short sound", "us"),
        ),
    ),
    Measure(
        Task("loading:large_wav"),
        (
            Figure("wav.ratio", "speed of `Buffer(name)`, WAV of 50 MB / libsndfile", "x", beside=True),
            Figure("wav.rate", "`Buffer(name)`, WAV of 50 MB", "GB/s"),
        ),
    ),
    Measure(
        Task("loading:memory"),
        (
            Figure("memory", "peak memory beyond the samples, a thread / the largest sound", "x", _below(1)),
            Figure("memory.extra", "peak memory beyond the samples", "MB"),
        ),
    ),
    Measure(
        Task("loading:progress"),
        (
            Figure("progress.error", "`Batch.progress` minus the share of time, largest difference", "%", _at_most(10)),
            Figure("progress.stands", "longest standstill of `Batch.progress`", "s", beside=True),
        ),
    ),
    Measure(
        Task("loading:dropping"),
        (
            Figure("cancel", "from `Batch.cancel` to an empty queue / a frame", "x", _below(1)),
            Figure("free", "from `free` to an empty queue / a frame", "x", _below(1)),
        ),
    ),
    Measure(
        Task("loading:busy_machine"),
        (
            Figure(
                "filled.ratio", "load time with every core taken by other processes / on idle cores", "x", _at_most(5)
            ),
            Figure("filled.unfinished", "sounds that did not load then", "", _at_most(0)),
            Figure("filled.idle", "load time on idle cores", "s"),
            Figure("filled.filled", "load time with every core taken", "s"),
            Figure("filled.late", "p99 lateness of frames with every core taken", "ms"),
        ),
    ),
)

_FRAME_TARGETS = {"25": _below(1), "100": None}
_FRAMES = (
    *(
        Measure(
            Task("frames:lateness", percent),
            (
                Figure(
                    f"frames.{percent}.difference",
                    f"60 Hz loop, {percent} % busy: p99 lateness while loading minus idle",
                    "ms",
                    target,
                    beside=target is None,
                ),
                Figure(
                    f"frames.{percent}.own", "the same without the time spent waiting for a core", "ms", beside=True
                ),
                Figure(f"frames.{percent}.control", "control: one idle window minus the next", "ms", beside=True),
                *(
                    Figure(f"frames.{percent}.{name}", f"60 Hz loop, {percent} % busy: {label}", unit)
                    for name, label, unit in (
                        ("idle", "p99 lateness, idle", "ms"),
                        ("loading", "p99 lateness, loading", "ms"),
                        ("idle.median", "median lateness, idle", "ms"),
                        ("loading.median", "median lateness, loading", "ms"),
                        ("idle.latest", "latest frame, idle", "ms"),
                        ("loading.latest", "latest frame, loading", "ms"),
                        ("files", "files loaded in a window", ""),
                        ("rate", "samples loaded", "MB/s"),
                    )
                ),
            ),
        )
        for percent, target in _FRAME_TARGETS.items()
    ),
    Measure(
        Task("frames:calls"),
        (
            Figure("calls.all", "p99.9 of the calls below while loading minus idle", "ms", _below(0.5)),
            Figure("calls.own", "the same without the time spent waiting for a core", "ms", _below(0.5)),
            Figure("calls.control", "control: a little Python in the same loop", "ms", beside=True),
            Figure("calls.windows", "control: one idle window minus the next", "ms", beside=True),
            *(
                Figure(f"calls.{name}", label, "ms", beside=True)
                for name, label in zip(
                    CALLS, ("`Context.update`", "`Batch.progress`", "`source.gain = x`", "`Buffer.play`"), strict=True
                )
            ),
            *(
                Figure(f"calls.{name}.{state}", f"p99.9 of {name}, {state}", "ms")
                for name in ("all", *CALLS, "control")
                for state in ("idle", "loading")
            ),
        ),
    ),
    Measure(
        Task("frames:many_results"),
        (
            Figure("many_results.longest", "500 sounds finished since the last update: longest update", "ms"),
            Figure("many_results.updates", "500 sounds finished since the last update: updates to publish them"),
        ),
    ),
)

_PLAYING = (
    Measure(
        Task("playing:play"),
        (
            Figure("play.ratio", "`Buffer.play()` / the bare OpenAL calls", "x", _at_most(2)),
            Figure("play", "`Buffer.play()`", "us"),
            Figure("play.bare", "the bare OpenAL calls of a play", "us"),
        ),
    ),
    Measure(
        Task("playing:options"),
        (Figure("play.options.ratio", "`Buffer.play()` with five options / a plain one", "x", _at_most(2)),),
    ),
    Measure(
        Task("playing:not_cached"),
        (
            Figure(
                "play.not_cached.ratio",
                "`play` of 1000 names that are not cached / `cache` of them all",
                "x",
                _at_most(1),
            ),
            Figure("play.not_cached.single.ratio", "the same / 1000 calls of `cache` with one name", "x", beside=True),
        ),
    ),
    Measure(
        Task("playing:properties"),
        (
            Figure("set.gain.ratio", "`source.gain = x` / the bare OpenAL calls", "x", _at_most(1.7)),
            Figure("set.position.ratio", "`source.position = x, y, z` / the bare OpenAL calls", "x", beside=True),
            Figure("set.gain", "`source.gain = x`", "us"),
            Figure("set.position", "`source.position = x, y, z`", "us"),
            Figure("set.pitch", "`source.pitch = x`", "us"),
            Figure("set.gain.bare", "the bare OpenAL calls for a gain", "us"),
            Figure("set.position.bare", "the bare OpenAL calls for a position", "us"),
        ),
    ),
    Measure(
        Task("playing:group"),
        (
            Figure("group.ratio", "`group.gain = x`, 250 sources / 250 bare OpenAL calls", "x", _at_most(3)),
            Figure("group", "`group.gain = x`, 250 sources", "us"),
            Figure("group.bare", "250 bare OpenAL calls", "us"),
        ),
    ),
    Measure(
        Task("playing:update"),
        (
            Figure("update.255.ratio", "`Context.update()`, 255 playing / none playing", "x", _at_most(2)),
            Figure("update.1000.ratio", "`Context.update()`, 1000 playing / none playing", "x", beside=True),
            Figure(
                "update.bare.ratio", "`Context.update()`, 255 playing / the bare calls for 255 states", "x", beside=True
            ),
            *(Figure(f"update.{count}", f"`Context.update()`, {count} playing", "us") for count in (0, 255, 1000)),
            Figure("update.bare", "the bare OpenAL calls for the states of 255 sources", "us"),
        ),
    ),
    Measure(
        Task("playing:many_plays"),
        (
            Figure("many.raised", "10,000 plays on 256 voices: exceptions", "", _at_most(0)),
            Figure("many.leaked", "10,000 plays on 256 voices: leaked OpenAL names", "", _at_most(0)),
            Figure("many.grown", "10,000 plays on 256 voices: memory growth over the last 5000", "MB", _below(1)),
            Figure("many.each", "one of 10,000 plays, with mixing in between", "us"),
        ),
    ),
    Measure(
        Task("playing:idle"),
        (
            Figure("idle.scheduled", "no work: functions on pyglet's clock", "", _at_most(0)),
            Figure("idle", "no work: share of a core beyond an empty loop", "%", _below(0.5)),
            Figure("idle.control", "control: one empty loop minus the next", "%", beside=True),
            Figure("idle.device", "no work, with OpenAL's mixer running: share of a core", "%"),
        ),
    ),
    Measure(
        Task("playing:streams"),
        (
            Figure("streams.underruns", "32 Vorbis streams, main thread asleep: underruns", "", _at_most(0)),
            Figure("streams.streamed", "32 Vorbis streams: share of a core", "%"),
            Figure("streams.cached", "32 cached sounds: share of a core", "%"),
        ),
    ),
    Measure(Task("playing:stream_call"), (Figure("stream.call", "`Decoder.play()`", "us"),)),
)

_IMPORT = (
    Measure(
        Task("imports:ours"),
        (
            Figure(
                "import.ratio",
                "`import pyglet_palace` / `import pyglet, pyglet.resource, pyglet.clock` before it",
                "x",
                _at_most(1),
            ),
            Figure("import.libraries", "libraries that the import loads (numpy, soundfile, OpenAL)", "", _at_most(0)),
            Figure("import.started", "threads and devices that the import starts", "", _at_most(0)),
            Figure("import", "`import pyglet_palace`, pyglet already imported", "ms"),
            Figure("import.pyglet", "`import pyglet, pyglet.resource, pyglet.clock`", "ms"),
        ),
    ),
)

#: Measures of pyglet_palace itself, by section.
MEASURES: dict[str, tuple[Measure, ...]] = {
    "loading": _LOADING,
    "frames": _FRAMES,
    "playing": _PLAYING,
    "import": _IMPORT,
}

#: Growth of costs, by topic: label, unit, and the lines of the plot.
GROWTH = {
    "names": (
        "names",
        "ms",
        {
            "request": "`preload`",
            "load": "until all are loaded",
            "update": "median update meanwhile",
            "longest": "longest update meanwhile",
            "free": "`free`",
        },
    ),
    "sources": ("playing sources", "us", {"play": "`play`", "update": "`update`", "stop": "`stop`"}),
}


def figures() -> list[Figure]:
    """Return the figures of all measures, in order."""
    return [figure for measures in MEASURES.values() for measure in measures for figure in measure.figures]
