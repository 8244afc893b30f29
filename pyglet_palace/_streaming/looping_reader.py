"""Looping reader: reads a decoder chunk by chunk for a stream, and wraps at the loop points.

Runs on the streaming thread and calls no OpenAL. The module imports numpy. The first stream imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._decoding.load import make_reader
from .._decoding.pcm import valid_loop, warn_of_non_finite
from ..errors import DecodeError
from ..formats import CHANNELS, DTYPES

if TYPE_CHECKING:
    from .._decoding.custom import DecoderLike
    from .._decoding.pcm import Array
    from .._decoding.sndfile import SndfileReader


class LoopingReader:
    """Reader of a sound from any frame on. While looping it continues at the loop's start after the loop's end.

    Attributes:
        name: Name of the sound in errors.
        frequency: Sample rate in hertz.
        channel_config: One of `channel_configs`.
        sample_type: One of `sample_types`.
        length: Frames; 0 if unknown.
        loop: Start and end in frames. The end is exclusive; None for the end of the sound.
    """

    def __init__(self, name: str, decoder: DecoderLike | SndfileReader, short: int) -> None:
        """Check the decoder's properties.

        Args:
            name: Name of the sound in errors.
            decoder: The decoder. Other code must not read it while this reader does.
            short: A loop of at most `short` frames is kept in memory after its first wrap, so that the decoder does
                not have to seek many times a second.

        Raises:
            DecodeError, UnsupportedFormat: `decoder` is not a decoder, or one of its properties is not valid.
        """
        self._reader = reader = make_reader(name, decoder)
        self.name = name
        self.frequency = reader.frequency
        self.channel_config = reader.channel_config
        self.sample_type = reader.sample_type
        self.length = reader.length
        start, end = valid_loop(reader.loop_points, self.length or 2**62) or (0, 0)
        self.loop = (start, end if 0 < end != self.length else None)
        self._shape = CHANNELS[reader.channel_config]
        self._dtype = DTYPES[reader.sample_type]
        #: The frame that the decoder reads next; None if unknown.
        self._at: int | None = None
        self._short = short
        #: The frames of a short loop, after its first wrap.
        self._body: Array | None = None
        self._repaired = 0

    def read(self, position: int, count: int, wraps: float) -> tuple[Array, list[tuple[int, int]], int, float, bool]:
        """Read `count` frames from `position` on; fewer at the end of the sound. Blocks while decoding.

        Args:
            position: The first frame.
            count: The number of frames.
            wraps: How often to continue at the loop's start; infinite while looping.

        Returns:
            Five values: the frames, of shape (frames, channels); their origin as a list of (first frame, number of
            frames), in order; the position after them; the wraps that are left; whether that is the end.

        Raises:
            ResourceError: The sound cannot be decoded. A custom decoder may raise any other exception.
        """
        out = np.empty((count, self._shape), self._dtype)
        segments: list[tuple[int, int]] = []
        filled, ended, closed = 0, False, False
        start, end = self.loop
        while filled < count and not ended:
            inside = wraps > 0 and (end is None or position < end)
            wanted = count - filled if end is None or not inside else min(count - filled, end - position)
            got = self._read_from(position, out[filled : filled + wanted], inside)
            if got:
                segments.append((position, got))
                filled += got
                position += got
                closed = False
            if got < wanted or (inside and position == end):
                if inside and not closed:
                    self._keep_if_short(start, position)
                    position, closed = start, True
                    wraps -= 1
                else:
                    ended = True
        if ended:
            self._report()
        return out[:filled], segments, position, wraps, ended

    def _read_from(self, position: int, out: Array, inside: bool) -> int:
        """Fill `out` from `position` on, and return the number of frames.

        Fewer mean the end of the sound or, with `inside`, the end of the loop.
        """
        body = self._body
        if inside and body is not None and self.loop[0] <= position:
            piece = body[position - self.loop[0] :][: len(out)]
            out[: len(piece)] = piece
            return len(piece)
        if self._at != position:
            unknown, self._at = self._at is None, None
            # A decoder that cannot seek is at its start before the first read.
            if not self._reader.seek(position) and not (unknown and position == 0):
                raise DecodeError(self.name, "decode", f"the decoder cannot seek to frame {position}")
        self._at = None  # unknown if the read raises
        got = self._reader.read_into(out)
        self._at = position + got
        return got

    def _keep_if_short(self, start: int, end: int) -> None:
        """Keep the frames of the loop from `start` to `end` if it is short."""
        if self._body is None and 0 < end - start <= self._short:
            body = np.empty((end - start, self._shape), self._dtype)
            self._body = body[: self._read_from(start, body, False)]

    def _report(self) -> None:
        repaired = self._reader.repaired
        if repaired > self._repaired:
            warn_of_non_finite(self.name, repaired - self._repaired)
            self._repaired = repaired
