"""Which queued loads a thread that waits runs itself, and in which order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from pyglet_palace import resources
from pyglet_palace._decoding import load
from pyglet_palace._decoding.load import Settings
from pyglet_palace._loading.calling_thread import CallingThread
from pyglet_palace._loading.jobs import DecodeJob
from pyglet_palace._loading.wait_order import WaitOrder
from pyglet_palace._loading.waiting import BatchWaits
from pyglet_palace._loading.workers import WorkerPool
from tests import sounds
from tests.conftest import loaded, wait_until
from tests.test_buffer import NAMES, held
from tests.test_buffer import names as names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.test_buffer import Gate

SETTINGS = Settings(limit=1000, supported=frozenset())
ENCODED = Settings(limit=1000, supported=frozenset(), factories=(lambda file: None,))  # type: ignore[arg-type,return-value]


def job(name: str, expected: float, settings: Settings = SETTINGS) -> DecodeJob:
    made = DecodeJob(resources.locate(f"/{name}"), settings)
    made.expected = expected
    return made


def taken(order: WaitOrder) -> list[str]:
    found = []
    while (one := order.take()) is not None:
        found.append(one.key.removeprefix("/"))
    return found


@pytest.mark.parametrize(("name", "size", "short"), [
    ("a.wav", 100_000, True), ("A.WAV", 2**21, True), ("a.aiff", 1000, True),
    ("a.wav", 2**21 + 1, False), ("a.wav", 0, False), ("a.ogg", 1000, False), ("a", 1000, False),
])  # fmt: skip
def test_short_copy_is_a_short_file_of_samples(tmp_path: Path, name: str, size: int, short: bool) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(size))
    one = DecodeJob(resources.locate(path), SETTINGS)
    one.measure()
    assert one.is_short_copy == short


def test_loads_with_code_of_the_game_are_no_copies() -> None:
    assert job("a.wav", 200_000.0).is_short_copy
    assert not job("a.wav", 200_000.0, ENCODED).is_short_copy


def test_short_copies_come_first_if_workers_do_the_rest() -> None:
    order = WaitOrder([job("long.ogg", 9e9), job("a.wav", 2e5), job("b.wav", 1e5)], workers=1)
    assert [one.key for one in order.copies] == ["/a.wav", "/b.wav"]
    assert taken(order) == ["a.wav", "b.wav", "long.ogg"]


def test_loads_longer_than_all_copies_come_first() -> None:
    """One of them is left to the worker."""
    order = WaitOrder([job("long.ogg", 9e9), job("long.mp3", 8e9), job("a.wav", 2e5), job("b.wav", 1e5)], workers=1)
    assert taken(order) == ["long.ogg", "a.wav", "b.wav", "long.mp3"]


def test_claimed_loads_do_not_count() -> None:
    long = job("long.ogg", 9e9)
    order = WaitOrder([long, job("long.mp3", 8e9), job("a.wav", 2e5)], workers=1)
    long.state = "claimed"
    assert taken(order) == ["a.wav", "long.mp3"]


def test_workers_help_with_slow_copies() -> None:
    one, other = job("a.wav", 2e5), job("b.mp3", 1e6)
    order = WaitOrder([other, one], workers=1)
    one.kept = True
    assert not order.note(other, 5.0)
    assert not any(order.note(one, 0.0005) for _ in range(1000))
    assert any(order.note(one, 0.01) for _ in range(1000))


def test_workers_help_with_encoded_copies() -> None:
    one = job("a.wav", 2e5)
    one.kept = True
    one.described("IMA_ADPCM", 1000)
    assert WaitOrder([one], workers=1).note(one, 0.0)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The name of the thread that has loaded each sound."""
    real = load.load
    found: dict[str, str] = {}

    def note(resource: Any, *arguments: Any) -> Any:
        found[resource.key] = threading.current_thread().name
        return real(resource, *arguments)

    monkeypatch.setattr(load, "load", note)
    return found


@pytest.fixture
def busy(context: palace.Context, names: tuple[str, ...]) -> Iterator[Gate]:
    """The worker is held in the load of a.wav. Loads that are requested now need no code of the game."""
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        vars(palace.decoder_factories).clear()
        yield gate


def test_waiting_thread_loads_all_short_copies(
    context: palace.Context, busy: Gate, threads: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is idle from the first of them on."""
    workers = context._engine.workers
    real = load.decode_all

    def end_the_other_load(name: str, *arguments: Any) -> Any:
        if name != "a.wav":
            busy.open()
            wait_until(lambda: workers.finished or "a.wav" in context.cached_names)
        return real(name, *arguments)

    monkeypatch.setattr(load, "decode_all", end_the_other_load)
    assert palace.preload(NAMES[1:]).wait()
    here = threading.current_thread().name
    assert threads == dict.fromkeys(NAMES[1:], here)


def test_interrupted_wait_leaves_copies_to_workers(
    context: palace.Context, busy: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = palace.preload(NAMES[1:])

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(load, "load", interrupt)
        with pytest.raises(KeyboardInterrupt):
            batch.wait()
    assert context.stats()["queued"] == 2
    busy.open()
    wait_until(lambda: not context.stats()["queued"])
    loaded(context)
    assert [type(error) for error in batch.failed.values()] == [palace.LoadCancelled]
    assert len(context.cached_names) == 3


def test_update_ends_what_an_interrupted_wait_has_left(context: palace.Context, busy: Gate) -> None:
    requests = context._engine.requests
    batch = palace.preload(NAMES[1:])
    requests._waits.keep(requests.jobs_of(NAMES[1:]))
    busy.open()
    loaded(context)
    assert batch.ok


def test_closed_pool_drops_kept_jobs() -> None:
    pool = WorkerPool(1)
    kept = [job("a.wav", 1e5), job("b.wav", 1e5)]
    pool.keep(kept)
    assert pool.queued == 2
    pool.close()
    assert [one.state for one in kept] == ["dropped"] * 2
    assert pool.queued == 0


def test_long_plain_files_are_left_to_threads(tmp_path: Path) -> None:
    """A decoder process would send their samples through a socket."""
    pool = WorkerPool(0)
    queues = pool._queue, pool._portable
    pool._uses_processes = True
    long, encoded = (DecodeJob(resources.locate(tmp_path / name), SETTINGS) for name in ("long.wav", "a.ogg"))
    (tmp_path / "long.wav").write_bytes(bytes(2**21 + 1))
    (tmp_path / "a.ogg").write_bytes(bytes(2**21 + 1))
    pool.submit([long, encoded])
    assert [list(queue) for queue in queues] == [[], [long, encoded]]

    class Requests:
        def jobs_of(self, names: object) -> list[DecodeJob]:
            return [long, encoded]

        def prefer(self, names: object) -> None:
            pool.submit([long, encoded], first=True)

        def publish(self, *, waiting: bool) -> list[str]:
            return []

    class Finished:
        names = ()
        finished = True

    BatchWaits(Requests(), pool, CallingThread(pool)).wait(Finished(), None)  # type: ignore[arg-type]

    assert [list(queue) for queue in queues] == [[long], [encoded]]
    assert not long.kept
    pool.close()


def test_wait_loads_encoded_wav_too(context: palace.Context, assets: Path) -> None:
    for number in range(4):
        sounds.write(assets / f"{number}.wav", sounds.noise(1000, 1), 44100, "IMA_ADPCM", "WAV")
    batch = palace.preload([assets / f"{number}.wav" for number in range(4)])
    assert batch.wait()
    assert batch.ok
