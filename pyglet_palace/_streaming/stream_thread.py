"""The streaming thread of a context, which decodes streams ahead and keeps their queues filled."""

from __future__ import annotations

import threading
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .._common.threads import CLOSE_SECONDS, Signal, replace_thread, start_thread
from ..errors import DestroyedError, OpenALError
from .stream import FOREVER

if TYPE_CHECKING:
    from collections import deque

    from .._openal import ContextScope, Functions
    from .._playback.voice import Voice
    from .stream import Stream

#: Longest and shortest sleep of the thread while a stream plays, in seconds. Limited because Doppler may shorten a
#: queue.
_MAX_SLEEP, _MIN_SLEEP = 0.5, 0.001
#: Seconds in one decoder call after which the thread counts as stalled.
STALL_SECONDS = 0.25
#: Streams checked in one context scope. Limited because the main thread may be waiting for the scope.
_STREAMS_PER_SCOPE = 16
#: Seconds after which `StreamThread.fill_queues` checks again without a notification.
_POLL_SECONDS = 0.05


class StreamThread:
    """The streaming thread of a context. It does not depend on pyglet's clock.

    In each round it decodes one chunk for every stream that needs data, the shortest queue first. A thread that is
    stalled in a decoder is replaced by another, so that the other streams go on.

    Attributes:
        interval: Milliseconds between two rounds; 0 to follow the lengths of the queues.
        device_lost: Whether the device is lost. OpenAL would consume the queues without playing them.
        reading_since: Time (``time.perf_counter``) of the thread's current decoder call, if it is in one.
        underruns: Number of underruns so far.
    """

    def __init__(self, scope: ContextScope, to_check: deque[Voice]) -> None:
        """Prepare without starting the thread.

        Args:
            scope: The scope of the context.
            to_check: Receives voices whose end time is now known. The main thread checks them.
        """
        self._scope = scope
        self._to_check = to_check
        self._streams: dict[Stream, None] = {}
        #: The thread that serves the streams; None before the start and after its end. Python's own `is_alive` is wrong
        #: after an interrupt of it.
        self._thread: threading.Thread | None = None
        self._awake = Signal()
        self._chunk_done = Signal()
        self._closed = False
        self.reading_since: float | None = None
        self.interval = 0
        self.device_lost = False
        self.underruns = 0

    def __len__(self) -> int:
        return len(self._streams)

    def start(self) -> None:
        """Start the thread if it is not running. Must not be called inside the scope.

        Raises:
            PalaceError: The system has no more threads.
        """
        if self._thread is None:
            self._start_thread()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="pyglet_palace streams", daemon=True)
        before, self._thread = self._thread, thread  # before the start: a thread that is not `_thread` ends
        try:
            start_thread(thread, "decode streams")
        except BaseException:
            if thread.ident is None:  # it does not run: the system has no more threads, or Ctrl-C came first
                self._thread = before
            raise

    def replace_stalled(self, now: float) -> None:
        """Start another thread if this one is stalled in a decoder and other streams can be read.

        Args:
            now: Time of ``time.perf_counter``.
        """
        since = self.reading_since
        if (
            since is not None
            and now - since > STALL_SECONDS
            and any(not stream.lock.held for stream in list(self._streams))
        ):
            self.reading_since = None
            replace_thread(self._start_thread, "a decoder")

    def add(self, stream: Stream) -> None:
        """Start to fill the queue of `stream`. Called inside the scope."""
        self._streams[stream] = None
        self._awake.set()

    def remove(self, stream: Stream) -> None:
        """Stop filling the queue of `stream`. Called inside the scope."""
        self._streams.pop(stream, None)

    def wake(self) -> None:
        """Wake the thread to check all streams."""
        self._awake.set()

    def fill_queues(self, patience: float) -> float:
        """Block until all queues are full. Ignores a stream whose decoder call takes more than `patience` seconds.

        Returns:
            Seconds until the first underrun of the other streams. Infinite if there will be none, if no chunk is
            decoded for ``2 * patience`` seconds, or if `patience` is 0.
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
        """End the thread. Blocks for up to 0.1 s.

        A stalled thread is left behind. When its decoder returns, it ends without using the context.
        """
        self._closed = True
        self._awake.set()
        thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    # On the streaming thread

    def _run(self) -> None:
        try:
            while True:
                self._awake.clear()  # before the checks: `close` changes what they read, and then wakes
                if self._closed or threading.current_thread() is not self._thread:
                    break
                sleep = self._serve_all()
                if sleep != 0:
                    self._awake.wait(sleep)
        except DestroyedError:  # raised by the scope of a destroyed context
            pass
        finally:
            if threading.current_thread() is self._thread:
                self._thread = None

    def _serve_all(self) -> float | None:
        """Serve each stream that needs data. Return the seconds to sleep then, or None to sleep until `wake`."""
        streams = [] if self.device_lost else [stream for stream in list(self._streams) if not stream.lock.held]
        sleep = None if not self._streams or self.device_lost else self.interval / 1000 or _MAX_SLEEP
        waiting: list[tuple[float, Stream]] = []
        for first in range(0, len(streams), _STREAMS_PER_SCOPE):
            with self._scope as al:
                if self._closed:  # while this thread waited to enter; the context is destroyed
                    return None
                for stream in streams[first : first + _STREAMS_PER_SCOPE]:
                    try:
                        needs_data = stream.needs_data(al)
                        chunk, queue = stream.seconds_left(al)
                    except OpenALError as error:
                        self._fail(al, stream, error)
                        continue
                    if needs_data:
                        waiting.append((queue, stream))
                    elif not self.interval:
                        sleep = max(min(sleep or _MAX_SLEEP, max(chunk, queue / 3)), _MIN_SLEEP)
        for _, stream in sorted(waiting, key=itemgetter(0)):
            self._serve(stream)
        return 0.0 if waiting else sleep

    def _serve(self, stream: Stream) -> None:
        """Decode one chunk for `stream` and queue it, unless another thread holds the lock of its decoder."""
        if not stream.lock.acquire(wait=False):
            return
        read: Any = None
        failure: BaseException | None = None
        try:
            with self._scope:
                replaced = threading.current_thread() is not self._thread
                if replaced or self._closed or stream.voice is None:
                    return
                epoch, position, wraps = stream.epoch, stream.position, stream.wraps
                self.reading_since = time.perf_counter()
            try:
                read = stream.reader.read(position, stream.chunk_len, wraps)
            except BaseException as error:  # even a SystemExit ends only this stream
                failure = error
            with self._scope as al:
                if threading.current_thread() is self._thread:
                    self.reading_since = None
                if epoch != stream.epoch or self._closed or stream.voice is None:
                    return
                try:
                    if failure is not None:
                        raise failure
                    data, segments, position, left, ended = read
                    if stream.deliver(al, data, segments, position, ended=ended, wraps=wraps, left=left):
                        self._to_check.append(stream.voice)
                except BaseException as error:
                    self._fail(al, stream, error)
        finally:
            read = failure = None  # a traceback refers to this frame
            stream.lock.release()
            self._chunk_done.set()
            if threading.current_thread() is not self._thread:
                self._awake.set()  # notify the replacement that the decoder is free again

    def _fail(self, al: Functions, stream: Stream, error: BaseException) -> None:
        """End `stream` after an error. Called inside the scope."""
        if stream.voice is not None:
            stream.fail(al, error)
            self._to_check.append(stream.voice)
