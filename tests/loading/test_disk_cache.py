"""Context(disk_cache=...): what is taken from it, what is written when and by whom, and how it ends."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace._decoding import disk_cache
from pyglet_palace._decoding.disk_cache import LEAST_MAPPED, DiskCache
from pyglet_palace._loading import disk_writer
from tests import sounds
from tests.conftest import EXACT, RATE, loaded, wait_until
from tests.loading.test_cancel import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAMES = ("a.ogg", "b.flac", "c.mp3")
#: Seconds of a mono sound that is read from its entry, and of one that is mapped.
READ, MAPPED = LEAST_MAPPED / RATE / 4, LEAST_MAPPED / RATE


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Compressed sounds: one that is read from an entry, and two that are mapped."""
    for name, seconds in zip(NAMES, (READ, MAPPED, 2 * MAPPED), strict=True):
        sounds.write(assets / name, sounds.tone(seconds))
    pyglet.resource.reindex()
    return NAMES


@pytest.fixture
def start(device: palace.LoopbackDevice, tmp_path: Path) -> Callable[..., palace.Context]:
    """Start the game once more: end the context before, and return a new one with the same disk cache."""
    contexts: list[palace.Context] = []

    def begin(**options: Any) -> palace.Context:
        for before in contexts:
            before.destroy()
        options = {"disk_cache": tmp_path / "cache", "auto_update": False, "workers": 1, **options}
        contexts.append(palace.Context(device, EXACT, **options))
        palace.use_context(contexts[-1])
        return contexts[-1]

    return begin


def loaded_and_written(context: palace.Context, names: tuple[str, ...], writes: int | None = None) -> list[str]:
    """Load `names` and wait until they are written. Return the names of the entries."""
    palace.cache(names)
    loaded(context)
    wait_until(lambda: context.stats()["disk_writes"] == (len(names) if writes is None else writes))
    assert context.disk_cache is not None
    return sorted(os.listdir(context.disk_cache))


def heard(device: palace.LoopbackDevice, name: str) -> Any:
    palace.Buffer(name).play()
    return device.render(4096)


# Hits


def test_second_start_plays_the_same(
    start: Callable[..., palace.Context], device: palace.LoopbackDevice, names: tuple[str, ...]
) -> None:
    first = start()
    loaded_and_written(first, names)
    size = first.cached_size
    before = [heard(device, name) for name in names]

    second = start()
    batch = palace.preload(names)
    loaded(second)

    assert batch.ok
    assert batch.progress == 1
    assert (second.stats()["disk_hits"], second.stats()["disk_writes"]) == (3, 0)
    assert second.cached_size == size
    for name, samples in zip(names, before, strict=True):
        assert samples.any()
        assert np.array_equal(heard(device, name), samples)


def test_buffer_takes_the_entry(start: Callable[..., palace.Context], names: tuple[str, ...]) -> None:
    loaded_and_written(start(), names)
    context = start()

    for name in names:
        palace.Buffer(name)

    assert context.stats()["disk_hits"] == 3


def test_zip_and_path_have_entries(start: Callable[..., palace.Context], assets: Path, names: tuple[str, ...]) -> None:
    with zipfile.ZipFile(assets.parent / "b.zip", "w") as archive:
        archive.write(assets / "b.flac", "zipped.flac")
    loader = pyglet.resource.Loader([str(assets.parent / "b.zip")])
    both = ("zipped.flac", str(assets / "a.ogg"))
    loaded_and_written(start(loader=loader), both)

    context = start(loader=loader)
    palace.preload(both).wait()

    assert context.stats()["disk_hits"] == 2
    location: Any = loader.location("zipped.flac")
    location.zip.close()


