"""The pytest plugin: the fixture `sound`, in the tests of small games."""

from __future__ import annotations

import hashlib
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyglet.clock
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace.testing import Played, Recorder
from tests import sounds
from tests.test_buffer import held

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

CHECKOUT = Path(palace.__file__).parents[1]

#: A game that is not written for tests. Its door opens on the left after 1.2 s.
GAME = """
import pyglet
import pyglet_palace as palace

pyglet.resource.path = ["sounds"]

def main():
    pyglet.resource.reindex()
    palace.init()
    palace.cache(["door.wav"])
    pyglet.clock.schedule_once(open_door, 1.2)

def open_door(dt):
    source = palace.Source()
    source.position = (-3, 0, 0)
    palace.Buffer("door.wav").play(source)
"""


@pytest.fixture
def door(assets: Path) -> str:
    """The name of a mono sound of half a second."""
    sounds.wav(assets / "door.wav", 22050)
    pyglet.resource.reindex()
    return "door.wav"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """A function that runs the tests of a project with `GAME`."""
    monkeypatch.setattr(pyglet.resource, "path", pyglet.resource.path)
    pytester.makepyfile(game=GAME)
    pytester.syspathinsert()
    sounds.write(pytester.path / "sounds" / "door.wav", sounds.tone(0.5))

    def tests(code: str, *options: str, ini: str = "[pytest]") -> pytest.RunResult:
        pytester.makepyfile(test_game=textwrap.dedent(code))
        if ini:
            pytester.makefile(".ini", pytest=ini)
        return pytester.runpytest_inprocess("-p", "pytest_pyglet_palace", "-p", "no:cacheprovider", *options)

    return tests


# Time


def test_advance_moves_the_default_clock(sound: Recorder) -> None:
    ticks: list[float] = []
    pyglet.clock.schedule(ticks.append)
    sound.advance(0.5)
    assert ticks == pytest.approx([1 / 60] * 30)
    assert (sound.time, pyglet.clock.get_default().time()) == (0.5, 0.5)


def test_ticks_are_at_multiples_of_the_step(sound: Recorder) -> None:
    """And at the end of an advance. How a test divides its time does not move them."""
    ticks: list[float] = []
    pyglet.clock.schedule(lambda dt: ticks.append(sound.time))
    sound.step = 0.1
    sound.advance(0.25)
    sound.advance(0.2)
    assert ticks == [0.1, 0.2, 0.25, 0.3, 0.4, 0.45]


def test_scheduled_function_is_called_on_time(sound: Recorder) -> None:
    called: list[float] = []
    for seconds in (1.2, 0.5, 1.0):
        pyglet.clock.schedule_once(lambda dt: called.append(sound.time), seconds)
    sound.advance(1.2)
    assert called == [0.5, 1.0, 1.2]


@pytest.mark.parametrize("seconds", [1 / 60, 1 / 144, 0.001, 1 / 7])
def test_frames_do_not_drift(sound: Recorder, seconds: float) -> None:
    frames = 0
    for count in range(1, 200):
        sound.advance(seconds)
        frames += len(sound.heard())
        assert abs(frames - count * seconds * sound.frequency) <= 0.501


def test_play_is_heard_from_its_frame_on(sound: Recorder, assets: Path) -> None:
    sounds.wav(assets / "ramp.wav", 4410, 2)
    pyglet.resource.reindex()
    pyglet.clock.schedule_once(lambda dt: palace.Buffer("ramp.wav").play(), 1.2)
    sound.advance(2)
    heard = np.rint(sound.heard() * 32768)
    assert not heard[:52920].any()
    np.testing.assert_array_equal(heard[52920 : 52920 + 4410], sounds.ramp(4410, 2))


def test_heard_returns_each_frame_once(sound: Recorder, door: str) -> None:
    assert sound.heard().shape == (0, 2)
    palace.Buffer(door).play()
    sound.advance(0.25)
    first = sound.heard()
    sound.advance(0.25)
    second = sound.heard()
    assert (len(first), len(second), len(sound.heard())) == (11025, 11025, 0)
    assert first.any()
    assert second.any()


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1"])
def test_advance_checks_its_argument(sound: Recorder, seconds: float) -> None:
    with pytest.raises((ValueError, TypeError), match="seconds is"):
        sound.advance(seconds)


def test_advance_raises_the_games_errors(sound: Recorder) -> None:
    def fail(dt: float) -> None:
        raise ZeroDivisionError

    pyglet.clock.schedule_once(fail, 0.1)
    with pytest.raises(ZeroDivisionError):
        sound.advance(1)
    sound.advance(1)


# Loads


def test_requested_load_is_complete_after_a_step(sound: Recorder, door: str) -> None:
    received: list[tuple[float, str]] = []
    sound.context.set_handler("on_cached", lambda name: received.append((sound.time, name)))
    palace.cache([door])
    sound.advance(0)
    assert received == [(0.0, door)]
    assert sound.context.pending_names == ()


