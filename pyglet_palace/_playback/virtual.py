"""Virtual voices: repeated sounds that have no OpenAL source, and keep their position until they get one."""

from __future__ import annotations

import time
from math import inf
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
    """What a virtual voice plays: the position of a sound, which advances with the device clock. A `Playable`.

    The position advances as OpenAL Soft would advance it: by the same step for each frame of the output, round the same
    loop, as often. The Doppler effect is not included. Without a device clock, the time is that of
    ``time.perf_counter_ns``.

    Attributes:
        sound: The sound.
        name: Its name.
        channel_config: Its layout, one of `channel_configs`.
        frequency: Its rate, in hertz.
        length: Its frames.
    """

    resists_stealing = True
    failure = None

    def __init__(self, sound: Playable, device: DeviceClock, loops: int) -> None:
        """Make a virtual sound at frame 0.

        Args:
            sound: The sound. Its loop is known.
            device: The device whose clock advances the position.
            loops: How often the sound is played; 0: for ever.
        """
        self.sound = sound
        self.name = sound.name
        self.channel_config = sound.channel_config
        self.frequency = sound.frequency
        self._device = device
        self._set_loops(loops)
        self.length = sound.length or self._loop[1]
        #: The position at the time `_since`; what each frame of the output adds to it; the rate of the output.
        self._position = self._since = self._step = self._rate = 0

    def _set_loops(self, loops: int) -> None:
        loop = self.sound.loop(loops)
        assert loop is not None
        self._loop = loop
        #: How often the position continues at the loop's start after the time `_since`.
        self._wraps = loops - 1 if loops else inf

    def loop(self, loops: int) -> tuple[int, int] | None:
        """See `Playable`. The same applies to the methods that follow."""
        return self.sound.loop(loops)

    def start(self, al: Functions, voice: Voice, offset: float, loops: int) -> int | None:
        self._set_loops(loops)
        self._move_to(al, voice, int(offset * 2**_BITS), self._wraps, self._now())
        self.sound.begin_virtual(voice)
        return self._frames_left(self._position, self._wraps)

    def detach(self, al: Functions, voice: Voice) -> None:
        self.sound.end_virtual(voice)

    def is_ready(self, al: Functions, voice: Voice) -> bool:
        return True

    def mark_started(self, al: Functions, voice: Voice) -> None:
        assert voice.held is not None
        assert voice.held.time is not None
        self._move_to(al, voice, self._position, self._wraps, voice.held.time)

    def pause(self, al: Functions, voice: Voice) -> bool:
        self._position, self._wraps, self._since = self.progress(al, voice)
        return self._frames_left(self._position, self._wraps) != 0

    def resume(self, al: Functions, voice: Voice) -> None:
        self._move_to(al, voice, self._position, self._wraps, self._now())

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        position, wraps, _ = self.progress(al, voice)
        return self._frames_left(position, wraps) != 0

    def frames_left(self, al: Functions, voice: Voice) -> int | None:
        position, wraps, _ = self.progress(al, voice)
        return self._frames_left(position, wraps)

    def adapt(self, al: Functions, voice: Voice) -> None:
        """Advance with the present pitch of the voice and the present rate of the device from now on."""
        self._move_to(al, voice, *self.progress(al, voice))

    def offset(self, al: Functions, voice: Voice) -> int:
        return self.progress(al, voice)[0] >> _BITS

    def progress(self, al: Functions, voice: Voice) -> tuple[int, float, int]:
        now = self._now()
        stands = voice.paused or voice.held is not None
        position, wraps = (self._position, self._wraps) if stands else self._position_at(now)
        return position, wraps, now

    def seek(self, al: Functions, voice: Voice, frame: float) -> bool:
        _, wraps, _ = self.progress(al, voice)
        self._move_to(al, voice, int(frame * 2**_BITS), wraps, self._now())
        return False

    def set_loops(self, al: Functions, voice: Voice, loops: int) -> bool:
        self._position, self._wraps, self._since = self.progress(al, voice)
        self._set_loops(loops)
        return False

    def begin_virtual(self, voice: Voice) -> None:
        self.sound.begin_virtual(voice)

    def end_virtual(self, voice: Voice) -> None:
        self.sound.end_virtual(voice)

    def catch_up(self, passed: Callable[[], float]) -> None:
        self.sound.catch_up(passed)

    def take_over(self, al: Functions, heard: Voice, voice: Voice) -> int | None:
        """Continue where `heard`, a voice of OpenAL, is. Return the remaining frames."""
        position, wraps, clock = self.sound.progress(al, heard)
        self._move_to(al, voice, position, wraps, self._now() if clock is None else clock)
        self.sound.begin_virtual(voice)
        return self._frames_left(position, wraps)

    def hand_over(self, al: Functions, voice: Voice) -> int | None:
        """Start the sound on `voice`, a voice of OpenAL, where it is now. Return the remaining frames.

        A device with hardware may mix between the reading of its clock and the start. Then the position is corrected.
        With `Voice.held`, the sound is only prepared, since the virtual voice has not started either.
        """
        now = self._now() if voice.held is None else self._since
        frame, loops = self._frame_at(now)
        voice.first_frame = frame
        left = self.sound.start(al, voice, frame, loops)
        if voice.held is not None:
            return left
        for _ in range(_MOST_CORRECTIONS if self._device.has_clock else 0):
            before, now = now, self._now()
            if now == before:
                break
            started, (frame, loops) = loops, self._frame_at(now)
            again = loops != started and self.sound.set_loops(al, voice, loops)
            if self.sound.seek(al, voice, frame) or again:
                self.sound.resume(al, voice)
            left = self.sound.frames_left(al, voice)
        self.sound.catch_up(lambda: self._frames_between(now, self._now()) * self._step / 2**_BITS)
        return left

    def _move_to(self, al: Functions, voice: Voice, position: int, wraps: float, time: int) -> None:
        """Be at `position` at `time`, with `wraps` left, and advance with the present pitch and rate from there."""
        self._position, self._wraps = position, wraps
        self._since, self._rate = time, self._device.frequency
        self._step = step_of(al, voice, self.frequency, self._device)

    def _position_at(self, time: int) -> tuple[int, float]:
        """Return the position at `time`, and the wraps that are left. The voice has not stood since `_since`."""
        position = self._position + self._frames_between(self._since, time) * self._step
        start, end = (frame << _BITS for frame in self._loop)
        wraps = 0
        if self._wraps and self._position < end <= position:
            wraps = 1 + (position - end) // (end - start)
            wraps = wraps if wraps < self._wraps else int(self._wraps)
        return min(position - wraps * (end - start), self.length << _BITS), self._wraps - wraps

    def _frames_between(self, start: int, end: int) -> int:
        """Return the frames of output between two times."""
        return max((end - start) * self._rate + 500_000_000, 0) // 1_000_000_000

    def _frame_at(self, time: int) -> tuple[float, int]:
        """Return the frame at `time`, with its fraction, at most the last frame; and how often to play from there."""
        position, wraps = self._position_at(time)
        return min(position / 2.0**_BITS, self.length - 1), 0 if wraps == inf else int(wraps) + 1

    def _frames_left(self, position: int, wraps: float) -> int | None:
        start, end = self._loop
        if wraps and position < end << _BITS:  # past the end of its loop, a sound plays to its end
            if wraps == inf:
                return None  # no end in sight
            position -= int(wraps) * (end - start) << _BITS
        return -((position - (self.length << _BITS)) >> _BITS)

    def _now(self) -> int:
        return position_time(self._device)


