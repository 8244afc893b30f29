"""Prototypes of OpenAL's functions."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int64, c_ubyte, c_uint, c_void_p
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ints, _uints, _floats, _int64s = POINTER(c_int), POINTER(c_uint), POINTER(c_float), POINTER(c_int64)

#: A `bytes` object, or an array of ctypes, whose address is passed; or a `c_void_p`, which is passed as it is. Another
#: single object of ctypes must not be passed.
_block = object()

#: Name: (result, arguments...). Sources: AL/al.h; AL/alext.h for names that end in SOFT and alBufferDataStatic.
_AL: Mapping[str, tuple[Any, ...]] = {
    "alGenSources": (None, c_int, _uints),
    "alDeleteSources": (None, c_int, _uints),
    "alSourcefv": (None, c_uint, c_int, _block),
    "alSourcei": (None, c_uint, c_int, c_int),
    "alSource3i": (None, c_uint, c_int, c_int, c_int, c_int),
    "alGetSourcei": (None, c_uint, c_int, _block),
    "alGetSourcef": (None, c_uint, c_int, _block),
    "alSourceQueueBuffers": (None, c_uint, c_int, _uints),
    "alSourceUnqueueBuffers": (None, c_uint, c_int, _uints),
    "alSourcePlay": (None, c_uint),
    "alSourcePlayv": (None, c_int, _uints),
    "alSourcePause": (None, c_uint),
    "alSourceRewind": (None, c_uint),
    "alSourceStop": (None, c_uint),
    "alGenBuffers": (None, c_int, _uints),
    "alDeleteBuffers": (None, c_int, _uints),
    "alBufferData": (None, c_uint, c_int, c_void_p, c_int, c_int),
    "alBufferiv": (None, c_uint, c_int, _ints),
    "alGetBufferi": (None, c_uint, c_int, _ints),
    "alListenerf": (None, c_int, c_float),
    "alListener3f": (None, c_int, c_float, c_float, c_float),
    "alListenerfv": (None, c_int, _floats),
    "alDopplerFactor": (None, c_float),
    "alSpeedOfSound": (None, c_float),
    "alDistanceModel": (None, c_int),
    "alDisable": (None, c_int),
    "alGetInteger": (c_int, c_int),
    "alGetString": (c_char_p, c_int),
    "alIsExtensionPresent": (c_ubyte, c_char_p),
}

_AL_EXTENSIONS: Mapping[str, tuple[Any, ...]] = {
    # ALC_EXT_EFX, AL/efx.h
    "alGenEffects": (None, c_int, _uints),
    "alDeleteEffects": (None, c_int, _uints),
    "alEffecti": (None, c_uint, c_int, c_int),
    "alEffectf": (None, c_uint, c_int, c_float),
    "alEffectfv": (None, c_uint, c_int, _floats),
    "alGenFilters": (None, c_int, _uints),
    "alDeleteFilters": (None, c_int, _uints),
    "alFilteri": (None, c_uint, c_int, c_int),
    "alFilterf": (None, c_uint, c_int, c_float),
    "alGenAuxiliaryEffectSlots": (None, c_int, _uints),
    "alAuxiliaryEffectSloti": (None, c_uint, c_int, c_int),
    "alAuxiliaryEffectSlotf": (None, c_uint, c_int, c_float),
    # Others
    "alBufferDataStatic": (None, c_uint, c_int, c_void_p, c_int, c_int),
    "alBufferStorageSOFT": (None, c_uint, c_int, c_void_p, c_int, c_int, c_uint),  # AL_SOFTX_map_buffer
    "alMapBufferSOFT": (c_void_p, c_uint, c_int, c_int, c_uint),
    "alUnmapBufferSOFT": (None, c_uint),
    "alDeferUpdatesSOFT": (None,),
    "alProcessUpdatesSOFT": (None,),
    "alGetStringiSOFT": (c_char_p, c_int, c_int),
    "alGetSourcei64vSOFT": (None, c_uint, c_int, _int64s),
    "alSourcedSOFT": (None, c_uint, c_int, c_double),
}

_ALC: Mapping[str, tuple[Any, ...]] = {
    "alcOpenDevice": (c_void_p, c_char_p),
    "alcCloseDevice": (c_ubyte, c_void_p),
    "alcCreateContext": (c_void_p, c_void_p, _ints),
    "alcMakeContextCurrent": (c_ubyte, c_void_p),
    "alcGetCurrentContext": (c_void_p,),
    "alcDestroyContext": (None, c_void_p),
    "alcGetError": (c_int, c_void_p),
    "alcIsExtensionPresent": (c_ubyte, c_void_p, c_char_p),
    # The result is an address, because lists of names contain NULs and a bytes object would end at the first.
    "alcGetString": (c_void_p, c_void_p, c_int),
    "alcGetIntegerv": (None, c_void_p, c_int, c_int, _ints),
}

_ALC_EXTENSIONS: Mapping[str, tuple[Any, ...]] = {
    "alcSetThreadContext": (c_ubyte, c_void_p),
    "alcGetThreadContext": (c_void_p,),
    "alcLoopbackOpenDeviceSOFT": (c_void_p, c_char_p),
    "alcIsRenderFormatSupportedSOFT": (c_ubyte, c_void_p, c_int, c_int, c_int),
    "alcRenderSamplesSOFT": (None, c_void_p, c_void_p, c_int),
    "alcDevicePauseSOFT": (None, c_void_p),
    "alcDeviceResumeSOFT": (None, c_void_p),
    "alcResetDeviceSOFT": (c_ubyte, c_void_p, _ints),
    "alcReopenDeviceSOFT": (c_ubyte, c_void_p, c_char_p, _ints),
    "alcEventIsSupportedSOFT": (c_int, c_int, c_int),  # ALC_SOFT_system_events
    "alcEventControlSOFT": (c_ubyte, c_int, _ints, c_ubyte),
    "alcEventCallbackSOFT": (None, c_void_p, c_void_p),
    "alcGetStringiSOFT": (c_char_p, c_void_p, c_int, c_int),
    "alcGetInteger64vSOFT": (None, _block, c_int, c_int, _block),
}

#: The prototypes of all AL functions.
AL = {**_AL, **_AL_EXTENSIONS}
#: The prototypes of all ALC functions.
ALC = {**_ALC, **_ALC_EXTENSIONS}
#: Functions that every library exports.
CORE = frozenset({"alGetError", *_AL, *_ALC})

_PASSED_AS_THEY_ARE = frozenset({c_int, c_uint, _block})

#: Functions that may take long. They release the GIL. All others take about a microsecond and keep it: a main thread
#: that releases the GIL may wait up to 5 ms until a worker returns it.
_RELEASES_GIL = frozenset(
    {
        *("alBufferData", "alBufferStorageSOFT", "alGenAuxiliaryEffectSlots"),
        *("alcOpenDevice", "alcCloseDevice", "alcLoopbackOpenDeviceSOFT", "alcResetDeviceSOFT", "alcReopenDeviceSOFT"),
        *("alcEventControlSOFT", "alcEventCallbackSOFT"),  # they wait for a callback, which waits for the GIL
        *("alcDevicePauseSOFT", "alcDeviceResumeSOFT", "alcGetString", "alcGetStringiSOFT"),
        *("alcCreateContext", "alcDestroyContext", "alcRenderSamplesSOFT"),
    }
)


def function_type(name: str, prototype: tuple[Any, ...]) -> Any:
    """Return the type of the function `name` for ctypes. Its calls release the GIL only if they may take long.

    The arguments of a function that takes only integers and blocks are not declared: ctypes passes an `int` as a C
    int, and `bytes` or an array as an address. A call takes about a third of the time that declared arguments take.
    """
    result, *arguments = prototype
    if _PASSED_AS_THEY_ARE.issuperset(arguments):
        arguments = []
    return (ctypes.CFUNCTYPE if name in _RELEASES_GIL else ctypes.PYFUNCTYPE)(result, *arguments)
