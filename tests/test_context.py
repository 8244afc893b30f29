"""Contexts and listeners: properties, options and threads."""

from __future__ import annotations

import re
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace._common import log
from pyglet_palace._common.checks import FLT_MIN
from pyglet_palace.context import DistanceModel
from tests import sounds
from tests.conftest import EXACT, RATE, raised_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable


def loudness(device: palace.LoopbackDevice, path: Path, position: tuple[float, float, float]) -> Any:
    """The RMS level of a sound in each channel."""
    source = palace.Source()
    source.position = position
    palace.Buffer(path).play(source)
    out = np.sqrt(np.mean(device.render(4000)[1000:].astype(float) ** 2, axis=0))
    source.stop()
    device.render(1024)
    return out


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return sounds.wav(tmp_path / "ramp.wav", 8000)


def test_context_properties(context: palace.Context, device: palace.LoopbackDevice) -> None:
    assert context.device is device
    assert context.listener is palace.Listener() is palace.Listener(context)
    assert context.cached_names == context.pending_names == ()
    assert context.cached_size == 0
    assert len(context.available_resamplers) > 1
    assert 0 <= context.default_resampler_index < len(context.available_resamplers)
    assert context.is_supported("Mono", "Signed 16-bit")
    assert context.is_supported("7.1 Surround", "32-bit float")
    assert (context.doppler_factor, context.distance_model) == (1.0, "inverse clamped")
    assert context.speed_of_sound == pytest.approx(343.3)
    with pytest.raises(ValueError, match="sample_type"):
        context.is_supported("Mono", "64-bit")


def test_openal_receives_context_values(context: palace.Context) -> None:
    context.doppler_factor = 2
    context.speed_of_sound = 1000
    context.distance_model = "linear"
    with context._engine.scope as al:
        assert al.alGetInteger(0xD000) == 0xD003  # AL_DISTANCE_MODEL is AL_LINEAR_DISTANCE
        assert al.alGetInteger(0xC003) == 1000  # AL_SPEED_OF_SOUND
        assert al.alGetInteger(0xC000) == 2  # AL_DOPPLER_FACTOR


@pytest.mark.parametrize("model", palace.distance_models)
def test_distance_models_are_accepted(context: palace.Context, model: str) -> None:
    context.distance_model = model
    assert context.distance_model == model


def test_model_none_ignores_distance(context: palace.Context, device: palace.LoopbackDevice, sound: Path) -> None:
    near = loudness(device, sound, (0, 0, -1))
    context.distance_model = "none"
    np.testing.assert_allclose(loudness(device, sound, (0, 0, -50)), near, rtol=0.01)


