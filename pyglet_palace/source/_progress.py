"""Progress of a source in its sound: playing, paused or waiting, the offset, and the latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._common import checks
from .._common.text import short_repr
from .._loading.cache import CacheEntry
from .._playback.virtual import sound_of
from ._base import SourceBase

if TYPE_CHECKING:
    from .._playback.voice import Playable
    from ..buffer import Buffer

_start_time = checks.number(0.0)
_seconds = checks.number()


class Progress(SourceBase):
    """Base class of `Source` with its progress: what it plays, whether it plays, and where in the sound it is."""

    __slots__ = ()

    @property
    def playing(self) -> bool:
        """Whether the source is playing now. Exact, without an update."""
        self._check_alive()
        return self._engine.voices.is_playing(self._state)

    @property
    def paused(self) -> bool:
        """Whether the source is paused, or will start paused (see `waiting`)."""
        self._check_alive()
        player = self._state.voice or self._state.waiting
        return player is not None and player.paused

    @property
    def waiting(self) -> bool:
        """Whether the source waits for its sound to be loaded (see `palace.play`). False from its start on."""
        self._check_alive()
        return self._state.waiting is not None

    @property
    def audible(self) -> bool:
        """Whether the source is playing and has a voice. False while it is virtual, paused or idle.

        A source with `loops` other than 1 that loses its voice, or finds none, becomes virtual: `playing` stays True,
        and `offset` advances with the device clock and the pitch, round the loop. Finite `loops` are counted, and the
        sound ends when it would have ended. It is heard again, in phase, when an update finds a voice for it: see
        `priority`. Everything else works as with a voice. The Doppler effect does not change the
        `offset` of a virtual source. A virtual stream is not decoded. When it returns, it is silent while its first
        chunks are decoded, then skips that time; a `LoopbackDevice` waits for them. A stream of unknown length does not
        become virtual; it is stopped.
        """
        return self.playing and self._state.has_real_voice

    @property
    def buffer(self) -> Buffer | None:
        """The playing or paused buffer, or None. A finished buffer remains until the next update."""
        self._check_alive()
        entry = self._playable
        return self._engine.cache.handle(entry) if isinstance(entry, CacheEntry) else None

    @property
    def offset(self) -> int:
        """Playback position, in frames from the start of the sound.

        Setting it seeks in a playing or paused sound. On an idle source it sets the start of the next `play` (0 if it
        is past the end). A looping sound that seeks beyond its loop end plays to the end.

        Raises:
            RuntimeError: Set to or past the end of the current sound.
            OverflowError: Set to a negative number.
        """
        self._check_alive()
        following = self._state.next_offset  # a float is in seconds of a sound that is not known yet
        return self._engine.voices.offset(self._state) or (following if isinstance(following, int) else 0)

    @offset.setter
    def offset(self, frame: int) -> None:
        self._check_alive()
        frame = checks.integer(-(2**63))("offset", frame)
        if frame < 0:
            raise OverflowError(f"offset is {short_repr(frame)}; it must be 0 or more frames")
        playable = self._current
        if playable is None:
            self._keep_offset(frame)
            return
        if frame >= playable.length > 0:
            raise RuntimeError(f"offset is {short_repr(frame)}; the current sound has only {playable.length} frames")
        self._engine.voices.seek(self._state, frame)

    @property
    def offset_seconds(self) -> float:
        """Playback position in seconds, at the sound's own sample rate.

        Setting it seeks in a playing or paused sound, to the nearest frame. On an idle or waiting source it sets the
        start of the next sound, and returns that value.

        Raises:
            ValueError: Set to a negative number.
            RuntimeError: Set to or past the end of the current sound. `seek` stays in the sound instead.
        """
        self._check_alive()
        playable, following = self._playable, self._state.next_offset
        if following or playable is None:  # a play takes it, so nothing plays
            return following if isinstance(following, float) else 0.0
        return self.offset / playable.frequency

    @offset_seconds.setter
    def offset_seconds(self, seconds: float) -> None:
        self._check_alive()
        seconds = _start_time("offset_seconds", seconds)
        playable = self._current
        if playable is None:
            self._keep_offset(seconds)
        else:
            self.offset = round(seconds * playable.frequency)

    def seek(self, seconds: float) -> None:
        """Continue at a time of the sound, as setting `offset_seconds` does, but never outside of the sound.

        Before its start means its start; past its end means its last frame. On an idle or waiting source it sets the
        start of the next sound, and stays in that.

        Args:
            seconds: Seconds from the start of the sound.

        Raises:
            ValueError, TypeError: `seconds` is not a finite number.
        """
        self._check_alive()
        seconds = max(_seconds("seconds", seconds), 0.0)
        playable = self._current
        if playable is None:
            self._keep_offset(seconds, clamped=True)
            return
        frame = round(seconds * playable.frequency)
        self._engine.voices.seek(self._state, min(frame, playable.length - 1) if playable.length else frame)

    @property
    def latency(self) -> int:
        """Output latency in nanoseconds, from mixing to hearing; 0 if idle or virtual.

        Always 0 on a device without hardware, and without AL_SOFT_source_latency.
        """
        self._check_alive()
        voice = self._state.voice
        if voice is None or not self._state.has_real_voice:
            return 0
        with self._engine.scope as al:
            return al.source_latency(voice.number)

    @property
    def latency_seconds(self) -> float:
        """`latency`, in seconds."""
        return self.latency / 1e9

    def _keep_offset(self, offset: float, *, clamped: bool = False) -> None:
        """Start the next sound at `offset`, an int in frames or a float in seconds."""
        self._state.next_offset, self._state.next_offset_clamped = offset, clamped

    @property
    def _playable(self) -> Playable | None:
        """The sound that plays or is paused. A finished sound remains until the next update."""
        return sound_of(self._state.voice)

    @property
    def _current(self) -> Playable | None:
        """The sound that plays or is paused."""
        playable = self._playable
        return playable if playable is not None and (self.paused or self.playing) else None
