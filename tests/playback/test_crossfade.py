"""Curves of fades, crossfades and the gain of a volume slider, by what is rendered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._playback.voice import GAIN
from tests import sounds
from tests.conftest import RATE, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from pyglet_palace._playback.fades import Curve

STEP = 441


@pytest.fixture
def noises(tmp_path: Path, context: palace.Context) -> tuple[palace.Buffer, palace.Buffer]:
    """Four seconds of noise, and of other noise."""
    paths = [tmp_path / f"{seed}.wav" for seed in (1, 2)]
    for seed, path in enumerate(paths):
        sounds.write(path, sounds.noise(4 * RATE, seed=seed), subtype="FLOAT")
    return palace.Buffer(paths[0]), palace.Buffer(paths[1])


def render(context: palace.Context, ms: float) -> Any:
    """What is heard, with an update every 10 ms."""
    blocks = []
    for _ in range(round(ms * RATE / 1000 / STEP)):
        blocks.append(palace_device(context).render(STEP))
        context.update()
    return np.concatenate(blocks)


def palace_device(context: palace.Context) -> palace.LoopbackDevice:
    device = context.device
    assert isinstance(device, palace.LoopbackDevice)
    return device


def decibels(out: Any, ms: float = 50) -> Any:
    """The level of each `ms`."""
    frames = round(ms * RATE / 1000)
    count = len(out) // frames
    return 10 * np.log10(np.mean(out[: count * frames].reshape(count, -1) ** 2, axis=1) + 1e-20)


def heard(source: palace.Source) -> float:
    return float(source._state.parameters.get(GAIN, 1.0))


def in_group(buffer: palace.Buffer) -> tuple[palace.Source, palace.SourceGroup]:
    source, group = palace.Source(), palace.SourceGroup()
    source.group = group
    return buffer.play(source), group


LAWS: dict[Curve, Any] = {
    "decibel": lambda part: 10 ** (-part),  # 20 dB down
    "linear": lambda part: 1 - 0.9 * part,
    "equal power": lambda part: math.sqrt(1 - 0.99 * math.sin(math.pi / 2 * part) ** 2),
}


@pytest.mark.parametrize("curve", LAWS)
@pytest.mark.parametrize("grouped", [False, True])
def test_output_follows_the_curve(context: palace.Context, tmp_path: Path, curve: Curve, grouped: bool) -> None:
    """From 1 to 0.1, for sources and groups."""
    path = sounds.write(tmp_path / "level.wav", np.full((2 * RATE, 2), 0.5), subtype="FLOAT")
    source, group = in_group(palace.Buffer(path))
    render(context, 50)
    (group if grouped else source).fade_to(0.1, 1000, curve=curve)
    out = render(context, 1100)[:, 0] / 0.5
    for part in (0.1, 0.25, 0.5, 0.75, 0.9):
        # At most two steps late: OpenAL ramps to the gain of the latest update.
        assert LAWS[curve](part) * 0.999 < out[round(part * RATE)] < LAWS[curve](part - 0.02) * 1.001
    assert out[-1] == pytest.approx(0.1)


@pytest.mark.parametrize("curve", ["linear", "equal power"])
def test_curve_ends_in_silence_and_stops(
    context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer], curve: Curve
) -> None:
    source = noises[0].play()
    source.fade_out_to_stop(0, 100, curve=curve)
    render(context, 90)
    assert 0 < heard(source) < 0.2
    render(context, 20)
    assert not source.playing
    assert np.all(render(context, 50)[-100:] == 0)


def test_unknown_curve_is_refused(context: palace.Context) -> None:
    message = "curve is 'lin'; it must be one of 'decibel', 'linear', 'equal power'"
    for fading in (palace.Source(), palace.SourceGroup()):
        with pytest.raises(ValueError, match=message):
            fading.fade_to(1, 100, curve="lin")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=message):
            fading.fade_out_to_stop(1, 100, curve="lin")  # type: ignore[arg-type]


@pytest.mark.parametrize("grouped", [False, True])
def test_crossfade_is_even(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer], grouped: bool) -> None:
    """Uncorrelated noise: no dip below -1 dB, and no bump above 1 dB."""
    old, old_group = in_group(noises[0])
    normal = decibels(render(context, 500))[1:].mean()
    new, new_group = in_group(noises[1])
    palace.crossfade(*((old_group, new_group) if grouped else (old, new)), 1000)
    levels = decibels(render(context, 1500)) - normal
    assert levels.min() > -1
    assert levels.max() < 1
    assert not old.playing
    assert new.playing
    assert heard(new) == 1
    replayed = noises[0].play(old)
    assert heard(replayed) == 1  # its group too


def test_crossfade_starts_in_silence(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]) -> None:
    new = noises[1].play()
    palace.crossfade(palace.Source(), new, 1000)  # the old one is idle
    assert decibels(render(context, 50))[0] < -25
    render(context, 450)
    assert heard(new) == pytest.approx(math.sqrt(0.5), rel=0.01)


def test_crossfade_starts_at_a_kept_factor(
    context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]
) -> None:
    """A sound that a fade has left at a factor is heard already: silence would be a gap."""
    new = noises[1].play()
    new.fade_to(0.5, 100)
    render(context, 200)
    palace.crossfade(palace.Source(), new, 1000)
    assert heard(new) == 0.5


def test_crossfade_may_turn_around(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]) -> None:
    """Half way back to the first sound: it goes on where it is, and the level stays even."""
    one = noises[0].play()
    normal = decibels(render(context, 500))[1:].mean()
    two = noises[1].play()
    palace.crossfade(one, two, 1000)
    levels = [decibels(render(context, 500))]
    palace.crossfade(two, one, 1000)
    assert heard(one) == pytest.approx(math.sqrt(0.5), rel=0.01)
    levels.append(decibels(render(context, 1200)))
    assert np.abs(np.concatenate(levels) - normal).max() < 1
    assert heard(one) == 1
    assert one.playing
    assert not two.playing


def test_crossfade_turned_at_once_is_even(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]) -> None:
    one, two = noises[0].play(), noises[1].play()
    palace.crossfade(one, two, 1000)
    palace.crossfade(two, one, 1000)
    render(context, 100)
    assert heard(one) == 1


def test_crossfade_sends_no_event(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]) -> None:
    received: list[Any] = []
    context.push_handlers(on_source_stopped=received.append, on_source_force_stopped=received.append)
    palace.crossfade(noises[0].play(), noises[1].play(), 100)
    render(context, 200)
    assert received == []


def test_wrong_crossfades_are_refused(context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer]) -> None:
    one, two = noises[0].play(), noises[1].play()
    with pytest.raises(ValueError, match="a crossfade needs two"):
        palace.crossfade(one, one, 100)
    with pytest.raises(ValueError, match="ms is 0; it must be more than 0"):
        palace.crossfade(one, two, 0)
    with pytest.raises(TypeError, match=r"old is <Buffer .*; it must be a Source or a SourceGroup"):
        palace.crossfade(noises[0], two, 100)  # type: ignore[arg-type]
    destroyed = palace.Source()
    destroyed.destroy()
    with pytest.raises(palace.DestroyedError):
        palace.crossfade(one, destroyed, 100)
    assert heard(one) == heard(two) == 1
    render(context, 50)
    assert heard(one) == heard(two) == 1


@pytest.mark.parametrize("was", ["new", "stopped", "ended"])
def test_crossfade_to_an_idle_source_is_refused(
    context: palace.Context, noises: tuple[palace.Buffer, palace.Buffer], was: str
) -> None:
    """The old sound would fade to silence."""
    new = palace.Source()
    if was != "new":
        noises[1].play(new, offset_seconds=3.9)
    if was == "stopped":
        new.stop()
    elif was == "ended":
        render(context, 200)
    old = noises[0].play()
    with pytest.raises(RuntimeError, match=r"new is <Source, idle>; let it play .* new.play\(sound\)"):
        palace.crossfade(old, new, 100)
    render(context, 200)
    assert old.playing
    assert heard(old) == 1


@pytest.mark.parametrize("loss", ["no voice", "stolen", "not found"])
def test_crossfade_to_a_lost_sound_is_no_error(
    device: palace.LoopbackDevice, tmp_path: Path, loss: str, logged_warnings: Any
) -> None:
    """A play never fails, so the next call does not fail either. The source has its event."""
    context = palace.Context(device, auto_update=False, voices=2)
    palace.use_context(context)
    one = palace.Buffer(sounds.wav(tmp_path / "a.wav", RATE))
    old = one.play(priority=2)
    if loss == "not found":
        new = palace.play("missing.wav")
        loaded(context)
    else:
        new = palace.Source(priority=int(loss == "stolen"))
        if loss == "no voice":
            one.play(priority=2)
        one.play(new)
        if loss == "stolen":
            one.play(priority=1)
    assert not new.playing
    palace.crossfade(old, new, 100)
    render(context, 200)
    assert not old.playing
    one.play(new)
    new.stop()
    with pytest.raises(RuntimeError, match="new is <Source, idle>"):
        palace.crossfade(old, new, 100)


def test_perceptual_gain_sounds_even() -> None:
    """Silence and full at the ends; between them, between equal steps of loudness in sones and 60 dB in equal steps."""
    assert palace.perceptual_gain(0) == 0
    assert palace.perceptual_gain(1) == 1
    for volume in np.arange(0.15, 1, 0.05):
        assert 10 ** (3 * (volume - 1)) < palace.perceptual_gain(volume) < volume ** (1 / 0.6)
    assert 20 * math.log10(palace.perceptual_gain(0.5)) == pytest.approx(-18, abs=0.1)
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="volume is"):
            palace.perceptual_gain(wrong)
