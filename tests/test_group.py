"""Groups: gain and pitch down the tree; pause, resume and stop; lifetimes."""

from __future__ import annotations

import gc
import math
import weakref
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._playback.voice import GAIN, PITCH
from pyglet_palace._playback.voice_pool import VoicePool
from tests import sounds
from tests.conftest import RATE, raised_elsewhere, wait_until

if TYPE_CHECKING:
    from pathlib import Path

FLT_MAX = 3.4028234663852886e38


@pytest.fixture
def buffer(tmp_path: Path, context: palace.Context) -> palace.Buffer:
    """A second at a constant level; stereo, which is not panned."""
    return palace.Buffer(sounds.write(tmp_path / "level.wav", np.full((RATE, 2), 0.5), subtype="FLOAT"))


@pytest.fixture
def tree(context: palace.Context) -> tuple[palace.SourceGroup, palace.SourceGroup, palace.SourceGroup]:
    """A root, its child, and the child's child."""
    root, child, leaf = (palace.SourceGroup() for _ in range(3))
    child.parent_group, leaf.parent_group = root, child
    return root, child, leaf


def play(buffer: palace.Buffer, group: palace.SourceGroup | None = None) -> palace.Source:
    source = palace.Source()
    source.group = group
    return buffer.play(source)


def gain_of(source: palace.Source) -> float:
    """The gain that was sent to OpenAL."""
    return float(source._state.parameters.get(GAIN, 1.0))


def pitch_of(source: palace.Source) -> float:
    return float(source._state.parameters.get(PITCH, 1.0))


Tree = tuple[palace.SourceGroup, palace.SourceGroup, palace.SourceGroup]


