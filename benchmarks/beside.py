"""The same things done by each library, in a process of its own."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .frames import BUSY, FRAME, Loads, watch
from .machine import resident
from .peers import PEERS, Palace
from .processes import python
from .stats import percentile, seconds

if TYPE_CHECKING:
    from .peers import Peer
    from .setting import Setting
    from .stats import Series

#: The control: what the frames of a game are without any sound.
NOBODY = "none of them"
#: Bytes of samples beside which what a library needs for itself does not count.
_TELLING = 8_000_000
#: Sounds that play while an update is timed.
_PLAYING = 32


def loading(setting: Setting, name: str) -> Series:
    """The time for each kind of file that it reads; and for all of them, ours in turn with its own."""
    peer = PEERS[name]()
    series: Series = {}
    kinds = readable(peer, setting)
    for kind in kinds:
        paths = setting.paths(kind)
        for turn in range(setting.repeats + 1):
            took = seconds(lambda paths=paths: peer.load_all(paths))  # type: ignore[misc]
            peer.let_go()
            if turn:  # the first has waited for the disk
                series.setdefault(f"beside.load.{kind}.{name}", []).append(took * 1e3)
    if isinstance(peer, Palace):
        return {**series, f"beside.load.together.{name}": [1.0]}
    ours = Palace()
    paths = _of_kinds(setting, kinds)
    for turn in range(setting.repeats + 1):
        theirs = seconds(lambda: peer.load_all(paths))
        share = seconds(lambda: ours.load_all(paths)) / theirs
        ours.let_go()
        if turn:
            series.setdefault(f"beside.load.together.{name}", []).append(share)
    return series


def _of_kinds(setting: Setting, kinds: list[str]) -> list[Path]:
    """The files of some kinds, in the order of the set."""
    return [Path(setting.folder, sound.name) for sound in setting.sounds if sound.kind in kinds]


def memory(setting: Setting, name: str) -> Series:
    """Bytes that it holds for a byte of 16-bit samples."""
    peer = PEERS[name]()
    kinds = readable(peer, setting)
    size = sum(map(setting.size, kinds))
    before = resident()
    if not before or size < _TELLING:
        return {}
    kept = [peer.load_all(setting.paths(kind)) for kind in kinds]
    held = resident() - before
    del kept
    return {f"beside.memory.{name}": [held / size]}


def readable(peer: Peer, setting: Setting) -> list[str]:
    """The kinds of file of which it reads the smallest."""
    kinds = []
    for kind in setting.kinds:
        smallest = min(setting.paths(kind), key=lambda path: path.stat().st_size)
        try:
            peer.load(smallest)
        except Exception:
            continue
        kinds.append(kind)
    peer.let_go()
    return kinds


def hitch(setting: Setting, name: str) -> Series:
    """How late frames are, a quarter of them taken by work, while what it reads of the set is loaded.

    In a frame: the game loads all of it at once. In a thread: a `threading.Thread` of the game's loads one after the
    other, over and over, as long as the window lasts; for us, it is `preload`.
    """
    busy = BUSY["25"]
    if name == NOBODY:
        late = watch(setting.seconds, busy, lambda: None)
        return {f"beside.{what}.{name}": [value] for what, value in _lateness(late).items()}
    peer = PEERS[name]()
    paths = _of_kinds(setting, readable(peer, setting))
    peer.load_all(paths)
    peer.let_go()

    kept: list[Any] = []
    frame = watch(1e-3, busy, lambda: kept.append(peer.load_all(paths)))
    kept.clear()
    peer.let_go()
    gc.collect()
    sizes = {Path(setting.folder, sound.name): sound.size for sound in setting.sounds}
    if isinstance(peer, Palace):
        late, loaded = _background(setting, peer, paths)
    else:
        late, loaded = _threaded(setting, peer, [(path, sizes[path]) for path in paths])
    return {
        f"beside.frame.{name}": frame[:1],
        f"beside.thread.rate.{name}": [loaded / setting.seconds / 1e6],
        **{f"beside.{what}.{name}": [value] for what, value in _lateness(late).items()},
    }


def _lateness(late: list[float]) -> dict[str, float]:
    return {"thread.p99": percentile(late, 99), "thread.latest": max(late)}


def _threaded(setting: Setting, peer: Peer, paths: list[tuple[Path, int]]) -> tuple[list[float], int]:
    """How late frames are, and the bytes that were loaded."""
    ended = threading.Event()
    loaded = 0

    def load() -> None:
        nonlocal loaded
        while True:
            kept = []
            for path, size in paths:
                if ended.is_set():
                    return
                kept.append(peer.load(path))
                loaded += size

    thread = threading.Thread(target=load)
    thread.start()
    late = watch(setting.seconds, BUSY["25"], peer.update or (lambda: None))
    ended.set()
    thread.join()
    return late, loaded


def _background(setting: Setting, peer: Palace, paths: list[Path]) -> tuple[list[float], int]:
    loads = Loads(peer.context, paths)
    late = watch(setting.seconds, BUSY["25"], loads.update, loads.between)
    loads.stop()
    return late, loads.bytes


def playing(setting: Setting, name: str) -> Series:
    """A call to play, to set a volume, and to update with sounds playing."""
    peer = PEERS[name]()
    sound = peer.load(setting.yardstick("large.wav"))
    series: Series = {}
    times, started = [], []
    at_once = min(peer.voices, _PLAYING)
    for _ in range(6 * at_once):
        start = time.perf_counter()
        started.append(peer.play(sound))
        times.append(time.perf_counter() - start)
        if len(started) == at_once:
            _stop(peer, started)
    _stop(peer, started)
    series[f"beside.play.{name}"] = [statistics.median(times) * 1e6]
    if peer.set_volume is not None:
        player = peer.play(sound)
        series[f"beside.volume.{name}"] = [_volume(peer, player) * 1e6]
        peer.stop(player)
    if peer.update is not None:
        started = [peer.play(sound) for _ in range(_PLAYING)]
        times = []
        for _ in range(60):
            time.sleep(FRAME)
            times.append(seconds(peer.update))
        series[f"beside.update.{name}"] = [statistics.median(times) * 1e6]
        _stop(peer, started)
    return series


def _volume(peer: Peer, player: Any) -> float:
    times = []
    for turn in range(500):
        volume = 0.5 + turn % 2 / 4
        start = time.perf_counter()
        peer.set_volume(player, volume)  # type: ignore[misc]
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _stop(peer: Peer, started: list[Any]) -> None:
    while started:
        peer.stop(started.pop())


def importing(setting: Setting, name: str) -> Series:
    """Its import statement, in a new interpreter."""
    prepare = "import pyglet; pyglet.options.shadow_window = False;" if name == "pyglet.media" else ""
    code = f"import time; start = time.perf_counter(); {prepare} {PEERS[name].imported}"
    took = python(f"{code}; print(time.perf_counter() - start)")
    return {f"beside.import.{name}": [float(took) * 1e3]}
