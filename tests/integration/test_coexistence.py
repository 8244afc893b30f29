"""pyglet.media and pyglet_palace play in one process while the context of pyglet.media stays current.

``python -m tests.integration.test_coexistence 60`` runs the test for that many seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

#: Run in a process of its own, because importing pyglet.media makes a window and opens a device.
PROGRAM = r"""
import ctypes, gc, json, random, sys, threading, time
import pyglet
pyglet.options.audio = ("openal",)
folder, order, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])

def import_pyglet_media():
    global media, driver, lib_alc
    import pyglet.media as media
    driver = media.get_audio_driver()
    from pyglet.media.drivers.openal import lib_alc
    assert type(driver).__name__ == "OpenALDriver", driver

def import_palace():
    global palace, device, context
    import pyglet_palace as palace
    device = palace.Device()
    context = palace.Context(device, workers=2)
    palace.use_context(context)

raised = []
threading.excepthook = lambda arguments: raised.append(f"{arguments.thread}: {arguments.exc_value!r}")
sys.unraisablehook = lambda arguments: raised.append(f"{arguments.object}: {arguments.exc_value!r}")

first, second = (import_pyglet_media, import_palace) if order == "media first" else (import_palace, import_pyglet_media)
first()
second()

import pyglet.clock, pyglet.resource
from pyglet_palace._openal import constants as c, functions
al = functions()
pyglet.resource.path = [folder]
pyglet.resource.reindex()

ends = []
sound = media.load(folder + "/short.wav", streaming=False)
players = []
for number in range(8):
    player = media.Player()
    player.loop = True
    player.queue(media.load(folder + "/long.wav", streaming=bool(number % 2)))
    player.play()
    players.append(player)

current = al.alcGetCurrentContext()  # that of pyglet.media
started = [player.time for player in players]
palace.cache(["long.wav", "short.wav"])
buffers = [palace.Buffer("long.wav"), palace.Buffer("short.wav")]
sources = [palace.Source() for _ in range(32)]
for source in sources:
    source.looping = True
    buffers[0].play(source)

streams = [palace.Source() for _ in range(8)]
for stream in streams:
    stream.looping = True
    palace.decode("long.wav").play(2000, 8, stream)

def collects():
    # The streaming thread disables it for moments, inside a scope.
    for _ in range(1000):
        if gc.isenabled():
            return True
        time.sleep(0.001)
    return False

stopped, cached, wrong, rounds = [], [], [], 0
context.set_handler("on_source_stopped", stopped.append)
context.set_handler("on_cached", cached.append)
names = ["0.wav", "1.wav", "2.wav", "3.wav"]
choose = random.Random(1)

def of_source(number, what, count):
    values = (ctypes.c_float * count)()
    get(number, what, values)
    return [round(value, 4) for value in values]

get = ctypes.CFUNCTYPE(None, ctypes.c_uint, ctypes.c_int, ctypes.POINTER(ctypes.c_float))(("alGetSourcefv", al.handle))
until = time.monotonic() + seconds
while time.monotonic() < until or not (stopped and ends and cached):
    assert time.monotonic() < until + 30, (len(stopped), len(ends), len(cached))
    rounds += 1
    pyglet.clock.tick()
    pyglet.app.platform_event_loop.dispatch_posted_events()  # one of them ends a player of pyglet
    palace.cache(names)
    source = choose.choice(sources)
    source.gain = gain = round(choose.random(), 4)
    source.position = position = (float(rounds % 1000), 1.0, -2.0)
    if rounds % 10 == 0:
        source.offset = choose.randrange(40_000)
    if rounds % 50 == 0:
        buffers[1].play()
        player = sound.play()  # pyglet makes its context current again
        player.push_handlers(on_player_eos=lambda player=player: (ends.append(1), player.delete()))
    if rounds % 100 == 0:
        palace.free(names)
        player = sound.play()
        player.itself = player
        del player  # finalised by the garbage collector at any time
    with context._engine.scope:
        number = source._state.voice.number
        found = [of_source(number, c.AL_GAIN, 1)[0], tuple(of_source(number, c.AL_POSITION, 3))]
    if found != [gain, position]:
        wrong.append((found, gain, position))
    if not all(source.playing for source in sources) or not 0 <= source.offset < 44_100:
        wrong.append("not playing")
    if al.alcGetCurrentContext() != current:
        wrong.append("the current context has changed")
    if not collects():
        wrong.append("the garbage collector is off")
    stream = choose.choice(streams)
    if rounds % 10 == 5:
        stream.offset = choose.randrange(40_000)
    if not all(stream.playing for stream in streams) or not 0 <= stream.offset < 44_100:
        wrong.append("not streaming")
    time.sleep(0.001)

