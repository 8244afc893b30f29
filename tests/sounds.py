"""Sounds for tests, made when they are needed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mutagen
import numpy as np
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

RATE = 44100


def ramp(frames: int, channels: int = 1) -> npt.NDArray[np.int16]:
    """16-bit samples that are all different from their neighbours, and in each channel other ones."""
    start = np.arange(frames)[:, None] * 37 + np.arange(channels)[None, :] * 5003
    return (start % 60000 - 30000).astype(np.int16)


def tone(seconds: float, frequency: float = 440.0, gain: float = 0.5, channels: int = 1, rate: int = RATE) -> Any:
    """A sine as float32 of shape (frames, channels)."""
    time = np.arange(round(seconds * rate)) / rate
    return np.repeat((gain * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, None], channels, axis=1)


def write(path: Path, data: Any, rate: int = RATE, subtype: str | None = None, format: str | None = None) -> Path:
    """Write a file with soundfile, in blocks: Vorbis overflows the stack on large ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = 1 if data.ndim == 1 else data.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, subtype=subtype, format=format) as file:
        for start in range(0, len(data), 4096):
            file.write(data[start : start + 4096])
    return path


def wav(path: Path, frames: int = 4410, channels: int = 1, rate: int = RATE) -> Path:
    """A 16-bit WAV file of `ramp`."""
    return write(path, ramp(frames, channels), rate, "PCM_16", "WAV")


def add_chunk(path: Path, chunk: bytes) -> None:
    """Append a chunk to a RIFF file."""
    data = path.read_bytes() + chunk
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])


@dataclass(frozen=True)
class Kind:
    """A kind of file: how soundfile writes it, and the format that the package must decode it to."""

    suffix: str
    format: str
    subtype: str
    sample_type: str

    def write(self, path: Path, data: Any, rate: int = 48000) -> Path:
        """Write `data` to `path`, with the right suffix."""
        return write(path.with_suffix(self.suffix), data, rate, self.subtype, self.format)


#: One kind for each way in which a file is decoded, by name.
KINDS = {
    "wav-8": Kind(".wav", "WAV", "PCM_U8", "Unsigned 8-bit"),
    "wav-16": Kind(".wav", "WAV", "PCM_16", "Signed 16-bit"),
    "wav-24": Kind(".wav", "WAV", "PCM_24", "32-bit float"),
    "wav-32": Kind(".wav", "WAV", "PCM_32", "32-bit float"),
    "wav-float": Kind(".wav", "WAV", "FLOAT", "32-bit float"),
    "wav-double": Kind(".wav", "WAV", "DOUBLE", "32-bit float"),
    "wav-mulaw": Kind(".wav", "WAV", "ULAW", "Signed 16-bit"),
    "wav-alaw": Kind(".wav", "WAV", "ALAW", "Signed 16-bit"),
    "wav-adpcm": Kind(".wav", "WAV", "IMA_ADPCM", "Signed 16-bit"),
    "aiff-8": Kind(".aiff", "AIFF", "PCM_S8", "Signed 16-bit"),
    "aiff-16": Kind(".aiff", "AIFF", "PCM_16", "Signed 16-bit"),
    "aiff-24": Kind(".aiff", "AIFF", "PCM_24", "32-bit float"),
    "flac-16": Kind(".flac", "FLAC", "PCM_16", "Signed 16-bit"),
    "flac-24": Kind(".flac", "FLAC", "PCM_24", "32-bit float"),
    "vorbis": Kind(".ogg", "OGG", "VORBIS", "Signed 16-bit"),
    "opus": Kind(".opus", "OGG", "OPUS", "Signed 16-bit"),
    "mp3": Kind(".mp3", "MP3", "MPEG_LAYER_III", "Signed 16-bit"),
}


def noise(frames: int, channels: int = 2, gain: float = 0.5, seed: int = 1) -> Any:
    """Random float64 samples of shape (frames, channels)."""
    return np.random.default_rng(seed).uniform(-gain, gain, (frames, channels))


