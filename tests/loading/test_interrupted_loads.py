"""Ctrl-C in a call that loads or publishes, at any moment: each waiter gets its result, and no load is left."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import loaded, wait_until
from tests.interrupts import interrupt_everywhere

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALLS: dict[str, Callable[[], object]] = {
    "cache": lambda: palace.cache(["a.wav", "b.wav"]),
    "play": lambda: (palace.play("a.wav", gain=0.5, fade_in=10), palace.play("a.wav")),
    "stop": lambda: palace.play("a.wav").stop(),
    "free": lambda: (palace.play("a.wav"), palace.preload(["a.wav"]), palace.free(["a.wav"])),
    "buffer": lambda: (palace.play("a.wav"), palace.Buffer("a.wav")),
    "wait": lambda: (palace.play("a.wav"), palace.preload(["a.wav", "b.wav"]).wait()),
}


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


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_interrupted_call_leaves_no_load(
    context: palace.Context, assets: Path, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name stays pending, no source and no batch waits, and the name can be played."""
    sounds.wav(assets / "a.wav", 4410)
    sounds.wav(assets / "b.wav", 4410)
    pyglet.resource.reindex()
    batches: list[palace.Batch] = []
    preload = palace.preload
    monkeypatch.setattr(palace, "preload", lambda names: batches.append(made := preload(names)) or made)  # type: ignore[func-returns-value]

    def check() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            context.update()  # `free` keeps what a handler raises for the next update
        loaded(context)
        assert not context._engine.transport.waiting
        assert all(batch.finished for batch in batches)
        assert palace.play("a.wav").waiting == ("a.wav" not in context.cached_names)
        loaded(context)
        assert context.sources
        for source in context.sources:
            source.stop()
        palace.free(["a.wav", "b.wav"])
        batches.clear()

    call()
    check()
    assert interrupt_everywhere(call, check) > 20
    assert context._engine.workers.in_flight == 0
