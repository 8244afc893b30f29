"""Every numbered example runs to its end, says what it should, and is heard.

They run in real time, all at once, on OpenAL Soft's device that writes what is heard into a file.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from PIL import ImageGrab

from tests.game.test_game import CHECKOUT, PATIENCE, Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = sorted((CHECKOUT / "examples").glob("[0-9]*.py"))
RATE = 44100

#: The colour of the bar of 02, and its pixels within its frame when it is full.
AMBER, BAR = (240, 180, 80), 558 * 18


class Run:
    """An example that was run: what it said, what was heard, and what else was seen of it."""

    def __init__(self, program: Path, screen: Screen, folder: Path, meanwhile: Callable[[Run], None]) -> None:
        recording = folder / f"{program.stem}.wav"
        settings = folder / f"{program.stem}.conf"
        settings.write_text(
            f"[general]\nchannels = stereo\nfrequency = {RATE}\nsample-type = float32\n[wave]\nfile = {recording}\n"
        )
        self.environment = {
            **screen.environment, "ALSOFT_CONF": str(settings), "ALSOFT_DRIVERS": "wave",
            "PYGLET_AUDIO": "silent",  # arcade imports pyglet.media, which would write into the same file
        }  # fmt: skip
        if meanwhile is not nothing_else:
            self.environment["PYTHONUNBUFFERED"] = "1"
        self.screen = screen
        self.seen = 0
        self._output = folder / f"{program.stem}.txt"
        errors = folder / f"{program.stem}.err"
        with self._output.open("w") as out, errors.open("w") as err:
            command = [sys.executable, str(program)]
            self.process = subprocess.Popen(command, env=self.environment, cwd=folder, stdout=out, stderr=err)
            try:
                meanwhile(self)
                self.code = self.process.wait(PATIENCE)
            finally:
                self.process.kill()
                self.process.wait()
        self.complaints = errors.read_text()
        self.samples = soundfile.read(recording)[0] if recording.exists() else np.zeros((0, 2))

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._output.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until it has said `text`."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.02)

    @property
    def loudness(self) -> np.ndarray[Any, Any]:
        """What was heard, both ears together, as RMS of each hundredth of a second."""
        window = RATE // 100
        whole = self.samples[: len(self.samples) // window * window]
        return np.sqrt((whole.reshape(-1, window * 2) ** 2).mean(axis=1))


def nothing_else(run: Run) -> None:
    """For examples that need nothing from outside."""


def look_at_the_bar(run: Run) -> None:
    run.wait_for("are ready")
    run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "^Loading$")
    while run.seen < BAR and run.process.poll() is None:
        picture = np.asarray(ImageGrab.grab(xdisplay=run.environment["DISPLAY"]).convert("RGB"))
        run.seen = max(run.seen, int((picture == AMBER).all(axis=2).sum()))


def steer_and_sound_the_horn(run: Run) -> None:
    window = run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "Sound under arcade").split()[0]
    run.screen.xdotool("windowfocus", "--sync", window)
    run.screen.xdotool("keydown", "Right", "sleep", "0.7", "keyup", "Right")
    run.screen.xdotool("key", "space")
    run.wait_for("horn")
    run.screen.xdotool("key", "Escape")


MEANWHILE = {"02_loading_screen": look_at_the_bar, "12_arcade": steer_and_sound_the_horn}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    """The examples, by their numbers, on their way."""
    folder = tmp_path_factory.mktemp("examples")
    screen = Screen()
    with ThreadPoolExecutor(max_workers=6) as pool:
        yield {
            program.stem[:2]: pool.submit(Run, program, screen, folder, MEANWHILE.get(program.stem, nothing_else))
            for program in EXAMPLES
        }
    screen.close()


def said_in_order(run: Run, *patterns: str) -> list[re.Match[str]]:
    """The matches of `patterns` in what was said, one after the other."""
    at, found = 0, []
    for pattern in patterns:
        match = re.compile(pattern).search(run.said, at)
        assert match, f"{pattern!r} was not said after {run.said[:at][-200:]!r}, but {run.said[at:][:500]!r}"
        at = match.end()
        found.append(match)
    return found


def pitch(samples: np.ndarray[Any, Any]) -> float:
    """The loudest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1)))
    return float(np.argmax(spectrum) * RATE / len(samples))


