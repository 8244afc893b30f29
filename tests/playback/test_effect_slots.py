"""Effect slots: that they go round, who waits for one, and that nothing is left behind."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, RATE, raised_elsewhere
from tests.effect_renderer import EffectRenderer, VocalMorpher, level, noise

if TYPE_CHECKING:
    from pathlib import Path


def test_70_effects_raise_no_error(renderer: EffectRenderer, context: palace.Context, logged_warnings: Any) -> None:
    effects = [palace.EqualizerEffect() for _ in range(70)]
    sources = [renderer.source(effect) for effect in effects]
    assert context.stats()["effect_slots"] == 64
    buffer = renderer.buffer(noise())
    for source in sources:
        assert buffer.play(source).playing
    assert logged_warnings() == ["all effect slots of the device are in use; further effects are silent"]
    for source in sources:
        source.stop()
    buffer.play(sources[69])
    assert not renderer.device.render(RATE).any()
    effects[69].low_gain = 2.0
    effects[69].slot_gain = 0.5
    sources[69].stop()
    sources[3].sends[0].effect = None  # gives way
    buffer.play(sources[69])
    assert renderer.device.render(RATE).any()
    assert context.stats()["effect_slots"] == 64


def test_idle_effect_yields_its_slot(renderer: EffectRenderer, context: palace.Context) -> None:
    """It gets a slot again when it is used."""
    idle = palace.EqualizerEffect(low_gain=4.0, mid1_gain=4.0, mid2_gain=4.0, high_gain=4.0)
    idle.slot_gain = 0.5
    data = noise()
    before = level(renderer.render(idle, data, RATE))
    effects = [palace.EqualizerEffect() for _ in range(64)]
    sources = [renderer.source(effect) for effect in effects]
    plain = level(renderer.render(effects[-1], data, RATE))
    assert before > 1.5 * plain  # the slot that was taken over has nothing of the other
    sources[7].destroy()
    assert level(renderer.render(idle, data, RATE)) == pytest.approx(before, rel=0.05)  # it fades in, or not
    assert context.stats()["effect_slots"] == 64


def test_replacement_gets_the_freed_slot(renderer: EffectRenderer) -> None:
    sources = [renderer.source(palace.EqualizerEffect()) for _ in range(64)]
    sources[0].looping = True
    renderer.buffer(noise()).play(sources[0])
    plain = level(renderer.device.render(RATE))
    sources[0].sends[0].effect = loud = palace.EqualizerEffect(4, 200, 4, 500, 1, 4, 3000, 1, 4)
    renderer.device.render(4410)
    assert level(renderer.device.render(RATE)) > 2 * plain
    assert loud.use_count == 1


def test_dropped_effect_returns_its_slot(renderer: EffectRenderer, context: palace.Context) -> None:
    effect = palace.ReverbEffect()
    renderer.render(effect, noise(0.1), 4410)
    assert context.stats()["effect_slots"] == 1
    del effect
    assert context.stats()["effect_slots"] == 1  # a finaliser calls no OpenAL
    context.update()
    assert context.stats()["effect_slots"] == 1  # it dies away
    renderer.device.render(2 * RATE)
    context.update()
    assert context.stats()["effect_slots"] == 0
    for _ in range(200):  # and without an update, whose slot is wanted
        renderer.source(palace.ReverbEffect()).sends[0].effect = None
    assert context.stats()["effect_slots"] <= 64


def test_dropped_effect_keeps_its_tail(renderer: EffectRenderer, context: palace.Context) -> None:
    def tail(keep: bool) -> Any:
        effect: palace.ReverbEffect | None = palace.ReverbEffect("CAVE")
        source: palace.Source | None = renderer.source(effect)
        renderer.buffer(noise(0.1)).play(source)
        kept = effect if keep else None
        del source, effect
        out = []
        for _ in range(60):
            out.append(renderer.device.render(RATE // 30))
            context.update()
        assert not context.stats()["sources"]
        renderer.device.render(5 * RATE)
        context.update()
        assert context.stats()["effect_slots"] == bool(keep)
        del kept
        renderer.device.render(RATE)
        for _ in range(2):
            renderer.device.render(5 * RATE)
            context.update()
        return np.concatenate(out)

    np.testing.assert_allclose(tail(keep=False), tail(keep=True), atol=1e-4)


def test_effect_may_die_on_another_thread(renderer: EffectRenderer, context: palace.Context) -> None:
    held = [palace.ReverbEffect()]
    palace.Source().sends[0].effect = held[0]
    gc.collect()
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert context.stats()["effect_slots"] == 1
    palace.EchoEffect()
    renderer.device.render(2 * RATE)
    palace.EchoEffect()
    assert context.stats()["effect_slots"] == 0


def test_source_keeps_its_effect(renderer: EffectRenderer, context: palace.Context) -> None:
    source = renderer.source(palace.EchoEffect())
    gc.collect()
    context.update()
    renderer.buffer(noise()).play(source)
    assert renderer.device.render(RATE // 2).any()
    del source  # plays on, and is heard
    gc.collect()
    context.update()
    assert isinstance(next(iter(context._engine.voices)).source.sends[0].effect, palace.EchoEffect)


def test_stolen_voice_stops_sending(
    renderer: EffectRenderer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = palace.EchoEffect()
    source = renderer.source(effect)
    buffer = renderer.buffer(noise())
    buffer.play(source)
    monkeypatch.setattr(context._engine.voices, "_exhausted", True)
    buffer.play(renderer.source(None))
    assert not source.playing
    assert effect.use_count == 1
    renderer.device.render(RATE)
    effect.destroy()
    assert context.stats()["effect_slots"] == 0


def test_context_destroys_its_effects(context: palace.Context) -> None:
    effect, idle = palace.ReverbEffect(), palace.EchoEffect()
    palace.Source().sends[0].effect = effect
    context.destroy()
    assert not effect
    assert repr(effect) == "<ReverbEffect, destroyed>"
    with pytest.raises(palace.DestroyedError):
        effect.gain  # noqa: B018
    effect.destroy()
    idle.destroy()
    del effect


def test_effects_check_the_thread(context: palace.Context) -> None:
    effect, source = palace.ReverbEffect(), palace.Source()
    for call in (
        lambda: palace.ReverbEffect(context=context),
        lambda: palace.EchoEffect(context=context),
        lambda: setattr(effect, "gain", 1),
        lambda: setattr(effect, "slot_gain", 1),
        lambda: effect.gain,
        lambda: effect.use_count,
        lambda: effect.load_preset("CAVE"),
        effect.destroy,
        lambda: setattr(source.sends[0], "effect", effect),
    ):
        assert isinstance(raised_elsewhere(call), RuntimeError)
    assert effect


def test_effect_needs_a_context() -> None:
    with pytest.raises(RuntimeError, match="no context"):
        palace.ReverbEffect()


def test_openal_failure_leaks_no_slot(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise palace.OpenALError("alEffectf", 0xA005, "out of memory")

    source, effect, before = palace.Source(), palace.ReverbEffect("CAVE"), palace.BaseEffect()
    source.sends[0].effect = before
    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "alEffectf", fails)
        with pytest.raises(palace.OpenALError, match="out of memory"):
            source.sends[0].effect = effect
    assert source.sends[0].effect is before
    assert before.use_count == 1
    assert effect.use_count == context.stats()["effect_slots"] == 0
    with monkeypatch.context() as patch:
        patch.setattr(type(effect).slot_gain, "send", fails)
        with pytest.raises(palace.OpenALError, match="out of memory"):
            source.sends[0].effect = effect
    assert effect.use_count == context.stats()["effect_slots"] == effect._state.slot == 0
    source.sends[0].effect = effect
    assert context.stats()["effect_slots"] == 1


def test_no_effect_object_leaks(
    renderer: EffectRenderer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slots are made once."""
    al, made, objects, slots = context._engine.al, [], set(), []
    generate, delete, generate_slot = al.generate_effect, al.delete_effect, al.generate_effect_slot

    def generated() -> int:
        made.append(generate())
        objects.add(made[-1])
        return int(made[-1])

    def deleted(number: int) -> None:
        delete(number)
        objects.remove(number)

    def generated_slot() -> int:
        slots.append(generate_slot())
        return int(slots[-1])

    monkeypatch.setattr(al, "generate_effect", generated)
    monkeypatch.setattr(al, "delete_effect", deleted)
    monkeypatch.setattr(al, "generate_effect_slot", generated_slot)
    VocalMorpher._types = ((0x7777, None),)
    VocalMorpher._read_rows()
    for _ in range(3):
        renderer.source(VocalMorpher())
    assert len(made) == 1  # the library is asked once
    assert not objects
    effects = [palace.EchoEffect() for _ in range(70)]
    sources = [renderer.source(effect) for effect in effects]
    assert len(objects) == len(slots) == 64
    for effect in effects[:10]:
        effect.destroy()
    assert len(objects) == 54
    sources[69].sends[1].effect = effects[69]
    assert len(objects) == 55
    assert len(slots) == 64
    renderer.buffer(noise()).play(sources[69])
    context.destroy()
    assert not objects


