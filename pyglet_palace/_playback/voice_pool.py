"""The voice pool: OpenAL sources that playback states borrow."""

from __future__ import annotations

import itertools
from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any

from .._common.checks import FLT_MAX, FLT_MIN
from ..errors import OpenALError
from .end_times import EndTimes
from .held_start import HeldStart
from .stealing import StealingOrder
from .voice import GAIN, PITCH, Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._common.events import EventQueue
    from .._openal import ContextScope, Functions
    from .._openal.properties import Property
    from .voice import DeviceClock, Playable, PlaybackState


#: Nanoseconds by which an end is checked early. OpenAL then says whether the voice has ended.
_EARLY = 1_000_000
#: OpenAL Soft steps through a buffer in 4096ths of a frame (finer since 1.22), rounded to the nearest.
_STEP = 4096


class VoicePool:
    """The voices of one context. Used on the main thread only, except `to_check`."""

    def __init__(self, scope: ContextScope, device: DeviceClock, events: EventQueue) -> None:
        """Start without a voice.

        Args:
            scope: The context scope.
            device: The device of the context.
            events: Where ends and thefts are posted.
        """
        self._scope = scope
        self._device = device
        self._events = events
        self._free: list[Voice] = []
        self._busy: dict[PlaybackState, Voice] = {}
        #: Whether OpenAL cannot make more voices.
        self._exhausted = False
        #: Maintained once OpenAL cannot make more voices.
        self._stealing_order: StealingOrder | None = None
        self._paused = 0
        self._counter = itertools.count(1)
        self._end_times = EndTimes(self._busy.values())
        #: Reasons why each update must check every voice.
        self._poll_reasons = set() if device.has_clock else {"no device clock"}
        #: Voices that the next `collect_ended` checks. Other threads append to it.
        self.to_check: deque[Voice] = deque()
        #: Objects removed from voices. They are released outside the context scope, because a game's finaliser may run.
        self._detached: list[Any] = []
        self._deferred = False
        #: The common start that plays and resumes join; None outside of a batch.
        self._together: HeldStart | None = None
        #: Voices on their way between the pool and a state. Empty outside of calls, unless one was interrupted.
        self._unfinished: dict[Voice, None] = {}
        self.stolen = 0

    @property
    def in_use(self) -> int:
        """Voices that are playing or paused."""
        return len(self._busy)

    @property
    def count(self) -> int:
        """Voices that OpenAL has made so far."""
        return len(self._free) + len(self._busy)

    @property
    def deferred(self) -> bool:
        """Whether plays and resumes wait for a common start."""
        return self._together is not None

    def any_playing(self) -> bool:
        """Return whether a voice plays. Paused voices do not count."""
        return len(self._busy) > self._paused

    def __iter__(self) -> Iterator[PlaybackState]:
        """Iterate over the states with a voice."""
        return iter(list(self._busy))

    def active(self) -> list[PlaybackState]:
        """Return the states that play or are paused, in the order of their plays."""
        voices = sorted(self._busy.values(), key=lambda voice: voice.started)
        states = [voice.state for voice in voices if voice.state is not None]
        return [state for state in states if state.voice is not None and (state.voice.paused or self.is_playing(state))]

    def play(self, state: PlaybackState, playable: Playable, offset: int, paused: bool = False) -> bool:
        """Play `playable` from frame `offset` with the voice of `state`, or one that it can borrow.

        With `paused`, nothing is heard until `resume`.

        Returns:
            False if no voice is available. Then the next update dispatches `source_force_stopped`.
        """
        with self._scope as al:
            self._finish(al)
            voice = state.voice
            borrowed = voice is None
            if voice is None:
                voice = self._borrow(al, state)
                if voice is None:
                    self._events.post_stolen(state.source, state.on_force_stopped)
                    return False
            self._unfinished[voice] = None
            try:
                if not borrowed:
                    self._detach(al, voice)
                else:
                    voice.state, voice.source = state, state.source
                    self._busy[state] = state.voice = voice
                    for parameter, value in state.parameters.items():
                        self._send(al, voice, parameter, value)
                voice.playable = playable
                self._set_paused(voice, paused)
                voice.started = next(self._counter)
                if paused or self._together is not None:
                    voice.first_frame = offset
                    self._held_start(paused).add(voice)
                left = playable.start(al, voice, offset, state.loops)
                self._set_end_time(voice, left if voice.held is None else None)
                self._update_stealing_order(voice)
            except BaseException:
                self._return_voice(al, voice)
                raise
            del self._unfinished[voice]
        self._detached.clear()
        return True

    def release(self, state: PlaybackState) -> None:
        """Stop the voice of `state` and return it to the pool. Does nothing without a voice."""
        voice = self._voice_of(state)
        if voice is not None:
            with self._scope as al:
                self._return_voice(al, voice)
            self._detached.clear()

    def pause(self, state: PlaybackState) -> None:
        """Pause the voice of `state` if it plays."""
        voice = self._voice_of(state)
        if voice is not None and not voice.paused:
            assert voice.playable is not None
            with self._scope as al:
                if voice.held is not None:
                    self._set_paused(voice, True)
                    voice.held.remove(al, voice)
                    self._held_start(True).add(voice)
                elif voice.playable.pause(al, voice):
                    self._set_paused(voice, True)
                    voice.end_entry = None
                else:
                    return
                self._update_stealing_order(voice)

    def resume(self, state: PlaybackState) -> None:
        """Continue after `pause`."""
        voice = self._voice_of(state)
        if voice is not None and voice.paused:
            assert voice.playable is not None
            with self._scope as al:
                self._set_paused(voice, False)
                if self._together is not None:
                    self._together.add(voice)
                elif voice.held is not None:
                    voice.held.release(al)
                else:
                    voice.playable.resume(al, voice)
                self._update_end_time(al, voice)
            self._update_stealing_order(voice)

    def is_playing(self, state: PlaybackState) -> bool:
        """Return whether `state` is heard at this moment."""
        voice = self._voice_of(state)
        if voice is None or voice.paused:
            return False
        if voice.held is not None:
            return True
        assert voice.playable is not None
        with self._scope as al:
            return voice.playable.is_playing(al, voice)

    def offset(self, state: PlaybackState) -> int:
        """Return the current frame of `state`; 0 without a voice."""
        voice = self._voice_of(state)
        if voice is None:
            return 0
        assert voice.playable is not None
        with self._scope as al:
            return voice.playable.offset(al, voice)

    def seek(self, state: PlaybackState, frame: int) -> None:
        """Continue the sound of `state` at `frame`."""
        voice = self._voice_of(state)
        if voice is not None:
            assert voice.playable is not None
            with self._scope as al:
                voice.playable.seek(al, voice, frame)
                self._update_end_time(al, voice)

    def set_loops(self, state: PlaybackState, loops: int) -> None:
        """Play the sound of `state` `loops` times, 0 for ever, where the current time counts as the first."""
        state.loops = loops
        voice = self._voice_of(state)
        if voice is not None:
            assert voice.playable is not None
            with self._scope as al:
                if voice.playable.set_loops(al, voice, loops) and voice.held is None:
                    if voice.paused:
                        self._held_start(True).add(voice)
                    else:
                        voice.playable.resume(al, voice)
                self._update_end_time(al, voice)
            self._update_stealing_order(voice)

    def set_priority(self, state: PlaybackState, priority: int) -> None:
        """Set the priority for voice stealing."""
        state.priority = priority
        if state.voice is not None:
            self._update_stealing_order(state.voice)

    def update_gain(self, state: PlaybackState) -> None:
        """Apply the product of the gains of source, fade and groups."""
        gain = state.gain * state.fade_factor
        if state.mix is not None:
            gain *= state.mix.gain
        self.set_parameter(state, GAIN, gain if gain <= FLT_MAX else FLT_MAX)

    def update_pitch(self, state: PlaybackState) -> None:
        """Apply the product of the pitches of source and groups."""
        pitch = state.pitch
        if state.mix is not None:
            pitch *= state.mix.pitch
        self.set_parameter(state, PITCH, min(max(pitch, FLT_MIN), FLT_MAX), timing=True)

    def set_parameter(
        self, state: PlaybackState, parameter: Property[Any], value: Any, *, timing: bool = False
    ) -> None:
        """Set a parameter of the present and later voices of `state`.

        Args:
            state: Whose voices.
            parameter: What to set.
            value: Its value.
            timing: Whether the change moves the end time.
        """
        parameters, voice = state.parameters, state.voice
        before = parameters.get(parameter, parameter.default)
        if value == parameter.default:
            parameters.pop(parameter, None)
        else:
            parameters[parameter] = value
        if voice is None:
            return
        try:
            with self._scope as al:
                self._send(al, voice, parameter, value)
                if timing:
                    self._update_end_time(al, voice)
        except BaseException:
            parameters[parameter] = before
            raise

    def poll_while(self, reason: str, on: bool) -> None:
        """While `on`, check every voice in each update, because `reason` makes end times unpredictable."""
        if on:
            self._poll_reasons.add(reason)
        elif reason in self._poll_reasons:
            self._poll_reasons.discard(reason)
            self.mark_all_due()

    def set_deferred(self, on: bool) -> None:
        """While `on`, let all plays and resumes wait, and do not rely on computed end times. Then start them at once.

        OpenAL defers changes meanwhile.
        """
        self._deferred = on
        together = self._together
        if on and together is None:
            self._together = HeldStart(self.to_check)
        elif not on and together is not None:
            with self._scope as al:
                together.release(al)
            self._together = None

    def _held_start(self, paused: bool) -> HeldStart:
        """Return what a new voice waits for: the common start, or with `paused` its own `resume`."""
        return HeldStart(self.to_check) if paused or self._together is None else self._together

    def mark_all_due(self) -> None:
        """Make the next `collect_ended` check every voice."""
        for voice in self._busy.values():
            if not voice.paused:
                self._end_times.add(voice, 0)

    def collect_ended(self) -> None:
        """Return ended voices to the pool and post their events.

        The cost depends on the voices that can have ended: only these are checked.
        """
        if not self._busy:
            self._end_times.clear()
            self.to_check.clear()
            return
        if self._unfinished:
            with self._scope as al:
                self._finish(al)
        if self._poll_reasons:
            self.mark_all_due()
        while self.to_check:
            voice = self.to_check.popleft()
            if voice.state is not None and not voice.paused:
                self._end_times.add(voice, 0)
        now = self._device.clock_time if self._device.has_clock else 0
        due = self._end_times.due(now)
        if not due:
            return
        try:
            self._collect_due(due)
        finally:
            for voice in due:  # OpenAL refused to answer: check these voices again
                if voice.state is not None:
                    self._end_times.add(voice, 0)
            self._detached.clear()

    def _collect_due(self, due: list[Voice]) -> None:
        """Return the ended voices of `due`, last first. Removes each voice from `due` after its check."""
        with self._scope as al:
            while due:
                voice = due[-1]
                state, playable = voice.state, voice.playable
                assert state is not None
                assert playable is not None
                left = None if voice.held is not None else playable.frames_left(al, voice)
                if left == 0:
                    failure, source = playable.failure, voice.source
                    self._return_voice(al, voice)
                    if failure is None:
                        self._events.post_stopped(source, state.on_stopped)
                    else:
                        self._events.post_stream_failed(source, failure)
                        self._events.post_force_stopped(source, state.on_force_stopped)
                else:
                    self._set_end_time(voice, left)
                due.pop()

    def close(self) -> None:
        """Stop all voices and delete their OpenAL sources. Posts an event for each source that was heard or paused."""
        with self._scope as al:
            for voice in list(self._busy.values()):
                playable, source, state = voice.playable, voice.source, voice.state
                heard = playable is not None and (
                    voice.paused or voice.held is not None or playable.is_playing(al, voice)
                )
                self._reset_voice(al, voice)
                if heard and state is not None:
                    self._events.post_force_stopped(source, state.on_force_stopped)
                al.delete_source(voice.number)
            for voice in self._free:
                al.delete_source(voice.number)
        self._free.clear()
        self._end_times.clear()
        self._detached.clear()

    # Inside a context scope

    def _borrow(self, al: Functions, state: PlaybackState) -> Voice | None:
        """Return a free, new or stolen voice for `state`; None if all voices outrank it."""
        if self._free:
            voice = self._free[-1]
            self._unfinished[voice] = None
            self._free.pop()
            return voice
        if not self._exhausted:
            try:
                return Voice(al.generate_source())
            except OpenALError:
                self._exhausted = True  # the device mixes no more voices
        if self._stealing_order is None:
            self._stealing_order = StealingOrder(self._busy.values())
        victim = self._stealing_order.victim(state.priority)
        if victim is None:
            return None
        self._unfinished[victim] = None
        self.stolen += 1
        assert victim.state is not None
        self._events.post_stolen(
            victim.source, victim.state.on_force_stopped
        )  # before the reset, which OpenAL may refuse half-way
        self._reset_voice(al, victim)
        return victim

    def _update_stealing_order(self, voice: Voice) -> None:
        if self._stealing_order is not None:
            self._stealing_order.add(voice)

    def _set_paused(self, voice: Voice, paused: bool) -> None:
        self._paused += paused - voice.paused
        voice.paused = paused

    def _send(self, al: Functions, voice: Voice, parameter: Property[Any], value: Any) -> None:
        voice.touched.add(parameter)  # first: OpenAL may take half of it before it refuses
        parameter.send(al, voice.number, value)

    def _detach(self, al: Functions, voice: Voice) -> None:
        """Detach a voice from its sound."""
        playable = voice.playable
        if playable is not None:
            self._detached.append(playable)
            if voice.held is not None:
                voice.held.remove(al, voice)
            voice.end_entry = None
            playable.detach(al, voice)
            voice.playable = None  # last: after an interrupt or an error, `_finish` detaches again

    def _return_voice(self, al: Functions, voice: Voice) -> None:
        self._unfinished[voice] = None
        self._reset_voice(al, voice)
        self._free.append(voice)
        del self._unfinished[voice]

    def _finish(self, al: Functions) -> None:
        """Return the voices of calls that an exception has ended half-way: Ctrl-C, a RecursionError, an OpenAL error.

        Does nothing in a call inside another one, such as a play in a signal handler: the outer call goes on.
        """
        if not self._unfinished or self._scope.depth > 1:
            return
        for voice in list(self._unfinished):
            try:
                self._reset_voice(al, voice)
            except OpenALError:  # for the second time: this voice is lost
                self._unlink(voice)
            else:
                if voice not in self._free:
                    self._free.append(voice)
            del self._unfinished[voice]
        self._paused = sum(voice.paused for voice in self._busy.values())

    def _voice_of(self, state: PlaybackState) -> Voice | None:
        """Return the voice of `state`; None without one, or after an interrupted call."""
        voice = state.voice
        if voice is not None and voice.playable is None:
            with self._scope as al:
                self._finish(al)
            voice = state.voice
        return voice if voice is not None and voice.playable is not None else None

    def _reset_voice(self, al: Functions, voice: Voice) -> None:
        """Detach a voice from sound and state, and restore OpenAL's initial parameters."""
        self._detach(al, voice)
        for parameter in voice.touched:
            parameter.send(al, voice.number, parameter.default)
        voice.touched.clear()
        self._unlink(voice)

    def _unlink(self, voice: Voice) -> None:
        """Take a voice away from its state."""
        if voice.state is not None:
            self._detached.append(voice.source)
            self._busy.pop(voice.state, None)
            voice.state.voice = voice.source = None
            voice.state = None
        self._set_paused(voice, False)

    def _update_end_time(self, al: Functions, voice: Voice) -> None:
        """Compute the end time again from the current frame."""
        state, playable = voice.state, voice.playable
        if state is not None and playable is not None and not voice.paused:
            left = None if voice.held is not None else playable.frames_left(al, voice)
            self._set_end_time(voice, left)

    def _set_end_time(self, voice: Voice, left: int | None) -> None:
        """Record the earliest time at which a voice with `left` remaining frames can end."""
        state, playable = voice.state, voice.playable
        assert state is not None
        assert playable is not None
        if left is None:
            voice.end_entry = None
        elif self._deferred or state.moving or left <= 0:
            self._end_times.add(voice, 0)
        elif self._device.has_clock:
            rate = self._device.frequency
            fastest = ceil(playable.frequency * state.parameters.get(PITCH, 1.0) / rate * _STEP) / _STEP * rate
            self._end_times.add(voice, self._device.clock_time + int(left / fastest * 1e9) - _EARLY)
