"""Expected time to load a sound, which weighs it in the progress of a batch.

The times are nanoseconds of one core with libsndfile 1.2.2, for stereo music at usual bit rates. Only their ratios
matter, so that they need not fit the machine.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .jobs import DecodeJob


class _Kind:
    """The costs of a kind of file: of a file, of one byte of it, and of one decoded sample."""

    __slots__ = ("byte", "file", "sample")

    def __init__(self, file: float, byte: float, sample: float) -> None:
        self.file = file
        self.byte = byte
        self.sample = sample


_PCM = _Kind(100_000, 0.2, 0.4)
#: The expected time of the largest file that is read at once (2 MiB).
SHORT_COPY = _PCM.file + 2**21 * _PCM.byte
_FLAC = _Kind(150_000, 7, 9)
_MP3 = _Kind(250_000, 50, 9)
_VORBIS = _Kind(600_000, 100, 16)  # its code books are read when it is opened
_OPUS = _Kind(600_000, 450, 60)
#: By suffix, until the header is known.
_BY_SUFFIX = {".flac": _FLAC, ".mp3": _MP3, ".ogg": _VORBIS, ".oga": _VORBIS, ".opus": _OPUS}
#: By the start of libsndfile's name of the codec.
_BY_CODEC = {"FLAC": _FLAC, "MPEG": _MP3, "VORBIS": _VORBIS, "OPUS": _OPUS}


def of_file(name: str, size: int) -> float:
    """Return the expected time for a file of `size` bytes; 0 if the size is not known."""
    kind = _BY_SUFFIX.get(name[name.rfind(".") :].lower(), _PCM)
    return kind.file + size * kind.byte if size else 0.0


def of_samples(codec: str, samples: int) -> float:
    """Return the expected time for a sound with that many samples (frames times channels)."""
    kind = _PCM
    if not codec.startswith("PCM"):
        kind = next((kind for start, kind in _BY_CODEC.items() if codec.startswith(start)), _PCM)
    return kind.file + samples * kind.sample


class Survey:
    """The expected times of all jobs of a request, from the sizes of their files.

    The first worker that runs one of the jobs asks for the sizes of all, because that may block. Any thread may call
    the methods.
    """

    def __init__(self, jobs: Iterable[DecodeJob]) -> None:
        self._left = deque(jobs)
        self._total = len(self._left)
        #: One item for each job whose size was asked for.
        self._answered: deque[None] = deque()

    @property
    def complete(self) -> bool:
        """Whether all sizes were asked for."""
        return len(self._answered) == self._total

    def take(self) -> DecodeJob | None:
        """Return a job whose size no other thread asks for; None if none is left.

        The caller asks for the size, then calls `answer`.
        """
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def answer(self) -> None:
        """Note that the size of a job was asked for."""
        self._answered.append(None)

    def measure(self) -> None:
        """Ask for the sizes that no other thread asks for. Blocks while the file system works."""
        while self._left and (job := self.take()) is not None:
            job.measure()
            self.answer()
