"""Buffer, cache and free: sounds in memory, by name."""

from __future__ import annotations

import itertools
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import resources
from ._common import checks
from ._common.elsewhere import answer
from ._common.lifetime import Destroyable
from ._common.text import short_repr
from ._current import require_engine
from .decoder import read_all
from .errors import DestroyedError
from .source import Source, engine_of, play_new_source, playable_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from ._engine import Engine
    from ._loading.cache import CacheEntry
    from .context import Context
    from .decoder import BaseDecoder
    from .resources import Name
    from .source import PlayOptions


class Buffer(Destroyable):
    """A decoded sound in memory that any number of sources can play.

    ``Buffer("door.wav")`` returns the cached sound of that name. If it is not cached, the call loads it now. If `cache`
    is loading it, the call waits for that sound only. The same name returns the same object while it is referenced.

    A `Buffer` does not own its samples: dropping it frees nothing. `destroy`, `free` and the end of the context free
    them. As a context manager, a buffer calls `destroy` on exit.

    Use all members only on the thread that created the context. Members of a destroyed buffer raise `DestroyedError`.
    Buffers are true until destroyed and sort by age.
    """

    __slots__ = ("__weakref__", "_engine", "_entry")  # a misspelt property is an error

    _engine: Engine
    _entry: CacheEntry

    def __new__(cls, name: Name, context: Context | None = None) -> Buffer:
        """Get the cached sound of that name, or load it.

        Blocks while the sound loads. Returns at once if it is cached.

        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.
            context: The context whose cache is used. None: the current context.

        Raises:
            ResourceNotFound: There is no such resource or file.
            ResourceUnreadable: The file cannot be opened or read.
            DecodeError: The file is not audio, damaged or empty.
            UnsupportedFormat: The format is not supported.
            BufferTooLarge: The samples need more than ``Context.buffer_limit`` bytes.
            RuntimeError: No context was given and none is current, or another thread created the context.
            TypeError: `name` is neither a string nor a path.
        """
        engine = require_engine(context)
        engine.check_alive()
        try:
            entry = engine.requests.load_now(name)
        finally:
            if engine.alive:  # a decoder or handler may have destroyed the context
                engine.wake()
        handle: Buffer = engine.cache.handle(entry)
        return handle

    @classmethod
    def _of(cls, engine: Engine, entry: CacheEntry) -> Buffer:
        """Make the one `Buffer` of a cache entry. Called by the cache."""
        self = object.__new__(cls)
        self._engine = engine
        self._entry = entry
        self._init_lifetime()
        return self

    @staticmethod
    def from_decoder(decoder: BaseDecoder, name: str, context: Context | None = None) -> Buffer:
        """Make a buffer of the remaining frames of a decoder.

        Reads on the calling thread and blocks meanwhile.

        Args:
            decoder: The decoder to read from its current position.
            name: The name in the cache. It may be the name of a file, but not of a cached or pending sound.
            context: The context whose cache is used. None: the current context.

        Returns:
            The new buffer.

        Raises:
            RuntimeError: `name` is in use, or no context was given and none is current.
            DecodeError: No frames are left, or the decoder raised.
            BufferTooLarge: More than ``Context.buffer_limit`` bytes are left.
        """
        engine = require_engine(context)
        engine.check_alive()
        key = resources.key_of(name)
        _check_free(engine, key)
        samples = read_all(decoder, key, engine.settings())
        engine.check_alive()  # the decoder may have destroyed the context
        _check_free(engine, key)
        handle: Buffer = engine.cache.handle(engine.publisher.insert(key, samples))
        return handle

    @staticmethod
    def from_samples(array: Any, frequency: int, name: str | None = None, context: Context | None = None) -> Buffer:
        """Make a buffer of computed samples.

        Copies the samples. They need not be contiguous.

        >>> time = numpy.arange(4410) / 44100
        >>> beep = palace.Buffer.from_samples(0.5 * numpy.sin(2 * numpy.pi * 440 * time), 44100)

        Args:
            array: The samples, an array of shape (frames,) or (frames, channels), with 1, 2, 4, 6, 7 or 8 channels. The
                types are uint8 (silence is 128), int16, float32 and float64 (full scale is -1 to 1).
            frequency: Sample rate in hertz, 1000 to 768000.
            name: The name in the cache, not of a cached or pending sound. None: a new name, such as 'samples 1'.
            context: The context whose cache is used. None: the current context.

        Returns:
            The new buffer. `destroy` or `free` frees it.

        Raises:
            ValueError: `array` has another shape, type, or no frames, or `frequency` is out of range.
            TypeError: `array` is not an array.
            RuntimeError: `name` is in use, or no context was given and none is current.
            BufferTooLarge: The samples need more than ``Context.buffer_limit`` bytes.
            UnsupportedFormat: The context cannot play the format.
        """
        engine = require_engine(context)
        engine.check_alive()
        from ._decoding.arrays import samples_of

        if name is None:
            key = next(key for number in itertools.count(1) if not engine.requests.contains(key := f"samples {number}"))
        else:
            key = resources.key_of(name)
            _check_free(engine, key)
        samples = samples_of(array, frequency, key, engine.settings())
        handle: Buffer = engine.cache.handle(engine.publisher.insert(key, samples))
        return handle

    @property
    def name(self) -> str:
        """Name in the cache: the given name, or the absolute form of a path."""
        return self._entry.name

    @property
    def length(self) -> int:
        """Length in sample frames."""
        return self._living().length

    @property
    def length_seconds(self) -> float:
        """Length in seconds at the sound's own sample rate."""
        entry = self._living()
        return entry.length / entry.frequency

    @property
    def frequency(self) -> int:
        """Sample rate in hertz."""
        return self._living().frequency

    @property
    def channel_config(self) -> str:
        """Channel layout, one of `channel_configs`."""
        return self._living().channel_config

    @property
    def sample_type(self) -> str:
        """Sample type, one of `sample_types`."""
        return self._living().sample_type

    @property
    def size(self) -> int:
        """Bytes that OpenAL stores (AL_SIZE). They can differ from the size that `length` implies."""
        return self._living().size

    @property
    def loop_points(self) -> tuple[int, int]:
        """Loop points of a looping source: start (inclusive) and end (exclusive), in frames.

        They come from the file. Without loop points in the file, and always without AL_SOFT_loop_points, they are
        ``(0, length)``.

        Raises:
            RuntimeError: Set while a source uses the buffer, or without AL_SOFT_loop_points.
            ValueError: Set to values outside ``0 <= start < end <= length``.
            OverflowError: Set to a negative number.
        """
        entry = self._living()
        if entry.loop_points is None or not self._engine.native.has_loop_points:
            return 0, entry.length
        return entry.loop_points

    @loop_points.setter
    def loop_points(self, points: Iterable[int]) -> None:
        entry = self._living()
        try:
            start, end = points
            start, end = start.__index__(), end.__index__()
        except (TypeError, ValueError, AttributeError):
            raise TypeError(f"loop_points is {short_repr(points)}; it must be two whole numbers (start, end)") from None
        if start < 0 or end < 0:
            raise OverflowError(f"loop_points is {short_repr(points)}; frames are counted from 0")
        if not start < end <= entry.length:
            raise ValueError(
                f"loop_points is {short_repr(points)}; it must be 0 <= start < end <= {entry.length} (the length)"
            )
        if entry.states:
            raise RuntimeError(
                f"the loop points of {short_repr(self.name)} cannot be set while {len(entry.states)} sources use it"
            )
        if not self._engine.native.has_loop_points:
            raise RuntimeError("this OpenAL has no loop points (AL_SOFT_loop_points)")
        with self._engine.scope as al:
            entry.stored.delete_sections(al)
            al.set_loop_points(entry.stored.number, start, end)
        entry.loop_points = (start, end)

    @property
    def sources(self) -> list[Source]:
        """Sources that use the buffer: playing, paused, or ended since the last update."""
        return [state.source for state in self._living().states]

    @property
    def source_count(self) -> int:
        """Number of sources that use the buffer, ``len(self.sources)``."""
        return len(self._living().states)

    def play(self, source: Source | None = None, **options: Unpack[PlayOptions]) -> Source:
        """Play the buffer. Several sources can play it at once. Does not block.

        >>> door.play(gain=0.5, position=(4, 0, -2))

        Args:
            source: The source to play with; its current sound is replaced. None: a new source.
            options: Set on the source before it starts; those not given keep their values. They are the properties
                `gain`, `pitch`, `pan`, `position`, `velocity`, `looping`, `loops`, `group`, `priority`, `filter`,
                `on_stopped` and `on_force_stopped`; `offset_seconds`, where to start; `fade_in`, the milliseconds of a
                fade from silence.

        Returns:
            The source. It stays alive while it plays, even without references.

        Raises:
            ValueError: `source` belongs to another context, or an option is out of range.
            TypeError: `source` is not a `Source`, or there is no such option. The text suggests the right one.
        """
        if source is None:
            self._check_alive()
            self._engine.cache.mark_used(self._entry)
            return play_new_source(self._engine, options, self._entry)
        if not isinstance(source, Source):
            raise TypeError(f"source is {short_repr(source)}; it must be a Source or None")
        source.play(self, **options)  # a subclass may override it
        return source

    def destroy(self) -> None:
        """Stop the sources of the buffer, free the samples and destroy the buffer.

        Each source gets `source_force_stopped`, dispatched before the call returns. A second call does nothing.
        """
        if not self._destroyed:
            if self._entry.alive and self._engine.alive:
                self._engine.check_alive()
                self._engine.cache.remove(self._entry)
                self._engine.dispatch()
            self._destroyed = True

    def _living(self) -> CacheEntry:
        self._check_alive()
        return self._entry

    def _check_alive(self) -> None:
        if get_ident() != self._engine.owner:
            self._engine.check_alive()
        if self._destroyed or not self._entry.alive:
            raise DestroyedError(f"{self!r}: destroy(), free() or release() freed it; Buffer(name) loads it again")

    def __bool__(self) -> bool:
        return self._entry.alive and self._engine.alive

    def __repr__(self) -> str:
        entry = self._entry
        if not entry.alive:
            return f"<Buffer {short_repr(entry.name)}, destroyed>"
        return f"<Buffer {short_repr(entry.name)}: {entry.channel_config}, {entry.sample_type}, {entry.frequency} Hz>"


