"""The sounds that are loaded: a set made once from a seed, or a folder given; and yardsticks of known sizes."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable

#: Changed whenever the sounds made are to be others: a folder made by another recipe is made again.
RECIPE = 1
#: A sound that lasts longer counts as music.
SHORT_SECONDS = 10.0
#: Frames written at a time. libsndfile's Vorbis encoder overflows its stack on large blocks.
_BLOCK = 4096


@dataclass(frozen=True)
class Kind:
    """A kind of file, and what libsndfile is told to write it. Opus knows 48 kHz and its fractions only."""

    suffix: str
    format: str
    subtype: str
    rate: int = 44100


KINDS = {
    "Vorbis": Kind(".ogg", "OGG", "VORBIS"),
    "FLAC": Kind(".flac", "FLAC", "PCM_16"),
    "WAV": Kind(".wav", "WAV", "PCM_16"),
    "MP3": Kind(".mp3", "MP3", "MPEG_LAYER_III"),
    "Opus": Kind(".opus", "OGG", "OPUS", 48000),
}


@dataclass(frozen=True)
class Sound:
    """A file: its name in its folder, what kind it is, how long it lasts, and its bytes as 16-bit samples."""

    name: str
    kind: str
    seconds: float
    size: int


@dataclass(frozen=True)
class Recipe:
    """How much is made."""

    short: int = 200
    music: int = 6
    #: Seconds that a piece of music lasts, from and to.
    lasting: tuple[float, float] = (120.0, 180.0)
    #: Bytes of 16-bit samples in a yardstick.
    large: int = 50_000_000
    #: Seconds of the stereo Vorbis file that is streamed.
    streamed: float = 60.0
    #: Names of the same tiny file.
    many: int = 10_000


def make(folder: Path, recipe: Recipe | None = None, say: Callable[[str], object] = lambda text: None) -> None:
    """Fill `folder` with ``set/``, ``yardsticks/`` and ``many/``, unless that recipe has been followed there."""
    recipe = recipe or Recipe()
    done = folder / "made.json"
    mark = json.dumps([RECIPE, repr(recipe)])
    if done.exists() and done.read_text() == mark:
        return
    say("making the sounds, once")
    for name in ("set", "yardsticks", "many"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(1)
    kinds = list(KINDS)
    for number in range(recipe.short + recipe.music):
        music = number >= recipe.short
        kind = kinds[(number - recipe.short if music else number) % len(kinds)]
        lasting = random.uniform(*(recipe.lasting if music else (0.2, 2.0)))
        path = folder / "set" / f"{'theme' if music else 'sound'}{number:03}{KINDS[kind].suffix}"
        _write(path, kind, random, lasting, 2 if music else 1 + number // len(kinds) % 2)
    frames = recipe.large // 4
    for kind in ("WAV", "FLAC", "Vorbis"):
        _write(folder / "yardsticks" / f"large{KINDS[kind].suffix}", kind, random, frames / 44100, 2)
    _write(folder / "yardsticks" / "streamed.ogg", "Vorbis", random, recipe.streamed, 2)
    tiny = folder / "yardsticks" / "tiny.wav"
    _write(tiny, "WAV", random, 0.05, 1)
    for number in range(recipe.many):
        _link(tiny, folder / "many" / f"{number:05}.wav")
    done.write_text(mark)


def found_in(folder: Path) -> list[Sound]:
    """The sounds in a folder and those below it that libsndfile reads, by name."""
    kinds = {kind.suffix: name for name, kind in KINDS.items()} | {".oga": "Vorbis", ".aif": "AIFF", ".aiff": "AIFF"}
    sounds = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in kinds and path.is_file():
            try:
                info = soundfile.info(str(path))
            except soundfile.SoundFileError:
                continue
            kind = "Opus" if info.subtype == "OPUS" else kinds[path.suffix.lower()]
            size = info.frames * info.channels * 2
            sounds.append(Sound(path.relative_to(folder).as_posix(), kind, info.frames / info.samplerate, size))
    return sounds


def _write(path: Path, kind: str, random: np.random.Generator, lasting: float, channels: int) -> None:
    """A chord that dies away and begins again every half a second, over a little noise."""
    what = KINDS[kind]
    with soundfile.SoundFile(path, "w", what.rate, channels, subtype=what.subtype, format=what.format) as file:
        tones = random.uniform(100, 1500, 3)
        frames = max(1, round(lasting * what.rate))
        for start in range(0, frames, _BLOCK):
            moments: Any = np.arange(start, min(start + _BLOCK, frames)) / what.rate
            chord = np.sin(2 * np.pi * moments[:, None] * tones).sum(1) * 0.2 * np.exp(-4 * (moments % 0.5))
            noise = random.standard_normal((len(moments), channels), np.float32) * 0.02
            file.write((chord[:, None] + noise).astype(np.float32))


def _link(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except OSError:  # a file system without links
        shutil.copyfile(path, other)