def test_new_group_changes_nothing(context: palace.Context, buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    assert (group.gain, group.pitch, group.parent_group) == (1, 1, None)
    assert (group.sources, group.sub_groups) == ([], [])
    assert group.context is context
    assert palace.Source().group is None
    source = play(buffer, group)
    assert source.group is group
    assert group.sources == [source]
    assert source._state.parameters == {}


def test_gain_and_pitch_multiply(buffer: palace.Buffer, tree: Tree, device: palace.LoopbackDevice) -> None:
    """Down the tree, from the root to the source."""
    root, child, leaf = tree
    source = play(buffer, leaf)
    source.gain = 0.8
    root.gain, child.gain, leaf.gain = 0.5, 0.9, 0.7
    root.pitch, child.pitch, leaf.pitch, source.pitch = 2, 0.5, 3, 0.7
    device.render(4096)
    expected = 0.8 * 0.5 * 0.9 * 0.7
    assert device.render(1)[0, 0] == pytest.approx(0.5 * expected, rel=1e-5)
    assert pitch_of(source) == pytest.approx(2.1)
    assert (source.gain, source.pitch) == (0.8, 0.7)  # the values set by the test
    root.gain = 0
    device.render(4096)
    assert np.all(device.render(100) == 0)


def test_later_plays_use_the_group_gain(buffer: palace.Buffer, tree: Tree) -> None:
    root, _, leaf = tree
    root.gain, root.pitch = 0.5, 2
    source = palace.Source()
    source.group = leaf
    buffer.play(source)
    assert (gain_of(source), pitch_of(source)) == (0.5, 2)
    other = palace.Source()
    buffer.play(other)
    assert (gain_of(other), pitch_of(other)) == (1, 1)


def test_group_pitch_moves_the_end_time(
    buffer: palace.Buffer, tree: Tree, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = play(buffer, tree[2])
    device.render(RATE // 2)
    tree[0].pitch = 2
    device.render(RATE // 4 - 200)
    context.update()
    assert received == []
    device.render(400)
    context.update()
    assert received == [source]


def test_moved_source_changes_at_once(buffer: palace.Buffer) -> None:
    loud, quiet = palace.SourceGroup(), palace.SourceGroup()
    quiet.gain, quiet.pitch = 0.1, 0.5
    source = play(buffer, loud)
    assert gain_of(source) == 1
    source.group = quiet
    assert (gain_of(source), pitch_of(source)) == (0.1, 0.5)
    assert (loud.sources, quiet.sources) == ([], [source])
    assert source.playing
    source.group = None
    assert (gain_of(source), pitch_of(source)) == (1, 1)
    assert quiet.sources == []
    assert source.playing


def test_moved_group_takes_its_tree(buffer: palace.Buffer, tree: Tree) -> None:
    root, child, leaf = tree
    other = palace.SourceGroup()
    root.gain, other.gain, other.pitch = 0.5, 0.25, 2
    source = play(buffer, leaf)
    child.parent_group = other
    assert (gain_of(source), pitch_of(source)) == (0.25, 2)
    assert (root.sub_groups, other.sub_groups) == ([], [child])
    assert child.parent_group is other
    child.parent_group = None
    assert (gain_of(source), pitch_of(source)) == (1, 1)
    assert other.sub_groups == []


def test_members_are_in_joining_order(context: palace.Context) -> None:
    group = palace.SourceGroup()
    first, second, third = members = [palace.Source() for _ in range(3)]
    for member in members:
        member.group = group
    first.group = group  # already its group
    assert group.sources == [first, second, third]
    first.group = None
    first.group = group
    assert group.sources == [second, third, first]
    one, two = palace.SourceGroup(), palace.SourceGroup()
    two.parent_group = one.parent_group = group
    two.parent_group = group
    assert group.sub_groups == [two, one]
    group.sources.clear()  # a copy
    assert len(group.sources) == 3


def test_cycles_are_refused(tree: Tree) -> None:
    root, child, leaf = tree
    for below in tree:
        with pytest.raises(RuntimeError, match="it is a part of it"):
            root.parent_group = below
    assert (root.parent_group, child.parent_group, leaf.parent_group) == (None, root, child)
    assert root.sub_groups == [child]


def test_foreign_groups_are_refused(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """A group of another context."""
    other = palace.Context(device, auto_update=False)
    foreign, group, source = palace.SourceGroup(other), palace.SourceGroup(), palace.Source()
    with pytest.raises(ValueError, match="belongs to <Context .* to <Context "):
        group.parent_group = foreign
    with pytest.raises(ValueError, match="belongs to <Context .* to <Context "):
        source.group = foreign
    assert group.parent_group is source.group is None
    assert foreign.sources == foreign.sub_groups == []


@pytest.mark.parametrize("wrong", [1, "music", object()])
def test_wrong_group_type_is_refused(context: palace.Context, wrong: object) -> None:
    with pytest.raises(TypeError, match=r"group is .* must be a SourceGroup or None"):
        palace.Source().group = wrong  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"parent_group is .* must be a SourceGroup or None"):
        palace.SourceGroup().parent_group = wrong  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("name", "value"), [("gain", -1), ("gain", math.nan), ("gain", math.inf), ("pitch", 0), ("pitch", -1)]
)
def test_values_out_of_range_are_refused(context: palace.Context, name: str, value: float) -> None:
    group = palace.SourceGroup()
    with pytest.raises(ValueError, match=f"{name} is"):
        setattr(group, name, value)
    assert getattr(group, name) == 1


def test_products_are_clamped(buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice) -> None:
    """Products of gains and pitches stay within 32-bit floats."""
    groups = [palace.SourceGroup() for _ in range(12)]  # enough to overflow 64-bit floats too
    for above, below in pairwise(groups):
        below.parent_group = above
    sources = [play(buffer, group) for group in groups]
    for source in sources:
        source.gain = source.pitch = FLT_MAX
    for group in groups:
        group.gain = group.pitch = FLT_MAX
    assert all(gain_of(source) == pitch_of(source) == FLT_MAX for source in sources)
    groups[-1].gain = 0
    assert gain_of(sources[-1]) == 0
    for source in sources:
        source.gain = source.pitch = 1e-30
    for group in groups:
        group.gain = group.pitch = 1e-30
    assert gain_of(sources[-1]) == pytest.approx(0, abs=1e-37)
    assert 0 < pitch_of(sources[-1]) < 1e-37
    assert all(source.playing for source in sources)
    device.render(100)
    context.update()
    for settable in (*groups, *sources):
        settable.gain = settable.pitch = 1
    assert all(source._state.parameters == {} for source in sources)


def test_idle_sources_are_not_updated(buffer: palace.Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    group = palace.SourceGroup()
    idle, playing = palace.Source(), play(buffer, group)
    idle.group = group
    used: list[palace.Source] = []
    for name in ("update_gain", "update_pitch", "update_filter", "pause", "resume"):
        original = getattr(VoicePool, name)
        monkeypatch.setattr(
            VoicePool,
            name,
            lambda voices, state, original=original: used.append(state.source) or original(voices, state),
        )
    for name in ("update_gains", "update_filters", "stop_all"):
        original = getattr(VoicePool, name)

        def for_all(voices: VoicePool, states: Any, original: Any = original, **options: Any) -> None:
            states = list(states)
            used.extend(state.source for state in states)
            original(voices, states, **options)

        monkeypatch.setattr(VoicePool, name, for_all)
    for _ in range(2):
        group.gain, group.pitch, group.filter = 0.5, 2, (1, 0.5, 1)
        assert used == [playing, playing, playing]
    group.pause_all()
    group.resume_all()
    group.stop_all()
    assert idle not in used


def test_idle_source_plays_with_new_values(buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    source, player = palace.Source(), palace.Source()
    source.group = player.group = group
    buffer.play(player)
    player.stop()
    group.gain, group.pitch = 0.5, 2
    for member in (source, player):
        buffer.play(member)
        assert (gain_of(member), pitch_of(member)) == (0.5, 2)
        member.stop()
    group.gain = group.pitch = 1
    buffer.play(player)
    assert player._state.parameters == {}


def test_unchanged_subtree_is_skipped(buffer: palace.Buffer, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root, child, leaf = tree
    sources = [play(buffer, group) for group in tree]
    child.gain = 0
    used: list[object] = []
    for noun in (palace.Source, palace.SourceGroup):
        check = noun._check_alive
        monkeypatch.setattr(noun, "_check_alive", lambda one, check=check: used.append(one) or check(one))
    root.gain = 0.5
    assert child in used
    assert leaf not in used
    leaf.gain = 0.5
    child.gain = 0.5
    assert [gain_of(source) for source in sources] == [0.5, 0.25, 0.125]


# Pause, resume, stop


def test_resume_all_undoes_pause_all_only(buffer: palace.Buffer, tree: Tree) -> None:
    root, child, leaf = tree
    one, two, three = (play(buffer, group) for group in tree)
    alone, idle, elsewhere = play(buffer, leaf), palace.Source(), play(buffer)
    idle.group = leaf
    alone.pause()
    child.pause_all()
    assert [source.paused for source in (one, two, three, alone, idle, elsewhere)] == [0, 1, 1, 1, 0, 0]
    root.pause_all()  # a paused source stays with the group that paused it
    assert one.paused
    leaf.resume_all()
    assert [source.paused for source in (one, two, three, alone)] == [1, 1, 0, 1]
    root.resume_all()
    assert [source.paused for source in (one, two, three, alone)] == [0, 0, 0, 1]
    assert elsewhere.playing
    assert not idle.playing


def test_source_pause_outlasts_resume_all(buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    source = play(buffer, group)
    group.pause_all()
    source.pause()
    group.resume_all()
    assert source.paused
    source.resume()
    assert source.playing


@pytest.mark.parametrize("way", ["resume", "stop", "play"])
def test_own_control_ends_the_group_pause(buffer: palace.Buffer, way: str) -> None:
    """After its own resume, stop or play, `resume_all` no longer applies to the source."""
    group = palace.SourceGroup()
    source = play(buffer, group)
    group.pause_all()
    if way == "resume":
        source.resume()
    elif way == "stop":
        source.stop()
        buffer.play(source)
    else:
        buffer.play(source)
    assert source.playing
    source.pause()
    group.resume_all()
    assert source.paused


def test_paused_source_follows_its_group(buffer: palace.Buffer, tree: Tree) -> None:
    """A source paused by a group resumes with the group that it moved to."""
    root, child, leaf = tree
    elsewhere = palace.SourceGroup()
    within, away = play(buffer, child), play(buffer, child)
    root.pause_all()
    within.group, away.group = leaf, elsewhere
    assert within.paused
    assert away.paused
    root.resume_all()
    assert within.playing
    assert away.paused
    elsewhere.resume_all()
    assert away.playing


@pytest.mark.parametrize("way", ["leaves", "is destroyed"])
def test_ungrouped_source_stays_paused(buffer: palace.Buffer, way: str) -> None:
    group, other = palace.SourceGroup(), palace.SourceGroup()
    source = play(buffer, group)
    group.pause_all()
    if way == "leaves":
        source.group = None
    else:
        group.destroy()
    source.group = other
    other.resume_all()
    assert source.paused
    source.resume()
    assert source.playing


def test_joining_a_paused_group_plays_on(buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    group.pause_all()
    source, late = play(buffer), play(buffer, group)
    source.group = group
    assert source.playing
    assert late.playing


def test_pause_outlasts_a_destroyed_parent(buffer: palace.Buffer, tree: Tree) -> None:
    """The source resumes with its own group."""
    source = play(buffer, tree[2])
    tree[0].pause_all()
    tree[1].destroy()
    assert source.paused
    tree[2].resume_all()
    assert source.playing


def test_resume_continues_at_the_offset(buffer: palace.Buffer, device: palace.LoopbackDevice) -> None:
    group = palace.SourceGroup()
    source = play(buffer, group)
    device.render(1000)
    group.pause_all()
    device.render(1000)
    assert source.offset == 1000
    group.resume_all()
    device.render(500)
    assert source.offset == 1500


def test_ended_source_is_not_paused(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    group = palace.SourceGroup()
    source = play(buffer, group)
    device.render(RATE + 10)
    group.pause_all()
    assert not source.paused
    assert not source._state.paused_by_group
    group.stop_all()
    context.update()
    assert received == [source]


def test_stop_all_reports_before_return(buffer: palace.Buffer, context: palace.Context, tree: Tree) -> None:
    """It stops playing and paused sources."""
    received: list[palace.Source] = []
    context.push_handlers(on_source_force_stopped=received.append)
    one, two, three = (play(buffer, group) for group in tree)
    elsewhere, idle = play(buffer), palace.Source()
    idle.group = tree[1]
    two.pause()
    tree[1].stop_all()
    assert received == [two, three]
    assert one.playing
    assert elsewhere.playing
    assert not two.paused
    assert not three.playing
    tree[0].stop_all()
    assert received == [two, three, one]
    tree[0].stop_all()
    assert len(received) == 3


def test_handler_may_act_in_stop_all(buffer: palace.Buffer, context: palace.Context, tree: Tree) -> None:
    sources = [play(buffer, group) for group in tree]

    def handler(source: palace.Source) -> None:
        if source is sources[0]:
            buffer.play(source)
        elif source is sources[1]:
            source.destroy()
            tree[1].destroy()
        else:
            raise ZeroDivisionError

    context.push_handlers(on_source_force_stopped=handler)
    tree[0].stop_all()
    assert sources[0].playing
    assert not sources[1]
    assert tree[2].parent_group is None
    with pytest.raises(ZeroDivisionError):
        context.update()
    context.update()


def test_fades_multiply_with_groups(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    group = palace.SourceGroup()
    source = play(buffer, group)
    source.fade_to(0.01, 200)
    device.render(RATE // 10)
    context.update()
    group.gain = 0.5
    assert gain_of(source) == pytest.approx(0.05)
    group.pause_all()
    device.render(RATE // 10)
    context.update()
    group.resume_all()
    device.render(RATE // 20)
    context.update()
    assert gain_of(source) == pytest.approx(0.5 * 10**-1.5)
    source.group = None
    assert gain_of(source) == pytest.approx(10**-1.5)


def test_streams_obey_groups_and_fades(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> None:
    received: list[palace.Source] = []
    context.push_handlers(on_source_force_stopped=received.append)
    decoder = palace.decode(sounds.write(tmp_path / "long.wav", np.full((20 * RATE, 2), 0.5), subtype="FLOAT"))
    group = palace.SourceGroup()
    source = palace.Source()
    source.group = group
    source.play(decoder)
    wait_until(lambda: device.render(512).any(), context)
    group.gain = 0.5
    source.fade_to(0.5, 10)
    expected = pytest.approx(0.5 * 0.5 * 0.5, rel=1e-5)
    wait_until(lambda: device.render(512)[-1, 0] == expected, context)
    group.pause_all()
    assert source.paused
    group.resume_all()
    assert source.playing
    source.play(decoder)  # a new play resets the fade
    assert source.playing
    assert gain_of(source) == 0.5
    group.stop_all()
    assert received == [source]


# Lifetimes


def test_group_has_weak_idle_members(
    buffer: palace.Buffer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """A group keeps no idle source alive. Its members keep the group alive."""
    group = palace.SourceGroup()
    idle, playing = palace.Source(), weakref.ref(play(buffer, group))
    idle.group = group
    kept = weakref.ref(group)
    del group
    gc.collect()
    assert kept() is idle.group
    del idle
    gc.collect()
    assert kept() is not None  # by the playing source
    assert kept().sources == [playing()]  # type: ignore[union-attr]
    device.render(RATE + 1)
    context.update()
    gc.collect()
    assert playing() is None
    assert kept() is None


def test_sub_group_keeps_its_parent(context: palace.Context) -> None:
    """The parent does not keep the sub-group."""
    parent, child = palace.SourceGroup(), palace.SourceGroup()
    child.parent_group = parent
    parent.gain = 0.5
    del parent
    gc.collect()
    assert child.parent_group is not None
    assert child.parent_group.gain == 0.5
    parent = child.parent_group
    del child
    gc.collect()
    assert parent.sub_groups == []


def test_destroyed_source_leaves_its_group(buffer: palace.Buffer) -> None:
    group = palace.SourceGroup()
    source = play(buffer, group)
    source.destroy()
    assert group.sources == []
    group.gain = 0.5
    with pytest.raises(palace.DestroyedError):
        source.group  # noqa: B018
    with pytest.raises(palace.DestroyedError):
        source.group = group


def test_destroy_ungroups_the_members(buffer: palace.Buffer, tree: Tree) -> None:
    """They play on."""
    root, child, leaf = tree
    root.gain, child.gain, leaf.gain, child.pitch = 0.5, 0.5, 0.25, 2
    above, within, below = (play(buffer, group) for group in tree)
    paused = play(buffer, child)
    child.pause_all()
    within.resume()
    child.destroy()
    child.destroy()
    assert not child
    assert root.sub_groups == []
    assert leaf.parent_group is None
    assert within.group is None
    assert [gain_of(source) for source in (above, within, below)] == [0.5, 1, 0.25]
    assert pitch_of(within) == pitch_of(below) == 1
    assert within.playing
    assert paused.paused
    paused.resume()
    assert paused.playing


def test_destroyed_group_raises(context: palace.Context) -> None:
    group, other, source = palace.SourceGroup(), palace.SourceGroup(), palace.Source()
    group.destroy()
    for use in (group.pause_all, group.resume_all, group.stop_all, lambda: group.sources, lambda: group.sub_groups):
        with pytest.raises(palace.DestroyedError):
            use()
    for name in ("gain", "pitch", "parent_group"):
        with pytest.raises(palace.DestroyedError):
            getattr(group, name)
        with pytest.raises(palace.DestroyedError):
            setattr(group, name, 1)
    with pytest.raises(palace.DestroyedError):
        other.parent_group = group
    with pytest.raises(palace.DestroyedError):
        source.group = group
    assert "destroyed" in repr(group)


def test_groups_end_with_their_context(context: palace.Context) -> None:
    """Or with a `with` block."""
    with palace.SourceGroup() as group:
        assert group
        assert "0 sources" in repr(group)
    assert not group
    last = palace.SourceGroup()
    first_of_all = sorted([last, group])
    assert first_of_all == [group, last]
    source = palace.Source()
    source.group = last
    context.destroy()
    assert not last
    with pytest.raises(palace.DestroyedError):
        last.gain = 1
    last.destroy()
    source.destroy()


def test_groups_belong_to_one_thread(context: palace.Context) -> None:
    group = palace.SourceGroup()
    for use in (group.pause_all, lambda: group.gain, group.destroy, lambda: palace.SourceGroup(context)):
        assert isinstance(raised_elsewhere(use), RuntimeError)
    with pytest.raises(AttributeError, match="volume"):
        group.volume = 1  # type: ignore[attr-defined]


def test_tree_may_be_deep(buffer: palace.Buffer) -> None:
    groups = [palace.SourceGroup()]
    for _ in range(2000):
        group = palace.SourceGroup()
        group.parent_group = groups[-1]
        groups.append(group)
    source = play(buffer, groups[-1])
    groups[0].gain = 0.5
    assert gain_of(source) == 0.5
    groups[0].pause_all()
    assert source.paused
    with pytest.raises(RuntimeError):
        groups[0].parent_group = groups[-1]
    source.destroy()
    del group
    while groups:
        groups.pop()


def test_group_proxy_stands_for_its_group(buffer: palace.Buffer) -> None:
    """A ``weakref.proxy`` cannot be hashed, so the source must refer to the group itself."""
    group, parent, other = palace.SourceGroup(), palace.SourceGroup(), palace.SourceGroup()
    group.parent_group = weakref.proxy(parent)
    source = play(buffer, weakref.proxy(group))
    assert source.group is group
    assert group.parent_group is parent
    other.pause_all()
    parent.gain = 0.25
    assert gain_of(source) == 0.25