@pytest.mark.parametrize("seconds", [READ, MAPPED])
def test_buffer_loading_edits_hits_only_in_memory(
    start: Callable[..., palace.Context], device: palace.LoopbackDevice, assets: Path, seconds: float
) -> None:
    sounds.write(assets / "a.flac", sounds.tone(seconds))
    pyglet.resource.reindex()

    class Silencer(palace.MessageHandler):
        calls = 0

        def buffer_loading(self, name: str, channels: str, kind: str, rate: int, data: memoryview) -> None:
            self.calls += 1
            data[:] = bytes(len(data))

    for hits in (0, 1, 1):
        context = start()
        context.message_handler = handler = Silencer()
        loaded_and_written(context, ("a.flac",), 1 - hits)
        assert (handler.calls, context.stats()["disk_hits"]) == (1, hits)
        assert not heard(device, "a.flac").any()

    context = start()
    assert heard(device, "a.flac").any()
    assert context.stats()["disk_hits"] == 1


@pytest.mark.parametrize("source", ["factory", "fileio"])
def test_sounds_of_the_games_code_have_no_entries(
    start: Callable[..., palace.Context], assets: Path, names: tuple[str, ...], source: str
) -> None:
    def reject(file: object) -> Any:
        raise RuntimeError

    if source == "factory":
        palace.decoder_factories.own = reject
    else:
        palace.use_fileio(lambda name: (assets / name).open("rb"))
    context = start()
    palace.preload(names).wait()
    context.destroy()

    assert not (assets.parent / "cache").exists()


