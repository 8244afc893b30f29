"""Source: a sound emitter with a position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._common import checks
from .._common.elsewhere import answer
from .._common.text import short_repr
from .._current import require_engine
from .._openal.properties import Property
from .._playback.virtual import sound_of
from ..fades import Fadable
from ..group import add_to_group, check_group, remove_from_group
from ._options import PLAY_OPTIONS, SOURCE_OPTIONS, check_names
from ._playback_properties import PlaybackProperties
from ._progress import Progress
from ._sends import AuxiliarySends
from ._silence import warn_of_silence
from ._spatial import SpatialProperties
from ._start import check_play_options, playable_for, set_fade_in, set_play_options, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Unpack

    from .._engine import Engine
    from .._playback.fades import Curve, Fades
    from .._playback.voice import Playable, PlaybackState
    from ..buffer import Buffer
    from ..context import Context
    from ..decoder import BaseDecoder
    from ..group import SourceGroup
    from ._options import PlayOptions, SourceOptions

#: Stands for the missing argument of ``play()``.
_NO_SOUND: Any = object()


class Source(PlaybackProperties, Progress, SpatialProperties, Fadable):
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

    __slots__ = ()  # a misspelt property is an error

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

    def play(self, sound: Buffer | BaseDecoder = _NO_SOUND, **options: Unpack[PlayOptions]) -> None:
        """Play `sound` from the start, or from `offset` if that was set since the last play. Does not block.

        A decoder is streamed: a thread reads it during playback, see `BaseDecoder.play`. The new sound replaces the
        current one, or the one that the source waits for, without an event. If no voice is available, a repeated sound
        is virtual (see `audible`). Another sound is not heard: `playing` is False, and the next update dispatches
        `source_force_stopped`. If an option is not valid, none is set, and the current sound goes on.

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
        checked = check_play_options(self, options) if options else options
        playable = playable_for(sound, self)
        if checked:
            set_play_options(self, checked)
        start(self._engine, self._state, playable)

    def stop(self) -> None:
        """Stop without an event. The next `play` starts at frame 0 and at full `gain`.

        On an idle source, only `offset` is reset.
        """
        self._check_alive()
        self._state.next_offset, self._state.next_fade = 0, None
        self._engine.transport.stop(self._state)
        self._engine.wake()  # a fade of its group may go on

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
        fade continues from the current factor. The fade of a source that waits for its sound (see `palace.play`)
        starts with the sound, also in place of its `fade_in`. No effect on an idle source.

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
        """Fade as `fade_to` does, then stop without an event. A source that waits for its sound stops at once.

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
                self._engine.wake()
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
        group = check_group(group, self._state, self._engine)
        if group is None:
            remove_from_group(self._state, self._engine)
        else:
            add_to_group(group, self._state, self._engine)
        self._engine.wake()

    @property
    def sends(self) -> AuxiliarySends:
        """Auxiliary sends to effects: ``source.sends[0].effect``, ``source.sends[0].filter``."""
        self._check_alive()
        return AuxiliarySends(self, self._engine, self._state)

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

    def _warn_of_silence(self) -> None:
        warn_of_silence(self._state, self._engine.context)

    def __repr__(self) -> str:
        if not self:
            return "<Source, destroyed>"
        voice = self._state.voice
        if voice is None:
            waiting = self._state.waiting
            return "<Source, idle>" if waiting is None else f"<Source, waiting for {short_repr(waiting.names[0])}>"
        what = short_repr(getattr(sound_of(voice), "name", ""))
        return f"<Source, {'paused in' if voice.paused else 'playing'} {what}{'' if voice.number else ', virtual'}>"


def _setter(described: Any) -> Callable[[Source, Any], None]:
    """Return the function that sets a property of a source that is alive."""
    setter: Callable[[Source, Any], None] = described.assign if isinstance(described, Property) else described.__set__
    return setter


#: For each option of a play, the function that sets it on a new source.
_OPTION_SETTERS: Mapping[str, Callable[[Source, Any], None]] = {
    **{name: _setter(getattr(Source, name)) for name in PLAY_OPTIONS if name != "fade_in"},
    "fade_in": lambda source, value: set_fade_in(source._state, value),
}


def new_source(engine: Engine, options: Mapping[str, Any]) -> Source:
    """Create an idle source of an engine that is alive.

    Args:
        engine: The engine.
        options: Options of `PlayOptions` for its first play.

    Raises:
        TypeError: There is no such option, or a value has the wrong type.
        ValueError: A value is out of range.
    """
    source = Source.__new__(Source)
    source._set_up(engine)
    for name, value in options.items():
        if name not in _OPTION_SETTERS:
            check_names("play", options, PLAY_OPTIONS)
        _OPTION_SETTERS[name](source, value)
    return source


def play_new_source(engine: Engine, options: Mapping[str, Any], playable: Playable) -> Source:
    """Play `playable` on a new source, and return it. See `new_source`."""
    source = new_source(engine, options)
    start(engine, source._state, playable)
    return source


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
