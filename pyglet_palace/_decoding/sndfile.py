"""The built-in decoder: libsndfile through soundfile, read from start to end.

The module imports numpy and soundfile. The first context imports it, the package does not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from .._common import log
from ..errors import ResourceError, UnsupportedFormat
from ..formats import CHANNELS, CONFIG_OF_CHANNELS, DTYPES, VORBIS_ORDER
from .loop_points import OPUS_RATE
from .opening import SoundInput, is_system_error
from .pcm import check_rate, replace_non_finite

if TYPE_CHECKING:
    from .files import OpenFile
    from .pcm import Array

#: Numbers of frames from here on mean an unknown length. libsndfile reports 2**63 - 1 then. Also the end of a loop that
#: ends with a sound of unknown length.
_UNKNOWN_LENGTH = 1 << 62
#: The most frames that a byte of a compressed file can hold. A header that declares more is wrong. Sources: RFC 9639 (a
#: constant block of 65535 frames takes 11 bytes), ISO/IEC 11172-3 and 13818-3 (8 kbit/s), RFC 6716 (120 ms take 1 byte
#: and 1 of the page header) and the Vorbis I specification (8192 frames take 1 and 1).
_MOST_FRAMES_PER_BYTE = {"FLAC": 6000, "MPEG_LAYER": 50, "OPUS": 3000, "VORBIS": 4200}

#: PCM of up to 16 bits, and codecs that decode to it. Read as 16-bit integers, without loss.
_SIXTEEN_BIT = frozenset(
    {
        *("PCM_S8", "PCM_U8", "PCM_16", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "VOX_ADPCM"),
        *("G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32"),
        *("DPCM_8", "DPCM_16", "DWVW_12", "DWVW_16", "ALAC_16"),
    }
)
#: Lossy codecs that decode to floats, with peaks that may exceed full scale.
_LOSSY = frozenset({"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})
_VORBIS_ORDERED = frozenset({"VORBIS", "OPUS"})
#: libsndfile seeks in these by a table of contents with a hundred entries, and is off by up to 35 ms.
_SOUGHT_FROM_START = frozenset({"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})
#: Frames to stay away from the last page of an Ogg file, for Opus's pre-skip and libsndfile's own steps. A seek into
#: the last page is wrong by as many frames as the page's last block was shortened.
_PAGE_MARGIN = 8192

#: Frames that `SndfileReader.read_bytes` and skipping decode at a time.
_PIECE = 1 << 18


class SndfileReader:
    """Reader of an open sound, in OpenAL's sample types and channel order.

    Attributes:
        name: Name of the sound in errors.
        container: libsndfile's name of the kind of file.
        codec: libsndfile's name of the encoding.
        frequency: Sample rate in hertz.
        channel_config: One of `channel_configs`.
        sample_type: One of `sample_types`: 'Unsigned 8-bit' for 8-bit WAV; 'Signed 16-bit' for other PCM of up to 16
            bits and lossy codecs; '32-bit float' for formats with a higher resolution, if OpenAL supports it.
        length: Frames according to the header, which is a hint; 0 if unknown.
        loop_points: Start and end in frames, the end exclusive; (0, 0) for none.
        repaired: Number of samples so far that were NaN or infinite.
        warned: Whether a warning was logged: data is missing or damaged.
    """

    warned = False

    def __init__(self, name: str, opened: OpenFile, float_supported: bool) -> None:
        """Read the header.

        Args:
            name: Name of the sound in errors.
            opened: The open file. The reader uses it until `close`.
            float_supported: Whether OpenAL can play 32-bit floats.

        Raises:
            ResourceUnreadable: The file cannot be read.
            DecodeError: The file is not audio, or damaged.
            UnsupportedFormat: The codec, the sample rate or the number of channels is not supported.
        """
        self.name = name
        self._input = SoundInput(name, opened)
        try:
            self._sound = self._input.open()
            self._describe(float_supported)
        except BaseException:
            self._input.close()
            raise
        if self._input.chained:
            self._warn("several Ogg files were joined in this file; only the first one is played")

    def _describe(self, float_supported: bool) -> None:
        """Set the attributes from the header."""
        name, sound = self.name, self._sound
        self.frequency: int = sound.samplerate
        check_rate(name, self.frequency)
        if sound.channels not in CONFIG_OF_CHANNELS:
            known = ", ".join(map(str, CONFIG_OF_CHANNELS))
            problem = f"OpenAL has no layout for {sound.channels} channels; it has layouts for {known}"
            raise UnsupportedFormat(name, "decode", problem)
        self.channel_config = CONFIG_OF_CHANNELS[sound.channels]
        self._subtype = subtype = sound.subtype
        self.container: str = sound.format
        self.codec: str = "FLAC" if self.container == "FLAC" else subtype
        self.length = self._declared_length()
        self._eight_bit = subtype == "PCM_U8" and self.container in ("WAV", "WAVEX", "RF64")
        self._floats = subtype not in _SIXTEEN_BIT
        if self._eight_bit:
            self.sample_type = "Unsigned 8-bit"
        elif not self._floats or subtype in _LOSSY or not float_supported:
            self.sample_type = "Signed 16-bit"
        else:
            self.sample_type = "32-bit float"
        self._order = VORBIS_ORDER.get(sound.channels) if subtype in _VORBIS_ORDERED else None
        #: Whether libsndfile can write directly into the array passed to `read_into`.
        self._direct = self._floats == (self.sample_type == "32-bit float") and not self._eight_bit
        #: The array that it writes into otherwise.
        self._scratch: Array | None = None
        #: The frame at which the next read starts.
        self._position = 0
        #: Whether libsndfile reported an error. Its state is undefined afterwards, until the sound is opened again.
        self._lost = False
        #: Whether the log says already that the data is damaged.
        self._reported = False
        self.repaired = 0
        self.loop_points = self._loop()

    def read_into(self, out: Array) -> int:
        """Fill `out` with the next frames, in place.

        Blocks while decoding. If libsndfile can open the file itself, most of that time the GIL is released.

        Args:
            out: Array of shape (frames, channels) and the dtype of the sample type.

        Returns:
            The number of frames read. Fewer than `out` has mean the end of the sound.

        Raises:
            ResourceUnreadable, DecodeError
        """
        block = out if self._direct else self._scratch_of(len(out))
        frames = self._decode(block)
        block, out = block[:frames], out[:frames]
        if self._floats and frames:
            # Two passes over data in the CPU cache detect samples to repair. A NaN appears in both results.
            lowest, highest = float(block.min()), float(block.max())
            if not (math.isfinite(lowest) and math.isfinite(highest)):
                self.repaired += replace_non_finite(block)
            if not self._direct:
                to_16_bit(block, out, clip=not -1.0 <= lowest <= highest <= 1.0)
        elif self._eight_bit:
            out[:] = (block >> 8) + 128
        if self._order is not None:
            out[:] = out[:, self._order]
        return frames

    def read_bytes(self, count: int) -> bytes:
        """Return the bytes of the next `count` frames; fewer mean the end. Raises and blocks like `read_into`."""
        channels = CHANNELS[self.channel_config]
        pieces = []
        while count:
            block = np.empty((min(count, _PIECE), channels), DTYPES[self.sample_type])
            got = self.read_into(block)
            pieces.append(block[:got].tobytes())
            count = count - got if got == len(block) else 0
        return b"".join(pieces)

    def seek(self, frame: int) -> bool:
        """Seek to `frame` exactly. Some codecs decode frames before it, which blocks.

        Returns:
            False if the sound ends before `frame`.

        Raises:
            ResourceUnreadable, DecodeError
        """
        subtype = self._subtype
        if self.length and frame > self.length:
            return False
        if subtype in _SOUGHT_FROM_START:
            return (frame >= self._position or self._go_to(0)) and self._skip(frame - self._position)
        start = frame
        if subtype == "VORBIS":
            # Unless it seeks from the start, libsndfile arrives hundreds of frames away from the position it reports.
            self._go_to(0)
        end_page = self._input.end_page
        if end_page is not None and subtype in ("VORBIS", "OPUS"):
            rate = self.frequency if subtype == "VORBIS" else OPUS_RATE
            start = min(start, end_page * self.frequency // rate - _PAGE_MARGIN)
        start = max(start, 0)
        # libsndfile cannot seek in some encodings, and in some damaged files.
        return (self._go_to(start) or self._go_to(0)) and self._skip(frame - self._position)

    def measure(self) -> int:
        """Return the number of frames. If the header does not declare it, decode from the start to the end to count.

        Call it before the first read. Raises and blocks like `read_into`.
        """
        if self.length:
            return self.length
        while self._skip(_PIECE):
            pass
        counted = self._position
        self.seek(0)
        return counted

    def tags(self) -> dict[str, str]:
        """Return the text in the file by libsndfile's names, such as 'title', 'artist' and 'date'."""
        tags: dict[str, str] = self._sound.copy_metadata()
        return tags

    def close(self) -> None:
        """Close the sound and its file."""
        self._sound.close()
        self._input.close()

    def _warn(self, problem: str, *arguments: object) -> None:
        """Log a warning about the file, with %-style arguments."""
        self.warned = True
        log.warning(f"%r: {problem}", self.name, *arguments)

    def _declared_length(self) -> int:
        """Return the number of frames that the file declares; 0 if it declares none, or one that cannot be right."""
        declared: int = self._sound.frames
        if not 0 < declared < _UNKNOWN_LENGTH:
            declared = 0
        header, size = self._input.header, self._input.size
        if (
            header is not None
            and declared - header.block_frames < header.frames < declared
            # libsndfile writes a count that is divided by the channels for IMA ADPCM.
            and (self._sound.channels == 1 or header.frames != declared // self._sound.channels)
        ):
            return header.frames
        counted = self._input.flac_frames
        if 0 < declared < counted:
            return self._read_beyond(declared, counted)
        most = next((frames for start, frames in _MOST_FRAMES_PER_BYTE.items() if self.codec.startswith(start)), 0)
        return 0 if most and size and declared > size * most else declared

    def _read_beyond(self, declared: int, counted: int) -> int:
        """Read a FLAC file to its end, whose header declares fewer frames than it has. Return the length."""
        self._sound.close()
        if self._input.forget_flac_count():
            declared = counted
        else:
            self._warn("its header declares %d frames; the file continues, but the rest is not played", declared)
        self._sound = self._input.open()
        return declared

    def _loop(self) -> tuple[int, int]:
        """Return the loop points that the file contains, limited to the sound."""
        marks = self._input.marks
        if marks is None:
            return 0, 0
        start, end = marks.in_frames(self.frequency)
        length = self.length or _UNKNOWN_LENGTH
        end = length if end is None else min(end, length)
        return (start, end) if start < end else (0, 0)

    def _scratch_of(self, frames: int) -> Array:
        """Return an array for `frames` frames in libsndfile's sample type."""
        if self._scratch is None or len(self._scratch) < frames:
            self._scratch = np.empty((frames, self._sound.channels), "float32" if self._floats else "int16")
        return self._scratch[:frames]

    def _decode(self, block: Array) -> int:
        """Fill `block` with the next frames in libsndfile's sample type. Return the number of frames."""
        declared = max(0, self.length - self._position)
        if not declared:
            return self._decode_past_length(block)
        frames = self._read(block[:declared])
        if frames == declared:
            return frames + self._decode_past_length(block[declared:])
        if frames < len(block) and self._lost and not self._reported:
            self._reported = True
            self._warn("its data is damaged or cut off after %d of %d frames", self._position, self.length)
        return frames

    def _decode_past_length(self, block: Array) -> int:
        """Like `_decode`, for data past the declared length. The frames of `fact` are all that count."""
        header = self._input.header
        return 0 if self.length and header is not None and header.frames == self.length else self._read(block)

    def _read(self, block: Array) -> int:
        """Read into `block` and return the number of frames. An error after the first frame is the end."""
        sound = self._sound
        if not len(block) or self._lost or self._position >= sound.frames:  # libsndfile returns no more than `frames`
            return 0
        frames: int = sound.buffer_read_into(block, "float32" if self._floats else "int16")
        self._input.check()
        self._position += frames
        error = sound.read_error
        if error is not None:
            self._lost = True
            if not self._position or is_system_error(error):
                raise self._input.error(error) from error
        return frames

    def _go_to(self, frame: int) -> bool:
        """Seek with libsndfile. If it cannot seek to the start, open the sound again."""
        # A seek to the start of Opus, or to the current position, may change or end the decoded data.
        must_reopen = self._lost or (frame == 0 < self._position and self._subtype == "OPUS")
        if must_reopen and not self._reopen():
            return False
        if frame == self._position == 0:
            return True
        try:
            found: int = soundfile.SoundFile.seek(self._sound, frame)
        except Exception:  # libsndfile refuses; the guard has kept an error of the file
            found = -1
        self._input.check()
        if found != frame == 0:
            return self._reopen()
        self._position = frame
        self._lost = found != frame  # what a read would return after a refused seek is unknown
        return found == frame

    def _reopen(self) -> bool:
        """Open the sound again, at its start. Return whether that succeeded."""
        self._sound.close()  # before the second open: both would share the file's position
        self._lost = True
        try:
            self._sound = self._input.open()
        except ResourceError:
            self._input.check()
            return False
        self._position, self._lost = 0, False
        return True

    def _skip(self, frames: int) -> bool:
        """Decode and discard `frames` frames. Return False if the sound ends before."""
        block = self._scratch_of(min(frames, _PIECE))
        while frames:
            got = self._decode(block[:frames])
            if not got:
                return False
            frames -= got
        return True


def to_16_bit(block: Array, out: Array, *, clip: bool) -> None:
    """Round floats of full scale 1.0 to 16-bit integers.

    Args:
        block: The floats. They are overwritten.
        out: Receives the integers.
        clip: Whether to clip first. Samples above full scale would wrap.
    """
    if clip:
        np.clip(block, np.float32(-32768.0 / 32767.0), np.float32(1.0), out=block)
    np.multiply(block, np.float32(32767.0), out=block)
    np.rint(block, out=out, casting="unsafe")
