"""A device that goes away: the context follows to another, or the game is told and opens one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import constants as c
from tests import sounds
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 4410

#: What a context on a `Plug` is to be made with; all but the rate is what OpenAL wants of a device that renders.
STEREO = {palace.CHANNEL_CONFIG: palace.STEREO, palace.SAMPLE_TYPE: palace.FLOAT}
ASKED = {palace.FREQUENCY: RATE, **STEREO, **EXACT}


class Plug:
    """The answers of ALC about a device with a cord; what is made with `Device()` renders as a `LoopbackDevice` does.

    Attributes:
        connected: Whether the cord is in.
        another: Rate of the device to which OpenAL can move in place of it; None: there is none.
        moves: What OpenAL was asked to move to: a name (None: the default), attributes.
        held: How often a context was asked not to stop its sources.
    """

    def __init__(self, patch: Callable[..., None], *, can_move: bool, can_hold: bool) -> None:
        self.al = al = _openal.functions()
        self.connected = True
        self.another: int | None = None
        self.moves: list[tuple[bytes | None, dict[int, int]]] = []
        self.held = 0
        self._names = iter(["loudspeaker", "headphones", "monitor"])
        self._name = next(self._names)
        answers = {"ALC_EXT_disconnect": True, "ALC_SOFT_reopen_device": can_move, "ALC_ENUMERATE_ALL_EXT": True}
        there, get, text, loopback = (
            al.alcIsExtensionPresent,
            al.alcGetIntegerv,
            al.device_string,
            al.alcLoopbackOpenDeviceSOFT,
        )
        al._extensions.update(AL_SOFTX_hold_on_disconnect=can_hold, AL_SOFT_hold_on_disconnect=False)

        def get_integer(device: int, what: int, size: int, value: Any) -> None:
            if what == c.ALC_CONNECTED:
                value.value = self.connected
            else:
                get(device, what, size, value)

        def device_string(device: int | None, what: int) -> str:
            return self._name if device and what == c.ALC_ALL_DEVICES_SPECIFIER else text(device, what)

        patch(al, "alcOpenDevice", lambda name: loopback(None))
        patch(al, "alcIsExtensionPresent", lambda device, name: answers.get(name.decode(), there(device, name)))
        patch(al, "alcGetIntegerv", get_integer)
        patch(al, "device_string", device_string)
        patch(al, "alcReopenDeviceSOFT", self._reopen if can_move else None)
        patch(al, "alDisable", self._disable)

    def _reopen(self, device: int, name: bytes | None, attributes: Any) -> bool:
        flat = list(attributes)[:-1]
        asked = dict(zip(flat[::2], flat[1::2], strict=True))
        self.moves.append((name, asked))
        if self.another is not None:
            self._name = next(self._names)
            new = _openal.attribute_list({**asked, palace.FREQUENCY: self.another})
            self.connected = bool(self.al.alcResetDeviceSOFT(device, new))
        return self.connected

    def _disable(self, what: int) -> None:
        assert what == c.AL_STOP_SOURCES_ON_DISCONNECT_SOFT
        self.held += 1

    def render(self, device: palace.Device, frames: int) -> Any:
        out = np.zeros((frames, 2), np.float32)
        self.al.alcRenderSamplesSOFT(device._native.handle, out.ctypes.data, frames)
        return out


@pytest.fixture
def make_plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plug]:
    def make(*, can_move: bool = True, can_hold: bool = True) -> Plug:
        monkeypatch.setattr(_openal.functions(), "_extensions", dict(_openal.functions()._extensions))
        return Plug(monkeypatch.setattr, can_move=can_move, can_hold=can_hold)

    return make


@pytest.fixture
def plug(make_plug: Callable[..., Plug]) -> Plug:
    """A device with a cord, of an OpenAL that can move to another and hold what plays."""
    return make_plug()


def made_on(device: palace.Device, attrs: dict[int, int] = ASKED) -> palace.Context:
    context = palace.Context(device, attrs, auto_update=False, workers=1)
    palace.use_context(context)
    return context


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sounds.wav(tmp_path / "ramp.wav", LENGTH)


def look(context: palace.Context) -> None:
    """An update, half a second after the one before."""
    context._engine._checked_at = context.device._native._last_attempt = float("-inf")
    context.update()


class Told:
    """What a game is told, as messages and as events."""

    def __init__(self, context: palace.Context) -> None:
        self.news: list[str] = []

        class Handler(palace.MessageHandler):
            def device_disconnected(_, device: palace.Device) -> None:
                assert device is context.device
                self.news.append("message")

        context.message_handler = Handler()
        context.push_handlers(
            on_device_disconnected=lambda device: self.news.append("event"),
            on_source_stopped=lambda source: self.news.append("stopped"),
            on_source_force_stopped=lambda source: self.news.append("force stopped"),
        )


def test_a_device_that_goes_away_is_left_for_the_default_and_what_plays_goes_on(
    plug: Plug, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    device = palace.Device()
    context = made_on(device)
    told = Told(context)
    source = palace.Buffer(path).play()
    before = plug.render(device, 1000)

    plug.connected, plug.another = False, RATE
    with caplog.at_level(logging.WARNING, "pyglet_palace"):
        look(context)

    assert plug.moves == [(None, ASKED)]
    assert [record.getMessage() for record in caplog.records] == [
        "the sound device 'loudspeaker' is gone; sound goes on with 'headphones'"
    ]
    assert source.playing
    assert source.offset == 1000
    assert np.abs(before).max() > 0.1
    assert np.abs(plug.render(device, 1000)).max() > 0.1
    for _ in range(3):
        look(context)
    assert told.news == []
    assert len(plug.moves) == 1


@pytest.mark.parametrize("rate", [22050, RATE, 96000])
def test_ends_are_found_at_the_rate_of_the_new_device(plug: Plug, path: Path, rate: int) -> None:
    device = palace.Device()
    context = made_on(device)
    told = Told(context)
    source = palace.Buffer(path).play()
    plug.render(device, LENGTH // 2)
    plug.connected, plug.another = False, rate
    look(context)

    assert device.frequency == rate
    for _ in range(0, rate // 10, 64):
        plug.render(device, 64)
        ended = not source.playing
        context.update()
        assert told.news == ["stopped"] * ended
    assert ended


def test_several_contexts_move_together_and_once(plug: Plug, path: Path) -> None:
    device = palace.Device()
    contexts = [made_on(device) for _ in range(3)]
    told = [Told(context) for context in contexts]
    sources = [palace.Buffer(path, context).play() for context in contexts]
    plug.connected, plug.another = False, 22050
    for context in contexts:
        look(context)

    assert len(plug.moves) == 1
    for _ in range(0, LENGTH, 64):
        plug.render(device, 64)
        ended = [not source.playing for source in sources]
        for context in contexts:
            context.update()
        assert [of.news for of in told] == [["stopped"] * end for end in ended]
    assert all(ended)


def test_without_another_device_the_news_is_told_once_and_it_goes_on_when_there_is_one(
    plug: Plug, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    device = palace.Device()
    context = made_on(device)
    told = Told(context)
    source = palace.Buffer(path).play()
    plug.render(device, 1000)

    plug.connected = False
    for turn in range(1, 4):
        look(context)
        assert len(plug.moves) == turn  # tried at each look
        assert told.news == ["message", "event"]
        assert source.playing
    plug.another = RATE
    with caplog.at_level(logging.WARNING, "pyglet_palace"):
        look(context)
    assert "goes on with 'headphones'" in caplog.text
    assert np.abs(plug.render(device, 1000)).max() > 0.1
    look(context)
    assert len(plug.moves) == 4
    assert told.news == ["message", "event"]

    plug.connected, plug.another = False, None
    look(context)
    assert told.news == ["message", "event"] * 2
    plug.connected = True  # for the way of the end
    plug.render(device, LENGTH)
    context._engine.device_was_reset()
    context.update()
    assert told.news == ["message", "event"] * 2 + ["stopped"]


def test_updates_between_two_looks_ask_nothing(plug: Plug) -> None:
    context = made_on(palace.Device())
    plug.connected = False
    look(context)
    for _ in range(3):
        context.update()
    assert len(plug.moves) == 1


def test_however_many_contexts_look_a_missing_device_is_looked_for_twice_a_second(plug: Plug) -> None:
    device = palace.Device()
    contexts = [made_on(device) for _ in range(3)]
    told = [Told(context) for context in contexts]
    plug.connected = False
    for context in contexts:
        context._engine._checked_at = float("-inf")
        context.update()
    assert len(plug.moves) == 1
    assert [of.news for of in told] == [["message", "event"]] * 3


def test_what_the_last_context_or_reset_asked_for_goes_along(plug: Plug) -> None:
    device = palace.Device()
    context = made_on(device)
    asked = {**ASKED, palace.FREQUENCY: 32000}
    device.reset(asked)
    plug.connected, plug.another = False, 32000
    look(context)
    made_on(device, {**ASKED, palace.FREQUENCY: 32000, palace.MONO_SOURCES: 100})
    plug.connected = False
    look(context)
    assert [attributes for _, attributes in plug.moves] == [asked, {**asked, palace.MONO_SOURCES: 100}]


@pytest.mark.parametrize(
    ("can_move", "can_hold", "held"), [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)]
)
def test_sources_are_held_where_there_is_a_way_to_go_on(
    make_plug: Callable[..., Plug], can_move: bool, can_hold: bool, held: int
) -> None:
    plug = make_plug(can_move=can_move, can_hold=can_hold)
    made_on(palace.Device())
    assert plug.held == held


def test_where_sources_cannot_be_held_they_end_and_the_context_moves_all_the_same(
    make_plug: Callable[..., Plug], path: Path
) -> None:
    plug = make_plug(can_hold=False)
    device = palace.Device()
    context = made_on(device)
    told = Told(context)
    source = palace.Buffer(path).play()
    with context._engine.scope as al:  # as OpenAL does with what plays on a lost device
        assert source._state.voice is not None
        al.alSourceStop(source._state.voice.number)
    plug.connected, plug.another = False, RATE
    look(context)
    context.update()
    assert told.news == ["stopped"]
    palace.Buffer(path).play(source)
    assert np.abs(plug.render(device, 1000)).max() > 0.1


def test_without_the_extension_a_handler_may_open_another_device_and_play(
    make_plug: Callable[..., Plug], path: Path
) -> None:
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
    look(context)

    assert not context
    assert not lost
    assert np.abs(plug.render(opened[0], 1000)).max() > 0.1
    current = palace.current_context()
    assert current is not None
    look(current)
    assert len(opened) == 1


def test_a_loopback_device_goes_nowhere(plug: Plug, device: palace.LoopbackDevice) -> None:
    context = made_on(device)
    told = Told(context)
    plug.connected, plug.another = False, RATE
    look(context)
    assert plug.held == 0
    assert plug.moves == []
    assert told.news == ["message", "event"]  # it is told what OpenAL says


#: Plays to a file that is full, which OpenAL takes for a device that went away; then there is another file.
REAL = """
import os, time
import pyglet_palace as palace

