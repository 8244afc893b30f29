"""Fades of groups: they multiply down the tree, wait for pauses, and end in a usable group."""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.clock
import pytest

import pyglet_palace as palace
from pyglet_palace._playback.voice import GAIN
from tests import sounds
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def buffer(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    """A second at a constant level; stereo, which is not panned."""
    return palace.Buffer(sounds.write(tmp_path / "level.wav", np.full((RATE, 2), 0.5), subtype="FLOAT"))


@pytest.fixture
def group(context: palace.Context) -> palace.SourceGroup:
    return palace.SourceGroup()


@pytest.fixture
def events(context: palace.Context) -> list[Any]:
    """Sources that were reported to have stopped."""
    received: list[Any] = []
    context.push_handlers(on_source_stopped=received.append, on_source_force_stopped=received.append)
    return received


@pytest.fixture
def wait(context: palace.Context, device: palace.LoopbackDevice) -> Callable[[float], float]:
    """Lets milliseconds pass; the level at their end."""

    def wait(ms: float) -> float:
        out = device.render(round(ms * RATE / 1000))
        context.update()
        return float(out[-1, 0])

    return wait


def play(buffer: palace.Buffer, group: palace.SourceGroup | None) -> palace.Source:
    source = palace.Source()
    source.group, source.looping = group, True
    return buffer.play(source)


def heard(source: palace.Source) -> float:
    """The gain that OpenAL received last."""
    return float(source._state.parameters.get(GAIN, 1.0))


def test_group_fade_is_linear_in_decibels(buffer: palace.Buffer, group: palace.SourceGroup, wait: Any) -> None:
    source, other = play(buffer, group), play(buffer, None)
    group.fade_to(0.01, 400)
    for decibels in (-10, -20, -30, -40):
        wait(100)
        assert 20 * math.log10(heard(source)) == pytest.approx(decibels, abs=1e-6)
    wait(100)
    assert heard(source) == 0.01
    assert heard(other) == 1
    assert group.gain == source.gain == 1  # what was set
    other.stop()
    assert wait(50) == pytest.approx(0.005)


def test_factors_multiply(buffer: palace.Buffer, wait: Any) -> None:
    """Nested groups and the source fade at the same time, and gains are set meanwhile."""
    root, child = palace.SourceGroup(), palace.SourceGroup()
    child.parent_group = root
    source = play(buffer, child)
    root.fade_to(0, 400, curve="linear")
    child.fade_to(0.5, 200, curve="linear")
    source.fade_to(0, 1000, curve="linear")
    wait(100)
    assert heard(source) == pytest.approx(0.75 * 0.75 * 0.9)
    root.gain, child.gain, source.gain = 0.5, 0.25, 0.5
    assert heard(source) == pytest.approx(0.75 * 0.75 * 0.9 / 16)
    wait(100)
    assert heard(source) == pytest.approx(0.5 * 0.5 * 0.8 / 16)
    wait(100)
    assert heard(source) == pytest.approx(0.25 * 0.5 * 0.7 / 16)


def test_members_come_and_go_during_a_fade(buffer: palace.Buffer, group: palace.SourceGroup, wait: Any) -> None:
    leaving, joining = play(buffer, group), play(buffer, None)
    group.fade_to(0, 200, curve="linear")
    wait(100)
    leaving.group, joining.group = None, group
    started = play(buffer, group)
    assert [heard(source) for source in (leaving, joining, started)] == pytest.approx([1, 0.5, 0.5])
    wait(50)
    assert [heard(source) for source in (leaving, joining, started)] == pytest.approx([1, 0.25, 0.25])
    group.destroy()
    assert heard(joining) == heard(started) == 1
    wait(50)
    assert heard(joining) == heard(started) == 1


def test_kept_factor_applies_to_later_sounds(buffer: palace.Buffer, group: palace.SourceGroup, wait: Any) -> None:
    group.fade_to(0.25, 100)  # with nothing to hear
    wait(200)
    source = play(buffer, group)
    assert heard(source) == 0.25
    source.stop()
    buffer.play(source)
    assert heard(source) == 0.25
    group.fade_to(1, 100, start=0.5, curve="linear")
    assert heard(source) == 0.5
    wait(50)
    assert heard(source) == pytest.approx(0.75)


def test_fade_out_stops_without_events(
    buffer: palace.Buffer, group: palace.SourceGroup, wait: Any, events: list[Any]
) -> None:
    below = palace.SourceGroup()
    below.parent_group = group
    sources = [play(buffer, group), play(buffer, below)]
    outside = play(buffer, None)
    below.fade_to(0.5, 50)
    group.fade_out_to_stop(0, 200)
    wait(100)
    sources.append(play(buffer, group))  # joins the fade
    sources[0].pause()
    wait(101)
    assert not any(source.playing or source.paused for source in sources)
    assert outside.playing
    wait(10)
    assert events == []
    outside.stop()
    assert wait(10) == pytest.approx(0)
    for member in (group, below):  # at full gain again, and not stopped
        source = play(buffer, member)
        wait(500)
        assert source.playing
        assert heard(source) == 1


def test_stop_all_ends_the_fades_below(
    buffer: palace.Buffer, group: palace.SourceGroup, wait: Any, events: list[Any]
) -> None:
    below = palace.SourceGroup()
    below.parent_group = group
    source = play(buffer, below)
    below.fade_out_to_stop(0, 100)
    wait(50)
    group.stop_all()
    assert events == [source]
    buffer.play(source)
    wait(200)
    assert source.playing
    assert heard(source) == 1


def test_group_fade_waits_while_all_are_paused(buffer: palace.Buffer, group: palace.SourceGroup, wait: Any) -> None:
    one, two = play(buffer, group), play(buffer, group)
    group.fade_to(0, 1000, curve="linear")
    wait(250)
    one.pause()
    wait(250)
    assert heard(two) == pytest.approx(0.5)  # one of them plays
    group.pause_all()
    wait(5000)
    assert heard(two) == pytest.approx(0.5)
    group.resume_all()
    wait(250)
    assert heard(two) == pytest.approx(0.25)


def test_pause_and_resume_split_a_step(
    buffer: palace.Buffer, group: palace.SourceGroup, device: palace.LoopbackDevice, context: palace.Context
) -> None:
    """The time before a pause counts, and that before a resume does not, also between two updates."""
    source = play(buffer, group)
    group.fade_to(0, 1000, curve="linear")
    for pause, resume in ((group.pause_all, group.resume_all), (source.pause, source.resume)):
        device.render(RATE // 4)
        pause()
        device.render(RATE)
        resume()
    context.update()
    assert heard(source) == pytest.approx(0.5)


def test_fade_over_before_pause_all_has_stopped(
    buffer: palace.Buffer, group: palace.SourceGroup, device: palace.LoopbackDevice
) -> None:
    source = play(buffer, group)
    group.fade_out_to_stop(0, 100)
    device.render(RATE)
    group.pause_all()
    assert not source.playing
    assert not source.paused


def test_ended_sound_has_its_event_after_a_fade(
    buffer: palace.Buffer, group: palace.SourceGroup, device: palace.LoopbackDevice, events: list[Any]
) -> None:
    """A sound that ended by itself before the fade was over has ended, and was not stopped."""
    source = buffer.play()
    source.group = group
    group.fade_out_to_stop(0, 1500)
    device.render(2 * RATE)
    group.context.update()
    assert events == [source]


def test_lost_and_destroyed_groups_do_not_fade(context: palace.Context, wait: Any) -> None:
    lost, destroyed = palace.SourceGroup(), palace.SourceGroup()
    for group in (lost, destroyed):
        group.fade_out_to_stop(0, 100)
    destroyed.destroy()
    del lost, group
    gc.collect()
    assert not context._engine.transport.group_fades.busy
    wait(200)
    with pytest.raises(palace.DestroyedError):
        destroyed.fade_to(1, 100)
    with pytest.raises(palace.DestroyedError):
        destroyed.fade_out_to_stop(1, 100)


def test_clock_runs_while_a_group_fades(tmp_path: Path) -> None:
    """With nothing to hear too, but not while all sources are paused."""
    device = palace.LoopbackDevice(RATE)
    with palace.Context(device, EXACT, clock=pyglet.clock.Clock()) as context:
        scheduler = context._engine.scheduler
        assert scheduler is not None
        group, source = palace.SourceGroup(), palace.Source()
        source.group, source.looping = group, True
        assert not scheduler.awake
        group.fade_to(0.5, 1000)
        assert scheduler.awake
        palace.Buffer(sounds.wav(tmp_path / "a.wav")).play(source)
        group.pause_all()
        context.update()
        assert not scheduler.awake
        device.render(RATE)
        group.resume_all()
        assert scheduler.awake
        source.stop()
        context.update()
        assert scheduler.awake
        device.render(RATE)
        context.update()
        assert not scheduler.awake
        assert group.gain == 1


@pytest.fixture
def asleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A group that fades out in a second, while its only sound is paused, and the clock sleeps."""
    device = palace.LoopbackDevice(RATE, "Mono")
    with palace.Context(device, EXACT, clock=pyglet.clock.Clock()) as context:
        buffer = palace.Buffer(sounds.write(tmp_path / "level.wav", np.full(RATE, 0.5), subtype="FLOAT"))
        group = palace.SourceGroup()
        source = buffer.play(group=group, looping=True)
        group.pause_all()
        group.fade_out_to_stop(0, 1000, curve="linear")
        context.update()
        assert context._engine.scheduler is not None
        assert not context._engine.scheduler.awake
        device.render(10 * RATE)
        yield context, device, buffer, group, source


def test_sleep_is_no_time_of_a_waiting_fade(asleep: Any) -> None:
    context, device, buffer, group, _ = asleep
    heard = []
    other = buffer.play(group=group, looping=True)
    for _ in range(4):
        heard.append(float(device.render(RATE // 4)[-1, 0]))
        context.update()
    assert heard == pytest.approx([0.5, 0.375, 0.25, 0.125], abs=0.01)
    assert not other.playing


@pytest.mark.parametrize("how", ["stop", "destroy", "free", "leave", "move"])
def test_fade_goes_on_without_paused_sounds(asleep: Any, how: str) -> None:
    """The last paused sound leaves the group: the fade ends, and the next sound is not stopped by it."""
    context, device, buffer, group, source = asleep
    if how == "leave":
        source.group = None
    elif how == "move":
        source.group = palace.SourceGroup()
    elif how == "free":
        buffer.destroy()
        buffer = palace.Buffer(buffer.name)
    else:
        getattr(source, how)()
    assert context._engine.scheduler.awake
    device.render(RATE)
    context.update()
    later = buffer.play(group=group)
    context.update()
    assert later.playing
    assert device.render(100)[-1, 0] == pytest.approx(0.5)


def test_fade_goes_on_when_a_paused_group_leaves(asleep: Any) -> None:
    context, _, _, group, source = asleep
    outer = palace.SourceGroup()
    group.parent_group = outer
    outer.fade_to(0, 1000)
    group.stop_all()
    source.play(palace.Buffer(context.cached_names[0]))
    source.group = group
    group.pause_all()
    context.update()
    assert not context._engine.scheduler.awake
    group.parent_group = None
    assert context._engine.scheduler.awake


@pytest.mark.parametrize("count", [3, 60])
def test_group_call_enters_one_scope(
    buffer: palace.Buffer, group: palace.SourceGroup, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """One call for all voices, outermost: the context of another library is restored once."""
    for _ in range(count):
        play(buffer, group)
    engine = group.context._engine
    outermost = 0
    scope = engine.scope

    class Counted:
        depth = property(lambda self: scope.depth)

        def __enter__(self) -> Any:
            nonlocal outermost
            outermost += not scope.depth
            return scope.__enter__()

        def __exit__(self, *exception: object) -> None:
            scope.__exit__(*exception)

    monkeypatch.setattr(engine, "scope", Counted())
    monkeypatch.setattr(engine.voices, "_scope", engine.scope)
    for call in (
        lambda: setattr(group, "gain", 0.5),
        lambda: setattr(group, "pitch", 0.5),
        lambda: setattr(group, "filter", (1, 0.5, 1)),
        lambda: setattr(group, "muted", True),
        lambda: setattr(group, "muted", False),
        group.pause_all,
        group.resume_all,
        lambda: group.fade_to(1, 100, start=0.5),
    ):
        outermost = 0
        call()
        assert outermost == 1
    outermost = 0
    group.stop_all()
    assert outermost == 2  # the second resets the fade
