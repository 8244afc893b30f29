"""Context: a world of sound on one device."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

from pyglet.event import EventDispatcher

from ._common import checks, registry
from ._common.events import EventQueue
from ._common.lifetime import Destroyable
from ._current import current_context, use_context
from ._loading.cache import SoundCache
from ._loading.lookup import NameLookup
from ._loading.requests import LoadRequests
from ._openal import attribute_list
from ._openal import constants as c
from ._openal.context import NativeContext
from ._openal.properties import Property
from ._playback.fades import Fades
from ._playback.voice_pool import VoicePool
from ._streaming.stream import Stream
from ._streaming.stream_thread import StreamThread
from .buffer import Buffer
from .decoder import BaseDecoder, decoder_factories
from .device import Device
from .effect import EffectSlots
from .errors import DestroyedError
from .formats import frame_size
from .listener import Listener
from .message import MessageHandler
from .scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import pyglet.clock
    import pyglet.resource

    from ._decoding.load import Samples, Settings
    from ._openal import Functions
    from ._streaming.decoder_lock import DecoderLock

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
        device._check_not_destroyed()
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

        self._loader = WorkerPool(workers)
        try:
            asked = {**(attrs or {}), **device._own_attributes()}
            self._native = NativeContext(device._handle, asked, hold=device._can_move)
        except BaseException:
            self._loader.close()
            raise
        self._al = self._native.al
        self._scope = self._native.scope
        self._device = device
        self._thread = threading.current_thread()
        self._thread_id = threading.get_ident()
        self._init_lifetime()
        self._values: dict[str, Any] = {}
        device._contexts.append(self)
        device._asked = dict(attrs or {})
        device._settle_rate()

        self._message_handler = MessageHandler()
        self._limit = min(buffer_limit, load.LARGEST_BUFFER)
        self._news = EventQueue()
        self._voices = VoicePool(self._scope, device, self._news)
        self._fades = Fades(device)
        self._feeder = StreamThread(self._scope, self._voices.to_check)
        self._effects = EffectSlots(self._al, self._scope, device, self._voices)
        self._finder = NameLookup(loader, lambda name: self.message_handler.resource_not_found(name))
        self._shelf = SoundCache(self._scope, device._store, self._voices, self._news)
        self._shelf.make_handle = lambda entry: Buffer._of(self, entry)
        self._table = LoadRequests(
            self._scope,
            device._store,
            self._loader,
            self._shelf,
            self._news,
            finder=self._finder,
            settings=self._settings,
        )
        self._table.limit = cache_limit
        self._listener = Listener._of(self)
        driven = auto_update and (clock is not None or self._thread is threading.main_thread())
        self._scheduler = Scheduler(self, clock, update_interval) if driven else None
        self._previous: list[Context | None] = []
        self._connected = True
        #: Whether `destroy` closes the device; `init` says so.
        self._owns_device = False
        self._looked = time.perf_counter()
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
        return self._shelf.names

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Names asked for that no update, `Buffer` or `Batch.wait` has published yet, in the order asked for."""
        self._check_alive()
        return self._table.pending_names

    @property
    def cached_size(self) -> int:
        """Bytes of all samples in memory."""
        self._check_alive()
        return self._shelf.size

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
            "cached": len(self._shelf),
            "cached_size": self._shelf.size,
            "pending": self._table.pending,
            "queued": self._loader.queued,
            "failed": self._table.failed,
            "evicted": self._shelf.evicted,
            "loading_size": self._loader.in_flight,
            "over_limit": self._shelf.over_limit,
            "sources": self._voices.in_use,
            "streams": len(self._feeder),
            "underruns": self._feeder.underruns,
            "voices": self._voices.count,
            "stolen": self._voices.stolen,
            "buffers": self._device._store.count,
            "undeleted": self._device._store.refused,
            "effect_slots": self._effects.count,
            "workers": self._loader.workers,
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
        return self._table.limit

    @cache_limit.setter
    def cache_limit(self, limit: int | None) -> None:
        self._check_alive()
        self._table.limit = None if limit is None else checks.integer(0)("cache_limit", limit)
        self._wake()

    # Time

    def update(self, dt: float = 0.0) -> None:
        """Take in finished loads, find sources that have ended, tell the news.

        The clock calls it; calling it by hand as well does no harm. Takes about 0.3 ms at most, besides your own
        handlers. An exception out of a handler leaves here; what was not told yet is told by the next update. Within
        a handler it publishes, and tells nothing.

        Args:
            dt: Seconds since the last update, as a clock passes them; not used.
        """
        self._check_alive()
        now = time.perf_counter()
        self._device._pass_time(now)
        self._loader.replace_stalled(now)
        self._table.publish()
        if self._destroyed:  # the game, asked for a substitute, has destroyed it
            return
        self._fades.advance()
        self._voices.collect_ended()
        self._feeder.replace_stalled(now)
        self._effects.update()
        if now - self._looked > _LOOK_INTERVAL:
            self._looked = now
            self._look_for_device()
        self._tell_batches()
        self._news.dispatch(self.message_handler, self)
        if self._scheduler is not None and not self._destroyed and not self._has_work():
            self._scheduler.sleep()

    @property
    def async_wake_interval(self) -> int:
        """Milliseconds between two looks of the thread that feeds streams, 0 to 1000; 0: as long as its queues last."""
        self._check_alive()
        return self._feeder.interval

    @async_wake_interval.setter
    def async_wake_interval(self, milliseconds: int) -> None:
        self._check_alive()
        self._feeder.interval = checks.integer(0, 1000)("async_wake_interval", milliseconds)
        self._feeder.wake()

    @property
    def available_resamplers(self) -> list[str]:
        """Ways to change a sound's rate that a source can choose from (AL_SOFT_source_resampler; else empty)."""
        self._check_alive()
        return list(self._native.resamplers)

    @property
    def default_resampler_index(self) -> int:
        """Index of the default in `available_resamplers`; 0 where there are none."""
        self._check_alive()
        return self._native.default_resampler

    def is_supported(self, channel_config: str, sample_type: str) -> bool:
        """Whether sounds of that layout and sample type can be played.

        Raises:
            ValueError: `channel_config` or `sample_type` is not one of the known ones.
        """
        self._check_alive()
        frame_size(channel_config, sample_type)
        return (channel_config, sample_type) in self._native.supported

    def start_batch(self) -> None:
        """Hold back changes of sources and listener until `end_batch`, to be heard at one moment.

        Batches do not nest: the first `end_batch` ends what any number of `start_batch` has begun, so that one which
        an exception has skipped is made up for by the next. Nothing without AL_SOFT_deferred_updates.
        """
        self._check_alive()
        self._voices.set_deferred(True)
        self._native.defer(True)

    def end_batch(self) -> None:
        """Let what changed since `start_batch` be heard; nothing if there was none."""
        self._check_alive()
        self._native.defer(False)
        self._voices.set_deferred(False)

    # The end

    def destroy(self) -> None:
        """Stop and free everything; nothing the second time.

        Loads that are queued are dropped, those that run are disowned: it waits 0.1 s at most for the threads to end.
        The news of what it stops is told before it returns.
        """
        if self._destroyed:
            return
        self._check_alive()
        device = self._device
        if self._scheduler is not None:
            self._scheduler.sleep()
        self._table.close()
        self._voices.close()
        self._feeder.close()
        self._effects.close()
        self._tell_batches()
        self._destroyed = True
        self._native.destroy()
        device._contexts.remove(self)
        registry.remove_context(self)
        self._loader.close()
        self._news.dispatch_keeping_errors(self.message_handler, self)
        if self._owns_device and not device._contexts:
            device.close()
        self._news.close()

    def __enter__(self) -> Context:
        self._check_alive()
        self._previous.append(current_context())
        use_context(self)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if not self._destroyed:
            self._check_alive()
        use_context(self._previous.pop() or None)
        self.destroy()

    # For the nouns of this package, on the game's thread

    def _check_alive(self) -> None:
        """Raise unless it is alive and this is its thread."""
        if self._destroyed:
            raise DestroyedError(f"{self!r} can no longer be used")
        if threading.get_ident() != self._thread_id:
            raise RuntimeError(
                f"{self!r} belongs to the thread {self._thread.name!r}; "
                f"it was used by {threading.current_thread().name!r}. Hand the call over, for instance through "
                f"a queue that a function of pyglet.clock empties"
            )

    def _adopt(self) -> bool:
        if self._thread_id != threading.get_ident():
            if self._thread.is_alive():
                return False
            self._thread_id = threading.get_ident()
        return True

    def _abandon(self) -> None:
        self._destroyed = True

    def _settings(self) -> Settings:
        from ._decoding.load import Settings

        handler = self.message_handler
        listens = getattr(handler.buffer_loading, "__func__", None) is not MessageHandler.buffer_loading
        return Settings(
            self._limit, self._native.supported, tuple(decoder_factories), handler.buffer_loading if listens else None
        )

    def _read_decoder(self, decoder: BaseDecoder, name: str) -> Samples:
        from ._decoding.load import read_decoder

        with decoder._alone() if isinstance(decoder, BaseDecoder) else nullcontext():
            return read_decoder(name, decoder, self._settings())

    def _stream(self, decoder: Any, name: str, lock: DecoderLock, chunk_len: int, queue_size: int) -> Stream:
        """A stream of `decoder`, called `name` in errors; raises what `BaseDecoder.play` does."""
        from ._decoding.load import as_resource_error, check_supported
        from ._streaming.looping_reader import LoopingReader

        try:
            reader = LoopingReader(name, decoder, chunk_len)
        except Exception as error:
            raise as_resource_error(name, error) from error
        check_supported(name, reader.channel_config, reader.sample_type, self._native.supported)
        self._feeder.start()
        return Stream(self._feeder, reader, lock, chunk_len, queue_size)

    def _has_work(self) -> bool:
        return self._table.busy or bool(len(self._news)) or self._voices.any_playing()

    def _wake(self) -> None:
        """Something was begun: see that the clock drives until it has come to its end."""
        scheduler = self._scheduler
        if scheduler is not None and not self._destroyed and not scheduler.awake and self._has_work():
            self._device._pass_time(time.perf_counter(), idle=True)
            scheduler.wake()

    def _tell_now(self) -> None:
        """Tell the news within a call that stops sources; what handlers raise waits for the next update."""
        self._tell_batches()
        self._news.dispatch_keeping_errors(self.message_handler, self)
        if not self._destroyed:
            self._wake()

    def _tell_batches(self) -> None:
        stirred, self._table.changed_batches = self._table.changed_batches, {}
        for batch in stirred:
            batch._report(self._news)

    def _changed(self, changed: Property[Any], value: Any) -> None:
        with self._native.scope as al:
            changed.send(al, 0, value)

    def _device_was_reset(self) -> None:
        """It may be there again, with other sends, and ends come at other times."""
        self._connected = True
        self._effects.sends_changed = True
        self._feeder.device_lost = False
        self._feeder.wake()
        self._voices.poll_while("no connection", False)
        self._voices.poll_all()

    def _look_for_device(self) -> None:
        device = self._device
        if device._is_connected() or device._move() or not self._connected:
            return
        self._connected = False
        if not self._native.holds:  # OpenAL has stopped what played, while the device's clock stands still
            self._feeder.device_lost = True
            self._voices.poll_while("no connection", True)
        self._news.post_device_disconnected(device)

    def __repr__(self) -> str:
        return "<Context, destroyed>" if self._destroyed else f"<Context on {self._device!r}>"


Context.event_types = [
    "on_cached",
    "on_cache_failed",
    "on_cache_limit_exceeded",
    "on_source_stopped",
    "on_source_force_stopped",
    "on_stream_failed",
    "on_device_disconnected",
]
