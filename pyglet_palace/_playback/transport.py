"""Start, pause, resume and stop of playback states, together with their fades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fades import GroupFades, SourceFades

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .voice import Playable, PlaybackDevice, PlaybackState, WaitingPlay
    from .voice_pool import VoicePool


class Transport:
    """Starts, pauses, resumes and stops sources, with their voices and fades. Used on the main thread only.

    Attributes:
        fades: The running fades of sources.
        group_fades: The running fades of groups.
        waiting: The states whose sounds are being loaded, in the order of their plays.
    """

    def __init__(self, voices: VoicePool, device: PlaybackDevice) -> None:
        self._voices = voices
        self._device = device
        #: Not empty while a fade may run. To ask the weak dictionary of the groups' fades calls a function of Python.
        self._fading: list[None] = []
        self.fades = SourceFades(voices, device, self._fading, self._stop_after_fade)
        self.group_fades = GroupFades(device, self._fading)
        self.waiting: dict[PlaybackState, WaitingPlay] = {}

    @property
    def work(self) -> tuple[Collection[Any], ...]:
        """The containers of which one is not empty while a fade runs."""
        return (self._fading,)

    def start(self, state: PlaybackState, playable: Playable, *, paused: bool = False) -> None:
        """Play `playable` from `PlaybackState.next_offset`, at full gain or with `PlaybackState.next_fade`.

        Replaces the present sound, and a play that waits for its sound. With `paused`, `resume` starts it.
        """
        if state.waiting is not None:
            self.withdraw(state)
        offset = state.next_offset
        if offset:
            state.next_offset = 0
            if isinstance(offset, float):
                offset = round(offset * playable.frequency)
            if offset >= playable.length > 0:
                offset = playable.length - 1 if state.next_offset_clamped else 0
        if state.paused_by_group and not paused:
            state.paused_by_group = False
        if self.fades.running:
            self.fades.forget(state)
        factor, fade = 1.0, state.next_fade
        if fade is not None:
            state.next_fade, factor = None, fade.start
        voices = self._voices
        if state.fade_factor != factor:
            voices.release(state)  # the present sound must not be heard at the gain of the next one
            state.fade_factor = factor
            voices.update_gain(state)
        if state.mix is not None:  # groups update only the states with a voice
            voices.update_mix(state)
        if voices.play(state, playable, int(offset), paused):
            state.lost = False
            if self._device.on_play is not None:
                self._device.on_play(playable.name)
        else:
            state.lost = True
        if fade is not None:
            self.fades.start(state, None, fade.target, fade.milliseconds, fade.curve, stops=False)

    def wait(self, state: PlaybackState, play: WaitingPlay) -> None:
        """Let the idle `state` of a new source wait for the sound of `play`."""
        state.waiting = self.waiting[state] = play

    def end_wait(self, state: PlaybackState) -> None:
        """Note that the sound of `state` was loaded or has failed."""
        self.waiting.pop(state, None)
        state.waiting = None

    def withdraw(self, state: PlaybackState) -> None:
        """Drop the play of `state` that waits for its sound, with its offset and its fade."""
        play = state.waiting
        self.end_wait(state)
        state.next_offset, state.next_fade = 0, None
        if play is not None:
            play.withdraw()

    def stop(self, state: PlaybackState) -> None:
        """Stop without an event. Resets the fade."""
        if state.waiting is not None:
            self.withdraw(state)
        self._voices.release(state)
        self._reset(state)

    def stop_all(self, states: Iterable[PlaybackState], *, report: bool) -> None:
        """Stop those of `states` that are heard or paused, with an event if `report`. Resets their fades."""
        states = list(states)
        self._voices.stop_all(states, report=report)
        for state in states:
            if state.voice is None:
                self._reset(state)

    def _reset(self, state: PlaybackState) -> None:
        state.paused_by_group = False
        self.fades.forget(state)
        if state.fade_factor != 1.0:
            state.fade_factor = 1.0
            self._voices.update_gain(state)

    def pause(self, state: PlaybackState) -> None:
        """Pause, with the fade where it is. A sound that is still being loaded starts paused."""
        if state.waiting is not None:
            state.waiting.paused = True
        self.fades.catch_up(state)
        self.group_fades.advance()
        self._voices.pause(state)

    def resume(self, state: PlaybackState) -> None:
        """Continue after `pause`."""
        state.paused_by_group = False
        if state.waiting is not None:
            state.waiting.paused = False
        self.fades.catch_up(state)
        self.group_fades.advance()
        self._voices.resume(state)

    def advance_fades(self) -> None:
        """Advance all fades to this moment."""
        if self._fading:
            self.fades.advance()
            self.group_fades.advance()
            if not self.fades.running and not self.group_fades.running:
                self._fading.clear()

    def _stop_after_fade(self, state: PlaybackState) -> None:
        # Otherwise it has ended, and the update posts that event.
        if state.waiting is not None or self._voices.is_playing(state):
            self.stop(state)
