"""Keys and values of context attributes: ``Context(device, {FREQUENCY: 48000, HRTF: TRUE})``.

The constants have the values of ``AL/alc.h`` and ``AL/alext.h``.
"""

from __future__ import annotations

#: No.
FALSE = 0
#: Yes.
TRUE = 1
#: As OpenAL and its settings decide.
DONT_CARE = 2

#: Output rate in hertz.
FREQUENCY = 0x1007
#: Number of mono sources to reserve.
MONO_SOURCES = 0x1010
#: Number of stereo sources to reserve.
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
#: One channel.
MONO = 0x1500
#: Left and right.
STEREO = 0x1501
#: Four speakers.
QUAD = 0x1503
#: 5.1 surround.
X51 = 0x1504
#: 6.1 surround.
X61 = 0x1505
#: 7.1 surround.
X71 = 0x1506

#: Sample type of a loopback device's output (ALC_SOFT_loopback): one of the constants that follow.
SAMPLE_TYPE = 0x1991
#: 8 bits, signed.
BYTE = 0x1400
#: 8 bits, unsigned.
UNSIGNED_BYTE = 0x1401
#: 16 bits, signed.
SHORT = 0x1402
#: 16 bits, unsigned.
UNSIGNED_SHORT = 0x1403
#: 32 bits, signed.
INT = 0x1404
#: 32 bits, unsigned.
UNSIGNED_INT = 0x1405
#: 32-bit float.
FLOAT = 0x1406
