"""Groups as mixer channels: mute and filter, and random trees compared with a model."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import constants as c
from pyglet_palace._openal import filters
from pyglet_palace._playback import voice_parameters
from tests import sounds
from tests.conftest import RATE

if TYPE_CHECKING:
    from pathlib import Path

HIGH, MIDDLE, LOW = 5000, 1000, 250
FULL = 3.4028234663852886e38


@pytest.fixture
def noise(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    return palace.Buffer(sounds.write(tmp_path / "noise.wav", sounds.noise(RATE), subtype="FLOAT"))


@pytest.fixture
def chord(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    """A sine at each of the frequencies above."""
    data = sum(sounds.tone(1.0, frequency, 0.1, channels=2) for frequency in (LOW, MIDDLE, HIGH))
    return palace.Buffer(sounds.write(tmp_path / "chord.wav", data, subtype="FLOAT"))


@pytest.fixture
def tree(context: palace.Context) -> tuple[palace.SourceGroup, palace.SourceGroup]:
    """A group and its parent."""
    child, parent = palace.SourceGroup(), palace.SourceGroup()
    child.parent_group = parent
    return child, parent


Tree = tuple[palace.SourceGroup, palace.SourceGroup]


def play(buffer: palace.Buffer, group: palace.SourceGroup | None) -> palace.Source:
    source = palace.Source()
    source.group, source.looping = group, True
    return buffer.play(source)


def test_muted_is_exact_silence(noise: palace.Buffer, tree: Tree, device: palace.LoopbackDevice) -> None:
    """For sounds that play and for later ones. Unmuting restores the gains, set meanwhile or before."""
    child, parent = tree
    child.gain = 0.5
    source = play(noise, child)
    parent.muted = True
    device.render(4096)
    later = play(noise, child)
    source.gain = 0.25
    device.render(1024)
    assert np.all(device.render(4096) == 0)
    assert source.playing
    child.gain = 0.5
    later.stop()
    parent.muted = False
    assert (parent.gain, child.gain, parent.muted) == (1, 0.5, False)
    device.render(1024)
    start = source.offset
    samples = sounds.noise(RATE)
    assert device.render(4096) == pytest.approx(samples[start : start + 4096] * 0.125, abs=1e-6)


def test_mute_of_each_group_counts(noise: palace.Buffer, tree: Tree, device: palace.LoopbackDevice) -> None:
    child, parent = tree
    play(noise, child)
    parent.muted = child.muted = True
    parent.muted = False
    device.render(2048)
    assert np.all(device.render(1024) == 0)
    child.parent_group = None
    device.render(1024)
    assert np.all(device.render(1024) == 0)
    child.muted = False
    device.render(1024)
    assert np.any(device.render(1024) != 0)


def test_filters_multiply(chord: palace.Buffer, tree: Tree, device: palace.LoopbackDevice) -> None:
    """In the order of plays and settings that a game may use."""
    child, parent = tree
    factors = []
    source = play(chord, child)
    for setting in range(3):
        if setting == 1:
            child.filter, parent.filter = (1, 0.5, 1), (0.5, 0.5, 0.5)
        elif setting == 2:
            source.filter = (1, 0.4, 0.5)
        device.render(RATE // 10)
        out = device.render(RATE // 2)[:, 0]
        factors.append(np.abs(np.fft.rfft(out))[[LOW // 2, MIDDLE // 2, HIGH // 2]])
    ends = [0, 2]  # the middle is within the slopes
    assert (factors[1] / factors[0])[ends] == pytest.approx([0.25, 0.125], rel=0.05)
    assert (factors[2] / factors[0])[ends] == pytest.approx([0.125, 0.05], rel=0.05)
    assert (source.filter, child.filter, parent.filter) == ((1, 0.4, 0.5), (1, 0.5, 1), (0.5, 0.5, 0.5))


@pytest.mark.parametrize("order", ["set, play", "play, set", "join", "adopt", "replay"])
def test_product_is_one_filter(
    noise: palace.Buffer, tree: Tree, context: palace.Context, device: palace.LoopbackDevice, order: str
) -> None:
    """Group and source together sound like one source with the product, sample by sample."""
    child, parent = tree
    outputs = []
    for grouped in (True, False):
        source = palace.Source()
        if not grouped:
            source.filter = (0.4, 0.1, 0.25)
        else:
            source.filter = (0.5, 0.2, 1)
        if grouped and order == "replay":
            source.group = child
            noise.play(source)
            source.stop()
        if grouped and order == "play, set":
            source.group = child
            noise.play(source)
        if grouped:
            if order == "adopt":
                child.parent_group = None
            child.filter, parent.filter = (0.8, 1, 0.25), (1, 0.5, 1)
            if order in ("set, play", "adopt"):
                source.group = child
        if order != "play, set" or not grouped:
            noise.play(source)
        if grouped and order == "join":
            source.group = child
        if grouped and order == "adopt":
            child.parent_group = parent
        outputs.append(device.render(4096))
        source.stop()
        device.render(4096)
    assert np.any(outputs[0] != 0)
    assert outputs[0] == pytest.approx(outputs[1], abs=1e-6)


def test_left_group_filters_no_more(noise: palace.Buffer, tree: Tree, device: palace.LoopbackDevice) -> None:
    source = play(noise, tree[0])
    tree[1].filter = (0, 1, 1)
    device.render(2048)
    assert np.all(device.render(1024) == 0)
    source.group = None
    device.render(1024)
    assert np.any(device.render(1024) != 0)
    assert source._state.parameters == {}


@pytest.mark.parametrize(
    ("name", "wrong", "error"),
    [
        ("filter", 1, TypeError),
        ("filter", (1, 1), TypeError),
        ("filter", (1, math.nan, 1), ValueError),
        ("muted", [1], None),
    ],
)
def test_mixer_properties_check_values(
    context: palace.Context, name: str, wrong: object, error: type[Exception] | None
) -> None:
    group = palace.SourceGroup()
    before = getattr(group, name)
    if error is None:
        setattr(group, name, wrong)
        assert getattr(group, name) is True
    else:
        with pytest.raises(error, match=f"{name}.* is"):
            setattr(group, name, wrong)
        assert getattr(group, name) == before


def test_refused_step_is_sent_again(noise: palace.Buffer, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error half-way leaves the old value; the same assignment then reaches every voice."""
    sources = [play(noise, group) for group in tree]
    functions = type(_openal.functions())

    def refuse(*_: object) -> None:
        raise palace.OpenALError("alSourcefv", 0, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(functions, "set_float_of_sources", refuse)
        with pytest.raises(palace.OpenALError):
            tree[1].gain = 0.5
    assert tree[1].gain == 1
    tree[1].gain = 0.5
    assert [gain_in_openal(source) for source in sources] == [0.5, 0.5]


def test_error_of_a_batch_names_the_call(noise: palace.Buffer, context: palace.Context) -> None:
    al = _openal.functions()
    with (
        context._engine.scope,
        pytest.raises(palace.OpenALError, match=r"alSourcefv\(sources, AL_GAIN, \w+\) failed"),
    ):
        al.set_float_of_sources(c.AL_GAIN, [4_000_000], [0.5])
    noise.play().gain = 0.5  # the error was read


# Random trees


def number_of(source: palace.Source) -> int:
    voice = source._state.voice
    assert voice is not None
    return voice.number


def gain_in_openal(source: palace.Source) -> float:
    with source.context._engine.scope as al:
        return al.source_float(number_of(source), c.AL_GAIN)


class Model:
    """What a few rules say of gain, pitch and filter, in a dictionary a group or source."""

    def __init__(self, clock: Any) -> None:
        self.values: dict[Any, dict[str, Any]] = {}
        self.parents: dict[Any, Any] = {}
        self.fades: dict[Any, tuple[float, float, float, float]] = {}  # from, to, start, length in seconds
        self.clock = clock

    def add(self, thing: Any) -> None:
        self.values[thing] = {"gain": 1.0, "pitch": 1.0, "muted": False, "filter": (1.0, 1.0, 1.0), "factor": 1.0}
        self.parents[thing] = None

    def line(self, thing: Any) -> list[Any]:
        """It and all above."""
        return [thing, *self.line(self.parents[thing])] if thing is not None else []

    def below(self, thing: Any) -> list[Any]:
        return [other for other in self.values if thing in self.line(other)]

    def gain(self, source: Any) -> float:
        values = [self.values[thing] for thing in self.line(source)]
        return math.prod(0.0 if value["muted"] else value["gain"] * value["factor"] for value in values)

    def pitch(self, source: Any) -> float:
        return math.prod(self.values[thing]["pitch"] for thing in self.line(source))

    def filter(self, source: Any) -> Any:
        return np.prod([self.values[thing]["filter"] for thing in self.line(source)], axis=0)

    def advance(self, now: float) -> None:
        for thing, (start, target, since, length) in list(self.fades.items()):
            part = min((now - since) / length, 1.0)
            self.values[thing]["factor"] = start + (target - start) * part
            if part == 1:
                del self.fades[thing]


@pytest.mark.parametrize("seed", range(12))
def test_random_trees_obey_the_model(
    noise: palace.Buffer,
    context: palace.Context,
    device: palace.LoopbackDevice,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """Gain and pitch of every voice as OpenAL returns them, and the filter that it received last."""
    received: dict[int, Any] = {}
    original = filters.send_direct_filter_to_all

    def record(al: Any, numbers: Any, value: Any) -> None:
        received.update(dict.fromkeys(numbers, value))
        original(al, numbers, value)

    for module in (filters, voice_parameters):
        monkeypatch.setattr(module, "send_direct_filter_to_all", record)
    chance = random.Random(seed)
    clock = lambda: device.clock_time / 1e9  # noqa: E731
    model = Model(clock)
    groups = [palace.SourceGroup() for _ in range(6)]
    sources = [palace.Source() for _ in range(8)]
    for thing in (*groups, *sources):
        model.add(thing)
    for source in sources:
        source.looping = True

    for _ in range(150):
        action = chance.choice(["set", "set", "set", "regroup", "play", "stop", "fade", "time", "stop_all", "pause"])
        group, source = chance.choice(groups), chance.choice(sources)
        if action == "set":
            name, value = chance.choice(
                [
                    ("gain", chance.choice([0.0, 0.5, 1.0, 2.0, FULL])),
                    ("pitch", chance.choice([0.5, 1.0, 1.5])),
                    ("muted", chance.random() < 0.4),
                    ("filter", tuple(chance.choice([0.0, 0.5, 1.0]) for _ in range(3))),
                ]
            )
            thing = group if name == "muted" else chance.choice([group, source])
            setattr(thing, name, value)
            model.values[thing][name] = value
        elif action == "regroup":
            thing, parent = chance.choice([group, source]), chance.choice([None, *groups])
            if parent is None or thing not in model.line(parent):
                setattr(thing, "group" if thing is source else "parent_group", parent)
                model.parents[thing] = parent
        elif action == "play":
            noise.play(source)
            model.values[source]["factor"] = 1.0
        elif action == "stop":
            source.stop()
        elif action == "fade":
            target, length = chance.random(), chance.choice([0.1, 0.5])
            group.fade_to(target, length * 1000, curve="linear")
            model.advance(clock())
            model.fades[group] = model.values[group]["factor"], target, clock(), length
        elif action == "time":
            device.render(RATE // 20)
            context.update()
            model.advance(clock())
        elif action == "stop_all":
            if chance.random() < 0.5:
                group.stop_all()
                for thing in model.below(group):
                    if thing in groups:
                        model.values[thing]["factor"] = 1.0
                        model.fades.pop(thing, None)
        elif chance.random() < 0.5:  # and at once on again, so that no fade waits
            group.pause_all()
            group.resume_all()

        for playing in sources:
            if not playing.playing:
                continue
            number = number_of(playing)
            with context._engine.scope as al:
                gain, pitch = al.source_float(number, c.AL_GAIN), al.source_float(number, c.AL_PITCH)
            assert gain == pytest.approx(min(model.gain(playing), FULL), rel=1e-5, abs=1e-30)
            assert pitch == pytest.approx(model.pitch(playing), rel=1e-5)
            assert received.get(number, filters.OPEN) == pytest.approx(tuple(model.filter(playing)), rel=1e-9)