answer(
    Buffer,
    {
        "volume": "gain of the source: buffer.play(gain=0.5)",
        "set_volume": "gain of the source: buffer.play(gain=0.5)",
        "stop": "stop() of the source that play() returns",
        "fadeout": "fade_out_to_stop(0, milliseconds) of the source that play() returns",
        "duration": "length_seconds",
        "get_length": "length_seconds",
    },
)


@playable_for.register(Buffer)
def _entry_for(buffer: Buffer, source: Source) -> CacheEntry:
    buffer._check_alive()
    if buffer._engine is not engine_of(source):
        raise ValueError(
            f"{buffer!r} belongs to {buffer._engine.context!r}, and {short_repr(source)} to {source.context!r}"
        )
    buffer._engine.cache.mark_used(buffer._entry)
    return buffer._entry


def cache(names: Iterable[Name], context: Context | None = None) -> None:
    """Load sounds in the background. ``Buffer(name)`` then returns them at once.

    Returns at once. Any thread may call it; on another thread than the context's, the next update begins the loads.
    Ignores duplicates and names that are cached or pending. A sound that fails to load does not affect
    the others: the context dispatches ``on_cache_failed(name, error)`` (or logs a warning if nothing handles it), and
    ``Buffer(name)`` tries again and raises the cause.

    Args:
        names: Any iterable of resource names for ``pyglet.resource`` or paths of files.
        context: The context whose cache is used. None: the current context.

    Raises:
        TypeError: `names` is a single name or contains an object that is not a name. Then nothing is loaded.
        RuntimeError: No context was given and none is current.
    """
    engine = require_engine(context)
    keys = keys_of(names)
    if engine.run(lambda: engine.requests.request(keys)):
        engine.wake()


def free(names: Iterable[Name], context: Context | None = None) -> None:
    """Free sounds: stop their sources, free their samples, cancel their loads.

    Never waits for a load. Dispatches the events of stopped sources before it returns. Ignores unknown names. Any
    thread may call it; on another thread than the context's, the next update frees the sounds.

    Args:
        names: As for `cache`.
        context: The context whose cache is used. None: the current context.

    Raises:
        TypeError: `names` is a single name or contains an object that is not a name.
        RuntimeError: No context was given and none is current.
    """
    engine = require_engine(context)
    keys = keys_of(names)
    if engine.run(lambda: engine.requests.forget(keys)):
        engine.dispatch()


def keys_of(names: Iterable[Name]) -> tuple[str, ...]:
    """Return the cache keys of names, without duplicates, in order. Each is itself the name of its sound.

    Raises:
        TypeError: As for `cache`.
    """
    return tuple(dict.fromkeys(map(resources.key_of, checks.several("names", names))))


def _check_free(engine: Engine, key: str) -> None:
    if engine.requests.contains(key):
        raise RuntimeError(f"{short_repr(key)} is the name of another buffer; free it first, or choose another name")
