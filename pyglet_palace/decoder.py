"""Decoder, BaseDecoder and decode: sounds that are read in parts, and custom decoders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from ._common import checks
from ._common.lifetime import KnownAttributes
from ._common.text import short_repr
from ._current import require_engine
from ._streaming.decoder_lock import DecoderLock
from ._streaming.stream import open_stream
from .resources import key_of
from .source import Source, check_alive, check_play_options, engine_of, playable_for, set_play_options, start_playing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO
    from weakref import ReferenceType

    from typing_extensions import Unpack

    from ._decoding.load import Settings
    from ._decoding.pcm import Samples
    from ._decoding.sndfile import SndfileReader
    from ._engine import Engine
    from ._streaming.stream import Stream
    from .context import Context
    from .resources import Name
    from .source import PlayOptions


class DecoderFactories(SimpleNamespace):
    """Custom decoders. Set attributes of the one instance, `decoder_factories`, under any names.

    `decode`, `Buffer`, `cache` and `preload` try the factories in the lexicographical order of their names before the
    built-in decoder. Iteration uses the same order. A factory is called on the thread that loads, with a readable and
    seekable binary file at its start. It returns a `BaseDecoder`, or raises `RuntimeError` for "not mine".
    """

    def __iter__(self) -> Iterator[Callable[[BinaryIO], BaseDecoder]]:
        named = vars(self)
        return (named[name] for name in sorted(named))


#: Custom decoders.
decoder_factories = DecoderFactories()


#: Default length of a stream's chunk in frames, and default number of chunks decoded ahead: about a second in total.
DEFAULT_CHUNK_LEN, DEFAULT_QUEUE_SIZE = 12_000, 4


class BaseDecoder(ABC):
    """Base class of all decoders. Derive from it to generate sounds or to read other formats.

    A subclass sets the attributes below, in the class or in its constructor, and defines `seek` and `read`.

    One thread at a time reads a decoder, but not always the thread that created it: the streaming thread of the context
    reads a decoder that plays. After its source has stopped, one more chunk can be read.
    """

    # Mangled names, so that attributes of a game's subclass cannot clash with them.
    #: The newest stream of the decoder. A weak reference, because the stream refers to the decoder.
    __stream: ReferenceType[Stream] | None = None
    __lock: DecoderLock | None = None

    frequency: int
    """Sample rate in hertz, 1000 to 768000."""

    channel_config: str
    """Channel layout, one of `channel_configs`."""

    sample_type: str
    """Sample type, one of `sample_types`."""

    length: int = 0
    """Total sample frames; no more are read. 0: unknown, the decoder is read until it ends."""

    loop_points: tuple[int, int] = (0, 0)
    """Loop points: start (inclusive) and end (exclusive), in frames. The whole sound if start >= end."""

    @property
    def length_seconds(self) -> float:
        """Total seconds; 0 if unknown."""
        return self.length / self.frequency

    @abstractmethod
    def seek(self, frame: int, /) -> bool:
        """Continue at `frame`. Return False if that is not possible."""

    @abstractmethod
    def read(self, count: int, /) -> bytes:
        """Return the next `count` frames, interleaved. Fewer frames mean the end."""

    def play(
        self,
        chunk_len: int = DEFAULT_CHUNK_LEN,
        queue_size: int = DEFAULT_QUEUE_SIZE,
        source: Source | None = None,
        **options: Unpack[PlayOptions],
    ) -> Source:
        """Play the decoder while a thread of the context reads it. Does not block and does not read on this thread.

        Playback starts at the beginning, or at the source's `offset` if that was set; the decoder seeks there. Use a
        `Buffer` for sounds that play often or on several sources.

        An exception while reading ends the stream. After the frames decoded so far, the context dispatches
        ``on_stream_failed(source, error)`` (or logs a warning if nothing handles it) and `source_force_stopped`.

        Args:
            chunk_len: Frames to decode at a time, at least 64.
            queue_size: Number of chunks to decode ahead, at least 2. Together they must last as long as one read can
                take.
            source: The source to play with; its current sound is replaced. None: a new source.
            options: Set on the source before it starts, as for `Buffer.play`.

        Returns:
            The source. It stays alive while it plays, even without references.

        Raises:
            TypeError: There is no such option. The text suggests the right one.
            ValueError: `chunk_len` or `queue_size` is out of range, or `source` belongs to another context.
            UnsupportedFormat: OpenAL cannot play the decoded format.
            RuntimeError: Another source plays the decoder; or the decoder has no context and none is current.
            PalaceError: The system has no more threads.
        """
        if source is None:
            source = Source(self._its_context())
        check_alive(source)
        checked = check_play_options(source, options)
        stream = self._stream_for(source, chunk_len, queue_size)
        if checked:
            set_play_options(source, checked)
        start_playing(source, stream)
        return source

    def _its_context(self) -> Context | None:
        """Return the context that the decoder was made for, or None."""
        return None

    def _read_by(self) -> Any:
        """Return the object that the streaming thread reads: the decoder itself, or the reader behind it."""
        return self

    def _stream_for(
        self, source: Source, chunk_len: int = DEFAULT_CHUNK_LEN, queue_size: int = DEFAULT_QUEUE_SIZE
    ) -> Stream:
        """Make the stream that `source` plays."""
        engine = engine_of(source)
        context: Context = engine.context
        own = self._its_context()
        if own is not None and own is not context:
            raise ValueError(f"{self!r} belongs to {own!r}, and {source!r} to {context!r}")
        if isinstance(chunk_len, Source):
            raise TypeError(f"chunk_len is {short_repr(chunk_len)}; say play(source=...)")
        chunk_len = checks.integer(64, 2**24)("chunk_len", chunk_len)
        queue_size = checks.integer(2, 2**10)("queue_size", queue_size)
        self._check_not_played(source)
        reader = self._read_by()
        name = str(getattr(reader, "name", type(self).__name__))
        stream = open_stream(
            engine.streams, engine.native.supported, reader, name, self._decoder_lock, chunk_len, queue_size
        )
        self.__stream = ref(stream)
        return stream

    @property
    def _decoder_lock(self) -> DecoderLock:
        if self.__lock is None:  # a subclass need not call __init__
            self.__lock = DecoderLock()
        return self.__lock

    def _check_not_played(self, source: Source | None = None) -> None:
        """Raise `RuntimeError` if a source other than `source` plays the decoder."""
        stream = self.__stream() if self.__stream is not None else None
        player = stream.source if stream is not None else None
        if player is not None and player is not source:
            raise RuntimeError(f"{self!r} is being played by {player!r}; a decoder has one reader: stop that first")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the decoder's lock in a ``with`` block. Raises `RuntimeError` if a source plays the decoder.

        Blocks for the chunk that the streaming thread may still read for a source that was stopped.
        """
        if self._decoder_lock.held_by_this_thread:
            yield
            return
        self._check_not_played()
        self._decoder_lock.acquire(wait=True)
        try:
            yield
        finally:
            self._decoder_lock.release()


