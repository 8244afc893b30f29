"""palace.play, the options of plays, and the answers to names of other libraries."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest
from pyglet.event import EventException

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 44100


@pytest.fixture
def steps(assets: Path) -> Any:
    """The samples of 'steps.wav', which are all different."""
    samples = sounds.ramp(4000)
    sounds.write(assets / "steps.wav", samples, RATE, "PCM_16", "WAV")
    sounds.write(assets / "other.wav", samples[::-1], RATE, "PCM_16", "WAV")
    pyglet.resource.reindex()
    return samples[:, 0] / 32768


class Gate(palace.MessageHandler):
    """Holds each load until it is opened. Records the events."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.log: list[Any] = []

    def buffer_loading(self, name: str, *_: Any) -> None:
        self.open.wait(20)

    def source_force_stopped(self, source: palace.Source) -> None:
        self.log.append(("force_stopped", source))

    def source_stopped(self, source: palace.Source) -> None:
        self.log.append(("stopped", source))


@pytest.fixture
def gate(context: palace.Context) -> Iterator[Gate]:
    handler = Gate()
    context.message_handler = handler
    yield handler
    handler.open.set()


@pytest.fixture
def device() -> palace.LoopbackDevice:
    """A device whose output equals the samples of a mono sound."""
    return palace.LoopbackDevice(RATE, "Mono")


def heard(device: palace.LoopbackDevice, frames: int) -> Any:
    return device.render(frames)[:, 0]


def test_cached_sound_starts_at_once(context: palace.Context, device: palace.LoopbackDevice, steps: Any) -> None:
    palace.Buffer("steps.wav")
    source = palace.play("steps.wav")
    assert (source.playing, source.waiting) == (True, False)
    assert heard(device, 4000) == pytest.approx(steps, abs=1e-4)


def test_sound_starts_when_it_arrives(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, gate: Gate
) -> None:
    source = palace.play("steps.wav", offset_seconds=1000 / RATE, gain=0.5)
    assert (source.playing, source.paused, source.waiting) == (False, False, True)
    assert context.sources == [source]
    assert not device.render(100).any()
    gate.open.set()
    loaded(context)
    assert (source.playing, source.waiting) == (True, False)
    heard(device, 1024)  # OpenAL fades in what does not begin at frame 0
    assert heard(device, 1976) == pytest.approx(steps[2024:] * 0.5, abs=1e-4)


def test_play_loads_ahead_of_the_queue(context: palace.Context, assets: Path, gate: Gate) -> None:
    names = [f"{number}.wav" for number in range(6)]
    for name in names:
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    order: list[str] = []
    context.set_handler("on_cached", order.append)
    palace.cache(names[:5])
    wait_until(lambda: context.stats()["queued"] == 4)
    palace.play(names[5])
    gate.open.set()
    loaded(context)
    assert order[1] == names[5]


