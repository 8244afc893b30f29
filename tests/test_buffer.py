"""cache, free, Buffer, from_decoder: names on their way, taken over, waited for, dropped; and what may go wrong."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._common.elsewhere import Elsewhere
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, loader_threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

NAMES = ("a.wav", "b.wav", "c.wav", "d.wav")


class Gate:
    """A decoder factory that takes nothing, and holds whoever loads a file of one name until it is opened."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entered = threading.Event()
        self.threads: list[str] = []
        self._opened = threading.Event()

    def __call__(self, file: BinaryIO) -> palace.BaseDecoder:
        if os.path.basename(str(file.name)) == self.name:
            self.threads.append(threading.current_thread().name)
            self.entered.set()
            assert self._opened.wait(60)
        raise RuntimeError("not mine")

    def open(self) -> None:
        self._opened.set()


@contextmanager
def held(name: str) -> Iterator[Gate]:
    """Loads of the file `name`, asked for inside of it, are held in the decoder until the end, or `Gate.open`."""
    gate = Gate(name)
    setattr(palace.decoder_factories, f"held_{name}", gate)
    try:
        yield gate
    finally:
        gate.open()


class Silence(palace.BaseDecoder):
    """A decoder of some frames of silence, that calls something before it reads."""

    frequency = RATE
    channel_config = "Mono"
    sample_type = "Signed 16-bit"
    length = 0
    loop_points = (0, 0)

    def __init__(self, frames: int = 10, first: Callable[[], Any] = lambda: None) -> None:
        self._left = frames
        self._first = first

    def seek(self, frame: int) -> bool:
        return False

    def read(self, count: int) -> bytes:
        self._first()
        count = min(count, self._left)
        self._left -= count
        return bytes(2 * count)


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Four short sounds."""
    for number, name in enumerate(NAMES):
        sounds.wav(assets / name, 100 + number)
    pyglet.resource.reindex()
    return NAMES


def on_this_thread(call: Callable[[], object]) -> Callable[[BinaryIO], palace.BaseDecoder]:
    """A decoder factory that calls something where the game's thread loads, and then decodes silence."""
    here = threading.current_thread()

    def factory(_: BinaryIO) -> palace.BaseDecoder:
        if threading.current_thread() is not here:
            raise RuntimeError("not mine")
        return Silence(first=call)

    return factory


# Names on their way


def test_buffer_takes_over_queued_name(context: palace.Context, names: tuple[str, ...]) -> None:
    """Buffer loads a queued name on the calling thread."""
    with held("a.wav") as gate, held("c.wav") as taken:
        taken.open()
        palace.cache(names)
        assert gate.entered.wait(30)

        assert palace.Buffer("c.wav").length == 102

        assert taken.threads == [threading.current_thread().name]
        assert context.pending_names == ("a.wav", "b.wav", "d.wav")


