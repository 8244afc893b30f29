"""What goes wrong while sounds are loaded: files, memory, handlers, files that block for ever, fork, and the exit."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import textwrap
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._decoding import files, load
from pyglet_palace._loading import workers
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, wait_until
from tests.loading.test_cancel import Gate
from tests.test_buffer import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("a.wav", "b.wav", "c.wav")


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Three sounds of 3, 4 and 5 seconds: files of several blocks."""
    for number, name in enumerate(NAMES):
        sounds.wav(assets / name, RATE * (3 + number))
    pyglet.resource.reindex()
    return NAMES


@pytest.fixture
def failed(context: palace.Context) -> dict[str, palace.ResourceError]:
    """What `context` says that could not be loaded."""
    received: dict[str, palace.ResourceError] = {}
    context.set_handler("on_cache_failed", received.__setitem__)
    return received


# Files that change while they are loaded


@contextmanager
def held_in_file(
    folder: Path, name: str, reads: int, failure: Callable[[], BaseException] | None = None
) -> Iterator[Gate]:
    """The files of `folder`, read by `use_fileio` in small parts; that of `name` holds its reader at the `reads`th."""
    gate = Gate()

    class File(io.FileIO):
        left = reads

        def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
            if os.path.basename(str(self.name)) == name:
                self.left -= 1
                if not self.left:
                    gate()
                    if failure is not None:
                        raise failure()
            return super().read(min(size or 0, 4096)) or b""

    palace.use_fileio(lambda name: File(folder / name), 4096)
    try:
        yield gate
    finally:
        gate.open()
        palace.use_fileio(None)


def _truncate(path: Path) -> None:
    os.truncate(path, 20_000)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\x55" * 100_000)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(sounds.riff(sounds.format_chunk(), sounds.chunk(b"data", bytes(14))))
    other.replace(path)


