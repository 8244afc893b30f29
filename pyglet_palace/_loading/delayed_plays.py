"""Plays of sounds that are not cached: they start when the sound arrives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .._common.events import EventQueue
    from .._playback.transport import Transport
    from .._playback.voice import Playable, PlaybackState
    from ..errors import ResourceError
    from .cache import SoundCache
    from .expected_time import Survey
    from .jobs import DecodeJob
    from .requests import LoadRequests
    from .upload import UploadJob


class StartsSource(Protocol):
    """Plays a sound on a source (`source.start_playing`)."""

    def __call__(self, source: Any, playable: Playable, /, *, paused: bool) -> None: ...


class DelayedPlay:
    """One play that waits for its sound. A `Watcher` of the load, and the `WaitingPlay` of the source.

    Attributes:
        paused: Whether the source was paused meanwhile.
    """

    __slots__ = ("_deadline", "_key", "_plays", "_source", "_state", "paused")

    finished = False
    _reads_errors = False

    def __init__(
        self, plays: DelayedPlays, key: str, source: Any, state: PlaybackState, deadline: float | None
    ) -> None:
        self._plays = plays
        self._key = key
        self._source = source  # keeps it alive
        self._state = state
        self._deadline = deadline
        self.paused = False

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the sound."""
        return (self._key,)

    def withdraw(self) -> None:
        """Stop waiting. Drops the load if nothing else waits for it."""
        self._plays.requests.withdraw(self)

    def _surveyed(self, jobs: list[DecodeJob | UploadJob], survey: Survey) -> None:
        """Do nothing: a play shows no progress."""

    def _report(self, events: EventQueue) -> None:
        """Do nothing: the events of the source were posted with the result."""

    def _resolved(self, name: str, error: ResourceError | None, expected: float) -> None:
        """Start the source, or report that it is not heard."""
        plays, state = self._plays, self._state
        if state.waiting is not self:
            return
        entry = plays.cache.get(name)
        late = self._deadline is not None and time.perf_counter() > self._deadline
        if error is not None or late or entry is None:
            self._give_up()
            return
        try:
            plays.transport.end_wait(state)
            plays.start(self._source, entry, paused=self.paused)
        except BaseException:  # Ctrl-C, or OpenAL refuses
            if state.voice is None:
                self._give_up()
            raise

    def _give_up(self) -> None:
        """Report that the source is not heard."""
        plays, state = self._plays, self._state
        state.next_offset, state.next_fade = 0, None
        state.paused_by_group = False
        state.lost = True
        plays.events.post_force_stopped(self._source, state.on_force_stopped)
        plays.transport.end_wait(state)


class DelayedPlays:
    """Makes the delayed plays of a context. Used on the main thread only.

    Attributes:
        transport: Has the sources that wait.
        requests: The pending loads.
        cache: The loaded sounds.
        events: Where sources that are not heard are reported.
        start: Plays a sound on a source.
    """

    def __init__(
        self,
        transport: Transport,
        requests: LoadRequests,
        cache: SoundCache,
        events: EventQueue,
        start: StartsSource,
    ) -> None:
        self.transport = transport
        self.requests = requests
        self.cache = cache
        self.events = events
        self.start = start

    def play(self, key: str, source: Any, state: PlaybackState, late: float | None) -> None:
        """Load a sound ahead of everything queued, and start `source` when it arrives.

        Args:
            key: The cache key of the sound.
            source: The source that waits for it.
            state: The playback state of `source`.
            late: Seconds after which the source is not started any more; None: no limit.
        """
        play = DelayedPlay(self, key, source, state, None if late is None else time.perf_counter() + late)
        self.transport.wait(state, play)
        try:
            self.requests.request_one(key, play)
        except BaseException:  # Ctrl-C, or a failure in the game's resource_not_found
            if state.waiting is play:
                self.transport.stop(state)
            raise
