"""EFX effects except reverb. Parameter numbers, ranges and defaults are those of ``AL/efx.h``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from .._openal import constants as c
from ._base import BaseEffect
from ._parameters import choice, real, switch, whole

if TYPE_CHECKING:
    from ..context import Context

Swing = Literal["sine", "triangle"]
Direction = Literal["down", "up", "off"]
Carrier = Literal["sine", "sawtooth", "square"]

_SWINGS: tuple[Swing, ...] = get_args(Swing)
_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
_CARRIERS: tuple[Carrier, ...] = get_args(Carrier)


class ChorusEffect(BaseEffect):
    """Chorus: copies of the sound with a modulated delay.

    A defect of OpenAL Soft 1.24 and newer feeds the copies back after 3 frames at most, not after `delay`.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_CHORUS, None),)

    waveform = choice(1, _SWINGS, "triangle", "Waveform of the delay modulation")
    phase = whole(2, -180, 180, 90, "Phase difference of the modulation between left and right in degrees")
    depth = real(4, 0.0, 1.0, 0.1, "Modulation depth, as a fraction of `delay`")
    feedback = real(5, -1.0, 1.0, 0.25, "Feedback, a linear factor; negative values invert the signal")
    delay = real(6, 0.0, 0.016, 0.016, "Average delay in seconds")
    rate = real(3, 0.0, 10.0, 1.1, "Modulation rate in hertz", keyword=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            waveform: Swing = "triangle",
            phase: int = 90,
            depth: float = 0.1,
            feedback: float = 0.25,
            delay: float = 0.016,
            context: Context | None = None,
            *,
            rate: float = 1.1,
        ) -> None: ...


class DistortionEffect(BaseEffect):
    """Distortion, as of an overdriven amplifier."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_DISTORTION, None),)

    edge = real(1, 0.0, 1.0, 0.2, "Strength of the distortion")
    gain = real(2, 0.01, 1.0, 0.05, "Output gain, a linear factor")
    lowpass_cutoff = real(3, 80.0, 24000.0, 8000.0, "Cutoff of the input low-pass filter in hertz")
    eq_center = real(4, 80.0, 24000.0, 3600.0, "Centre of the output band-pass filter in hertz")
    eq_bandwidth = real(5, 80.0, 24000.0, 3600.0, "Bandwidth around `eq_center` in hertz")

    if TYPE_CHECKING:

        def __init__(
            self,
            edge: float = 0.2,
            gain: float = 0.05,
            lowpass_cutoff: float = 8000.0,
            eq_center: float = 3600.0,
            eq_bandwidth: float = 3600.0,
            context: Context | None = None,
        ) -> None: ...


class EchoEffect(BaseEffect):
    """Echo: decaying repeats that alternate between left and right."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_ECHO, None),)

    delay = real(1, 0.0, 0.207, 0.1, "Delay of the first repeat in seconds")
    lr_delay = real(2, 0.0, 0.404, 0.1, "Delay between the repeats of the two sides in seconds")
    damping = real(3, 0.0, 0.99, 0.5, "Loss of high frequencies in each repeat")
    feedback = real(4, 0.0, 1.0, 0.5, "Gain of a repeat relative to the previous one, a linear factor")
    spread = real(
        5, -1.0, 1.0, -1.0, "Stereo spread: 1 and -1 pan hard, with the first repeat left or right; 0 is centred"
    )

    if TYPE_CHECKING:

        def __init__(
            self,
            delay: float = 0.1,
            lr_delay: float = 0.1,
            damping: float = 0.5,
            feedback: float = 0.5,
            spread: float = -1.0,
            context: Context | None = None,
        ) -> None: ...


class FlangerEffect(BaseEffect):
    """Flanger: a sweeping comb filter, made by a copy with a very short modulated delay.

    A defect of OpenAL Soft 1.24 and newer feeds the copy back after one frame, not after `delay`.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_FLANGER, None),)

    waveform = choice(1, _SWINGS, "triangle", "Waveform of the delay modulation")
    phase = whole(2, -180, 180, 0, "Phase difference of the modulation between left and right in degrees")
    rate = real(3, 0.0, 10.0, 0.27, "Modulation rate in hertz")
    depth = real(4, 0.0, 1.0, 1.0, "Modulation depth, as a fraction of `delay`")
    feedback = real(5, -1.0, 1.0, -0.5, "Feedback, a linear factor; negative values invert the signal")
    delay = real(6, 0.0, 0.004, 0.002, "Average delay in seconds")

    if TYPE_CHECKING:

        def __init__(
            self,
            waveform: Swing = "triangle",
            phase: int = 0,
            rate: float = 0.27,
            depth: float = 1.0,
            feedback: float = -0.5,
            delay: float = 0.002,
            context: Context | None = None,
        ) -> None: ...


class FrequencyShifterEffect(BaseEffect):
    """Shift all frequencies by the same number of hertz, which makes harmonic sounds out of tune.

    OpenAL Soft 1.19.1 applies `left_direction` to the right channel too.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_FREQUENCY_SHIFTER, None),)

    frequency = real(1, 0.0, 24000.0, 0.0, "Shift in hertz")
    left_direction = choice(2, _DIRECTIONS, "down", "Direction of the shift of the left channel")
    right_direction = choice(3, _DIRECTIONS, "down", "Direction of the shift of the right channel")

    if TYPE_CHECKING:

        def __init__(
            self,
            frequency: float = 0.0,
            left_direction: Direction = "down",
            right_direction: Direction = "down",
            context: Context | None = None,
        ) -> None: ...


