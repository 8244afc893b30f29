"""pyglet.clock updates a context while work is pending, under every kind of event loop."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pyglet.clock
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, wait_until
from tests.test_buffer import Offering, held

if TYPE_CHECKING:
    from pathlib import Path


class Hand:
    """A clock whose time the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = pyglet.clock.Clock(lambda: self.now)

    def tick(self) -> None:
        self.now += 1 / 60
        self.clock.tick()


def scheduled(clock: pyglet.clock.Clock) -> int:
    """Number of the package's functions on a clock."""
    items = [*clock._schedule_interval_items, *clock._schedule_items]
    return sum("pyglet_palace" in repr(item.func) for item in items)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def driven(device: palace.LoopbackDevice, hand: Hand, assets: Path) -> palace.Context:
    """A current context on the clock of `hand`, and a sound, a.wav, of 441 frames."""
    sounds.wav(assets / "a.wav", 441)
    pyglet.resource.reindex()
    context = palace.Context(device, EXACT, clock=hand.clock, workers=1)
    palace.use_context(context)
    return context


def test_idle_context_is_unscheduled(hand: Hand, driven: palace.Context) -> None:
    assert scheduled(hand.clock) == 0

    palace.Buffer("a.wav")
    palace.Source().gain = 0.5
    driven.update()
    palace.free(["a.wav"])

    assert scheduled(hand.clock) == 0
    assert hand.clock.get_sleep_time(True) is None


def test_pending_load_schedules_updates(hand: Hand, driven: palace.Context) -> None:
    received: list[str] = []
    driven.set_handler("on_cached", received.append)
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        for _ in range(10):
            hand.tick()
        assert scheduled(hand.clock) == 1
    wait_until(lambda: driven._engine.workers.finished)

    hand.tick()
    hand.tick()

    assert received == ["a.wav"]
    assert scheduled(hand.clock) == 0


def test_playing_source_schedules_updates(device: palace.LoopbackDevice, hand: Hand, driven: palace.Context) -> None:
    stopped: list[palace.Source] = []
    driven.set_handler("on_source_stopped", stopped.append)
    source = palace.Buffer("a.wav").play()
    hand.tick()
    assert scheduled(hand.clock) == 1
    device.render(500)
    hand.tick()
    hand.tick()

    assert stopped == [source]
    assert scheduled(hand.clock) == 0


def test_paused_source_schedules_nothing(hand: Hand, driven: palace.Context) -> None:
    source = palace.Buffer("a.wav").play()
    source.pause()
    hand.tick()
    hand.tick()
    assert scheduled(hand.clock) == 0

    source.resume()

    assert scheduled(hand.clock) == 1


def test_clock_completes_an_empty_batch(hand: Hand, driven: palace.Context) -> None:
    received: list[palace.Batch] = []
    batch = palace.preload([], on_complete=received.append)
    hand.tick()
    hand.tick()

    assert received == [batch]
    assert scheduled(hand.clock) == 0


def test_raising_handler_keeps_the_schedule(hand: Hand, driven: palace.Context, assets: Path) -> None:
    for number in range(3):
        sounds.wav(assets / f"{number}.wav")
    pyglet.resource.reindex()
    received: list[str] = []

    @driven.event
    def on_cached(name: str) -> None:
        received.append(name)
        raise ValueError(name)

    palace.cache(["0.wav", "1.wav", "2.wav"])
    wait_until(lambda: len(driven._engine.workers.finished) == 3)
    errors = 0
    for _ in range(10):
        try:
            hand.tick()
        except ValueError:
            errors += 1

    assert received == ["0.wav", "1.wav", "2.wav"]
    assert errors == 3
    assert scheduled(hand.clock) == 0


def test_clock_raises_a_destroy_error(hand: Hand, driven: palace.Context) -> None:
    @driven.event
    def on_source_force_stopped(source: palace.Source) -> None:
        raise ValueError("kept")

    buffer = palace.Buffer("a.wav")
    buffer.play()
    buffer.destroy()

    with pytest.raises(ValueError, match="kept"):
        hand.tick()


def test_destroyed_context_leaves_the_clock(hand: Hand, driven: palace.Context) -> None:
    source = palace.Buffer("a.wav").play()
    source.looping = True
    palace.cache(["nothing.wav"])

    driven.destroy()

    assert scheduled(hand.clock) == 0
    hand.tick()


@pytest.mark.parametrize("raises", [False, True])
def test_destroy_in_handler_unschedules(hand: Hand, driven: palace.Context, raises: bool) -> None:
    @driven.event
    def on_cached(name: str) -> None:
        driven.destroy()
        if raises:
            raise ValueError

    palace.cache(["a.wav"])
    wait_until(lambda: driven._engine.workers.finished)
    if raises:
        with pytest.raises(ValueError, match="^$"):
            hand.tick() or hand.tick()
    else:
        hand.tick()
        hand.tick()

    assert not driven
    assert scheduled(hand.clock) == 0


