"""Static sound: one OpenAL buffer that any number of voices play."""

from __future__ import annotations

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

    @property
    def loop(self) -> tuple[int, int]:
        """Start and end frame of the loop, end exclusive."""
        return self.loop_points or (0, self.length)

    def start(self, al: Functions, voice: Voice, offset: float, looping: bool) -> int | None:
        """Play from `offset`; return the remaining frames. See `Playable`, also for the other methods."""
        number, state = voice.number, voice.state
        assert state is not None
        self.states[state] = None
        al.alSourcei(number, c.AL_BUFFER, self.stored.number)
        if looping:
            al.alSourcei(number, c.AL_LOOPING, 1)
        if offset:
            al.set_source_offset(number, offset)
        al.alSourcePlay(number)
        return self._frames_left_from(int(offset), looping)

    def detach(self, al: Functions, voice: Voice) -> None:
        number, state = voice.number, voice.state
        self.end_virtual(voice)
        al.alSourceStop(number)
        al.alSourcei(number, c.AL_BUFFER, c.AL_NONE)
        if state is not None and state.looping:
            al.alSourcei(number, c.AL_LOOPING, 0)

    def pause(self, al: Functions, voice: Voice) -> bool:
        al.alSourcePause(voice.number)
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PAUSED

    def resume(self, al: Functions, voice: Voice) -> None:
        al.alSourcePlay(voice.number)

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        return al.source_integer(voice.number, c.AL_SOURCE_STATE) == c.AL_PLAYING

    def frames_left(self, al: Functions, voice: Voice, looping: bool) -> int | None:
        if al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING:
            return 0
        return self._frames_left_from(al.source_integer(voice.number, c.AL_SAMPLE_OFFSET), looping)

    def offset(self, al: Functions, voice: Voice) -> int:
        return al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)

    def exact_offset(self, al: Functions, voice: Voice) -> tuple[int, int | None]:
        return al.source_offset_and_clock(voice.number)

    def seek(self, al: Functions, voice: Voice, frame: float) -> None:
        al.set_source_offset(voice.number, frame)

    def set_looping(self, al: Functions, voice: Voice, looping: bool) -> None:
        al.alSourcei(voice.number, c.AL_LOOPING, int(looping))

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
