"""Ctrl-C in an update that publishes loads, at any moment: each waiter gets its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, wait_until
from tests.interrupts import interrupt_everywhere

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["short.wav", "long.wav", "broken.wav"])
def test_interrupted_update_loses_no_waiter(context: palace.Context, assets: Path, name: str) -> None:
    """A batch finishes, a play starts or is reported, whatever was interrupted."""
    sounds.wav(assets / "short.wav", 4410)
    sounds.wav(assets / "long.wav", 100_000)  # copied by a worker into the memory of OpenAL Soft before 1.20
    (assets / "broken.wav").write_bytes(b"RIFF")
    pyglet.resource.reindex()
    waiting: Any = None

    def prepared() -> None:
        nonlocal waiting
        stopped: list[palace.Source] = []
        batch = palace.preload([name])
        waiting = batch, [palace.play(name, on_force_stopped=stopped.append) for _ in range(2)], stopped
        wait_until(lambda: context._engine.workers.finished)

    def check() -> None:
        batch, sources, stopped = waiting
        loaded(context)
        assert batch.finished
        assert [source.waiting for source in sources] == [False, False]
        heard = sum(source.playing for source in sources)
        if name == "broken.wav":
            assert list(batch.failed) == [name]
            assert stopped  # the interrupt may have come in the call of one handler
        else:
            assert batch.ok
            assert heard + len(stopped) == 2  # an interrupted start is reported
        batch.release()
        prepared()

    prepared()
    assert interrupt_everywhere(context.update, check) > 50
