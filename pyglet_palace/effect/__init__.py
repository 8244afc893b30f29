"""Effects, which sources reach through their auxiliary sends."""

from __future__ import annotations

from ._base import BaseEffect, effect_state
from ._classes import (
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
    "effect_state",
    "reverb_preset_names",
]
