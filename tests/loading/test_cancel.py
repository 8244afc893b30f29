"""A load that is held at a stage, and not wanted any more: every stage, every way to say so.

Whoever says so is not made to wait: the call returns while the load is held still. Afterwards nothing is pending,
no event names it again, its samples and files are released, the threads end once they can, and other names
go on.

``python -m tests.loading.test_cancel 1000`` does each a thousand times.
"""

from __future__ import annotations

import gc
import io
import itertools
import sys
import tempfile
import threading
import time
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._decoding import load
from pyglet_palace._loading import workers
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, loader_threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELD, OTHER, LATER, BLOCKER = NAMES = ("held.wav", "other.wav", "later.wav", "blocker.wav")

#: Seconds after which who is held gives up, and the test fails.
_PATIENCE = 30


class Gate:
    """Pins whoever calls it, until it is opened."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.entered = threading.Event()
        self._opened = threading.Event()
        self._patience = patience
        self.gave_up = False

    @property
    def closed(self) -> bool:
        return not self._opened.is_set() and not self.gave_up

    def __call__(self) -> None:
        self.entered.set()
        self.gave_up = not self._opened.wait(self._patience)

    def open(self) -> None:
        self._opened.set()


class Scene:
    """A context with one worker, and a batch of the one name that will be held.

    Attributes:
        act: Says that the name is not wanted any more. Called where the load is held.
        received: Events, with the name they are about ('' for those of the batch).
        samples: Weak references to what was decoded of the name.
        files: Files that were opened through `use_fileio`.
    """

    def __init__(self, folder: Path, way: str) -> None:
        self.folder = folder
        device = palace.LoopbackDevice(RATE)
        self.device = device
        self.context = palace.Context(device, EXACT, auto_update=False, workers=1)
        palace.use_context(self.context)
        self.store = device._buffers
        self.way = way
        self.received: list[tuple[str, str]] = []
        self.samples: list[weakref.ref[Any]] = []
        self.files: list[io.BytesIO] = []
        self.before = 0
        self.acted = False
        self.batch: Any = None
        self.context.push_handlers(
            on_cached=lambda name: self.received.append(("on_cached", name)),
            on_cache_failed=lambda name, error: self.received.append(("on_cache_failed", name)),
        )

    def ask(self) -> None:
        """Have the name loaded."""
        self.batch = palace.preload(
            [HELD],
            on_progress=lambda batch: self.received.append(("on_progress", "")),
            on_complete=lambda batch: self.received.append(("on_complete", "")),
        )

    def act(self) -> None:
        """Say that it is not wanted, in the way this is about, and see what holds at once."""
        WAYS[self.way](self)
        self.acted = True
        self.before = len(self.received)
        assert self.batch.finished
        assert self.batch.progress == 1.0
        if self.context:
            assert HELD not in self.context.pending_names
            assert HELD not in self.context.cached_names
            assert palace.Buffer(OTHER).length == 10  # the rest goes on
        else:
            with pytest.raises(palace.DestroyedError):
                palace.cache([HELD], self.context)

    def after(self) -> None:
        """The state after the blocked load has ended."""
        assert self.acted
        if self.context:
            palace.cache([LATER])
            loaded(self.context)
            assert set(self.context.cached_names) <= {OTHER, LATER, BLOCKER}
            assert {OTHER, LATER} <= set(self.context.cached_names)
            stats = self.context.stats()
            assert stats["buffers"] == stats["cached"] == self.store.count
            assert stats["pending"] == stats["queued"] == stats["undeleted"] == 0
            assert stats["workers"] == 1
            self.context.destroy()
        wait_until(lambda: not loader_threads())
        since = self.received[self.before :]
        assert not [event for event, name in since if name == HELD]
        of_batch = [event for event, name in self.received if not name]
        silent = self.way in ("Batch.cancel", "Batch.release", "leaving the batch")
        assert of_batch.count("on_complete") == (0 if silent else 1)
        if silent:
            assert not [event for event, name in since if not name]
        assert (self.store.count, self.store.refused) == (0, [])
        if any(reference() is not None for reference in self.samples):
            gc.collect()
        assert not [reference for reference in self.samples if reference() is not None], "samples are held by somebody"
        assert all(file.closed for file in self.files)
        self.device.close()


# How a load is held. Each brings the load of HELD to its stage, calls `Scene.act` there, and lets go.


@contextmanager
def _held_in_decoder(gate: Gate, name: str, *, in_read: bool) -> Iterator[None]:
    class Held(palace.BaseDecoder):
        frequency, channel_config, sample_type, length, loop_points = RATE, "Mono", "Signed 16-bit", 0, (0, 0)
        left = 3

        def seek(self, frame: int) -> bool:
            return False

        def read(self, count: int) -> bytes:
            self.left -= 1
            if self.left == 1:
                gate()
            return bytes(2 * count) if self.left > 0 else b""

    def factory(file: Any) -> palace.BaseDecoder:
        if Path(file.name).name != name:
            raise RuntimeError("not mine")
        if not in_read:
            gate()
            raise RuntimeError("not mine")
        return Held()

    palace.decoder_factories.held = factory
    try:
        yield
    finally:
        del palace.decoder_factories.held
        gate.open()


def queued(scene: Scene) -> None:
    gate = Gate()
    with _held_in_decoder(gate, BLOCKER, in_read=False):
        palace.cache([BLOCKER])
        assert gate.entered.wait(_PATIENCE)
        scene.ask()
        assert scene.context.stats()["queued"] == 1
        scene.act()
        assert gate.closed


def _through_a_file(scene: Scene, gate: Gate, opening: Callable[[], None], reading: Callable[[], None]) -> None:
    class File(io.BytesIO):
        def __init__(self, name: str) -> None:
            super().__init__((scene.folder / name).read_bytes())
            self.held = name == HELD
            scene.files.append(self)

        def read(self, size: int | None = -1) -> bytes:
            if self.held:
                reading()
            return super().read(size)

    def factory(name: str) -> io.BytesIO:
        if name == HELD:
            opening()
        return File(name)

    palace.use_fileio(factory)
    try:
        scene.ask()
        assert gate.entered.wait(_PATIENCE)
        scene.act()
        assert gate.closed
    finally:
        palace.use_fileio(None)
        gate.open()


def opening(scene: Scene) -> None:
    gate = Gate()
    _through_a_file(scene, gate, gate, lambda: None)


def reading(scene: Scene) -> None:
    gate = Gate()
    _through_a_file(scene, gate, lambda: None, gate)


def identifying(scene: Scene) -> None:
    gate = Gate()
    with _held_in_decoder(gate, HELD, in_read=False):
        scene.ask()
        assert gate.entered.wait(_PATIENCE)
        scene.act()
        assert gate.closed


def decoding(scene: Scene) -> None:
    gate = Gate()
    with _held_in_decoder(gate, HELD, in_read=True):
        scene.ask()
        assert gate.entered.wait(_PATIENCE)
        scene.act()
        assert gate.closed


def editing(scene: Scene) -> None:
    """In the game's `buffer_loading`."""
    gate = Gate()

    class Loading(palace.MessageHandler):
        def buffer_loading(self, name: str, *_: Any) -> None:
            if name == HELD:
                gate()

    scene.context.message_handler = Loading()
    scene.ask()
    try:
        assert gate.entered.wait(_PATIENCE)
        scene.act()
        assert gate.closed
    finally:
        gate.open()


