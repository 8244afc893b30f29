"""Identification of files that the built-in decoder cannot read, by their first bytes.

An error then says what the file is and what to do. The signatures are those of the specifications of the formats.
"""

from __future__ import annotations

import shlex
from typing import NamedTuple

from ..errors import DecodeError, ResourceError, UnsupportedFormat

#: Bytes that `identify` needs. A MOD file has its signature at 1080.
HEAD_BYTES = 1084

_CONVERT = "convert it: {ffmpeg}"
_RENDER = "render it to Ogg with a tracker or with openmpt123"
_SYNTHESIZE = "render it to Ogg with a synthesizer such as FluidSynth"
_AGAIN = "download or copy the file again"
_READ = "WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3 and more are read"


class Kind(NamedTuple):
    """A kind of file that is not read.

    Attributes:
        label: The kind, with its article.
        cure: Advice, in the imperative. ``{ffmpeg}`` stands for a command that converts the file.
        audio: Whether it is audio.
    """

    label: str
    cure: str = _CONVERT
    audio: bool = True


_WEB_PAGE = Kind("a web page, not a sound", _AGAIN, audio=False)
_ARCHIVE = Kind("an archive, not a sound", "unpack it", audio=False)
_IMAGE = Kind("an image, not a sound", "check the name", audio=False)
#: A weak identification: MP3 may follow text.
TEXT = Kind("a text file, not a sound", _AGAIN, audio=False)
_TRACKER = "a tracker module ({})"

#: Kinds by the bytes at an offset.
_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (4, b"ftyp", Kind("an MP4 file (AAC or ALAC)")),
    (0, b"\xff\xf1", Kind("AAC")),
    (0, b"\xff\xf9", Kind("AAC")),
    (0, b"ADIF", Kind("AAC")),
    (0, bytes.fromhex("3026b2758e66cf11"), Kind("a Windows Media file (WMA)")),
    (0, b"\x1a\x45\xdf\xa3", Kind("a Matroska or WebM file")),
    (0, b"MThd", Kind("a MIDI file (notes without samples)", _SYNTHESIZE)),
    (8, b"RMID", Kind("a MIDI file (notes without samples)", _SYNTHESIZE)),
    (0, b"Extended Module:", Kind(_TRACKER.format("XM"), _RENDER)),
    (0, b"IMPM", Kind(_TRACKER.format("IT"), _RENDER)),
    (44, b"SCRM", Kind(_TRACKER.format("S3M"), _RENDER)),
    (0, b"OKTASONG", Kind(_TRACKER.format("Oktalyzer"), _RENDER)),
    (0, b"MTM", Kind(_TRACKER.format("MTM"), _RENDER)),
    *((0, b"MMD%d" % version, Kind(_TRACKER.format("MED"), _RENDER)) for version in range(4)),
    *(
        (1080, tag, Kind(_TRACKER.format("MOD"), _RENDER))
        for tag in (b"M.K.", b"M!K!", b"FLT4", b"FLT8", b"4CHN", b"6CHN", b"8CHN", b"CD81", b"OCTA")
    ),
    (0, b"wvpk", Kind("WavPack")),
    (0, b"MAC ", Kind("Monkey's Audio")),
    (0, b"MP+", Kind("Musepack")),
    (0, b"MPCK", Kind("Musepack")),
    (0, b"TTA1", Kind("True Audio (TTA)")),
    (0, b"tBaK", Kind("TAK", "convert it to FLAC with its own encoder")),
    (0, b"OFR ", Kind("OptimFROG", "convert it to FLAC with its own encoder")),
    (0, b"#!AMR", Kind("AMR")),
    (0, b"\x0b\x77", Kind("AC-3")),
    (0, b"\x7f\xfe\x80\x01", Kind("DTS")),
    (0, b"DSD ", Kind("DSD")),
    (0, b"FRM8", Kind("DSD")),
    (0, b".RMF", Kind("a RealMedia file")),
    (0, b".ra\xfd", Kind("RealAudio")),
    (0, b"qoaf", Kind("QOA")),
    (0, b"FLV\x01", Kind("a Flash video")),
    (8, b"AVI ", Kind("an AVI video")),
    (8, b"sfbk", Kind("a SoundFont (instruments for MIDI)", _SYNTHESIZE, audio=False)),
    (0, b"version https://git-lfs", Kind("a Git LFS pointer, not the sound itself", "run `git lfs pull`", audio=False)),
    (0, b"PK\x03\x04", Kind("a zip file, not a sound", "put it into pyglet.resource.path, or unpack it", audio=False)),
    (0, b"\x1f\x8b", _ARCHIVE),
    (0, b"BZh", _ARCHIVE),
    (0, b"\xfd7zXZ", _ARCHIVE),
    (0, b"7z\xbc\xaf", _ARCHIVE),
    (0, b"Rar!", _ARCHIVE),
    (0, b"\x89PNG", _IMAGE),
    (0, b"\xff\xd8\xff", _IMAGE),
    (0, b"GIF8", _IMAGE),
    (8, b"WEBP", _IMAGE),
    (0, b"%PDF", Kind("a PDF document, not a sound", "check the name", audio=False)),
    (0, b"\x7fELF", Kind("a program, not a sound", "check the name", audio=False)),
)

