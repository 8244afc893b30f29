"""Preparation of sound files for libsndfile, and translation of its errors.

The module imports soundfile. The first context imports it, the package does not.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import soundfile

from .._common import registry
from .._common.private_api import (
    ClosesWithoutPython,
    KeepsPartialReads,
    OpensUnderOwnLock,
    OpensWithoutGlobalLock,
)
from ..errors import BufferTooLarge, DecodeError, ResourceError, ResourceUnreadable, UnsupportedFormat, describe_error
from . import flac, identify, mpeg, ogg, repair, riff
from .loop_points import Marks, read_loop_points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .files import OpenFile

#: Files without a header that libsndfile recognises by the suffix of their names, and their codecs: mono at 8 kHz.
_HEADERLESS = {".au": "ULAW", ".snd": "ULAW", ".vox": "VOX_ADPCM", ".gsm": "GSM610"}

# Codes of sf_error (sndfile.h).
_SYSTEM_ERROR, _UNSUPPORTED_ENCODING = 2, 4


class Sound(ClosesWithoutPython, KeepsPartialReads, OpensUnderOwnLock, soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A SoundFile that does not seek after each read, and that keeps what was read before an error.

    The seek of soundfile resets MP3 and Opus decoders and halves FLAC's speed.
    """


registry.call_after_fork(OpensUnderOwnLock.renew_lock)


class _VirtualSound(OpensWithoutGlobalLock, Sound):
    """A sound that libsndfile reads through Python."""


