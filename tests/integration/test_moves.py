"""Devices that move to another output: by `Device.move`, or since they follow the system's default."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.clock
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import default_device
from pyglet_palace._openal.default_device import default_device_watch
from pyglet_palace.loopback import SilentDevice
from tests import sounds
from tests.conftest import RATE, loader_threads, raised_elsewhere, wait_until
from tests.interrupts import interrupt_everywhere
from tests.plug import ASKED, Outputs, Plug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LENGTH = 20000
WATCH = "pyglet_palace default device"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """A system with three outputs, whose default is looked up all the time."""
    monkeypatch.setattr(_openal.functions(), "_extensions", dict(_openal.functions()._extensions))
    monkeypatch.setattr(default_device, "INTERVAL", 0.001)
    return Outputs(monkeypatch.setattr)


@pytest.fixture
def reporting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outputs]:
    """The same, where OpenAL reports that the default has changed."""
    monkeypatch.setattr(_openal.functions(), "_extensions", dict(_openal.functions()._extensions))
    yield Outputs(monkeypatch.setattr, reports=True)
    palace.shutdown()  # while the functions of the fake are there


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sounds.wav(tmp_path / "ramp.wav", LENGTH)


def made_on(device: palace.Device, **options: Any) -> tuple[palace.Context, list[str]]:
    """Return a current context and a list of the names of its device at each change."""
    context = palace.Context(device, ASKED, auto_update=False, workers=1, **options)
    palace.use_context(context)
    changes: list[str] = []

    def on_device_changed(changed: palace.Device) -> None:
        assert changed is device
        changes.append(changed.name)

    context.push_handlers(on_device_changed=on_device_changed)
    return context, changes


def looked_up(outputs: Outputs, times: int = 2) -> None:
    """Wait until the default that is there now was looked up."""
    left = [None] * times
    outputs.look_ups.append(lambda: left and left.pop())
    wait_until(lambda: not left)
    outputs.look_ups.pop()


def continuous(parts: list[Any]) -> bool:
    """Return whether parts of an output are the ramp in a loop, in one piece. OpenAL fades in over 64 frames."""
    begins = np.cumsum([0, *map(len, parts)])
    frames = np.concatenate([np.arange(begin + 64 * (begin > 0), end) for begin, end in itertools.pairwise(begins)])
    output = np.concatenate(parts)[frames]
    ramp = sounds.ramp(LENGTH)[frames % LENGTH, 0] / 32768
    return bool(np.abs(output - ramp * (output[50] / ramp[50])).max() < 1e-4)


# Device.move


@pytest.mark.parametrize("kind", ["buffer", "stream"])
def test_sounds_continue_after_a_move(outputs: Outputs, path: Path, kind: str) -> None:
    """To the sample, round the loop, with a fade-in of OpenAL's."""
    device = palace.Device()
    context, changes = made_on(device)
    source = palace.Source()
    source.looping = True
    source.play(palace.Buffer(path) if kind == "buffer" else palace.Decoder(path))
    context._engine.fill_streams(60)
    clock = device.clock_time
    heard = [outputs.render(device, 7000)]
    for name in ("headphones", "monitor", ""):
        device.move(name)
        context._engine.fill_streams(60)
        heard.append(outputs.render(device, 7000))
        context.update()

    assert continuous([outputs[:, 0] for outputs in heard])
    assert device.clock_time - clock == pytest.approx(28000 / RATE * 1e9, abs=1e5)
    assert [name for name, _ in outputs.moves] == [b"headphones", b"monitor", None]
    assert changes == ["headphones", "monitor", "loudspeaker"]


def test_move_requests_the_attributes_again(outputs: Outputs) -> None:
    """Those of the newest context or reset."""
    device = palace.Device()
    made_on(device)
    device.move("headphones")
    device.reset({**ASKED, palace.MONO_SOURCES: 100})
    device.move("monitor")
    assert [asked for _, asked in outputs.moves] == [ASKED, {**ASKED, palace.MONO_SOURCES: 100}]


@pytest.mark.parametrize("name", ["headphone", "monitor"])
def test_failed_move_changes_nothing(outputs: Outputs, path: Path, name: str) -> None:
    """The error lists the devices there are."""
    device = palace.Device()
    context, changes = made_on(device)
    source = palace.Buffer(path).play()
    outputs.render(device, 1000)
    outputs.broken = {"monitor"}
    with pytest.raises(palace.DeviceError, match=rf"cannot open device '{name}'; 'loudspeaker' goes on.*'headphones'"):
        device.move(name)
    assert source.offset == 1000
    assert np.abs(outputs.render(device, 1000)).max() > 0.1
    context.update()
    assert changes == []
    outputs.names.reverse()  # the device still follows the default
    outputs.broken = set()
    wait_until(lambda: changes == ["monitor"], context)