def test_loads_complete_in_request_order(sound: Recorder, assets: Path) -> None:
    """Also if the first of them takes longest."""
    names = [f"{number}.wav" for number in range(20)]
    for name in names:
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    received: list[str] = []
    palace.init(workers=2).set_handler("on_cached", received.append)

    def open_gate(file: BinaryIO) -> palace.BaseDecoder:
        if str(file.name).endswith("19.wav"):
            gate.open()
        raise RuntimeError("not mine")

    palace.decoder_factories.opener = open_gate
    with held("0.wav") as gate:
        palace.cache(names)
        assert gate.entered.wait(30)
        sound.advance(0)
    assert received == names


def test_failed_load_is_reported(sound: Recorder, caplog: pytest.LogCaptureFixture, assets: Path) -> None:
    (assets / "text.wav").write_text("this is no audio")
    pyglet.resource.reindex()
    palace.cache(["text.wav", "nothing.wav"])
    sound.advance(0)
    assert [record.getMessage().split("'")[1] for record in caplog.records] == ["nothing.wav", "text.wav"]


def test_many_failures_are_reported_in_one_step(sound: Recorder) -> None:
    received: list[str] = []
    sound.context.set_handler("on_cache_failed", lambda name, error: received.append(name))
    names = [f"nothing {number}.wav" for number in range(2000)]
    palace.cache(names)
    sound.advance(0)
    assert received == names


def test_decoder_may_update_the_context(sound: Recorder, door: str) -> None:
    """The update does not wait for the load that the decoder belongs to."""
    updated: list[str] = []

    def factory(file: BinaryIO) -> palace.BaseDecoder:
        sound.context.update()
        updated.append(door)
        raise RuntimeError("not mine")

    palace.decoder_factories.updates = factory
    palace.Buffer(door)
    assert updated == [door]


def test_cache_limit_evicts_the_same_sounds(sound: Recorder, assets: Path) -> None:
    """However many of the loads are in flight at once."""
    names = [f"{number}.wav" for number in range(20)]
    for name in names:
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    context = palace.init(cache_limit=1000)
    palace.cache(names)
    sound.advance(0)
    assert context.cached_names == tuple(names[-5:])


