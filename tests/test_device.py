"""Devices: opening, queries, rendering, reset and closing."""

from __future__ import annotations

import gc
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace.loopback import SilentDevice
from tests import sounds
from tests.conftest import EXACT

if TYPE_CHECKING:
    from pathlib import Path


def test_open_failure_lists_devices() -> None:
    with pytest.raises(palace.DeviceError, match=r"cannot open device 'no such'.*available devices"):
        palace.Device("no such")


def test_each_fallback_warns() -> None:
    with (
        pytest.warns(RuntimeWarning, match="cannot open device 'first'") as caught,
        pytest.raises(palace.DeviceError, match=r"'first' or device 'second'"),
    ):
        palace.Device("first", ["second"])
    assert len(caught) == 1


@pytest.mark.parametrize("fallback", ["default", b"default", 5])
def test_fallback_must_be_an_iterable(fallback: Any) -> None:
    with pytest.raises(TypeError, match="fallback is .*; it must be an iterable of names"):
        palace.Device("no such", fallback)


@pytest.mark.parametrize("name", [5, None, b"ALC_EXT_EFX"])
def test_extension_name_must_be_a_string(device: palace.LoopbackDevice, name: Any) -> None:
    for ask in (palace.query_extension, device.query_extension):
        with pytest.raises(TypeError, match="name is .*; it must be a str"):
            ask(name)


def test_device_names_are_tuples() -> None:
    """Also on a machine without devices."""
    for names in (palace.device_names.basic, palace.device_names.full, palace.device_names.capture):
        assert isinstance(names, tuple)
        assert all(isinstance(name, str) for name in names)


def test_extensions_can_be_queried(device: palace.LoopbackDevice) -> None:
    """With a device and without one."""
    assert palace.query_extension("ALC_SOFT_loopback")
    assert not palace.query_extension("ALC_no_such_thing")
    assert device.query_extension("ALC_SOFT_device_clock")
    assert not device.query_extension("ALC_no_such_thing")


def test_device_properties(device: palace.LoopbackDevice) -> None:
    assert device.name
    assert device.basic_name
    assert device.alc_version >= (1, 1)
    assert device.efx_version >= (1, 0)
    assert device.frequency == 44100
    assert device.max_auxiliary_sends > 0
    assert "Loopback" in repr(device)


@pytest.mark.parametrize(
    ("layout", "channels"),
    [("Mono", 1), ("Stereo", 2), ("Quadrophonic", 4), ("5.1 Surround", 6), ("6.1 Surround", 7), ("7.1 Surround", 8)],
)
@pytest.mark.parametrize(
    ("sample_type", "dtype", "silence"),
    [("Unsigned 8-bit", "uint8", 128), ("Signed 16-bit", "int16", 0), ("32-bit float", "float32", 0)],
)
def test_render_has_the_shape_and_type(layout: str, channels: int, sample_type: str, dtype: str, silence: int) -> None:
    device = palace.LoopbackDevice(48000, layout, sample_type)
    assert np.all(device.render(3) == silence)  # no context yet
    palace.Context(device, EXACT, auto_update=False)
    out = device.render(100)
    assert out.shape == (100, channels)
    assert out.dtype == dtype
    assert np.all(np.abs(out.astype(float) - silence) <= 1)  # dither
    assert device.render(0).shape == (0, channels)
    with pytest.raises(ValueError, match="frames is -1"):
        device.render(-1)


@pytest.mark.parametrize(
    "arguments",
    [(44100, "Rear"), (44100, "Stereo", "Mulaw"), (44100, "nonsense"), (0,), (-5,), (2**31,), (44100, "Stereo", "f")],
)
def test_unsupported_format_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be|cannot render"):
        palace.LoopbackDevice(*arguments)  # type: ignore[arg-type]


def test_clock_advances_by_rendered_time(context: palace.Context, device: palace.LoopbackDevice) -> None:
    before = device.clock_time
    device.render(44100)
    assert device.clock_time - before == pytest.approx(1e9, abs=1e5)


def test_loopback_device_cannot_pause(context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path) -> None:
    """`pause_dsp` has no effect on a device without hardware."""
    source = palace.Buffer(sounds.wav(tmp_path / "a.wav", 20000)).play()
    device.pause_dsp()
    before = device.clock_time
    assert np.abs(device.render(1000)).max() > 0.1
    assert device.clock_time > before
    assert source.offset == 1000
    device.resume_dsp()
    device.render(1000)
    assert source.offset == 2000


def test_close_refuses_live_contexts(context: palace.Context, device: palace.LoopbackDevice) -> None:
    with pytest.raises(RuntimeError, match="still has contexts"):
        device.close()
    context.destroy()
    device.close()
    device.close()
    assert not device


@pytest.mark.parametrize(
    "use",
    [
        lambda device: device.name,
        lambda device: device.basic_name,
        lambda device: device.frequency,
        lambda device: device.hrtf_names,
        lambda device: device.reset(),
        lambda device: device.render(1),
        lambda device: device.pause_dsp(),
        lambda device: device.query_extension("ALC_EXT_EFX"),
        lambda device: device.clock_time,
        lambda device: palace.Context(device),
        lambda device: device.__enter__(),
    ],
)
def test_closed_device_raises(device: palace.LoopbackDevice, use: object) -> None:
    device.close()
    with pytest.raises(palace.DestroyedError, match="closed"):
        use(device)  # type: ignore[operator]


