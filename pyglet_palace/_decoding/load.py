"""Loading: open a resource, choose its decoder, decode it into one array within the limit.

Runs on any thread and calls no OpenAL. The module imports numpy. The first context imports it, the package does not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from .._common.text import short_repr
from ..errors import BufferTooLarge, DecodeError, ResourceError, UnsupportedFormat, describe_error
from ..formats import CHANNELS, DTYPES, frame_size
from .custom import CustomReader
from .disk_cache import entry_key, is_compressed
from .files import copy_for_libsndfile, is_plain
from .opening import unreadable
from .pcm import Samples, valid_loop, warn_of_non_finite
from .sndfile import SndfileReader
from .uncompressed import PcmFile, PlainReader, find_layout, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TypeAlias

    from .custom import DecoderLike
    from .files import OpenFile
    from .pcm import Array

    #: A factory in `decoder_factories`. It returns a decoder for a file, or raises `RuntimeError` to reject the file.
    Factory = Callable[[BinaryIO], DecoderLike]
    #: What reads a file without a decoder of the game.
    Builtin: TypeAlias = SndfileReader | PlainReader | PcmFile
    #: ``MessageHandler.buffer_loading``.
    Loading = Callable[[str, str, str, int, memoryview], None]

#: Bytes decoded at a time. Large, because many small reads compete for the GIL.
BLOCK_BYTES = 2 * 1024 * 1024
#: Blocks at a time of a file that is only read. Few reads, because each may wait for the GIL.
_COPIED_BLOCKS = 4
#: Bytes requested from a custom decoder at a time. Small, because it may be slow and the heartbeat must come in time.
_CUSTOM_BLOCK_BYTES = 64 * 1024
#: Extra frames allocated after the length in the header, to detect a sound that is longer than its header says.
_PROBE_FRAMES = 64
#: Frames allocated first if the header gives no length.
_FIRST_FRAMES = 4096

#: The largest size in bytes that OpenAL takes: its sizes are signed 32-bit integers.
LARGEST_BUFFER = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """The settings of a load, copied at the request so that a worker reads no state that can change."""

    #: The most bytes that one decoded sound may take.
    limit: int
    #: Pairs (channel configuration, sample type) that the context can play.
    supported: frozenset[tuple[str, str]]
    #: Factories of custom decoders, in the order in which they are tried.
    factories: tuple[Factory, ...] = ()
    #: ``MessageHandler.buffer_loading``, or None if the handler does not define it.
    loading: Loading | None = None
    #: The disk cache, or None.
    disk_cache: SampleStore | None = None

    @property
    def float_supported(self) -> bool:
        """Whether OpenAL can play 32-bit floats."""
        return ("Mono", "32-bit float") in self.supported

    def load(self, resource: Openable, progress: Progress) -> Samples:
        """Load `resource` with these settings; see `load`."""
        return load(resource, self, progress)


class SampleStore(Protocol):
    """The interface of a disk cache (`disk_cache.DiskCache`)."""

    def get(
        self, key: str, most: int, *, writable: bool = False, goes_on: Callable[[], bool] = ...
    ) -> Samples | None: ...
    def put(self, key: str, samples: Samples) -> object: ...


class Openable(Protocol):
    """The interface of a resource (`resources.Resource`)."""

    @property
    def key(self) -> str: ...
    def open(self, limit: int) -> OpenFile: ...
    def read_short(self, most: int, room: Callable[[int], Array]) -> Array | None: ...
    def identity(self) -> str: ...


class Progress(Protocol):
    """The callbacks of a load. All of them run on the thread that loads."""

    def opened(self, size: int) -> None:
        """Take note that the file is open and has `size` bytes (0 if unknown)."""

    def allocated(self, size: int) -> None:
        """Take note that the samples take up to `size` bytes of memory."""

    def described(self, codec: str, samples: int) -> None:
        """Take note of the codec and the number of samples in the header (0 if unknown)."""

    def decoded(self, share: float) -> None:
        """Take note that this share of the samples was decoded, 0.0 to 1.0."""

    def is_wanted(self) -> bool:
        """Return whether to go on. Called before each block; after False the load ends early, with partial samples."""


class _NoProgress:
    """Callbacks that do nothing."""

    def opened(self, size: int) -> None: ...
    def allocated(self, size: int) -> None: ...
    def described(self, codec: str, samples: int) -> None: ...
    def decoded(self, share: float) -> None: ...
    def is_wanted(self) -> bool:
        return True


def make_reader(name: str, decoder: DecoderLike | SndfileReader) -> SndfileReader | CustomReader:
    """Return a reader for `decoder` that reads into arrays and checks the results.

    Raises:
        DecodeError, UnsupportedFormat: `decoder` is not a decoder, or one of its properties is not valid.
    """
    return decoder if isinstance(decoder, SndfileReader) else CustomReader(name, decoder)


def check_supported(name: str, channel_config: str, sample_type: str, supported: frozenset[tuple[str, str]]) -> None:
    """Raise `UnsupportedFormat` unless the context can play the format."""
    if (channel_config, sample_type) not in supported:
        raise UnsupportedFormat(name, "decode", f"this OpenAL cannot play {channel_config!r} of {sample_type!r}")


def open_decoder(name: str, opened: OpenFile, settings: Settings) -> DecoderLike | SndfileReader:
    """Return a decoder for an open file: of the first factory that accepts it, else the built-in one.

    Raises:
        ResourceUnreadable, DecodeError, UnsupportedFormat
    """
    custom = _custom_decoder(name, opened, settings)
    return SndfileReader(name, opened, settings.float_supported) if custom is None else custom


def _custom_decoder(name: str, opened: OpenFile, settings: Settings) -> DecoderLike | None:
    """Return the decoder of the first factory that accepts an open file; None if none does."""
    for factory in settings.factories:
        try:
            opened.file.seek(0)
            decoder = factory(opened.file)
        except RuntimeError:
            continue  # the factory rejects the file
        except Exception as error:
            raise as_resource_error(name, error, f" (in the decoder factory {short_repr(factory)})") from error
        if decoder is None:
            rule = "it must return a decoder, or raise RuntimeError to reject the file"
            problem = f"{short_repr(factory)} returned None; {rule}"
            raise DecodeError(name, "decode", problem)
        return decoder
    return None


def _open_whole(name: str, opened: OpenFile, settings: Settings) -> DecoderLike | Builtin:
    """Like `open_decoder`, for a sound that is decoded completely. Plain samples need no libsndfile."""
    custom = _custom_decoder(name, opened, settings) if settings.factories else None
    if custom is not None:
        return custom
    if opened.native is not None:
        plain = _open_plain(name, opened, settings.float_supported)
        if plain is not None:
            return plain
    return SndfileReader(name, opened, settings.float_supported)


def _open_plain(name: str, opened: OpenFile, float_supported: bool) -> PcmFile | PlainReader | None:
    """Return the plain samples of a file; None if libsndfile must read it. A short file is read into memory."""
    if opened.size > BLOCK_BYTES:
        layout = find_layout(opened.part, opened.size, float_supported)
        return None if layout is None else PlainReader(name, opened, layout)
    memory = _room(opened.size)
    return parse(memory, float_supported) if opened.size and opened.read_into(memory.data) else None


def load(resource: Openable, settings: Settings, progress: Progress) -> Samples:
    """Open `resource`, decode it completely, or take it from the disk cache, and call ``buffer_loading``. Blocks.

    Args:
        resource: The sound to load.
        settings: Limit, supported formats, decoder factories and ``buffer_loading``.
        progress: Callbacks, called on this thread.

    Raises:
        ResourceError: The load failed. Any other `Exception` becomes the cause of one; only exceptions such as
            `KeyboardInterrupt` pass unchanged.
    """
    try:
        key = _entry_key(resource, settings)
        samples = _from_disk_cache(key, settings, progress) if key else None
        if samples is None and not settings.factories and is_plain(resource.key):
            samples = _read_plain(resource, settings, progress)
        if samples is None:
            samples = _open_and_decode(resource, settings, progress, key)
        if settings.loading is not None and progress.is_wanted():
            _call_buffer_loading(resource.key, samples, settings.loading)
        return samples
    except ResourceError:
        raise
    except Exception as error:
        raise as_resource_error(resource.key, error) from error


def _entry_key(resource: Openable, settings: Settings) -> str:
    """Return the key of a resource in the disk cache; '' if the cache is not used for it."""
    if settings.disk_cache is None or settings.factories:
        return ""
    identity = resource.identity()
    suffix = os.path.splitext(resource.key)[1].lower()
    return entry_key(identity, suffix, settings.float_supported) if identity else ""


def _from_disk_cache(key: str, settings: Settings, progress: Progress) -> Samples | None:
    """Return samples that an earlier load has decoded, and report them as the progress; None if there are none."""
    assert settings.disk_cache is not None
    samples = settings.disk_cache.get(
        key, settings.limit, writable=settings.loading is not None, goes_on=progress.is_wanted
    )
    if samples is None or (samples.channel_config, samples.sample_type) not in settings.supported:
        return None
    progress.described("", samples.data.size)
    progress.allocated(samples.data.nbytes)
    progress.decoded(1.0)
    return samples


def _room(size: int) -> Array:
    """Return memory for a file of `size` bytes."""
    return np.empty(size, np.uint8)


def _read_plain(resource: Openable, settings: Settings, progress: Progress) -> Samples | None:
    """Return the samples of a short file that needs no decoder; None if the resource has to be opened."""
    memory = resource.read_short(BLOCK_BYTES, _room)
    if memory is None:
        return None
    progress.opened(memory.nbytes)
    pcm = parse(memory, settings.float_supported)
    return None if pcm is None else decode_all(resource.key, pcm, settings, progress)


def _open_and_decode(resource: Openable, settings: Settings, progress: Progress, key: str) -> Samples:
    """Open and decode a resource, and put a compressed one into the disk cache unless `key` is ''.

    A file that led to a warning is not put there, so that the next start warns, too.
    """
    opened = resource.open(settings.limit)
    if opened.native is None:
        opened = _readable_by_libsndfile(resource.key, opened, settings.limit, progress)
    decoder = None
    try:
        progress.opened(opened.size)
        decoder = _open_whole(resource.key, opened, settings)
        samples = decode_all(resource.key, decoder, settings, progress)
    finally:
        if isinstance(decoder, SndfileReader):
            decoder.close()
        opened.close()
    if (
        key
        and isinstance(decoder, SndfileReader)
        and is_compressed(decoder.codec)
        and not (decoder.warned or decoder.repaired)
        and progress.is_wanted()  # else the samples may not be complete
        and _entry_key(resource, settings) == key  # else the file has changed meanwhile
    ):
        assert settings.disk_cache is not None
        # The cache may write the samples later, when `buffer_loading` has edited them.
        kept = samples if settings.loading is None else replace(samples, data=samples.data.copy())
        settings.disk_cache.put(key, kept)
    return samples


def _readable_by_libsndfile(name: str, opened: OpenFile, limit: int, progress: Progress) -> OpenFile:
    """Return a copy of a file that libsndfile can read without Python; `opened` itself if it is too large."""
    if opened.size > limit:
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
    """Decode the rest of a decoder that the game uses. Raises the same errors as `load`."""
    try:
        return decode_all(name, decoder, settings)
    except Exception as error:
        raise as_resource_error(name, error) from error


def decode_all(
    name: str, decoder: DecoderLike | Builtin, settings: Settings, progress: Progress | None = None
) -> Samples:
    """Decode the rest of `decoder`. Blocks.

    Memory grows with the decoded samples. A length in the header that exceeds the limit allocates no memory.

    Raises:
        DecodeError, UnsupportedFormat, BufferTooLarge, ResourceUnreadable
    """
    progress = progress or _NoProgress()
    if isinstance(decoder, PcmFile):
        return _take_over(name, decoder, settings, progress)
    reader = decoder if isinstance(decoder, PlainReader) else make_reader(name, decoder)
    check_supported(name, reader.channel_config, reader.sample_type, settings.supported)
    frame = frame_size(reader.channel_config, reader.sample_type)
    if reader.length > settings.limit // frame:
        raise _too_large(name, f"its header declares {reader.length * frame} bytes of samples,", settings.limit)

    shape = CHANNELS[reader.channel_config]
    progress.described(reader.codec, reader.length * shape)
    joined = _decode(name, reader, settings.limit, progress)
    filled = len(joined)
    if not filled and progress.is_wanted():
        raise DecodeError(name, "decode", "it contains no samples")
    if reader.repaired:
        warn_of_non_finite(name, reader.repaired)
    progress.allocated(joined.nbytes)
    progress.decoded(1.0)
    return Samples(
        joined, reader.frequency, reader.channel_config, reader.sample_type, valid_loop(reader.loop_points, filled)
    )


def _take_over(name: str, pcm: PcmFile, settings: Settings, progress: Progress) -> Samples:
    """Return the samples of a file that needs no decoder. Raises `UnsupportedFormat`, `BufferTooLarge`."""
    samples, codec, repaired = pcm
    check_supported(name, samples.channel_config, samples.sample_type, settings.supported)
    data = samples.data
    size = data.nbytes
    if size > settings.limit:
        raise _too_large(name, f"its header declares {size} bytes of samples,", settings.limit)
    if repaired:
        warn_of_non_finite(name, repaired)
    progress.described(codec, data.size)
    progress.allocated(size)
    progress.decoded(1.0)
    return samples


def _decode(name: str, reader: SndfileReader | PlainReader | CustomReader, limit: int, progress: Progress) -> Array:
    """Read all samples of `reader` into one array, of at most `limit` bytes."""
    frame = frame_size(reader.channel_config, reader.sample_type)
    shape = CHANNELS[reader.channel_config]
    dtype = np.dtype(DTYPES[reader.sample_type])
    step = (_CUSTOM_BLOCK_BYTES if isinstance(reader, CustomReader) else BLOCK_BYTES) // frame
    if isinstance(reader, PlainReader) and not reader.converts:
        step *= _COPIED_BLOCKS
    pieces: list[Array] = []
    filled, ended = 0, False
    size = reader.length + _PROBE_FRAMES if reader.length else _FIRST_FRAMES
    while not ended and progress.is_wanted():
        piece = np.empty((size, shape), dtype)  # the system provides the memory when it is written
        progress.allocated((filled + size) * frame)
        got, ended = _fill(reader, piece, step, progress, filled)
        filled += got
        if filled > limit // frame:
            raise _too_large(name, "its decoded size is", limit)
        pieces.append(piece[:got])
        size = step  # the header gives too short a length, or none
    return _join(pieces, (filled, shape), dtype)


def _fill(
    reader: SndfileReader | PlainReader | CustomReader, out: Array, step: int, progress: Progress, before: int
) -> tuple[int, bool]:
    """Read into `out`, `step` frames at a time, after `before` frames.

    Returns:
        The number of frames, and whether the sound ended.
    """
    filled = 0
    while filled < len(out) and progress.is_wanted():
        block = out[filled : filled + step]
        got = reader.read_into(block)
        filled += got
        if reader.length:
            progress.decoded((before + filled) / reader.length)
        if got < len(block):
            return filled, True
    return filled, False


def _join(pieces: list[Array], shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
    """Join `pieces` into one array without spare memory. Empties the list meanwhile, so that little is held twice."""
    if len(pieces) == 1 and (base := pieces[0].base) is not None and len(pieces[0]) * 8 >= len(base) * 7:
        return pieces[0]
    joined = np.empty(shape, dtype)
    end = len(joined)
    while pieces:
        piece = pieces.pop()
        joined[end - len(piece) : end] = piece
        end -= len(piece)
    return joined


def as_resource_error(name: str, error: Exception, where: str = "") -> ResourceError:
    """Return the `ResourceError` for an exception from a custom decoder or numpy."""
    if isinstance(error, ResourceError):
        return error
    if isinstance(error, MemoryError):
        return BufferTooLarge(name, "decode", "not enough memory to decode it")
    if isinstance(error, OSError):
        return unreadable(name, error)
    return DecodeError(name, "decode", f"decoding it failed: {type(error).__name__}: {error}{where}")


def _call_buffer_loading(name: str, samples: Samples, loading: Loading) -> None:
    """Pass the samples to ``buffer_loading``, which may edit them in place. The view is released after the call."""
    view = memoryview(cast("Any", samples.data)).cast("B")  # not every numpy says that an array is a buffer
    try:
        loading(name, samples.channel_config, samples.sample_type, samples.frequency, view)
    except Exception as error:
        problem = f"buffer_loading failed: {type(error).__name__}: {describe_error(error)}"
        raise DecodeError(name, "decode", problem) from error
    finally:
        try:
            view.release()
        except BufferError:
            pass  # the handler made another view, which keeps the memory


def _too_large(name: str, what: str, limit: int) -> BufferTooLarge:
    advice = "give Context a larger buffer_limit, or read it in parts with Decoder"
    return BufferTooLarge(name, "decode", f"{what} over the limit of {limit} bytes; {advice}")