@pytest.mark.parametrize(("late", "plays"), [(0.0, False), (1000, True)])
def test_late_sound_is_not_played(
    context: palace.Context, steps: Any, gate: Gate, late: float, plays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = palace.play("steps.wav", late=late)
    gate.open.set()
    loaded(context)
    assert (source.playing, source.waiting) == (plays, False)
    assert gate.log == ([] if plays else [("force_stopped", source)])


def test_failed_play_is_reported(context: palace.Context, assets: Path, gate: Gate, logged_warnings: Any) -> None:
    (assets / "bad.wav").write_bytes(b"RIFF")
    pyglet.resource.reindex()
    stopped: list[palace.Source] = []
    first = palace.play("bad.wav", on_force_stopped=stopped.append)
    second = palace.play("missing.wav", on_force_stopped=stopped.append)
    loaded(context)
    assert stopped == [second, first]
    assert gate.log == [("force_stopped", second), ("force_stopped", first)]
    assert len(logged_warnings()) == 2
    assert context.state("bad.wav") == context.state("missing.wav") == "failed"
    assert "missing.wav" in str(context.error("missing.wav"))


def test_stop_cancels_a_waiting_play(context: palace.Context, steps: Any, gate: Gate) -> None:
    source = palace.play("steps.wav")
    source.stop()
    assert not source.waiting
    assert context.pending_names == ()
    gate.open.set()
    context.update()
    assert not source.playing
    assert gate.log == []


def test_stop_keeps_loads_of_others(context: palace.Context, steps: Any, gate: Gate) -> None:
    first, second = palace.play("steps.wav"), palace.play("steps.wav")
    first.stop()
    assert context.pending_names == ("steps.wav",)
    gate.open.set()
    loaded(context)
    assert (first.playing, second.playing) == (False, True)


def test_paused_waiting_source_starts_paused(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, gate: Gate
) -> None:
    source = palace.play("steps.wav")
    source.pause()
    assert source.paused
    gate.open.set()
    loaded(context)
    assert (source.paused, source.playing, source.waiting) == (True, False, False)
    assert not device.render(500).any()
    source.offset = 10
    assert source.offset == 10
    source.offset = 0
    source.resume()
    assert heard(device, 4000) == pytest.approx(steps, abs=1e-4)
    context.update()
    assert gate.log == [("stopped", source)]


def test_group_pauses_waiting_sources(context: palace.Context, steps: Any, gate: Gate) -> None:
    group = palace.SourceGroup()
    source = palace.play("steps.wav", group=group)
    group.pause_all()
    gate.open.set()
    loaded(context)
    assert (source.paused, source.playing) == (True, False)
    group.resume_all()
    assert source.playing


def test_group_stops_waiting_sources(context: palace.Context, steps: Any, gate: Gate) -> None:
    group = palace.SourceGroup()
    source = palace.play("steps.wav", group=group)
    group.stop_all()
    assert gate.log == [("force_stopped", source)]
    assert (source.waiting, context.pending_names) == (False, ())


def test_group_names_the_waiting_source_it_stops(context: palace.Context, steps: Any, gate: Gate) -> None:
    group, called = palace.SourceGroup(), []
    palace.play("steps.wav", group=group, on_force_stopped=called.append)
    (source,) = map(id, group.sources)
    group.stop_all()
    assert [id(stopped) for stopped in called] == [source]
    assert gate.log == [("force_stopped", *called)]


def test_next_play_replaces_a_waiting_one(context: palace.Context, steps: Any, gate: Gate) -> None:
    gate.open.set()
    other = palace.Buffer("other.wav")
    gate.open.clear()
    source = palace.play("steps.wav")
    other.play(source)
    assert (source.waiting, source.playing) == (False, True)
    gate.open.set()
    loaded(context)
    assert source.buffer is other


def test_destroyed_source_waits_no_more(context: palace.Context, steps: Any, gate: Gate) -> None:
    palace.play("steps.wav").destroy()
    assert context.pending_names == ()
    assert context.sources == []


@pytest.mark.parametrize("end", ["free", "destroy"])
def test_freed_name_force_stops_the_source(context: palace.Context, steps: Any, gate: Gate, end: str) -> None:
    source = palace.play("steps.wav")
    if end == "free":
        palace.free(["steps.wav"])
        assert not source.waiting
    else:
        context.destroy()
    assert gate.log == [("force_stopped", source)]


def test_waiting_source_needs_no_reference(context: palace.Context, steps: Any, gate: Gate) -> None:
    palace.play("steps.wav")
    gate.open.set()
    loaded(context)
    assert len(context.sources) == 1


def test_buffer_starts_waiting_plays(context: palace.Context, steps: Any) -> None:
    source = palace.play("steps.wav")
    palace.Buffer("steps.wav")
    assert source.playing


# Options

OPTIONS: dict[str, Any] = {
    "gain": 0.5,
    "pitch": 2.0,
    "position": (1.0, 2.0, 3.0),
    "velocity": (0.0, 1.0, 0.0),
    "loops": 3,
    "priority": 7,
    "filter": (1.0, 0.5, 0.5),
}


@pytest.mark.parametrize("call", ["play", "Buffer.play", "replay", "Decoder.play", "Source.play", "Source"])
def test_options_are_set_on_the_source(context: palace.Context, steps: Any, call: str) -> None:
    group = palace.SourceGroup()
    buffer = palace.Buffer("steps.wav")
    options = {**OPTIONS, "group": group}
    if call == "play":
        source = palace.play("steps.wav", **options)
    elif call == "Buffer.play":
        source = buffer.play(**options)
    elif call == "replay":
        source = buffer.play(buffer.play(), **options)
    elif call == "Decoder.play":
        source = palace.decode("steps.wav").play(**options)
    elif call == "Source.play":
        source = palace.Source()
        source.play(buffer, **options)
    else:
        source = palace.Source(**options)
    assert {name: getattr(source, name) for name in options} == options
    assert source.playing == (call != "Source")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("volume", "gain"),
        ("loop", "looping"),
        ("speed", "pitch"),
        ("seek", "offset_seconds"),
        ("piority", "priority"),
        ("fadein", "fade_in"),
        ("volum", "gain"),
    ],
)
def test_misspelt_option_suggests_the_right_one(context: palace.Context, steps: Any, wrong: str, right: str) -> None:
    options: dict[str, Any] = {wrong: 1}
    buffer = palace.Buffer("steps.wav")
    for call in (lambda: palace.play("steps.wav", **options), lambda: buffer.play(**options)):
        with pytest.raises(TypeError, match=f"no option '{wrong}'; did you mean '{right}'?"):
            call()
    assert context.sources == []


