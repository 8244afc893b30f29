"""The thread that reads the streams of a context."""

from __future__ import annotations

import threading
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .._common.threads import CLOSE_SECONDS, replace_thread
from ..errors import DestroyedError, OpenALError
from .stream import FOREVER

if TYPE_CHECKING:
    from collections import deque

    from .._openal import ContextScope, Functions
    from .._playback.voice import Voice
    from .stream import Stream

#: The longest and shortest that the feeder sleeps while anything plays, in seconds: doppler may shorten a queue.
_MAX_SLEEP, _MIN_SLEEP = 0.5, 0.001
#: Seconds in a decoder after which the thread counts as held there.
STALL_SECONDS = 0.25
#: Streams that are looked at within one bracket: the game may be waiting for it.
_STREAMS_PER_SCOPE = 16
#: Seconds after which who waits for the feeder looks again, were it not told.
_POLL_SECONDS = 0.05


class StreamThread:
    """The thread of a context that reads what streams and keeps OpenAL's queues filled, clock or no clock.

    It takes turns: a chunk for each stream that has room, the shortest queue first. A thread that is held in a decoder
    is replaced by another, so that the other streams go on.
    """

    def __init__(self, scope: ContextScope, to_check: deque[Voice]) -> None:
        """
        Args:
            bracket: Of the context.
            to_check: Where voices are put that the game's thread is to look at, for their end can be foreseen now.
        """
        self._scope = scope
        self._to_check = to_check
        self._streams: dict[Stream, None] = {}
        self._thread: threading.Thread | None = None
        self._awake = threading.Event()
        self._chunk_done = threading.Event()
        self._closed = False
        #: Since when (``time.perf_counter``) the thread has been at the decoder it is at.
        self._reading_since: float | None = None
        #: Milliseconds between two looks; 0: as the queues demand.
        self.interval = 0
        #: Whether the device is gone; OpenAL would swallow whatever it is fed.
        self.device_lost = False
        #: How often a queue has run dry.
        self.underruns = 0

    def __len__(self) -> int:
        return len(self._streams)

    def start(self) -> None:
        """Start the thread, if there is none. Not to be called inside the bracket."""
        if self._thread is None or not self._thread.is_alive():
            self._start_thread()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="pyglet_palace feeder", daemon=True)
        before, self._thread = self._thread, thread  # first: it ends when it is not this
        try:
            thread.start()
        except BaseException:  # the system has no more threads
            self._thread = before
            raise

    def replace_stalled(self, now: float) -> None:
        """Start another thread, if this one does not come back from a decoder and there are others to be read.

        Args:
            now: Of ``time.perf_counter``.
        """
        since = self._reading_since
        if (
            since is not None
            and now - since > STALL_SECONDS
            and any(not stream.lock.held for stream in list(self._streams))
        ):
            self._reading_since = None
            replace_thread(self._start_thread, "a decoder")

    def add(self, stream: Stream) -> None:
        """Feed `stream` from now on. Inside the bracket."""
        self._streams[stream] = None
        self._awake.set()

    def remove(self, stream: Stream) -> None:
        """Feed it no more. Inside the bracket."""
        self._streams.pop(stream, None)

    def wake(self) -> None:
        """Have the thread look: something is not as it was."""
        self._awake.set()

    def fill_queues(self, patience: float) -> float:
        """Block until all queues are full, but for streams whose decoder does not come back for `patience` seconds.

        Returns:
            Seconds until the first of the others has run dry; infinite if none will, if nothing is read at all for
            twice as long, or without any patience.
        """
        began = now = time.perf_counter()
        while patience and now - began <= 2 * patience:
            self._chunk_done.clear()
            with self._scope as al:
                streams = [stream for stream in self._streams if stream.lock.held_seconds(now) <= patience]
                waiting = any(stream.needs_data(al) for stream in streams)
                if not waiting or self.device_lost:
                    return min((stream.seconds_left(al)[1] for stream in streams), default=FOREVER)
            self.start()
            self.replace_stalled(now)
            self._awake.set()
            chunk_done = self._chunk_done.wait(_POLL_SECONDS)
            now = time.perf_counter()
            if chunk_done:
                began = now
        return FOREVER

    def close(self) -> None:
        """End the thread; blocks for up to 0.1 s. One that is held in a decoder is left behind, and touches nothing."""
        self._closed = True
        self._awake.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    # The thread

    def _run(self) -> None:
        try:
            while not self._closed and threading.current_thread() is self._thread:
                self._awake.clear()
                sleep = self._serve_all()
                if sleep != 0:
                    self._awake.wait(sleep)
        except DestroyedError:  # of the bracket: the context is no more
            pass

    def _serve_all(self) -> float | None:
        """Serve every stream that has room; how long to sleep then (None: until something is new)."""
        streams = [] if self.device_lost else [stream for stream in list(self._streams) if not stream.lock.held]
        sleep = None if not self._streams or self.device_lost else self.interval / 1000 or _MAX_SLEEP
        waiting: list[tuple[float, Stream]] = []
        for first in range(0, len(streams), _STREAMS_PER_SCOPE):
            with self._scope as al:
                for stream in streams[first : first + _STREAMS_PER_SCOPE]:
                    try:
                        room = stream.needs_data(al)
                        chunk, queue = stream.seconds_left(al)
                    except OpenALError as error:
                        self._fail(al, stream, error)
                        continue
                    if room:
                        waiting.append((queue, stream))
                    elif not self.interval:
                        sleep = max(min(sleep or _MAX_SLEEP, max(chunk, queue / 3)), _MIN_SLEEP)
        for _, stream in sorted(waiting, key=itemgetter(0)):
            self._serve(stream)
        return 0.0 if waiting else sleep

    def _serve(self, stream: Stream) -> None:
        """Read a chunk for one stream, and queue it, unless somebody else is at its decoder."""
        if not stream.lock.acquire(wait=False):
            return
        read: Any = None
        failure: BaseException | None = None
        try:
            with self._scope:
                replaced = threading.current_thread() is not self._thread
                if replaced or stream.voice is None:
                    return
                epoch, position, looping = stream.epoch, stream.position, stream.looping
                self._reading_since = time.perf_counter()
            try:
                read = stream.reader.read(position, stream.chunk_len, looping)
            except BaseException as error:  # a SystemExit, too, is the end of this stream only
                failure = error
            with self._scope as al:
                if threading.current_thread() is self._thread:
                    self._reading_since = None
                if epoch != stream.epoch or stream.voice is None:
                    return
                try:
                    if failure is not None:
                        raise failure
                    data, segments, position, ended = read
                    if stream.deliver(al, data, segments, position, ended=ended, looping=looping):
                        self._to_check.append(stream.voice)
                except BaseException as error:
                    self._fail(al, stream, error)
        finally:
            read = failure = None  # a traceback refers to this frame
            stream.lock.release()
            self._chunk_done.set()
            if threading.current_thread() is not self._thread:
                self._awake.set()  # who has replaced this one does not know that the decoder is free again

    def _fail(self, al: Functions, stream: Stream, error: BaseException) -> None:
        """`stream` cannot go on. Inside the bracket."""
        if stream.voice is not None:
            stream.fail(al, error)
            self._to_check.append(stream.voice)
