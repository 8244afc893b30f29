"""Parameters of voices: gain, pitch, filter, place and all others, of one state or of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.checks import FLT_MAX, FLT_MIN
from .._openal.constants import AL_GAIN as _AL_GAIN
from .._openal.filters import product, send_direct_filter_to_all
from .._openal.packing import pack_float
from .end_times import EndTimes
from .virtual import VirtualSound
from .voice import FILTER, GAIN, PITCH, PLACE, Voice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._common.checks import Vector
    from .._openal import ContextScope, Functions
    from .._openal.filters import Filter
    from .._openal.properties import Property
    from .voice import DeviceClock, Placement, Playable, PlaybackState


def _total_filter(state: PlaybackState) -> Filter:
    return state.filter if state.mix is None else product(state.filter, state.mix.filter)


def store_gain(state: PlaybackState) -> float:
    """Store the product of the gains of source, fade and groups as a parameter, and return it."""
    gain, mix = state.gain * state.fade_factor, state.mix
    if mix is not None:
        gain *= mix.gain
    if gain == 1.0:
        state.parameters.pop(GAIN, None)
    else:
        if gain > FLT_MAX:
            gain = FLT_MAX
        state.parameters[GAIN] = gain
    return gain


class VoiceParameters:
    """What the voices of one context are set to. Base class of `VoiceLending`. Used on the main thread only.

    A state keeps its parameters while it has no voice of OpenAL. A voice gets those that differ from OpenAL's defaults.
    They are sent without a check of each call. After an error, they are sent again with checks, which name the call.

    Attributes:
        end_times: When each voice can end.
        stage: The rule for the places of sources without one of their own; None: OpenAL takes the parameters as they
            are.
    """

    def __init__(self, scope: ContextScope, device: DeviceClock) -> None:
        """Start without voices."""
        self._scope = scope
        #: The voices in use, virtual ones included.
        self._busy: dict[PlaybackState, Voice] = {}
        self.end_times = EndTimes(self._busy.values(), device)
        self.stage: Placement | None = None
        #: Virtual voices whose pitch has changed while OpenAL defers changes.
        self._deferred_pitches: dict[Voice, None] = {}

    def update_gain(self, state: PlaybackState) -> None:
        """Apply the product of the gains of source, fade and groups."""
        voice, parameters = state.voice, state.parameters
        if voice is None or not voice.number:
            store_gain(state)
            return
        before = parameters.get(GAIN)
        gain = store_gain(state)
        if state.placement is not None or self.stage is not None:
            gain *= voice.place_gain
        number, packed = voice.number, pack_float(gain)
        try:
            with self._scope as al:
                voice.touched.add(GAIN)  # first: see `_send`
                al.unchecked.alSourcefv(number, _AL_GAIN, packed)
                if al.take_error():
                    al.alSourcefv(number, _AL_GAIN, packed)
        except BaseException:
            if before is None:
                parameters.pop(GAIN, None)
            else:
                parameters[GAIN] = before
            raise

    def update_gains(self, states: Iterable[PlaybackState]) -> None:
        """Do what `update_gain` does, faster, for many states."""
        numbers, gains = [], []
        for state in states:
            voice, gain = state.voice, store_gain(state)
            if voice is not None and voice.number:
                voice.touched.add(GAIN)
                numbers.append(voice.number)
                placed = state.placement or self.stage
                gains.append(gain if placed is None else gain * voice.place_gain)
        with self._scope as al:
            al.set_float_of_sources(_AL_GAIN, numbers, gains)

    def update_pitch(self, state: PlaybackState) -> None:
        """Apply the product of the pitches of source and groups."""
        pitch = state.pitch if state.mix is None else state.pitch * state.mix.pitch
        if not FLT_MIN <= pitch <= FLT_MAX:
            pitch = FLT_MIN if pitch < FLT_MIN else FLT_MAX
        self.set_parameter(state, PITCH, pitch, timing=True)

    def update_mix(self, state: PlaybackState) -> None:
        """Apply the products of the gains, pitches and filters of source and group."""
        self.update_gain(state)
        self.update_pitch(state)
        if state.mix is None or state.mix.filter != FILTER.default or FILTER in state.parameters:
            self.update_filter(state)

    def update_filter(self, state: PlaybackState) -> None:
        """Apply the product of the filters of source and groups."""
        self.set_parameter(state, FILTER, _total_filter(state))

    def update_filters(self, states: Iterable[PlaybackState]) -> None:
        """Do what `update_filter` does for many states. Makes one OpenAL filter for all that need the same."""
        same: dict[Filter, list[Voice]] = {}
        for state in states:
            value, voice = _total_filter(state), state.voice
            if value == FILTER.default:
                state.parameters.pop(FILTER, None)
            else:
                state.parameters[FILTER] = value
            if voice is not None and voice.number:
                voice.touched.add(FILTER)
                same.setdefault(value, []).append(voice)
        with self._scope as al:
            for value, voices in same.items():
                send_direct_filter_to_all(al, [voice.number for voice in voices], value)

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
        before = None if voice is None else parameters.get(parameter, parameter.default)
        if value == parameter.default:
            parameters.pop(parameter, None)
        else:
            parameters[parameter] = value
        if voice is None:
            return
        try:
            with self._scope as al:
                self._send(al.unchecked, voice, parameter, value)
                if al.take_error():
                    self._send(al, voice, parameter, value)
                if timing:
                    self._follow_pitch(al, voice)
        except BaseException:
            parameters[parameter] = before
            raise

    def set_placement(self, state: PlaybackState, placement: Placement | None) -> None:
        """Set the rule for the place of `state`; None: that of the context. A playing sound moves there."""
        voice = state.voice
        before, state.placement = state.placement, placement
        if voice is None or voice.playable is None or not voice.number:
            return
        try:
            with self._scope as al:
                if placement is not None and type(before) is type(placement):
                    placement.send(al, voice, PLACE)
                else:
                    self._change_placement(al, voice)
        except BaseException:
            state.placement = before
            raise

    def set_stage(self, stage: Placement | None) -> None:
        """Set the rule for the places of sources without one of their own. Playing sounds move there."""
        self.stage = stage
        with self._scope as al:
            for voice in self._on_stage():
                self._change_placement(al, voice)

    def vector(self, name: str, point: tuple[float, ...]) -> Vector:
        """Return a point of the stage, (x, y), as a vector. Without a stage, that is a `TypeError`."""
        return checks.vector(name, point if self.stage is None else (*point, 0.0))

    def update_places(self, changed: Property[Any]) -> None:
        """Send the places of all sources on the stage again, because `changed` of the listener has changed."""
        assert self.stage is not None
        send = self.stage.send
        with self._scope as al:
            for voice in self._on_stage():
                send(al, voice, changed)

    # Inside a context scope

    def _send_all(self, al: Functions, voice: Voice, playable: Playable, *, new: bool = True) -> None:
        """Give `voice` a sound, and send the parameters of its state and its place.

        Args:
            al: The OpenAL functions.
            voice: A voice that is linked to its state.
            playable: Its sound, which has not started.
            new: Whether the voice is new to the state, so that it has none of the parameters.
        """
        state = voice.state
        assert state is not None
        parameters = state.parameters if new else None
        placement = state.placement or self.stage
        if not voice.number or not (parameters or placement is not None):
            voice.playable = playable
            return
        unchecked = al.unchecked
        if parameters:
            self._send_parameters(unchecked, voice, placement)
        voice.playable = playable
        if placement is not None:
            self._place(unchecked, voice, placement)
        if al.take_error():
            if parameters:
                self._send_parameters(al, voice, placement)
            if placement is not None:
                self._place(al, voice, placement)

    def _send_parameters(self, al: Functions, voice: Voice, placement: Placement | None) -> None:
        """Send the parameters of a state to its voice, apart from those that the placement sends."""
        state, number = voice.state, voice.number
        assert state is not None
        voice.touched.update(state.parameters)  # first: see `_send`
        if placement is None:
            for parameter, value in state.parameters.items():
                parameter.send(al, number, value)
        else:
            for parameter, value in state.parameters.items():
                if parameter is not GAIN and parameter not in placement.parameters:
                    parameter.send(al, number, value)

    def _send(self, al: Functions, voice: Voice, parameter: Property[Any], value: Any) -> None:
        if not voice.number:
            return
        voice.touched.add(parameter)  # first: OpenAL may take half of it before it refuses
        state = voice.state
        assert state is not None
        placement = state.placement or self.stage
        if placement is not None:
            if parameter in placement.parameters:
                if voice.playable is not None:  # else `play` places it
                    placement.send(al, voice, parameter)
                return
            if parameter is GAIN:
                value *= voice.place_gain
        parameter.send(al, voice.number, value)

    def _on_stage(self) -> list[Voice]:
        """Return the voices with a sound whose place depends on the stage. Virtual ones get their place later."""
        real = ((state, voice) for state, voice in self._busy.items() if voice.number and voice.playable is not None)
        return [voice for state, voice in real if state.placement is None]

    def _place(self, al: Functions, voice: Voice, placement: Placement) -> None:
        voice.touched |= placement.sent
        placement.send(al, voice, None)

    def _change_placement(self, al: Functions, voice: Voice) -> None:
        """Place a voice with a sound by its present rule, and take back what another rule has sent."""
        state = voice.state
        assert state is not None
        placement = state.placement or self.stage
        replaced = placement.parameters if placement is not None else frozenset()
        sent = placement.sent if placement is not None else frozenset()
        for parameter in voice.touched - sent:
            default = parameter.default
            value = default if parameter in replaced else state.parameters.get(parameter, default)
            parameter.send(al, voice.number, value)
        if placement is not None:
            self._place(al, voice, placement)

    def _follow_pitch(self, al: Functions, voice: Voice) -> None:
        """Move a virtual voice and the end time with the present pitch; if OpenAL defers it, after `set_deferred`."""
        playable = voice.playable
        if isinstance(playable, VirtualSound):
            if self.end_times.deferred:
                self._deferred_pitches[voice] = None
                return
            playable.adapt(al, voice)
        self._update_end_time(al, voice)

    def _update_end_time(self, al: Functions, voice: Voice) -> None:
        """Compute the end time again from the current frame."""
        state, playable = voice.state, voice.playable
        if state is not None and playable is not None and not voice.paused:
            self.end_times.record(voice, None if voice.held is not None else playable.frames_left(al, voice))
