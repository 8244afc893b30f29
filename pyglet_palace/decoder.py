"""Decoder, BaseDecoder, decode: sounds read in parts, and decoders of the game's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from ._common import checks
from ._current import require_engine
from ._streaming.decoder_lock import DecoderLock
from ._streaming.stream import open_stream
from .resources import key_of
from .source import Source, engine_of, playable_for, start_playing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO
    from weakref import ReferenceType

    from ._decoding.load import Settings
    from ._decoding.pcm import Samples
    from ._decoding.sndfile import SndfileReader
    from ._engine import Engine
    from ._streaming.stream import Stream
    from .context import Context
    from .resources import Name


class DecoderFactories(SimpleNamespace):
    """Decoders of the game's own: set attributes of the one instance, `decoder_factories`, named as you like.

    `decode`, `Buffer`, `cache` and `preload` try them in the lexicographical order of their names before the built-in
    one; iteration goes through them in that order. Each is called with a readable, seekable binary file standing at
    its start and returns a `BaseDecoder`, or raises `RuntimeError` for "not mine". They are called on the thread that
    loads.
    """

    def __iter__(self) -> Iterator[Callable[[BinaryIO], BaseDecoder]]:
        named = vars(self)
        return (named[name] for name in sorted(named))


#: Decoders of the game's own.
decoder_factories = DecoderFactories()


#: Frames that a stream decodes at a time, and how many such chunks it decodes ahead, where it is not told otherwise:
#: about a second of sound.
DEFAULT_CHUNK_LEN, DEFAULT_QUEUE_SIZE = 12_000, 4


class BaseDecoder(ABC):
    """What every decoder offers; derive from it to make sounds of your own.

    A decoder is read by one thread at a time, which may be another than the one that made it: while it is streamed,
    the context's feeder. Once its source was stopped, one chunk may still be on its way.
    """

    # Named so that no attribute of a game's own is in the way.
    #: What streams it, or has last. Not held: it holds this.
    __stream: ReferenceType[Stream] | None = None
    __lock: DecoderLock | None = None

    @property
    @abstractmethod
    def frequency(self) -> int:
        """Sample rate in hertz, 1000 to 768000."""

    @property
    @abstractmethod
    def channel_config(self) -> str:
        """Layout of the channels, one of `channel_configs`."""

    @property
    @abstractmethod
    def sample_type(self) -> str:
        """What a sample is, one of `sample_types`."""

    @property
    @abstractmethod
    def length(self) -> int:
        """Sample frames in all, and no more are asked for; 0 if that is not known, and it is read until it ends."""

    @property
    def length_seconds(self) -> float:
        """Seconds in all, as far as is known; 0 if it is not."""
        return self.length / self.frequency

    @property
    @abstractmethod
    def loop_points(self) -> tuple[int, int]:
        """What a looping source repeats: start (inclusive), end (exclusive), in frames; all of it if start >= end."""

    @abstractmethod
    def seek(self, frame: int) -> bool:
        """Go to `frame`; False if that cannot be done."""

    @abstractmethod
    def read(self, count: int) -> bytes:
        """The next `count` frames, interleaved; fewer mean the end."""

    def play(
        self,
        chunk_len: int = DEFAULT_CHUNK_LEN,
        queue_size: int = DEFAULT_QUEUE_SIZE,
        source: Source | None = None,
    ) -> Source:
        """Stream it: play it while it is read, by a thread of the context. Does not block, and reads nothing itself.

        It is played from its start, or from the source's `offset` if that was set, so it is sought there. A sound
        that is played often, or by several sources, is better kept in a `Buffer`.

        What it raises while it is read ends the stream: once what was decoded before has been heard, there is the
        event ``on_stream_failed(source, error)`` of the context (logged, if nobody listens), and
        `source_force_stopped`.

        Args:
            chunk_len: Frames to decode at a time, 64 or more.
            queue_size: How many such chunks to decode ahead, 2 or more. Together they must last as long as a read
                may take.
            source: What to play it with; None: a new one. What it was playing is replaced.

        Returns:
            The source. It lives while it plays, also if nobody keeps it.

        Raises:
            ValueError: `chunk_len` or `queue_size` is out of range, or `source` belongs to another context.
            UnsupportedFormat: OpenAL cannot play what it decodes to.
            RuntimeError: Another source is playing it; or there is no context current, for a decoder without one.
        """
        if source is None:
            source = Source(self._its_context())
        elif not source:
            source.stop()  # raises what a destroyed source, or one of another thread, raises
        engine_of(source).check_alive()
        start_playing(source, self._stream_for(source, chunk_len, queue_size))
        return source

    def _its_context(self) -> Context | None:
        """The one it was made for, if there is one."""
        return None

    def _read_by(self) -> Any:
        """What the feeder reads: itself, or what is behind it."""
        return self

    def _stream_for(
        self, source: Source, chunk_len: int = DEFAULT_CHUNK_LEN, queue_size: int = DEFAULT_QUEUE_SIZE
    ) -> Stream:
        """What `source` is to play."""
        engine = engine_of(source)
        context: Context = engine.context
        own = self._its_context()
        if own is not None and own is not context:
            raise ValueError(f"{self!r} belongs to {own!r}, and {source!r} to {context!r}")
        if isinstance(chunk_len, Source):
            raise TypeError(f"chunk_len is {chunk_len!r}; say play(source=...)")
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
        """Raise `RuntimeError` if another source than `source` plays it."""
        stream = self.__stream() if self.__stream is not None else None
        voice = stream.voice if stream is not None else None
        if voice is not None and voice.source is not source:
            raise RuntimeError(
                f"{self!r} is being played by {voice.source!r}; a decoder has one reader: stop that first"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """``with`` this it is read by nobody else; `RuntimeError` if a source plays it.

        Blocks for the chunk that may be on its way where a source has stopped just now.
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
    return decoder._stream_for(source)


