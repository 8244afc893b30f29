"""Decoder processes: what they load, how they end, and what happens to their jobs."""

from __future__ import annotations

import enum
import io
import json
import logging
import mmap
import multiprocessing
import os
import pickle
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pyglet.resource
import pytest
from hypothesis import strategies as st

import pyglet_palace as palace
from pyglet_palace import resources
from pyglet_palace._decoding.disk_cache import DiskCache
from pyglet_palace._decoding.load import Settings, load
from pyglet_palace._loading import decoder_main, decoder_process, process_worker
from pyglet_palace._loading.decoder_process import BrokenProcess, DecoderProcess
from pyglet_palace._loading.disk_writer import DiskWriter
from pyglet_palace._loading.expected_time import Survey
from pyglet_palace._loading.jobs import DecodeJob
from pyglet_palace._loading.process_queues import ProcessQueues
from pyglet_palace._loading.window import Window
from pyglet_palace._loading.workers import WorkerPool
from pyglet_palace._resources.files import FileResource
from pyglet_palace.formats import AL_FORMATS
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Settings(64 * 1024 * 1024, frozenset(AL_FORMATS))

#: A decoder process in which files of certain names are not decoded.
FAULTY = """
import os, signal, time
from pyglet_palace._loading import decoder_main
usual = decoder_main.load

def load(resource, settings, progress):
    name = os.path.basename(resource.key)
    if name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    while name.startswith("hang") and progress.is_wanted():
        time.sleep(0.001)
    if name.startswith("long"):
        decoder_main._REPORT_SECONDS = 0.0
    if name.startswith("block"):
        time.sleep(1000)
    return usual(resource, settings, progress)

decoder_main.load = load
"""


@pytest.fixture(autouse=True)
def _starts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a process for one job."""
    monkeypatch.setattr(process_worker, "START_SECONDS", 0.0)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let decoder processes fail at certain names."""
    program = decoder_process._PROGRAM
    before, start, after = program.partition("from pyglet_palace._loading.decoder_main import main")
    monkeypatch.setattr(decoder_process, "_PROGRAM", before + FAULTY + start + after)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """A pool of one thread and one process, without OpenAL."""
    made = WorkerPool(1, start_after=0.0)
    yield made
    made.close()


@pytest.fixture
def faulty_pool(faulty: None, pool: WorkerPool, tmp_path: Path) -> WorkerPool:
    """A pool whose process fails at certain names."""
    warm_up(pool, tmp_path)
    return pool


@pytest.fixture
def serving(pool: WorkerPool, tmp_path: Path) -> WorkerPool:
    """The pool, after its process has started."""
    warm_up(pool, tmp_path)
    return pool


def warm_up(pool: WorkerPool, folder: Path) -> None:
    """Give the pool jobs until its process is ready."""
    sounds.wav(folder / "warm up.wav", 10)
    while not pool.processes:
        run_all(pool, [file_job(folder / "warm up.wav") for _ in range(20)])
    pool.discard_finished()


def file_job(path: Path, settings: Settings = SETTINGS) -> DecodeJob:
    return DecodeJob(resources.locate(path), settings)


def process_of(pool: WorkerPool) -> DecoderProcess:
    process = pool._processes[0]._process
    assert process is not None
    return process


def is_running(pid: int) -> bool:
    """Return whether a process runs. One that has ended but was not collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def run_all(pool: WorkerPool, jobs: list[DecodeJob]) -> None:
    pool.submit(jobs)
    wait_until(lambda: all(job.state == "done" for job in jobs))


def test_process_decodes_what_threads_decode(serving: WorkerPool, tmp_path: Path) -> None:
    """All formats, loop points and layouts have the same samples as in this process."""
    paths = [kind.write(tmp_path / name, sounds.noise(3000)) for name, kind in sounds.KINDS.items()]
    looped = sounds.wav(tmp_path / "looped.wav", 3000)
    sounds.add_chunk(looped, sounds.smpl_chunk((0, 100, 999)))
    paths += [looped, sounds.wav(tmp_path / "5.1.wav", 200, channels=6)]
    jobs = [file_job(path) for path in paths]
    taken = count_taken(serving)

    run_all(serving, jobs)

    assert len(taken) == len(jobs)
    for job in jobs:
        direct = file_job(tmp_path / os.path.basename(job.key))
        expected = load(direct.resource, SETTINGS, direct)
        assert job.samples is not None
        assert np.array_equal(job.samples.data, expected.data)
        assert job.samples.data.dtype == expected.data.dtype
        assert vars(job.samples) | {"data": None} == vars(expected) | {"data": None}
        assert (job.expected, job.share, job.memory) == (direct.expected, 1.0, expected.data.nbytes)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[DiskWriter]:
    made = DiskWriter(DiskCache(str(tmp_path / "cache"), 10**9))
    yield made
    made.close()


def test_process_shares_the_disk_cache(
    serving: WorkerPool, tmp_path: Path, disk: DiskWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the entries. Then it sends short sounds, and a thread maps long ones."""
    monkeypatch.setattr(DiskCache, "put", None)  # of this process
    short = sounds.KINDS["flac-16"].write(tmp_path / "short", sounds.noise(3000))
    (tmp_path / "long.flac").write_bytes(sounds.silent_flac(20))
    settings = Settings(SETTINGS.limit, SETTINGS.supported, disk_cache=disk)
    starts = []
    for _ in range(2):
        jobs = [file_job(path, settings) for path in (short, tmp_path / "long.flac")]
        run_all(serving, jobs)
        wait_until(lambda: disk.writes == 2)
        starts.append([job.samples for job in jobs])

    for decoded, found in zip(*starts, strict=True):
        assert decoded is not None
        assert found is not None
        assert (decoded.from_disk, found.from_disk) == (False, True)
        assert np.array_equal(decoded.data, found.data)
    assert [isinstance(samples.data.base, mmap.mmap) for samples in starts[1] if samples] == [False, True]
    assert disk.writes == 2