#: Kinds that are read, for files that are damaged.
_READABLE = (
    (b"RIFF", "a RIFF file (WAV)"),
    (b"RIFX", "a RIFF file (WAV)"),
    (b"RF64", "a RIFF file (WAV)"),
    (b"FORM", "an AIFF file"),
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    *((bytes([0xFF, second]), "an MP3 file") for second in (0xE2, 0xE3, 0xF2, 0xF3, 0xFA, 0xFB)),
    (b".snd", "an AU file"),
    (b"caff", "a CAF file"),
)

#: Kinds by the first packet of an Ogg stream.
_OGG_PACKETS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x7fFLAC", Kind("FLAC in Ogg")),
    (b"FLAC", Kind("FLAC in Ogg")),
    (b"Speex", Kind("Speex")),
    (b"PCM  ", Kind("PCM in Ogg")),
    (b"CELT", Kind("CELT")),
    (b"\x80theora", Kind("an Ogg video without sound", "check the name", audio=False)),
    (b"\x80kate", Kind("Ogg subtitles without sound", "check the name", audio=False)),
)


def identify(head: bytes) -> Kind | None:
    """Return the kind of a file that begins with `head`, the first `HEAD_BYTES` bytes; None if it is not known."""
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<svg")):
        return _WEB_PAGE
    if head and not head.translate(None, bytes(range(32, 127)) + b"\t\r\n\f"):
        return TEXT
    return None


def identify_ogg(packets: list[bytes]) -> Kind | None:
    """Return the kind of an Ogg file whose streams begin with `packets`; None if it is not known."""
    for signature, kind in _OGG_PACKETS:
        if any(packet.startswith(signature) for packet in packets):
            return kind
    return None


def error_for(name: str, kind: Kind) -> ResourceError:
    """Return the error for a file called `name` of a kind that is not read."""
    error = UnsupportedFormat if kind.audio else DecodeError
    problem = f"it is {kind.label}"
    if kind.audio:
        problem += ", which is not read"
    return error(name, "decode", f"{problem}; {kind.cure.format(ffmpeg=_command(name))}")


def begins_like(head: bytes) -> str:
    """Return which kind that is read a file begins like, with its article; '' for none."""
    return next((label for signature, label in _READABLE if head.startswith(signature)), "")


def unknown(name: str, head: bytes) -> DecodeError:
    """Return the error for a file of an unknown kind, or of a known one that is damaged."""
    label = begins_like(head)
    if label:
        return DecodeError(name, "decode", f"it begins like {label}, but it is damaged; {_AGAIN}")
    return DecodeError(name, "decode", f"it is not audio, or damaged: its format is not recognised ({_READ})")


def unsupported_encoding(name: str, head: bytes) -> str:
    """Return the text of an error for a file of a known kind with an encoding that libsndfile does not decode."""
    what = "its encoding is not supported"
    if head.startswith(b"fLaC") and len(head) >= 22:  # RFC 9639, section 8.2
        bits = ((head[20] & 1) << 4 | head[21] >> 4) + 1
        what = f"it is FLAC with {bits} bits a sample; 8, 16 and 24 bits are read"
    return f"{what}; {_CONVERT.format(ffmpeg=_command(name))}"


def _command(name: str) -> str:
    """Return a command that converts the file `name` to Ogg, or to FLAC if it is called so already."""
    file = name.replace("\\", "/").rpartition("/")[2][-100:] or "x"
    stem, _, suffix = file.rpartition(".")
    target = f"{stem or file}.{'flac' if suffix == 'ogg' else 'ogg'}"
    return f"ffmpeg -i {shlex.quote(file)} {shlex.quote(target)}"
