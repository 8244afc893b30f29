"""Samples that the loopback device renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, RATE

if TYPE_CHECKING:
    from pathlib import Path


def rendered(channel_config: str) -> tuple[palace.LoopbackDevice, palace.Context]:
    device = palace.LoopbackDevice(RATE, channel_config)
    context = palace.Context(device, EXACT, auto_update=False)
    palace.use_context(context)
    return device, context


@pytest.mark.parametrize(("layout", "channels"), [("Mono", 1), ("Stereo", 2)])
def test_16_bit_wav_renders_exactly(assets: Path, layout: str, channels: int) -> None:
    sounds.wav(assets / "ramp.wav", 5000, channels)
    pyglet.resource.reindex()
    device, _ = rendered(layout)

    palace.Buffer("ramp.wav").play()
    out = device.render(5000)

    np.testing.assert_array_equal(np.rint(out * 32768), sounds.ramp(5000, channels))


@pytest.mark.parametrize(("layout", "channels"), [("Mono", 1), ("Stereo", 2)])
@pytest.mark.parametrize("name", ["aiff-16", "flac-16"])
def test_other_16_bit_files_render_exactly(tmp_path: Path, name: str, layout: str, channels: int) -> None:
    path = sounds.KINDS[name].write(tmp_path / "ramp", sounds.ramp(5000, channels), RATE)
    device, _ = rendered(layout)

    palace.Buffer(path).play()

    np.testing.assert_array_equal(np.rint(device.render(5000) * 32768), sounds.ramp(5000, channels))


def test_8_bit_wav_renders_exactly(tmp_path: Path) -> None:
    values = (np.arange(256) - 128).astype(np.int16)
    path = sounds.KINDS["wav-8"].write(tmp_path / "ramp", values[:, None] << 8, RATE)
    device, _ = rendered("Mono")

    palace.Buffer(path).play()

    np.testing.assert_array_equal(np.rint(device.render(256)[:, 0] * 128), values)


@pytest.mark.parametrize(("layout", "channels"), [("Mono", 1), ("Stereo", 2)])
@pytest.mark.parametrize("name", ["wav-24", "flac-24", "aiff-24", "wav-float", "wav-double"])
def test_finer_samples_keep_their_precision(tmp_path: Path, name: str, layout: str, channels: int) -> None:
    fine = np.rint(sounds.noise(3000, channels) * 2**23) / 2**23
    path = sounds.KINDS[name].write(tmp_path / "fine", fine, RATE)
    device, _ = rendered(layout)

    palace.Buffer(path).play()

    assert np.abs(device.render(3000) - fine).max() < 2e-7


def test_lossy_sound_renders_as_decoded(tmp_path: Path) -> None:
    path = sounds.KINDS["vorbis"].write(tmp_path / "a", sounds.noise(5000, 1), RATE)
    expected = np.rint(sounds.through_soundfile(path) * np.float32(32767))
    device, _ = rendered("Mono")

    palace.Buffer(path).play()

    np.testing.assert_array_equal(np.rint(device.render(5000) * 32768), expected)


def test_clipped_peaks_keep_their_sign(tmp_path: Path) -> None:
    square = np.sign(sounds.tone(0.5, 441.0)).astype(np.float32)
    path = sounds.KINDS["vorbis"].write(tmp_path / "loud", square, RATE)
    decoded = sounds.through_soundfile(path)
    over = np.abs(decoded) > 1
    assert over.any(), "the file does not overshoot, so this test would test nothing"
    device, _ = rendered("Mono")

    palace.Buffer(path).play()
    out = device.render(len(decoded))

    assert (np.sign(out[over]) == np.sign(decoded[over])).all()
    assert np.abs(out - np.clip(decoded, -1, 1)).max() < 1e-4


def test_looping_is_gapless(assets: Path) -> None:
    sounds.wav(assets / "loop.wav", 1234)
    pyglet.resource.reindex()
    device, _ = rendered("Mono")
    source = palace.Source()
    source.looping = True

    palace.Buffer("loop.wav").play(source)
    out = np.concatenate([device.render(size) for size in (700, 1, 2300, 4000)])[:, 0]

    np.testing.assert_array_equal(np.rint(out * 32768), np.resize(sounds.ramp(1234)[:, 0], 7001))


@pytest.mark.parametrize("name", ["wav-16", "flac-16"])
def test_intro_plays_once_then_loops(tmp_path: Path, name: str) -> None:
    path = sounds.KINDS[name].write(tmp_path / "song", sounds.ramp(3000), RATE)
    if name == "wav-16":
        sounds.add_chunk(path, sounds.smpl_chunk((0, 1000, 2499)))
    else:
        sounds.comment(path, LOOPSTART="1000", LOOPLENGTH="1500")
    device, _ = rendered("Mono")
    source = palace.Source()
    source.looping = True

    palace.Buffer(path).play(source)
    out = np.concatenate([device.render(size) for size in (999, 1600, 5000)])[:, 0]

    ramp = sounds.ramp(3000)[:, 0]
    expected = np.concatenate([ramp[:1000], np.resize(ramp[1000:2500], 6599)])
    np.testing.assert_array_equal(np.rint(out * 32768), expected)


def test_loop_points_need_looping(tmp_path: Path) -> None:
    """A source that does not loop plays the sound to its end."""
    path = sounds.wav(tmp_path / "song.wav", 3000)
    sounds.add_chunk(path, sounds.smpl_chunk((0, 1000, 2499)))
    device, _ = rendered("Mono")

    palace.Buffer(path).play()

    out = np.rint(device.render(4500) * 32768)
    np.testing.assert_array_equal(out[:3000], sounds.ramp(3000))
    assert not out[-1000:].any()  # OpenAL Soft lets the last sample die away over some 100 frames
