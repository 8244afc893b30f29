"""SoundStage: the width and the reach of the sounds of a 2-D game."""

from __future__ import annotations

from dataclasses import dataclass

from ._common import checks

_length = checks.number(0.0, above=True)


@dataclass(frozen=True)
class SoundStage:
    """How the positions of a 2-D game are heard; see `Context.stage`.

    On a stage, positions are (x, y) or (x, y, z) in the game's units, such as pixels. All lengths and velocities are in
    these units; so is `Context.speed_of_sound`, which matters only if a source or the listener has a velocity: at
    50 pixels to the metre, set it to 343.3 * 50.

    A sound beside the listener moves smoothly from one ear to the other as it passes. At the distance of a quarter of
    `width`, it is 7 dB quieter in the far ear, at half of `width` 12 dB, and nowhere more than 20 dB. These are the
    levels on a stereo device. With HRTF or more than two speakers, the sound comes from a direction in front.

    Up to `reach`, the loudness is constant. Beyond it, `Context.distance_model` applies, with `reach` as its reference
    distance, unless the source has a `Source.distance_range` of its own.

    >>> context.stage = palace.SoundStage(1280)
    >>> context.listener.position = player.x, player.y
    >>> source.position = door.x, door.y

    Left and right are those of the picture: `Listener.orientation` has no effect. Stages are immutable and compare by
    value.

    Attributes:
        width: The width of the picture, > 0.
        reach: The distance of constant loudness, > 0; None: half of `width`.
        y_down: Whether y increases downwards. HRTF makes sounds heard above and below.

    Raises:
        ValueError, TypeError: An argument is out of range or has the wrong type.
    """

    width: float
    reach: float | None = None
    y_down: bool = False

    def __post_init__(self) -> None:
        _length("width", self.width)
        if self.reach is not None:
            _length("reach", self.reach)


def reach_of(stage: SoundStage) -> float:
    """Return the distance up to which the loudness is constant, on a stage without `SoundStage.reach` too."""
    return stage.width / 2 if stage.reach is None else stage.reach
