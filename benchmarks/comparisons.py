"""Comparisons with other libraries, and the reasons where another library is faster."""

from __future__ import annotations

from dataclasses import dataclass

from .figures import GROWTH, MEASURES, Target
from .peer_measures import CONTROL
from .peers import OURS, PEERS
from .processes import Task
from .sounds import KINDS


@dataclass(frozen=True)
class Comparison:
    """A value of each library. Its key is ``peers.<key>.<library>``.

    Attributes:
        key: The middle of the key.
        label: The row's label.
        unit: Unit of the values.
        less_is_better: Whether a lower value is better.
        all_kinds: The libraries did it with different files if they read different kinds, so that only the values of
            libraries that read the same kinds are comparable.
        target: Target for the ratio of the other library's value to that of pyglet_palace.
        against: The libraries that the target is for; all if empty.
    """

    key: str
    label: str
    unit: str
    less_is_better: bool = True
    all_kinds: bool = False
    target: Target | None = None
    against: tuple[str, ...] = ()

    def met(self, ratios: dict[str, float]) -> bool | None:
        """Return whether the ratios meet the target; None if there is no target or no ratio that it is for."""
        counted = [ratio for name, ratio in ratios.items() if name in (self.against or ratios)]
        if self.target is None or not counted:
            return None
        return all(map(self.target.met, counted))


_FASTER = Target(">=", 1)

COMPARISONS = (
    *(Comparison(f"load.{kind}", f"load the {kind} files", "ms", target=_FASTER) for kind in KINDS),
    Comparison("load.all", "load all files that it reads", "ms"),
    Comparison(
        "load.short_wav", "load 200 short WAV files", "ms", target=_FASTER, against=("pyglet.media", "pygame-ce")
    ),
    Comparison("play", "play a sound", "us", target=Target(">=", 30), against=("pyglet.media",)),
    Comparison("volume", "set a volume", "us"),
    Comparison("position", "set a position", "us"),
    Comparison("update", "update once a frame, 32 playing", "us", target=_FASTER, against=("pyglet.media", "arcade")),
    Comparison("memory", "memory / size of the samples", "x"),
    Comparison("import", "import", "ms"),
    Comparison("frame", "load all files within one frame: its lateness", "ms", all_kinds=True),
    Comparison("background.p99", "load in the background: p99 lateness of frames", "ms"),
    Comparison("background.latest", "load in the background: latest frame", "ms"),
    Comparison(
        "background.rate", "load in the background: samples loaded", "MB/s", less_is_better=False, all_kinds=True
    ),
)

#: The comparisons that the page shows as ratios. The others depend on the noise of a single run.
RATIOS = tuple(row for row in COMPARISONS if not row.key.startswith(("frame", "background.p99", "background.latest")))

_BYTES = "It copies the bytes of a WAV file and reads no loop points."
_WAV_ONLY = "It reads WAV only. Its thread copies bytes and decodes nothing."
_ONE_CALL = (
    "It decodes a file in one call of C without the GIL. pyglet_palace returns between blocks, to check whether the "
    "load is still wanted, and publishes on the ticks of the game."
)
_CURRENT = "It writes to the current OpenAL context. pyglet_palace checks the range, and enters and leaves its context."
_UPDATE = (
    "It fills its buffers in a thread of its own. An update of pyglet_palace checks for finished loads, ended sounds, "
    "fades, streams and effects, so that an event is dispatched on the tick on which it happens."
)
_FILE_BYTES = "It keeps the bytes of the file and makes a copy for OpenAL only while the sound plays."
_SAMPLES_ONLY = "It keeps the samples only, without a cache of names and without threads."
_LONGEST = "Of a kind with one long file, the time is the decoding of that file on one thread, in either library. "

#: Reasons why another library is faster, by the first part of the comparison's key, then by library.
REASONS: dict[str, dict[str, str]] = {
    "load": {
        "pyglet.media": _BYTES,
        "arcade": _BYTES,
        "pygame-ce": _LONGEST + "pygame-ce copies a WAV file into memory. pyglet_palace also makes a job, an array and "
        "an OpenAL buffer for it.",
        "miniaudio": _LONGEST + "The decoders of miniaudio do less than libsndfile, and nothing is handed from one "
        "thread to another or to OpenAL.",
        "PyALSoft": _LONGEST + "PyALSoft uses the decoders of miniaudio, which do less than libsndfile.",
    },
    "frame": {
        "pygame-ce": "If a long file comes last, the other worker of pyglet_palace is idle.",
        "miniaudio": "If a long file comes last, the other worker of pyglet_palace is idle.",
    },
    "background": {
        "pyglet.media": _WAV_ONLY,
        "arcade": _WAV_ONLY,
        "pygame-ce": _ONE_CALL,
        "miniaudio": _ONE_CALL,
        "PyALSoft": _ONE_CALL,
    },
    "play": {
        "pygame-ce": "Its play is one call of C that takes a free channel. A play of pyglet_palace creates a source "
        "with a position and a priority, reports its end, and checks OpenAL's error.",
    },
    "volume": {
        "pygame-ce": "It stores a number in a table of C. pyglet_palace checks the range, enters and leaves its OpenAL "
        "context so that other users of OpenAL are not affected, and checks OpenAL's error.",
        "pyglet.media": _CURRENT,
        "arcade": _CURRENT,
    },
    "position": {"pyglet.media": _CURRENT, "arcade": _CURRENT},
    "update": {"pyglet.media": _UPDATE, "arcade": _UPDATE},
    "memory": {
        "pyglet.media": _FILE_BYTES,
        "arcade": _FILE_BYTES,
        "pygame-ce": _SAMPLES_ONLY,
        "miniaudio": _SAMPLES_ONLY,
    },
    "import": {
        "pygame-ce": "It is a few modules of C and does not import pyglet.",
        "miniaudio": "It is one module of C and does not import pyglet.",
    },
}


def reason(comparison: str, library: str) -> str:
    """Return why `library` is faster in the comparison with that key; '' if no reason is known."""
    return REASONS.get(comparison.partition(".")[0], {}).get(library, "")


def libraries() -> list[str]:
    """Return the names of all libraries, pyglet_palace first."""
    return [OURS, *(name for name in PEERS if name != OURS)]


def _peer_tasks() -> tuple[Task, ...]:
    """Return the tasks of all libraries, sorted by what they measure, so that a disturbance affects all libraries."""
    tasks = []
    for function in ("loading", "memory", "lateness", "playing", "importing"):
        tasks += [Task(f"peer_measures:{function}", name) for name in PEERS]
        if function == "lateness":
            tasks.append(Task("peer_measures:lateness", CONTROL))
    return tuple(tasks)


#: The tasks of each section.
SECTIONS: dict[str, tuple[Task, ...]] = {
    **{section: tuple(measure.task for measure in measures) for section, measures in MEASURES.items()},
    "peers": _peer_tasks(),
    "growth": tuple(Task(f"scaling:{topic}") for topic in GROWTH),
}
