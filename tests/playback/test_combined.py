"""Groups, places, virtual voices, loops and options, together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from pyglet_palace._playback import voice_lending
from tests.conftest import EXACT
from tests.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def make_room(device: palace.LoopbackDevice, tmp_path: Path) -> Callable[..., Room]:
    def make(voices: int | None = None, width: float | None = None) -> Room:
        context = palace.Context(device, EXACT, auto_update=False, voices=voices)
        palace.use_context(context)
        if width is not None:
            context.stage = palace.SoundStage(width)
        return Room(context, device, tmp_path)

    return make


def test_pan_is_an_option(make_room: Callable[..., Room]) -> None:
    room = make_room()
    left, right = room.ears(room.tone().play(looping=True, pan=-0.5))

    assert left / right == pytest.approx(2.4142, rel=1e-3)  # tan(67.5 degrees)


@pytest.mark.parametrize("placed", ["pan", "stage", "no longer"])
def test_group_gain_keeps_the_place(make_room: Callable[..., Room], placed: str) -> None:
    """A step of the group sends the gain that the place of each source needs."""
    room = make_room(width=800 if placed == "stage" else None)
    group = palace.SourceGroup()
    source = room.play(room.tone(), group=group)
    if placed == "stage":
        source.position = 300, 0, 0
    else:
        source.pan = 0.9
    if placed == "no longer":
        source.position = 0, 0, -1
    before = room.ears(source)
    group.gain = 0.25

    assert room.ears(source) == pytest.approx([0.25 * ear for ear in before], rel=1e-3)


def test_virtual_loop_returns_to_its_place(make_room: Callable[..., Room]) -> None:
    """Also where it was moved meanwhile, with its group's gain and filter."""
    room = make_room(voices=1, width=800)
    group = palace.SourceGroup()
    loop = room.play(room.tone(), group=group, position=(-300, 0, 0))
    there = room.ears(loop)
    thief = room.play(room.tone(882), priority=1)
    assert (loop.playing, loop.audible) == (True, False)
    loop.position = 300, 0, 0
    group.gain = 0.5
    group.filter = 0.5, 1, 1
    thief.stop()
    room.context.update()

    assert loop.audible
    assert room.ears(loop) == pytest.approx([0.25 * ear for ear in reversed(there)], rel=2e-3)


def test_panned_virtual_loop_returns(make_room: Callable[..., Room]) -> None:
    room = make_room(voices=1)
    loop = room.play(room.tone(), pan=0.5)
    there = room.ears(loop)
    thief = room.play(room.tone(882), priority=1)
    loop.pan = -0.5
    thief.stop()
    room.context.update()

    assert room.ears(loop) == pytest.approx(tuple(reversed(there)), rel=1e-3)


def test_loops_may_end_while_virtual(make_room: Callable[..., Room]) -> None:
    """A loop that is switched off without a voice ends at the end of its sound."""
    room = make_room(voices=1)
    stopped: list[palace.Source] = []
    loop = room.tone().play(looping=True, on_stopped=stopped.append)
    room.tone(882).play(priority=1, looping=True)
    room.device.render(22050)
    loop.loops = 1
    room.device.render(22000)
    room.context.update()
    assert loop.playing
    room.device.render(100)
    room.context.update()

    assert stopped == [loop]


def test_common_start_without_voices(make_room: Callable[..., Room], monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops beyond the voices are virtual, and return in phase with the others."""
    monkeypatch.setattr(voice_lending, "RETURN_BUDGET", 10**12)  # on a slow machine, too
    room = make_room(voices=2)
    tone = room.tone()
    with room.context.together():
        loops = [tone.play(looping=True, priority=number) for number in range(4)]
    room.context.update()
    assert [loop.audible for loop in loops] == [False, False, True, True]
    room.device.render(10_000)
    loops[2].stop()
    loops[3].stop()
    room.context.update()

    assert [loop.audible for loop in loops[:2]] == [True, True]
    assert loops[0].offset == loops[1].offset == 10_000
