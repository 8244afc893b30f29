"""Rendering of sounds through effects alone, and access to the effect objects of OpenAL."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

import pyglet_palace as palace
from tests import sounds
from tests.conftest import RATE

if TYPE_CHECKING:
    from pathlib import Path


class EffectRenderer:
    """Plays sounds through effects only: a filter silences their direct path."""

    def __init__(self, folder: Path, device: palace.LoopbackDevice) -> None:
        self.folder = folder
        self.device = device

    def buffer(self, data: Any) -> palace.Buffer:
        return palace.Buffer(
            sounds.write(self.folder / f"{len(list(self.folder.iterdir()))}.wav", data, subtype="FLOAT")
        )

    def source(self, effect: palace.BaseEffect | None) -> palace.Source:
        source = palace.Source()
        source.filter = (0, 1, 1)
        source.sends[0].effect = effect
        return source

    def render(self, effect: palace.BaseEffect | None, data: Any, frames: int) -> Any:
        """Return the first `frames` of the output of `effect` for `data`."""
        with self.source(effect) as source:
            self.buffer(data).play(source)
            return self.device.render(frames)

    def tones(self, effect: palace.BaseEffect, frequency: float = 1000.0, count: int = 1, ear: int = 0) -> Any:
        """Return the loudest frequencies at one ear while a sine plays."""
        out = self.render(effect, sounds.tone(1.0, frequency, 0.25), RATE)[RATE // 2 :, ear]
        spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
        found = []
        for _ in range(count):
            found.append(int(spectrum.argmax()))
            spectrum[max(0, found[-1] - 30) : found[-1] + 31] = 0
        return sorted(2 * peak for peak in found)


def level(out: Any) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(out, dtype=float))))


def noise(seconds: float = 1.0, gain: float = 0.25) -> Any:
    return sounds.noise(round(seconds * RATE), 1, gain).astype(np.float32)


def click(frames: int = 100) -> Any:
    data = np.zeros((frames, 1), np.float32)
    data[0] = 0.5
    return data


def version(context: palace.Context) -> str:
    """OpenAL's: '1.1 ALSOFT 1.19.1', for instance."""
    ask = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)(("alGetString", context._engine.al.handle))
    with context._engine.scope:
        return ask(0xB002).decode()  # AL_VERSION


def release(context: palace.Context) -> tuple[int, int]:
    """OpenAL Soft's, such as (1, 19)."""
    major, minor, _ = version(context).split()[-1].split(".")
    return int(major), int(minor)


class Asked:
    """One of OpenAL's effect objects, asked directly."""

    def __init__(self, context: palace.Context, kind: int) -> None:
        self.al = context._engine.al
        self.number = self.al.generate_effect()
        self.al.alEffecti(self.number, 0x8001, kind)

    def __call__(self, row: Any) -> Any:
        """The value of a parameter."""
        suffix, kind = ("i", ctypes.c_int) if isinstance(row.default, (int, str)) else ("f", ctypes.c_float)
        address = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
            ("alcGetProcAddress", self.al.handle)
        )(None, f"alGetEffect{suffix}v".encode())
        get = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int, ctypes.POINTER(kind))(address)
        values = (kind * 3)()
        get(self.number, row.number, values)
        return tuple(values) if isinstance(row.default, tuple) else values[0]

    def takes(self, row: Any, value: float) -> bool:
        set_it = self.al.alEffecti if isinstance(row.default, (int, str)) else self.al.alEffectf
        try:
            set_it(self.number, row.number, value)
        except palace.OpenALError:
            return False
        return True


class VocalMorpher(palace.BaseEffect):
    """OpenAL Soft has it since 1.20; an unused number stands in where it does."""

    _types = ((0x7777, None),)