@pytest.mark.parametrize("how", ["decoder", "resource_not_found"])
def test_destroy_inside_buffer_unschedules(hand: Hand, driven: palace.Context, how: str) -> None:
    if how == "decoder":
        palace.decoder_factories.destroys = lambda file: driven.destroy()
    else:
        driven.message_handler = Offering(missing=driven.destroy)

    @driven.event
    def on_cache_failed(name: str, error: Exception) -> None:
        if driven:
            with pytest.raises(palace.DestroyedError):
                palace.Buffer("a.wav" if how == "decoder" else "missing.wav")
            assert scheduled(hand.clock) == 0  # although an event is still queued

    palace.cache(["/nowhere/1.wav", "/nowhere/2.wav"])
    wait_until(lambda: len(driven._engine.workers.finished) == 2)
    driven.update()

    assert not driven
    assert scheduled(hand.clock) == 0


def test_auto_update_off_uses_no_clock(device: palace.LoopbackDevice, hand: Hand, driven: palace.Context) -> None:
    by_hand = palace.Context(device, EXACT, clock=hand.clock, auto_update=False)
    palace.cache(["a.wav"], by_hand)
    assert scheduled(hand.clock) == 0

    wait_until(lambda: by_hand.cached_names == ("a.wav",), by_hand)
    source = palace.Buffer("a.wav", by_hand).play()
    device.render(500)
    by_hand.update()

    assert source.buffer is None
    assert scheduled(hand.clock) == 0


def test_manual_update_beside_clock_is_safe(hand: Hand, driven: palace.Context) -> None:
    received: list[str] = []
    driven.set_handler("on_cached", received.append)
    palace.cache(["a.wav"])
    wait_until(lambda: received, driven)
    driven.update()
    hand.tick()

    assert received == ["a.wav"]
    assert scheduled(hand.clock) == 0


def test_default_clock_drives_a_manual_loop(device: palace.LoopbackDevice, driven: palace.Context) -> None:
    context = palace.Context(device, EXACT)
    received: list[str] = []
    context.set_handler("on_cached", received.append)
    palace.cache(["a.wav"], context)
    wait_until(lambda: pyglet.clock.tick() is not None and received)
    wait_until(lambda: pyglet.clock.tick() is not None and not scheduled(pyglet.clock.get_default()))

    assert received == ["a.wav"]


def test_new_default_clock_drives_new_work(
    device: palace.LoopbackDevice, hand: Hand, driven: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyglet.clock, "_default", pyglet.clock.get_default())  # restored after the test
    context = palace.Context(device, EXACT)
    looping = palace.Source(context)
    looping.looping = True
    palace.Buffer("a.wav", context).play(looping)  # the previous clock drives the context
    before = pyglet.clock.get_default()

    pyglet.clock.set_default(hand.clock)
    received: list[palace.Batch] = []
    palace.preload([], context, on_complete=received.append)
    hand.tick()
    hand.tick()

    assert len(received) == 1
    assert scheduled(before) == 0
    looping.stop()


def test_other_thread_needs_its_own_clock(device: palace.LoopbackDevice) -> None:
    results: list[object] = []

    def elsewhere() -> None:
        hand = Hand()
        undriven = palace.Context(device, EXACT)
        palace.preload([], undriven)
        results.append(scheduled(pyglet.clock.get_default()))
        undriven.destroy()
        context = palace.Context(device, EXACT, clock=hand.clock)
        palace.preload([], context, on_complete=results.append)
        hand.tick()
        hand.tick()
        context.destroy()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert results[0] == 0
    assert isinstance(results[1], palace.Batch)


def run(code: str, *arguments: str, wrapper: tuple[str, ...] = (), warnings: str = "error") -> str:
    """The output of a program, which must exit with status 0 and write no error."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-W", warnings, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


PROGRAM = """
import sys
import pyglet, pyglet.resource, pyglet.app
import pyglet_palace as palace
pyglet.resource.path = [sys.argv[1]]
pyglet.resource.reindex()
device = palace.LoopbackDevice()
context = palace.Context(device)
@context.event
def on_cached(name):
    print("cached", name)
    palace.Buffer(name, context).play()
    device.render(1000)
@context.event
def on_source_stopped(source):
    print("stopped")
    finish()
palace.cache(["a.wav"], context)
"""


def test_pyglet_app_run_drives_the_context(driven: palace.Context, assets: Path) -> None:
    """Without a window."""
    code = PROGRAM + "finish = pyglet.app.exit\npyglet.options.shadow_window = False\npyglet.app.run()"

    assert run(code, str(assets)) == "cached a.wav\nstopped\n"


def test_arcade_window_drives_the_context(driven: palace.Context, assets: Path) -> None:
    code = PROGRAM.replace(
        "import pyglet,", "import pyglet; pyglet.options.audio = ('silent',); import arcade,"
    ) + textwrap.dedent("""
        finish = arcade.exit
        window = arcade.Window(100, 100, antialiasing=False)  # Mesa may have none, and arcade then logs it
        arcade.run()
    """)

    printed = run(code, str(assets), wrapper=("xvfb-run", "-a"), warnings="default")

    assert printed.split("\n")[:2] == ["cached a.wav", "stopped"]