@playable_for.register(BaseDecoder)
def _stream_for(decoder: BaseDecoder, source: Source) -> Stream:
    if not _inherits(decoder):
        raise TypeError(f"{short_repr(decoder)} cannot be played; its class must inherit from BaseDecoder")
    return decoder._stream_for(source)


def _inherits(decoder: object) -> bool:
    """Return whether the class of `decoder` inherits from `BaseDecoder`. A class registered with it does not."""
    return BaseDecoder in decoder.__class__.__mro__


class Decoder(KnownAttributes, BaseDecoder):
    """A sound file that the built-in decoder (libsndfile) reads in parts.

    Formats: WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3 and more. Use `decode` to include `decoder_factories`.

    Blocks of any size give the same samples as one read of the whole sound. Lossy sounds that peak above full scale are
    clipped.
    """

    def __init__(self, name: Name, context: Context | None = None) -> None:
        """Open the file and read its header. Blocks meanwhile.

        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.
            context: The context whose loader and sample types are used. None: the current context.

        Raises:
            ResourceNotFound: There is no such resource or file.
            ResourceUnreadable: The file cannot be opened or read.
            DecodeError: The file is not audio, or damaged.
            UnsupportedFormat: The format is not supported.
            RuntimeError: No context was given and none is current.
        """
        engine = require_engine(context)
        engine.check_alive()
        self._engine = engine
        self._reader: SndfileReader = _open(name, engine, ())

    @classmethod
    def _of(cls, engine: Engine, reader: SndfileReader) -> Decoder:
        """Wrap an open reader. Called by `decode`."""
        self = object.__new__(cls)
        self._engine = engine
        self._reader = reader
        return self

    @property
    def container(self) -> str:
        """Kind of the file by its contents, in libsndfile's words: 'WAV', 'AIFF', 'FLAC', 'OGG', 'MP3' ..."""
        return self._reader.container

    @property
    def codec(self) -> str:
        """Encoding of the samples in the file, in libsndfile's words: 'PCM_16', 'VORBIS', 'MPEG_LAYER_III' ..."""
        return self._reader.codec

    # These are read-only here: the file determines them.

    @property
    def frequency(self) -> int:  # type: ignore[override]
        """Sample rate in hertz."""
        return self._reader.frequency

    @property
    def channel_config(self) -> str:  # type: ignore[override]
        """Channel layout, one of `channel_configs`."""
        return self._reader.channel_config

    @property
    def sample_type(self) -> str:  # type: ignore[override]
        """Sample type, one of `sample_types`."""
        return self._reader.sample_type

    @property
    def length(self) -> int:  # type: ignore[override]
        """Total sample frames from the file's header; 0 if unknown."""
        return self._reader.length

    @property
    def loop_points(self) -> tuple[int, int]:  # type: ignore[override]
        """Loop points: start (inclusive) and end (exclusive), in frames. The whole sound if start >= end.

        From a RIFF `smpl` chunk, or from the comments LOOPSTART, LOOPEND and LOOPLENGTH of Ogg Vorbis, Opus and FLAC.
        """
        return self._reader.loop_points

    def seek(self, frame: int) -> bool:
        """Seek to `frame` exactly.

        Blocks. MP3 is decoded up to `frame`, from the current position or from the start.

        Returns:
            False if `frame` is past the end or the file cannot seek.

        Raises:
            ValueError: `frame` is negative.
            RuntimeError: A source plays the decoder. Set the source's `offset` instead.
            ResourceUnreadable, DecodeError: The file cannot be read further or is damaged on the way.
        """
        if frame < 0:
            raise ValueError(f"frame is {short_repr(frame)}; it must be 0 or more")
        with self._alone():
            return self._reader.seek(frame)

    def read(self, count: int) -> bytes:
        """Return the next `count` frames, interleaved, in native byte order. Fewer frames mean the end. Blocks.

        Raises:
            ValueError: `count` is negative.
            RuntimeError: A source plays the decoder.
            ResourceUnreadable, DecodeError: The file cannot be read further or is damaged here.
        """
        if count < 0:
            raise ValueError(f"count is {short_repr(count)}; it must be 0 or more frames")
        with self._alone():
            return self._reader.read_bytes(count)

    def _its_context(self) -> Context | None:
        context: Context = self._engine.context
        return context

    def _read_by(self) -> Any:
        changed = type(self).read is not Decoder.read or type(self).seek is not Decoder.seek
        return self if changed else self._reader

    def __repr__(self) -> str:
        return (
            f"<Decoder {short_repr(self._reader.name)}: {self.channel_config}, {self.sample_type}, {self.frequency} Hz>"
        )


