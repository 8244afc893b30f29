"""Contents of a context: its sounds and their states, its sources, and counters of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..resources import key_of
from .base import ContextBase

if TYPE_CHECKING:
    from ..errors import ResourceError
    from ..resources import Name
    from ..source import Source


class Contents(ContextBase):
    """Base class of `Context` with its contents."""

    @property
    def cached_names(self) -> tuple[str, ...]:
        """Names of the cached sounds, in the order of their requests."""
        self._check_alive()
        return self._engine.cache.names

    @property
    def pending_names(self) -> tuple[str, ...]:
        """Requested names that were not published yet (by an update, `Buffer` or `Batch.wait`), in request order."""
        self._check_alive()
        return self._engine.requests.pending_names

    @property
    def sources(self) -> list[Source]:
        """Sources that play, are paused, or wait for their sound (`palace.play`), in the order of their starts.

        Those that wait come last, in the order of their plays.
        """
        self._check_alive()
        waiting = list(self._engine.transport.waiting)
        return [state.source for state in [*self._engine.voices.active(), *waiting]]

    def state(self, name: Name) -> Literal["unknown", "pending", "cached", "failed"]:
        """Return what became of a sound.

        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.

        Returns:
            'cached'; 'pending': it was requested and is not published yet; 'failed': its last load failed, see `error`;
            'unknown': none of these, also after `free` and after it was evicted.
        """
        self._check_alive()
        key = key_of(name)
        if self._engine.cache.get(key) is not None:
            return "cached"
        if self._engine.requests.contains(key):
            return "pending"
        return "failed" if key in self._engine.publisher.errors else "unknown"

    def error(self, name: Name) -> ResourceError | None:
        """Return why the last load of a sound failed; None if it did not fail, or is loading again.

        Args:
            name: A resource name for ``pyglet.resource``, or the path of a file.
        """
        return self._engine.publisher.errors.get(key_of(name)) if self.state(name) == "failed" else None

    @property
    def cached_size(self) -> int:
        """Total bytes of the cached samples."""
        self._check_alive()
        return self._engine.cache.size

    def stats(self) -> dict[str, int]:
        """Return counters for a debug display.

        Returns:
            A dictionary with these keys. Of the cache: ``cached`` (names), ``cached_size`` (bytes), ``evicted`` (names,
            in total), ``over_limit`` (bytes beyond ``cache_limit``). Of the disk cache, in total: ``disk_hits`` (sounds
            taken from it), ``disk_writes`` (sounds written to it). Of loading: ``pending`` (names), ``queued`` (those
            of them that no thread has started), ``loading_size`` (bytes decoded or being decoded, not published),
            ``failed`` (names, in total), ``workers`` (threads), ``processes`` (decoder processes that are ready). Of
            playback: ``sources`` (playing or paused), ``streams`` (those of them that stream and are not virtual),
            ``virtual`` (those of them without a voice, see `Source.audible`), ``underruns`` (in total), ``voices``
            (made by OpenAL), ``stolen`` (voices, in total), ``effect_slots`` (in use). Of the whole device: ``buffers``
            (of OpenAL), ``undeleted`` (those of them that OpenAL has refused to delete so far).
        """
        self._check_alive()
        return {
            "cached": len(self._engine.cache),
            "cached_size": self._engine.cache.size,
            "disk_hits": self._engine.publisher.disk_hits,
            "disk_writes": self._engine.disk_cache.writes if self._engine.disk_cache is not None else 0,
            "pending": self._engine.requests.pending,
            "queued": self._engine.workers.queued,
            "failed": self._engine.publisher.failed,
            "evicted": self._engine.cache.evicted,
            "loading_size": self._engine.workers.in_flight,
            "over_limit": self._engine.cache.over_limit,
            "sources": self._engine.voices.in_use,
            "streams": len(self._engine.streams),
            "virtual": self._engine.voices.virtual_count,
            "underruns": self._engine.streams.underruns,
            "voices": self._engine.voices.count,
            "stolen": self._engine.voices.stolen,
            "buffers": self._engine.buffers.count,
            "undeleted": len(self._engine.buffers.refused),
            "effect_slots": self._engine.effect_slots.count,
            "workers": self._engine.workers.workers,
            "processes": self._engine.workers.processes,
        }