def _overwrite(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(10_000)
        file.write(b"RIFF" * ((size - 10_000) // 4))


#: What is done to the file, and the frames that may come of it.
CHANGES: dict[str, tuple[Callable[[Path], object], set[int]]] = {
    "removed": (Path.unlink, {3 * RATE}),
    "truncated": (_truncate, set(range(3 * RATE))),
    "emptied": (_empty, set(range(3 * RATE))),
    "growing": (_grow, {3 * RATE}),
    "replaced by another": (_replace, {3 * RATE}),
    "written over": (_overwrite, {3 * RATE}),
}


@pytest.fixture(params=["copied", "read in place"])
def _how_files_are_read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the game's own: copied first, or, where there is no place for a copy, by libsndfile through Python."""
    if request.param == "read in place":
        monkeypatch.setattr(files, "_place", lambda: None)


@pytest.mark.usefixtures("_how_files_are_read")
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_file_gives_sound_or_error(
    context: palace.Context, names: tuple[str, ...], assets: Path, failed: dict[str, Any], change: str, kind: str
) -> None:
    name = "a.wav"
    if kind != "wav":
        name = f"a.{kind}"
        sounds.write(assets / name, sounds.noise(3 * RATE, 1))
        pyglet.resource.reindex()
    act, frames = CHANGES[change]
    with held_in_file(assets, name, reads=5) as gate:
        batch = palace.preload([name, "b.wav"])
        assert gate.entered.wait(30)
        act(assets / name)
        gate.open()
        loaded(context)

    assert batch.finished
    assert "b.wav" in context.cached_names
    if name in context.cached_names:
        assert kind != "wav" or palace.Buffer(name).length in frames
        assert palace.Buffer(name).length <= 3 * RATE + 4096
    else:
        assert isinstance(failed[name], palace.DecodeError)
        assert change not in ("removed", "growing", "replaced by another")
    assert context.stats()["buffers"] == len(context.cached_names)


@pytest.mark.usefixtures("_how_files_are_read")
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EACCES, errno.ENOENT])
@pytest.mark.parametrize("reads", [1, 2, 5])
def test_os_error_becomes_the_cause(
    context: palace.Context, names: tuple[str, ...], assets: Path, failed: dict[str, Any], number: int, reads: int
) -> None:
    with held_in_file(assets, "a.wav", reads, lambda: OSError(number, os.strerror(number))) as gate:
        gate.open()
        palace.cache(names)
        loaded(context)
        with pytest.raises(palace.ResourceUnreadable):
            palace.Buffer("a.wav")

    assert list(failed) == ["a.wav"]
    error = failed["a.wav"]
    assert type(error) is palace.ResourceUnreadable
    assert error.stage == "open"
    assert os.strerror(number) in str(error)
    cause: BaseException | None = error
    while not isinstance(cause, OSError):
        assert cause is not None
        cause = cause.__cause__
    assert set(context.cached_names) == {"b.wav", "c.wav"}


def test_factory_errors_fail_one_name(
    context: palace.Context, names: tuple[str, ...], assets: Path, failed: dict[str, Any]
) -> None:
    raised = iter([OSError(errno.EMFILE, "Too many open files"), MemoryError(), ValueError("of the game's")])

    def factory(name: str) -> palace.FileIO:
        if name.startswith("x"):
            raise next(raised)
        return (assets / name).open("rb")

    palace.use_fileio(factory)
    palace.cache(["x1", "a.wav", "x2", "b.wav", "x3", "c.wav"])
    loaded(context)

    assert {name: type(error.__cause__) for name, error in failed.items()} == {
        "x1": OSError,
        "x2": MemoryError,
        "x3": ValueError,
    }
    assert context.cached_names == NAMES


def test_pipe_is_unreadable_at_once(
    context: palace.Context, names: tuple[str, ...], assets: Path, failed: dict[str, Any]
) -> None:
    (assets / "a.wav").unlink()
    os.mkfifo(assets / "a.wav")  # which would block whoever opens it

    palace.cache(names)
    loaded(context)

    assert type(failed["a.wav"]) is palace.ResourceUnreadable
    assert context.cached_names == ("b.wav", "c.wav")


# Memory


def _short_of_memory(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """numpy has no memory for the `number`th array of samples."""
    left = [number]

    class Numpy:
        def __getattr__(self, name: str) -> Any:
            return getattr(np, name) if name != "empty" else empty

    def empty(*arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise MemoryError
        return np.empty(*arguments)

    monkeypatch.setattr(load, "np", Numpy())
    return left


@pytest.mark.parametrize("how", ["cache", "Buffer", "from_decoder"])
def test_no_memory_is_too_large(
    context: palace.Context,
    names: tuple[str, ...],
    failed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """The next sound loads."""
    left = _short_of_memory(monkeypatch, 1)
    if how == "cache":
        palace.cache(names)
        loaded(context)
        assert list(failed) == ["a.wav"]
        error = failed["a.wav"]
    else:
        with pytest.raises(palace.BufferTooLarge) as caught:
            palace.Buffer("a.wav") if how == "Buffer" else palace.Buffer.from_decoder(Silence(5), "a.wav")
        error = caught.value
        palace.cache(["b.wav", "c.wav"])
        loaded(context)

    assert left[0] <= 0
    assert type(error) is palace.BufferTooLarge
    assert isinstance(error.__cause__, MemoryError)
    assert "not enough memory" in str(error)
    assert context.cached_names == ("b.wav", "c.wav")
    assert palace.Buffer("a.wav").length == 3 * RATE


def test_no_memory_to_join_is_too_large(
    context: palace.Context, names: tuple[str, ...], failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _short_of_memory(monkeypatch, 3)

    class Long(Silence):
        def __init__(self) -> None:
            super().__init__(20_000)  # of unknown length: read in pieces

    with pytest.raises(palace.BufferTooLarge):
        palace.Buffer.from_decoder(Long(), "made")

    assert left == [0]
    assert palace.Buffer.from_decoder(Long(), "made").length == 20_000


# The game's own code raises


class Boom(Exception):
    """What a handler raises."""


def test_raising_handlers_lose_no_events(context: palace.Context, names: tuple[str, ...]) -> None:
    received: list[str] = []

    def boom(what: str) -> Callable[..., None]:
        def raising(*_: object) -> None:
            received.append(what)
            raise Boom

        return raising

    context.push_handlers(on_cached=boom("on_cached"), on_cache_failed=boom("on_cache_failed"))
    batch = palace.preload([*NAMES, "missing.wav"], on_progress=boom("on_progress"), on_complete=boom("on_complete"))
    assert batch.wait()
    booms = 0
    for _ in range(20):
        try:
            context.update()
        except Boom:
            booms += 1

    assert booms == len(received)
    assert sorted(received) == ["on_cache_failed", *["on_cached"] * 3, "on_complete", "on_progress"]
    assert context.cached_names == NAMES
    assert context.pending_names == ()


# A file that blocks for ever


@contextmanager
def stuck(folder: Path, *names: str) -> Iterator[Gate]:
    """Files of these names block whoever opens them, a worker, until the end."""
    gate = Gate()

    def factory(name: str) -> palace.FileIO:
        if name in names:
            gate()
        return (folder / name).open("rb")

    palace.use_fileio(factory)
    try:
        yield gate
    finally:
        gate.open()
        palace.use_fileio(None)


def test_one_blocked_file_blocks_no_other(device: palace.LoopbackDevice, names: tuple[str, ...], assets: Path) -> None:
    with stuck(assets, "a.wav") as gate, palace.Context(device, EXACT, auto_update=False, workers=2) as context:
        palace.cache(names)
        wait_until(lambda: context.cached_names == ("b.wav", "c.wav"), context)
        assert context.pending_names == ("a.wav",)
        assert gate.closed
        palace.free(["a.wav"])
        palace.cache(["a.wav"])  # blocks the second
        palace.free(names)
        assert context.pending_names == context.cached_names == ()


@pytest.mark.parametrize("how", ["Buffer", "Batch.wait", "from_decoder"])
def test_wait_works_beside_a_blocked_worker(
    context: palace.Context, names: tuple[str, ...], assets: Path, how: str
) -> None:
    with stuck(assets, "a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        if how == "Buffer":
            palace.cache(["b.wav"])
            assert palace.Buffer("b.wav").length == 4 * RATE
        elif how == "Batch.wait":
            assert palace.preload(["b.wav", "c.wav"]).wait()
        else:
            palace.Buffer.from_decoder(palace.decode("b.wav"), "b.wav")
        assert "b.wav" in context.cached_names
        source = palace.Buffer("b.wav").play()
        assert source.playing
        context.update()
        palace.free(["a.wav", "b.wav"])
        assert not source.playing
        palace.Buffer("c.wav").destroy()
        context.destroy()
        assert gate.closed


@pytest.mark.parametrize("workers", [1, 2])
def test_blocked_workers_do_not_block_destroy(
    device: palace.LoopbackDevice, names: tuple[str, ...], assets: Path, workers: int
) -> None:
    with stuck(assets, *NAMES) as gate:
        with palace.Context(device, EXACT, auto_update=False, workers=workers) as context:
            batch = palace.preload(names)
            assert gate.entered.wait(30)
            assert not batch.wait(0.01)
            assert context.stats()["workers"] == workers
        assert gate.closed
        assert batch.finished
        assert device._buffers.count == 0


# The loader of pyglet changes


def _index(folder: Path) -> None:
    pyglet.resource.path[:] = [str(folder)]
    pyglet.resource.reindex()


def test_reindex_does_not_affect_requests(
    context: palace.Context, names: tuple[str, ...], assets: Path, tmp_path: Path
) -> None:
    """The look-up was made in the call; what comes later finds what is there later."""
    elsewhere = tmp_path / "elsewhere"
    for name in NAMES:
        sounds.wav(elsewhere / name, 11)
    gate = Gate()

    def holding(file: Any) -> palace.BaseDecoder:
        gate()
        raise RuntimeError("not mine")

    palace.decoder_factories.holding = holding
    palace.cache(["a.wav", "b.wav"])
    assert gate.entered.wait(30)
    _index(elsewhere)
    gate.open()
    loaded(context)

    assert palace.Buffer("a.wav").length == 3 * RATE
    assert palace.Buffer("b.wav").length == 4 * RATE
    assert palace.Buffer("c.wav").length == 11
    palace.free(["a.wav"])
    assert palace.Buffer("a.wav").length == 11


def test_unindexed_name_stays_cached(context: palace.Context, names: tuple[str, ...], tmp_path: Path) -> None:
    buffer = palace.Buffer("a.wav")
    (tmp_path / "nothing").mkdir()
    _index(tmp_path / "nothing")

    palace.cache(["a.wav"])
    assert palace.Buffer("a.wav") is buffer
    palace.free(["a.wav"])
    with pytest.raises(palace.ResourceNotFound):
        palace.Buffer("a.wav")


def _zip(path: Path, frames: int, folder: Path, count: int = 3) -> None:
    with zipfile.ZipFile(path.with_suffix(".new"), "w") as archive:
        for number, name in enumerate(NAMES[:count]):
            archive.write(sounds.wav(folder / "in the zip.wav", frames + number), name)
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("change", ["closed", "replaced", "truncated", "removed"])
def test_changed_archive_gives_sound_or_error(
    context: palace.Context, assets: Path, tmp_path: Path, failed: dict[str, Any], change: str
) -> None:
    path = tmp_path / "all.zip"
    _zip(path, 100, tmp_path)
    _index(path)
    gate = Gate()

    def holding(file: Any) -> palace.BaseDecoder:
        gate()
        raise RuntimeError("not mine")

    palace.decoder_factories.holding = holding
    batch = palace.preload(NAMES)
    assert gate.entered.wait(30)
    location = pyglet.resource.location("b.wav")
    if change == "closed":
        location.zip.close()
    elif change == "replaced":
        _zip(path, 5000, tmp_path, count=1)
    elif change == "truncated":
        os.truncate(path, 50)
    else:
        path.unlink()
    gate.open()
    loaded(context)

    assert batch.finished
    assert "a.wav" in context.cached_names  # it was opened already
    for name in ("b.wav", "c.wav"):
        if name in context.cached_names:
            assert change != "closed"  # what the old one has is read from what is open still
            assert palace.Buffer(name).length == 100 + NAMES.index(name)
        else:
            assert isinstance(failed[name], palace.ResourceError)
            assert failed[name].name == name
    _zip(path, 200, tmp_path)
    pyglet.resource.reindex()
    palace.free(NAMES)
    assert palace.Buffer("b.wav").length == 201


# The end of the process, and its child

#: What programs begin with; the first argument is a folder of sounds.
_BEGIN = """
import os, sys, threading, warnings
import pyglet.resource
import pyglet_palace as palace
pyglet.resource.path = [sys.argv[1]]
pyglet.resource.reindex()
device = palace.LoopbackDevice()
context = palace.Context(device, auto_update=False, workers=1)
palace.use_context(context)
entered, go = threading.Event(), threading.Event()
stage = sys.argv[2]
def hold():
    if threading.current_thread() is not threading.main_thread():
        entered.set()
        go.wait()
def open_file(name):
    if stage == "opening" and name == "a.wav":
        hold()
    return open(os.path.join(sys.argv[1], name), "rb")
class Held(palace.BaseDecoder):
    frequency, channel_config, sample_type, length, loop_points = 44100, "Mono", "Signed 16-bit", 0, (0, 0)
    def seek(self, frame): return False
    def read(self, count):
        hold()
        return b""
def decode(file):
    if stage == "decoding" and file.name.endswith("a.wav"):
        return Held()
    if stage == "queued" and file.name.endswith("b.wav"):
        hold()
    raise RuntimeError
class Handler(palace.MessageHandler):
    def buffer_loading(self, name, *more):
        if stage == "editing" and name == "a.wav":
            hold()
context.message_handler = Handler()
if stage == "opening":
    palace.use_fileio(open_file)
palace.decoder_factories.decode = decode
if stage == "queued":
    palace.cache(["b.wav"])
    entered.wait()
batch = palace.preload(["a.wav"])
if stage == "finished":
    while not context._engine.workers.finished: pass
elif stage != "queued":
    entered.wait()
"""
_STAGES = ("queued", "opening", "decoding", "editing", "finished")


def _run(code: str, *arguments: object, status: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _BEGIN + textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "ALSOFT_DRIVERS": "none such"},
    )
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def short(assets: Path) -> Path:
    """A folder of three short sounds."""
    for name in NAMES:
        sounds.wav(assets / name, 50)
    return assets


#: How a program ends, and its exit code.
_EXITS = {
    "last line": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "in a handler": (
        """
        context.push_handlers(on_cached=lambda name: sys.exit(4))
        palace.preload(["c.wav"]).wait()
        context.update()
        """,
        4,
    ),
    "beside a thread of the game's": (
        """
        def linger():
            threading.main_thread().join()
            print("the game's thread ends", bool(context))
        threading.Thread(target=linger).start()
        """,
        0,
    ),
}


@pytest.mark.parametrize("stage", _STAGES)
@pytest.mark.parametrize("how", _EXITS)
def test_exit_at_any_stage_is_clean(short: Path, stage: str, how: str) -> None:
    """The process ends quietly with its own exit code."""
    code, status = _EXITS[how]
    if how == "in a handler" and stage == "finished":
        code = "context.push_handlers(on_cached=lambda name: sys.exit(4))\ncontext.update()"
    printed, errors = _run(code, short, stage, status=status)
    assert errors == ""
    assert how != "beside a thread of the game's" or printed.startswith("the game's thread ends")


@pytest.mark.parametrize("stage", _STAGES)
def test_fork_at_any_stage_is_safe(short: Path, stage: str) -> None:
    code = """
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, since Python 3.12
        child = os.fork()
        if not child:
            for use in (context.update, lambda: palace.cache(["c.wav"], context), lambda: batch.wait(0), context.stats):
                try:
                    use()
                    print("it works")
                except palace.DestroyedError:
                    pass
            batch.cancel()
            batch.release()
            context.destroy()
            assert not context
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stage = ""
        go.set()
        if sys.argv[2] != "decoding":
            print(batch.wait(), [*batch.failed], "a.wav" in context.cached_names)
        else:
            print(batch.wait(), *map(type, batch.failed.values()))
        print(palace.Buffer("c.wav").length)
    """
    printed, errors = _run(code, short, stage)
    assert "Traceback" not in errors
    lines = printed.splitlines()
    assert lines[0] == "3"
    assert lines[2] == "50"
    assert lines[1] == ("True <class 'pyglet_palace.errors.DecodeError'>" if stage == "decoding" else "True [] True")


# Defects that these tests have found


@contextmanager
def stuck_in_header(folder: Path, name: str) -> Iterator[Gate]:
    """Whoever reads the header of the file `name` is held; it gives up in the end, for this must not hang."""
    gate = Gate(patience=4)

    class File(io.BytesIO):
        held = False

        def read(self, size: int | None = -1) -> bytes:
            if self.held and self.tell() > 0:
                gate()
            return super().read(size)

    def factory(asked: str) -> palace.FileIO:
        file = File((folder / asked).read_bytes())
        file.held = asked == name
        return file

    palace.use_fileio(factory, 12)  # so small that it is asked for what libsndfile asks for
    try:
        yield gate
    finally:
        gate.open()
        palace.use_fileio(None)


@pytest.mark.parametrize("how", ["Buffer", "cache", "wait", "Decoder"])
def test_blocked_header_blocks_no_other(
    device: palace.LoopbackDevice, names: tuple[str, ...], assets: Path, how: str
) -> None:
    """soundfile holds a lock of all its files while one is opened (`SoundFile._sf_error_lock`)."""
    context = palace.Context(device, EXACT, auto_update=False, workers=2)
    palace.use_context(context)
    with stuck_in_header(assets, "a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        if how == "Buffer":
            palace.Buffer("b.wav")
        elif how == "Decoder":
            palace.Decoder(assets / "b.wav").read(10)
        else:
            batch = palace.preload(["b.wav"])
            if how == "wait":
                batch.wait()
            else:
                wait_until(lambda: batch.finished, context)
        assert gate.closed, "it came only when the file that blocked gave up"


def test_nested_load_in_a_header_works(context: palace.Context, names: tuple[str, ...], assets: Path) -> None:
    """The same lock: who has it waits for itself, for ever. In a process of its own, which can be ended."""
    code = """
        import io
        class File(io.BytesIO):
            def read(self, size=-1):
                if self.tell() > 0:
                    palace.use_fileio(None)
                    print(palace.Buffer("b.wav").length, flush=True)
                return super().read(size)
        palace.use_fileio(lambda name: File(open(os.path.join(sys.argv[1], name), "rb").read()), 12)
        print(palace.Buffer("c.wav").length, flush=True)
        os._exit(0)
    """
    for name in NAMES:
        sounds.wav(assets / name, 50)
    try:
        printed, _ = _run(code, assets, "finished")
    except subprocess.TimeoutExpired:
        pytest.fail("it waits for ever")
    assert set(printed.split()) == {"50"}


@pytest.mark.parametrize("drive", [palace.Context.update, lambda context: palace.preload(["c.wav"]).wait(0.01)])
def test_blocked_worker_is_replaced_later(
    context: palace.Context,
    names: tuple[str, ...],
    assets: Path,
    monkeypatch: pytest.MonkeyPatch,
    drive: Callable[[palace.Context], object],
) -> None:
    monkeypatch.setattr(workers, "STALL_SECONDS", 0.01)
    with stuck(assets, "a.wav") as gate:
        palace.cache(["a.wav"])
        assert gate.entered.wait(30)
        palace.cache(["b.wav", "c.wav"])
        wait_until(lambda: (drive(context), context.cached_names == ("b.wav", "c.wav"))[1])
        assert gate.closed


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("where", ["claim", "note"])
def test_interrupted_claim_is_finished(context: palace.Context, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the claim of a job and its run: the next `Buffer` does not wait for a job that never ends."""
    pyglet.resource.reindex()
    requests = context._engine.requests
    pool = context._engine.workers

    class Interrupting(list):  # type: ignore[type-arg]
        def append(self, job: object) -> None:
            super().append(job)
            raise KeyboardInterrupt

    def interrupted(job: Any) -> None:
        mark(job)
        raise KeyboardInterrupt

    mark = pool._mark_claimed
    monkeypatch.setattr(pool, "_next_job", lambda: None)  # no worker takes the job
    palace.cache([NAMES[0]])
    with monkeypatch.context() as patch:
        if where == "claim":
            patch.setattr(pool, "_mark_claimed", interrupted)
        else:
            patch.setattr(requests._here, "running", Interrupting())
        with pytest.raises(KeyboardInterrupt):
            palace.Buffer(NAMES[0])
    context.update()
    assert palace.Buffer(NAMES[0]).length
