"""What happened is told once, in order, outside; and what handlers do to that."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, wait_until

if TYPE_CHECKING:
    from pathlib import Path


class Recorder(palace.MessageHandler):
    """Notes what a MessageHandler and a context's event handlers are told, in one list."""

    def __init__(self, context: palace.Context) -> None:
        self.told: list[tuple[str, Any]] = []
        context.message_handler = self
        context.push_handlers(
            on_cached=lambda name: self.told.append(("on_cached", name)),
            on_cache_failed=lambda name, error: self.told.append(("on_cache_failed", name)),
            on_source_stopped=lambda source: self.told.append(("on_source_stopped", source)),
            on_source_force_stopped=lambda source: self.told.append(("on_source_force_stopped", source)),
        )

    def source_stopped(self, source: palace.Source) -> None:
        self.told.append(("source_stopped", source))

    def source_force_stopped(self, source: palace.Source) -> None:
        self.told.append(("source_force_stopped", source))


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Three sounds of 100 frames."""
    for name in ("a.wav", "b.wav", "c.wav"):
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    return "a.wav", "b.wav", "c.wav"


def published(context: palace.Context) -> None:
    """Wait until all that is asked for is decoded, so that one update has all of it to tell."""
    wait_until(lambda: {job.resource.key for job in [*context._engine.workers.finished]} >= {*context.pending_names})


def test_news_is_told_in_the_order_it_happened(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    recorder = Recorder(context)
    source = palace.Buffer("a.wav").play()
    palace.cache(["missing.wav", "b.wav", "c.wav"])
    published(context)
    device.render(200)
    assert recorder.told == []

    context.update()

    assert recorder.told == [
        ("on_cache_failed", "missing.wav"),
        ("on_cached", "b.wav"),
        ("on_cached", "c.wav"),
        ("source_stopped", source),
        ("on_source_stopped", source),
    ]


def test_news_is_told_once(device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]) -> None:
    recorder = Recorder(context)
    palace.Buffer("a.wav").play()
    device.render(200)
    for _ in range(3):
        context.update()

    assert [what for what, _ in recorder.told] == ["source_stopped", "on_source_stopped"]


def test_one_update_after_the_end_makes_source_count_right_and_tells_it(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    recorder = Recorder(context)
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(3)]
    device.render(99)
    context.update()
    assert recorder.told == []
    assert buffer.source_count == 3

    device.render(51)
    assert buffer.source_count == 3
    context.update()

    assert buffer.source_count == 0
    assert [source for what, source in recorder.told if what == "source_stopped"] == sources


@pytest.mark.parametrize("end", ["stop", "replay", "destroy of the source"])
def test_nothing_is_told_of_a_source_the_game_itself_has_stopped(
    context: palace.Context, names: tuple[str, ...], end: str
) -> None:
    recorder = Recorder(context)
    source = palace.Buffer("a.wav").play()
    {
        "stop": source.stop,
        "replay": lambda: source.play(palace.Buffer("b.wav")),
        "destroy of the source": source.destroy,
    }[end]()
    context.update()

    assert recorder.told == []


@pytest.mark.parametrize("end", ["Buffer.destroy", "free", "Context.destroy"])
def test_destroy_and_free_tell_before_they_return(context: palace.Context, names: tuple[str, ...], end: str) -> None:
    recorder = Recorder(context)
    buffer = palace.Buffer("a.wav")
    first, second = buffer.play(), buffer.play()
    second.pause()

    {"Buffer.destroy": buffer.destroy, "free": lambda: palace.free(["a.wav"]), "Context.destroy": context.destroy}[
        end
    ]()

    assert recorder.told == [
        ("source_force_stopped", first),
        ("on_source_force_stopped", first),
        ("source_force_stopped", second),
        ("on_source_force_stopped", second),
    ]


# Handlers that raise


def test_an_exception_leaves_update_after_its_item_and_the_rest_comes_with_the_next(
    context: palace.Context, names: tuple[str, ...]
) -> None:
    told: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        told.append(name)
        if name != "c.wav":
            raise ValueError(name)

    palace.cache(names)
    published(context)

    with pytest.raises(ValueError, match="a"):
        context.update()
    assert told == ["a.wav"]
    assert context.cached_names == names  # all is published, whatever is told
    with pytest.raises(ValueError, match="b"):
        context.update()
    context.update()

    assert told == ["a.wav", "b.wav", "c.wav"]


def test_both_the_message_handler_and_the_event_are_told_even_if_one_raises(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    told: list[str] = []

    class Raises(palace.MessageHandler):
        def source_stopped(self, source: palace.Source) -> None:
            told.append("message")
            raise ValueError("of the message handler")

    context.message_handler = Raises()
    context.set_handler("on_source_stopped", lambda source: told.append("event"))
    palace.Buffer("a.wav").play()
    device.render(200)

    with pytest.raises(ValueError, match="of the message handler"):
        context.update()

    assert told == ["message", "event"]


@pytest.mark.parametrize("end", ["Buffer.destroy", "free", "Batch.release"])
def test_what_several_handlers_raise_in_destroy_is_kept_for_the_updates_after_it(
    context: palace.Context, names: tuple[str, ...], end: str
) -> None:
    """With two of them, telling the news once never came to an end."""
    batch = palace.preload(["a.wav"])
    batch.wait()
    context.update()
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(3)]

    @context.event
    def on_source_force_stopped(source: palace.Source) -> None:
        raise ValueError(f"number {sources.index(source)}")

    {"Buffer.destroy": buffer.destroy, "free": lambda: palace.free(["a.wav"]), "Batch.release": batch.release}[end]()

    for number in range(3):
        with pytest.raises(ValueError, match=f"number {number}"):
            context.update()
    context.update()


def test_what_handlers_raise_in_the_end_of_a_context_goes_to_the_excepthook(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: raised.append(str(error)))
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(2)]

    @context.event
    def on_source_force_stopped(source: palace.Source) -> None:
        raise ValueError(f"number {sources.index(source)}")

    buffer.destroy()
    sources.append(palace.Buffer("b.wav").play())
    context.destroy()

    assert raised == ["number 0", "number 1", "number 2"]


# Handlers that call back


def test_update_in_a_handler_publishes_and_tells_nothing(context: palace.Context, names: tuple[str, ...]) -> None:
    told: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        told.append(name)
        if name == "a.wav":
            palace.cache(["c.wav"])
            wait_until(lambda: not context.pending_names, context)
            assert "c.wav" in context.cached_names
            assert told == ["a.wav"]

    palace.cache(["a.wav", "b.wav"])
    published(context)
    context.update()

    assert told == ["a.wav", "b.wav", "c.wav"]


def test_a_handler_may_replay_the_source_that_has_ended(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    buffer = palace.Buffer("a.wav")
    context.set_handler("on_source_stopped", buffer.play)
    source = buffer.play()
    for _ in range(5):
        device.render(200)
        context.update()
        assert source.playing

    assert buffer.sources == [source]
    assert context.stats()["voices"] == 1


def test_a_handler_may_destroy_the_sources_it_hears_of(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(3)]
    told: list[palace.Source] = []

    @context.event
    def on_source_stopped(source: palace.Source) -> None:
        told.append(source)
        for each in sources:
            each.destroy()

    device.render(200)
    context.update()

    assert told == sources
    assert buffer.source_count == 0


def test_a_handler_may_free_the_buffer_of_what_has_ended(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    recorder = Recorder(context)
    buffer = palace.Buffer("a.wav")
    ended = buffer.play()
    device.render(50)
    playing = buffer.play()
    context.push_handlers(on_source_stopped=lambda source: palace.free(["a.wav"]))
    device.render(75)

    context.update()

    assert recorder.told == [
        ("source_stopped", ended),
        ("on_source_stopped", ended),
        ("source_force_stopped", playing),
        ("on_source_force_stopped", playing),
    ]
    assert not buffer


def test_a_handler_may_destroy_the_context_and_the_rest_is_told_still(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    told: list[tuple[str, bool]] = []

    @context.event
    def on_cached(name: str) -> None:
        told.append((name, bool(context)))
        context.destroy()

    playing = palace.Buffer("a.wav").play()
    context.set_handler("on_source_force_stopped", lambda source: told.append((repr(source is playing), False)))
    palace.cache(["b.wav", "c.wav"])
    published(context)
    context.update()

    assert told == [("b.wav", True), ("c.wav", False), ("True", False)]
    assert not context
    device.close()


def test_a_handler_that_destroys_the_context_and_raises_takes_no_news_away(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: raised.append(str(error)))

    @context.event
    def on_cached(name: str) -> None:
        context.destroy()
        raise ValueError(name)

    palace.cache(names)
    published(context)

    with pytest.raises(ValueError, match="a"):
        context.update()

    assert raised == ["b.wav", "c.wav"]


# Failures nobody hears of


def test_a_failure_that_nobody_received_is_logged_once(
    context: palace.Context, caplog: pytest.LogCaptureFixture
) -> None:
    palace.cache(["missing.wav"])
    for _ in range(3):
        context.update()

    (record,) = caplog.records
    assert record.name == "pyglet_palace"
    assert record.levelno == logging.WARNING
    assert "missing.wav" in record.getMessage()


@pytest.mark.parametrize("by", ["event", "batch", "Buffer"])
def test_a_failure_that_somebody_received_is_not_logged(
    context: palace.Context, assets: Path, caplog: pytest.LogCaptureFixture, by: str
) -> None:
    (assets / "junk.wav").write_bytes(b"junk")
    pyglet.resource.reindex()
    if by == "event":
        context.set_handler("on_cache_failed", lambda name, error: None)
    batch = palace.preload(["junk.wav"]) if by == "batch" else palace.cache(["junk.wav"])
    if by == "Buffer":
        with pytest.raises(palace.DecodeError):
            palace.Buffer("junk.wav")

    loaded(context)

    assert not caplog.records
    assert by != "batch" or (batch is not None and list(batch.failed) == ["junk.wav"])


def test_a_buffer_that_fails_without_cache_is_no_news(
    context: palace.Context, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(context)
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("missing.wav")
    context.update()

    assert recorder.told == []
    assert not caplog.records


def test_a_buffer_that_is_loaded_without_cache_is_no_news(context: palace.Context, names: tuple[str, ...]) -> None:
    recorder = Recorder(context)
    palace.Buffer("a.wav")
    context.update()

    assert recorder.told == []
