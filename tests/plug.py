"""A device that can be unplugged, and a system whose default output changes, as fakes at the level of OpenAL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import constants as c
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Attributes of a context on a `Plug`. OpenAL needs all but the rate for a loopback device.
STEREO = {palace.CHANNEL_CONFIG: palace.STEREO, palace.SAMPLE_TYPE: palace.FLOAT}
ASKED = {palace.FREQUENCY: RATE, **STEREO, **EXACT}


class Plug:
    """ALC functions of a device that can be unplugged. `Device()` opens one that renders like a `LoopbackDevice`.

    Attributes:
        connected: True while the device is plugged in.
        another: Rate of the device to which OpenAL can move; None without such a device.
        moves: Arguments of each reopen: a name (None for the default), attributes.
        holds: Number of requests not to stop sources on a disconnect.
    """

    def __init__(self, patch: Callable[..., None], *, can_move: bool, can_hold: bool) -> None:
        self.al = al = _openal.functions()
        self.connected = True
        self.another: int | None = None
        self.moves: list[tuple[bytes | None, dict[int, int]]] = []
        self.holds = 0
        self._names = iter(["loudspeaker", "headphones", "monitor"])
        self._name = next(self._names)
        answers = {"ALC_EXT_disconnect": True, "ALC_SOFT_reopen_device": can_move, "ALC_ENUMERATE_ALL_EXT": True}
        there, get, text, loopback = (
            al.alcIsExtensionPresent,
            al.alcGetIntegerv,
            al.device_string,
            al.alcLoopbackOpenDeviceSOFT,
        )
        al._extensions.update(AL_SOFTX_hold_on_disconnect=can_hold, AL_SOFT_hold_on_disconnect=False)

        def get_integer(device: int, what: int, size: int, value: Any) -> None:
            if what == c.ALC_CONNECTED:
                value.value = self.connected
            else:
                get(device, what, size, value)

        def device_string(device: int | None, what: int) -> str:
            return self._name if device and what == c.ALC_ALL_DEVICES_SPECIFIER else text(device, what)

        patch(al, "alcOpenDevice", lambda name: loopback(None))
        patch(al, "alcIsExtensionPresent", lambda device, name: answers.get(name.decode(), there(device, name)))
        patch(al, "alcGetIntegerv", get_integer)
        patch(al, "device_string", device_string)
        patch(al, "alcReopenDeviceSOFT", self._reopen if can_move else None)
        patch(al, "alDisable", self._disable)

    def _reopen(self, device: int, name: bytes | None, attributes: Any) -> bool:
        flat = list(attributes)[:-1]
        asked = dict(zip(flat[::2], flat[1::2], strict=True))
        self.moves.append((name, asked))
        if self.another is not None:
            self._name = next(self._names)
            new = _openal.attribute_list({**asked, palace.FREQUENCY: self.another})
            self.connected = bool(self.al.alcResetDeviceSOFT(device, new))
        return self.connected

    def _disable(self, what: int) -> None:
        assert what == c.AL_STOP_SOURCES_ON_DISCONNECT_SOFT
        self.holds += 1

    def render(self, device: palace.Device, frames: int) -> Any:
        out = np.zeros((frames, 2), np.float32)
        self.al.alcRenderSamplesSOFT(device._native.handle, out.ctypes.data, frames)
        return out


class Outputs(Plug):
    """ALC functions of a system with several outputs, to which a device can move. All of them can be rendered.

    Attributes:
        names: Their names, the default first.
        rates: The rates of some of them. The others have `RATE`.
        broken: Those that cannot be opened.
        opened_name: How the system names a newly opened device; None: as in `names`.
        look_ups: Called at each look-up of the names.
        reports: Whether OpenAL reports that the default has changed.
        callback: What it calls then; None if nothing has registered.
    """

    def __init__(self, patch: Callable[..., None], *, reports: bool = False) -> None:
        super().__init__(patch, can_move=True, can_hold=True)
        self.names = ["loudspeaker", "headphones", "monitor"]
        self.rates: dict[str, int] = {}
        self.broken: set[str] = set()
        self.opened_name: str | None = None
        self.look_ups: list[Callable[[], object]] = []
        self.callback: Any = None
        self.reports = reports
        strings, loopback = self.al.device_strings, self.al.alcLoopbackOpenDeviceSOFT

        def device_strings(device: int | None, what: int) -> Iterator[str]:
            if device or what not in (c.ALC_ALL_DEVICES_SPECIFIER, c.ALC_DEFAULT_ALL_DEVICES_SPECIFIER):
                return strings(device, what)  # type: ignore[no-any-return]
            if what == c.ALC_ALL_DEVICES_SPECIFIER:
                for look_up in list(self.look_ups):
                    look_up()
            return iter(list(self.names))

        def open_device(name: bytes | None) -> Any:
            self._name = self.opened_name or (name.decode() if name else self.names[0])
            return loopback(None)

        def set_callback(callback: Any, _parameter: object) -> None:
            self.callback = callback

        def is_supported(event: int, kind: int) -> int:
            asked = (event, kind) == (c.ALC_EVENT_TYPE_DEFAULT_DEVICE_CHANGED_SOFT, c.ALC_PLAYBACK_DEVICE_SOFT)
            return c.ALC_EVENT_SUPPORTED_SOFT if self.reports and asked else 0

        patch(self.al, "alcOpenDevice", open_device)
        patch(self.al, "device_strings", device_strings)
        patch(self.al, "alcEventIsSupportedSOFT", is_supported)
        patch(self.al, "alcEventControlSOFT", lambda count, events, enable: True)
        patch(self.al, "alcEventCallbackSOFT", set_callback)

    def report(self) -> None:
        """Report a change of the default, on another thread, as OpenAL does."""
        event = c.ALC_EVENT_TYPE_DEFAULT_DEVICE_CHANGED_SOFT, c.ALC_PLAYBACK_DEVICE_SOFT, None, 0, None, None
        thread = threading.Thread(target=self.callback, args=event)
        thread.start()
        thread.join()

    def _reopen(self, device: int, name: bytes | None, attributes: Any) -> bool:
        wanted = name.decode() if name else self.names[0]
        flat = list(attributes)[:-1]
        asked = dict(zip(flat[::2], flat[1::2], strict=True))
        self.moves.append((name, asked))
        if wanted not in self.names or wanted in self.broken:
            return False
        self._name = wanted
        new = _openal.attribute_list({**asked, palace.FREQUENCY: self.rates.get(wanted, RATE)})
        self.connected = bool(self.al.alcResetDeviceSOFT(device, new))
        return self.connected
