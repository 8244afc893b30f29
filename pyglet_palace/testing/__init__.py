"""Tests of a game's sound: `Recorder`, which the pytest fixture ``sound`` returns."""

from __future__ import annotations

from .recorder import Played, Recorder

__all__ = ["Played", "Recorder"]
