"""Context: the sounds, sources and listener on one device."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from sys import modules
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ._common import checks, registry
from ._common.dispatcher import Dispatcher
from ._common.lifetime import Destroyable, KnownAttributes
from ._common.text import short_repr
from ._context.acoustics import Acoustics, DistanceModel, distance_models
from ._context.capabilities import Capabilities
from ._context.contents import Contents
from ._context.load_settings import LoadSettings
from ._context.options import BUFFER_LIMIT, DISK_CACHE_LIMIT, USUAL_VOICES, Decoding, check_options
from ._current import current_context, use_context
from ._engine import Engine
from ._openal import attribute_list
from ._openal import setters as to
from ._openal.context import NativeContext
from ._openal.properties import Property
from ._openal.scope import PYGLET_DRIVER
from .attributes import MONO_SOURCES
from .buffer import Buffer
from .device import Device, parts_of
from .listener import Listener, put_on_stage
from .message import MessageHandler
from .scheduler import Scheduler
from .source import start_playing
from .stage import SoundStage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    import pyglet.clock
    import pyglet.resource

__all__ = ["Context", "Decoding", "DistanceModel", "close_device_with", "distance_models"]


def _stage(name: str, value: Any) -> SoundStage | None:
    if value is not None and not isinstance(value, SoundStage):
        raise TypeError(f"{name} is {short_repr(value)}; it must be a SoundStage, such as SoundStage(1280), or None")
    return value


class Context(Contents, LoadSettings, Capabilities, Acoustics, KnownAttributes, Destroyable, Dispatcher):
    """A sound cache, a listener and its sources on one device.

    A context belongs to the thread that created it. Its members, and the members of all objects made from it, raise
    `RuntimeError` on other threads. `cache`, `preload` and `free` may be called on any thread. Several contexts can
    exist at once, also on one device.

    `update` dispatches these pyglet events:

    - ``on_cached(name)``: a sound that `cache` or `preload` requested was loaded.
    - ``on_cache_failed(name, error)``: a requested sound could not be loaded.
    - ``on_cache_limit_exceeded(size, limit)``: the cache holds `size` bytes, all of them in use.
    - ``on_source_stopped(source)``: a source reached the end of its sound.
    - ``on_source_force_stopped(source)``: a source was stopped before the end; see `MessageHandler`.
    - ``on_stream_failed(source, error)``: the stream of a source could not be read further.
    - ``on_device_disconnected(device)``: the device is gone and no other device is available.
    - ``on_device_changed(device)``: the device plays on another output: `Device.move`, another default device, or a
      lost device.

    If the device disconnects and OpenAL can reopen it (see `Device`), an update within half a second moves context and
    device to the system's default device, and logs a warning. The move blocks as long as opening a device does. Sounds
    continue where they were. Without any device, playback stands still until there is one.

    As a context manager, the context becomes current. On exit the previous context becomes current again and this one
    is destroyed. A context stays alive until `destroy`, `shutdown` or the end of the process. Contexts are true until
    destroyed and sort by age. After ``fork`` all contexts are destroyed in the child.
    """

    _engine: Engine

    def _apply_stage(self, stage: SoundStage | None) -> None:
        put_on_stage(self._listener, stage)

    stage: Property[SoundStage | None] = Property(
        _stage,
        None,
        to.nothing,
        "How the positions of a 2-D game are heard; None: positions are those of OpenAL's 3-D space. Can be set at any "
        "time.",
        _apply_stage,
    )
    """How the positions of a 2-D game are heard; None: positions are those of OpenAL's 3-D space."""

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
        voices: int | None = None,
        decoding: Decoding = "auto",
        disk_cache: bool | str | os.PathLike[str] = False,
        disk_cache_limit: int = DISK_CACHE_LIMIT,
    ) -> None:
        """Create a context on a device.

        The first one blocks for about 0.15 s, while it imports libraries and starts threads.

        Args:
            device: The device to play on.
            attrs: Attributes requested of the device: `FREQUENCY`, `HRTF` ... and their values.
            clock: The clock that calls `update`. None: pyglet's default clock.
            loader: The loader that finds names. None: ``pyglet.resource`` itself.
            auto_update: Whether the clock calls `update`. If False, call it yourself every frame. Off the main thread
                only an explicit `clock` is used.
            update_interval: Seconds between updates, > 0.
            workers: Number of loading threads and of decoder processes, 1 to 64. None: the cores of this process less
                one, from 1 to 4.
            cache_limit: Maximum bytes of cached samples. Beyond it, the least recently used sounds that are not in
                use are evicted. None: no limit.
            buffer_limit: Maximum bytes of one sound. A larger sound fails with `BufferTooLarge`.
            voices: Maximum number of sounds heard at once, 1 to 65536; see `Source.priority`. OpenAL may give fewer.
                Unless `attrs` has `MONO_SOURCES`, more than 256 are requested of the device. None: as many as OpenAL
                gives, usually 256.
            decoding: 'processes': other processes decode the sounds, so that loading keeps its speed beside a busy main
                thread. Each takes 30 MB, and ends after half a minute without work. Threads still load what needs code
                of the game: `decoder_factories`, `use_fileio` or `buffer_loading`. 'threads': threads decode all
                sounds. 'auto': processes for longer loads, on Linux, unless the game is frozen.
            disk_cache: Whether to keep the samples of compressed sounds on disk, so that the next start does not decode
                them: the path of a folder for them, or True for a folder in the user's cache folder.
            disk_cache_limit: Maximum bytes of that folder. Beyond it, the least recently used sounds are removed.

        Raises:
            DeviceError: The device refuses the context.
            DestroyedError: `device` was closed.
            PalaceError: The system has no more threads.
            ValueError, TypeError: An argument is out of range or has the wrong type.
        """
        if not isinstance(device, Device):
            raise TypeError(f"device is {short_repr(device)}; it must be a Device, or use init()")
        parts_of(device)  # raises DestroyedError
        check_options(
            update_interval=update_interval,
            buffer_limit=buffer_limit,
            workers=workers,
            decoding=decoding,
            cache_limit=cache_limit,
            voices=voices,
            clock=clock,
            loader=loader,
        )
        if voices is not None and voices > USUAL_VOICES:
            attrs = {MONO_SOURCES: voices, **(attrs or {})}
        attribute_list(attrs or {})  # raises TypeError
        # `import pyglet_palace` must not wait for these: most of them import numpy and soundfile. The effects are
        # imported here, because a game may make its first one in the middle of a frame.
        from ._loading.disk_writer import open_disk_cache
        from ._loading.process_worker import seconds_to_start
        from ._loading.workers import WorkerPool
        from .effect import BaseEffect  # noqa: F401

        native_device, buffers = parts_of(device)
        disk = open_disk_cache(disk_cache, disk_cache_limit)
        start_after = None if native_device.repeatable else seconds_to_start(decoding)
        pool = None
        try:
            pool = WorkerPool(workers, start_after=start_after)
            requested = {**(attrs or {}), **native_device.own_attributes}
            native = NativeContext(native_device.handle, requested, hold=native_device.can_reopen)
        except BaseException:
            if disk is not None:
                disk.close()
            if pool is not None:
                pool.close()
            raise
        self._init_lifetime()
        self._values: dict[str, Any] = {}
        self._device = device
        self._message_handler = MessageHandler()
        self._init_loads(buffer_limit)
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
            voices=voices,
            disk_cache=disk,
            settings=self._settings,
            make_buffer=lambda entry: Buffer._of(engine, entry),
            start_source=start_playing,
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
        native_device.watch_default()

    # Parts

    @property
    def device(self) -> Device:
        """The device that the context plays on."""
        return self._device

    @property
    def listener(self) -> Listener:
        """The listener of the context."""
        return self._listener

    @property
    def message_handler(self) -> MessageHandler:
        """The message handler. Its methods are called for each event, before pyglet's event handlers.

        Raises:
            TypeError: Set to an object that is not a `MessageHandler`.
        """
        return self._message_handler

    @message_handler.setter
    def message_handler(self, handler: MessageHandler) -> None:
        self._check_alive()
        if not isinstance(handler, MessageHandler):
            raise TypeError(
                f"message_handler is {short_repr(handler)}; it must be an instance of MessageHandler or of a subclass"
            )
        self._message_handler = handler

    # Updates

    def update(self, dt: float = 0.0) -> None:
        """Publish finished loads, collect finished sources, dispatch events.

        The clock calls this method; you may call it too. It takes at most about 0.3 ms plus the time of your handlers.
        An exception in a handler propagates to the caller, and the next update dispatches the remaining events. Called
        inside a handler, it publishes loads but dispatches no events.

        Args:
            dt: Seconds since the last update, as pyglet's clock passes them. Unused.
        """
        engine = self._engine
        if get_ident() != engine.owner:
            engine.check_alive()  # raises
        # A game calls this once a frame, when its code has left the caches of the processor. Each further function then
        # takes about 2 us. So most updates return here.
        if (
            any(engine.work)
            or perf_counter() >= engine.end_times.next_check
            or engine.streams.reading_since is not None
            or (PYGLET_DRIVER in modules and not engine.scope.disables_gc)
        ):
            engine.update()

    @property
    def async_wake_interval(self) -> int:
        """Milliseconds between two wake-ups of the streaming thread, 0 to 1000. 0: as the queues require."""
        self._check_alive()
        return self._engine.streams.interval

    @async_wake_interval.setter
    def async_wake_interval(self, milliseconds: int) -> None:
        self._check_alive()
        self._engine.streams.interval = checks.integer(0, 1000)("async_wake_interval", milliseconds)
        self._engine.streams.wake()

    def start_batch(self) -> None:
        """Defer plays, resumes and changes of sources and listener until `end_batch`, so that they are heard together.

        What is played or resumed meanwhile starts at the same sample. Streams let all of it wait until enough of them
        is decoded. `together` does the same for a ``with`` block. Deferred sections do not nest: the first `end_batch`
        ends them all. It also ends a section whose own `end_batch` was skipped by an exception. Without
        AL_SOFT_deferred_updates, only plays and resumes are deferred.
        """
        self._check_alive()
        self._engine.voices.set_deferred(True)
        self._engine.native.defer(True)

    def end_batch(self) -> None:
        """Start what was played and apply the changes since `start_batch`. Does nothing without one."""
        self._check_alive()
        self._engine.voices.set_deferred(False)
        self._engine.native.defer(False)
        self._engine.abandoned_batch = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Start at the same sample what the ``with`` block plays or resumes, such as the layers of a piece of music.

        >>> with context.together():
        ...     for layer in layers:
        ...         layer.play()

        Changes of sources and listener are heard at that moment, too. Sounds that are not cached start on their own
        when they arrive. If the block raises, the sounds that it has played start. An inner block joins the outer one.

        Raises:
            RuntimeError: Another thread created the context.
            DestroyedError: The context was destroyed.
        """
        self._check_alive()
        if self._engine.voices.deferred:
            yield
            return
        try:
            self.start_batch()
            yield
        finally:
            if self._engine.alive:
                self._engine.abandoned_batch = True  # if `end_batch` is interrupted, or has too little stack
                self._engine.end_times.next_check = 0.0
                self.end_batch()

    # Lifetime

    def destroy(self) -> None:
        """Stop and free everything.

        Cancels all loads, and waits at most 0.1 s for threads to end. Dispatches the events of
        stopped sources before it returns; exceptions of handlers go to ``sys.excepthook``. A second call does nothing.
        """
        engine = self._engine
        if not engine.alive:
            return
        engine.check_alive()
        engine.close()
        engine.events.dispatch_keeping_errors(self)
        if self._owns_device and not engine.device.users:
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

    def _adopt(self) -> bool:
        return self._engine.adopt()

    def _abandon(self) -> None:
        self._engine.abandon()

    def __bool__(self) -> bool:
        return self._engine.alive

    def __repr__(self) -> str:
        return f"<Context {self._serial}, destroyed>" if not self else f"<Context {self._serial} on {self._device!r}>"


def close_device_with(context: Context) -> None:
    """Make `Context.destroy` close the device too, if no other context uses it."""
    context._owns_device = True


Context.event_types = [
    "on_cached",
    "on_cache_failed",
    "on_cache_limit_exceeded",
    "on_source_stopped",
    "on_source_force_stopped",
    "on_stream_failed",
    "on_device_disconnected",
    "on_device_changed",
]
