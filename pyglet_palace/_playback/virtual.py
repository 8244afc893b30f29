"""Virtual voices: loops that have no OpenAL source, and keep their position until they get one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .._openal.mixer import mixing_step
from .lazy_heap import LazyHeap
from .voice import PITCH, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .._openal import Functions
    from .voice import DeviceClock, Playable, PlaybackState

    #: Negative priority; number of the play. The smallest returns first.
    Turn = tuple[int, int]

#: A position is an integer with this number of binary digits after the point, as AL_SOFT_source_latency has them.
_BITS = 32
#: The most corrections of a start during which the device has mixed.
_MOST_CORRECTIONS = 3


class VirtualSound:
    """What a virtual voice plays: the position of a looping sound, which advances with the device clock. A `Playable`.

    The position advances as OpenAL Soft would advance it: by the same step for each frame of the output, round the same
    loop. The Doppler effect is not included. Without a device clock, the time is that of ``time.perf_counter_ns``.

    Attributes:
        sound: The sound.
        name: Its name.
        channel_config: Its layout, one of `channel_configs`.
        frequency: Its rate, in hertz.
        length: Its frames.
    """

    resists_stealing = True
    failure = None

    def __init__(self, sound: Playable, device: DeviceClock) -> None:
        """Make a virtual sound at frame 0.

        Args:
            sound: The sound. Its loop is known.
            device: The device whose clock advances the position.
        """
        assert sound.loop is not None
        self.sound = sound
        self.name = sound.name
        self.channel_config = sound.channel_config
        self.frequency = sound.frequency
        self.length = sound.length or sound.loop[1]
        self.loop = sound.loop
        self._device = device
        self._looping = True
        #: The position at the time `_since`; what each frame of the output adds to it; the rate of the output.
        self._position = self._since = self._step = self._rate = 0

    def start(self, al: Functions, voice: Voice, offset: float, loops: int) -> int | None:
        """See `Playable`. The same applies to the methods that follow."""
        self._looping = not loops
        self._move_to(al, voice, int(offset * 2**_BITS), self._now())
        self.sound.begin_virtual(voice)
        return self._frames_left(self._position)

    def detach(self, al: Functions, voice: Voice) -> None:
        self.sound.end_virtual(voice)

    def is_ready(self, al: Functions, voice: Voice) -> bool:
        return True

    def mark_started(self, al: Functions, voice: Voice) -> None:
        pass

    def pause(self, al: Functions, voice: Voice) -> bool:
        return self.frames_left(al, voice) != 0

    def resume(self, al: Functions, voice: Voice) -> None:
        self._move_to(al, voice, self._position, self._now())

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        return self._frames_left(self._position_at(self._now())) != 0

    def frames_left(self, al: Functions, voice: Voice) -> int | None:
        now = self._now()
        self._move_to(al, voice, self._position_at(now), now)  # the pitch or the rate may have changed
        return self._frames_left(self._position)

    def offset(self, al: Functions, voice: Voice) -> int:
        return self.exact_offset(al, voice)[0] >> _BITS

    def exact_offset(self, al: Functions, voice: Voice) -> tuple[int, int | None]:
        now = self._now()
        return self._position if voice.paused else self._position_at(now), now

    def seek(self, al: Functions, voice: Voice, frame: float) -> None:
        self._move_to(al, voice, int(frame * 2**_BITS), self._now())

    def set_loops(self, al: Functions, voice: Voice, loops: int) -> bool:
        if not voice.paused:
            self.frames_left(al, voice)
        self._looping = not loops
        return False

    def begin_virtual(self, voice: Voice) -> None:
        self.sound.begin_virtual(voice)

    def end_virtual(self, voice: Voice) -> None:
        self.sound.end_virtual(voice)

    def catch_up(self, passed: Callable[[], float]) -> None:
        self.sound.catch_up(passed)

    def take_over(self, al: Functions, heard: Voice, voice: Voice) -> int | None:
        """Continue where `heard`, a voice of OpenAL, is. Return the remaining frames."""
        position, clock = self.sound.exact_offset(al, heard)
        self._move_to(al, voice, position, self._now() if clock is None else clock)
        self.sound.begin_virtual(voice)
        return self._frames_left(position)

    def hand_over(self, al: Functions, voice: Voice) -> int | None:
        """Start the sound on `voice`, a voice of OpenAL, where it is now. Return the remaining frames.

        A device with hardware may mix between the reading of its clock and the start. Then the position is corrected.
        """
        now = self._now()
        assert voice.state is not None
        left = self.sound.start(al, voice, self._frame_at(now), voice.state.loops)
        for _ in range(_MOST_CORRECTIONS if self._device.has_clock else 0):
            before, now = now, self._now()
            if now == before:
                break
            self.sound.seek(al, voice, self._frame_at(now))
            left = self.sound.frames_left(al, voice)
        self.sound.catch_up(lambda: self._frames_between(now, self._now()) * self._step / 2**_BITS)
        return left

    def _move_to(self, al: Functions, voice: Voice, position: int, time: int) -> None:
        """Be at `position` at `time`, and advance with the present pitch and rate from there."""
        state = voice.state
        assert state is not None
        self._position, self._since, self._rate = position, time, self._device.frequency
        self._step = mixing_step(al, self.frequency, state.parameters.get(PITCH, 1.0), self._rate)

    def _position_at(self, time: int) -> int:
        """Return the position at `time`. The voice was not paused since `_since`."""
        position = self._position + self._frames_between(self._since, time) * self._step
        start, end = (frame << _BITS for frame in self.loop)
        if self._looping and self._position < end <= position:
            return start + (position - start) % (end - start)
        return min(position, self.length << _BITS)

    def _frames_between(self, start: int, end: int) -> int:
        """Return the frames of output between two times."""
        return max((end - start) * self._rate + 500_000_000, 0) // 1_000_000_000

    def _frame_at(self, time: int) -> float:
        """Return the frame at `time`, with its fraction. At most the last frame."""
        return min(self._position_at(time) / 2.0**_BITS, self.length - 1)

    def _frames_left(self, position: int) -> int | None:
        if self._looping and position < self.loop[1] << _BITS:
            return None  # no end in sight; past the end of its loop, a sound plays to its end
        return -((position - (self.length << _BITS)) >> _BITS)

    def _now(self) -> int:
        return self._device.clock_time if self._device.has_clock else time.perf_counter_ns()


def can_be_virtual(state: PlaybackState, sound: Playable) -> bool:
    """Return whether `state` continues to play `sound` without a voice: whether it loops, and its loop is known."""
    return state.looping and sound.failure is None and sound.loop is not None


def virtual_voice(al: Functions, heard: Voice, device: DeviceClock) -> tuple[Voice, int | None] | None:
    """Make the virtual voice that continues `heard`, with its remaining frames; None if its sound cannot be virtual.

    It is not linked to the state yet.
    """
    state, sound = heard.state, heard.playable
    assert state is not None
    assert sound is not None
    plays = heard.paused or heard.held is not None or sound.is_playing(al, heard)
    if not plays or not can_be_virtual(state, sound):
        return None
    voice, playable = Voice(), VirtualSound(sound, device)
    voice.state, voice.source, voice.playable = state, heard.source, playable
    voice.paused, voice.started = heard.paused, heard.started
    return voice, playable.take_over(al, heard, voice)


def sound_of(voice: Voice | None) -> Playable | None:
    """Return the sound that a voice or virtual voice plays, or None."""
    playable = voice.playable if voice is not None else None
    return playable.sound if isinstance(playable, VirtualSound) else playable


def _turn(voice: Voice) -> Turn:
    assert voice.state is not None
    return -voice.state.priority, voice.started


def _waits(voice: Voice, turn: Turn, _: int) -> bool:
    state = voice.state
    return state is not None and state.voice is voice and not voice.paused and turn == _turn(voice)


class WaitingVoices:
    """The virtual voices that wait for a voice of OpenAL, in the order in which they get one. Paused ones do not wait.

    The highest priority comes first. Among equals, the oldest start comes first.
    """

    def __init__(self, virtual: Collection[Voice]) -> None:
        """Start empty.

        Args:
            virtual: A live view of the virtual voices.
        """
        self._heap: LazyHeap[Turn] = LazyHeap(virtual, _waits)

    def __bool__(self) -> bool:
        """Whether a voice may be waiting."""
        return len(self._heap) > 0

    def add(self, voice: Voice) -> None:
        """Record that a virtual voice waits, or that its priority has changed."""
        self._heap.push(_turn(voice), voice)

    def first(self) -> Voice | None:
        """Return the voice that is to return first, or None."""
        first = self._heap.first()
        return first[1] if first is not None else None

    def pop(self) -> None:
        """Remove the result of `first`."""
        self._heap.pop()