def test_process_warns_of_a_disk_that_refuses(
    serving: WorkerPool, tmp_path: Path, logged_warnings: Callable[[], list[str]]
) -> None:
    """The sounds load. The warning comes from the process, as from a thread."""
    (tmp_path / "file").write_text("")
    disk = DiskWriter(DiskCache(str(tmp_path / "file" / "cache"), 10**9))
    settings = Settings(SETTINGS.limit, SETTINGS.supported, disk_cache=disk)
    path = sounds.KINDS["flac-16"].write(tmp_path / "a", sounds.noise(3000))
    taken = count_taken(serving)

    jobs = [file_job(path, settings) for _ in range(20)]
    run_all(serving, jobs)
    wait_until(logged_warnings)
    disk.close()

    assert all(job.samples is not None for job in jobs)
    assert len(taken) == 20
    (warning,) = logged_warnings()
    assert "cannot write to the disk cache" in warning


def count_taken(pool: WorkerPool) -> list[int]:
    """Return a list that grows by each job whose answer is used."""
    taken: list[int] = []
    usual = pool.take_answered

    def take_answered(window: Any, number: int) -> DecodeJob | None:
        job = usual(window, number)
        if job is not None:
            taken.append(number)
        return job

    pool.take_answered = take_answered  # type: ignore[method-assign]
    return taken


def test_zip_entries_load_in_the_process(serving: WorkerPool, tmp_path: Path) -> None:
    sounds.wav(tmp_path / "a.wav", 400)
    with zipfile.ZipFile(tmp_path / "pack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a.wav", "inner/a.wav")
    loader = pyglet.resource.Loader([str(tmp_path / "pack.zip")])
    taken = count_taken(serving)
    job = DecodeJob(resources.locate("inner/a.wav", loader), SETTINGS)

    run_all(serving, [job])

    assert len(taken) == 1
    assert job.error is None
    assert job.samples is not None
    assert len(job.samples.data) == 400


def test_replaced_zip_is_not_mixed_up(tmp_path: Path) -> None:
    """An entry that another process finds in another version of the zip file is refused."""
    for frames in (400, 500):
        sounds.wav(tmp_path / "a.wav", frames)
        with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
            archive.write(tmp_path / "a.wav", "a.wav")
        if frames == 400:
            loader = pyglet.resource.Loader([str(tmp_path / "pack.zip")])
            found = resources.locate("a.wav", loader).portable()

    with pytest.raises(palace.ResourceUnreadable, match="another zip file"):
        found.open(10_000)


def test_errors_are_those_of_threads(serving: WorkerPool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A thread loads again what the process could not load, or warned of."""
    (tmp_path / "junk.wav").write_bytes(b"RIFF" + bytes(range(200)))
    sounds.wav(tmp_path / "cut.wav", 5000)
    os.truncate(tmp_path / "cut.wav", 400)
    jobs = [file_job(tmp_path / name) for name in ("junk.wav", "missing.wav", "cut.wav")]
    taken = count_taken(serving)
    caplog.clear()

    run_all(serving, jobs)

    assert len(taken) == 3
    for job in jobs[:2]:
        direct = file_job(tmp_path / os.path.basename(job.key))
        with pytest.raises(palace.PalaceError) as info:
            load(direct.resource, SETTINGS, direct)
        assert type(job.error) is type(info.value)
        assert str(job.error) == str(info.value)
    assert jobs[2].samples is not None


def test_limit_holds_in_the_process(serving: WorkerPool, tmp_path: Path) -> None:
    sounds.wav(tmp_path / "long.wav", 5000)
    job = file_job(tmp_path / "long.wav", Settings(1000, frozenset(AL_FORMATS)))

    run_all(serving, [job])

    assert isinstance(job.error, palace.BufferTooLarge)


def test_own_code_stays_in_threads(tmp_path: Path) -> None:
    """Loads that call the game's factories or handlers are not portable."""
    resource = resources.locate(tmp_path / "a.wav")
    factory = Settings(100, frozenset(), factories=(lambda file: file,))  # type: ignore[arg-type,return-value]
    loading = Settings(100, frozenset(), loading=lambda *_: None)
    resources.use_fileio(io.BytesIO)  # type: ignore[arg-type]
    custom = resources.locate("a.wav")

    assert DecodeJob(resource, SETTINGS).portable
    assert not DecodeJob(resource, factory).portable
    assert not DecodeJob(resource, loading).portable
    assert not DecodeJob(custom, SETTINGS).portable


def test_killed_process_loses_no_job(serving: WorkerPool, tmp_path: Path) -> None:
    """A process that is killed from outside is replaced, and every sound loads."""
    for number in range(60):
        sounds.wav(tmp_path / f"{number}.wav", 3000)
    jobs = [file_job(tmp_path / f"{number}.wav") for number in range(60)]
    serving.submit(jobs)
    for _ in range(3):
        process = serving._processes[0]._process
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.02)

    wait_until(lambda: all(job.state == "done" for job in jobs))

    assert [job.key for job in jobs if job.error is not None] == []