#: What the channels of a layout mean, in OpenAL's order (AL_EXT_MCFORMATS); WAVE's and FLAC's are the same.
MEANINGS = {
    1: ("FC",),
    2: ("FL", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
#: The same in Vorbis I, section 4.3.9, and RFC 7845, section 5.1.1.2.
VORBIS_MEANINGS = {
    **MEANINGS,
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}
#: The tone that stands for each meaning, in hertz. Encoders cut low-frequency channels off above some 100 Hz.
TONES = {"FL": 300, "FR": 500, "FC": 700, "LFE": 60, "BL": 900, "BR": 1100, "SL": 1300, "SR": 1500, "BC": 1700}


def by_meaning(meanings: tuple[str, ...], frames: int, rate: int = 48000) -> Any:
    """A sound whose every channel has the tone of its meaning."""
    time = np.arange(frames) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * TONES[meaning] * time) for meaning in meanings], axis=1)


def heard_meanings(samples: Any, rate: int = 48000) -> tuple[str, ...]:
    """The meaning of each channel, by the loudest tone in it."""
    spectrum = np.abs(np.fft.rfft(np.asarray(samples, float), axis=0))
    spectrum[0] = 0
    loudest = np.argmax(spectrum, axis=0) * rate / len(samples)
    return tuple(min(TONES, key=lambda meaning: abs(TONES[meaning] - tone)) for tone in loudest)


def riff(*chunks: bytes, magic: bytes = b"RIFF") -> bytes:
    """A WAVE file of whole chunks."""
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I" if magic != b"RIFX" else ">I", len(body)) + body


def chunk(name: bytes, body: bytes, endian: str = "<") -> bytes:
    """A RIFF chunk, padded to an even size."""
    return name + struct.pack(f"{endian}I", len(body)) + body + b"\0" * (len(body) % 2)


def format_chunk(tag: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16, endian: str = "<") -> bytes:
    """A `fmt ` chunk."""
    frame = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack(f"{endian}HHIIHH", tag, channels, rate, rate * frame % 2**32, frame, bits), endian
    )


def smpl_chunk(*loops: tuple[int, int, int], endian: str = "<", claimed: int | None = None) -> bytes:
    """A RIFF `smpl` chunk of loops (kind, start, inclusive end)."""
    count = len(loops) if claimed is None else claimed
    body = struct.pack(f"{endian}9I", 0, 0, 22675, 60, 0, 0, 0, count, 0)
    for kind, start, end in loops:
        body += struct.pack(f"{endian}6I", 0, kind, start, end, 0, 0)
    return chunk(b"smpl", body, endian)


def comment(path: Path, **comments: str) -> Path:
    """Write Vorbis comments into an Ogg Vorbis, Opus or FLAC file."""
    file: Any = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, value in comments.items():
        file.tags[name] = [value]
    file.save()
    return path


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    """The cyclic redundancy checks of FLAC (RFC 9639, section 9)."""
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
    return value


def _flac_number(number: int) -> bytes:
    """A frame number, coded as UTF-8 codes characters (up to 16 bits)."""
    if number < 0x80:
        return bytes([number])
    if number < 0x800:
        return bytes([0xC0 | number >> 6, 0x80 | number & 0x3F])
    return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])


def silent_flac(blocks: int, *, channels: int = 2, bits: int = 16, claimed: int | None = None) -> bytes:
    """A valid FLAC file of `blocks` times 65535 frames of silence, in some 20 bytes a block.

    Args:
        blocks: How many.
        channels: 1 to 8.
        bits: 8, 12, 16, 20 or 24.
        claimed: Frames that its STREAMINFO claims; 0 is "unknown"; None: the truth.
    """
    frames = blocks * 65535 if claimed is None else claimed
    packed = RATE << 44 | (channels - 1) << 41 | (bits - 1) << 36 | frames
    info = struct.pack(">HH", 65535, 65535) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    out = [b"fLaC", b"\x80\x00\x00\x22", info]
    size_code = {8: 1, 12: 2, 16: 4, 20: 5, 24: 6}[bits]
    silence = bytes(-(-channels * (8 + bits) // 8))  # a constant subframe is a zero byte and a value
    for number in range(blocks):
        head = bytes([0xFF, 0xF8, 0x79, (channels - 1) << 4 | size_code << 1]) + _flac_number(number) + b"\xff\xfe"
        frame = head + bytes([_crc(head, 0x07, 8)]) + silence
        out.append(frame + struct.pack(">H", _crc(frame, 0x8005, 16)))
    return b"".join(out)


def through_soundfile(path: Path) -> Any:
    """All samples of a file as libsndfile's floats, of shape (frames, channels)."""
    return soundfile.read(path, dtype="float32", always_2d=True)[0]
