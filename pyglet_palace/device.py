"""Device, LoopbackDevice: where sound goes."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

from ._common import checks, log, registry
from ._common.lifetime import Destroyable
from ._loading.upload import BufferStore
from ._openal import attribute_list, functions
from ._openal import constants as c
from .errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .context import Context

#: Seconds until a device that has gone away without another in its place is looked for again; somewhat less than
#: between two looks of a context.
_RETRY_INTERVAL = 0.4


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

    def _open(self, handle: int) -> None:
        self._init_lifetime()
        self._al = functions()
        self._handle = handle
        self._store = BufferStore()
        self._contexts: list[Context] = []
        self._has_clock = self.query_extension("ALC_SOFT_device_clock")
        self._reports_disconnection = self.query_extension("ALC_EXT_disconnect")
        self._can_move = (
            self._hardware and self._reports_disconnection and self.query_extension("ALC_SOFT_reopen_device")
        )
        self._tried_to_move = float("-inf")
        #: What the last context, or the last reset, has asked of it.
        self._asked: Mapping[int, int] = {}
        self._rate = 0
        registry.add_device(self)

    @property
    def name(self) -> str:
        """Its full name."""
        self._check_not_destroyed()
        full = self.query_extension("ALC_ENUMERATE_ALL_EXT") or self._al.device_extension(None, "ALC_ENUMERATE_ALL_EXT")
        named = self._al.device_string(self._handle, c.ALC_ALL_DEVICES_SPECIFIER) if full else ""
        return named or self.basic_name

    @property
    def basic_name(self) -> str:
        """Its short name; of many devices the same."""
        self._check_not_destroyed()
        return self._al.device_string(self._handle, c.ALC_DEVICE_SPECIFIER)

    def query_extension(self, name: str) -> bool:
        """Whether the device has the ALC extension `name`.

        Raises:
            TypeError: `name` is no string.
        """
        self._check_not_destroyed()
        return self._al.device_extension(self._handle, checks.string("name", name))

    @property
    def alc_version(self) -> tuple[int, int]:
        """Version of ALC, (major, minor)."""
        return self._integer(c.ALC_MAJOR_VERSION), self._integer(c.ALC_MINOR_VERSION)

    @property
    def efx_version(self) -> tuple[int, int]:
        """Version of the effects extension, (major, minor); (0, 0) without."""
        if not self.query_extension("ALC_EXT_EFX"):
            return 0, 0
        return self._integer(c.ALC_EFX_MAJOR_VERSION), self._integer(c.ALC_EFX_MINOR_VERSION)

    @property
    def frequency(self) -> int:
        """Output rate in hertz. OpenAL settles it with the first context."""
        self._check_not_destroyed()
        return self._rate or self._integer(c.ALC_FREQUENCY)

    @property
    def max_auxiliary_sends(self) -> int:
        """Effect sends of each source; 0 without effects."""
        return self._integer(c.ALC_MAX_AUXILIARY_SENDS) if self.query_extension("ALC_EXT_EFX") else 0

    @property
    def hrtf_names(self) -> list[str]:
        """HRTF data sets there are; their indices are values of `HRTF_ID` (ALC_SOFT_HRTF)."""
        if not self.query_extension("ALC_SOFT_HRTF"):
            return []
        names = []
        for index in range(self._integer(c.ALC_NUM_HRTF_SPECIFIERS_SOFT)):
            text = self._al.alcGetStringiSOFT(self._handle, c.ALC_HRTF_SPECIFIER_SOFT, index)
            names.append((text or b"").decode("utf-8", "replace"))
        return names

    @property
    def hrtf_enabled(self) -> bool:
        """Whether output is rendered for headphones (ALC_SOFT_HRTF)."""
        return self.query_extension("ALC_SOFT_HRTF") and self._integer(c.ALC_HRTF_SOFT) == 1

    @property
    def current_hrtf(self) -> str:
        """The HRTF data set in use, '' for none."""
        return self._al.device_string(self._handle, c.ALC_HRTF_SPECIFIER_SOFT) if self.hrtf_enabled else ""

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
        if not self.query_extension("ALC_SOFT_HRTF"):
            raise DeviceError(f"{self.name!r} cannot be reset: this OpenAL has no ALC_SOFT_HRTF")
        done = self._al.alcResetDeviceSOFT(self._handle, attribute_list({**attrs, **self._own_attributes()}))
        self._al.check_device(self._handle, "alcResetDeviceSOFT", f"resetting {self.name!r}")
        if not done:
            raise DeviceError(f"resetting {self.name!r} failed")
        self._asked = dict(attrs)
        self._settle_anew()

    def pause_dsp(self) -> None:
        """Stop mixing; time stands still for all its contexts. Nothing without ALC_SOFT_pause_device.

        Of a device without hardware it stops nothing: what a `LoopbackDevice` is told to render is mixed, and the
        silent one that `init` falls back to goes on with the updates of its context. `SourceGroup.pause_all` pauses
        everywhere.
        """
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._al.alcDevicePauseSOFT(self._handle)

    def resume_dsp(self) -> None:
        """Go on after `pause_dsp`. Nothing without ALC_SOFT_pause_device."""
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._al.alcDeviceResumeSOFT(self._handle)

    @property
    def clock_time(self) -> int:
        """Nanoseconds of sound mixed since it was opened (ALC_SOFT_device_clock; 0 without)."""
        self._check_not_destroyed()
        return self._al.device_clock(self._handle) if self._has_clock else 0

    def close(self) -> None:
        """Close the device; nothing the second time.

        Raises:
            RuntimeError: It has contexts that were not destroyed.
        """
        if self._destroyed:
            return
        if self._contexts:
            raise RuntimeError(f"{self!r} still has contexts; destroy them first: {self._contexts}")
        if not self._al.alcCloseDevice(self._handle):
            self._al.check_device(None, "alcCloseDevice", f"closing {self!r}")
        self._abandon()

    _closing_method = "close"

    def _abandon(self) -> None:
        """Be dead without a call into OpenAL."""
        self._destroyed = True
        self._store.close()
        registry.remove_device(self)

    def _has_contexts(self) -> bool:
        return bool(self._contexts)

    def _own_attributes(self) -> Mapping[int, int]:
        """What each context of the device must be made with."""
        return {}

    def _settle_rate(self) -> None:
        """Read the rate again, which a context or a reset may have changed."""
        self._rate = self._integer(c.ALC_FREQUENCY)

    def _pass_time(self, now: float, *, idle: bool = False) -> None:
        """It is `now`, in seconds; `idle`: there was nothing to hear until now. Hardware needs no telling."""

    def _settle_anew(self) -> None:
        """Its contexts and what they play have been moved, as they are, to another output or another rate."""
        self._settle_rate()
        for context in self._contexts:
            context._device_was_reset()

    def _is_connected(self) -> bool:
        return not self._reports_disconnection or self._integer(c.ALC_CONNECTED) != 0

    def _move(self) -> bool:
        """Move to the default device, having lost its own; whether it has (ALC_SOFT_reopen_device).

        Tried twice a second at most, however many contexts ask.
        """
        now = time.perf_counter()
        if not self._can_move or now - self._tried_to_move < _RETRY_INTERVAL:
            return False
        self._tried_to_move = now
        lost = self.name
        if not self._al.alcReopenDeviceSOFT(self._handle, None, attribute_list(self._asked)):
            self._al.alcGetError(self._handle)
            return False
        self._settle_anew()
        log.warning("the sound device %r is gone; sound goes on with %r", lost, self.name)
        return True

    def _integer(self, what: int) -> int:
        self._check_not_destroyed()
        return self._al.device_integer(self._handle, what)

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind}, closed>" if self._destroyed else f"<{kind} {self.name!r}>"
