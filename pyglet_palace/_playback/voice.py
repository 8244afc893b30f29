"""Voice, and the interfaces of sounds and of the sources that borrow voices."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Protocol

from .._common import checks
from .._openal import constants as c
from .._openal import filters, setters
from .._openal.properties import Property

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._openal import Functions
    from ..errors import ResourceError
    from .fades import NextFade
    from .held_start import HeldStart

#: Voice parameters that several settings of a source determine together.
GAIN = Property(checks.number(0.0), 1.0, setters.number(c.AL_GAIN), "Gain of the voice.")
PITCH = Property(checks.number(0.0, above=True), 1.0, setters.number(c.AL_PITCH), "Pitch of the voice.")
FILTER = Property(filters.check_filter, filters.OPEN, filters.send_direct_filter, "Direct filter of the voice.")

#: Stands for the value of a `Placement`.
PLACE = Property(checks.number(), 0.0, setters.nothing, "Place of the voice.")


class Playable(Protocol):
    """A sound that voices play: a static sound or a stream. It attaches itself to the voice.

    Every method is called inside a context scope. Methods that return remaining frames return None if no end is in
    sight.
    """

    name: str
    frequency: int
    #: One of `channel_configs`.
    channel_config: str
    #: Total frames; 0 if unknown.
    length: int

    def loop(self, loops: int) -> tuple[int, int] | None:
        """Return the part that is repeated if the sound is played `loops` times, 0 for ever.

        It is the start and the end frame, end exclusive; None if the end of the sound is unknown.
        """

    @property
    def resists_stealing(self) -> bool:
        """Whether only a strictly higher priority steals the voice."""

    @property
    def failure(self) -> ResourceError | None:
        """Why the sound ended too early; None if it did not."""

    def start(self, al: Functions, voice: Voice, offset: float, loops: int) -> int | None:
        """Play `loops` times from `offset`, 0 for ever; return the remaining frames. With `Voice.held`, only prepare.

        `offset` may have a fraction. The part between the loop points is repeated. The end follows its last repetition.
        """

    def is_ready(self, al: Functions, voice: Voice) -> bool:
        """Return whether a held voice can start now."""

    def mark_started(self, al: Functions, voice: Voice) -> None:
        """Note that a voice has started with its `Voice.held`. May be called twice."""

    def detach(self, al: Functions, voice: Voice) -> None:
        """Leave the voice silent with nothing attached. May be called at any time after `start`."""

    def pause(self, al: Functions, voice: Voice) -> bool:
        """Pause; return False if the sound has already ended."""

    def resume(self, al: Functions, voice: Voice) -> None:
        """Continue after `pause`."""

    def is_playing(self, al: Functions, voice: Voice) -> bool:
        """Return whether the sound is heard. The voice is not paused."""

    def frames_left(self, al: Functions, voice: Voice) -> int | None:
        """Return the remaining frames; 0 after the end. The voice is not paused."""

    def offset(self, al: Functions, voice: Voice) -> int:
        """Return the current frame."""

    def progress(self, al: Functions, voice: Voice) -> tuple[int, float, int | None]:
        """Return the current position in 2**-32 frames, and how often the sound still continues at its loop's start.

        The last item is the device clock at the same moment; None if unknown.
        """

    def seek(self, al: Functions, voice: Voice, frame: float) -> bool:
        """Continue at `frame`, which may have a fraction.

        Return whether the voice was prepared again, and has to be started.
        """

    def set_loops(self, al: Functions, voice: Voice, loops: int) -> bool:
        """Play `loops` times, 0 for ever, where the current time counts as the first.

        Return whether the voice was prepared again, at its present frame, and has to be started.
        """

    def begin_virtual(self, voice: Voice) -> None:
        """Count as played by a virtual voice."""

    def end_virtual(self, voice: Voice) -> None:
        """The virtual voice ends, or a voice of OpenAL has replaced it."""

    def catch_up(self, passed: Callable[[], float]) -> None:
        """If the sound is heard later than `start` was called, skip the frames that `passed` returns at that time."""


class Placement(Protocol):
    """A rule for the place of a source: it determines several parameters of the voice together.

    Attributes:
        parameters: The parameters of a state that it replaces.
        sent: The parameters of a voice that it always sends.
    """

    parameters: frozenset[Property[Any]]
    sent: frozenset[Property[Any]]

    def send(self, al: Functions, voice: Voice, changed: Property[Any] | None) -> None:
        """Send the place of `voice`, which has a state and a sound. Called inside a context scope.

        Args:
            al: The OpenAL functions.
            voice: The voice. Its gain is sent too, with the new `Voice.place_gain`.
            changed: The parameter that has changed, or `PLACE`; None: all are new to the voice.
        """


class DeviceClock(Protocol):
    """The clock of the device that the voices play on."""

    has_clock: bool
    #: Whether hardware advances the clock, about as fast as time passes.
    hardware: bool

    @property
    def frequency(self) -> int: ...
    @property
    def clock_time(self) -> int: ...


class PlaybackDevice(DeviceClock, Protocol):
    """The device that sources play on."""

    #: Called with the name of each sound that starts to play.
    on_play: Callable[[str], None] | None


class GroupTotals:
    """Total gain, pitch and filter of a group and the groups above it."""

    __slots__ = ("filter", "gain", "pitch")

    def __init__(self) -> None:
        self.set(1.0, 1.0, filters.OPEN)

    def set(self, gain: float, pitch: float, through: filters.Filter) -> None:
        """Replace the totals."""
        self.gain = gain
        self.pitch = pitch
        self.filter = through

    @property
    def values(self) -> tuple[float, float, filters.Filter]:
        """Gain, pitch and filter."""
        return self.gain, self.pitch, self.filter


class WaitingPlay(Protocol):
    """A play that waits for its sound to be loaded."""

    #: Whether the source was paused meanwhile, so that the sound starts paused.
    paused: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the sound."""

    def withdraw(self) -> None:
        """Stop waiting. Cancel the load if nothing else waits for it."""


