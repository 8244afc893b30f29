"""An open OpenAL device: its handle, clock and connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from .._common import log
from ..errors import DestroyedError, DeviceError, PalaceError
from . import attribute_list, functions
from . import constants as c
from .default_device import default_device_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Seconds between two attempts to reopen a lost device. Shorter than the interval at which contexts check it.
_RETRY_INTERVAL = 0.4


class DeviceUser(Protocol):
    """A context on the device (its engine)."""

    context: Any

    def check_alive(self) -> None:
        """Raise unless this is the thread of the context."""

    def run(self, call: Callable[[], object]) -> bool:
        """Make a call on the thread of the context, in its next update if this is another thread.

        Raises:
            DestroyedError: The context was destroyed.
        """

    def adopt(self) -> bool:
        """Move to the calling thread if its own has ended; return whether this thread owns it."""

    def device_was_reset(self, *, renamed: bool = False) -> None:
        """Adapt to a device whose output or rate has changed.

        Args:
            renamed: Whether it plays on another output, of which the game is notified.
        """

    def note_clock(self, clock: int) -> None:
        """Note that the device without hardware has mixed, and its clock now."""

    def fill_streams(self, patience: float) -> float:
        """Block until the streams' queues are full; return how many seconds they last."""

    @property
    def uses_effects(self) -> bool: ...


