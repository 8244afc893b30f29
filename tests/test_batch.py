"""preload and Batch: what it counts, tells, waits for, cancels and frees."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, loaded, raised_elsewhere, wait_until
from tests.test_buffer import Offering, held, on_this_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("a.wav", "b.wav", "c.wav", "d.wav")


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Four sounds whose files are of 44 + 2000, 4000, 6000 and 8000 bytes."""
    for number, name in enumerate(NAMES, 1):
        sounds.wav(assets / name, 1000 * number)
    pyglet.resource.reindex()
    return NAMES


class Told:
    """What a batch tells: (event, done, progress)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, float]] = []

    def progress(self, batch: palace.Batch) -> None:
        self.events.append(("progress", batch.done, batch.progress))

    def complete(self, batch: palace.Batch) -> None:
        self.events.append(("complete", batch.done, batch.progress))

    @property
    def kinds(self) -> list[str]:
        return [event for event, _, _ in self.events]

    def preload(self, names: Any) -> palace.Batch:
        return palace.preload(names, on_progress=self.progress, on_complete=self.complete)


def test_names_are_unique_in_the_order_given_and_what_the_cache_calls_them(
    context: palace.Context, names: tuple[str, ...], assets: Path
) -> None:
    batch = palace.preload(name for name in ["b.wav", "a.wav", assets / "c.wav", "b.wav"])

    assert batch.names == ("b.wav", "a.wav", str(assets / "c.wav"))
    assert batch.total == 3
    assert batch.wait()


def test_done_counts_what_is_published_and_finished_is_all_of_it(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    with held("c.wav") as gate:
        batch = palace.preload(["a.wav", "missing.wav", "b.wav", "c.wav"])
        assert (batch.done, batch.finished) == (1, False)  # the missing one
        assert gate.entered.wait(30)
        assert batch.done == 1  # nothing is published by itself

        context.update()

        assert (batch.done, batch.total, batch.finished) == (3, 4, False)
    loaded(context)
    assert (batch.done, batch.finished) == (4, True)


def test_progress_is_weighted_by_the_sizes_of_the_files(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("d.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)  # in the last file, which is open: all sizes are known
        wait_until(lambda: batch.done == 3, context)

        sizes = [44 + 2000 * number for number in (1, 2, 3, 4)]
        assert batch.progress == pytest.approx(sum(sizes[:3]) / sum(sizes))
    assert batch.wait()
    assert batch.progress == 1.0


def test_a_file_of_unknown_size_counts_as_the_mean_of_the_known(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    with held("b.wav") as gate:
        batch = palace.preload([*names, "missing.wav"])
        assert gate.entered.wait(30)
        wait_until(lambda: batch.done == 2, context)

        known = (2044 + 4044) / 2  # of a.wav, loaded, and b.wav, open; three are unknown, one of them failed
        assert batch.progress == pytest.approx((2044 + known) / (2044 + 4044 + 3 * known))


def test_progress_never_goes_back_and_is_1_at_the_end_alone(context: palace.Context, assets: Path) -> None:
    sizes = [5, 50_000, 10, 200_000, 100, 100_000, 30]
    names = [f"{number}.wav" for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        sounds.wav(assets / name, size)
    pyglet.resource.reindex()
    batch = palace.preload(names)
    seen = [batch.progress]

    while not batch.finished:
        assert batch.progress < 1.0
        seen.append(batch.progress)
        context._engine.workers.wait_for_finished(0.01)
        context.update()
        seen.append(batch.progress)

    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0


def test_failed_maps_names_to_errors_without_tracebacks_and_cannot_be_changed(
    context: palace.Context, names: tuple[str, ...], assets: Path
) -> None:
    (assets / "junk.wav").write_bytes(b"junk")
    pyglet.resource.reindex()
    batch = palace.preload(["a.wav", "junk.wav", "missing.wav"])
    assert batch.wait()

    assert {name: type(error) for name, error in batch.failed.items()} == {
        "junk.wav": palace.DecodeError,
        "missing.wav": palace.ResourceNotFound,
    }
    for error in batch.failed.values():
        assert error.__traceback__ is None
        assert error.__cause__ is None or error.__cause__.__traceback__ is None
    with pytest.raises(TypeError):
        batch.failed["a.wav"] = ValueError()  # type: ignore[index]


def test_wait_blocks_until_finished_and_publishes(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)

    assert batch.wait() is True

    assert batch.finished
    assert sorted(context.cached_names) == sorted(names)
    assert context.pending_names == ()


def test_wait_tells_nothing_and_the_next_update_does(context: palace.Context, names: tuple[str, ...]) -> None:
    told, cached = Told(), []
    context.set_handler("on_cached", cached.append)
    batch = told.preload(names)

    batch.wait()
    assert told.kinds == cached == []
    context.update()

    assert sorted(cached) == sorted(names)
    assert told.kinds == ["progress", "complete"]


def test_while_it_waits_without_a_timeout_the_calling_thread_loads_its_names(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    with held("a.wav") as gate, held("d.wav") as last:
        last.open()
        batch = palace.preload(names)
        assert gate.entered.wait(30)  # the only worker is held
        palace.decoder_factories.z = on_this_thread(gate.open)  # not among its settings any more
        threading.Timer(0, lambda: last.entered.wait(30) and gate.open()).start()

        assert batch.wait()

        assert last.threads == [threading.current_thread().name]


def test_waiting_does_not_begin_what_others_have_asked_for(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate, held("b.wav") as others:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        palace.cache(["b.wav"])
        threading.Timer(0, gate.open).start()

        assert batch.wait()  # for ever, if it began the other, which is held

        assert threading.current_thread().name not in others.threads


def test_wait_with_a_timeout_gives_up_and_says_so(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)

        assert batch.wait(0.01) is False

        assert batch.done == 1
        assert context.cached_names == ("a.wav",)


def test_wait_0_only_looks_and_publishes(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        assert batch.wait(0) is False
    wait_until(lambda: context._engine.workers.finished)

    assert batch.wait(0) is True
    assert context.cached_names == ("a.wav",)


def test_wait_in_a_handler_publishes_and_tells_in_the_same_round(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    told: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        told.append(name)
        if name == "a.wav":
            assert batch.wait()
            assert told == ["a.wav"]

    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        threading.Timer(0, gate.open).start()
        context.update()

    assert sorted(told) == sorted(names)


def test_wait_takes_the_substitute_of_a_file_that_vanished_though_no_worker_is_free(
    context: palace.Context, names: tuple[str, ...], assets: Path
) -> None:
    context.message_handler = Offering(c="d.wav")
    (assets / "c.wav").unlink()
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)

        assert palace.preload(["b.wav", "c.wav"]).wait()

        assert palace.Buffer("c.wav").length == 4000


def test_an_interrupt_in_wait_fails_that_name_and_nothing_hangs_later(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.decoder_factories.interrupts = on_this_thread(interrupt)
        batch = palace.preload(["b.wav", "c.wav"])
        vars(palace.decoder_factories).clear()

        with pytest.raises(KeyboardInterrupt):
            batch.wait()

    loaded(context)
    assert batch.finished
    assert isinstance(batch.failed["c.wav"], palace.LoadCancelled)  # the larger one comes first
    assert palace.Buffer("c.wav").length == 3000


def test_a_decoder_called_by_wait_may_destroy_the_context(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.decoder_factories.destroys = on_this_thread(context.destroy)
        batch = palace.preload(["b.wav", "c.wav"])

        with pytest.raises(palace.DestroyedError):
            batch.wait()

    assert batch.finished
    assert {type(error) for error in batch.failed.values()} == {palace.LoadCancelled}


# Cancelling and releasing


def test_cancel_finishes_at_once_and_sends_nothing_more(context: palace.Context, names: tuple[str, ...]) -> None:
    told = Told()
    with held("a.wav") as gate:
        batch = told.preload(names)
        assert gate.entered.wait(30)

        batch.cancel()

        assert (batch.finished, batch.done, batch.progress) == (True, 4, 1.0)
        assert batch.wait() is True
        assert context.pending_names == ()
    context.update()
    assert told.kinds == []
    assert context.cached_names == ()


@pytest.mark.parametrize("how", ["cancel", "release"])
def test_cancelled_by_a_handler_it_sends_nothing_of_what_was_due(
    context: palace.Context, names: tuple[str, ...], how: str
) -> None:
    told = Told()
    batch = told.preload(["a.wav"])
    assert batch.wait()
    context.set_handler("on_cached", lambda name: getattr(batch, how)())

    context.update()
    context.update()

    assert told.kinds == []


@pytest.mark.parametrize("other", ["batch", "cache", "cache before"])
def test_cancel_leaves_what_somebody_else_wants(context: palace.Context, names: tuple[str, ...], other: str) -> None:
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        if other == "cache before":
            palace.cache(["b.wav"])
        batch = palace.preload(["b.wav", "c.wav"])
        if other == "cache":
            palace.cache(["b.wav"])
        elif other == "batch":
            second = palace.preload(["b.wav"])

        batch.cancel()

        assert context.pending_names == ("a.wav", "b.wav")
    loaded(context)
    assert context.cached_names == ("a.wav", "b.wav")
    if other == "batch":
        assert second.finished
        assert not second.failed


def test_cancel_after_the_end_changes_nothing(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload([*names, "missing.wav"])
    batch.wait()
    context.update()

    batch.cancel()
    batch.cancel()

    assert list(batch.failed) == ["missing.wav"]
    assert sorted(context.cached_names) == sorted(names)


def test_release_frees_the_names_that_no_other_batch_holds(context: palace.Context, names: tuple[str, ...]) -> None:
    first, second = palace.preload(["a.wav", "b.wav"]), palace.preload(["b.wav", "c.wav"])
    assert first.wait()
    assert second.wait()

    first.release()
    assert sorted(context.cached_names) == ["b.wav", "c.wav"]
    first.release()
    assert sorted(context.cached_names) == ["b.wav", "c.wav"]
    second.release()

    assert context.cached_names == ()
    assert context.stats()["buffers"] == 0


def test_leaving_a_with_block_releases(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)
    batch.wait()

    with pytest.raises(ZeroDivisionError), batch:
        raise ZeroDivisionError

    assert not batch
    assert context.cached_names == ()


def test_release_cancels_what_is_not_done(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        context.update()

        batch.release()

        assert context.pending_names == context.cached_names == ()
        assert batch.finished


def test_release_stops_what_plays_and_tells_before_it_returns(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)
    batch.wait()
    source = palace.Buffer("a.wav").play()
    told: list[palace.Source] = []
    context.set_handler("on_source_force_stopped", told.append)

    batch.release()

    assert told == [source]


def test_a_name_freed_before_it_arrived_has_failed_as_cancelled(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    with held("a.wav") as gate:
        batch = palace.preload(["a.wav", "b.wav", "c.wav"])
        assert gate.entered.wait(30)

        palace.free(["a.wav", "b.wav"])

        assert batch.done == 2
        assert {name: (type(error), error.stage) for name, error in batch.failed.items()} == {
            "a.wav": (palace.LoadCancelled, "decode"),
            "b.wav": (palace.LoadCancelled, "open"),
        }
    assert batch.wait()
    assert context.cached_names == ("c.wav",)


def test_a_destroyed_context_finishes_its_batches(context: palace.Context, names: tuple[str, ...]) -> None:
    told = Told()
    with held("a.wav") as gate:
        batch = told.preload(names)
        assert gate.entered.wait(30)
        context.destroy()

    assert batch.finished
    assert {type(error) for error in batch.failed.values()} == {palace.LoadCancelled}
    assert told.kinds == ["progress", "complete"]
    assert batch.progress == 1.0
    batch.cancel()
    batch.release()
    with pytest.raises(palace.DestroyedError):
        batch.wait()
    with pytest.raises(palace.DestroyedError):
        list(batch)


# Events


def test_on_progress_comes_when_more_is_done_and_on_complete_once_at_the_end(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    told = Told()
    with held("c.wav") as gate:
        batch = told.preload(names)
        assert gate.entered.wait(30)
        context.update()
        context.update()
        assert [(event, done) for event, done, _ in told.events] == [("progress", 2)]
    assert batch.wait()
    context.update()
    context.update()
    palace.free(names)
    context.update()

    assert [(event, done) for event, done, _ in told.events] == [("progress", 2), ("progress", 4), ("complete", 4)]
    assert told.events[-1][2] == 1.0


@pytest.mark.parametrize("what", ["empty", "wholly cached", "wholly failed"])
def test_a_batch_with_nothing_to_come_completes_by_an_update_never_inside_preload(
    context: palace.Context, names: tuple[str, ...], what: str
) -> None:
    if what == "wholly cached":
        palace.Buffer("a.wav")
    wanted = {"empty": [], "wholly cached": ["a.wav"], "wholly failed": ["missing.wav"]}[what]
    told = Told()

    batch = told.preload(wanted)

    assert batch.finished
    assert batch.progress == 1.0
    assert told.kinds == []
    context.update()
    context.update()
    assert told.kinds == (["complete"] if what == "empty" else ["progress", "complete"])
    assert batch.wait()


def test_a_batch_nobody_holds_is_told_of_all_the_same(context: palace.Context, names: tuple[str, ...]) -> None:
    told = Told()
    told.preload(names)

    loaded(context)

    assert told.kinds[-1] == "complete"


def test_each_of_two_batches_of_one_name_is_told(context: palace.Context, names: tuple[str, ...]) -> None:
    first, second = Told(), Told()
    first.preload(["a.wav", "missing.wav"])
    second.preload(["missing.wav", "a.wav"])

    loaded(context)

    assert first.kinds[-1] == second.kinds[-1] == "complete"
    assert first.kinds.count("complete") == second.kinds.count("complete") == 1


# As a collection


def test_iteration_gives_the_buffers_still_in_memory_in_order(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(["d.wav", "missing.wav", "a.wav", "b.wav"])
    batch.wait()
    palace.free(["a.wav"])

    assert list(batch) == [palace.Buffer("d.wav"), palace.Buffer("b.wav")]
    assert [buffer.name for buffer in batch] == ["d.wav", "b.wav"]


def test_repr_says_how_far_it_is(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload([*names, "missing.wav"])
    batch.wait()

    assert repr(batch) == "<Batch: 5 of 5 done, 1 failed>"


@pytest.mark.parametrize(
    "call", [lambda batch: batch.wait(0), lambda batch: batch.cancel(), lambda batch: batch.release(), list]
)
def test_a_batch_used_on_the_wrong_thread_is_a_runtime_error(
    context: palace.Context, names: tuple[str, ...], call: Callable[[palace.Batch], object]
) -> None:
    with held("a.wav") as gate:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        errors: list[BaseException] = []

        def elsewhere() -> None:
            try:
                call(batch)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=elsewhere, name="the wrong one")
        thread.start()
        thread.join()

        assert "the wrong one" in str(errors[0])
        assert batch
        assert not batch.finished


def test_an_unreleased_batch_keeps_its_names_from_being_evicted_and_a_forgotten_one_does_not(
    device: palace.LoopbackDevice, names: tuple[str, ...]
) -> None:
    context = palace.Context(device, EXACT, auto_update=False, cache_limit=6000)
    batch = palace.preload(["a.wav"], context)
    assert batch.wait()
    palace.Buffer("b.wav", context)
    palace.Buffer("a.wav", context)

    palace.Buffer.from_decoder(palace.decode("b.wav", context), "more", context)
    assert context.cached_names == ("a.wav", "more")

    context.update()  # there is nothing left to tell the batch
    del batch
    palace.Buffer("b.wav", context)
    assert "a.wav" not in context.cached_names


@pytest.mark.parametrize("end", [palace.Batch.release, palace.Batch.cancel])
def test_another_thread_can_neither_release_nor_silence_it(
    context: palace.Context, names: tuple[str, ...], end: Any
) -> None:
    told: list[palace.Batch] = []
    batch = palace.preload(names, on_complete=told.append)
    assert isinstance(raised_elsewhere(lambda: end(batch)), RuntimeError)
    assert batch
    batch.wait()
    context.update()
    assert told == [batch]
    assert set(context.cached_names) == set(names)
