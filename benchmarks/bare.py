"""The OpenAL calls that a feature needs at least, without the package: the controls of the measures of playing."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from pyglet_palace._openal import attribute_list, functions

if TYPE_CHECKING:
    from collections.abc import Sequence

#: 44.1 kHz, 16-bit stereo, 1024 mono sources (ALC_FREQUENCY, ALC_FORMAT_CHANNELS_SOFT, ALC_FORMAT_TYPE_SOFT).
_ATTRIBUTES = {0x1007: 44100, 0x1990: 0x1501, 0x1991: 0x1402, 0x1010: 1024}
_BUFFER = 0x1009  # AL_BUFFER
_GAIN = 0x100A  # AL_GAIN
_POSITION = 0x1004  # AL_POSITION
_STATE = 0x1010  # AL_SOURCE_STATE


def _function(name: str, *arguments: Any) -> Any:
    """Return a function of the OpenAL library with declared arguments, as PyOpenAL has them.

    It is faster than PyOpenAL's, because it checks no error and keeps the GIL.
    """
    return ctypes.PYFUNCTYPE(ctypes.c_int, *arguments)((name, functions().handle))


class BareContext:
    """A context of its own on a loopback device, with a buffer of silence and sources.

    Every method makes the context current for the thread, makes its calls, reads the error once and restores the
    previous context. That is the least a library can do that shares OpenAL with pyglet.media.

    Args:
        sources: Number of sources to create.
    """

    def __init__(self, sources: int) -> None:
        al = functions()
        self._source_i = _function("alSourcei", ctypes.c_uint, ctypes.c_int, ctypes.c_int)
        self._source_f = _function("alSourcef", ctypes.c_uint, ctypes.c_int, ctypes.c_float)
        self._source_3f = _function("alSource3f", ctypes.c_uint, ctypes.c_int, *[ctypes.c_float] * 3)
        self._get_source_i = _function("alGetSourcei", ctypes.c_uint, ctypes.c_int, ctypes.POINTER(ctypes.c_int))
        self._play = _function("alSourcePlay", ctypes.c_uint)
        self._stop = _function("alSourceStop", ctypes.c_uint)
        self._error = _function("alGetError")
        self._enter = al.alcSetThreadContext
        self._current = al.alcGetThreadContext
        self._close_device = al.alcCloseDevice
        self._destroy_context = al.alcDestroyContext
        self._render = al.alcRenderSamplesSOFT
        self._mixed = ctypes.create_string_buffer(1024 * 8)
        self._device = al.alcLoopbackOpenDeviceSOFT(None)
        self._context = al.alcCreateContext(self._device, attribute_list(_ATTRIBUTES))
        names = (ctypes.c_uint * sources)()
        buffer = ctypes.c_uint()
        samples = bytes(2 * 44100)
        self._enter(self._context)
        al.alGenSources(sources, names)
        al.alGenBuffers(1, ctypes.byref(buffer))
        al.alBufferData(buffer.value, 0x1101, samples, len(samples), 44100)  # AL_FORMAT_MONO16
        self._enter(None)
        self._buffer = buffer.value
        self.sources = list(names)

    def close(self) -> None:
        """Destroy the context and close the device."""
        self._enter(None)
        self._destroy_context(self._context)
        self._close_device(self._device)

    def play(self, source: int) -> None:
        """Play the buffer on a source."""
        previous = self._current()
        self._enter(self._context)
        self._source_i(source, _BUFFER, self._buffer)
        self._play(source)
        self._error()
        self._enter(previous)

    def set_gain(self, sources: Sequence[int], gain: float) -> None:
        """Set the gain of sources."""
        previous = self._current()
        self._enter(self._context)
        for source in sources:
            self._source_f(source, _GAIN, gain)
        self._error()
        self._enter(previous)

    def set_position(self, source: int, position: tuple[float, float, float]) -> None:
        """Set the position of a source."""
        previous = self._current()
        self._enter(self._context)
        self._source_3f(source, _POSITION, *position)
        self._error()
        self._enter(previous)

    def ask_states(self) -> None:
        """Ask all sources whether they still play."""
        previous = self._current()
        self._enter(self._context)
        state = ctypes.c_int()
        for source in self.sources:
            self._get_source_i(source, _STATE, state)
        self._error()
        self._enter(previous)

    def stop(self) -> None:
        """Stop all sources. Mixes a little, because OpenAL reuses a stopped voice only after it has mixed."""
        self._enter(self._context)
        for source in self.sources:
            self._stop(source)
            self._source_i(source, _BUFFER, 0)
        self._enter(None)
        self._render(self._device, self._mixed, 1024)
