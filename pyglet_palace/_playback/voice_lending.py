"""Voices that playback states borrow and return: free, new, stolen and virtual ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..errors import OpenALError
from .stealing import StealingOrder
from .virtual import VirtualSound, WaitingVoices, virtual_voice
from .voice import Voice
from .voice_parameters import VoiceParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._common.events import EventQueue
    from .._openal import ContextScope, Functions
    from .voice import DeviceClock, PlaybackState

#: Nanoseconds of an update in which virtual voices return. At least one does.
RETURN_BUDGET = 300_000


class VoiceLending(VoiceParameters):
    """Which state of one context has which voice. Base class of `VoicePool`. Used on the main thread only.

    A call that an exception ends half-way leaves its voices in a table. The next call returns them.

    Attributes:
        stolen: Number of voices stolen so far.
    """

    def __init__(self, scope: ContextScope, device: DeviceClock, events: EventQueue, most: int | None) -> None:
        """Start without a voice.

        Args:
            scope: The context scope.
            device: The device of the context.
            events: Where thefts are posted.
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
        #: Objects removed from voices. They are released outside the context scope, because a game's finaliser may run.
        self._detached: list[Any] = []
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

    def any_playing(self) -> bool:
        """Return whether a voice plays. Paused voices do not count."""
        return len(self._busy) > self._paused

    def __iter__(self) -> Iterator[PlaybackState]:
        """Iterate over the states with a voice."""
        return iter(list(self._busy))

    def follow_priority(self, state: PlaybackState) -> None:
        """Move the voice of `state` to the place in the order of stealing that its new priority has."""
        if state.voice is not None and state.voice.playable is not None:
            self._update_order(state.voice)

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
            victim.state.lost = True
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
        held = virtual.held
        if not virtual.paused:
            self.end_times.record(virtual, left)
            self._waiting.add(virtual)
        self._paused += virtual.paused
        # No interrupt can come between these: no function is called.
        self._busy[state] = state.voice = virtual
        self._virtual[virtual] = self._unfinished[victim] = None
        if held is not None:
            held.voices[virtual] = None
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
            held = voice.held = virtual.held
            self.end_times.record(voice, playable.hand_over(al, voice))
            self._update_order(voice)
        except BaseException:
            self._return_voice(al, voice)  # the virtual voice goes on
            raise
        # No interrupt can come between these: no function is called.
        self._busy[state] = state.voice = voice
        self._unfinished[virtual] = None
        if held is not None:
            held.voices[voice] = None
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
        self.end_times.next_check = 0.0  # the update may end if no voice plays

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
                voice.playable = None
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
            voice.source = voice.state = voice.end_entry = None
        if not voice.number:
            self._virtual.pop(voice, None)
        self._set_paused(voice, False)
