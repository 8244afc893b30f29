"""The package's one logger, 'pyglet_palace': `logging` is imported by the first thing there is to say."""

from __future__ import annotations


def warning(message: str, *arguments: object) -> None:
    """Log a warning, with %-style arguments."""
    import logging

    logging.getLogger("pyglet_palace").warning(message, *arguments)


_warned: set[str] = set()


def warn_once(text: str) -> None:
    """A warning that is given once a process, however often its reason comes up."""
    if text not in _warned:
        _warned.add(text)
        warning("%s", text)