def finished(scene: Scene) -> None:
    """Done by the worker, and not published."""
    scene.ask()
    wait_until(lambda: scene.context._engine.workers.finished)
    assert scene.context.pending_names == (HELD,)
    scene.act()


def locating(scene: Scene) -> None:
    """The file has vanished, and an update asks the game for a substitute."""

    class Asked(palace.MessageHandler):
        def resource_not_found(self, name: str) -> str:
            assert name == HELD
            scene.act()
            return OTHER

    scene.context.message_handler = Asked()
    (scene.folder / HELD).unlink()
    scene.ask()
    wait_until(lambda: scene.context._engine.workers.finished)
    scene.context.update()


def untold(scene: Scene) -> None:
    """In memory, with events that were not dispatched."""
    scene.ask()
    assert scene.batch.wait()
    assert scene.received == []
    scene.act()


#: The stages of a load.
STAGES: dict[str, Callable[[Scene], None]] = {
    stage.__name__: stage
    for stage in (queued, opening, reading, identifying, decoding, editing, finished, locating, untold)
}


def _leave_batch(scene: Scene) -> None:
    with scene.batch:
        pass


def _leave_context(scene: Scene) -> None:
    with scene.context:
        pass


#: How it is said that a load is not wanted.
WAYS: dict[str, Callable[[Scene], object]] = {
    "Batch.cancel": lambda scene: scene.batch.cancel(),
    "Batch.release": lambda scene: scene.batch.release(),
    "leaving the batch": _leave_batch,
    "free": lambda scene: palace.free([HELD]),
    "Context.destroy": lambda scene: scene.context.destroy(),
    "leaving the context": _leave_context,
    "shutdown": lambda scene: palace.shutdown(),
}

