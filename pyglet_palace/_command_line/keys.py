"""Keys of a terminal, one at a time, without waiting for Enter."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

#: Names of the keys by what a terminal sends.
_TERMINAL = {b"\x1b[D": "left", b"\x1bOD": "left", b"\x1b[C": "right", b"\x1bOC": "right"}
#: Names of the keys by the second character that the console of Windows returns.
_WINDOWS = {"K": "left", "M": "right"}


class Keys:
    """The keys of the terminal, in a ``with`` block. Without a terminal, `wait` only waits."""

    _before: list[Any] | None = None

    def __enter__(self) -> Self:
        if sys.platform != "win32" and sys.stdin is not None and sys.stdin.isatty():
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if sys.platform != "win32" and self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        """Wait for a key, at most `seconds`.

        Returns:
            A character, 'left', 'right', or '' for no key.
        """
        if sys.platform == "win32":
            import msvcrt

            time.sleep(seconds)
            if sys.stdin is None or not sys.stdin.isatty() or not msvcrt.kbhit():
                return ""
            key = msvcrt.getwch()
            return _WINDOWS.get(msvcrt.getwch(), "") if key in "\0\xe0" else key
        if self._before is None:
            time.sleep(seconds)
            return ""
        import select

        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return ""
        data = os.read(sys.stdin.fileno(), 8)
        return _TERMINAL.get(data) or data[:1].decode("ascii", "ignore")