@pytest.mark.parametrize("call", ["play", "Buffer.play", "Source", "Source.play", "Decoder.play"])
@pytest.mark.parametrize("wrong", ["duck", "q", "channel", "maxtime"])
def test_unlike_option_gets_the_list(context: palace.Context, steps: Any, call: str, wrong: str) -> None:
    """Nothing is suggested that is not like it."""
    options: dict[str, Any] = {wrong: 1}
    buffer, source = palace.Buffer("steps.wav"), palace.Source()
    calls: dict[str, Any] = {
        "play": lambda: palace.play("steps.wav", **options),
        "Buffer.play": lambda: buffer.play(**options),
        "Source": lambda: palace.Source(**options),
        "Source.play": lambda: source.play(buffer, **options),
        "Decoder.play": lambda: palace.decode("steps.wav").play(**options),
    }
    with pytest.raises(TypeError, match=f"no option '{wrong}'; the options are gain, pitch, "):
        calls[call]()


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ("reverb", "set sends[0].effect"),
        ("effect", "set sends[0].effect"),
        ("sends", "set sends[0].effect"),
        ("fade_out", "call fade_out_to_stop(0, milliseconds)"),
        ("radius", "set radius"),
        ("spatialize", "set spatialize"),
    ],
)
def test_setting_that_is_no_option_has_a_cure(context: palace.Context, steps: Any, wrong: str, cure: str) -> None:
    options: dict[str, Any] = {wrong: 1}
    for call in (lambda: palace.Buffer("steps.wav").play(**options), lambda: palace.Source(**options)):
        with pytest.raises(TypeError, match=re.escape(f"no option '{wrong}'; {cure} on the source")):
            call()


def test_source_refuses_options_of_plays(context: palace.Context) -> None:
    options: dict[str, Any] = {"fade_in": 100}
    with pytest.raises(TypeError, match="Source has no option 'fade_in'; the options are gain, "):
        palace.Source(**options)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("pitch", -1, "pitch is -1"),
        ("position", (1,), "position is "),
        ("velocity", (1, 2), "velocity is "),  # two numbers are enough on a stage
        ("group", "music", "group is 'music'"),
        ("offset_seconds", -1, "offset_seconds is -1"),
        ("fade_in", -1, "fade_in is -1"),
        ("on_stopped", 3, "on_stopped is 3"),
        ("on_force_stopped", 3, "on_force_stopped is 3"),
    ],
)
def test_invalid_option_leaves_the_sound_alone(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, name: str, value: Any, error: str
) -> None:
    buffer = palace.Buffer("steps.wav")
    source = buffer.play()
    device.render(100)
    options: dict[str, Any] = {"gain": 0.5, name: value}
    with pytest.raises((TypeError, ValueError), match=error):
        buffer.play(source, **options)
    assert (source.playing, source.offset, source.gain) == (True, 100, 1.0)