#: `cancel` takes nothing away that is in memory already; on purpose.
CASES = [case for case in itertools.product(STAGES, WAYS) if case != ("untold", "Batch.cancel")]


@contextmanager
def _noting_samples() -> Iterator[list[weakref.ref[Any]]]:
    """What is decoded under the name, by weak references."""
    noted: list[weakref.ref[Any]] = []
    real = load.decode_all

    def decode_all(name: str, *arguments: Any) -> Any:
        samples = real(name, *arguments)
        if name == HELD:
            noted.extend(weakref.ref(array) for array in (samples.data, samples.data.base) if array is not None)
        return samples

    load.decode_all = decode_all  # type: ignore[assignment]
    try:
        yield noted
    finally:
        load.decode_all = real


def play_through(folder: Path, stage: str, way: str, rounds: int) -> None:
    """Hold a load and drop it, `rounds` times."""
    farewell, workers.CLOSE_SECONDS = workers.CLOSE_SECONDS, 0.002  # that it does wait is tested elsewhere
    try:
        for _ in range(rounds):
            if not (folder / HELD).exists():
                sounds.wav(folder / HELD, 50)
            with _noting_samples() as noted:
                scene = Scene(folder, way)
                scene.samples = noted
                STAGES[stage](scene)
                scene.after()
            assert noted or stage in ("queued", "opening", "locating")
    finally:
        workers.CLOSE_SECONDS = farewell


def _fill(folder: Path) -> None:
    for name in NAMES:
        sounds.wav(folder / name, 50 if name == HELD else 10)


@pytest.fixture
def folder(assets: Path) -> Path:
    _fill(assets)
    pyglet.resource.reindex()
    return assets


@pytest.mark.parametrize(("stage", "way"), CASES, ids=[": ".join(case) for case in CASES])
def test_drop_at_any_stage_is_complete(folder: Path, stage: str, way: str) -> None:
    """The load is dropped at once, with all it has, and without an effect on other loads."""
    play_through(folder, stage, way, 10)


# What is no reason to drop it


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("untold", "locating")])
@pytest.mark.parametrize("what", ["an earlier buffer of the name", "another buffer", "another batch of it"])
def test_blocked_load_outlives_other_ends(folder: Path, stage: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(folder, "")
    old, other = palace.Buffer(HELD), palace.Buffer(OTHER)
    palace.free([HELD])
    called = []

    def end() -> None:
        if what == "an earlier buffer of the name":
            old.destroy()
        elif what == "another buffer":
            other.destroy()
        else:
            palace.preload([HELD]).release()
        assert scene.context.pending_names[-1] == HELD
        called.append(what)

    monkeypatch.setattr(scene, "act", end)
    STAGES[stage](scene)
    loaded(scene.context)

    assert called
    assert HELD in scene.context.cached_names
    assert scene.received.count(("on_cached", HELD)) == scene.received.count(("on_complete", "")) == 1
    assert not scene.batch.failed


@pytest.mark.parametrize("way", ["Context.destroy", "leaving the context", "shutdown"])
@pytest.mark.parametrize("call", [palace.cache, palace.preload, palace.Buffer])
def test_destroy_in_resource_not_found(folder: Path, way: str, call: Callable[[Any], object]) -> None:
    """The look-up itself, before anything is pending."""
    scene = Scene(folder, way)

    class Asked(palace.MessageHandler):
        def resource_not_found(self, name: str) -> str:
            WAYS[way](scene)
            return OTHER

    scene.context.message_handler = Asked()
    with pytest.raises(palace.DestroyedError):
        call("missing.wav" if call is palace.Buffer else [OTHER, "missing.wav"])
    assert not scene.context
    wait_until(lambda: not loader_threads())
    assert scene.device._buffers.count == 0
    assert scene.received == []


def main(rounds: int) -> None:
    """Each stage and way, `rounds` times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _fill(folder)
        pyglet.resource.path = [name]
        pyglet.resource.reindex()
        for stage, way in CASES:
            began = time.perf_counter()
            play_through(folder, stage, way, rounds)
            print(f"{stage}: {way}: {rounds} rounds in {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
