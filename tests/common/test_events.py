"""Event dispatch: once, in order, outside locks; and handlers that raise or call back."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, wait_until
from tests.interrupts import interrupt_everywhere

if TYPE_CHECKING:
    from pathlib import Path


class Recorder(palace.MessageHandler):
    """Records the calls of a MessageHandler and of event handlers in one list."""

    def __init__(self, context: palace.Context) -> None:
        self.received: list[tuple[str, Any]] = []
        context.message_handler = self
        context.push_handlers(
            on_cached=lambda name: self.received.append(("on_cached", name)),
            on_cache_failed=lambda name, error: self.received.append(("on_cache_failed", name)),
            on_source_stopped=lambda source: self.received.append(("on_source_stopped", source)),
            on_source_force_stopped=lambda source: self.received.append(("on_source_force_stopped", source)),
        )

    def source_stopped(self, source: palace.Source) -> None:
        self.received.append(("source_stopped", source))

    def source_force_stopped(self, source: palace.Source) -> None:
        self.received.append(("source_force_stopped", source))


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Three sounds of 100 frames."""
    for name in ("a.wav", "b.wav", "c.wav"):
        sounds.wav(assets / name, 100)
    pyglet.resource.reindex()
    return "a.wav", "b.wav", "c.wav"


def published(context: palace.Context) -> None:
    """Wait until all requests are decoded, so that one update dispatches all events."""
    wait_until(lambda: {job.resource.key for job in [*context._engine.workers.finished]} >= {*context.pending_names})


def test_interrupted_dispatch_goes_on_later(context: palace.Context) -> None:
    recorder = Recorder(context)
    events = context._engine.events

    def check() -> None:
        events.post_cached("last")
        context.update()
        assert recorder.received[-1] == ("on_cached", "last")
        events.post_cached("first")

    check()
    assert interrupt_everywhere(lambda: events.dispatch(context), check) > 5


