"""What tests of effects need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pyglet_palace import _log
from tests.studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

    import pyglet_palace as palace


@pytest.fixture
def studio(tmp_path: Path, context: palace.Context, device: palace.LoopbackDevice) -> Studio:
    return Studio(tmp_path, device)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """What was said, once, so far: a function."""
    monkeypatch.setattr(_log, "_told", set())
    return lambda: [record.getMessage() for record in caplog.records]
