"""A decoder read chunk by chunk for a stream, round its loop where it loops.

Runs on the feeder's thread and calls no OpenAL. Imports numpy, so it is imported by the first stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._common import log
from .._decoding.load import make_reader, valid_loop
from ..errors import DecodeError
from ..formats import CHANNELS, DTYPES

if TYPE_CHECKING:
    from .._decoding.load import DecoderLike
    from .._decoding.sndfile import Array, SndfileReader


class LoopingReader:
    """Frames of a sound from anywhere on, as they would be heard: at the loop's end go on at its start, or do not.

    Attributes:
        name: Of the sound, for errors.
        loop: Start, and end (exclusive; None: that of the sound), in frames.
    """

    def __init__(self, name: str, decoder: DecoderLike | SndfileReader, short: int) -> None:
        """
        Args:
            decoder: What to read. Nobody else may, while this is used.
            short: A loop of at most so many frames is kept in memory once it was closed, so that a decoder need not
                seek many times a second.

        Raises:
            DecodeError, UnsupportedFormat: `decoder` is none, or says impossible things of itself.
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
        #: Where the decoder stands, if that is known.
        self._at: int | None = None
        self._short = short
        #: The loop's frames, once it was closed, if it is short.
        self._body: Array | None = None
        self._repaired = 0

    def read(self, position: int, count: int, looping: bool) -> tuple[Array, list[tuple[int, int]], int, bool]:
        """The next `count` frames from `position` on; fewer at the end of the sound. Blocks while decoding.

        Returns:
            The frames, of shape (frames, channels); where they are from, as (first frame, how many), in order; the
            position after them; whether that is the end.

        Raises:
            ResourceError, or whatever a game's decoder raises.
        """
        out = np.empty((count, self._shape), self._dtype)
        segments: list[tuple[int, int]] = []
        filled, ended, closed = 0, False, False
        start, end = self.loop
        while filled < count and not ended:
            inside = looping and (end is None or position < end)
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
                else:
                    ended = True
        if ended:
            self._report()
        return out[:filled], segments, position, ended

    def _read_from(self, position: int, out: Array, inside: bool) -> int:
        """Fill `out` with frames from `position` on; fewer mean the end of the sound or, `inside` of it, the loop's."""
        body = self._body
        if inside and body is not None and self.loop[0] <= position:
            piece = body[position - self.loop[0] :][: len(out)]
            out[: len(piece)] = piece
            return len(piece)
        if self._at != position:
            nowhere, self._at = self._at is None, None
            # A decoder that cannot seek is at its start the first time.
            if not self._reader.seek(position) and not (nowhere and position == 0):
                raise DecodeError(self.name, "decode", f"its decoder cannot go to frame {position}")
        self._at = None  # if it raises
        got = self._reader.read_into(out)
        self._at = position + got
        return got

    def _keep_if_short(self, start: int, end: int) -> None:
        """The loop's end was found to be `end`: keep all of it, if it is short."""
        if self._body is None and 0 < end - start <= self._short:
            body = np.empty((end - start, self._shape), self._dtype)
            self._body = body[: self._read_from(start, body, False)]

    def _report(self) -> None:
        repaired = self._reader.repaired
        if repaired > self._repaired:
            text = "%r: %d samples were not finite numbers; they were made 0 or full scale"
            log.warning(text, self.name, repaired - self._repaired)
            self._repaired = repaired
