"""Measures of playing: single calls beside the bare OpenAL calls, many plays, many streams, and no work at all."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet.clock

import pyglet_palace as palace

from .bare import BareContext
from .contexts import RATE, free, silent_context, use_folder
from .machine import resident
from .stats import alternate, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import Config
    from .stats import Series

#: Attributes of a context that plays 1000 sounds at once.
VOICES = {palace.MONO_SOURCES: 1024}
_STREAMS = 32
_GROUP = 250
_BLOCKS = 20
#: Calls in a block.
_CALLS = 200


def play(config: Config) -> Series:
    """`Buffer.play` of a cached sound, beside the bare calls."""
    with silent_context() as context, closing(BareContext(_CALLS)) as bare:
        buffer = palace.Buffer(config.reference("tiny.wav"))

        def stop() -> None:
            for source in buffer.sources:
                source.stop()
            bare.stop()
            context.device.render(1024)
            context.update()

        ours, control = alternate(
            lambda turn: buffer.play(), lambda turn: bare.play(bare.sources[turn]), _BLOCKS, _CALLS, stop
        )
    return {"play": [ours * 1e6], "play.bare": [control * 1e6], "play.ratio": [ours / control]}


def options(config: Config) -> Series:
    """`Buffer.play` with five options, beside a plain one."""
    with silent_context(attrs=VOICES) as context:
        buffer = palace.Buffer(config.reference("tiny.wav"))

        def stop() -> None:
            for source in buffer.sources:
                source.stop()
            context.device.render(1024)
            context.update()

        five, plain = alternate(
            lambda turn: buffer.play(gain=0.5, pitch=1.2, looping=True, position=(1.0, 0.0, 2.0), priority=3),
            lambda turn: buffer.play(),
            _BLOCKS,
            _CALLS,
            stop,
        )
    return {"play.options.ratio": [five / plain]}


def not_cached(config: Config) -> Series:
    """`play` of 1000 names that are not cached, beside `cache` of the same names: all at once, and one by one."""
    names = config.many(1000)
    use_folder(Path(config.generated, "many"))
    calls: dict[str, Callable[[], object]] = {
        "play": lambda: [palace.play(name) for name in names],
        "all": lambda: palace.cache(names),
        "single": lambda: [palace.cache([name]) for name in names],
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    with silent_context(attrs=VOICES) as context:
        for _ in range(7):
            for name, call in calls.items():
                times[name].append(seconds(call))
                for source in context.sources:
                    source.stop()
                free(context, names)
                time.sleep(0.05)  # until running jobs have ended
    took = {name: statistics.median(some[1:]) for name, some in times.items()}
    return {
        "play.not_cached.ratio": [took["play"] / took["all"]],
        "play.not_cached.single.ratio": [took["play"] / took["single"]],
    }


def properties(config: Config) -> Series:
    """Setting the properties of a playing source, beside the bare calls for a position, or for a gain."""
    series: Series = {}
    with silent_context(), closing(BareContext(1)) as bare:
        source = palace.Buffer(config.reference("streamed.ogg")).play()
        setters: dict[str, Callable[[int], object]] = {
            "gain": lambda turn: setattr(source, "gain", 0.5 + turn % 2 / 4),
            "position": lambda turn: setattr(source, "position", (0.0, 2.0, float(turn % 2))),
            "pitch": lambda turn: setattr(source, "pitch", 1.0 + turn % 2 / 2),
        }

        def gain(turn: int) -> None:
            bare.set_gain(bare.sources, 0.5 + turn % 2 / 4)

        def position(turn: int) -> None:
            bare.set_position(bare.sources[0], (0.0, 2.0, float(turn % 2)))

        for name, setter in setters.items():
            ours, control = alternate(setter, position if name == "position" else gain, _BLOCKS, _CALLS)
            series[f"set.{name}"] = [ours * 1e6]
            series[f"set.{name}.bare"] = [control * 1e6]
            series[f"set.{name}.ratio"] = [ours / control]
    return series


def group(config: Config) -> Series:
    """Setting the gain of a group of 250 playing sources, beside 250 bare calls."""
    with silent_context(attrs=VOICES) as context, closing(BareContext(_GROUP)) as bare:
        buffer = palace.Buffer(config.reference("streamed.ogg"))
        mixer = palace.SourceGroup(context=context)
        for _ in range(_GROUP):
            buffer.play().group = mixer
        ours, control = alternate(
            lambda turn: setattr(mixer, "gain", 0.5 + turn % 2 / 4),
            lambda turn: bare.set_gain(bare.sources, 0.5 + turn % 2 / 4),
            _BLOCKS,
            10,
        )
    return {"group": [ours * 1e6], "group.bare": [control * 1e6], "group.ratio": [ours / control]}


def update(config: Config) -> Series:
    """`Context.update` with 255 and 1000 playing sources of which none ends, beside an update with none.

    Also beside the bare calls that ask each source whether it has ended.
    """
    series: Series = {}
    with (
        silent_context(attrs=VOICES) as idle,
        silent_context(attrs=VOICES) as context,
        closing(BareContext(255)) as bare,
    ):
        buffer = palace.Buffer(config.reference("streamed.ogg"))
        for count in (255, 1000):
            while buffer.source_count < count:
                buffer.play()
            times: list[float] = []
            controls: list[float] = []
            asked: list[float] = []
            for _ in range(200):
                for one, took in ((context, times), (idle, controls)):
                    one.device.render(32)
                    took.append(seconds(one.update))
                asked.append(seconds(bare.ask_states))
            playing, nothing = statistics.median(times), statistics.median(controls)
            series[f"update.{count}"] = [playing * 1e6]
            series[f"update.{count}.ratio"] = [playing / nothing]
            series["update.0"] = [nothing * 1e6]
            if count == 255:
                series["update.bare"] = [statistics.median(asked) * 1e6]
                series["update.bare.ratio"] = [playing / statistics.median(asked)]
    return series


def many_plays(config: Config) -> Series:
    """10,000 plays on 256 voices, with mixing in between."""
    with silent_context() as context:
        buffer = palace.Buffer(config.reference("tiny.wav"))
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


def _clock_load(duration: float) -> float:
    """Run pyglet's clock at 60 Hz; return the percentage of a core that it took."""
    clock = pyglet.clock.get_default()
    end = time.perf_counter() + duration
    start, used = time.perf_counter(), time.process_time()
    while time.perf_counter() < end:
        clock.tick()
        time.sleep(1 / 60)
    return (time.process_time() - used) / (time.perf_counter() - start) * 100


