"""Context.cache_limit: what is forgotten, in which order, how fast, and what is said when nothing can be."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pyglet.clock
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._loading import cache
from tests import sounds
from tests.conftest import EXACT, loaded, wait_until
from tests.test_buffer import Silence, held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("a.wav", "b.wav", "c.wav", "d.wav", "e.wav")


@pytest.fixture
def small(device: palace.LoopbackDevice, assets: Path) -> palace.Context:
    """A current context that keeps two sounds of 100 frames, of the five there are."""
    for name in NAMES:
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    context = palace.Context(device, EXACT, auto_update=False, workers=1, cache_limit=400)
    palace.use_context(context)
    return context


@pytest.fixture
def received(small: palace.Context) -> list[tuple[int, int]]:
    """The arguments of each `on_cache_limit_exceeded`."""
    received: list[tuple[int, int]] = []
    small.push_handlers(on_cache_limit_exceeded=lambda size, limit: received.append((size, limit)))
    return received


def test_least_recently_used_is_evicted(small: palace.Context) -> None:
    palace.Buffer("a.wav")
    palace.Buffer("b.wav")
    palace.Buffer("a.wav")

    palace.Buffer("c.wav")

    assert small.cached_names == ("a.wav", "c.wav")
    assert small.cached_size == 400
    assert small.stats()["evicted"] == 1
    assert small.stats()["buffers"] == 2


USES: dict[str, Callable[[palace.Buffer], object]] = {
    "asking for it again": lambda buffer: palace.Buffer("a.wav"),
    "caching it again": lambda buffer: palace.cache(["a.wav"]),
    "playing it": lambda buffer: buffer.play().stop(),
}


@pytest.mark.parametrize("use", USES)
def test_every_access_counts_as_use(small: palace.Context, use: str) -> None:
    buffer = palace.Buffer("a.wav")
    palace.Buffer("b.wav")
    USES[use](buffer)
    del buffer
    gc.collect()
    palace.Buffer("c.wav")
    assert small.cached_names == ("a.wav", "c.wav")


def test_referenced_entry_becomes_newest(small: palace.Context) -> None:
    buffer = palace.Buffer("a.wav")
    palace.Buffer("b.wav")
    palace.Buffer("c.wav")  # evicts b.wav, and meets a.wav before
    del buffer
    palace.Buffer("d.wav")
    assert small.cached_names == ("a.wav", "d.wav")


def test_referenced_sound_is_not_evicted(small: palace.Context, received: list[tuple[int, int]]) -> None:
    held_by_name = palace.Buffer("a.wav")
    playing = palace.Buffer("b.wav").play()
    batch = palace.preload(["c.wav"])
    assert batch.wait()
    palace.Buffer("d.wav")
    assert small.cached_names == ("a.wav", "b.wav", "c.wav", "d.wav")
    assert small.stats()["over_limit"] == 400

    playing.stop()
    batch.release()
    del held_by_name
    palace.Buffer.from_decoder(Silence(100), "e")

    assert small.cached_names == ("d.wav", "e")
    assert small.stats()["over_limit"] == 0


def test_paused_source_pins_its_sound(small: palace.Context) -> None:
    source = palace.Buffer("a.wav").play()
    source.pause()
    for name in NAMES[1:]:
        palace.Buffer(name)
    assert small.cached_names == ("a.wav", "e.wav")


def test_evicted_name_is_loaded_again(small: palace.Context) -> None:
    for name in NAMES:
        palace.Buffer(name)
    assert small.cached_names == ("d.wav", "e.wav")

    assert palace.Buffer("a.wav").length == 100
    palace.cache(["b.wav"])
    loaded(small)
    assert small.cached_names == ("a.wav", "b.wav")


def test_unclaimed_load_outlives_older_ones(small: palace.Context) -> None:
    palace.cache(NAMES)
    loaded(small)
    assert small.cached_names == ("d.wav", "e.wav")
    assert small.stats()["evicted"] == 3


# Batches


def test_shared_name_stays_until_released(small: palace.Context) -> None:
    first = palace.preload(["a.wav", "b.wav"])
    second = palace.preload(["b.wav", "c.wav"])
    assert first.wait()
    assert second.wait()
    first.release()
    assert small.cached_names == ("b.wav", "c.wav")
    palace.Buffer("d.wav")
    palace.Buffer("e.wav")
    assert small.cached_names == ("b.wav", "c.wav", "e.wav")
    second.release()
    assert small.cached_names == ("e.wav",)


def test_collected_batch_pins_nothing(small: palace.Context) -> None:
    first, second = palace.preload(["a.wav"]), palace.preload(["a.wav"])
    assert first.wait()
    small.update()
    del first
    gc.collect()
    palace.Buffer("b.wav")
    palace.Buffer("c.wav")
    assert small.cached_names == ("a.wav", "c.wav")
    del second
    gc.collect()
    palace.Buffer("d.wav")
    palace.Buffer("e.wav")
    assert small.cached_names == ("d.wav", "e.wav")


# A limit that cannot be kept


def test_exceeded_limit_is_reported_once(
    small: palace.Context, received: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    batch = palace.preload(["a.wav", "b.wav", "c.wav", "d.wav"])
    assert batch.wait()
    small.update()
    assert received == [(600, 400)]
    small.update()
    palace.Buffer("e.wav")
    small.update()
    assert received == [(600, 400)]

    batch.release()
    palace.Buffer("a.wav")
    small.update()
    with palace.preload(["a.wav", "b.wav", "c.wav"]) as batch:
        assert batch.wait()
        small.update()
    assert received == [(600, 400), (600, 400)]
    assert not caplog.records


def test_unhandled_limit_event_is_logged(small: palace.Context, caplog: pytest.LogCaptureFixture) -> None:
    kept = [palace.Buffer(name) for name in NAMES]
    small.update()
    assert [record.getMessage() for record in caplog.records] == [
        "cache_limit is 400 bytes, and 600 are in use: nothing else can be evicted"
    ]
    assert len(kept) == 5


def test_newest_sound_may_exceed_the_limit(
    small: palace.Context, received: list[tuple[int, int]], assets: Path
) -> None:
    palace.Buffer("a.wav")
    palace.Buffer(sounds.wav(assets / "long.wav", 1000))
    small.update()
    assert small.cached_names == (str(assets / "long.wav"),)
    assert received == [(2000, 400)]
    palace.Buffer("b.wav")
    assert small.cached_names == ("b.wav",)


def test_lower_limit_applies_at_once(small: palace.Context) -> None:
    small.cache_limit = None
    for name in NAMES:
        palace.Buffer(name)
    assert len(small.cached_names) == 5
    small.cache_limit = 600
    assert small.cached_names == NAMES[2:]
    small.cache_limit = 0
    assert small.cached_names == ()


# What is on its way


def test_loading_samples_count_too(small: palace.Context, assets: Path) -> None:
    palace.Buffer("a.wav")
    palace.Buffer("b.wav")
    sounds.wav(assets / "long.wav", 150)
    decoding, hold = threading.Event(), threading.Event()

    class Slow(palace.MessageHandler):
        def buffer_loading(self, *_: Any) -> None:
            decoding.set()
            assert hold.wait(60)

    small.message_handler = Slow()
    palace.cache([assets / "long.wav", "c.wav"])
    assert decoding.wait(30)
    assert small.stats()["loading_size"] == 300
    palace.Buffer.from_decoder(Silence(50), "d")
    assert small.cached_names == ("d",)  # with b.wav there would be no room for what comes
    hold.set()
    wait_until(lambda: small._engine.workers.finished)
    small.update()
    assert small.cached_size <= 400
    loaded(small)
    assert small.cached_size <= 400
    assert small.stats()["loading_size"] == 0


def test_workers_do_not_overfill_memory(device: palace.LoopbackDevice, assets: Path, small: palace.Context) -> None:
    """Also if no update publishes what they load."""
    small.cache_limit = 8 * 200  # an eighth of it may be in flight
    names = [sounds.wav(assets / f"{number}.wav", 100) for number in range(20)]
    palace.cache(names)
    loader = small._engine.workers
    wait_until(lambda: len(loader.finished) == 2 and len(loader._work._waiters) == 1)  # type: ignore[attr-defined]
    assert small.stats()["loading_size"] == 400
    assert small.stats()["queued"] == 18
    loaded(small)
    assert len(small.cached_names) == 8


@pytest.mark.parametrize("end", [lambda: palace.free(["a.wav"]), palace.shutdown])
def test_withdrawn_load_is_not_in_flight(small: palace.Context, end: Callable[[], object]) -> None:
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        end()
    wait_until(lambda: not small._engine.workers.in_flight)


# By steps


def test_long_search_resumes_next_update(
    small: palace.Context, received: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    small.cache_limit = None
    kept = [palace.Buffer(name) for name in NAMES[:4]]
    palace.Buffer("e.wav")
    monkeypatch.setattr(cache, "_MOST_PASSED_OVER", 2)
    small.cache_limit = 800
    assert small.cached_names == NAMES  # two were met, and both are referred to
    assert small._engine.has_work()
    small.update()
    assert len(small.cached_names) == 5
    small.update()
    assert small.cached_names == NAMES[:4]
    assert not small._engine.has_work()
    assert received == []

    small.cache_limit = 700
    for _ in range(4):
        small.update()
    assert received == [(800, 700)]
    assert len(kept) == 4


def test_clock_drives_a_search_to_its_end(
    device: palace.LoopbackDevice, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    monkeypatch.setattr(cache, "_MOST_PASSED_OVER", 1)
    clock = pyglet.clock.Clock()
    with palace.Context(device, clock=clock) as context:
        kept = [palace.Buffer(name) for name in NAMES[:4]]
        palace.Buffer("e.wav")
        context.cache_limit = 800
        assert context._engine.scheduler is not None
        assert context._engine.scheduler.awake
        wait_until(lambda: (clock.tick(), context.cached_names == NAMES[:4])[1])
        wait_until(lambda: (clock.tick(), not context._engine.scheduler.awake)[1])  # type: ignore[union-attr]
        assert len(kept) == 4


def test_eviction_respects_the_budget(small: palace.Context) -> None:
    small.cache_limit = None
    for name in NAMES:
        palace.Buffer(name)
    small._engine.cache.limit = 200
    small._engine.cache.searching.append(1)
    small._engine.requests.publish_budget = 0
    left = []
    while len(small._engine.cache) > 1:
        small._engine.requests.publish()
        left.append(len(small._engine.cache))
    assert left == [4, 3, 2, 1]
