"""What the player has set and reached, saved as JSON between two games."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: The volumes on the settings page, with what they are for.
VOLUMES = {
    "master": "everything",
    "music": "the music",
    "effects": "engine, sea, sonar, mines",
    "voices": "bells and horns that call you",
}


@dataclass
class Settings:
    """Volumes go from 0.0 to 1.0 in steps of 0.1."""

    master: float = 0.9
    music: float = 0.7
    effects: float = 1.0
    voices: float = 1.0
    music_on: bool = True
    headphones: bool = False  #: Whether HRTF is wanted.
    lesson_done: bool = False
    reached: int = 1  #: The last level that may be begun from the title.
    best: int = 0

    def save(self, path: Path | None) -> None:
        """Write the file. None: keep nothing, as in a test."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path | None) -> Settings:
        """Read the file. What is missing, damaged or out of range has its default."""
        settings = cls()
        try:
            saved = json.loads(path.read_text(encoding="utf-8")) if path else {}
        except (OSError, ValueError):
            saved = {}
        for field in fields(cls):
            value = saved.get(field.name) if isinstance(saved, dict) else None
            default = getattr(settings, field.name)
            # bool is an int, too: a `true` for a number is damage.
            known = type(value) is type(default) or (type(default) is float and type(value) is int)
            if known and (field.name not in VOLUMES or 0 <= value <= 1):
                setattr(settings, field.name, type(default)(value))
        return settings
