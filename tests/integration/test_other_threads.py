"""cache, preload and free on other threads than the context's."""

from __future__ import annotations

import random
import sys
import threading
from typing import TYPE_CHECKING, Any

import pyglet.clock
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, loaded, raised_elsewhere, wait_until
from tests.integration.test_clock import Hand, scheduled
from tests.integration.test_lifecycle import BEGIN, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    for name in ("a.wav", "b.wav", "c.wav"):
        sounds.wav(assets / name, 441)
    pyglet.resource.reindex()
    return "a.wav", "b.wav", "c.wav"


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def driven(device: palace.LoopbackDevice, hand: Hand, names: tuple[str, ...]) -> palace.Context:
    """A current context on the clock of `hand`."""
    context = palace.Context(device, EXACT, clock=hand.clock, workers=1)
    palace.use_context(context)
    return context


def elsewhere(call: Callable[[], Any]) -> Any:
    """Return what `call` returns on another thread."""
    results: list[Any] = []
    error = raised_elsewhere(lambda: results.append(call()))
    assert error is None, error
    return results[0]


def test_cache_begins_in_the_next_update(context: palace.Context, names: tuple[str, ...]) -> None:
    elsewhere(lambda: palace.cache(names))

    assert context.pending_names == ()
    context.update()
    assert context.pending_names == names
    loaded(context)
    assert context.cached_names == names


def test_preload_reports_on_the_main_thread(context: palace.Context, names: tuple[str, ...]) -> None:
    threads: list[threading.Thread] = []
    batch = elsewhere(
        lambda: palace.preload([*names, "none.wav"], on_complete=lambda _: threads.append(threading.current_thread()))
    )

    assert (batch.total, batch.done, batch.finished, dict(batch.failed)) == (4, 0, False, {})
    wait_until(lambda: batch.finished, context)
    context.update()

    assert threads == [threading.current_thread()]
    assert list(batch.failed) == ["none.wav"]
    assert elsewhere(lambda: (batch.done, batch.finished, list(batch.failed))) == (4, True, ["none.wav"])


def test_free_stops_in_the_next_update(context: palace.Context, names: tuple[str, ...]) -> None:
    stopped: list[palace.Source] = []
    context.push_handlers(on_source_force_stopped=stopped.append)
    source = palace.Buffer("a.wav").play()

    elsewhere(lambda: palace.free(["a.wav"]))

    assert source.playing
    context.update()
    assert stopped == [source]
    assert context.cached_names == ()


def test_calls_keep_their_order(context: palace.Context, names: tuple[str, ...]) -> None:
    """A call on the context's thread comes after the calls that other threads made before."""
    elsewhere(lambda: palace.cache(names))
    palace.free(["b.wav"])

    assert context.pending_names == ("a.wav", "c.wav")


