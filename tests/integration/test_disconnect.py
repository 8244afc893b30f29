"""Disconnected devices: the context moves to another device, or a handler opens one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from tests import sounds
from tests.conftest import RATE
from tests.plug import ASKED, Plug

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 4410


@pytest.fixture
def make_plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plug]:
    def make(*, can_move: bool = True, can_hold: bool = True) -> Plug:
        monkeypatch.setattr(_openal.functions(), "_extensions", dict(_openal.functions()._extensions))
        return Plug(monkeypatch.setattr, can_move=can_move, can_hold=can_hold)

    return make


@pytest.fixture
def plug(make_plug: Callable[..., Plug]) -> Plug:
    """A device that can be unplugged, with an OpenAL that can reopen it and hold its sources."""
    return make_plug()


def made_on(device: palace.Device, attrs: dict[int, int] = ASKED, *, voices: int | None = None) -> palace.Context:
    context = palace.Context(device, attrs, auto_update=False, workers=1, voices=voices)
    palace.use_context(context)
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sounds.wav(tmp_path / "ramp.wav", LENGTH)


def check(context: palace.Context) -> None:
    """Update the context as if half a second had passed since the last check."""
    context._engine._checked_at = context._engine.end_times.next_check = context.device._native._last_attempt = float(
        "-inf"
    )
    context.update()


class EventLog:
    """Records the messages and events of a context."""

    def __init__(self, context: palace.Context) -> None:
        self.received: list[str] = []

        class Handler(palace.MessageHandler):
            def device_disconnected(_, device: palace.Device) -> None:
                assert device is context.device
                self.received.append("message")

        context.message_handler = Handler()
        context.push_handlers(
            on_device_disconnected=lambda device: self.received.append("event"),
            on_source_stopped=lambda source: self.received.append("stopped"),
            on_source_force_stopped=lambda source: self.received.append("force stopped"),
        )


def test_playback_moves_to_the_default(plug: Plug, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a disconnect, playback continues on the default device."""
    device = palace.Device()
    context = made_on(device)
    received = EventLog(context)
    source = palace.Buffer(path).play()
    before = plug.render(device, 1000)

    plug.connected, plug.another = False, RATE
    with caplog.at_level(logging.WARNING, "pyglet_palace"):
        check(context)

    assert plug.moves == [(None, ASKED)]
    assert [record.getMessage() for record in caplog.records] == [
        "the sound device 'loudspeaker' was lost; sound continues on 'headphones'"
    ]
    assert source.playing
    assert source.offset == 1000
    assert np.abs(before).max() > 0.1
    assert np.abs(plug.render(device, 1000)).max() > 0.1
    for _ in range(3):
        check(context)
    assert received.received == []
    assert len(plug.moves) == 1


