"""What a game may want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .device import Device
    from .source import Source


class MessageHandler:
    """Derive from it, override what you want to hear of, and set ``Context.message_handler``.

    All but `buffer_loading` are called on the thread that made the context, by `Context.update` (or before `free`,
    `Buffer.destroy` and `Context.destroy` return); any of this package may be used in them.
    """

    def device_disconnected(self, device: Device) -> None:
        """`device` is gone: unplugged, or taken by the system. Told once.

        Where OpenAL can follow to another device (see `Device`), this is told only if there is none; then the package
        goes on looking, time stands still for what plays, and it goes on when a device is there again. Else what
        played comes to its end, and nothing is heard until the game opens another `Device` and `Context`, which it
        may do here.
        """

    def source_stopped(self, source: Source) -> None:
        """`source` has come to the end of what it played."""

    def source_force_stopped(self, source: Source) -> None:
        """`source` was stopped before its end: its voice went to a higher priority, or its buffer was freed."""

    def buffer_loading(
        self, name: str, channel_config: str, sample_type: str, sample_rate: int, data: memoryview
    ) -> None:
        """The samples of `name` are decoded, and not given to OpenAL yet.

        Called on the thread that loads: a worker, or the game's in ``Buffer(name)``. What it raises fails the load.

        Args:
            name: What the cache calls the sound.
            channel_config: One of `channel_configs`.
            sample_type: One of `sample_types`.
            sample_rate: Hertz.
            data: All samples, interleaved, as writable bytes (format 'B'; ``data.cast('h')`` for 16-bit samples).
                Valid during the call only. What is written is heard.
        """

    def resource_not_found(self, name: str) -> str:
        """There is no sound `name`: return another to load in its place, or '' to give up.

        The cache keeps the name that was asked for.
        """
        return ""