def test_they_are_numbered_and_named_in_the_readme() -> None:
    assert [int(program.stem[:2]) for program in EXAMPLES] == list(range(1, 13))
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\(examples/([0-9]\w+\.py)\)", readme) == [program.name for program in EXAMPLES]


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda program: program.stem)
def test_it_ends_well_and_complains_of_nothing(runs: dict[str, Future[Run]], program: Path) -> None:
    run = runs[program.stem[:2]].result()
    assert (run.code, run.complaints) == (0, "")


def test_01_plays_the_bell_to_its_end(runs: dict[str, Future[Run]]) -> None:
    run = runs["01"].result()
    said_in_order(run, r"^bell\.ogg: 2\.59 s, Mono, 44100 Hz\n", r" 2\.[0-9]+ s", r"done")
    assert (run.loudness > 0.003).sum() > 200


def test_02_fills_its_bar_and_chimes(runs: dict[str, Future[Run]]) -> None:
    run = runs["02"].result()
    assert run.said == "15 sounds are ready\n"
    assert run.seen >= BAR
    assert (run.loudness > 0.003).sum() > 100


def test_03_goes_from_the_intro_round_the_loop_and_fades(runs: dict[str, Future[Run]]) -> None:
    run = runs["03"].result()
    start, seam, again, _ = said_in_order(
        run,
        r"^the intro lasts ([\d.]+) s, the loop goes from there to ([\d.]+) s",
        r"([\d.]+) s: a second before the end of the loop",
        r"([\d.]+) s: round again; fading out",
        r"done",
    )
    intro, end = map(float, start.groups())
    assert (intro, end) == (6.3, 26.46)
    assert float(seam[1]) == pytest.approx(end - 1, abs=0.1)
    assert intro <= float(again[1]) < end - 1
    loudness = run.loudness[run.loudness > 1e-6]
    assert loudness[-30:].mean() < 0.1 * loudness[:-200].mean()


