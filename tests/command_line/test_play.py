"""`play`: files one after another, controlled by keys."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace.__main__ import main
from pyglet_palace._command_line.keys import Keys
from pyglet_palace._command_line.playing import play_files
from tests import sounds
from tests.command_line.processes import run, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Frames that pass while the player waits for a key.
FRAMES = 4410


class Session:
    """A player on a loopback device: the keys, the screen, and what is heard."""

    def __init__(self, keys: dict[int, str]) -> None:
        self.device = palace.LoopbackDevice(sounds.RATE)
        #: Keys by the number of the wait in which they are pressed.
        self.keys = keys
        self.waits = 0
        self.names: list[str] = []
        self.positions: list[tuple[float, bool]] = []
        self.errors: list[str] = []
        self.heard: list[Any] = []

    def play(self, *paths: Path, loop: bool = False, volume: float = 1.0) -> int:
        with self.device:
            return play_files(paths, self.device, self, self, loop=loop, volume=volume)

    def wait(self, seconds: float) -> str:
        self.heard.append(self.device.render(FRAMES))
        self.waits += 1
        return self.keys.get(self.waits, "")

    def start(self, path: Path, seconds: float) -> None:
        self.names.append(path.name)

    def progress(self, seconds: float, paused: bool) -> None:
        self.positions.append((round(seconds, 1), paused))

    def error(self, text: str) -> None:
        self.errors.append(text)


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A sound of 12 seconds."""
    return sounds.write(tmp_path / "tone.wav", sounds.tone(12))


def test_files_play_one_after_another(tmp_path: Path) -> None:
    paths = [sounds.write(tmp_path / name, sounds.tone(0.5)) for name in ("a.wav", "b.ogg")]
    session = Session({})
    assert session.play(*paths) == 0
    assert session.names == ["a.wav", "b.ogg"]
    assert session.waits == pytest.approx(10, abs=2)
    assert np.abs(np.concatenate(session.heard)).max() > 0.1


def test_arrows_seek_by_five_seconds(tone: Path) -> None:
    session = Session({1: "right", 2: "right", 3: "left", 4: "left", 5: "left", 6: "q"})
    assert session.play(tone) == 0
    assert [seconds for seconds, _ in session.positions] == pytest.approx([0, 5.1, 10.2, 5.3, 0.4, 0.0], abs=0.11)


def test_arrow_past_the_end_plays_the_next(tone: Path, tmp_path: Path) -> None:
    session = Session({1: "right", 2: "right", 3: "right"})
    assert session.play(tone, sounds.write(tmp_path / "next.wav", sounds.tone(0.2))) == 0
    assert session.names == ["tone.wav", "next.wav"]
    assert session.waits < 10


def test_space_pauses_and_resumes(tone: Path) -> None:
    session = Session({2: " ", 5: " ", 7: "q"})
    session.play(tone)
    assert [paused for _, paused in session.positions] == [False, False, True, True, True, False, False]
    assert not session.heard[3].any()
    assert session.heard[6].any()


def test_n_skips_and_q_ends(tone: Path, tmp_path: Path) -> None:
    session = Session({2: "n", 4: "q"})
    assert session.play(tone, tone, sounds.write(tmp_path / "last.wav", sounds.tone(1))) == 0
    assert (session.names, session.waits) == (["tone.wav", "tone.wav"], 4)


def test_loop_repeats_until_a_key(tmp_path: Path) -> None:
    session = Session({30: "n"})
    session.play(sounds.write(tmp_path / "short.wav", sounds.tone(0.5)), loop=True)
    assert session.waits == 30
    assert session.heard[25].any()


def test_volume_scales_the_samples(tone: Path) -> None:
    full, half = Session({3: "q"}), Session({3: "q"})
    full.play(tone)
    half.play(tone, volume=0.5)
    assert np.allclose(half.heard[1], full.heard[1] / 2, atol=1e-3)


def test_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    session = Session({})
    assert session.play(broken, sounds.write(tmp_path / "fine.wav", sounds.tone(0.2))) == 1
    assert session.names == ["fine.wav"]
    assert len(session.errors) == 1
    assert "broken.wav" in session.errors[0]


def test_plays_to_the_end_without_a_terminal(tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "short.wav", sounds.tone(0.2))
    assert run("play", "--volume", 20, path, COLUMNS="500") == (0, f"{path}\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the signal of Ctrl-C differs")
def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    """At any moment. During an import, Python itself leaves the file of the module open, and would warn of it."""
    process = start("play", "--loop", sounds.write(tmp_path / "short.wav", sounds.tone(0.2)), warnings="ignore")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "")


@pytest.mark.parametrize("arguments", [[], ["no-such-file.wav"], ["--volume", "-1", __file__]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", *arguments]) == 2
    assert "Usage:" in capsys.readouterr().err


def test_unknown_device_names_the_devices(tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "short.wav", sounds.tone(0.2))
    status, output, errors = run("play", "--device", "no such device", path)
    assert (status, output) == (1, "")
    assert errors.startswith("cannot open device 'no such device'; available devices: 'No Output'")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of a terminal that is stdin."""
    pty = pytest.importorskip("pty")
    other, end = pty.openpty()
    with open(end) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield other
    os.close(other)


@pytest.mark.parametrize(
    ("sent", "name"),
    [(b"\x1b[D", "left"), (b"\x1bOC", "right"), (b" ", " "), (b"q", "q"), (b"\xff", "")],
)
def test_keys_have_names(terminal: int, sent: bytes, name: str) -> None:
    with Keys() as keys:
        os.write(terminal, sent)
        assert keys.wait(10) == name


def test_keys_restore_the_terminal(terminal: int) -> None:
    termios = pytest.importorskip("termios")
    before = termios.tcgetattr(terminal)
    with Keys():
        assert termios.tcgetattr(terminal) != before
    assert termios.tcgetattr(terminal) == before
