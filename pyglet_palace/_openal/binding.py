"""OpenAL's functions, with prototypes of this package on the library handle that PyOpenAL has bound.

PyOpenAL covers only the core of AL 1.1 and ALC 1.1, and its error checks can report errors of other libraries.
Here each AL function calls ``alGetError`` after the call. A `ContextScope` makes that safe. ALC functions do not check
for errors: the caller passes the device to `Functions.check_device`.
"""

from __future__ import annotations

import ctypes
from collections import deque
from copy import copy
from ctypes import c_char_p, c_float, c_int, c_int64, c_uint, c_void_p
from functools import partial
from itertools import repeat
from operator import itemgetter
from struct import pack, unpack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .._common.text import short_repr
from ..errors import DeviceError, OpenALError
from . import constants as c
from . import library
from .packing import pack_float
from .prototypes import AL, ALC, CORE, function_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_AL_ERRORS = {
    0xA001: "AL_INVALID_NAME",
    0xA002: "AL_INVALID_ENUM",
    0xA003: "AL_INVALID_VALUE",
    0xA004: "AL_INVALID_OPERATION",
    0xA005: "AL_OUT_OF_MEMORY",
}
_ALC_ERRORS = {
    0xA001: "ALC_INVALID_DEVICE",
    0xA002: "ALC_INVALID_CONTEXT",
    0xA003: "ALC_INVALID_ENUM",
    0xA004: "ALC_INVALID_VALUE",
    0xA005: "ALC_OUT_OF_MEMORY",
}

#: ALCEVENTPROCTYPESOFT: event, kind of device, device, length, message, parameter.
_EventCallback = ctypes.CFUNCTYPE(None, c_int, c_int, c_void_p, c_int, c_void_p, c_void_p)


_OneInteger, _OneName, _OneFloat = c_int * 1, c_uint * 1, c_float * 1


class Pointer(c_void_p):
    """An address. A function whose result is a `Pointer` returns an object that can be passed on as it is."""


