"""Device, LoopbackDevice: where sound goes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ._common import checks, registry
from ._common.lifetime import Destroyable
from ._loading.upload import BufferStore
from ._openal import attribute_list, functions
from ._openal import constants as c
from ._openal.device import NativeDevice
from .errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class DeviceNames:
    """Names of the devices of this machine, asked for anew each time. `device_names` is the one instance.

    Each is a tuple with the default first, empty if there are none.

    Raises:
        OpenALNotFound: There is no OpenAL library.
    """

    @property
    def basic(self) -> tuple[str, ...]:
        """Playback devices, by short names that `Device` takes."""
        return _default_first(c.ALC_DEVICE_SPECIFIER, c.ALC_DEFAULT_DEVICE_SPECIFIER)

    @property
    def full(self) -> tuple[str, ...]:
        """Playback devices, by full names that `Device` takes (ALC_ENUMERATE_ALL_EXT)."""
        if not functions().device_extension(None, "ALC_ENUMERATE_ALL_EXT"):
            return self.basic
        return _default_first(c.ALC_ALL_DEVICES_SPECIFIER, c.ALC_DEFAULT_ALL_DEVICES_SPECIFIER)

    @property
    def capture(self) -> tuple[str, ...]:
        """Recording devices."""
        return _default_first(c.ALC_CAPTURE_DEVICE_SPECIFIER, c.ALC_CAPTURE_DEFAULT_DEVICE_SPECIFIER)

    def __repr__(self) -> str:
        return f"<device names: basic {self.basic}, full {self.full}, capture {self.capture}>"


#: Names of the devices of this machine.
device_names = DeviceNames()


def _default_first(all_of_them: int, default: int) -> tuple[str, ...]:
    al = functions()
    names = list(al.device_strings(None, all_of_them))
    first = al.device_string(None, default)
    if first in names:
        names.remove(first)
        names.insert(0, first)
    return tuple(names)


def query_extension(name: str) -> bool:
    """Whether OpenAL has the ALC extension `name`, of no device in particular.

    Raises:
        OpenALNotFound: There is no OpenAL library.
        TypeError: `name` is no string.
    """
    return functions().device_extension(None, checks.string("name", name))


class Device(Destroyable):
    """A playback device, open until `close`. Used by one thread at a time; that of its context, if it has one.

    One that disconnects, with contexts, moves to the default device by itself, and what plays goes on there
    (ALC_SOFT_reopen_device and AL_SOFTX_hold_on_disconnect: OpenAL Soft 1.23 has them). While there is none it is
    tried again twice a second, and `MessageHandler.device_disconnected` has been told.

    Devices are true until closed, sort by age, and are context managers that close.
    """

    #: Whether it is of this machine, and can go away.
    _hardware = True

    def __init__(self, name: str = "", fallback: Iterable[str] = ()) -> None:
        """Opens the device; blocks for as long as the system takes.

        Args:
            name: One of `device_names`; '' for the default.
            fallback: Names to try when that fails, each with a `RuntimeWarning`.

        Raises:
            DeviceError: None of them can be opened.
            OpenALNotFound: There is no OpenAL library.
            TypeError: A name is no string, or `fallback` is a single name.
        """
        names = (name, *checks.several("fallback", fallback))
        for wanted in names:
            if not isinstance(wanted, str):
                raise TypeError(f"{wanted!r} is no name of a device; it must be a str")
        al = functions()
        tried = []
        for wanted in names:
            handle = al.alcOpenDevice(wanted.encode() if wanted else None)
            if handle:
                break
            al.alcGetError(None)
            what = f"device {wanted!r}" if wanted else "the default device"
            tried.append(what)
            if len(tried) < len(names):
                warnings.warn(f"cannot open {what}; trying the next", RuntimeWarning, stacklevel=2)
        else:
            there = ", ".join(map(repr, device_names.full)) or "none"
            advice = "LoopbackDevice needs no hardware, and init() falls back to silence"
            raise DeviceError(f"cannot open {' or '.join(tried)}; devices there are: {there}. {advice}.")
        self._open(handle)

    def _open(self, handle: int, own_attributes: Mapping[int, int] | None = None) -> None:
        self._init_lifetime()
        self._native = NativeDevice(self, handle, own_attributes, hardware=self._hardware)
        self._buffers = BufferStore()
        registry.add_device(self)

    @property
    def name(self) -> str:
        """Its full name."""
        return self._native.name

    @property
    def basic_name(self) -> str:
        """Its short name; of many devices the same."""
        return self._native.string(c.ALC_DEVICE_SPECIFIER)

    def query_extension(self, name: str) -> bool:
        """Whether the device has the ALC extension `name`.

        Raises:
            TypeError: `name` is no string.
        """
        return self._native.query_extension(checks.string("name", name))

    @property
    def alc_version(self) -> tuple[int, int]:
        """Version of ALC, (major, minor)."""
        return self._native.integer(c.ALC_MAJOR_VERSION), self._native.integer(c.ALC_MINOR_VERSION)

    @property
    def efx_version(self) -> tuple[int, int]:
        """Version of the effects extension, (major, minor); (0, 0) without."""
        if not self.query_extension("ALC_EXT_EFX"):
            return 0, 0
        return self._native.integer(c.ALC_EFX_MAJOR_VERSION), self._native.integer(c.ALC_EFX_MINOR_VERSION)

    @property
    def frequency(self) -> int:
        """Output rate in hertz. OpenAL settles it with the first context."""
        self._check_not_destroyed()
        return self._native.frequency

    @property
    def max_auxiliary_sends(self) -> int:
        """Effect sends of each source; 0 without effects."""
        return self._native.integer(c.ALC_MAX_AUXILIARY_SENDS) if self.query_extension("ALC_EXT_EFX") else 0

    @property
    def hrtf_names(self) -> list[str]:
        """HRTF data sets there are; their indices are values of `HRTF_ID` (ALC_SOFT_HRTF)."""
        if not self.query_extension("ALC_SOFT_HRTF"):
            return []
        names = []
        for index in range(self._native.integer(c.ALC_NUM_HRTF_SPECIFIERS_SOFT)):
            text = self._native.al.alcGetStringiSOFT(self._native.handle, c.ALC_HRTF_SPECIFIER_SOFT, index)
            names.append((text or b"").decode("utf-8", "replace"))
        return names

    @property
    def hrtf_enabled(self) -> bool:
        """Whether output is rendered for headphones (ALC_SOFT_HRTF)."""
        return self.query_extension("ALC_SOFT_HRTF") and self._native.integer(c.ALC_HRTF_SOFT) == 1

    @property
    def current_hrtf(self) -> str:
        """The HRTF data set in use, '' for none."""
        return self._native.string(c.ALC_HRTF_SPECIFIER_SOFT) if self.hrtf_enabled else ""

    def reset(self, attrs: Mapping[int, int] | None = None) -> None:
        """Change the device's attributes while contexts live and sounds play; blocks until it is done.

        Args:
            attrs: As for `Context`; what is not named goes back to its default.

        Raises:
            DeviceError: The device refuses, or cannot be reset at all (ALC_SOFT_HRTF is missing).
            TypeError, ValueError: `attrs` maps anything but whole numbers of 32 bits to such.
        """
        self._check_not_destroyed()
        attrs = attrs or {}
        attribute_list(attrs)  # TypeError or ValueError, before anything is done
        self._native.reset(attrs)

    def pause_dsp(self) -> None:
        """Stop mixing; time stands still for all its contexts. Nothing without ALC_SOFT_pause_device.

        Of a device without hardware it stops nothing: what a `LoopbackDevice` is told to render is mixed, and the
        silent one that `init` falls back to goes on with the updates of its context. `SourceGroup.pause_all` pauses
        everywhere.
        """
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._native.al.alcDevicePauseSOFT(self._native.handle)

    def resume_dsp(self) -> None:
        """Go on after `pause_dsp`. Nothing without ALC_SOFT_pause_device."""
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._native.al.alcDeviceResumeSOFT(self._native.handle)

    @property
    def clock_time(self) -> int:
        """Nanoseconds of sound mixed since it was opened (ALC_SOFT_device_clock; 0 without)."""
        self._check_not_destroyed()
        return self._native.clock_time

    def close(self) -> None:
        """Close the device; nothing the second time.

        Raises:
            RuntimeError: It has contexts that were not destroyed.
        """
        if self._destroyed:
            return
        if self._native.users:
            contexts = [user.context for user in self._native.users]
            raise RuntimeError(f"{self!r} still has contexts; destroy them first: {contexts}")
        self._native.close()
        self._abandon()

    _closing_method = "close"

    def _abandon(self) -> None:
        """Mark the device as closed without a call into OpenAL."""
        self._destroyed = self._native.closed = True
        self._buffers.close()
        registry.remove_device(self)

    def _has_contexts(self) -> bool:
        return bool(self._native.users)

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind}, closed>" if self._destroyed else f"<{kind} {self.name!r}>"


def parts_of(device: Device) -> tuple[NativeDevice, BufferStore]:
    """Return the open device and the buffers of a `Device`, for the engine of a context.

    Raises:
        DestroyedError: The device was closed.
    """
    device._native.check_open()
    return device._native, device._buffers
