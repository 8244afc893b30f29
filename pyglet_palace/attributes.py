"""Keys and values of context attributes: ``Context(device, {FREQUENCY: 48000, HRTF: TRUE})``.

The constants have the values of ``AL/alc.h`` and ``AL/alext.h``.
"""

from __future__ import annotations

FALSE = 0
TRUE = 1
DONT_CARE = 2

#: Output rate in hertz.
FREQUENCY = 0x1007
#: Numbers of mono and of stereo sources to reserve.
MONO_SOURCES = 0x1010
STEREO_SOURCES = 0x1011
#: Number of effect sends of each source (ALC_EXT_EFX).
MAX_AUXILIARY_SENDS = 0x20003
#: Limiter that prevents clipping of the output: FALSE, TRUE, DONT_CARE (ALC_SOFT_output_limiter).
OUTPUT_LIMITER = 0x199A
#: Binaural rendering for headphones: FALSE, TRUE, DONT_CARE (ALC_SOFT_HRTF).
HRTF = 0x1992
#: Index in `Device.hrtf_names` of the HRTF to use (ALC_SOFT_HRTF).
HRTF_ID = 0x1996

#: Channel layout of a loopback device's output (ALC_SOFT_loopback): one of the constants that follow.
CHANNEL_CONFIG = 0x1990
MONO = 0x1500
STEREO = 0x1501
QUAD = 0x1503
X51 = 0x1504
X61 = 0x1505
X71 = 0x1506

#: Sample type of a loopback device's output (ALC_SOFT_loopback): one of the constants that follow.
SAMPLE_TYPE = 0x1991
BYTE = 0x1400
UNSIGNED_BYTE = 0x1401
SHORT = 0x1402
UNSIGNED_SHORT = 0x1403
INT = 0x1404
UNSIGNED_INT = 0x1405
FLOAT = 0x1406