def test_crash_fails_only_its_file(faulty_pool: WorkerPool, tmp_path: Path) -> None:
    """A file that ends two processes, alone in the second, fails. The sounds around it load."""
    names = ["a.wav", "crash.wav", "b.wav", "crash too.wav", "c.wav"]
    for name in names:
        sounds.wav(tmp_path / name, 100)
    jobs = [file_job(tmp_path / name) for name in names]

    run_all(faulty_pool, jobs)

    failed = {os.path.basename(job.key): str(job.error) for job in jobs if job.error is not None}
    assert sorted(failed) == ["crash too.wav", "crash.wav"]
    assert "SIGSEGV" in failed["crash.wav"]
    assert "damaged" in failed["crash.wav"]


def test_suspect_is_not_run_by_a_thread(faulty_pool: WorkerPool, tmp_path: Path) -> None:
    """`Buffer` waits for the process that runs a suspect: the file could crash the game."""
    sounds.wav(tmp_path / "crash.wav", 100)
    job = file_job(tmp_path / "crash.wav")
    faulty_pool.submit([job])
    wait_until(lambda: job.suspect)

    assert not faulty_pool.claim(job)
    faulty_pool.wait_for(job)

    assert isinstance(job.error, palace.DecodeError)


def test_stalled_process_is_replaced(faulty_pool: WorkerPool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A thread runs the job in which a process stalls. Another process runs the others."""
    names = ["block.wav", *(f"{number}.wav" for number in range(5))]
    for name in names:
        sounds.wav(tmp_path / name, 100)
    jobs = [file_job(tmp_path / name) for name in names]
    faulty_pool.submit(jobs)
    wait_until(lambda: jobs[0].window is not None)
    faulty_pool.replace_stalled(time.perf_counter())
    assert is_running(process_of(faulty_pool).pid)

    process_worker.STALL_SECONDS = 0.0
    wait_until(lambda: faulty_pool._processes[0]._heard < time.perf_counter())
    faulty_pool.replace_stalled(time.perf_counter())
    process_worker.STALL_SECONDS = float("inf")

    wait_until(lambda: all(job.state == "done" for job in jobs))
    assert [job.key for job in jobs if job.error is not None] == []
    assert "makes no progress" in caplog.text


def test_stopped_process_does_not_block_a_wait(
    serving: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wait_for` notices that the process was stopped (SIGSTOP)."""
    monkeypatch.setattr(process_worker, "STALL_SECONDS", 0.2)
    os.kill(process_of(serving).pid, signal.SIGSTOP)
    sounds.wav(tmp_path / "a.wav", 100)
    job = file_job(tmp_path / "a.wav")
    serving.submit([job])
    wait_until(lambda: job.state != "queued")

    while job.state != "done":
        if serving.claim(job):  # as `Buffer` does
            job.run()
            serving.finish(job)
        serving.wait_for(job)

    assert job.error is None


def test_stopped_game_does_not_end_its_process(
    faulty_pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-Z and ``fg``, the main thread may run before the thread that receives what the process has sent."""
    monkeypatch.setattr(process_worker, "STALL_SECONDS", 10.0)
    sounds.wav(tmp_path / "block.wav", 10)
    faulty_pool.submit([job := file_job(tmp_path / "block.wav")])
    wait_until(lambda: job.state == "claimed")
    process, now = process_of(faulty_pool), time.perf_counter()

    for after in range(1, 5):
        faulty_pool.replace_stalled(now + after)
    for after in range(3600, 3609):
        faulty_pool.replace_stalled(now + after)
    assert faulty_pool._processes[0]._stalled is None

    faulty_pool.replace_stalled(now + 3611)
    assert faulty_pool._processes[0]._stalled is process
    wait_until(lambda: job.state == "done")  # a thread has run it


def test_job_behind_another_can_be_claimed(faulty_pool: WorkerPool, tmp_path: Path) -> None:
    """`Buffer` does not wait for the jobs that were sent before its own."""
    for name in ("hang.wav", "a.wav", "b.wav"):
        sounds.wav(tmp_path / name, 100)
    hanging, first, second = (file_job(tmp_path / name) for name in ("hang.wav", "a.wav", "b.wav"))
    faulty_pool.submit([hanging, first, second])
    wait_until(lambda: second.window is not None)
    assert (hanging.state, first.state, second.state) == ("claimed", "queued", "queued")
    assert faulty_pool.queued == 2

    assert not faulty_pool.claim(hanging)
    assert faulty_pool.claim(first)
    faulty_pool.withdraw(second)
    assert faulty_pool.queued == 0
    assert (first.window, second.state) == (None, "dropped")
    first.run()
    faulty_pool.finish(first)

    faulty_pool.withdraw(hanging)  # `hang` ends if it is not wanted
    wait_until(lambda: hanging.state == "done")
    assert [*faulty_pool.finished] == [first]
    assert hanging.samples is None


def test_budget_sends_one_job_at_a_time(serving: WorkerPool, tmp_path: Path) -> None:
    """With a budget, no sample is decoded whose memory is not counted."""
    for number in range(10):
        sounds.wav(tmp_path / f"{number}.wav", 1000)
    jobs = [file_job(tmp_path / f"{number}.wav") for number in range(10)]
    serving.budget = 2500  # a sound has 2000 bytes
    most = 0

    serving.submit(jobs)
    while any(job.state != "done" for job in jobs):
        wait_until(lambda: serving.finished)
        most = max(most, serving.in_flight)
        while serving.take_finished():
            pass

    assert most <= 2500 + 2000


def test_sizes_of_a_batch_come_first(serving: WorkerPool, tmp_path: Path) -> None:
    """The process tells the sizes of all files, which the progress of a batch needs."""
    for number in range(250):
        sounds.wav(tmp_path / f"{number}.wav", 10 + number)
    jobs = [file_job(tmp_path / f"{number}.wav") for number in range(250)]
    jobs.append(file_job(tmp_path / "missing.wav"))
    survey = Survey(jobs)
    for job in jobs:
        job.survey = survey

    serving.submit(jobs[-1:])  # it fails; the sizes of the others come all the same
    wait_until(lambda: survey.complete)

    sizes = {job.expected for job in jobs[:-1]}
    assert len(sizes) == 250
    assert 0.0 not in sizes


@pytest.mark.parametrize("order", ["destroy", "destroy while it starts", "destroy while it loads"])
def test_destroy_ends_the_process(pool: WorkerPool, tmp_path: Path, order: str) -> None:
    for number in range(50):
        sounds.wav(tmp_path / f"{number}.wav", 3000)
    jobs = [file_job(tmp_path / f"{number}.wav") for number in range(50)]
    if order != "destroy while it starts":
        warm_up(pool, tmp_path)
    hold = threading.Event()
    pool.submit([Held(hold), *jobs])  # the thread leaves the files to the process
    wait_until(lambda: pool._processes[0]._process is not None)
    pid = process_of(pool).pid
    if order == "destroy":
        wait_until(lambda: all(job.state == "done" for job in jobs))

    hold.set()
    pool.close()

    wait_until(lambda: not is_running(pid))
    assert not pool.finished


def test_idle_process_ends(pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without work ends, and the next load starts another one."""
    monkeypatch.setattr(process_worker, "IDLE_SECONDS", 0.05)
    sounds.wav(tmp_path / "a.wav", 10)
    hold = threading.Event()
    pool.submit([Held(hold), *(file_job(tmp_path / "a.wav") for _ in range(20))])  # the thread leaves the files
    wait_until(lambda: pool._processes[0]._process is not None)
    pid = process_of(pool).pid
    hold.set()
    wait_until(lambda: pool._processes[0]._process is None)
    assert not is_running(pid)
    monkeypatch.setattr(process_worker, "IDLE_SECONDS", 30)

    warm_up(pool, tmp_path)

    assert process_of(pool).pid != pid


def test_process_starts_for_longer_loads(tmp_path: Path) -> None:
    """A process is asked for when the threads have left portable jobs for a while."""
    queues = ProcessQueues(None, uses_processes=True)
    answers: list[bool] = []
    asked = threading.Thread(target=lambda: answers.append(queues.wait_for_portable(0.01)))
    asked.start()
    asked.join(0.05)
    assert answers == []  # without jobs

    queues.submit([file_job(tmp_path / "a.wav")])
    asked.join(20)

    assert answers == [True]


class Held(DecodeJob):
    """A job that a thread runs until an event is set."""

    def __init__(self, released: threading.Event) -> None:
        super().__init__(resources.locate("/held"), SETTINGS)
        self.portable = False
        self.released = released

    def run(self) -> None:
        self.released.wait(60)


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("frozen", True, "frozen"),
        ("executable", "/usr/bin/blender", "not a Python interpreter"),
        ("platform", "win32", "sockets"),
    ],
)
def test_threads_load_where_processes_cannot(
    monkeypatch: pytest.MonkeyPatch, logged_warnings: Callable[[], list[str]], attribute: str, value: Any, problem: str
) -> None:
    """'auto' is silent about it; 'processes' says why."""
    monkeypatch.setattr(decoder_process.sys, attribute, value, raising=False)

    assert process_worker.seconds_to_start("auto") is None
    assert logged_warnings() == []
    assert process_worker.seconds_to_start("processes") is None
    (text,) = logged_warnings()
    assert problem in text


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import time; time.sleep(1000)", "import os; os.abort()"])
def test_threads_load_if_none_starts(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    monkeypatch.setattr(decoder_process, "_PROGRAM", program)
    monkeypatch.setattr(process_worker, "_READY_SECONDS", 0.05)
    sounds.wav(tmp_path / "a.wav", 10)
    for _ in range(3):
        run_all(pool, [file_job(tmp_path / "a.wav")])
        wait_until(lambda: not pool._processes[0]._process)

    def given_up() -> bool:
        run_all(pool, [file_job(tmp_path / "a.wav")])
        return not pool._processes[0].thread.is_alive()

    wait_until(given_up)
    run_all(pool, [file_job(tmp_path / "a.wav")])
    assert caplog.text.count("decoder processes do not work here") == 1


def test_no_socket_means_threads(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise PermissionError("no sockets in this sandbox")

    monkeypatch.setattr(decoder_process.socket, "socketpair", refuse)
    sounds.wav(tmp_path / "a.wav", 10)

    def given_up() -> bool:
        run_all(pool, [file_job(tmp_path / "a.wav")])
        return not pool._processes[0].thread.is_alive()

    wait_until(given_up)
    assert "no sockets in this sandbox" in caplog.text


NUMBERS = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=9), st.just("Mono"))
EVENTS = st.tuples(
    st.sampled_from(["done", "declined", "progress", "sizes", "ready", "else"]), st.lists(NUMBERS, max_size=7)
).map(lambda event: [event[0], *event[1]])


