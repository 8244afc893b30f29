"""A sound that is read while it plays."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from ._openal import constants as c
from .errors import DecodeError, ResourceError
from .formats import AL_FORMATS

if TYPE_CHECKING:
    from ._feeder import Feeder
    from ._openal import Functions
    from ._reading import LoopingReader
    from ._voices import Voice

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

    Everything but `wait` is called inside the bracket, which is the lock of all this. The reader alone is used
    outside of it, by the feeder, while `busy`.
    """

    holds_on = True

    def __init__(
        self, feeder: Feeder, reader: LoopingReader, chunk_len: int, queue_size: int, before: Stream | None = None
    ) -> None:
        """
        Args:
            feeder: Of the context it is heard in.
            reader: What it reads.
            chunk_len: Frames decoded at a time.
            queue_size: Chunks decoded ahead.
            before: What has streamed the same decoder, and may still be at it.
        """
        self._before = before if before is not None and before.busy else None
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
        #: Counts what makes a chunk useless that is being decoded: a seek, the end.
        self.epoch = 0
        #: Whether the feeder is at its reader.
        self.busy: bool = False
        #: Why nothing more comes, if that is because the reader has failed.
        self.failure: ResourceError | None = None
        #: Whether nothing more comes after what is queued.
        self._all_read = False
        self._queued: deque[_Chunk] = deque()
        self._spare: list[int] = []
        #: Whether OpenAL was told to play what is queued.
        self._started = False

    # For the pool of voices, on the game's thread

    def begin(self, al: Functions, voice: Voice, offset: int, looping: bool) -> None:
        """See `Playable`; so for the others."""
        self.voice, self.looping, self.position = voice, looping, offset
        self._feeder.add(self)

    def end(self, al: Functions, voice: Voice) -> None:
        self.epoch += 1
        self.voice = None
        self._feeder.remove(self)
        self._flush(al, voice)
        while self._spare:
            al.delete_buffer(self._spare.pop())

    def pause(self, al: Functions, voice: Voice) -> bool:
        if self._is_over(al, voice):
            return False
        al.alSourcePause(voice.number)
        return True

    def resume(self, al: Functions, voice: Voice) -> None:
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PAUSED:
            al.alSourcePlay(voice.number)
        else:
            self._start(al, voice)

    def sounds(self, al: Functions, voice: Voice) -> bool:
        return not self._is_over(al, voice)

    def left(self, al: Functions, voice: Voice, looping: bool) -> int | None:
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
        for chunk in self._queued:
            for start, frames in chunk.segments:
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

    def loop(self, al: Functions, voice: Voice, looping: bool) -> None:
        self.looping = looping
        end = self.reader.loop[1]
        if looping and end is None:
            self._all_read = self.failure is not None
        elif looping and end is not None and self.position >= end and self.failure is None:
            # The end of the loop was decoded as if there were none; if it was not heard yet, decode it again.
            at = self.offset(al, voice)
            if at < end:
                self.seek(al, voice, at)
        self._feeder.wake()

    def _is_over(self, al: Functions, voice: Voice) -> bool:
        if self._feeder.lost:
            return al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING
        if not self._all_read:
            return False
        return not self._queued or al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_STOPPED

    def _flush(self, al: Functions, voice: Voice) -> None:
        """Be silent, with nothing queued."""
        al.alSourceStop(voice.number)
        al.alSourcei(voice.number, c.AL_BUFFER, c.AL_NONE)
        self._started = False
        self._spare.extend(chunk.buffer for chunk in self._queued)
        self._queued.clear()

    def _frames_queued(self) -> int:
        return sum(chunk.frames for chunk in self._queued)

    # For the feeder

    def is_hungry(self, al: Functions) -> bool:
        """Whether there is room in the queue, and more to come."""
        if self.voice is None or self._all_read:
            return False
        self._unqueue(al, self.voice)
        return len(self._queued) < self._queue_size

    @property
    def is_free(self) -> bool:
        """Whether nobody is at its decoder."""
        if self._before is not None and not self._before.busy:
            self._before = None
        return not self.busy and self._before is None

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

    def deliver(self, al: Functions, data: Any, segments: list[tuple[int, int]], position: int, ended: bool) -> None:
        """Queue what was decoded; the next is at `position`, if it has not `ended`."""
        voice = self.voice
        assert voice is not None
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

    def fail(self, al: Functions, error: BaseException) -> None:
        """The reader has raised: what is queued is heard, and no more."""
        if isinstance(error, ResourceError):
            self.failure = error
        else:
            problem = f"decoding it failed: {type(error).__name__}: {error}"
            self.failure = DecodeError(self.name, "decode", problem)
            self.failure.__cause__ = error.with_traceback(None)
        self._all_read = True
        if self.voice is not None:
            self._start(al, self.voice)

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
            al.alSourcePlay(voice.number)

    def _unqueue(self, al: Functions, voice: Voice) -> None:
        if not self._started:
            return  # of a source that was stopped, OpenAL calls all buffers processed, heard or not
        count = al.source_integer(voice.number, c.AL_BUFFERS_PROCESSED)
        if count:
            al.unqueue_buffers(voice.number, count)
            self._spare.extend(self._queued.popleft().buffer for _ in range(count))

    # For who wants to read the decoder itself

    def wait(self) -> None:
        """Block until the feeder is not at the reader; for a stream that has ended, one chunk's time at most."""
        while self.busy:
            self._feeder.wait_for_a_turn()
