"""Every numbered example runs to its end, prints the right text and plays the right sound.

The examples run in real time, in parallel, on the device of OpenAL Soft that writes its output to a file.
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

import pyglet_palace as palace
from tests.game.test_game import CHECKOUT, PATIENCE, Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = sorted((CHECKOUT / "examples").glob("[0-9]*.py"))
RATE = 44100

#: The colour of the bar of 02, and the number of its pixels when the bar is full.
AMBER, BAR = (240, 180, 80), 558 * 18
#: The colour of the boat of 12.
BOAT = (255, 191, 0)


#: What arcade logs where OpenGL has no multisampling, as with some versions of Mesa's software renderer.
SOFTWARE_RENDERER = "Skipping antialiasing due missing hardware/driver support\n"


class Run:
    """A run of an example: its output, its sound, and the pixels of its bar.

    The constructor blocks until the program ends. It calls `meanwhile` while the program runs.
    """

    def __init__(self, program: Path, screen: Screen, folder: Path, meanwhile: Callable[[Run], None]) -> None:
        recording = self.recording = folder / f"{program.stem}.wav"
        settings = folder / f"{program.stem}.conf"
        settings.write_text(
            f"[general]\nchannels = stereo\nfrequency = {RATE}\nsample-type = float32\n[wave]\nfile = {recording}\n"
        )
        self.environment = {
            **screen.environment, "ALSOFT_CONF": str(settings), "ALSOFT_DRIVERS": "wave",
            "PYGLET_AUDIO": "silent",  # arcade imports pyglet.media, which would write to the same file
        }  # fmt: skip
        if meanwhile is not no_input:
            self.environment["PYTHONUNBUFFERED"] = "1"
        self.screen = screen
        self.seen = 0
        self._printed = folder / f"{program.stem}.txt"
        errors = folder / f"{program.stem}.err"
        with self._printed.open("w") as out, errors.open("w") as err:
            command = [sys.executable, str(program)]
            self.process = subprocess.Popen(command, env=self.environment, cwd=folder, stdout=out, stderr=err)
            try:
                meanwhile(self)
                self.code = self.process.wait(PATIENCE)
            finally:
                self.process.kill()
                self.process.wait()
        self.errors = errors.read_text().replace(SOFTWARE_RENDERER, "")
        self.samples = soundfile.read(recording)[0] if recording.exists() else np.zeros((0, 2))

    @property
    def output(self) -> str:
        """The text printed so far."""
        return self._printed.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds while the program runs."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.output
            assert self.process.poll() is None, self.output
            time.sleep(0.02)

    def wait_for(self, text: str) -> None:
        """Wait until the program has printed `text`."""
        self.wait_until(lambda: text in self.output)

    @property
    def loudness(self) -> np.ndarray[Any, Any]:
        """RMS of each hundredth of a second, over both channels."""
        window = RATE // 100
        windows = self.samples[: len(self.samples) // window * window]
        return np.sqrt((windows.reshape(-1, window * 2) ** 2).mean(axis=1))


def no_input(run: Run) -> None:
    """For programs without input."""


def measure_bar(run: Run) -> None:
    run.wait_for("are ready")
    run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "^Loading$")
    while run.seen < BAR and run.process.poll() is None:
        picture = np.asarray(ImageGrab.grab(xdisplay=run.environment["DISPLAY"]).convert("RGB"))
        run.seen = max(run.seen, int((picture == AMBER).all(axis=2).sum()))


def boat_of_12(run: Run) -> float:
    """The place of the boat on the screen, in pixels from the left; 0 before it is drawn."""
    picture = np.asarray(ImageGrab.grab(xdisplay=run.environment["DISPLAY"]).convert("RGB"))
    columns = (picture == BOAT).all(axis=2).nonzero()[1]
    return float(columns.mean()) if len(columns) else 0.0


def steer_and_honk(run: Run) -> None:
    window = run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "Sound under arcade").split()[0]
    run.screen.xdotool("windowmove", "--sync", window, "0", "400")  # below the window of 02
    run.screen.xdotool("windowfocus", "--sync", window)
    run.wait_until(lambda: boat_of_12(run) > 0)
    start = boat_of_12(run)
    run.screen.xdotool("keydown", "Right")
    run.wait_until(lambda: boat_of_12(run) > start + 200)
    run.screen.xdotool("keyup", "Right")

    def honk() -> bool:
        """Press the key, again if the window of another program has taken it."""
        run.screen.xdotool("windowfocus", "--sync", window, "key", "space")
        return "horn" in run.output

    run.wait_until(honk)
    run.screen.xdotool("key", "Escape")


def move_aside(run: Run) -> None:
    window = run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "^Sound stage$").split()[0]
    run.screen.xdotool("windowmove", "--sync", window, "640", "400")  # away from the windows of 02 and 12


def choose_outputs(run: Run) -> None:
    window = run.screen.xdotool("search", "--sync", "--onlyvisible", "--name", "^Outputs$").split()[0]
    run.screen.xdotool("windowmove", "--sync", window, "640", "0")  # away from the other windows
    for key in "1", "0", "Escape":
        if key == "Escape":  # the last move has begun the recording again
            run.wait_until(lambda: run.recording.stat().st_size > RECORDED)
        printed = run.output
        while run.output == printed and run.process.poll() is None:
            run.screen.xdotool("windowfocus", "--sync", window, "key", key)


#: Bytes of a recording of a quarter of a second of stereo floats.
RECORDED = 100_000

MEANWHILE = {
    "02_loading_screen": measure_bar,
    "12_arcade": steer_and_honk,
    "15_stage": move_aside,
    "16_output_menu": choose_outputs,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    """Running examples by number."""
    folder = tmp_path_factory.mktemp("examples")
    screen = Screen()
    with ThreadPoolExecutor(max_workers=6) as pool:
        yield {
            program.stem[:2]: pool.submit(Run, program, screen, folder, MEANWHILE.get(program.stem, no_input))
            for program in EXAMPLES
        }
    screen.close()


def printed_in_order(run: Run, *patterns: str) -> list[re.Match[str]]:
    """The matches of `patterns` in the output, in this order."""
    at, found = 0, []
    for pattern in patterns:
        match = re.compile(pattern).search(run.output, at)
        assert match, f"{pattern!r} was not printed after {run.output[:at][-200:]!r}, but {run.output[at:][:500]!r}"
        at = match.end()
        found.append(match)
    return found


def pitch(samples: np.ndarray[Any, Any]) -> float:
    """The loudest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1)))
    return float(np.argmax(spectrum) * RATE / len(samples))


