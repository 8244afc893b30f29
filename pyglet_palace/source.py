"""Source: something that sounds, somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _checks as checks
from ._current import require_context
from ._lifetime import Mortal
from ._openal import constants as c
from ._property import Property
from ._table import Entry

if TYPE_CHECKING:
    from ._checks import Vector
    from ._openal import Functions
    from ._property import Send
    from ._voices import Playable, Voice
    from .buffer import Buffer
    from .context import Context
    from .decoder import BaseDecoder

#: Properties that change when a sound comes to its end.
_TIMING = frozenset({"pitch"})


def _float(parameter: int) -> Send:
    def send(al: Functions, number: int, value: float) -> None:
        al.alSourcef(number, parameter, value)

    return send


def _integer(parameter: int, extension: str = "") -> Send:
    def send(al: Functions, number: int, value: int) -> None:
        if not extension or al.has_extension(extension):
            al.alSourcei(number, parameter, int(value))

    return send


def _vector(parameter: int) -> Send:
    def send(al: Functions, number: int, value: Vector) -> None:
        al.alSource3f(number, parameter, *value)

    return send


def _nothing(al: Functions, number: int, value: Any) -> None:
    """For properties that OpenAL does not know."""


class Source(Mortal):
    """Plays one sound at a time; any number of sources may play the same `Buffer` at once.

    A source is a plain Python object. It borrows one of OpenAL's few voices while it plays, so there may be as many
    as one likes, and `play` never fails for want of a voice: see `priority`. Properties may be set at any time,
    before, during and between sounds, and stay. While it is playing or paused, its context keeps it alive.

    Every member may be used on the thread that made the context only, and none blocks. Those of a destroyed source
    raise `DestroyedError`. Sources are true until destroyed, sort by age, and are context managers.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_heard",
        "_next_offset",
        "_values",
        "_voice",
    )  # a misspelt property is an error

    pitch = Property(
        checks.number(0.0, above=True), 1.0, _float(c.AL_PITCH), "Speed and pitch, > 0; 2 is an octave up."
    )
    gain = Property(checks.number(0.0), 1.0, _float(c.AL_GAIN), "Loudness, a linear factor >= 0.")
    position = Property(checks.vector, (0.0, 0.0, 0.0), _vector(c.AL_POSITION), "Where it is, (x, y, z) in units.")
    looping = Property(
        checks.boolean,
        False,
        _nothing,
        "Whether it goes on at the loop's start when it comes to its end.",
    )
    direct_channels = Property(
        checks.boolean,
        False,
        _integer(c.AL_DIRECT_CHANNELS_SOFT, "AL_SOFT_direct_channels"),
        "Whether channels go straight to the speakers of the same name (AL_SOFT_direct_channels); not for mono.",
    )
    priority = Property(
        checks.integer(0),
        0,
        _nothing,
        """Who is heard when OpenAL's voices (256, usually) run out; a whole number >= 0.

        The lowest priority gives way to a newcomer of the same or a higher one; among equals the one-shot that
        started first. Looping and paused sounds give way to a strictly higher priority only. Who gives way, or
        is not heard at all, gets `MessageHandler.source_force_stopped`.""",
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
        self._begin()

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
        self._play(playable_for(self._context))

    def _play(self, playable: Playable) -> None:
        offset, self._next_offset = self._next_offset, 0
        if offset >= playable.length > 0:
            offset = 0
        context = self._context
        context._voices.play(self, playable, offset)
        context._wake()

    def stop(self) -> None:
        """Stop, without news; nothing if it does not play. The next `play` starts at the beginning."""
        self._check_alive()
        self._next_offset = 0
        self._context._voices.release(self)

    def pause(self) -> None:
        """Stop for now; `resume` goes on. Nothing if it does not play."""
        self._check_alive()
        self._context._voices.pause(self)

    def resume(self) -> None:
        """Go on after `pause`. Nothing if it is not paused."""
        self._check_alive()
        self._context._voices.resume(self)
        self._context._wake()

    def destroy(self) -> None:
        """Stop, without news, and be of no more use. Nothing the second time."""
        if not self._dead:
            if self._context:
                self._check_alive()
                self._context._voices.release(self)
            self._dead = True

    _end = destroy

    @property
    def playing(self) -> bool:
        """Whether it is heard at this moment. Exact; needs no update."""
        self._check_alive()
        return self._context._voices.sounds(self)

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
        return self._context._table.handle(entry) if isinstance(entry, Entry) else None

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
        return self._next_offset if self._voice is None else self._context._voices.offset(self)

    @offset.setter
    def offset(self, frame: int) -> None:
        self._check_alive()
        frame = checks.integer(-(2**63))("offset", frame)
        if frame < 0:
            raise OverflowError(f"offset is {frame!r}; it must be 0 or more frames")
        playable = self._voice.playable if self._voice is not None else None
        if playable is None:
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
    def _speed(self) -> float:
        return self.pitch

    @property
    def _moves(self) -> bool:
        return False

    def _changed(self, changed: Property[Any], value: Any) -> None:
        voices = self._context._voices
        if changed.name == "looping":
            voices.loop(self, value)
        elif changed.send is not _nothing:
            voices.set(self, changed, value, timing=changed.name in _TIMING)

    def _check_alive(self) -> None:
        self._check_not_dead()
        self._context._check_alive()

    def __bool__(self) -> bool:
        return not self._dead and bool(self._context)

    def __repr__(self) -> str:
        if not self:
            return "<Source, destroyed>"
        voice = self._voice
        if voice is None:
            return "<Source, idle>"
        what = getattr(voice.playable, "name", "")
        return f"<Source, {'paused in' if voice.paused else 'playing'} {what!r}>"