class _GuardedFile:
    """A file that keeps its first error in `failure`. After that, reads return no data.

    libsndfile reads through C callbacks, which cannot raise exceptions. Position 0 is at `start`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.start = 0
        self.failure: BaseException | None = None

    def read(self, size: int) -> bytes:
        data = self._try(self._file.read, size)
        return data[:size] if isinstance(data, bytes) else b""  # soundfile would write longer data past its memory

    def seek(self, offset: int, whence: int = 0) -> None:
        self._try(self._file.seek, offset + self.start if whence == 0 else offset, whence)

    def tell(self) -> int:
        position = self._try(self._file.tell)
        return position - self.start if isinstance(position, int) else -1

    def _try(self, call: Callable[..., Any], *arguments: int) -> Any:
        if self.failure is None:
            try:
                return call(*arguments)
            except BaseException as error:  # `SoundInput.error` raises it again, outside of C
                self.failure = error
        return None


class SoundInput:
    """A sound file that libsndfile can open any number of times, one at a time.

    Some files are not handed to libsndfile as they are: MP3 with data before its first frame is opened at that frame,
    and `repair` makes copies of others.

    Attributes:
        name: Name of the sound in errors.
        size: Size of the file in bytes; 0 if unknown.
        header: Header of a WAV or AIFF file; None for others.
        marks: Loop stored in the file, or None.
        chained: Whether further Ogg streams follow those at the start.
        end_page: Position at the start of the last Ogg page; None if it is not known.
        flac_frames: Number of frames according to the last block of a FLAC file; 0 for other files.
    """

    def __init__(self, name: str, opened: OpenFile) -> None:
        """Read what libsndfile does not report. `opened` belongs to the input from here on.

        Raises:
            ResourceUnreadable: The file cannot be read.
            DecodeError: The file is empty.
        """
        self.name = name
        self.size = opened.size
        self.header: riff.Header | None = None
        self.marks: Marks | None = None
        self.chained = False
        self.end_page: int | None = None
        self.flac_frames = 0
        self._use(opened)
        self._raw: Mapping[str, Any] = {}
        self._head = self._guard.read(identify.HEAD_BYTES)
        self.check()
        if not self._head:
            raise DecodeError(name, "decode", "the file is empty; download or copy it again")
        try:
            self._prepare()
        except RecursionError:
            raise  # the file is not at fault
        except Exception as error:
            raise unreadable(name, error) from error

    def open(self) -> Sound:
        """Open the sound at its start.

        Raises:
            ResourceUnreadable, DecodeError, UnsupportedFormat
        """
        try:
            sound = self._open()
        except RecursionError:
            raise  # the file is not at fault
        except Exception as error:
            self.check()
            if isinstance(error, MemoryError) or not self._find_another_start():
                raise self.error(error) from error
            try:
                sound = self._open()
            except Exception as second:
                self.check()
                raise self.error(second) from second
        self.check()
        return sound

    def check(self) -> None:
        """Raise the error of the file that libsndfile reads through Python, if there was one."""
        if self._guard.failure is not None:
            raise self.error(self._guard.failure) from self._guard.failure

    def forget_flac_count(self) -> bool:
        """Replace a FLAC file by a copy that gives no number of frames. Return whether that was possible.

        Close the sound first.
        """
        self._take_over()
        start = repair.start_behind_tags(self._opened.file, self._head)
        copy = repair.without_flac_count(self._opened, start)
        if copy is not None:
            self._replace(copy)
        return copy is not None

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def error(self, error: BaseException) -> ResourceError:
        """Return the `ResourceError` for a failure of libsndfile or of the file that it reads."""
        name, failure = self.name, self._guard.failure
        if failure is not None and not isinstance(failure, Exception):
            raise failure  # such as KeyboardInterrupt
        if failure is not None:
            return unreadable(name, failure)
        if isinstance(error, OSError):
            return unreadable(name, error)
        if isinstance(error, MemoryError):
            return BufferTooLarge(name, "decode", "not enough memory to decode it")
        if is_system_error(error):
            text = describe_error(error).removeprefix("Error : ")
            return ResourceUnreadable(name, "open", f"it cannot be read: {text}")
        kind = self._identify()
        if kind is not None:
            return identify.error_for(name, kind)
        if isinstance(error, soundfile.LibsndfileError):
            text = error.error_string.lower()
            if error.code == _UNSUPPORTED_ENCODING or "nimplemented" in text:
                return UnsupportedFormat(name, "decode", identify.unsupported_encoding(name, self._head))
        return identify.unknown(name, self._head)

    def _prepare(self) -> None:
        """Read header, loop points and pages. Make a copy if libsndfile cannot read the file as it is."""
        head = self._head
        file = self._opened.file
        start = repair.start_behind_tags(file, head)
        serial = None
        if found := ogg.streams(file, start) if head.startswith((b"ID3", b"OggS")) else {}:
            copy = repair.with_sound_first(self._opened, start, found)
            if copy is not None:
                self._replace(copy)
                file, head = copy.file, b"OggS"
            serial = ogg.sound_stream(found)
            last = ogg.last_pages(file)
            self.chained = bool(last) and last[-1][0] not in found
            if serial is not None and not self.chained:
                self.end_page = ogg.start_of_last_page(last, serial)
        try:
            self.header = riff.read_header(file, head[:12])
        except (struct.error, ValueError):
            pass  # truncated or damaged: libsndfile reads what there is
        if self.header is not None and self.header.patches and self.size <= repair.LARGEST:
            self._replace(repair.complete(self._opened, self.header))
        if head.startswith((b"fLaC", b"ID3")):
            file.seek(start)
            if file.read(4) == b"fLaC":
                self.flac_frames = flac.count_frames(file, start)
        self.marks = read_loop_points(self._opened.file, head[:12], self.header, serial)

    def _use(self, opened: OpenFile) -> None:
        self._opened = opened
        self._guard = _GuardedFile(opened.file)
        self._guard.seek(0)

    def _replace(self, copy: OpenFile) -> None:
        """Use a copy from here on."""
        self._opened.close()
        self._use(copy)

    def _open(self) -> Sound:
        native, start = self._opened.native, self._guard.start
        if native is None or (isinstance(native, str) and start):
            self._guard.seek(0)
            return _VirtualSound(self._guard, **self._raw)
        if isinstance(native, int):
            os.lseek(native, start, os.SEEK_SET)
            return Sound(native, closefd=False, **self._raw)
        return Sound(native, **self._raw)

    def _find_another_start(self) -> bool:
        """Look for MP3 behind other data, or for a file without a header. Return whether to try again."""
        if self._identify() not in (None, identify.TEXT):
            return False
        try:
            self._take_over()
            start = mpeg.first_frame(self._opened.file)
        except Exception as error:
            raise unreadable(self.name, error) from error
        if start is not None and start != self._guard.start:
            self._guard.start = start
            return True
        codec = _HEADERLESS.get(os.path.splitext(self.name)[1].lower())
        if codec is not None and not self._raw and not identify.begins_like(self._head):
            self._raw = {"format": "RAW", "subtype": codec, "samplerate": 8000, "channels": 1}
            return True
        return False

    def _take_over(self) -> None:
        """Prepare to read after libsndfile has: both share a position, and Python's reader must discard its buffer."""
        self._opened.file.seek(0, os.SEEK_END)

    def _identify(self) -> identify.Kind | None:
        """Return the kind of the file if it is known but not supported."""
        if self._head.startswith(b"OggS"):
            self._take_over()
            return identify.identify_ogg(list(ogg.streams(self._opened.file).values()))
        return identify.identify(self._head)


def is_system_error(error: BaseException) -> bool:
    """Return whether libsndfile reports an error of the operating system."""
    return isinstance(error, soundfile.LibsndfileError) and error.code == _SYSTEM_ERROR


def unreadable(name: str, error: BaseException) -> ResourceUnreadable:
    """Return the error for an exception that a file raised while it was read."""
    return ResourceUnreadable(name, "open", f"reading it failed: {describe_error(error)}")
