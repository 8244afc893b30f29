"""The sounds to load: a generated set or the sounds of a folder, and reference files of known size."""

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

#: Version of the generated sounds. Sounds of another version are generated again.
RECIPE = 2
#: Sounds that last longer count as music.
SHORT_SECONDS = 10.0
#: Number of frames in a write. libsndfile's Vorbis encoder overflows its stack on large blocks.
_BLOCK = 4096


@dataclass(frozen=True)
class Kind:
    """A kind of file: its suffix, and libsndfile's format, subtype and sample rate. Opus needs 48 kHz or a fraction."""

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
    """A file: its name in its folder, its kind, its duration, and its size in bytes as 16-bit samples."""

    name: str
    kind: str
    seconds: float
    size: int


@dataclass(frozen=True)
class Recipe:
    """Numbers and sizes of the generated sounds."""

    short: int = 200
    music: int = 6
    #: Shortest and longest piece of music, in seconds.
    music_seconds: tuple[float, float] = (120.0, 180.0)
    #: Bytes of 16-bit samples in a large reference file.
    large: int = 50_000_000
    #: Duration of the streamed stereo Vorbis file, in seconds.
    streamed: float = 60.0
    #: Number of names of the same tiny file.
    many: int = 10_000
    #: Number of short WAV files.
    short_wav: int = 200


def generate(folder: Path, recipe: Recipe | None = None, say: Callable[[str], object] = lambda text: None) -> None:
    """Generate ``set/``, ``reference/``, ``short_wav/`` and ``many/`` in `folder`, unless they are there already."""
    recipe = recipe or Recipe()
    done = folder / "generated.json"
    mark = json.dumps([RECIPE, repr(recipe)])
    if done.exists() and done.read_text() == mark:
        return
    say("generating the sounds, once")
    for name in ("set", "reference", "short_wav", "many"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(1)
    kinds = list(KINDS)
    for number in range(recipe.short + recipe.music):
        music = number >= recipe.short
        kind = kinds[(number - recipe.short if music else number) % len(kinds)]
        duration = random.uniform(*(recipe.music_seconds if music else (0.2, 2.0)))
        path = folder / "set" / f"{'theme' if music else 'sound'}{number:03}{KINDS[kind].suffix}"
        _write(path, kind, random, duration, 2 if music else 1 + number // len(kinds) % 2)
    frames = recipe.large // 4
    for kind in ("WAV", "FLAC", "Vorbis"):
        _write(folder / "reference" / f"large{KINDS[kind].suffix}", kind, random, frames / 44100, 2)
    _write(folder / "reference" / "streamed.ogg", "Vorbis", random, recipe.streamed, 2)
    tiny = folder / "reference" / "tiny.wav"
    _write(tiny, "WAV", random, 0.05, 1)
    for number in range(recipe.short_wav):
        path = folder / "short_wav" / f"{number:03}.wav"
        _write(path, "WAV", random, random.uniform(0.2, 2.0), 1 + number % 2)
    for number in range(recipe.many):
        _link(tiny, folder / "many" / f"{number:05}.wav")
    done.write_text(mark)


def found_in(folder: Path) -> list[Sound]:
    """Return the sounds that libsndfile reads in a folder and its subfolders, sorted by name."""
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


def _write(path: Path, kind: str, random: np.random.Generator, duration: float, channels: int) -> None:
    """Write a chord that decays and restarts every half a second, with a little noise."""
    encoding = KINDS[kind]
    with soundfile.SoundFile(
        path, "w", encoding.rate, channels, subtype=encoding.subtype, format=encoding.format
    ) as file:
        tones = random.uniform(100, 1500, 3)
        frames = max(1, round(duration * encoding.rate))
        for start in range(0, frames, _BLOCK):
            moments: Any = np.arange(start, min(start + _BLOCK, frames)) / encoding.rate
            chord = np.sin(2 * np.pi * moments[:, None] * tones).sum(1) * 0.2 * np.exp(-4 * (moments % 0.5))
            noise = random.standard_normal((len(moments), channels), np.float32) * 0.02
            file.write((chord[:, None] + noise).astype(np.float32))


def _link(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except OSError:  # the file system has no links
        shutil.copyfile(path, other)