def test_device_is_a_context_manager() -> None:
    """Devices sort by age."""
    with palace.LoopbackDevice() as first, palace.LoopbackDevice() as second:
        assert first < second
        assert sorted([second, first]) == [first, second]
        assert first
    assert not first


def test_reset_switches_hrtf(context: palace.Context, device: palace.LoopbackDevice) -> None:
    assert not device.hrtf_enabled
    assert device.current_hrtf == ""
    device.reset({palace.HRTF: palace.TRUE})
    if device.hrtf_names:
        assert device.hrtf_enabled
        assert device.current_hrtf in device.hrtf_names
    device.reset({palace.HRTF: palace.FALSE})
    assert not device.hrtf_enabled


def test_hrtf_data_is_available(context: palace.Context, device: palace.LoopbackDevice) -> None:
    """Every tested library comes with HRTF data."""
    assert device.hrtf_names


def test_reset_keeps_sources_playing(context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path) -> None:
    path = sounds.wav(tmp_path / "a.wav", 20000)
    source = palace.Buffer(path).play()
    device.render(1000)
    device.reset({palace.HRTF: palace.FALSE, palace.OUTPUT_LIMITER: palace.FALSE})
    assert source.playing
    assert np.abs(device.render(1000)).max() > 0.1
    device.render(20000)
    context.update()
    assert not source.playing
    assert source.buffer is None


@pytest.mark.parametrize("rate", [22050, 96000])
def test_reset_changes_the_rate(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, rate: int
) -> None:
    """Render lengths, clock and end times follow the new rate."""
    received: list[palace.Source] = []
    context.push_handlers(on_source_stopped=received.append)
    source = palace.Buffer(sounds.wav(tmp_path / "a.wav", 4410)).play()
    device.render(2205)
    device.reset({palace.FREQUENCY: rate})
    assert device.frequency == rate
    before = device.clock_time
    device.render(rate // 50)
    assert device.clock_time - before == pytest.approx(20e6, abs=1e5)
    assert source.offset == pytest.approx(2205 + 882, abs=2)
    for _ in range(0, rate // 20, 64):
        device.render(64)
        ended = not source.playing
        context.update()
        assert received == [source] * ended
    assert ended
    device.reset()
    assert device.frequency == rate


@pytest.mark.parametrize(
    ("attrs", "problem"),
    [
        ({palace.FREQUENCY: 0}, "cannot render at 0 Hz"),
        ({palace.FREQUENCY: -1}, "cannot render at -1 Hz"),
        ({palace.CHANNEL_CONFIG: palace.MONO}, "keeps its layout"),
        ({palace.SAMPLE_TYPE: palace.SHORT}, "keeps its sample type"),
        ({palace.FREQUENCY: 2**32 + 44100}, "32 bits"),
    ],
)
def test_bad_reset_changes_nothing(
    context: palace.Context, device: palace.LoopbackDevice, attrs: dict[int, int], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        device.reset(attrs)
    assert device.frequency == 44100
    assert device.render(10).shape == (10, 2)


def test_failed_reset_keeps_the_rate(device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device._native.al, "alcResetDeviceSOFT", lambda *_: 0)
    with pytest.raises(palace.DeviceError, match="failed"):
        device.reset({palace.FREQUENCY: 22050})
    assert device.frequency == 44100


@pytest.mark.parametrize("attrs", [{palace.FREQUENCY: 2**31}, {palace.HRTF_ID: -(2**31) - 1}, {2**40: 0}])
def test_attributes_must_fit_32_bits(device: palace.LoopbackDevice, attrs: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        palace.Context(device, attrs)
    with pytest.raises(ValueError, match="32 bits"):
        device.reset(attrs)


def test_missing_extension_is_named(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device._native, "query_extension", lambda name: False)
    with pytest.raises(palace.DeviceError, match="ALC_SOFT_HRTF"):
        device.reset()
    assert device.hrtf_names == []
    assert device.efx_version == (0, 0)
    assert device.max_auxiliary_sends == 0


def test_init_without_device_warns_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            palace.Device().close()
        except palace.DeviceError:
            expected = 1
        else:
            expected = 0  # this machine has a sound card
        palace.init(auto_update=False)
    assert len([warning for warning in caught if warning.category is RuntimeWarning]) == expected


def test_silent_device_time_can_be_paused() -> None:
    from pyglet_palace.loopback import SilentDevice

    with SilentDevice() as device, palace.Context(device, auto_update=False):
        began = device._passed
        device._native.on_time(began + 0.1, False)
        assert device.clock_time == pytest.approx(1e8, abs=1e6)
        device.pause_dsp()
        device._native.on_time(began + 0.2, False)
        assert device.clock_time == pytest.approx(1e8, abs=1e6)
        device.resume_dsp()
        device._native.on_time(began + 0.3, False)
        assert device.clock_time == pytest.approx(2e8, abs=2e6)


def test_closed_devices_are_freed_at_once() -> None:
    """Without the garbage collector: no reference cycle is left."""
    gc.disable()
    try:
        for kind in (palace.LoopbackDevice, SilentDevice):
            device = kind()
            device.close()
            dead = weakref.ref(device)
            del device
            assert dead() is None
    finally:
        gc.enable()


def test_error_in_a_with_block_is_not_replaced() -> None:
    """A context that an interrupt has kept from its end must not replace the interrupt by an error of `close`."""
    device = palace.LoopbackDevice()
    contexts: list[palace.Context] = []

    def interrupted() -> None:
        with device:
            contexts.append(palace.Context(device))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not contexts[0]
    assert not device