def test_04_goes_around_clockwise(runs: dict[str, Future[Run]]) -> None:
    run = runs["04"].result()
    said_in_order(run, r"^HRTF '", r"in front\n", r"to the right\n", r"behind\n", r"to the left\n", r"in front\n$")
    heard = run.samples[np.abs(run.samples).max(axis=1).nonzero()[0][0] :]
    first, second = (
        np.sqrt((half**2).mean(axis=0)) for half in np.split(heard[: len(heard) // 2 * 2], 2)
    )  # left, right
    assert first[1] > 1.3 * first[0]
    assert second[0] > 1.3 * second[1]


def test_05_every_room_sounds_longer_than_the_knock(runs: dict[str, Future[Run]]) -> None:
    run = runs["05"].result()
    said_in_order(
        run, r"^113 presets\n", "LIVINGROOM .*0\\.50 s", "BATHROOM .*1\\.49", "CAVE .*2\\.91", "CASTLE_HALL .*3\\.14"
    )
    loud = run.loudness > 0.05
    knocks = [at for at in loud.nonzero()[0] if not loud[max(0, at - 30) : at].any()]
    assert len(knocks) == 4
    tails = [run.loudness[at + 45 : at + 55].mean() for at in knocks]  # the knock itself lasts 0.35 s
    assert min(tails[1:]) > 10 * tails[0] > 0


def test_06_the_menu_is_heard_while_the_game_is_paused(runs: dict[str, Future[Run]]) -> None:
    run = runs["06"].result()
    said_in_order(run, r"ducked to 0\.2\n")
    said_in_order(run, r"it has spoken: the music is back at 0\.8\n")
    said_in_order(
        run,
        r"paused: music True, engine True; the menu plays 1 sound\n",
        r"and on: music True, engine True\n",
        r"all stopped\n$",
    )
    silent = run.loudness < 1e-4
    sounding = (~silent).nonzero()[0]
    assert silent[sounding[0] : sounding[-1]].sum() > 5, "when the menu's sound is over, and the game is paused"


def test_07_tells_all_there_is_to_tell(runs: dict[str, Future[Run]]) -> None:
    run = runs["07"].result()
    for news in (
        r"loading knock\.ogg: 114660 bytes, Signed 16-bit, Mono, 44100 Hz\n",
        r"ResourceNotFound: 'shiphorn\.ogg': not found",
        r"trumpet\.ogg is there\n",
    ):
        said_in_order(run, news)
    said_in_order(run, "knock.ogg is there", "knock.ogg has come to its end", "trumpet.ogg was stopped before its end")


def test_08_plays_the_tune(runs: dict[str, Future[Run]]) -> None:
    run = runs["08"].result()
    said_in_order(run, r"^TuneDecoder: 2\.67 s\n", "done")
    start = (np.abs(run.samples).max(axis=1) > 0.01).nonzero()[0][0]
    beat = RATE // 6
    for number, hertz in enumerate((261.6, 293.7, 329.6, 261.6)):  # C D E C
        note = run.samples[start + number * beat : start + (number + 1) * beat - 500]
        assert pitch(note) == pytest.approx(hertz, abs=7)


def test_09_plays_five_waveforms_of_one_pitch(runs: dict[str, Future[Run]]) -> None:
    run = runs["09"].result()
    said_in_order(run, *(f"{name}: 440 Hz for 0.5 s\n" for name in ("sine", "triangle", "square", "sawtooth", "noise")))
    assert pitch(run.samples) == pytest.approx(440, abs=2)


def test_10_shows_the_device_and_what_it_can_do(runs: dict[str, Future[Run]]) -> None:
    run = runs["10"].result()
    said_in_order(
        run,
        r"^Devices, the default first:\n  Wave File Writer\n",
        r"For recording:\n  none\n",
        r"\nWave File Writer, at 44100 Hz\n",
        r"ALC version 1\.1\n",
        r"EFX version 1\.0, 2 sends a source\n",
        r"Extensions:\n(  ALC_\w+\n)*  ALC_SOFT_HRTF\n",
        r"HRTFs:\n  \S",
        r"Resamplers:\n(  .+\n)*  .+ \(default\)\n",
        r"  Stereo: Unsigned 8-bit, Signed 16-bit, 32-bit float, Mulaw\n",
    )


def test_11_tells_the_latency(runs: dict[str, Future[Run]]) -> None:
    run = runs["11"].result()
    numbers = re.findall(r"mixed +([\d.]+) s, heard +([\d.]+) s, latency +([\d.]+) ms", run.said)
    assert numbers
    for mixed, heard, latency in numbers:
        assert float(heard) == pytest.approx(max(0.0, float(mixed) - float(latency) / 1000), abs=0.011)
    assert float(said_in_order(run, r"\nat most ([\d.]+) ms\n$")[0][1]) >= max(float(one[2]) for one in numbers)


def test_12_answers_the_keys(runs: dict[str, Future[Run]]) -> None:
    run = runs["12"].result()
    (match,) = said_in_order(run, r"^horn\nthe boat is at \+([\d.]+)\n$")
    assert float(match[1]) >= 0.5
    ears = run.samples[: len(run.samples) // 4410 * 4410].reshape(-1, 4410, 2)
    left, right = np.sqrt((ears**2).mean(axis=1)).T
    assert (right > 3 * left).any()
    assert not (left > 3 * right).any()


def test_without_a_sound_card_they_warn_once_and_go_on() -> None:
    program = CHECKOUT / "examples" / "05_rooms.py"
    environment = {**os.environ, "ALSOFT_DRIVERS": "none such"}
    done = subprocess.run(
        [sys.executable, str(program), "CAVE"], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0
    assert done.stdout.endswith("done\n")
    assert done.stderr.count("RuntimeWarning: no sound device can be opened") == 1
    assert done.stderr.count("\n") == 2  # with the line it points to