def test_same_output_is_no_change(outputs: Outputs) -> None:
    device = palace.Device()
    context, changes = made_on(device)
    device.move("")
    context.update()
    assert len(outputs.moves) == 1
    assert changes == []


@pytest.mark.parametrize("rate", [22050, 96000])
def test_times_follow_the_rate_of_the_output(outputs: Outputs, path: Path, rate: int) -> None:
    """An end is reported once and in time; a virtual loop stays in step."""
    outputs.rates["headphones"] = rate
    device = palace.Device()
    context, _ = made_on(device, voices=2)
    stopped: list[palace.Source] = []
    context.push_handlers(on_source_stopped=stopped.append)
    virtual, heard, once = (palace.Source(priority=priority, looping=priority < 2) for priority in range(3))
    for source in (virtual, heard, once):
        palace.Buffer(path).play(source)
    assert not virtual.audible
    outputs.render(device, 5000)
    device.move("headphones")
    assert device.frequency == rate
    for _ in range(0, LENGTH * rate // RATE, 512):
        outputs.render(device, 512)
        ended = not once.playing
        context.update()
        assert stopped == [once] * ended
        assert virtual.offset == pytest.approx(heard.offset, abs=1)
    assert ended
    assert virtual.audible


def test_held_start_survives_a_move(outputs: Outputs, path: Path) -> None:
    """What is played together before and after it starts at the same sample."""
    device = palace.Device()
    context, _ = made_on(device)
    with context.together():
        first = palace.Buffer(path).play()
        outputs.render(device, 500)
        device.move("headphones")
        outputs.render(device, 500)
        second = palace.Buffer(path).play()
    outputs.render(device, 700)
    assert first.offset == second.offset == 700


def test_all_contexts_move_together(outputs: Outputs) -> None:
    device = palace.Device()
    contexts = [made_on(device) for _ in range(3)]
    device.move("headphones")
    for context, changes in contexts:
        context.update()
        assert changes == ["headphones"]
    assert len(outputs.moves) == 1


def test_lost_device_can_be_moved(outputs: Outputs, path: Path) -> None:
    device = palace.Device("headphones")
    context, changes = made_on(device)
    source = palace.Buffer(path).play()
    outputs.render(device, 1000)
    outputs.connected = False
    device.move("monitor")
    context.update()
    assert changes == ["monitor"]
    outputs.render(device, 1000)
    assert source.offset == 2000


@pytest.mark.parametrize(
    ("kind", "problem"), [(palace.LoopbackDevice, r"render\(\) returns its sound"), (SilentDevice, r"then init\(\)")]
)
def test_device_without_hardware_cannot_move(kind: type[palace.LoopbackDevice], problem: str) -> None:
    with kind() as device, pytest.raises(palace.DeviceError, match=problem):
        device.move("headphones")


def test_move_names_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    Plug(monkeypatch.setattr, can_move=False, can_hold=False)
    device = palace.Device()
    with pytest.raises(palace.DeviceError, match=r"no ALC_SOFT_reopen_device. OpenAL Soft 1.23 has it"):
        device.move("headphones")
    made_on(device)
    assert WATCH not in [thread.name for thread in loader_threads()]


def test_bad_calls_of_move(outputs: Outputs) -> None:
    device = palace.Device()
    context, _ = made_on(device)
    with pytest.raises(TypeError, match="name is 5; it must be a str"):
        device.move(5)  # type: ignore[arg-type]
    error = raised_elsewhere(lambda: device.move("headphones"))
    assert isinstance(error, RuntimeError)
    assert "belongs to the thread" in str(error)
    context.destroy()
    device.close()
    with pytest.raises(palace.DestroyedError):
        device.move("headphones")
    assert outputs.moves == []


@pytest.fixture
def starts_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No interrupt inside of `Thread.start`, after which Python lists a thread that does not exist."""

    def start(thread: threading.Thread, purpose: str) -> None:
        profile = sys.getprofile()
        sys.setprofile(None)
        thread.start()
        sys.setprofile(profile)

    monkeypatch.setattr(default_device, "start_thread", start)


@pytest.mark.parametrize("name", ["", "headphones"])
@pytest.mark.usefixtures("starts_in_one")
def test_interrupted_move_leaves_all_usable(outputs: Outputs, path: Path, name: str) -> None:
    device = palace.Device()
    context, _ = made_on(device)
    buffer = palace.Buffer(path)

    def check() -> None:
        assert _openal.functions().alcGetThreadContext() is None
        assert gc.isenabled()
        device.move("monitor")
        source = buffer.play()
        assert np.abs(outputs.render(device, 1000)).max() > 0.1
        source.stop()
        context.update()
        wait_until(lambda: WATCH not in [thread.name for thread in loader_threads()])

    assert interrupt_everywhere(lambda: device.move(name), check) > 10


# The default device


def test_device_follows_the_default(outputs: Outputs, path: Path) -> None:
    """The default is looked up on a thread of its own. The move is made by an update."""
    device = palace.Device()
    context, changes = made_on(device)
    source = palace.Buffer(path).play()
    outputs.render(device, 1000)
    threads: set[str] = set()
    outputs.look_ups.append(lambda: threads.add(threading.current_thread().name))
    looked_up(outputs)
    outputs.names = ["headphones", "loudspeaker"]
    looked_up(outputs)
    assert outputs.moves == []
    wait_until(lambda: changes, context)
    assert changes == ["headphones"]
    assert outputs.moves == [(None, ASKED)]
    assert threads == {WATCH}
    assert source.offset == 1000
    looked_up(outputs)
    context.update()
    assert len(outputs.moves) == 1


@pytest.mark.parametrize("cause", ["default", "move"])
def test_change_wakes_an_idle_context(outputs: Outputs, cause: str) -> None:
    """The clock has no function before and after."""
    clock = pyglet.clock.Clock()
    device = palace.Device()
    context = palace.Context(device, ASKED, clock=clock)
    changes: list[palace.Device] = []
    context.push_handlers(on_device_changed=changes.append)

    def scheduled() -> bool:
        return bool(clock._schedule_items or clock._schedule_interval_items)

    looked_up(outputs)
    assert not scheduled()
    if cause == "default":
        outputs.names.reverse()
    else:
        device.move("monitor")
    wait_until(scheduled)
    wait_until(lambda: clock.tick() is not None and changes)
    wait_until(lambda: clock.tick() is not None and not scheduled())
    assert changes == [device]
    assert device.name == "monitor"


@pytest.mark.parametrize("opened", ["by name", "moved"])
def test_named_device_does_not_follow(outputs: Outputs, opened: str) -> None:
    device = palace.Device("headphones" if opened == "by name" else "")
    context, changes = made_on(device)
    if opened == "moved":
        device.move("headphones")
    assert WATCH not in [thread.name for thread in loader_threads()]
    device.move("")
    looked_up(outputs)
    outputs.names.reverse()
    wait_until(lambda: "monitor" in changes, context)


def test_default_without_a_change_of_output(outputs: Outputs) -> None:
    """A sound that the system itself has moved is not moved again, but the event is dispatched."""
    device = palace.Device()
    context, changes = made_on(device)
    looked_up(outputs)
    outputs._name = "monitor"
    outputs.names.reverse()
    wait_until(lambda: changes, context)
    assert changes == ["monitor"]
    assert outputs.moves == []


def test_first_look_up_moves_nothing(outputs: Outputs) -> None:
    """Some systems name an open device differently."""
    outputs.opened_name = "OpenAL Soft"
    device = palace.Device()
    context, changes = made_on(device)
    looked_up(outputs)
    context.update()
    assert outputs.moves == []
    outputs.names.reverse()
    wait_until(lambda: changes == ["monitor"], context)


@pytest.mark.parametrize("before", ["the first context", "the second context"])
def test_change_without_contexts_is_followed(outputs: Outputs, before: str) -> None:
    device = palace.Device()
    if before == "the second context":
        context, _ = made_on(device)
        looked_up(outputs)
        context.destroy()
    outputs.names.reverse()
    context, changes = made_on(device)
    wait_until(lambda: changes, context)
    assert changes == ["monitor"]
    looked_up(outputs)
    context.update()
    assert len(outputs.moves) == 1


def test_change_before_another_device_follows(reporting: Outputs) -> None:
    """The thread that watches for one device compares the default with what the other one was opened on."""
    second = palace.Device()
    context, changes = made_on(palace.Device())
    wait_until(lambda: reporting.callback)
    reporting.names.reverse()
    reporting.report()
    wait_until(lambda: changes == ["monitor"], context)
    other, changes = made_on(second)
    wait_until(lambda: changes == ["monitor"], other)


def test_default_that_returns_moves_nothing(outputs: Outputs) -> None:
    """The default changes and changes back between two updates."""
    device = palace.Device()
    context, changes = made_on(device)
    looked_up(outputs)
    outputs.names.reverse()
    wait_until(lambda: context._engine.calls.waiting)
    outputs.names.reverse()
    looked_up(outputs)
    context.update()
    assert changes == []
    assert outputs.moves == []
    outputs.names.reverse()
    wait_until(lambda: changes == ["monitor"], context)


def test_late_change_does_not_move_a_chosen_output(outputs: Outputs) -> None:
    """The game chooses between the look-up and the update."""
    device = palace.Device()
    context, changes = made_on(device)
    looked_up(outputs)
    outputs.names.reverse()
    wait_until(lambda: context._engine.calls.waiting)
    device.move("headphones")
    context.update()
    assert changes == ["headphones"]
    assert len(outputs.moves) == 1


def test_default_that_cannot_be_opened(outputs: Outputs, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One warning, and the old output goes on."""
    device = palace.Device()
    context, changes = made_on(device)
    source = palace.Buffer(path).play()
    outputs.broken = {"monitor"}
    looked_up(outputs)
    with caplog.at_level(logging.WARNING, "pyglet_palace"):
        outputs.names.reverse()
        wait_until(lambda: caplog.records, context)
        looked_up(outputs)
        context.update()
    assert [record.getMessage() for record in caplog.records] == [
        "the default sound device is 'monitor' now, which cannot be opened; sound continues on 'loudspeaker'"
    ]
    assert changes == []
    outputs.render(device, 1000)
    assert source.offset == 1000


def test_lost_device_follows_from_then_on(outputs: Outputs) -> None:
    device = palace.Device("headphones")
    context, changes = made_on(device)
    outputs.connected = False
    context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
    context.update()
    assert changes == ["loudspeaker"]
    looked_up(outputs)
    outputs.names.reverse()
    wait_until(lambda: changes == ["loudspeaker", "monitor"], context)


def test_change_reaches_the_contexts_that_are_left(reporting: Outputs) -> None:
    device = palace.Device()
    known = threading.Event()
    reporting.look_ups.append(known.set)
    contexts = [made_on(device) for _ in range(3)]
    assert known.wait(60)
    wait_until(lambda: reporting.callback)
    contexts[0][0].destroy()
    device._native.users.insert(0, contexts[0][0]._engine)  # the watch may see it there at this moment
    reporting.names.reverse()
    reporting.report()
    wait_until(lambda: contexts[1][0]._engine.calls.waiting)
    del device._native.users[0]
    contexts[1][0].update()
    contexts[2][0].update()
    assert [changes for _, changes in contexts] == [[], ["monitor"], ["monitor"]]
    assert len(reporting.moves) == 1


# The thread


@pytest.mark.parametrize("end", ["destroy", "shutdown", "move"])
def test_watch_ends_with_its_last_follower(outputs: Outputs, end: str) -> None:
    devices = [palace.Device(), palace.Device()]
    contexts = [made_on(device)[0] for device in devices]
    looked_up(outputs)
    assert [thread.name for thread in loader_threads()].count(WATCH) == 1
    if end == "shutdown":
        palace.shutdown()
    else:
        for device, context in zip(devices, contexts, strict=True):
            assert WATCH in [thread.name for thread in loader_threads()]
            context.destroy() if end == "destroy" else device.move("headphones")
    wait_until(lambda: WATCH not in [thread.name for thread in loader_threads()])
    assert default_device_watch()._thread is None


def test_device_without_contexts_is_not_watched(outputs: Outputs) -> None:
    palace.Device()
    assert loader_threads() == []


def test_blocked_look_up_blocks_no_end(outputs: Outputs) -> None:
    """`destroy` returns, and the thread ends after the look-up without a call of the device."""
    device = palace.Device()
    context, _ = made_on(device)
    looked_up(outputs)
    ended = default_device_watch()._thread
    callers: list[threading.Thread] = []
    device._native.default_looked_up = lambda names: callers.append(threading.current_thread())  # type: ignore[method-assign]
    release, blocked = threading.Event(), threading.Event()
    outputs.look_ups.append(lambda: (blocked.set(), release.wait(60)))
    assert blocked.wait(60)
    callers.clear()
    context.update()  # does not wait for the look-up either
    context.destroy()
    made_on(device)  # which gets a thread of its own
    assert [thread.name for thread in loader_threads()].count(WATCH) == 2
    release.set()
    wait_until(lambda: [thread.name for thread in loader_threads()].count(WATCH) == 1)
    outputs.look_ups.clear()
    wait_until(lambda: callers)
    assert ended not in callers


def test_missing_threads_are_survived(outputs: Outputs, monkeypatch: pytest.MonkeyPatch, logged_warnings: Any) -> None:
    device = palace.Device()
    context, _ = made_on(device)
    device.move("headphones")

    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_more)
    device.move("")
    assert "follow the default device" in logged_warnings()[0]
    monkeypatch.undo()
    context.destroy()


