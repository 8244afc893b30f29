"""Properties of what a source plays: gain, pitch, pan, filter, loops, priority and resampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._common import checks
from .._openal import constants as c
from .._openal import filters
from .._openal import setters as to
from .._openal.properties import NumbersProperty, Property
from .._playback.voice_parameters import store_gain
from ._base import SourceBase
from ._placement import Pan
from ._spatial import POSITION

if TYPE_CHECKING:
    from .._openal import Functions

#: OpenAL gets a queue of this length at most.
_MOST_LOOPS = 10_000


def _send_resampler(al: Functions, number: int, index: int) -> None:
    if index < 0:
        index = al.alGetInteger(c.AL_DEFAULT_RESAMPLER_SOFT)
    al.alSourcei(number, c.AL_SOURCE_RESAMPLER_SOFT, index)


class PlaybackProperties(SourceBase):
    """Base class of `Source` with the properties of its playback, apart from the spatial ones."""

    __slots__ = ()

    def _apply_gain(self, gain: float) -> None:
        state = self._state
        before, state.gain = state.gain, gain
        if state.voice is None:
            store_gain(state)
            return
        try:
            self._engine.voices.update_gain(state)
        except BaseException:
            state.gain = before
            raise
        if gain > 1.0:
            self._warn_of_silence()

    def _apply_pan(self, pan: float) -> None:
        state = self._state
        self._engine.voices.set_placement(state, Pan(pan))
        self._values.pop("position", None)
        state.parameters.pop(POSITION, None)

    def _apply_pitch(self, pitch: float) -> None:
        state = self._state
        before, state.pitch = state.pitch, pitch
        try:
            self._engine.voices.update_pitch(state)
        except BaseException:
            state.pitch = before
            raise

    def _apply_filter(self, through: filters.Filter) -> None:
        state = self._state
        before, state.filter = state.filter, through
        try:
            self._engine.voices.update_filter(state)
        except BaseException:
            state.filter = before
            raise

    def _apply_looping(self, looping: bool) -> None:
        self._apply_loops(0 if looping else self._state.loops or 1)

    def _apply_loops(self, loops: int) -> None:
        state, values = self._state, self._values
        before, state.loops = state.loops, loops
        if state.voice is not None:
            try:
                self._engine.voices.set_loops(state, loops)
            except BaseException:
                state.loops = before
                raise
        values["loops"], values["looping"] = loops, not loops

    def _apply_priority(self, priority: int) -> None:
        state = self._state
        state.priority = priority
        if state.voice is not None:
            self._engine.voices.follow_priority(state)

    pitch = Property(
        checks.number(0.0, above=True),
        1.0,
        to.number(c.AL_PITCH),
        "Speed and pitch factor, > 0; 2 is an octave up.",
        _apply_pitch,
    )
    """Speed and pitch factor, > 0; 2 is an octave up."""

    gain = Property(
        checks.number(0.0),
        1.0,
        to.nothing,
        "Gain, a linear factor >= 0. Values above 1 only offset distance and quiet groups: see `gain_range`.",
        _apply_gain,
    )
    """Gain, a linear factor >= 0."""

    pan = Property(
        checks.number(-1.0, 1.0),
        0.0,
        to.nothing,
        """Place between the ears, from -1 (left) to 1 (right), for mono and stereo sounds.

        On a stereo device, the power of a mono sound is constant (equal power). A stereo sound is balanced: the channel
        of the side stays, the other one moves to it and is up to 1.5 dB quieter on the way. With HRTF or more than two
        speakers, a mono sound moves on a circle in front of the listener, by 60 degrees to each side.

        `pan` and `position` exclude each other. After `pan` was set, the other spatial properties have no effect until
        `position` is set, which also resets `pan`; and setting `pan` resets `position`.""",
        _apply_pan,
    )
    """Place between the ears, from -1 (left) to 1 (right)."""

    filter = NumbersProperty(
        filters.check_filter,
        filters.OPEN,
        to.nothing,
        "Filter of the direct sound, not of `sends`: (gain, hf, lf), linear factors clamped to 0 to 1. `hf` is the "
        "gain of frequencies around 5000 Hz and higher, `lf` around 250 Hz and lower.",
        _apply_filter,
    )
    """Filter of the direct sound: (gain, hf, lf), linear factors clamped to 0 to 1."""

    looping = Property(
        checks.boolean,
        False,
        to.nothing,
        "Whether playback continues at the loop start when it reaches the loop end.",
        _apply_looping,
    )
    """Whether playback continues at the loop start when it reaches the loop end."""

    loops = Property(
        checks.integer(0, _MOST_LOOPS),
        1,
        to.nothing,
        """How often a sound is played, exact to the sample: 0 for ever (the same as `looping`), at most 10000.

        The part between the loop points is played so often, the parts before and after it once. If it is set during a
        sound, the current time counts as the first. Seeking does not change the number of times that are left.
        Without AL_EXT_STATIC_BUFFER, a `Buffer` whose loop points were set by `Buffer.loop_points` is repeated from its
        start to its end, unless its file has loop points too.

        During a `Buffer`, a change from or to more than 1 fades the sound in again in OpenAL Soft 1.19, over one mixing
        block of at most 2048 frames.""",
        _apply_loops,
    )
    """How often a sound is played: 1 by default, 0 for ever."""

    priority = Property(
        checks.integer(0),
        0,
        to.nothing,
        """Priority for voice stealing, an integer >= 0, used when the voices (usually 256) run out.

        A new sound steals the voice with the lowest priority, if that is the same as its own or lower; among equals,
        the one-shot that started first. Only a strictly higher priority steals from looping sounds, paused sounds and
        streams. A source with `loops` other than 1 that loses its voice or gets none becomes virtual, see `audible`.
        Any other source is stopped and receives `MessageHandler.source_force_stopped`.

        An update gives free voices to virtual sources, the highest priority first; among equals, the one that started
        first. A virtual source also takes the voice of a lower priority then, such as after its own was raised.""",
        _apply_priority,
    )
    """Priority for voice stealing, an integer >= 0."""

    _resampler = Property(
        checks.integer(-1),
        -1,
        to.with_extension("AL_SOFT_source_resampler", "resampler_index", _send_resampler),
        "The value set for `resampler_index`; -1 if unset.",
    )

    @property
    def resampler_index(self) -> int:
        """Resampler for rate and pitch changes: an index into `Context.available_resamplers`.

        Default: `Context.default_resampler_index`. No effect without AL_SOFT_source_resampler.

        Raises:
            ValueError: Set to an index out of range.
        """
        index = self._resampler
        return self._engine.native.default_resampler if index < 0 else index

    @resampler_index.setter
    def resampler_index(self, index: int) -> None:
        self._check_alive()
        there = self._engine.native.resamplers
        self._resampler = checks.integer(0, len(there) - 1 if there else None)("resampler_index", index)
