"""Two voices of OpenAL, so that a third sound is virtual."""

from __future__ import annotations

import pytest

import pyglet_palace as palace
from pyglet_palace._playback import voice_lending
from tests.conftest import EXACT, RATE

LENGTH = 9001
#: Frames in which OpenAL fades in a sound that does not begin at frame 0. 1.19 takes its mixing block: render as much.
FADE = 64


@pytest.fixture(autouse=True)
def _returns_take_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return all virtual voices in one update, on a slow machine. The budget has its own test."""
    monkeypatch.setattr(voice_lending, "RETURN_BUDGET", 10**12)


@pytest.fixture
def device() -> palace.LoopbackDevice:
    return palace.LoopbackDevice(RATE, "Mono")


@pytest.fixture
def context(device: palace.LoopbackDevice) -> palace.Context:
    """A context with two voices."""
    made = palace.Context(device, EXACT, auto_update=False, workers=1, voices=2)
    palace.use_context(made)
    return made
