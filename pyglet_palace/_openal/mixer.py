"""The speed at which OpenAL Soft steps through a sound."""

from __future__ import annotations

import re
import struct
from functools import cache
from typing import TYPE_CHECKING

from .._common.checks import FLT_MAX
from . import constants as c

if TYPE_CHECKING:
    from . import Functions


def mixing_step(al: Functions, frequency: int, pitch: float, rate: int) -> int:
    """Return how far a sound advances in one frame of the output, in 2**-32 frames. Call it inside a context scope.

    The result equals the step of OpenAL Soft, which calculates with floats of 32 bits and rounds to a binary fraction
    (``voice->mStep`` in alc/alu.cpp; measured with 1.19.1, 1.23.1 and 1.25.2). Without a Doppler effect.

    Args:
        al: The OpenAL functions.
        frequency: Rate of the sound, in hertz.
        pitch: Pitch of the voice.
        rate: Rate of the device, in hertz.
    """
    bits, most = _precision(al)
    speed = _single(_single(_single(frequency) / _single(rate)) * _single(pitch))
    return (most << 32) if speed > most else max(round(_single(speed * 2**bits)), 1) << (32 - bits)


@cache
def _precision(al: Functions) -> tuple[int, int]:
    """Return the number of bits of the step's fraction, and the highest speed."""
    version = re.search(rb"ALSOFT (\d+)\.(\d+)", al.alGetString(c.AL_VERSION) or b"")
    return (12, 255) if version and tuple(map(int, version.groups())) < (1, 22) else (16, 10)


def _single(value: float) -> float:
    """Round to a float of 32 bits."""
    single: float = struct.unpack("f", struct.pack("f", min(value, FLT_MAX)))[0]
    return single
