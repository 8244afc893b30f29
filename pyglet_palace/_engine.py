"""The parts of a context, and the order in which an update runs them.

Public objects (`Source`, `Buffer`, `Batch` ...) refer to the engine of their context and call its parts. The engine
defines the parts and their order. The rules are in the parts.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from ._common import registry
from ._common.events import EventQueue
from ._common.threads import CallQueue
from ._loading.cache import SoundCache
from ._loading.delayed_plays import DelayedPlays
from ._loading.lookup import NameLookup
from ._loading.publishing import Publisher
from ._loading.requests import LoadRequests
from ._openal.scope import watch_pyglet
from ._playback.effect_slots import EffectSlots
from ._playback.transport import Transport
from ._playback.voice_pool import VoicePool
from ._streaming.stream_thread import StreamThread
from .errors import DestroyedError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyglet.resource

    from ._decoding.load import Settings
    from ._loading.cache import CacheEntry
    from ._loading.delayed_plays import StartsSource
    from ._loading.disk_writer import DiskWriter
    from ._loading.upload import BufferStore
    from ._loading.workers import WorkerPool
    from ._openal.context import NativeContext
    from ._playback.effect_slots import EffectDevice
    from ._playback.voice import PlaybackDevice
    from .scheduler import Scheduler

    class EngineDevice(EffectDevice, PlaybackDevice, Protocol):
        """The device of a context."""

        users: list[Any]
        #: Whether each update completes all pending work, however long it takes, so that all runs of a test are equal.
        repeatable: bool

        on_time: Callable[[float, bool], None] | None

        def watch_default(self) -> None:
            """Start or end the watch of the default device, after a change of `users`."""

        def is_connected(self) -> bool: ...
        def reopen(self) -> bool:
            """Move a lost device to the default device; return whether that worked."""

    class Owner(Protocol):
        """The context of an engine."""

        @property
        def message_handler(self) -> Any: ...


#: The most seconds between two updates that ask all parts for work.
_LONGEST_REST = 0.25
#: Seconds between two checks of the device's connection, and for stalled workers and decoder processes.
_CHECK_INTERVAL = 0.5


class Engine:
    """The parts of one context. Used on the thread that made the context.

    Attributes:
        context: The public `Context`, which dispatches the events.
        device: The device of the context.
        native: The OpenAL context and its capabilities.
        al: The OpenAL functions. Call them inside `scope` only.
        scope: The context scope.
        workers: The threads that load sounds.
        disk_cache: The disk cache, or None.
        calls: Calls of `cache`, `preload` and `free` on other threads.
        events: Events that were not dispatched yet.
        voices: The voice pool.
        transport: Starts, pauses and stops sources; owns the running fades.
        streams: The streaming thread.
        effect_slots: The effect slots.
        lookup: Finds the resources of names, or of their substitutes.
        buffers: The buffers of the device.
        cache: The sound cache.
        publisher: Publishes the results of loads.
        requests: The pending loads.
        delayed_plays: Starts the sounds that were played before they were loaded.
        settings: Returns the settings of a load that starts now.
        scheduler: Puts `Context.update` on a clock while there is work; None if the game calls it.
        abandoned_batch: Whether the next update ends the batch of `Context.together`, because its end has failed.
        alive: False from the middle of `close` on.
        thread: The thread that made the context.
        owner: Its identifier while `alive`, then 0: `check_alive` in one comparison.
        end_times: The end times of the voices. `EndTimes.next_check` is when an update next asks all parts for work.
        work: Containers. One of them is not empty when an update has something to do before.
    """

    def __init__(
        self,
        context: Any,
        device: EngineDevice,
        native: NativeContext,
        workers: WorkerPool,
        buffers: BufferStore,
        *,
        loader: pyglet.resource.Loader | None,
        voices: int | None,
        disk_cache: DiskWriter | None,
        settings: Callable[[], Settings],
        make_buffer: Callable[[CacheEntry], Any],
        start_source: StartsSource,
    ) -> None:
        """Build the parts.

        Args:
            context: The public `Context`.
            device: Its device.
            native: Its OpenAL context.
            workers: Its worker threads.
            buffers: The buffers of the device.
            loader: The pyglet loader that finds names; None: ``pyglet.resource`` itself.
            voices: The most voices; None: as many as OpenAL gives.
            disk_cache: The disk cache, or None.
            settings: Returns the settings of a load that starts now.
            make_buffer: Makes the `Buffer` of a cache entry.
            start_source: Plays a sound on a source.
        """
        self.context = context
        self.device = device
        self.native = native
        self.al = native.al
        self.scope = native.scope
        self.workers = workers
        self.disk_cache = disk_cache
        self.buffers = buffers
        self.abandoned_batch = False
        self.alive = True
        self.thread = threading.current_thread()
        self.owner = threading.get_ident()
        self.calls = CallQueue()
        self.events = EventQueue()
        self.voices = VoicePool(self.scope, device, self.events, voices)
        self.transport = Transport(self.voices, device)
        self.streams = StreamThread(self.scope, self.voices.end_times.to_check)
        self.effect_slots = EffectSlots(self.al, self.scope, device, self.voices)
        self.lookup = NameLookup(loader, lambda name: context.message_handler.resource_not_found(name))
        self.cache = SoundCache(self.scope, buffers, self.voices, self.events, make_buffer)
        self.publisher = Publisher(self.scope, buffers, workers, self.cache, self.events)
        self.requests = LoadRequests(workers, self.cache, self.publisher, lookup=self.lookup, settings=settings)
        if device.repeatable:
            self.requests.in_order, self.events.failure_budget = True, math.inf
        self.delayed_plays = DelayedPlays(self.transport, self.requests, self.cache, self.events, start_source)
        self.settings = settings
        self.scheduler: Scheduler | None = None
        self._connected = True
        self._checked_at = time.perf_counter()
        self.end_times = self.voices.end_times
        self.work = (
            (None,) if device.on_time is not None else (),
            self.scope.entered,
            self.calls.waiting,
            *self.events.work,
            *self.requests.work,
            *self.transport.work,
            *self.voices.work,
            *self.effect_slots.work,
        )

    def abandon(self) -> None:
        """Let `check_alive` raise from now on."""
        self.alive, self.owner = False, 0

    def check_alive(self) -> None:
        """Raise unless the context is alive and this is its thread, which `owner` is.

        Raises:
            DestroyedError: The context was destroyed.
            RuntimeError: This is another thread.
        """
        if threading.get_ident() == self.owner:
            return
        if not self.alive:
            raise DestroyedError(
                f"{self.context!r}: shutdown(), destroy() or the end of its `with` block destroyed it. Create another "
                f"context, for instance with init(), and load the sounds again"
            )
        raise RuntimeError(
            f"{self.context!r} belongs to the thread {self.thread.name!r}; "
            f"it was used by {threading.current_thread().name!r}. Hand the call over, for instance through "
            f"a queue that a function of pyglet.clock empties"
        )

    def run(self, call: Callable[[], object]) -> bool:
        """Make a call that any thread may ask for: now on the thread of the context, else in its next update.

        Calls are made in the order in which they were asked for.

        Args:
            call: The call. Its exceptions propagate to the caller, or out of the update.

        Returns:
            Whether the call was made.

        Raises:
            DestroyedError: The context was destroyed.
        """
        if self.alive and threading.get_ident() != self.owner:
            self.calls.put(call)
            if self.scheduler is not None:
                self.scheduler.notify(self.wake)
            return False
        self.catch_up()
        call()
        return True

    def catch_up(self) -> None:
        """Make the calls that other threads have asked for so far.

        Raises:
            DestroyedError, RuntimeError: As for `check_alive`.
        """
        self.check_alive()
        self.calls.run()
        self.check_alive()  # the game's resource_not_found may have destroyed the context

    def adopt(self) -> bool:
        """Move the engine to the calling thread if its own has ended; return whether this thread owns it."""
        if self.alive and self.owner != threading.get_ident():
            if self.thread.is_alive():
                return False
            self.owner = threading.get_ident()
        return True

    def has_work(self) -> bool:
        """Return whether an update has something to do."""
        return (
            self.voices.any_playing()
            or any(self.requests.work)
            or bool(self.calls.waiting)
            or bool(len(self.events))
            or self.transport.group_fades.busy
            or self.abandoned_batch
        )

    def wake(self) -> None:
        """Put `Context.update` on the clock if there is work. Called by everything that gives it work."""
        watch_pyglet()
        scheduler = self.scheduler
        if scheduler is not None and self.alive and not scheduler.awake and self.has_work():
            if self.device.on_time is not None:
                self.device.on_time(time.perf_counter(), True)
            self.transport.group_fades.skip_time()
            scheduler.wake()

    def update(self) -> None:
        """Publish loads, advance fades, collect ended voices, serve effects, check the device, dispatch events.

        `Context.update` calls it if there may be something to do: see `work`.
        """
        self.end_times.next_check = 0.0  # until this update has completed
        if self.scope.entered:
            self.scope.leave_abandoned()
        watch_pyglet()
        if self.abandoned_batch:
            self.context.end_batch()
        now = time.perf_counter()
        if self.device.on_time is not None:
            self.device.on_time(now, False)
        if self.streams.reading_since is not None:  # the queues of other streams may last for little more than a stall
            self.streams.replace_stalled(now)
        if self.calls.waiting:
            self.calls.run()
        if self.alive:
            self.requests.publish()
        if not self.alive:  # the game's resource_not_found destroyed the context
            return
        self.transport.advance_fades()
        self.voices.collect_ended()
        self.voices.return_virtual()
        self.effect_slots.update()
        if now - self._checked_at > _CHECK_INTERVAL:
            self._checked_at = now
            self.workers.replace_stalled(now)
            self._check_connection()
        self.publisher.report_batches()
        self.events.dispatch(self.context)
        if self.scheduler is not None and self.alive and not self.has_work():
            self.scheduler.sleep()
            self.wake()  # a thread that saw the scheduler awake may have added a call since `has_work`
        busy = self.effect_slots.busy or len(self.events)
        self.end_times.set_next_check(now, 0.0 if busy else _LONGEST_REST)

    def dispatch(self) -> None:
        """Dispatch the events of a call that stops sources. The next update raises the exceptions of handlers."""
        self.publisher.report_batches()
        self.events.dispatch_keeping_errors(self.context)
        self.end_times.next_check = 0.0
        if self.alive:
            self.wake()

    def close(self) -> None:
        """Stop and free all parts, in the order that their dependencies need. Waits at most 0.1 s for threads.

        Does not dispatch the events of the sources that it stops. The caller closes `events` afterwards. If it is
        interrupted, either a second call continues, or everything but the wait for threads is done.
        """
        if self.scheduler is not None:
            self.scheduler.sleep()
        self.requests.close()
        self.calls.close()
        self.voices.close()
        self.streams.close()
        self.effect_slots.close()
        self.publisher.report_batches()
        self.abandon()
        try:
            self.native.destroy()
        finally:  # before the wait for threads, which Ctrl-C may interrupt
            self.device.users.remove(self)
            registry.remove_context(self.context)
            self.device.watch_default()
            if self.disk_cache is not None:
                self.disk_cache.close()
            self.workers.close()

    def device_was_reset(self, *, renamed: bool = False) -> None:
        """Adapt to a device whose output, rate or sends have changed.

        Args:
            renamed: Whether it plays on another output. The next update dispatches ``on_device_changed``.
        """
        self._connected = True
        self.effect_slots.sends_changed = True
        self.end_times.next_check = 0.0
        self.streams.device_lost = False
        self.streams.wake()
        self.end_times.poll_while("no connection", False)
        self.voices.follow_device()
        if renamed:
            self.events.post_device_changed(self.context.device)
            self.wake()

    def note_clock(self, clock: int) -> None:
        """Note that the device without hardware has mixed, and its clock now."""
        self.end_times.note_clock(clock)

    def fill_streams(self, patience: float) -> float:
        """Block until the streams' queues are full; see `StreamThread.fill_queues`."""
        return self.streams.fill_queues(patience)

    @property
    def uses_effects(self) -> bool:
        """Whether an effect has a slot."""
        return self.effect_slots.count > 0

    def _check_connection(self) -> None:
        device = self.device
        if device.is_connected() or device.reopen() or not self._connected:
            return
        self._connected = False
        if not self.native.keeps_offsets:  # OpenAL has stopped all sources and the device clock
            self.streams.device_lost = True
            self.end_times.poll_while("no connection", True)
        self.events.post_device_disconnected(self.context.device)
