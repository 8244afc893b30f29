"""Shared by all tests: a context that renders, and checks of what a test leaves behind."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pyglet.clock
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace import resources
from pyglet_palace._common import events, log
from pyglet_palace._loading import process_worker, requests, workers
from pyglet_palace._openal import functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.effect_renderer import EffectRenderer
    from tests.room import Room

#: The fixture `sound`, also where the package is not installed, and runs of pytest as a test.
pytest_plugins = ["pytest_pyglet_palace", "pytester"]

#: Default rate of devices and sounds, in hertz.
RATE = 44100

#: Attributes under which the output equals the input.
EXACT = {palace.HRTF: palace.FALSE, palace.OUTPUT_LIMITER: palace.FALSE}


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Check that the test leaves no context, device, thread, clock entry or file factory behind."""
    yield
    gc.enable()
    resources.use_fileio(None)
    vars(palace.decoder_factories).clear()
    palace.shutdown()
    for device in palace._common.registry.open_devices():
        device.close()
    palace.use_context(None)
    deadline = time.monotonic() + 5
    while loader_threads() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not loader_threads(), "a test left a blocked worker behind; release it at the end"
    scheduled = [item.func for item in pyglet.clock.get_default()._schedule_interval_items]
    assert not [func for func in scheduled if "pyglet_palace" in repr(func)]


@pytest.fixture(autouse=True)
def _updates_publish_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one update publish all finished loads, and report all failed ones, on a slow machine.

    The budgets have their own tests.
    """
    monkeypatch.setattr(requests, "PUBLISH_BUDGET", 10**12)
    monkeypatch.setattr(events, "FAILURE_BUDGET", float("inf"))


@pytest.fixture(autouse=True)
def _workers_never_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace no worker because the machine is slow. Replacement has its own tests."""
    monkeypatch.setattr(workers, "STALL_SECONDS", float("inf"))
    monkeypatch.setattr(process_worker, "STALL_SECONDS", float("inf"))


def pytest_configure() -> None:
    """Let Ctrl-C interrupt the programs of tests. A shell without job control ignores it in what it runs with ``&``."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", action="store_true", help="decode in processes wherever the default is 'auto'")


@pytest.fixture(autouse=True)
def _way_of_decoding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in threads where the default is 'auto', or in processes with the option ``--processes``."""
    seconds = 0.0 if request.config.getoption("--processes") else threading.TIMEOUT_MAX
    monkeypatch.setattr(process_worker, "START_SECONDS", seconds)


def patch_al(patch: pytest.MonkeyPatch, name: str, function: Any) -> None:
    """Replace an AL function, with and without its check for errors."""
    for al in (functions(), functions().unchecked):
        patch.setattr(al, name, function)


def loader_threads() -> list[threading.Thread]:
    """Return the threads of the package that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("pyglet_palace")]


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that ``pyglet.resource`` looks names up in; call ``reindex()`` after filling it."""
    folder = tmp_path / "assets"
    folder.mkdir()
    monkeypatch.setattr(pyglet.resource, "path", [str(folder)])
    pyglet.resource.reindex()
    return folder


@pytest.fixture
def device() -> palace.LoopbackDevice:
    """A device that renders stereo floats."""
    return palace.LoopbackDevice(RATE)


@pytest.fixture
def context(device: palace.LoopbackDevice) -> palace.Context:
    """A current context on `device`, with one worker, which only the test updates."""
    made = palace.Context(device, EXACT, auto_update=False, workers=1)
    palace.use_context(made)
    return made


@pytest.fixture
def renderer(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> EffectRenderer:
    from tests.effect_renderer import EffectRenderer  # it imports this module

    return EffectRenderer(tmp_path, device)


@pytest.fixture
def room(context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path) -> Room:
    """A stereo device without HRTF, to measure what both ears get."""
    from tests.room import Room  # it imports this module

    return Room(context, device, tmp_path)


@pytest.fixture
def hrtf_room(device: palace.LoopbackDevice, tmp_path: Path) -> Room:
    """As `room`, with HRTF."""
    from tests.room import Room

    context = palace.Context(device, {palace.HRTF: palace.TRUE}, auto_update=False, workers=1)
    palace.use_context(context)
    assert device.hrtf_enabled
    return Room(context, device, tmp_path)


@pytest.fixture
def logged_warnings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """Return a function that returns the messages logged so far."""
    monkeypatch.setattr(log, "_warned", set())
    return lambda: [record.getMessage() for record in caplog.records]


def wait_until(condition: Callable[[], object], context: palace.Context | None = None, seconds: float = 20) -> None:
    """Update `context` until `condition` holds; fail if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        if context is not None:
            context.update()
        time.sleep(0.001)


def loaded(context: palace.Context) -> None:
    """Wait until no load is pending, and dispatch the events."""
    wait_until(lambda: not context.pending_names, context)
    context.update()


def raised_elsewhere(call: Callable[[], object], thread_name: str | None = None) -> BaseException | None:
    """Return what `call` raises on another thread."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run, name=thread_name)
    thread.start()
    thread.join()
    return caught[0] if caught else None
