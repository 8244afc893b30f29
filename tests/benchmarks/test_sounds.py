"""The set of sounds that the benchmarks generate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import soundfile

from benchmarks import sounds
from tests.sounds import through_soundfile

if TYPE_CHECKING:
    from pathlib import Path

#: Two short sounds and one piece of music of each kind.
SMALL = sounds.Recipe(short=10, music=5, music_seconds=(10.1, 10.2), large=40_000, streamed=0.5, many=12, short_wav=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    sounds.generate(folder, SMALL)
    return folder


def test_set_has_every_kind(made: Path) -> None:
    """Short sounds and music of each kind."""
    found = sounds.found_in(made / "set")
    for kind in sounds.KINDS:
        assert [sound.kind == kind for sound in found].count(True) == 3
        assert sorted(sound.seconds > sounds.SHORT_SECONDS for sound in found if sound.kind == kind) == [0, 0, 1]
    assert all(0.2 <= sound.seconds <= 2 for sound in found if sound.name.startswith("sound"))


@pytest.mark.parametrize("kind", sounds.KINDS)
def test_every_kind_can_be_read(made: Path, kind: str) -> None:
    sound = next(sound for sound in sounds.found_in(made / "set") if sound.kind == kind)
    samples = through_soundfile(made / "set" / sound.name)
    assert 0.1 < abs(samples).max() < 1
    assert samples.size * 2 == sound.size


def test_reference_files_have_the_right_size(made: Path) -> None:
    for name in ("large.wav", "large.flac", "large.ogg"):
        info = soundfile.info(str(made / "reference" / name))
        assert info.frames * info.channels * 2 == SMALL.large
    assert len(list((made / "many").iterdir())) == SMALL.many
    assert len(list((made / "short_wav").iterdir())) == SMALL.short_wav


def test_set_is_made_once_per_recipe(tmp_path: Path) -> None:
    messages: list[str] = []
    little = sounds.Recipe(short=1, music=0, large=400, streamed=0.1, many=1, short_wav=1)
    other = sounds.Recipe(short=2, music=0, large=400, streamed=0.1, many=1, short_wav=1)
    for recipe in (little, little, other):
        sounds.generate(tmp_path, recipe, messages.append)
    assert len(messages) == 2
    assert len(sounds.found_in(tmp_path / "set")) == 2


def test_seed_is_reproducible(made: Path, tmp_path: Path) -> None:
    sounds.generate(tmp_path, sounds.Recipe(short=3, music=0, large=400, streamed=0.1, many=1, short_wav=1))
    for name in ("sound002.wav", "sound001.flac"):
        assert (tmp_path / "set" / name).read_bytes() == (made / "set" / name).read_bytes()


def test_other_files_are_ignored(made: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    (tmp_path / "notes.txt").write_text("no sound either")
    assert sounds.found_in(tmp_path) == []
