"""Virtual voices: a loop without a voice keeps its position, and continues as if it had never been interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._playback import voice_pool
from tests import sounds
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LENGTH = 9001
#: Frames in which OpenAL fades in a sound that does not begin at frame 0.
FADE = 64


@pytest.fixture(autouse=True)
def _returns_take_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return all virtual voices in one update, on a slow machine. The budget has its own test."""
    monkeypatch.setattr(voice_pool, "RETURN_BUDGET", 10**12)


@pytest.fixture
def device() -> palace.LoopbackDevice:
    return palace.LoopbackDevice(RATE, "Mono")


@pytest.fixture
def context(device: palace.LoopbackDevice) -> palace.Context:
    """A context with two voices."""
    made = palace.Context(device, EXACT, auto_update=False, workers=1, voices=2)
    palace.use_context(made)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sounds.write(tmp_path / "noise.wav", sounds.noise(LENGTH, 1), RATE, "PCM_16")


@pytest.fixture
def silence(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    path = sounds.write(tmp_path / "silence.wav", np.zeros((300_000, 1), np.int16), RATE, "PCM_16")
    return palace.Buffer(path, context)


@pytest.fixture
def events(context: palace.Context) -> list[tuple[str, palace.Source]]:
    received: list[tuple[str, palace.Source]] = []
    for name in ("on_source_stopped", "on_source_force_stopped"):
        context.push_handlers(**{name: lambda source, name=name: received.append((name, source))})
    return received


def loop(sound: palace.Buffer | palace.BaseDecoder, priority: int = 0, **properties: Any) -> palace.Source:
    source = palace.Source()
    source.looping, source.priority = True, priority
    for name, value in properties.items():
        setattr(source, name, value)
    source.play(sound)
    return source


def steal(silence: palace.Buffer, priority: int = 9) -> list[palace.Source]:
    """Take both voices."""
    thieves = [palace.Source() for _ in range(2)]
    for thief in thieves:
        thief.priority = priority
        silence.play(thief)
    return thieves


def stop(sources: list[palace.Source]) -> None:
    for source in sources:
        source.stop()


def opened(kind: str, path: Path, loop_points: tuple[int, int], context: palace.Context) -> Any:
    """The sound as a buffer or as a decoder, with these loop points."""
    if kind == "buffer":
        buffer = palace.Buffer(path, context)
        buffer.loop_points = loop_points
        return buffer

    class Looped(palace.Decoder):
        @property
        def loop_points(self) -> tuple[int, int]:
            return loop_points

    return Looped(path, context)


SCRIPT: list[tuple[int, Callable[[palace.Source, palace.SourceGroup], object]]] = [
    (700, lambda source, group: setattr(group, "pitch", 1.25)),
    (1234, lambda source, group: setattr(source, "pitch", 0.77)),
    (3001, lambda source, group: setattr(group, "pitch", 0.5)),
    (20, lambda source, group: source.pause()),
    (500, lambda source, group: source.resume()),
    (31, lambda source, group: setattr(source, "group", None)),
    (1000, lambda source, group: setattr(source, "offset", 1500)),
    (9999, lambda source, group: source.fade_to(0.5, 10)),
]


def rendered(
    path: Path, kind: str, loop_points: tuple[int, int], pitch: float, *, script: bool, stolen: bool
) -> tuple[Any, int]:
    """Render a loop; return what is heard after `stolen` thieves have played, and its offset then."""
    with (
        palace.LoopbackDevice(RATE, "Mono") as device,
        palace.Context(device, EXACT, auto_update=False, voices=2 if stolen else None) as context,
    ):
        silence = palace.Buffer(path.with_name("silence.wav"), context)
        source, group = palace.Source(), palace.SourceGroup()
        source.looping, source.pitch, source.group = True, pitch, group
        source.play(opened(kind, path, loop_points, context))
        device.render(1003)
        thieves = steal(silence)
        assert source.playing
        assert source.audible is not stolen
        for frames, act in SCRIPT if script else [(20_011, lambda *_: None)]:
            device.render(frames)
            act(source, group)
            context.update()
        stop(thieves)
        device.render(11)
        offset = source.offset
        context.update()
        assert source.audible
        assert source.offset == offset
        return device.render(3 * LENGTH)[:, 0], offset


@pytest.mark.parametrize("kind", ["buffer", "stream"])
@pytest.mark.parametrize("loop_points", [(0, LENGTH), (500, 4001), (2000, 2700)])
@pytest.mark.parametrize(("pitch", "script"), [(1, False), (0.5, False), (1.3, False), (1 / 3, True), (1.3, True)])
def test_virtual_loop_returns_in_phase(
    path: Path, silence: palace.Buffer, kind: str, loop_points: tuple[int, int], pitch: float, script: bool
) -> None:
    expected, offset = rendered(path, kind, loop_points, pitch, script=script, stolen=False)
    heard, offset_of_virtual = rendered(path, kind, loop_points, pitch, script=script, stolen=True)
    assert abs(expected[FADE:]).max() > 0.01
    assert offset_of_virtual == offset
    # At other pitches, OpenAL Soft before 1.24 takes the fraction of an offset with the precision of a float.
    tolerance = 1e-6 if pitch in (1, 0.5) and not script else 1e-3
    np.testing.assert_allclose(heard[FADE:], expected[FADE:], rtol=0, atol=tolerance)
