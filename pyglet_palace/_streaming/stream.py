"""Streamed sounds: a queue of OpenAL buffers, filled by the streaming thread while the sound plays."""

from __future__ import annotations

from collections import deque
from itertools import pairwise, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .._openal import constants as c
from ..errors import DecodeError, OpenALError, ResourceError
from ..formats import AL_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._openal import Functions
    from .._playback.voice import Voice
    from .decoder_lock import DecoderLock
    from .looping_reader import LoopingReader
    from .stream_thread import StreamThread

#: Seconds of sound that a stream queues before it starts to play. A shorter queue starts when it is full.
_HEAD_START = 0.05
FOREVER = float("inf")


class _Chunk:
    """Decoded frames in one OpenAL buffer.

    Attributes:
        buffer: Number of the buffer.
        segments: Origin of the frames in the sound: (first frame, number of frames), in order. Several if the chunk
            wraps a loop.
        frames: Number of frames.
    """

    __slots__ = ("buffer", "frames", "segments")

    def __init__(self, buffer: int, segments: list[tuple[int, int]], frames: int) -> None:
        self.buffer = buffer
        self.segments = segments
        self.frames = frames


_buffer_of = attrgetter("buffer")


class Stream:
    """A streamed sound: a decoder that one source plays. A `Playable`.

    All methods are called inside the context scope, whose lock protects all attributes. Only `reader` is used outside
    the scope, by the streaming thread while it holds `lock`.

    Attributes:
        lock: Held by the thread that reads the decoder.
        reader: The reader of the decoder.
        name: Name of the sound in errors.
        frequency: Sample rate in hertz.
        channel_config: One of `channel_configs`.
        length: Frames; 0 if unknown.
        chunk_len: Frames decoded at a time.
        wraps: How often the decoder is still read round its loop; infinite while the source loops.
        voice: The voice that plays the stream; None before and after, and while it is virtual.
        virtual: The virtual voice that plays the stream, if any. Nothing is decoded then.
        position: The frame to decode next.
        epoch: Number of seeks. A chunk decoded before the last seek is discarded.
        failure: The error that ended the stream, if any.
    """

    resists_stealing = True

    def __init__(
        self, thread: StreamThread, reader: LoopingReader, lock: DecoderLock, chunk_len: int, queue_size: int
    ) -> None:
        """Make a stream that is not playing yet.

        Args:
            thread: The streaming thread of the context.
            reader: The reader of the decoder.
            lock: The lock of the decoder. The streaming thread may still hold it for an earlier stream of the decoder.
            chunk_len: Frames decoded at a time.
            queue_size: Chunks decoded ahead.
        """
        self.lock = lock
        self._thread = thread
        self.reader = reader
        self.name = reader.name
        self.frequency = reader.frequency
        self.channel_config = reader.channel_config
        self.length = reader.length
        self._format = AL_FORMATS[reader.channel_config, reader.sample_type][0]
        self.chunk_len = chunk_len
        self._queue_size = queue_size
        self.wraps = 0.0
        self.voice: Voice | None = None
        self.virtual: Voice | None = None
        #: Fraction of a frame at which the queue starts.
        self._fraction = 0.0
        #: Returns the frames that the queue skips when it starts. None: it skips none.
        self._passed: Callable[[], float] | None = None
        self.position = 0
        self.epoch = 0
        self.failure: ResourceError | None = None
        #: Whether the last chunk is queued: the reader ended or failed.
        self._all_read = False
        self._queued: deque[_Chunk] = deque()
        #: OpenAL buffers for reuse.
        self._spare: list[int] = []
        #: Whether OpenAL plays the queue, or has stopped after an underrun.
        self._started = False

    # The `Playable` interface, called by the voice pool on the main thread

    def loop(self, loops: int) -> tuple[int, int] | None:
        """See `Playable`. The same applies to the methods that follow."""
        start, end = self.reader.loop
        end = end or self.length
        return (start, end) if end else None

    def start(self, al: Functions, voice: Voice, offset: float, loops: int) -> None:
        self.epoch += 1  # a chunk that is being decoded for an earlier voice is discarded
        self._all_read = False
        self.voice, self.wraps = voice, _wraps(loops)
        self._set_position(offset)
        self._thread.add(self)

    def is_ready(self, al: Functions, voice: Voice) -> bool:
        return self._all_read or self._started or self._has_head_start()

    def mark_started(self, al: Functions, voice: Voice) -> None:
        self._started = bool(self._queued)
        self._fraction = 0.0

    def detach(self, al: Functions, voice: Voice) -> None:
        self.voice = None
        self._thread.remove(self)
        self._flush(al, voice)
        al.delete_buffers(self._spare)

    def catch_up(self, passed: Callable[[], float]) -> None:
        self._passed = passed

    def pause(self, al: Functions, voice: Voice) -> bool:
        self._passed = None
        if self._is_over(al, voice):
            return False
        if self._started and al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED:
            self._thread.underruns += 1
            self._flush(al, voice)  # a stopped source would not play buffers that are queued from now on
        al.alSourcePause(voice.number)
        return True

    def resume(self, al: Functions, voice: Voice) -> None:
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PAUSED:
            al.alSourcePlay(voice.number)
        else:
            self._start(al, voice)

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        return not self._is_over(al, voice)

    def frames_left(self, al: Functions, voice: Voice) -> int | None:
        self._thread.wake()  # the queue may end earlier than the thread expects
        if self._is_over(al, voice):
            return 0
        if not self._all_read:
            return None
        return max(1, self._frames_queued() - al.source_integer(voice.number, c.AL_SAMPLE_OFFSET))

    def offset(self, al: Functions, voice: Voice) -> int:
        if self._started and al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED:
            return 0 if self._all_read else self.position  # the end of the sound, or an underrun
        return self._frame_of(al.source_integer(voice.number, c.AL_SAMPLE_OFFSET))

    def progress(self, al: Functions, voice: Voice) -> tuple[int, float, int | None]:
        at, clock = al.source_offset_and_clock(voice.number)
        if not self._started:
            return int((self._frame_of(0) + self._fraction) * 2**32), self.wraps + self._wraps_queued(0), clock
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED:  # an underrun
            return self.position << 32, self.wraps, clock
        wraps = self.wraps + self._wraps_queued(at >> 32)
        return (self._frame_of(at >> 32) << 32) + at % 2**32, wraps, clock

    def _frame_of(self, at: int) -> int:
        """Return the frame of the sound that is frame `at` of the queue."""
        for start, frames in self._segments():
            if at < frames:
                return start + at
            at -= frames
        return self.position

    def _set_position(self, frame: float) -> None:
        self.position = int(frame)
        self._fraction = frame - self.position
        self._passed = None

    def seek(self, al: Functions, voice: Voice, frame: float) -> bool:
        self.epoch += 1
        self.wraps += self._wraps_queued(self._frame_in_queue(al, voice))
        self._set_position(frame)
        self._all_read, self.failure = False, None
        self._flush(al, voice)
        self._thread.wake()
        return False

    def set_loops(self, al: Functions, voice: Voice, loops: int) -> bool:
        before, self.wraps = self.wraps, _wraps(loops)
        if self.failure is not None or self._is_over(al, voice):
            return False
        end = self.reader.loop[1]
        queued = self._wraps_queued(self._frame_in_queue(al, voice))
        if before == queued == 0 < self.wraps and (end is None or self.position < end):
            self._all_read = False
            self._thread.wake()
        elif not before == self.wraps == FOREVER and (before == 0 < self.wraps or queued):
            # The queue was decoded for the other value: decode again from the current offset.
            at = self.offset(al, voice)
            if not self.wraps or end is None or at < end:
                self.seek(al, voice, at)
                self.wraps = _wraps(loops)
        return False

    def _frame_in_queue(self, al: Functions, voice: Voice) -> int:
        return al.source_integer(voice.number, c.AL_SAMPLE_OFFSET) if self._started else 0

    def _wraps_queued(self, at: int) -> int:
        """Return how often the queue continues at the loop's start after its frame `at`."""
        wraps = 0
        for segment, following in pairwise([*self._segments(), (self.position, 0)]):
            at -= segment[1]
            wraps += at < 0 and _jumps((segment, following))
        return wraps

    @property
    def source(self) -> Any:
        """The `Source` that plays the stream, or None."""
        for voice in (self.voice, self.virtual):
            if voice is not None and voice.state is not None and voice.state.voice is voice:
                return voice.source
        return None

    def begin_virtual(self, voice: Voice) -> None:
        self.virtual = voice

    def end_virtual(self, voice: Voice) -> None:
        self.virtual = None

    def _is_over(self, al: Functions, voice: Voice) -> bool:
        if self._thread.device_lost:
            return al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING
        if not self._all_read:
            return False
        if not self._started:
            return not self._queued
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED

    def _flush(self, al: Functions, voice: Voice) -> None:
        """Stop the voice and empty its queue."""
        al.alSourceStop(voice.number)
        al.alSourcei(voice.number, c.AL_BUFFER, c.AL_NONE)
        self._started = False
        self._keep_buffers(len(self._queued))

    def _keep_buffers(self, count: int) -> None:
        """Keep the buffers of the first `count` chunks of the queue for reuse.

        It is one call of C: an interrupt leaves no buffer in both lists, or in neither.
        """
        self._spare.extend(map(_buffer_of, map(deque.popleft, repeat(self._queued, count))))

    def _segments(self) -> list[tuple[int, int]]:
        """The segments of the queue, each as (first frame, number of frames).

        A list: Python ignores an interrupt while it ends a generator.
        """
        return [segment for chunk in self._queued for segment in chunk.segments]

    def _frames_queued(self) -> int:
        return sum(chunk.frames for chunk in self._queued)

    # For the streaming thread

    def needs_data(self, al: Functions) -> bool:
        """Return whether the queue has a free slot and the sound has more frames to decode."""
        if self.voice is None or self._all_read:
            return False
        self._unqueue(al, self.voice)
        return len(self._queued) < self._queue_size

    def seconds_left(self, al: Functions) -> tuple[float, float]:
        """Return the seconds until the current chunk ends, and until the queue ends.

        Both are infinite if the stream is paused or fully decoded.
        """
        voice = self.voice
        if voice is None or voice.paused or self._all_read:
            return FOREVER, FOREVER
        if not self._queued:
            return 0.0, 0.0
        rate = self.frequency * max(al.source_float(voice.number, c.AL_PITCH), 1e-6)
        at = al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)
        return (self._queued[0].frames - at) / rate, (self._frames_queued() - at) / rate

    def deliver(
        self,
        al: Functions,
        data: Any,
        segments: list[tuple[int, int]],
        position: int,
        *,
        ended: bool,
        wraps: float,
        left: float,
    ) -> bool:
        """Queue a decoded chunk and start the voice if enough is queued.

        A chunk that was decoded before `wraps` changed is discarded if the change affects it.

        Args:
            al: The OpenAL functions.
            data: Samples of shape (frames, channels).
            segments: Origin of the frames, as in `_Chunk`.
            position: The frame to decode next.
            ended: Whether the reader is at the end of the sound.
            wraps: The value of `wraps` for which the chunk was decoded.
            left: The wraps that are left after the chunk.

        Returns:
            Whether this was the last chunk.
        """
        voice = self.voice
        assert voice is not None
        if wraps != self.wraps:
            end = self.reader.loop[1]
            crossed = self.position < end <= position if self.wraps and end is not None else False
            if crossed or any(map(_jumps, pairwise([*segments, (position, 0)]))):
                return False
            ended = ended and not self.wraps
        else:
            self.wraps = left
        self.position = position
        self._all_read = ended
        if segments:
            self._unqueue(al, voice)
            buffer = self._spare.pop() if self._spare else al.generate_buffer()
            self._queued.append(_Chunk(buffer, segments, len(data)))
            try:
                al.alBufferData(buffer, self._format, data.ctypes.data, data.nbytes, self.frequency)
                al.queue_buffer(voice.number, buffer)
            except BaseException:
                self._spare.append(self._queued.pop().buffer)
                raise
        self._start(al, voice)
        return ended

    def fail(self, al: Functions, error: BaseException) -> None:
        """End the stream after an error of the decoder or OpenAL. The chunks in the queue still play."""
        if isinstance(error, ResourceError):
            self.failure = error.with_traceback(None)
        else:
            problem = f"decoding it failed: {type(error).__name__}: {error}"
            self.failure = DecodeError(self.name, "decode", problem)
            self.failure.__cause__ = error.with_traceback(None)
        self._all_read = True
        if self.voice is not None and not self._started:
            try:
                self._start(al, self.voice)
            except OpenALError:
                pass  # `error` came from OpenAL, which fails again

    def _start(self, al: Functions, voice: Voice) -> None:
        """Start the voice if enough is queued, or restart it after an underrun."""
        if voice.held is not None:
            if self._fraction and self._queued and not self._started:
                al.set_source_offset(voice.number, self._fraction)  # OpenAL keeps it for the start
            voice.held.start_if_ready(al)
        if voice.paused or voice.held is not None or not self._queued:
            return
        if not self._started:
            if self._all_read or self._has_head_start():
                skipped = self._fraction + (self._passed() if self._passed is not None else 0.0)
                if 0 < skipped < self._frames_queued():  # later than that, the stream starts late
                    al.set_source_offset(voice.number, skipped)
                self._fraction, self._passed = 0.0, None
                self._started = True
                al.alSourcePlay(voice.number)
        elif al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING:
            self._thread.underruns += 1
            newest = self._queued.pop()
            self._flush(al, voice)  # OpenAL would first repeat the played buffers that are still in the queue
            al.queue_buffer(voice.number, newest.buffer)
            self._queued.append(newest)
            self._started = True
            al.alSourcePlay(voice.number)

    def _has_head_start(self) -> bool:
        """Return whether enough is queued to start."""
        return len(self._queued) >= self._queue_size or self._frames_queued() >= _HEAD_START * self.frequency

    def _unqueue(self, al: Functions, voice: Voice) -> None:
        if not self._started:
            return  # OpenAL counts all buffers of a stopped source as processed, even if they were not played
        count = al.source_integer(voice.number, c.AL_BUFFERS_PROCESSED)
        if count:
            al.unqueue_buffers(voice.number, count)
            self._keep_buffers(count)


