"""An OpenAL context: creation, capabilities, destruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DeviceError
from ..formats import AL_FORMATS
from . import ContextScope, attribute_list, functions
from . import constants as c

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import Functions


#: The name of the draft extension, as in OpenAL Soft 1.23, and the name of the final one.
_HOLD = ("AL_SOFTX_hold_on_disconnect", "AL_SOFT_hold_on_disconnect")


class NativeContext:
    """The OpenAL context of a `Context`.

    Attributes:
        al: The OpenAL functions, called inside `scope`.
        scope: The scope that enters the context.
        handle: The ALC handle.
        supported: Pairs (channel configuration, sample type) that the context can play.
        has_loop_points: Whether buffers have loop points (AL_SOFT_loop_points).
        keeps_offsets: Whether sources keep their positions while the device is lost, instead of being stopped.
    """

    def __init__(self, device: int, attributes: Mapping[int, int], *, hold: bool = False) -> None:
        """Create the context.

        Args:
            device: The ALC handle of the device.
            attributes: Attributes of the context.
            hold: Whether to keep source positions when the device is lost, if OpenAL can.

        Raises:
            DeviceError: The device refuses.
        """
        self.al: Functions = functions()
        handle: int | None = self.al.alcCreateContext(device, attribute_list(attributes))
        if not handle:
            self.al.check_device(device, "alcCreateContext", "making a context")
            raise DeviceError("the device refuses to make a context")
        self.handle = handle
        self.scope = ContextScope(self.al, handle)
        with self.scope as al:
            # Three dozen formats share a few extensions: query each extension once.
            present = {name: al.has_extension(name) for name in sorted({name for _, name in AL_FORMATS.values()})}
            self.has_loop_points = al.has_extension("AL_SOFT_loop_points")
            self._can_defer = al.has_extension("AL_SOFT_deferred_updates")
            self._has_resamplers = al.has_extension("AL_SOFT_source_resampler")
            self.keeps_offsets = hold and any(map(al.has_extension, _HOLD))
            if self.keeps_offsets:
                al.alDisable(c.AL_STOP_SOURCES_ON_DISCONNECT_SOFT)
        self.supported = frozenset(what for what, (_, name) in AL_FORMATS.items() if present[name])

    @property
    def resamplers(self) -> tuple[str, ...]:
        """Names of the resamplers (AL_SOFT_source_resampler); empty without."""
        if not self._has_resamplers:
            return ()
        with self.scope as al:
            count = al.alGetInteger(c.AL_NUM_RESAMPLERS_SOFT)
            names = [al.alGetStringiSOFT(c.AL_RESAMPLER_NAME_SOFT, index) for index in range(count)]
        return tuple(name.decode("utf-8", "replace") for name in names)

    @property
    def default_resampler(self) -> int:
        """Index of the default in `resamplers`; 0 without."""
        if not self._has_resamplers:
            return 0
        with self.scope as al:
            return int(al.alGetInteger(c.AL_DEFAULT_RESAMPLER_SOFT))

    def defer(self, on: bool) -> None:
        """Defer changes, or apply the deferred ones (AL_SOFT_deferred_updates). Does nothing without the extension."""
        if self._can_defer:
            with self.scope as al:
                (al.alDeferUpdatesSOFT if on else al.alProcessUpdatesSOFT)()

    def destroy(self) -> None:
        """Destroy the context. Blocks until other threads have left its scope."""
        self.scope.close()
        al = self.al
        if al.alcSetThreadContext is None and al.alcGetCurrentContext() == self.handle:
            al.alcMakeContextCurrent(None)
        al.alcDestroyContext(self.handle)
