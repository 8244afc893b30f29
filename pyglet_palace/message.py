"""MessageHandler, the base class for a game's message handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .device import Device
    from .source import Source


class MessageHandler:
    """Base class for handlers of a context's messages.

    Derive from it, override the methods you need, and set ``Context.message_handler``.

    The messages are called on the thread that made the context: by `Context.update`, or before `free`,
    `Buffer.destroy`, `Batch.release`, `SourceGroup.stop_all` and `Context.destroy` return. They may use everything in
    this package. The exceptions are `buffer_loading` and `resource_not_found`, which are called while a sound loads.
    """

    def device_disconnected(self, device: Device, /) -> None:
        """`device` was lost: it was unplugged, or the system took it. Called once for each loss.

        If OpenAL can move to another device (see `Device`), this is called only if no other device exists. The
        package then keeps looking for one. Playback pauses meanwhile and continues when a device is found.

        If OpenAL cannot move, all playing sources end. The game is silent until it opens another `Device` and
        `Context`, which it may do here.
        """

    def source_stopped(self, source: Source, /) -> None:
        """`source` reached the end of its sound."""

    def source_force_stopped(self, source: Source, /) -> None:
        """`source` was stopped by another cause than its own methods, or was never heard.

        The causes are:

        - Its voice was stolen for a source of higher or equal priority, or it got no voice (see `Source.priority`).
          Looping sources become virtual instead (see `Source.audible`).
        - Its buffer was freed or destroyed, alone or with its context.
        - `SourceGroup.stop_all` was called.
        - Its stream could not be read further. The event ``on_stream_failed`` gives the reason.
        """

    def buffer_loading(
        self, name: str, channel_config: str, sample_type: str, sample_rate: int, data: memoryview, /
    ) -> None:
        """The samples of `name` are decoded and not yet passed to OpenAL.

        Called on the thread that loads: a worker, or the main thread in ``Buffer(name)``. An exception fails the load.

        Args:
            name: Name of the sound in the cache.
            channel_config: One of `channel_configs`.
            sample_type: One of `sample_types`.
            sample_rate: Hertz.
            data: All samples, interleaved, as writable bytes (format 'B'; ``data.cast('h')`` for 16-bit samples).
                Valid during the call only. Changes are heard.
        """

    def resource_not_found(self, name: str, /) -> str:
        """The sound `name` was not found.

        Called on the thread that made the context, by the call that was given the name (`cache`, `preload`, `Buffer`,
        `decode` ...) before it returns. If the file is missing when a worker opens it, this is called by the next
        update or by the call that waits for the sound. It may use everything in this package. An exception fails the
        load, like ''.

        Returns:
            The name of a sound to load instead, or '' to fail the load. The cache uses the requested name for it.
        """
        return ""
