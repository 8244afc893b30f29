"""Source: a sound emitter with a position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.lifetime import Destroyable
from .._current import require_engine
from .._loading.cache import Entry
from .._openal import constants as c
from .._openal import filters
from .._openal import setters as to
from .._openal.properties import Property
from ._sends import AuxiliarySends
from ._spatial import SpatialProperties

if TYPE_CHECKING:
    from .._openal import Functions
    from .._playback.voice import Playable, Voice
    from ..buffer import Buffer
    from ..context import Context
    from ..decoder import BaseDecoder
    from ..group import SourceGroup

_fade_factor = checks.number(0.0, 1.0)
_fade_time = checks.number(0.0, above=True)


def _send_resampler(al: Functions, number: int, index: int) -> None:
    if index < 0:
        index = al.alGetInteger(c.AL_DEFAULT_RESAMPLER_SOFT)
    al.alSourcei(number, c.AL_SOURCE_RESAMPLER_SOFT, index)


class Source(SpatialProperties, Destroyable):
    """Plays one sound at a time; any number of sources may play the same `Buffer` at once.

    A source is a plain Python object. It uses one of OpenAL's few voices while it plays, so the number of sources is
    not limited, and `play` never fails for lack of a voice: see `priority`. Properties can be set at any time, before,
    during and between sounds, and keep their values. The context keeps a playing or paused source alive.

    The effective gain is `gain` times the gains of its `group` and all parent groups, times the current fade factor
    (`fade_to`, `fade_out_to_stop`). The effective pitch is `pitch` times the pitches of the groups. `gain` and `pitch`
    return the values that were set.

    Use all members only on the thread that created the context. They do not block. Members of a destroyed source
    raise `DestroyedError`. Sources are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_engine",
        "_factor",
        "_group",
        "_heard",
        "_held",
        "_next_offset",
        "_values",
        "_voice",
    )  # a misspelt property is an error

    pitch = Property(
        checks.number(0.0, above=True), 1.0, to.number(c.AL_PITCH), "Speed and pitch factor, > 0; 2 is an octave up."
    )
    """Speed and pitch factor, > 0; 2 is an octave up."""

    gain = Property(
        checks.number(0.0),
        1.0,
        to.number(c.AL_GAIN),
        "Gain, a linear factor >= 0. Values above 1 only offset distance and quiet groups: see `gain_range`.",
    )
    """Gain, a linear factor >= 0."""

    filter = Property(
        filters.check_filter,
        filters.OPEN,
        filters.send_direct_filter,
        "Filter of the direct sound, not of `sends`: (gain, hf, lf), linear factors clamped to 0 to 1. `hf` is the "
        "gain of frequencies around 5000 Hz and higher, `lf` around 250 Hz and lower.",
    )
    """Filter of the direct sound: (gain, hf, lf), linear factors clamped to 0 to 1."""

    looping = Property(
        checks.boolean,
        False,
        to.nothing,
        "Whether playback continues at the loop start when it reaches the loop end.",
    )
    """Whether playback continues at the loop start when it reaches the loop end."""

    priority = Property(
        checks.integer(0),
        0,
        to.nothing,
        """Priority for voice stealing, an integer >= 0, used when OpenAL's voices (usually 256) run out.

        A new sound steals the voice with the lowest priority, if that is the same as its own or lower; among equals,
        the one-shot that started first. Only a strictly higher priority steals from looping sounds, paused sounds and
        streams. A source that loses its voice or gets none receives `MessageHandler.source_force_stopped`.""",
    )
    """Priority for voice stealing, an integer >= 0."""

    _resampler = Property(
        checks.integer(-1),
        -1,
        to.with_extension("AL_SOFT_source_resampler", "resampler_index", _send_resampler),
        "The value set for `resampler_index`; -1 if unset.",
    )

    def __init__(self, context: Context | None = None) -> None:
        """Create an idle source.

        Args:
            context: The context to play in. None: the current context.

        Raises:
            RuntimeError: No context was given and none is current, or another thread created the context.
        """
        self._engine = require_engine(context)
        self._engine.check_alive()
        self._values: dict[str, Any] = {}
        self._heard: dict[Property[Any], Any] = {}
        self._voice: Voice | None = None
        self._next_offset = 0
        self._group: SourceGroup | None = None
        #: Whether `SourceGroup.pause_all` paused it.
        self._held = False
        #: Current fade factor, multiplied with the gain.
        self._factor = 1.0
        self._init_lifetime()

    @property
    def context(self) -> Context:
        """The context that plays this source."""
        context: Context = self._engine.context
        return context

    def play(self, sound: Buffer | BaseDecoder) -> None:
        """Play `sound` from the start, or from `offset` if that was set since the last play. Does not block.

        A decoder is streamed: a thread reads it during playback, see `BaseDecoder.play`. The new sound replaces the
        current one without an event. If no voice is available, the sound is not heard: `playing` is False, and the
        next update dispatches `source_force_stopped`.

        Raises:
            ValueError: `sound` belongs to another context.
            TypeError: `sound` is neither a `Buffer` nor a `BaseDecoder`.
            RuntimeError: `sound` is a decoder that another source is playing.
            DestroyedError: `sound` or this source was destroyed.
        """
        self._check_alive()
        playable_for = getattr(sound, "_playable_for", None)
        if playable_for is None:
            raise TypeError(f"{sound!r} cannot be played; it must be a Buffer or a BaseDecoder")
        self._play(playable_for(self))

    def _play(self, playable: Playable) -> None:
        offset, self._next_offset = self._next_offset, 0
        if offset >= playable.length > 0:
            offset = 0
        engine = self._engine
        self._held = False
        engine.fades.forget(self)
        if self._factor != 1.0:
            engine.voices.release(self)  # avoids a burst of the faded sound at full gain
            self._set_factor(1.0)
        if self._group is not None:  # groups update only sources with a voice
            self._hear_gain()
            self._hear_pitch()
        engine.voices.play(self, playable, offset)
        engine.wake()

    def stop(self) -> None:
        """Stop without an event. No effect on an idle source. The next `play` starts at frame 0 and at full `gain`."""
        self._check_alive()
        self._next_offset = 0
        self._stop()

    def _stop(self) -> None:
        self._held = False
        self._engine.voices.release(self)
        self._engine.fades.forget(self)
        if self._factor != 1.0:
            self._set_factor(1.0)

    def pause(self) -> None:
        """Pause until `resume`. No effect on an idle source.

        If `SourceGroup.pause_all` already paused it, `SourceGroup.resume_all` no longer resumes it.
        """
        self._check_alive()
        self._held = False
        self._pause()

    def _pause(self) -> None:
        self._engine.fades.catch_up(self)
        self._engine.voices.pause(self)

    def resume(self) -> None:
        """Resume after `pause`. No effect if not paused."""
        self._check_alive()
        self._held = False
        self._engine.fades.catch_up(self)
        self._engine.voices.resume(self)
        self._engine.wake()

    def fade_to(self, gain: float, ms: float, start: float | None = None) -> None:
        """Fade to a gain factor, linearly in decibels. Does not block.

        The fade changes a factor that multiplies `gain`, initially 1. The factor keeps its final value until another
        fade, and `stop` or the next `play` resets it to 1. Time is device time. A paused source pauses its fade. A new
        fade continues from the current factor. No effect on an idle source.

        >>> music.play(source)
        >>> source.fade_to(1, 2000, start=0)  # fades in

        Args:
            gain: Final factor, 0 to 1. During the fade, 0 counts as 0.001 (-60 dB).
            ms: Duration in milliseconds, > 0. Each update of the context makes one step.
            start: Initial factor, 0 to 1. None: the current factor.

        Raises:
            ValueError: An argument is out of range.
        """
        self._fade(gain, ms, start, stops=False)

    def fade_out_to_stop(self, gain: float, ms: float) -> None:
        """Fade as `fade_to` does, then stop without an event.

        Args:
            gain: Final factor, 0 to 1; 0 is silence.
            ms: Milliseconds until the stop, > 0.

        Raises:
            ValueError: An argument is out of range.
        """
        self._fade(gain, ms, None, stops=True)

    def _fade(self, gain: float, ms: float, start: float | None, *, stops: bool) -> None:
        self._check_alive()
        target, duration = _fade_factor("gain", gain), _fade_time("ms", ms)
        begin = None if start is None else _fade_factor("start", start)
        self._engine.fades.begin(self, begin, target, duration, stops=stops)

    def destroy(self) -> None:
        """Stop without an event, leave the group and destroy the source. Repeated calls have no effect."""
        if not self._destroyed:
            if self._engine.alive:
                self._check_alive()
                self._stop()
                if self._group is not None:
                    self._group._let_go(self)
            self._group = None
            self._values.clear()
            self._heard.clear()  # may refer to effects
            self._destroyed = True

    @property
    def group(self) -> SourceGroup | None:
        """The group of the source, or None. A change takes effect at once and does not interrupt playback.

        Raises:
            ValueError: Set to a group of another context.
            TypeError: Set to an object other than a group or None.
        """
        self._check_alive()
        return self._group

    @group.setter
    def group(self, group: SourceGroup | None) -> None:
        self._check_alive()
        take_in = None if group is None else getattr(group, "_take_in", None)
        if take_in is not None:
            take_in(self)
        elif group is not None:
            raise TypeError(f"group is {group!r}; it must be a SourceGroup or None")
        elif self._group is not None:
            self._group._let_go(self)

    @property
    def sends(self) -> AuxiliarySends:
        """Auxiliary sends to effects: ``source.sends[0].effect``, ``source.sends[0].filter``."""
        self._check_alive()
        return AuxiliarySends(self)

    @property
    def playing(self) -> bool:
        """Whether the source is playing now. Exact, without an update."""
        self._check_alive()
        return self._engine.voices.is_playing(self)

    @property
    def paused(self) -> bool:
        """Whether the source is paused."""
        self._check_alive()
        return self._voice is not None and self._voice.paused

    @property
    def buffer(self) -> Buffer | None:
        """The playing or paused buffer, or None. A finished buffer remains until the next update."""
        self._check_alive()
        entry = self._voice.playable if self._voice is not None else None
        return self._engine.cache.handle(entry) if isinstance(entry, Entry) else None

    @property
    def offset(self) -> int:
        """Playback position, in frames from the start of the sound.

        Setting it seeks in a playing or paused sound. On an idle source it sets the start of the next `play` (0 if it
        is past the end). A looping sound that seeks beyond its loop end plays to the end.

        Raises:
            RuntimeError: Set past the end of the current sound.
            OverflowError: Set to a negative number.
        """
        self._check_alive()
        return self._engine.voices.offset(self) or self._next_offset

    @offset.setter
    def offset(self, frame: int) -> None:
        self._check_alive()
        frame = checks.integer(-(2**63))("offset", frame)
        if frame < 0:
            raise OverflowError(f"offset is {frame!r}; it must be 0 or more frames")
        playable = self._voice.playable if self._voice is not None else None
        if playable is None or not (self.paused or self.playing):  # it may have ended since the last update
            self._next_offset = frame
            return
        if frame >= playable.length > 0:
            raise RuntimeError(f"offset is {frame}; what plays has only {playable.length} frames")
        self._engine.voices.seek(self, frame)

    @property
    def offset_seconds(self) -> float:
        """Playback position in seconds at the sound's own sample rate; 0 if idle."""
        self._check_alive()
        playable = self._voice.playable if self._voice is not None else None
        return self.offset / playable.frequency if playable is not None else 0.0

    @property
    def latency(self) -> int:
        """Output latency in nanoseconds, from mixing to hearing; 0 if idle.

        Always 0 on a device without hardware, and without AL_SOFT_source_latency.
        """
        self._check_alive()
        voice = self._voice
        if voice is None:
            return 0
        with self._engine.scope as al:
            return al.source_latency(voice.number)

    @property
    def latency_seconds(self) -> float:
        """`latency`, in seconds."""
        return self.latency / 1e9

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

    # Effective values

    @property
    def _speed(self) -> float:
        return float(self._heard.get(_PITCH, 1.0))

    @property
    def _moves(self) -> bool:
        return "velocity" in self._values

    @property
    def _rank(self) -> int:
        return int(self._values.get("priority", 0))

    @property
    def _loops(self) -> bool:
        return "looping" in self._values

    def _changed(self, changed: Property[Any], value: Any) -> None:
        voices, name = self._engine.voices, changed.name
        if name == "gain":
            self._hear_gain()
        elif name == "pitch":
            self._hear_pitch()
        elif name == "looping":
            voices.set_looping(self, value)
        elif name == "priority":
            voices.update_priority(self)
        elif name in ("orientation", "cone_angles"):
            voices.set_property(self, Source._facing, (self.orientation, self.cone_angles))
        elif changed.send is not to.nothing:
            voices.set_property(self, changed, value, timing=name == "velocity")

    def _hear_gain(self) -> None:
        """Send the effective gain. Called after a change of gain, group or fade."""
        gain: float = self._values.get("gain", 1.0) * self._factor
        if self._group is not None:
            gain *= self._group._whole_gain
        self._engine.voices.set_property(self, _GAIN, gain if gain <= checks.FLT_MAX else checks.FLT_MAX)

    def _hear_pitch(self) -> None:
        """Send the effective pitch. Called after a change of pitch or group."""
        pitch: float = self._values.get("pitch", 1.0)
        if self._group is not None:
            pitch *= self._group._whole_pitch
        pitch = min(max(pitch, checks.FLT_MIN), checks.FLT_MAX)
        self._engine.voices.set_property(self, _PITCH, pitch, timing=True)

    def _set_factor(self, factor: float) -> None:
        self._factor = factor
        self._hear_gain()

    def _stop_faded(self) -> None:
        if self._engine.voices.is_playing(self):  # else it has ended, and the update will dispatch the event
            self._stop()

    def _check_alive(self) -> None:
        if self._destroyed:
            self._check_not_destroyed()
        self._engine.check_alive()

    def __bool__(self) -> bool:
        return not self._destroyed and self._engine.alive

    def __repr__(self) -> str:
        if not self:
            return "<Source, destroyed>"
        voice = self._voice
        if voice is None:
            return "<Source, idle>"
        what = getattr(voice.playable, "name", "")
        return f"<Source, {'paused in' if voice.paused else 'playing'} {what!r}>"


# Kept here to avoid a descriptor call for each look-up in the class.
_GAIN, _PITCH = Source.gain, Source.pitch
