"""Fades: gain changes over time, of sources and of groups."""

from __future__ import annotations

import math
import time
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from .voice import DeviceClock, PlaybackState
    from .voice_pool import VoicePool

#: Stands for silence at either end of a fade, -60 dB: equal decibels in equal times never reach 0.
_NEARLY_SILENT = 0.001

Curve = Literal["decibel", "linear", "equal power"]


def _decibel(start: float, target: float, part: float) -> float:
    """Equal decibels in equal times."""
    base = start or min(_NEARLY_SILENT, target or _NEARLY_SILENT)
    end = target or min(_NEARLY_SILENT, base)
    return float(base * (end / base) ** part)


def _linear(start: float, target: float, part: float) -> float:
    """Equal steps of the factor in equal times."""
    return start + (target - start) * part


def _equal_power(start: float, target: float, part: float) -> float:
    """A quarter of a sine: the powers of a fade from a to b and one from b to a have a constant sum."""
    return math.sqrt(start**2 + (target**2 - start**2) * math.sin(part * math.pi / 2) ** 2)


#: For each curve, the factor between `start` and `target` after a part of the time, 0 to 1.
CURVES: dict[Curve, Callable[[float, float, float], float]] = {
    "decibel": _decibel,
    "linear": _linear,
    "equal power": _equal_power,
}


class NextFade:
    """The fade with which the next play of a source starts.

    Attributes:
        start: Factor at the start.
        target: Factor at the end.
        milliseconds: Its duration.
        curve: Its curve.
    """

    __slots__ = ("curve", "milliseconds", "start", "target")

    def __init__(self, start: float, target: float, milliseconds: float, curve: Curve) -> None:
        self.start = start
        self.target = target
        self.milliseconds = milliseconds
        self.curve = curve


class _Fade:
    """The fade of one source or group.

    Attributes:
        start: Factor at the start.
        target: Factor at the end.
        length: Nanoseconds.
        curve: Function that returns the factor between `start` and `target`.
        stops: Whether the sound stops at the end.
        elapsed: Nanoseconds for which the fade has run.
        seen: Time of the last step.
    """

    __slots__ = ("curve", "elapsed", "length", "seen", "start", "stops", "target")

    def __init__(self, start: float, target: float, length: float, curve: Curve, stops: bool, now: int) -> None:
        """Start a fade at the time `now`, in nanoseconds. See the attributes of the class for the other arguments."""
        self.start = start
        self.target = target
        self.length = length
        self.curve = CURVES[curve]
        self.stops = stops
        self.elapsed = 0
        self.seen = now


_Faded = TypeVar("_Faded")


class Fades(ABC, Generic[_Faded]):
    """The fades of all sources, or of all groups, of one context, driven by the device clock.

    Used on the main thread only. Subclasses know how to fade.

    Attributes:
        running: The fade of each source or group that has one.
    """

    def __init__(self, device: DeviceClock, started: list[None]) -> None:
        """Start without a fade.

        Args:
            device: The clock.
            started: Gets an item when a fade starts, unless it has one.
        """
        self._device = device
        self.running: MutableMapping[_Faded, _Fade] = {}
        self._started = started

    @property
    def busy(self) -> bool:
        """Whether a fade runs that does not wait."""
        return any(not self._is_paused(faded) for faded in list(self.running))

    def start(
        self, faded: _Faded, start: float | None, target: float, milliseconds: float, curve: Curve, *, stops: bool
    ) -> None:
        """Start a fade; None for `start` means from the current factor. Does nothing for an idle source."""
        self.catch_up(faded)
        if self._is_idle(faded):
            return
        if start is None:
            start = self.factor(faded)
        else:
            self._set_factor(faded, start)
        if not self._started:
            self._started.append(None)  # first: an interrupt must not leave a fade that no update advances
        self.running[faded] = _Fade(start, target, milliseconds * 1e6, curve, stops, self._now())

    @abstractmethod
    def factor(self, faded: _Faded) -> float:
        """Return the factor that fades multiply the gain by."""

    def is_fading(self, faded: _Faded) -> bool:
        """Return whether a fade runs."""
        return faded in self.running

    def can_play(self, faded: _Faded) -> bool:
        """Return whether there is a sound to fade in, or there may be one later."""
        return True

    def forget(self, faded: _Faded) -> None:
        """End the fade at its current factor."""
        if self.running:
            self.running.pop(faded, None)

    def catch_up(self, faded: _Faded) -> None:
        """Advance one fade to this moment. Called before a pause and before a resume."""
        fade = self.running.get(faded) if self.running else None
        if fade is not None:
            self._advance(faded, fade, self._now())

    def advance(self) -> None:
        """Advance all fades to this moment."""
        if self.running:
            now = self._now()
            for faded, fade in list(self.running.items()):
                self._advance(faded, fade, now)

    def skip_time(self) -> None:
        """Do not count the time since the last step. Called after a time without updates, in which all fades waited."""
        now = self._now()
        for fade in self.running.values():
            fade.seen = now

    def _advance(self, faded: _Faded, fade: _Fade, now: int) -> None:
        # Called in each update: each further function takes about 2 us when the caches of the processor are cold.
        if self._is_idle(faded):  # the sound has ended, or its voice was stolen
            self.forget(faded)
            return
        passed, fade.seen = now - fade.seen, now
        if self._is_paused(faded):
            return
        if passed > 0:
            fade.elapsed += passed
        elapsed, length = fade.elapsed, fade.length
        if elapsed < length:
            self._set_factor(faded, fade.curve(fade.start, fade.target, elapsed / length) if elapsed else fade.start)
            return
        self._set_factor(faded, fade.target)
        if fade.stops:
            self._stop(faded)
        self.forget(faded)  # last: after an interrupt, the next step stops the sound

    def _now(self) -> int:
        """Return a time in nanoseconds with an arbitrary origin."""
        return self._device.clock_time if self._device.has_clock else time.perf_counter_ns()

    @abstractmethod
    def _is_idle(self, faded: _Faded) -> bool:
        """Return whether there is no sound to fade."""

    @abstractmethod
    def _is_paused(self, faded: _Faded) -> bool:
        """Return whether the fade waits for a resume."""

    @abstractmethod
    def _set_factor(self, faded: _Faded, factor: float) -> None:
        """Multiply the gain by `factor` from now on."""

    @abstractmethod
    def _stop(self, faded: _Faded) -> None:
        """Stop the sound after its fade, without an event."""


