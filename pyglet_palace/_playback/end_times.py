"""The earliest end time of each voice."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

from .lazy_heap import LazyHeap
from .voice import PITCH

if TYPE_CHECKING:
    from collections.abc import Collection

    from .voice import DeviceClock, Voice

#: Nanoseconds by which an end is checked early. OpenAL then says whether the voice has ended.
_EARLY = 1_000_000
#: Seconds by which the device clock may gain on the time of the system between two looks at it. It advances when the
#: device has mixed a block of about 20 ms, or some blocks after a delay.
_MOST_GAIN = 0.1
#: OpenAL Soft steps through a buffer in 4096ths of a frame (finer since 1.22), rounded to the nearest.
_STEP = 4096


def _is_current(voice: Voice, _: int, serial: int) -> bool:
    return voice.end_entry == serial


class EndTimes:
    """The earliest time at which each voice can end, in nanoseconds of the device clock.

    Used on the main thread only, except `to_check`.

    Attributes:
        to_check: Voices that the next `take_due` takes. Other threads append to it.
        next_check: Time (``time.perf_counter``) before which no voice can have ended; see `set_next_check`.
        deferred: Whether OpenAL defers changes, so that computed times are not reliable.
    """

    def __init__(self, busy: Collection[Voice], device: DeviceClock) -> None:
        """Start empty.

        Args:
            busy: A live view of the voices in use.
            device: The device that they play on.
        """
        self._busy = busy
        self._device = device
        self._heap: LazyHeap[int] = LazyHeap(busy, _is_current)
        #: Reasons why each update must check every voice.
        self._poll_reasons = set() if device.has_clock else {"no device clock"}
        self.to_check: deque[Voice] = deque()
        self.next_check = 0.0
        #: The earliest end at the last `set_next_check`.
        self._earliest: float = 0
        self.deferred = False
        #: The device clock at the last `take_due`. A sound that has started since ends later than computed from it.
        self._now = 0

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty when `take_due` must be called before `next_check`."""
        return (self.to_check,)

    def poll_while(self, reason: str, on: bool) -> None:
        """While `on`, check every voice in each update, because `reason` makes end times unpredictable."""
        if on:
            self._poll_reasons.add(reason)
            self.next_check = 0.0
        elif reason in self._poll_reasons:
            self._poll_reasons.discard(reason)
            self.mark_all_due()

    @property
    def disconnected(self) -> bool:
        """Whether the device is lost, and OpenAL stops what starts on it."""
        return "no connection" in self._poll_reasons

    def mark_due(self, voice: Voice) -> None:
        """Let the next `take_due` take `voice`."""
        self.next_check = 0.0
        voice.end_entry = self._heap.push(0, voice)

    def mark_all_due(self) -> None:
        """Let the next `take_due` take every voice that is not paused."""
        self._now = 0  # the device clock may have changed
        for voice in self._busy:
            if not voice.paused:
                self.mark_due(voice)

    def record(self, voice: Voice, left: int | None) -> None:
        """Record the earliest time at which a voice with `left` remaining frames can end; None: no end is in sight.

        Does not read the device clock, which takes as long as two other calls. The time is early by at most the time
        since the last update. Then OpenAL is asked once more.
        """
        state, playable = voice.state, voice.playable
        assert state is not None
        assert playable is not None
        if self.deferred:
            self.mark_due(voice)
        elif left is None:
            voice.end_entry = None
        elif state.moving or left <= 0:
            self.mark_due(voice)
        elif self._device.has_clock:
            fastest = playable.frequency * state.parameters.get(PITCH, 1.0) + self._device.frequency / _STEP
            end = self._now + int(left / fastest * 1e9) - _EARLY
            if end < self._earliest:
                self.next_check = 0.0
            voice.end_entry = self._heap.push(end, voice)

    def take_due(self, due: list[Voice]) -> None:
        """Move the voices that can have ended by now to the list `due`, latest first.

        Each voice is in the list before it is removed here. If an exception interrupts the call, the caller marks those
        in the list as due again.
        """
        if self._poll_reasons:
            self.mark_all_due()
        while self.to_check:
            voice = self.to_check[0]
            if voice.state is not None and not voice.paused:
                self.mark_due(voice)
            self.to_check.popleft()
        now = self._now = self._device.clock_time if self._device.has_clock else 0
        if not self._heap.may_have(now):  # nearly always
            return
        while (first := self._heap.first()) is not None and first[0] <= now:
            due.append(first[1])
            self._heap.pop()
        due.reverse()

    def set_next_check(self, now: float, longest: float) -> None:
        """Set `next_check`, so that updates without other work need not read the device clock.

        An end is found in the first update after it. That holds as long as the clock of hardware gains at most 0.1 s on
        the time of the system within `longest`; otherwise the end is found up to `longest` later. A device without
        hardware notes its clock when it has mixed.

        Args:
            now: The time (``time.perf_counter``). The device clock was read since.
            longest: The most seconds to `next_check`.
        """
        first = self._heap.first()
        self._earliest = inf if first is None else first[0]
        rest = longest
        if self._poll_reasons or self._earliest <= self._now:
            rest = 0.0
        elif self._device.hardware:
            rest = min(rest, (self._earliest - self._now) / 1e9 - _MOST_GAIN)
        self.next_check = now + rest

    def note_clock(self, clock: int) -> None:
        """Note that a device without hardware has mixed, and its clock now."""
        self._now = clock
        if clock >= self._earliest:
            self.next_check = 0.0

    def clear(self) -> None:
        """Forget all voices."""
        self._heap.clear()
        self.to_check.clear()
