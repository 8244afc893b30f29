"""What a game waits for comes first, and a batch can be waited for in every style a game is written in."""

from __future__ import annotations

import asyncio
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, raised_elsewhere, wait_until
from tests.test_buffer import held
from tests.test_buffer import names as names

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from typing import BinaryIO


# First things first


@pytest.fixture
def opened() -> list[str]:
    """Names of files, in the order in which loads have opened them."""
    order: list[str] = []

    def note(file: BinaryIO) -> palace.BaseDecoder:
        order.append(os.path.basename(file.name) if isinstance(file.name, str) else None)  # type: ignore[arg-type]
        raise RuntimeError("not mine")

    palace.decoder_factories.a = note
    return order


def start_of(batch: palace.Batch) -> None:
    batch.start(lambda batch: None)


def awaiting(batch: palace.Batch) -> None:
    next(batch.__await__())


@pytest.mark.parametrize("waits", [lambda batch: batch.wait(0.001), start_of, awaiting])
def test_awaited_names_go_first(
    context: palace.Context, names: tuple[str, ...], opened: list[str], waits: Callable[[palace.Batch], object]
) -> None:
    with held("a.wav") as gate:
        palace.cache(names)
        batch = palace.preload(["d.wav", "c.wav"])
        assert gate.entered.wait(30)
        waits(batch)
    loaded(context)
    assert opened == ["a.wav", "d.wav", "c.wav", "b.wav"]


def test_workers_load_awaited_names_first(
    device: palace.LoopbackDevice, names: tuple[str, ...], opened: list[str]
) -> None:
    with palace.Context(device, auto_update=False, workers=2) as context, held("a.wav") as first:
        with held("d.wav") as second:
            palace.cache(["a.wav"])
            assert first.entered.wait(30)
            batch = palace.preload(["d.wav"])
            assert second.entered.wait(30)
            palace.cache(["b.wav"])
            batch_2 = palace.preload(["c.wav"])
            assert opened == ["a.wav", "d.wav"]
            assert batch_2.wait()  # on this thread, for no worker is free
            assert opened == ["a.wav", "d.wav", "c.wav"]
        assert batch.wait()
        first.open()
        loaded(context)


def test_wait_starts_with_the_largest_file(context: palace.Context, opened: list[str], assets: Path) -> None:
    """A long file that is begun last keeps one thread busy while the others have nothing to do."""
    sizes = {"a.wav": 10, "b.wav": 300, "c.wav": 20, "d.wav": 200, "e.wav": 100}
    for name, frames in sizes.items():
        sounds.wav(assets / name, frames)
    with zipfile.ZipFile(assets / "more.zip", "w") as archive:
        archive.write(assets / "d.wav", "zipped.wav")
    os.remove(assets / "d.wav")
    pyglet.resource.path.append(str(assets / "more.zip"))
    pyglet.resource.reindex()
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.preload([assets / "missing.wav", "e.wav", "zipped.wav", "c.wav", "b.wav"]).wait()
    wait_until(lambda: not context.pending_names, context)
    assert opened == ["a.wav", "b.wav", None, "e.wav", "c.wav"]  # a copy of what is in a zip has no name


def test_wait_0_keeps_the_order(context: palace.Context, names: tuple[str, ...], opened: list[str]) -> None:
    with held("a.wav") as gate:
        palace.cache(names)
        batch = palace.preload(["d.wav"])
        assert gate.entered.wait(30)
        assert not batch.wait(0)
    loaded(context)
    assert opened == list(names)


def test_urgent_names_go_first_in_order(
    context: palace.Context, names: tuple[str, ...], opened: list[str], assets: Path
) -> None:
    sounds.wav(assets / "e.wav")
    with held("a.wav") as gate:
        palace.cache(names)
        assert gate.entered.wait(30)
        palace.preload(["d.wav"], urgent=True)
        palace.preload([assets / "e.wav", "c.wav", "a.wav"], urgent=True)
        assert context.pending_names == (*names, str(assets / "e.wav"))  # in the order asked for, all the same
    loaded(context)
    assert opened == ["a.wav", "e.wav", "c.wav", "d.wav", "b.wav"]


# asyncio


