"""LoopbackDevice and the silent device: playback without hardware."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import attributes as keys
from ._common import checks
from ._common.text import short_repr
from ._openal import attribute_list, functions
from .device import Device
from .errors import DeviceError
from .formats import CHANNELS, DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

_LOOPBACK_CHANNELS = {
    "Mono": keys.MONO,
    "Stereo": keys.STEREO,
    "Quadrophonic": keys.QUAD,
    "5.1 Surround": keys.X51,
    "6.1 Surround": keys.X61,
    "7.1 Surround": keys.X71,
}
_LOOPBACK_TYPES = {
    "Unsigned 8-bit": keys.UNSIGNED_BYTE,
    "Signed 16-bit": keys.SHORT,
    "32-bit float": keys.FLOAT,
}
_SILENCE = {"Unsigned 8-bit": 0x80, "Signed 16-bit": 0, "32-bit float": 0.0}
#: Frames over which the reverb of OpenAL Soft 1.19 starts or changes. It crashes if it must mix fewer frames that are
#: not a multiple of 4.
_REVERB_FRAMES = 128


class LoopbackDevice(Device):
    """A device without hardware whose output `render` returns (ALC_SOFT_loopback).

    >>> device = LoopbackDevice(48000)
    >>> with device, Context(device):
    ...     Buffer("door.wav").play()
    ...     first_second = device.render(48000)

    Its clock advances only in `render`. Its rate, layout and sample type are fixed: attributes of a context do not
    change them.
    """

    #: Seconds that `render` waits for the decoders of streams.
    _PATIENCE = 1.0
    #: The same on a device whose sound must not depend on the speed of the machine.
    _LONG_PATIENCE = 60.0

    _hardware = False
    #: Why `move` fails, and what would work.
    _IMMOVABLE = "a LoopbackDevice has no output to move: render() returns its sound. Open a Device to hear it"

    channel_config: str
    sample_type: str

    #: Frames mixed in advance, see `_REVERB_FRAMES`.
    _ahead: npt.NDArray[Any] | None = None

    def __init__(
        self, frequency: int = 44100, channel_config: str = "Stereo", sample_type: str = "32-bit float"
    ) -> None:
        """Open a loopback device.

        Args:
            frequency: Output rate in hertz.
            channel_config: 'Mono', 'Stereo', 'Quadrophonic', '5.1 Surround', '6.1 Surround' or '7.1 Surround'.
            sample_type: 'Unsigned 8-bit', 'Signed 16-bit' or '32-bit float'.

        Raises:
            ValueError: OpenAL cannot render that format.
            DeviceError: OpenAL has no loopback devices.
            OpenALNotFound: There is no OpenAL library.
        """
        if channel_config not in _LOOPBACK_CHANNELS:
            raise ValueError(
                f"channel_config is {short_repr(channel_config)}; it must be one of {', '.join(_LOOPBACK_CHANNELS)}"
            )
        if sample_type not in _LOOPBACK_TYPES:
            raise ValueError(
                f"sample_type is {short_repr(sample_type)}; it must be one of {', '.join(_LOOPBACK_TYPES)}"
            )
        frequency = checks.integer(1, 2**31 - 1)("frequency", frequency)
        al = functions()
        if al.alcLoopbackOpenDeviceSOFT is None:
            raise DeviceError("this OpenAL has no loopback devices (ALC_SOFT_loopback); OpenAL Soft has")
        handle = al.alcLoopbackOpenDeviceSOFT(None)
        if not handle:
            raise DeviceError("cannot open a loopback device")
        channels, kind = _LOOPBACK_CHANNELS[channel_config], _LOOPBACK_TYPES[sample_type]
        if not al.alcIsRenderFormatSupportedSOFT(handle, frequency, channels, kind):
            al.alcGetError(handle)
            al.alcCloseDevice(handle)
            raise ValueError(
                f"OpenAL cannot render {short_repr(channel_config)} as {short_repr(sample_type)} at {frequency} Hz"
            )
        self.channel_config = channel_config
        self.sample_type = sample_type
        self._open(handle, {keys.FREQUENCY: frequency, keys.CHANNEL_CONFIG: channels, keys.SAMPLE_TYPE: kind})

    def reset(self, attrs: Mapping[int, int] | None = None) -> None:
        """Change the attributes of the device, as `Device.reset` does. Without `FREQUENCY` the rate stays.

        Args:
            attrs: As for `Context`. Layout and sample type may be given but not changed.

        Raises:
            ValueError: OpenAL cannot render at that rate, or the layout or sample type would change.
            DeviceError, TypeError: As for `Device.reset`.
        """
        self._check_not_destroyed()
        attrs, own = attrs or {}, self._native.own_attributes
        attribute_list(attrs)  # raises TypeError or ValueError before anything is done
        for key, what in ((keys.CHANNEL_CONFIG, "layout"), (keys.SAMPLE_TYPE, "sample type")):
            if attrs.get(key, own[key]) != own[key]:
                raise ValueError(f"a loopback device keeps its {what}; open another one instead")
        new = {**own, keys.FREQUENCY: attrs.get(keys.FREQUENCY, own[keys.FREQUENCY])}
        if not self._native.al.alcIsRenderFormatSupportedSOFT(self._native.handle, *new.values()):
            self._native.al.alcGetError(self._native.handle)
            raise ValueError(f"OpenAL cannot render at {new[keys.FREQUENCY]} Hz")
        self._native.own_attributes = new
        try:
            super().reset(attrs)
        except BaseException:
            self._native.own_attributes = own
            raise

    def move(self, name: str = "") -> None:
        """Raise `DeviceError`: a device without hardware cannot move to an output."""
        self._check_not_destroyed()
        raise DeviceError(self._IMMOVABLE)

    def render(self, frames: int) -> npt.NDArray[Any]:
        """Mix and return the next `frames` sample frames.

        Blocks while mixing, which is about 6000 times faster than real time. Streams are decoded as far as necessary. A
        stream whose decoder takes more than a second underruns. While effects are in use, a step of less than 128
        frames that is not a multiple of 4 is rounded up, and the next call returns the extra frames.

        Args:
            frames: Number of frames, >= 0.

        Returns:
            An array of shape (frames, channels): uint8, int16 or float32 (full scale 1.0), after `sample_type`. Silence
            while the device has no context.

        Raises:
            ValueError: `frames` is negative.
        """
        import numpy as np

        self._check_not_destroyed()
        frames = checks.integer(0, 2**31 - 1)("frames", frames)
        shape = (frames, CHANNELS[self.channel_config])
        out: np.ndarray[Any, Any] = np.full(shape, _SILENCE[self.sample_type], DTYPES[self.sample_type])
        done = 0
        if self._ahead is not None and self._native.users:
            done = min(len(self._ahead), frames)
            out[:done], self._ahead = self._ahead[:done], self._ahead[done:]
        patience = self._LONG_PATIENCE if self._native.repeatable else self._PATIENCE
        while self._native.users and done < frames:
            seconds = min(engine.fill_streams(patience) for engine in self._native.users)
            # Half of the queued frames, because a resampler looks ahead.
            step = min(frames - done, max(4, int(min(seconds, 3600.0) * self.frequency / 2) // 4 * 4))
            if step % 4 and step < _REVERB_FRAMES and any(engine.uses_effects for engine in self._native.users):
                rounded = np.empty((step + -step % 4, shape[1]), out.dtype)
                self._native.al.alcRenderSamplesSOFT(self._native.handle, rounded.ctypes.data, len(rounded))
                out[done : done + step], self._ahead = rounded[:step], rounded[step:]
            else:
                self._native.al.alcRenderSamplesSOFT(self._native.handle, out[done:].ctypes.data, step)
            done += step
        self._note_clock()
        return out

    def _note_clock(self) -> None:
        """Let the contexts know that the device clock has advanced. Hardware does not: they look at its clock."""
        if self._native.users:
            clock = self._native.clock_time
            for user in self._native.users:
                user.note_clock(clock)


class SilentDevice(LoopbackDevice):
    """The silent device that `init` falls back to. Its clock follows the updates of its context."""

    #: Maximum seconds that one update renders.
    _LONGEST = 0.25
    _IMMOVABLE = (
        "init() found no sound device, and its silent device cannot move to one. Call shutdown(), then init() and load "
        "the sounds again"
    )
    #: Rendering must not delay the game.
    _PATIENCE = 0.0

    def __init__(self) -> None:
        """Open a silent device."""
        super().__init__()
        self._passed = time.perf_counter()
        self._stands_still = False
        self._native.on_time = self._pass_time

    def pause_dsp(self) -> None:
        """Stop the clock of the device, as `Device.pause_dsp` does."""
        self._check_not_destroyed()
        self._stands_still = True

    def resume_dsp(self) -> None:
        """Continue after `pause_dsp`."""
        self._check_not_destroyed()
        self._stands_still = False

    def _pass_time(self, now: float, idle: bool) -> None:
        before, self._passed = self._passed, now
        if not idle and not self._stands_still:
            self.render(int(min(now - before, self._LONGEST) * self.frequency))
