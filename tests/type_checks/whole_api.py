"""A game that uses every public name, for type checkers. It is not run."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pyglet.clock
import pyglet.math
import pyglet.resource

import pyglet_palace as palace

# Devices and contexts

print(palace.device_names.full, palace.device_names.basic, palace.device_names.capture)
print(palace.query_extension("ALC_EXT_EFX"))

FORMAT = {
    palace.FREQUENCY: 48000,
    palace.HRTF: palace.DONT_CARE,
    palace.HRTF_ID: 0,
    palace.OUTPUT_LIMITER: palace.FALSE,
    palace.MONO_SOURCES: 200,
    palace.STEREO_SOURCES: 8,
    palace.MAX_AUXILIARY_SENDS: 2,
    palace.CHANNEL_CONFIG: palace.STEREO,
    palace.SAMPLE_TYPE: palace.FLOAT,
}
LAYOUTS = (palace.MONO, palace.QUAD, palace.X51, palace.X61, palace.X71, palace.TRUE)
TYPES = (palace.BYTE, palace.UNSIGNED_BYTE, palace.SHORT, palace.UNSIGNED_SHORT, palace.INT, palace.UNSIGNED_INT)


def open_device() -> palace.Context:
    try:
        device = palace.Device("speakers", ["", "headphones"])
        context = palace.Context(
            device,
            FORMAT,
            clock=pyglet.clock.get_default(),
            loader=pyglet.resource.Loader(["assets"]),
            auto_update=True,
            update_interval=1 / 30,
            workers=2,
            cache_limit=64 * 2**20,
            buffer_limit=2**20,
            voices=64,
            decoding="auto",
            disk_cache="saved",
            disk_cache_limit=2**30,
        )
    except (palace.DeviceError, palace.OpenALNotFound, palace.OpenALError) as error:
        print(error)
        with palace.init_on(palace.LoopbackDevice):
            return palace.init(attrs=FORMAT, workers=1, disk_cache=True)
    print(device.name, device.basic_name, device.alc_version, device.efx_version, device.frequency)
    print(device.hrtf_names, device.hrtf_enabled, device.current_hrtf, device.max_auxiliary_sends, device.clock_time)
    print(device.query_extension("ALC_EXT_EFX"))
    device.reset({palace.HRTF: palace.TRUE})
    device.move("headphones")
    device.move()
    device.pause_dsp()
    device.resume_dsp()
    palace.use_context(context)
    return context


context = open_device()
context.distance_model = palace.distance_models[0]
context.distance_model = "linear clamped"
context.doppler_factor = 2
context.stage = palace.SoundStage(1280, reach=300, y_down=True)
print(context.stage.width, context.stage.reach, context.stage.y_down)
context.listener.position = pyglet.math.Vec2(1, 2)
context.stage = None
context.speed_of_sound = 343.3
context.async_wake_interval = 20
context.cache_limit = None
context.buffer_limit = 2**24
print(context.disk_cache)
print(context.stats()["cached"], context.cached_names, context.pending_names, context.cached_size, context.device)
print(context.openal_version, context.openal_library, context.query_extension("AL_SOFT_loop_points"))
print(context.available_resamplers[context.default_resampler_index], context.is_supported("Mono", "Mulaw"))
with context.together():
    palace.play("door.wav")
print(context.sources, context.state("door.wav"), context.error(Path("door.wav")))
context.start_batch()
context.end_batch()
context.update(1 / 60)
with palace.thread_local(True):
    palace.use_context(context, thread=True)
    assert palace.current_context() is context

listener = context.listener
listener = palace.Listener(context)
listener.gain = 1
listener.position = 1, 2, 3
listener.position = [1, 2.0, 3]
listener.velocity = pyglet.math.Vec3(1, 2, 3)
listener.orientation = (0, 0, -1), (0, 1, 0)
listener.orientation = [np.array([0, 0, -1]), [0, 1, 0]]
listener.meters_per_unit = 0.01

# Messages and events


class Messages(palace.MessageHandler):
    def device_disconnected(self, lost: palace.Device) -> None:
        print(lost.name)

    def source_stopped(self, source: palace.Source) -> None:
        source.play(palace.Buffer("door.wav"))

    def source_force_stopped(self, ended: palace.Source) -> None:
        ended.destroy()

    def buffer_loading(self, name: str, layout: str, kind: str, rate: int, data: memoryview) -> None:
        print(name, layout, kind, rate)
        data[0] = 0

    def resource_not_found(self, missing: str) -> str:
        return "" if missing == "silence.wav" else "silence.wav"


context.message_handler = Messages()


@context.event
def on_cached(name: str) -> None:
    print(name)


def on_cache_failed(name: str, error: palace.ResourceError) -> None:
    print(name, error.name, error.stage, error.problem)


context.push_handlers(on_cache_failed=on_cache_failed)

# Names, loading and buffers

names: list[palace.Name] = ["door.wav", Path("theme.ogg")]
palace.cache(names)
palace.cache(["door.wav"], context)
palace.cache(Path("sounds").glob("*.wav"))
palace.cache(palace.resources_in("sounds", "*.ogg"))


def shown(batch: palace.Batch) -> None:
    print(batch.names, batch.total, batch.done, batch.progress, batch.finished)
    for name, error in batch.failed.items():
        print(name, error.stage)
    try:
        batch.raise_for_failures()
    except palace.BatchFailed as error:
        print(batch.ok, list(error.failed))
    for buffer in batch:
        print(buffer.name, buffer.length, buffer.length_seconds, buffer.frequency, buffer.channel_config)
        print(buffer.sample_type, buffer.size, buffer.sources, buffer.source_count)


with palace.preload(names, context, urgent=True, on_progress=shown, on_complete=shown) as level:
    if not level.wait(timeout=1.0):
        level.cancel()
level.release()


async def level_of_asyncio() -> None:
    batch: palace.Batch = await palace.preload(["door.wav"])
    stop = batch.start(shown, print)
    stop()


try:
    buffer = palace.Buffer("door.wav")
except (palace.ResourceNotFound, palace.ResourceUnreadable) as missing:
    print(missing.stage)
except (palace.UnsupportedFormat, palace.DecodeError, palace.BufferTooLarge, palace.LoadCancelled) as damaged:
    print(damaged.name)
except (palace.DestroyedError, palace.PalaceError) as other:
    print(other)
else:
    buffer.loop_points = 10, 100
    buffer.loop_points = [10, 100]
    buffer.play().stop()
    buffer.destroy()
palace.free(["door.wav"])

# Sources and groups

mixer = palace.SourceGroup()
effects = palace.SourceGroup(context)
effects.parent_group = mixer
effects.gain, effects.pitch = 0.5, 1
print(mixer.sub_groups, effects.sources)
effects.pause_all()
effects.resume_all()
effects.stop_all()

source = palace.Source(context)
source.play(palace.Buffer("door.wav"))
source = palace.Buffer("door.wav").play(source)
source = palace.play("door.wav", late=0.5, context=context, gain=0.5, pitch=2, position=[1, 2, 3], velocity=(0, 0, 1))
source = palace.play(Path("door.wav"), looping=True, loops=0, group=None, priority=3, filter=(1, 0.5, 1))
palace.Buffer("door.wav").play(offset_seconds=1, fade_in=100, on_stopped=print, on_force_stopped=None)
palace.Source(context, gain=1, looping=True)
source.play(palace.Buffer("door.wav"), gain=0.5)
palace.Buffer.from_samples(np.zeros((100, 2), np.int16), 44100, "made", context).play()
source.group, source.priority, source.looping = effects, 3, True
source.gain, source.pitch = 1, 0.5
source.pan = -1
print(source.pan + 1, source.position[0])
source.position = source.velocity = 1, 2, 3
source.position = np.zeros(3)
source.velocity = pyglet.math.Vec3(0, 0, 1)
source.orientation = [[0, 0, -1], (0, 1, 0)]
source.gain_range = source.outer_cone_gains = 0, 1
source.distance_range = [1, 100.0]
source.cone_angles = [90, 360]
source.rolloff_factors = np.array([1, 0])
source.doppler_factor, source.radius, source.air_absorption_factor = 1, 0, 2
source.relative = source.direct_channels = True
source.stereo_angles = [0.5, -0.5]
source.spatialize = None
source.resampler_index = 0
source.gain_auto = [True, False, True]
source.filter = [1, 0.5, 1]
source.offset = 100
source.offset_seconds = 1.5
source.seek(2)
source.loops = 3
source.on_stopped = print
source.on_force_stopped = lambda stopped: stopped.destroy()
print(source.waiting, source.on_stopped, source.loops)
source.pause()
source.resume()
source.fade_to(0.5, 500, start=0)
source.fade_out_to_stop(0, 100)
source.fade_to(1, 500, curve="linear")
source.fade_out_to_stop(0, 100, curve="equal power")
mixer.fade_to(0.5, 500, start=0, curve="decibel")
mixer.fade_out_to_stop(0, 100)
mixer.muted = True
mixer.filter = [1, 0.5, 1]
group_gain, group_high, group_low = mixer.filter
palace.crossfade(source, palace.Source(), 100)
palace.crossfade(mixer, effects, 100)
mixer.gain = palace.perceptual_gain(0.5)
print(
    source.playing,
    source.audible,
    source.paused,
    source.buffer,
    source.offset_seconds,
    source.latency,
    source.latency_seconds,
)
heard: tuple[float, float, float] = source.position
gain, high, low = source.filter

# Effects

reverb = palace.ReverbEffect("CAVE" if "CAVE" in palace.reverb_preset_names else "GENERIC")
reverb.decay_time, reverb.decay_hf_limit, reverb.send_auto = 2, False, True
reverb.reflections_pan = [0, 0, -1]
reverb.slot_gain = 0.5
chorus = palace.ChorusEffect("sine", 90, 0.2, context=context, rate=2)
others: list[palace.BaseEffect] = [
    palace.AutowahEffect(),
    palace.CompressorEffect(),
    palace.DistortionEffect(),
    palace.EchoEffect(),
    palace.EqualizerEffect(),
    palace.FlangerEffect(),
    palace.FrequencyShifterEffect(),
    palace.PitchShifterEffect(),
    palace.RingModulatorEffect(),
]
source.sends[0].effect = reverb
source.sends[0].filter = [1, 0.5, 1]
source.sends[1].effect = None
direction: tuple[float, float, float] = reverb.reflections_pan
print(len(source.sends), reverb.source_sends, reverb.use_count)
for effect in others:
    effect.destroy()

# Decoders and files

archive = zipfile.ZipFile("assets.dat")


def from_archive(name: str) -> io.BytesIO:
    return io.BytesIO(archive.read(name))


class Own:
    """A file of the game's own."""

    def read(self, number: int) -> bytes:
        return bytes(number)

    def seek(self, place: int, start: int = 0) -> int:
        return place + start

    def close(self) -> None:
        pass


