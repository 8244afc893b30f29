"""Context: a world of sound on one device."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

from pyglet.event import EventDispatcher

from ._common import checks, registry
from ._common.lifetime import Destroyable
from ._current import current_context, use_context
from ._engine import Engine
from ._openal import attribute_list
from ._openal import constants as c
from ._openal.context import NativeContext
from ._openal.properties import Property
from .buffer import Buffer
from .decoder import decoder_factories
from .device import Device, parts_of
from .formats import frame_size
from .listener import Listener
from .message import MessageHandler
from .scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import pyglet.clock
    import pyglet.resource

    from ._decoding.load import Settings
    from ._openal import Functions

#: Bytes one sound may take where `Context` was not told otherwise.
BUFFER_LIMIT = 512 * 1024 * 1024

#: Seconds between two looks at whether the device is still there.
_LOOK_INTERVAL = 0.5


#: What `Context.distance_model` may be, for type checkers.
DistanceModel = Literal[
    "inverse clamped", "linear clamped", "exponent clamped", "inverse", "linear", "exponent", "none"
]

_DISTANCE_MODELS: Mapping[DistanceModel, int] = {
    "inverse clamped": c.AL_INVERSE_DISTANCE_CLAMPED,
    "linear clamped": c.AL_LINEAR_DISTANCE_CLAMPED,
    "exponent clamped": c.AL_EXPONENT_DISTANCE_CLAMPED,
    "inverse": c.AL_INVERSE_DISTANCE,
    "linear": c.AL_LINEAR_DISTANCE,
    "exponent": c.AL_EXPONENT_DISTANCE,
    "none": c.AL_NONE,
}

#: How loudness falls with distance; names of OpenAL's distance models.
distance_models: tuple[DistanceModel, ...] = tuple(_DISTANCE_MODELS)


def _doppler_factor(al: Functions, _: int, value: float) -> None:
    al.alDopplerFactor(value)


def _speed_of_sound(al: Functions, _: int, value: float) -> None:
    al.alSpeedOfSound(value)


def _distance_model(al: Functions, _: int, value: DistanceModel) -> None:
    al.alDistanceModel(_DISTANCE_MODELS[value])


class Context(Destroyable, EventDispatcher):
    """A listener, the sources it hears and the sounds in its cache, on one device.

    It belongs to the thread that made it: every member, and every member of what is made from it, may be used on
    that thread only, and raises `RuntimeError` on others. Several contexts may live at once, also on one device.

    Events, of pyglet's kind, told by `update`:

    - ``on_cached(name)``: a sound that `cache` or `preload` asked for is in memory.
    - ``on_cache_failed(name, error)``: one could not be loaded.
    - ``on_cache_limit_exceeded(size, limit)``: so many bytes are in memory, and all are referred to.
    - ``on_source_stopped(source)``: a source has come to its end.
    - ``on_source_force_stopped(source)``: a source was stopped before its end; see `MessageHandler`.
    - ``on_stream_failed(source, error)``: what a source was streaming could not be read on.
    - ``on_device_disconnected(device)``: the device is gone, and there is none to move to.

    When the device goes away and OpenAL can follow (see `Device`), an update within half a second moves context and
    device to the system's default device. It takes as long as opening one, and is a warning in the log, but no
    event: what plays goes on where it was. Until there is a device, time stands still for what plays.

    As a context manager it makes itself current, and on leaving restores what was current before and destroys
    itself. Contexts are kept alive until `destroy`, `shutdown` or the end of the process. They are true until
    destroyed and sort by age. After ``fork``, all are dead in the child.
    """

    event_types: list[str]
    _engine: Engine

    doppler_factor = Property(
        checks.number(0.0), 1.0, _doppler_factor, "Strength of the doppler effect, >= 0; 1 is nature's, 0 is none."
    )
    speed_of_sound = Property(checks.number(0.0, above=True), 343.3, _speed_of_sound, "EffectSlots a second, > 0.")
    distance_model: Property[DistanceModel] = Property(
        checks.one_of(_DISTANCE_MODELS),
        "inverse clamped",
        _distance_model,
        "How loudness falls with distance, one of `distance_models`.",
    )

    def __init__(
        self,
        device: Device,
        attrs: Mapping[int, int] | None = None,
        *,
        clock: pyglet.clock.Clock | None = None,
        loader: pyglet.resource.Loader | None = None,
        auto_update: bool = True,
        update_interval: float = 1 / 60,
        workers: int | None = None,
        cache_limit: int | None = None,
        buffer_limit: int = BUFFER_LIMIT,
    ) -> None:
        """Blocks for about 0.15 s the first time, while libraries are imported and threads started.

        Args:
            device: Where it is heard.
            attrs: What to ask of the device: `FREQUENCY`, `HRTF` ... and their values.
            clock: What drives `update`; None: pyglet's default clock.
            loader: Where names are looked up; None: ``pyglet.resource`` itself.
            auto_update: Whether the clock drives it; else call `update` yourself, every frame. A context made on
                another than the main thread is driven only by a `clock` it is given.
            update_interval: Seconds between updates, > 0.
            workers: Threads that load; None: one less than the cores this process may use, 1 to 4.
            cache_limit: Bytes of samples to keep; beyond, those that nothing refers to are forgotten, least recently
                used first. None: no limit.
            buffer_limit: Bytes one sound may take; what is larger is refused with `BufferTooLarge`.

        Raises:
            DeviceError: The device refuses.
            DestroyedError: `device` was closed.
            ValueError, TypeError: An argument is out of range, or no such thing.
        """
        if not isinstance(device, Device):
            raise TypeError(f"device is {device!r}; it must be a Device, or use init()")
        parts_of(device)  # DestroyedError
        checks.number(0.0, above=True)("update_interval", update_interval)
        checks.integer(1)("buffer_limit", buffer_limit)
        if workers is not None:
            checks.integer(1, 64)("workers", workers)
        if cache_limit is not None:
            checks.integer(0)("cache_limit", cache_limit)
        if clock is not None and not hasattr(clock, "schedule_interval_soft"):
            raise TypeError(f"clock is {clock!r}; it must be a pyglet.clock.Clock")
        if loader is not None and not hasattr(loader, "location"):
            raise TypeError(f"loader is {loader!r}; it must be a pyglet.resource.Loader")
        attribute_list(attrs or {})  # TypeError, if it is none
        from ._decoding import load  # numpy and soundfile, which a game that plays nothing need not wait for
        from ._loading.workers import WorkerPool

        native_device, buffers = parts_of(device)
        pool = WorkerPool(workers)
        try:
            requested = {**(attrs or {}), **native_device.own_attributes}
            native = NativeContext(native_device.handle, requested, hold=native_device.can_reopen)
        except BaseException:
            pool.close()
            raise
        self._init_lifetime()
        self._values: dict[str, Any] = {}
        self._device = device
        self._message_handler = MessageHandler()
        self._limit = min(buffer_limit, load.LARGEST_BUFFER)
        native_device.requested_attributes = dict(attrs or {})
        native_device.refresh_rate()
        engine: Engine
        self._engine = engine = Engine(
            self,
            native_device,
            native,
            pool,
            buffers,
            loader=loader,
            settings=self._settings,
            make_buffer=lambda entry: Buffer._of(engine, entry),
        )
        native_device.users.append(engine)
        engine.requests.limit = cache_limit
        self._listener = Listener._of(engine)
        if auto_update and (clock is not None or engine.thread is threading.main_thread()):
            engine.scheduler = Scheduler(self, clock, update_interval)
        self._previous: list[Context | None] = []
        #: Whether `destroy` closes the device; set by `init`.
        self._owns_device = False
        registry.add_context(self)

    # What it is made of

    @property
    def device(self) -> Device:
        """Where it is heard."""
        return self._device

    @property
    def listener(self) -> Listener:
        """Who hears it."""
        return self._listener

    @property
    def cached_names(self) -> tuple[str, ...]:
        """Names in memory, in the order they were asked for."""
        self._check_alive()
        return self._engine.cache.names

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Names asked for that no update, `Buffer` or `Batch.wait` has published yet, in the order asked for."""
        self._check_alive()
        return self._engine.requests.pending_names

    @property
    def cached_size(self) -> int:
        """Bytes of all samples in memory."""
        self._check_alive()
        return self._engine.cache.size

    def stats(self) -> dict[str, int]:
        """What it holds and has done, by name, for a debug display.

        ``cached`` (names), ``cached_size`` (bytes), ``pending`` (names), ``queued`` (of these, not begun),
        ``loading_size`` (bytes of samples that are being decoded, or are and were not published), ``failed`` and
        ``evicted`` (names, so far), ``over_limit`` (bytes by which ``cache_limit`` is exceeded), ``sources`` (playing
        or paused), ``streams`` (of these), ``underruns`` (of streams' queues, so far), ``voices`` (made of OpenAL),
        ``stolen`` (voices, so far), ``buffers`` (of OpenAL's, for the sounds in memory on the whole device),
        ``undeleted`` (of these, those OpenAL refused to delete yet), ``effect_slots`` (in use), ``workers`` (threads).
        """
        self._check_alive()
        return {
            "cached": len(self._engine.cache),
            "cached_size": self._engine.cache.size,
            "pending": self._engine.requests.pending,
            "queued": self._engine.workers.queued,
            "failed": self._engine.requests.failed,
            "evicted": self._engine.cache.evicted,
            "loading_size": self._engine.workers.in_flight,
            "over_limit": self._engine.cache.over_limit,
            "sources": self._engine.voices.in_use,
            "streams": len(self._engine.streams),
            "underruns": self._engine.streams.underruns,
            "voices": self._engine.voices.count,
            "stolen": self._engine.voices.stolen,
            "buffers": self._engine.buffers.count,
            "undeleted": self._engine.buffers.refused,
            "effect_slots": self._engine.effect_slots.count,
            "workers": self._engine.workers.workers,
        }

    @property
    def message_handler(self) -> MessageHandler:
        """Who is told what happens, besides the handlers of events; see `MessageHandler`.

        Raises:
            TypeError: Set to anything but an instance of a `MessageHandler`.
        """
        return self._message_handler

    @message_handler.setter
    def message_handler(self, handler: MessageHandler) -> None:
        self._check_alive()
        if not isinstance(handler, MessageHandler):
            raise TypeError(f"message_handler is {handler!r}; it must be an instance of (a class of) MessageHandler")
        self._message_handler = handler

    @property
    def buffer_limit(self) -> int:
        """Bytes one sound may take; what is larger is refused with `BufferTooLarge`. At most 2 GiB."""
        self._check_alive()
        return self._limit

    @buffer_limit.setter
    def buffer_limit(self, limit: int) -> None:
        from ._decoding.load import LARGEST_BUFFER

        self._check_alive()
        self._limit = min(checks.integer(1)("buffer_limit", limit), LARGEST_BUFFER)

    @property
    def cache_limit(self) -> int | None:
        """Bytes of samples to keep; None: no limit. See `Context`."""
        self._check_alive()
        return self._engine.requests.limit

    @cache_limit.setter
    def cache_limit(self, limit: int | None) -> None:
        self._check_alive()
        self._engine.requests.limit = None if limit is None else checks.integer(0)("cache_limit", limit)
        self._engine.wake()

    # Time

    def update(self, dt: float = 0.0) -> None:
        """Take in finished loads, find sources that have ended, tell the news.

        The clock calls it; calling it by hand as well does no harm. Takes about 0.3 ms at most, besides your own
        handlers. An exception out of a handler leaves here; what was not told yet is told by the next update. Within
        a handler it publishes, and tells nothing.

        Args:
            dt: Seconds since the last update, as a clock passes them; not used.
        """
        self._engine.check_alive()
        self._engine.update()

    @property
    def async_wake_interval(self) -> int:
        """Milliseconds between two looks of the thread that feeds streams, 0 to 1000; 0: as long as its queues last."""
        self._check_alive()
        return self._engine.streams.interval

    @async_wake_interval.setter
    def async_wake_interval(self, milliseconds: int) -> None:
        self._check_alive()
        self._engine.streams.interval = checks.integer(0, 1000)("async_wake_interval", milliseconds)
        self._engine.streams.wake()

    @property
    def available_resamplers(self) -> list[str]:
        """Ways to change a sound's rate that a source can choose from (AL_SOFT_source_resampler; else empty)."""
        self._check_alive()
        return list(self._engine.native.resamplers)

    @property
    def default_resampler_index(self) -> int:
        """Index of the default in `available_resamplers`; 0 where there are none."""
        self._check_alive()
        return self._engine.native.default_resampler

    def is_supported(self, channel_config: str, sample_type: str) -> bool:
        """Whether sounds of that layout and sample type can be played.

        Raises:
            ValueError: `channel_config` or `sample_type` is not one of the known ones.
        """
        self._check_alive()
        frame_size(channel_config, sample_type)
        return (channel_config, sample_type) in self._engine.native.supported

    def start_batch(self) -> None:
        """Hold back changes of sources and listener until `end_batch`, to be heard at one moment.

        Batches do not nest: the first `end_batch` ends what any number of `start_batch` has begun, so that one which
        an exception has skipped is made up for by the next. Nothing without AL_SOFT_deferred_updates.
        """
        self._check_alive()
        self._engine.voices.set_deferred(True)
        self._engine.native.defer(True)

    def end_batch(self) -> None:
        """Let what changed since `start_batch` be heard; nothing if there was none."""
        self._check_alive()
        self._engine.native.defer(False)
        self._engine.voices.set_deferred(False)

    # The end

    def destroy(self) -> None:
        """Stop and free everything; nothing the second time.

        Loads that are queued are dropped, those that run are disowned: it waits 0.1 s at most for the threads to end.
        The news of what it stops is told before it returns.
        """
        engine = self._engine
        if not engine.alive:
            return
        engine.check_alive()
        engine.close()
        native_device, _ = parts_of(self._device)
        native_device.users.remove(engine)
        registry.remove_context(self)
        engine.events.dispatch_keeping_errors(self.message_handler, self)
        if self._owns_device and not native_device.users:
            self._device.close()
        engine.events.close()

    def __enter__(self) -> Context:
        self._check_alive()
        self._previous.append(current_context())
        use_context(self)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._engine.alive:
            self._check_alive()
        use_context(self._previous.pop() or None)
        self.destroy()

    # For the nouns of this package, on the game's thread

    def _check_alive(self) -> None:
        """Raise unless it is alive and this is its thread."""
        self._engine.check_alive()

    def _adopt(self) -> bool:
        return self._engine.adopt()

    def _abandon(self) -> None:
        self._engine.alive = False

    def _settings(self) -> Settings:
        from ._decoding.load import Settings

        handler = self.message_handler
        listens = getattr(handler.buffer_loading, "__func__", None) is not MessageHandler.buffer_loading
        return Settings(
            self._limit,
            self._engine.native.supported,
            tuple(decoder_factories),
            handler.buffer_loading if listens else None,
        )

    def _apply(self, changed: Property[Any], value: Any) -> None:
        with self._engine.native.scope as al:
            changed.send(al, 0, value)

    def __bool__(self) -> bool:
        return self._engine.alive

    def __repr__(self) -> str:
        return "<Context, destroyed>" if not self else f"<Context on {self._device!r}>"


Context.event_types = [
    "on_cached",
    "on_cache_failed",
    "on_cache_limit_exceeded",
    "on_source_stopped",
    "on_source_force_stopped",
    "on_stream_failed",
    "on_device_disconnected",
]
