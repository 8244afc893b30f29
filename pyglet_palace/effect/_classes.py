"""The effects of EFX but reverb: each a table of parameters, with the numbers, ranges and defaults of ``AL/efx.h``."""

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
    """Several voices out of one: copies with a delay that swings."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_CHORUS, None),)

    waveform = choice(1, _SWINGS, "triangle", "How the delay swings")
    phase = whole(2, -180, 180, 90, "Degrees between the swings of left and right")
    depth = real(4, 0.0, 1.0, 0.1, "How far the delay swings, as a part of it")
    feedback = real(5, -1.0, 1.0, 0.25, "What goes round again, a linear factor; negative ones turn the sign")
    delay = real(6, 0.0, 0.016, 0.016, "Seconds of delay, on average")
    rate = real(3, 0.0, 10.0, 1.1, "Hertz at which the delay swings", keyword=True)

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
    """An amplifier driven too hard."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_DISTORTION, None),)

    edge = real(1, 0.0, 1.0, 0.2, "Strength of the distortion")
    gain = real(2, 0.01, 1.0, 0.05, "Loudness of what comes out, a linear factor")
    lowpass_cutoff = real(3, 80.0, 24000.0, 8000.0, "Hertz above which what goes in is cut")
    eq_center = real(4, 80.0, 24000.0, 3600.0, "Hertz around which what comes out is kept")
    eq_bandwidth = real(5, 80.0, 24000.0, 3600.0, "Hertz that are kept around `eq_center`")

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
    """Repeats that grow softer, from one side and the other."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_ECHO, None),)

    delay = real(1, 0.0, 0.207, 0.1, "Seconds until the first repeat")
    lr_delay = real(2, 0.0, 0.404, 0.1, "Seconds from one side's repeat to the other's")
    damping = real(3, 0.0, 0.99, 0.5, "How much of the high frequencies each repeat loses")
    feedback = real(4, 0.0, 1.0, 0.5, "Loudness of a repeat against the one before, a linear factor")
    spread = real(5, -1.0, 1.0, -1.0, "How far apart the sides are: 1 and -1 hard, the first left or right; 0 centred")

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
    """A comb filter that sweeps: a copy with a very short delay that swings."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_FLANGER, None),)

    waveform = choice(1, _SWINGS, "triangle", "How the delay swings")
    phase = whole(2, -180, 180, 0, "Degrees between the swings of left and right")
    rate = real(3, 0.0, 10.0, 0.27, "Hertz at which the delay swings")
    depth = real(4, 0.0, 1.0, 1.0, "How far the delay swings, as a part of it")
    feedback = real(5, -1.0, 1.0, -0.5, "What goes round again, a linear factor; negative ones turn the sign")
    delay = real(6, 0.0, 0.004, 0.002, "Seconds of delay, on average")

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
    """Every frequency moved by the same number of hertz, which is out of tune.

    OpenAL Soft 1.19.1 moves the right as it is told to move the left.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_FREQUENCY_SHIFTER, None),)

    frequency = real(1, 0.0, 24000.0, 0.0, "Hertz to move by")
    left_direction = choice(2, _DIRECTIONS, "down", "Where the left goes")
    right_direction = choice(3, _DIRECTIONS, "down", "Where the right goes")

    if TYPE_CHECKING:

        def __init__(
            self,
            frequency: float = 0.0,
            left_direction: Direction = "down",
            right_direction: Direction = "down",
            context: Context | None = None,
        ) -> None: ...


class PitchShifterEffect(BaseEffect):
    """Higher or lower, at the same speed."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_PITCH_SHIFTER, None),)

    coarse_tune = whole(1, -12, 12, 12, "Semitones up")
    fine_tune = whole(2, -50, 50, 0, "Cents (hundredths of a semitone) up, besides")

    if TYPE_CHECKING:

        def __init__(self, coarse_tune: int = 12, fine_tune: int = 0, context: Context | None = None) -> None: ...


class RingModulatorEffect(BaseEffect):
    """What goes in multiplied by a carrier: sums and differences of their frequencies."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_RING_MODULATOR, None),)

    frequency = real(1, 0.0, 8000.0, 440.0, "Hertz of the carrier")
    highpass_cutoff = real(2, 0.0, 24000.0, 800.0, "Hertz below which what goes in is cut")
    waveform = choice(3, _CARRIERS, "sine", "Shape of the carrier")

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

    attack_time = real(1, 0.0001, 1.0, 0.06, "Seconds in which the filter opens")
    release_time = real(2, 0.0001, 1.0, 0.06, "Seconds in which it closes")
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
    """What is loud made softer, and what is soft louder.

    OpenAL Soft 1.23.1 makes silence of everything that is sent to it, by a defect; 1.19.1 does not.
    """

    __slots__ = ()

    _types = ((c.AL_EFFECT_COMPRESSOR, None),)

    enabled = switch(1, True, "Whether it compresses; else what goes in comes out")

    if TYPE_CHECKING:

        def __init__(self, enabled: bool = True, context: Context | None = None) -> None: ...


class EqualizerEffect(BaseEffect):
    """Four bands, each made louder or softer."""

    __slots__ = ()

    _types = ((c.AL_EFFECT_EQUALIZER, None),)

    low_gain = real(1, 0.126, 7.943, 1.0, "Gain of the low band, a linear factor")
    low_cutoff = real(2, 50.0, 800.0, 200.0, "Hertz below which is the low band")
    mid1_gain = real(3, 0.126, 7.943, 1.0, "Gain of the first middle band, a linear factor")
    mid1_center = real(4, 200.0, 3000.0, 500.0, "Hertz of the first middle band")
    mid1_width = real(5, 0.01, 1.0, 1.0, "Octaves of the first middle band")
    mid2_gain = real(6, 0.126, 7.943, 1.0, "Gain of the second middle band, a linear factor")
    mid2_center = real(7, 1000.0, 8000.0, 3000.0, "Hertz of the second middle band")
    mid2_width = real(8, 0.01, 1.0, 1.0, "Octaves of the second middle band")
    high_gain = real(9, 0.126, 7.943, 1.0, "Gain of the high band, a linear factor")
    high_cutoff = real(10, 4000.0, 16000.0, 6000.0, "Hertz above which is the high band")

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
