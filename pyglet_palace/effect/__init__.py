"""Effects, which sources reach through their auxiliary sends."""

from __future__ import annotations

from .._playback.effect_slots import EffectSlots
from ._base import BaseEffect
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
    "EffectSlots",
    "EqualizerEffect",
    "FlangerEffect",
    "FrequencyShifterEffect",
    "PitchShifterEffect",
    "ReverbEffect",
    "RingModulatorEffect",
    "reverb_preset_names",
]
