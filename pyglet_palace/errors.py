"""The errors of this package.

.. code-block:: text

    RuntimeError
    └── PalaceError                  all errors below
        ├── ResourceError            about one name; has .name and .stage
        │   ├── ResourceNotFound     no such resource or file   (also pyglet's ResourceNotFoundException)
        │   ├── ResourceUnreadable   the file cannot be opened or read
        │   ├── DecodeError          not audio, damaged, or without samples
        │   │   └── UnsupportedFormat   audio in a format that OpenAL or libsndfile cannot use
        │   ├── BufferTooLarge       more samples than Context.buffer_limit
        │   └── LoadCancelled        freed, destroyed or cancelled before it was loaded
        ├── BatchFailed              names of a batch were not loaded; has .failed
        ├── DestroyedError           used after destroy() or close()
        ├── DeviceError              a device cannot be opened or refuses a request
        ├── OpenALError              an OpenAL call failed
        └── OpenALNotFound           no OpenAL library was found
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from pyglet.resource import ResourceNotFoundException

from ._common.text import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Stage = Literal["find", "open", "decode", "upload"]

_E = TypeVar("_E", bound="ResourceError")


class PalaceError(RuntimeError):
    """Base class of the errors of this package."""


class ResourceError(PalaceError):
    """An error about one named sound.

    Attributes:
        name: The requested name.
        stage: The stage of the load: 'find', 'open', 'decode' or 'upload'.
    """

    name: str
    stage: Stage

    def __init__(self, name: str, stage: Stage, problem: str | Callable[[], str]) -> None:
        """Create an error.

        Args:
            name: The requested name.
            stage: The stage of the load.
            problem: The text, or a function that returns it. The function is called when the text is first read.
        """
        RuntimeError.__init__(self, *([f"{short_repr(name)}: {problem}"] if isinstance(problem, str) else []))
        self.name = name
        self.stage = stage
        self._problem = problem

    @property
    def problem(self) -> str:
        """The text without the name."""
        if not isinstance(self._problem, str):
            self._problem = self._problem()
        return self._problem

    def __str__(self) -> str:
        return f"{short_repr(self.name)}: {self.problem}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[type[ResourceError], tuple[str, Stage, str]]:
        return type(self), (self.name, self.stage, self.problem)


class ResourceNotFound(ResourceError, ResourceNotFoundException):
    """There is no resource or file of that name."""


class ResourceUnreadable(ResourceError):
    """The file exists but cannot be opened or read. `__cause__` is the original exception."""


class DecodeError(ResourceError):
    """The file is not audio, is damaged, or has no samples."""


class UnsupportedFormat(DecodeError):
    """The layout, sample rate or encoding is not supported by OpenAL or libsndfile."""


class BufferTooLarge(ResourceError):
    """The samples need more than ``Context.buffer_limit`` bytes."""


class LoadCancelled(ResourceError):
    """The sound was freed, destroyed or cancelled before it was loaded."""


class BatchFailed(PalaceError):
    """Names of a batch were not loaded. The text lists the first ones with their errors.

    Attributes:
        failed: The errors by name.
    """

    #: Errors in the text.
    _SHOWN = 10

    def __init__(self, failed: Mapping[str, ResourceError], total: int) -> None:
        """Create an error.

        Args:
            failed: The errors by name; at least one.
            total: Number of names in the batch.
        """
        super().__init__(failed, total)
        self.failed = failed
        self._total = total
        self.__cause__ = next(iter(failed.values()))

    def __str__(self) -> str:
        lines = [f"{len(self.failed)} of {self._total} sounds were not loaded"]
        lines += map(str, list(self.failed.values())[: self._SHOWN])
        if len(self.failed) > self._SHOWN:
            lines.append(f"and {len(self.failed) - self._SHOWN} more, in .failed")
        return "\n    ".join(lines)


class DestroyedError(PalaceError):
    """The object was used after ``destroy()`` or ``close()``."""


class DeviceError(PalaceError):
    """A device could not be opened or refused a request."""


class OpenALError(PalaceError):
    """An OpenAL call failed. The text names the function and its arguments.

    Attributes:
        function: Name of the OpenAL function.
        code: The result of ``alGetError`` or ``alcGetError``.
    """

    def __init__(self, function: str, code: int, text: str) -> None:
        super().__init__(text)
        self.function = function
        self.code = code


class OpenALNotFound(PalaceError):
    """No OpenAL library was found. The text says what to install."""


def unlinked(error: _E) -> _E:
    """Return a copy of `error` without tracebacks, so that it keeps no frame alive. Its causes stay."""
    copy = type(error)(error.name, error.stage, error._problem)
    copy.__cause__ = error.__cause__
    link: BaseException | None = error.__cause__
    seen = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.__traceback__ = None
        if link.__context__ is not link.__cause__:
            link.__context__ = None
        link = link.__cause__
    return copy


def describe_error(error: BaseException) -> str:
    """Return the text of an error in one line, with its type unless the text makes that clear."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if not isinstance(error, (OSError, RuntimeError)) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) < 300 else text[:300] + "..."