def test_readme_links_every_example() -> None:
    assert [int(program.stem[:2]) for program in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))
    readme = (CHECKOUT / "examples" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\(([0-9]\w+\.py)\)", readme) == [program.name for program in EXAMPLES]


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda program: program.stem)
def test_example_ends_without_errors(runs: dict[str, Future[Run]], program: Path) -> None:
    run = runs[program.stem[:2]].result()
    assert (run.code, run.errors) == (0, "")


def test_01_plays_the_bell_to_its_end(runs: dict[str, Future[Run]]) -> None:
    run = runs["01"].result()
    printed_in_order(run, r"^bell\.ogg: 2\.59 s, Mono, 44100 Hz\n", r" 2\.[0-9]+ s", r"done")
    assert (run.loudness > 0.003).sum() > 200


def test_02_fills_its_bar_and_chimes(runs: dict[str, Future[Run]]) -> None:
    run = runs["02"].result()
    assert run.output == "15 sounds are ready\n"
    assert run.seen >= BAR
    assert (run.loudness > 0.003).sum() > 100


def test_03_loops_after_the_intro(runs: dict[str, Future[Run]]) -> None:
    run = runs["03"].result()
    start, seam, again, _ = printed_in_order(
        run,
        r"^the intro lasts ([\d.]+) s, the loop ends at ([\d.]+) s",
        r"([\d.]+) s: a second before the end of the loop",
        r"([\d.]+) s: back in the loop; fading out",
        r"done",
    )
    intro, end = map(float, start.groups())
    assert (intro, end) == (6.3, 26.46)
    assert float(seam[1]) == pytest.approx(end - 1, abs=0.1)
    assert intro <= float(again[1]) < end - 1
    loudness = run.loudness[run.loudness > 1e-6]
    assert loudness[-30:].mean() < 0.1 * loudness[:-200].mean()


