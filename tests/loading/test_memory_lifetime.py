"""OpenAL reads nothing but samples that live, whatever is freed, collected, stopped and played meanwhile.

Every array of samples that the package lets go is overwritten with loud noise at once; every frame that comes out is
compared with the sum of the sounds that play.

``python -m tests.loading.test_memory_lifetime 100`` does so with a hundred other seeds, 400 steps each.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace import _openal as openal
from pyglet_palace._decoding import load
from pyglet_palace._loading import upload
from tests import sounds
from tests.conftest import EXACT, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What all sounds together stay below, what stands for memory that is not theirs any more, and the frames over which
#: OpenAL fades in what begins and out what is cut off.
QUIET, LOUD, FADE = 0.6, 0.9, 64

SOUNDS = 6


def sound(number: int) -> Any:
    """16-bit samples of no other sound's values: some are short, one is long enough to be read in several blocks.

    The last is 0, for OpenAL Soft holds it where a sound has ended, until the end of what is mixed at a time.
    """
    frames = (300, 2000, 5000, 777, 12_000, 1_200_000)[number]
    data = (np.arange(frames) % 97 + 100 * (number + 1)).astype(np.int16)[:, None]
    data[-1] = 0
    return data


def references() -> int:
    """What `sys.getrefcount` says of an object with one name: 2, since Python 3.14 often 1."""
    alone = object()
    return sys.getrefcount(alone)


ONE_NAME = references()


class Arrays:
    """All arrays of samples there are; those that only this has any more are overwritten by `sweep`."""

    def __init__(self) -> None:
        self._held: list[Any] = []
        self.overwritten = 0

    def note(self, array: Any) -> None:
        self._held.append(array)

    def sweep(self) -> None:
        """Overwrite the arrays that the package has released."""
        kept = []
        for _ in range(len(self._held)):
            array = self._held.pop()
            if sys.getrefcount(array) > ONE_NAME:
                kept.append(array)
            else:
                overwrite(array)
                self.overwritten += 1
                self._gone.append(array)  # so that the memory is not reused
                del self._gone[:-200]
        self._held = kept[::-1]

    _gone: list[Any] = []  # noqa: RUF012


def overwrite(array: Any) -> None:
    whole = array if array.base is None else array.base
    if isinstance(whole, np.ndarray):
        whole = whole if whole.dtype == array.dtype else array  # it may be the bytes of a file
        loud = LOUD if whole.dtype.kind == "f" else int(LOUD * np.iinfo(whole.dtype).max)
        whole[::2], whole[1::2] = loud, -loud


@contextmanager
def watched() -> Iterator[Arrays]:
    """Every array of samples is noted, and swept also at the moment the store lets it go."""
    arrays = Arrays()
    decode_all, delete, close = load.decode_all, upload.BufferStore.delete, upload.BufferStore.close

    def noting(*arguments: Any) -> Any:
        samples = decode_all(*arguments)
        arrays.note(samples.data)
        return samples

    def deleting(self: Any, al: Any, stored: Any) -> None:
        delete(self, al, stored)
        arrays.sweep()

    def closing(self: Any) -> None:
        close(self)
        arrays.sweep()

    load.decode_all = noting
    upload.BufferStore.delete = deleting  # type: ignore[method-assign]
    upload.BufferStore.close = closing  # type: ignore[method-assign]
    try:
        yield arrays
    finally:
        load.decode_all = decode_all
        upload.BufferStore.delete = delete  # type: ignore[method-assign]
        upload.BufferStore.close = close  # type: ignore[method-assign]


class Stranger:
    """An OpenAL source that the package knows nothing of, playing one of its buffers: that cannot be deleted."""

    def __init__(self, context: palace.Context, buffer: palace.Buffer, data: Any) -> None:
        self.context, self.data = context, data
        with context._engine.scope as al:
            self.number = al.generate_source()
            al.alSourcei(self.number, openal.constants.AL_BUFFER, buffer._entry.stored.number)
            al.alSourcei(self.number, openal.constants.AL_LOOPING, 1)
            al.alSourcePlay(self.number)

    @property
    def offset(self) -> int:
        with self.context._engine.scope as al:
            return al.source_integer(self.number, openal.constants.AL_SAMPLE_OFFSET)

    def leave(self) -> None:
        with self.context._engine.scope as al:
            al.alSourceStop(self.number)
            al.alSourcei(self.number, openal.constants.AL_BUFFER, 0)
            al.delete_source(self.number)


class RandomPlayback:
    """Two contexts on one device, and random things done in them."""

    def __init__(self, folder: Path, seed: int, arrays: Arrays, *, strangers: bool = True) -> None:
        self.chance = random.Random(seed)
        self.arrays = arrays
        self.data = {}
        self.paths = []
        for number in range(SOUNDS):
            path = folder / f"{number}.wav"
            if not path.exists():
                subtype = "PCM_16" if number % 2 else "FLOAT"
                sounds.write(path, sound(number) / 32768 if number % 2 == 0 else sound(number), subtype=subtype)
            self.paths.append(path)
            self.data[str(path)] = sound(number)[:, 0] / 32768
        self.device = palace.LoopbackDevice(44100, "Mono")
        self.contexts = [self.new_context(), self.new_context()]
        self.sources: list[palace.Source] = []
        self.buffers: list[palace.Buffer] = []
        self.strangers: list[Stranger] = []
        self.does = [
            *[self.play] * 6,
            *[self.render] * 4,
            *[self.free, self.cache, self.stop, self.pause, self.resume, self.seek, self.forget, self.update] * 2,
            *[self.destroy_source, self.destroy_buffer, self.loop, self.replay, self.collect, self.limit],
            *[self.from_decoder, self.drop_load, self.renew_context],
            *[self.enter_stranger, self.leave_stranger] * strangers,
        ]

    def new_context(self) -> palace.Context:
        return palace.Context(self.device, {**EXACT, palace.MONO_SOURCES: 64}, auto_update=False, workers=1)

    # What is done

    def step(self) -> str:
        context = self.context = self.chance.choice(self.contexts)
        palace.use_context(context)
        self.sources = [source for source in self.sources if source]
        self.buffers = [buffer for buffer in self.buffers if buffer]
        does = self.chance.choice(self.does)
        does()
        return does.__name__

    def any_path(self) -> Path:
        return self.chance.choice(self.paths)

    def any_source(self) -> palace.Source:
        return self.chance.choice(self.sources) if self.sources else palace.Source()

    def play(self) -> None:
        source = palace.Buffer(self.any_path()).play()
        if self.chance.random() < 0.7:
            self.sources.append(source)

    def replay(self) -> None:
        source = self.any_source()
        palace.Buffer(self.any_path(), source.context).play(source)

    def free(self) -> None:
        palace.free([self.any_path(), self.any_path()])

    def cache(self) -> None:
        palace.cache([self.any_path(), self.any_path()])
        if self.chance.random() < 0.5:
            loaded(self.context)

    def drop_load(self) -> None:
        batch = palace.preload([self.any_path()])
        if self.chance.random() < 0.5:
            batch.wait(0.001)
        self.chance.choice([batch.cancel, batch.release])()

    def from_decoder(self) -> None:
        path = self.any_path()
        palace.free([str(path)])
        palace.Buffer.from_decoder(palace.Decoder(path), str(path)).play()

    def stop(self) -> None:
        self.any_source().stop()

    def pause(self) -> None:
        self.any_source().pause()

    def resume(self) -> None:
        self.any_source().resume()

    def loop(self) -> None:
        source = self.any_source()
        source.looping = not source.looping

    def seek(self) -> None:
        source = self.any_source()
        buffer = source.buffer
        source.offset = self.chance.randrange(buffer.length if buffer is not None else 100)

    def destroy_source(self) -> None:
        self.any_source().destroy()

    def destroy_buffer(self) -> None:
        buffer = palace.Buffer(self.any_path())
        if self.chance.random() < 0.5:
            self.buffers.append(buffer)
        buffer.destroy()

    def forget(self) -> None:
        del self.sources[: self.chance.randrange(3)], self.buffers[:1]

    def collect(self) -> None:
        gc.collect()

    def limit(self) -> None:
        self.context.cache_limit = self.chance.choice([None, 0, 5000, 100_000])

    def update(self) -> None:
        self.context.update()

    def render(self) -> None:
        self.hear(self.chance.choice([1, 50, 400, 3000]))

    def renew_context(self) -> None:
        if self.chance.random() < 0.3:
            for stranger in [one for one in self.strangers if one.context is self.context]:
                stranger.leave()
                self.strangers.remove(stranger)
            place = self.contexts.index(self.context)
            self.context.destroy()
            self.contexts[place] = self.new_context()

    def enter_stranger(self) -> None:
        if len(self.strangers) < 3:
            buffer = palace.Buffer(self.any_path())
            self.strangers.append(Stranger(self.context, buffer, self.data[buffer.name]))

    def leave_stranger(self) -> None:
        if self.strangers:
            self.strangers.pop().leave()

    # What is heard

    def hear(self, frames: int) -> None:
        """The sum of what plays, and nothing else; while OpenAL fades, nothing loud."""
        self.arrays.sweep()
        assert np.abs(self.device.render(FADE)).max() < QUIET, "released samples are heard"
        expected = np.zeros(frames)
        for context in self.contexts:
            for source in [state.source for state in context._engine.voices]:
                assert isinstance(source, palace.Source)
                if source.playing:
                    buffer = source.buffer
                    assert buffer is not None
                    _add(expected, self.data[buffer.name], source.offset, source.looping)
        for stranger in self.strangers:
            _add(expected, stranger.data, stranger.offset, True)
        heard = self.device.render(frames)[:, 0]
        assert np.abs(heard).max() < QUIET, "released samples are heard"
        np.testing.assert_allclose(heard, expected, rtol=0, atol=1e-6)

    def close(self) -> None:
        for stranger in self.strangers:
            stranger.leave()
        for context in self.contexts:
            context.update()  # tries again what was refused because of strangers
            context.destroy()
        assert (self.device._buffers.count, self.device._buffers.refused) == (0, [])
        self.device.close()
        self.arrays.sweep()
        assert not self.arrays._held, "somebody holds samples still"


def _add(expected: Any, data: Any, offset: int, looping: bool) -> None:
    at = np.arange(offset, offset + len(expected))
    if looping:
        expected += data[at % len(data)]
    else:
        at = at[at < len(data)]
        expected[: len(at)] += data[at]


def turmoil(folder: Path, seed: int, steps: int) -> int:
    """Do random things; return how many arrays were released and overwritten."""
    with watched() as arrays:
        scene = RandomPlayback(folder, seed, arrays)
        done: list[str] = []
        try:
            for _ in range(steps):
                done.append(scene.step())
                if done[-1] != "render" and scene.chance.random() < 0.7:
                    scene.hear(scene.chance.choice([5, 100, 300]))
                if len(list(scene.contexts[0]._engine.voices)) + len(list(scene.contexts[1]._engine.voices)) > 20:
                    for context in scene.contexts:
                        for source in [state.source for state in context._engine.voices]:
                            source.stop()  # type: ignore[attr-defined]
            scene.close()
        except Exception:
            print(f"seed {seed}, after {len(done)} steps: {done[-5:]}")
            raise
        return arrays.overwritten


@pytest.mark.parametrize("seed", range(4))
def test_freed_samples_are_never_heard(tmp_path: Path, seed: int) -> None:
    assert turmoil(tmp_path, seed, 400) > 50


def test_refused_delete_keeps_the_samples(tmp_path: Path, context: palace.Context) -> None:
    with watched() as arrays:
        scene = RandomPlayback(tmp_path, 0, arrays)
        palace.use_context(scene.contexts[0])
        buffer = palace.Buffer(scene.paths[2])
        stranger = Stranger(scene.contexts[0], buffer, scene.data[buffer.name])
        scene.strangers.append(stranger)
        scene.hear(1000)

        palace.free([buffer.name])
        gc.collect()
        assert scene.contexts[0].stats()["undeleted"] == scene.device._buffers.count == 1
        for _ in range(3):
            scene.contexts[0].update()
            scene.hear(1000)
        stranger.leave()
        scene.strangers.clear()
        scene.contexts[1].update()  # of the same device: as good as the first

        assert (scene.device._buffers.count, scene.device._buffers.refused) == (0, [])
        scene.hear(1000)
        assert arrays.overwritten == 1
        scene.close()


@pytest.mark.parametrize("which", [0, 1])
def test_destroy_spares_the_other_context(tmp_path: Path, which: int) -> None:
    with watched() as arrays:
        scene = RandomPlayback(tmp_path, 0, arrays)
        for context in scene.contexts:
            for path in scene.paths[1:5]:
                palace.Buffer(path, context).play().looping = True
        scene.hear(500)

        scene.contexts.pop(which).destroy()

        static = scene.contexts[0]._engine.al.alBufferDataStatic is not None
        assert arrays.overwritten == (4 if static else 8)  # if OpenAL copies, all were released at once
        for _ in range(3):
            gc.collect()
            scene.hear(1000)
        scene.close()
        assert arrays.overwritten == 8


if __name__ == "__main__":
    first = random.randrange(10**6)
    total = 0
    with tempfile.TemporaryDirectory() as name:
        for number in range(first, first + int(sys.argv[1])):
            total += turmoil(Path(name), number, 400)
    print(f"seeds {first} to {number}: nothing found, {total} arrays released")
