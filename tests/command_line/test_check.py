"""`check`: what it finds in the sounds of a game, and its exit status."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace.__main__ import main
from pyglet_palace._command_line import checking
from tests import sounds

if TYPE_CHECKING:
    from pathlib import Path

#: Samples of half a second that have no problem.
FINE = sounds.tone(0.5)


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that returns the exit status and the JSON object of a check."""

    def run(*arguments: object) -> tuple[int, Any]:
        status = main(["check", "--json", *map(str, arguments)])
        return status, json.loads(capsys.readouterr().out)

    return run


def findings(report: Any) -> dict[str, list[tuple[str, bool]]]:
    """The kinds of the findings by the names of the files, and whether they are problems."""
    return {
        sound["name"].rpartition("/")[2]: [(one["kind"], one["problem"]) for one in sound["findings"]]
        for sound in report["sounds"]
    }


def game(folder: Path) -> Path:
    """A folder with one sound for each kind of finding."""
    late = np.concatenate([np.zeros((1323, 1), np.float32), FINE])
    sounds.write(folder / "fine.wav", FINE)
    sounds.write(folder / "music" / "long.ogg", sounds.tone(10.1, channels=2))
    sounds.write(folder / "late.wav", late)
    sounds.write(folder / "loud.wav", np.clip(sounds.tone(0.5, gain=2), -1, 1))
    sounds.write(folder / "silent [b].wav", 0 * FINE)
    sounds.write(folder / "stereo.wav", sounds.tone(0.5, channels=2))
    sounds.write(folder / "old.wav", sounds.tone(0.5, rate=22050), rate=22050)
    sounds.write(folder / "really.wav", FINE).rename(folder / "vorbis.ogg")
    cut = sounds.write(folder / "cut.flac", sounds.noise(44100, 1))
    cut.write_bytes(cut.read_bytes()[:-30000])
    (folder / "page.mp3").write_bytes(b"<!DOCTYPE html>" * 50)
    (folder / "notes.txt").write_text("not a sound")
    sounds.write(folder / ".venv" / "other.wav", 0 * FINE)
    (folder / "broken.zip").write_bytes(b"PK\3\4")
    with zipfile.ZipFile(folder / "level.zip", "w") as archive:
        archive.write(folder / "late.wav", "inside/zipped.wav")
    return folder


def test_each_kind_of_problem_is_found(tmp_path: Path, check: Any) -> None:
    status, report = check(game(tmp_path))

    assert findings(report) == {
        "fine.wav": [],
        "long.ogg": [],
        "late.wav": [("silent-head", True)],
        "loud.wav": [("clipping", True)],
        "silent [b].wav": [("silent", True)],
        "stereo.wav": [("stereo", False)],
        "old.wav": [("rate", False)],
        "vorbis.ogg": [("misnamed", True)],
        "cut.flac": [("damaged", True)],
        "page.mp3": [("error", True)],
        "zipped.wav": [("silent-head", True)],
        "broken.zip": [("error", True)],
    }
    assert (status, report["problems"], report["notes"]) == (1, 8, 2)


def test_errors_are_those_of_the_game(tmp_path: Path, check: Any, context: palace.Context) -> None:
    path = tmp_path / "page.mp3"
    path.write_bytes(b"<!DOCTYPE html>" * 50)
    with pytest.raises(palace.DecodeError) as error:
        palace.Buffer(path, context)

    assert check(path)[1]["sounds"][0]["findings"][0]["text"] == error.value.problem


def test_json_describes_each_sound(tmp_path: Path, check: Any) -> None:
    sounds.write(tmp_path / "loop.flac", sounds.tone(1, gain=0.25))
    sounds.comment(tmp_path / "loop.flac", LOOPSTART="100", LOOPLENGTH="1000")
    status, report = check(tmp_path)

    (sound,) = report.pop("sounds")
    assert status == 0
    assert report == {
        "pyglet_palace": palace.__version__,
        "problems": 0,
        "notes": 0,
        "size": 88200,
        "rates": {"44100": 1},
    }
    assert sound.pop("peak") == pytest.approx(0.25, abs=1e-3)
    assert sound == {
        "name": f"{tmp_path}/loop.flac",
        "container": "FLAC",
        "codec": "FLAC",
        "frequency": 44100,
        "channels": 1,
        "length": 44100,
        "seconds": 1.0,
        "loop_points": [100, 1100],
        "size": 88200,
        "findings": [],
    }


