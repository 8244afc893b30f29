"""Effects: that each is heard, on which sends, and that slots go round."""

from __future__ import annotations

import ctypes
import gc
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _log
from tests import sounds
from tests.conftest import EXACT, RATE, raised_elsewhere

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = [getattr(palace, name) for name in palace.__all__ if name.endswith("Effect") and name != "BaseEffect"]
ROWS = [pytest.param(cls, row, id=f"{cls.__name__}.{row.name}") for cls in CLASSES for row in cls._parameters.values()]


class Studio:
    """Plays sounds through effects alone, their direct way shut."""

    def __init__(self, folder: Path, device: palace.LoopbackDevice) -> None:
        self.folder = folder
        self.device = device

    def buffer(self, data: Any) -> palace.Buffer:
        return palace.Buffer(
            sounds.write(self.folder / f"{len(list(self.folder.iterdir()))}.wav", data, subtype="FLOAT")
        )

    def source(self, effect: palace.BaseEffect | None) -> palace.Source:
        source = palace.Source()
        source.filter = (0, 1, 1)
        source.sends[0].effect = effect
        return source

    def hear(self, effect: palace.BaseEffect | None, data: Any, frames: int) -> Any:
        """What comes out of `effect`, fresh, in `frames` from the start of `data`."""
        with self.source(effect) as source:
            self.buffer(data).play(source)
            return self.device.render(frames)

    def tones(self, effect: palace.BaseEffect, frequency: float = 1000.0, count: int = 1, ear: int = 0) -> Any:
        """The loudest frequencies that one ear gets of a sine."""
        out = self.hear(effect, sounds.tone(1.0, frequency, 0.25), RATE)[RATE // 2 :, ear]
        spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
        found = []
        for _ in range(count):
            found.append(int(spectrum.argmax()))
            spectrum[max(0, found[-1] - 30) : found[-1] + 31] = 0
        return sorted(2 * peak for peak in found)


@pytest.fixture
def studio(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> Studio:
    return Studio(tmp_path, device)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """What was said, once, so far: a function."""
    monkeypatch.setattr(_log, "_told", set())
    return lambda: [record.getMessage() for record in caplog.records]


def level(out: Any) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(out, dtype=float))))


def noise(seconds: float = 1.0, gain: float = 0.25) -> Any:
    return sounds.noise(round(seconds * RATE), 1, gain).astype(np.float32)


def click(frames: int = 100) -> Any:
    data = np.zeros((frames, 1), np.float32)
    data[0] = 0.5
    return data


def version(context: palace.Context) -> str:
    """OpenAL's: '1.1 ALSOFT 1.19.1', for instance."""
    with context._bracket as al:
        return al.alGetString(0xB002).decode()


# The tables, against what OpenAL says


class Asked:
    """One of OpenAL's effect objects, asked directly."""

    def __init__(self, context: palace.Context, kind: int) -> None:
        self.al = context._al
        self.number = self.al.generate_effect()
        self.al.alEffecti(self.number, 0x8001, kind)

    def __call__(self, row: Any) -> Any:
        """The value of a parameter."""
        suffix, kind = ("i", ctypes.c_int) if isinstance(row.default, (int, str)) else ("f", ctypes.c_float)
        address = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
            ("alcGetProcAddress", self.al.handle)
        )(None, f"alGetEffect{suffix}v".encode())
        get = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int, ctypes.POINTER(kind))(address)
        values = (kind * 3)()
        get(self.number, row.number, values)
        return tuple(values) if isinstance(row.default, tuple) else values[0]

    def takes(self, row: Any, value: float) -> bool:
        set_it = self.al.alEffecti if isinstance(row.default, (int, str)) else self.al.alEffectf
        try:
            set_it(self.number, row.number, value)
        except palace.OpenALError:
            return False
        return True


