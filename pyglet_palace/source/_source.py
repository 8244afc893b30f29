"""Source: something that sounds, somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.lifetime import Destroyable
from .._current import require_context
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

    A source is a plain Python object. It borrows one of OpenAL's few voices while it plays, so there may be as many
    as one likes, and `play` never fails for want of a voice: see `priority`. Properties may be set at any time,
    before, during and between sounds, and stay. While it is playing or paused, its context keeps it alive.

    What is heard is its `gain` times the gains of its `group` and of the groups above, times where a fade stands
    (`fade_to`, `fade_out_to_stop`); its `pitch` times the pitches of the groups. `gain` and `pitch` read what was set.

    Every member may be used on the thread that made the context only, and none blocks. Those of a destroyed source
    raise `DestroyedError`. Sources are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_factor",
        "_group",
        "_heard",
        "_held",
        "_next_offset",
        "_values",
        "_voice",
    )  # a misspelt property is an error

    pitch = Property(
        checks.number(0.0, above=True), 1.0, to.number(c.AL_PITCH), "Speed and pitch, > 0; 2 is an octave up."
    )
    gain = Property(
        checks.number(0.0),
        1.0,
        to.number(c.AL_GAIN),
        "Loudness, a linear factor >= 0. More than 1 only makes up for distance and quiet groups: see `gain_range`.",
    )
    filter = Property(
        filters.check_filter,
        filters.OPEN,
        filters.send_direct_filter,
        "(gain, hf, lf) of what is heard directly, not through `sends`: linear factors that are brought into 0 to 1; "
        "`hf` is of frequencies around 5000 Hz and higher, `lf` of those around 250 Hz and lower.",
    )
    looping = Property(
        checks.boolean,
        False,
        to.nothing,
        "Whether it goes on at the loop's start when it comes to its end.",
    )
    priority = Property(
        checks.integer(0),
        0,
        to.nothing,
        """Who is heard when OpenAL's voices (256, usually) run out; a whole number >= 0.

        The lowest priority gives way to a newcomer of the same or a higher one; among equals the one-shot that
        started first. Looping and paused sounds and streams give way to a strictly higher priority only. Who gives
        way, or is not heard at all, gets `MessageHandler.source_force_stopped`.""",
    )

    _resampler = Property(
        checks.integer(-1),
        -1,
        to.with_extension("AL_SOFT_source_resampler", "resampler_index", _send_resampler),
        "What `resampler_index` was set to; -1: nothing.",
    )

    def __init__(self, context: Context | None = None) -> None:
        """
        Args:
            context: Where it is to be heard; None: the current one.

        Raises:
            RuntimeError: No context was given and none is current; or this is not the thread that made it.
        """
        self._context = require_context(context)
        self._context._check_alive()
        self._values: dict[str, Any] = {}
        self._heard: dict[Property[Any], Any] = {}
        self._voice: Voice | None = None
        self._next_offset = 0
        self._group: SourceGroup | None = None
        #: Whether it is paused because its group, or one above, is.
        self._held = False
        #: Where fades have brought it, a factor of its gain.
        self._factor = 1.0
        self._init_lifetime()

    @property
    def context(self) -> Context:
        """The context it is heard in."""
        return self._context

    def play(self, sound: Buffer | BaseDecoder) -> None:
        """Play `sound` from the start, or from `offset` if that was set since the last play. Does not block.

        A decoder is streamed: a thread reads it while it plays, see `BaseDecoder.play`. A sound that this source was
        playing is replaced, without news. When no voice can be had, it is not heard: `playing` is False
        then, and the next update tells `source_force_stopped`.

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
        context = self._context
        self._held = False
        context._fades.forget(self)
        if self._factor != 1.0:
            context._voices.release(self)  # what has faded is not to be heard again at its full gain
            self._set_factor(1.0)
        if self._group is not None:  # which tells those only that have a voice
            self._hear_gain()
            self._hear_pitch()
        context._voices.play(self, playable, offset)
        context._wake()

    def stop(self) -> None:
        """Stop, without news; nothing if it does not play. The next `play` starts at the beginning, at full `gain`."""
        self._check_alive()
        self._next_offset = 0
        self._stop()

    def _stop(self) -> None:
        self._held = False
        self._context._voices.release(self)
        self._context._fades.forget(self)
        if self._factor != 1.0:
            self._set_factor(1.0)

    def pause(self) -> None:
        """Stop for now; `resume` goes on. Nothing if it does not play.

        What `SourceGroup.pause_all` has paused already counts as paused alone from now on: `SourceGroup.resume_all`
        leaves it as it is.
        """
        self._check_alive()
        self._held = False
        self._pause()

    def _pause(self) -> None:
        self._context._fades.catch_up(self)
        self._context._voices.pause(self)

    def resume(self) -> None:
        """Go on after `pause`. Nothing if it is not paused."""
        self._check_alive()
        self._held = False
        self._context._fades.catch_up(self)
        self._context._voices.resume(self)
        self._context._wake()

    def fade_to(self, gain: float, ms: float, start: float | None = None) -> None:
        """Grow louder or quieter, equal decibels in equal times, and stay so. Does not block.

        What changes is a factor on top of `gain`, 1 where nothing was faded. It stays where the fade ends until
        another fade, or until `stop` or the next `play`, at which it is 1 again. Time is that of the device; while
        the source is paused, its fade waits. Another fade takes over from where this one stands. On a source that
        neither plays nor is paused nothing happens.

        >>> music.play(source)
        >>> source.fade_to(1, 2000, start=0)  # fades in

        Args:
            gain: The factor to end with, 0 to 1. On the way, 0 counts as 0.001 (-60 dB).
            ms: Milliseconds it takes, > 0. Steps are as fine as updates of the context are frequent.
            start: The factor to begin with, 0 to 1; None: the one it has.

        Raises:
            ValueError: An argument is out of range.
        """
        self._fade(gain, ms, start, stops=False)

    def fade_out_to_stop(self, gain: float, ms: float) -> None:
        """Fade, as `fade_to` does, and stop then, without news.

        Args:
            gain: The factor to end with, 0 to 1; 0 is silence.
            ms: Milliseconds until it stops, > 0.

        Raises:
            ValueError: An argument is out of range.
        """
        self._fade(gain, ms, None, stops=True)

    def _fade(self, gain: float, ms: float, start: float | None, *, stops: bool) -> None:
        self._check_alive()
        target, duration = _fade_factor("gain", gain), _fade_time("ms", ms)
        begin = None if start is None else _fade_factor("start", start)
        self._context._fades.begin(self, begin, target, duration, stops=stops)

    def destroy(self) -> None:
        """Stop, without news, leave its group, and be of no more use. Nothing the second time."""
        if not self._destroyed:
            if self._context:
                self._check_alive()
                self._stop()
                if self._group is not None:
                    self._group._let_go(self)
            self._group = None
            self._values.clear()
            self._heard.clear()  # effects among them
            self._destroyed = True

    @property
    def group(self) -> SourceGroup | None:
        """The group it belongs to, or None. Setting it is heard at once; it goes on playing.

        Raises:
            ValueError: Set to a group of another context.
            TypeError: Set to what is no group.
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
        """Its ways to effects: ``source.sends[0].effect``, ``source.sends[0].filter``."""
        self._check_alive()
        return AuxiliarySends(self)

    @property
    def playing(self) -> bool:
        """Whether it is heard at this moment. Exact; needs no update."""
        self._check_alive()
        return self._context._voices.is_playing(self)

    @property
    def paused(self) -> bool:
        """Whether it waits for `resume`."""
        self._check_alive()
        return self._voice is not None and self._voice.paused

    @property
    def buffer(self) -> Buffer | None:
        """The buffer it is playing or paused in, or has played until now and no update has seen the end; or None."""
        self._check_alive()
        entry = self._voice.playable if self._voice is not None else None
        return self._context._shelf.handle(entry) if isinstance(entry, Entry) else None

    @property
    def offset(self) -> int:
        """Where it is, in frames from the start of the sound.

        Setting it moves a playing or paused sound. On a source that plays nothing it says where the next `play`
        starts (at 0 if that is past the end). A looping sound that is moved beyond its loop plays on to the end.

        Raises:
            RuntimeError: Set past the end of what plays.
            OverflowError: Set to a negative number.
        """
        self._check_alive()
        return self._context._voices.offset(self) or self._next_offset

    @offset.setter
    def offset(self, frame: int) -> None:
        self._check_alive()
        frame = checks.integer(-(2**63))("offset", frame)
        if frame < 0:
            raise OverflowError(f"offset is {frame!r}; it must be 0 or more frames")
        playable = self._voice.playable if self._voice is not None else None
        if playable is None or not (self.paused or self.playing):  # it may have ended, and no update has seen it
            self._next_offset = frame
            return
        if frame >= playable.length > 0:
            raise RuntimeError(f"offset is {frame}; what plays has only {playable.length} frames")
        self._context._voices.seek(self, frame)

    @property
    def offset_seconds(self) -> float:
        """Where it is, in seconds from the start of the sound at its own rate; 0 if it plays nothing."""
        self._check_alive()
        playable = self._voice.playable if self._voice is not None else None
        return self.offset / playable.frequency if playable is not None else 0.0

    @property
    def latency(self) -> int:
        """Nanoseconds from now until what is mixed now is heard; 0 if it plays nothing.

        Always 0 on a device without hardware, and without AL_SOFT_source_latency.
        """
        self._check_alive()
        voice = self._voice
        if voice is None:
            return 0
        with self._context._scope as al:
            return al.source_latency(voice.number)

    @property
    def latency_seconds(self) -> float:
        """`latency`, in seconds."""
        return self.latency / 1e9

    @property
    def resampler_index(self) -> int:
        """How it is brought to another rate or pitch: an index into `Context.available_resamplers`.

        Default: `Context.default_resampler_index`. Without AL_SOFT_source_resampler nothing is heard of it.

        Raises:
            ValueError: Set to an index that is not there.
        """
        index = self._resampler
        return self._context.default_resampler_index if index < 0 else index

    @resampler_index.setter
    def resampler_index(self, index: int) -> None:
        self._check_alive()
        there = self._context.available_resamplers
        self._resampler = checks.integer(0, len(there) - 1 if there else None)("resampler_index", index)

    # What is heard

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
        voices, name = self._context._voices, changed.name
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
        """Be heard as loud as gain, groups and fades make it; called whenever one of them has changed."""
        gain: float = self._values.get("gain", 1.0) * self._factor
        if self._group is not None:
            gain *= self._group._whole_gain
        self._context._voices.set_property(self, _GAIN, gain if gain <= checks.FLT_MAX else checks.FLT_MAX)

    def _hear_pitch(self) -> None:
        """Be heard as fast as pitch and groups make it; called whenever one of them has changed."""
        pitch: float = self._values.get("pitch", 1.0)
        if self._group is not None:
            pitch *= self._group._whole_pitch
        pitch = min(max(pitch, checks.FLT_MIN), checks.FLT_MAX)
        self._context._voices.set_property(self, _PITCH, pitch, timing=True)

    def _set_factor(self, factor: float) -> None:
        self._factor = factor
        self._hear_gain()

    def _stop_faded(self) -> None:
        if self._context._voices.is_playing(self):  # else it has come to its end, and the update is about to tell
            self._stop()

    def _check_alive(self) -> None:
        if self._destroyed:
            self._check_not_destroyed()
        self._context._check_alive()

    def __bool__(self) -> bool:
        return not self._destroyed and bool(self._context)

    def __repr__(self) -> str:
        if not self:
            return "<Source, destroyed>"
        voice = self._voice
        if voice is None:
            return "<Source, idle>"
        what = getattr(voice.playable, "name", "")
        return f"<Source, {'paused in' if voice.paused else 'playing'} {what!r}>"


# Not looked up in the class each time, which would ask the descriptor.
_GAIN, _PITCH = Source.gain, Source.pitch
