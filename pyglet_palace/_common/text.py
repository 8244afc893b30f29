"""Text for messages."""

from __future__ import annotations

#: The most characters of a given value in a message.
_MOST = 80


def short_repr(value: object) -> str:
    """Return the representation of a value that a game has given, with the middle of a long one left out."""
    text = repr(value)
    return text if len(text) <= _MOST else f"{text[: _MOST // 2]}...{text[3 - _MOST // 2 :]}"
