"""Settings of the loads of a context, and the limits of what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._common import checks
from ..decoder import decoder_factories
from ..message import MessageHandler
from .base import ContextBase

if TYPE_CHECKING:
    from .._decoding.load import Settings


class LoadSettings(ContextBase):
    """Base class of `Context` with the limits of sounds and caches, which gives each load its settings."""

    _message_handler: MessageHandler

    def _init_loads(self, buffer_limit: int) -> None:
        from .._decoding.load import LARGEST_BUFFER

        self._limit = min(buffer_limit, LARGEST_BUFFER)
        self._newest_settings: Settings | None = None

    @property
    def buffer_limit(self) -> int:
        """Maximum bytes of one sound, at most 2 GiB. A larger sound fails with `BufferTooLarge`."""
        self._check_alive()
        return self._limit

    @buffer_limit.setter
    def buffer_limit(self, limit: int) -> None:
        from .._decoding.load import LARGEST_BUFFER

        self._check_alive()
        self._limit = min(checks.integer(1)("buffer_limit", limit), LARGEST_BUFFER)

    @property
    def cache_limit(self) -> int | None:
        """Maximum bytes of cached samples; None: no limit. Sounds in use are never evicted."""
        self._check_alive()
        return self._engine.requests.limit

    @cache_limit.setter
    def cache_limit(self, limit: int | None) -> None:
        self._check_alive()
        self._engine.requests.limit = None if limit is None else checks.integer(0)("cache_limit", limit)
        self._engine.wake()

    @property
    def disk_cache(self) -> str | None:
        """Path of the folder of the disk cache; None without one. Sounds in it can be deleted at any time."""
        self._check_alive()
        return self._engine.disk_cache.folder if self._engine.disk_cache is not None else None

    def _settings(self) -> Settings:
        loading = self._message_handler.buffer_loading
        listens = getattr(loading, "__func__", None) is not MessageHandler.buffer_loading
        callback = loading if listens else None
        factories = tuple(decoder_factories) if vars(decoder_factories) else ()
        settings = self._newest_settings
        if (
            settings is None  # `play` asks for each sound
            or settings.loading != callback
            or settings.factories != factories
            or settings.limit != self._limit
        ):
            from .._decoding.load import Settings

            supported, disk_cache = self._engine.native.supported, self._engine.disk_cache
            settings = self._newest_settings = Settings(self._limit, supported, factories, callback, disk_cache)
        return settings
