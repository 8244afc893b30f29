"""The three ways in which samples get to OpenAL; mapped memory, into which a worker copies, above all."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._loading import upload
from pyglet_palace._openal import constants, functions
from tests import sounds
from tests.conftest import EXACT, loaded, wait_until
from tests.test_buffer import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Frames of a sound that is copied by a worker, where it is to be copied.
LARGE = 100_000


@pytest.fixture(params=["static", "mapped", "copied"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that has static buffers, if this one does; that has mapped ones only; that has neither."""
    if request.param != "static":
        monkeypatch.setattr(functions(), "alBufferDataStatic", None)
    if request.param == "copied":
        monkeypatch.setattr(functions(), "alBufferStorageSOFT", None)


@pytest.fixture
def _mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions(), "alBufferDataStatic", None)
    assert functions().alBufferStorageSOFT is not None


@pytest.fixture
def large(assets: Path) -> Path:
    """A sound that is large, and a small one: large.wav and small.wav."""
    sounds.write(assets / "large.wav", sounds.noise(LARGE, 1), 44100, "PCM_16", "WAV")
    sounds.wav(assets / "small.wav", 100)
    pyglet.resource.reindex()
    return assets / "large.wav"


class Copies:
    """Copies into mapped memory that block until they are released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()
        self.done = threading.Event()
        self.address = 0


@contextmanager
def held_copies(monkeypatch: pytest.MonkeyPatch) -> Iterator[Copies]:
    copies = Copies()
    copy = functions().copy_to

    def held(address: int, array: Any) -> None:
        copies.address = address
        copies.entered.set()
        assert copies.released.wait(60)
        copy(address, array)
        copies.done.set()

    with monkeypatch.context() as patched:
        patched.setattr(functions(), "copy_to", held)
        try:
            yield copies
        finally:
            copies.released.set()


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("load", ["cache", "Buffer"])
@pytest.mark.parametrize("kind", ["wav-8", "wav-16", "wav-24", "wav-float", "flac-16"])
def test_samples_survive_every_upload_path(
    device: palace.LoopbackDevice, context: palace.Context, tmp_path: Path, kind: str, load: str
) -> None:
    path = sounds.KINDS[kind].write(tmp_path / "sound", sounds.noise(LARGE * 2, 2), 44100)
    if load == "cache":
        palace.cache([path])
        loaded(context)
    buffer = palace.Buffer(path)
    assert buffer.size == LARGE * 4 * {"wav-8": 1, "wav-24": 4, "wav-float": 4}.get(kind, 2)
    buffer.play()
    heard = device.render(LARGE)[64:]

    np.testing.assert_allclose(heard, sounds.through_soundfile(path)[64:LARGE], atol=1e-6)


@pytest.mark.usefixtures("_way")
def test_loop_points_survive_every_path(device: palace.LoopbackDevice, context: palace.Context, tmp_path: Path) -> None:
    path = sounds.write(tmp_path / "a.wav", sounds.noise(LARGE, 1), 44100, "PCM_16", "WAV")
    sounds.add_chunk(path, sounds.smpl_chunk((0, 200, 299)))
    palace.cache([path])
    loaded(context)
    source = palace.Source()
    source.looping = True
    palace.Buffer(path).play(source)
    heard = device.render(400)[:, 0]

    np.testing.assert_array_equal(heard[200:300], heard[300:400])


@pytest.mark.usefixtures("_mapped", "large")
def test_updates_copy_no_large_sounds(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = []
    give = functions().alBufferData
    monkeypatch.setattr(functions(), "alBufferData", lambda *arguments: (copied.append(arguments[3]), give(*arguments)))
    palace.cache(["large.wav", "small.wav"])
    loaded(context)

    assert set(context.cached_names) == {"large.wav", "small.wav"}
    assert copied == [200]
    assert max(copied) <= upload._COPIED_AT_ONCE


@pytest.mark.usefixtures("_mapped", "large")
def test_name_is_pending_until_copied(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[str] = []
    context.push_handlers(on_cached=received.append)
    with held_copies(monkeypatch) as copies:
        palace.cache(["large.wav"])
        wait_until(copies.entered.is_set, context)
        context.update()
        assert context.pending_names == ("large.wav",)
        assert context.stats()["loading_size"] == LARGE * 2
        assert context.stats()["buffers"] == 0
    wait_until(lambda: context._engine.workers.finished)
    assert context.cached_names == ()
    context.update()
    assert context.cached_names == tuple(received) == ("large.wav",)
    assert context.stats()["loading_size"] == 0


@pytest.mark.usefixtures("_mapped", "large")
def test_buffer_waits_for_its_copy_only(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with held_copies(monkeypatch) as copies:
        palace.cache(["large.wav"])
        wait_until(copies.entered.is_set, context)
        threading.Timer(0, copies.released.set).start()
        assert palace.Buffer("large.wav").length == LARGE


ENDS: dict[str, Callable[[palace.Batch], object]] = {
    "free": lambda batch: palace.free(["large.wav"]),
    "cancel": palace.Batch.cancel,
    "release": palace.Batch.release,
}


@pytest.mark.usefixtures("_mapped", "large")
@pytest.mark.parametrize("end", ENDS)
def test_unwanted_copy_leaves_no_buffer(context: palace.Context, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    deleted: list[int] = []
    delete = functions().delete_buffer
    monkeypatch.setattr(functions(), "delete_buffer", lambda number: (deleted.append(number), delete(number)))
    with held_copies(monkeypatch) as copies:
        batch = palace.preload(["large.wav"])
        wait_until(copies.entered.is_set, context)
        ENDS[end](batch)
        assert not copies.done.is_set()
        assert context.pending_names == ()
        if end == "free":
            error = batch.failed["large.wav"]
            assert (type(error), error.stage) == (palace.LoadCancelled, "upload")  # type: ignore[attr-defined]
        context.update()
        assert deleted == []  # its memory is being written
    wait_until(lambda: deleted, context)
    assert len(deleted) == 1
    assert context.stats()["buffers"] == 0
    assert not any(context._engine.requests.work)
    with context._engine.scope as al, pytest.raises(palace.OpenALError):
        al.buffer_integer(deleted[0], constants.AL_SIZE)
    assert palace.Buffer("large.wav").length == LARGE


@pytest.mark.usefixtures("_mapped", "large")
def test_destroy_waits_for_a_running_copy(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    destroyed = functions().alcDestroyContext

    def destroy(handle: int) -> None:
        assert copies.done.is_set()
        destroyed(handle)

    monkeypatch.setattr(functions(), "alcDestroyContext", destroy)
    with held_copies(monkeypatch) as copies:
        palace.cache(["large.wav"])
        wait_until(copies.entered.is_set, context)
        threading.Timer(0.01, copies.released.set).start()
        context.destroy()
        assert copies.done.is_set()


@pytest.mark.usefixtures("_mapped")
def test_copies_go_before_queued_loads(
    device: palace.LoopbackDevice, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    copy = functions().copy_to
    monkeypatch.setattr(functions(), "copy_to", lambda *arguments: (order.append("copy"), copy(*arguments)))
    hold, entered = threading.Event(), threading.Event()

    def note(file: Any) -> palace.BaseDecoder:
        order.append(file.name.rpartition("/")[2])
        if order == ["large.wav", "small.wav"]:
            entered.set()
            hold.wait(60)
        raise RuntimeError("not mine")

    palace.decoder_factories.a = note
    with palace.Context(device, EXACT, auto_update=False, workers=1) as context:
        palace.cache(["large.wav", "small.wav", "missing.wav"])
        palace.cache([sounds.wav(large.with_name("third.wav"))])
        assert entered.wait(30)
        context.update()  # takes large.wav in, and has it copy_for_libsndfile
        hold.set()
        loaded(context)
    assert order == ["large.wav", "small.wav", "copy", "third.wav"]


@pytest.mark.usefixtures("_mapped", "large")
def test_wait_copies_if_no_worker_is_free(context: palace.Context) -> None:
    with held("small.wav") as gate:
        batch = palace.preload(["large.wav"])
        palace.cache(["small.wav"])
        assert gate.entered.wait(30)  # so large.wav is decoded
        context.update()
        assert context.pending_names == ("large.wav", "small.wav")
        assert batch.wait()
        assert context.pending_names == ("small.wav",)


@pytest.mark.usefixtures("_mapped", "large")
def test_unmappable_sound_is_too_large(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise palace.OpenALError("alBufferStorageSOFT", 0xA005, "no memory")

    monkeypatch.setattr(functions(), "map_new_storage", refuse)
    with pytest.raises(palace.BufferTooLarge, match="OpenAL has no memory") as caught:
        palace.Buffer("large.wav")
    assert caught.value.stage == "upload"
    assert context.stats()["undeleted"] == 0


@pytest.mark.usefixtures("_mapped", "large")
@pytest.mark.parametrize("wanted", [True, False])
def test_interrupted_copy_leaves_no_buffer(
    context: palace.Context, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    made: list[int] = []
    map_new = functions().map_new_storage
    monkeypatch.setattr(
        functions(), "map_new_storage", lambda number, *rest: (made.append(number), map_new(number, *rest))[1]
    )
    with monkeypatch.context() as patched:
        patched.setattr(functions(), "copy_to", interrupt)
        patched.setattr(context._engine.workers, "submit", lambda *_, **__: None)  # no worker takes it
        if wanted:
            palace.cache(["large.wav"])
        with pytest.raises(KeyboardInterrupt):
            palace.Buffer("large.wav")
    context.update()

    assert context.pending_names == ()
    assert made
    with context._engine.scope as al, pytest.raises(palace.OpenALError):
        al.buffer_integer(made[0], constants.AL_SIZE)


@pytest.mark.usefixtures("_way", "large")
def test_refused_samples_leave_no_buffer(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    generate = functions().generate_buffer

    def refuse(*_: object) -> int:
        raise palace.OpenALError("a function of OpenAL", 0xA004, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(functions(), "generate_buffer", lambda: (made.append(generate()), made[-1])[1])
        patch.setattr(functions(), "buffer_integer", refuse)
        if functions().alBufferDataStatic is not None:
            patch.setattr(functions(), "alBufferDataStatic", refuse)
        with pytest.raises(palace.UnsupportedFormat, match="OpenAL refuses the samples"):
            palace.Buffer("large.wav")
    (number,) = made
    with context._engine.scope as al, pytest.raises(palace.OpenALError):
        al.buffer_integer(number, constants.AL_SIZE)
