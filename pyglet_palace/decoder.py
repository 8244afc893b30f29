"""Decoder, BaseDecoder, decode: sounds read in parts, and decoders of the game's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from ._current import require_context
from .resources import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO

    from ._sndfile import SndfileReader
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


class BaseDecoder(ABC):
    """What every decoder offers; derive from it to make sounds of your own.

    A decoder is read by one thread at a time, which may be another than the one that made it.
    """

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
        """Sample frames in all, as far as is known; 0 if it is not."""

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
        owner = require_context(context)
        owner._check_alive()
        self._reader: SndfileReader = _open(name, owner, ())

    @classmethod
    def _of(cls, reader: SndfileReader) -> Decoder:
        """`decode` makes it by this."""
        self = object.__new__(cls)
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
            ResourceUnreadable, DecodeError: The file cannot be read on, or is damaged on the way.
        """
        if frame < 0:
            raise ValueError(f"frame is {frame}; it must be 0 or more")
        return self._reader.seek(frame)

    def read(self, count: int) -> bytes:
        """The next `count` frames, interleaved, in the machine's byte order; fewer mean the end. Blocks meanwhile.

        Raises:
            ValueError: `count` is negative.
            ResourceUnreadable, DecodeError: The file cannot be read on, or is damaged here.
        """
        if count < 0:
            raise ValueError(f"count is {count}; it must be 0 or more frames")
        return self._reader.read_bytes(count)

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
    owner = require_context(context)
    owner._check_alive()
    from ._sndfile import SndfileReader

    decoder = _open(name, owner, tuple(decoder_factories))
    return Decoder._of(decoder) if isinstance(decoder, SndfileReader) else cast("BaseDecoder", decoder)


def _open(name: Name, owner: Context, tried: tuple[Callable[[BinaryIO], BaseDecoder], ...]) -> Any:
    """A `SndfileReader`, or what one of the factories `tried` has made."""
    from ._decoding import open_decoder

    resource, _ = owner._finder.find(name, key_of(name))
    settings = replace(owner._settings(), factories=tried)
    opened = resource.open(settings.limit)
    try:
        return open_decoder(resource.key, opened, settings)
    except BaseException:
        opened.close()
        raise
