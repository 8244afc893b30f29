"""What a run measures with: handed to every measure, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .sounds import Sound


@dataclass(frozen=True)
class Setting:
    """The sounds, and how long to measure.

    Attributes:
        folder: Where the sounds of the set are.
        made: Where the yardsticks and the many names are.
        sounds: The set.
        seconds: How long a window lasts in which frames are watched.
        windows: Windows with a load in a process, each between two without.
        repeats: How often a load is repeated within a process.
        names: Numbers of names that the growth is measured at.
    """

    folder: str
    made: str
    sounds: tuple[Sound, ...]
    seconds: float = 5.0
    windows: int = 2
    repeats: int = 3
    names: tuple[int, ...] = (10, 100, 1000, 10_000)

    def to_json(self) -> str:
        """For a child process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Setting:
        """What `to_json` gave."""
        values = json.loads(text)
        values["sounds"] = tuple(Sound(**sound) for sound in values["sounds"])
        values["names"] = tuple(values["names"])
        return cls(**values)

    @property
    def kinds(self) -> list[str]:
        """The kinds of file in the set."""
        return list(dict.fromkeys(sound.kind for sound in self.sounds))

    def paths(self, kind: str | None = None) -> list[Path]:
        """Files of the set, all or of one kind."""
        return [Path(self.folder, sound.name) for sound in self.sounds if kind in (None, sound.kind)]

    def size(self, kind: str | None = None) -> int:
        """Bytes of 16-bit samples in the set."""
        return sum(sound.size for sound in self.sounds if kind in (None, sound.kind))

    def yardstick(self, name: str) -> Path:
        """A file of known size."""
        return Path(self.made, "yardsticks", name)

    def many(self, count: int) -> list[str]:
        """So many names of the same tiny file, in the folder ``many``."""
        return [f"{number:05}.wav" for number in range(count)]
