"""Capabilities of OpenAL: resamplers, formats, extensions and version."""

from __future__ import annotations

from .._common import checks
from .._openal import constants as c
from .._openal import library_path
from ..formats import frame_size
from .base import ContextBase


class Capabilities(ContextBase):
    """Base class of `Context` with the capabilities of its OpenAL."""

    @property
    def available_resamplers(self) -> list[str]:
        """Names of the resamplers that `Source.resampler_index` selects from.

        Empty without AL_SOFT_source_resampler.
        """
        self._check_alive()
        return list(self._engine.native.resamplers)

    @property
    def default_resampler_index(self) -> int:
        """Index of the default resampler in `available_resamplers`; 0 if that is empty."""
        self._check_alive()
        return self._engine.native.default_resampler

    def is_supported(self, channel_config: str, sample_type: str) -> bool:
        """Return whether the context can play a format.

        Args:
            channel_config: One of `channel_configs`.
            sample_type: One of `sample_types`.

        Raises:
            ValueError: An argument is unknown.
        """
        self._check_alive()
        frame_size(channel_config, sample_type)
        return (channel_config, sample_type) in self._engine.native.supported

    def query_extension(self, name: str) -> bool:
        """Return whether OpenAL has the AL extension `name`. `Device.query_extension` answers for ALC extensions.

        Raises:
            TypeError: `name` is not a string.
        """
        self._check_alive()
        with self._engine.native.scope as al:
            return al.has_extension(checks.string("name", name))

    @property
    def openal_version(self) -> str:
        """Version of OpenAL and of its implementation (AL_VERSION), such as '1.1 ALSOFT 1.23.1'."""
        self._check_alive()
        with self._engine.native.scope as al:
            return al.string(c.AL_VERSION)

    @property
    def openal_library(self) -> str:
        """Path of the OpenAL library in use. Only its name if the system does not tell the path."""
        self._check_alive()
        return library_path()