def test_reported_changes_are_not_polled(reporting: Outputs) -> None:
    """The system's report leads to the one look-up, and the callback is gone before the thread."""
    device = palace.Device()
    count: list[str] = []
    reporting.look_ups.append(lambda: count.append(threading.current_thread().name))
    context, changes = made_on(device)
    wait_until(lambda: count)
    reporting.names.reverse()
    for _ in range(2):
        reporting.report()
        wait_until(lambda: changes, context)
    assert changes == ["monitor"]
    assert set(count) == {WATCH}
    wait_until(lambda: len(count) == 3)
    context.destroy()
    assert reporting.callback is None


def test_end_is_not_missed_before_a_look_up(reporting: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread clears its signal just after the end has set it."""
    watch = default_device_watch()
    ends: list[threading.Thread] = []

    class Awake(default_device.Signal):
        def clear(self) -> None:
            if not ends:
                end = threading.Thread(target=watch.close)
                end.start()
                ends.append(end)
                wait_until(lambda: watch._thread is None)
                with watch._lock:
                    pass
            super().clear()

    monkeypatch.setattr(default_device, "Signal", Awake)
    made_on(palace.Device())
    wait_until(lambda: ends)
    ends[0].join()
    wait_until(lambda: WATCH not in [thread.name for thread in loader_threads()])


@pytest.mark.skipif(not palace.query_extension("ALC_SOFT_system_events"), reason="this OpenAL reports no changes")
def test_real_reports_can_be_asked_for(outputs: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAL accepts the event and the callback, although the system of the test reports nothing."""
    from pyglet_palace._openal import binding

    real = binding.Functions()
    monkeypatch.setattr(real, "alcEventIsSupportedSOFT", outputs.al.alcEventIsSupportedSOFT)
    outputs.reports = True
    real.alcGetError(None)
    for _ in range(2):
        assert real.listen_to_default(lambda: None)
        assert real.alcGetError(None) == 0
        real.stop_listening()
        assert real.alcGetError(None) == 0


@pytest.mark.usefixtures("starts_in_one")
def test_interrupted_registration_is_ended(reporting: Outputs) -> None:
    """OpenAL never keeps a callback that was freed."""
    device = palace.Device("headphones")
    made_on(device)

    def check() -> None:
        device._native.follow_default(False)
        assert reporting.callback is None
        wait_until(lambda: WATCH not in [thread.name for thread in loader_threads()])

    assert interrupt_everywhere(lambda: device._native.follow_default(True), check) > 10


def test_waits_without_reports_are_limited(outputs: Outputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups take less than half a percent of a core, however slow they are."""
    waits: list[float | None] = []
    times = iter(range(0, 1000, 5))

    class Awake(default_device.Signal):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return super().wait(timeout)

    monkeypatch.setattr(default_device, "Signal", Awake)
    monkeypatch.setattr(default_device.time, "thread_time", lambda: next(times))
    made_on(palace.Device())
    wait_until(lambda: waits)
    assert waits[0] is not None
    assert waits[0] >= 5 / 0.005


FORK = """
import os, threading, warnings
import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import default_device

warnings.simplefilter("ignore", DeprecationWarning)
default_device.INTERVAL = 0
al = _openal.functions()
strings, inside, rounds = al.device_strings, [], threading.Semaphore(0)

def device_strings(device, what):
    if device is None:
        inside.append(what)
        names = list(strings(device, what))
        inside.pop()
        rounds.release()
        return iter(names)
    return strings(device, what)

al.device_strings = device_strings
context = palace.Context(palace.Device(), auto_update=False)
for _ in range(50):
    rounds.acquire()
    child = os.fork()
    if not child:
        assert not inside
        other = threading.Thread(target=lambda: palace.device_names.full)
        other.start()
        other.join(10)
        assert not other.is_alive() and palace.device_names.full
        assert default_device.default_device_watch()._thread is None
        with palace.LoopbackDevice() as device, palace.Context(device, auto_update=False):
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
palace.shutdown()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.skipif(not palace.query_extension("ALC_SOFT_reopen_device"), reason="this OpenAL cannot move devices")
def test_fork_waits_for_a_look_up() -> None:
    """The child can use OpenAL and is not watched."""
    done = run(FORK, ALSOFT_DRIVERS="null")
    assert done.stdout == "done\n"


EXIT = """
import atexit, threading
from pyglet_palace._openal import default_device
import pyglet_palace as palace

def watched():
    return "pyglet_palace default device" in [thread.name for thread in threading.enumerate()]

def live():
    palace.Context(palace.Device(), auto_update=False)
    opened.set()
    threading.Event().wait()

atexit.register(lambda: print(watched()))  # called last
default_device.INTERVAL = 0
opened = threading.Event()
threading.Thread(target=live, daemon=True).start()
opened.wait()
print(watched())
"""


@pytest.mark.skipif(not palace.query_extension("ALC_SOFT_reopen_device"), reason="this OpenAL cannot move devices")
def test_watch_ends_at_exit() -> None:
    """Also if a context of another thread is left."""
    assert run(EXIT, ALSOFT_DRIVERS="null").stdout == "True\nFalse\n"


#: Moves between files of OpenAL's wave writer, in real time, while a loop and a stream play.
REAL = """
import os, pathlib, time
import pyglet_palace as palace

def lead_to(file):
    if os.path.islink("output"):
        os.remove("output")
    os.symlink(file, "output")

def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        context.update()
        time.sleep(0.001)

lead_to("0.wav")
device = palace.Device()
context = palace.Context(
    device, {palace.FREQUENCY: 44100, palace.HRTF: palace.FALSE, palace.OUTPUT_LIMITER: palace.FALSE}, auto_update=False
)
palace.use_context(context)
stopped = []
context.push_handlers(on_source_stopped=stopped.append, on_source_force_stopped=stopped.append)
loop = palace.Buffer(pathlib.Path("left.wav"))
with context.together():
    sources = [loop.play(looping=True), palace.Decoder(pathlib.Path("right.wav")).play(looping=True)]
wait_until(lambda: sources[0].offset > 1000)
for number in range(1, 5):
    lead_to("nowhere/to be found")
    try:
        device.move("Wave File Writer")
    except palace.DeviceError as error:
        problem = str(error)
    lead_to(f"{number}.wav")
    if number == 2:
        device.pause_dsp()
    if device.query_extension("ALC_SOFT_reopen_device"):
        device.move("Wave File Writer" if number % 2 else "")
    if number == 2:
        offset = sources[0].offset
        for _ in range(50):
            context.update()
            time.sleep(0.001)
        assert sources[0].offset == offset
        device.resume_dsp()
    after = device.clock_time + 150_000_000
    wait_until(lambda: device.clock_time > after)
assert [source.playing for source in sources] == [True, True]
assert not stopped and not context.stats()["underruns"]
palace.shutdown()
print(problem)
"""


def test_real_moves_lose_nothing(tmp_path: Path) -> None:
    """Between files of OpenAL's wave writer. A loop and a stream go on; a failed move is not heard."""
    (tmp_path / "openal").write_text(f"[general]\nperiod_size=512\n[wave]\nfile={tmp_path}/output\n")
    ramp, silence = sounds.ramp(LENGTH), np.zeros((LENGTH, 1), np.int16)
    sounds.write(tmp_path / "left.wav", np.hstack([ramp, silence]), subtype="PCM_16")
    sounds.write(tmp_path / "right.wav", np.hstack([silence, ramp]), subtype="PCM_16")
    problem = run(
        REAL, tmp_path, ALSOFT_CONF=str(tmp_path / "openal"), ALSOFT_DRIVERS="wave", PYTHONPATH=os.getcwd()
    ).stdout
    if not palace.query_extension("ALC_SOFT_reopen_device"):
        assert "cannot move 'Wave File Writer': this OpenAL has no ALC_SOFT_reopen_device" in problem
        return
    assert "cannot open device 'Wave File Writer'; 'Wave File Writer' goes on" in problem
    parts = [sounds.through_soundfile(tmp_path / f"{number}.wav") for number in range(5)]
    for channel in range(2):
        heard = [part[:, channel] for part in parts]
        heard[0] = heard[0][heard[0].nonzero()[0][0] :]
        assert all(len(part) > 4000 for part in heard[1:])
        assert continuous(heard)


def run(code: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done
