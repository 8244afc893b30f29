"""What playing costs: a call, an update, a property; nothing; and many of each."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pyglet.clock

import pyglet_palace as palace

from .machine import resident
from .stats import median_call, seconds
from .studio import RATE, empty, silent_context

if TYPE_CHECKING:
    from .setting import Setting
    from .stats import Series

#: Attributes of a context that can play 1000 sounds at once.
VOICES = {palace.MONO_SOURCES: 1024}
#: Streams at once.
_STREAMS = 32


def play(setting: Setting) -> Series:
    """`Buffer.play` on a cached buffer."""
    with silent_context() as context:
        buffer = palace.Buffer(setting.yardstick("tiny.wav"))
        medians = []
        for _ in range(5):
            medians.append(median_call(200, buffer.play) * 1e6)
            for source in buffer.sources:
                source.stop()
            context.device.render(1024)
            context.update()
    return {"play": [statistics.median(medians)]}


def update(setting: Setting) -> Series:
    """`Context.update` with sources that play and of which none ends."""
    series: Series = {}
    with silent_context(attrs=VOICES) as context:
        buffer = palace.Buffer(setting.yardstick("streamed.ogg"))
        for count in (0, 1, 32, 128, 255, 1000):
            while buffer.source_count < count:
                buffer.play()
            times = []
            for _ in range(200):
                context.device.render(32)
                times.append(seconds(context.update))
            series[f"update.{count}"] = [statistics.median(times) * 1e6]
            if count == 255:
                cold = []
                for _ in range(60):
                    time.sleep(1 / 60)
                    cold.append(seconds(context.update))
                series["update.cold"] = [statistics.median(cold) * 1e6]
    return series


def properties(setting: Setting) -> Series:
    """Setting what a playing source has."""
    with silent_context():
        source = palace.Buffer(setting.yardstick("streamed.ogg")).play()
        took: Series = {}
        for name, values in {
            "gain": (0.5, 0.75),
            "pitch": (1.0, 1.5),
            "position": ((0.0, 0.0, 0.0), (1.0, 2.0, 3.0)),
        }.items():
            times = []
            for turn in range(1000):
                value = values[turn % 2]
                start = time.perf_counter()
                setattr(source, name, value)
                times.append(time.perf_counter() - start)
            took[f"set.{name}"] = [statistics.median(times) * 1e6]
    return took


def many_plays(setting: Setting) -> Series:
    """10,000 plays in a row on 256 voices, with what was played rendered in between."""
    with silent_context() as context:
        buffer = palace.Buffer(setting.yardstick("tiny.wav"))
        voices, before, raised = 0, 0, 0
        start = time.perf_counter()
        for number in range(10_000):
            if number == 5000:
                before = resident()
            try:
                buffer.play()
            except Exception:
                raised += 1
            if number % 50 == 49:
                context.device.render(RATE // 60)
                context.update()
                voices = max(voices, context.stats()["voices"])
        took = time.perf_counter() - start
        grown = resident() - before
        for source in buffer.sources:
            source.stop()
        context.update()
        stats = context.stats()
        leaked = stats["sources"] + stats["undeleted"] + stats["buffers"] - 1 + max(0, voices - 256)
    return {
        "many.raised": [float(raised)],
        "many.leaked": [float(leaked)],
        "many.grown": [grown / 1e6],
        "many.each": [took / 10_000 * 1e6],
    }


def _loop(duration: float) -> float:
    """What of a core pyglet's clock takes at 60 Hz, in percent."""
    clock = pyglet.clock.get_default()
    end = time.perf_counter() + duration
    start, used = time.perf_counter(), time.process_time()
    while time.perf_counter() < end:
        clock.tick()
        time.sleep(1 / 60)
    return (time.process_time() - used) / (time.perf_counter() - start) * 100


def idle(setting: Setting) -> Series:
    """A context with a sound in memory and nothing to do, beside no context; then one on a device that passes time."""
    series: Series = {}
    _loop(0.5)  # the first turns are slower
    for _ in range(setting.windows):
        before = _loop(setting.seconds)
        with palace.LoopbackDevice(RATE) as device, palace.Context(device):
            palace.Buffer(setting.yardstick("tiny.wav"))
            for _ in range(10):
                pyglet.clock.get_default().tick()
            clock = pyglet.clock.get_default()
            scheduled = len(clock._schedule_items) + len(clock._schedule_interval_items)  # pyglet has no public count
            with_context = _loop(setting.seconds)
        with palace.Device() as device, palace.Context(device):
            with_device = _loop(setting.seconds)
        after = _loop(setting.seconds)
        empty_loop = (before + after) / 2
        series.setdefault("idle", []).append(with_context - empty_loop)
        series.setdefault("idle.spread", []).append(abs(before - after))
        series.setdefault("idle.device", []).append(with_device - empty_loop)
        series.setdefault("idle.scheduled", []).append(float(scheduled))
    return series


def streams(setting: Setting) -> Series:
    """32 streams of stereo Vorbis on a device that passes time, beside 32 looping buffers of the same; the main thread
    sleeps.
    """
    path = setting.yardstick("streamed.ogg")
    series: Series = {}
    with silent_context(playing=True) as context:
        for name in ("buffers", "streams"):
            sources = []
            for _ in range(_STREAMS):
                playing = palace.Buffer(path).play() if name == "buffers" else palace.Decoder(path).play()
                playing.looping = True
                sources.append(playing)
            time.sleep(1)  # they have come under way
            sleeps = max(1, round(setting.seconds))
            used, before = time.process_time(), context.stats()["underruns"]
            for _ in range(sleeps):
                time.sleep(1)
                context.update()
            series[f"streams.{name}"] = [(time.process_time() - used) / sleeps * 100]
            if name == "streams":
                series["streams.underruns"] = [float(context.stats()["underruns"] - before)]
            for source in sources:
                source.destroy()
            empty(context, [path])
    return series


def stream_call(setting: Setting) -> Series:
    """`Decoder.play` on a stereo Vorbis file."""
    with silent_context():
        sources = [palace.Source() for _ in range(30)]
        decoders = [palace.Decoder(setting.yardstick("streamed.ogg")) for _ in sources]
        times = []
        for decoder, source in zip(decoders, sources, strict=True):
            start = time.perf_counter()
            decoder.play(source=source)
            times.append(time.perf_counter() - start)
        for source in sources:
            source.destroy()
    return {"stream.call": [statistics.median(times) * 1e6]}
