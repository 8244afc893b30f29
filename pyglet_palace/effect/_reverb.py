"""ReverbEffect: rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._common import checks
from .._openal import constants as c
from ._base import BaseEffect
from ._parameters import SlotProperty, pan, real, switch
from ._presets import preset as figures_of

if TYPE_CHECKING:
    from .._openal import Functions
    from ..context import Context

#: Numbers of AL_EAXREVERB_*: those of the same parameters of AL_REVERB_*.
_STANDARD_REVERB = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 7: 6, 9: 7, 10: 8, 12: 9, 13: 10, 19: 11, 22: 12, 23: 13}


def _send_auto(al: Functions, slot: int, value: bool) -> None:
    al.alAuxiliaryEffectSloti(slot, c.AL_EFFECTSLOT_AUXILIARY_SEND_AUTO, int(value))


class ReverbEffect(BaseEffect):
    """The echoes of a room: first reflections, then the late reverberation that dies away.

    ``ReverbEffect("CAVE")`` is one of the rooms in `reverb_preset_names`, and every property can be changed from
    there. It is EAX reverb; where the library has only the standard one, that is used, without what it lacks.
    """

    __slots__ = ()

    _types = (c.AL_EFFECT_EAXREVERB, None), (c.AL_EFFECT_REVERB, _STANDARD_REVERB)

    send_auto = SlotProperty(
        checks.boolean,
        True,
        _send_auto,
        "Whether what sources send falls with distance as it would in such a room; else it falls as the sources do.",
    )
    density = real(1, 0.0, 1.0, 1.0, "Density of modes; less is more coloured")
    diffusion = real(2, 0.0, 1.0, 1.0, "Density of echoes; less is grainier")
    gain = real(3, 0.0, 1.0, 0.32, "Loudness of reflections and late reverberation, a linear factor")
    gain_hf = real(4, 0.0, 1.0, 0.89, "The same, of what is above `hf_reference`")
    gain_lf = real(5, 0.0, 1.0, 1.0, "The same, of what is below `lf_reference`")
    decay_time = real(6, 0.1, 20.0, 1.49, "Seconds until the late reverberation has fallen by 60 dB")
    decay_hf_ratio = real(7, 0.1, 2.0, 0.83, "Decay time of high frequencies, as a part of `decay_time`")
    decay_lf_ratio = real(8, 0.1, 2.0, 1.0, "Decay time of low frequencies, as a part of `decay_time`")
    reflections_gain = real(9, 0.0, 3.16, 0.05, "Loudness of the first reflections, a linear factor")
    reflections_delay = real(10, 0.0, 0.3, 0.007, "Seconds until the first reflection")
    reflections_pan = pan(11, "Where the first reflections come from, and how narrowly")
    late_reverb_gain = real(12, 0.0, 10.0, 1.26, "Loudness of the late reverberation, a linear factor")
    late_reverb_delay = real(13, 0.0, 0.1, 0.011, "Seconds from the first reflection to the late reverberation")
    late_reverb_pan = pan(14, "Where the late reverberation comes from, and how narrowly")
    echo_time = real(15, 0.075, 0.25, 0.25, "Seconds between echoes in the late reverberation")
    echo_depth = real(16, 0.0, 1.0, 0.0, "Strength of these echoes")
    modulation_time = real(
        17,
        0.004,
        4.0,
        0.25,
        "Seconds of one swing of the pitch; OpenAL makes no less than 0.04 of it",
        least=0.04,
    )
    modulation_depth = real(18, 0.0, 1.0, 0.0, "Strength of these swings")
    air_absorption_gain_hf = real(19, 0.892, 1.0, 0.994, "What high frequencies keep in a metre of air")
    hf_reference = real(20, 1000.0, 20000.0, 5000.0, "Hertz that count as high")
    lf_reference = real(21, 20.0, 1000.0, 250.0, "Hertz that count as low")
    room_rolloff_factor = real(22, 0.0, 10.0, 0.0, "How the reverberation of all sources falls with distance")
    decay_hf_limit = switch(23, True, "Whether air absorption limits the decay time of high frequencies")

    def __init__(self, preset: str = "GENERIC", context: Context | None = None) -> None:
        """
        Args:
            preset: One of `reverb_preset_names`.
            context: Where it is to be heard; None: in the current one.

        Raises:
            ValueError: There is no such preset.
            RuntimeError: No context was given and none is current; or this is not the thread that made it.
        """
        self._make(context, figures_of(preset))

    def load_preset(self, preset: str) -> None:
        """Set all properties, but `slot_gain` and `send_auto`, to those of another of `reverb_preset_names`.

        Raises:
            ValueError: There is no such preset.
        """
        self._check_alive()
        defaults = {name: row.default for name, row in self._parameters.items()}
        self._set_all({**defaults, **figures_of(preset)})