class Decoder(BaseDecoder):
    """A file read in parts by the built-in decoder (libsndfile): WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3 and more.

    For a decoder of `decoder_factories` where one takes the file, use `decode`.

    Reading in blocks of any size gives the same samples as reading all at once. Lossy sounds that peak above full
    scale are clipped.
    """

    def __init__(self, name: Name, context: Context | None = None) -> None:
        """Opens the file and reads its header; blocks meanwhile.

        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.
            context: Whose resource loader, and whose sample types; None: the current context.

        Raises:
            ResourceNotFound: There is no such resource or file.
            ResourceUnreadable: It cannot be opened or read.
            DecodeError: It is not audio, or damaged; `UnsupportedFormat` if its form is the trouble.
            RuntimeError: No context was given and none is current.
        """
        engine = require_engine(context)
        engine.check_alive()
        self._engine = engine
        self._reader: SndfileReader = _open(name, engine, ())

    @classmethod
    def _of(cls, engine: Engine, reader: SndfileReader) -> Decoder:
        """`decode` makes it by this."""
        self = object.__new__(cls)
        self._engine = engine
        self._reader = reader
        return self

    @property
    def frequency(self) -> int:
        """Sample rate in hertz."""
        return self._reader.frequency

    @property
    def channel_config(self) -> str:
        """Layout of the channels, one of `channel_configs`."""
        return self._reader.channel_config

    @property
    def sample_type(self) -> str:
        """What a sample is, one of `sample_types`."""
        return self._reader.sample_type

    @property
    def length(self) -> int:
        """Sample frames in all, according to the file's header; 0 if it does not say."""
        return self._reader.length

    @property
    def loop_points(self) -> tuple[int, int]:
        """What a looping source repeats: start (inclusive), end (exclusive), in frames; all of it if start >= end.

        From a RIFF `smpl` chunk, or the comments LOOPSTART, LOOPEND, LOOPLENGTH of Ogg Vorbis, Opus and FLAC.
        """
        return self._reader.loop_points

    def seek(self, frame: int) -> bool:
        """Go to `frame`, exactly; False if that is past the end or the file cannot be sought in.

        Blocks; for MP3 while it decodes up to there: from where it stands, or from the start if that is behind.

        Raises:
            ValueError: `frame` is negative.
            RuntimeError: A source is playing it: set the source's `offset`.
            ResourceUnreadable, DecodeError: The file cannot be read on, or is damaged on the way.
        """
        if frame < 0:
            raise ValueError(f"frame is {frame}; it must be 0 or more")
        with self._alone():
            return self._reader.seek(frame)

    def read(self, count: int) -> bytes:
        """The next `count` frames, interleaved, in the machine's byte order; fewer mean the end. Blocks meanwhile.

        Raises:
            ValueError: `count` is negative.
            RuntimeError: A source is playing it.
            ResourceUnreadable, DecodeError: The file cannot be read on, or is damaged here.
        """
        if count < 0:
            raise ValueError(f"count is {count}; it must be 0 or more frames")
        with self._alone():
            return self._reader.read_bytes(count)

    def _its_context(self) -> Context | None:
        context: Context = self._engine.context
        return context

    def _read_by(self) -> Any:
        changed = type(self).read is not Decoder.read or type(self).seek is not Decoder.seek
        return self if changed else self._reader

    def __repr__(self) -> str:
        return f"<Decoder {self._reader.name!r}: {self.channel_config}, {self.sample_type}, {self.frequency} Hz>"


def decode(name: Name, context: Context | None = None) -> BaseDecoder:
    """A decoder for a file: the first of `decoder_factories` that takes it, else the built-in one.

    Blocks while the header is read.

    Args:
        name: A resource name for ``pyglet.resource``, or the path of a file.
        context: Whose resource loader, and whose sample types; None: the current context.

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

    with decoder._alone() if isinstance(decoder, BaseDecoder) else nullcontext():
        return read_decoder(name, decoder, settings)


def _open(name: Name, engine: Engine, tried: tuple[Callable[[BinaryIO], BaseDecoder], ...]) -> Any:
    """A `SndfileReader`, or what one of the factories `tried` has made."""
    from ._decoding.load import open_decoder

    resource, _ = engine.lookup.find(name, key_of(name))
    settings = replace(engine.settings(), factories=tried)
    opened = resource.open(settings.limit)
    try:
        return open_decoder(resource.key, opened, settings)
    except BaseException:
        opened.close()
        raise
