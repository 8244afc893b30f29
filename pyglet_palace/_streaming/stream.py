"""A sound that is read while it plays."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .._openal import constants as c
from ..errors import DecodeError, OpenALError, ResourceError
from ..formats import AL_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._openal import Functions
    from .._playback.voice import Voice
    from .decoder_lock import DecoderLock
    from .looping_reader import LoopingReader
    from .stream_thread import StreamThread

#: Seconds of sound that are queued before a stream is heard, if its queue is that long.
_HEAD_START = 0.05
FOREVER = float("inf")


class _Chunk(NamedTuple):
    """Decoded frames in one OpenAL buffer."""

    buffer: int
    #: Where in the sound they are from: (first frame, how many), in order; several where a loop is closed.
    segments: list[tuple[int, int]]
    frames: int


class Stream:
    """A decoder that one source plays. A `Playable`.

    Everything is called inside the scope, which is the lock of all this. The reader alone is used
    outside of it, by the feeder, while it holds `turn`.
    """

    resists_stealing = True

    def __init__(
        self, feeder: StreamThread, reader: LoopingReader, lock: DecoderLock, chunk_len: int, queue_size: int
    ) -> None:
        """
        Args:
            feeder: Of the context it is heard in.
            reader: What it reads.
            lock: Held by whoever is at the decoder; that may be the feeder for a stream of it that has ended.
            chunk_len: Frames decoded at a time.
            queue_size: Chunks decoded ahead.
        """
        self.lock = lock
        self._feeder = feeder
        self.reader = reader
        self.name = reader.name
        self.frequency = reader.frequency
        self.length = reader.length
        self._format = AL_FORMATS[reader.channel_config, reader.sample_type][0]
        self.chunk_len = chunk_len
        self._queue_size = queue_size
        self.looping = False
        #: What plays it; None before and after.
        self.voice: Voice | None = None
        #: The frame to be decoded next.
        self.position = 0
        #: Counts seeks, which make a chunk useless that is being decoded.
        self.epoch = 0
        #: Why nothing more comes, if that is because the reader has failed.
        self.failure: ResourceError | None = None
        #: Whether nothing more comes after what is queued.
        self._all_read = False
        self._queued: deque[_Chunk] = deque()
        self._spare: list[int] = []
        #: Whether OpenAL was told to play what is queued.
        self._started = False

    # For the pool of voices, on the game's thread

    def start(self, al: Functions, voice: Voice, offset: int, looping: bool) -> None:
        """See `Playable`; so for the others."""
        self.voice, self.looping, self.position = voice, looping, offset
        self._feeder.add(self)

    def detach(self, al: Functions, voice: Voice) -> None:
        self.voice = None
        self._feeder.remove(self)
        self._flush(al, voice)
        while self._spare:
            al.delete_buffer(self._spare.pop())

    def pause(self, al: Functions, voice: Voice) -> bool:
        if self._is_over(al, voice):
            return False
        if self._started and al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED:
            self._feeder.underruns += 1
            self._flush(al, voice)  # of a source that has stopped, what is queued from now on would not be heard
        al.alSourcePause(voice.number)
        return True

    def resume(self, al: Functions, voice: Voice) -> None:
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PAUSED:
            al.alSourcePlay(voice.number)
        else:
            self._start(al, voice)

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        return not self._is_over(al, voice)

    def frames_left(self, al: Functions, voice: Voice, looping: bool) -> int | None:
        self._feeder.wake()  # its queue may last shorter than it was told
        if self._is_over(al, voice):
            return 0
        if not self._all_read:
            return None
        return max(1, self._frames_queued() - al.source_integer(voice.number, c.AL_SAMPLE_OFFSET))

    def offset(self, al: Functions, voice: Voice) -> int:
        if self._started and al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED:
            return 0 if self._all_read else self.position  # at its end, or run dry
        at = al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)
        for start, frames in self._segments():
            if at < frames:
                return start + at
            at -= frames
        return self.position

    def seek(self, al: Functions, voice: Voice, frame: int) -> None:
        self.epoch += 1
        self.position = frame
        self._all_read, self.failure = False, None
        self._flush(al, voice)
        self._feeder.wake()

    def set_looping(self, al: Functions, voice: Voice, looping: bool) -> None:
        self.looping = looping
        if self.failure is not None or self._is_over(al, voice):
            return
        end = self.reader.loop[1]
        if looping and (end is None or self.position < end):
            self._all_read = False
            self._feeder.wake()
        elif looping or any(map(_jumps, pairwise([*self._segments(), (self.position, 0)]))):
            # What is queued was decoded as if it were otherwise; what was not heard yet is decoded again.
            at = self.offset(al, voice)
            if not looping or (end is not None and at < end):
                self.seek(al, voice, at)

    def _is_over(self, al: Functions, voice: Voice) -> bool:
        if self._feeder.device_lost:
            return al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING
        if not self._all_read:
            return False
        if not self._started:
            return not self._queued
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED

    def _flush(self, al: Functions, voice: Voice) -> None:
        """Be silent, with nothing queued."""
        al.alSourceStop(voice.number)
        al.alSourcei(voice.number, c.AL_BUFFER, c.AL_NONE)
        self._started = False
        self._spare.extend(chunk.buffer for chunk in self._queued)
        self._queued.clear()

    def _segments(self) -> Iterator[tuple[int, int]]:
        """What is queued, as (first frame, how many)."""
        return (segment for chunk in self._queued for segment in chunk.segments)

    def _frames_queued(self) -> int:
        return sum(chunk.frames for chunk in self._queued)

    # For the feeder

    def needs_data(self, al: Functions) -> bool:
        """Whether there is room in the queue, and more to come."""
        if self.voice is None or self._all_read:
            return False
        self._unqueue(al, self.voice)
        return len(self._queued) < self._queue_size

    def seconds_left(self, al: Functions) -> tuple[float, float]:
        """Until the chunk that plays has ended, and until the queue has; for ever, if that does not matter."""
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
        looping: bool,
    ) -> bool:
        """Queue what was decoded; the next is at `position`, if it has not `ended`. Whether nothing more comes.

        What was decoded for another `looping` than is wanted now is forgotten, if that makes a difference.
        """
        voice = self.voice
        assert voice is not None
        if looping != self.looping:
            end = self.reader.loop[1]
            crossed = self.position < end <= position if self.looping and end is not None else False
            if crossed or any(map(_jumps, pairwise([*segments, (position, 0)]))):
                return False
            ended = ended and not self.looping
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
        """It cannot be read, or OpenAL refuses it: what is queued is heard, and no more."""
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
                pass  # it was OpenAL that has failed, and goes on doing so

    def _start(self, al: Functions, voice: Voice) -> None:
        """Have OpenAL play what is queued, if it does not and that is enough to begin with."""
        if voice.paused or not self._queued:
            return
        if not self._started:
            enough = len(self._queued) >= self._queue_size or self._frames_queued() >= _HEAD_START * self.frequency
            if enough or self._all_read:
                self._started = True
                al.alSourcePlay(voice.number)
        elif al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING:
            self._feeder.underruns += 1
            newest = self._queued.pop()
            self._flush(al, voice)  # OpenAL would begin with what was heard, and not taken off the queue in time
            al.queue_buffer(voice.number, newest.buffer)
            self._queued.append(newest)
            self._started = True
            al.alSourcePlay(voice.number)

    def _unqueue(self, al: Functions, voice: Voice) -> None:
        if not self._started:
            return  # of a source that was stopped, OpenAL calls all buffers processed, heard or not
        count = al.source_integer(voice.number, c.AL_BUFFERS_PROCESSED)
        if count:
            al.unqueue_buffers(voice.number, count)
            self._spare.extend(self._queued.popleft().buffer for _ in range(count))


def _jumps(pair: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether a segment is not what follows the one before."""
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
        decoder: What to read.
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
