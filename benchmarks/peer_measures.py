"""Measures of the same task in pyglet_palace and in another library.

Each runs in a process of its own. Where both libraries can take turns, they alternate there, and the measure returns a
ratio as well: the other library's time divided by the time of pyglet_palace.
"""

from __future__ import annotations

import gc
import random
import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .frames import BUSY, FRAME, RepeatedLoad, frame_lateness
from .machine import resident
from .peers import PEERS, Palace
from .processes import python
from .stats import alternate, percentile, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import Config
    from .peers import Peer
    from .stats import Series

#: The control of frame lateness: a game without any sound library.
CONTROL = "no library"
#: Smallest set, in bytes of samples, for which the memory of the library itself does not matter.
_ENOUGH = 8_000_000
#: Number of sounds that play while an update is timed.
_PLAYING = 32


def loading(config: Config, name: str) -> Series:
    """The time to load 200 short WAV files, the files of each kind that the library reads, and all of them.

    The short files come first: once a larger block was freed, glibc reuses freed memory, and a copy of a short file
    takes half the time.
    """
    peer, ours = _pair(name)
    series: Series = {}
    kinds = readable(peer, config)
    sets = {"short_wav": config.short_wavs(), **{kind: config.paths(kind) for kind in kinds}}
    sets["all"] = _of_kinds(config, kinds)
    for key, paths in sets.items():
        for repeat in range(config.repeats + 2):
            their_time = seconds(lambda paths=paths: peer.load_all(paths))  # type: ignore[misc]
            peer.free()
            our_time = seconds(lambda paths=paths: ours.load_all(paths))  # type: ignore[misc]
            ours.free()
            if repeat:  # the first load reads from the disk
                series.setdefault(f"peers.load.{key}.{name}", []).append(their_time * 1e3)
                series.setdefault(f"ratio.load.{key}.{name}", []).append(their_time / our_time)
    return series


def _pair(name: str) -> tuple[Peer, Palace]:
    """Return a library and pyglet_palace; twice the same object for pyglet_palace, whose ratios show the noise."""
    peer = PEERS[name]()
    return peer, peer if isinstance(peer, Palace) else Palace()


def _of_kinds(config: Config, kinds: list[str]) -> list[Path]:
    """Return the files of some kinds, in the order of the set."""
    return [Path(config.folder, sound.name) for sound in config.sounds if sound.kind in kinds]


def memory(config: Config, name: str) -> Series:
    """Memory that the library uses for a byte of 16-bit samples."""
    peer = PEERS[name]()
    kinds = readable(peer, config)
    size = sum(map(config.size, kinds))
    before = resident()
    if not before or size < _ENOUGH:
        return {}
    kept = [peer.load_all(config.paths(kind)) for kind in kinds]
    used = resident() - before
    del kept
    return {f"peers.memory.{name}": [used / size]}


def readable(peer: Peer, config: Config) -> list[str]:
    """Return the kinds of file of which the library reads the smallest file."""
    kinds = []
    for kind in config.kinds:
        smallest = min(config.paths(kind), key=lambda path: path.stat().st_size)
        try:
            peer.load(smallest)
        except Exception:
            continue
        kinds.append(kind)
    peer.free()
    return kinds


def lateness(config: Config, name: str) -> Series:
    """Lateness of frames while all files that the library reads are loaded; the game works a quarter of each frame.

    - In one frame: the game loads all of it at once.
    - In the background: `preload`, or for other libraries a `threading.Thread` that loads one file after another.
    """
    busy = BUSY["25"]
    if name == CONTROL:
        return _background(name, frame_lateness(config.seconds, busy, lambda: None))
    peer = PEERS[name]()
    paths = _of_kinds(config, readable(peer, config))
    peer.load_all(paths)
    peer.free()

    kept: list[Any] = []
    frame = frame_lateness(1e-3, busy, lambda: kept.append(peer.load_all(paths)))
    kept.clear()
    peer.free()
    gc.collect()
    sizes = {Path(config.folder, sound.name): sound.size for sound in config.sounds}
    if isinstance(peer, Palace):
        loads = RepeatedLoad(peer.context, paths)
        late = frame_lateness(config.seconds, busy, loads.update, loads.between)
        loads.stop()
        loaded = loads.bytes
    else:
        late, loaded = _threaded(config, peer, [(path, sizes[path]) for path in paths])
    return {
        f"peers.frame.{name}": frame[:1],
        f"peers.background.rate.{name}": [loaded / config.seconds / 1e6],
        **_background(name, late),
    }


