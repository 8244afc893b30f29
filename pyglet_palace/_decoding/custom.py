"""Custom decoders: their interface, and the adapter that reads them like the built-in decoder."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._common.text import short_repr
from ..errors import DecodeError, UnsupportedFormat
from ..formats import AL_FORMATS, frame_size
from .pcm import check_rate, replace_non_finite

if TYPE_CHECKING:
    from .pcm import Array


#: Attributes that a custom decoder must have.
_ATTRIBUTES = ("frequency", "channel_config", "sample_type", "length", "loop_points")


class DecoderLike(Protocol):
    """The interface of a custom decoder (`BaseDecoder`)."""

    @property
    def frequency(self) -> int: ...
    @property
    def channel_config(self) -> str: ...
    @property
    def sample_type(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def loop_points(self) -> tuple[int, int]: ...
    def seek(self, frame: int, /) -> bool: ...
    def read(self, count: int, /) -> bytes: ...


class CustomReader:
    """Adapter that gives a custom decoder the interface of `SndfileReader`, and checks its results.

    Attributes:
        codec: '', because it is not known.
        repaired: Number of samples so far that were NaN or infinite.
    """

    codec = ""
    repaired = 0

    def __init__(self, name: str, decoder: DecoderLike) -> None:
        if not hasattr(decoder, "read"):
            raise DecodeError(name, "decode", f"{short_repr(decoder)} is not a decoder; it must be a BaseDecoder")
        missing = [attribute for attribute in _ATTRIBUTES if not hasattr(decoder, attribute)]
        if missing:
            raise DecodeError(name, "decode", f"the decoder {short_repr(decoder)} has no {' and no '.join(missing)}")
        self.name = name
        self._decoder = decoder
        self.frequency = _integer(name, "frequency", decoder.frequency)
        self.channel_config = decoder.channel_config
        self.sample_type = decoder.sample_type
        self.length = max(_integer(name, "length", decoder.length), 0)
        try:
            start, end = decoder.loop_points
        except (TypeError, ValueError):
            points = short_repr(decoder.loop_points)
            problem = f"the decoder's loop_points is {points}; it must be two whole numbers (start, end)"
            raise DecodeError(name, "decode", problem) from None
        self.loop_points = _integer(name, "loop_points[0]", start), _integer(name, "loop_points[1]", end)
        if (self.channel_config, self.sample_type) not in AL_FORMATS:
            layout, kind = short_repr(self.channel_config), short_repr(self.sample_type)
            problem = f"the decoder's format ({layout}, {kind}) is not a known format"
            raise UnsupportedFormat(name, "decode", problem)
        check_rate(name, self.frequency)
        self._frame = frame_size(self.channel_config, self.sample_type)
        #: Frames left to read, if the decoder gives its length.
        self._left = self.length or 2**62

    def read_into(self, out: Array) -> int:
        """See `SndfileReader.read_into`."""
        out = out[: self._left]  # a decoder that generates its sound may never end by itself
        data = self._decoder.read(len(out)) if len(out) else b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            problem = f"the decoder's read() returned {type(data).__name__}; it must return bytes"
            raise DecodeError(self.name, "decode", problem)
        if isinstance(data, memoryview):
            data = data.cast("B")
        if len(data) % self._frame or len(data) > len(out) * self._frame:
            problem = (
                f"the decoder's read() returned {len(data)} bytes; "
                f"it must return at most {len(out)} frames of {self._frame} bytes"
            )
            raise DecodeError(self.name, "decode", problem)
        frames = len(data) // self._frame
        self._left -= frames
        out[:frames] = np.frombuffer(data, out.dtype).reshape(frames, out.shape[1])
        if self.sample_type == "32-bit float":
            self.repaired += replace_non_finite(out[:frames])
        return frames

    def seek(self, frame: int) -> bool:
        """See `SndfileReader.seek`."""
        found = bool(self._decoder.seek(frame))
        if found and self.length:
            self._left = max(self.length - frame, 0)
        return found


def _integer(name: str, what: str, value: Any) -> int:
    """Return `value` as an integer. A custom decoder may return a float, which OpenAL does not accept."""
    try:
        return index(value)
    except TypeError:
        raise DecodeError(
            name, "decode", f"the decoder's {what} is {short_repr(value)}; it must be a whole number"
        ) from None
