"""Source, its spatial properties and its auxiliary sends."""

from __future__ import annotations

from ._source import Source

__all__ = ["Source"]
