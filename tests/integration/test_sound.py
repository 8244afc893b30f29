"""What comes out of the loopback device, sample by sample."""

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
def test_a_cached_16_bit_wav_comes_out_bit_for_bit(assets: Path, layout: str, channels: int) -> None:
    sounds.wav(assets / "ramp.wav", 5000, channels)
    pyglet.resource.reindex()
    device, _ = rendered(layout)

    palace.Buffer("ramp.wav").play()
    out = device.render(5000)

    np.testing.assert_array_equal(np.rint(out * 32768), sounds.ramp(5000, channels))
