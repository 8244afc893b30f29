"""How a sound in memory is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._openal import constants as c

if TYPE_CHECKING:
    from .._openal import Functions
    from .._openal.buffers import StoredBuffer
    from .voice import PlaybackState, Voice


class StaticSound:
    """One OpenAL buffer, played by any number of voices. A `Playable`; its methods are called inside a bracket.

    Attributes:
        states: Playback states that use it: playing, paused, or ended since the last update.
    """

    __slots__ = ("frequency", "length", "loop_points", "states", "stored")

    resists_stealing = False
    failure = None

    def __init__(self, stored: StoredBuffer, frequency: int, length: int, loop_points: tuple[int, int] | None) -> None:
        """
        Args:
            stored: Its samples.
            frequency: Hertz.
            length: Frames.
            loop_points: Frames, end exclusive; None: all of it.
        """
        self.stored = stored
        self.frequency = frequency
        self.length = length
        self.loop_points = loop_points
        self.states: dict[PlaybackState, None] = {}

    def start(self, al: Functions, voice: Voice, offset: int, looping: bool) -> int | None:
        """See `Playable`; so for the others."""
        number, state = voice.number, voice.state
        assert state is not None
        self.states[state] = None
        al.alSourcei(number, c.AL_BUFFER, self.stored.number)
        if looping:
            al.alSourcei(number, c.AL_LOOPING, 1)
        if offset:
            al.alSourcei(number, c.AL_SAMPLE_OFFSET, offset)
        al.alSourcePlay(number)
        return self._left_from(offset, looping)

    def detach(self, al: Functions, voice: Voice) -> None:
        number, state = voice.number, voice.state
        if state is not None:
            self.states.pop(state, None)
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
        return self._left_from(al.source_integer(voice.number, c.AL_SAMPLE_OFFSET), looping)

    def offset(self, al: Functions, voice: Voice) -> int:
        return al.source_integer(voice.number, c.AL_SAMPLE_OFFSET)

    def seek(self, al: Functions, voice: Voice, frame: int) -> None:
        al.alSourcei(voice.number, c.AL_SAMPLE_OFFSET, frame)

    def set_looping(self, al: Functions, voice: Voice, looping: bool) -> None:
        al.alSourcei(voice.number, c.AL_LOOPING, int(looping))

    def _left_from(self, offset: int, looping: bool) -> int | None:
        if looping and (self.loop_points is None or offset < self.loop_points[1]):
            return None  # from beyond its loop it plays on to the end
        return self.length - offset
