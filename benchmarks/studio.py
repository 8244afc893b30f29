"""A context to measure in."""

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
def silent_context(*, playing: bool = False, **options: Any) -> Iterator[palace.Context]:
    """A current context that nobody drives, on a device that renders when asked to; options as for `Context`.

    Args:
        playing: On OpenAL's null device instead, which passes time as hardware does.
        options: As for `Context`.
    """
    device = palace.Device() if playing else palace.LoopbackDevice(RATE)
    with device, palace.Context(device, auto_update=False, **options) as context:
        yield context


def named_in(folder: Path) -> None:
    """Names are looked up in that folder."""
    pyglet.resource.path = [str(folder)]
    pyglet.resource.reindex()


def settle(context: palace.Context) -> None:
    """Update until nothing is pending."""
    while context.pending_names:
        context.update()
        time.sleep(0.001)
    context.update()


def empty(context: palace.Context, names: Iterable[palace.Name]) -> None:
    """Free, and let what is left to tell be told."""
    palace.free(names)
    context.update()
