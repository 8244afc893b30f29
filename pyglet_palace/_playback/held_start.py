"""Voices that start to play at the same sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._openal import constants as c
from .virtual import position_time, step_of

if TYPE_CHECKING:
    from collections import deque

    from .._openal import Functions
    from .voice import DeviceClock, Voice


class HeldStart:
    """Prepared voices that wait for a common start. Used inside a context scope, whose lock protects it.

    The voices start once the group is released and every stream among them has enough in its queue. A paused voice
    leaves the group. A virtual voice keeps its position until the start.

    Attributes:
        voices: The voices that wait, in order.
        released: Whether no voice will be added.
        time: The time of the start by the clock of virtual voices; None: not known yet.
    """

    __slots__ = ("_device", "_origin", "_to_check", "released", "time", "voices")

    def __init__(self, to_check: deque[Voice], device: DeviceClock) -> None:
        """Start without voices.

        Args:
            to_check: Receives the voices that were started. The next update computes their end times.
            device: The device of the voices.
        """
        self.voices: dict[Voice, None] = {}
        self.released = False
        self.time: int | None = None
        self._to_check = to_check
        self._device = device
        #: A voice of OpenAL and its position before the start; None before the first attempt to start.
        self._origin: tuple[Voice, int] | None = None

    def add(self, voice: Voice) -> None:
        """Let `voice` wait for the start of the group."""
        self.voices[voice] = None
        voice.held = self

    def remove(self, al: Functions, voice: Voice) -> None:
        """Let the other voices start without `voice`."""
        self.voices.pop(voice, None)
        voice.held = None
        self.start_if_ready(al)

    def release(self, al: Functions) -> None:
        """Start the voices, now or as soon as every stream among them is ready."""
        self.released = True
        self.start_if_ready(al)

    def start_if_ready(self, al: Functions) -> None:
        """Start all voices with one call, if the group was released and all are ready."""
        if not self.released or not self.voices:
            return
        for voice in self.voices:
            if voice.playable is None or not voice.playable.is_ready(al, voice):
                return
        real = [voice for voice in self.voices if voice.number]
        virtual = [voice for voice in self.voices if not voice.number]
        if real:
            self._play(al, real)
        if virtual and self.time is None:
            self.time = self._time_of_start(al)
        for voice in [*real, *virtual]:
            if voice.playable is not None:
                voice.playable.mark_started(al, voice)
            self._to_check.append(voice)
            # No interrupt can come between these: no function is called.
            del self.voices[voice]
            voice.held = None

    def _play(self, al: Functions, voices: list[Voice]) -> None:
        """Start voices of OpenAL."""
        if self._origin is None:
            first = voices[0]
            assert first.playable is not None
            self._origin = first, first.playable.progress(al, first)[0]
        else:  # an interrupt has ended an earlier attempt; a second start would begin the sounds again
            voices = [voice for voice in voices if al.source_integer(voice.number, c.AL_SOURCE_STATE) != c.AL_PLAYING]
        if voices:
            al.play_sources([voice.number for voice in voices])

    def _time_of_start(self, al: Functions) -> int:
        """Return the time at which OpenAL has started its voices. The device may have mixed since then."""
        if self._origin is not None and self._device.has_clock:
            voice, before = self._origin
            if voice.held is self and voice.playable is not None:
                voice.playable.mark_started(al, voice)
                after, _, clock = voice.playable.progress(al, voice)
                if clock is not None:
                    step = step_of(al, voice, voice.playable.frequency, self._device)
                    frames = max(after - before + step // 2, 0) // step
                    return clock - frames * 1_000_000_000 // self._device.frequency
        return position_time(self._device)
