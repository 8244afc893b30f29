"""Room: plays looping sounds and measures what both ears get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE

if TYPE_CHECKING:
    from pathlib import Path

#: OpenAL Soft ramps gains over what it mixes first; whoever measures lets so many frames pass.
SETTLING = 4096
LENGTH = RATE
#: Whole periods of a tone of 441 Hz.
PERIODS = 4400


class Room:
    """Plays looping sounds and measures what arrives."""

    def __init__(self, context: palace.Context, device: palace.LoopbackDevice, folder: Path) -> None:
        self.context, self.device, self.folder = context, device, folder

    def sound(self, data: Any) -> palace.Buffer:
        """A sound of float samples."""
        path = self.folder / f"tone {len(list(self.folder.iterdir()))}.wav"
        return palace.Buffer(sounds.write(path, data, subtype="FLOAT"))

    def tone(self, frequency: float = 441, channels: int = 1) -> palace.Buffer:
        """A second of a sine that loops without a gap."""
        return self.sound(sounds.tone(1, frequency, 0.2, channels))

    def play(self, buffer: palace.Buffer, **properties: Any) -> palace.Source:
        """Play it, for ever."""
        source = palace.Source()
        source.looping = True
        for name, value in properties.items():
            setattr(source, name, value)
        return buffer.play(source)

    def out(self, frames: int = LENGTH) -> Any:
        """What both ears get from now on, settled."""
        self.device.render(SETTLING)
        return self.device.render(frames).astype(float)

    def heard(self, source: palace.Source, frames: int = LENGTH, **properties: Any) -> Any:
        """What both ears get of `source` with these properties."""
        for name, value in properties.items():
            setattr(source, name, value)
        return self.out(frames)

    def loudness(self, source: palace.Source, **properties: Any) -> float:
        """Of both ears together, for a tone in the middle."""
        return rms(self.heard(source, PERIODS, **properties).sum(axis=1))

    def ears(self, source: palace.Source, **properties: Any) -> tuple[float, float]:
        """Loudness of the left ear and of the right."""
        left, right = self.heard(source, PERIODS, **properties).T
        return rms(left), rms(right)

    def silence(self, source: palace.Source) -> None:
        source.stop()
        self.device.render(SETTLING)


def rms(samples: Any) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def pitch_of(samples: Any) -> float:
    """Frequency of a tone, in hertz, by the peak of its spectrum and its neighbours."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    peak = int(np.argmax(spectrum))
    below, at, above = np.log(spectrum[peak - 1 : peak + 2])
    return float((peak + (below - above) / (below - 2 * at + above) / 2) * RATE / len(samples))
