"""Configuration of a run. Each measure receives it as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .sounds import Sound


@dataclass(frozen=True)
class Config:
    """The sounds, and how long to measure.

    Attributes:
        folder: Folder of the sounds in `sounds`.
        generated: Folder of the generated files of known size.
        sounds: The sounds to load.
        seconds: Length of a window in which frames are timed.
        windows: Windows with a load in one process. A window without a load precedes and follows each.
        repeats: How often a load is repeated within a process.
        names: Numbers of names for the growth of costs.
    """

    folder: str
    generated: str
    sounds: tuple[Sound, ...]
    seconds: float = 5.0
    windows: int = 2
    repeats: int = 3
    names: tuple[int, ...] = (10, 100, 1000, 10_000)

    def to_json(self) -> str:
        """Return the configuration as JSON, for a child process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Config:
        """Return the configuration that `to_json` wrote."""
        values = json.loads(text)
        values["sounds"] = tuple(Sound(**sound) for sound in values["sounds"])
        values["names"] = tuple(values["names"])
        return cls(**values)

    @property
    def kinds(self) -> list[str]:
        """The kinds of file among the sounds."""
        return list(dict.fromkeys(sound.kind for sound in self.sounds))

    def paths(self, kind: str | None = None) -> list[Path]:
        """Return the files of all sounds, or of one kind."""
        return [Path(self.folder, sound.name) for sound in self.sounds if kind in (None, sound.kind)]

    def size(self, kind: str | None = None) -> int:
        """Return the size of the sounds as 16-bit samples, in bytes."""
        return sum(sound.size for sound in self.sounds if kind in (None, sound.kind))

    def reference(self, name: str) -> Path:
        """Return a generated file of known size."""
        return Path(self.generated, "reference", name)

    def short_wavs(self) -> list[Path]:
        """Return the generated short WAV files."""
        return sorted(Path(self.generated, "short_wav").iterdir())

    def many(self, count: int) -> list[str]:
        """Return `count` names of the same tiny file, in the folder ``many``."""
        return [f"{number:05}.wav" for number in range(count)]