class Functions:
    """The functions of an OpenAL library, as attributes. A function of a missing extension is None.

    Attributes:
        handle: The library, as ctypes has loaded it.
        thread_context: Returns the context of the calling thread, as a `Pointer`; None without thread contexts.
        take_error: ``alGetError``: returns the code of the oldest error and clears it; 0 if there is none.
        unchecked: The same functions, which check no error. The caller calls `take_error` after the last call.
    """

    take_error: Callable[[], int]
    unchecked: Functions

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        self.handle = library.load()
        self._extensions = {"": True}
        #: The function that OpenAL calls at events; None: there is none.
        self._event_callback: Any = None
        for name, prototype in ALC.items():
            setattr(self, name, self._find(name, prototype))
        self.thread_context: Any = self._find("alcGetThreadContext", (Pointer,))
        self._set_al_functions()

    def _set_al_functions(self) -> None:
        """Set the AL functions as attributes, here with a check and on `unchecked` without."""
        self.take_error = self._find("alGetError", (c_int,))
        self.unchecked = copy(self)
        for name, prototype in AL.items():
            setattr(self.unchecked, name, self._find(name, prototype))
            setattr(self, name, _checked(name, self._find(name, prototype), self.take_error))

    def _find(self, name: str, prototype: tuple[Any, ...]) -> Any:
        """Return the function `name`; None if OpenAL does not have it."""
        if name in CORE:
            return function_type(name, prototype)((name, self.handle))
        address_of = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("alcGetProcAddress", self.handle))
        address = address_of(None, name.encode())
        return function_type(name, prototype)(address) if address else None

    # The following methods are called inside a context scope.

    def generate_source(self) -> int:
        """Make a source and return its number."""
        return _number_from(self.alGenSources)

    def generate_buffer(self) -> int:
        """Make a buffer and return its number."""
        return _number_from(self.alGenBuffers)

    def delete_source(self, source: int) -> None:
        """Delete one source. Raises `OpenALError` if OpenAL refuses."""
        self.alDeleteSources(1, c_uint(source))

    def delete_buffer(self, buffer: int) -> None:
        """Delete one buffer. Raises `OpenALError` if OpenAL refuses, as it does while a source has it attached."""
        self.alDeleteBuffers(1, c_uint(buffer))

    def delete_buffers(self, buffers: list[int]) -> None:
        """Delete buffers and empty their list.

        Each leaves the list when it is deleted, in one call of C: after an interrupt, a second call deletes the rest.
        So it does after a RecursionError, because the removal calls no deeper than the deletion before it. The error of
        OpenAL is read once, after the last buffer.
        """
        lists = [buffers] * len(buffers)
        names = map(_OneName, map(itemgetter(-1), lists))
        deque(zip(map(self.unchecked.alDeleteBuffers, repeat(1), names), map(list.pop, lists), strict=True), maxlen=0)
        code = self.take_error()
        if code:
            raise _error("alDeleteBuffers", "alDeleteBuffers(1, buffers)", code)

    def generate_effect(self) -> int:
        """Make an effect object and return its number (ALC_EXT_EFX)."""
        return _number_from(self.alGenEffects)

    def generate_effect_slot(self) -> int:
        """Make an auxiliary effect slot and return its number (ALC_EXT_EFX).

        Raises `OpenALError` if no more slots are available.
        """
        return _number_from(self.alGenAuxiliaryEffectSlots)

    def generate_filter(self) -> int:
        """Make a filter and return its number (ALC_EXT_EFX)."""
        return _number_from(self.alGenFilters)

    def delete_effect(self, effect: int) -> None:
        """Delete one effect object. Slots into which it was loaded keep their copies."""
        self.alDeleteEffects(1, c_uint(effect))

    def delete_filter(self, filter: int) -> None:
        """Delete one filter. Sources to which it was attached keep their copies."""
        self.alDeleteFilters(1, c_uint(filter))

    def map_new_storage(self, buffer: int, al_format: int, size: int, frequency: int) -> int:
        """Allocate `size` bytes for `buffer` and return their address. Any thread may write (AL_SOFTX_map_buffer)."""
        self.alBufferStorageSOFT(buffer, al_format, None, size, frequency, c.AL_MAP_WRITE_BIT_SOFT)
        address: int = self.alMapBufferSOFT(buffer, 0, size, c.AL_MAP_WRITE_BIT_SOFT)
        return address

    def source_integer(self, source: int, what: int) -> int:
        """Return an integer property of a source."""
        value = _OneInteger()
        self.alGetSourcei(source, what, value)
        return value[0]

    def source_float(self, source: int, what: int) -> float:
        """Return a float property of a source."""
        value = _OneFloat()
        self.alGetSourcef(source, what, value)
        return value[0]

    def play_sources(self, sources: Sequence[int]) -> None:
        """Start or resume sources at the same sample."""
        self.alSourcePlayv(len(sources), (c_uint * len(sources))(*sources))

    def queue_buffer(self, source: int, buffer: int) -> None:
        """Append `buffer` to the queue of `source`."""
        self.alSourceQueueBuffers(source, 1, c_uint(buffer))

    def queue_buffers(self, source: int, buffers: Sequence[int]) -> None:
        """Append `buffers` to the queue of `source`."""
        self.alSourceQueueBuffers(source, len(buffers), (c_uint * len(buffers))(*buffers))

    def unqueue_buffers(self, source: int, count: int) -> None:
        """Remove the first `count` buffers from the queue of `source`. They must be processed."""
        self.alSourceUnqueueBuffers(source, count, (c_uint * count)())

    def buffer_integer(self, buffer: int, what: int) -> int:
        """Return an integer property of a buffer."""
        value = c_int()
        self.alGetBufferi(buffer, what, value)
        return value.value

    def set_loop_points(self, buffer: int, start: int, end: int) -> None:
        """Set the loop points of a buffer in frames, `end` exclusive (AL_SOFT_loop_points)."""
        self.alBufferiv(buffer, c.AL_LOOP_POINTS_SOFT, (c_int * 2)(start, end))

    def set_source_floats(self, source: int, what: int, *values: float) -> None:
        """Set a property of a source that has several floats, such as the six of the orientation."""
        self.alSourcefv(source, what, pack(f"{len(values)}f", *values))

    def set_float_of_sources(self, what: int, sources: Iterable[int], values: Iterable[float]) -> None:
        """Set a float of many sources, to one value each. The error is read once, after the last call.

        This takes less than half the time of single calls. All calls are made, also after one that fails.
        """
        calls = map(self.unchecked.alSourcefv, sources, repeat(what), map(pack_float, values))
        deque(calls, maxlen=0)
        code = self.take_error()
        if code:
            raise _error("alSourcefv", f"alSourcefv(sources, {_shown(1, what)}, values)", code)

    def start_source(self, source: int, buffer: int, *, looping: bool = False) -> None:
        """Attach `buffer` to a source without a queue and play it. The error is read once, after the last call."""
        unchecked = self.unchecked
        unchecked.alSourcei(source, c.AL_BUFFER, buffer)
        if looping:
            unchecked.alSourcei(source, c.AL_LOOPING, 1)
        unchecked.alSourcePlay(source)
        code = self.take_error()
        if code:
            raise _error("alSourcePlay", f"alSourcei({source}, AL_BUFFER, {buffer}) or alSourcePlay({source})", code)

    def source_latency(self, source: int) -> int:
        """Return the output latency of a source in nanoseconds; 0 without AL_SOFT_source_latency."""
        if self.alGetSourcei64vSOFT is None or not self.has_extension("AL_SOFT_source_latency"):
            return 0
        offset_and_latency = (c_int64 * 2)()
        self.alGetSourcei64vSOFT(source, c.AL_SAMPLE_OFFSET_LATENCY_SOFT, offset_and_latency)
        return offset_and_latency[1]

    def source_offset_and_clock(self, source: int) -> tuple[int, int | None]:
        """Return the offset of a source in 2**-32 frames, and the device clock at the same moment.

        Without AL_SOFT_source_latency and the clock that it needs: whole frames, and None.
        """
        if self.alcGetInteger64vSOFT is None or not self.has_extension("AL_SOFT_source_latency"):
            return self.source_integer(source, c.AL_SAMPLE_OFFSET) << 32, None
        offset_and_clock = (c_int64 * 2)()
        self.alGetSourcei64vSOFT(source, c.AL_SAMPLE_OFFSET_CLOCK_SOFT, offset_and_clock)
        return offset_and_clock[0], offset_and_clock[1]

    def set_source_offset(self, source: int, frame: float) -> None:
        """Set the offset of a source.

        OpenAL Soft before 1.24 takes a fraction as a float of 32 bits, which has none from 2**23 frames on.
        """
        if frame == int(frame) or frame >= 2**23:
            self.alSourcei(source, c.AL_SAMPLE_OFFSET, int(frame))
        elif self.alSourcedSOFT is not None:
            self.alSourcedSOFT(source, c.AL_SAMPLE_OFFSET, frame)
        else:
            self.alSourcefv(source, c.AL_SAMPLE_OFFSET, pack_float(frame))

    def set_listener_vectors(self, what: int, values: Iterable[float]) -> None:
        """Set a property of the listener that has several floats, such as the six of the orientation."""
        flat = tuple(values)
        self.alListenerfv(what, (c_float * len(flat))(*flat))

    def set_effect_vector(self, effect: int, what: int, values: Iterable[float]) -> None:
        """Set a parameter of an effect that has several floats, such as the three of a direction."""
        flat = tuple(values)
        self.alEffectfv(effect, what, (c_float * len(flat))(*flat))

    def has_extension(self, name: str) -> bool:
        """Return whether OpenAL has the AL extension `name`; True for ''. The result is cached."""
        present = self._extensions.get(name)
        if present is None:
            present = self._extensions[name] = bool(self.alIsExtensionPresent(name.encode()))
        return present

    def string(self, what: int) -> str:
        """Return the result of ``alGetString``; '' if it has none."""
        return (self.alGetString(what) or b"").decode("utf-8", "replace")

    # The following methods need no context.

    def converting(self, name: str, converters: Iterable[Callable[[Any], Any]]) -> Callable[..., None]:
        """Return the ALC extension function `name` as a function of C that returns None.

        Args:
            name: The function.
            converters: For each argument, a function that returns the value to pass: a `Pointer` or None.
        """
        address_of = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("alcGetProcAddress", self.handle))
        address = address_of(None, name.encode())
        arguments = [SimpleNamespace(from_param=converter) for converter in converters]
        function = ctypes.PYFUNCTYPE(None, *[c_void_p] * len(arguments))(address)
        function.argtypes = arguments  # type: ignore[assignment]
        return function

    def copy_to(self, address: int, array: Any) -> None:
        """Copy the bytes of a contiguous array to mapped memory. Releases the GIL."""
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def device_extension(self, device: int | None, name: str) -> bool:
        """Return whether `device` has the ALC extension `name`. None asks the library, without a device."""
        return bool(self.alcIsExtensionPresent(device, name.encode("utf-8", "replace")))

    def device_string(self, device: int | None, what: int) -> str:
        """Return the result of ``alcGetString`` up to the first NUL; '' if it has none."""
        return next(self.device_strings(device, what), "")

    def device_strings(self, device: int | None, what: int) -> Iterator[str]:
        """Yield the strings of a list from ``alcGetString``. A NUL ends each string, an empty string ends the list."""
        address = self.alcGetString(device, what)
        while address:
            text = ctypes.string_at(address)
            if not text:
                break
            yield text.decode("utf-8", "replace")
            address += len(text) + 1

    def device_integer(self, device: int | None, what: int) -> int:
        """Return one integer from ``alcGetIntegerv``; 0 if the device does not have it."""
        value = c_int()
        self.alcGetIntegerv(device, what, 1, value)
        self.alcGetError(device)
        return value.value

    def clock_reader(self, device: int) -> tuple[Callable[[], object], ctypes.Array[c_int64]]:
        """Return a function that reads the device clock (ALC_SOFT_device_clock), and the array that receives its value.

        The value is the nanoseconds of sound mixed so far.
        """
        value = (c_int64 * 1)()
        return partial(self.alcGetInteger64vSOFT, c_void_p(device), c.ALC_DEVICE_CLOCK_SOFT, 1, value), value

    def listen_to_default(self, function: Callable[[], object]) -> bool:
        """Let OpenAL call `function` when the default device changes, until `stop_listening` (ALC_SOFT_system_events).

        Args:
            function: Called on a thread of OpenAL, which holds locks meanwhile. It must only set a signal.

        Returns:
            False if OpenAL or the system does not report changes.
        """
        changed = c.ALC_EVENT_TYPE_DEFAULT_DEVICE_CHANGED_SOFT
        if (
            self.alcEventIsSupportedSOFT is None
            or self.alcEventIsSupportedSOFT(changed, c.ALC_PLAYBACK_DEVICE_SOFT) != c.ALC_EVENT_SUPPORTED_SOFT
        ):
            return False
        self._event_callback = _EventCallback(lambda *_: function() and None)  # kept as long as OpenAL may call it
        self.alcEventCallbackSOFT(self._event_callback, None)
        self.alcEventControlSOFT(1, c_int(changed), True)
        return True

    def stop_listening(self) -> None:
        """End `listen_to_default`, if it was called. Blocks until a call of the function has returned."""
        if self._event_callback is not None:
            self.alcEventControlSOFT(1, c_int(c.ALC_EVENT_TYPE_DEFAULT_DEVICE_CHANGED_SOFT), False)
            self.alcEventCallbackSOFT(None, None)
            self._event_callback = None

    def check_device(self, device: int | None, function: str, doing: str) -> None:
        """Raise `DeviceError` if the ALC call `function` on `device` failed. `doing` names its purpose."""
        code = self.alcGetError(device)
        if code:
            raise DeviceError(f"{doing} failed: {function} reports {_ALC_ERRORS.get(code, hex(code))}")