@pytest.mark.parametrize(("cls", "row"), ROWS)
def test_defaults_and_ranges_are_openals(cls: Any, row: Any, context: palace.Context) -> None:
    with context._bracket:
        asked = Asked(context, cls._types[0][0])
        answer = asked(row)
        if isinstance(row.default, float):
            assert answer == np.float32(row.default)
            low, high = (np.float32(word) for word in row.__doc__.split(", from ")[1].split(". ")[0].split(" to "))
            if row.name == "modulation_time":  # the contract's range is wider, and the rest is brought into OpenAL's
                assert low < np.float32(0.04)
                low = np.float32(0.04)
            assert asked.takes(row, low)
            assert asked.takes(row, high)
            assert not asked.takes(row, np.nextafter(low, np.float32(-math.inf)))
            assert not asked.takes(row, np.nextafter(high, np.float32(math.inf)))
        elif isinstance(row.default, str):
            choices = [word.split("'")[1] for word in row.__doc__.split("one of ")[1].split(". ")[0].split(", ")]
            assert choices[answer] == row.default
            assert asked.takes(row, len(choices) - 1)
            assert not asked.takes(row, len(choices))
        elif isinstance(row.default, bool):
            assert answer == row.default
            assert not asked.takes(row, 2)
        elif isinstance(row.default, int):
            assert answer == row.default
            low, high = map(int, row.__doc__.split("from ")[1].split(". ")[0].split(" to "))
            assert asked.takes(row, low)
            assert asked.takes(row, high)
            assert not asked.takes(row, low - 1)
            assert not asked.takes(row, high + 1)
        else:
            assert answer == row.default == (0.0, 0.0, 0.0)


def test_every_preset_reaches_openal_whole(context: palace.Context) -> None:
    source, effect = palace.Source(), palace.ReverbEffect()
    source.sends[0].effect = effect
    for name in palace.reverb_preset_names:
        effect.load_preset(name)
        with context._bracket as al:
            asked = Asked(context, 0x8000)
            al.delete_effect(asked.number)
            asked.number = effect._unit.effect
            for row in effect._parameters.values():
                np.testing.assert_allclose(
                    asked(row), getattr(effect, row.name), rtol=1e-6, err_msg=f"{name}: {row.name}"
                )


# Each effect is heard


def test_an_effect_of_the_base_class_does_nothing(studio: Studio) -> None:
    assert not studio.hear(palace.BaseEffect(), noise(), RATE).any()
    assert not studio.hear(None, noise(), RATE).any()


def test_reverb_has_a_tail_that_falls_by_60_db_in_its_decay_time(studio: Studio) -> None:
    for preset, seconds in (("CAVE", 2.91), ("CASTLE_HALL", 3.14), ("LIVINGROOM", 0.5)):
        with palace.ReverbEffect(preset) as effect:
            assert effect.decay_time == seconds
            effect.decay_hf_ratio = effect.decay_lf_ratio = 1.0
            effect.decay_hf_limit = False
            out = studio.hear(effect, noise(0.1), round((seconds * 0.6 + 0.5) * RATE))
        window = round(0.1 * seconds * RATE)
        begin, end = round(0.3 * RATE), round((seconds * 0.5 + 0.3) * RATE)
        fall = level(out[end : end + window]) / level(out[begin : begin + window])
        assert 20 * math.log10(fall) == pytest.approx(-30, abs=6)  # noise, in the end


def test_another_preset_may_be_loaded_later(studio: Studio) -> None:
    effect = palace.ReverbEffect("CAVE")
    effect.slot_gain, effect.late_reverb_pan, effect.room_rolloff_factor = 0.5, (0, 0, -1), 2
    effect.load_preset("DRUGGED")
    fresh = palace.ReverbEffect("DRUGGED")
    for name in effect._parameters:
        assert getattr(effect, name) == getattr(fresh, name)
    assert effect.slot_gain == 0.5
    with pytest.raises(ValueError, match="did you mean 'DRUGGED'"):
        effect.load_preset("drugged")