def test_failed_sound_has_the_same_keys(tmp_path: Path, check: Any) -> None:
    sounds.write(tmp_path / "fine.wav", FINE)
    (tmp_path / "empty.wav").touch()
    empty, fine = check(tmp_path)[1]["sounds"]
    assert (empty.keys(), empty["length"]) == (fine.keys(), 0)


def test_notes_count_only_if_strict(tmp_path: Path, check: Any) -> None:
    sounds.write(tmp_path / "stereo.wav", sounds.tone(0.5, channels=2))
    assert check(tmp_path)[0] == 0
    assert check("--strict", tmp_path)[0] == 1


def test_ignored_kinds_are_left_out(tmp_path: Path, check: Any) -> None:
    sounds.write(tmp_path / "loud.wav", np.clip(sounds.tone(0.5, gain=2), -1, 1))
    status, report = check("--ignore", "clipping", tmp_path)
    assert (status, findings(report)) == (0, {"loud.wav": []})


@pytest.mark.parametrize("pattern", ["step?.wav", "*/walk/*"])
def test_placed_sounds_must_be_mono(tmp_path: Path, check: Any, pattern: str) -> None:
    """The pattern is that of a name or of a path. Of other sounds, the number of channels is right as it is."""
    sounds.write(tmp_path / "walk" / "step1.wav", sounds.tone(0.5, channels=2))
    sounds.write(tmp_path / "click.wav", sounds.tone(0.5, channels=2))
    status, report = check("--placed", pattern, tmp_path)
    assert (status, findings(report)) == (1, {"click.wav": [], "step1.wav": [("stereo", True)]})


def test_music_may_begin_silent(tmp_path: Path, check: Any) -> None:
    sounds.write(tmp_path / "music.wav", np.concatenate([np.zeros((44100, 1), np.float32), sounds.tone(9.5)]))
    assert findings(check(tmp_path)[1]) == {"music.wav": []}


@pytest.mark.parametrize("kind", sounds.KINDS.values(), ids=sounds.KINDS.keys())
def test_suffix_of_every_kind_is_right(kind: sounds.Kind, tmp_path: Path, check: Any) -> None:
    kind.write(tmp_path / "sound", sounds.tone(0.5, rate=48000))
    assert "misnamed" not in [one["kind"] for one in check(tmp_path)[1]["sounds"][0]["findings"]]


def test_table_keeps_names_whole_in_80_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = game(tmp_path)
    assert main(["check", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()

    assert max(map(len, lines)) <= 80
    for name in ("fine.wav", "silent [b].wav", "long.ogg", "zipped.wav", "broken.zip"):
        assert any(line.startswith(f"{name} ") for line in lines), name
    assert lines[-1].startswith("12 sounds, ")
    assert lines[-1].endswith(", 8 problems, 2 notes")


def test_folder_without_sounds_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 1
    assert f"no sounds in {tmp_path}" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize("arguments", [[], ["no/such/folder"], ["--ignore", "noise", "."], ["--no-such-option", "."]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == 2
    assert "Usage:" in capsys.readouterr().err


def test_zips_are_closed(tmp_path: Path) -> None:
    sounds.write(tmp_path / "a.wav", FINE)
    with zipfile.ZipFile(tmp_path / "level.zip", "w") as archive:
        archive.write(tmp_path / "a.wav", "a.wav")
    _, group = checking.find_sounds([tmp_path / "level.zip"])
    assert group.loader is not None
    location: Any = group.loader.location("a.wav")

    checking.check_sounds([group], checking.Options(), lambda: None)

    assert location.zip.fp is None
