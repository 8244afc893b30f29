"""The logger 'pyglet_palace', and warnings that point at the game's line.

The first message imports `logging`, to keep ``import pyglet_palace`` cheap.
"""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


def warning(message: str, *arguments: object) -> None:
    """Log a warning, with %-style arguments."""
    import logging

    logging.getLogger("pyglet_palace").warning(message, *arguments)


def warns() -> bool:
    """Return whether a warning would be logged, so that its text is worth computing."""
    import logging

    return logging.getLogger("pyglet_palace").isEnabledFor(logging.WARNING)


def warn_caller(message: str) -> None:
    """Give a `RuntimeWarning` that names the line outside this package that led to it."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, RuntimeWarning, stacklevel=level)


_warned: set[str] = set()


def warn_once(text: str, key: str = "") -> None:
    """Log a warning once per process, or once for each `key` if one is given."""
    key = key or text
    if key not in _warned:
        _warned.add(key)
        warning("%s", text)