@pytest.mark.parametrize(
    ("name", "value"),
    [("doppler_factor", -1), ("speed_of_sound", 0), ("distance_model", "cubic"), ("async_wake_interval", 1001)],
)
def test_values_out_of_range_are_refused(context: palace.Context, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        setattr(context, name, value)


@pytest.mark.parametrize("tiny", [0, 1e-300, 1e-40])
def test_subnormal_values_are_refused(context: palace.Context, tiny: float) -> None:
    """A value below the smallest normal 32-bit float does not count as more than 0."""
    with pytest.raises(ValueError, match=r"speed_of_sound is .* more than 0 \(by 1.17549e-38 at least\)"):
        context.speed_of_sound = tiny
    with pytest.raises(ValueError, match="meters_per_unit is .* more than 0"):
        context.listener.meters_per_unit = tiny


def test_smallest_normal_float_is_valid(context: palace.Context) -> None:
    context.speed_of_sound = context.listener.meters_per_unit = FLT_MIN
    assert context.speed_of_sound == context.listener.meters_per_unit == FLT_MIN


@pytest.mark.parametrize("value", [5, None, ["linear"]])
def test_distance_model_must_be_a_string(context: palace.Context, value: Any) -> None:
    with pytest.raises(TypeError, match=r"distance_model is .*; it must be a str, one of 'inverse clamped'"):
        context.distance_model = value


def test_distance_model_type_is_complete() -> None:
    assert get_args(DistanceModel) == palace.distance_models


def test_meters_per_unit_needs_effects(
    context: palace.Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without ALC_EXT_EFX the value is kept, and the log says once that it has no effect."""
    monkeypatch.setattr(log, "_warned", set())
    monkeypatch.setattr(context._engine.al, "alGenFilters", None)
    context.listener.meters_per_unit = 0.5
    context.listener.meters_per_unit = 0.1
    assert context.listener.meters_per_unit == 0.1
    assert [record.message for record in caplog.records] == [
        "meters_per_unit does nothing: this OpenAL has no ALC_EXT_EFX"
    ]


def test_destroyed_listener_is_false(context: palace.Context) -> None:
    listener = context.listener
    assert listener
    context.destroy()
    assert not listener


def test_listener_gain_scales_all_sounds(context: palace.Context, device: palace.LoopbackDevice, sound: Path) -> None:
    loud = loudness(device, sound, (0, 0, -1))
    context.listener.gain = 0.5
    np.testing.assert_allclose(loudness(device, sound, (0, 0, -1)), loud / 2, rtol=0.01)


def test_listener_position_and_orientation(context: palace.Context, device: palace.LoopbackDevice, sound: Path) -> None:
    left, right = loudness(device, sound, (1, 0, 0))
    assert right > 4 * left
    context.listener.position = (2, 0, 0)  # the sound is now on the left
    left, right = loudness(device, sound, (1, 0, 0))
    assert left > 4 * right
    context.listener.orientation = ((0, 0, 1), (0, 1, 0))  # turned round
    left, right = loudness(device, sound, (1, 0, 0))
    assert right > 4 * left
    assert context.listener.orientation == ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0))


def test_listener_defaults_and_ranges(context: palace.Context) -> None:
    listener = context.listener
    assert (listener.gain, listener.position, listener.velocity, listener.meters_per_unit) == (
        1,
        (0, 0, 0),
        (0, 0, 0),
        1,
    )
    listener.meters_per_unit = 0.01
    assert listener.meters_per_unit == 0.01
    with pytest.raises(ValueError, match="meters_per_unit is 0"):
        listener.meters_per_unit = 0
    with pytest.raises(ValueError, match="gain is -1"):
        listener.gain = -1


def test_batch_applies_changes_together(context: palace.Context, device: palace.LoopbackDevice, sound: Path) -> None:
    source = palace.Buffer(sound).play()
    device.render(1024)
    context.start_batch()
    source.gain = 0
    assert np.abs(device.render(1024)[512:]).max() > 0.1
    context.end_batch()
    device.render(1024)
    assert np.all(device.render(512) == 0)


def test_batches_do_not_nest(context: palace.Context, device: palace.LoopbackDevice, sound: Path) -> None:
    source = palace.Buffer(sound).play()
    device.render(1024)
    context.end_batch()  # without an open batch
    context.start_batch()
    context.start_batch()
    source.gain = 0
    context.end_batch()
    device.render(1024)
    assert np.all(device.render(512) == 0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"update_interval": 0},
        {"buffer_limit": 0},
        {"workers": 0},
        {"workers": 65},
        {"cache_limit": -1},
        {"disk_cache_limit": -1},
    ],
)
def test_bad_options_are_named(device: palace.LoopbackDevice, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        palace.Context(device, **arguments)
    assert palace.current_context() is None


@pytest.mark.parametrize("attrs", [{"HRTF": True}, {palace.HRTF: None}, [1], "HRTF", 5])
def test_attributes_must_be_numbers(device: palace.LoopbackDevice, attrs: Any) -> None:
    palace.Context(device, auto_update=False)
    for use in (palace.Context, palace.Device.reset, palace.LoopbackDevice.reset):
        with pytest.raises(TypeError, match="attrs is .*; it must map whole numbers"):
            use(device, attrs)


def test_workers_option_sets_the_count(device: palace.LoopbackDevice) -> None:
    context = palace.Context(device, workers=3, auto_update=False)
    assert context.stats()["workers"] == 3


@pytest.mark.parametrize(
    "use",
    [
        lambda context: context.update(),
        lambda context: context.stats(),
        lambda context: context.cached_names,
        lambda context: setattr(context, "doppler_factor", 1),
        lambda context: setattr(context.listener, "gain", 1),
        lambda context: palace.Source(context),
        lambda context: palace.Buffer("a.wav", context),
        lambda context: palace.Decoder("a.wav", context),
        lambda context: context.destroy(),
        lambda context: context.__enter__(),
    ],
)
def test_wrong_thread_error_names_both(context: palace.Context, use: Callable[[palace.Context], object]) -> None:
    error = raised_elsewhere(lambda: use(context), "someone else")
    assert isinstance(error, RuntimeError)
    assert "MainThread" in str(error)
    assert "someone else" in str(error)


def test_threads_may_own_contexts(sound: Path) -> None:
    outcome: list[float] = []

    def run() -> None:
        device = palace.LoopbackDevice(RATE)
        with device, palace.Context(device, EXACT) as context, palace.thread_local(True):
            palace.use_context(context, thread=True)
            palace.Buffer(sound).play()
            outcome.append(float(np.abs(device.render(100)).max()))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcome) == 2
    assert min(outcome) > 0.1


def test_current_context_has_two_scopes(device: palace.LoopbackDevice) -> None:
    """The process has a current context, and each thread may have its own."""
    first, second = (palace.Context(device, auto_update=False) for _ in range(2))
    assert palace.current_context() is None
    palace.use_context(first)
    palace.use_context(second, thread=True)
    assert palace.current_context() is first
    assert palace.current_context(thread=True) is second
    assert palace.current_context(thread=False) is first
    with palace.thread_local(True):
        assert palace.current_context() is second
        palace.use_context(None)
        assert palace.current_context() is first  # the thread has none: that of the process
        with palace.thread_local(False):
            palace.use_context(second)
            assert palace.current_context() is second
    assert palace.current_context() is second
    second.destroy()
    assert palace.current_context() is None


def test_exit_restores_the_current_context(device: palace.LoopbackDevice) -> None:
    outer, gone = palace.Context(device, auto_update=False), palace.Context(device, auto_update=False)
    palace.use_context(outer)
    with palace.Context(device, auto_update=False) as inner:
        assert palace.current_context() is inner
    assert palace.current_context() is outer
    assert not inner
    palace.use_context(gone)
    with palace.Context(device, auto_update=False):
        gone.destroy()
    assert palace.current_context() is None


def test_missing_context_is_reported() -> None:
    for use in (lambda: palace.Buffer("a"), lambda: palace.cache([]), lambda: palace.free([]), palace.Source):
        with pytest.raises(RuntimeError, match="there is no context current"):
            use()


def test_missing_context_of_a_program_that_ends_is_reported(device: palace.Device) -> None:
    context = palace.Context(device, auto_update=False)
    palace.use_context(context)
    context.destroy()
    with pytest.raises(RuntimeError, match=r"the last one was destroyed, by shutdown\(\) or at the end of the program"):
        palace.play("a")


def test_disconnect_is_reported_once(
    context: palace.Context, device: palace.LoopbackDevice, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[object] = []

    class Handler(palace.MessageHandler):
        def device_disconnected(self, device: palace.Device) -> None:
            received.append(device)

    context.message_handler = Handler()
    context.push_handlers(on_device_disconnected=received.append)
    monkeypatch.setattr(device._native, "is_connected", lambda: False)
    for _ in range(2):
        context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
        context.update()
    assert received == [device, device]


def test_reset_rearms_disconnect_events(
    context: palace.Context, device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[object] = []
    context.push_handlers(on_device_disconnected=received.append)
    monkeypatch.setattr(device._native, "is_connected", lambda: False)
    for _ in range(2):
        context._engine._checked_at = context._engine.end_times.next_check = float("-inf")
        context.update()
        device.reset()
    assert received == [device, device]


def test_failed_thread_start_cleans_up(device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, []

    def second_fails(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", second_fails)
        with pytest.raises(palace.PalaceError, match="no thread can be started to load sounds .*ulimit"):
            palace.Context(device, workers=3)
    started[0].join(20)
    assert not started[0].is_alive()
    with palace.Context(device, workers=3, auto_update=False) as later:
        assert later.stats()["workers"] == 3
    device.close()


@pytest.mark.filterwarnings("ignore:no sound device")
def test_init_device_closes_with_context() -> None:
    for _ in range(3):
        with palace.init(auto_update=False):
            assert len(palace._common.registry.open_devices()) == 1
    assert palace._common.registry.open_devices() == ()


def test_shutdown_continues_after_errors(tmp_path: Path) -> None:
    device = palace.LoopbackDevice()
    contexts = [palace.Context(device, auto_update=False) for _ in range(3)]
    sounds.wav(tmp_path / "a.wav")

    def leave(source: palace.Source) -> None:
        raise SystemExit

    for context in contexts:
        context.push_handlers(on_source_force_stopped=leave)
        palace.Buffer(tmp_path / "a.wav", context).play()
    with pytest.raises(SystemExit):
        palace.shutdown()
    assert not any(contexts)
    assert not device


def test_exit_on_another_thread_fails(context: palace.Context) -> None:
    """The context stays alive and current."""
    context.__enter__()
    assert isinstance(raised_elsewhere(lambda: context.__exit__(None, None, None)), RuntimeError)
    assert palace.current_context() is context
    context.__exit__(None, None, None)
    assert not context


@pytest.mark.parametrize("value", [None, 5, palace.MessageHandler])
def test_message_handler_must_be_instance(context: palace.Context, value: Any) -> None:
    with pytest.raises(TypeError, match="message_handler is"):
        context.message_handler = value


def test_limits_can_be_changed(context: palace.Context, tmp_path: Path) -> None:
    assert context.buffer_limit == 512 * 1024 * 1024
    assert context.cache_limit is None
    context.buffer_limit = 100
    with pytest.raises(palace.BufferTooLarge, match="100"):
        palace.Buffer(sounds.wav(tmp_path / "a.wav"))
    context.buffer_limit = 10**12
    assert context.buffer_limit < 2**31
    palace.Buffer(tmp_path / "a.wav")
    context.cache_limit = 10
    assert context.cached_names == ()
    with pytest.raises(ValueError, match="cache_limit is -1"):
        context.cache_limit = -1


@pytest.mark.parametrize("name", ["clock", "loader"])
def test_clock_and_loader_are_checked(device: palace.LoopbackDevice, name: str) -> None:
    options: dict[str, Any] = {name: "assets"}
    with pytest.raises(TypeError, match=f"{name} is 'assets'"):
        palace.Context(device, **options)


def test_wrong_context_type_is_reported(context: palace.Context) -> None:
    with pytest.raises(TypeError, match="several names go into one list"):
        palace.cache(["door.wav"], "theme.ogg")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be a Device"):
        palace.Context(None)  # type: ignore[arg-type]


def test_parallel_directions_are_refused(context: palace.Context) -> None:
    with pytest.raises(ValueError, match="parallel"):
        context.listener.orientation = ((0, 0, -1), (0, 0, -2))


def test_value_refused_by_openal_is_lost(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The property keeps its previous value."""

    def refuse(*_: object) -> None:
        raise palace.OpenALError("alListenerf", 0xA003, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(context._engine.al, "alListenerf", refuse)
        with pytest.raises(palace.OpenALError):
            context.listener.gain = 0.5
    assert context.listener.gain == 1.0


@pytest.mark.parametrize("kind", ["Source", "SourceGroup", "Buffer", "ReverbEffect"])
def test_only_a_context_is_a_context(context: palace.Context, sound: Path, kind: str) -> None:
    """Other objects of a context, which have its engine, are refused: `Source(buffer)` is a likely mistake."""
    other = palace.Buffer(sound) if kind == "Buffer" else getattr(palace, kind)()
    with pytest.raises(TypeError, match="it must be a Context"):
        palace.Source(other)
    with pytest.raises(TypeError, match="it must be a Context"):
        palace.cache(["a.wav"], other)


def test_context_proxy_is_accepted(context: palace.Context, sound: Path) -> None:
    assert palace.Source(weakref.proxy(context))
    assert palace.Buffer(sound, weakref.proxy(context)) is palace.Buffer(sound, context)


def test_interrupted_destroy_frees_the_device(device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the wait for worker threads leaves nothing behind that would keep the device open."""
    context = palace.Context(device)

    close = context._engine.workers.close

    def interrupted() -> None:
        close()
        raise KeyboardInterrupt

    monkeypatch.setattr(context._engine.workers, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        context.destroy()
    context.destroy()
    assert not context
    device.close()


def test_refused_destroy_frees_the_device(device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    context = palace.Context(device)
    destroy = context._engine.native.destroy

    def refused() -> None:
        destroy()
        raise palace.OpenALError("alcDestroyContext", 0, "refused")

    monkeypatch.setattr(context._engine.native, "destroy", refused)
    with pytest.raises(palace.OpenALError):
        context.destroy()
    device.close()


def test_query_extension_finds_al_extensions(context: palace.Context) -> None:
    assert context.query_extension("AL_EXT_FLOAT32")
    assert not context.query_extension("AL_EXT_no_such_thing")
    with pytest.raises(TypeError, match="name is 3"):
        context.query_extension(3)  # type: ignore[arg-type]


def test_openal_version_and_library_are_named(context: palace.Context) -> None:
    assert re.match(r"1\.1 ALSOFT 1\.\d+\.\d+", context.openal_version)
    assert Path(context.openal_library).is_file()