def test_04_circles_clockwise(runs: dict[str, Future[Run]]) -> None:
    run = runs["04"].result()
    printed_in_order(run, r"^HRTF '", r"in front\n", r"to the right\n", r"behind\n", r"to the left\n", r"in front\n$")
    sound = run.samples[np.abs(run.samples).max(axis=1).nonzero()[0][0] :]
    first, second = (
        np.sqrt((half**2).mean(axis=0)) for half in np.split(sound[: len(sound) // 2 * 2], 2)
    )  # left, right
    assert first[1] > 1.3 * first[0]
    assert second[0] > 1.3 * second[1]


def test_05_rooms_outlast_the_knock(runs: dict[str, Future[Run]]) -> None:
    run = runs["05"].result()
    printed_in_order(
        run, r"^113 presets\n", "LIVINGROOM .*0\\.50 s", "BATHROOM .*1\\.49", "CAVE .*2\\.91", "CASTLE_HALL .*3\\.14"
    )
    loud = run.loudness > 0.05
    knocks = [at for at in loud.nonzero()[0] if not loud[max(0, at - 30) : at].any()]
    assert len(knocks) == 4
    tails = [run.loudness[at + 45 : at + 55].mean() for at in knocks]  # a knock lasts 0.35 s
    assert min(tails[1:]) > 10 * tails[0] > 0


def test_06_menu_plays_during_pause(runs: dict[str, Future[Run]]) -> None:
    run = runs["06"].result()
    printed_in_order(run, r"the music fades down\n", r"speech ended: the music comes back\n")
    printed_in_order(run, r"under water")
    printed_in_order(
        run,
        r"paused: music True, engine True; the menu plays 1 sound\n",
        r"resumed: music True, engine True\n",
        r"everything fades out\n",
        r"all stopped\n$",
    )
    silent = run.loudness < 1e-4
    sounding = (~silent).nonzero()[0]
    assert silent[sounding[0] : sounding[-1]].sum() > 5, "the pause is silent after the menu's sound"


def test_07_prints_every_event(runs: dict[str, Future[Run]]) -> None:
    run = runs["07"].result()
    for line in (
        r"loading knock\.ogg: 114660 bytes, Signed 16-bit, Mono, 44100 Hz\n",
        r"ResourceNotFound: 'shiphorn\.ogg': not found",
        r"trumpet\.ogg is loaded\n",
    ):
        printed_in_order(run, line)
    printed_in_order(run, "knock.ogg is loaded", "knock.ogg has ended", "trumpet.ogg was stopped before its end")


def test_08_plays_the_tune(runs: dict[str, Future[Run]]) -> None:
    run = runs["08"].result()
    printed_in_order(run, r"^TuneDecoder: 2\.67 s\n", "done")
    start = (np.abs(run.samples).max(axis=1) > 0.01).nonzero()[0][0]
    beat = RATE // 6
    for number, hertz in enumerate((261.6, 293.7, 329.6, 261.6)):  # C D E C
        note = run.samples[start + number * beat : start + (number + 1) * beat - 500]
        assert pitch(note) == pytest.approx(hertz, abs=7)


def test_09_waveforms_have_one_pitch(runs: dict[str, Future[Run]]) -> None:
    run = runs["09"].result()
    printed_in_order(
        run, *(f"{name}: 440 Hz for 0.5 s\n" for name in ("sine", "triangle", "square", "sawtooth", "noise"))
    )
    assert pitch(run.samples) == pytest.approx(440, abs=2)


def test_10_lists_device_capabilities(runs: dict[str, Future[Run]]) -> None:
    run = runs["10"].result()
    printed_in_order(
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


def test_11_prints_the_latency(runs: dict[str, Future[Run]]) -> None:
    run = runs["11"].result()
    numbers = re.findall(r"mixed +([\d.]+) s, heard +([\d.]+) s, latency +([\d.]+) ms", run.output)
    assert numbers
    for mixed, heard, latency in numbers:
        assert float(heard) == pytest.approx(max(0.0, float(mixed) - float(latency) / 1000), abs=0.011)
    assert float(printed_in_order(run, r"\nat most ([\d.]+) ms\n$")[0][1]) >= max(float(one[2]) for one in numbers)


def test_12_answers_the_keys(runs: dict[str, Future[Run]]) -> None:
    run = runs["12"].result()
    (match,) = printed_in_order(run, r"^(?:horn\n)+the boat is at (\d+)\n$")
    assert int(match[1]) >= 320 + 190
    ears = run.samples[: len(run.samples) // 4410 * 4410].reshape(-1, 4410, 2)
    left, right = np.sqrt((ears**2).mean(axis=1)).T
    assert (right > 1.8 * left).any()
    assert not (left > 1.1 * right).any()


def test_15_sails_from_left_to_right(runs: dict[str, Future[Run]]) -> None:
    run = runs["15"].result()
    assert run.output == "the boat comes from the left\nthe boat passes the lamp\nthe boat is gone\n"
    ears = run.samples[: len(run.samples) // 4410 * 4410].reshape(-1, 4410, 2)
    heard = np.sqrt((ears**2).mean(axis=1))
    left, right = 20 * np.log10(heard[heard.min(axis=1) > 1e-4]).T
    difference = right - left
    assert -20 < difference[2] < -10
    assert 10 < difference[-3] < 20
    assert (np.diff(difference) > -1).all()
    assert max(left.max(), right.max()) > max(left[2], right[2]) + 3  # it is louder where it passes


def test_14_hears_the_nearest_loops(runs: dict[str, Future[Run]]) -> None:
    run = runs["14"].result()
    heard = re.findall(r"(\d+) heard, up to ([\d.]+) away; (\d+) virtual, (\d+) playing\n", run.output)
    assert len(heard) >= 3
    assert {(many, virtual, playing) for many, _, virtual, playing in heard} == {("32", "468", "500")}
    assert max(float(farthest) for _, farthest, _, _ in heard) < 30
    assert (run.loudness > 0.003).sum() > 300


def test_13_plays_by_name(runs: dict[str, Future[Run]]) -> None:
    run = runs["13"].result()
    assert run.output.splitlines() == [
        "waiting: True, state: pending",
        "playing: True, state: cached",
        "the bell has ended",
        "3 knocks",
        "3 notes together",
    ]
    left, right = np.sqrt((run.samples[: RATE * 2] ** 2).mean(axis=0))
    assert left > 1.5 * right


def test_16_moves_between_outputs(runs: dict[str, Future[Run]]) -> None:
    run = runs["16"].result()
    answers = run.output.splitlines()
    if palace.query_extension("ALC_SOFT_reopen_device"):
        assert set(answers) == {"moved to Wave File Writer", "moved to the default"}
    else:
        assert answers[0].startswith("cannot move 'Wave File Writer': this OpenAL has no ALC_SOFT_reopen_device.")
    assert (run.loudness > 0.003).any()


def test_no_sound_card_warns_once() -> None:
    program = CHECKOUT / "examples" / "05_rooms.py"
    environment = {**os.environ, "ALSOFT_DRIVERS": "none such"}
    done = subprocess.run(
        [sys.executable, str(program), "CAVE"], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0
    assert done.stdout.endswith("done\n")
    assert done.stderr.count("RuntimeWarning: no sound device can be opened") == 1
    assert done.stderr.count("\n") == 2  # the warning and its source line
