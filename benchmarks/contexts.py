"""Contexts to measure in."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyglet.resource

import pyglet_palace as palace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RATE = 44100


@contextmanager
def silent_context(*, realtime: bool = False, **options: Any) -> Iterator[palace.Context]:
    """Make a context the current one. The clock does not update it.

    Args:
        realtime: Use OpenAL's null device, which mixes in real time. Otherwise a loopback device, which mixes when
            it is asked to.
        options: As for `Context`.
    """
    device = palace.Device() if realtime else palace.LoopbackDevice(RATE)
    with device, palace.Context(device, auto_update=False, **options) as context:
        yield context


def use_folder(folder: Path) -> None:
    """Make `folder` the only place where names are looked up."""
    pyglet.resource.path = [str(folder)]
    pyglet.resource.reindex()


def update_until_loaded(context: palace.Context) -> None:
    """Update until no load is pending."""
    while context.pending_names:
        context.update()
        time.sleep(0.001)
    context.update()


def free(context: palace.Context, names: Iterable[palace.Name]) -> None:
    """Free sounds and dispatch the events of that."""
    palace.free(names)
    context.update()