@hypothesis.given(st.lists(EVENTS, max_size=4))
@hypothesis.settings(max_examples=60, deadline=None)
def test_nonsense_breaks_the_process_only(events: list[list[Any]]) -> None:
    """Whatever a process sends, it is accepted or the process counts as broken."""
    pool = ProcessQueues(None, uses_processes=True)
    worker = process_worker.ProcessWorker(pool, 1, 1)

    class Nonsense:
        pid = 0

        def receive(self) -> list[list[Any]]:
            return json.loads(json.dumps(events))

        def receive_into(self, arrays: Any) -> None:
            if list(arrays):
                raise BrokenProcess("it has ended")

        def send(self, requests: Any) -> None:
            pickle.dumps(requests)

    job = DecodeJob(resources.locate("/a.wav"), SETTINGS)
    worker.window.add(job)
    pool._mark_claimed(job)
    try:
        worker._exchange(Nonsense())  # type: ignore[arg-type]
    except BrokenProcess:
        pass


@pytest.mark.parametrize(
    "event",
    [
        ["progress", 1, 0.5, 0, None, 0],
        ["progress", 1, 0.5, "many", "", 0],
        ["done", 1, 1, 44100, "Mono", "Signed 16-bit", None, None],
    ],
)
def test_wrong_type_loses_no_job(event: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may send answers of wrong types. The load ends."""
    program = f"""
import json, os, socket, sys
connection = socket.socket(fileno=int(sys.argv[1]))
for event in (["ready"], {event!r}):
    connection.sendall(json.dumps([event]).encode().ljust(4096))
    connection.recv(1)
connection.sendall(bytes(2))
"""
    monkeypatch.setattr(decoder_process, "_PROGRAM", program)
    sounds.wav(tmp_path / "a.wav", 100)
    pool = WorkerPool(1, start_after=0.0)
    pool._workers[0].replaced = True  # the thread leaves the job to the process

    run_all(pool, [job := file_job(tmp_path / "a.wav")])
    pool.discard_finished()

    assert pool.in_flight == 0
    assert job.memory == 0
    pool.close()


@pytest.mark.parametrize("text", [b"\0" * 4096, b"[" * 4096, b"{}", b"[]", b"[[]]", b"[1]"])
def test_block_that_is_no_list_is_refused(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"import os, sys, time; os.write(int(sys.argv[1]), {text!r}.ljust(4096)); time.sleep(1000)"
    monkeypatch.setattr(decoder_process, "_PROGRAM", program)
    process = DecoderProcess()
    wait_until(lambda: select.select([process._socket], [], [], 0)[0])

    with pytest.raises(BrokenProcess, match="nonsense"):
        process.receive()

    process.close()


def test_suspect_shares_no_window(tmp_path: Path) -> None:
    """While a suspect runs, no other job is sent: its end must not make suspects of them."""
    queues, window = ProcessQueues(None, uses_processes=True), Window()
    suspects = [file_job(tmp_path / f"{number}.wav") for number in range(2)]
    queues.submit(suspects)
    assert queues.refill(window, 0) is not None
    assert queues.take_back(window, stalled=False) is None
    queues.submit([file_job(tmp_path / "other.wav")])

    for suspect in suspects:
        work = queues.refill(window, 0)
        assert work is not None
        ((number, job),) = work[0]
        assert job is suspect
        assert queues.take_answered(window, number) is job
        queues.finish(job)


def test_process_goes_after_the_game(serving: WorkerPool) -> None:
    """In the scheduling of processes, and in that of sessions where the kernel has it."""
    process = process_of(serving).pid
    assert os.getpriority(os.PRIO_PROCESS, process) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    if sys.platform == "linux":
        assert os.sched_getscheduler(process) == os.SCHED_BATCH
        group = Path(f"/proc/{process}/autogroup")
        assert not group.exists() or group.read_text().split()[-1] == str(os.getpriority(os.PRIO_PROCESS, process))


def test_process_is_outside_the_terminal(serving: WorkerPool) -> None:
    """A Ctrl-C in the terminal goes to the processes of its group."""
    assert os.getpgid(process_of(serving).pid) != os.getpgrp()


def test_sizes_are_awaited_without_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker asks for all sizes, and waits for the answers, when its only job has been answered."""
    monkeypatch.setattr(process_worker, "IDLE_SECONDS", 0.0)
    queues = ProcessQueues(None, uses_processes=True)
    worker = process_worker.ProcessWorker(queues, 1, 0.0)
    jobs = [file_job(tmp_path / f"{number}.wav") for number in range(60)]
    survey = Survey(jobs)
    for job in jobs:
        job.survey = survey
    answers: list[list[Any]] = []

    class Answering:
        pid = 0

        def send(self, requests: list[Any]) -> None:
            answers.extend(["declined", number] for kind, number, *_ in requests if kind == "decode")
            answers.extend(
                ["sizes", number, 0, [100] * len(of[0])] for kind, number, *of in requests if kind == "sizes"
            )

        def receive(self) -> list[list[Any]]:
            return [answers.pop(0)] if answers else []

        def receive_into(self, arrays: Any) -> None:
            assert not arrays

    queues.submit(jobs[:1])
    while not survey.complete:
        assert worker._exchange(Answering())  # type: ignore[arg-type]
    assert not worker._exchange(Answering())  # type: ignore[arg-type]


GAME = """
    import os, sys, time, signal, threading
    import pyglet_palace as palace
    print("main", flush=True)  # a process that ran the game's main module would print it again
    context = palace.Context(palace.LoopbackDevice(), workers=1, decoding="processes", auto_update=False)
    palace.use_context(context)
    names = [os.path.join(sys.argv[1], f"{{number}}.wav") for number in range(50)]
    while not context.stats()["processes"]:
        with palace.preload(names) as batch:
            while not batch.finished:
                context.update()
                time.sleep(0.001)
    pid = context._engine.workers._processes[0]._process.pid
    print(pid, flush=True)
    palace.cache(names)
    {end}
"""


def run_game(folder: Path, end: str) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run a game that loads in a process and then ends. Return its result, and the number of the process."""
    for number in range(50):
        sounds.wav(folder / f"{number}.wav", 2000)
    program = textwrap.dedent(GAME).format(end=textwrap.dedent(end))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    main, pid = result.stdout.split()[:2]
    assert main == "main"
    return result, int(pid)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("pass", 0),
        ("context.destroy()", 0),
        ("context.update(); palace.shutdown()", 0),
        ("raise SystemExit(5)", 5),
        ("os._exit(6)", 6),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("threading.Thread(target=time.sleep, args=(0.2,)).start()", 0),
    ],
)
def test_no_process_outlives_the_game(tmp_path: Path, end: str, status: int) -> None:
    result, pid = run_game(tmp_path, end)

    assert (result.returncode, result.stderr) == (status, "")
    wait_until(lambda: not is_running(pid))


def test_broken_pipe_does_not_end_the_game() -> None:
    """A game may restore the default action of SIGPIPE, which is to end the program."""
    program = """
    import signal
    from pyglet_palace._loading.decoder_process import BrokenProcess, DecoderProcess
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    process = DecoderProcess()
    process._process.kill()
    process._process.wait()
    try:
        process.send([("drop", 1)])
    except BrokenProcess:
        print("broken")
    process.close()
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)

    assert (ended.stdout, ended.returncode) == ("broken\n", 0), ended.stderr


