"""The thread that reads the streams of a context."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ._streams import FOREVER
from .errors import DestroyedError, OpenALError

if TYPE_CHECKING:
    from collections import deque

    from ._openal import Bracket, Functions
    from ._streams import Stream
    from ._voices import Voice

#: The longest and shortest that the feeder sleeps while anything plays, in seconds: doppler may shorten a queue.
_LONGEST_SLEEP, _SHORTEST_SLEEP = 0.5, 0.001
#: Seconds that `Feeder.close` gives its thread to end.
_FAREWELL = 0.1
#: Seconds in a decoder after which the thread counts as held there.
_HELD = 0.25
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
        """Start the thread, if that was not done. Not to be called inside the bracket."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pyglet_palace feeder", daemon=True)
            try:
                self._thread.start()
            except BaseException:  # the system has no more threads
                self._thread = None
                raise

    def relieve(self, now: float) -> None:
        """Start another thread, if this one does not come back from a decoder and there are others to be read.

        Args:
            now: Of ``time.perf_counter``.
        """
        since = self._reading_since
        if since is not None and now - since > _HELD and len(self._streams) > 1:
            self._reading_since = self._thread = None
            self.start()

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

    def wait_for_a_turn(self) -> None:
        """Block until the thread has read something, for a moment at most."""
        self._turned.wait(_MOMENT)
        self._turned.clear()

    def fill(self, patience: float) -> float:
        """Block until all queues are full, `patience` seconds at most.

        Returns:
            Seconds until the first of them has run dry; infinite if none will, or patience has come to its end.
        """
        deadline = time.perf_counter() + patience
        while True:
            with self._bracket as al:
                hungry = [stream for stream in self._streams if stream.is_hungry(al)]
                if not hungry or self.lost:
                    return min((stream.seconds_left(al)[1] for stream in self._streams), default=FOREVER)
            now = time.perf_counter()
            if now >= deadline:
                return FOREVER
            self.relieve(now)
            self._awake.set()
            self.wait_for_a_turn()

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
        with self._bracket as al:
            free = [] if self.lost else [stream for stream in self._streams if stream.is_free]
            hungry = [stream for stream in free if stream.is_hungry(al)]
            hungry.sort(key=lambda stream: stream.seconds_left(al)[1])
            sleep = 0.0 if hungry else self._sleep(al, free)
        for stream in hungry:
            self._serve(stream)
        return sleep

    def _serve(self, stream: Stream) -> None:
        """Read a chunk for one stream, and queue it."""
        with self._bracket:
            relieved = threading.current_thread() is not self._thread
            if relieved or stream.voice is None or not stream.is_free:
                return
            epoch, position, looping = stream.epoch, stream.position, stream.looping
            stream.busy = True
            self._reading_since = time.perf_counter()
        failure: BaseException | None = None
        try:
            data, segments, position, ended = stream.reader.read(position, stream.chunk_len, looping)
        except BaseException as error:  # a SystemExit, too, is the end of this stream only
            failure = error
        try:
            with self._bracket as al:
                if threading.current_thread() is self._thread:
                    self._reading_since = None
                if epoch == stream.epoch and stream.voice is not None:
                    if failure is None:
                        try:
                            # One that was told to loop while its last chunk was decoded has not ended.
                            ended = ended and (looping or not stream.looping)
                            stream.deliver(al, data, segments, position, ended)
                        except OpenALError as error:
                            failure = error
                    if failure is not None:
                        stream.fail(al, failure)
                    if failure is not None or ended:
                        self._stirred.append(stream.voice)
        finally:
            stream.busy = False
            self._turned.set()
            if threading.current_thread() is not self._thread:
                self._awake.set()  # who has relieved this one does not know that the decoder is free again

    def _sleep(self, al: Functions, streams: list[Stream]) -> float | None:
        """How long nothing needs to be done for `streams`; None: until there is something new."""
        if not streams:
            return None
        if self.interval:
            return self.interval / 1000
        sleep = _LONGEST_SLEEP
        for stream in streams:
            chunk, queue = stream.seconds_left(al)
            sleep = min(sleep, max(chunk, queue / 3))
        return max(sleep, _SHORTEST_SLEEP)
