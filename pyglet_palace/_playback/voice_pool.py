"""The voice pool: play, pause, seek and end of the sounds of playback states."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .held_start import HeldStart
from .virtual import VirtualSound, can_be_virtual
from .voice import Voice
from .voice_lending import VoiceLending

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .._common.events import EventQueue
    from .._openal import ContextScope, Functions
    from .voice import DeviceClock, Playable, PlaybackState


class VoicePool(VoiceLending):
    """The voices of one context, and what they play. Used on the main thread only.

    A repeated sound without a voice has a virtual one (`VirtualSound`). Every method works on both.
    """

    def __init__(self, scope: ContextScope, device: DeviceClock, events: EventQueue, most: int | None) -> None:
        """Start without a voice.

        Args:
            scope: The context scope.
            device: The device of the context.
            events: Where ends and thefts are posted.
            most: The most voices to make; None: as many as OpenAL makes. It may make fewer.
        """
        super().__init__(scope, device, events, most)
        self._counter = itertools.count(1)
        #: The common start that plays and resumes join; None outside of a batch.
        self._together: HeldStart | None = None

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty while an update has something to do, apart from ends of sounds."""
        return self._unfinished, self._virtual, *self.end_times.work

    @property
    def deferred(self) -> bool:
        """Whether plays and resumes wait for a common start."""
        return self._together is not None

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
                    voice.state, voice.source = state, state.source_of()
                    self._busy[state] = state.voice = voice
                    if not voice.number:
                        self._virtual[voice] = None
                self._send_all(al, voice, playable, new=borrowed)
                if paused or voice.paused:
                    self._set_paused(voice, paused)
                voice.started = next(self._counter)
                if paused or self._together is not None:
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
                if self._together is not None:
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

    def set_deferred(self, on: bool) -> None:
        """While `on`, let all plays and resumes wait, and do not rely on computed end times. Then start them at once.

        OpenAL defers changes meanwhile.
        """
        self.end_times.deferred = on
        together = self._together
        if on and together is None:
            self._together = HeldStart(self.end_times.to_check, self._device)
        elif not on and together is not None:
            with self._scope as al:
                together.release(al)
                for voice in self._deferred_pitches:
                    if voice.state is not None:
                        self._follow_pitch(al, voice)
            self._deferred_pitches.clear()
            self._together = None

    def _held_start(self, paused: bool) -> HeldStart:
        """Return what a new voice waits for: the common start, or with `paused` its own `resume`."""
        together = self._together
        return HeldStart(self.end_times.to_check, self._device) if paused or together is None else together

    def follow_device(self) -> None:
        """Adapt to a device whose rate or connection has changed."""
        with self._scope as al:
            for voice in self._virtual:
                self._follow_pitch(al, voice)
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
        due: list[Voice] = []
        try:
            self.end_times.take_due(due)
            if due:
                self._collect_due(due)
        finally:
            # An OpenAL error, an interrupt or a RecursionError has left them over. One call of C is not too deep here.
            self.end_times.to_check.extend(due)
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
                    # Before the event and the reset: if one of them is interrupted, the end is not reported again.
                    self._unfinished[voice] = None
                    if failure is None:
                        self._events.post_stopped(source, state.on_stopped)
                    else:
                        self._events.post_stream_failed(source, failure)
                        self._events.post_force_stopped(source, state.on_force_stopped)
                    self._return_voice(al, voice)
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
