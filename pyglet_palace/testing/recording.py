"""Recording: rendered samples, their levels, and a table of them as text."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

#: The channels of a recording.
CHANNELS = ("left", "right")

#: Steps of time in a table, in seconds, and its maximum number of rows.
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_MOST_ROWS = 20
#: Decibels (full scale is 0) at which a bar has no length, and the length of a bar at full scale.
_FLOOR, _BAR = -60.0, 20
#: Width of a cell: a level, a bar and a gap.
_CELL = 7 + _BAR + 2
#: Decibels below which a table says "silent". Half of the smallest step of 16-bit samples.
_SILENT = -96.0


class Recording:
    """Stereo samples that grow at the end.

    Attributes:
        frequency: Rate in hertz.
        frames: Number of frames.
    """

    def __init__(self, frequency: int) -> None:
        self.frequency = frequency
        self.frames = 0
        self._space = np.zeros((frequency, len(CHANNELS)), np.float32)

    def append(self, block: Samples) -> None:
        """Add frames at the end."""
        frames = self.frames + len(block)
        if frames > len(self._space):
            grown = np.zeros((2 * frames, len(CHANNELS)), np.float32)
            grown[: self.frames] = self._space[: self.frames]
            self._space = grown
        self._space[self.frames : frames] = block
        self.frames = frames

    def samples(self, first: int = 0) -> Samples:
        """Return a copy of the frames from `first` on."""
        samples: Samples = self._space[first : self.frames].copy()
        return samples

    def describe(self, first: int = 0) -> str:
        """Return the peaks of each channel over time, from frame `first` on, as a table with bars.

        Silent rows that follow each other are one row.
        """
        if first == self.frames:
            return "heard: nothing was rendered"
        seconds = (self.frames - first) / self.frequency
        step = next((step for step in _STEPS if seconds <= step * _MOST_ROWS), seconds / _MOST_ROWS)
        rows: list[tuple[int, str]] = []  # first frame, and text of the cells
        for row in range(ceil(seconds / step - 1e-9)):
            start = first + round(row * step * self.frequency)
            end = min(first + round((row + 1) * step * self.frequency), self.frames)
            cells = "".join(f"{_cell(peak):<{_CELL}}" for peak in peaks(self._space[start:end]))
            if not (rows and "#" not in cells and cells == rows[-1][1]):
                rows.append((start, cells))
        ends = [*(start for start, _ in rows[1:]), self.frames]
        lines = [
            f"heard from {first / self.frequency:.2f} s to {self.frames / self.frequency:.2f} s (peaks, dBFS):",
            f"{'time':<20}" + "".join(f"{name:<{_CELL}}" for name in CHANNELS),
        ]
        for (start, cells), end in zip(rows, ends, strict=True):
            lines.append(f"{start / self.frequency:6.2f} to {end / self.frequency:6.2f} s  {cells}")
        return "\n".join(line.rstrip() for line in lines)


def peaks(samples: Samples) -> list[float]:
    """Return the peak of each channel in decibels below full scale; -inf for silence."""
    return decibels(np.abs(samples).max(axis=0, initial=0.0))


def levels(samples: Samples) -> list[float]:
    """Return the root mean square of each channel in decibels below full scale; -inf for silence."""
    return decibels(np.sqrt(np.square(samples, dtype=np.float64).mean(axis=0)))


def decibels(amplitudes: npt.NDArray[Any]) -> list[float]:
    """Return amplitudes (full scale 1.0) in decibels."""
    with np.errstate(divide="ignore"):
        return [float(level) for level in 20 * np.log10(amplitudes)]


def level_text(level: float) -> str:
    """Return a level in decibels as text."""
    return "silent" if level < _SILENT else f"{level:.1f} dBFS"


def _cell(level: float) -> str:
    if level < _SILENT:
        return "silent"
    return f"{level:6.1f} {'#' * round((min(max(level, _FLOOR), 0.0) - _FLOOR) / -_FLOOR * _BAR)}"
