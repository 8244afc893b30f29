"""Effects: what sources are heard through, by their auxiliary sends."""

from __future__ import annotations

from ._base import BaseEffect
from ._others import (
    AutowahEffect,
    ChorusEffect,
    CompressorEffect,
    DistortionEffect,
    EchoEffect,
    EqualizerEffect,
    FlangerEffect,
    FrequencyShifterEffect,
    PitchShifterEffect,
    RingModulatorEffect,
)
from ._presets import reverb_preset_names
from ._reverb import ReverbEffect
from ._units import Units

__all__ = [
    "AutowahEffect",
    "BaseEffect",
    "ChorusEffect",
    "CompressorEffect",
    "DistortionEffect",
    "EchoEffect",
    "EqualizerEffect",
    "FlangerEffect",
    "FrequencyShifterEffect",
    "PitchShifterEffect",
    "ReverbEffect",
    "RingModulatorEffect",
    "Units",
    "reverb_preset_names",
]