def test_batch_can_be_waited_for_at_once(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = elsewhere(lambda: palace.preload(names))

    assert batch.wait()
    assert len(list(batch)) == 3


def test_batch_can_be_cancelled_at_once(context: palace.Context, names: tuple[str, ...]) -> None:
    batch = elsewhere(lambda: palace.preload(names))
    batch.release()
    context.update()

    assert batch.finished
    assert context.pending_names == ()


def test_wrong_names_raise_at_once(context: palace.Context) -> None:
    for call in (palace.cache, palace.free, palace.preload):
        error = raised_elsewhere(lambda call=call: call("a.wav"))  # type: ignore[misc]
        assert isinstance(error, TypeError)
    context.update()


@pytest.mark.parametrize("member", ["progress", "wait", "cancel", "release"])
def test_other_members_keep_their_thread(context: palace.Context, names: tuple[str, ...], member: str) -> None:
    batch = palace.preload(names)

    def use() -> None:
        value = getattr(batch, member)
        if callable(value):
            value()

    assert "belongs to the thread" in str(raised_elsewhere(use))


def test_destroyed_context_refuses(context: palace.Context, names: tuple[str, ...]) -> None:
    context.destroy()

    for call in (palace.cache, palace.free, palace.preload):
        error = raised_elsewhere(lambda call=call: call(names, context))  # type: ignore[misc]
        assert isinstance(error, palace.DestroyedError)


def test_destroy_cancels_a_new_batch(context: palace.Context, names: tuple[str, ...]) -> None:
    """A batch that no update has begun ends with the context."""
    asked: list[str] = []
    context.message_handler.resource_not_found = lambda name: asked.append(name) or ""  # type: ignore[method-assign]
    batch = elsewhere(lambda: palace.preload([*names, "none.wav"]))
    context.destroy()

    assert batch.finished
    assert {type(error) for error in batch.failed.values()} == {palace.LoadCancelled}
    assert len(batch.failed) == 4
    assert asked == []


def test_call_during_destroy_is_not_lost(context: palace.Context, names: tuple[str, ...]) -> None:
    """A thread that calls while the context is destroyed gets an error, or a batch that ends."""
    results: list[Any] = []

    @context.event
    def on_source_force_stopped(source: palace.Source) -> None:
        results.append(raised_elsewhere(lambda: palace.preload(names, context)))

    palace.Buffer("a.wav").play()
    context.destroy()

    assert [type(error) for error in results] == [palace.DestroyedError]


def test_error_of_a_handler_leaves_update(context: palace.Context, names: tuple[str, ...]) -> None:
    class Handler(palace.MessageHandler):
        def resource_not_found(self, name: str) -> str:
            raise KeyboardInterrupt

    context.message_handler = Handler()
    elsewhere(lambda: palace.cache(["none.wav"]))
    elsewhere(lambda: palace.cache(["a.wav"]))

    with pytest.raises(KeyboardInterrupt):
        context.update()
    wait_until(lambda: context.cached_names == ("a.wav",), context)


# The clock


def test_idle_clock_is_woken(hand: Hand, driven: palace.Context) -> None:
    elsewhere(lambda: palace.cache(["a.wav"]))
    assert scheduled(hand.clock) == 1

    wait_until(lambda: hand.tick() or driven.cached_names)
    wait_until(lambda: hand.tick() or scheduled(hand.clock) == 0)


def test_many_calls_take_one_entry(hand: Hand, driven: palace.Context) -> None:
    elsewhere(lambda: [palace.cache([name]) for name in ("a.wav", "b.wav", "c.wav") for _ in range(10)])
    hand.tick()

    assert scheduled(hand.clock) == 1
    wait_until(lambda: hand.tick() or len(driven.cached_names) == 3)


def test_call_beside_going_to_sleep_is_seen(
    hand: Hand, driven: palace.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that arrives after the update has found no work, while the clock still calls the update."""
    engine = driven._engine
    asked = engine.has_work
    answers: list[bool] = []

    def has_work() -> bool:
        answer = asked()
        if not answer and not answers:
            answers.append(answer)
            elsewhere(lambda: palace.cache(["b.wav"]))
        return answer

    palace.cache(["a.wav"])
    monkeypatch.setattr(engine, "has_work", has_work)
    wait_until(lambda: hand.tick() or answers)

    wait_until(lambda: hand.tick() or driven.cached_names == ("a.wav", "b.wav"))


def test_new_default_clock_is_woken(
    device: palace.LoopbackDevice, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = palace.Context(device, EXACT, workers=1)
    new, old = Hand(), pyglet.clock.get_default()
    monkeypatch.setattr(pyglet.clock, "_default", new.clock)
    elsewhere(lambda: palace.cache(["a.wav"], context))

    assert (scheduled(new.clock), scheduled(old)) == (1, 0)
    wait_until(lambda: new.tick() or context.cached_names)
    context.destroy()


def test_sleeping_event_loop_is_woken(assets: Path, names: tuple[str, ...]) -> None:
    """``pyglet.app.run(None)`` waits for input without a time limit."""
    printed, _ = run(
        BEGIN
        + """
palace.use_context(context)
pyglet.options["shadow_window"] = False  # there is no screen
sleeps = threading.Event()
loop = pyglet.app.platform_event_loop
step = loop.step
def watched(timeout=None):
    if timeout is None:
        sleeps.set()
    return step(timeout)
loop.step = watched
def load():
    sleeps.wait()
    palace.cache(["a.wav"])
threading.Thread(target=load, daemon=True).start()
@context.event
def on_cached(name):
    print(name)
    pyglet.app.exit()
pyglet.app.run(None)
""",
        assets,
    )

    assert printed.split() == ["a.wav"]


def test_threads_and_ticks_at_random(hand: Hand, driven: palace.Context, assets: Path) -> None:
    """Four threads call at random while the clock ticks, with many thread switches."""
    names = [f"{number}.wav" for number in range(40)]
    for name in names:
        sounds.wav(assets / name, 10)
    pyglet.resource.reindex()
    batches: list[palace.Batch] = []
    errors: list[BaseException | None] = []

    def work(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(100):
            chosen = choose.sample(names, 3)
            action = choose.choice([palace.cache, palace.free, lambda names: batches.append(palace.preload(names))])
            action(chosen)

    threads = [threading.Thread(target=lambda seed=seed: errors.append(raised_here(work, seed))) for seed in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            hand.tick()
    finally:
        sys.setswitchinterval(interval)
    wait_until(lambda: hand.tick() or scheduled(hand.clock) == 0)

    assert errors == [None] * 4
    assert all(batch.finished for batch in batches)
    assert driven.pending_names == ()


def raised_here(call: Callable[[int], object], argument: int) -> BaseException | None:
    try:
        call(argument)
    except BaseException as error:
        return error
    return None
