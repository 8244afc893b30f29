"""Measures of how costs grow: from 10 to 10,000 names, and from 1 to 1000 playing sources."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .contexts import silent_context, use_folder
from .playing import VOICES
from .stats import seconds

if TYPE_CHECKING:
    from .config import Config
    from .stats import Series

#: Numbers of sources.
SOURCES = (1, 10, 100, 1000)


def names(config: Config) -> Series:
    """The times to request, load and free names, and of the updates meanwhile, in milliseconds."""
    use_folder(Path(config.generated, "many"))
    series: Series = {}
    with silent_context() as context:
        palace.Buffer("00000.wav")
        palace.free(["00000.wav"])
        for count in config.names:
            requested = config.many(count)
            start = time.perf_counter()
            batch = palace.preload(requested)
            request = time.perf_counter() - start
            updates = []
            while not batch.finished:
                updates.append(seconds(context.update))
                time.sleep(0.0005)
            loaded = time.perf_counter() - start
            freed = seconds(lambda requested=requested: palace.free(requested))  # type: ignore[misc]
            context.update()
            batch.release()
            times = {
                "request": request,
                "load": loaded,
                "update": statistics.median(updates),
                "longest": max(updates),
                "free": freed,
            }
            for line, took in times.items():
                series[f"growth.names.{line}.{count}"] = [took * 1e3]
    return series


def sources(config: Config) -> Series:
    """The times of one more play, one update and one stop beside playing sources, in microseconds."""
    series: Series = {}
    with silent_context(attrs=VOICES) as context:
        buffer = palace.Buffer(config.reference("streamed.ogg"))
        for count in SOURCES:
            while buffer.source_count < count:
                buffer.play()
            plays, updates, stops = [], [], []
            for _ in range(100):
                source = palace.Source()
                plays.append(seconds(lambda source=source: buffer.play(source)))  # type: ignore[misc]
                stops.append(seconds(source.stop))
                context.device.render(32)
                context.update()
                context.device.render(32)
                updates.append(seconds(context.update))
            for line, times in (("play", plays), ("update", updates), ("stop", stops)):
                series[f"growth.sources.{line}.{count}"] = [statistics.median(times) * 1e6]
    return series
