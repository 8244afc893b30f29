"""Recorder: the sound of a game, rendered in steps of a mock clock, with assertions about it."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyglet.clock
import pyglet.resource

from .._common import checks
from .._common.private_api import set_script_home
from .._common.text import short_repr
from .._current import current_context, use_context
from ..context import Context
from ..device import parts_of
from ..loopback import LoopbackDevice
from ..session import init_on
from .recording import CHANNELS, Recording, level_text, levels, peaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from .recording import Samples

_seconds = checks.number(0.0)
_step = checks.number(0.001, 1.0)
_last = checks.number(0.0, above=True)

#: Plays that a message lists.
_MOST_LISTED = 20


class Played(NamedTuple):
    """A sound that started to play.

    Attributes:
        time: Seconds of the mock clock.
        name: The name of the sound, as in `Buffer.name`.
    """

    time: float
    name: str


class Recorder:
    """The sound of a game, rendered in steps of a mock clock. The pytest fixture ``sound`` is one.

    In a ``with`` block:

    - pyglet's default clock is a mock clock at 0 s, which only `advance` moves;
    - a context on a loopback device is current, and `init` makes its context on that device, too;
    - relative folders of ``pyglet.resource.path`` start from `home`.

    The block ends with all of that as it was, and the contexts destroyed. The samples of two runs of a program are
    equal. The recording takes 21 MB a minute.

    Attributes:
        step: Seconds between two ticks of the clock, 0.001 to 1. May be set at any time.
    """

    step = 1 / 60

    def __init__(self, home: str | os.PathLike[str] | None = None) -> None:
        """Prepare without any effect; the ``with`` block begins the recording.

        Args:
            home: The folder that relative folders of ``pyglet.resource.path`` start from. None: pyglet's own choice.
        """
        self._home = home
        self._played: list[Played] = []
        #: A fraction, so that 60 steps of 1/60 s are a second, and each sample belongs to one step.
        self._time = Fraction(0)
        self._clock = pyglet.clock.Clock(lambda: self.time)
        self._recording = Recording(44100)
        self._device: LoopbackDevice | None = None
        #: The frame at which the last `advance` began, and the first frame that `heard` has not returned.
        self._advanced_from = self._unheard = 0
        self._block = ExitStack()

    # Time and samples

    @property
    def time(self) -> float:
        """Seconds of the mock clock."""
        return float(self._time)

    @property
    def frequency(self) -> int:
        """Rate of the samples in hertz."""
        return self._recording.frequency

    @property
    def played(self) -> list[Played]:
        """The sounds that started to play since the block began, in order."""
        return list(self._played)

    @property
    def context(self) -> Context:
        """The current context: that of the game's `init`, or the one that the recorder made.

        Raises:
            RuntimeError: There is no context. The game has destroyed it.
        """
        context = current_context()
        if context is None:
            raise RuntimeError("there is no context current; the game has destroyed it")
        return context

    def advance(self, seconds: float) -> None:
        """Let time pass, in steps that end at the multiples of `step`, and at the end.

        Each step renders its frames, updates the contexts and ticks the clock. An update completes all loads that were
        requested before it, in the order of the requests, and dispatches events. A sound that is played at time t is
        heard from frame ``round(t * frequency)`` on. Blocks while sounds load and while streams decode.

        Args:
            seconds: Seconds, >= 0. 0: one update and tick without rendering.

        Raises:
            ValueError: `seconds` or `step` is out of range.
            Exception: Errors of the game's handlers and scheduled functions.
        """
        end = self._time + _exactly(_seconds("seconds", seconds))
        step = _exactly(_step("step", self.step))
        self._advanced_from = self._recording.frames
        while True:
            self._step(min((self._time // step + 1) * step, end))
            if self._time == end:
                break

    def heard(self) -> Samples:
        """Return the samples that were rendered since the last call.

        Returns:
            An array of shape (frames, 2), float32, full scale 1.0.
        """
        first, self._unheard = self._unheard, self._recording.frames
        return self._recording.samples(first)

    def _step(self, end: Fraction) -> None:
        seconds, self._time = float(end - self._time), end
        frames = round(self._time * self.frequency) - self._recording.frames
        silence = np.zeros((frames, len(CHANNELS)), np.float32)
        self._recording.append(self._device.render(frames) if self._device else silence)
        for context in self._contexts():
            if context:  # a handler of another context may have destroyed it
                context.update(seconds)
        self._clock.tick()

    def _contexts(self) -> list[Context]:
        """Return the contexts on the device, oldest first."""
        return [user.context for user in parts_of(self._device)[0].users] if self._device else []

    # Assertions

    def assert_audible(self, *, level: float = -60.0, last: float | None = None) -> None:
        """Fail unless a sample of the last `advance` is louder than `level`.

        Args:
            level: Decibels below full scale.
            last: Seconds up to now to judge instead.
        """
        __tracebackhide__ = True
        first, samples = self._judged(last)
        if max(peaks(samples)) <= level:
            raise self._failure(f"nothing is audible (louder than {level:g} dBFS)", first)

    def assert_silent(self, *, level: float = -60.0, last: float | None = None) -> None:
        """Fail if a sample of the last `advance` is louder than `level`. Arguments as for `assert_audible`."""
        __tracebackhide__ = True
        first, samples = self._judged(last)
        loud = np.flatnonzero(np.abs(samples).max(axis=1) > 10 ** (level / 20))
        if len(loud):
            time = (first + int(loud[0])) / self.frequency
            raise self._failure(f"it is not silent: louder than {level:g} dBFS, first at {time:.3f} s", first)

    def assert_louder(self, side: str, *, by: float = 3.0, last: float | None = None) -> None:
        """Fail unless one side of the last `advance` is louder than the other, on average (root mean square).

        Args:
            side: 'left' or 'right'.
            by: Decibels of difference, at least.
            last: Seconds up to now to judge instead.

        Raises:
            ValueError: `side` is neither.
        """
        __tracebackhide__ = True
        if side not in CHANNELS:
            raise ValueError(f"side is {short_repr(side)}; it must be one of {', '.join(map(repr, CHANNELS))}")
        first, samples = self._judged(last)
        level = dict(zip(CHANNELS, levels(samples), strict=True))
        (other,) = set(CHANNELS) - {side}
        if not level[side] >= level[other] + by or level[side] == float("-inf"):
            both = ", ".join(f"{name} {level_text(level[name])}" for name in CHANNELS)
            raise self._failure(f"the {side} is not {by:g} dB louder than the {other}: {both} on average", first)

    def assert_played(self, name: str | os.PathLike[str], *, at: float | None = None, within: float = 0.05) -> None:
        """Fail unless a sound started to play since the recording began.

        Args:
            name: The name of the sound, or the end of its path: ``"door.wav"`` is also ``"sounds/door.wav"``.
            at: Seconds of the mock clock. None: at any time.
            within: Largest difference to `at`, in seconds.
        """
        __tracebackhide__ = True
        parts = PurePath(name).parts
        times = [one.time for one in self._played if PurePath(one.name).parts[-len(parts) :] == parts]
        # A millionth more, because `at` and `within` are rounded numbers.
        if not any(at is None or abs(time - at) <= within + 1e-6 for time in times):
            when = "" if at is None else f" at {at:g} s (within {within:g} s)"
            raise self._failure(f"{short_repr(str(name))} was not played{when}", 0)

    def _judged(self, last: float | None) -> tuple[int, Samples]:
        """Return the first frame to judge, and the samples from there on."""
        __tracebackhide__ = True
        first = self._advanced_from
        if last is not None:
            first = max(0, self._recording.frames - round(_last("last", last) * self.frequency))
        if first == self._recording.frames:
            raise AssertionError("nothing was rendered; call advance(seconds) first")
        return first, self._recording.samples(first)

    def _failure(self, problem: str, first: int) -> AssertionError:
        """Return an error that shows the plays, and the levels from frame `first` on."""
        lines = [f"{time:6.2f} s  {name}" for time, name in self._played[-_MOST_LISTED:]]
        if len(self._played) > _MOST_LISTED:
            lines.insert(0, f"         (and {len(self._played) - _MOST_LISTED} before)")
        played = "\n".join(["played:", *lines]) if lines else "played: nothing"
        return AssertionError(f"{problem}\n\n{played}\n\n{self._recording.describe(first)}\n")

    def __repr__(self) -> str:
        return f"<Recorder at {self.time:.2f} s, {len(self._played)} sounds played>"

    # Begin and end

    def __enter__(self) -> Recorder:
        with ExitStack() as stack:
            stack.callback(pyglet.clock.set_default, pyglet.clock.get_default())
            pyglet.clock.set_default(self._clock)
            self._clock.tick()
            if self._home is not None:
                stack.enter_context(_script_home(os.path.abspath(self._home)))
            stack.enter_context(init_on(self._open_device))
            stack.callback(use_context, current_context())
            stack.callback(self._close)
            use_context(Context(self._open_device()))
            self._block = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._block.close()

    def _open_device(self) -> LoopbackDevice:
        """Return the device. Opens another one after the game's `shutdown` has closed it."""
        if not self._device:
            self._device = LoopbackDevice(self.frequency)
            native, _ = parts_of(self._device)
            native.repeatable, native.on_play = True, self._note_play
        return self._device

    def _note_play(self, name: str) -> None:
        self._played.append(Played(self.time, name))

    def _close(self) -> None:
        for context in self._contexts():
            context.destroy()
        if self._device:
            self._device.close()


def _exactly(seconds: float) -> Fraction:
    """Return a number of seconds as the fraction that the writer of its decimals meant, such as 1/60 or 6/5."""
    return Fraction(seconds).limit_denominator(1_000_000)


@contextmanager
def _script_home(folder: str) -> Iterator[None]:
    """Start relative folders of ``pyglet.resource`` from `folder`: of its path, and of new loaders."""
    get_script_home = pyglet.resource.get_script_home
    pyglet.resource.get_script_home = lambda: folder
    before = set_script_home(folder)
    try:
        yield
    finally:
        set_script_home(before)
        pyglet.resource.get_script_home = get_script_home
