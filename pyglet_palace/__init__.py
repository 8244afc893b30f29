"""Audio for pyglet and arcade: load sounds by name in the background, play any number of them in 3D.

>>> import pyglet, pyglet_palace as palace
>>> pyglet.resource.path = ["assets"]
>>> pyglet.resource.reindex()
>>> context = palace.init()
>>> palace.cache(["door.wav", "theme.ogg"])
>>> palace.Buffer("door.wav").play()
"""

from __future__ import annotations

import typing as _typing

from ._current import current_context, thread_local, use_context
from .attributes import (
    BYTE,
    CHANNEL_CONFIG,
    DONT_CARE,
    FALSE,
    FLOAT,
    FREQUENCY,
    HRTF,
    HRTF_ID,
    INT,
    MAX_AUXILIARY_SENDS,
    MONO,
    MONO_SOURCES,
    OUTPUT_LIMITER,
    QUAD,
    SAMPLE_TYPE,
    SHORT,
    STEREO,
    STEREO_SOURCES,
    TRUE,
    UNSIGNED_BYTE,
    UNSIGNED_INT,
    UNSIGNED_SHORT,
    X51,
    X61,
    X71,
)
from .batch import Batch, preload
from .buffer import Buffer, cache, free
from .context import Context, distance_models
from .decoder import BaseDecoder, Decoder, decode, decoder_factories
from .device import Device, device_names, query_extension
from .errors import (
    BatchFailed,
    BufferTooLarge,
    DecodeError,
    DestroyedError,
    DeviceError,
    LoadCancelled,
    OpenALError,
    OpenALNotFound,
    PalaceError,
    ResourceError,
    ResourceNotFound,
    ResourceUnreadable,
    UnsupportedFormat,
)
from .fades import crossfade, perceptual_gain
from .formats import channel_configs, sample_length, sample_size, sample_types
from .group import SourceGroup
from .listener import Listener
from .loopback import LoopbackDevice
from .message import MessageHandler
from .playing import play
from .resources import FileIO, Name, current_fileio, resources_in, use_fileio
from .session import init, init_on, shutdown
from .source import Source
from .stage import SoundStage

if _typing.TYPE_CHECKING:
    from .effect import (
        AutowahEffect,
        BaseEffect,
        ChorusEffect,
        CompressorEffect,
        DistortionEffect,
        EchoEffect,
        EqualizerEffect,
        FlangerEffect,
        FrequencyShifterEffect,
        PitchShifterEffect,
        ReverbEffect,
        RingModulatorEffect,
        reverb_preset_names,
    )
else:  # type checkers find misspelt names by themselves

    def __getattr__(name):
        """Import the effects at the first use of one. Answer the names of other audio libraries."""
        if name in __all__:
            import pyglet_palace.effect as effects  # `from . import effect` would call this function first

            globals()[name] = found = getattr(effects, name)
            return found
        from ._common.elsewhere import no_such_function

        raise no_such_function(__name__, name)

    def __dir__():
        """Return all names, with those of effects that are not imported yet."""
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"

__all__ = [
    "BYTE",
    "CHANNEL_CONFIG",
    "DONT_CARE",
    "FALSE",
    "FLOAT",
    "FREQUENCY",
    "HRTF",
    "HRTF_ID",
    "INT",
    "MAX_AUXILIARY_SENDS",
    "MONO",
    "MONO_SOURCES",
    "OUTPUT_LIMITER",
    "QUAD",
    "SAMPLE_TYPE",
    "SHORT",
    "STEREO",
    "STEREO_SOURCES",
    "TRUE",
    "UNSIGNED_BYTE",
    "UNSIGNED_INT",
    "UNSIGNED_SHORT",
    "X51",
    "X61",
    "X71",
    "AutowahEffect",
    "BaseDecoder",
    "BaseEffect",
    "Batch",
    "BatchFailed",
    "Buffer",
    "BufferTooLarge",
    "ChorusEffect",
    "CompressorEffect",
    "Context",
    "DecodeError",
    "Decoder",
    "DestroyedError",
    "Device",
    "DeviceError",
    "DistortionEffect",
    "EchoEffect",
    "EqualizerEffect",
    "FileIO",
    "FlangerEffect",
    "FrequencyShifterEffect",
    "Listener",
    "LoadCancelled",
    "LoopbackDevice",
    "MessageHandler",
    "Name",
    "OpenALError",
    "OpenALNotFound",
    "PalaceError",
    "PitchShifterEffect",
    "ResourceError",
    "ResourceNotFound",
    "ResourceUnreadable",
    "ReverbEffect",
    "RingModulatorEffect",
    "SoundStage",
    "Source",
    "SourceGroup",
    "UnsupportedFormat",
    "cache",
    "channel_configs",
    "crossfade",
    "current_context",
    "current_fileio",
    "decode",
    "decoder_factories",
    "device_names",
    "distance_models",
    "free",
    "init",
    "init_on",
    "perceptual_gain",
    "play",
    "preload",
    "query_extension",
    "resources_in",
    "reverb_preset_names",
    "sample_length",
    "sample_size",
    "sample_types",
    "shutdown",
    "thread_local",
    "use_context",
    "use_fileio",
]