class SourceFades(Fades["PlaybackState"]):
    """The fades of sources. A state does not keep its source alive."""

    def __init__(
        self, voices: VoicePool, device: DeviceClock, started: list[None], stop: Callable[[PlaybackState], None]
    ) -> None:
        """Start without a fade.

        Args:
            voices: The voices of the context.
            device: The clock.
            started: Gets an item when a fade starts, unless it has one.
            stop: Stops a state whose fade has ended, or that waits; does nothing if its sound has ended by itself.
        """
        super().__init__(device, started)
        self._voices = voices
        self._stop_state = stop

    def start(
        self,
        faded: PlaybackState,
        start: float | None,
        target: float,
        milliseconds: float,
        curve: Curve,
        *,
        stops: bool,
    ) -> None:
        """Start a fade. That of a state which waits for its sound starts with the sound, or stops it now."""
        if faded.waiting is None:
            super().start(faded, start, target, milliseconds, curve, stops=stops)
        elif stops:
            self._stop_state(faded)
        else:
            faded.next_fade = NextFade(self.factor(faded) if start is None else start, target, milliseconds, curve)

    def factor(self, faded: PlaybackState) -> float:
        return faded.fade_factor if faded.next_fade is None else faded.next_fade.start

    def is_fading(self, faded: PlaybackState) -> bool:
        return faded.next_fade is not None or super().is_fading(faded)

    def can_play(self, faded: PlaybackState) -> bool:
        return faded.voice is not None or faded.waiting is not None or faded.lost

    def _is_idle(self, faded: PlaybackState) -> bool:
        return faded.voice is None

    def _is_paused(self, faded: PlaybackState) -> bool:
        return faded.voice is not None and faded.voice.paused

    def _set_factor(self, faded: PlaybackState, factor: float) -> None:
        faded.fade_factor = factor
        self._voices.update_gain(faded)

    def _stop(self, faded: PlaybackState) -> None:
        self._stop_state(faded)


class FadingGroup(Protocol):
    """The interface of a `SourceGroup`."""

    _fade_factor: float

    def _is_paused(self) -> bool: ...
    def _set_fade_factor(self, factor: float) -> None: ...
    def _stop_after_fade(self) -> None: ...


class GroupFades(Fades[Any]):
    """The fades of groups. Weak references suffice: sources and sub-groups keep a group alive."""

    def __init__(self, device: DeviceClock, started: list[None]) -> None:
        """Start without a fade. See `Fades` for the arguments."""
        super().__init__(device, started)
        self.running = weakref.WeakKeyDictionary()

    def factor(self, faded: FadingGroup) -> float:
        return faded._fade_factor

    def _is_idle(self, faded: FadingGroup) -> bool:
        return False  # later sounds of the group have its gain

    def _is_paused(self, faded: FadingGroup) -> bool:
        return faded._is_paused()

    def _set_factor(self, faded: FadingGroup, factor: float) -> None:
        faded._set_fade_factor(factor)

    def _stop(self, faded: FadingGroup) -> None:
        faded._stop_after_fade()
