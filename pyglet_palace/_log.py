"""The package's one logger, 'pyglet_palace': `logging` is imported by the first thing there is to say."""

from __future__ import annotations


def warning(message: str, *arguments: object) -> None:
    """Log a warning, with %-style arguments."""
    import logging

    logging.getLogger("pyglet_palace").warning(message, *arguments)
