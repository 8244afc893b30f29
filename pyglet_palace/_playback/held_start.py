"""Voices that start to play at the same sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque

    from .._openal import Functions
    from .voice import Voice


class HeldStart:
    """Prepared voices that wait for a common start. Used inside a context scope, whose lock protects it.

    The voices start once the group is released and every stream among them has enough in its queue. A paused voice
    leaves the group.

    Attributes:
        voices: The voices that wait, in order.
        released: Whether no voice will be added.
    """

    __slots__ = ("_to_check", "released", "voices")

    def __init__(self, to_check: deque[Voice]) -> None:
        """Start without voices.

        Args:
            to_check: Receives the voices that were started. The next update computes their end times.
        """
        self.voices: dict[Voice, None] = {}
        self.released = False
        self._to_check = to_check

    def add(self, voice: Voice) -> None:
        """Let `voice` wait for the start of the group."""
        self.voices[voice] = None
        voice.held = self

    def remove(self, al: Functions, voice: Voice) -> None:
        """Let the other voices start without `voice`."""
        self.voices.pop(voice, None)
        voice.held = None
        self.start_if_ready(al)

    def release(self, al: Functions) -> None:
        """Start the voices, now or as soon as every stream among them is ready."""
        self.released = True
        self.start_if_ready(al)

    def start_if_ready(self, al: Functions) -> None:
        """Start all voices with one call, if the group was released and all are ready."""
        if not self.released or not self.voices:
            return
        for voice in self.voices:
            if voice.playable is None or not voice.playable.is_ready(al, voice):
                return
        al.play_sources([voice.number for voice in self.voices])
        while self.voices:
            voice, _ = self.voices.popitem()
            voice.held = None
            if voice.playable is not None:
                voice.playable.mark_started(al, voice)
            self._to_check.append(voice)