def attribute_list(attributes: Mapping[int, int]) -> Any:
    """See `pyglet_palace._openal.attribute_list`."""
    try:
        flat = [number.__index__() for pair in attributes.items() for number in pair]
    except (AttributeError, TypeError):
        raise TypeError(
            f"attrs is {short_repr(attributes)}; it must map whole numbers, such as FREQUENCY, to whole numbers"
        ) from None
    if not all(-(2**31) <= number < 2**31 for number in flat):
        raise ValueError(
            f"attrs is {short_repr(attributes)}; keys and values must fit into 32 bits, -2147483648 to 2147483647"
        )
    return (c_int * (len(flat) + 1))(*flat, 0)


def _number_from(generate: Any) -> int:
    number = c_uint()
    generate(1, number)
    return number.value


def _checked(name: str, function: Any, get_error: Callable[[], int]) -> Any:
    """Let ctypes call `get_error` after each call of `function`, which may be None, and raise the error."""

    def errcheck(result: Any, _function: Any, arguments: tuple[Any, ...]) -> Any:
        code = get_error()
        if code:
            raise _error(name, f"{name}({', '.join(map(_shown, range(len(arguments)), arguments))})", code)
        return result

    if function is not None:
        function.errcheck = errcheck
    return function


def _error(name: str, call: str, code: int) -> OpenALError:
    return OpenALError(name, code, f"{call} failed: {_AL_ERRORS.get(code, hex(code))}")


def _shown(place: int, argument: Any) -> str:
    """Format an argument for an error message. The second argument of most functions is the constant of a property."""
    if isinstance(argument, bytes):
        return str(list(unpack(f"{len(argument) // 4}f", argument)))
    named = c.NAMES.get(argument) if place == 1 and isinstance(argument, int) else None
    return named or repr(argument)


_functions: Functions | None = None


def functions() -> Functions:
    """See `pyglet_palace._openal.functions`."""
    global _functions
    if _functions is None:
        _functions = Functions()
    return _functions
