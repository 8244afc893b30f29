"""How costs grow: from 10 to 10,000 names, and from 1 to 1000 sources."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet_palace as palace

from .playing import VOICES
from .stats import seconds
from .studio import named_in, silent_context

if TYPE_CHECKING:
    from .setting import Setting
    from .stats import Series

#: Numbers of sources.
SOURCES = (1, 10, 100, 1000)


def names(setting: Setting) -> Series:
    """To ask for names, to have them loaded, the updates meanwhile, and to free them; milliseconds."""
    named_in(Path(setting.made, "many"))
    series: Series = {}
    with silent_context() as context:
        palace.Buffer("00000.wav")
        palace.free(["00000.wav"])
        for count in setting.names:
            wanted = setting.many(count)
            start = time.perf_counter()
            batch = palace.preload(wanted)
            asked = time.perf_counter() - start
            updates = []
            while not batch.finished:
                updates.append(seconds(context.update))
                time.sleep(0.0005)
            loaded = time.perf_counter() - start
            freed = seconds(lambda wanted=wanted: palace.free(wanted))  # type: ignore[misc]
            context.update()
            batch.release()
            found = {
                "ask": asked,
                "load": loaded,
                "update": statistics.median(updates),
                "longest": max(updates),
                "free": freed,
            }
            for what, took in found.items():
                series[f"growth.names.{what}.{count}"] = [took * 1e3]
    return series


def sources(setting: Setting) -> Series:
    """One more play, one update and one stop beside so many playing sources; microseconds."""
    series: Series = {}
    with silent_context(attrs=VOICES) as context:
        buffer = palace.Buffer(setting.yardstick("streamed.ogg"))
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
            for what, times in (("play", plays), ("update", updates), ("stop", stops)):
                series[f"growth.sources.{what}.{count}"] = [statistics.median(times) * 1e6]
    return series
