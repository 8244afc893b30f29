"""Disk cache of decoded samples: one file per sound, which a later start maps into memory in place of decoding.

An entry is a header of fixed size and the samples as OpenAL takes them. Its file name is a hash of all that decides
the samples (`entry_key`), so an entry never becomes stale; it is only not asked for any more. Several processes can
share a folder: files are written under another name and moved into place, and are never written again.

Calls no OpenAL and starts no thread. The module imports numpy and soundfile.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import mmap
import os
import re
import struct
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import soundfile

from .._common.log import warn_once
from .._common.text import short_repr
from ..errors import describe_error
from ..formats import CHANNELS, DTYPES
from .pcm import HIGHEST_RATE, LOWEST_RATE, Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from .pcm import Array

#: Increase it when the package decodes a file to other samples or loop points than before.
DECODING_VERSION = 1

#: Increase the number at the end when the layout of an entry changes.
_MAGIC = b"palace\0\1"
#: Magic, hash, channel configuration, sample type, sample rate, frames, loop start and end, checksum of the samples.
#: The checksum of these fields follows. All integers are little-endian.
_FIELDS = struct.Struct("<8s16s16s16sIQQQI")
_CHECKSUM = struct.Struct("<I")
#: Bytes before the samples. A multiple of every size of a frame's part, so that arrays are aligned.
_HEADER_BYTES = 128
#: Suffixes of entries, and of files that are being written.
_SUFFIX, _NEW_SUFFIX = ".palace", ".palace-new"
_ENTRY_NAME = re.compile(rf"[0-9a-f]{{32}}{re.escape(_SUFFIX)}(-new)?")
#: Bytes from which an entry can be mapped, and from which it always is. Smaller ones are read.
LEAST_MAPPED, ALWAYS_MAPPED = 64 * 1024, 4 * 1024 * 1024
#: Whether a mapping keeps a file descriptor, of which a process may have as few as 256.
MAPPING_NEEDS_DESCRIPTOR = sys.platform != "win32" and sys.version_info < (3, 13)
_MMAP_OPTIONS: Any = {} if MAPPING_NEEDS_DESCRIPTOR or sys.platform == "win32" else {"trackfd": False}
#: One byte of this many goes into the checksum of the samples. With more than 500, numpy releases the GIL meanwhile.
_STRIDE = 128
#: Bytes to read or write between two questions whether to go on.
_BLOCK = 2 * 1024 * 1024
#: Seconds after which a use is noted in the file's time, and after which an unfinished file is removed.
_HOUR = 3600.0


def entry_key(identity: str, suffix: str, float_supported: bool) -> str:
    """Return the hash that names the entry of a sound.

    Args:
        identity: Changes whenever the file changes (`resources.Resource.identity`).
        suffix: Suffix of the sound's name. The decoder uses it for files without a header.
        float_supported: Whether OpenAL can play 32-bit floats.
    """
    decoder = DECODING_VERSION, soundfile.__version__, soundfile.__libsndfile_version__, sys.byteorder
    text = repr((decoder, suffix, float_supported, identity))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def is_compressed(codec: str) -> bool:
    """Return whether decoding a codec (libsndfile's name) takes longer than reading the samples from an entry."""
    return not codec.startswith("PCM_") and codec not in ("", "FLOAT", "DOUBLE", "ULAW", "ALAW")


class DiskCache:
    """A folder of decoded sounds, with a limit and LRU eviction.

    `get` may be called on any thread; `put` on one thread at a time. No method raises an error of the file system: a
    file that cannot be read, or is damaged, is no entry.

    Attributes:
        folder: The folder. `put` makes it.
        limit: Bytes that all entries may take.
    """

    def __init__(self, folder: str, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        #: Bytes to write before the folder is listed again.
        self._room = 0
        #: Whether files can be written. False after the first error.
        self._writable = True

    def get(
        self,
        key: str,
        most: int,
        *,
        writable: bool = False,
        map_from: int = ALWAYS_MAPPED,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> Samples | None:
        """Return the samples of an entry; None if there is none, or only a damaged one. Blocks while reading.

        All of a mapped entry is in memory afterwards, so that OpenAL's mixer does not wait for the disk.

        Args:
            key: The hash of the sound.
            most: Bytes of samples above which an entry is not read.
            writable: Whether the samples can be edited. Edits do not change the entry.
            map_from: Bytes from which an entry is mapped, at least `LEAST_MAPPED`. The base of the array is the
                ``mmap`` then.
            goes_on: Called between blocks. After False the result is None.
        """
        path = self._path(key)
        try:
            with io.FileIO(path) as file:
                status = os.fstat(file.fileno())
                size = status.st_size - _HEADER_BYTES
                if not 0 < size <= most:
                    return None
                header = file.read(_HEADER_BYTES)
                content: Any
                if size < map_from:
                    content = np.empty(size, np.uint8)
                    if file.readinto(content) != size:
                        return None
                else:
                    if size >= ALWAYS_MAPPED and hasattr(os, "posix_fadvise"):  # page faults alone read small parts
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
                    access = mmap.ACCESS_COPY if writable else mmap.ACCESS_READ
                    content = mmap.mmap(file.fileno(), status.st_size, access=access, **_MMAP_OPTIONS)
            samples = _samples_in(content, size, header, bytes.fromhex(key), goes_on)
            if samples is not None and time.time() - status.st_mtime > _HOUR:
                with contextlib.suppress(OSError):  # a folder that cannot be written to
                    os.utime(path)
        except (OSError, ValueError, struct.error):
            return None
        return samples

    def put(self, key: str, samples: Samples, goes_on: Callable[[], bool] = lambda: True) -> bool:
        """Write an entry, or replace a damaged one. Blocks while writing, and while evicting others.

        After the first error, such as a full disk or a folder without write permission, one warning is logged and
        nothing is written any more.

        Args:
            key: The hash of the sound.
            samples: The samples. They must not change meanwhile.
            goes_on: Called between blocks. After False the entry is not written.

        Returns:
            Whether the entry was written.
        """
        size = _HEADER_BYTES + samples.data.nbytes
        if not self._writable or size > self.limit:
            return False
        try:
            if not os.path.isdir(self.folder):  # the game may remove it at any time
                os.makedirs(self.folder, mode=0o700, exist_ok=True)
            if size > self._room:
                self._make_room(size)
            written = size <= self._room and self._write(key, samples, goes_on)
        except OSError as error:
            self._writable = False
            problem = f"cannot write to the disk cache {short_repr(self.folder)}: {describe_error(error)}"
            warn_once(f"{problem}. Sounds are decoded again at each start", key=f"disk cache {self.folder}")
            return False
        self._room -= size
        return written

    def _path(self, key: str) -> str:
        return f"{self.folder}{os.sep}{key}{_SUFFIX}"

    def _write(self, key: str, samples: Samples, goes_on: Callable[[], bool]) -> bool:
        octets = samples.data.reshape(-1).view(np.uint8)
        marks = _marks(octets, goes_on)
        if marks is None:
            return False
        header = _header(bytes.fromhex(key), samples, marks)
        new = f"{self.folder}{os.sep}{os.urandom(16).hex()}{_NEW_SUFFIX}"
        complete = False
        try:
            with open(new, "xb", buffering=0) as file:
                for left in memoryview(header), memoryview(cast("Any", octets)):
                    while left:
                        if not goes_on():
                            return False
                        left = left[file.write(left[:_BLOCK]) :]
            with contextlib.suppress(PermissionError):  # Windows: a process has mapped the entry, so it is not damaged
                os.replace(new, self._path(key))
                complete = True
        finally:
            if not complete:
                with contextlib.suppress(OSError):
                    os.unlink(new)
        return complete

    def _make_room(self, size: int) -> None:
        """Evict entries until `size` more bytes fit, and set `_room`.

        Listing all entries takes a while. Therefore an eighth of the limit is evicted at once. Other processes write,
        too; therefore the folder is listed again after a sixteenth of the limit.
        """
        files = []
        with os.scandir(self.folder) as listed:
            for item in listed:
                if _ENTRY_NAME.fullmatch(item.name):
                    with contextlib.suppress(OSError):  # another process has removed it
                        status = item.stat()
                        files.append((status.st_mtime, status.st_size, item.path))
        total = sum(length for _, length, _ in files)
        target = self.limit if total + size <= self.limit else self.limit - self.limit // 8
        files.sort()
        for used, length, path in files:
            unfinished = path.endswith(_NEW_SUFFIX)
            if unfinished and time.time() - used < _HOUR:
                continue  # another process is writing it
            if unfinished or total + size > target:
                with contextlib.suppress(OSError):  # Windows: a process has mapped it
                    os.unlink(path)
                    total -= length
        self._room = min(self.limit - total, max(size, self.limit // 16))


def _header(digest: bytes, samples: Samples, marks: int) -> bytes:
    start, end = samples.loop_points or (0, 0)
    fields = _FIELDS.pack(
        _MAGIC,
        digest,
        samples.channel_config.encode(),
        samples.sample_type.encode(),
        samples.frequency,
        len(samples.data),
        start,
        end,
        marks,
    )
    return (fields + _CHECKSUM.pack(zlib.crc32(fields))).ljust(_HEADER_BYTES, b"\0")


def _samples_in(content: Any, size: int, header: bytes, digest: bytes, goes_on: Callable[[], bool]) -> Samples | None:
    """Return the samples of an entry; None if anything is not as it was written.

    Args:
        content: An array of the samples' bytes, or a mapping of the whole file.
        size: Bytes of samples.
        header: The start of the file.
        digest: The hash of the sound.
        goes_on: Called between blocks. After False the result is None.
    """
    magic, stored, layout, kind, frequency, frames, start, end, marks = _FIELDS.unpack_from(header)
    (checksum,) = _CHECKSUM.unpack_from(header, _FIELDS.size)
    config, sample_type = layout.rstrip(b"\0").decode(), kind.rstrip(b"\0").decode()
    if magic != _MAGIC or stored != digest or checksum != zlib.crc32(header[: _FIELDS.size]):
        return None
    if config not in CHANNELS or sample_type not in DTYPES or not LOWEST_RATE <= frequency <= HIGHEST_RATE:
        return None
    dtype, shape = np.dtype(DTYPES[sample_type]), (frames, CHANNELS[config])
    if frames * shape[1] * dtype.itemsize != size or not (start < end <= frames or start == end == 0):
        return None
    data: Array = np.ndarray(shape, dtype, content, _HEADER_BYTES if isinstance(content, mmap.mmap) else 0)
    if marks != _marks(data.reshape(-1).view(np.uint8), goes_on):
        return None
    return Samples(data, frequency, config, sample_type, (start, end) if end else None, from_disk=True)


def _marks(octets: Array, goes_on: Callable[[], bool]) -> int | None:
    """Return a checksum of one byte of `_STRIDE`; None if `goes_on` returned False.

    Every sector of the disk has some of them, so what a crash or a full disk leaves changes the checksum. A checksum of
    all bytes would take longer than an eighth of the time that FLAC takes to decode. The reading also brings all pages
    of a mapping into memory.
    """
    checksum = 0
    blocks = -(-len(octets) // _BLOCK)
    step = -(-len(octets) // (blocks * _STRIDE)) * _STRIDE  # about equal blocks: a small one would keep the GIL
    for start in range(0, len(octets), step):
        if not goes_on():
            return None
        chosen = octets[start : start + step : _STRIDE]
        marks = np.empty(len(chosen), np.uint8)
        marks[:] = chosen
        checksum = zlib.crc32(marks.tobytes(), checksum)
    return checksum