def test_refused_delete_is_retried(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise palace.OpenALError("alDeleteEffects", 0xA005, "out of memory")

    source, effect, other = palace.Source(), palace.ReverbEffect(), palace.EchoEffect()
    source.sends[0].effect, source.sends[1].effect = effect, other
    unit = effect._state
    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "alDeleteEffects", refuses)
        effect.destroy()
        context.update()
        assert unit.effect
        assert context.stats()["effect_slots"] == 2
    context.update()
    assert not unit.effect
    assert context.stats()["effect_slots"] == 1
    other.destroy()
    assert len(set(context._engine.effect_slots._free_slots)) == len(context._engine.effect_slots._free_slots) == 2


def test_device_resets_after_effects(
    renderer: EffectRenderer, context: palace.Context, device: palace.LoopbackDevice
) -> None:
    """It also accepts other contexts."""
    # OpenAL Soft 1.19.1 crashes there, if a slot was deleted.
    for hrtf in (palace.TRUE, palace.FALSE):
        effects = [palace.EchoEffect(), palace.ReverbEffect("CAVE"), palace.EqualizerEffect()]
        for effect in effects:
            renderer.render(effect, noise(0.1), 4410)
        for effect in effects[:2]:
            effect.destroy()
        device.reset({**EXACT, palace.HRTF: hrtf})
        assert renderer.render(effects[2], noise(0.1), 4410).any()
        with palace.Context(device, EXACT, auto_update=False, workers=1) as other:
            palace.Source(other).sends[0].effect = palace.EchoEffect(context=other)
            device.render(4410)
        device.reset(EXACT)
        assert renderer.render(palace.EchoEffect(), noise(0.5), RATE).any()
    context.destroy()
    palace.Context(device, EXACT, auto_update=False, workers=1).destroy()


