"""A computed bell that passes from left to right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .. import BaseDecoder, Buffer, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .. import Context

SECONDS = 3.0

#: Partials of a church bell: ratio to its note, level, and seconds in which they fall to a third.
_PARTIALS = (
    (0.5, 0.5, 2.4),
    (1.0, 1.0, 1.6),
    (1.183, 0.5, 1.2),
    (1.506, 0.35, 0.9),
    (2.0, 0.6, 0.8),
    (2.514, 0.3, 0.5),
    (3.011, 0.2, 0.35),
)
_NOTE = 440.0
_PEAK = 0.5
#: Times in seconds at which the bell is struck.
_STROKES = (0.0, 1.0, 2.0)


class Bell(BaseDecoder):
    """A bell that is struck three times."""

    frequency = 44100
    channel_config = "Mono"
    sample_type = "Signed 16-bit"

    def __init__(self) -> None:
        """Compute the samples."""
        time = np.arange(round(SECONDS * self.frequency)) / self.frequency
        wave = np.zeros(len(time))
        for stroke in _STROKES:
            since = np.maximum(time - stroke, 0)
            for ratio, level, decay in _PARTIALS:
                wave += level * np.exp(-since / decay) * np.sin(2 * np.pi * _NOTE * ratio * since)
        wave *= np.minimum((SECONDS - time) / 0.05, 1)  # the end does not click
        self._samples: npt.NDArray[np.int16] = np.rint(wave * (_PEAK * 32767 / np.abs(wave).max())).astype(np.int16)
        self._position = 0

    @property
    def length(self) -> int:  # type: ignore[override]  # the base class has a plain attribute
        """Total sample frames."""
        return len(self._samples)

    def seek(self, frame: int) -> bool:
        """Continue at `frame`."""
        self._position = frame
        return frame <= self.length

    def read(self, count: int) -> bytes:
        """Return the next `count` frames."""
        block = self._samples[self._position : self._position + count]
        self._position += len(block)
        return block.tobytes()


def ring(context: Context, wait: Callable[[], None]) -> None:
    """Play the bell on a half circle from the left of the listener over the front to the right.

    Args:
        context: The context to play in.
        wait: Lets a short time pass, and updates the context.
    """
    bell = Buffer.from_decoder(Bell(), "the bell of pyglet_palace", context)
    source = Source(context)
    source.position = _place(0.0)
    bell.play(source)
    while source.playing:
        source.position = _place(source.offset / bell.length)
        wait()


def _place(progress: float) -> tuple[float, float, float]:
    """Return the position at a share of the way. It is one unit away, where sounds have their full level."""
    angle = math.pi * progress
    return -math.cos(angle), 0.0, -math.sin(angle)
