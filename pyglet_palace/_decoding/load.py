"""A located sound, decoded whole: which decoder, how much memory, and what may not pass.

Runs on any thread and calls no OpenAL. Imports numpy, so it is imported by the first context and not by the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._common import log
from ..errors import BufferTooLarge, DecodeError, ResourceError, UnsupportedFormat, describe_error
from ..formats import AL_FORMATS, CHANNELS, DTYPES, frame_size
from .files import copy_for_libsndfile
from .sndfile import HIGHEST_RATE, LOWEST_RATE, SndfileReader, repair, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from .files import OpenFile
    from .sndfile import Array

#: Bytes decoded at a time: large, because many small reads fight over the interpreter's lock.
BLOCK_BYTES = 2 * 1024 * 1024
#: The same where a game's decoder is asked, which may be slow: a sign of life that comes in time.
_GAMES_BLOCK_BYTES = 64 * 1024
#: Frames there is room for beyond what the header says, to find out whether a sound goes on there.
_PROBE_FRAMES = 64
#: Frames decoded first where the header says nothing.
_FIRST_FRAMES = 4096

#: OpenAL's sizes are 32-bit signed numbers.
LARGEST_BUFFER = 2**31 - 1


class DecoderLike(Protocol):
    """What a game's own decoder offers (`BaseDecoder`)."""

    @property
    def frequency(self) -> int: ...
    @property
    def channel_config(self) -> str: ...
    @property
    def sample_type(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def loop_points(self) -> tuple[int, int]: ...
    def seek(self, frame: int) -> bool: ...
    def read(self, count: int) -> bytes: ...


#: What a factory in `decoder_factories` is: a file in, a decoder out, `RuntimeError` for "not mine".
if TYPE_CHECKING:
    Factory = Callable[[BinaryIO], DecoderLike]


@dataclass(frozen=True)
class Settings:
    """What a load needs to know, copied when it is asked for, so that a worker looks at nothing that changes."""

    #: Bytes one sound may take.
    limit: int
    #: Channel configurations and sample types that the context can play.
    supported: frozenset[tuple[str, str]]
    #: The game's decoders, in the order they are tried.
    factories: tuple[Factory, ...] = ()
    #: ``MessageHandler.buffer_loading``, or None where nobody listens.
    loading: Callable[[str, str, str, int, memoryview], None] | None = None


class Openable(Protocol):
    """A sound that was looked up (`resources.Resource`)."""

    @property
    def key(self) -> str: ...
    def open(self, limit: int) -> OpenFile: ...


class Progress(Protocol):
    """Who is told how a load goes on, on the thread that loads."""

    def opened(self, size: int) -> None:
        """The file is open and has `size` bytes; 0: unknown."""

    def allocated(self, size: int) -> None:
        """The samples take `size` bytes of memory, or will."""

    def is_wanted(self) -> bool:
        """Asked before each block of file or samples; if it answers False, the load ends early with what there is."""


class _NoProgress:
    """Nobody is told."""

    def opened(self, size: int) -> None: ...
    def allocated(self, size: int) -> None: ...
    def is_wanted(self) -> bool:
        return True


@dataclass
class Samples:
    """A decoded sound.

    Attributes:
        data: Shape (frames, channels), contiguous.
        loop_points: Frames, end exclusive; None: all of it.
    """

    data: Array
    frequency: int
    channel_config: str
    sample_type: str
    loop_points: tuple[int, int] | None


class CustomReader:
    """A game's decoder, read as `SndfileReader` is."""

    repaired = 0

    def __init__(self, name: str, decoder: DecoderLike) -> None:
        if not hasattr(decoder, "read") or not hasattr(decoder, "frequency"):
            raise DecodeError(name, "decode", f"{decoder!r} is no decoder; it must be a BaseDecoder")
        self.name = name
        self._decoder = decoder
        self.frequency = _integer(name, "frequency", decoder.frequency)
        self.channel_config = decoder.channel_config
        self.sample_type = decoder.sample_type
        self.length = max(_integer(name, "length", decoder.length), 0)
        try:
            start, end = decoder.loop_points
        except (TypeError, ValueError):
            problem = f"its decoder's loop_points is {decoder.loop_points!r}; it must be two whole numbers (start, end)"
            raise DecodeError(name, "decode", problem) from None
        self.loop_points = _integer(name, "loop_points[0]", start), _integer(name, "loop_points[1]", end)
        if (self.channel_config, self.sample_type) not in AL_FORMATS:
            problem = f"its decoder says {self.channel_config!r}, {self.sample_type!r}, which is no known format"
            raise UnsupportedFormat(name, "decode", problem)
        if not LOWEST_RATE <= self.frequency <= HIGHEST_RATE:
            problem = f"a rate of {self.frequency} Hz is outside {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            raise UnsupportedFormat(name, "decode", problem)
        self._frame = frame_size(self.channel_config, self.sample_type)
        #: Frames that it has left, if it has said how many there are.
        self._left = self.length or 2**62

    def read_into(self, out: Array) -> int:
        out = out[: self._left]  # one that makes its sound up may go on for ever
        data = self._decoder.read(len(out)) if len(out) else b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            problem = f"its decoder's read() returned {type(data).__name__}; it must return bytes"
            raise DecodeError(self.name, "decode", problem)
        if isinstance(data, memoryview):
            data = data.cast("B")
        if len(data) % self._frame or len(data) > len(out) * self._frame:
            problem = (
                f"its decoder read {len(data)} bytes where {len(out)} frames of {self._frame} bytes were asked for"
            )
            raise DecodeError(self.name, "decode", problem)
        frames = len(data) // self._frame
        self._left -= frames
        out[:frames] = np.frombuffer(data, out.dtype).reshape(frames, out.shape[1])
        if self.sample_type == "32-bit float":
            self.repaired += repair(out[:frames])
        return frames

    def seek(self, frame: int) -> bool:
        found = bool(self._decoder.seek(frame))
        if found and self.length:
            self._left = max(self.length - frame, 0)
        return found


def _integer(name: str, what: str, value: Any) -> int:
    """`value` as a whole number; what a decoder says of itself may be a float, which OpenAL does not take."""
    try:
        return index(value)
    except TypeError:
        raise DecodeError(name, "decode", f"its decoder's {what} is {value!r}; it must be a whole number") from None


def make_reader(name: str, decoder: DecoderLike | SndfileReader) -> SndfileReader | CustomReader:
    """`decoder` as something that reads into arrays and is checked.

    Raises:
        DecodeError, UnsupportedFormat: It is no decoder, or says impossible things of itself.
    """
    return decoder if isinstance(decoder, SndfileReader) else CustomReader(name, decoder)


def check_supported(name: str, channel_config: str, sample_type: str, supported: frozenset[tuple[str, str]]) -> None:
    """Raise `UnsupportedFormat` unless the context can play that."""
    if (channel_config, sample_type) not in supported:
        raise UnsupportedFormat(name, "decode", f"this OpenAL cannot play {channel_config!r} of {sample_type!r}")


def open_decoder(name: str, opened: OpenFile, settings: Settings) -> DecoderLike | SndfileReader:
    """The decoder for an open file: the first of the game's that takes it, else the built-in one.

    Raises:
        ResourceUnreadable, DecodeError, UnsupportedFormat
    """
    for factory in settings.factories:
        try:
            opened.file.seek(0)
            decoder = factory(opened.file)
        except RuntimeError:
            continue  # not one of its files
        except Exception as error:
            raise as_resource_error(name, error, f" (in the decoder factory {factory!r})") from error
        if decoder is None:
            problem = f"{factory!r} returned None; it must return a decoder, or raise RuntimeError for 'not mine'"
            raise DecodeError(name, "decode", problem)
        return decoder
    return SndfileReader(name, opened, ("Mono", "32-bit float") in settings.supported)


def load(resource: Openable, settings: Settings, progress: Progress) -> Samples:
    """Open `resource` and decode all of it. Blocks.

    Args:
        resource: What to load.
        settings: How.
        progress: Who is told.

    Raises:
        ResourceError: Whatever goes wrong, with its cause; nothing else but what is no `Exception`.
    """
    try:
        opened = _readable_by_libsndfile(resource.key, resource.open(settings.limit), settings.limit, progress)
        try:
            progress.opened(opened.size)
            decoder = open_decoder(resource.key, opened, settings)
            samples = decode_all(resource.key, decoder, settings, progress)
            if isinstance(decoder, SndfileReader):
                decoder.close()
        finally:
            opened.close()
        if progress.is_wanted():
            _call_buffer_loading(resource.key, samples, settings)
        return samples
    except ResourceError:
        raise
    except Exception as error:
        raise as_resource_error(resource.key, error) from error


def _readable_by_libsndfile(name: str, opened: OpenFile, limit: int, progress: Progress) -> OpenFile:
    """A file that only Python can read, as a copy that libsndfile can; itself, if it is too large for that."""
    if opened.native is not None or opened.size > limit:
        return opened
    try:
        copy = copy_for_libsndfile(opened.file, limit, progress.is_wanted)
        if copy is None:
            opened.file.seek(0)
            return opened
    except BaseException as error:
        opened.close()
        if isinstance(error, Exception):
            raise unreadable(name, error) from error
        raise
    opened.close()
    return copy


def read_decoder(name: str, decoder: DecoderLike, settings: Settings) -> Samples:
    """All that a decoder in the game's hands has left; raises as `load` does."""
    try:
        return decode_all(name, decoder, settings)
    except Exception as error:
        raise as_resource_error(name, error) from error


def decode_all(
    name: str, decoder: DecoderLike | SndfileReader, settings: Settings, progress: Progress | None = None
) -> Samples:
    """All that `decoder` has left.

    Memory grows with what comes out, never with what a header claims beyond the limit.

    Raises:
        DecodeError, UnsupportedFormat, BufferTooLarge, ResourceUnreadable
    """
    progress = progress or _NoProgress()
    reader = make_reader(name, decoder)
    check_supported(name, reader.channel_config, reader.sample_type, settings.supported)
    frame = frame_size(reader.channel_config, reader.sample_type)
    most = settings.limit // frame
    if reader.length > most:
        raise _too_large(name, f"its header claims {reader.length * frame} bytes of samples", settings.limit)

    shape = CHANNELS[reader.channel_config]
    dtype = np.dtype(DTYPES[reader.sample_type])
    step = (BLOCK_BYTES if isinstance(reader, SndfileReader) else _GAMES_BLOCK_BYTES) // frame
    pieces: list[Array] = []
    filled, ended = 0, False
    size = reader.length + _PROBE_FRAMES if reader.length else _FIRST_FRAMES
    while not ended and progress.is_wanted():
        piece = np.empty((size, shape), dtype)  # costs nothing until it is written to
        progress.allocated((filled + size) * frame)
        got, ended = _fill(reader, piece, step, progress)
        filled += got
        if filled > most:
            raise _too_large(name, "it decodes to more", settings.limit)
        pieces.append(piece[:got])
        size = step  # the header was short, or did not say

    if not filled and progress.is_wanted():
        raise DecodeError(name, "decode", "it holds no samples")
    if reader.repaired:
        log.warning("%r: %d samples were not finite numbers; they were made 0 or full scale", name, reader.repaired)
    whole = _join(pieces, (filled, shape), dtype)
    progress.allocated(whole.nbytes)
    return Samples(
        whole, reader.frequency, reader.channel_config, reader.sample_type, valid_loop(reader.loop_points, filled)
    )


def _fill(reader: SndfileReader | CustomReader, out: Array, step: int, progress: Progress) -> tuple[int, bool]:
    """Read into `out`, `step` frames at a time; how many there were, and whether that was the sound's end."""
    filled = 0
    while filled < len(out) and progress.is_wanted():
        block = out[filled : filled + step]
        got = reader.read_into(block)
        filled += got
        if got < len(block):
            return filled, True
    return filled, False


def _join(pieces: list[Array], shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
    """All `pieces` in one array, which keeps no more memory than it fills; empties the list, to hold little twice."""
    if len(pieces) == 1 and (base := pieces[0].base) is not None and len(pieces[0]) * 8 >= len(base) * 7:
        return pieces[0]
    whole = np.empty(shape, dtype)
    end = len(whole)
    while pieces:
        piece = pieces.pop()
        whole[end - len(piece) : end] = piece
        end -= len(piece)
    return whole


def as_resource_error(name: str, error: Exception, where: str = "") -> ResourceError:
    """The error for what a game's decoder, or numpy, has raised."""
    if isinstance(error, ResourceError):
        return error
    if isinstance(error, MemoryError):
        return BufferTooLarge(name, "decode", "there is not enough memory to decode it")
    if isinstance(error, OSError):
        return unreadable(name, error)
    return DecodeError(name, "decode", f"decoding it failed: {type(error).__name__}: {error}{where}")


def _call_buffer_loading(name: str, samples: Samples, settings: Settings) -> None:
    """Let the game edit the samples; the view it gets dies with the call."""
    if settings.loading is None:
        return
    view = memoryview(samples.data).cast("B")  # type: ignore[arg-type]  # an array is a buffer
    try:
        settings.loading(name, samples.channel_config, samples.sample_type, samples.frequency, view)
    except Exception as error:
        problem = f"buffer_loading failed: {type(error).__name__}: {describe_error(error)}"
        raise DecodeError(name, "decode", problem) from error
    finally:
        try:
            view.release()
        except BufferError:
            pass  # the game made a view of its own, which keeps the memory


def valid_loop(points: Any, length: int) -> tuple[int, int] | None:
    """Loop points inside of the sound, or None: all of it."""
    start, end = points
    end = min(end, length)
    return (start, end) if 0 <= start < end and (start, end) != (0, length) else None


def _too_large(name: str, what: str, limit: int) -> BufferTooLarge:
    advice = "give Context a larger buffer_limit, or read it in parts with Decoder"
    return BufferTooLarge(name, "decode", f"{what}, over the limit of {limit} bytes; {advice}")
