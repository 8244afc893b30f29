"""Damaged files by the thousand: each must give audio or a `ResourceError`, whatever its bytes.

.. code-block:: text

    python -m tests.fuzz --seconds 600 --seed 1

Each batch runs in a process of its own, so that a crash or a hang in C is seen. Inputs that fail are saved (--keep),
and the last line says how many. `make` gives the same bytes for the same seed.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyglet.resource

import pyglet_palace as palace
from tests import sounds, structure

#: Inputs of one process, and the seconds it may take before it counts as hanging.
BATCH, PATIENCE = 100, 300

#: Decoded bytes an input may take.
LIMIT = 64 * 1024 * 1024

#: Frames of sounds that are listened to as well.
SHORT = 20_000

_NASTY = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def seeds(folder: Path) -> list[bytes]:
    """A small sound file of every kind, with what metadata it may have."""
    found = []
    for name, kind in sounds.KINDS.items():
        path = kind.write(folder / name, sounds.noise(1500, 2, seed=len(found)))
        if kind.format in ("OGG", "FLAC"):
            sounds.comment(path, LOOPSTART="100", LOOPEND="1000", TITLE="x" * 50)
        if kind.format == "WAV":
            sounds.add_chunk(path, sounds.smpl_chunk((0, 100, 1000)))
        found.append(path.read_bytes())
    for format, subtype in (
        ("RF64", "PCM_16"),
        ("CAF", "PCM_24"),
        ("AU", "FLOAT"),
        ("W64", "PCM_16"),
        ("VOC", "PCM_U8"),
    ):
        path = sounds.write(folder / format, sounds.noise(500, 2), 44100, subtype, format)
        found.append(path.read_bytes())
    found.append(sounds.silent_flac(2, claimed=0))
    return found


def make(whole: list[bytes], seed: int) -> bytes:
    """The damaged file number `seed`."""
    chosen = random.Random(seed)
    data = bytearray(chosen.choice(whole))
    if chosen.random() < 0.05:
        return bytes(data[:16]) + chosen.randbytes(chosen.randrange(3000))  # its magic, and noise
    if chosen.random() < 0.5:
        for _ in range(chosen.choice([1, 1, 2, 4])):
            data = bytearray(structure.damage(bytes(data), chosen)) or data
        return bytes(data)
    for _ in range(chosen.choice([1, 1, 2, 4, 16, 64])):
        if not data:
            break
        reach = len(data) if chosen.random() < 0.4 else min(len(data), 200)  # most that matters is in the header
        place = chosen.randrange(reach)
        kind = chosen.randrange(7)
        if kind == 0:
            data[place] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            data[place] = chosen.randrange(256)
        elif kind == 2:
            width = chosen.choice([1, 2, 4, 8])
            value = chosen.choice(_NASTY) % (1 << 8 * width)
            data[place : place + width] = value.to_bytes(width, chosen.choice(["little", "big"]))
        elif kind == 3:
            del data[place:]
        elif kind == 4:
            del data[place : place + chosen.randrange(1, 50)]
        elif kind == 5:
            data[place:place] = chosen.randbytes(chosen.randrange(1, 50))
        else:
            data[place:place] = data[place : place + chosen.randrange(1, 500)]
    return bytes(data)


def check(path: Path) -> str:
    """What became of a file, loaded every way there is: a word.

    Raises:
        Exception: Something is wrong with the package.
    """
    outcomes = []
    for through in (None, lambda name: open(name, "rb")):  # noqa: SIM115  # by libsndfile itself, and through Python
        palace.use_fileio(through)
        try:
            buffer = palace.Buffer(path)
            assert buffer.length > 0
            assert buffer.size <= LIMIT
            start, end = buffer.loop_points
            assert 0 <= start < end <= buffer.length
            if buffer.length < SHORT:
                listen(path)
            buffer.destroy()
            decoder = palace.Decoder(path)
            decoder.read(100)
            decoder.seek(50)
            decoder.read(100)
            outcomes.append("audio")
        except palace.ResourceError as error:
            if error.name != str(path) or error.stage not in ("open", "decode") or path.name not in str(error):
                raise AssertionError("the error does not say what it is about") from error
            outcomes.append(type(error).__name__)
        finally:
            palace.use_fileio(None)
    return " ".join(outcomes)


def check_in_zip(path: Path) -> str:
    """What became of a file that is an entry of a zip archive: a word.

    Raises:
        Exception: Something is wrong with the package.
    """
    archive = path.with_name("archive.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "entry")
    pyglet.resource.path = [str(archive)]
    pyglet.resource.reindex()
    location: Any = pyglet.resource.location("entry")
    try:
        palace.Buffer("entry").destroy()
    except palace.ResourceError as error:
        if error.name != "entry" or error.stage not in ("open", "decode"):
            raise AssertionError("the error does not say what it is about") from error
        return type(error).__name__
    finally:
        pyglet.resource.path = []
        pyglet.resource.reindex()
        location.zip.close()  # now: if an error kept it in a cycle, the collector might report an unclosed file
    return "audio"


def listen(path: Path) -> None:
    """A stream of a file sounds as its buffer does, looping or not, and ends.

    Raises:
        AssertionError: It does not.
    """
    device = palace.LoopbackDevice()  # a new one: floats beyond all bounds leave infinities in the mixer
    with device, palace.Context(device, auto_update=False, workers=1) as context:
        buffer = palace.Buffer(path)
        frames = min(int(buffer.length * device.frequency / buffer.frequency) - 64, device.frequency)
        for looping in (False, True):
            heard = []
            for play in (buffer.play, palace.Decoder(path).play):
                with palace.Source() as source:
                    source.looping = looping
                    play(source=source)
                    heard.append(device.render(max(frames, 256))[64:frames])  # OpenAL fades in
                device.render(1024)  # what was cut off dies away
            alike = frames <= 64 or np.array_equal(*heard, equal_nan=True)
            assert alike, f"a stream differs, looping {looping}"
        source = palace.Decoder(path).play()
        while source.playing:
            device.render(device.frequency)
        context.update()


def batch(first: int, count: int, folder: Path) -> int:
    """Check inputs `first` to `first + count`; the exit code for it. The one under way is in `folder`/current."""
    whole = seeds(folder / "seeds")
    device = palace.LoopbackDevice()
    failed = 0
    with device, palace.Context(device, auto_update=False, workers=1, buffer_limit=LIMIT):
        for seed in range(first, first + count):
            current = folder / "current"
            current.write_bytes(make(whole, seed))
            try:
                outcome = check(current)
                if seed % 4 == 0:
                    assert check_in_zip(current) in outcome.split(), "an entry of an archive is another sound"
            except Exception:
                failed += 1
                traceback.print_exc()
                current.rename(folder / f"failed-{seed}")
    return 1 if failed else 0


def run(first: int, count: int, folder: Path) -> list[Path]:
    """One batch in a process of its own; the inputs that failed."""
    command = [sys.executable, "-m", "tests.fuzz", "--batch", str(first), str(count), "--keep", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        code, said = done.returncode, done.stderr
    except subprocess.TimeoutExpired as expired:
        code, said = None, expired.stderr or b""
    failed = sorted(folder.glob("failed-*"))
    if code not in (0, 1) or (code == 1 and not failed):
        kept = folder / f"failed-{'hang' if code is None else 'crash'}-{first}"
        current = folder / "current"
        kept.write_bytes(current.read_bytes() if current.exists() else b"")
        failed.append(kept)
    if failed:
        print(said.decode("utf-8", "replace")[-3000:])
    return failed


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(description="Load damaged files until the time is up.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first input's number")
    parser.add_argument("--keep", type=Path, help="folder for inputs that fail")
    parser.add_argument("--batch", type=int, nargs=2, metavar=("FIRST", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.batch:
        return batch(*given.batch, given.keep)

    keep = given.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    deadline, seed, failed = time.monotonic() + given.seconds, given.seed, 0
    while time.monotonic() < deadline:
        folder = keep / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for path in run(seed, BATCH, folder):
            failed += 1
            path.rename(keep / f"{seed}-{path.name}")
        for left in sorted(folder.rglob("*"), reverse=True):
            left.unlink() if left.is_file() else left.rmdir()
        folder.rmdir()
        seed += BATCH
    print(f"{seed - given.seed} inputs from {given.seed}: {failed} failed" + (f", kept in {keep}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