def test_buffer_waits_only_for_claimed_name(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate, held("b.wav") as next_one:
        palace.cache(["a.wav", "b.wav"])
        assert gate.entered.wait(30)
        opener = threading.Timer(0, lambda: next_one.entered.wait(0) or gate.open())
        opener.start()

        assert palace.Buffer("a.wav").length == 100  # though the worker is held in the next by now

        opener.join()
        assert gate.threads == ["pyglet_palace loader 1"]
        assert next_one.entered.wait(30)
        assert context.pending_names == ("b.wav",)
        assert context.cached_names == ("a.wav",)


@pytest.mark.parametrize("how", ["free", "cancel", "destroy the context", "leave the context"])
def test_running_decode_blocks_no_caller(device: palace.LoopbackDevice, names: tuple[str, ...], how: str) -> None:
    context = palace.Context(device, EXACT, auto_update=False, workers=1)
    with held("a.wav") as gate:
        batch = palace.preload(names, context)
        assert gate.entered.wait(30)

        if how == "free":
            palace.free(names, context)
        elif how == "cancel":
            batch.cancel()
        elif how == "destroy the context":
            context.destroy()
        else:
            with context:
                pass

        assert batch.finished
        assert not context or context.pending_names == ()
        assert gate.entered.is_set()
        assert loader_threads()  # still held
    assert device._buffers.count == 0


def test_freed_result_is_discarded(context: palace.Context, names: tuple[str, ...]) -> None:
    """The result of a worker for a freed name is discarded."""
    received: list[str] = []
    context.set_handler("on_cached", received.append)
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.free(["a.wav"])
    palace.cache(["b.wav"])
    loaded(context)

    assert received == ["b.wav"]
    assert context.cached_names == ("b.wav",)
    assert context.stats()["buffers"] == 1


def test_recached_name_ignores_old_result(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """A name freed while it loads can be cached again, and the old result is ignored."""
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.free(["a.wav"])
        sounds.wav(assets / "new.wav", 7).replace(assets / "a.wav")
        del palace.decoder_factories.__dict__["held_a.wav"]
        palace.cache(["a.wav"])
    loaded(context)

    assert palace.Buffer("a.wav").length == 7


def test_freed_load_drops_samples_early(context: palace.Context, names: tuple[str, ...]) -> None:
    """The samples of a freed load are dropped without an update."""
    with held("b.wav"):
        palace.cache(["a.wav", "b.wav"])
        wait_until(lambda: context._engine.workers.finished)

        palace.free(["a.wav"])

        assert [job.samples for job in context._engine.workers.finished] == [None]


def test_buffer_load_needs_no_update(context: palace.Context, names: tuple[str, ...]) -> None:
    """A sound that Buffer loads needs no later update."""
    for name in (*names, "missing.wav"):
        try:
            palace.Buffer(name)
        except palace.ResourceNotFound:
            pass

    assert not context._engine.workers.finished


def test_1000_times_cache_then_buffer(context: palace.Context, names: tuple[str, ...]) -> None:
    for turn in range(1000):
        name = names[turn % 4]
        palace.cache([name])
        assert palace.Buffer(name).length == 100 + turn % 4
        palace.free([name])

    assert context.stats()["buffers"] == context.stats()["pending"] == context.stats()["undeleted"] == 0


def test_1000_times_cache_then_free(context: palace.Context, names: tuple[str, ...]) -> None:
    for turn in range(1000):
        palace.cache(names)
        if turn % 3 == 0:
            context.update()
        palace.free(names)
        assert context.pending_names == context.cached_names == ()

    palace.cache(names)
    loaded(context)
    assert context.cached_names == names
    assert context.stats()["buffers"] == 4


def test_1000_times_cache_then_destroy_buffer(context: palace.Context, names: tuple[str, ...]) -> None:
    for turn in range(1000):
        palace.cache(names)
        palace.Buffer(names[turn % 4]).destroy()
        context.update()

    palace.free(names)
    assert context.stats()["buffers"] == context.stats()["pending"] == 0


def test_1000_times_cache_then_leave_context(names: tuple[str, ...], device: palace.LoopbackDevice) -> None:
    for turn in range(1000):
        with palace.Context(device, EXACT, auto_update=False, workers=1) as context:
            palace.cache(names)
            if turn % 2:
                context.update()
        assert not context

    assert device._buffers.count == 0
    wait_until(lambda: not loader_threads())
    device.close()


# What may fail


def test_bad_names_leave_good_ones_alone(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    (assets / "junk.wav").write_bytes(b"RIFF" + bytes(range(256)))
    (assets / "empty.ogg").write_bytes(b"")
    (assets / "folder.wav").mkdir()
    pyglet.resource.reindex()
    failed: dict[str, Exception] = {}
    context.set_handler("on_cache_failed", failed.__setitem__)
    folder = assets / "folder.wav"

    palace.cache(["a.wav", "junk.wav", "b.wav", "nowhere.wav", "empty.ogg", "c.wav", folder, "../x.wav", "", "d.wav"])
    loaded(context)

    assert sorted(context.cached_names) == sorted(names)
    kinds = {name: type(error) for name, error in failed.items()}
    assert kinds == {
        "junk.wav": palace.DecodeError,
        "nowhere.wav": palace.ResourceNotFound,
        "empty.ogg": palace.DecodeError,
        str(folder): palace.ResourceUnreadable,
        "../x.wav": palace.ResourceNotFound,
        "": palace.ResourceNotFound,
    }
    assert context.stats()["failed"] == 6


@pytest.mark.parametrize(
    ("name", "kind", "stage"),
    [
        ("nowhere.wav", palace.ResourceNotFound, "find"),
        ("junk.wav", palace.DecodeError, "decode"),
        ("three.wav", palace.UnsupportedFormat, "decode"),
        ("long.wav", palace.BufferTooLarge, "decode"),
    ],
)
def test_failed_name_raises_cause_later(
    device: palace.LoopbackDevice, assets: Path, name: str, kind: type[palace.ResourceError], stage: str
) -> None:
    """A later Buffer of a failed name raises the cause."""
    context = palace.Context(device, EXACT, auto_update=False, buffer_limit=1000)
    (assets / "junk.wav").write_bytes(b"junk")
    sounds.wav(assets / "three.wav", 10, 3)
    sounds.wav(assets / "long.wav", 501)
    pyglet.resource.reindex()
    batch = palace.preload([name], context)
    assert batch.wait()

    with pytest.raises(palace.ResourceError) as raised:
        palace.Buffer(name, context)

    assert type(raised.value) is type(batch.failed[name]) is kind
    assert raised.value.name == name
    assert raised.value.stage == stage
    assert batch.failed[name].__traceback__ is None


def test_failed_name_succeeds_with_file(context: palace.Context, assets: Path) -> None:
    """A failed name succeeds after its file appears."""
    palace.cache(["late.wav"])
    context.update()
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("late.wav")
    sounds.wav(assets / "late.wav", 5)
    pyglet.resource.reindex()

    palace.cache(["late.wav"])
    loaded(context)

    assert palace.Buffer("late.wav").length == 5


def test_failed_pending_buffer_reports_once(context: palace.Context, assets: Path) -> None:
    """Buffer of a pending name that fails raises and reports the error once."""
    (assets / "junk.wav").write_bytes(b"junk")
    pyglet.resource.reindex()
    received: list[str] = []
    context.set_handler("on_cache_failed", lambda name, error: received.append(name))
    palace.cache(["junk.wav"])

    with pytest.raises(palace.DecodeError):
        palace.Buffer("junk.wav")

    assert context.pending_names == ()
    context.update()
    assert received == ["junk.wav"]


def test_file_lost_during_load_is_not_found(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    failed: dict[str, Exception] = {}
    context.set_handler("on_cache_failed", failed.__setitem__)
    with held("a.wav") as gate:
        palace.cache(names)
        assert gate.entered.wait(30)
        (assets / "b.wav").unlink()
    loaded(context)

    assert [type(error) for error in failed.values()] == [palace.ResourceNotFound]
    assert list(failed) == ["b.wav"]
    assert context.cached_names == ("a.wav", "c.wav", "d.wav")


@pytest.mark.parametrize("raised", [ValueError, MemoryError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_raising_decoder_fails_its_load_only(
    context: palace.Context, names: tuple[str, ...], raised: type[BaseException]
) -> None:
    def factory(file: BinaryIO) -> palace.BaseDecoder:
        if file.name.endswith("a.wav"):
            raise raised("of the game's")
        raise RuntimeError("not mine")

    palace.decoder_factories.bad = factory
    failed: dict[str, Exception] = {}
    context.set_handler("on_cache_failed", failed.__setitem__)

    palace.cache(names)
    loaded(context)

    assert list(failed) == ["a.wav"]
    assert isinstance(failed["a.wav"].__cause__, raised)
    assert context.cached_names == ("b.wav", "c.wav", "d.wav")
    assert context.stats()["workers"] == 1


# What names may be


def test_names_may_come_from_generator(context: palace.Context, names: tuple[str, ...]) -> None:
    """Names may come from a generator, which is read once."""
    palace.cache(name for name in (*names, *names))
    loaded(context)
    assert context.cached_names == names

    palace.free(name for name in names)
    assert context.cached_names == ()


@pytest.mark.parametrize("call", [palace.cache, palace.preload, palace.free])
@pytest.mark.parametrize(
    "wrong", ["a.wav", b"a.wav", Path("a.wav"), ["a.wav", 3], ["a.wav", b"b.wav"], ["a.wav", None], 5, None]
)
def test_wrong_names_schedule_nothing(
    context: palace.Context, names: tuple[str, ...], call: Callable[[Any], object], wrong: Any
) -> None:
    """Wrong names raise TypeError before any load is scheduled."""
    buffer = palace.Buffer("a.wav")

    with pytest.raises(TypeError):
        call(wrong)

    assert context.pending_names == ()
    assert buffer  # free has freed nothing


def test_raising_generator_schedules_nothing(context: palace.Context, names: tuple[str, ...]) -> None:
    def half() -> Iterator[str]:
        yield "a.wav"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        palace.cache(half())

    assert context.pending_names == ()


def test_path_and_resource_differ(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """A path and a resource never share a cache entry."""
    palace.cache(["a.wav", assets / "a.wav", str(assets / "a.wav"), assets / ".." / "assets" / "a.wav"])
    loaded(context)

    assert context.cached_names == ("a.wav", str(assets / "a.wav"))
    assert palace.Buffer(assets / "a.wav") is palace.Buffer(str(assets / "a.wav"))
    assert palace.Buffer("a.wav") is not palace.Buffer(assets / "a.wav")
    palace.free([assets / "a.wav"])
    assert context.cached_names == ("a.wav",)


def test_pending_names_keep_request_order(context: palace.Context, names: tuple[str, ...]) -> None:
    """Pending names are listed in request order until they are published."""
    with held("d.wav") as gate:
        palace.cache(["d.wav", "b.wav"])
        assert gate.entered.wait(30)
        palace.cache(["a.wav", "b.wav", "c.wav"])
        assert context.pending_names == ("d.wav", "b.wav", "a.wav", "c.wav")
        palace.Buffer("a.wav")
        assert context.pending_names == ("d.wav", "b.wav", "c.wav")
    wait_until(lambda: len(context._engine.workers.finished) == 3 + 1)  # with that of a.wav, which counts no more
    assert context.pending_names == ("d.wav", "b.wav", "c.wav")  # loaded, and not published

    context.update()

    assert context.pending_names == ()
    assert context.cached_names == ("d.wav", "b.wav", "a.wav", "c.wav")


# Threads


@pytest.mark.parametrize(
    "call",
    [
        lambda context, buffer: palace.Buffer("b.wav", context),
        lambda context, buffer: palace.Buffer.from_decoder(Silence(), "x", context),
        lambda context, buffer: context.update(),
        lambda context, buffer: context.pending_names,
        lambda context, buffer: context.stats(),
        lambda context, buffer: context.destroy(),
        lambda context, buffer: buffer.length,
        lambda context, buffer: buffer.sources,
        lambda context, buffer: buffer.play(),
        lambda context, buffer: buffer.destroy(),
    ],
)
def test_wrong_thread_error_names_both_threads(
    context: palace.Context, names: tuple[str, ...], call: Callable[[palace.Context, palace.Buffer], object]
) -> None:
    buffer = palace.Buffer("a.wav")
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            call(context, buffer)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere, name="the wrong one")
    thread.start()
    thread.join()

    (error,) = errors
    assert type(error) is RuntimeError
    assert threading.current_thread().name in str(error)
    assert "the wrong one" in str(error)
    assert context.cached_names == ("a.wav",)
    assert context.pending_names == ()


# The game takes part: messages and decoders


class Offering(palace.MessageHandler):
    """Offers other names."""

    def __init__(self, **offers: Any) -> None:
        self.offers = {f"{name}.wav": offer for name, offer in offers.items()}
        self.asked: list[tuple[str, str]] = []

    def resource_not_found(self, name: str) -> str:
        self.asked.append((name, threading.current_thread().name))
        offer = self.offers.get(name, "")
        return offer() if callable(offer) else offer


@pytest.mark.parametrize("how", ["cache", "preload", "Buffer"])
def test_substitute_keeps_requested_name(context: palace.Context, names: tuple[str, ...], how: str) -> None:
    """A substitute is loaded under the requested name."""
    handler = context.message_handler = Offering(missing="missing too.wav", **{"missing too": "b.wav"})
    if how == "cache":
        palace.cache(["missing.wav"])
        loaded(context)
    elif how == "preload":
        assert palace.preload(["missing.wav"]).wait()
    buffer = palace.Buffer("missing.wav")

    here = threading.current_thread().name
    assert handler.asked == [("missing.wav", here), ("missing too.wav", here)]
    assert buffer.name == "missing.wav"
    assert buffer.length == 101
    assert context.cached_names == ("missing.wav",)


@pytest.mark.parametrize("how", ["cache", "preload", "Buffer"])
def test_substitute_is_chosen_on_main_thread(
    context: palace.Context, names: tuple[str, ...], assets: Path, how: str
) -> None:
    """A substitute for a file that vanished is chosen on the main thread."""
    handler = context.message_handler = Offering(a="b.wav")
    (assets / "a.wav").unlink()  # pyglet's index still has it
    if how == "cache":
        palace.cache(["a.wav"])
        loaded(context)
    elif how == "preload":
        assert palace.preload(["a.wav"]).wait()
    buffer = palace.Buffer("a.wav")

    assert handler.asked == [("a.wav", threading.current_thread().name)]
    assert (buffer.name, buffer.length) == ("a.wav", 101)
    assert context.cached_names == ("a.wav",)


def test_missing_substitute_reports_first_name(context: palace.Context, names: tuple[str, ...]) -> None:
    """A substitute that is missing too is reported under the first name."""
    context.message_handler = Offering(missing="other.wav")

    with pytest.raises(palace.ResourceNotFound, match="missing") as raised:
        palace.Buffer("missing.wav")

    assert raised.value.name == "missing.wav"
    assert context.pending_names == ()


@pytest.mark.parametrize("vanished", [False, True], ids=["in the call", "by a worker"])
@pytest.mark.parametrize("offer", [5, b"b.wav", lambda: 1 / 0], ids=["a number", "bytes", "an exception"])
def test_invalid_substitute_fails_its_load_only(
    context: palace.Context, names: tuple[str, ...], assets: Path, vanished: bool, offer: Any
) -> None:
    context.message_handler = Offering(missing=offer, b=offer)
    bad = "b.wav" if vanished else "missing.wav"
    (assets / "b.wav").unlink()

    batch = palace.preload(["a.wav", bad, "c.wav"])
    assert batch.wait()

    assert list(batch.failed) == [bad]
    assert isinstance(batch.failed[bad], palace.ResourceNotFound)
    assert sorted(context.cached_names) == ["a.wav", "c.wav"]


def test_repeated_substitution_ends(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    context.message_handler = Offering(a="a.wav", missing="missing.wav")
    (assets / "a.wav").unlink()

    assert palace.preload(["a.wav", "missing.wav"]).wait()
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("missing.wav")


def test_load_inside_substitution_is_used(context: palace.Context, assets: Path) -> None:
    """A sound that the game loads while it chooses a substitute is used."""

    def make() -> str:
        palace.Buffer.from_decoder(Silence(12), "made.wav")
        return "made.wav"

    sounds.wav(assets / "late.wav", 5)

    def index_and_cache() -> str:
        pyglet.resource.reindex()
        palace.cache(["late.wav"])
        return "late.wav"

    context.message_handler = Offering(missing=index_and_cache)
    palace.cache(["missing.wav"])
    loaded(context)

    assert sorted(context.cached_names) == ["late.wav", "missing.wav"]
    context.message_handler = Offering(made=make)
    with pytest.raises(palace.ResourceNotFound):  # it has made a buffer, not a resource
        palace.Buffer("made.wav")
    assert palace.Buffer("made.wav").length == 12


@pytest.mark.parametrize("vanished", [False, True], ids=["in the call", "by a worker"])
def test_destroy_in_substitution_ends_load(
    context: palace.Context, names: tuple[str, ...], assets: Path, vanished: bool
) -> None:
    context.message_handler = Offering(missing=context.destroy, b=context.destroy)
    (assets / "b.wav").unlink()

    with pytest.raises(palace.DestroyedError):
        palace.Buffer("b.wav" if vanished else "missing.wav")

    assert not context


def test_interrupt_keeps_earlier_loads(context: palace.Context, names: tuple[str, ...]) -> None:
    """An interrupt in resource_not_found keeps the names before it pending."""

    def interrupt() -> str:
        raise KeyboardInterrupt

    context.message_handler = Offering(missing=interrupt)
    with pytest.raises(KeyboardInterrupt):
        palace.cache(["a.wav", "missing.wav", "b.wav"])

    loaded(context)
    assert context.cached_names == ("a.wav",)


class Loading(palace.MessageHandler):
    """Does something when samples are loaded."""

    def __init__(self, act: Callable[[str, memoryview], object]) -> None:
        self.act = act

    def buffer_loading(
        self, name: str, channel_config: str, sample_type: str, sample_rate: int, data: memoryview
    ) -> None:
        assert (channel_config, sample_type, sample_rate) == ("Mono", "Signed 16-bit", RATE)
        self.act(name, data)


@pytest.mark.parametrize("how", ["cache", "Buffer"])
def test_loading_handler_edits_are_heard(assets: Path, how: str) -> None:
    """Edits in buffer_loading are heard."""
    device = palace.LoopbackDevice(RATE, "Mono")
    context = palace.Context(device, EXACT, auto_update=False)
    palace.use_context(context)
    sounds.wav(assets / "a.wav", 100)
    pyglet.resource.reindex()

    def edit(name: str, data: memoryview) -> None:
        assert data.format == "B"
        data.cast("h")[10] = 12345

    context.message_handler = Loading(edit)
    if how == "cache":
        palace.cache(["a.wav"])
        loaded(context)
    palace.Buffer("a.wav").play()

    expected = sounds.ramp(100)
    expected[10] = 12345
    np.testing.assert_array_equal(np.rint(device.render(100) * 32768), expected)


def test_loading_view_ends_with_the_call(context: palace.Context, names: tuple[str, ...]) -> None:
    """A view that a handler keeps cannot change a sound that plays."""
    kept: list[memoryview] = []
    context.message_handler = Loading(lambda name, data: kept.append(data))
    palace.Buffer("a.wav")
    with pytest.raises(ValueError, match="released"):
        kept[0][0] = 1


@pytest.mark.parametrize("how", ["cache", "Buffer"])
def test_raising_loading_handler_is_the_cause(context: palace.Context, names: tuple[str, ...], how: str) -> None:
    """An error in buffer_loading fails the load with that error as the cause."""
    context.message_handler = Loading(lambda name, data: 1 / 0)
    error: BaseException
    if how == "cache":
        batch = palace.preload(["a.wav"])
        assert batch.wait()
        error = batch.failed["a.wav"]
    else:
        with pytest.raises(palace.DecodeError) as raised:
            palace.Buffer("a.wav")
        error = raised.value

    assert isinstance(error.__cause__, ZeroDivisionError)
    assert context.cached_names == context.pending_names == ()


@pytest.mark.parametrize("what", ["Buffer", "wait", "other Buffer"])
def test_load_callback_cannot_await_its_load(context: palace.Context, names: tuple[str, ...], what: str) -> None:
    """A callback of a load cannot wait for that load."""
    batch = palace.preload([])
    results: list[object] = []

    def act(name: str, data: memoryview) -> None:
        if name == "a.wav":
            try:
                results.append({"Buffer": lambda: palace.Buffer("a.wav"), "wait": batch.wait}[what]())
            except RuntimeError as error:
                results.append(str(error))

    def other(name: str, data: memoryview) -> None:
        if name == "a.wav":
            results.append(palace.Buffer("b.wav").length)

    context.message_handler = Loading(other if what == "other Buffer" else act)
    assert palace.Buffer("a.wav")

    assert results == [101] if what == "other Buffer" else "cannot wait for" in str(results[0])


def test_worker_cannot_ask_for_buffer(context: palace.Context, names: tuple[str, ...]) -> None:
    """A worker that asks for a buffer gets the wrong-thread error."""
    context.message_handler = Loading(lambda name, data: palace.Buffer("b.wav", context))
    batch = palace.preload(["a.wav"])
    wait_until(lambda: batch.finished, context)

    assert "belongs to the thread" in str(batch.failed["a.wav"])


def test_interrupted_load_is_not_pending(context: palace.Context, names: tuple[str, ...]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    palace.decoder_factories.interrupts = on_this_thread(interrupt)
    with pytest.raises(KeyboardInterrupt):
        palace.Buffer("a.wav")
    assert context.pending_names == context.cached_names == ()
    vars(palace.decoder_factories).clear()

    assert palace.Buffer("a.wav").length == 100
    assert context.stats()["buffers"] == 1


def test_interrupted_wait_keeps_cache_requests(
    context: palace.Context, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(job: object) -> None:
        raise KeyboardInterrupt

    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        with monkeypatch.context() as patched:
            patched.setattr(context._engine.workers, "wait_for", interrupt)
            with pytest.raises(KeyboardInterrupt):
                palace.Buffer("a.wav")

        assert context.pending_names == ("a.wav",)
    loaded(context)
    assert context.cached_names == ("a.wav",)


def test_interrupted_substitute_loses_no_name(context: palace.Context, names: tuple[str, ...]) -> None:
    class Interrupted(palace.MessageHandler):
        def resource_not_found(self, name: str) -> str:
            raise KeyboardInterrupt

    def missing(name: str) -> palace.FileIO:
        raise FileNotFoundError(name)

    palace.use_fileio(missing)
    batch = palace.preload(["zzz.wav"])
    wait_until(lambda: context._engine.workers.finished)
    context.message_handler = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        context.update()
    context.message_handler = palace.MessageHandler()
    assert batch.wait()
    assert isinstance(batch.failed["zzz.wav"], palace.ResourceNotFound)


@pytest.mark.parametrize("again", [False, True])
def test_decoder_may_free_its_name(context: palace.Context, names: tuple[str, ...], again: bool) -> None:
    """A decoder that Buffer calls may free the name that it loads."""

    def free() -> None:
        palace.free(["a.wav"])
        if again:
            vars(palace.decoder_factories).clear()
            palace.cache(["a.wav"])

    palace.decoder_factories.frees = on_this_thread(free)

    with pytest.raises(palace.LoadCancelled):
        palace.Buffer("a.wav")

    loaded(context)
    assert context.cached_names == (("a.wav",) if again else ())


def test_decoder_may_destroy_context(context: palace.Context, names: tuple[str, ...]) -> None:
    """A decoder that Buffer calls may destroy the context."""
    palace.decoder_factories.destroys = on_this_thread(context.destroy)

    with pytest.raises(palace.DestroyedError):
        palace.Buffer("a.wav")

    assert not context


def test_batch_cancel_keeps_loading_buffer(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("b.wav") as gate:
        palace.cache(["b.wav"])
        assert gate.entered.wait(30)  # the worker is held
        batch: list[palace.Batch] = []
        palace.decoder_factories.cancels = on_this_thread(lambda: batch[0].cancel())
        batch.append(palace.preload(["a.wav"]))

        assert palace.Buffer("a.wav").length == 10


# from_decoder


def test_from_decoder_refuses_pending_name(context: palace.Context, names: tuple[str, ...]) -> None:
    with held("a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        with pytest.raises(RuntimeError, match="is the name of another buffer"):
            palace.Buffer.from_decoder(Silence(), "a.wav")


def test_from_decoder_refuses_empty_decoder(context: palace.Context, names: tuple[str, ...]) -> None:
    """A decoder with no samples left is refused."""
    decoder = palace.decode("a.wav")
    decoder.read(100)

    with pytest.raises(palace.DecodeError, match="no samples"):
        palace.Buffer.from_decoder(decoder, "nothing")

    assert context.cached_names == ()


@pytest.mark.parametrize("raised", [ValueError, RuntimeError, OSError])
def test_from_decoder_names_decoder_error(context: palace.Context, raised: type[Exception]) -> None:
    def fail() -> None:
        raise raised("of the game's")

    with pytest.raises(palace.ResourceError, match="made") as error:
        palace.Buffer.from_decoder(Silence(first=fail), "made")

    assert isinstance(error.value.__cause__, raised)
    assert context.cached_names == ()


def test_from_decoder_refuses_name_taken_inside(context: palace.Context) -> None:
    """A name that the decoder itself takes meanwhile is refused."""

    def take() -> None:
        if not context.cached_names:
            palace.Buffer.from_decoder(Silence(5), "made")

    with pytest.raises(RuntimeError, match="is the name of another buffer"):
        palace.Buffer.from_decoder(Silence(first=take), "made")

    assert palace.Buffer("made").length == 5
    assert context.stats()["buffers"] == 1


def test_from_decoder_reports_destroyed_context(context: palace.Context) -> None:
    """The error names a context that the decoder destroys."""
    with pytest.raises(palace.DestroyedError):
        palace.Buffer.from_decoder(Silence(first=context.destroy), "made")


def test_from_decoder_obeys_the_limit(device: palace.LoopbackDevice) -> None:
    context = palace.Context(device, EXACT, auto_update=False, buffer_limit=1000)

    with pytest.raises(palace.BufferTooLarge):
        palace.Buffer.from_decoder(Silence(10**9), "endless", context)
    assert palace.Buffer.from_decoder(Silence(500), "just", context).size == 1000


# The end of a buffer


MEMBERS: dict[str, Callable[[palace.Buffer], object]] = {
    "length": lambda buffer: buffer.length,
    "length_seconds": lambda buffer: buffer.length_seconds,
    "frequency": lambda buffer: buffer.frequency,
    "channel_config": lambda buffer: buffer.channel_config,
    "sample_type": lambda buffer: buffer.sample_type,
    "size": lambda buffer: buffer.size,
    "loop_points": lambda buffer: buffer.loop_points,
    "loop_points=": lambda buffer: setattr(buffer, "loop_points", (0, 1)),
    "sources": lambda buffer: buffer.sources,
    "source_count": lambda buffer: buffer.source_count,
    "play": lambda buffer: buffer.play(),
    "with": lambda buffer: buffer.__enter__(),
}
ENDS: dict[str, Callable[[palace.Context, palace.Buffer], object]] = {
    "destroy": lambda context, buffer: buffer.destroy(),
    "free": lambda context, buffer: palace.free(["a.wav"]),
    "Context.destroy": lambda context, buffer: context.destroy(),
    "shutdown": lambda context, buffer: palace.shutdown(),
}


def test_listed_members_are_complete() -> None:
    members = {name for name, member in vars(palace.Buffer).items() if not isinstance(member, Elsewhere)}
    public = {name for name in members if not name.startswith("_")}
    assert public - {name.rstrip("=") for name in MEMBERS} == {"name", "destroy", "from_decoder", "from_samples"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("member", MEMBERS)
def test_destroyed_buffer_raises(context: palace.Context, names: tuple[str, ...], member: str, end: str) -> None:
    buffer = palace.Buffer("a.wav")
    ENDS[end](context, buffer)

    with pytest.raises(palace.DestroyedError):
        MEMBERS[member](buffer)

    assert not buffer
    assert "destroyed" in repr(buffer)
    assert buffer.name == "a.wav"
    buffer.destroy()


@pytest.mark.parametrize(
    "call",
    [
        lambda context: palace.cache(["a.wav"], context),
        lambda context: palace.free(["a.wav"], context),
        lambda context: palace.preload(["a.wav"], context),
        lambda context: palace.Buffer("a.wav", context),
        lambda context: palace.Buffer.from_decoder(Silence(), "x", context),
    ],
)
def test_destroyed_context_caches_nothing(
    context: palace.Context, names: tuple[str, ...], call: Callable[[palace.Context], object]
) -> None:
    context.destroy()
    with pytest.raises(palace.DestroyedError):
        call(context)


def test_second_destroy_does_nothing(context: palace.Context, names: tuple[str, ...]) -> None:
    """A second destroy does nothing, even if the name was loaded again."""
    buffer = palace.Buffer("a.wav")
    buffer.destroy()
    again = palace.Buffer("a.wav")

    buffer.destroy()

    assert again
    assert again is not buffer
    assert not buffer


def test_dropped_buffer_stays_cached(context: palace.Context, names: tuple[str, ...]) -> None:
    palace.Buffer("a.wav")

    assert context.cached_names == ("a.wav",)
    assert context.stats()["buffers"] == 1


def test_buffers_sort_by_age_and_hash(context: palace.Context, names: tuple[str, ...]) -> None:
    buffers = [palace.Buffer(name) for name in reversed(names)]

    assert sorted({*buffers}) == buffers
    assert len({*buffers, palace.Buffer("a.wav")}) == 4
    assert buffers[0] != buffers[1]


def test_repr_describes_the_buffer(context: palace.Context, names: tuple[str, ...]) -> None:
    assert repr(palace.Buffer("a.wav")) == "<Buffer 'a.wav': Mono, Signed 16-bit, 44100 Hz>"


def test_free_ignores_unknown_names(context: palace.Context) -> None:
    palace.free(["never heard of.wav", Path("nor of this.wav")])


def test_destroyed_buffers_sources_are_idle(context: palace.Context, names: tuple[str, ...]) -> None:
    buffer = palace.Buffer("a.wav")
    playing, paused = buffer.play(), buffer.play()
    paused.pause()

    buffer.destroy()

    assert not playing.playing
    assert not paused.paused
    assert playing.buffer is None
    assert context.stats()["undeleted"] == 0
    assert palace.Buffer("b.wav").play(playing).playing


def test_publishing_obeys_its_budget(context: palace.Context, names: tuple[str, ...]) -> None:
    """Publishing stops at its budget and continues in the next update."""
    palace.cache(names)
    wait_until(lambda: len(context._engine.workers.finished) == len(names))
    context._engine.requests.publish_budget = 0
    for published in range(1, len(names) + 1):
        context._engine.requests.publish()  # the first job uses the budget up
        assert len(context.cached_names) == published


def test_two_names_of_a_file_are_reported(
    context: palace.Context, names: tuple[str, ...], assets: Path, logged_warnings: Callable[[], list[str]]
) -> None:
    """``cache(folder.glob(...))`` does not help ``Buffer("a.wav")``: a path and a resource are two sounds."""
    palace.cache(assets.glob("*.wav"))
    palace.Buffer("a.wav")
    palace.Buffer(assets / "b.wav")

    (warning,) = logged_warnings()
    assert warning.startswith("'a.wav' was loaded before as the path ")
    assert "resources_in()" in warning


def test_destroyed_buffer_says_why(context: palace.Context, names: tuple[str, ...]) -> None:
    freed, kept = palace.Buffer("a.wav"), palace.Buffer("b.wav")
    palace.free(["a.wav"])
    with pytest.raises(palace.DestroyedError, match=r"freed it; Buffer\(name\) loads it again"):
        freed.play()
    palace.shutdown()
    with pytest.raises(palace.DestroyedError, match="Create another context"):
        kept.play()