def test_slow_decoder_delays_the_test(sound: Recorder, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stream does not underrun, as it would on other devices after a second."""
    waited: list[float] = []
    engine = sound.context._engine
    fill = engine.fill_streams
    monkeypatch.setattr(engine, "fill_streams", lambda patience: waited.append(patience) or fill(patience))
    palace.decode(door).play()
    sound.advance(0.1)
    assert set(waited) == {60}


# Assertions


def test_true_assertions_pass(run: Callable[..., pytest.RunResult]) -> None:
    run("""
        import game

        def test_door_opens_on_the_left(sound):
            game.main()
            sound.advance(1.19)
            sound.assert_silent()
            sound.advance(0.2)
            sound.assert_audible()
            sound.assert_louder("left")
            sound.assert_played("door.wav")
            sound.assert_played("door.wav", at=1.2, within=0.01)
            sound.advance(1)
            sound.assert_silent(last=0.5)
            sound.assert_audible(last=2)
            assert sound.played == [(1.2, "door.wav")]
    """).assert_outcomes(passed=1)


FAILURES = {
    "assert_silent()": """
        E  AssertionError: it is not silent: louder than -60 dBFS, first at 1.200 s
        E
        E  played:
        E    1.20 s  door.wav
        E
        E  heard from 0.00 s to 1.50 s (peaks, dBFS):
        E  time                left                         right
        E    0.00 to   1.20 s  silent                       silent
        E    1.20 to   1.30 s   -15.6 ###############       silent
        E    1.30 to   1.40 s   -15.6 ###############       silent
        E    1.40 to   1.50 s   -15.6 ###############       silent
    """,
    "assert_audible(level=-10)": """
        E  AssertionError: nothing is audible (louder than -10 dBFS)
        E    1.20 s  door.wav
    """,
    'assert_louder("right")': """
        E  AssertionError: the right is not 3 dB louder than the left: left -25.6 dBFS, right silent on average
        E    1.20 s  door.wav
    """,
    'assert_played("door.wav", at=1.0)': """
        E  AssertionError: 'door.wav' was not played at 1 s (within 0.05 s)
        E    1.20 s  door.wav
        E  heard from 0.00 s to 1.50 s (peaks, dBFS):
    """,
    'assert_played("window.wav")': """
        E  AssertionError: 'window.wav' was not played
        E    1.20 s  door.wav
    """,
}


@pytest.mark.parametrize("assertion", FAILURES)
def test_false_assertion_shows_the_sound(run: Callable[..., pytest.RunResult], assertion: str) -> None:
    done = run(f"""
        import game

        def test_door(sound):
            game.main()
            sound.advance(1.5)
            sound.{assertion}
    """)
    done.assert_outcomes(failed=1)
    lines = [" ".join(line.split()) for line in textwrap.dedent(FAILURES[assertion]).strip().splitlines()]
    output = [" ".join(line.split()) for line in done.outlines]
    place = 0
    for line in lines:
        place = output.index(line, place) + 1
    assert f">       sound.{assertion}" in done.outlines  # the traceback ends in the test


def test_difference_of_loudness_counts(sound: Recorder, door: str) -> None:
    source = palace.Source()
    source.position = (-0.2, 0, -1)
    palace.Buffer(door).play(source)
    sound.advance(0.5)
    sound.assert_louder("left", by=1)
    with pytest.raises(AssertionError, match="the left is not 30 dB louder than the right: left -"):
        sound.assert_louder("left", by=30)


def test_silent_sounds_are_not_louder(sound: Recorder) -> None:
    sound.advance(1)
    for side in ("left", "right"):
        with pytest.raises(AssertionError, match="left silent, right silent"):
            sound.assert_louder(side)
    with pytest.raises(ValueError, match="'left', 'right'"):
        sound.assert_louder("top")


@pytest.mark.parametrize("name", ["assert_silent", "assert_audible"])
def test_assertion_needs_rendered_frames(sound: Recorder, name: str) -> None:
    with pytest.raises(AssertionError, match=r"call advance\(seconds\) first"):
        getattr(sound, name)()


def test_assertion_judges_the_last_advance(sound: Recorder, door: str) -> None:
    palace.Buffer(door).play()
    sound.advance(1)
    sound.assert_audible()
    sound.advance(1)
    sound.assert_silent()
    sound.assert_silent(last=1.4)
    sound.assert_audible(last=1.6)


def test_played_name_may_be_the_end_of_a_path(sound: Recorder, tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "effects" / "door.wav", sounds.tone(0.1))
    palace.Buffer(path).play()
    for name in ("door.wav", "effects/door.wav", path):
        sound.assert_played(name)
    for other in ("oor.wav", "sounds/door.wav"):
        with pytest.raises(AssertionError, match="was not played"):
            sound.assert_played(other)


def test_streams_and_replays_are_played(sound: Recorder, door: str) -> None:
    source = palace.decode(door).play()
    sound.advance(1)
    palace.Buffer(door).play(source)
    sound.advance(0.1)
    source.pause()
    source.resume()
    assert sound.played == [Played(0.0, door), Played(1.0, door)]


def test_play_without_a_voice_is_not_played(sound: Recorder, door: str) -> None:
    buffer = palace.Buffer(door)
    while sound.context.stats()["stolen"] == 0:
        source = palace.Source()
        source.priority = 1
        buffer.play(source)
    played = list(sound.played)
    buffer.play()
    assert sound.played == played


# A game's init, resources and clock


def test_init_uses_the_loopback_device(sound: Recorder, door: str) -> None:
    """Also with a device's name and options."""
    own = sound.context
    context = palace.init("Headphones", {palace.HRTF: palace.FALSE}, cache_limit=1234)
    assert context.device is own.device
    assert sound.context is palace.current_context() is context
    assert context.cache_limit == 1234
    with pytest.raises(RuntimeError, match="init"):
        palace.init()
    palace.Buffer(door).play()
    sound.advance(0.1)
    sound.assert_audible()
    assert sound.played == [(0.0, door)]


def test_game_may_shut_down_and_start_again(sound: Recorder, door: str) -> None:
    for _ in range(2):
        palace.init()
        palace.Buffer(door).play()
        sound.advance(0.1)
        sound.assert_audible()
        palace.shutdown()
        sound.advance(1)
        sound.assert_silent()
    assert [played.time for played in sound.played] == pytest.approx([0, 1.1])
    with pytest.raises(RuntimeError, match="no context current"):
        _ = sound.context


def test_resource_paths_start_at_the_root(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the path, indexed at import already, and of new loaders."""
    sounds.write(pytester.path / "more" / "step.wav", sounds.tone(0.1))
    monkeypatch.chdir(pytester.path / "more")
    code = """
        import game, pyglet
        import pyglet_palace as palace

        pyglet.resource.reindex()

        def test_door(sound):
            palace.Buffer("door.wav")
            palace.init(loader=pyglet.resource.Loader(["more"]))
            palace.Buffer("step.wav")
    """
    run(code, str(pytester.path)).assert_outcomes(passed=1)


def test_ini_option_moves_the_resource_paths(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    (pytester.path / "src").mkdir()
    (pytester.path / "sounds").rename(pytester.path / "src" / "sounds")
    code = "import game\n\ndef test_door(sound):\n    game.main()\n    game.palace.Buffer('door.wav')"
    run(code, ini="[pytest]\npyglet_script_home = src").assert_outcomes(passed=1)


def test_resource_paths_need_no_ini_file(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    (pytester.path / "tests").mkdir()
    code = "import game\n\ndef test_door(sound):\n    game.main()\n    game.palace.Buffer('door.wav')"
    (pytester.path / "tests" / "test_there.py").write_text(code)
    run("", "tests", ini="").assert_outcomes(passed=1)


def test_recorder_restores_everything(door: str) -> None:
    clock, home = pyglet.clock.get_default(), pyglet.resource.get_script_home
    loader_home = pyglet.resource._default_loader._script_home  # type: ignore[attr-defined]
    with palace.LoopbackDevice() as device, palace.Context(device) as outer:
        with Recorder("/") as recorder:
            assert recorder.context is not outer
            contexts = [recorder.context, palace.init()]
            palace.Buffer(door).play()
            palace.cache(["nothing.wav"])
        assert palace.current_context() is outer
        assert not any(contexts)
        assert palace._common.registry.open_devices() == (device,)
    assert pyglet.clock.get_default() is clock
    assert pyglet.resource.get_script_home is home
    assert pyglet.resource._default_loader._script_home == loader_home  # type: ignore[attr-defined]


def test_tests_are_independent(run: Callable[..., pytest.RunResult]) -> None:
    code = """
        import game, pyglet, pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_door(sound, number):
            assert (sound.time, sound.played, len(sound.heard())) == (0, [], 0)
            game.main()
            assert game.palace.current_context().pending_names == ("door.wav",)
            sound.advance(1.3)
            assert sound.played == [(1.2, "door.wav")]
    """
    run(code).assert_outcomes(passed=2)


# The plugin


def test_projects_own_fixture_wins(run: Callable[..., pytest.RunResult]) -> None:
    code = """
        import pytest

        @pytest.fixture
        def sound():
            return "moo"

        def test_cow(sound):
            assert sound == "moo"
    """
    run(code).assert_outcomes(passed=1)


def test_plugin_imports_nothing_early(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    pytester.makepyfile("""
        import sys

        def test_nothing():
            assert not {"pyglet", "pyglet_palace", "numpy", "soundfile", "openal"} & set(sys.modules)
    """)
    pytester.runpytest_subprocess("-p", "pytest_pyglet_palace", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


# Determinism


def _digest(folder: Path) -> str:
    """Return a hash of the sound of a program with buffers, streams, loops, effects and loads at all times."""
    with Recorder() as recorder:
        received: list[tuple[float, object]] = []
        context = palace.init(loader=pyglet.resource.Loader([str(folder)]))
        context.push_handlers(
            on_cached=lambda name: received.append((recorder.time, name)),
            on_source_stopped=lambda source: received.append((recorder.time, "stopped")),
        )
        effect = palace.ReverbEffect("CAVE")
        batch = palace.preload(["0.wav", "1.ogg", "2.flac", "3.wav"])
        theme = palace.decode("1.ogg").play()
        theme.looping = True

        def act(dt: float) -> None:
            number = len(recorder.played)
            source = palace.Source()
            source.sends[0].effect = effect
            source.position = (number % 7 - 3, 0, -1)
            if number % 3:
                palace.Buffer(batch.names[number % 4]).play(source)
            else:
                palace.decode(batch.names[number % 4]).play(512, 3, source)
            palace.free([batch.names[(number + 1) % 4]])
            palace.cache([batch.names[(number + 1) % 4]])
            theme.fade_to(0.2 + number % 2 * 0.5, 300)
            theme.pitch = 1 + number % 5 / 10

        pyglet.clock.schedule_interval(act, 0.11)
        recorder.advance(3)
        record = recorder.heard().tobytes() + repr((received, recorder.played)).encode()
    return hashlib.sha256(record).hexdigest()


def test_runs_are_identical(tmp_path: Path) -> None:
    """Beside a busy thread, and with every switch between threads."""
    for number, kind in enumerate(("wav-16", "vorbis", "flac-16", "wav-24")):
        sounds.KINDS[kind].write(tmp_path / f"{number}", sounds.noise(40_000, 1 + number % 2, 0.1, number), 44100)
    digests = [_digest(tmp_path) for _ in range(2)]
    stop = threading.Event()
    busy = threading.Thread(target=lambda: all(not stop.is_set() for _ in iter(int, 1)))
    interval = sys.getswitchinterval()
    busy.start()
    try:
        for seconds in (1e-5, 1e-3):
            sys.setswitchinterval(seconds)
            digests.append(_digest(tmp_path))
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        busy.join()
    assert len(set(digests)) == 1