with context._engine.scope:
    inside = gc.isenabled()  # a collection here would finalise pyglet's sources in our context
after = collects()
fed = [stream._state.voice.playable for stream in streams]
for stream in streams:
    stream.stop()
while any(stream.lock.held for stream in fed):
    time.sleep(0.001)
time.sleep(0.01)
gc.disable()
with context._engine.scope:
    pass
kept_off = not gc.isenabled()  # disabled by the game, so the scope leaves it disabled
gc.enable()

times = [player.time for player in players]
went_on = 0
until = time.monotonic() + 10
while went_on < len(players) and time.monotonic() < until:
    pyglet.clock.tick()
    went_on = sum(player.time != before for player, before in zip(players, times))
shared = driver is not None and sys.modules["pyglet.media.drivers.openal.lib_openal"]._lib._handle == al.handle._handle
report = {
    "rounds": rounds, "wrong": wrong[:5], "raised": raised, "went on": went_on, "stopped": bool(stopped),
    "ends": bool(ends), "cached": sorted(set(cached)), "shared": shared, "collecting": [inside, after, kept_off],
    "current": al.alcGetCurrentContext() == current, "playing": all(player.playing for player in players),
}
palace.shutdown()
still = [player.time for player in players]
until = time.monotonic() + 10
while any(player.time == before for player, before in zip(players, still)) and time.monotonic() < until:
    pyglet.clock.tick()
report["went on after shutdown"] = sum(player.time != before for player, before in zip(players, still))
report["raised"] = raised
print(json.dumps(report))
"""


def stress(folder: Path, order: str, seconds: float) -> dict[str, Any]:
    """Run the program and return its report."""
    from tests import sounds

    sounds.write(folder / "long.wav", sounds.tone(1.0), subtype="PCM_16")
    sounds.write(folder / "short.wav", sounds.tone(0.1), subtype="PCM_16")
    for number in range(4):
        sounds.write(folder / f"{number}.wav", sounds.tone(0.5), subtype="PCM_16")
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", PROGRAM, str(folder), order, str(seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 100,
        env={**os.environ, "ALSOFT_DRIVERS": "null"},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("order", ["media first", "palace first"])
def test_pyglet_media_and_palace_coexist(tmp_path: Path, order: str) -> None:
    report = stress(tmp_path, order, 2.0)

    assert report.pop("rounds") > 50
    report.pop("shared")
    assert report == {
        "wrong": [],  # values of our sources, read back through AL; the process's current context; the collector
        "raised": [],  # in any thread, pyglet's streaming thread included, and in finalisers
        "went on": 8,
        "went on after shutdown": 8,
        "playing": True,
        "stopped": True,
        "ends": True,
        "cached": ["0.wav", "1.wav", "2.wav", "3.wav", "long.wav", "short.wav"],
        "collecting": [False, True, True],  # inside a scope, after it, and after a scope while the game has it disabled
        "current": True,
    }


if __name__ == "__main__":
    for chosen in ("media first", "palace first"):
        with tempfile.TemporaryDirectory() as directory:
            print(chosen, stress(Path(directory), chosen, float(sys.argv[1])))
