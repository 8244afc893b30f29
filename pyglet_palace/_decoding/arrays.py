"""Samples from a game's arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._common.text import short_repr
from ..errors import BufferTooLarge
from ..formats import CONFIG_OF_CHANNELS
from .load import check_supported
from .pcm import HIGHEST_RATE, LOWEST_RATE, Samples, replace_non_finite, warn_of_non_finite

if TYPE_CHECKING:
    from .load import Settings

_TYPES = {"uint8": "Unsigned 8-bit", "int16": "Signed 16-bit", "float32": "32-bit float", "float64": "32-bit float"}


def samples_of(array: Any, frequency: Any, name: str, settings: Settings) -> Samples:
    """Copy an array of shape (frames,) or (frames, channels). Values that are not finite are replaced, with a warning.

    Raises:
        ValueError, TypeError: An argument is not valid.
        BufferTooLarge, UnsupportedFormat: As for a load.
    """
    if not hasattr(array, "dtype") or not hasattr(array, "shape"):
        raise TypeError(f"array is a {type(array).__name__}; it must be an array of numpy")
    sample_type = _TYPES.get(str(array.dtype))
    if sample_type is None:
        raise ValueError(f"the type of the array is {array.dtype}; it must be one of {', '.join(_TYPES)}")
    channels = 1 if array.ndim == 1 else array.shape[1] if array.ndim == 2 else 0
    layout = CONFIG_OF_CHANNELS.get(channels)
    if layout is None:
        counts = ", ".join(map(str, CONFIG_OF_CHANNELS))
        hint = "; transpose it" if array.ndim == 2 and array.shape[0] in CONFIG_OF_CHANNELS else ""
        raise ValueError(
            f"the shape of the array is {array.shape}; it must be (frames,) or (frames, channels), "
            f"with one of {counts} channels{hint}"
        )
    if not len(array):
        raise ValueError("the array has no frames")
    try:
        rate = frequency.__index__()
    except AttributeError:
        raise TypeError(f"frequency is {short_repr(frequency)}; it must be a whole number") from None
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"frequency is {short_repr(rate)}; it must be from {LOWEST_RATE} to {HIGHEST_RATE}")
    check_supported(name, layout, sample_type, settings.supported)
    size = array.size * (4 if sample_type == "32-bit float" else array.itemsize)
    if size > settings.limit:
        raise BufferTooLarge(name, "decode", f"its samples take {size} bytes, more than the limit of {settings.limit}")
    kept = {"float64": np.dtype(np.float32)}.get(str(array.dtype), array.dtype.newbyteorder("="))
    data = np.array(array, kept, order="C").reshape(-1, channels)
    if sample_type == "32-bit float" and (changed := replace_non_finite(data)):
        warn_of_non_finite(name, changed)
    return Samples(data, rate, layout, sample_type, None)
