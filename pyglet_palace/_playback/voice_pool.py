"""The voice pool: OpenAL sources that playback states borrow."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from ..errors import OpenALError
from .held_start import HeldStart
from .stealing import StealingOrder
from .virtual import VirtualSound, WaitingVoices, can_be_virtual, virtual_voice
from .voice import Voice
from .voice_parameters import VoiceParameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._common.events import EventQueue
    from .._openal import ContextScope, Functions
    from .voice import DeviceClock, Playable, PlaybackState

#: Nanoseconds of an update in which virtual voices return. At least one does.
RETURN_BUDGET = 300_000


class VoicePool(VoiceParameters):
    """The voices of one context. Used on the main thread only.

    A repeated sound without a voice has a virtual one (`VirtualSound`). Every method works on both.

    Attributes:
        stolen: Number of voices stolen so far.
    """

    def __init__(self, scope: ContextScope, device: DeviceClock, events: EventQueue, most: int | None) -> None:
        """Start without a voice.

        Args:
            scope: The context scope.
            device: The device of the context.
            events: Where ends and thefts are posted.
            most: The most voices to make; None: as many as OpenAL makes. It may make fewer.
        """
        super().__init__(scope, device)
        self._device = device
        self._events = events
        self._free: list[Voice] = []
        self._most = most
        #: Whether no more voices can be made.
        self._exhausted = False
        #: Maintained once no more voices can be made.
        self._stealing_order: StealingOrder | None = None
        #: Those of `_busy` that are virtual.
        self._virtual: dict[Voice, None] = {}
        self._waiting = WaitingVoices(self._virtual)
        self._paused = 0
        self._counter = itertools.count(1)
        #: Objects removed from voices. They are released outside the context scope, because a game's finaliser may run.
        self._detached: list[Any] = []
        #: The common start that plays and resumes join; None outside of a batch.
        self._together: HeldStart | None = None
        #: Voices on their way between the pool and a state. Empty outside of calls, unless one was interrupted.
        self._unfinished: dict[Voice, None] = {}
        self.stolen = 0

    @property
    def in_use(self) -> int:
        """Voices that are playing or paused, virtual ones included."""
        return len(self._busy)

    @property
    def virtual_count(self) -> int:
        """Virtual voices, paused ones included."""
        return len(self._virtual)

    @property
    def count(self) -> int:
        """Voices that OpenAL has made so far."""
        return len(self._free) + len(self._busy) - len(self._virtual)

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
        """Play `playable` from frame `offset` with the voice of `state`, or one that it can borrow, or a virtual one.

        With `paused`, nothing is heard until `resume`.

        Returns:
            False if no voice is available. Then the next update dispatches `source_force_stopped`.
        """
        with self._scope as al:
            if self._unfinished:
                self._finish(al)
            voice = state.voice
            if voice is not None and not voice.number:
                self._return_voice(al, voice)  # the new sound may get a voice
                voice = None
            borrowed = voice is None
            if voice is None:
                voice = self._borrow(al, state.priority)
                if voice is None:
                    if not can_be_virtual(state, playable):
                        self._events.post_stolen(state.source, state.on_force_stopped)
                        return False
                    voice, playable = Voice(), VirtualSound(playable, self._device, state.loops)
            self._unfinished[voice] = None
            try:
                if not borrowed:
                    self._detach(al, voice)
                else:
                    voice.state, voice.source = state, state.source
                    self._busy[state] = state.voice = voice
                    if not voice.number:
                        self._virtual[voice] = None
                self._send_all(al, voice, playable, new=borrowed)
                if paused or voice.paused:
                    self._set_paused(voice, paused)
                voice.started = next(self._counter)
                if voice.number and (paused or self._together is not None):
                    voice.first_frame = offset
                    self._held_start(paused).add(voice)
                left = playable.start(al, voice, offset, state.loops)
                self.end_times.record(voice, left if voice.held is None else None)
                if self._stealing_order is not None or not voice.number:
                    self._update_order(voice)
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

    def stop_all(self, states: Iterable[PlaybackState], *, report: bool) -> None:
        """Stop those of `states` that are heard or paused. `collect_ended` handles the others, which have ended.

        Args:
            states: Which.
            report: Whether to post a ``source_force_stopped`` event for each.
        """
        with self._scope as al:
            self._finish(al)
            for state in states:
                voice = state.voice
                if voice is None or voice.playable is None:
                    continue
                if voice.paused or voice.held is not None or voice.playable.is_playing(al, voice):
                    source = voice.source
                    self._return_voice(al, voice)
                    if report:
                        self._events.post_force_stopped(source, state.on_force_stopped)
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
                self._update_order(voice)

    def resume(self, state: PlaybackState) -> None:
        """Continue after `pause`."""
        voice = self._voice_of(state)
        if voice is not None and voice.paused:
            assert voice.playable is not None
            with self._scope as al:
                self._set_paused(voice, False)
                if self._together is not None and voice.number:
                    self._together.add(voice)
                elif voice.held is not None:
                    voice.held.release(al)
                else:
                    voice.playable.resume(al, voice)
                self._update_end_time(al, voice)
            self._update_order(voice)

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
                if voice.playable.seek(al, voice, frame):
                    self._start_again(al, voice)
                self._update_end_time(al, voice)

    def set_loops(self, state: PlaybackState, loops: int) -> None:
        """Play the sound of `state` `loops` times, 0 for ever, where the current time counts as the first."""
        state.loops = loops
        voice = self._voice_of(state)
        if voice is not None:
            assert voice.playable is not None
            with self._scope as al:
                if voice.playable.set_loops(al, voice, loops):
                    self._start_again(al, voice)
                self._update_end_time(al, voice)
            self._update_order(voice)

    def _start_again(self, al: Functions, voice: Voice) -> None:
        """Start a voice that was prepared again, or with its `resume`."""
        assert voice.playable is not None
        if voice.paused and voice.held is None:
            self._held_start(True).add(voice)
        elif voice.held is None:
            voice.playable.resume(al, voice)

    def set_priority(self, state: PlaybackState, priority: int) -> None:
        """Set the priority for voice stealing."""
        state.priority = priority
        if state.voice is not None and state.voice.playable is not None:
            self._update_order(state.voice)

    def set_deferred(self, on: bool) -> None:
        """While `on`, let all plays and resumes wait, and do not rely on computed end times. Then start them at once.

        OpenAL defers changes meanwhile.
        """
        self.end_times.deferred = on
        together = self._together
        if on and together is None:
            self._together = HeldStart(self.end_times.to_check)
        elif not on and together is not None:
            with self._scope as al:
                together.release(al)
            self._together = None

    def _held_start(self, paused: bool) -> HeldStart:
        """Return what a new voice waits for: the common start, or with `paused` its own `resume`."""
        return HeldStart(self.end_times.to_check) if paused or self._together is None else self._together

    def return_virtual(self) -> None:
        """Give free voices, and those of a lower priority, to the virtual voices that wait.

        Highest priority first; among equals, the oldest start first. Each costs O(log n). Those for which the time of
        this update does not suffice return in the next one.
        """
        if not self._virtual or not self._waiting or self.end_times.disconnected:
            return
        deadline = time.perf_counter_ns() + RETURN_BUDGET
        with self._scope as al:
            self._finish(al)
            while (virtual := self._waiting.first()) is not None:
                if not self._return_to_voice(al, virtual) or time.perf_counter_ns() >= deadline:
                    break
        self._detached.clear()

    def follow_device(self) -> None:
        """Adapt to a device whose rate or connection has changed."""
        with self._scope as al:
            for voice in self._virtual:
                self._update_end_time(al, voice)
        self.end_times.mark_all_due()

    def collect_ended(self) -> None:
        """Return ended voices to the pool and post their events.

        The cost depends on the voices that can have ended: only these are checked.
        """
        if not self._busy:
            self.end_times.clear()
            return
        if self._unfinished:
            with self._scope as al:
                self._finish(al)
        due = self.end_times.due()
        if not due:
            return
        try:
            self._collect_due(due)
        finally:
            for voice in due:  # OpenAL refused to answer: check these voices again
                if voice.state is not None:
                    self.end_times.mark_due(voice)
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
                    self.end_times.record(voice, left)
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
                if voice.number:
                    al.delete_source(voice.number)
            for voice in self._free:
                al.delete_source(voice.number)
        self._free.clear()
        self.end_times.clear()
        self._detached.clear()

    # Inside a context scope

    def _borrow(self, al: Functions, priority: int, *, spares_equals: bool = False) -> Voice | None:
        """Return a free, new or stolen voice for a sound of `priority`; None if all voices outrank it."""
        if self._free:
            voice = self._free[-1]
            self._unfinished[voice] = None
            self._free.pop()
            return voice
        if not self._exhausted:
            try:
                if self._most is None or self.count < self._most:
                    return Voice(al.generate_source())
            except OpenALError:
                pass  # the device mixes no more voices
            self._exhausted = True
        if self._stealing_order is None:
            self._stealing_order = StealingOrder(self._busy.values())
        victim = self._stealing_order.victim(priority, spares_equals=spares_equals)
        if victim is None:
            return None
        if not self._make_virtual(al, victim):
            self._unfinished[victim] = None
            assert victim.state is not None
            # Before the reset, which OpenAL may refuse half-way.
            self._events.post_stolen(victim.source, victim.state.on_force_stopped)
        self.stolen += 1
        self._reset_voice(al, victim)
        return victim

    def _make_virtual(self, al: Functions, victim: Voice) -> bool:
        """Replace a voice that is stolen by a virtual one; return False if its sound stops instead.

        The victim is unfinished then. At an exception, its source keeps the one voice or the other.
        """
        made = virtual_voice(al, victim, self._device)
        if made is None:
            return False
        virtual, left = made
        state = virtual.state
        assert state is not None
        if not virtual.paused:
            self.end_times.record(virtual, left)
            self._waiting.add(virtual)
        self._paused += virtual.paused
        # No interrupt can come between these: no function is called.
        self._busy[state] = state.voice = virtual
        self._virtual[virtual] = self._unfinished[victim] = None
        return True

    def _return_to_voice(self, al: Functions, virtual: Voice) -> bool:
        """Replace a virtual voice by one of OpenAL; return False if there is none for it."""
        state, playable = virtual.state, virtual.playable
        assert state is not None
        assert isinstance(playable, VirtualSound)
        if not playable.is_playing(al, virtual):  # `collect_ended` reports its end
            self.end_times.mark_due(virtual)
            self._waiting.pop()
            return True
        voice = self._borrow(al, state.priority, spares_equals=True)
        if voice is None:
            return False
        self._unfinished[voice] = None
        try:
            voice.state, voice.source, voice.started = state, virtual.source, virtual.started
            self._send_all(al, voice, playable.sound)
            self.end_times.record(voice, playable.hand_over(al, voice))
            self._update_order(voice)
        except BaseException:
            self._return_voice(al, voice)  # the virtual voice goes on
            raise
        self._busy[state] = state.voice = voice
        self._unfinished[virtual] = None
        del self._unfinished[voice]
        self._reset_voice(al, virtual)
        del self._unfinished[virtual]
        return True

    def _update_order(self, voice: Voice) -> None:
        """Record that a voice has started, or that its priority or another part of its rank has changed."""
        if not voice.number:
            if not voice.paused:
                self._waiting.add(voice)
        elif self._stealing_order is not None:
            self._stealing_order.add(voice)

    def _set_paused(self, voice: Voice, paused: bool) -> None:
        self._paused += paused - voice.paused
        voice.paused = paused

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
        if voice.number:
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
                if voice.number and voice not in self._free:
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
        if voice.touched:
            for parameter in voice.touched:
                parameter.send(al.unchecked, voice.number, parameter.default)
            if al.take_error():
                for parameter in voice.touched:
                    parameter.send(al, voice.number, parameter.default)
            voice.touched.clear()
        self._unlink(voice)

    def _unlink(self, voice: Voice) -> None:
        """Take a voice away from its state, unless the state has another one."""
        state = voice.state
        if state is not None:
            self._detached.append(voice.source)
            if state.voice is voice:
                self._busy.pop(state, None)
                state.voice = None
            voice.source = voice.state = None
        if not voice.number:
            self._virtual.pop(voice, None)
        self._set_paused(voice, False)
