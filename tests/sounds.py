"""Sounds for tests, made when they are needed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

RATE = 44100


def ramp(frames: int, channels: int = 1) -> npt.NDArray[np.int16]:
    """16-bit samples that are all different from their neighbours, and in each channel other ones."""
    start = np.arange(frames)[:, None] * 37 + np.arange(channels)[None, :] * 5003
    return (start % 60000 - 30000).astype(np.int16)


def tone(seconds: float, frequency: float = 440.0, gain: float = 0.5, channels: int = 1, rate: int = RATE) -> Any:
    """A sine as float32 of shape (frames, channels)."""
    time = np.arange(round(seconds * rate)) / rate
    return np.repeat((gain * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, None], channels, axis=1)


def write(path: Path, data: Any, rate: int = RATE, subtype: str | None = None, format: str | None = None) -> Path:
    """Write a file with soundfile, in blocks: Vorbis overflows the stack on large ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = 1 if data.ndim == 1 else data.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, subtype=subtype, format=format) as file:
        for start in range(0, len(data), 4096):
            file.write(data[start : start + 4096])
    return path


def wav(path: Path, frames: int = 4410, channels: int = 1, rate: int = RATE) -> Path:
    """A 16-bit WAV file of `ramp`."""
    return write(path, ramp(frames, channels), rate, "PCM_16", "WAV")


def smpl_chunk(*loops: tuple[int, int, int]) -> bytes:
    """A RIFF `smpl` chunk of loops (kind, start, inclusive end)."""
    body = struct.pack("<9I", 0, 0, 22675, 60, 0, 0, 0, len(loops), 0)
    for kind, start, end in loops:
        body += struct.pack("<6I", 0, kind, start, end, 0, 0)
    return b"smpl" + struct.pack("<I", len(body)) + body


def add_chunk(path: Path, chunk: bytes) -> None:
    """Append a chunk to a RIFF file."""
    data = path.read_bytes() + chunk
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
