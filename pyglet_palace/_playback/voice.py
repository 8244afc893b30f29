"""A voice, what it can play, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .._openal import Functions
    from .._openal.properties import Property
    from ..errors import ResourceError


class Playable(Protocol):
    """What a voice plays: a sound in memory, or a stream. It gives itself to the voice.

    Every method is called inside a bracket. Those that say how many frames are left say None where no end is in sight.
    """

    frequency: int
    #: Frames in all; 0 if that is not known.
    length: int

    @property
    def resists_stealing(self) -> bool:
        """Whether it gives way to a strictly higher priority only."""

    @property
    def failure(self) -> ResourceError | None:
        """Why it has ended too early; None if it has not."""

    def start(self, al: Functions, voice: Voice, offset: int, looping: bool) -> int | None:
        """Sound from `offset` on; how many frames are left."""

    def detach(self, al: Functions, voice: Voice) -> None:
        """Leave the voice, silent and with nothing attached. May be called at any time after `begin` was."""

    def pause(self, al: Functions, voice: Voice) -> bool:
        """Stand still; whether it does, for what has ended already is left to be found."""

    def resume(self, al: Functions, voice: Voice) -> None:
        """Go on after `pause`."""

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        """Whether it is heard, not having been paused."""

    def frames_left(self, al: Functions, voice: Voice, looping: bool) -> int | None:
        """How many frames are left, not having been paused; 0 if it has ended."""

    def offset(self, al: Functions, voice: Voice) -> int:
        """The frame it is at."""

    def seek(self, al: Functions, voice: Voice, frame: int) -> None:
        """Go to `frame`."""

    def set_looping(self, al: Functions, voice: Voice, looping: bool) -> None:
        """From now on, go on at the loop's start at its end, or do not."""


class Player(Protocol):
    """What borrows voices (a `Source`)."""

    _voice: Voice | None
    #: What a voice must be told: the properties that are not at OpenAL's default, with the values to be heard.
    _heard: dict[Property[Any], Any]

    @property
    def _rank(self) -> int:
        """Its priority."""

    @property
    def _loops(self) -> bool:
        """Whether what it plays is to loop."""

    @property
    def _speed(self) -> float:
        """The pitch to be heard."""

    @property
    def _moves(self) -> bool:
        """Whether it has a velocity, which changes the pitch in ways that are not foreseen here."""


class DeviceClock(Protocol):
    """The clock of what the voices sound on."""

    has_clock: bool

    @property
    def frequency(self) -> int: ...
    @property
    def clock_time(self) -> int: ...


class Voice:
    """One OpenAL source, and for whom it sounds.

    In the pool it is silent, detached and as OpenAL made it: `touched` names what must be set back to be so again.
    """

    __slots__ = ("end_entry", "number", "paused", "playable", "player", "started", "touched")

    def __init__(self, number: int) -> None:
        self.number = number
        self.player: Player | None = None
        self.playable: Playable | None = None
        self.paused = False
        #: The pool's count of plays when this one began.
        self.started = 0
        #: Of `EndTimes`: the newest entry that is about this voice; None if it needs none.
        self.end_entry: int | None = None
        self.touched: set[Property[Any]] = set()
