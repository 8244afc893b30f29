"""Jobs and workers, without OpenAL: who does what, in which order, and how it ends."""

from __future__ import annotations

import io
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from pyglet_palace._decoding.files import OpenFile
from pyglet_palace._decoding.load import Settings
from pyglet_palace._loading import expected_time, workers
from pyglet_palace._loading.jobs import DecodeJob
from pyglet_palace._loading.workers import WorkerPool, default_workers
from pyglet_palace.errors import BufferTooLarge, DecodeError, ResourceNotFound, ResourceUnreadable
from pyglet_palace.resources import Resource
from tests.conftest import loader_threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Settings(limit=1000, supported=frozenset({("Mono", "Unsigned 8-bit")}))


class Fake(Resource):
    """A resource that calls something when it is opened; its file is 8-bit WAV."""

    def __init__(self, key: str, first: Callable[[], object], frames: int) -> None:
        super().__init__(key)
        self.first = first
        self.frames = frames
        #: Names of the threads that opened it.
        self.log: list[str] = []

    def _open(self, limit: int) -> OpenFile:
        self.log.append(threading.current_thread().name)
        self.first()
        data = wav_8_bit(self.frames)
        return OpenFile(io.BytesIO(data), len(data))


def wav_8_bit(frames: int) -> bytes:
    size = frames.to_bytes(4, "little")
    head = b"WAVEfmt \x10\0\0\0\1\0\1\0" + (8000).to_bytes(4, "little") * 2 + b"\1\0\x08\0data" + size
    body = head + bytes(number % 256 for number in range(frames)) + b"\0" * (frames % 2)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