def _background(name: str, late: list[float]) -> Series:
    return {
        f"peers.background.p99.{name}": [percentile(late, 99)],
        f"peers.background.latest.{name}": [max(late)],
    }


def _threaded(config: Config, peer: Peer, paths: list[tuple[Path, int]]) -> tuple[list[float], int]:
    """Load in a thread; return the lateness of each frame, and the number of bytes loaded."""
    ended = threading.Event()
    loaded = 0

    def load() -> None:
        nonlocal loaded
        while True:
            kept = []
            peer.free()
            for path, size in paths:
                if ended.is_set():
                    return
                kept.append(peer.load(path))
                loaded += size

    thread = threading.Thread(target=load)
    thread.start()
    late = frame_lateness(config.seconds, BUSY["25"], peer.update or (lambda: None))
    ended.set()
    thread.join()
    return late, loaded


def playing(config: Config, name: str) -> Series:
    """A play, setting a volume and a position, and an update once a frame with 32 playing sounds."""
    peer, ours = _pair(name)
    path = config.reference("large.wav")
    their_sound, our_sound = peer.load(path), ours.load(path)
    series: Series = {}

    def compare(key: str, their_call: Callable[[int], object], our_call: Callable[[int], object], *how: Any) -> None:
        their_time, our_time = alternate(their_call, our_call, *how)
        series[f"peers.{key}.{name}"] = [their_time * 1e6]
        series[f"ratio.{key}.{name}"] = [their_time / our_time]

    started: list[tuple[Peer, Any]] = []

    def stop() -> None:
        while started:
            player, playing = started.pop()
            player.stop(playing)

    compare(
        "play",
        lambda turn: started.append((peer, peer.play(their_sound))),
        lambda turn: started.append((ours, ours.play(our_sound))),
        10,
        (min(peer.voices, _PLAYING), _PLAYING),
        stop,
    )
    setters: tuple[tuple[str, Any, Any, Callable[[int], object]], ...] = (
        ("volume", peer.set_volume, ours.set_volume, lambda turn: 0.5 + turn % 2 / 4),
        ("position", peer.set_position, ours.set_position, lambda turn: (0.0, 2.0, float(turn % 2))),
    )
    for key, their_setter, our_setter, value in setters:
        if their_setter is not None:
            theirs, mine = peer.play(their_sound), ours.play(our_sound)
            compare(
                key,
                lambda turn, set_=their_setter, playing=theirs, value=value: set_(playing, value(turn)),
                lambda turn, set_=our_setter, playing=mine, value=value: set_(playing, value(turn)),
                20,
                100,
            )
            started += [(peer, theirs), (ours, mine)]
            stop()
    if peer.update is not None:
        for player, sound in ((peer, their_sound), (ours, our_sound)):
            started += [(player, player.play(sound)) for _ in range(_PLAYING)]
        their_time: list[float] = []
        our_time: list[float] = []
        chance = random.Random(1)
        for _ in range(120):
            for update, times in ((peer.update, their_time), (ours.context.update, our_time)):
                time.sleep(FRAME * chance.uniform(0.5, 1.5))  # at regular intervals, one of them meets the mixer
                times.append(seconds(update))
        series[f"peers.update.{name}"] = [statistics.median(their_time) * 1e6]
        series[f"ratio.update.{name}"] = [statistics.median(their_time) / statistics.median(our_time)]
        stop()
    return series


def importing(config: Config, name: str) -> Series:
    """The import statement in a new interpreter."""
    prepare = "import pyglet; pyglet.options.shadow_window = False;" if name == "pyglet.media" else ""
    code = f"import time; start = time.perf_counter(); {prepare} {PEERS[name].imported}"
    took = [float(python(f"{code}; print(time.perf_counter() - start)")) * 1e3 for _ in range(3 * config.repeats)]
    return {f"peers.import.{name}": [statistics.median(took)]}
