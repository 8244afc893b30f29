"""Voices: no play fails, the lowest priority is stolen, and ends are found in time."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE, patch_al

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 4410


@pytest.fixture
def buffer(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    return palace.Buffer(sounds.wav(tmp_path / "ramp.wav", LENGTH))


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: palace.Context) -> palace.Context:
    """A context with three voices."""
    generate, made = context._engine.al.generate_source, []

    def limited() -> int:
        if len(made) == 3:
            raise palace.OpenALError("alGenSources", 0xA005, "no more")
        made.append(generate())
        return made[-1]

    monkeypatch.setattr(context._engine.al, "generate_source", limited)
    return context


def play(buffer: palace.Buffer, priority: int = 0, *, looping: bool = False) -> palace.Source:
    source = palace.Source()
    source.priority, source.looping = priority, looping
    return buffer.play(source)


def test_10000_plays_neither_fail_nor_leak(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    for turn in range(10_000):
        buffer.play()
        if turn % 100 == 0:
            device.render(64)
            context.update()
    stats = context.stats()
    assert 200 < stats["voices"] < 300
    assert stats["stolen"] > 0
    device.render(LENGTH * 2)
    context.update()
    assert context.stats()["sources"] == 0
    assert buffer.source_count == 0
    assert context.stats()["voices"] == stats["voices"]


def test_5000_sources_live_at_once(buffer: palace.Buffer, context: palace.Context) -> None:
    sources = [buffer.play() for _ in range(5000)]
    assert sum(source.playing for source in sources) == context.stats()["voices"]
    assert all(source.playing for source in sources[-100:])


def test_oldest_one_shot_is_stolen_first(few: palace.Context, buffer: palace.Buffer) -> None:
    received = []
    few.push_handlers(on_source_force_stopped=received.append)
    first, second, third = (play(buffer) for _ in range(3))
    fourth = play(buffer)
    assert [source.playing for source in (first, second, third, fourth)] == [False, True, True, True]
    assert received == []
    few.update()
    assert received == [first]


def test_replay_makes_a_source_newest(few: palace.Context, buffer: palace.Buffer) -> None:
    first, second, _ = (play(buffer) for _ in range(3))
    buffer.play(first)
    play(buffer)
    assert first.playing
    assert not second.playing


def test_lowest_priority_is_stolen(few: palace.Context, buffer: palace.Buffer) -> None:
    high, low, middle = play(buffer, 5), play(buffer, 1), play(buffer, 3)
    newcomer = play(buffer, 3)
    assert not low.playing
    assert all(source.playing for source in (high, middle, newcomer))


def test_loops_resist_equal_priority(few: palace.Context, buffer: palace.Buffer) -> None:
    """Looping and paused sounds lose their voice to a strictly higher priority only."""
    received = []
    few.push_handlers(on_source_force_stopped=received.append)
    loops = [play(buffer, looping=True) for _ in range(2)]
    paused = play(buffer)
    paused.pause()
    unheard = play(buffer)
    assert not unheard.playing
    assert unheard.buffer is None
    few.update()
    assert received == [unheard]
    assert all(loop.playing for loop in loops)
    assert paused.paused
    assert play(buffer, 1).playing
    assert [loop.audible for loop in loops] == [False, True]
    few.update()
    assert received == [unheard]


def test_silent_source_may_play_again(few: palace.Context, buffer: palace.Buffer) -> None:
    for _ in range(3):
        play(buffer, 9)
    source = play(buffer)
    assert not source.playing
    buffer.sources[0].stop()
    buffer.play(source)
    assert source.playing


class EndTimes:
    """Plays, lets time pass in small steps, and records the frame at which the end was reported."""

    def __init__(self, context: palace.Context, device: palace.LoopbackDevice) -> None:
        self.context, self.device = context, device
        self.received: list[palace.Source] = []
        context.push_handlers(on_source_stopped=self.received.append)

    def check(self, frames: int, sources: list[palace.Source], step: int = 64) -> None:
        """At every step, the reported sources are those that OpenAL says have ended."""
        for _ in range(0, frames, step):
            self.device.render(step)
            ended = {source for source in sources if not source.playing and not source.paused}
            self.context.update()
            assert set(self.received) == ended
            assert len(self.received) == len(set(self.received))


def test_no_end_is_missed_or_early(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    ends = EndTimes(context, device)
    plain, fast, slow, sought, looped, paused, late = sources = [play(buffer) for _ in range(7)]
    ends.check(640, sources)
    fast.pitch, slow.pitch = 2.5, 0.6
    sought.offset = 4000
    looped.looping = True
    paused.pause()
    ends.check(640, sources)
    assert sought in ends.received
    late.offset = 0
    ends.check(LENGTH, sources)
    assert {plain, fast, late} <= set(ends.received)
    assert slow not in ends.received
    slow.pitch = 4
    looped.looping = False
    paused.resume()
    ends.check(2 * LENGTH, sources)
    assert len(ends.received) == 7


class RandomPlayback:
    """Sounds to which anything may happen at any time, by chance."""

    def __init__(self, buffers: list[palace.Buffer], context: palace.Context, seed: int) -> None:
        self.buffers, self.context, self.random = buffers, context, random.Random(seed)
        self.groups = [palace.SourceGroup() for _ in range(5)]
        self.alive: list[palace.Source] = []
        self.done: Counter[str] = Counter()

    def begin(self) -> None:
        """Play one more sound."""
        source = palace.Source()
        source.position = 0, 0, -5
        source.group = self.random.choice([None, *self.groups])
        source.looping = self.random.random() < 0.2
        self.random.choice(self.buffers).play(source)
        self.alive.append(source)

    def stir(self) -> None:
        """Do something to one of them, or to a group, or to the listener."""
        ways = [way for way in dir(self) if way.startswith("do_")]
        weights = [1 if way in ("do_listener", "do_doppler") else 10 for way in ways]
        way = self.random.choices(ways, weights)[0]
        self.done[way] += 1
        getattr(self, way)(self.random.choice(self.alive), self.random.choice(self.groups))

    def do_speed(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.pitch = self.random.choice([0.2, 0.5, 0.9, 1, 1.3, 2, 4])

    def do_group_speed(self, source: palace.Source, group: palace.SourceGroup) -> None:
        group.pitch = self.random.choice([0.25, 0.5, 1, 1.01, 2, 3])

    def do_regroup(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.group = self.random.choice([None, group])

    def do_move_group(self, source: palace.Source, group: palace.SourceGroup) -> None:
        parent = self.random.choice([None, *self.groups])
        above = parent
        while above is not None and above is not group:
            above = above.parent_group
        if above is None:
            group.parent_group = parent

    def do_seek(self, source: palace.Source, group: palace.SourceGroup) -> None:
        if source.buffer is not None:
            source.offset = self.random.randrange(source.buffer.length)

    def do_loop(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.looping = self.random.random() < 0.3

    def do_pause(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.pause()

    def do_resume(self, source: palace.Source, group: palace.SourceGroup) -> None:
        for paused in self.alive:
            paused.resume()

    def do_pause_group(self, source: palace.Source, group: palace.SourceGroup) -> None:
        group.pause_all()

    def do_resume_group(self, source: palace.Source, group: palace.SourceGroup) -> None:
        group.resume_all()

    def do_velocity(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.velocity = self.random.choice([(0, 0, 0), (0, 0, 200), (0, 0, -200)])

    def do_position(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.position = 0, 0, self.random.choice([-5, 5])

    def do_own_doppler(self, source: palace.Source, group: palace.SourceGroup) -> None:
        source.doppler_factor = self.random.choice([0, 0.5, 1])

    def do_doppler(self, source: palace.Source, group: palace.SourceGroup) -> None:
        self.context.doppler_factor = self.random.choice([0, 0.5, 1])

    def do_listener(self, source: palace.Source, group: palace.SourceGroup) -> None:
        self.context.listener.velocity = self.random.choice([(0, 0, 0), (0, 0, 0), (0, 0, 100), (0, 0, -100)])

    def do_replay(self, source: palace.Source, group: palace.SourceGroup) -> None:
        self.random.choice(self.buffers).play(source)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_ends_are_exact(
    tmp_path: Path, buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, seed: int
) -> None:
    slow = palace.Buffer(sounds.wav(tmp_path / "slow.wav", 1500, rate=22050))
    turmoil = RandomPlayback([buffer, slow], context, seed)
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    ends = 0
    for step in range(4000):
        while len(turmoil.alive) < 12:
            turmoil.begin()
        turmoil.stir()
        device.render(turmoil.random.choice([1, 30, 64, 150, 441]))
        ended = [source for source in turmoil.alive if not source.playing and not source.paused]  # asks OpenAL
        received.clear()
        context.update()
        assert sorted(received) == ended, step
        for source in ended:
            turmoil.alive.remove(source)
        ends += len(ended)
    assert ends > 300
    assert len(turmoil.done) == 16
    assert min(turmoil.done.values()) > 10


@pytest.mark.parametrize("pitch", [0.01, 0.137, 1.0001, 3.3, 9.9])
def test_ends_are_exact_at_odd_pitches(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, pitch: float
) -> None:
    ends = EndTimes(context, device)
    source = palace.Source()
    source.pitch = pitch
    buffer.play(source)
    frames = int(LENGTH / pitch * 1.1) + 200
    ends.check(frames, [source], step=max(64, frames // 300))
    assert ends.received == [source]


def test_ends_use_the_sound_rate(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    ends = EndTimes(context, device)
    source = palace.Buffer(sounds.wav(tmp_path / "slow.wav", 800, rate=8000)).play()
    ends.check(RATE // 10 - 128, [source])
    assert source.playing
    ends.check(512, [source])
    assert ends.received == [source]


def test_moving_listener_misses_no_end(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    ends = EndTimes(context, device)
    source = palace.Source()
    source.position = (0, 0, -50)
    palace.Buffer(sounds.wav(tmp_path / "a.wav", LENGTH)).play(source)
    context.listener.velocity = (0, 0, -300)  # towards it: the pitch goes up
    ends.check(LENGTH * 3 // 4, [source])
    assert ends.received == [source]


def test_update_polls_no_early_voice(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(50):
        buffer.play()
    asked: list[int] = []
    ask = context._engine.al.source_integer
    monkeypatch.setattr(context._engine.al, "source_integer", lambda *what: (asked.append(what[0]), ask(*what))[1])
    device.render(LENGTH // 2)
    context.update()
    assert asked == []
    device.render(LENGTH)
    context.update()
    assert len(asked) == 50


def test_ends_without_a_device_clock(tmp_path: Path, device: palace.LoopbackDevice) -> None:
    device._native.has_clock = False
    context = palace.Context(device, auto_update=False)
    palace.use_context(context)
    ends = EndTimes(context, device)
    source = palace.Buffer(sounds.wav(tmp_path / "a.wav", 1000)).play()
    ends.check(1500, [source])
    assert ends.received == [source]


@pytest.mark.parametrize(
    "change",
    [
        lambda source: setattr(source, "looping", True),
        lambda source: setattr(source, "pitch", 0.01),
        lambda source: setattr(source, "offset", 1),
    ],
)
def test_change_after_the_end_keeps_event(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, change: Callable[[object], None]
) -> None:
    ends = EndTimes(context, device)
    source = buffer.play()
    device.render(LENGTH + 100)
    change(source)
    context.update()
    assert ends.received == [source]


def test_sound_beyond_its_loop_ends(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    ends = EndTimes(context, device)
    buffer.loop_points = (100, 200)
    started, moved, turned = sources = [palace.Source() for _ in range(3)]
    for source in sources:
        source.looping = source is not turned
    started.offset = 1000
    for source in sources:
        buffer.play(source)
    device.render(512)
    moved.offset = 300
    turned.looping = True
    ends.check(LENGTH, sources)
    assert set(ends.received) == set(sources)


def test_deferred_changes_miss_no_end(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    ends = EndTimes(context, device)
    source = palace.Source()
    source.pitch = 4
    buffer.play(source)
    device.render(64)
    context.start_batch()
    source.pitch = 0.25
    ends.check(LENGTH, [source])
    context.end_batch()
    ends.check(64, [source])
    assert ends.received == [source]


def test_plays_end_after_a_disconnection(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device._native, "is_connected", lambda: False)
    context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
    context.update()
    ends = EndTimes(context, device)
    source = buffer.play()
    monkeypatch.setattr(palace.Device, "clock_time", 0)  # it stands still
    device.render(2 * LENGTH)  # OpenAL stops what plays on a lost device
    context.update()
    assert ends.received == [source]


@pytest.mark.parametrize("failing", ["alSourcePlay", "alSourcefv"])
def test_refused_play_leaves_no_trace(
    buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def refuse(*_: object) -> None:
        raise palace.OpenALError(failing, 0xA004, "refused")

    source = palace.Source()
    source.gain = 0.5
    with monkeypatch.context() as patch:
        patch_al(patch, failing, refuse if failing == "alSourcePlay" else Once(context._engine.al.alSourcefv))
        with pytest.raises(palace.OpenALError):
            buffer.play(source)
    assert buffer.source_count == context.stats()["sources"] == 0
    assert context.stats()["voices"] == 1
    buffer.play(source)
    assert source.playing


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("gain", "AL_GAIN, [0.5]"), ("position", "AL_POSITION, [1.0, 0.0, 0.0]")],
)
def test_refused_setting_names_the_call(
    buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch, name: str, arguments: str
) -> None:
    """Settings are sent without a check of each call. After an error they are sent again, with checks."""
    source = buffer.play()
    before = getattr(source, name)
    with monkeypatch.context() as patch:
        patch.setattr(source._state.voice, "number", 9999)
        with pytest.raises(
            palace.OpenALError, match=re.escape(f"alSourcefv(9999, {arguments}) failed: AL_INVALID_NAME")
        ):
            setattr(source, name, 0.5 if name == "gain" else (1, 0, 0))
    assert getattr(source, name) == before
    context.listener.gain = 0.5  # the error was read: another call does not report it


class Once:
    """Refuses the first call."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function, self.refused = function, False

    def __call__(self, *arguments: object) -> object:
        if not self.refused:
            self.refused = True
            raise palace.OpenALError("alSourcefv", 0xA004, "refused")
        return self.function(*arguments)


