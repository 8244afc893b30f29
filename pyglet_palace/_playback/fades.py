"""Fades: sounds that grow louder or quieter by themselves, as time goes by."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .voice import DeviceClock, Voice

#: What stands for silence on the way there and back, -60 dB: equal dB in equal times never arrive at 0.
_NEARLY_SILENT = 0.001


class Faded(Protocol):
    """Whose loudness changes (a `Source`)."""

    _voice: Voice | None
    #: The factor its gain is multiplied by, as far as fades are concerned.
    _factor: float

    def _set_factor(self, factor: float) -> None:
        """Be heard at `factor` times its gain."""

    def _stop_faded(self) -> None:
        """Stop without news, and forget all that belonged to that sound; nothing if it has ended by itself."""


class _Fade:
    """One source's way from one factor to another."""

    __slots__ = ("_base", "_length", "_ratio", "_start", "elapsed", "seen", "stops", "target")

    def __init__(self, start: float, target: float, length: float, stops: bool, now: int) -> None:
        """
        Args:
            start: The factor to begin with.
            target: The factor to end with.
            length: Nanoseconds.
            stops: Whether the source is to stop at the end.
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
        """Where it stands."""
        if self.over:
            return self.target
        if not self.elapsed:
            return self._start
        return float(self._base * self._ratio ** (self.elapsed / self._length))


class Fades:
    """All fades of one context, driven by the time that passes on its device. Used by the game's thread only."""

    def __init__(self, device: DeviceClock) -> None:
        self._device = device
        #: By weak references: who fades has a voice, and who has a voice is kept alive by the pool.
        self._running: weakref.WeakKeyDictionary[Faded, _Fade] = weakref.WeakKeyDictionary()

    def begin(self, source: Faded, start: float | None, target: float, milliseconds: float, *, stops: bool) -> None:
        """Fade `source`, from where it stands if `start` is None; nothing if it has no voice, as an idle one."""
        self.catch_up(source)
        if source._voice is None:
            return
        if start is None:
            start = source._factor
        else:
            source._set_factor(start)
        self._running[source] = _Fade(start, target, milliseconds * 1e6, stops, self._now())

    def forget(self, source: Faded) -> None:
        """Stop fading `source`, where it stands."""
        if self._running:
            self._running.pop(source, None)

    def catch_up(self, source: Faded) -> None:
        """Bring `source` to where its fade stands at this moment. Called before it is paused, and before it goes on."""
        fade = self._running.get(source) if self._running else None
        if fade is not None:
            self._advance(source, fade, self._now())

    def advance(self) -> None:
        """Bring every source to where its fade stands at this moment. Costs nothing while none fades."""
        if self._running:
            now = self._now()
            for source, fade in list(self._running.items()):
                self._advance(source, fade, now)

    def _advance(self, source: Faded, fade: _Fade, now: int) -> None:
        voice = source._voice
        if voice is None:  # it has ended, or was stolen
            self.forget(source)
            return
        passed, fade.seen = now - fade.seen, now
        if voice.paused:
            return
        fade.elapsed += max(passed, 0)
        source._set_factor(fade.factor)
        if fade.over:
            self.forget(source)
            if fade.stops:
                source._stop_faded()

    def _now(self) -> int:
        """Nanoseconds; they need not begin anywhere."""
        return self._device.clock_time if self._device.has_clock else time.perf_counter_ns()
