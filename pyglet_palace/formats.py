"""Sample types and channel layouts, with OpenAL's formats and channel order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common.text import short_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The types of a sample. A `sample_type` is always one of these.
sample_types = ("Unsigned 8-bit", "Signed 16-bit", "32-bit float", "Mulaw")

#: The channel layouts. A `channel_config` is always one of these.
channel_configs = (
    "Mono", "Stereo", "Rear", "Quadrophonic", "5.1 Surround", "6.1 Surround", "7.1 Surround",
    "B-Format 2D", "B-Format 3D",
)  # fmt: skip

SAMPLE_BYTES: Mapping[str, int] = {"Unsigned 8-bit": 1, "Signed 16-bit": 2, "32-bit float": 4, "Mulaw": 1}

CHANNELS: Mapping[str, int] = {
    "Mono": 1, "Stereo": 2, "Rear": 2, "Quadrophonic": 4, "5.1 Surround": 6, "6.1 Surround": 7, "7.1 Surround": 8,
    "B-Format 2D": 3, "B-Format 3D": 4,
}  # fmt: skip

#: The numpy dtype of each sample type.
DTYPES: Mapping[str, str] = {
    "Unsigned 8-bit": "uint8",
    "Signed 16-bit": "int16",
    "32-bit float": "float32",
    "Mulaw": "uint8",
}

#: The layout of a file by its number of channels, if the file does not specify one.
CONFIG_OF_CHANNELS: Mapping[int, str] = {
    1: "Mono",
    2: "Stereo",
    4: "Quadrophonic",
    6: "5.1 Surround",
    7: "6.1 Surround",
    8: "7.1 Surround",
}

#: Channel order of Vorbis (Vorbis I specification, section 4.3.9; Opus mapping family 1 is the same). It differs from
#: the order of WAVE and OpenAL. Element i is the index in a Vorbis frame of OpenAL's channel i.
VORBIS_ORDER: Mapping[int, tuple[int, ...]] = {
    6: (0, 2, 1, 5, 3, 4),  # from L C R Ls Rs LFE
    7: (0, 2, 1, 6, 5, 3, 4),  # from L C R Ls Rs Rear-C LFE
    8: (0, 2, 1, 7, 5, 6, 3, 4),  # from L C R Ls Rs Rl Rr LFE
}

#: OpenAL's formats by channel layout and sample type: the constant (AL/al.h, AL/alext.h) and the extension that
#: defines it ('' for the core).
AL_FORMATS: Mapping[tuple[str, str], tuple[int, str]] = {
    ("Mono", "Unsigned 8-bit"): (0x1100, ""),
    ("Mono", "Signed 16-bit"): (0x1101, ""),
    ("Mono", "32-bit float"): (0x10010, "AL_EXT_FLOAT32"),
    ("Mono", "Mulaw"): (0x10014, "AL_EXT_MULAW"),
    ("Stereo", "Unsigned 8-bit"): (0x1102, ""),
    ("Stereo", "Signed 16-bit"): (0x1103, ""),
    ("Stereo", "32-bit float"): (0x10011, "AL_EXT_FLOAT32"),
    ("Stereo", "Mulaw"): (0x10015, "AL_EXT_MULAW"),
    ("Quadrophonic", "Unsigned 8-bit"): (0x1204, "AL_EXT_MCFORMATS"),
    ("Quadrophonic", "Signed 16-bit"): (0x1205, "AL_EXT_MCFORMATS"),
    ("Quadrophonic", "32-bit float"): (0x1206, "AL_EXT_MCFORMATS"),
    ("Quadrophonic", "Mulaw"): (0x10021, "AL_EXT_MULAW_MCFORMATS"),
    ("Rear", "Unsigned 8-bit"): (0x1207, "AL_EXT_MCFORMATS"),
    ("Rear", "Signed 16-bit"): (0x1208, "AL_EXT_MCFORMATS"),
    ("Rear", "32-bit float"): (0x1209, "AL_EXT_MCFORMATS"),
    ("Rear", "Mulaw"): (0x10022, "AL_EXT_MULAW_MCFORMATS"),
    ("5.1 Surround", "Unsigned 8-bit"): (0x120A, "AL_EXT_MCFORMATS"),
    ("5.1 Surround", "Signed 16-bit"): (0x120B, "AL_EXT_MCFORMATS"),
    ("5.1 Surround", "32-bit float"): (0x120C, "AL_EXT_MCFORMATS"),
    ("5.1 Surround", "Mulaw"): (0x10023, "AL_EXT_MULAW_MCFORMATS"),
    ("6.1 Surround", "Unsigned 8-bit"): (0x120D, "AL_EXT_MCFORMATS"),
    ("6.1 Surround", "Signed 16-bit"): (0x120E, "AL_EXT_MCFORMATS"),
    ("6.1 Surround", "32-bit float"): (0x120F, "AL_EXT_MCFORMATS"),
    ("6.1 Surround", "Mulaw"): (0x10024, "AL_EXT_MULAW_MCFORMATS"),
    ("7.1 Surround", "Unsigned 8-bit"): (0x1210, "AL_EXT_MCFORMATS"),
    ("7.1 Surround", "Signed 16-bit"): (0x1211, "AL_EXT_MCFORMATS"),
    ("7.1 Surround", "32-bit float"): (0x1212, "AL_EXT_MCFORMATS"),
    ("7.1 Surround", "Mulaw"): (0x10025, "AL_EXT_MULAW_MCFORMATS"),
    ("B-Format 2D", "Unsigned 8-bit"): (0x20021, "AL_EXT_BFORMAT"),
    ("B-Format 2D", "Signed 16-bit"): (0x20022, "AL_EXT_BFORMAT"),
    ("B-Format 2D", "32-bit float"): (0x20023, "AL_EXT_BFORMAT"),
    ("B-Format 2D", "Mulaw"): (0x10031, "AL_EXT_MULAW_BFORMAT"),
    ("B-Format 3D", "Unsigned 8-bit"): (0x20031, "AL_EXT_BFORMAT"),
    ("B-Format 3D", "Signed 16-bit"): (0x20032, "AL_EXT_BFORMAT"),
    ("B-Format 3D", "32-bit float"): (0x20033, "AL_EXT_BFORMAT"),
    ("B-Format 3D", "Mulaw"): (0x10032, "AL_EXT_MULAW_BFORMAT"),
}


def _one_of(kind: str, value: str, known: Mapping[str, int]) -> int:
    try:
        return known[value]
    except (KeyError, TypeError):
        raise ValueError(f"{kind} is {short_repr(value)}; it must be one of {', '.join(map(repr, known))}") from None


def frame_size(channel_config: str, sample_type: str) -> int:
    """Return the size in bytes of one sample frame (one sample of each channel).

    Raises:
        ValueError: `channel_config` or `sample_type` is unknown.
    """
    channels = _one_of("channel_config", channel_config, CHANNELS)
    return channels * _one_of("sample_type", sample_type, SAMPLE_BYTES)


def sample_size(length: int, channel_config: str, sample_type: str) -> int:
    """Return the size in bytes of `length` sample frames.

    Raises:
        ValueError: `channel_config` or `sample_type` is unknown, or `length` is negative.
    """
    if length < 0:
        raise ValueError(f"length is {length}; it must be 0 or more frames")
    return length * frame_size(channel_config, sample_type)


def sample_length(size: int, channel_config: str, sample_type: str) -> int:
    """Return the number of complete sample frames in `size` bytes.

    Raises:
        ValueError: `channel_config` or `sample_type` is unknown, or `size` is negative.
    """
    if size < 0:
        raise ValueError(f"size is {size}; it must be 0 or more bytes")
    return size // frame_size(channel_config, sample_type)
