"""What a game may want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .device import Device
    from .source import Source


class MessageHandler:
    """Derive from it, override what you want to hear of, and set ``Context.message_handler``.

    What has happened is told on the thread that made the context, by `Context.update`, or before `free`,
    `Buffer.destroy`, `Batch.release`, `SourceGroup.stop_all` and `Context.destroy` return; any of this package may be
    used in it. `buffer_loading` and `resource_not_found` are questions, asked while a sound is being loaded.
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
        """`source` was stopped before its end by something else than itself, or could not be heard at all.

        That is: its voice went to another of higher or the same priority, or there was none for it (see
        `Source.priority`); its buffer was freed or destroyed, also with its context; `SourceGroup.stop_all`; or what
        it streamed could not be read on (the event ``on_stream_failed`` says why).
        """

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

        Called on the thread that made the context, by whatever was given the name (`cache`, `preload`, `Buffer`,
        `decode` ...) before it returns; or where the file is gone when a worker opens it, by the next update or
        whatever waits for the sound. Any of this package may be used in it. What it raises fails the load, as '' does.
        The cache keeps the name that was asked for.
        """
        return ""