def test_changing_pitch_keeps_heap_small(buffer: palace.Buffer, context: palace.Context) -> None:
    source = buffer.play()
    for turn in range(5000):
        source.pitch = 1 + turn % 7 / 10
    assert len(context._engine.voices.end_times) < 200


@pytest.fixture
def asked(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """OpenAL sources that OpenAL is asked about."""
    numbers: list[int] = []
    ask = context._engine.al.source_integer
    monkeypatch.setattr(context._engine.al, "source_integer", lambda *what: (numbers.append(what[0]), ask(*what))[1])
    return numbers


def test_deferred_changes_poll_their_voices(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, asked: list[int]
) -> None:
    sources = [buffer.play() for _ in range(20)]
    device.render(64)
    context.start_batch()
    sources[3].pitch = 0.9
    sources[4].gain = 0.5
    context.end_batch()
    asked.clear()
    context.update()
    assert set(asked) == {sources[3]._state.voice.number}  # type: ignore[union-attr]
    asked.clear()
    context.update()
    assert asked == []


def test_still_listener_polls_no_voice(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, asked: list[int]
) -> None:
    for _ in range(20):
        buffer.play()
    device.render(64)
    for _ in range(3):
        context.listener.velocity = (0, 0, 0)
        context.update()
    assert asked == []


def test_theft_examines_few_voices(
    buffer: palace.Buffer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyglet_palace._playback import stealing

    while not context.stats()["stolen"]:
        buffer.play()
    ranked = 0
    rank = stealing._rank

    def counting(voice: object) -> object:
        nonlocal ranked
        ranked += 1
        return rank(voice)  # type: ignore[arg-type]

    monkeypatch.setattr(stealing, "_rank", counting)
    for _ in range(100):
        buffer.play()
    assert ranked <= 400


@pytest.mark.parametrize("change", ["priority", "looping", "pause", "resume", "unloop", "replay"])
def test_stealing_order_stays_current(few: palace.Context, buffer: palace.Buffer, change: str) -> None:
    for _ in range(3):
        play(buffer)
    play(buffer)  # from now on there is a line
    oldest, second, third = sorted(buffer.sources, key=lambda source: source._state.voice.started)  # type: ignore[union-attr]
    if change == "priority":
        second.priority = third.priority = 1
        oldest.priority = 2
        expected = second
        newcomer = 1
    elif change == "looping":
        oldest.looping = True
        expected, newcomer = second, 0
    elif change == "unloop":
        oldest.looping = True
        oldest.looping = False
        expected, newcomer = oldest, 0
    elif change == "pause":
        oldest.pause()
        expected, newcomer = second, 0
    elif change == "resume":
        oldest.pause()
        oldest.resume()
        expected, newcomer = oldest, 0
    else:
        buffer.play(oldest)
        expected, newcomer = second, 0
    play(buffer, newcomer)
    assert [source for source in (oldest, second, third) if not (source.playing or source.paused)] == [expected]


def test_one_shot_goes_before_loops(few: palace.Context, buffer: palace.Buffer) -> None:
    loop, _, _ = play(buffer, looping=True), play(buffer), play(buffer)
    play(buffer, 1)
    play(buffer, 1)
    assert loop.audible
    play(buffer, 1)
    assert not loop.audible


def test_refused_answer_loses_no_end(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = EndTimes(context, device)
    sources = [play(buffer) for _ in range(5)]
    device.render(2 * LENGTH)
    ask = Once(context._engine.al.source_integer)
    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "source_integer", ask)
        with pytest.raises(palace.OpenALError):
            context.update()
    context.update()
    assert set(ends.received) == set(sources)


def test_paused_voices_are_no_work(buffer: palace.Buffer, context: palace.Context) -> None:
    first, second = play(buffer), play(buffer)
    assert context._engine.voices.any_playing()
    first.pause()
    assert context._engine.voices.any_playing()
    second.pause()
    assert not context._engine.voices.any_playing()
    buffer.play(first)
    assert context._engine.voices.any_playing()
    first.stop()
    assert not context._engine.voices.any_playing()
    second.stop()
    assert not context._engine.voices.any_playing()
    play(buffer)
    assert context._engine.voices.any_playing()


def test_offset_after_the_end_is_kept(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    source = buffer.play()
    device.render(2 * LENGTH)  # it has ended, and no update has seen it
    source.offset = 1000
    assert source.offset == 1000
    buffer.play(source)
    assert source.offset == 1000
    device.render(2 * LENGTH)
    source.offset = 10 * LENGTH  # past the end: the next play begins at its start
    buffer.play(source)
    assert source.offset == 0


def test_stop_forgets_a_kept_offset(buffer: palace.Buffer, context: palace.Context) -> None:
    source = palace.Source()
    source.offset = 1000
    source.stop()
    assert source.offset == 0
    assert buffer.play(source).offset == 0


def test_ended_sound_ignores_looping(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    ends = EndTimes(context, device)
    source = buffer.play()
    device.render(64)
    context.start_batch()
    source.looping = True
    device.render(2 * LENGTH)
    still = source.playing  # OpenAL Soft 1.19 and 1.23 hold back the one, or do not
    context.end_batch()
    ends.check(2 * LENGTH, [source])
    assert ends.received == ([] if still else [source])


@pytest.mark.parametrize("again", [False, True])
def test_refused_steal_reports_the_victim(
    buffer: palace.Buffer, few: palace.Context, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """OpenAL refuses to detach the sound of the stolen voice: the play fails, and the victim's end is reported.

    If it is refused again, the voice is lost. The other voices are stolen then.
    """
    victims = [play(buffer) for _ in range(3)]
    received: list[palace.Source] = []
    few.push_handlers(on_source_force_stopped=received.append)
    with monkeypatch.context() as patch:
        patch.setattr(
            few._engine.al,
            "alSourceStop",
            lambda number: (_ for _ in ()).throw(palace.OpenALError("alSourceStop", 0xA005, "refused")),
        )
        with pytest.raises(palace.OpenALError):
            play(buffer, priority=1)
        if again:
            few.update()
    few.update()
    assert received == victims[:1]
    assert play(buffer, priority=1).playing


def test_interrupted_play_loses_no_voice(
    buffer: palace.Buffer, few: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a play, and again in its clean-up: the next play returns the voice to the pool."""
    sources = [play(buffer) for _ in range(3)]
    for source in sources:
        source.stop()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(few._engine.voices.end_times, "record", interrupted)
        patch.setattr(few._engine.voices, "_reset_voice", interrupted)
        with pytest.raises(KeyboardInterrupt):
            play(buffer)
    assert all(play(buffer).playing for _ in range(3))
    assert few.stats()["stolen"] == 0
