"""Static sound: one OpenAL buffer that any number of voices play."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from .._openal import constants as c

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._openal import Functions
    from .._openal.buffers import StoredBuffer
    from .voice import PlaybackState, Voice


class StaticSound:
    """One OpenAL buffer that any number of voices play. Implements `Playable`; call its methods inside a context scope.

    Attributes:
        stored: The OpenAL buffer with the samples.
        frequency: Hertz.
        length: Frames.
        loop_points: Start and end frame of the loop, end exclusive; None: the complete sound.
        states: Playback states that use it: playing, paused, or ended since the last update.
    """

    __slots__ = ("frequency", "length", "loop_points", "states", "stored")

    resists_stealing = False
    failure = None

    def __init__(self, stored: StoredBuffer, frequency: int, length: int, loop_points: tuple[int, int] | None) -> None:
        """Make a sound that no voice plays yet. See the attributes of the class for the arguments."""
        self.stored = stored
        self.frequency = frequency
        self.length = length
        self.loop_points = loop_points
        self.states: dict[PlaybackState, None] = {}

    def loop(self, loops: int) -> tuple[int, int]:
        """Return the part that is repeated; see `Playable`, also for the other methods."""
        return self._loop if loops else self.loop_points or (0, self.length)

    def start(self, al: Functions, voice: Voice, offset: float, loops: int) -> int | None:
        """Play from `offset`; return the remaining frames."""
        state = voice.state
        assert state is not None
        self.states[state] = None
        if loops <= 1 and not offset and voice.held is None:
            al.start_source(voice.number, self.stored.number, looping=not loops)
            return self.length if loops else None
        left = self._prepare(al, voice, offset, loops)
        if voice.held is None:
            al.alSourcePlay(voice.number)
        return left

    def _prepare(self, al: Functions, voice: Voice, offset: float, loops: int) -> int | None:
        """Attach the sound to the voice, to start at `offset`; return the remaining frames."""
        number = voice.number
        if loops > 1 and offset < self._loop[1]:
            voice.passes = loops
            first, again, last = self._sections(al)
            al.queue_buffers(number, [first, *[again] * (loops - 2), last])
        else:
            al.alSourcei(number, c.AL_BUFFER, self.stored.number)
            if not loops:
                al.alSourcei(number, c.AL_LOOPING, 1)
        if offset:
            al.set_source_offset(number, offset)
        if voice.passes:
            return self._queued_frames(voice) - int(offset)
        return self._frames_left_from(int(offset), not loops)

    @property
    def _loop(self) -> tuple[int, int]:
        """Start and end of the part that is repeated."""
        return self.loop_points if self.loop_points is not None and self.stored.can_be_cut else (0, self.length)

    def _sections(self, al: Functions) -> tuple[int, int, int]:
        """Return the buffers up to the end of the loop, of the loop, and from the start of the loop on."""
        start, end = self._loop
        if (start, end) == (0, self.length):
            return (self.stored.number,) * 3
        return self.stored.cut(al, start, end)

    def _queued_frames(self, voice: Voice) -> int:
        start, end = self._loop
        return self.length + (voice.passes - 1) * (end - start)

    def _pass_at(self, voice: Voice, queued: int) -> int:
        """Return which time of the loop is heard at a frame of the queue, from 0 on."""
        start, end = self._loop
        return min(max(queued - start, 0) // (end - start), voice.passes - 1)

    def is_ready(self, al: Functions, voice: Voice) -> bool:
        return True

    def mark_started(self, al: Functions, voice: Voice) -> None:
        pass

    def detach(self, al: Functions, voice: Voice) -> None:
        number, state = voice.number, voice.state
        self.end_virtual(voice)
        al.alSourceStop(number)
        al.alSourcei(number, c.AL_BUFFER, c.AL_NONE)
        voice.passes = 0
        if state is not None and state.looping:
            al.alSourcei(number, c.AL_LOOPING, 0)

    def pause(self, al: Functions, voice: Voice) -> bool:
        al.alSourcePause(voice.number)
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PAUSED

    def resume(self, al: Functions, voice: Voice) -> None:
        al.alSourcePlay(voice.number)

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PLAYING

    def frames_left(self, al: Functions, voice: Voice) -> int | None:
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING:
            return 0
        at = al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)
        if voice.passes:
            return max(1, self._queued_frames(voice) - at)
        state = voice.state
        return self._frames_left_from(at, state is not None and state.looping)

    def offset(self, al: Functions, voice: Voice) -> int:
        if self._is_prepared(al, voice):
            return int(voice.first_frame)
        at = al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)
        return at - self._skipped(voice, self._pass_at(voice, at)) if voice.passes else at

    def progress(self, al: Functions, voice: Voice) -> tuple[int, float, int | None]:
        at, clock = al.source_offset_and_clock(voice.number)
        skipped = 0
        wraps = inf if voice.state is not None and voice.state.looping else 0
        if voice.passes:
            number = self._pass_at(voice, at >> 32)
            skipped, wraps = self._skipped(voice, number), voice.passes - 1 - number
        if self._is_prepared(al, voice):
            return int(voice.first_frame * 2**32), wraps, None
        return at - (skipped << 32), wraps, clock

    def _is_prepared(self, al: Functions, voice: Voice) -> bool:
        """Return whether a held voice has not begun its sound. OpenAL returns offset 0 then."""
        if voice.held is None:
            return False
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) not in (c.AL_PLAYING, c.AL_PAUSED)

    def seek(self, al: Functions, voice: Voice, frame: float) -> bool:
        voice.first_frame = frame
        if voice.passes:
            start, end = self._loop
            number = self._pass_at(voice, al.source_integer(voice.number, c.AL_SAMPLE_OFFSET))
            if number and frame < start:  # only the start of the queue has these frames
                self._prepare_again(al, voice, frame, voice.passes - number)
                return True
            frame += self._skipped(voice, number if frame < end else voice.passes - 1)
        al.set_source_offset(voice.number, frame)
        return False

    def _skipped(self, voice: Voice, number: int) -> int:
        """Return by how many frames the queue is ahead of the sound in one pass of the loop."""
        start, end = self._loop
        return number * (end - start)

    def set_loops(self, al: Functions, voice: Voice, loops: int) -> bool:
        number = voice.number
        if not voice.passes and loops <= 1:
            al.alSourcei(number, c.AL_LOOPING, int(not loops))
            return False
        if voice.held is None and al.source_integer(number, c.AL_SOURCE_STATE) not in (c.AL_PLAYING, c.AL_PAUSED):
            return False  # it has ended
        self._prepare_again(al, voice, self.offset(al, voice), loops)
        return True

    def _prepare_again(self, al: Functions, voice: Voice, frame: float, loops: int) -> None:
        number = voice.number
        al.alSourceRewind(number)
        al.alSourcei(number, c.AL_BUFFER, c.AL_NONE)
        al.alSourcei(number, c.AL_LOOPING, 0)
        voice.passes, voice.first_frame = 0, frame
        self._prepare(al, voice, frame, loops)

    def begin_virtual(self, voice: Voice) -> None:
        assert voice.state is not None
        self.states[voice.state] = None

    def end_virtual(self, voice: Voice) -> None:
        state = voice.state
        if state is not None and state.voice is voice:  # otherwise the state plays on, with another voice
            self.states.pop(state, None)

    def catch_up(self, passed: Callable[[], float]) -> None:
        """Do nothing: the sound is heard from `start` on."""

    def _frames_left_from(self, offset: int, looping: bool) -> int | None:
        if looping and (self.loop_points is None or offset < self.loop_points[1]):
            return None  # no end in sight; past the end of its loop, a sound plays to its end
        return self.length - offset