@pytest.mark.parametrize("name", ["gain", "group"])
def test_invalid_option_sets_no_other(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, name: str
) -> None:
    """An idle source keeps none for its next play."""
    options: dict[str, Any] = {"pitch": 0.5, "fade_in": 1000, "offset_seconds": 0.01, "on_stopped": print, name: -1}
    buffer, source = palace.Buffer("steps.wav"), palace.Source()
    for play in (
        lambda: source.play(buffer, **options),
        lambda: buffer.play(source, **options),
        lambda: palace.decode("other.wav").play(source=source, **options),
    ):
        with pytest.raises((TypeError, ValueError), match=f"{name} is -1"):
            play()
        assert (source.pitch, source.offset_seconds, source.on_stopped) == (1, 0, None)
    buffer.play(source)
    assert heard(device, 4000) == pytest.approx(steps, abs=1e-4)


def test_invalid_option_keeps_a_waiting_play(context: palace.Context, steps: Any, gate: Gate) -> None:
    gate.open.set()
    other = palace.Buffer("other.wav")
    gate.open.clear()
    source = palace.play("steps.wav", offset_seconds=0.01)
    with pytest.raises(ValueError, match="gain is -1"):
        source.play(other, offset_seconds=0.02, gain=-1)
    gate.open.set()
    loaded(context)
    assert (source.playing, source.offset) == (True, 441)


@pytest.mark.parametrize("end", ["play", "play with options", "stop", "stop_all"])
def test_waiting_play_takes_its_options_along(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, gate: Gate, end: str
) -> None:
    """They were set for the sound that is not played."""
    gate.open.set()
    buffer = palace.Buffer("steps.wav")
    gate.open.clear()
    group = palace.SourceGroup()
    source = palace.play("other.wav", offset_seconds=0.01, fade_in=1000, group=group)
    if end == "stop":
        source.stop()
    elif end == "stop_all":
        group.stop_all()
    buffer.play(source, **({"pan": 0.0} if end == "play with options" else {}))
    assert heard(device, 4000) == pytest.approx(steps, abs=1e-4)


def test_invalid_option_keeps_the_decoders_reader(context: palace.Context, steps: Any) -> None:
    """The stream that plays stays the only one, so that no other source may read its decoder."""
    decoder = palace.decode("steps.wav")
    source = decoder.play(looping=True)
    for play in (lambda: decoder.play(source=source, gain=-1), lambda: source.play(decoder, gain=-1)):
        with pytest.raises(ValueError, match="gain is -1"):
            play()
        with pytest.raises(RuntimeError, match="a decoder has one reader"):
            decoder.play()
    assert source.playing


def test_iterators_replace_a_playing_sound(context: palace.Context, steps: Any) -> None:
    """The check of an option reads an iterator to its end."""
    buffer = palace.Buffer("steps.wav")
    source = buffer.play()
    buffer.play(source, position=iter((1, 2, 3)), filter=iter((1, 0.5, 0.5)))
    assert (source.playing, source.position, source.filter) == (True, (1.0, 2.0, 3.0), (1.0, 0.5, 0.5))


def test_options_take_one_context_scope(context: palace.Context, steps: Any) -> None:
    buffer = palace.Buffer("steps.wav")
    buffer.play()
    entered: list[int] = []
    kind: Any = type(context._engine.scope)
    enter = kind.__enter__
    kind.__enter__ = staticmethod(lambda: (entered.append(1), enter())[1])
    buffer.play(**OPTIONS)
    assert len(entered) == 1
    source = buffer.play()
    entered.clear()
    buffer.play(source, **{**OPTIONS, "gain": 0.25})
    assert len(entered) == 2  # the first one stops its sound