def test_reused_slot_is_as_new(renderer: EffectRenderer) -> None:
    def far(effect: palace.BaseEffect) -> float:
        source = renderer.source(effect)
        source.position = (0, 0, -20)
        renderer.buffer(data).play(source)
        out = renderer.device.render(RATE)
        source.destroy()
        effect.destroy()
        return level(out)

    data = noise()
    first = far(palace.EqualizerEffect())
    reverb = palace.ReverbEffect("CAVE")
    reverb.send_auto, reverb.slot_gain = False, 0.25
    assert far(reverb)
    renderer.device.render(4096)
    assert far(palace.EqualizerEffect()) == pytest.approx(first, rel=0.05)  # it fades in, or not


@pytest.mark.parametrize("batch", [False, True])
def test_reused_slot_has_no_old_tail(batch: bool, renderer: EffectRenderer, context: palace.Context) -> None:
    before, after = palace.ReverbEffect("CAVE"), palace.ReverbEffect("CAVE")
    source, silent = renderer.source(before), renderer.source(None)
    source.looping = silent.looping = True
    renderer.buffer(noise()).play(source)
    renderer.buffer(noise() * 0).play(silent)
    assert renderer.device.render(RATE).any()
    if batch:
        context.start_batch()
    slot = before._state.slot
    before.destroy()
    silent.sends[0].effect = after
    assert after._state.slot == slot
    if batch:
        context.end_batch()
    renderer.device.render(4096)  # OpenAL Soft fades out
    assert source.playing
    assert not renderer.device.render(RATE).any()


def waiting(renderer: EffectRenderer) -> tuple[list[palace.Source], palace.Source]:
    """64 sources, each with an effect, that have all the slots, and one that plays with one that has none."""
    sources = [renderer.source(palace.EqualizerEffect()) for _ in range(64)]
    last = renderer.source(palace.EqualizerEffect())
    last.looping = True
    renderer.buffer(noise()).play(last)
    assert not renderer.device.render(RATE).any()
    return sources, last


def test_waiting_effect_gets_a_freed_slot(renderer: EffectRenderer) -> None:
    sources, _ = waiting(renderer)
    effect = sources[5].sends[0].effect
    assert effect is not None
    effect.destroy()
    assert renderer.device.render(RATE).any()


def test_waiting_effect_gets_an_idle_slot(renderer: EffectRenderer) -> None:
    sources, _ = waiting(renderer)
    kept = sources[5].sends[0].effect
    sources[5].sends[0].effect = None
    assert renderer.device.render(RATE).any()
    assert kept


@pytest.mark.parametrize("how", ["destroyed", "dropped"])
def test_waiting_effect_gets_a_lost_slot(how: str, renderer: EffectRenderer, context: palace.Context) -> None:
    sources, _ = waiting(renderer)
    context.update()
    assert not renderer.device.render(RATE).any()
    source = sources.pop()
    if how == "destroyed":
        source.destroy()
    else:
        del source
    context.update()
    assert renderer.device.render(RATE).any()


