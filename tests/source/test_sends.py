"""Sends: which sources are heard through which effects, and through what filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, RATE, patch_al
from tests.effect_renderer import EffectRenderer, level, noise

if TYPE_CHECKING:
    from pathlib import Path


def test_send_is_readable_both_ways(context: palace.Context) -> None:
    one, other, effect = palace.Source(), palace.Source(), palace.ReverbEffect()
    assert one.sends[0].effect is None
    one.sends[0].effect = one.sends[1].effect = other.sends[1].effect = effect
    assert one.sends[0].effect is effect
    assert effect.source_sends == [(one, 0), (one, 1), (other, 1)]
    assert effect.use_count == 3
    one.sends[0].effect = palace.EchoEffect()
    one.sends[1].effect = None
    assert effect.source_sends == [(other, 1)]
    other.sends[1].effect = effect
    assert effect.use_count == 1
    other.destroy()
    assert effect.source_sends == []


def test_collected_source_stops_sending(context: palace.Context) -> None:
    source, effect = palace.Source(), palace.ReverbEffect()
    source.sends[0].effect = effect
    del source
    assert effect.source_sends == []


def test_destroyed_effect_leaves_all_sends(context: palace.Context) -> None:
    sources = [palace.Source() for _ in range(3)]
    with palace.ReverbEffect() as effect:
        for source in sources:
            source.sends[1].effect = effect
        assert effect
        assert context.stats()["effect_slots"] == 1
    assert not effect
    assert [source.sends[1].effect for source in sources] == [None] * 3
    assert context.stats()["effect_slots"] == 0
    effect.destroy()
    with pytest.raises(palace.DestroyedError, match="ReverbEffect, destroyed"):
        effect.use_count  # noqa: B018
    with pytest.raises(palace.DestroyedError):
        effect.gain = 1


def test_refused_value_keeps_the_old_one(context: palace.Context) -> None:
    source, effect, dead = palace.Source(), palace.ReverbEffect(), palace.ReverbEffect()
    source.sends[0].effect = effect
    dead.destroy()
    with pytest.raises(palace.DestroyedError):
        source.sends[0].effect = dead
    with pytest.raises(TypeError, match=r"sends\[0\].effect is 'CAVE'; it must be an effect or None"):
        source.sends[0].effect = "CAVE"  # type: ignore[assignment]
    with palace.Context(palace.LoopbackDevice(RATE), auto_update=False, workers=1) as other:
        foreign = palace.ReverbEffect(context=other)
        with pytest.raises(ValueError, match="one of the source's own context"):
            source.sends[0].effect = foreign
    assert source.sends[0].effect is effect
    assert effect.use_count == 1


def test_send_count_is_the_devices(context: palace.Context, device: palace.LoopbackDevice) -> None:
    sends = palace.Source().sends
    assert len(sends) == len(list(sends)) == device.max_auxiliary_sends == 2
    assert sends[1] in sends
    assert sends[1] == list(sends)[1] != sends[0]
    for index in (-1, 16, 99):
        with pytest.raises(IndexError, match="0 to 15"):
            sends[index]
    with pytest.raises(TypeError, match="whole number"):
        sends["0"]  # type: ignore[call-overload]


def test_missing_send_is_kept_and_logged(
    renderer: EffectRenderer, logged_warnings: Any, context: palace.Context
) -> None:
    source, effect = palace.Source(), palace.ReverbEffect()
    source.filter = (0, 1, 1)
    for _ in range(2):
        source.sends[2].effect = effect
    assert len(logged_warnings()) == 1
    source.sends[2].filter = (1, 0.5, 1)
    renderer.buffer(noise()).play(source)
    source.sends[2].filter = (1, 0.25, 1)
    assert (source.sends[2].effect, source.sends[2].filter) == (effect, (1.0, 0.25, 1.0))
    assert source.playing
    assert not renderer.device.render(RATE).any()
    assert len(logged_warnings()) == 1
    assert "the device has no auxiliary send 2" in logged_warnings()[0]
    assert "MAX_AUXILIARY_SENDS: 3" in logged_warnings()[0]
    effect.destroy()
    assert source.sends[2].effect is None


def test_reset_may_add_and_remove_sends(tmp_path: Path, logged_warnings: Any) -> None:
    device = palace.LoopbackDevice(RATE)
    with palace.Context(device, {**EXACT, palace.MAX_AUXILIARY_SENDS: 4}, auto_update=False, workers=1):
        renderer = EffectRenderer(tmp_path, device)
        source = renderer.source(None)
        assert len(source.sends) == 4
        source.sends[3].effect = palace.EchoEffect()
        buffer = renderer.buffer(noise())
        buffer.play(source)
        assert renderer.device.render(RATE).any()
        device.reset({**EXACT, palace.MAX_AUXILIARY_SENDS: 1})
        assert len(source.sends) == 1
        source.stop()  # a voice that has the send is given back
        buffer.play(source)
        assert source.playing
        device.render(RATE)
        source.stop()
        assert len(logged_warnings()) == 1
        assert "no auxiliary send 3" in logged_warnings()[0]


@pytest.fixture
def two_sends(tmp_path: Path) -> EffectRenderer:
    """A renderer on a device that can be asked for one send, or two."""
    device = palace.LoopbackDevice(RATE)
    palace.use_context(palace.Context(device, {**EXACT, palace.MAX_AUXILIARY_SENDS: 2}, auto_update=False, workers=1))
    return EffectRenderer(tmp_path, device)


def reset(renderer: EffectRenderer, sends: int) -> None:
    renderer.device.reset({**EXACT, palace.MAX_AUXILIARY_SENDS: sends})
    assert renderer.device.max_auxiliary_sends == sends
    palace.current_context().update()


def test_restored_send_is_heard_again(two_sends: EffectRenderer) -> None:
    source, fresh = two_sends.source(None), two_sends.source(None)
    source.sends[1].effect = palace.EqualizerEffect()
    source.looping = fresh.looping = True
    buffer = two_sends.buffer(noise())
    buffer.play(source)
    assert two_sends.device.render(RATE).any()
    reset(two_sends, 1)
    two_sends.device.render(4096)
    assert not two_sends.device.render(RATE).any()
    buffer.play(source)
    assert not two_sends.device.render(RATE).any()
    reset(two_sends, 2)
    assert two_sends.device.render(RATE).any()
    source.stop()
    reset(two_sends, 1)
    buffer.play(fresh)
    fresh.sends[1].effect = palace.EqualizerEffect()  # which has no slot yet
    two_sends.device.render(4096)
    assert not two_sends.device.render(RATE).any()
    fresh.pause()
    reset(two_sends, 2)
    fresh.resume()
    assert two_sends.device.render(RATE).any()


def test_removed_send_stays_silent(two_sends: EffectRenderer) -> None:
    """The next effect on the slot is not heard through it."""
    source, effect = two_sends.source(None), palace.EqualizerEffect()
    source.sends[1].effect = effect
    source.looping = True
    two_sends.buffer(noise()).play(source)
    reset(two_sends, 1)
    effect.destroy()
    two_sends.source(palace.EqualizerEffect())
    reset(two_sends, 2)
    two_sends.device.render(4096)
    assert source.playing
    assert not two_sends.device.render(RATE).any()


def test_refused_send_keeps_the_old_effect(
    renderer: EffectRenderer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise palace.OpenALError("alSource3i", 0xA005, "out of memory")

    others = [renderer.source(palace.EqualizerEffect()) for _ in range(63)]
    before, newcomer = palace.EqualizerEffect(), palace.CompressorEffect()
    newcomer.slot_gain = 0
    source = renderer.source(before)
    source.looping = True
    renderer.buffer(noise()).play(source)
    with monkeypatch.context() as patch:
        patch_al(patch, "alSource3i", refused)
        with pytest.raises(palace.OpenALError, match="out of memory"):
            source.sends[0].effect = newcomer
    assert source.sends[0].effect is before
    assert (before.use_count, newcomer.use_count, len(others)) == (1, 0, 63)
    context.update()
    renderer.device.render(4096)
    assert renderer.device.render(RATE).any()


def test_each_send_has_its_own_filter(renderer: EffectRenderer) -> None:
    first, second = palace.EqualizerEffect(), palace.EqualizerEffect()
    source = renderer.source(first)
    source.sends[1].effect = second
    source.sends[1].filter = (0.5, 1, 1)
    renderer.buffer(sounds.tone(1.0, 500, 0.1)).play(source)
    both = level(renderer.device.render(RATE)[RATE // 2 :])
    alone = level(renderer.render(palace.EqualizerEffect(), sounds.tone(1.0, 500, 0.1), RATE)[RATE // 2 :])
    assert both / alone == pytest.approx(1.5, rel=0.01)


def test_sends_move_to_the_next_voice(renderer: EffectRenderer, context: palace.Context) -> None:
    effect = palace.EchoEffect(feedback=0.0)
    source, other = renderer.source(effect), renderer.source(None)
    buffer = renderer.buffer(noise(0.5))
    for _ in range(2):
        buffer.play(source)
        assert level(renderer.device.render(RATE)) > 0.01
        assert not source.playing
        context.update()
        buffer.play(other)
        assert not renderer.device.render(RATE).any()
        context.update()
    assert context.stats()["voices"] == 1


def test_effect_may_change_while_playing(renderer: EffectRenderer) -> None:
    source = renderer.source(None)
    source.looping = True
    renderer.buffer(noise()).play(source)
    assert not renderer.device.render(RATE).any()
    source.sends[0].effect = palace.EchoEffect()
    assert level(renderer.device.render(RATE)) > 0.01
    source.sends[0].effect = None
    renderer.device.render(RATE * 10)  # until the last repeat has died away
    assert level(renderer.device.render(RATE)) < 1e-6