def test_the_pan_of_a_reverb_is_heard(studio: Studio) -> None:
    with palace.ReverbEffect() as effect:
        effect.late_reverb_pan = effect.reflections_pan = (-1, 0, 0)
        out = studio.hear(effect, noise(), RATE)[RATE // 4 :]
    assert level(out[:, 0]) > 2 * level(out[:, 1])


def test_what_openal_cannot_swing_so_fast_is_brought_into_its_range(studio: Studio) -> None:
    with palace.ReverbEffect("DRUGGED") as effect:
        source = studio.source(effect)
        effect.modulation_time = 0.004
        assert effect.modulation_time == 0.004
        assert studio.hear(effect, noise(), 1024).any()
        assert source.sends[0].effect is effect


def test_echo_repeats_after_its_delays_and_from_side_to_side(studio: Studio) -> None:
    with palace.EchoEffect(0.1, lr_delay=0.05, damping=0.0, feedback=0.5, spread=1.0) as effect:
        out = studio.hear(effect, click(), RATE // 2)
    repeats = {frame: tuple(np.round(out[frame], 3)) for frame in np.flatnonzero(np.abs(out).max(axis=1) > 0.01)}
    assert repeats == {
        4410: (0.5, 0.0),
        6615: (0.0, 0.5),
        11025: (0.25, 0.0),
        13230: (0.0, 0.25),
        17640: (0.125, 0.0),
        19845: (0.0, 0.125),
    }


def test_chorus_makes_copies_at_other_pitches(studio: Studio) -> None:
    # A delay that swings by 16 ms up and down at 5 Hz, in straight lines, changes by 20 * 16 ms a second.
    with palace.ChorusEffect(depth=1.0, feedback=0.0, rate=5.0) as effect:
        assert studio.tones(effect, count=2) == pytest.approx([680, 1320], abs=20)
        effect.rate = 0.0
        effect.depth = 0.0
        assert studio.tones(effect) == [1000]
    with palace.ChorusEffect("sine", depth=1.0, feedback=0.0, rate=5.0) as effect:
        # Of a sine, the fastest is pi/2 times as fast as the straight line; where it turns it is at rest.
        assert max(studio.tones(effect, count=6)) > 1400


def test_the_phase_of_a_chorus_is_between_left_and_right(studio: Studio) -> None:
    with palace.ChorusEffect(phase=0) as effect:
        out = studio.hear(effect, sounds.tone(1.0, 1000), RATE)
        np.testing.assert_allclose(out[:, 0], out[:, 1], atol=1e-4)
        effect.phase = 180
        out = studio.hear(effect, sounds.tone(1.0, 1000), RATE)
        assert level(out[:, 0] - out[:, 1]) > 0.1 * level(out)


def test_chorus_and_flanger_are_delays(studio: Studio) -> None:
    for effect, seconds in (
        (palace.ChorusEffect(depth=0.0, feedback=0.0, rate=0.0), 0.016),
        (palace.FlangerEffect(depth=0.0, feedback=0.0, rate=0.0, delay=0.004), 0.004),
        (palace.FlangerEffect(depth=0.0, feedback=0.0, rate=0.0), 0.002),
    ):
        with effect:
            out = studio.hear(effect, click(), RATE // 10)
        assert np.abs(out[:, 0]).argmax() == pytest.approx(seconds * RATE, abs=1)


def test_flanger_feeds_its_delay_back(studio: Studio) -> None:
    with palace.FlangerEffect(depth=0.0, rate=0.0, feedback=-0.5, delay=0.004) as effect:
        data = np.concatenate([0 * noise(0.1), click()])  # an effect fades in
        out = studio.hear(effect, data, RATE // 5)[RATE // 10 :, 0]
    first, second = (out[round(0.004 * RATE * turn) - 3 :][:6].sum() for turn in (1, 2))
    assert second / first == pytest.approx(-0.5, abs=0.05)


def test_distortion_adds_odd_harmonics(studio: Studio) -> None:
    with palace.DistortionEffect(edge=0.5, gain=0.5) as effect:
        assert studio.tones(effect, count=3) == [1000, 3000, 5000]


def test_a_frequency_shifter_moves_each_side_by_hertz(studio: Studio, context: palace.Context) -> None:
    with palace.FrequencyShifterEffect(300, "up", "down") as effect:
        # OpenAL Soft 1.19.1 does to both sides what is asked for the left.
        right = 1300 if "1.19" in version(context) else 700
        assert studio.tones(effect, ear=0) == pytest.approx([1300], abs=3)  # by 301 Hz, in 1.19.1
        assert studio.tones(effect, ear=1) == pytest.approx([right], abs=3)
        effect.left_direction = "down"
        assert studio.tones(effect, ear=0) == pytest.approx([700], abs=3)


@pytest.mark.parametrize(("coarse", "fine"), [(12, 0), (-12, 0), (7, 0), (0, 50)])
def test_a_pitch_shifter_moves_by_semitones_and_cents(coarse: int, fine: int, studio: Studio) -> None:
    with palace.PitchShifterEffect(coarse, fine) as effect:
        # OpenAL Soft works in bands of 20 to 45 Hz, which blurs small shifts.
        assert studio.tones(effect) == pytest.approx([1000 * 2 ** ((coarse + fine / 100) / 12)], abs=4)


def test_a_ring_modulator_makes_sums_and_differences(studio: Studio) -> None:
    with palace.RingModulatorEffect(300.0, highpass_cutoff=0.0) as effect:
        assert studio.tones(effect, count=2) == [700, 1300]
        effect.waveform = "square"
        assert studio.tones(effect, count=4) == [100, 700, 1300, 1900]  # also of its third harmonic


def test_autowah_opens_with_loudness(studio: Studio) -> None:
    peaks = []
    for gain in (0.1, 0.9):
        with palace.AutowahEffect() as effect:
            out = studio.hear(effect, noise(1.0, gain), RATE)[RATE // 2 :, 0]
            peaks.append(2 * int(np.abs(np.fft.rfft(out * np.hanning(len(out)))).argmax()))
    assert peaks[0] < 1000
    assert peaks[1] > 3000


def test_a_compressor_makes_what_is_soft_louder(studio: Studio, context: palace.Context) -> None:
    with palace.CompressorEffect() as effect:
        gains = []
        for effect.enabled in (True, False):
            for gain in (0.02, 0.9):
                data = sounds.tone(1.0, 1000, gain)
                gains.append(level(studio.hear(effect, data, RATE)[RATE // 2 :, 0]) / level(data))
    if version(context).endswith("1.23.1"):
        assert gains == [0, 0, 0, 0]  # a defect of that library, as the class says
        return
    soft, loud, soft_off, loud_off = gains
    assert soft_off == pytest.approx(loud_off, rel=0.01)
    assert soft / soft_off == pytest.approx(2, rel=0.01)  # all that OpenAL Soft does
    assert 1.0 < loud / loud_off < 1.7


@pytest.mark.parametrize(("band", "frequency"), [("low", 60), ("mid1", 500), ("mid2", 3000), ("high", 15000)])
def test_each_band_of_the_equalizer_is_where_it_says(band: str, frequency: float, studio: Studio) -> None:
    factors = {}
    for other in (60, 500, 3000, 15000):
        data = sounds.tone(0.5, other, 0.1)
        with palace.EqualizerEffect() as effect:
            flat = level(studio.hear(effect, data, len(data))[RATE // 10 :])
            setattr(effect, f"{band}_gain", 4.0)
            factors[other] = level(studio.hear(effect, data, len(data))[RATE // 10 :]) / flat
    assert factors.pop(frequency) == pytest.approx(4, rel=0.08)
    assert all(factor < 1.3 for factor in factors.values())


@pytest.mark.parametrize("cls", CLASSES)
def test_destroying_an_effect_removes_what_is_heard_of_it(cls: Any, studio: Studio, context: palace.Context) -> None:
    effect = cls()
    silent = cls is palace.CompressorEffect and version(context).endswith("1.23.1")  # a defect of that library
    source = studio.source(effect)
    source.looping = True
    studio.buffer(noise()).play(source)
    assert (level(studio.device.render(RATE)) > 0.001) is not silent
    effect.destroy()
    assert source.playing
    assert source.sends[0].effect is None
    studio.device.render(4096)  # OpenAL Soft fades out
    assert not studio.device.render(RATE).any()


# Properties


def test_properties_are_heard_at_once(studio: Studio) -> None:
    effect = palace.EqualizerEffect()
    source = studio.source(effect)
    source.looping = True
    studio.buffer(sounds.tone(1.0, 60, 0.1)).play(source)
    flat = level(studio.device.render(RATE))
    effect.low_gain = 4
    studio.device.render(4410)
    assert level(studio.device.render(RATE)) / flat == pytest.approx(4, rel=0.1)
    effect.slot_gain = 0.25
    studio.device.render(4410)
    assert level(studio.device.render(RATE)) / flat == pytest.approx(1, rel=0.1)
    assert (effect.low_gain, effect.slot_gain) == (4.0, 0.25)


def test_what_was_set_before_it_had_a_slot_is_heard(studio: Studio) -> None:
    plain = level(studio.hear(palace.EqualizerEffect(), noise(), RATE))
    effect = palace.EqualizerEffect()
    effect.slot_gain = 0.5
    assert level(studio.hear(effect, noise(), RATE)) / plain == pytest.approx(0.5, rel=0.01)


def test_send_auto_reaches_the_slot(studio: Studio) -> None:
    effect = palace.ReverbEffect()
    assert effect.send_auto is True
    effect.send_auto = False
    source = studio.source(effect)
    source.position = (0, 0, -20)
    buffer = studio.buffer(noise())
    buffer.play(source)
    without = level(studio.device.render(RATE))  # 1/20 of what a room would do
    effect.send_auto = True
    buffer.play(source)
    assert level(studio.device.render(RATE)) > 10 * without
    assert effect.send_auto is True


def test_a_property_out_of_range_is_named_and_nothing_changes(context: palace.Context) -> None:
    effect = palace.ReverbEffect()
    with pytest.raises(ValueError, match="density is 1.5; it must be from 0 to 1"):
        effect.density = 1.5
    with pytest.raises(ValueError, match="decay_time is nan"):
        effect.decay_time = math.nan
    with pytest.raises(TypeError, match="gain is 'loud'; it must be a number"):
        effect.gain = "loud"  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        effect.densty = 1  # type: ignore[attr-defined]
    assert effect.density == 1.0
    with pytest.raises(ValueError, match="feedback is 2"):
        palace.EchoEffect(feedback=2)
    with pytest.raises(TypeError, match=r"EchoEffect\(\): got an unexpected keyword argument 'fedback'"):
        palace.EchoEffect(fedback=0)
    with pytest.raises(TypeError, match=r"ChorusEffect\(\): too many positional arguments"):
        palace.ChorusEffect("sine", 0, 0.1, 0.1, 0.01, context, 1.0)


def test_a_class_of_a_games_own_has_its_own_rooms(studio: Studio) -> None:
    class Cave(palace.ReverbEffect):
        def __init__(self, depth: float) -> None:
            super().__init__("CAVE")
            self.decay_time = depth

    class Slapback(palace.EchoEffect):
        def __init__(self) -> None:
            super().__init__(0.1, feedback=0.0)

    assert studio.hear(Cave(5), noise(), RATE).any()
    assert Cave(5).decay_time == 5
    assert Slapback().feedback == 0


# Sends


def test_a_send_is_readable_and_the_effect_knows_it(context: palace.Context) -> None:
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


def test_a_source_that_is_dropped_sends_no_more(context: palace.Context) -> None:
    source, effect = palace.Source(), palace.ReverbEffect()
    source.sends[0].effect = effect
    del source
    assert effect.source_sends == []


def test_destroying_an_effect_takes_it_off_idle_sources_too(context: palace.Context) -> None:
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


def test_what_cannot_be_on_a_send_is_refused_and_what_was_there_stays(context: palace.Context) -> None:
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


def test_there_are_as_many_sends_as_the_device_has(context: palace.Context, device: palace.LoopbackDevice) -> None:
    sends = palace.Source().sends
    assert len(sends) == len(list(sends)) == device.max_auxiliary_sends == 2
    assert sends[1] in sends
    assert sends[1] == list(sends)[1] != sends[0]
    for index in (-1, 16, 99):
        with pytest.raises(IndexError, match="0 to 15"):
            sends[index]
    with pytest.raises(TypeError, match="whole number"):
        sends["0"]  # type: ignore[call-overload]


def test_a_send_that_the_device_lacks_keeps_its_values_and_says_so_once(
    studio: Studio, told: Any, context: palace.Context
) -> None:
    source, effect = palace.Source(), palace.ReverbEffect()
    source.filter = (0, 1, 1)
    for _ in range(2):
        source.sends[2].effect = effect
    assert len(told()) == 1
    source.sends[2].filter = (1, 0.5, 1)
    studio.buffer(noise()).play(source)
    source.sends[2].filter = (1, 0.25, 1)
    assert (source.sends[2].effect, source.sends[2].filter) == (effect, (1.0, 0.25, 1.0))
    assert source.playing
    assert not studio.device.render(RATE).any()
    assert len(told()) == 1
    assert "the device has no auxiliary send 2" in told()[0]
    assert "MAX_AUXILIARY_SENDS: 3" in told()[0]
    effect.destroy()
    assert source.sends[2].effect is None


def test_more_sends_can_be_asked_for_and_a_reset_may_take_them_away(tmp_path: Path, told: Any) -> None:
    device = palace.LoopbackDevice(RATE)
    with palace.Context(device, {**EXACT, palace.MAX_AUXILIARY_SENDS: 4}, auto_update=False, workers=1):
        studio = Studio(tmp_path, device)
        source = studio.source(None)
        assert len(source.sends) == 4
        source.sends[3].effect = palace.EchoEffect()
        buffer = studio.buffer(noise())
        buffer.play(source)
        assert studio.device.render(RATE).any()
        device.reset({**EXACT, palace.MAX_AUXILIARY_SENDS: 1})
        assert len(source.sends) == 1
        source.stop()  # a voice that has the send is given back
        buffer.play(source)
        assert source.playing
        device.render(RATE)
        source.stop()
        assert len(told()) == 1
        assert "no auxiliary send 3" in told()[0]


def test_two_sends_are_heard_each_through_its_own_filter(studio: Studio) -> None:
    first, second = palace.EqualizerEffect(), palace.EqualizerEffect()
    source = studio.source(first)
    source.sends[1].effect = second
    source.sends[1].filter = (0.5, 1, 1)
    studio.buffer(sounds.tone(1.0, 500, 0.1)).play(source)
    both = level(studio.device.render(RATE)[RATE // 2 :])
    alone = level(studio.hear(palace.EqualizerEffect(), sounds.tone(1.0, 500, 0.1), RATE)[RATE // 2 :])
    assert both / alone == pytest.approx(1.5, rel=0.01)


def test_sends_are_carried_to_a_voice_that_is_borrowed_later_and_do_not_stay_there(
    studio: Studio, context: palace.Context
) -> None:
    effect = palace.EchoEffect(feedback=0.0)
    source, other = studio.source(effect), studio.source(None)
    buffer = studio.buffer(noise(0.5))
    for _ in range(2):
        buffer.play(source)
        assert level(studio.device.render(RATE)) > 0.01
        assert not source.playing
        context.update()
        buffer.play(other)
        assert not studio.device.render(RATE).any()
        context.update()
    assert context.stats()["voices"] == 1


def test_an_effect_set_while_playing_is_heard_and_taken_off_is_not(studio: Studio) -> None:
    source = studio.source(None)
    source.looping = True
    studio.buffer(noise()).play(source)
    assert not studio.device.render(RATE).any()
    source.sends[0].effect = palace.EchoEffect()
    assert level(studio.device.render(RATE)) > 0.01
    source.sends[0].effect = None
    studio.device.render(RATE * 10)  # until the last repeat has died away
    assert level(studio.device.render(RATE)) < 1e-6


# Slots


def test_70_effects_at_once_are_no_error(studio: Studio, context: palace.Context, told: Any) -> None:
    effects = [palace.EqualizerEffect() for _ in range(70)]
    sources = [studio.source(effect) for effect in effects]
    assert context.stats()["effect_slots"] == 64
    buffer = studio.buffer(noise())
    for source in sources:
        assert buffer.play(source).playing
    assert told() == ["all effect slots of the device are in use; effects beyond are not heard"]
    for source in sources:
        source.stop()
    buffer.play(sources[69])
    assert not studio.device.render(RATE).any()
    effects[69].low_gain = 2.0
    effects[69].slot_gain = 0.5
    sources[69].stop()
    sources[3].sends[0].effect = None  # gives way
    buffer.play(sources[69])
    assert studio.device.render(RATE).any()
    assert context.stats()["effect_slots"] == 64


def test_an_effect_nobody_sends_to_gives_way_and_comes_back(studio: Studio, context: palace.Context) -> None:
    idle = palace.EqualizerEffect(low_gain=4.0, mid1_gain=4.0, mid2_gain=4.0, high_gain=4.0)
    idle.slot_gain = 0.5
    data = noise()
    before = level(studio.hear(idle, data, RATE))
    effects = [palace.EqualizerEffect() for _ in range(64)]
    sources = [studio.source(effect) for effect in effects]
    plain = level(studio.hear(effects[-1], data, RATE))
    assert before > 1.5 * plain  # the slot that was taken over has nothing of the other
    sources[7].destroy()
    assert level(studio.hear(idle, data, RATE)) == pytest.approx(before, rel=0.05)  # it fades in, or not
    assert context.stats()["effect_slots"] == 64


def test_a_newcomer_on_the_same_send_gets_the_slot_of_whom_it_drives_out(studio: Studio) -> None:
    sources = [studio.source(palace.EqualizerEffect()) for _ in range(64)]
    sources[0].looping = True
    studio.buffer(noise()).play(sources[0])
    plain = level(studio.device.render(RATE))
    sources[0].sends[0].effect = loud = palace.EqualizerEffect(4, 200, 4, 500, 1, 4, 3000, 1, 4)
    studio.device.render(4410)
    assert level(studio.device.render(RATE)) > 2 * plain
    assert loud.use_count == 1


def test_an_effect_that_is_dropped_gives_its_slot_back(studio: Studio, context: palace.Context) -> None:
    effect = palace.ReverbEffect()
    studio.hear(effect, noise(0.1), 4410)
    assert context.stats()["effect_slots"] == 1
    del effect
    assert context.stats()["effect_slots"] == 1  # a finaliser calls no OpenAL
    context.update()
    assert context.stats()["effect_slots"] == 0
    for _ in range(200):  # and without an update
        studio.source(palace.ReverbEffect()).sends[0].effect = None
    assert context.stats()["effect_slots"] <= 2


def test_an_effect_may_be_dropped_by_another_thread(context: palace.Context) -> None:
    held = [palace.ReverbEffect()]
    palace.Source().sends[0].effect = held[0]
    gc.collect()
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert context.stats()["effect_slots"] == 1
    palace.EchoEffect()
    assert context.stats()["effect_slots"] == 0


def test_a_source_keeps_its_effect(studio: Studio, context: palace.Context) -> None:
    source = studio.source(palace.EchoEffect())
    gc.collect()
    context.update()
    studio.buffer(noise()).play(source)
    assert studio.device.render(RATE // 2).any()
    del source  # plays on, and is heard
    gc.collect()
    context.update()
    assert isinstance(next(iter(context._voices)).sends[0].effect, palace.EchoEffect)


def test_a_stolen_voice_sends_no_more(studio: Studio, context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    effect = palace.EchoEffect()
    source = studio.source(effect)
    buffer = studio.buffer(noise())
    buffer.play(source)
    monkeypatch.setattr(context._voices, "_exhausted", True)
    buffer.play(studio.source(None))
    assert not source.playing
    assert effect.use_count == 1
    studio.device.render(RATE)
    effect.destroy()
    assert context.stats()["effect_slots"] == 0


def test_with_its_context_an_effect_ends(context: palace.Context) -> None:
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


def test_effects_are_for_the_thread_of_their_context_only(context: palace.Context) -> None:
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


def test_without_a_context_there_is_no_effect() -> None:
    with pytest.raises(RuntimeError, match="no context"):
        palace.ReverbEffect()


# What is missing


def check_that_effects_do_nothing(studio: Studio, told: Any, text: str) -> None:
    """Effects and sends keep what they are set to, the sound is heard, and the log says why once."""
    effect = palace.ReverbEffect("CAVE")
    effect.gain, effect.slot_gain, effect.send_auto = 0.5, 0.5, False
    source = palace.Source()
    for index in (0, 1, 5):
        source.sends[index].effect = effect
        source.sends[index].filter = (1, 0.5, 1)
    studio.buffer(noise(0.1)).play(source)
    assert studio.device.render(4410).any()
    assert not studio.device.render(RATE)[1024:].any()  # no tail
    effect.load_preset("HANGAR")
    assert effect.decay_time == pytest.approx(10.05)
    assert effect.source_sends == [(source, 0), (source, 1), (source, 5)]
    assert source.sends[0].filter == (1.0, 0.5, 1.0)
    effect.destroy()
    assert source.sends[5].effect is None
    palace.EchoEffect()
    assert told() == [text]


def test_without_efx_in_the_library_effects_do_nothing_and_say_so_once(
    studio: Studio, told: Any, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(vars(context._al)):
        if name.startswith("al") and ("Effect" in name or "Filter" in name):
            monkeypatch.setattr(context._al, name, None)
    check_that_effects_do_nothing(studio, told, "effects do nothing: this OpenAL has no ALC_EXT_EFX")


def test_without_efx_on_the_device_effects_do_nothing_and_say_so_once(
    studio: Studio, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = palace.Device.query_extension
    monkeypatch.setattr(
        palace.Device, "query_extension", lambda device, name: name != "ALC_EXT_EFX" and ask(device, name)
    )
    assert len(palace.Source().sends) == 0
    check_that_effects_do_nothing(studio, told, "effects do nothing: this OpenAL has no ALC_EXT_EFX")


class VocalMorpher(palace.BaseEffect):
    """OpenAL Soft has it since 1.20; a number that nobody has stands in where it does."""

    _types = ((0x7777, None),)


def test_an_effect_that_the_library_lacks_does_nothing_and_says_so_once(
    studio: Studio, told: Any, context: palace.Context
) -> None:
    for kinds in (((0x7777, None),), ((0x7, None),)[: "1.19" in version(context)]):
        VocalMorpher._types = kinds
        for _ in range(2):
            with VocalMorpher() as effect:
                assert not studio.hear(effect, noise(), RATE).any()
                assert context.stats()["effect_slots"] == 0
    assert told() == ["this OpenAL library has no effect of the kind of VocalMorpher; it is not heard"]


def test_where_there_is_no_eax_reverb_the_standard_one_is_used(
    studio: Studio, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_integer = context._al.alEffecti

    def without_eax(effect: int, what: int, value: int) -> None:
        if (what, value) == (0x8001, 0x8000):
            raise palace.OpenALError("alEffecti", 0xA003, "refused")
        set_integer(effect, what, value)

    monkeypatch.setattr(context._al, "alEffecti", without_eax)
    effect = palace.ReverbEffect("CAVE")
    out = studio.hear(effect, noise(0.1), RATE)
    assert level(out[RATE // 2 :]) > 0.001
    effect.echo_depth = 1.0  # which only EAX has
    effect.decay_time, effect.decay_hf_limit = 5.0, False
    with context._bracket as al:
        asked = Asked(context, 1)
        al.delete_effect(asked.number)
        asked.number = effect._unit.effect
        row = palace.ReverbEffect._parameters["decay_time"]
        assert asked(type(row)(5, row.check, 0.0, lambda *_: None, "", keyword=False)) == 5.0


def test_an_openal_that_fails_midway_leaves_no_slot_behind(
    context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise palace.OpenALError("alEffectf", 0xA005, "out of memory")

    source, effect, before = palace.Source(), palace.ReverbEffect("CAVE"), palace.BaseEffect()
    source.sends[0].effect = before
    with monkeypatch.context() as patch:
        patch.setattr(context._al, "alEffectf", fails)
        with pytest.raises(palace.OpenALError, match="out of memory"):
            source.sends[0].effect = effect
    assert source.sends[0].effect is before
    assert before.use_count == 1
    assert effect.use_count == context.stats()["effect_slots"] == 0
    source.sends[0].effect = effect
    assert context.stats()["effect_slots"] == 1


def counted(al: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], set[int]]:
    """What OpenAL is asked to make from now on of `what`: all, and what is left."""
    generate, delete = getattr(al, f"generate_{what}"), getattr(al, f"delete_{what}")
    made: list[int] = []
    left: set[int] = set()

    def generated() -> int:
        made.append(generate())
        left.add(made[-1])
        return made[-1]

    def deleted(number: int) -> None:
        delete(number)
        left.remove(number)

    monkeypatch.setattr(al, f"generate_{what}", generated)
    monkeypatch.setattr(al, f"delete_{what}", deleted)
    return made, left


def test_no_effect_object_and_no_slot_is_left_behind(
    studio: Studio, context: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, objects = counted(context._al, "effect", monkeypatch)
    _, slots = counted(context._al, "effect_slot", monkeypatch)
    VocalMorpher._types = ((0x7777, None),)
    for _ in range(3):
        studio.source(VocalMorpher())
    assert len(made) == 1  # the library is asked once
    assert not objects
    effects = [palace.EchoEffect() for _ in range(70)]
    sources = [studio.source(effect) for effect in effects]
    assert len(objects) == len(slots) == 64
    for effect in effects[:10]:
        effect.destroy()
    sources[69].sends[1].effect = effects[69]
    assert len(objects) == len(slots) == 55
    studio.buffer(noise()).play(sources[69])
    context.destroy()
    assert not objects
    assert not slots


def test_within_a_batch_of_changes_an_effect_may_be_destroyed(studio: Studio, context: palace.Context) -> None:
    effect = palace.EchoEffect()
    source = studio.source(effect)
    source.looping = True
    studio.buffer(noise()).play(source)
    studio.device.render(RATE)
    context.start_batch()
    effect.destroy()
    context.end_batch()
    studio.device.render(4096)
    assert not studio.device.render(RATE).any()
    context.update()
    assert context.stats()["effect_slots"] == 0


@pytest.mark.parametrize("begin", [(3, 700), (6, 767), (101, 900), (1, 1, 1, 1, 1, 700)])
def test_any_number_of_frames_can_be_rendered_while_a_reverb_begins(
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


def test_what_was_mixed_ahead_is_not_lost(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path
) -> None:
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
