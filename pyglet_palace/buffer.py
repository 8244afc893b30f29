"""Buffer, cache, free: sounds in memory, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import resources
from ._common import checks
from ._common.lifetime import Destroyable
from ._current import require_engine
from .decoder import read_all
from .errors import DestroyedError
from .source import Source, engine_of, new_source, playable_for, start_playing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._engine import Engine
    from ._loading.cache import CacheEntry
    from .context import Context
    from .decoder import BaseDecoder
    from .resources import Name


class Buffer(Destroyable):
    """A sound in memory, decoded, shared by all sources that play it.

    ``Buffer("door.wav")`` is the cached sound of that name; one that is not cached is loaded now, one that `cache`
    has under way is waited for, alone. As long as anybody has it, the same name gives the same object.

    A `Buffer` does not own its samples: dropping it frees nothing. `destroy` and `free` do, and so does the end of
    the context. As a context manager it calls `destroy` on leaving, also after an error.

    Every member may be used on the thread that made the context only. Those of a destroyed buffer raise
    `DestroyedError`. Buffers are true until destroyed and sort by age.
    """

    __slots__ = ("__weakref__", "_engine", "_entry")  # a misspelt property is an error

    _engine: Engine
    _entry: CacheEntry

    def __new__(cls, name: Name, context: Context | None = None) -> Buffer:
        """
        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.
            context: Whose cache; None: the current context's.

        Blocks while the sound is loaded; if it is cached, it returns at once.

        Raises:
            ResourceNotFound: There is no such resource or file.
            ResourceUnreadable: It cannot be opened or read.
            DecodeError: It is not audio, damaged or empty; `UnsupportedFormat` if its form is the trouble.
            BufferTooLarge: Its samples would take more than ``Context.buffer_limit``.
            RuntimeError: No context was given and none is current; or this is not the thread that made it.
            TypeError: `name` is neither a string nor a path.
        """
        engine = require_engine(context)
        engine.check_alive()
        try:
            entry = engine.requests.load_now(name)
        finally:
            if engine.alive:  # unless it was destroyed by what it has called to load
                engine.wake()
        handle: Buffer = engine.cache.handle(entry)
        return handle

    @classmethod
    def _of(cls, engine: Engine, entry: CacheEntry) -> Buffer:
        """The table makes the handle of an entry by this, once."""
        self = object.__new__(cls)
        self._engine = engine
        self._entry = entry
        self._init_lifetime()
        return self

    @staticmethod
    def from_decoder(decoder: BaseDecoder, name: str, context: Context | None = None) -> Buffer:
        """A buffer of what `decoder` has left, from where it stands.

        Blocks while it reads, on this thread.

        Args:
            decoder: What to read.
            name: What to call it. It may be the name of a file or resource, but of nothing cached or being loaded.
            context: Whose cache; None: the current context's.

        Raises:
            RuntimeError: `name` is taken; or no context was given and none is current.
            DecodeError: There are no samples left, or the decoder raised.
            BufferTooLarge: There are more than ``Context.buffer_limit`` bytes left.
        """
        engine = require_engine(context)
        engine.check_alive()
        key = resources.key_of(name)
        _check_free(engine, key)
        samples = read_all(decoder, key, engine.settings())
        engine.check_alive()  # a decoder of the game's may have done anything
        _check_free(engine, key)
        handle: Buffer = engine.cache.handle(engine.requests.insert(key, samples))
        return handle

    @property
    def name(self) -> str:
        """What the cache calls it: the name given, or a path's absolute form."""
        return self._entry.name

    @property
    def length(self) -> int:
        """Sample frames."""
        return self._living().length

    @property
    def length_seconds(self) -> float:
        """Seconds it lasts at its own rate."""
        entry = self._living()
        return entry.length / entry.frequency

    @property
    def frequency(self) -> int:
        """Sample rate in hertz."""
        return self._living().frequency

    @property
    def channel_config(self) -> str:
        """Layout of the channels, one of `channel_configs`."""
        return self._living().channel_config

    @property
    def sample_type(self) -> str:
        """What a sample is, one of `sample_types`."""
        return self._living().sample_type

    @property
    def size(self) -> int:
        """Bytes that OpenAL stores (AL_SIZE), which may not be what `length` suggests."""
        return self._living().size

    @property
    def loop_points(self) -> tuple[int, int]:
        """What a looping source repeats: start (inclusive) and end (exclusive), in frames.

        Read from the file where it has loop points; else all of it. Always ``(0, length)`` where the context lacks
        AL_SOFT_loop_points.

        Raises:
            RuntimeError: Set while a source uses the buffer, or without AL_SOFT_loop_points.
            ValueError: Set to other than ``0 <= start < end <= length``.
            OverflowError: Set to a negative number.
        """
        entry = self._living()
        if entry.loop_points is None or not self._engine.native.has_loop_points:
            return 0, entry.length
        return entry.loop_points

    @loop_points.setter
    def loop_points(self, points: tuple[int, int]) -> None:
        entry = self._living()
        try:
            start, end = points
            start, end = start.__index__(), end.__index__()
        except (TypeError, ValueError, AttributeError):
            raise TypeError(f"loop_points is {points!r}; it must be two whole numbers (start, end)") from None
        if start < 0 or end < 0:
            raise OverflowError(f"loop_points is {points!r}; frames are counted from 0")
        if not start < end <= entry.length:
            raise ValueError(f"loop_points is {points!r}; it must be 0 <= start < end <= {entry.length} (the length)")
        if entry.states:
            raise RuntimeError(
                f"the loop points of {self.name!r} cannot be set while {len(entry.states)} sources use it"
            )
        if not self._engine.native.has_loop_points:
            raise RuntimeError("this OpenAL has no loop points (AL_SOFT_loop_points)")
        with self._engine.scope as al:
            al.set_loop_points(entry.stored.number, start, end)
        entry.loop_points = (start, end)

    @property
    def sources(self) -> list[Source]:
        """The sources that use it: playing, paused, or ended and not yet seen to be by an update."""
        return [state.source for state in self._living().states]

    @property
    def source_count(self) -> int:
        """How many sources use it; the same as ``len(self.sources)``."""
        return len(self._living().states)

    def play(self, source: Source | None = None) -> Source:
        """Play it, from several sources at once if you like. Does not block.

        Args:
            source: What to play it with; None: a new one. What it was playing is replaced.

        Returns:
            The source. It lives while it plays, also if nobody keeps it.

        Raises:
            ValueError: `source` belongs to another context.
            TypeError: `source` is no `Source`.
        """
        if source is None:
            self._check_alive()
            source = new_source(self._engine)
            self._engine.cache.mark_used(self._entry)
            start_playing(source, self._entry)
        elif isinstance(source, Source):
            source.play(self)  # a subclass may override it
        else:
            raise TypeError(f"source is {source!r}; it must be a Source or None")
        return source

    def destroy(self) -> None:
        """Stop its sources (each gets `source_force_stopped`), free the samples, and be of no more use.

        The news is told before it returns. Nothing the second time.
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
        if self._destroyed or not self._entry.alive:
            raise DestroyedError(f"{self!r} can no longer be used")
        self._engine.check_alive()

    def __bool__(self) -> bool:
        return self._entry.alive and self._engine.alive

    def __repr__(self) -> str:
        entry = self._entry
        if not entry.alive:
            return f"<Buffer {entry.name!r}, destroyed>"
        return f"<Buffer {entry.name!r}: {entry.channel_config}, {entry.sample_type}, {entry.frequency} Hz>"


@playable_for.register(Buffer)
def _entry_for(buffer: Buffer, source: Source) -> CacheEntry:
    buffer._check_alive()
    if buffer._engine is not engine_of(source):
        raise ValueError(f"{buffer!r} belongs to {buffer._engine.context!r}, and {source!r} to {source.context!r}")
    buffer._engine.cache.mark_used(buffer._entry)
    return buffer._entry


def cache(names: Iterable[Name], context: Context | None = None) -> None:
    """Have sounds loaded in the background, to be taken with ``Buffer(name)`` later.

    Returns at once. Names that are cached or being loaded already, and duplicates, are ignored. A sound that cannot
    be loaded does not disturb the others: it is reported (the context's event ``on_cache_failed(name, error)``, else
    a logged warning), and ``Buffer(name)`` tries again and raises the cause.

    Args:
        names: Resource names for ``pyglet.resource``, or paths of files; any iterable.
        context: Whose cache; None: the current context's.

    Raises:
        TypeError: `names` is a single name, or holds something that is no name; nothing is loaded then.
        RuntimeError: No context was given and none is current; or this is not the thread that made it.
    """
    engine = require_engine(context)
    engine.check_alive()
    engine.requests.request(by_key(names))
    engine.wake()


def free(names: Iterable[Name], context: Context | None = None) -> None:
    """Forget sounds: stop their sources, free their samples, cancel their loading.

    Returns at once, whatever is going on, after telling the news. Names that are not known are ignored.

    Args:
        names: As for `cache`.
        context: Whose cache; None: the current context's.

    Raises:
        TypeError: `names` is a single name, or holds something that is no name.
        RuntimeError: No context was given and none is current; or this is not the thread that made it.
    """
    engine = require_engine(context)
    engine.check_alive()
    engine.requests.forget(by_key(names))
    engine.dispatch()


def by_key(names: Iterable[Name]) -> dict[str, Name]:
    """Names by what the cache calls them, without duplicates, in order."""
    return {resources.key_of(name): name for name in checks.several("names", names)}


def _check_free(engine: Engine, key: str) -> None:
    if engine.requests.contains(key):
        raise RuntimeError(f"{key!r} is the name of another buffer; free it first, or choose another name")