def idle(config: Config) -> Series:
    """A context with a cached sound and no work, beside a loop without a context."""
    series: Series = {}
    _clock_load(0.5)  # the first rounds are slower
    for _ in range(max(1, config.windows // 3)):
        before = _clock_load(config.seconds)
        with palace.LoopbackDevice(RATE) as device, palace.Context(device):
            palace.Buffer(config.reference("tiny.wav"))
            for _ in range(10):
                pyglet.clock.get_default().tick()
            clock = pyglet.clock.get_default()
            scheduled = len(clock._schedule_items) + len(clock._schedule_interval_items)  # pyglet has no public count
            with_context = _clock_load(config.seconds)
        with palace.Device() as device, palace.Context(device):
            with_device = _clock_load(config.seconds)
        after = _clock_load(config.seconds)
        empty_loop = (before + after) / 2
        series.setdefault("idle", []).append(with_context - empty_loop)
        series.setdefault("idle.control", []).append(abs(before - after))
        series.setdefault("idle.device", []).append(with_device - empty_loop)
        series.setdefault("idle.scheduled", []).append(float(scheduled))
    return series


def streams(config: Config) -> Series:
    """32 streams of stereo Vorbis that mix in real time while the main thread sleeps, beside 32 cached sounds."""
    path = config.reference("streamed.ogg")
    series: Series = {}
    with silent_context(realtime=True) as context:
        for name in ("cached", "streamed"):
            sources = []
            for _ in range(_STREAMS):
                playing = palace.Buffer(path).play() if name == "cached" else palace.Decoder(path).play()
                playing.looping = True
                sources.append(playing)
            time.sleep(1)  # until all have started
            sleeps = max(1, round(config.seconds))
            used, before = time.process_time(), context.stats()["underruns"]
            for _ in range(sleeps):
                time.sleep(1)
                context.update()
            series[f"streams.{name}"] = [(time.process_time() - used) / sleeps * 100]
            if name == "streamed":
                series["streams.underruns"] = [float(context.stats()["underruns"] - before)]
            for source in sources:
                source.destroy()
            free(context, [path])
    return series


def stream_call(config: Config) -> Series:
    """`Decoder.play` on a stereo Vorbis file."""
    with silent_context():
        sources = [palace.Source() for _ in range(30)]
        decoders = [palace.Decoder(config.reference("streamed.ogg")) for _ in sources]
        times = [
            seconds(lambda decoder=decoder, source=source: decoder.play(source=source))  # type: ignore[misc]
            for decoder, source in zip(decoders, sources, strict=True)
        ]
        for source in sources:
            source.destroy()
    return {"stream.call": [statistics.median(times) * 1e6]}
