"""Fades of sources and groups: `crossfade` and `perceptual_gain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._common import checks
from ._common.text import short_repr
from ._context_object import ContextObject
from ._playback.fades import CURVES

if TYPE_CHECKING:
    from ._playback.fades import Curve, Fades
    from .group import SourceGroup
    from .source import Source

_factor = checks.number(0.0, 1.0)
_time = checks.number(0.0, above=True)
_curve = checks.one_of(CURVES)


class Fadable(ContextObject):
    """Base class of `Source` and `SourceGroup`, whose methods document the fades."""

    __slots__ = ()

    def fade_to(self, gain: float, ms: float, start: float | None = None, *, curve: Curve = "decibel") -> None:
        """Fade to a gain factor."""
        self._check_alive()
        first = None if start is None else _factor("start", start)
        self._fade(first, _factor("gain", gain), _time("ms", ms), _curve("curve", curve), stops=False)

    def fade_out_to_stop(self, gain: float, ms: float, *, curve: Curve = "decibel") -> None:
        """Fade to a gain factor, then stop."""
        self._check_alive()
        self._fade(None, _factor("gain", gain), _time("ms", ms), _curve("curve", curve), stops=True)

    def _fade(self, start: float | None, gain: float, ms: float, curve: Curve, *, stops: bool) -> None:
        fades, faded = self._fading()
        fades.start(faded, start, gain, ms, curve, stops=stops)
        self._engine.wake()

    if TYPE_CHECKING:

        def _fading(self) -> tuple[Fades[Any], Any]:
            """Return the fades that this object belongs to, and its key in them."""


def crossfade(old: Source | SourceGroup, new: Source | SourceGroup, ms: float) -> None:
    """Fade `old` out and stop it, and fade `new` in, at equal power: the loudness stays even. Does not block.

    >>> new = palace.decode("next.ogg").play()
    >>> palace.crossfade(old, new, 1000)

    `new` starts from silence, unless a fade has changed its factor or still runs: then it goes on from there, so that a
    crossfade may be turned around before its end. No event is sent for the end of `old`.

    If `new` waits for its sound (see `palace.play`), `old` fades out now, and `new` fades in when it starts. If `old`
    waits, it stops at once.

    Args:
        old: A source or a group. Fades out, then stops. No effect on an idle source.
        new: Another source or group that already plays or waits. Fades in.
        ms: Duration in milliseconds, > 0.

    Raises:
        ValueError: `old` is `new`, or `ms` is out of range.
        TypeError: One of them is neither a `Source` nor a `SourceGroup`.
        RuntimeError: `new` is an idle source: `old` would fade to silence. A source whose last play is not heard, since
            it was stolen or could not be loaded, is no error.
    """
    for name, value in (("old", old), ("new", new)):
        if not isinstance(value, Fadable):
            raise TypeError(f"{name} is {short_repr(value)}; it must be a Source or a SourceGroup")
        value._check_alive()
    if old is new:
        raise ValueError(f"old and new are both {old!r}; a crossfade needs two")
    ms = _time("ms", ms)
    fades, faded = new._fading()
    if not fades.can_play(faded):
        raise RuntimeError(f"new is {new!r}; let it play before the crossfade, as with new.play(sound)")
    start = None if fades.is_fading(faded) or fades.factor(faded) != 1.0 else 0.0
    new._fade(start, 1.0, ms, "equal power", stops=False)
    old._fade(None, 0.0, ms, "equal power", stops=True)


def perceptual_gain(volume: float) -> float:
    """Return the gain for a volume slider whose steps sound even.

    The gain is the cube of the volume, as for the sliders of PulseAudio: half way is -18 dB, a tenth is -60 dB, and 0
    is silence. The cube lies between the two laws of loudness. Equal steps in sones (loudness grows with the 0.6th
    power of the gain) leave little of a slider for quiet levels. Equal steps in decibels never reach silence.

    >>> music.gain = palace.perceptual_gain(slider.value / 100)

    Args:
        volume: 0 (silence) to 1 (full).

    Raises:
        ValueError: `volume` is out of range.
    """
    return _factor("volume", volume) ** 3