class NativeDevice:
    """An open device.

    Attributes:
        al: The OpenAL functions.
        handle: The ALC handle.
        kind: Class name of the public device, for errors.
        own_attributes: Attributes that every context on the device needs; a loopback device has some.
        requested_attributes: Attributes of the newest context or reset. They are used again when it is reopened.
        users: The contexts on the device, oldest first.
        hardware: Whether the device mixes for hardware, all the time; otherwise when it is asked to.
        has_clock: Whether the device has a clock (ALC_SOFT_device_clock).
        can_reopen: Whether the device can move to another output (ALC_SOFT_reopen_device).
        follows_default: Whether the device moves to the system's default when that changes.
        closed: Whether the device was closed.
        repeatable: Whether each update of a context completes all pending work, however long it takes, so that all runs
            of a test are equal. Read when a context is created.
        on_time: Advances a device without hardware to a time (``time.perf_counter``), in each update of a context. The
            second argument is whether playback was idle. None: the hardware advances.
        on_play: Called with the name of each sound that starts to play on the device; None: nothing is called.
    """

    def __init__(
        self, kind: str, handle: int, own_attributes: Mapping[int, int] | None = None, *, hardware: bool = True
    ) -> None:
        """Take over an open handle.

        Args:
            kind: See the attribute.
            handle: Result of ``alcOpenDevice`` or ``alcLoopbackOpenDeviceSOFT``.
            own_attributes: See the attribute.
            hardware: See the attribute.
        """
        self.al = functions()
        self.handle = handle
        self.kind = kind
        self.hardware = hardware
        self.own_attributes: Mapping[int, int] = own_attributes or {}
        self.requested_attributes: Mapping[int, int] = {}
        self.users: list[DeviceUser] = []
        self.closed = False
        self.has_clock = self.query_extension("ALC_SOFT_device_clock")
        if self.has_clock:
            self._read_clock, self._clock_value = self.al.clock_reader(handle)
        self._reports_disconnection = self.query_extension("ALC_EXT_disconnect")
        self.can_reopen = hardware and self.query_extension("ALC_SOFT_reopen_device")
        self.follows_default = False
        #: The name at the last notification of the users.
        self._known_name = self.name
        #: The default device that this one has reacted to; None: no look-up since it was opened as, or moved to, the
        #: default.
        self._known_default: str | None = None
        #: The default device that a context was asked to react to. Written on the thread of the watch.
        self._asked_default: str | None = None
        self._last_attempt = float("-inf")
        self.refresh_rate()
        self.on_time: Callable[[float, bool], None] | None = None
        self.repeatable = False
        self.on_play: Callable[[str], None] | None = None

    def check_open(self) -> None:
        """Raise `DestroyedError` if the device was closed."""
        if self.closed:
            raise DestroyedError(f"<{self.kind}, closed> can no longer be used")

    def query_extension(self, name: str) -> bool:
        """Return whether the device has the ALC extension `name`."""
        self.check_open()
        return self.al.device_extension(self.handle, name)

    def integer(self, parameter: int) -> int:
        """Return the integer value of an ALC parameter."""
        self.check_open()
        return self.al.device_integer(self.handle, parameter)

    def string(self, parameter: int) -> str:
        """Return the string value of an ALC parameter."""
        self.check_open()
        return self.al.device_string(self.handle, parameter)

    @property
    def name(self) -> str:
        """Full name (ALC_ENUMERATE_ALL_EXT), else the short one."""
        extension = "ALC_ENUMERATE_ALL_EXT"
        if self.query_extension(extension) or self.al.device_extension(None, extension):
            named = self.string(c.ALC_ALL_DEVICES_SPECIFIER)
            if named:
                return named
        return self.string(c.ALC_DEVICE_SPECIFIER)

    def refresh_rate(self) -> None:
        """Read the rate again after a new context or a reset."""
        self.frequency = self.own_attributes.get(c.ALC_FREQUENCY, 0) or self.integer(c.ALC_FREQUENCY)

    @property
    def clock_time(self) -> int:
        """Nanoseconds of sound mixed since the device was opened; 0 without a clock."""
        if not self.has_clock:
            return 0
        self._read_clock()
        return self._clock_value[0]

    def reset(self, attributes: Mapping[int, int]) -> None:
        """Change the attributes of the device (ALC_SOFT_HRTF). Blocks until it is done.

        Raises:
            DeviceError: The device refuses.
        """
        if not self.query_extension("ALC_SOFT_HRTF"):
            raise DeviceError(f"{self.name!r} cannot be reset: this OpenAL has no ALC_SOFT_HRTF")
        done = self.al.alcResetDeviceSOFT(self.handle, attribute_list({**attributes, **self.own_attributes}))
        self.al.check_device(self.handle, "alcResetDeviceSOFT", f"resetting {self.name!r}")
        if not done:
            raise DeviceError(f"resetting {self.name!r} failed")
        self.requested_attributes = dict(attributes)
        self._notify_users()

    def is_connected(self) -> bool:
        """Return whether the device is still there (ALC_EXT_disconnect)."""
        return not self._reports_disconnection or self.integer(c.ALC_CONNECTED) != 0

    def follow_default(self, on: bool) -> None:
        """Begin or end to follow the system's default device. Has no effect on a device that cannot be reopened."""
        self.follows_default = on
        self._known_default = None
        self.watch_default()

    def watch_default(self) -> None:
        """Watch the default device if this one follows it and has contexts, else stop. Call it when that may change."""
        self._asked_default = None  # it may have found no context
        watch = default_device_watch()
        if not (self.follows_default and self.can_reopen and self.users):
            watch.remove(self)
            return
        try:
            watch.add(self)
        except PalaceError as error:
            log.warn_once(str(error), "default device")

    def move(self, name: str) -> bool:
        """Reopen the device on another output; '' for the default (ALC_SOFT_reopen_device). Blocks until it is done.

        Clock, contexts, sources and buffers stay as they are.

        Returns:
            False if the other output cannot be opened. Then the device stays on this one.
        """
        attributes = attribute_list({**self.requested_attributes, **self.own_attributes})
        if not self.al.alcReopenDeviceSOFT(self.handle, name.encode() if name else None, attributes):
            self.al.alcGetError(self.handle)
            return False
        self._notify_users()
        return True

    def reopen(self) -> bool:
        """Move a lost device to the system's default device, which it follows then.

        Tries at most twice a second, however many contexts call it.

        Returns:
            Whether it moved.
        """
        now = time.perf_counter()
        if not self.can_reopen or now - self._last_attempt < _RETRY_INTERVAL:
            return False
        self._last_attempt = now
        lost = self.name
        if not self.move(""):
            return False
        self.follow_default(True)
        log.warning("the sound device %r was lost; sound continues on %r", lost, self.name)
        return True

    def default_looked_up(self, names: tuple[str, ...]) -> None:
        """Move to the default device in the next update of a context, if the default has changed.

        The first look-up is compared with the name of the output that was opened as the default. Called on another
        thread.

        Args:
            names: Names of all devices, the default first.
        """
        name, known = names[0], self._known_default
        if known is None:  # some systems name an open device differently
            known = self._known_name if self._known_name in names else name
        if name == known:
            self._known_default, self._asked_default = name, None
        elif name != self._asked_default:
            self._asked_default = name
            self._ask_to_follow(name)

    def _ask_to_follow(self, name: str) -> None:
        for user in list(self.users):
            try:
                user.run(lambda: self._move_to_default(name))
                return
            except DestroyedError:
                continue

    def _move_to_default(self, name: str) -> None:
        if not self.follows_default or self.closed or name != self._asked_default:
            return
        self._known_default = name
        if self.name == name:  # the system has moved the sound, or the device was lost and moved
            self._notify_users()
        elif not self.move(""):
            text = "the default sound device is %r now, which cannot be opened; sound continues on %r"
            log.warning(text, name, self.name)

    def close(self) -> None:
        """Close the handle."""
        if not self.al.alcCloseDevice(self.handle):
            self.al.check_device(None, "alcCloseDevice", f"closing {self.name!r}")
        self.closed = True

    def _notify_users(self) -> None:
        self.refresh_rate()
        before, self._known_name = self._known_name, self.name
        for user in self.users:
            user.device_was_reset(renamed=self._known_name != before)