def decode(name: Name, context: Context | None = None) -> BaseDecoder:
    """Open a sound file with the first of `decoder_factories` that accepts it, else with the built-in decoder.

    Blocks while the header is read.

    Args:
        name: A resource name for ``pyglet.resource``, or the path of a file.
        context: The context whose loader and sample types are used. None: the current context.

    Returns:
        The decoder: a `Decoder`, or what the factory returned.

    Raises:
        ResourceNotFound, ResourceUnreadable, DecodeError, UnsupportedFormat: As for `Decoder`.
        RuntimeError: No context was given and none is current.
    """
    engine = require_engine(context)
    engine.check_alive()
    from ._decoding.sndfile import SndfileReader

    decoder = _open(name, engine, tuple(decoder_factories))
    return Decoder._of(engine, decoder) if isinstance(decoder, SndfileReader) else cast("BaseDecoder", decoder)


def read_all(decoder: BaseDecoder, name: str, settings: Settings) -> Samples:
    """Read all remaining frames of `decoder` for a buffer called `name`. Blocks while it reads.

    Raises:
        RuntimeError: A source plays the decoder.
        ResourceError: Reading failed.
    """
    from ._decoding.load import read_decoder

    with decoder._alone() if _inherits(decoder) else nullcontext():
        return read_decoder(name, decoder, settings)


def _open(name: Name, engine: Engine, tried: tuple[Callable[[BinaryIO], BaseDecoder], ...]) -> Any:
    """Return a `SndfileReader`, or what one of the factories `tried` made."""
    from ._decoding.load import open_decoder

    resource, _ = engine.lookup.find(name, key_of(name))
    settings = replace(engine.settings(), factories=tried)
    opened = resource.open(settings.limit)
    try:
        return open_decoder(resource.key, opened, settings)
    except BaseException:
        opened.close()
        raise
