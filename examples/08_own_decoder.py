"""A custom decoder: plays tunes that are written as text.

Usage: python examples/08_own_decoder.py [tune]

`frere.tune` contains the word TUNE, a tempo in notes per minute, and the notes: letters, `'` for the octave above, and
`-` for a rest.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pyglet

import pyglet_palace as palace

SEMITONES = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}


def hertz(note):
    return 0 if note == "-" else 440 * 2 ** (SEMITONES[note[0]] / 12 + note.count("'"))


class TuneDecoder(palace.BaseDecoder):
    frequency = 44100
    channel_config = "Mono"
    sample_type = "Signed 16-bit"

    def __init__(self, file):
        words = file.read().decode("ascii", "replace").split()
        if words[:1] != ["TUNE"]:
            raise RuntimeError("not a tune")  # the next decoder is tried
        self.beat = 60 * self.frequency // int(words[1])
        self.pitches = np.array([hertz(note) for note in words[2:]])
        self.length = self.beat * len(self.pitches)
        self.at = 0

    def seek(self, frame):
        self.at = frame
        return frame <= self.length

    def read(self, count):
        """Return the next `count` frames. The streaming thread calls it while earlier frames play."""
        frames = np.arange(self.at, min(self.at + count, self.length))
        self.at += len(frames)
        seconds = frames % self.beat / self.frequency
        tone = np.sin(2 * np.pi * self.pitches[frames // self.beat] * seconds) * np.exp(-6 * seconds)
        return (12000 * tone).astype(np.int16).tobytes()


palace.decoder_factories.tune = TuneDecoder  # Buffer, cache, preload and decode all use it

pyglet.resource.path = ["."]
pyglet.resource.reindex()
palace.init()

decoder = palace.decode(Path(sys.argv[1]) if len(sys.argv) > 1 else "frere.tune")
print(f"{type(decoder).__name__}: {decoder.length_seconds:.2f} s")
source = decoder.play()  # streamed
while source.playing:
    print(f"\r{source.offset_seconds:5.2f} s", end="", flush=True)
    pyglet.clock.tick()
    time.sleep(1 / 60)
print("\rdone   ")
