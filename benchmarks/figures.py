"""What is measured: the figures, what is promised of them, and what is compared."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .beside import NOBODY
from .peers import OURS, PEERS
from .processes import Task
from .sounds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Target:
    """What a median is to be: below, at most, or at least some value."""

    comparison: str
    value: float

    def met(self, median: float) -> bool:
        """Whether it is."""
        return _COMPARISONS[self.comparison](median, self.value)

    def __str__(self) -> str:
        return f"{self.comparison} {self.value:.3g}"


@dataclass(frozen=True)
class Figure:
    """A row of the tables.

    Attributes:
        key: What its samples are called.
        what: The same, for readers.
        unit: Of the samples.
        target: What is promised. None: it is there to be read beside the one above it.
        told: Whether the page shows it although it has no target.
    """

    key: str
    what: str
    unit: str
    target: Target | None = None
    told: bool = False


@dataclass(frozen=True)
class Measure:
    """A task, and the figures it measures."""

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
        Task("loading:cache_call"),
        (Figure("cache", "`cache` of 200 names, on the calling thread", "ms", _below(1)),),
    ),
    Measure(
        Task("frames:holds"),
        (
            Figure("hold", "longest hold of the game's thread by a call of ours during a load", "ms", _below(0.5)),
            Figure("hold.core", "of this, time of a core", "ms", told=True),
            *(
                Figure(f"hold.{name}", f"the longest {what}", "ms")
                for name, what in {
                    "update": "`Context.update`",
                    "progress": "`Batch.progress`",
                    "gain": "`Source.gain = ...`",
                    "play": "`Buffer.play`",
                }.items()
            ),
            Figure("hold.control", "control: the longest of a little Python instead, during the load", "ms", told=True),
            Figure("hold.control.idle", "control: the same without a load", "ms", told=True),
        ),
    ),
    Measure(
        Task("frames:at_once"),
        (
            Figure("at_once.longest", "500 results at once: the longest update", "ms", _below(0.5)),
            Figure("at_once.longest.core", "of this, time of a core", "ms"),
            Figure("at_once.updates", "updates until all are published", ""),
        ),
    ),
    Measure(
        Task("loading:wait"),
        (
            Figure("wait.share", "`preload(...).wait()`, of n times one thread of libsndfile", "x", _at_least(0.85)),
            Figure("wait.rate", "all of the set", "MB/s", told=True),
            Figure("wait.alone", "libsndfile on one thread", "MB/s", told=True),
            *(Figure(f"wait.{kind}.ratio", f"{kind}, of one thread of libsndfile", "x") for kind in KINDS),
        ),
    ),
    Measure(
        Task("loading:wav_speed"),
        (
            Figure("wav", "WAV, `Buffer(name)` of 50 MB", "GB/s", _at_least(1.4)),
            Figure("wav.alone", "libsndfile alone", "GB/s", told=True),
        ),
    ),
    Measure(
        Task("loading:overhead"),
        (
            Figure("overhead", "loading a short sound, beyond libsndfile's decoding it", "us", _below(150)),
            *(Figure(f"overhead.{kind}", kind, "us") for kind in KINDS),
        ),
    ),
    Measure(
        Task("loading:memory"),
        (
            Figure("memory", "peak memory beyond the samples, of the largest sound, a thread", "x", _below(1)),
            Figure("memory.extra", "the same", "MB"),
        ),
    ),
    Measure(
        Task("loading:letting_go"),
        (
            Figure("cancel", "from `Batch.cancel` until nothing is queued", "ms", _below(1000 / 60)),
            Figure("free", "from `free` until nothing is queued", "ms", _below(1000 / 60)),
        ),
    ),
    Measure(
        Task("loading:busy_machine"),
        (
            Figure("busy.ratio", "a load with every core taken by others, of one on idle cores", "x", _at_most(5)),
            Figure("busy.idle", "on idle cores", "s"),
            Figure("busy.taken", "with every core taken", "s"),
            Figure("busy.late", "p99 lateness of frames then", "ms", told=True),
            Figure("busy.unfinished", "names that were not loaded", ""),
        ),
    ),
)

_FRAMES = tuple(
    Measure(
        Task("frames:lateness", percent),
        (
            Figure(
                f"frames.{percent}.difference",
                f"a 60 Hz loop, {percent} % busy: p99 lateness while loading, beyond idle",
                "ms",
                _below(1) if percent == "25" else None,
                told=True,
            ),
            *(
                Figure(f"frames.{percent}.{name}", what, unit, told=name in ("spread", "files", "rate"))
                for name, what, unit in (
                    ("spread", "p99 of one idle window against the next", "ms"),
                    ("idle", "p99, idle", "ms"),
                    ("loading", "p99, loading", "ms"),
                    ("idle.median", "median frame, idle", "ms"),
                    ("loading.median", "median frame, loading", "ms"),
                    ("idle.latest", "latest frame of a window, idle", "ms"),
                    ("loading.latest", "latest frame of a window, loading", "ms"),
                    ("files", "files loaded in a window", ""),
                    ("rate", "samples loaded", "MB/s"),
                )
            ),
        ),
    )
    for percent in ("25", "100")
)

_PLAYING = (
    Measure(Task("playing:play"), (Figure("play", "`Buffer.play()`", "us", _below(10)),)),
    Measure(
        Task("playing:update"),
        (
            Figure("update.255", "`Context.update()`, 255 playing", "us", _at_most(11)),
            Figure("update.cold", "the same once a frame, when the core has slept", "us", told=True),
            *(Figure(f"update.{count}", f"{count} playing", "us") for count in (0, 1, 32, 128, 1000)),
        ),
    ),
    Measure(
        Task("playing:properties"),
        (
            Figure("set.gain", "`source.gain = ...`", "us", _below(4)),
            Figure("set.position", "`source.position = ...`", "us", _below(4)),
            Figure("set.pitch", "`source.pitch = ...`, and when it will end", "us"),
        ),
    ),
    Measure(
        Task("playing:many_plays"),
        (
            Figure("many.raised", "10,000 plays on 256 voices: exceptions", "", _at_most(0)),
            Figure("many.leaked", "10,000 plays: names of OpenAL leaked", "", _at_most(0)),
            Figure("many.grown", "10,000 plays: memory grown over the last 5000", "MB", _below(1)),
            Figure("many.each", "a play, with what is rendered in between", "us"),
        ),
    ),
    Measure(
        Task("playing:idle"),
        (
            Figure("idle.scheduled", "nothing to do: functions on the clock", "", _at_most(0)),
            Figure("idle", "nothing to do: of a core, beyond an empty loop", "%", _below(0.5)),
            Figure("idle.spread", "one empty loop against the next", "%"),
            Figure("idle.device", "with OpenAL's mixer running", "%"),
        ),
    ),
    Measure(
        Task("playing:streams"),
        (
            Figure(
                "streams.underruns", "32 streams of Vorbis while the main thread sleeps: underruns", "", _at_most(0)
            ),
            Figure("streams.streams", "of a core", "%", told=True),
            Figure("streams.buffers", "32 buffers instead", "%"),
        ),
    ),
    Measure(Task("playing:stream_call"), (Figure("stream.call", "`Decoder.play()`", "us"),)),
)

_IMPORT = (
    Measure(
        Task("importing:ours"),
        (
            Figure("import", "`import pyglet_palace`, beyond `import pyglet`", "ms", _below(30)),
            Figure("import.libraries", "`import pyglet_palace`: libraries it has loaded", "", _at_most(0)),
            Figure("import.started", "`import pyglet_palace`: threads and devices it has started", "", _at_most(0)),
            Figure("import.pyglet", "`import pyglet`", "ms"),
        ),
    ),
)

#: Our own figures, by section.
MEASURES: dict[str, tuple[Measure, ...]] = {
    "loading": _LOADING,
    "frames": _FRAMES,
    "playing": _PLAYING,
    "import": _IMPORT,
}


@dataclass(frozen=True)
class Comparison:
    """Something that libraries are compared by. The key of a library's is ``beside.<key>.<library>``.

    Attributes:
        key: What is compared.
        what: The same, for readers.
        unit: Of the values.
        less_is_better: Whether the lower value is ahead.
        of_all: Whether each has done it with all that it reads: less is asked of one that reads less.
    """

    key: str
    what: str
    unit: str
    less_is_better: bool = True
    of_all: bool = False

    def ahead(self, theirs: float, ours: float) -> bool:
        """Whether another's value is better than ours; 3 % are no difference."""
        return theirs * 1.03 < ours if self.less_is_better else theirs > ours * 1.03


