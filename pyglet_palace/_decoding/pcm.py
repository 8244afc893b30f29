"""Decoded samples: their arrays, loop points, sample rate and values that are not finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._common import log
from ..errors import UnsupportedFormat

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: Accepted sample rates in hertz. OpenAL takes any positive number; a rate outside this range is a damaged header.
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000


@dataclass
class Samples:
    """A decoded sound.

    Attributes:
        data: Samples of shape (frames, channels), contiguous.
        frequency: Sample rate in hertz.
        channel_config: One of `channel_configs`.
        sample_type: One of `sample_types`.
        loop_points: Start and end in frames, the end exclusive. None stands for the full sound.
        from_disk: Whether the samples come from a disk cache.
    """

    data: Array
    frequency: int
    channel_config: str
    sample_type: str
    loop_points: tuple[int, int] | None
    from_disk: bool = False


def valid_loop(points: Any, length: int) -> tuple[int, int] | None:
    """Return `points` limited to a sound of `length` frames. None if they are not valid or cover the full sound."""
    start, end = points
    end = min(end, length)
    return (start, end) if 0 <= start < end and (start, end) != (0, length) else None


def check_rate(name: str, frequency: int) -> None:
    """Raise `UnsupportedFormat` unless `frequency` is an accepted sample rate."""
    if not LOWEST_RATE <= frequency <= HIGHEST_RATE:
        problem = f"a rate of {frequency} Hz is outside {LOWEST_RATE} to {HIGHEST_RATE} Hz"
        raise UnsupportedFormat(name, "decode", problem)


def replace_non_finite(block: Array) -> int:
    """Set NaN to 0 and infinities to full scale, in place. Return the number of changed samples."""
    finite = np.isfinite(block)
    if finite.all():
        return 0
    np.nan_to_num(block, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    return finite.size - int(np.count_nonzero(finite))


def warn_of_non_finite(name: str, count: int) -> None:
    """Log that `count` samples of a sound were replaced by `replace_non_finite`."""
    log.warning("%r: %d samples were not finite; they were set to 0 or full scale", name, count)
