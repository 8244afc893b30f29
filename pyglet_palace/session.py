"""init and shutdown: sound for a whole game, in one line."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ._common.registry import shutdown
from ._current import use_context
from .context import Context
from .device import Device, device_names
from .errors import DeviceError
from .loopback import SilentDevice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    import pyglet.clock
    import pyglet.resource
    from typing_extensions import Unpack

    class ContextOptions(TypedDict, total=False):
        """The keyword arguments of `Context`."""

        clock: pyglet.clock.Clock | None
        loader: pyglet.resource.Loader | None
        auto_update: bool
        update_interval: float
        workers: int | None
        cache_limit: int | None
        buffer_limit: int


__all__ = ["init", "shutdown"]

#: What `init` has made last.
_initialised: Context | None = None


def init(
    device_name: str = "", attrs: Mapping[int, int] | None = None, **context_options: Unpack[ContextOptions]
) -> Context:
    """All a game needs, in one line: the device, a context on it, made current, and driven by pyglet's clock.

    Where no device can be opened there is one `RuntimeWarning`, and everything works in silence. Blocks for about
    0.2 s, while libraries are imported and the device is opened.

    Args:
        device_name: One of `device_names`; '' for the default, which is also tried, with a warning, if another
            cannot be opened.
        attrs: Attributes of the context.
        context_options: The keyword arguments of `Context`.

    Raises:
        RuntimeError: There is a context of an earlier `init`; call `shutdown` first.
        OpenALNotFound: There is no OpenAL library; the text says what to install.
    """
    global _initialised
    if _initialised:
        raise RuntimeError(f"init() was called before and made {_initialised!r}; call shutdown() first")
    try:
        device = Device(device_name, [""] if device_name else [])
    except DeviceError:
        there = ", ".join(device_names.full) or "none"
        problem = f"no sound device can be opened (there are: {there}); everything works, in silence"
        warnings.warn(problem, RuntimeWarning, stacklevel=2)
        device = SilentDevice()
    try:
        context = Context(device, attrs, **context_options)
    except BaseException:
        device.close()
        raise
    context._owns_device = True
    use_context(context)
    _initialised = context
    return context
