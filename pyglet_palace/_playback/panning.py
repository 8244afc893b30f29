"""Panning law: the direction and the gain with which OpenAL Soft plays a sound at a given place between the ears."""

from __future__ import annotations

from math import asin, atan, cos, sqrt

#: How much louder OpenAL Soft mixes the front than the side, in its gains on a stereo device without HRTF. They are
#: ``0.5 + 0.5 * _FRONT * cos(f) * level`` plus, right, or minus, left, ``0.5 * sin(f) * level``, where `level` is the
#: cosine of the elevation, and `f` the azimuth times `AZIMUTH_SCALE`. Measured on 1.19.1, 1.23.1 and 1.25.2 every 5
#: degrees: equal to 1e-4 up to 45 degrees. From there on, 1.19.1 limits the gain of the near ear to 1 (-0.07 dB).
_FRONT = 0.191324

#: OpenAL Soft widens the front on a stereo device: a mono sound at 60 degrees is at the side.
AZIMUTH_SCALE = 1.5
#: The same for the channels of a sound with several channels: the default angles of stereo are 30 degrees.
CHANNEL_AZIMUTH_SCALE = 3.0


def direction(difference: float, level: float = 1.0) -> tuple[float, float]:
    """Return where OpenAL Soft plays a sound with given levels in both ears, and the gain that keeps its power.

    Without the gain, OpenAL Soft plays the side up to 1.5 dB louder than the front.

    Args:
        difference: (right - left) / (right + left) of the amplitudes; from -1 (left only) to 1 (right only).
        level: Cosine of the elevation, at least ``abs(difference)``.

    Returns:
        The widened azimuth in radians, clockwise, 0 in front, pi/2 at the right ear; and the gain, at most 1. The power
        is that of a sound in front (for a high sound near the middle, up to 0.2 dB less).
    """
    depth = difference * _FRONT
    azimuth = atan(depth) + asin(difference / (level * sqrt(1 + depth * depth)))
    gain = (1 + _FRONT) / ((1 + _FRONT * cos(azimuth) * level) * sqrt(1 + difference * difference))
    return azimuth, min(gain, 1.0)