def test_without_the_option_nothing_is_written(
    context: palace.Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    monkeypatch.setattr(DiskCache, "put", lambda *_: pytest.fail("written"))
    palace.preload(names).wait()

    assert context.disk_cache is None
    assert context.stats()["disk_writes"] == 0


def test_true_is_a_folder_of_the_user(
    start: Callable[..., palace.Context], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, appauthor: str(tmp_path / "home" / name))
    context = start(disk_cache=True)
    entries = loaded_and_written(context, names)

    assert context.disk_cache == str(tmp_path / "home" / "pyglet_palace")
    assert len(entries) == 3


@pytest.mark.parametrize("version", ["new", "old"])
def test_user_without_a_home_has_no_cache(
    start: Callable[..., palace.Context],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    version: str,
    logged_warnings: Any,
) -> None:
    """As in a container whose user has no entry in the list of users."""
    import platformdirs

    def user_cache_dir(name: str, appauthor: bool) -> str:
        if version == "new":
            raise RuntimeError("could not determine the home directory")
        return f"~/.cache/{name}"

    monkeypatch.setattr(platformdirs, "user_cache_dir", user_cache_dir)
    monkeypatch.chdir(tmp_path)
    context = start(disk_cache=True)
    assert palace.preload(names).wait()

    assert context.disk_cache is None
    assert "no home directory" in "".join(logged_warnings())
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("where", [None, 1, "", b"cache", ["cache"]])
def test_other_values_are_refused(device: palace.LoopbackDevice, where: Any) -> None:
    with pytest.raises(TypeError, match="disk_cache is"):
        palace.Context(device, disk_cache=where)


def test_relative_folder_stays_where_it_was(
    start: Callable[..., palace.Context], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert start(disk_cache="saved").disk_cache == str(tmp_path / "saved")


# Writing


def test_only_its_thread_writes(
    start: Callable[..., palace.Context], monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    threads, put = set(), DiskCache.put

    def record(*arguments: Any) -> bool:
        threads.add(threading.current_thread().name)
        return put(*arguments)

    monkeypatch.setattr(DiskCache, "put", record)
    context = start()
    palace.Buffer(names[0])
    loaded_and_written(context, names)

    assert threads == {"pyglet_palace disk cache"}


@pytest.fixture
def held_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The first write waits at this gate."""
    gate, put = Gate(), DiskCache.put

    def wait(*arguments: Any) -> bool:
        gate()
        return put(*arguments)

    monkeypatch.setattr(DiskCache, "put", wait)
    yield gate
    gate.open()


def test_sound_is_published_before_it_is_written(
    start: Callable[..., palace.Context], names: tuple[str, ...], held_write: Gate
) -> None:
    context = start()
    palace.cache(names)
    loaded(context)

    assert held_write.entered.wait(20)
    assert context.cached_names == names
    assert context.stats()["disk_writes"] == 0
    held_write.open()
    wait_until(lambda: context.stats()["disk_writes"] == 3)


def test_what_waits_to_be_written_is_bounded(
    start: Callable[..., palace.Context], names: tuple[str, ...], held_write: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_writer, "_MOST_WAITING", int(2 * RATE * (READ + MAPPED)) + 4096)
    context = start()
    for name in names:  # the third, too large one is not written
        palace.Buffer(name)
    held_write.open()
    wait_until(lambda: not context._engine.disk_cache._waiting)

    assert context.stats()["disk_writes"] == 2


def test_freed_sound_is_written_nevertheless(
    start: Callable[..., palace.Context], names: tuple[str, ...], held_write: Gate
) -> None:
    context = start()
    palace.preload(names).wait()
    palace.free(names)
    held_write.open()
    wait_until(lambda: context.stats()["disk_writes"] == 3)

    again = start()
    batch = palace.preload(names)
    batch.wait()

    assert batch.ok
    assert again.stats()["disk_hits"] == 3


def test_destroy_ends_with_sounds_to_write(
    start: Callable[..., palace.Context], names: tuple[str, ...], held_write: Gate, tmp_path: Path
) -> None:
    context = start()
    palace.preload(names).wait()
    assert held_write.entered.wait(20)
    context.destroy()
    held_write.open()
    wait_until(lambda: not [thread for thread in threading.enumerate() if "disk cache" in thread.name])

    assert not list((tmp_path / "cache").glob("*"))


def test_refused_write_does_not_fail_a_load(
    start: Callable[..., palace.Context], tmp_path: Path, names: tuple[str, ...], logged_warnings: Any
) -> None:
    """Neither does a folder that cannot be made."""
    (tmp_path / "file").write_text("")
    start(disk_cache=tmp_path / "file" / "cache")
    batch = palace.preload(names)
    batch.wait()

    assert batch.ok
    wait_until(logged_warnings)
    assert len(logged_warnings()) == 1


def test_removed_folder_is_filled_again(start: Callable[..., palace.Context], names: tuple[str, ...]) -> None:
    context = start()
    entries = loaded_and_written(context, names)
    assert context.disk_cache is not None
    shutil.rmtree(context.disk_cache)
    palace.free(names)

    assert loaded_and_written(context, names, 6) == entries


# Mapped memory


def test_freed_mappings_are_closed_on_its_thread(
    start: Callable[..., palace.Context], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    class Mapping(disk_cache.mmap.mmap):
        def close(self) -> None:
            closed.append(threading.current_thread().name)
            super().close()

    loaded_and_written(start(), names)
    monkeypatch.setattr(disk_cache.mmap, "mmap", Mapping)
    context = start()
    palace.preload(names).wait()
    palace.free(names)
    wait_until(lambda: len(closed) == 2)
    palace.preload(names).wait()
    context.destroy()
    wait_until(lambda: len(closed) == 4)

    assert set(closed) == {"pyglet_palace disk cache"}


def test_playing_mapping_outlives_its_entry(
    start: Callable[..., palace.Context], device: palace.LoopbackDevice, names: tuple[str, ...]
) -> None:
    loaded_and_written(start(), names)
    context = start()
    before = heard(device, names[2])
    context.sources[0].stop()
    device.render(4096)
    assert context.disk_cache is not None
    shutil.rmtree(context.disk_cache)

    assert before.any()
    assert np.array_equal(heard(device, names[2]), before)


@pytest.mark.skipif(
    not disk_cache.MAPPING_NEEDS_DESCRIPTOR or not os.path.isdir("/proc/self/fd"), reason="mappings need no descriptor"
)
def test_many_short_sounds_use_few_descriptors(
    start: Callable[..., palace.Context], assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_writer, "_MOST_MAPPED", 2)
    names = tuple(f"{number}.flac" for number in range(8))
    for name in names:
        sounds.write(assets / name, sounds.tone(MAPPED))
    pyglet.resource.reindex()
    loaded_and_written(start(decoding="threads"), names)
    start(decoding="threads")  # a decoder process has descriptors, too
    before = len(os.listdir("/proc/self/fd"))
    palace.preload(names).wait()

    assert len(os.listdir("/proc/self/fd")) - before <= 3  # of two threads, one may see one mapping less
