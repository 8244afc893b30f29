"""Device: an audio output of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import checks, registry
from ._common.lifetime import Destroyable, KnownAttributes
from ._common.log import warn_caller
from ._common.text import short_repr
from ._loading.upload import BufferStore
from ._openal import attribute_list, functions
from ._openal import constants as c
from ._openal.device import NativeDevice
from ._openal.device_lists import BASIC, CAPTURE, FULL, device_list
from .errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType


class DeviceNames:
    """Names of the devices of this machine. `device_names` is the one instance.

    Each access queries OpenAL and returns a tuple, the default device first; empty without devices.

    Raises:
        OpenALNotFound: There is no OpenAL library.
    """

    @property
    def basic(self) -> tuple[str, ...]:
        """Short names of the playback devices, for `Device`."""
        return device_list(BASIC)

    @property
    def full(self) -> tuple[str, ...]:
        """Full names of the playback devices, for `Device` (ALC_ENUMERATE_ALL_EXT)."""
        return device_list(FULL)

    @property
    def capture(self) -> tuple[str, ...]:
        """Names of the recording devices."""
        return device_list(CAPTURE)

    def __repr__(self) -> str:
        return f"<device names: basic {self.basic}, full {self.full}, capture {self.capture}>"


#: Names of the devices of this machine.
device_names = DeviceNames()


def _available() -> str:
    return ", ".join(map(repr, device_names.full)) or "none"


def query_extension(name: str) -> bool:
    """Return whether OpenAL has the ALC extension `name`, independent of a device.

    Raises:
        OpenALNotFound: There is no OpenAL library.
        TypeError: `name` is not a string.
    """
    return functions().device_extension(None, checks.string("name", name))


class Device(KnownAttributes, Destroyable):
    """An open playback device.

    One thread at a time may use it: the thread of its context, if it has one.

    A device that was opened without a name follows the system's default: if that changes, the next update of a context
    moves the device. A thread looks the default up about once a second, or when the system reports a change. A device
    with contexts that disconnects also moves to the default device, and follows it from then on. Its sounds continue
    there. Both need ALC_SOFT_reopen_device, the second AL_SOFTX_hold_on_disconnect, too (OpenAL Soft 1.23). Without any
    device the context dispatches `MessageHandler.device_disconnected` and tries again twice a second.

    Devices are true until closed and sort by age. As a context manager, a device closes on exit.
    """

    #: Whether the device is hardware, which can disconnect.
    _hardware = True

    def __init__(self, name: str = "", fallback: Iterable[str] = ()) -> None:
        """Open a playback device. Blocks as long as the system takes.

        Args:
            name: One of `device_names`; '' for the default device, which is followed.
            fallback: Names to try next, each with a `RuntimeWarning`.

        Raises:
            DeviceError: None of the devices can be opened.
            OpenALNotFound: There is no OpenAL library.
            TypeError: A name is not a string, or `fallback` is a single name.
        """
        names = (name, *checks.several("fallback", fallback))
        for wanted in names:
            if not isinstance(wanted, str):
                raise TypeError(f"the name of a device is {short_repr(wanted)}; it must be a str")
        al = functions()
        tried = []
        for wanted in names:
            handle = al.alcOpenDevice(wanted.encode() if wanted else None)
            if handle:
                break
            al.alcGetError(None)
            what = f"device {short_repr(wanted)}" if wanted else "the default device"
            tried.append(what)
            if len(tried) < len(names):
                warn_caller(f"cannot open {what}, and tries the next; available devices: {_available()}")
        else:
            advice = "LoopbackDevice needs no hardware, and init() falls back to silence"
            raise DeviceError(f"cannot open {' or '.join(tried)}; available devices: {_available()}. {advice}.")
        self._open(handle)
        self._native.follow_default(not wanted)

    def _open(self, handle: int, own_attributes: Mapping[int, int] | None = None) -> None:
        self._init_lifetime()
        self._native = NativeDevice(type(self).__name__, handle, own_attributes, hardware=self._hardware)
        self._buffers = BufferStore()
        registry.add_device(self)

    @property
    def name(self) -> str:
        """Full name."""
        return self._native.name

    @property
    def basic_name(self) -> str:
        """Short name. Several devices can have the same one."""
        return self._native.string(c.ALC_DEVICE_SPECIFIER)

    def query_extension(self, name: str) -> bool:
        """Return whether the device has the ALC extension `name`.

        Raises:
            TypeError: `name` is not a string.
        """
        return self._native.query_extension(checks.string("name", name))

    @property
    def alc_version(self) -> tuple[int, int]:
        """ALC version as (major, minor)."""
        return self._native.integer(c.ALC_MAJOR_VERSION), self._native.integer(c.ALC_MINOR_VERSION)

    @property
    def efx_version(self) -> tuple[int, int]:
        """Version of the effects extension as (major, minor); (0, 0) without effects."""
        if not self.query_extension("ALC_EXT_EFX"):
            return 0, 0
        return self._native.integer(c.ALC_EFX_MAJOR_VERSION), self._native.integer(c.ALC_EFX_MINOR_VERSION)

    @property
    def frequency(self) -> int:
        """Output rate in hertz. OpenAL fixes it with the first context."""
        self._check_not_destroyed()
        return self._native.frequency

    @property
    def max_auxiliary_sends(self) -> int:
        """Number of auxiliary sends of each source; 0 without effects."""
        return self._native.integer(c.ALC_MAX_AUXILIARY_SENDS) if self.query_extension("ALC_EXT_EFX") else 0

    @property
    def hrtf_names(self) -> list[str]:
        """Names of the HRTF data sets. Their indices are values of `HRTF_ID` (ALC_SOFT_HRTF)."""
        if not self.query_extension("ALC_SOFT_HRTF"):
            return []
        names = []
        for index in range(self._native.integer(c.ALC_NUM_HRTF_SPECIFIERS_SOFT)):
            text = self._native.al.alcGetStringiSOFT(self._native.handle, c.ALC_HRTF_SPECIFIER_SOFT, index)
            names.append((text or b"").decode("utf-8", "replace"))
        return names

    @property
    def hrtf_enabled(self) -> bool:
        """Whether HRTF is active (ALC_SOFT_HRTF)."""
        return self.query_extension("ALC_SOFT_HRTF") and self._native.integer(c.ALC_HRTF_SOFT) == 1

    @property
    def current_hrtf(self) -> str:
        """Name of the HRTF data set in use; '' without one."""
        return self._native.string(c.ALC_HRTF_SPECIFIER_SOFT) if self.hrtf_enabled else ""

    def reset(self, attrs: Mapping[int, int] | None = None) -> None:
        """Change the attributes of the device while contexts exist and sounds play. Blocks until it is done.

        Args:
            attrs: As for `Context`. Attributes that are not given return to their defaults.

        Raises:
            DeviceError: The device refuses, or cannot be reset at all (it lacks ALC_SOFT_HRTF).
            TypeError, ValueError: A key or value is not an integer of 32 bits.
        """
        self._check_not_destroyed()
        attrs = attrs or {}
        attribute_list(attrs)  # raises TypeError or ValueError before anything is done
        self._native.reset(attrs)

    def move(self, name: str = "") -> None:
        """Play on another output from now on. Blocks until it is open.

        Contexts and sources stay, and all sounds continue where they were. The attributes of the newest context or
        `reset` are requested of the output. If it has another name, the contexts dispatch ``on_device_changed``.

        Args:
            name: One of `device_names`; '' for the default device, which is followed from then on.

        Raises:
            DeviceError: The output cannot be opened, and playback continues on this one. Or OpenAL cannot move a device
                (it lacks ALC_SOFT_reopen_device).
            RuntimeError: The device has a context of another thread.
            TypeError: `name` is not a string.
        """
        self._check_not_destroyed()
        name = checks.string("name", name)
        for user in self._native.users:
            user.check_alive()
        if not self._native.can_reopen:
            raise DeviceError(
                f"cannot move {self.name!r}: this OpenAL has no ALC_SOFT_reopen_device. OpenAL Soft 1.23 has it: "
                'pip install "pyglet-palace[openal]". Without it, close the device and its contexts, and open others'
            )
        if not self._native.move(name):
            what = f"device {short_repr(name)}" if name else "the default device"
            raise DeviceError(f"cannot open {what}; {self.name!r} goes on. Available devices: {_available()}")
        self._native.follow_default(not name)

    def pause_dsp(self) -> None:
        """Stop mixing: the device clock and all its contexts pause. Needs ALC_SOFT_pause_device.

        A device without hardware does not stop: a `LoopbackDevice` mixes what it is asked to render, and the silent
        device of `init` follows the updates of its context. `SourceGroup.pause_all` pauses on every device.
        """
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._native.al.alcDevicePauseSOFT(self._native.handle)

    def resume_dsp(self) -> None:
        """Continue after `pause_dsp`. Needs ALC_SOFT_pause_device."""
        self._check_not_destroyed()
        if self.query_extension("ALC_SOFT_pause_device"):
            self._native.al.alcDeviceResumeSOFT(self._native.handle)

    @property
    def clock_time(self) -> int:
        """Nanoseconds of sound mixed since the device was opened; 0 without ALC_SOFT_device_clock."""
        self._check_not_destroyed()
        return self._native.clock_time

    def close(self) -> None:
        """Close the device. A second call does nothing.

        Raises:
            RuntimeError: The device has contexts that were not destroyed.
        """
        if self._destroyed:
            return
        if self._native.users:
            contexts = [user.context for user in self._native.users]
            raise RuntimeError(f"{self!r} still has contexts; destroy them first: {contexts}")
        self._native.close()
        self._abandon()

    _closing_method = "close"

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            # Ctrl-C may have interrupted the end of a context. The error of `close` would replace it.
            for user in list(self._native.users):
                if user.adopt():
                    user.context.destroy()
        super().__exit__(kind, value, traceback)

    def _abandon(self) -> None:
        """Mark the device as closed without a call into OpenAL."""
        self._destroyed = self._native.closed = True
        self._native.on_time = None  # it may refer to this object, which would form a cycle
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
