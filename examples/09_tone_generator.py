"""A tone generator: computed sounds.

Usage: python examples/09_tone_generator.py [hertz]
"""

import sys
import time

import numpy as np
import pyglet

import pyglet_palace as palace

#: The sample at each phase, from 0 to 1 within one period.
WAVEFORMS = {
    "sine": lambda phase: np.sin(2 * np.pi * phase),
    "triangle": lambda phase: 4 * np.abs(phase - 0.5) - 1,
    "square": lambda phase: np.where(phase < 0.5, 1.0, -1.0),
    "sawtooth": lambda phase: 2 * phase - 1,
    "noise": lambda phase: np.random.default_rng().uniform(-1, 1, len(phase)),
}


class Tone(palace.BaseDecoder):
    frequency = 44100
    channel_config = "Mono"
    sample_type = "32-bit float"
    length = 0  # set for each tone
    loop_points = (0, 0)

    def __init__(self, waveform, hertz, seconds):
        self.waveform = WAVEFORMS[waveform]
        self.hertz = hertz
        self.length = round(seconds * self.frequency)
        self.at = 0

    def seek(self, frame):
        self.at = frame
        return frame <= self.length

    def read(self, count):
        frames = np.arange(self.at, min(self.at + count, self.length))
        self.at += len(frames)
        samples = 0.2 * self.waveform(frames * self.hertz / self.frequency % 1)
        return samples.astype(np.float32).tobytes()


palace.init()
hertz = float(sys.argv[1]) if len(sys.argv) > 1 else 440.0

for waveform in WAVEFORMS:
    # A buffer can play many times. `Tone(...).play()` would stream the tone once, at any length.
    sound = palace.Buffer.from_decoder(Tone(waveform, hertz, 0.5), waveform)
    print(f"{sound.name}: {hertz:g} Hz for {sound.length_seconds} s")
    source = sound.play()
    while source.playing:
        pyglet.clock.tick()
        time.sleep(1 / 60)