def lead_to(file):
    if os.path.islink("output"):
        os.remove("output")
    os.symlink(file, "output")

def updated_until(condition):
    end = time.monotonic() + 50
    while not condition():
        assert time.monotonic() < end, told
        now = palace.current_context()
        now._engine._checked_at = now.device._native._last_attempt = float("-inf")
        now.update()
        time.sleep(0.001)

def opened():
    made = palace.Context(palace.Device(), {palace.FREQUENCY: 44100}, auto_update=False)
    made.push_handlers(on_source_stopped=stopped.append, on_device_disconnected=disconnected)
    palace.use_context(made)
    return palace.Buffer("ramp.wav").play()

def disconnected(device):
    told.append(device)
    lead_to("there.wav")
    if not moves:
        palace.current_context().destroy()
        device.close()
        played.append(opened())

told, stopped, played = [], [], []
palace.use_fileio(lambda name: open(name, "rb"))
lead_to("/dev/full")
played.append(opened())
device = palace.current_context().device
moves = device._native.can_reopen
while device._native.is_connected():
    time.sleep(0.001)
lead_to("nowhere/to be found")
updated_until(lambda: told)
updated_until(lambda: stopped)
assert stopped == [played[-1]], (stopped, played)
assert len(played) == (1 if moves else 2)
assert len(told) == 1
palace.shutdown()
print(moves, os.path.getsize("there.wav"))
"""


def test_a_real_device_that_goes_away(tmp_path: Path) -> None:
    (tmp_path / "openal").write_text(f"[general]\ndrivers=wave\nperiod_size=512\n[wave]\nfile={tmp_path}/output\n")
    sounds.wav(tmp_path / "ramp.wav", LENGTH)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", REAL],
        cwd=tmp_path,
        env={**os.environ, "ALSOFT_CONF": str(tmp_path / "openal")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    moves, size = done.stdout.split()
    assert moves == str(palace.query_extension("ALC_SOFT_reopen_device"))
    # 16-bit stereo; what had been played before went to /dev/full.
    assert int(size) > 4 * LENGTH // 2
    assert ("sound goes on with" in done.stderr) is (moves == "True")