def test_slots_go_to_the_longest_waiting(renderer: EffectRenderer, context: palace.Context) -> None:
    sources, last = waiting(renderer)
    idle, second = renderer.source(palace.EqualizerEffect()), renderer.source(palace.EqualizerEffect())
    second.looping = True
    renderer.buffer(noise()).play(second)
    last.stop()
    sources[0].destroy()
    context.update()
    assert second.sends[0].effect._state.slot  # type: ignore[union-attr]
    assert renderer.device.render(RATE).any()
    second.stop()
    for source in (last, idle):  # whoever is not heard asks again when it plays
        renderer.buffer(noise()).play(source)
        assert not source.sends[0].effect._state.slot  # type: ignore[union-attr]
    sources[1].destroy()
    sources[2].destroy()
    context.update()
    for source in (last, idle):
        assert source.sends[0].effect._state.slot  # type: ignore[union-attr]
    assert not context._engine.effect_slots._waiting


def test_unsupported_kind_does_not_wait(renderer: EffectRenderer, context: palace.Context) -> None:
    VocalMorpher._types = ((0x7777, None),)
    VocalMorpher._read_rows()
    sources = [renderer.source(palace.EqualizerEffect()) for _ in range(64)]
    buffer = renderer.buffer(noise())
    lacking = [renderer.source(VocalMorpher()) for _ in range(3)]
    last = renderer.source(palace.EqualizerEffect())
    context.update()  # an effect that is not heard does not wait
    assert not context._engine.effect_slots._waiting
    for source in (*lacking, last):
        source.looping = True
        buffer.play(source)
    sources[0].destroy()
    for _ in range(3):
        context.update()
    assert last.sends[0].effect._state.slot  # type: ignore[union-attr]
    assert not context._engine.effect_slots._waiting


def test_waiting_effect_may_be_destroyed(renderer: EffectRenderer, context: palace.Context) -> None:
    sources, last = waiting(renderer)
    last.sends[0].effect.destroy()  # type: ignore[union-attr]
    last.sends[0].effect = palace.EchoEffect()
    last.sends[0].effect = None
    sources[0].destroy()
    context.update()
    assert not renderer.device.render(RATE).any()
    assert not context._engine.effect_slots._waiting


def test_destroyed_source_frees_effects(renderer: EffectRenderer, context: palace.Context) -> None:
    effect = palace.EchoEffect()
    source, other = renderer.source(effect), renderer.source(effect)
    renderer.buffer(noise()).play(source)
    source.destroy()
    assert effect.source_sends == [(other, 0)]
    assert effect.use_count == 1
    del effect
    other.destroy()
    context.update()
    renderer.device.render(2 * RATE)  # it dies away
    context.update()
    assert context.stats()["effect_slots"] == 0


def test_deferred_destroy_is_safe(renderer: EffectRenderer, context: palace.Context) -> None:
    effect = palace.EchoEffect()
    source = renderer.source(effect)
    source.looping = True
    renderer.buffer(noise()).play(source)
    renderer.device.render(RATE)
    context.start_batch()
    effect.destroy()
    context.end_batch()
    renderer.device.render(4096)
    assert not renderer.device.render(RATE).any()
    context.update()
    assert context.stats()["effect_slots"] == 0


@pytest.mark.parametrize("begin", [(3, 700), (6, 767), (101, 900), (1, 1, 1, 1, 1, 700)])
def test_any_frame_count_renders_a_reverb(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, begin: tuple[int, ...]
) -> None:
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 5000))

    def rendered(pieces: tuple[int, ...]) -> Any:
        with palace.Source() as source, palace.ReverbEffect("CAVE") as effect:
            device.render(4096)
            source.sends[0].effect = effect
            buffer.play(source)
            return np.concatenate([device.render(frames) for frames in pieces])

    assert len(rendered(begin)) == sum(begin)
    assert rendered(begin).any()
    assert np.isfinite(rendered(begin)).all()


def test_rendered_ahead_frames_are_kept(context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path) -> None:
    buffer = palace.Buffer(sounds.write(tmp_path / "a.wav", sounds.tone(1.0), subtype="PCM_16"))
    source, effect = palace.Source(), palace.EchoEffect()
    effect.slot_gain = 0
    source.sends[0].effect = effect
    buffer.play(source)
    pieces = np.concatenate([device.render(frames) for frames in (1001, 3, 2, 1, 998, 2001, 994)])
    source.stop()
    effect.destroy()
    device.render(4096)
    buffer.play(source)
    np.testing.assert_allclose(pieces, device.render(5000), atol=1e-5)
