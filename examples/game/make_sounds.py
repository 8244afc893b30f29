"""Makes every sound of the game with numpy, into ``assets/``: ``python examples/game/make_sounds.py``.

The same files come out each time. What is heard in space is mono, because OpenAL places nothing else. Loops carry
their loop points in the file: Ogg Vorbis as LOOPSTART and LOOPEND comments, WAV as a `smpl` chunk. Needs soundfile
and mutagen (the `dev` extra).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from mutagen.ogg import OggPage
from mutagen.oggvorbis import OggVorbis

Sound = npt.NDArray[np.float64]

ASSETS = Path(__file__).resolve().parent / "assets"
RATE = 44100

#: Frames before and after a loop that repeat its end and its start, so that a codec meets no edge at the loop points.
PAD = 4096


# Tools


def seconds(length: float) -> Sound:
    """The times of `length` seconds of samples."""
    return np.arange(round(length * RATE)) / RATE


def noise(length: float, seed: int) -> Sound:
    return np.random.default_rng(seed).standard_normal(round(length * RATE))


def shaped(sound: Sound, weight: Callable[[Sound], Sound]) -> Sound:
    """`sound` with its spectrum multiplied by `weight(hertz)`. Circular: what loops before loops after."""
    spectrum = np.fft.rfft(sound, axis=0)
    factors = weight(np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 1e-3))
    filtered: Sound = np.fft.irfft(spectrum * (factors if sound.ndim == 1 else factors[:, None]), len(sound), axis=0)
    return filtered


def low(cut: float, order: float = 2) -> Callable[[Sound], Sound]:
    return lambda hertz: 1 / (1 + (hertz / cut) ** (2 * order)) ** 0.5


def band(centre: float, octaves: float) -> Callable[[Sound], Sound]:
    return lambda hertz: np.exp(-((np.log2(hertz / centre) / octaves) ** 2))


def normal(sound: Sound, peak: float) -> Sound:
    return sound * (peak / np.abs(sound).max())


def faded(sound: Sound, attack: float = 0.004, release: float = 0.02) -> Sound:
    """Without a click at either end."""
    sound = sound.copy()
    a, r = round(attack * RATE), round(release * RATE)
    up, down = np.linspace(0, 1, a), np.linspace(1, 0, r)
    sound[:a] = (sound[:a].T * up).T
    sound[-r:] = (sound[-r:].T * down).T
    return sound


def wrapped(sound: Sound, length: float) -> Sound:
    """`length` seconds that loop: what lasts longer is added to the start, where it would be heard next time."""
    frames = round(length * RATE)
    loop = np.zeros((frames, *sound.shape[1:]))
    for start in range(0, len(sound), frames):
        piece = sound[start : start + frames]
        loop[: len(piece)] += piece
    return loop


def mixed(length: float, *parts: tuple[float, Sound]) -> Sound:
    """Parts, each with the second it begins at, in `length` seconds or as long as they last."""
    frames = max([round(length * RATE), *(round(at * RATE) + len(part) for at, part in parts)])
    out = np.zeros(frames)
    for at, part in parts:
        start = round(at * RATE)
        out[start : start + len(part)] += part
    return out


def echoing(sound: Sound, length: float, wet: float, seed: int, dark: float = 3500) -> Sound:
    """In a wide room: convolved with noise that dies away in `length` seconds. Stereo; longer by `length`."""
    t = seconds(length)
    stereo = sound if sound.ndim == 2 else np.stack([sound, sound], axis=1)
    room = np.stack([noise(length, seed), noise(length, seed + 1)], axis=1) * np.exp(-5 * t / length)[:, None]
    room = shaped(room, low(dark, 1))
    room /= np.sqrt((room**2).sum(axis=0))
    frames = len(stereo) + len(room)
    power = 1 << (frames - 1).bit_length()
    tail = np.empty((frames, 2))
    for side in (0, 1):
        product = np.fft.rfft(stereo[:, side].copy(), power) * np.fft.rfft(room[:, side].copy(), power)
        tail[:, side] = np.fft.irfft(product, power)[:frames]
    dry = np.zeros((frames, 2))
    dry[: len(stereo)] = stereo
    mix: Sound = dry * (1 - wet) + tail * wet
    return mix


def airy(sound: Sound, amount: float, seed: int) -> Sound:
    """Add breath above 6 kHz that swells with the sound; `amount` is its loudness beside the sound's.

    Ears find directions by treble: a hum comes from everywhere. It loops if the sound does.
    """
    swell = np.sqrt(np.maximum(shaped(sound**2, low(25)), 0))
    breath = shaped(noise(len(sound) / RATE, seed), band(9000, 0.4)) * swell
    return sound + breath * (amount * np.sqrt((sound**2).mean() / (breath**2).mean()))


def mono(sound: Sound) -> Sound:
    middle: Sound = sound.mean(axis=1)
    return middle


# Files


def write(name: str, sound: Sound, loop: tuple[int, int] | None = None, quality: float = 0.35) -> None:
    """Write `sound` (full scale 1.0) as what the name's ending says, with loop points in frames, end exclusive."""
    path = ASSETS / name
    pcm = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    if path.suffix == ".wav":
        data = pcm.astype("<i2").tobytes()
        chunks = [(b"fmt ", struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16))]
        if loop:
            header = struct.pack("<9I", 0, 0, round(1e9 / RATE), 60, 0, 0, 0, 1, 0)
            chunks.append((b"smpl", header + struct.pack("<6I", 0, 0, loop[0], loop[1] - 1, 0, 0)))
        chunks.append((b"data", data))
        body = b"WAVE" + b"".join(kind + struct.pack("<I", len(content)) + content for kind, content in chunks)
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
        return
    if path.suffix == ".flac":
        soundfile.write(path, pcm, RATE, format="FLAC", subtype="PCM_16")
        return
    with soundfile.SoundFile(
        path, "w", RATE, channels, format="OGG", subtype="VORBIS", compression_level=1 - quality
    ) as file:
        for start in range(0, len(pcm), 4096):  # one large write overflows libvorbis's stack
            file.write(pcm[start : start + 4096])
    if loop:
        tags = OggVorbis(path)
        tags["LOOPSTART"], tags["LOOPEND"] = str(loop[0]), str(loop[1])
        tags.save()
    _settle_serial(path)