def test_asyncio_awaits_a_batch(context: palace.Context, names: tuple[str, ...]) -> None:
    """The context needs no clock meanwhile."""

    async def level() -> palace.Batch:
        return await palace.preload([*names, "missing.wav"])

    batch = asyncio.run(level())

    assert batch.finished
    assert context.cached_names == names
    assert list(batch.failed) == ["missing.wav"]


def test_other_tasks_run_during_an_await(context: palace.Context, names: tuple[str, ...]) -> None:
    turns = 0

    async def game(open_gate: Callable[[], None]) -> None:
        nonlocal turns
        while turns < 3:
            await asyncio.sleep(0)
            turns += 1
        open_gate()

    async def level() -> None:
        with held("a.wav") as gate:
            other = asyncio.create_task(game(gate.open))
            await palace.preload(names)
            await other

    asyncio.run(level())
    assert turns == 3


def test_cancel_ends_an_await(context: palace.Context, names: tuple[str, ...]) -> None:
    async def level() -> palace.Batch:
        with held("a.wav"):
            batch = palace.preload(names)
            asyncio.get_running_loop().call_soon(batch.cancel)
            return await batch

    assert not asyncio.run(level()).failed


# A loop of the game's own


def driven(coroutine: Any) -> Generator[None, None, Any]:
    """What a loop that goes on with its coroutines once a frame does."""
    return (yield from coroutine.__await__())


def test_custom_loop_resumes_each_frame(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("d.wav") as gate:
        batch = palace.preload(names)
        frames = driven(batch)
        assert [next(frames) for _ in range(3)] == [None] * 3
        gate.open()
        for _ in frames:
            context._engine.workers.wait_for_finished(0.01)
    assert batch.finished
    assert context.cached_names == names


def test_finished_batch_is_awaited_at_once(context: palace.Context) -> None:
    batch = palace.preload([])
    with pytest.raises(StopIteration) as ended:
        next(driven(batch))
    assert ended.value.value is batch


def test_destroy_ends_an_await(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav"):
        batch = palace.preload(names)
        frames = driven(batch)
        next(frames)
        context.destroy()
        with pytest.raises(StopIteration):
            next(frames)
    assert set(batch.failed) == set(names)


def test_await_checks_the_thread(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav"):
        batch = palace.preload(names)
        assert isinstance(raised_elsewhere(lambda: next(driven(batch))), RuntimeError)
        assert isinstance(raised_elsewhere(lambda: batch.start(print)), RuntimeError)


# pyglet 3: an operation that a chain yields has `start`, is given two callbacks, and returns a third


def test_chain_resumes_with_the_update(context: palace.Context, names: tuple[str, ...]) -> None:
    went_on: list[palace.Batch] = []
    batch = palace.preload([*names, "missing.wav"])
    batch.start(went_on.append, pytest.fail)
    assert batch.wait()
    assert went_on == []  # waiting tells nothing
    context.update()
    assert went_on == [batch]
    context.update()
    assert went_on == [batch]


def test_chain_resumes_at_once_if_finished(context: palace.Context) -> None:
    went_on: list[palace.Batch] = []
    batch = palace.preload([])
    batch.start(went_on.append)
    assert went_on == [batch]


def test_stopped_chain_is_not_called(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names, on_complete=lambda batch: withdraw_late())
    withdraw = batch.start(pytest.fail)
    withdraw_late = batch.start(pytest.fail)  # by a handler that is called first
    withdraw()
    withdraw()
    loaded(context)
    assert context.cached_names == names


@pytest.mark.parametrize("end", [palace.Batch.cancel, palace.Batch.release, lambda batch: palace.shutdown()])
def test_chain_resumes_whatever_the_end(
    context: palace.Context, names: tuple[str, ...], end: Callable[[palace.Batch], object]
) -> None:
    went_on: list[palace.Batch] = []
    with held("a.wav"):
        batch = palace.preload(names, on_complete=pytest.fail if end is palace.Batch.cancel else None)
        batch.start(went_on.append)
        end(batch)
        if context:
            context.update()
    assert went_on == [batch]


def test_chain_errors_do_not_affect_others(context: palace.Context, names: tuple[str, ...]) -> None:
    def fail(_: palace.Batch) -> None:
        raise ZeroDivisionError

    went_on: list[palace.Batch] = []
    batch = palace.preload(names)
    batch.start(fail)
    batch.start(went_on.append)
    assert batch.wait()
    with pytest.raises(ZeroDivisionError):
        context.update()
    context.update()
    assert went_on == [batch]
