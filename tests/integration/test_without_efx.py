"""Effects where OpenAL lacks EFX or a kind of effect."""

from __future__ import annotations

from typing import Any

import pytest

import pyglet_palace as palace
from pyglet_palace._openal.device import NativeDevice
from tests.conftest import RATE
from tests.effect_renderer import Asked, EffectRenderer, VocalMorpher, level, noise, version


def check_that_effects_do_nothing(renderer: EffectRenderer, logged_warnings: Any, text: str) -> None:
    """Effects and sends keep their values, the dry sound plays, and the log gives the reason once."""
    effect = palace.ReverbEffect("CAVE")
    effect.gain, effect.slot_gain, effect.send_auto = 0.5, 0.5, False
    source = palace.Source()
    for index in (0, 1, 5):
        source.sends[index].effect = effect
        source.sends[index].filter = (1, 0.5, 1)
    renderer.buffer(noise(0.1)).play(source)
    assert renderer.device.render(4410).any()
    assert not renderer.device.render(RATE)[1024:].any()  # no tail
    effect.load_preset("HANGAR")
    assert effect.decay_time == pytest.approx(10.05)
    assert effect.source_sends == [(source, 0), (source, 1), (source, 5)]
    assert source.sends[0].filter == (1.0, 0.5, 1.0)
    effect.destroy()
    assert source.sends[5].effect is None
    palace.EchoEffect()
    assert logged_warnings() == [text]


def test_library_without_efx_logs_once(
    renderer: EffectRenderer, logged_warnings: Any, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects do nothing."""
    for name in list(vars(context._engine.al)):
        if name.startswith("al") and ("Effect" in name or "Filter" in name):
            monkeypatch.setattr(context._engine.al, name, None)
    check_that_effects_do_nothing(renderer, logged_warnings, "effects do nothing: this OpenAL has no ALC_EXT_EFX")


def test_device_without_efx_logs_once(
    renderer: EffectRenderer, logged_warnings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects do nothing."""
    ask = NativeDevice.query_extension
    monkeypatch.setattr(
        NativeDevice, "query_extension", lambda device, name: name != "ALC_EXT_EFX" and ask(device, name)
    )
    assert len(palace.Source().sends) == 0
    check_that_effects_do_nothing(renderer, logged_warnings, "effects do nothing: this OpenAL has no ALC_EXT_EFX")


def test_unknown_effect_logs_once(renderer: EffectRenderer, logged_warnings: Any, context: palace.Context) -> None:
    """An effect that the library lacks does nothing."""
    for kinds in (((0x7777, None),), ((0x7, None),)[: "1.19" in version(context)]):
        VocalMorpher._types = kinds
        VocalMorpher._read_rows()
        for _ in range(2):
            with VocalMorpher() as effect:
                assert not renderer.render(effect, noise(), RATE).any()
                assert context.stats()["effect_slots"] == 0
    assert logged_warnings() == ["VocalMorpher does nothing: this OpenAL library has no effect of that kind"]


def test_standard_reverb_replaces_eax(
    renderer: EffectRenderer, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_integer = context._engine.al.alEffecti

    def without_eax(effect: int, what: int, value: int) -> None:
        if (what, value) == (0x8001, 0x8000):
            raise palace.OpenALError("alEffecti", 0xA003, "refused")
        set_integer(effect, what, value)

    monkeypatch.setattr(context._engine.al, "alEffecti", without_eax)
    effect = palace.ReverbEffect("CAVE")
    out = renderer.render(effect, noise(0.1), RATE)
    assert level(out[RATE // 2 :]) > 0.001
    effect.echo_depth = 1.0  # a parameter of EAX reverb only
    effect.decay_time, effect.decay_hf_limit = 5.0, False
    with context._engine.scope as al:
        asked = Asked(context, 1)
        al.delete_effect(asked.number)
        asked.number = effect._state.effect
        row = palace.ReverbEffect._parameters["decay_time"]
        assert asked(type(row)(5, row.check, 0.0, lambda *_: None, "", keyword=False)) == 5.0
