"""The thread that reads the streams of a context."""

from __future__ import annotations

import threading
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .._common.log import warn_once
from ..errors import DestroyedError, OpenALError
from .stream import FOREVER

if TYPE_CHECKING:
    from collections import deque

    from .._openal import Bracket, Functions
    from .._playback.voice import Voice
    from .stream import Stream

#: The longest and shortest that the feeder sleeps while anything plays, in seconds: doppler may shorten a queue.
_LONGEST_SLEEP, _SHORTEST_SLEEP = 0.5, 0.001
#: Seconds that `Feeder.close` gives its thread to end.
_FAREWELL = 0.1
#: Seconds in a decoder after which the thread counts as held there.
_HELD = 0.25
#: Streams that are looked at within one bracket: the game may be waiting for it.
_AT_ONCE = 16
#: Seconds after which who waits for the feeder looks again, were it not told.
_MOMENT = 0.05


class Feeder:
    """The thread of a context that reads what streams and keeps OpenAL's queues filled, clock or no clock.

    It takes turns: a chunk for each stream that has room, the shortest queue first. A thread that is held in a decoder
    is relieved by another, so that the other streams go on.
    """

    def __init__(self, bracket: Bracket, stirred: deque[Voice]) -> None:
        """
        Args:
            bracket: Of the context.
            stirred: Where voices are put that the game's thread is to look at, for their end can be foreseen now.
        """
        self._bracket = bracket
        self._stirred = stirred
        self._streams: dict[Stream, None] = {}
        self._thread: threading.Thread | None = None
        self._awake = threading.Event()
        self._turned = threading.Event()
        self._closed = False
        #: Since when (``time.perf_counter``) the thread has been at the decoder it is at.
        self._reading_since: float | None = None
        #: Milliseconds between two looks; 0: as the queues demand.
        self.interval = 0
        #: Whether the device is gone; OpenAL would swallow whatever it is fed.
        self.lost = False
        #: How often a queue has run dry.
        self.underruns = 0

    def __len__(self) -> int:
        return len(self._streams)

    def start(self) -> None:
        """Start the thread, if there is none. Not to be called inside the bracket."""
        if self._thread is None or not self._thread.is_alive():
            self._begin()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name="pyglet_palace feeder", daemon=True)
        before, self._thread = self._thread, thread  # first: it ends when it is not this
        try:
            thread.start()
        except BaseException:  # the system has no more threads
            self._thread = before
            raise

    def relieve(self, now: float) -> None:
        """Start another thread, if this one does not come back from a decoder and there are others to be read.

        Args:
            now: Of ``time.perf_counter``.
        """
        since = self._reading_since
        if since is not None and now - since > _HELD and any(not stream.turn.taken for stream in list(self._streams)):
            self._reading_since = None
            try:
                self._begin()
            except RuntimeError:
                warn_once("there is no thread left to read streams with, while one is held in a decoder")

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

    def fill(self, patience: float) -> float:
        """Block until all queues are full, but for streams whose decoder does not come back for `patience` seconds.

        Returns:
            Seconds until the first of the others has run dry; infinite if none will, if nothing is read at all for
            twice as long, or without any patience.
        """
        began = now = time.perf_counter()
        while patience and now - began <= 2 * patience:
            self._turned.clear()
            with self._bracket as al:
                streams = [stream for stream in self._streams if stream.turn.taken_for(now) <= patience]
                hungry = any(stream.is_hungry(al) for stream in streams)
                if not hungry or self.lost:
                    return min((stream.seconds_left(al)[1] for stream in streams), default=FOREVER)
            self.start()
            self.relieve(now)
            self._awake.set()
            turned = self._turned.wait(_MOMENT)
            now = time.perf_counter()
            if turned:
                began = now
        return FOREVER

    def close(self) -> None:
        """End the thread; blocks for up to 0.1 s. One that is held in a decoder is left behind, and touches nothing."""
        self._closed = True
        self._awake.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL)

    # The thread

    def _run(self) -> None:
        try:
            while not self._closed and threading.current_thread() is self._thread:
                self._awake.clear()
                sleep = self._feed()
                if sleep != 0:
                    self._awake.wait(sleep)
        except DestroyedError:  # of the bracket: the context is no more
            pass

    def _feed(self) -> float | None:
        """Serve every stream that has room; how long to sleep then (None: until something is new)."""
        streams = [] if self.lost else [stream for stream in list(self._streams) if not stream.turn.taken]
        sleep = None if not self._streams or self.lost else self.interval / 1000 or _LONGEST_SLEEP
        hungry: list[tuple[float, Stream]] = []
        for first in range(0, len(streams), _AT_ONCE):
            with self._bracket as al:
                for stream in streams[first : first + _AT_ONCE]:
                    try:
                        room = stream.is_hungry(al)
                        chunk, queue = stream.seconds_left(al)
                    except OpenALError as error:
                        self._fail(al, stream, error)
                        continue
                    if room:
                        hungry.append((queue, stream))
                    elif not self.interval:
                        sleep = max(min(sleep or _LONGEST_SLEEP, max(chunk, queue / 3)), _SHORTEST_SLEEP)
        for _, stream in sorted(hungry, key=itemgetter(0)):
            self._serve(stream)
        return 0.0 if hungry else sleep

    def _serve(self, stream: Stream) -> None:
        """Read a chunk for one stream, and queue it, unless somebody else is at its decoder."""
        if not stream.turn.take(wait=False):
            return
        read: Any = None
        failure: BaseException | None = None
        try:
            with self._bracket:
                relieved = threading.current_thread() is not self._thread
                if relieved or stream.voice is None:
                    return
                epoch, position, looping = stream.epoch, stream.position, stream.looping
                self._reading_since = time.perf_counter()
            try:
                read = stream.reader.read(position, stream.chunk_len, looping)
            except BaseException as error:  # a SystemExit, too, is the end of this stream only
                failure = error
            with self._bracket as al:
                if threading.current_thread() is self._thread:
                    self._reading_since = None
                if epoch != stream.epoch or stream.voice is None:
                    return
                try:
                    if failure is not None:
                        raise failure
                    data, segments, position, ended = read
                    if stream.deliver(al, data, segments, position, ended=ended, looping=looping):
                        self._stirred.append(stream.voice)
                except BaseException as error:
                    self._fail(al, stream, error)
        finally:
            read = failure = None  # a traceback refers to this frame
            stream.turn.give_back()
            self._turned.set()
            if threading.current_thread() is not self._thread:
                self._awake.set()  # who has relieved this one does not know that the decoder is free again

    def _fail(self, al: Functions, stream: Stream, error: BaseException) -> None:
        """`stream` cannot go on. Inside the bracket."""
        if stream.voice is not None:
            stream.fail(al, error)
            self._stirred.append(stream.voice)
