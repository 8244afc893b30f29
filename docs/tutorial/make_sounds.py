"""Makes the sounds of the tutorial, in a folder `sounds` beside this file: ``python make_sounds.py``."""

import struct
import wave
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("sounds")
RATE = 22050
NOISE = np.random.default_rng(14)


def seconds(length):
    return np.arange(round(length * RATE)) / RATE


def tone(pitch, length, decay):
    time = seconds(length)
    overtones = sum(np.sin(2 * np.pi * pitch * n * time) / n**1.5 for n in (1, 2, 3, 4.2))
    return overtones * np.exp(-time * decay) * np.minimum(time * 200, 1)


def smooth(samples, width):
    """Noise without its treble. Its end joins its start, so that it loops."""
    around = np.concatenate([samples[-width:], samples])
    return np.convolve(around, np.ones(width) / width, "valid")[: len(samples)]


def tune(notes, length, decay):
    return np.concatenate([tone(220 * 2 ** (note / 12), length, decay) for note in notes])


def write(name, samples, loop_start=None):
    """Write a mono WAV file; with loop points (a chunk `smpl`), if there is a `loop_start` in seconds."""
    samples = np.int16(samples / np.abs(samples).max() * 20000)
    path = FOLDER / name
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    if loop_start is not None:
        # Nine numbers, the number of loops at index 7. The loop: name, kind, first and last frame, fraction, times.
        head = struct.pack("<9I", 0, 0, 10**9 // RATE, 60, 0, 0, 0, 1, 0)
        loop = struct.pack("<6I", 0, 0, round(loop_start * RATE), len(samples) - 1, 0, 0)
        chunk = b"smpl" + struct.pack("<I", len(head + loop)) + head + loop
        data = path.read_bytes() + chunk
        path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write("bell.wav", tone(880, 1.2, 4))
    write("click.wav", tone(1500, 0.05, 60))
    write("step.wav", smooth(NOISE.standard_normal(RATE // 10), 12) * np.exp(-seconds(0.1) * 40))
    write("river.wav", smooth(NOISE.standard_normal(2 * RATE), 5))
    crackle = NOISE.standard_normal(2 * RATE) * (NOISE.random(2 * RATE) > 0.997)
    write("fire.wav", smooth(crackle, 4) + 0.02 * smooth(NOISE.standard_normal(2 * RATE), 20))
    time = seconds(1)
    write("bird.wav", np.sin(2 * np.pi * 2500 * time + 15 * np.cos(40 * time)) * (time % 0.5 < 0.2))
    write("calm.wav", tune([0, 4, 7, 12, 9, 7, 4, 5, 9, 12, 9, 7], 0.5, 3), loop_start=2)
    write("danger.wav", tune([-12, -11, -12, -9] * 3, 0.25, 8))
    write("voice.wav", tune([7, 3, 5], 0.2, 6))
