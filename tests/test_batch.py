"""preload and Batch: progress, events, wait, cancel and release."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest
from pyglet.event import EventException

import pyglet_palace as palace
from pyglet_palace._loading import expected_time
from pyglet_palace._resources.files import FileResource
from tests import sounds
from tests.conftest import EXACT, loaded, raised_elsewhere, wait_until
from tests.test_buffer import Offering, held, on_this_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("a.wav", "b.wav", "c.wav", "d.wav")


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Four sounds, in files of 44 + 2000, 4000, 6000 and 8000 bytes."""
    for number, name in enumerate(NAMES, 1):
        sounds.wav(assets / name, 1000 * number)
    pyglet.resource.reindex()
    return NAMES


class EventLog:
    """Records the events of a batch: (event, done, progress)."""

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


def test_names_are_unique_and_ordered(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """They are the names that the cache uses."""
    batch = palace.preload(name for name in ["b.wav", "a.wav", assets / "c.wav", "b.wav"])

    assert batch.names == ("b.wav", "a.wav", str(assets / "c.wav"))
    assert batch.total == 3
    assert batch.wait()


def test_done_counts_published_names(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("c.wav") as gate:
        batch = palace.preload(["a.wav", "missing.wav", "b.wav", "c.wav"])
        assert (batch.done, batch.finished) == (1, False)  # the missing name
        assert gate.entered.wait(30)
        assert batch.done == 1  # only `update` publishes

        context.update()

        assert (batch.done, batch.total, batch.finished) == (3, 4, False)
    loaded(context)
    assert (batch.done, batch.finished) == (4, True)


def test_progress_is_weighted_by_expected_time(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("d.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)  # the worker reads the last file
        wait_until(lambda: batch.done == 3, context)

        times = [expected_time.of_samples("PCM_16", 1000 * number) for number in (1, 2, 3)]
        last = expected_time.of_file("d.wav", 44 + 2000 * 4)
        assert batch.progress == pytest.approx(sum(times) / (sum(times) + last))
    assert batch.wait()
    assert batch.progress == 1.0


def test_all_sizes_are_known_at_the_first_load(context: palace.Context, names: tuple[str, ...]) -> None:
    """The first worker asks for the sizes of all files: a large last file does not make progress go too fast."""
    with held("a.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        assert batch.progress == 0.0
        assert set(batch._expected) == set(names)
        assert batch._expected["d.wav"] == expected_time.of_file("d.wav", 44 + 2000 * 4)


def test_unknown_size_counts_as_the_mean(context: palace.Context, names: tuple[str, ...]) -> None:
    """Names that are not found do not count."""
    sizes = {"a.wav": 2044, "b.wav": 4044, "c.wav": 0, "d.wav": 0}
    with pytest.MonkeyPatch.context() as patch, held("b.wav") as gate:
        patch.setattr(FileResource, "weight", lambda resource: sizes[resource.key])
        batch = palace.preload([*names, "missing.wav"])
        assert gate.entered.wait(30)
        wait_until(lambda: batch.done == 2, context)

        done = expected_time.of_samples("PCM_16", 1000)
        surveyed = [expected_time.of_file("a.wav", 2044), expected_time.of_file("b.wav", 4044)]
        mean = sum(surveyed) / 2
        assert batch.progress == pytest.approx(done / (done + surveyed[1] + 2 * mean), rel=0.01)


def test_decoded_blocks_count(context: palace.Context, names: tuple[str, ...]) -> None:
    """Inside a long sound, progress follows the decoded samples."""
    seen: list[float] = []
    reading, go_on = threading.Semaphore(0), threading.Semaphore(0)

    class Long(palace.BaseDecoder):
        frequency, channel_config, sample_type, length, loop_points = 44100, "Mono", "Signed 16-bit", 400_000, (0, 0)

        def seek(self, frame: int) -> bool:
            return frame == 0

        def read(self, count: int) -> bytes:
            reading.release()
            assert go_on.acquire(timeout=30)
            return bytes(2 * count)

    palace.decoder_factories.long = lambda file: Long()
    try:
        batch = palace.preload(["a.wav"])
        while not batch.wait(0):
            if reading.acquire(timeout=0.01):
                seen.append(batch.progress)
                go_on.release()
    finally:
        del palace.decoder_factories.long
    assert len(seen) > 5
    assert seen == sorted(seen)
    for number, progress in enumerate(seen):
        assert progress == pytest.approx(number / len(seen), abs=0.1)


def test_cached_names_do_not_count(context: palace.Context, names: tuple[str, ...]) -> None:
    palace.Buffer("d.wav")
    with held("a.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        assert batch.done == 1
        assert batch.progress == 0.0


@pytest.mark.parametrize(
    ("suffix", "sample_bytes", "codec"),
    [
        ("wav", 2.0, "PCM_16"),
        ("flac", 1.3, "FLAC"),
        ("mp3", 0.18, "MPEG_LAYER_III"),
        ("ogg", 0.16, "VORBIS"),
        ("opus", 0.13, "OPUS"),
    ],
)
def test_estimates_by_size_and_header_agree(suffix: str, sample_bytes: float, codec: str) -> None:
    """Otherwise progress would jump when the header is read."""
    samples = 10_000_000
    by_size = expected_time.of_file(f"theme.{suffix}", int(samples * sample_bytes))
    assert by_size == pytest.approx(expected_time.of_samples(codec, samples), rel=0.25)


def test_progress_is_monotonic(context: palace.Context, assets: Path) -> None:
    """It is 1 only at the end."""
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


def test_failed_is_a_read_only_mapping(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """It maps names to errors without tracebacks."""
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


def test_wait_blocks_and_publishes(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)

    assert batch.wait() is True

    assert batch.finished
    assert sorted(context.cached_names) == sorted(names)
    assert context.pending_names == ()


def test_wait_leaves_events_to_update(context: palace.Context, names: tuple[str, ...]) -> None:
    received, cached = EventLog(), []
    context.set_handler("on_cached", cached.append)
    batch = received.preload(names)

    batch.wait()
    assert received.kinds == cached == []
    context.update()

    assert sorted(cached) == sorted(names)
    assert received.kinds == ["progress", "complete"]


def test_wait_loads_on_the_calling_thread(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate, held("d.wav") as last:
        last.open()
        batch = palace.preload(names)
        assert gate.entered.wait(30)  # the only worker is blocked
        palace.decoder_factories.z = on_this_thread(gate.open)  # the worker has already read its settings
        threading.Timer(0, lambda: last.entered.wait(30) and gate.open()).start()

        assert batch.wait()

        assert last.threads == [threading.current_thread().name]


def test_wait_starts_no_foreign_load(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate, held("b.wav") as others:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        palace.cache(["b.wav"])
        threading.Timer(0, gate.open).start()

        assert batch.wait()  # it would block if it started the other load

        assert threading.current_thread().name not in others.threads


def test_wait_times_out(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)

        assert batch.wait(0.01) is False

        assert batch.done == 1
        assert context.cached_names == ("a.wav",)


def test_wait_0_publishes_without_blocking(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        assert batch.wait(0) is False
    wait_until(lambda: context._engine.workers.finished)

    assert batch.wait(0) is True
    assert context.cached_names == ("a.wav",)


def test_wait_in_handler_defers_events(context: palace.Context, names: tuple[str, ...]) -> None:
    """The running update dispatches them after the handler returns."""
    received: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        received.append(name)
        if name == "a.wav":
            assert batch.wait()
            assert received == ["a.wav"]

    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        threading.Timer(0, gate.open).start()
        context.update()

    assert sorted(received) == sorted(names)


def test_wait_uses_substitutes(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """Also while no worker is free."""
    context.message_handler = Offering(c="d.wav")
    (assets / "c.wav").unlink()
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)

        assert palace.preload(["b.wav", "c.wav"]).wait()

        assert palace.Buffer("c.wav").length == 4000


def test_interrupted_wait_fails_one_name(context: palace.Context, names: tuple[str, ...]) -> None:
    """Later calls do not hang."""

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
    assert isinstance(batch.failed["c.wav"], palace.LoadCancelled)  # the larger file comes first
    assert palace.Buffer("c.wav").length == 3000


def test_wait_allows_context_destroy(context: palace.Context, names: tuple[str, ...]) -> None:
    """A decoder called by `wait` destroys the context."""
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


def test_cancel_finishes_without_events(context: palace.Context, names: tuple[str, ...]) -> None:
    received = EventLog()
    with held("a.wav") as gate:
        batch = received.preload(names)
        assert gate.entered.wait(30)

        batch.cancel()

        assert (batch.finished, batch.done, batch.progress) == (True, 4, 1.0)
        assert batch.wait() is True
        assert context.pending_names == ()
    context.update()
    assert received.kinds == []
    assert context.cached_names == ()


@pytest.mark.parametrize("how", ["cancel", "release"])
def test_cancel_in_handler_drops_events(context: palace.Context, names: tuple[str, ...], how: str) -> None:
    received = EventLog()
    batch = received.preload(["a.wav"])
    assert batch.wait()
    context.set_handler("on_cached", lambda name: getattr(batch, how)())

    context.update()
    context.update()

    assert received.kinds == []


@pytest.mark.parametrize("other", ["batch", "cache", "cache before"])
def test_cancel_keeps_shared_names(context: palace.Context, names: tuple[str, ...], other: str) -> None:
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


def test_late_cancel_changes_nothing(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload([*names, "missing.wav"])
    batch.wait()
    context.update()

    batch.cancel()
    batch.cancel()

    assert list(batch.failed) == ["missing.wav"]
    assert sorted(context.cached_names) == sorted(names)


def test_release_frees_unshared_names(context: palace.Context, names: tuple[str, ...]) -> None:
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


def test_exit_releases_the_batch(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)
    batch.wait()

    with pytest.raises(ZeroDivisionError), batch:
        raise ZeroDivisionError

    assert not batch
    assert context.cached_names == ()


def test_release_cancels_pending_loads(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        context.update()

        batch.release()

        assert context.pending_names == context.cached_names == ()
        assert batch.finished


def test_release_stops_sources(context: palace.Context, names: tuple[str, ...]) -> None:
    """The events are dispatched before it returns."""
    batch = palace.preload(names)
    batch.wait()
    source = palace.Buffer("a.wav").play()
    received: list[palace.Source] = []
    context.set_handler("on_source_force_stopped", received.append)

    batch.release()

    assert received == [source]


def test_freed_pending_name_is_cancelled(context: palace.Context, names: tuple[str, ...]) -> None:
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


def test_destroyed_context_ends_batches(context: palace.Context, names: tuple[str, ...]) -> None:
    received = EventLog()
    with held("a.wav") as gate:
        batch = received.preload(names)
        assert gate.entered.wait(30)
        context.destroy()

    assert batch.finished
    assert {type(error) for error in batch.failed.values()} == {palace.LoadCancelled}
    assert received.kinds == ["progress", "complete"]
    assert batch.progress == 1.0
    batch.cancel()
    batch.release()
    with pytest.raises(palace.DestroyedError):
        batch.wait()
    with pytest.raises(palace.DestroyedError):
        list(batch)


# Events


def test_progress_and_complete_events(context: palace.Context, names: tuple[str, ...]) -> None:
    """`on_progress` follows an increase of `done`; `on_complete` comes once, at the end."""
    received = EventLog()
    with held("c.wav") as gate:
        batch = received.preload(names)
        assert gate.entered.wait(30)
        context.update()
        context.update()
        assert [(event, done) for event, done, _ in received.events] == [("progress", 2)]
    assert batch.wait()
    context.update()
    context.update()
    palace.free(names)
    context.update()

    assert [(event, done) for event, done, _ in received.events] == [("progress", 2), ("progress", 4), ("complete", 4)]
    assert received.events[-1][2] == 1.0


@pytest.mark.parametrize("what", ["empty", "all cached", "all failed"])
def test_finished_batch_completes_in_update(context: palace.Context, names: tuple[str, ...], what: str) -> None:
    """Never inside `preload`."""
    if what == "all cached":
        palace.Buffer("a.wav")
    wanted = {"empty": [], "all cached": ["a.wav"], "all failed": ["missing.wav"]}[what]
    received = EventLog()

    batch = received.preload(wanted)

    assert batch.finished
    assert batch.progress == 1.0
    assert received.kinds == []
    context.update()
    context.update()
    assert received.kinds == (["complete"] if what == "empty" else ["progress", "complete"])
    assert batch.wait()


def test_dropped_batch_sends_events(context: palace.Context, names: tuple[str, ...]) -> None:
    received = EventLog()
    received.preload(names)

    loaded(context)

    assert received.kinds[-1] == "complete"


def test_each_batch_of_a_name_sends_events(context: palace.Context, names: tuple[str, ...]) -> None:
    first, second = EventLog(), EventLog()
    first.preload(["a.wav", "missing.wav"])
    second.preload(["missing.wav", "a.wav"])

    loaded(context)

    assert first.kinds[-1] == second.kinds[-1] == "complete"
    assert first.kinds.count("complete") == second.kinds.count("complete") == 1


# As a collection


def test_iteration_yields_cached_buffers(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(["d.wav", "missing.wav", "a.wav", "b.wav"])
    batch.wait()
    palace.free(["a.wav"])

    assert list(batch) == [palace.Buffer("d.wav"), palace.Buffer("b.wav")]
    assert [buffer.name for buffer in batch] == ["d.wav", "b.wav"]


def test_repr_shows_the_progress(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload([*names, "missing.wav"])
    batch.wait()

    assert repr(batch) == "<Batch: 5 of 5 done, 1 failed>"


@pytest.mark.parametrize(
    "call", [lambda batch: batch.wait(0), lambda batch: batch.cancel(), lambda batch: batch.release(), list]
)
def test_wrong_thread_raises(
    context: palace.Context, names: tuple[str, ...], call: Callable[[palace.Batch], object]
) -> None:
    with held("a.wav") as gate:
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        errors: list[BaseException] = []

        def call_elsewhere() -> None:
            try:
                call(batch)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=call_elsewhere, name="the wrong one")
        thread.start()
        thread.join()

        assert "the wrong one" in str(errors[0])
        assert batch
        assert not batch.finished


def test_batch_pins_its_names(device: palace.LoopbackDevice, names: tuple[str, ...]) -> None:
    """The cache evicts them only after the batch is released or dropped."""
    context = palace.Context(device, EXACT, auto_update=False, cache_limit=6000)
    batch = palace.preload(["a.wav"], context)
    assert batch.wait()
    palace.Buffer("b.wav", context)
    palace.Buffer("a.wav", context)

    palace.Buffer.from_decoder(palace.decode("b.wav", context), "more", context)
    assert context.cached_names == ("a.wav", "more")

    context.update()  # dispatches the last events of the batch
    del batch
    palace.Buffer("b.wav", context)
    assert "a.wav" not in context.cached_names


@pytest.mark.parametrize("end", [palace.Batch.release, palace.Batch.cancel])
def test_wrong_thread_changes_nothing(context: palace.Context, names: tuple[str, ...], end: Any) -> None:
    received: list[palace.Batch] = []
    batch = palace.preload(names, on_complete=received.append)
    assert isinstance(raised_elsewhere(lambda: end(batch)), RuntimeError)
    assert batch
    batch.wait()
    context.update()
    assert received == [batch]
    assert set(context.cached_names) == set(names)


def test_longer_estimate_does_not_move_the_bar_back(context: palace.Context, names: tuple[str, ...]) -> None:
    """A header may declare more samples than the size of the file suggests."""
    with held("b.wav") as gate:
        batch = palace.preload(names)
        assert gate.entered.wait(30)
        wait_until(lambda: batch.done == 1, context)
        before = batch.progress
        (job,) = context._engine.requests.unpublished_jobs()
        job.expected *= 1000
        assert batch.progress == before > 0


# Outcomes


def test_ok_needs_every_name(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(names)
    assert not batch.ok
    batch.wait()
    assert batch.ok
    batch.raise_for_failures()

    some = palace.preload(["none.wav", "a.wav"])
    assert some.wait()
    assert not some.ok

    cancelled = palace.preload(["e.wav"])
    cancelled.cancel()
    assert not cancelled.ok


def test_raise_for_failures_names_them_all(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload([*(f"none{number}.wav" for number in range(12)), "a.wav"])
    batch.wait()

    with pytest.raises(palace.BatchFailed) as caught:
        batch.raise_for_failures()
    assert list(caught.value.failed) == list(batch.failed)
    lines = str(caught.value).splitlines()
    assert lines[0] == "12 of 13 sounds were not loaded"
    assert lines[1].startswith("    'none0.wav': not found")
    assert lines[-1] == "    and 2 more, in .failed"
    assert caught.value.__cause__ is batch.failed["none0.wav"]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_printed_failures_have_texts(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = palace.preload(["none.wav"])
    batch.wait()

    assert "not found in pyglet.resource.path" in repr(batch.failed)


@pytest.mark.parametrize(
    ("wrong", "advice"), [("on_complet", "did you mean 'on_complete'"), ("x", "the events are on_p")]
)
def test_unknown_event_is_refused(context: palace.Context, wrong: str, advice: str) -> None:
    batch = palace.preload([])

    for attach in (batch.set_handler, lambda name, handler: batch.event(name)(handler)):
        with pytest.raises(EventException, match=advice):
            attach(wrong, print)
    with pytest.raises(EventException, match="Context has no event 'on_chached'; did you mean 'on_cached'"):

        @context.event
        def on_chached(name: str) -> None:
            pass


def test_load_cannot_wait_for_a_batch(context: palace.Context, names: tuple[str, ...]) -> None:
    """A load on this thread that waits for a batch might wait for itself."""
    batch = palace.preload(names[:1])
    refused: list[str] = []

    def wait() -> None:
        with pytest.raises(RuntimeError) as caught:
            batch.wait(0)
        refused.append(str(caught.value))

    palace.decoder_factories.waits = on_this_thread(wait)
    palace.Buffer("b.wav")
    assert set(refused) == {"a callback of a load that runs on this thread cannot wait for 'a batch'"}


def test_release_keeps_pending_loads_of_cache(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        batch = palace.preload(["a.wav"])
        assert gate.entered.wait(30)
        batch.release()
        assert context.pending_names == ("a.wav",)
    loaded(context)
    assert context.cached_names == ("a.wav",)


def test_freed_job_does_not_move_the_bar(context: palace.Context, names: tuple[str, ...]) -> None:
    """The job of a freed name still runs. It does not count for a later request of the name."""
    requests = context._engine.requests
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        (freed,) = requests.unpublished_jobs()
        palace.free(["a.wav"])
        palace.preload(["a.wav"])
        assert freed.state == "claimed"
        assert list(requests.unpublished_jobs()) == []