def test_fade_in_begins_in_silence(context: palace.Context, device: palace.LoopbackDevice, assets: Path) -> None:
    path = sounds.write(assets / "tone.wav", np.full((RATE, 1), 0.5, np.float32), RATE, "FLOAT", "WAV")
    palace.Buffer(path).play(fade_in=500)
    assert not device.render(1000).any()
    levels = []
    for _ in range(30):
        context.update()
        levels.append(heard(device, 1000)[-1])
    assert levels == sorted(levels)
    assert 0 < levels[0] < 0.01
    assert levels[-1] == pytest.approx(0.5, abs=1e-3)


@pytest.fixture
def tone(assets: Path) -> str:
    """The name of a second at a constant level of 0.5."""
    sounds.write(assets / "tone.wav", np.full((RATE, 1), 0.5, np.float32), RATE, "FLOAT", "WAV")
    pyglet.resource.reindex()
    return "tone.wav"


def levels_of(context: palace.Context, device: palace.LoopbackDevice, steps: int) -> list[float]:
    """The level after each of `steps` of ten milliseconds, 1 being full."""
    levels = []
    for _ in range(steps):
        levels.append(float(heard(device, RATE // 100)[-1]) / 0.5)
        context.update()
    return levels


@pytest.mark.parametrize(
    ("fade", "start"),
    [
        (lambda source: source.fade_to(0.2, 100, curve="linear"), 1),
        (lambda source: source.fade_to(0.2, 100, start=0.8, curve="linear"), 0.8),
        # The latest one counts, from the factor at which the one before it would start.
        (lambda source: (source.fade_to(1, 5, start=0.6), source.fade_to(0.2, 100, curve="linear")), 0.6),
    ],
    ids=["from 1", "from a start", "twice"],
)
def test_fade_starts_with_a_waiting_sound(
    context: palace.Context, device: palace.LoopbackDevice, tone: str, gate: Gate, fade: Any, start: float
) -> None:
    source = palace.play(tone)
    fade(source)
    device.render(RATE)
    gate.open.set()
    loaded(context)
    assert levels_of(context, device, 1) == [pytest.approx(start, abs=1e-3)]
    levels = levels_of(context, device, 10)
    assert levels == sorted(levels, reverse=True)
    assert levels[4] == pytest.approx((start + 0.2) / 2, abs=0.01)
    assert levels_of(context, device, 2)[-1] == pytest.approx(0.2, abs=1e-3)
    assert palace.Buffer(tone).play(source).playing
    assert levels_of(context, device, 3)[-1] == pytest.approx(1, abs=1e-3)  # it was for the one play


def test_fade_replaces_a_waiting_fade_in(
    context: palace.Context, device: palace.LoopbackDevice, tone: str, gate: Gate
) -> None:
    palace.play(tone, fade_in=1000).fade_to(0.2, 100, curve="linear")
    gate.open.set()
    loaded(context)
    levels = levels_of(context, device, 13)
    assert (levels[0], levels[-1]) == (0, pytest.approx(0.2, abs=1e-3))


def test_paused_waiting_source_fades_later(
    context: palace.Context, device: palace.LoopbackDevice, tone: str, gate: Gate
) -> None:
    source = palace.play(tone)
    source.fade_to(1, 100, start=0, curve="linear")
    source.pause()
    gate.open.set()
    loaded(context)
    assert levels_of(context, device, 20)[-1] == 0
    source.resume()
    levels = levels_of(context, device, 12)
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, pytest.approx(1, abs=1e-3))


def test_fade_out_stops_a_waiting_source(context: palace.Context, tone: str, gate: Gate) -> None:
    """At once and without an event: it is not heard after it was to fall silent."""
    source = palace.play(tone, looping=True)
    source.fade_out_to_stop(0, 1000)
    assert (source.waiting, context.pending_names) == (False, ())
    gate.open.set()
    context.update()
    assert (source.playing, gate.log) == (False, [])


@pytest.mark.parametrize("end", ["stop", "fail"])
def test_unplayed_fade_is_not_kept(
    context: palace.Context, device: palace.LoopbackDevice, assets: Path, tone: str, gate: Gate, end: str
) -> None:
    (assets / "bad.wav").write_bytes(b"RIFF")
    pyglet.resource.reindex()
    source = palace.play("bad.wav" if end == "fail" else tone)
    assert source.waiting
    source.fade_to(0.1, 10, start=0)
    if end == "stop":
        source.stop()
    gate.open.set()
    loaded(context)
    palace.Buffer(tone).play(source)
    assert levels_of(context, device, 5)[-1] == pytest.approx(1, abs=1e-3)


def test_crossfade_to_a_waiting_source(
    context: palace.Context, device: palace.LoopbackDevice, tone: str, gate: Gate
) -> None:
    """The old sound fades out meanwhile; the new one fades in when it starts."""
    gate.open.set()
    silent = palace.Buffer.from_samples(np.zeros(5 * RATE, np.float32), RATE).play()
    gate.open.clear()
    source = palace.play(tone)
    palace.crossfade(silent, source, 100)
    levels_of(context, device, 12)
    assert not silent.playing
    gate.open.set()
    loaded(context)
    levels = levels_of(context, device, 13)
    assert levels == sorted(levels)
    assert levels[5] == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert (levels[0], levels[-1]) == (0, pytest.approx(1, abs=1e-3))


def test_crossfade_from_a_waiting_source(context: palace.Context, tone: str, gate: Gate) -> None:
    """It may be turned around before the new sound arrives."""
    old = palace.Buffer.from_samples(np.zeros(5 * RATE, np.float32), RATE).play()
    new = palace.play(tone)
    palace.crossfade(old, new, 100)
    palace.crossfade(new, old, 100)
    assert (old.playing, new.waiting) == (True, False)


def test_source_calls_back_first(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, gate: Gate
) -> None:
    gate.open.set()
    log: list[str] = []
    context.set_handler("on_source_stopped", lambda source: log.append("event"))
    gate.source_stopped = lambda source: log.append("message")  # type: ignore[method-assign]
    source = palace.Buffer("steps.wav").play(on_stopped=lambda source: log.append("callback"))
    device.render(5000)
    context.update()
    assert log == ["callback", "message", "event"]
    source.on_stopped = None
    source.on_force_stopped = lambda source: log.append("forced")
    buffer = palace.Buffer("steps.wav")
    buffer.play(source)
    buffer.destroy()
    assert log[3:] == ["forced"]


def test_raising_callback_loses_no_event(context: palace.Context, device: palace.LoopbackDevice, steps: Any) -> None:
    log: list[palace.Source] = []
    context.set_handler("on_source_stopped", log.append)

    def fail(source: palace.Source) -> None:
        raise ZeroDivisionError

    source = palace.Buffer("steps.wav").play(on_stopped=fail)
    device.render(5000)
    with pytest.raises(ZeroDivisionError):
        context.update()
    assert log == [source]


def test_callback_must_be_a_function(context: palace.Context) -> None:
    with pytest.raises(TypeError, match="on_stopped is 3; it must be a function or None"):
        palace.Source().on_stopped = 3  # type: ignore[assignment]


# Positions


@pytest.mark.parametrize("kind", ["buffer", "stream"])
def test_seconds_seek(context: palace.Context, device: palace.LoopbackDevice, steps: Any, kind: str) -> None:
    source = palace.Source()
    source.offset_seconds = 0.05
    assert source.offset_seconds == 0.05
    if kind == "buffer":
        palace.Buffer("steps.wav").play(source)
    else:
        palace.decode("steps.wav").play(source=source)
    assert source.offset == round(0.05 * RATE)
    source.offset_seconds = 0.02
    assert source.offset == 882
    with pytest.raises(RuntimeError, match="only 4000 frames"):
        source.offset_seconds = 1
    source.seek(-3)
    assert source.offset == 0
    source.seek(1000)
    assert source.offset == 3999
    with pytest.raises(ValueError, match="offset_seconds is -1"):
        source.offset_seconds = -1
    source.stop()
    assert source.offset_seconds == 0


@pytest.mark.parametrize("kind", ["waiting", "idle", "ended", "stream"])
def test_seek_stays_in_the_next_sound(
    context: palace.Context, device: palace.LoopbackDevice, steps: Any, gate: Gate, kind: str
) -> None:
    """Also in one that replaces a sound whose end no update has seen, and whose length does not matter."""
    gate.open.set()
    short = palace.Buffer.from_samples(np.zeros(100, np.float32), RATE)
    gate.open.clear()
    source = palace.Source()
    for seconds, frame in ((100, 3999), (0.05, 2205), (-1, 0)):
        if kind == "waiting":
            palace.free(["steps.wav"])
            source = palace.play("steps.wav", offset_seconds=0.01)
        elif kind == "ended":
            short.play(source)
            device.render(200)
            assert source.buffer is short
        else:
            source.stop()
        source.seek(seconds)
        assert source.offset_seconds == max(seconds, 0)
        gate.open.set()
        if kind == "waiting":
            loaded(context)
        elif kind == "stream":
            palace.decode("steps.wav").play(source=source)
        else:
            palace.Buffer("steps.wav").play(source)
        assert source.offset == frame


def test_only_seek_stays_in_the_next_sound(context: palace.Context, steps: Any) -> None:
    """Other offsets past the end mean its start."""
    buffer, source = palace.Buffer("steps.wav"), palace.Source()
    for name in ("offset", "offset_seconds"):
        source.seek(100)
        setattr(source, name, 100_000)
        buffer.play(source)
        assert source.offset == 0
        source.stop()


# Samples, states, sources


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("channels", [0, 1, 2])
def test_from_samples_copies_any_type(context: palace.Context, kind: str, channels: int) -> None:
    shape = (50, channels) if channels else (50,)
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    if kind.startswith("float"):
        array /= 200
    buffer = palace.Buffer.from_samples(array[::-1][::-1], 8000)
    types = {"uint8": "Unsigned 8-bit", "int16": "Signed 16-bit"}
    assert buffer.sample_type == types.get(kind, "32-bit float")
    assert (buffer.length, buffer.frequency) == (50, 8000)
    assert buffer.channel_config == ("Stereo" if channels == 2 else "Mono")


def test_from_samples_is_heard(context: palace.Context, device: palace.LoopbackDevice, steps: Any) -> None:
    array = steps.astype(np.float64).copy()
    buffer = palace.Buffer.from_samples(array, RATE, "made")
    array[:] = 0
    palace.play("made")
    assert heard(device, 4000) == pytest.approx(steps, abs=1e-4)
    assert buffer.name == "made"
    assert palace.Buffer("made") is buffer


def test_from_samples_makes_new_names(context: palace.Context) -> None:
    names = [palace.Buffer.from_samples(np.zeros(10), 8000).name for _ in range(3)]
    assert names == ["samples 1", "samples 2", "samples 3"]


@pytest.mark.parametrize(
    ("array", "frequency", "error", "text"),
    [
        ([0, 1], 8000, TypeError, "must be an array of numpy"),
        (np.zeros(10, "int32"), 8000, ValueError, "int32; it must be one of uint8, int16, float32, float64"),
        (np.zeros((2, 500)), 8000, ValueError, "transpose it"),
        (np.zeros((5, 3)), 8000, ValueError, "1, 2, 4, 6, 7, 8 channels"),
        (np.zeros(0), 8000, ValueError, "no frames"),
        (np.zeros(5), 10, ValueError, "frequency is 10; it must be from 1000 to 768000"),
        (np.zeros(5), 44.1, TypeError, "whole number"),
    ],
)
def test_from_samples_refuses(
    context: palace.Context, array: Any, frequency: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        palace.Buffer.from_samples(array, frequency)
    assert context.cached_names == ()


def test_state_follows_a_name(context: palace.Context, assets: Path, steps: Any, gate: Gate) -> None:
    assert context.state("steps.wav") == "unknown"
    palace.cache(["steps.wav"])
    assert context.state("steps.wav") == "pending"
    gate.open.set()
    loaded(context)
    assert context.state("steps.wav") == "cached"
    palace.free(["steps.wav"])
    assert context.state("steps.wav") == "unknown"
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("none.wav")
    assert context.state("none.wav") == "failed"
    assert isinstance(context.error("none.wav"), palace.ResourceNotFound)
    sounds.wav(assets / "none.wav")
    pyglet.resource.reindex()
    palace.Buffer("none.wav")
    assert (context.state("none.wav"), context.error("none.wav")) == ("cached", None)


def test_sources_are_in_order_of_start(context: palace.Context, steps: Any, gate: Gate) -> None:
    gate.open.set()
    buffer = palace.Buffer("steps.wav")
    gate.open.clear()
    waiting = palace.play("other.wav")
    first, second, third = (buffer.play() for _ in range(3))
    second.pause()
    buffer.play(first)
    assert context.sources == [second, third, first, waiting]


# Names of other libraries


@pytest.mark.parametrize("name", ["load", "Sound", "Player", "mixer", "play_sound", "StaticSource"])
def test_module_answers_other_libraries(name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; use .*palace"):
        getattr(palace, name)
    assert not hasattr(palace, "no_such_name")


@pytest.mark.parametrize(
    ("name", "instead"),
    [("volume", "gain"), ("loop", "looping"), ("speed", "pitch"), ("time", "offset_seconds")],
)
def test_source_answers_other_libraries(context: palace.Context, name: str, instead: str) -> None:
    source = palace.Source()
    with pytest.raises(AttributeError, match=f"Source has no attribute '{name}'; use {instead}"):
        getattr(source, name)
    with pytest.raises(AttributeError, match=f"use {instead}"):
        setattr(source, name, 1)
    assert not hasattr(source, name)


def test_buffer_answers_other_libraries(context: palace.Context, steps: Any) -> None:
    with pytest.raises(AttributeError, match="Buffer has no attribute 'volume'; use gain of the source"):
        palace.Buffer("steps.wav").volume = 0.5  # type: ignore[attr-defined]


def test_play_without_a_sound_says_what_to_do(context: palace.Context) -> None:
    source: Any = palace.Source()
    with pytest.raises(TypeError, match="needs a sound.*resume"):
        source.play()
    with pytest.raises(TypeError, match=r"palace.play\('door.wav'\) plays a sound by its name"):
        source.play("door.wav")


# Long values

LONG = "x" * 500


@pytest.mark.parametrize(
    "call",
    [
        lambda steps: steps.play(**{LONG: 1}),
        lambda _: palace.preload([]).set_handler(LONG, print),
        lambda steps: setattr(steps.play(), "offset", 10**500),
        lambda _: palace.Buffer.from_samples(np.zeros(9), 10**500),
        lambda _: setattr(named(LONG), "loop_points", (1, 2)),
        lambda _: crossfade_of(named(LONG).play()),
        lambda _: palace.Source().play(destroyed(named(LONG))),
    ],
    ids=["option", "event", "offset", "rate", "loop points", "source", "buffer"],
)
def test_long_values_are_shortened_in_errors(context: palace.Context, steps: Any, call: Any) -> None:
    with pytest.raises((TypeError, ValueError, RuntimeError, EventException)) as caught:
        call(palace.Buffer("steps.wav"))
    assert not re.search("x{81}|0{81}", str(caught.value))
    assert re.search(r"x\.\.\.x|0\.\.\.0", str(caught.value))


def named(name: str) -> palace.Buffer:
    """A buffer of that name, which a source plays."""
    buffer = palace.Buffer.from_samples(np.zeros(9), RATE, name)
    buffer.play()
    return buffer


def crossfade_of(source: palace.Source) -> None:
    palace.crossfade(source, source, 10)


def destroyed(buffer: palace.Buffer) -> palace.Buffer:
    buffer.destroy()
    return buffer
