"""The logger 'pyglet_palace'. The first message imports `logging`, to keep ``import pyglet_palace`` cheap."""

from __future__ import annotations


def warning(message: str, *arguments: object) -> None:
    """Log a warning, with %-style arguments."""
    import logging

    logging.getLogger("pyglet_palace").warning(message, *arguments)


def warns() -> bool:
    """Return whether a warning would be logged, so that its text is worth computing."""
    import logging

    return logging.getLogger("pyglet_palace").isEnabledFor(logging.WARNING)


_warned: set[str] = set()


def warn_once(text: str) -> None:
    """Log a warning once per process."""
    if text not in _warned:
        _warned.add(text)
        warning("%s", text)