class PlaybackState:
    """The settings of a source that its voice needs, and the voice that it borrows.

    Attributes:
        voice: The borrowed voice, or a virtual one; None while the source is idle.
        parameters: Voice parameters that differ from OpenAL's defaults, with their values.
        priority: Priority for voice stealing.
        loops: How often the source plays a sound; 0: for ever.
        gain: Gain of the source itself.
        pitch: Pitch of the source itself.
        filter: Filter of the direct sound of the source itself.
        moving: Whether the source has a velocity, so that the Doppler effect changes its pitch.
        fade_factor: Factor that fades multiply the gain by.
        group: The `SourceGroup` of the source, or None.
        mix: Totals of the group; None without one.
        paused_by_group: Whether `SourceGroup.pause_all` paused the source.
        next_offset: Where the next play starts: an int in frames, a float in seconds.
        next_offset_clamped: Whether a `next_offset` past the end of the sound means its last frame, not its start.
        next_fade: The fade with which the next play starts, or None.
        lost: Whether the last play is not heard because its sound did not arrive, or for lack of a voice.
        on_stopped: Called with the source when it has reached the end of its sound, or None.
        on_force_stopped: Called with the source when it was stopped before the end, or None.
        waiting: The play that waits for its sound to be loaded, or None.
        placement: The rule for the place of this source; None: that of the context.
    """

    # Class attributes are the defaults, so that a new source, which each plain play makes, stores little.
    voice: Voice | None = None
    priority = 0
    loops = 1
    gain = 1.0
    pitch = 1.0
    filter = filters.OPEN
    moving = False
    fade_factor = 1.0
    group: Any = None
    mix: GroupTotals | None = None
    paused_by_group = False
    next_offset: float = 0
    next_offset_clamped = False
    next_fade: NextFade | None = None
    lost = False
    on_stopped: Callable[[Any], object] | None = None
    on_force_stopped: Callable[[Any], object] | None = None
    waiting: WaitingPlay | None = None
    placement: Placement | None = None

    def __init__(self, source: Any) -> None:
        """Describe an idle source with default settings.

        Args:
            source: The public `Source`. The state refers to it weakly; a voice in use keeps it alive.
        """
        self.source_of: Callable[[], Any] = weakref.ref(source)
        self.parameters: dict[Property[Any], Any] = {}

    @property
    def has_real_voice(self) -> bool:
        """Whether the source has a voice of OpenAL."""
        return self.voice is not None and self.voice.number > 0

    @property
    def looping(self) -> bool:
        """Whether the source loops for ever."""
        return not self.loops

    @property
    def source(self) -> Any:
        """The public `Source`; None after it was collected."""
        return self.source_of()


class Voice:
    """One OpenAL source, and the playback state that uses it; or a virtual voice, which has no OpenAL source.

    In the pool a voice is silent, detached and in OpenAL's initial state. `touched` lists the parameters to reset.

    Attributes:
        number: The OpenAL name of the source; 0 for a virtual voice.
        state: The playback state that borrows the voice; None in the pool.
        source: The public `Source` of the state, which the voice keeps alive.
        playable: The sound that it plays; a `VirtualSound` for a virtual voice.
        paused: Whether it is paused.
        passes: How often the part between the loop points is in its queue; 0: it has no queue.
        held: The common start that it waits for; None: it has started.
        first_frame: The frame at which it starts, or was sought to before its start. It may have a fraction.
        started: Number of the play, in the order of all plays of the pool.
        end_entry: Serial number of the newest entry in `EndTimes`; None without one.
        touched: Parameters that differ from OpenAL's defaults.
        place_gain: Factor of the gain that the placement determines.
    """

    __slots__ = (
        "end_entry",
        "first_frame",
        "held",
        "number",
        "passes",
        "paused",
        "place_gain",
        "playable",
        "source",
        "started",
        "state",
        "touched",
    )

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.state: PlaybackState | None = None
        self.source: Any = None
        self.playable: Playable | None = None
        self.paused = False
        self.passes = 0
        self.held: HeldStart | None = None
        self.first_frame = 0.0
        self.started = 0
        self.end_entry: int | None = None
        self.touched: set[Property[Any]] = set()
        self.place_gain = 1.0