def _settle_serial(path: Path) -> None:
    """libsndfile numbers an Ogg stream by chance; the same sound is to be the same file."""
    pages = []
    with path.open("rb") as file:
        while True:
            try:
                pages.append(OggPage(file))
            except EOFError:
                break
    for page in pages:
        page.serial = 1
    path.write_bytes(b"".join(page.write() for page in pages))


def write_loop(name: str, loop: Sound, quality: float = 0.35) -> None:
    """Write what repeats from end to start, with a little of the other end at both ends."""
    write(name, np.concatenate([loop[-PAD:], loop, loop[:PAD]]), (PAD, PAD + len(loop)), quality)


# Instruments

#: Partials of a bell: frequency, loudness, seconds to die away.
_BELL = ((0.5, 0.5, 1.9), (1.0, 1.0, 1.4), (1.19, 0.55, 1.0), (1.5, 0.35, 0.9), (2.0, 0.7, 0.8), (2.74, 0.35, 0.45))
_BELL_TOP = ((3.76, 0.22, 0.3), (4.1, 0.15, 0.22), (5.3, 0.1, 0.14), (10.9, 0.12, 0.6), (13.3, 0.09, 0.5))


def bell(pitch: float, length: float) -> Sound:
    t = seconds(length)
    out = np.zeros(len(t))
    for ratio, loudness, decay in (*_BELL, *_BELL_TOP):
        for detune in (0.9993, 1.0007):
            out += loudness * np.sin(2 * np.pi * pitch * ratio * detune * t) * np.exp(-t / decay * 2.4)
    strike = shaped(noise(0.05, 3), band(pitch * 4, 0.7)) * np.exp(-seconds(0.05) / 0.012)
    out[: len(strike)] += strike * 2
    clapper = shaped(noise(0.05, 4), band(9000, 0.5)) * np.exp(-seconds(0.05) / 0.01)
    out[: len(clapper)] += clapper * 2.5
    return faded(out, 0.001, 0.05)


def pluck(pitch: float, length: float, bright: float = 1.0) -> Sound:
    """A music box."""
    t = seconds(length)
    out = np.sin(2 * np.pi * pitch * t) * np.exp(-t * 3.2)
    out += 0.45 * bright * np.sin(2 * np.pi * pitch * 3.01 * t) * np.exp(-t * 9)
    out += 0.2 * bright * np.sin(2 * np.pi * pitch * 5.4 * t) * np.exp(-t * 22)
    return faded(out, 0.003, 0.05)