class Hold:
    """A call that blocks until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        assert self.released.wait(60)


@pytest.fixture
def loader() -> Iterator[WorkerPool]:
    """A loader of one worker."""
    made = WorkerPool(1)
    yield made
    made.close()


def job(name: str = "sound", first: Callable[[], object] = lambda: None, frames: int = 4) -> DecodeJob:
    return DecodeJob(Fake(name, first, frames), SETTINGS)


def test_job_is_run_and_handed_over_once(loader: WorkerPool) -> None:
    one = job()
    assert one.state == "queued"

    loader.submit([one])
    loader.wait_for_finished(None)

    assert [*loader.finished] == [one]
    assert one.state == "done"
    assert one.error is None
    assert one.samples is not None
    assert one.samples.data[:, 0].tolist() == [0, 1, 2, 3]
    assert one.expected == expected_time.of_samples("PCM_U8", 4)
    assert one.resource.log == ["pyglet_palace loader 1"]  # type: ignore[attr-defined]


def test_jobs_run_first_in_first_out(loader: WorkerPool) -> None:
    hold = Hold()
    jobs = [job("first", hold), *(job(f"job {number}") for number in range(20))]
    loader.submit(jobs[:1])
    assert hold.entered.wait(30)
    loader.submit(jobs[1:11])
    loader.submit([*jobs[5:11], *jobs[11:]])  # the ones queued already keep their place
    assert loader.queued == 20

    hold.released.set()
    wait_until(lambda: len(loader.finished) == 21)

    assert [*loader.finished] == jobs
    assert loader.queued == 0


def test_claimed_job_is_run_by_its_claimer(loader: WorkerPool) -> None:
    hold = Hold()
    first, taken = job("first", hold), job("taken")
    loader.submit([first, taken])
    assert hold.entered.wait(30)

    assert loader.claim(taken)
    assert taken.state == "claimed"
    assert not loader.claim(taken)
    assert not loader.claim(first)
    taken.run()
    loader.finish(taken)
    hold.released.set()
    wait_until(lambda: len(loader.finished) == 2)

    assert [*loader.finished] == [taken, first]
    assert taken.resource.log == [threading.current_thread().name]  # type: ignore[attr-defined]


def test_job_claimed_first_is_never_queued(loader: WorkerPool) -> None:
    """A job may be claimed before it is submitted."""
    one = job()
    assert loader.claim(one)

    loader.submit([one])

    assert loader.queued == 0
    assert one.state == "claimed"


def test_withdrawn_queued_job_is_dropped(loader: WorkerPool) -> None:
    hold = Hold()
    first, unwanted, last = job("first", hold), job("unwanted"), job("last")
    loader.submit([first, unwanted, last])
    assert hold.entered.wait(30)

    loader.withdraw(unwanted)

    assert unwanted.state == "dropped"
    assert not loader.claim(unwanted)
    hold.released.set()
    wait_until(lambda: len(loader.finished) == 2)
    assert [*loader.finished] == [first, last]
    assert unwanted.resource.log == []  # type: ignore[attr-defined]


def test_dropped_job_is_not_queued_again(loader: WorkerPool) -> None:
    one = job()
    loader.withdraw(one)

    loader.submit([one])

    assert loader.queued == 0
    assert one.state == "dropped"


def test_withdrawn_running_job_is_discarded(loader: WorkerPool) -> None:
    """It runs to its end and its result is not handed over."""
    hold = Hold()
    one, other = job("one", hold), job("other")
    loader.submit([one])
    assert hold.entered.wait(30)

    loader.withdraw(one)  # does not wait

    assert one.state == "claimed"
    hold.released.set()
    loader.submit([other])
    loader.wait_for(one)
    wait_until(lambda: loader.finished)
    assert one.state == "done"
    assert [*loader.finished] == [other]


def test_withdrawn_done_job_frees_samples(loader: WorkerPool) -> None:
    one = job()
    loader.submit([one])
    loader.wait_for_finished(None)

    loader.withdraw(one)

    assert one.samples is None


def test_wait_for_waits_for_that_job_only(loader: WorkerPool) -> None:
    hold, hold_next = Hold(), Hold()
    one, following = job("one", hold), job("following", hold_next)
    loader.submit([one, following])
    assert hold.entered.wait(30)
    threading.Timer(0, hold.released.set).start()

    loader.wait_for(one)

    assert one.state == "done"
    assert following.state != "done"
    loader.wait_for(one)  # what is done is not waited for
    hold_next.released.set()


def test_wait_for_finished_times_out(loader: WorkerPool) -> None:
    loader.wait_for_finished(0)
    loader.wait_for_finished(0.01)

    assert not loader.finished


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FileNotFoundError("gone"), ResourceNotFound),
        (PermissionError("no"), ResourceUnreadable),
        (ZeroDivisionError("odd"), ResourceUnreadable),
    ],
)
def test_open_error_has_no_traceback(loader: WorkerPool, raised: Exception, expected: type[Exception]) -> None:
    def fail() -> None:
        raise raised

    one = job("bad", fail)
    loader.submit([one])
    loader.wait_for_finished(None)

    assert type(one.error) is expected
    assert one.error.__traceback__ is None
    assert one.error.__cause__ is raised
    assert one.error.name == "bad"


def test_job_over_the_limit_fails(loader: WorkerPool) -> None:
    one = job(frames=1001)
    loader.submit([one])
    loader.wait_for_finished(None)

    assert isinstance(one.error, BufferTooLarge)
    assert one.samples is None


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_worker_survives_base_exceptions(loader: WorkerPool, raised: type[BaseException]) -> None:
    def fail() -> None:
        raise raised("of the game's")

    bad, good = job("bad", fail), job("good")
    loader.submit([bad, good])
    wait_until(lambda: len(loader.finished) == 2)

    assert isinstance(bad.error, DecodeError)
    assert isinstance(bad.error.__cause__, raised)
    assert raised.__name__ in str(bad.error)
    assert good.error is None
    assert loader.workers == 1


def test_close_ends_workers_and_queue() -> None:
    loader = WorkerPool(3)
    assert loader.workers == 3
    hold = Hold()
    jobs = [job("held", hold) for _ in range(3)] + [job("queued")]
    loader.submit(jobs)
    wait_until(lambda: loader.queued == 1)
    hold.released.set()

    loader.close()

    wait_until(lambda: loader.workers == 0)
    assert jobs[-1].state in ("dropped", "done")


def test_close_leaves_a_blocked_worker() -> None:
    """The worker ends when its file returns."""
    loader = WorkerPool(1)
    hold = Hold()
    one, queued = job("held", hold), job("queued")
    loader.submit([one, queued])
    assert hold.entered.wait(30)

    loader.close()

    assert loader.workers == 1
    assert queued.state == "dropped"
    hold.released.set()
    wait_until(lambda: loader.workers == 0)
    assert one.state == "done"
    assert queued.resource.log == []  # type: ignore[attr-defined]


def test_close_wakes_wait_for_finished() -> None:
    loader = WorkerPool(1)
    waiter = threading.Thread(target=loader.wait_for_finished, args=(None,))
    waiter.start()

    loader.close()

    waiter.join(30)
    assert not waiter.is_alive()


def test_idle_workers_are_sleeping_daemons() -> None:
    loader = WorkerPool(2)

    assert sorted(thread.name for thread in loader_threads()) == ["pyglet_palace loader 1", "pyglet_palace loader 2"]
    assert all(thread.daemon for thread in loader_threads())

    loader.close()


def test_each_job_wakes_another_worker() -> None:
    loader = WorkerPool(2)
    holds = Hold(), Hold()
    wait_until(lambda: len(loader._work._waiters) == 2)  # type: ignore[attr-defined]

    for number, hold in enumerate(holds):
        loader.submit([job(f"job {number}", hold)])
        assert hold.entered.wait(30)

    for hold in holds:
        hold.released.set()
    loader.close()


def test_default_workers_leave_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """One less than the cores, from 1 to 4."""
    counts = {}
    for cores in (1, 2, 3, 5, 64):
        monkeypatch.setattr("os.process_cpu_count", lambda cores=cores: cores, raising=False)
        counts[cores] = default_workers()

    assert counts == {1: 1, 2: 1, 3: 2, 5: 4, 64: 4}


def test_concurrent_claims_run_jobs_once() -> None:
    loader = WorkerPool(2)
    jobs = [job(f"job {number}") for number in range(500)]
    loader.submit(jobs)

    def help_out() -> None:
        for one in reversed(jobs):
            if loader.claim(one):
                one.run()
                loader.finish(one)

    helpers = [threading.Thread(target=help_out) for _ in range(2)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join()
    wait_until(lambda: len(loader.finished) == 500)
    loader.close()

    assert all(len(one.resource.log) == 1 for one in jobs)  # type: ignore[attr-defined]


# Order


def test_urgent_jobs_go_first_in_order(loader: WorkerPool) -> None:
    hold = Hold()
    one, two, three, four, five = (job(name) for name in ("one", "two", "three", "four", "five"))
    loader.submit([job("held", hold)])
    assert hold.entered.wait(30)
    loader.submit([one, two, three])

    loader.submit([four, three], first=True)
    loader.submit([five, one])  # at the end; what is queued keeps its place
    hold.released.set()
    wait_until(lambda: len(loader.finished) == 6)

    assert [done.key for done in loader.finished] == ["held", "four", "three", "one", "two", "five"]


def test_returned_job_is_taken_next(loader: WorkerPool) -> None:
    loader.submit([job("one"), job("two")])
    wait_until(lambda: len(loader.finished) == 2)
    first = loader.take_finished()
    assert first is not None
    loader.return_finished([first])
    assert [loader.take_finished(), loader.take_finished(), loader.take_finished()][0] is first
    assert loader.take_finished() is None


# Bytes in flight


def test_in_flight_counts_until_published(loader: WorkerPool) -> None:
    jobs = [job(f"{number}", frames=500) for number in range(3)]
    loader.submit(jobs)
    wait_until(lambda: len(loader.finished) == 3)
    assert loader.in_flight == 1500

    assert loader.take_finished() is jobs[0]
    loader.withdraw(jobs[1])
    assert loader.in_flight == 500
    loader.mark_published(jobs[2])
    assert loader.in_flight == 0
    loader.discard_finished()
    assert loader.in_flight == 0


def test_memory_counts_from_the_header_on(loader: WorkerPool) -> None:
    hold = Hold()
    decoding = threading.Event()

    def loading(*_: object) -> None:
        decoding.set()
        hold()

    settings = Settings(1000, SETTINGS.supported, loading=loading)
    one = DecodeJob(Fake("one", lambda: None, 500), settings)
    loader.submit([one])
    assert decoding.wait(30)
    assert loader.in_flight == 500
    loader.withdraw(one)
    hold.released.set()
    wait_until(lambda: one.state == "done")
    assert loader.in_flight == 0
    assert one.samples is None


def is_asleep(loader: WorkerPool) -> bool:
    """Whether its one worker waits for something to do."""
    return len(loader._work._waiters) == 1  # type: ignore[attr-defined]


def test_no_job_starts_over_the_budget() -> None:
    loader = WorkerPool(1, budget=600)
    loader.submit([job(f"{number}", frames=500) for number in range(4)])
    for queued in (2, 1, 0):
        wait_until(lambda: len(loader.finished) == 2 and is_asleep(loader))
        assert loader.queued == queued
        loader.take_finished()  # 500 are in flight then, so one more is begun
    loader.close()


def test_one_job_runs_whatever_the_budget() -> None:
    loader = WorkerPool(1, budget=0)
    loader.submit([job("one", frames=500), job("two")])
    wait_until(lambda: loader.finished and is_asleep(loader))
    assert loader.queued == 1
    loader.take_finished()
    wait_until(lambda: loader.finished)
    loader.close()


@pytest.mark.parametrize("room", ["withdraw", "budget", "claim"])
def test_freed_memory_wakes_a_worker(room: str) -> None:
    loader = WorkerPool(1, budget=0)
    one, two = job("one", frames=500), job("two")
    loader.submit([one, two])
    wait_until(lambda: loader.finished and is_asleep(loader))
    assert two.state == "queued"
    if room == "withdraw":
        loader.withdraw(one)
    elif room == "budget":
        loader.budget = None
    else:  # who cannot wait needs no room
        assert loader.claim(two)
        two.run()
        loader.finish(two)
    wait_until(lambda: two.state == "done")
    loader.close()


def test_close_ends_a_worker_over_budget() -> None:
    loader = WorkerPool(1, budget=0)
    loader.submit([job("one", frames=500), job("two")])
    wait_until(lambda: loader.finished)
    loader.close()
    wait_until(lambda: loader.workers == 0)


# Workers that are held


@pytest.fixture
def _held_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "STALL_SECONDS", 1.0)


@pytest.mark.usefixtures("_held_after_a_second")
def test_stalled_worker_is_replaced(loader: WorkerPool, caplog: pytest.LogCaptureFixture) -> None:
    hold, hold_next = Hold(), Hold()
    held, queued, following = job("held", hold), job("queued", hold_next), job("following")
    loader.submit([held, queued, following])
    assert hold.entered.wait(30)
    loader.replace_stalled(held.last_heartbeat + 0.9)
    assert len(loader_threads()) == 1

    loader.replace_stalled(held.last_heartbeat + 1.1)
    assert hold_next.entered.wait(30)
    queued.last_heartbeat = held.last_heartbeat + 1.1
    loader.replace_stalled(held.last_heartbeat + 1.2)  # once

    assert loader.workers == 1
    assert len(loader_threads()) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "'held' has blocked a loading thread for a second; a new thread replaces it"
    ]
    hold.released.set()
    wait_until(lambda: len(loader_threads()) == 1)
    assert held.state == "done"
    assert following.state == "queued"  # who was relieved begins nothing more
    hold_next.released.set()
    wait_until(lambda: following.state == "done")


@pytest.mark.usefixtures("_held_after_a_second")
def test_no_replacement_without_a_queue(loader: WorkerPool) -> None:
    hold = Hold()
    held = job("held", hold)
    loader.submit([held])
    assert hold.entered.wait(30)
    loader.replace_stalled(held.last_heartbeat + 100)
    assert len(loader_threads()) == 1
    hold.released.set()


@pytest.mark.usefixtures("_held_after_a_second")
def test_replacements_are_limited(loader: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_MAX_STALLED", 2)
    holds = [Hold() for _ in range(4)]
    loader.submit([job("held", hold) for hold in holds])
    for number in range(4):
        wait_until(lambda number=number: sum(hold.entered.is_set() for hold in holds) == min(number + 1, 3))  # type: ignore[misc]
        loader.replace_stalled(float("inf"))
    assert len(loader_threads()) == 3
    for hold in holds:
        hold.released.set()
    wait_until(lambda: len(loader.finished) == 4)


@pytest.mark.usefixtures("_held_after_a_second")
def test_missing_thread_keeps_the_worker(
    loader: WorkerPool, monkeypatch: pytest.MonkeyPatch, logged_warnings: Callable[[], list[str]]
) -> None:
    """A worker that could not be replaced goes on when its file returns."""
    hold = Hold()
    loader.submit([job("held", hold), queued := job("queued")])
    assert hold.entered.wait(30)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        loader.replace_stalled(float("inf"))
    assert logged_warnings() == ["cannot start a thread to replace one that is blocked in a file or decoder"]
    hold.released.set()
    wait_until(lambda: queued.state == "done")


@pytest.mark.usefixtures("_held_after_a_second")
def test_missing_thread_delays_the_replacement(loader: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queued jobs are not lost: a later update replaces the worker, once there are threads."""
    hold = Hold()
    loader.submit([job("held", hold), queued := job("queued")])
    assert hold.entered.wait(30)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        loader.replace_stalled(float("inf"))
    assert queued.state == "queued"
    loader.replace_stalled(float("inf"))
    wait_until(lambda: queued.state == "done")
    hold.released.set()


def test_idle_worker_keeps_no_job(loader: WorkerPool) -> None:
    """The samples of a job are freed as soon as they are published."""

    class Tracked(DecodeJob):
        """A job with weak references."""

    done = Tracked(Fake("sound", lambda: None, 4), SETTINGS)
    tracked = weakref.ref(done)
    loader.submit([done])
    loader.wait_for_finished(None)
    assert loader.take_finished() is done
    del done
    wait_until(lambda: tracked() is None)


def test_closed_pool_discards_running_jobs(loader: WorkerPool) -> None:
    hold = Hold()
    running = job("running", hold)
    loader.submit([running])
    assert hold.entered.wait(30)
    loader.close()
    hold.released.set()
    wait_until(lambda: running.state == "done")
    assert running.samples is None
    assert not loader.finished
