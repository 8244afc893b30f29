"""init and shutdown: audio for a game in one line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ._common.log import warn_caller
from ._common.registry import shutdown
from ._common.text import short_repr
from ._current import use_context
from .context import Context, close_device_with
from .device import Device, device_names
from .errors import DeviceError
from .loopback import SilentDevice

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypedDict

    import pyglet.clock
    import pyglet.resource
    from typing_extensions import Unpack

    from .context import Decoding

    class ContextOptions(TypedDict, total=False):
        """The keyword arguments of `Context`."""

        clock: pyglet.clock.Clock | None
        loader: pyglet.resource.Loader | None
        auto_update: bool
        update_interval: float
        workers: int | None
        cache_limit: int | None
        buffer_limit: int
        voices: int | None
        decoding: Decoding
        disk_cache: bool | str | os.PathLike[str]
        disk_cache_limit: int


__all__ = ["init", "init_on", "shutdown"]

#: The context of the newest `init`.
_initialised: Context | None = None
#: Opens the device of `init` in a block of `init_on`.
_open_instead: Callable[[], Device] | None = None


def init(
    device_name: str = "", attrs: Mapping[int, int] | None = None, **context_options: Unpack[ContextOptions]
) -> Context:
    """Open a device, create a context on it, make it current, and let pyglet's clock drive it.

    If no device can be opened, one `RuntimeWarning` is given and the game plays silently. Blocks for about 0.2 s while
    libraries are imported and the device is opened.

    Args:
        device_name: One of `device_names`. '' for the default device, which is also tried, with a warning, if another
            device cannot be opened.
        attrs: Attributes of the context.
        context_options: The keyword arguments of `Context`.

    Returns:
        The context.

    Raises:
        RuntimeError: The context of an earlier `init` still exists. Call `shutdown` first.
        OpenALNotFound: There is no OpenAL library. The text says what to install.
    """
    global _initialised
    if _initialised:
        raise RuntimeError(f"init() was called before and made {_initialised!r}; call shutdown() first")
    device = _open_device(device_name) if _open_instead is None else _open_instead()
    try:
        context = Context(device, attrs, **context_options)
    except BaseException:
        device.close()
        raise
    close_device_with(context)
    use_context(context)
    _initialised = context
    return context


def _open_device(name: str) -> Device:
    try:
        return Device(name, [""] if name else [])
    except DeviceError:
        there = ", ".join(device_names.full) or "none"
        problem = f"no sound device can be opened (available: {there}); the game plays silently"
        warn_caller(problem)
        return SilentDevice()


@contextmanager
def init_on(open_device: Callable[[], Device]) -> Iterator[None]:
    """Let `init` play on the device that `open_device` returns, in a ``with`` block. `init` ignores its `device_name`.

    For programs that call `init` themselves, and whose sound is wanted as samples: in tests, for videos.

    >>> device = LoopbackDevice()
    >>> with init_on(lambda: device):
    ...     game = Game()  # calls init()
    ...     first_second = device.render(44100)

    Args:
        open_device: Returns an open device. Like any device of `init`, it closes with its last context.

    Raises:
        TypeError: `open_device` is not callable.
    """
    global _open_instead
    if not callable(open_device):
        raise TypeError(f"open_device is {short_repr(open_device)}; it must be a function that returns a device")
    before, _open_instead = _open_instead, open_device
    try:
        yield
    finally:
        _open_instead = before
