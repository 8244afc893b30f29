"""The errors of this package.

.. code-block:: text

    RuntimeError
    └── PalaceError                  everything below
        ├── ResourceError            about one name; has .name and .stage
        │   ├── ResourceNotFound     nothing is called that   (also pyglet's ResourceNotFoundException)
        │   ├── ResourceUnreadable   it is there, and cannot be opened or read
        │   ├── DecodeError          not audio, damaged, or without samples
        │   │   └── UnsupportedFormat   audio, in a form OpenAL or libsndfile cannot take
        │   ├── BufferTooLarge       more samples than Context.buffer_limit
        │   └── LoadCancelled        freed, destroyed or cancelled before it was loaded
        ├── DestroyedError           used after destroy() or close()
        ├── DeviceError              a device cannot be opened or asked
        ├── OpenALError              a call into OpenAL failed
        └── OpenALNotFound           there is no OpenAL library
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from pyglet.resource import ResourceNotFoundException

if TYPE_CHECKING:
    from collections.abc import Callable

Stage = Literal["find", "open", "decode", "upload"]

_E = TypeVar("_E", bound="ResourceError")


class PalaceError(RuntimeError):
    """The root of all errors of this package's own."""


class ResourceError(PalaceError):
    """Something about one named sound went wrong.

    Attributes:
        name: The name that was asked for.
        stage: How far the load had come: 'find', 'open', 'decode' or 'upload'.
    """

    name: str
    stage: Stage

    def __init__(self, name: str, stage: Stage, problem: str | Callable[[], str]) -> None:
        """
        Args:
            problem: What is wrong; or what says so, if it takes a while and may not be asked for.
        """
        RuntimeError.__init__(self, *([f"{name!r}: {problem}"] if isinstance(problem, str) else []))
        self.name = name
        self.stage = stage
        self._problem = problem

    @property
    def problem(self) -> str:
        """What is wrong, without the name."""
        if not isinstance(self._problem, str):
            self._problem = self._problem()
        return self._problem

    def __str__(self) -> str:
        return f"{self.name!r}: {self.problem}"

    def __reduce__(self) -> tuple[type[ResourceError], tuple[str, Stage, str]]:
        return type(self), (self.name, self.stage, self.problem)


class ResourceNotFound(ResourceError, ResourceNotFoundException):
    """Nothing is called that: no resource, no file."""


class ResourceUnreadable(ResourceError):
    """It is there, but opening or reading it failed; the cause says why."""


class DecodeError(ResourceError):
    """It is not audio, it is damaged, or it holds no samples."""


class UnsupportedFormat(DecodeError):
    """It is audio, with a layout, rate or encoding that OpenAL or libsndfile cannot take."""


class BufferTooLarge(ResourceError):
    """Its samples would take more than ``Context.buffer_limit`` bytes."""


class LoadCancelled(ResourceError):
    """It was freed, destroyed or cancelled before it was loaded."""


class DestroyedError(PalaceError):
    """The object was used after ``destroy()`` or ``close()``."""


class DeviceError(PalaceError):
    """A device could not be opened, or refused what was asked of it."""


class OpenALError(PalaceError):
    """A call into OpenAL failed; the text says which, with what arguments.

    Attributes:
        function: Name of the OpenAL function.
        code: What ``alGetError`` or ``alcGetError`` answered.
    """

    def __init__(self, function: str, code: int, text: str) -> None:
        super().__init__(text)
        self.function = function
        self.code = code


class OpenALNotFound(PalaceError):
    """There is no OpenAL library to bind; the text says what to install."""


def unlinked(error: _E) -> _E:
    """A copy of `error` without tracebacks, so that keeping it keeps no frame alive; its causes stay."""
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
    """What an error says, in a line: its type too, unless that is plain from what it says."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if not isinstance(error, (OSError, RuntimeError)) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) < 300 else text[:300] + "..."
