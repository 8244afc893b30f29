"""Fades: gain changes over time."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .voice import DeviceClock, PlaybackState
    from .voice_pool import VoicePool

#: Stands for silence at either end of a fade, -60 dB: equal decibels in equal times never reach 0.
_NEARLY_SILENT = 0.001


class _Fade:
    """The fade of one playback state."""

    __slots__ = ("_base", "_length", "_ratio", "_start", "elapsed", "seen", "stops", "target")

    def __init__(self, start: float, target: float, length: float, stops: bool, now: int) -> None:
        """Start a fade.

        Args:
            start: Factor at the start.
            target: Factor at the end.
            length: Nanoseconds.
            stops: Whether the sound stops at the end.
            now: The time, in nanoseconds.
        """
        self.target = target
        self.stops = stops
        self.elapsed = 0
        self.seen = now
        self._start = start
        self._length = length
        self._base = start or min(_NEARLY_SILENT, target or _NEARLY_SILENT)
        end = target or min(_NEARLY_SILENT, self._base)
        self._ratio = end / self._base

    @property
    def over(self) -> bool:
        return self.elapsed >= self._length

    @property
    def factor(self) -> float:
        """Current factor."""
        if self.over:
            return self.target
        if not self.elapsed:
            return self._start
        return float(self._base * self._ratio ** (self.elapsed / self._length))


class Fades:
    """All fades of one context, driven by the device clock. Used on the main thread only."""

    def __init__(self, voices: VoicePool, device: DeviceClock, stop: Callable[[PlaybackState], None]) -> None:
        """Start without a fade.

        Args:
            voices: The voices of the context.
            device: The clock.
            stop: Stops a state whose fade has ended; does nothing if its sound has ended by itself.
        """
        self._voices = voices
        self._device = device
        self._stop = stop
        #: Weak references suffice: a fading state has a voice, and the pool keeps states with a voice alive.
        self._running: weakref.WeakKeyDictionary[PlaybackState, _Fade] = weakref.WeakKeyDictionary()

    def start(
        self, state: PlaybackState, start: float | None, target: float, milliseconds: float, *, stops: bool
    ) -> None:
        """Start a fade; None for `start` means from the current factor. Does nothing without a voice."""
        self.catch_up(state)
        if state.voice is None:
            return
        if start is None:
            start = state.fade_factor
        else:
            self._set_factor(state, start)
        self._running[state] = _Fade(start, target, milliseconds * 1e6, stops, self._now())

    def forget(self, state: PlaybackState) -> None:
        """End the fade of `state` at its current factor."""
        if self._running:
            self._running.pop(state, None)

    def catch_up(self, state: PlaybackState) -> None:
        """Advance the fade of `state` to this moment. Called before a pause and before a resume."""
        fade = self._running.get(state) if self._running else None
        if fade is not None:
            self._advance(state, fade, self._now())

    def advance(self) -> None:
        """Advance all fades to this moment."""
        if self._running:
            now = self._now()
            for state, fade in list(self._running.items()):
                self._advance(state, fade, now)

    def _advance(self, state: PlaybackState, fade: _Fade, now: int) -> None:
        voice = state.voice
        if voice is None:  # the sound has ended, or its voice was stolen
            self.forget(state)
            return
        passed, fade.seen = now - fade.seen, now
        if voice.paused:
            return
        fade.elapsed += max(passed, 0)
        self._set_factor(state, fade.factor)
        if fade.over:
            self.forget(state)
            if fade.stops:
                self._stop(state)

    def _set_factor(self, state: PlaybackState, factor: float) -> None:
        state.fade_factor = factor
        self._voices.update_gain(state)

    def _now(self) -> int:
        """Return a time in nanoseconds with an arbitrary origin."""
        return self._device.clock_time if self._device.has_clock else time.perf_counter_ns()