def _wraps(loops: int) -> float:
    """Return how often a sound that is played `loops` times (0: for ever) continues at its loop's start."""
    return loops - 1 if loops else FOREVER


def _jumps(pair: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    """Return whether the second segment does not continue the first."""
    (start, frames), (following, _) = pair
    return start + frames != following


def open_stream(
    thread: StreamThread,
    supported: frozenset[tuple[str, str]],
    decoder: Any,
    name: str,
    lock: DecoderLock,
    chunk_len: int,
    queue_size: int,
) -> Stream:
    """Make a stream of `decoder`, and start the streaming thread if necessary.

    Args:
        thread: The streaming thread of the context.
        supported: Channel configurations and sample types that the context can play.
        decoder: A `BaseDecoder` or `SndfileReader`.
        name: Name of the sound in errors.
        lock: Held by the thread that reads the decoder.
        chunk_len: Frames decoded at a time.
        queue_size: Chunks decoded ahead.

    Raises:
        ResourceError: The decoder or its format is not usable.
    """
    from .._decoding.load import as_resource_error, check_supported
    from .looping_reader import LoopingReader

    try:
        reader = LoopingReader(name, decoder, chunk_len)
    except Exception as error:
        raise as_resource_error(name, error) from error
    check_supported(name, reader.channel_config, reader.sample_type, supported)
    thread.start()
    return Stream(thread, reader, lock, chunk_len, queue_size)
