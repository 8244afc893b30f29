"""The example game as a program: headless without a sound card, and in a window with key presses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]

#: Timeout in seconds, for a busy machine.
PATIENCE = 60


class Screen:
    """A virtual screen with a display number of its own."""

    def __init__(self) -> None:
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.environment = {**os.environ, "DISPLAY": f":{self.process.stdout.readline().strip()}"}

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program on this screen until it exits."""
        return subprocess.run(
            command, env=self.environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE
        )

    def xdotool(self, *command: str) -> str:
        return self.run("xdotool", *command).stdout.strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


def picture(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def colours(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> int:
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


# Headless


@pytest.fixture(scope="module")
def headless(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The output of a headless game of ten seconds, and the folder of its files."""
    folder = tmp_path_factory.mktemp("headless")
    done = screen.run(sys.executable, "-m", "examples.game", "--headless", "--seconds", "10", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_headless_run_prints_its_files(headless: tuple[str, Path]) -> None:
    printed, folder = headless
    for name in ("title.png", "loading.png", "screenshot.png", "sound.wav"):
        assert str(folder / name) in printed
        assert (folder / name).stat().st_size > 10_000


def test_frames_continue_during_loading(headless: tuple[str, Path]) -> None:
    loading = next(line for line in headless[0].splitlines() if line.startswith("loading '"))
    frames = int(loading.split(":")[1].split()[0])
    progress = [float(step) for step in loading.split("progress ")[1].split(",")]
    assert frames >= 1
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_screenshot_shows_the_lit_boat(headless: tuple[str, Path]) -> None:
    pixels = picture(headless[1] / "screenshot.png")
    assert pixels.shape == (720, 1280, 3)
    assert colours(pixels) > 2000
    middle = pixels[260:460, 500:780].astype(float).mean()
    rim = np.concatenate([pixels[200:500, :150], pixels[200:500, -150:]]).astype(float).mean()
    assert middle > 1.5 * rim
    # The boat's lamp and its white deck.
    assert (pixels[230:490, 450:830].min(axis=2) > 180).sum() > 50


def test_loading_screen_shows_progress(headless: tuple[str, Path]) -> None:
    row = picture(headless[1] / "loading.png")[720 - 129, 380:900].astype(int)
    filled = row[:, 0] > 180
    assert 0.3 < filled.mean() < 0.95
    assert filled[:100].all()
    assert not filled[-20:].any()


def test_recording_is_clean_and_moves(headless: tuple[str, Path]) -> None:
    """It does not clip, and the balance moves between the ears."""
    samples, rate = soundfile.read(headless[1] / "sound.wav", always_2d=True)
    assert rate == 44100
    assert samples.shape == (10 * rate, 2)
    assert 0.1 < np.abs(samples).max() < 0.99
    play = samples[4 * rate :]
    halves = play.reshape(-1, rate // 2, 2)
    loud = np.sqrt((halves**2).mean(axis=1))
    assert (loud > 1e-3).all()
    balance = 20 * np.log10(loud[:, 1] / loud[:, 0])
    assert balance.max() - balance.min() > 3


def test_folder_runs_from_anywhere(screen: Screen, tmp_path: Path) -> None:
    game = CHECKOUT / "examples" / "game"
    command = [sys.executable, str(game), "--headless", "--seconds", "2", "--level", "3", "--out", str(tmp_path)]
    done = subprocess.run(
        command, env=screen.environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "sound.wav") in done.stdout


def test_missing_display_names_xvfb() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "-m", "examples.game", "--headless"]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "xvfb" in done.stderr
    assert "Traceback" not in done.stderr


# Screen by screen


@pytest.fixture(scope="module")
def walk(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What `tests.game.walk` found, and the folder of its pictures."""
    folder = tmp_path_factory.mktemp("walk")
    done = screen.run(sys.executable, "-m", "tests.game.walk", str(folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def test_settings_return_to_the_screen_below(walk: tuple[dict[str, Any], Path]) -> None:
    facts, folder = walk
    name, playing, music = facts["settings"]
    assert (name, music) == ("settings", 0.6)
    assert playing >= 1
    assert facts["after settings"] == "title"
    assert json.loads((folder / "settings.json").read_text())["music"] == 0.6


def test_settings_show_one_volume(walk: tuple[dict[str, Any], Path]) -> None:
    """+ and - change the page's row. The notice of a volume, which the pause shows, is not over the page."""
    row, notice = (slice(220, 260), slice(760, 1060)), (slice(506, 542), slice(540, 780))
    before, softer, paused = (picture(walk[1] / f"{name}.png") for name in ("settings", "softer", "paused settings"))
    assert (before[row] != softer[row]).any()
    for page in (softer, paused):
        assert page[notice].max() < 100


def test_lesson_comes_before_level_1(walk: tuple[dict[str, Any], Path]) -> None:
    facts, _ = walk
    assert facts["before level 1"] == "lesson"
    assert facts["lesson"] == [[0, 0, 1, 2, 3], "play"]


def test_hint_lights_end_with_the_first_bell(walk: tuple[dict[str, Any], Path]) -> None:
    facts, _ = walk
    assert facts["hints"] == [True, False]
    assert facts["level 3"] == ["play", False]


def test_slow_frames_keep_the_speed(walk: tuple[dict[str, Any], Path]) -> None:
    """Below 10 frames a second the game says so, once."""
    facts, _ = walk
    assert facts["seconds of the rules in 2 s"] == pytest.approx([2, 2], abs=0.02)
    seconds, notices = facts["slow"]
    assert seconds == pytest.approx(2, abs=0.05)  # 20 frames of at most 6 steps
    assert notices == 1


def test_lost_level_counts(walk: tuple[dict[str, Any], Path]) -> None:
    """The points on the result are those of the voyage and the best. Another try starts from before the level."""
    facts, _ = walk
    assert facts["lost"] == ["result", "voyage  100        best  100", 100]
    assert facts["again"] == ["play", 0]


def test_overlay_lists_what_plays(walk: tuple[dict[str, Any], Path]) -> None:
    counters, rows = walk[0]["overlay"]
    assert "voices 12" in counters[0]
    assert sum(row.startswith("bell.ogg") for row in rows) == 4
    assert any("virtual" in row for row in rows)
    assert any(row.startswith("stream") for row in rows)
    levels = [float(row[20:26]) for row in rows]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("hud", (20, 672, 498, 704)),  # keys
        ("hud", (1132, 40, 1264, 82)),  # score and time
        ("paused", (300, 400, 980, 470)),
        ("settings", (230, 350, 430, 420)),  # a row
        ("settings", (350, 610, 960, 640)),  # keys
        ("lost", (420, 330, 860, 380)),
        ("lost", (420, 600, 860, 630)),
    ],
)
def test_text_has_contrast(walk: tuple[dict[str, Any], Path], name: str, box: tuple[int, int, int, int]) -> None:
    """WCAG: 4.5:1 between the text and the lightest part of its backing."""
    left, top, right, bottom = box
    pixels = picture(walk[1] / f"{name}.png")[top:bottom, left:right] / 255
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    text, backing = luminance.max(), np.median(luminance)
    assert (text + 0.05) / (backing + 0.05) > 4.5


# In a window


class WindowedGame:
    """The game in its window, its keyboard and its trace."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.screen, self.folder = screen, folder
        self.trace_file = folder / "trace.jsonl"
        environment = {**screen.environment, "XDG_CONFIG_HOME": str(folder)}  # where the settings are saved
        command = [sys.executable, "-m", "examples.game", "--trace", str(self.trace_file), "--out", str(folder)]
        self.process = subprocess.Popen(
            command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._seen = 0

    def trace(self) -> list[dict[str, Any]]:
        """The lines of the trace so far."""
        if not self.trace_file.exists():
            return []
        return [json.loads(line) for line in self.trace_file.read_text().splitlines(True) if line.endswith("\n")]

    def wait_for(self, what: str, good: Callable[[dict[str, Any]], bool] = lambda line: True) -> dict[str, Any]:
        """Wait for the next line of the trace with this `what` for which `good` is true."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            lines = self.trace()
            for number in range(self._seen, len(lines)):
                if lines[number]["what"] == what and good(lines[number]):
                    self._seen = number + 1
                    return lines[number]
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.05)
        raise AssertionError(f"{what!r} did not happen; what did: {self.trace()[-5:]}")

    def press_until(self, symbol: str, what: str) -> dict[str, Any]:
        """Press a key until it has an effect: a loading screen accepts Enter only after the last load."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.screen.xdotool("key", symbol)
            for _ in range(10):
                lines = self.trace()
                for number in range(self._seen, len(lines)):
                    if lines[number]["what"] == what:
                        self._seen = number + 1
                        return lines[number]
                time.sleep(0.05)
        raise AssertionError(f"{symbol} did not bring about {what!r}; what happened: {self.trace()[-5:]}")


@pytest.fixture
def windowed(screen: Screen, tmp_path: Path) -> Iterator[WindowedGame]:
    game = WindowedGame(screen, tmp_path)
    yield game
    if game.process.poll() is None:
        game.process.kill()
    game.process.communicate()


def test_window_is_played_with_keys(windowed: WindowedGame, screen: Screen) -> None:
    windowed.wait_for("title")
    window = screen.xdotool("search", "--sync", "--onlyvisible", "--name", "Fogbound").split()[0]
    screen.xdotool("windowfocus", "--sync", window)

    windowed.press_until("Return", "loading")
    windowed.press_until("Return", "lesson")
    screen.xdotool("key", "Right")
    assert windowed.press_until("Left", "answered")["question"] == 0
    windowed.press_until("Return", "play")
    start = windowed.wait_for("at")

    screen.xdotool("keydown", "Right")
    windowed.wait_for("at", lambda boat: boat["x"] > start["x"] + 60)
    screen.xdotool("keyup", "Right")
    screen.xdotool("keydown", "Up")
    there = windowed.wait_for("at", lambda boat: boat["y"] > start["y"] + 40)
    screen.xdotool("keyup", "Up")
    assert there["x"] > start["x"] + 60

    windowed.press_until("space", "ping")
    screen.xdotool("key", "F12")
    shot = windowed.wait_for("picture")
    pixels = picture(Path(shot["path"]))
    assert pixels.shape == (720, 1280, 3)
    assert colours(pixels) > 2000
    assert pixels[260:460, 500:780].mean() > 1.3 * pixels[200:500, :150].mean()

    screen.xdotool("key", "minus")
    assert windowed.wait_for("volume")["volume"] == 0.8
    screen.xdotool("key", "p")
    windowed.wait_for("paused")
    still = windowed.wait_for("at")
    screen.xdotool("keydown", "Left")
    for _ in range(3):
        at = windowed.wait_for("at")
        assert (at["x"], at["y"]) == (still["x"], still["y"])
    screen.xdotool("keyup", "Left")
    screen.xdotool("key", "p")
    windowed.wait_for("resumed")

    screen.xdotool("key", "Escape")
    windowed.wait_for("paused")
    screen.xdotool("key", "Escape")
    windowed.wait_for("title")
    screen.xdotool("key", "Escape")
    windowed.wait_for("closed")
    assert windowed.process.wait(PATIENCE) == 0
    (saved,) = windowed.folder.rglob("settings.json")
    settings = json.loads(saved.read_text())
    assert settings["master"] == 0.8
    assert settings["lesson_done"]