def test_events_are_dispatched_in_order(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    recorder = Recorder(context)
    source = palace.Buffer("a.wav").play()
    palace.cache(["missing.wav", "b.wav", "c.wav"])
    published(context)
    device.render(200)
    assert recorder.received == []

    context.update()

    assert recorder.received == [
        ("on_cache_failed", "missing.wav"),
        ("on_cached", "b.wav"),
        ("on_cached", "c.wav"),
        ("source_stopped", source),
        ("on_source_stopped", source),
    ]


def test_events_are_dispatched_once(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    recorder = Recorder(context)
    palace.Buffer("a.wav").play()
    device.render(200)
    for _ in range(3):
        context.update()

    assert [what for what, _ in recorder.received] == ["source_stopped", "on_source_stopped"]


def test_update_ends_and_reports_sources(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    """One update after the end corrects `source_count` and dispatches the events."""
    recorder = Recorder(context)
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(3)]
    device.render(99)
    context.update()
    assert recorder.received == []
    assert buffer.source_count == 3

    device.render(51)
    assert buffer.source_count == 3
    context.update()

    assert buffer.source_count == 0
    assert [source for what, source in recorder.received if what == "source_stopped"] == sources


@pytest.mark.parametrize("end", ["stop", "replay", "destroy of the source"])
def test_own_stops_send_no_event(context: palace.Context, names: tuple[str, ...], end: str) -> None:
    recorder = Recorder(context)
    source = palace.Buffer("a.wav").play()
    {
        "stop": source.stop,
        "replay": lambda: source.play(palace.Buffer("b.wav")),
        "destroy of the source": source.destroy,
    }[end]()
    context.update()

    assert recorder.received == []


@pytest.mark.parametrize("end", ["Buffer.destroy", "free", "Context.destroy"])
def test_destroy_dispatches_before_return(context: palace.Context, names: tuple[str, ...], end: str) -> None:
    recorder = Recorder(context)
    buffer = palace.Buffer("a.wav")
    first, second = buffer.play(), buffer.play()
    second.pause()

    {"Buffer.destroy": buffer.destroy, "free": lambda: palace.free(["a.wav"]), "Context.destroy": context.destroy}[
        end
    ]()

    assert recorder.received == [
        ("source_force_stopped", first),
        ("on_source_force_stopped", first),
        ("source_force_stopped", second),
        ("on_source_force_stopped", second),
    ]


# Handlers that raise


def test_raising_handler_ends_the_update(context: palace.Context, names: tuple[str, ...]) -> None:
    """The next update dispatches the remaining events."""
    received: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        received.append(name)
        if name != "c.wav":
            raise ValueError(name)

    palace.cache(names)
    published(context)

    with pytest.raises(ValueError, match="a"):
        context.update()
    assert received == ["a.wav"]
    assert context.cached_names == names  # all sounds are published before the first event
    with pytest.raises(ValueError, match="b"):
        context.update()
    context.update()

    assert received == ["a.wav", "b.wav", "c.wav"]


def test_message_and_event_are_independent(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    """The event is dispatched even if the message handler raises."""
    received: list[str] = []

    class Raises(palace.MessageHandler):
        def source_stopped(self, source: palace.Source) -> None:
            received.append("message")
            raise ValueError("of the message handler")

    context.message_handler = Raises()
    context.set_handler("on_source_stopped", lambda source: received.append("event"))
    palace.Buffer("a.wav").play()
    device.render(200)

    with pytest.raises(ValueError, match="of the message handler"):
        context.update()

    assert received == ["message", "event"]


@pytest.mark.parametrize("end", ["Buffer.destroy", "free", "Batch.release"])
def test_update_raises_destroy_errors(context: palace.Context, names: tuple[str, ...], end: str) -> None:
    """Regression: with two errors the dispatch did not end."""
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


def test_destroy_reports_repeated_errors_once(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, logged_warnings: Any
) -> None:
    """One handler that fails for each of many events does not flood the terminal at exit."""
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

    assert raised == ["number 0"]
    assert logged_warnings() == ["2 more events raised the same errors in their handlers"]


def test_destroy_reports_different_errors(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, logged_warnings: Any
) -> None:
    raised: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: raised.append(kind))
    sources = [palace.Buffer("a.wav").play() for _ in range(3)]

    @context.event
    def on_source_force_stopped(source: palace.Source) -> None:
        number = sources.index(source)
        if number == 0:
            raise ValueError(source)
        if number == 1:
            raise ValueError(source)  # the same type on another line
        raise KeyError(source)

    context.destroy()

    assert raised == [ValueError, ValueError, KeyError]
    assert logged_warnings() == []


# Handlers that call back


def test_nested_update_only_publishes(context: palace.Context, names: tuple[str, ...]) -> None:
    received: list[str] = []

    @context.event
    def on_cached(name: str) -> None:
        received.append(name)
        if name == "a.wav":
            palace.cache(["c.wav"])
            wait_until(lambda: not context.pending_names, context)
            assert "c.wav" in context.cached_names
            assert received == ["a.wav"]

    palace.cache(["a.wav", "b.wav"])
    published(context)
    context.update()

    assert received == ["a.wav", "b.wav", "c.wav"]


def test_handler_may_replay_its_source(
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


def test_handler_may_destroy_sources(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    buffer = palace.Buffer("a.wav")
    sources = [buffer.play() for _ in range(3)]
    received: list[palace.Source] = []

    @context.event
    def on_source_stopped(source: palace.Source) -> None:
        received.append(source)
        for each in sources:
            each.destroy()

    device.render(200)
    context.update()

    assert received == sources
    assert buffer.source_count == 0


def test_handler_may_free_the_buffer(
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

    assert recorder.received == [
        ("source_stopped", ended),
        ("on_source_stopped", ended),
        ("source_force_stopped", playing),
        ("on_source_force_stopped", playing),
    ]
    assert not buffer


def test_handler_may_destroy_the_context(
    device: palace.LoopbackDevice, context: palace.Context, names: tuple[str, ...]
) -> None:
    """The remaining events are still dispatched."""
    received: list[tuple[str, bool]] = []

    @context.event
    def on_cached(name: str) -> None:
        received.append((name, bool(context)))
        context.destroy()

    playing = palace.Buffer("a.wav").play()
    context.set_handler("on_source_force_stopped", lambda source: received.append((repr(source is playing), False)))
    palace.cache(["b.wav", "c.wav"])
    published(context)
    context.update()

    assert received == [("b.wav", True), ("c.wav", False), ("True", False)]
    assert not context
    device.close()


def test_destroy_and_raise_loses_no_event(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[str] = []
    received: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: raised.append(str(error)))

    @context.event
    def on_cached(name: str) -> None:
        received.append(name)
        context.destroy()
        raise ValueError(name)

    palace.cache(names)
    published(context)

    with pytest.raises(ValueError, match="a"):
        context.update()

    assert received == list(names)
    assert raised == ["b.wav"]


# Failures without a handler


def test_unreceived_failure_is_logged_once(context: palace.Context, caplog: pytest.LogCaptureFixture) -> None:
    palace.cache(["missing.wav"])
    for _ in range(3):
        context.update()

    (record,) = caplog.records
    assert record.name == "pyglet_palace"
    assert record.levelno == logging.WARNING
    assert "missing.wav" in record.getMessage()


@pytest.mark.parametrize("by", ["event", "batch", "Buffer"])
def test_received_failure_is_not_logged(
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


def test_failing_buffer_sends_no_event(context: palace.Context, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(context)
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("missing.wav")
    context.update()

    assert recorder.received == []
    assert not caplog.records


def test_loaded_buffer_sends_no_event(context: palace.Context, names: tuple[str, ...]) -> None:
    recorder = Recorder(context)
    palace.Buffer("a.wav")
    context.update()

    assert recorder.received == []


def test_destroy_reports_stopped_streams(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path
) -> None:
    """Like the sources of buffers: playing and paused ones, but not those that have ended."""
    path = sounds.wav(tmp_path / "a.wav", 10_000)
    short = sounds.wav(tmp_path / "short.wav", 100)
    playing, paused, buffer, ended = (palace.Source() for _ in range(4))
    palace.Decoder(path).play(source=playing)
    palace.Decoder(path).play(source=paused)
    palace.Buffer(path).play(buffer)
    palace.Decoder(short).play(source=ended)
    device.render(1000)
    paused.pause()
    received: list[palace.Source] = []
    context.push_handlers(on_source_force_stopped=received.append)
    context.destroy()
    assert sorted(received) == sorted([playing, paused, buffer])


def test_failed_loads_have_a_budget(context: palace.Context) -> None:
    """Texts and log records of many failures take time: one update dispatches some of them, in order."""
    context._engine.events.failure_budget = 0.0
    names = [f"missing{number}.wav" for number in range(5)]
    received: list[str] = []
    context.push_handlers(on_cache_failed=lambda name, error: received.append(name))
    palace.cache(names)
    for count in range(1, 6):
        context.update()
        assert received == names[:count]


def test_disabled_log_computes_no_text(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def text(self: palace.ResourceNotFound) -> str:
        raise AssertionError("no log record is written")

    monkeypatch.setattr(palace.ResourceNotFound, "__str__", text)
    logging.getLogger("pyglet_palace").setLevel(logging.CRITICAL)
    try:
        palace.cache(["missing.wav"])
        context.update()
    finally:
        logging.getLogger("pyglet_palace").setLevel(logging.NOTSET)


def test_other_events_do_not_wait_for_failures(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path
) -> None:
    context._engine.events.failure_budget = 0.0
    buffer = palace.Buffer(sounds.wav(tmp_path / "a.wav", 100))
    received: list[str] = []
    context.push_handlers(
        on_cache_failed=lambda name, error: received.append(name),
        on_source_stopped=lambda source: received.append("stopped"),
    )
    buffer.play()
    palace.cache([f"missing{number}.wav" for number in range(3)])
    device.render(500)
    context.update()
    assert received == ["missing0.wav", "stopped"]
    context.update()
    context.update()
    assert received[2:] == ["missing1.wav", "missing2.wav"]
