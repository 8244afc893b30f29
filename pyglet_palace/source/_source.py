"""Source: a sound emitter with a position."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.elsewhere import answer
from .._common.text import short_repr
from .._current import require_engine
from .._loading.cache import CacheEntry
from .._openal import constants as c
from .._openal import filters
from .._openal import setters as to
from .._openal.properties import NumbersProperty, Property
from .._playback.virtual import sound_of
from .._playback.voice import GAIN, PlaybackState
from ..fades import Fadable
from ..group import SourceGroup, add_to_group, remove_from_group
from ._options import PLAY_OPTIONS, SOURCE_OPTIONS, check_names
from ._placement import Pan
from ._sends import AuxiliarySends
from ._silence import warn_of_silence
from ._spatial import SpatialProperties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from .._engine import Engine
    from .._openal import Functions
    from .._playback.fades import Curve, Fades
    from .._playback.voice import Playable
    from ..buffer import Buffer
    from ..context import Context
    from ..decoder import BaseDecoder
    from ._options import PlayOptions, SourceOptions

_fade_in = checks.number(0.0)
_start_time = checks.number(0.0)
_seconds = checks.number()
#: Stands for the missing argument of ``play()``.
_NO_SOUND: Any = object()
#: OpenAL gets a queue of this length at most.
_MOST_LOOPS = 10_000


def _send_resampler(al: Functions, number: int, index: int) -> None:
    if index < 0:
        index = al.alGetInteger(c.AL_DEFAULT_RESAMPLER_SOFT)
    al.alSourcei(number, c.AL_SOURCE_RESAMPLER_SOFT, index)


class Source(SpatialProperties, Fadable):
    """Sound emitter that plays one sound at a time. Any number of sources may play the same `Buffer` at once.

    A source is a plain Python object. It uses one of OpenAL's few voices while it plays, so the number of sources is
    not limited, and `play` never fails for lack of a voice: see `priority` and `audible`. Properties can be set at any
    time, before, during and between sounds, and keep their values. The context keeps a playing or paused source alive.

    The effective gain is `gain` times the gains of its `group` and all parent groups, times the current fade factor
    (`fade_to`, `fade_out_to_stop`). The effective pitch is `pitch` times the pitches of the groups, and the effective
    `filter` is the product with the filters of the groups. All return the values that were set.

    Use all members only on the thread that created the context. They do not block. Members of a destroyed source
    raise `DestroyedError`. Sources are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_state",
        "_values",
    )  # a misspelt property is an error

    def _apply_gain(self, gain: float) -> None:
        state = self._state
        before, state.gain = state.gain, gain
        try:
            self._engine.voices.update_gain(state)
        except BaseException:
            state.gain = before
            raise
        if gain > 1.0 and state.voice is not None:
            self._warn_of_silence()

    def _apply_pan(self, pan: float) -> None:
        state = self._state
        self._engine.voices.set_placement(state, Pan(pan))
        self._values.pop("position", None)
        state.parameters.pop(Source.position, None)

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
        state = self._state
        before = state.loops
        try:
            self._engine.voices.set_loops(state, loops)
        except BaseException:
            state.loops = before
            raise
        self._values["loops"], self._values["looping"] = loops, not loops

    def _apply_priority(self, priority: int) -> None:
        self._engine.voices.set_priority(self._state, priority)

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
        start to its end, unless its file has loop points too.""",
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

    def __init__(self, context: Context | None = None, **options: Unpack[SourceOptions]) -> None:
        """Create an idle source.

        >>> engine = Source(looping=True, position=(4, 0, -2))

        Args:
            context: The context to play in. None: the current context.
            options: Properties to set: `gain`, `pitch`, `pan`, `position`, `velocity`, `looping`, `loops`, `group`,
                `priority`, `filter`.

        Raises:
            TypeError: There is no such option. The text suggests the right one.
            RuntimeError: No context was given and none is current, or another thread created the context.
        """
        engine = require_engine(context)
        engine.check_alive()
        self._set_up(engine)
        if options:
            check_names("Source", options, SOURCE_OPTIONS)
            for name, value in options.items():
                setattr(self, name, value)

    def _set_up(self, engine: Engine) -> None:
        self._engine = engine
        self._values: dict[str, Any] = {}
        self._state = PlaybackState(self)
        self._init_lifetime()

    def play(self, sound: Buffer | BaseDecoder = _NO_SOUND, **options: Unpack[PlayOptions]) -> None:
        """Play `sound` from the start, or from `offset` if that was set since the last play. Does not block.

        A decoder is streamed: a thread reads it during playback, see `BaseDecoder.play`. The new sound replaces the
        current one without an event. If no voice is available, a repeated sound is virtual (see `audible`). Another
        sound is not heard: `playing` is False, and the next update dispatches `source_force_stopped`.

        Args:
            sound: What to play.
            options: As for `Buffer.play`.

        Raises:
            ValueError: `sound` belongs to another context, or an option is out of range.
            TypeError: `sound` is neither a `Buffer` nor a `BaseDecoder`, or there is no such option.
            RuntimeError: `sound` is a decoder that another source is playing.
            DestroyedError: `sound` or this source was destroyed.
        """
        self._check_alive()
        if sound is _NO_SOUND:
            raise TypeError("play() needs a sound, such as palace.Buffer(name); resume() continues after pause()")
        playable = playable_for(sound, self)
        if options:
            set_play_options(self, "play", options)
        start_playing(self, playable)

    def stop(self) -> None:
        """Stop without an event. The next `play` starts at frame 0 and at full `gain`.

        On an idle source, only `offset` is reset.
        """
        self._check_alive()
        self._state.next_offset, self._state.next_fade_in = 0, 0.0
        self._engine.transport.stop(self._state)

    def pause(self) -> None:
        """Pause until `resume`. No effect on an idle source. A sound that is still being loaded starts paused.

        If `SourceGroup.pause_all` already paused it, `SourceGroup.resume_all` no longer resumes it.
        """
        self._check_alive()
        self._state.paused_by_group = False
        self._engine.transport.pause(self._state)

    def resume(self) -> None:
        """Resume after `pause`. No effect if not paused."""
        self._check_alive()
        self._engine.transport.resume(self._state)
        self._engine.wake()

    def fade_to(self, gain: float, ms: float, start: float | None = None, *, curve: Curve = "decibel") -> None:
        """Fade to a gain factor. Does not block.

        The fade changes a factor that multiplies `gain`, initially 1. The factor keeps its final value until another
        fade, and `stop` or the next `play` resets it to 1. Time is device time. A paused source pauses its fade. A new
        fade continues from the current factor. No effect on an idle source.

        >>> music.play(source)
        >>> source.fade_to(1, 2000, start=0)  # fades in

        Args:
            gain: Final factor, 0 to 1.
            ms: Duration in milliseconds, > 0. Each update of the context makes one step.
            start: Initial factor, 0 to 1. None: the current factor.
            curve: ``'decibel'``: equal decibels in equal times; during the fade, 0 counts as 0.001 (-60 dB).
                ``'linear'``: equal steps of the factor. ``'equal power'``: a quarter of a sine, for a crossfade.

        Raises:
            ValueError: An argument is out of range.
        """
        super().fade_to(gain, ms, start, curve=curve)

    def fade_out_to_stop(self, gain: float, ms: float, *, curve: Curve = "decibel") -> None:
        """Fade as `fade_to` does, then stop without an event.

        Args:
            gain: Final factor, 0 to 1; 0 is silence.
            ms: Milliseconds until the stop, > 0.
            curve: As for `fade_to`.

        Raises:
            ValueError: An argument is out of range.
        """
        super().fade_out_to_stop(gain, ms, curve=curve)

    def _fading(self) -> tuple[Fades[Any], PlaybackState]:
        return self._engine.transport.fades, self._state

    def destroy(self) -> None:
        """Stop without an event, leave the group and destroy the source. Repeated calls have no effect."""
        if not self._destroyed:
            if self._engine.alive:
                self._check_alive()
                self._engine.transport.stop(self._state)
                remove_from_group(self._state, self._engine)
            self._state.group = None
            self._values.clear()
            self._state.parameters.clear()  # may refer to effects
            self._destroyed = True

    @property
    def group(self) -> SourceGroup | None:
        """The group of the source, or None. A change takes effect at once and does not interrupt playback.

        Raises:
            ValueError: Set to a group of another context.
            TypeError: Set to an object other than a group or None.
        """
        self._check_alive()
        group: SourceGroup | None = self._state.group
        return group

    @group.setter
    def group(self, group: SourceGroup | None) -> None:
        self._check_alive()
        if group is None:
            remove_from_group(self._state, self._engine)
        elif isinstance(group, SourceGroup):
            add_to_group(group, self._state, self._engine)
        else:
            raise TypeError(f"group is {short_repr(group)}; it must be a SourceGroup or None")

    @property
    def sends(self) -> AuxiliarySends:
        """Auxiliary sends to effects: ``source.sends[0].effect``, ``source.sends[0].filter``."""
        self._check_alive()
        return AuxiliarySends(self, self._engine, self._state)

    @property
    def playing(self) -> bool:
        """Whether the source is playing now. Exact, without an update."""
        self._check_alive()
        return self._engine.voices.is_playing(self._state)

    @property
    def paused(self) -> bool:
        """Whether the source is paused, or will start paused (see `waiting`)."""
        self._check_alive()
        player = self._state.voice or self._state.waiting
        return player is not None and player.paused

    @property
    def waiting(self) -> bool:
        """Whether the source waits for its sound to be loaded (see `palace.play`). False from its start on."""
        self._check_alive()
        return self._state.waiting is not None

    @property
    def on_stopped(self) -> Callable[[Source], object] | None:
        """Called with the source when it has reached the end of its sound; None: nothing is called.

        `Context.update` calls it, before `MessageHandler.source_stopped` and the context's event.

        Raises:
            TypeError: Set to an object that cannot be called.
        """
        self._check_alive()
        return self._state.on_stopped

    @on_stopped.setter
    def on_stopped(self, callback: Callable[[Source], object] | None) -> None:
        self._check_alive()
        self._state.on_stopped = checks.function_or_none("on_stopped", callback)

    @property
    def on_force_stopped(self) -> Callable[[Source], object] | None:
        """Called with the source when it was stopped before its end or is not heard; None: nothing is called.

        The causes and the time are those of `MessageHandler.source_force_stopped`, before which it is called.

        Raises:
            TypeError: Set to an object that cannot be called.
        """
        self._check_alive()
        return self._state.on_force_stopped

    @on_force_stopped.setter
    def on_force_stopped(self, callback: Callable[[Source], object] | None) -> None:
        self._check_alive()
        self._state.on_force_stopped = checks.function_or_none("on_force_stopped", callback)

    @property
    def audible(self) -> bool:
        """Whether the source is playing and has a voice. False while it is virtual, paused or idle.

        A source with `loops` other than 1 that loses its voice, or finds none, becomes virtual: `playing` stays True,
        and `offset` advances with the device clock and the pitch, round the loop. Finite `loops` are counted, and the
        sound ends when it would have ended. It is heard again, in phase, when an update finds a voice for it: see
        `priority`. Everything else works as with a voice. The Doppler effect does not change the
        `offset` of a virtual source. A virtual stream is not decoded. When it returns, it is silent while its first
        chunks are decoded, then skips that time; a `LoopbackDevice` waits for them. A stream of unknown length does not
        become virtual; it is stopped.
        """
        return self.playing and self._state.has_real_voice

    @property
    def buffer(self) -> Buffer | None:
        """The playing or paused buffer, or None. A finished buffer remains until the next update."""
        self._check_alive()
        entry = self._playable
        return self._engine.cache.handle(entry) if isinstance(entry, CacheEntry) else None

    @property
    def offset(self) -> int:
        """Playback position, in frames from the start of the sound.

        Setting it seeks in a playing or paused sound. On an idle source it sets the start of the next `play` (0 if it
        is past the end). A looping sound that seeks beyond its loop end plays to the end.

        Raises:
            RuntimeError: Set to or past the end of the current sound.
            OverflowError: Set to a negative number.
        """
        self._check_alive()
        following = self._state.next_offset  # a float is in seconds of a sound that is not known yet
        return self._engine.voices.offset(self._state) or (following if isinstance(following, int) else 0)

    @offset.setter
    def offset(self, frame: int) -> None:
        self._check_alive()
        frame = checks.integer(-(2**63))("offset", frame)
        if frame < 0:
            raise OverflowError(f"offset is {short_repr(frame)}; it must be 0 or more frames")
        playable = self._playable
        if playable is None or not (self.paused or self.playing):  # it may have ended since the last update
            self._state.next_offset = frame
            return
        if frame >= playable.length > 0:
            raise RuntimeError(f"offset is {frame}; the current sound has only {playable.length} frames")
        self._engine.voices.seek(self._state, frame)

    @property
    def offset_seconds(self) -> float:
        """Playback position in seconds, at the sound's own sample rate.

        Setting it seeks in a playing or paused sound, to the nearest frame. On an idle or waiting source it sets the
        start of the next sound, and returns that value.

        Raises:
            ValueError: Set to a negative number.
            RuntimeError: Set to or past the end of the current sound. `seek` stays in the sound instead.
        """
        self._check_alive()
        playable, following = self._playable, self._state.next_offset
        if playable is not None:
            return self.offset / playable.frequency
        return following if isinstance(following, float) else 0.0

    @offset_seconds.setter
    def offset_seconds(self, seconds: float) -> None:
        self._check_alive()
        seconds = _start_time("offset_seconds", seconds)
        playable = self._playable
        if playable is None or not (self.paused or self.playing):
            self._state.next_offset = seconds
        else:
            self.offset = round(seconds * playable.frequency)

    def seek(self, seconds: float) -> None:
        """Continue at a time of the sound, as setting `offset_seconds` does, but never outside of the sound.

        Before its start means its start; past its end means its last frame. On an idle or waiting source it sets the
        start of the next sound.

        Args:
            seconds: Seconds from the start of the sound.

        Raises:
            ValueError, TypeError: `seconds` is not a finite number.
        """
        self._check_alive()
        seconds = max(_seconds("seconds", seconds), 0.0)
        playable = self._playable
        if playable is not None and playable.length:
            frame = min(round(seconds * playable.frequency), playable.length - 1)
            seconds = frame / playable.frequency
        self.offset_seconds = seconds

    @property
    def latency(self) -> int:
        """Output latency in nanoseconds, from mixing to hearing; 0 if idle or virtual.

        Always 0 on a device without hardware, and without AL_SOFT_source_latency.
        """
        self._check_alive()
        voice = self._state.voice
        if voice is None or not self._state.has_real_voice:
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

    def _warn_of_silence(self) -> None:
        playable = self._playable
        if playable is not None:
            warn_of_silence(self._state, playable, self._engine.context)

    @property
    def _playable(self) -> Playable | None:
        return sound_of(self._state.voice)

    def __repr__(self) -> str:
        if not self:
            return "<Source, destroyed>"
        voice = self._state.voice
        if voice is None:
            waiting = self._state.waiting
            return "<Source, idle>" if waiting is None else f"<Source, waiting for {waiting.names[0]!r}>"
        what = getattr(sound_of(voice), "name", "")
        return f"<Source, {'paused in' if voice.paused else 'playing'} {what!r}{'' if voice.number else ', virtual'}>"


@singledispatch
def playable_for(sound: object, source: Source) -> Playable:
    """Return what a voice plays for `sound` on `source`. Each class of sounds registers a function.

    Raises:
        TypeError: `sound` is not a sound.
        ValueError: `sound` and `source` belong to different contexts.
    """
    hint = f"; palace.play({short_repr(sound)}) plays a sound by its name" if isinstance(sound, str) else ""
    raise TypeError(f"{short_repr(sound)} cannot be played; it must be a Buffer or a BaseDecoder{hint}")


def new_source(engine: Engine) -> Source:
    """Create an idle source of an engine that is alive."""
    source = Source.__new__(Source)
    source._set_up(engine)
    return source


def set_play_options(source: Source, call: str, options: Mapping[str, Any]) -> None:
    """Set the options of a play on a source that is alive, before the play.

    A sound of the source is stopped without an event, so that it is not heard with the options of the next one. Its
    voice gets them all when it starts the next sound, in one context scope.

    Args:
        source: The source.
        call: The name of the call, for errors.
        options: Options of `PlayOptions`. If one is not valid, the sound goes on.
    """
    check_names(call, options, PLAY_OPTIONS)
    state = source._state
    if state.voice is not None:
        for name, value in options.items():
            described = vars(Source).get(name)
            if isinstance(described, Property):
                described.check(name, value)
        source._engine.voices.release(state)
    for name, value in options.items():
        if name == "fade_in":
            state.next_fade_in = _fade_in(name, value)
        else:
            setattr(source, name, value)


def check_alive(source: Source) -> None:
    """Raise unless `source` can be used on this thread."""
    source._check_alive()


def engine_of(source: Source) -> Engine:
    """Return the engine of the context of `source`."""
    return source._engine


def state_of(source: Source) -> PlaybackState:
    """Return the playback state of `source`."""
    return source._state


def start_playing(source: Source, playable: Playable, *, paused: bool = False) -> None:
    """Play `playable` on a source that is alive. With `paused`, `Source.resume` starts it."""
    engine = source._engine
    engine.transport.start(source._state, playable, paused=paused)
    parameters = source._state.parameters
    if parameters and (playable.channel_config != "Mono" or parameters.get(GAIN, 1.0) > 1.0):
        source._warn_of_silence()
    engine.wake()


answer(
    Source,
    {
        "volume": "gain",
        "loop": "looping",
        "speed": "pitch",
        "time": "offset_seconds",
        "get_volume": "gain",
        "set_volume": "gain",
        "get_busy": "playing",
        "is_playing": "playing",
        "source": "buffer",
        "queue": "play(sound) in on_stopped",
        "delete": "stop() or destroy()",
        "fadeout": "fade_out_to_stop(0, milliseconds)",
        "unpause": "resume()",
        "duration": "buffer.length_seconds",
    },
)
