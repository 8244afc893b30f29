"""ReverbEffect: EAX and standard reverb."""

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

#: Maps parameter numbers of AL_EAXREVERB_* to those of AL_REVERB_*.
_STANDARD_REVERB = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 7: 6, 9: 7, 10: 8, 12: 9, 13: 10, 19: 11, 22: 12, 23: 13}


def _send_auto(al: Functions, slot: int, value: bool) -> None:
    al.alAuxiliaryEffectSloti(slot, c.AL_EFFECTSLOT_AUXILIARY_SEND_AUTO, int(value))


class ReverbEffect(BaseEffect):
    """Reverb: first reflections, then decaying late reverberation.

    ``ReverbEffect("CAVE")`` starts from a preset in `reverb_preset_names`. Every property can be changed afterwards.
    The effect is EAX reverb. If OpenAL has only standard reverb, it uses that, without the parameters it lacks.
    """

    __slots__ = ()

    _types = (c.AL_EFFECT_EAXREVERB, None), (c.AL_EFFECT_REVERB, _STANDARD_REVERB)

    send_auto = SlotProperty(
        checks.boolean,
        True,
        _send_auto,
        "Whether the sends attenuate with distance as in a room with this reverb. If not, as the sources do, and in "
        "OpenAL Soft 1.24 and newer by their room rolloff factor only.",
    )
    density = real(1, 0.0, 1.0, 1.0, "Modal density; lower values sound more coloured")
    diffusion = real(2, 0.0, 1.0, 1.0, "Echo density; lower values sound grainier")
    gain = real(3, 0.0, 1.0, 0.32, "Gain of reflections and late reverberation, a linear factor")
    gain_hf = real(4, 0.0, 1.0, 0.89, "Gain above `hf_reference`, a linear factor")
    gain_lf = real(5, 0.0, 1.0, 1.0, "Gain below `lf_reference`, a linear factor")
    decay_time = real(6, 0.1, 20.0, 1.49, "Time for the late reverberation to fall by 60 dB in seconds")
    decay_hf_ratio = real(7, 0.1, 2.0, 0.83, "Decay time of high frequencies, as a ratio to `decay_time`")
    decay_lf_ratio = real(8, 0.1, 2.0, 1.0, "Decay time of low frequencies, as a ratio to `decay_time`")
    reflections_gain = real(9, 0.0, 3.16, 0.05, "Gain of the first reflections, a linear factor")
    reflections_delay = real(10, 0.0, 0.3, 0.007, "Delay of the first reflection in seconds")
    reflections_pan = pan(11, "Direction and focus of the first reflections")
    late_reverb_gain = real(12, 0.0, 10.0, 1.26, "Gain of the late reverberation, a linear factor")
    late_reverb_delay = real(
        13, 0.0, 0.1, 0.011, "Delay from the first reflection to the late reverberation in seconds"
    )
    late_reverb_pan = pan(14, "Direction and focus of the late reverberation")
    echo_time = real(15, 0.075, 0.25, 0.25, "Time between echoes in the late reverberation in seconds")
    echo_depth = real(16, 0.0, 1.0, 0.0, "Strength of these echoes")
    modulation_time = real(
        17,
        0.004,
        4.0,
        0.25,
        "Period of the pitch modulation in seconds; OpenAL uses at least 0.04",
        least=0.04,
    )
    modulation_depth = real(18, 0.0, 1.0, 0.0, "Strength of the pitch modulation")
    air_absorption_gain_hf = real(19, 0.892, 1.0, 0.994, "Gain of high frequencies per metre of air, a linear factor")
    hf_reference = real(20, 1000.0, 20000.0, 5000.0, "Reference for high frequencies in hertz")
    lf_reference = real(21, 20.0, 1000.0, 250.0, "Reference for low frequencies in hertz")
    room_rolloff_factor = real(22, 0.0, 10.0, 0.0, "Distance attenuation of the reverberation of all sources")
    decay_hf_limit = switch(23, True, "Whether air absorption limits the decay time of high frequencies")

    def __init__(self, preset: str = "GENERIC", context: Context | None = None) -> None:
        """Create a reverb from a preset.

        Args:
            preset: One of `reverb_preset_names`.
            context: The context to play in. None: the current context.

        Raises:
            ValueError: The preset is unknown.
            RuntimeError: No context was given and none is current, or another thread created the context.
        """
        self._make(context, figures_of(preset))

    def load_preset(self, preset: str) -> None:
        """Set all properties except `slot_gain` and `send_auto` from one of `reverb_preset_names`.

        Raises:
            ValueError: The preset is unknown.
        """
        self._check_alive()
        defaults = {name: row.default for name, row in self._parameters.items()}
        self._set_all({**defaults, **figures_of(preset)})