COMPARISONS = (
    *(Comparison(f"load.{kind}", f"load the {kind} files", "ms") for kind in KINDS),
    Comparison("load.together", "load all of that: our time, of its", "x", less_is_better=False),
    Comparison("frame", "load all of that within a frame, which is late by", "ms", of_all=True),
    Comparison("thread.p99", "load it in the background: p99 lateness", "ms"),
    Comparison("thread.latest", "the latest frame then", "ms"),
    Comparison("thread.rate", "samples loaded then", "MB/s", less_is_better=False, of_all=True),
    Comparison("play", "play a sound", "us"),
    Comparison("volume", "set a volume", "us"),
    Comparison("update", "update, 32 playing", "us"),
    Comparison("memory", "bytes held for a byte of samples", ""),
    Comparison("import", "import", "ms"),
)

#: Growth: what, its unit, and the lines of its plot.
GROWTH = {
    "names": (
        "names",
        "ms",
        {
            "ask": "`preload`",
            "load": "until all are loaded",
            "update": "median update meanwhile",
            "longest": "longest update meanwhile",
            "free": "`free`",
        },
    ),
    "sources": ("playing sources", "us", {"play": "`play`", "update": "`update`", "stop": "`stop`"}),
}


def _beside() -> tuple[Task, ...]:
    """Each thing by all libraries in turn, so that what disturbs the machine disturbs all."""
    tasks = []
    for function in ("loading", "memory", "hitch", "playing", "importing"):
        tasks += [Task(f"beside:{function}", name) for name in PEERS]
        if function == "hitch":
            tasks.append(Task("beside:hitch", NOBODY))
    return tuple(tasks)


