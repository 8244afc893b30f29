"""Levels in decoded samples: peak, silence at the start, clipping. The module imports numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..formats import CHANNELS, DTYPES

if TYPE_CHECKING:
    import numpy.typing as npt

#: Samples below this level are silent: -60 dB of full scale.
SILENCE = 0.001
#: The level from which a sample is at full scale. The largest positive integer is less than 1.
_FULL_SCALE = 1 - 1.5 / 32768
#: Successive samples of a channel at full scale that count as clipped. A peak that only touches it has fewer.
_CLIPPED_SAMPLES = 3
#: Frames examined at a time.
_BLOCK = 1 << 16


@dataclass
class Levels:
    """The levels of a sound.

    Attributes:
        peak: The highest level; 1 is full scale.
        silent_frames: Frames before the first one that is not silent; all frames of a silent sound.
        clipped: Number of places that clip.
        first_clipped: Frame of the first of them.
    """

    peak: float = 0.0
    silent_frames: int = 0
    clipped: int = 0
    first_clipped: int = 0


def measure(data: memoryview, channel_config: str, sample_type: str) -> Levels:
    """Measure interleaved samples, as ``MessageHandler.buffer_loading`` gets them."""
    samples = np.frombuffer(data, DTYPES[sample_type]).reshape(-1, CHANNELS[channel_config])
    levels = Levels()
    began = False
    clips_before: Any = np.zeros(samples.shape[1], bool)
    for start in range(0, len(samples), _BLOCK):
        # The block and the frames behind it that decide whether its last frames clip.
        level = _level(samples[start : start + _BLOCK + _CLIPPED_SAMPLES - 1], sample_type)
        loudest = level[:_BLOCK].max(axis=1)
        levels.peak = max(levels.peak, float(loudest.max()))
        if not began:
            heard = loudest >= SILENCE
            began = bool(heard.any())
            levels.silent_frames += int(heard.argmax()) if began else len(loudest)
        full = level >= _FULL_SCALE
        if len(full) < _CLIPPED_SAMPLES or not full.any():
            clips_before = np.zeros(samples.shape[1], bool)
            continue
        clips = full[:-2] & full[1:-1] & full[2:]
        begins = clips & ~np.vstack([clips_before[None], clips[:-1]])
        if begins.any():
            if not levels.clipped:
                levels.first_clipped = start + int(begins.any(axis=1).argmax())
            levels.clipped += int(np.count_nonzero(begins))
        clips_before = clips[-1]
    return levels


def _level(block: npt.NDArray[Any], sample_type: str) -> npt.NDArray[np.float32]:
    """Return the absolute values of samples, as floats of full scale 1."""
    values: npt.NDArray[np.float32] = block.astype(np.float32)
    if sample_type == "Unsigned 8-bit":
        values -= 128
        values /= 127
    elif sample_type == "Signed 16-bit":
        values /= 32768
    np.abs(values, out=values)
    return values