own: palace.FileIO = Own()
palace.use_fileio(from_archive)
palace.use_fileio(lambda name: open(name, "rb"), buffer_size=2**16)  # noqa: SIM115  # the package closes it
palace.use_fileio(lambda name: Own())
palace.use_fileio(None)
assert palace.current_fileio() is None


class Beep(palace.BaseDecoder):
    frequency = 44100
    channel_config = palace.channel_configs[0]
    sample_type = palace.sample_types[1]

    def __init__(self, frames: int) -> None:
        self.length = frames
        self.loop_points = 0, frames
        self.at = 0

    def seek(self, place: int) -> bool:
        self.at = place
        return True

    def read(self, frames: int) -> bytes:
        return bytes(palace.sample_size(frames, self.channel_config, self.sample_type))


palace.decoder_factories.beep = lambda file: Beep(len(file.read()))
Beep(100).play(chunk_len=4800, queue_size=8, source=source)
palace.Buffer.from_decoder(Beep(100), "beep", context)
decoder = palace.Decoder("theme.ogg")
print(decoder.frequency, decoder.length, decoder.length_seconds, decoder.loop_points, decoder.seek(10))
print(palace.sample_length(len(decoder.read(100)), decoder.channel_config, decoder.sample_type))
palace.decode("theme.ogg").play(gain=0.5, fade_in=1000)

# The end

with palace.LoopbackDevice(48000, "Stereo", "32-bit float") as silent, palace.Context(silent):
    assert silent.render(480).shape == (480, 2)
context.destroy()
palace.shutdown()