#: All that can be measured, by section.
SECTIONS: dict[str, tuple[Task, ...]] = {
    **{section: tuple(measure.task for measure in measures) for section, measures in MEASURES.items()},
    "peers": _beside(),
    "growth": (Task("growth:names"), Task("growth:sources")),
}


_BYTES = "It takes the bytes of a WAV file as they are, and looks for no loop points."
_WAV_ONLY = "It reads WAV only: its thread copies bytes and decodes nothing."
_ONE_CALL = (
    "It decodes a file to its end in one call of C, without the interpreter's lock; we come back between blocks to "
    "see whether the load is still wanted, and publish on the game's ticks."
)
_CURRENT = "It writes to whichever OpenAL context is current; we check the range, and enter and leave our own context."
_WATCHED = (
    "It feeds its players in a thread of its own, so that most ticks have nothing to do; ours looks in "
    "each at loads, fades, ends, streams and effects, so that what ends is told on the tick it falls in."
)
_BYTES_KEPT = "It keeps the bytes of the file, and has a copy made for OpenAL only while it plays."
_NO_TABLE = "It keeps the samples and nothing else: there is no table of names, and no threads."

#: Why a library is ahead of us, where it is: by what is compared, and by whom.
REASONS: dict[str, dict[str, str]] = {
    "load": {
        "pyglet.media": _BYTES,
        "arcade": _BYTES,
        "pygame-ce": "A kind whose samples are mostly in one long file is decoded by one thread, here as there, and "
        "pygame needs no hand-over between threads; a WAV file is a plain copy there, where we make a job, an array "
        "and a buffer of OpenAL.",
        "miniaudio": "A kind whose samples are mostly in one long file is decoded by one thread, here as there, and "
        "dr_libs and stb_vorbis do less than libsndfile; nothing is handed over between threads, or to OpenAL.",
    },
    "frame": {
        "pygame-ce": "Where one long file comes last, one of our threads has nothing left to do.",
        "miniaudio": "Where one long file comes last, one of our threads has nothing left to do.",
    },
    "thread": {
        "pyglet.media": _WAV_ONLY,
        "arcade": _WAV_ONLY,
        "pygame-ce": _ONE_CALL,
        "miniaudio": _ONE_CALL,
    },
    "play": {
        "pygame-ce": "Its play is one call of C that takes a free channel; ours makes a source with a place in space, "
        "a priority and an end that is told, and asks OpenAL whether it worked.",
    },
    "volume": {
        "pygame-ce": "It stores a number in a table of C; we check its range, enter our OpenAL context and leave it "
        "again, so that other users of OpenAL are not disturbed, and ask OpenAL whether it worked.",
        "pyglet.media": _CURRENT,
        "arcade": _CURRENT,
    },
    "update": {
        "pyglet.media": _WATCHED,
        "arcade": _WATCHED,
    },
    "memory": {
        "pyglet.media": _BYTES_KEPT,
        "arcade": _BYTES_KEPT,
        "pygame-ce": _NO_TABLE,
        "miniaudio": _NO_TABLE,
    },
    "import": {
        "pygame-ce": "It is a few modules of C, without pyglet.",
        "miniaudio": "It is one module of C, without pyglet.",
    },
}


def reason(comparison: str, library: str) -> str:
    """Why that library is ahead of us there; '' where nobody has thought that it would be."""
    return REASONS.get(comparison.partition(".")[0], {}).get(library, "")


def figures() -> list[Figure]:
    """Our own figures, in order."""
    return [figure for measures in MEASURES.values() for measure in measures for figure in measure.figures]


def libraries() -> list[str]:
    """The names of all libraries, ours first."""
    return [OURS, *(name for name in PEERS if name != OURS)]