def position_time(device: DeviceClock) -> int:
    """Return the time in nanoseconds that moves the positions of virtual voices."""
    return device.clock_time if device.has_clock else time.perf_counter_ns()


def step_of(al: Functions, voice: Voice, frequency: int, device: DeviceClock) -> int:
    """Return how far a sound of `frequency` advances in one frame of the output, in 2**-32 frames."""
    state = voice.state
    assert state is not None
    return mixing_step(al, frequency, state.parameters.get(PITCH, 1.0), device.frequency)


def can_be_virtual(state: PlaybackState, sound: Playable) -> bool:
    """Return whether `state` continues `sound` without a voice: whether it repeats it, and the loop is known."""
    return state.loops != 1 and sound.failure is None and sound.loop(state.loops) is not None


def virtual_voice(al: Functions, heard: Voice, device: DeviceClock) -> tuple[Voice, int | None] | None:
    """Make the virtual voice that continues `heard`, with its remaining frames; None if its sound cannot be virtual.

    It is not linked to the state yet, nor to the group of `Voice.held`.
    """
    state, sound = heard.state, heard.playable
    assert state is not None
    assert sound is not None
    plays = heard.paused or heard.held is not None or sound.is_playing(al, heard)
    if not plays or not can_be_virtual(state, sound):
        return None
    voice, playable = Voice(), VirtualSound(sound, device, state.loops)
    voice.state, voice.source, voice.playable = state, heard.source, playable
    voice.paused, voice.started, voice.held = heard.paused, heard.started, heard.held
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