@pytest.mark.parametrize("rate", [22050, RATE, 96000])
def test_end_times_follow_the_new_rate(plug: Plug, path: Path, rate: int) -> None:
    device = palace.Device()
    context = made_on(device)
    received = EventLog(context)
    source = palace.Buffer(path).play()
    plug.render(device, LENGTH // 2)
    plug.connected, plug.another = False, rate
    check(context)

    assert device.frequency == rate
    for _ in range(0, rate // 10, 64):
        plug.render(device, 64)
        ended = not source.playing
        context.update()
        assert received.received == ["stopped"] * ended
    assert ended


@pytest.mark.parametrize("rate", [22050, RATE, 96000])
def test_virtual_loop_moves_with_its_device(plug: Plug, path: Path, rate: int) -> None:
    """Its position stands still without a device, and goes on at the rate of the next one."""
    device = palace.Device()
    context = made_on(device, voices=1)
    received = EventLog(context)
    sources = [palace.Source() for _ in range(2)]
    for priority, source in enumerate(sources):
        source.looping, source.priority = True, priority
        palace.Buffer(path).play(source)
    virtual, heard = sources
    plug.render(device, 5000)
    plug.connected = False
    check(context)
    assert not virtual.audible
    assert virtual.offset == heard.offset == 5000 - LENGTH
    plug.another = rate
    check(context)
    assert device.frequency == rate
    plug.render(device, 960)
    assert virtual.offset == heard.offset != 5000 - LENGTH
    heard.stop()
    context.update()
    assert virtual.audible
    assert received.received == ["message", "event"]  # of the device only


def test_contexts_move_together_once(plug: Plug, path: Path) -> None:
    device = palace.Device()
    contexts = [made_on(device) for _ in range(3)]
    received = [EventLog(context) for context in contexts]
    sources = [palace.Buffer(path, context).play() for context in contexts]
    plug.connected, plug.another = False, 22050
    for context in contexts:
        check(context)

    assert len(plug.moves) == 1
    for _ in range(0, LENGTH, 64):
        plug.render(device, 64)
        ended = [not source.playing for source in sources]
        for context in contexts:
            context.update()
        assert [of.received for of in received] == [["stopped"] * end for end in ended]
    assert all(ended)


def test_lost_device_is_retried(plug: Plug, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each loss sends one event. Playback continues when a device appears."""
    device = palace.Device()
    context = made_on(device)
    received = EventLog(context)
    source = palace.Buffer(path).play()
    plug.render(device, 1000)

    plug.connected = False
    for count in range(1, 4):
        check(context)
        assert len(plug.moves) == count  # one attempt per check
        assert received.received == ["message", "event"]
        assert source.playing
    plug.another = RATE
    with caplog.at_level(logging.WARNING, "pyglet_palace"):
        check(context)
    assert "continues on 'headphones'" in caplog.text
    assert np.abs(plug.render(device, 1000)).max() > 0.1
    check(context)
    assert len(plug.moves) == 4
    assert received.received == ["message", "event"]

    plug.connected, plug.another = False, None
    check(context)
    assert received.received == ["message", "event"] * 2
    plug.connected = True  # the sound can now reach its end
    plug.render(device, LENGTH)
    context._engine.device_was_reset()
    context.update()
    assert received.received == ["message", "event"] * 2 + ["stopped"]


def test_updates_between_checks_do_nothing(plug: Plug) -> None:
    context = made_on(palace.Device())
    plug.connected = False
    check(context)
    for _ in range(3):
        context.update()
    assert len(plug.moves) == 1


def test_contexts_share_the_retries(plug: Plug) -> None:
    """A missing device is tried twice a second, with any number of contexts."""
    device = palace.Device()
    contexts = [made_on(device) for _ in range(3)]
    received = [EventLog(context) for context in contexts]
    plug.connected = False
    for context in contexts:
        context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
        context.update()
    assert len(plug.moves) == 1
    assert [of.received for of in received] == [["message", "event"]] * 3


def test_last_attributes_are_reused(plug: Plug) -> None:
    """Those of the last context or reset."""
    device = palace.Device()
    context = made_on(device)
    asked = {**ASKED, palace.FREQUENCY: 32000}
    device.reset(asked)
    plug.connected, plug.another = False, 32000
    check(context)
    made_on(device, {**ASKED, palace.FREQUENCY: 32000, palace.MONO_SOURCES: 100})
    plug.connected = False
    check(context)
    assert [attributes for _, attributes in plug.moves] == [asked, {**asked, palace.MONO_SOURCES: 100}]


@pytest.mark.parametrize(
    ("can_move", "can_hold", "holds"), [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)]
)
def test_hold_is_requested_where_useful(
    make_plug: Callable[..., Plug], can_move: bool, can_hold: bool, holds: int
) -> None:
    """Only where OpenAL can both hold the sources and reopen the device."""
    plug = make_plug(can_move=can_move, can_hold=can_hold)
    made_on(palace.Device())
    assert plug.holds == holds


def test_move_works_without_hold(make_plug: Callable[..., Plug], path: Path) -> None:
    """The sources end, and the context moves."""
    plug = make_plug(can_hold=False)
    device = palace.Device()
    context = made_on(device)
    received = EventLog(context)
    source = palace.Buffer(path).play()
    with context._engine.scope as al:  # as OpenAL stops the sources of a lost device
        assert source._state.voice is not None
        al.alSourceStop(source._state.voice.number)
    plug.connected, plug.another = False, RATE
    check(context)
    context.update()
    assert received.received == ["stopped"]
    palace.Buffer(path).play(source)
    assert np.abs(plug.render(device, 1000)).max() > 0.1


def test_handler_may_open_another_device(make_plug: Callable[..., Plug], path: Path) -> None:
    """Where OpenAL cannot reopen a device."""
    plug = make_plug(can_move=False)
    lost = palace.Device()
    context = made_on(lost)
    palace.Buffer(path).play()
    opened: list[palace.Device] = []

    @context.event
    def on_device_disconnected(device: palace.Device) -> None:
        context.destroy()
        device.close()
        plug.connected = True
        opened.append(palace.Device())
        made_on(opened[0])
        palace.Buffer(path).play()

    plug.connected = False
    check(context)

    assert not context
    assert not lost
    assert np.abs(plug.render(opened[0], 1000)).max() > 0.1
    current = palace.current_context()
    assert current is not None
    check(current)
    assert len(opened) == 1


def test_loopback_device_never_moves(plug: Plug, device: palace.LoopbackDevice) -> None:
    context = made_on(device)
    received = EventLog(context)
    plug.connected, plug.another = False, RATE
    check(context)
    assert plug.holds == 0
    assert plug.moves == []
    assert received.received == ["message", "event"]  # the disconnect is reported


#: Plays to a full file, which OpenAL reports as a disconnected device. Then another file can be opened.
REAL = """
import os, time
import pyglet_palace as palace

def lead_to(file):
    if os.path.islink("output"):
        os.remove("output")
    os.symlink(file, "output")

def updated_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, received
        now = palace.current_context()
        now._engine._checked_at = now._engine.end_times.next_check = now.device._native._last_attempt = float("-inf")
        now.update()
        time.sleep(0.001)

def opened():
    made = palace.Context(palace.Device(), {palace.FREQUENCY: 44100}, auto_update=False)
    made.push_handlers(on_source_stopped=stopped.append, on_device_disconnected=disconnected)
    palace.use_context(made)
    return palace.Buffer("ramp.wav").play()

def disconnected(device):
    received.append(device)
    lead_to("there.wav")
    if not moves:
        palace.current_context().destroy()
        device.close()
        played.append(opened())

received, stopped, played = [], [], []
palace.use_fileio(lambda name: open(name, "rb"))
lead_to("/dev/full")
played.append(opened())
device = palace.current_context().device
moves = device._native.can_reopen
end = time.monotonic() + 30
while device._native.is_connected():
    assert time.monotonic() < end
    time.sleep(0.001)
lead_to("nowhere/to be found")
updated_until(lambda: received)
updated_until(lambda: stopped)
assert stopped == [played[-1]], (stopped, played)
assert len(played) == (1 if moves else 2)
assert len(received) == 1
palace.shutdown()
print(moves, os.path.getsize("there.wav"))
"""


def test_real_device_disconnects(tmp_path: Path) -> None:
    (tmp_path / "openal").write_text(f"[general]\nperiod_size=512\n[wave]\nfile={tmp_path}/output\n")
    sounds.wav(tmp_path / "ramp.wav", LENGTH)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", REAL],
        cwd=tmp_path,
        env={**os.environ, "ALSOFT_CONF": str(tmp_path / "openal"), "ALSOFT_DRIVERS": "wave"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    moves, size = done.stdout.split()
    assert moves == str(palace.query_extension("ALC_SOFT_reopen_device"))
    # 16-bit stereo; the samples before the move went to /dev/full.
    assert int(size) > 4 * LENGTH // 2
    assert ("sound continues on" in done.stderr) is (moves == "True")