def reed(pitch: float, length: float, harmonics: int = 9, slope: float = 1.1, vibrato: float = 0.004) -> Sound:
    """An accordion, a horn, a string, by how many harmonics and how steep."""
    t = seconds(length)
    phase = 2 * np.pi * pitch * (t + vibrato / (2 * np.pi * 5.2) * -np.cos(2 * np.pi * 5.2 * t))
    out = np.zeros(len(t))
    for n in range(1, harmonics + 1):
        if n * pitch < 9000:
            out += np.sin(n * phase + n * n) / n**slope
    return out


def pad(pitch: float, length: float, harmonics: int = 5) -> Sound:
    t = seconds(length)
    out = np.zeros(len(t))
    for detune in (0.996, 1.0, 1.0037):
        for n in range(1, harmonics + 1):
            out += np.sin(2 * np.pi * pitch * detune * n * t + n * detune * 40) / n**1.8
    edge = min(length * 0.4, 1.1)
    return faded(out, edge, edge)


def voice(pitch: Sound, formants: tuple[tuple[float, float], ...], seed: int = 5) -> Sound:
    """A sung vowel whose pitch goes as given, in hertz for each sample."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    out = np.zeros(len(pitch))
    top = max(centre + 2.2 * width for centre, width in formants)
    for n in range(1, 25):
        hertz = n * pitch
        if n > 4 and hertz.min() > top:
            break
        loudness = sum(np.exp(-(((hertz - centre) / width) ** 2)) for centre, width in formants)
        out += np.sin(n * phase) * (loudness + 0.02) / n**0.5
    return out + 0.01 * shaped(noise(len(pitch) / RATE, seed), band(formants[0][0], 0.6))


def drum(pitch: float, length: float, seed: int, snap: float = 0.2) -> Sound:
    t = seconds(length)
    body = np.sin(2 * np.pi * pitch * (t + 0.02 * (1 - np.exp(-t * 40)))) * np.exp(-t * 9 / length * 0.6)
    return faded(body + snap * shaped(noise(length, seed), low(2500)) * np.exp(-t * 60), 0.002, 0.05)


def hertz(note: float) -> float:
    """Of a MIDI note number."""
    return float(440 * 2 ** ((note - 69) / 12))


# What is heard in the water


def boat_sounds() -> None:
    # Four strokes of an old diesel engine, all different, in one loop.
    t = seconds(0.8)
    engine = np.zeros(len(t))
    for stroke, weight in enumerate((1.0, 0.8, 0.92, 0.75)):
        since = (t - stroke * 0.2) % 0.8
        engine += weight * np.sin(2 * np.pi * 62 * since + 3 * np.exp(-since * 30)) * np.exp(-since * 16)
        engine += weight * 0.35 * np.sin(2 * np.pi * 155 * since) * np.exp(-since * 26)
    engine += 0.5 * shaped(noise(0.8, 21), band(420, 0.8)) * (0.3 + 0.7 * np.exp(-((t % 0.2) * 14)))
    engine = normal(shaped(engine, low(1400, 1.5)), 0.7)
    write("engine.wav", np.concatenate([engine[-1000:], engine, engine[:1000]]), (1000, 1000 + len(engine)))

    t = seconds(1.4)
    sweep = np.sin(2 * np.pi * (1180 * t - 60 * t**2)) * np.exp(-t * 4.2)
    ping = echoing(faded(sweep, 0.004), 1.2, 0.35, 31)
    write("ping.ogg", normal(faded(ping), 0.7))

    t = seconds(0.5)
    echo = np.sin(2 * np.pi * 1180 * t) * np.exp(-t * 11) + 0.5 * np.sin(2 * np.pi * 1770 * t) * np.exp(-t * 14)
    write("echo.ogg", normal(airy(faded(mono(echoing(faded(echo), 0.9, 0.5, 33))), 0.12, 34), 0.7))
    knock = np.sin(2 * np.pi * (210 * t + 14 * np.exp(-t * 30))) * np.exp(-t * 13)
    knock += 0.5 * np.sin(2 * np.pi * 497 * t) * np.exp(-t * 20)
    write("knock.ogg", normal(airy(faded(mono(echoing(faded(knock), 0.8, 0.45, 35, 1500))), 0.12, 36), 0.8))

    t = seconds(2.2)
    boom = np.sin(2 * np.pi * (38 * t - 34 * np.exp(-t * 7) / 7)) * np.exp(-t * 2.6)
    burst = shaped(noise(2.2, 41), low(900, 1)) * np.exp(-t * 5) * 1.3
    spray = shaped(noise(2.2, 42), band(3000, 1.0)) * np.exp(-t * 2.2) * np.minimum(t * 4, 1) * 0.5
    write("hit.ogg", normal(faded(np.tanh(1.3 * (boom + burst + spray)), 0.002, 0.3), 0.72))

    t = seconds(0.35)
    thud = np.sin(2 * np.pi * (88 * t - 2 * np.exp(-t * 40))) * np.exp(-t * 16)
    thud += 0.4 * shaped(noise(0.35, 43), band(700, 0.8)) * np.exp(-t * 30)
    write("bump.flac", normal(faded(thud), 0.6))
    t = seconds(0.12)
    write("ready.flac", normal(faded(np.sin(2 * np.pi * 1180 * t) * np.exp(-t * 30)), 0.25))


def menu_sounds() -> None:
    t = seconds(0.09)
    write("blip.flac", normal(faded(np.sin(2 * np.pi * 620 * t) * np.exp(-t * 35)), 0.4))
    write("select.flac", normal(faded(mixed(0.4, (0, pluck(hertz(74), 0.3)), (0.07, pluck(hertz(81), 0.3)))), 0.5))
    won = mixed(3, *[(i * 0.16, pluck(hertz(n), 1.6)) for i, n in enumerate((62, 66, 69, 74, 78, 81, 86))])
    won += mixed(3, *[(0.96, 0.25 * pad(hertz(n), 2)) for n in (50, 57, 62, 66)])[: len(won)]
    write("won.ogg", normal(faded(echoing(won, 1.5, 0.35, 51)), 0.75))
    lost = mixed(3.2, *[(i * 0.42, pluck(hertz(n), 1.8, 0.4)) for i, n in enumerate((62, 61, 57, 53))])
    lost += mixed(3.2, (1.2, 0.3 * pad(hertz(38), 2)), (1.2, 0.25 * pad(hertz(45), 2)))[: len(lost)]
    write("lost.ogg", normal(faded(echoing(lost, 1.8, 0.4, 53, 1800)), 0.75))


def harbour_sounds() -> None:
    # A buoy rocks: two strokes, the second one softer, and the tail goes round.
    strokes = mixed(0, (0, bell(587.3, 3.4)), (0.62, 0.5 * bell(587.3, 3.0)))
    write_loop("bell.ogg", normal(wrapped(strokes, 2.4), 0.8))
    found = mixed(0, *[(i * 0.11, bell(587.3 * r, 2.2)) for i, r in enumerate((1, 1.25, 1.5, 2))])
    write("found_bell.ogg", normal(faded(echoing(found, 1.2, 0.3, 61)), 0.7))

    t = seconds(2.0)
    beat = 0.55 + 0.45 * np.cos(2 * np.pi * 2 * t)
    hum = sum(np.sin(2 * np.pi * 82.5 * n * t + n) / n**0.8 * (1.0 if n % 2 else 0.6) for n in range(1, 9))
    tick = sum(np.exp(-((t - at) % 2.0) * 90) * np.sin(2 * np.pi * 1500 * ((t - at) % 2.0)) for at in (0.25, 1.25))
    write_loop("mine_hum.ogg", normal(airy(hum * beat + 0.9 * tick, 0.1, 72), 0.75))

    cries = []
    for at, top, length in (
        (0.1, 1500, 0.34),
        (0.52, 1420, 0.26),
        (0.86, 1350, 0.22),
        (2.6, 1650, 0.42),
        (3.2, 1500, 0.3),
    ):
        t = seconds(length)
        pitch = top * (0.72 + 0.28 * np.sin(np.pi * np.minimum(t / length * 1.25, 1))) * (1 + 0.01 * np.sin(200 * t))
        cry = voice(pitch, ((1500, 500), (3100, 700)), 71)
        cries.append((at, faded(normal(cry, 1), 0.05, 0.12)))
    write_loop("gulls.ogg", normal(airy(wrapped(mono(echoing(mixed(4.6, *cries), 0.8, 0.3, 73)), 4.6), 0.12, 74), 0.6))

    # The horn that calls the boat home: a long deep breath with the end dropped.
    t = seconds(1.9)
    pitch = np.where(t < 1.55, 116.5, 116.5 - 26 * np.minimum((t - 1.55) * 10, 1))
    horn = voice(pitch, ((180, 140), (520, 200), (900, 160))) * np.minimum(t * 6, 1)
    horn = mono(echoing(faded(horn, 0.08, 0.15), 1.8, 0.4, 75, 1600))
    write_loop("foghorn.ogg", normal(airy(wrapped(horn, 4.0), 0.12, 76), 0.8))

    # Lapping water: three bands of noise that swell at their own whole numbers of times in the loop.
    t = seconds(8.0)
    sea = np.zeros((len(t), 2))
    for side in (0, 1):
        for centre, swells, loudness in ((240, 2, 1.0), (620, 5, 0.6), (1900, 7, 0.22)):
            swell = (0.5 + 0.5 * np.sin(2 * np.pi * (swells * t / 8 + 0.3 * side + centre))) ** 2
            sea[:, side] += loudness * swell * normal(shaped(noise(8.0, 81 + side + centre), band(centre, 0.6)), 1)
    write_loop("harbour.ogg", normal(sea, 0.5), 0.2)


def storm_sounds() -> None:
    # A crew's horn: two hopeful notes.
    calls = []
    for at, pitch, length in ((0.0, 349.2, 0.42), (0.5, 466.2, 0.7)):
        calls.append((at, faded(shaped(reed(pitch, length, 14, 0.7), band(1100, 1.6)), 0.04, 0.12)))
    horn = mono(echoing(mixed(1.3, *calls), 0.9, 0.25, 91))
    write_loop("horn.ogg", normal(airy(wrapped(horn, 2.6), 0.12, 92), 0.75))
    cheer = mixed(0, *[(i * 0.13, faded(reed(hertz(n), 0.5, 8), 0.03, 0.2)) for i, n in enumerate((65, 70, 74, 77))])
    write("found_crew.ogg", normal(faded(echoing(cheer, 1.2, 0.35, 93)), 0.65))

    t = seconds(1.2)
    churn = shaped(noise(1.2, 95), band(300, 0.9)) * (0.15 + np.exp(-((t % 0.15) * 22)))
    growl = sum(np.sin(2 * np.pi * 70 * n * t) / n for n in range(1, 8)) * (
        0.6 + 0.4 * np.cos(2 * np.pi * 6.666667 * t)
    )
    whine = 0.35 * np.sin(2 * np.pi * 760 * t + 1.5 * np.sin(2 * np.pi * 5 * t))
    write_loop("mine_churn.ogg", normal(airy(normal(churn, 1) + 0.5 * normal(growl, 1) + 0.4 * whine, 0.12, 96), 0.75))

    t = seconds(3.2)
    chug = shaped(noise(3.2, 97), band(180, 0.8)) * (0.1 + np.exp(-((t % 0.4) * 9)))
    drone = np.sin(2 * np.pi * 55 * t) + 0.6 * np.sin(2 * np.pi * 110 * t + 1)
    steam = 0.7 * normal(chug, 1) + 0.35 * drone
    whistle = faded(reed(277.2, 0.9, 10, 0.9) + reed(329.6, 0.9, 10, 0.9), 0.1, 0.25)
    steam[round(0.6 * RATE) : round(0.6 * RATE) + len(whistle)] += 0.22 * whistle
    write_loop("steamer.ogg", normal(airy(steam, 0.12, 100), 0.7))

    t = seconds(4.2)
    roll = np.zeros(len(t))
    for at, loudness in ((0.0, 1.0), (0.35, 0.8), (0.9, 0.9), (1.5, 0.55), (2.2, 0.4)):
        since = np.maximum(t - at, 0)
        roll += loudness * (t >= at) * np.exp(-since * 2.2) * np.minimum(since * 25, 1)
    thunder = shaped(noise(4.2, 99), low(150, 1.5)) * roll
    crack = shaped(noise(4.2, 98), band(1600, 1.2)) * np.exp(-t * 9) * 0.35
    write("thunder.ogg", normal(faded(np.tanh(1.4 * (normal(thunder, 1) + crack * 0.2)), 0.01, 0.6), 0.8))

    t = seconds(9.0)
    wind = np.zeros((len(t), 2))
    for side in (0, 1):
        for centre, gusts, loudness in ((140, 2, 1.0), (460, 3, 0.8), (900, 5, 0.45), (1500, 4, 0.25)):
            gust = 0.25 + 0.75 * (0.5 + 0.5 * np.sin(2 * np.pi * (gusts * t / 9 + 0.22 * side + centre * 0.37))) ** 2
            wind[:, side] += loudness * gust * normal(shaped(noise(9.0, 101 + side + centre), band(centre, 0.35)), 1)
    rain = shaped(np.stack([noise(9.0, 107), noise(9.0, 108)], axis=1), band(5200, 0.8))
    write_loop("storm.ogg", normal(wind + 0.12 * normal(rain, 1), 0.55), 0.2)


def drowned_sounds() -> None:
    notes = [(i * 0.17, 0.9**i * pluck(hertz(n), 2.0, 1.6)) for i, n in enumerate((86, 93, 90, 98))]
    glass = mono(echoing(mixed(0, *notes), 1.3, 0.3, 111, 7000))
    write_loop("chime.ogg", normal(wrapped(glass, 2.8), 0.7))
    found = mixed(0, *[(i * 0.07, pluck(hertz(n), 1.6, 1.5)) for i, n in enumerate((74, 78, 81, 86, 90, 93, 98, 102))])
    write("found_glass.ogg", normal(faded(echoing(found, 1.6, 0.4, 113, 7000)), 0.7))

    # Two voices a narrow interval apart that slide down and up again: a warning of the reef.
    t = seconds(3.6)
    slide = 1 + 0.09 * np.sin(2 * np.pi * t / 3.6)
    vibrato = 1 + 0.012 * np.sin(2 * np.pi * 5 * t)
    wail = sum(voice(p * slide * vibrato, ((420, 160), (1000, 200))) for p in (220.0, 233.1))
    wail = wail * (0.62 + 0.38 * np.sin(2 * np.pi * 2 * t / 3.6 + 1))
    # A loop needs a whole number of cycles, which a slide has not: cross-fade its end into its start.
    edge = round(0.5 * RATE)
    ramp = np.sqrt(np.linspace(0, 1, edge))
    loop = wail[:-edge].copy()
    loop[:edge] = wail[:edge] * ramp + wail[-edge:] * ramp[::-1]
    write_loop("siren.ogg", normal(airy(loop, 0.12, 116), 0.7))

    songs = []
    for at, first, last, length in ((0.0, 190, 320, 1.7), (1.9, 300, 150, 1.5), (3.6, 240, 410, 1.1)):
        t = seconds(length)
        pitch = first + (last - first) * (t / length) ** 1.6 + 5 * np.sin(2 * np.pi * 7 * t)
        songs.append((at, faded(voice(pitch, ((320, 180), (760, 260))), 0.25, 0.4)))
    whale = mono(echoing(mixed(5.4, *songs), 2.2, 0.6, 115, 1800))
    write_loop("whale.ogg", normal(airy(wrapped(whale, 6.4), 0.1, 117), 0.7))

    t = seconds(9.0)
    deep = np.zeros((len(t), 2))
    for side in (0, 1):
        for cycles, loudness in ((540, 1.0), (810, 0.5), (1083, 0.28)):
            swell = 0.5 + 0.5 * np.sin(2 * np.pi * ((cycles % 7 + 1) * t / 9 + 0.25 * side))
            deep[:, side] += loudness * swell * np.sin(2 * np.pi * (cycles + side) * t / 9)
        murmur = shaped(noise(9.0, 121 + side), band(330, 0.5))
        deep[:, side] += 0.7 * normal(murmur, 1) * (0.5 + 0.5 * np.sin(2 * np.pi * (3 * t / 9 + 0.4 * side)))
    write_loop("deep.ogg", normal(deep, 0.5), 0.2)


# Music


class Score:
    """A stereo piece: notes on a grid of beats, one room around all of it."""

    def __init__(self, beat: float, beats: float, tail: float) -> None:
        self.beat = beat
        self.dry = np.zeros((round((beats * beat + tail) * RATE), 2))
        self._notes: dict[tuple[object, ...], Sound] = {}

    def note(
        self, at: float, make: Callable[..., Sound], pitch: float, beats: float, gain: float, pan: float = 0.0
    ) -> None:
        """`make(hertz, seconds)` at a beat; `pan` from -1, left, to 1."""
        key = (make, pitch, beats)
        if key not in self._notes:
            self._notes[key] = make(hertz(pitch), beats * self.beat)
        sound = self._notes[key]
        start = round(at * self.beat * RATE)
        piece = sound[: max(0, len(self.dry) - start)]
        self.dry[start : start + len(piece), 0] += piece * gain * np.sqrt((1 - pan) / 2)
        self.dry[start : start + len(piece), 1] += piece * gain * np.sqrt((1 + pan) / 2)

    def save(self, name: str, intro: float, loop: float, settle: float, wet: float, seed: int, dark: float) -> None:
        """Write it with `intro` beats, then `loop` beats that repeat.

        The notes were set for intro, loop and loop again. The loop points stand `settle` beats after the joints, when
        what came before has died away: there, the two passes are the same, and going back is not heard.
        """
        sound = echoing(self.dry, 2.0, wet, seed, dark)
        start, end = (round((intro + settle + passes * loop) * self.beat * RATE) for passes in (0, 1))
        write(name, normal(sound[: end + PAD], 0.8), (start, end), 0.1)


def soft_reed(pitch: float, length: float) -> Sound:
    return faded(reed(pitch, length, 6, 1.5), min(0.12, length / 3), min(0.18, length / 3))


def bowed(pitch: float, length: float) -> Sound:
    return faded(reed(pitch, length * 0.9, 12, 1.05, 0.0), 0.02, 0.08)


def choir(pitch: float, length: float) -> Sound:
    t = seconds(length)
    sung = voice(pitch * (1 + 0.006 * np.sin(2 * np.pi * 4.7 * t)), ((pitch * 1.2, 250), (850, 220)))
    return faded(sung, min(1.0, length * 0.3), min(1.2, length * 0.4))


def box(pitch: float, length: float) -> Sound:
    return pluck(pitch, max(length, 1.4))


def glass(pitch: float, length: float) -> Sound:
    return pluck(pitch, max(length, 2.0), 1.8)


def title_music() -> None:
    """Slow waves of a chord, a far bell, an accordion that remembers half a tune."""
    score = Score(0.75, 4 + 2 * 24, 0)
    chords = ((38, 57, 62, 65), (34, 58, 62, 65), (41, 57, 60, 65), (36, 55, 60, 64))
    tune = ((0, 74, 3), (3, 72, 1), (4, 69, 2), (6, 70, 3), (9, 69, 1), (10, 65, 2), (12, 69, 4), (16, 67, 2))
    for bar in range(-1, 8):
        for pitch in chords[bar % 4]:
            score.note(max(4 + bar * 6, 0), pad, pitch, 7 if bar >= 0 else 5, 0.16, (pitch % 5 - 2) / 4)
    for start in (4, 28):
        for at, pitch, length in tune:
            score.note(start + at, soft_reed, pitch, length, 0.16, 0.15)
        for at, pitch in ((5, 81), (11, 77), (17, 84), (23, 79)):
            score.note(start + at, box, pitch, 2, 0.2, -0.5)
    score.save("title.ogg", 4, 24, 5.5, 0.5, 131, 3000)


def harbour_music() -> None:
    """Level 1: a music box over a slow waltz in D."""
    score = Score(0.42, 6 + 2 * 48, 0)
    chords = (
        (50, 54, 57),
        (47, 54, 59),
        (43, 55, 59),
        (45, 52, 57),
        (50, 54, 57),
        (42, 57, 61),
        (43, 55, 59),
        (45, 55, 61),
    )
    tune_a = ((0, 78, 2), (2, 76, 1), (3, 74, 3), (6, 71, 2), (8, 74, 1), (9, 73, 3), (12, 69, 2), (14, 74, 1))
    tune_b = ((15, 78, 2), (17, 79, 1), (18, 78, 1), (19, 76, 1), (20, 74, 1), (21, 76, 3))
    for step, pitch in enumerate((62, 69, 74, 78, 81, 86)):
        score.note(step, box, pitch, 3, 0.3, step / 6 - 0.4)
    for start in (6, 54):
        for half in (0, 1):
            for bar, chord in enumerate(chords):
                at = start + half * 24 + bar * 3
                score.note(at, soft_reed, chord[0] - 12, 2.6, 0.3)
                for pitch in chord:
                    score.note(at, pad, pitch, 3.6, 0.08, (pitch % 3 - 1) / 2)
                for beat in (1, 2):
                    score.note(at + beat, box, chord[beat] + 12, 2, 0.13, 0.5 - beat / 3)
        for at, pitch, length in (*tune_a, *tune_b):
            score.note(start + at, box, pitch, length + 1, 0.4, -0.1)
            score.note(start + 24 + at, box, pitch, length + 1, 0.4, -0.1)
            score.note(start + 24 + at, soft_reed, pitch - 12, length, 0.17, 0.25)
    score.save("harbour_music.ogg", 6, 48, 9, 0.35, 133, 4000)


def storm_music() -> None:
    """Level 2: strings that will not stop, and drums."""
    score = Score(0.2, 16 + 2 * 128, 0)
    roots = (38, 38, 34, 36, 38, 41, 34, 33)
    figure = (0, 12, 7, 12, 3, 12, 7, 10)
    for at in range(0, 16, 2):
        score.note(at, drum_low, 36, 3, 0.2 + at * 0.03)
    for start in (16, 144):
        for bar, root in enumerate(roots * 2):
            at = start + bar * 8
            third = 4 if root in (34, 36, 41) else 3
            for step, interval in enumerate(figure):
                pitch = root + 12 + (third if interval == 3 else interval)
                score.note(at + step, bowed, pitch, 1, 0.2 if step % 4 else 0.3, -0.35)
            score.note(at, bowed, root, 7.5, 0.34, 0.1)
            for step in (0, 3, 6):
                score.note(at + step, drum_low, 36 if step != 3 else 40, 3, 0.5 if not step else 0.3, 0.1)
            if bar % 4 == 3:
                for step in (5, 6, 7):
                    score.note(at + step, drum_low, 45 - step, 2, 0.35, 0.3)
        for at, pitch, length in ((0, 69, 6), (6, 70, 2), (8, 69, 8), (16, 65, 6), (22, 67, 2), (24, 64, 8)):
            for second in (0, 32):
                if second or start:
                    score.note(start + 64 + second + at, soft_reed, pitch + (second // 32) * 5, length, 0.3, 0.35)
    score.save("storm_music.ogg", 16, 128, 14, 0.22, 135, 3500)


def drum_low(pitch: float, length: float) -> Sound:
    return drum(pitch, length * 1.2, 7, 0.3)


def drowned_music() -> None:
    """Level 3: a choir under water, and glass."""
    score = Score(0.6, 6 + 2 * 40, 0)
    chords = ((40, 52, 59, 64), (41, 53, 60, 64), (38, 53, 57, 62), (40, 52, 59, 63))
    for pitch in chords[0]:
        score.note(0, choir, pitch, 7, 0.1)
    sparks = (0, 2.5, 4, 5.5, 7)
    for start in (6, 46):
        for bar in range(4):
            at = start + bar * 10
            for voice_number, pitch in enumerate(chords[bar]):
                score.note(at, choir, pitch, 11, 0.16, (voice_number - 1.5) / 2)
            for number, spark in enumerate(sparks):
                pitch = chords[bar][1 + number % 3] + 24 + (12 if number == 4 else 0)
                score.note(at + spark, glass, pitch, 3, 0.2, 0.6 - 0.3 * number)
    score.save("drowned_music.ogg", 6, 40, 6, 0.55, 137, 2600)


#: All that makes sounds, what takes longest first.
MAKERS = (
    *(drowned_music, title_music, storm_music, harbour_music),
    *(harbour_sounds, storm_sounds, drowned_sounds, menu_sounds, boat_sounds),
)


def main() -> None:
    """Make them all."""
    ASSETS.mkdir(exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for job in [pool.submit(make) for make in MAKERS]:
            job.result()
    files = sorted(path for path in ASSETS.iterdir() if path.suffix in (".ogg", ".flac", ".wav"))
    print(f"{len(files)} sounds, {sum(path.stat().st_size for path in files) // 1024} KiB, in {ASSETS}")


if __name__ == "__main__":
    main()