def test_process_works_without_standard_streams(tmp_path: Path) -> None:
    """A game that was started without standard streams has its sockets in their place."""
    program = """
    import os, sys
    from pyglet_palace._loading.decoder_process import DecoderProcess
    os.closerange(0, 3)
    process = DecoderProcess()
    answers = 300
    while answers and ["ready"] not in process.receive():  # 0.1 s
        answers -= 1
    process.kill()
    process.close()
    os._exit(0 if answers else 1)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)])

    assert ended.returncode == 0


def test_forked_child_keeps_no_process_alive(tmp_path: Path) -> None:
    """The process ends with the game, although a child of a fork goes on. That child can load too."""
    end = """
    child = os.fork()
    if not child:
        with palace.Context(palace.LoopbackDevice(), workers=1, decoding="processes", auto_update=False) as own:
            palace.Buffer(names[0])
            palace.preload(names).wait()
        os.kill(os.getppid(), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            time.sleep(0.01)
        print("ended" if time.monotonic() < deadline else "still there", flush=True)
        os._exit(0)
    time.sleep(60)
    """
    result, _ = run_game(tmp_path, end)

    assert result.stdout.split()[2:] == ["ended"]


def test_ctrl_c_does_not_reach_the_process(tmp_path: Path) -> None:
    """A Ctrl-C in the terminal interrupts the game only."""
    end = """
    os.killpg(os.getpgrp(), signal.SIGINT) if os.getpgrp() == os.getpid() else signal.raise_signal(signal.SIGINT)
    """
    result, pid = run_game(tmp_path, end)

    assert result.returncode in (-signal.SIGINT, 1)
    assert result.stderr.count("Traceback") == 1
    wait_until(lambda: not is_running(pid))


def test_helper_imports_no_more_than_needed(serving: WorkerPool) -> None:
    """The process loads neither OpenAL nor a window, and not the game's main module."""
    program = """
    import sys
    exec(sys.argv.pop(1).replace("main(int(descriptor))", ""))
    print(*sys.modules)
    """
    folder = os.path.dirname(palace.__file__)
    command = [sys.executable, "-I", "-S", "-c", textwrap.dedent(program), decoder_process._PROGRAM, "0", folder]
    result = subprocess.run([*command, *sys.path], capture_output=True, text=True, check=False)
    modules = set(result.stdout.split())

    assert "pyglet_palace._loading.decoder_main" in modules, result.stderr
    unwanted = {"openal", "pyglet.window", "pyglet.media", "pyglet.gl", "pyglet_palace.context"}
    assert not modules & unwanted


@pytest.fixture
def scene(tmp_path: Path) -> palace.Context:
    """A current context with a decoder process."""
    device = palace.LoopbackDevice(RATE, "Mono")
    made = palace.Context(device, EXACT, auto_update=False, workers=1, decoding="processes")
    palace.use_context(made)
    warm_up(made._engine.workers, tmp_path)
    return made


def test_sounds_of_a_process_can_be_heard(scene: palace.Context, tmp_path: Path) -> None:
    sounds.wav(tmp_path / "a.wav", 3000)
    palace.cache([tmp_path / "a.wav"])
    loaded(scene)
    assert scene.stats()["processes"] == 1

    palace.Buffer(tmp_path / "a.wav").play()
    device = scene.device
    assert isinstance(device, palace.LoopbackDevice)
    heard = device.render(3000)[:, 0]

    assert np.allclose(heard, sounds.ramp(3000)[:, 0] / 32768, atol=1e-6)


def test_buffer_runs_what_a_process_returns(
    faulty: None, scene: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job comes back from a stalled process while no thread is free: the thread that waits for it runs it."""
    monkeypatch.setattr(process_worker, "STALL_SECONDS", 0.2)
    hold = threading.Event()
    scene._engine.workers.submit([Held(hold)])
    palace.cache([sounds.wav(tmp_path / "block.wav", 100)])
    wait_until(lambda: scene._engine.workers.queued == 0)

    assert palace.Buffer(tmp_path / "block.wav").length == 100
    hold.set()


def test_cancelled_load_stops_early(scene: palace.Context, tmp_path: Path) -> None:
    """A long decode in the process ends when nothing wants it any more."""
    sounds.wav(tmp_path / "long.wav", 10_000_000)
    batch = palace.preload([tmp_path / "long.wav"])
    workers = scene._engine.workers
    wait_until(lambda: workers.unpublished_jobs())
    job = workers.unpublished_jobs()[0]

    batch.cancel()

    wait_until(lambda: job.state == "done")
    assert job.withdrawn
    assert scene.cached_names == ()


def test_progress_of_a_long_sound_moves(faulty: None, scene: palace.Context, tmp_path: Path) -> None:
    sounds.write(tmp_path / "long.ogg", sounds.tone(60, channels=2))
    batch = palace.preload([tmp_path / "long.ogg"])
    seen = set()

    def finished() -> bool:
        seen.add(batch.progress)
        return batch.finished

    wait_until(finished, scene)
    assert len(seen) > 3
    assert batch.ok


def test_wait_uses_the_process_too(scene: palace.Context, tmp_path: Path) -> None:
    for number in range(40):
        sounds.write(tmp_path / f"{number}.ogg", sounds.tone(1.0))
    taken = count_taken(scene._engine.workers)
    with palace.preload([tmp_path / f"{number}.ogg" for number in range(40)]) as batch:
        assert batch.wait()
        assert batch.ok
    assert len(taken) < 40


def test_spawned_child_loads(tmp_path: Path) -> None:
    """`multiprocessing` children have decoder processes of their own."""
    sounds.wav(tmp_path / "a.wav", 100)
    process = multiprocessing.get_context("spawn").Process(target=_load_in_child, args=(str(tmp_path / "a.wav"),))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def _load_in_child(path: str) -> None:
    with palace.Context(palace.LoopbackDevice(), workers=1, decoding="processes", auto_update=False) as context:
        palace.cache([path])
        loaded(context)
        assert context.cached_names == (path,)


def test_wrong_way_of_decoding_is_refused(device: palace.LoopbackDevice) -> None:
    with pytest.raises(ValueError, match="one of 'auto', 'processes', 'threads'"):
        palace.Context(device, decoding="process")  # type: ignore[arg-type]


def test_log_of_the_process_is_not_lost(serving: WorkerPool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is loaded with a warning gives that warning in this process, once."""
    sounds.write(tmp_path / "nan.wav", np.array([0.0, float("nan"), 0.5]), subtype="FLOAT")
    caplog.set_level(logging.WARNING)

    run_all(serving, [file_job(tmp_path / "nan.wav")])

    assert caplog.text.count("not finite") == 1


def test_name_may_be_an_enum(serving: WorkerPool, tmp_path: Path) -> None:
    """The process cannot import the class of such a name."""
    names: Any = enum.Enum("names", {"A": str(sounds.wav(tmp_path / "a.wav", 100))}, type=str)
    taken = count_taken(serving)
    job = DecodeJob(resources.locate(names.A), SETTINGS)

    run_all(serving, [job])

    assert (job.error, len(taken)) == (None, 1)


def test_removed_folder_ends_no_worker(serving: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that cannot be sent is run by a thread, which reports the error. The process serves on."""
    (tmp_path / "gone").mkdir()
    sounds.wav(tmp_path / "b.wav", 100)
    monkeypatch.chdir(tmp_path / "gone")
    job = DecodeJob(FileResource("a.wav", "", "a.wav"), SETTINGS)
    other = file_job(tmp_path / "b.wav")
    (tmp_path / "gone").rmdir()

    run_all(serving, [job, other])

    assert isinstance(job.error, palace.PalaceError)
    assert other.error is None
    assert serving._processes[0].thread.is_alive()


def test_memory_error_loses_no_job(serving: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is no memory for a result, the load fails, and the next one is possible."""

    def room_for(*format: Any) -> Any:
        raise MemoryError

    sounds.wav(tmp_path / "a.wav", 100)
    with monkeypatch.context() as patch:
        patch.setattr(process_worker, "_room_for", room_for)
        job = file_job(tmp_path / "a.wav")
        run_all(serving, [job])
    assert isinstance(job.error, palace.DecodeError)

    run_all(serving, [again := file_job(tmp_path / "a.wav")])
    assert again.error is None


def test_no_memory_to_send_loses_no_job(serving: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = DecoderProcess.send

    def send(process: DecoderProcess, requests: Any) -> None:
        monkeypatch.setattr(DecoderProcess, "send", usual)
        raise MemoryError

    monkeypatch.setattr(DecoderProcess, "send", send)
    sounds.wav(tmp_path / "a.wav", 100)

    run_all(serving, [job := file_job(tmp_path / "a.wav")])

    assert job.error is None


def test_names_of_standard_modules_are_safe(pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process imports no module of the game that has the name of a standard one."""
    for name in ("json", "struct", "operator", "enum"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)")
    monkeypatch.syspath_prepend(tmp_path)

    warm_up(pool, tmp_path)

    assert pool.processes == 1


@pytest.mark.parametrize("name", decoder_process._LIBRARIES)
def test_names_of_libraries_are_safe(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The process imports the libraries from where the game has them."""
    marker = tmp_path / "imported"
    (tmp_path / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').close()")
    monkeypatch.syspath_prepend(tmp_path)
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        archive.write(sounds.wav(tmp_path / "a.wav", 10), "a.wav")
    loader = pyglet.resource.Loader(["sounds.zip"], script_home=str(tmp_path))

    warm_up(pool, tmp_path)
    run_all(pool, [DecodeJob(resources.locate("a.wav", loader), SETTINGS)])

    assert pool.processes == 1
    assert not marker.exists()


def test_dropped_request_is_answered() -> None:
    """A claimed job ends, although it was cancelled before the process has seen it."""
    requests = decoder_main._Requests()
    requests.put(1, resources.locate("/a.wav"), SETTINGS)
    requests.drop(1)

    assert requests.take()[0] == 1
    assert not requests.is_wanted(1)


def test_only_results_wait_to_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes do not wait behind results, because the thread that sends them receives the requests."""
    monkeypatch.setattr(decoder_main, "_MOST_UNSENT", -1)
    outbox = decoder_main._Outbox()
    thread = threading.Thread(target=outbox.put, args=("sizes", 1, 0, [5]), daemon=True)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()


def test_jobs_of_a_process_end_with_the_pool(tmp_path: Path) -> None:
    """After `close`, nothing waits for a job that was sent to a process or was to be run by another one."""
    queues = ProcessQueues(None, uses_processes=True)
    window = Window()
    first, second = (file_job(tmp_path / name) for name in ("a.wav", "b.wav"))
    queues.submit([first, second])
    queues.refill(window, 1)
    queues._cancel_all()

    assert queues.take_back(window, stalled=False) is None

    assert (first.state, second.state) == ("done", "done")
    assert not queues.finished