class PitchShifterEffect(BaseEffect):
    """Change the pitch without changing the speed."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_PITCH_SHIFTER, None),)

    coarse_tune = whole(1, -12, 12, 12, "Pitch shift in semitones")
    fine_tune = whole(2, -50, 50, 0, "Additional pitch shift in cents (hundredths of a semitone)")

    if TYPE_CHECKING:

        def __init__(self, coarse_tune: int = 12, fine_tune: int = 0, context: Context | None = None) -> None: ...


class RingModulatorEffect(BaseEffect):
    """Multiply the input by a carrier. The output has the sums and differences of their frequencies."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_RING_MODULATOR, None),)

    frequency = real(1, 0.0, 8000.0, 440.0, "Carrier frequency in hertz")
    highpass_cutoff = real(2, 0.0, 24000.0, 800.0, "Cutoff of the input high-pass filter in hertz")
    waveform = choice(3, _CARRIERS, "sine", "Carrier waveform")

    if TYPE_CHECKING:

        def __init__(
            self,
            frequency: float = 440.0,
            highpass_cutoff: float = 800.0,
            waveform: Carrier = "sine",
            context: Context | None = None,
        ) -> None: ...


class AutowahEffect(BaseEffect):
    """A resonant filter that opens with loudness."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_AUTOWAH, None),)

    attack_time = real(1, 0.0001, 1.0, 0.06, "Time for the filter to open in seconds")
    release_time = real(2, 0.0001, 1.0, 0.06, "Time for the filter to close in seconds")
    resonance = real(3, 2.0, 1000.0, 1000.0, "Sharpness of the resonance")
    peak_gain = real(4, 0.00003, 31621.0, 11.22, "Gain at the resonance, a linear factor")

    if TYPE_CHECKING:

        def __init__(
            self,
            attack_time: float = 0.06,
            release_time: float = 0.06,
            resonance: float = 1000.0,
            peak_gain: float = 11.22,
            context: Context | None = None,
        ) -> None: ...


class CompressorEffect(BaseEffect):
    """Compressor: make loud parts softer and soft parts louder.

    A defect of OpenAL Soft 1.23 to 1.25 makes its output silent. 1.19.1 does not have this defect.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_COMPRESSOR, None),)

    enabled = switch(1, True, "Whether compression is on. If off, the input passes unchanged")

    if TYPE_CHECKING:

        def __init__(self, enabled: bool = True, context: Context | None = None) -> None: ...


class EqualizerEffect(BaseEffect):
    """Equalizer with four bands."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_EQUALIZER, None),)

    low_gain = real(1, 0.126, 7.943, 1.0, "Gain of the low band, a linear factor")
    low_cutoff = real(2, 50.0, 800.0, 200.0, "Upper limit of the low band in hertz")
    mid1_gain = real(3, 0.126, 7.943, 1.0, "Gain of the first middle band, a linear factor")
    mid1_center = real(4, 200.0, 3000.0, 500.0, "Centre of the first middle band in hertz")
    mid1_width = real(5, 0.01, 1.0, 1.0, "Width of the first middle band in octaves")
    mid2_gain = real(6, 0.126, 7.943, 1.0, "Gain of the second middle band, a linear factor")
    mid2_center = real(7, 1000.0, 8000.0, 3000.0, "Centre of the second middle band in hertz")
    mid2_width = real(8, 0.01, 1.0, 1.0, "Width of the second middle band in octaves")
    high_gain = real(9, 0.126, 7.943, 1.0, "Gain of the high band, a linear factor")
    high_cutoff = real(10, 4000.0, 16000.0, 6000.0, "Lower limit of the high band in hertz")

    if TYPE_CHECKING:

        def __init__(
            self,
            low_gain: float = 1.0,
            low_cutoff: float = 200.0,
            mid1_gain: float = 1.0,
            mid1_center: float = 500.0,
            mid1_width: float = 1.0,
            mid2_gain: float = 1.0,
            mid2_center: float = 3000.0,
            mid2_width: float = 1.0,
            high_gain: float = 1.0,
            high_cutoff: float = 6000.0,
            context: Context | None = None,
        ) -> None: ...
