"""Check of the sounds of a game. Loads each sound as the game would, and collects what is wrong with it."""

from __future__ import annotations

import logging
import os
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pyglet.resource

from .. import (
    Buffer,
    Context,
    Decoder,
    LoopbackDevice,
    MessageHandler,
    ResourceError,
    __version__,
    cache,
    free,
)
from ..formats import CHANNELS
from .levels import SILENCE, Levels, measure

if TYPE_CHECKING:
    from ..resources import Name

#: The containers that a suffix stands for.
_CONTAINERS = {
    ".wav": ("WAV", "WAVEX", "RF64"),
    ".ogg": ("OGG",),
    ".oga": ("OGG",),
    ".opus": ("OGG",),
    ".flac": ("FLAC",),
    ".mp3": ("MP3",),
    ".aif": ("AIFF",),
    ".aiff": ("AIFF",),
    ".aifc": ("AIFF",),
    ".au": ("AU",),
    ".caf": ("CAF",),
    ".w64": ("W64",),
}
#: Suffixes of the files in a folder or zip that are checked. Of the last ones the error says how to convert them.
_SUFFIXES = frozenset(
    {*_CONTAINERS, ".snd", ".voc", ".rf64", ".mp2", ".wave", ".m4a", ".aac", ".wma", ".ape", ".wv", ".spx"}
)
#: Seconds below which a sound counts as an effect: it starts at a moment, and often has a position.
EFFECT_SECONDS = 10.0
#: Milliseconds of silence at the start of an effect that delay it.
SILENT_HEAD = 20
USUAL_RATES = (44100, 48000)


@dataclass
class Finding:
    """Something about a sound that its author should know.

    Attributes:
        kind: A word for `Options.ignored`.
        text: What is wrong, and what would help.
        problem: False for a note: it may be intended.
    """

    kind: str
    text: str
    problem: bool = True


@dataclass
class Sound:
    """A checked sound. The attributes of one that failed to load are 0 or empty, except name and findings.

    Attributes:
        name: The path, below a given folder or zip.
        container: Kind of the file, see `Decoder.container`.
        codec: Encoding, see `Decoder.codec`.
        frequency: Sample rate in hertz.
        channels: Number of channels.
        length: Frames.
        seconds: Seconds.
        loop_points: Start and end in frames, the end exclusive; None without a loop in the file.
        size: Bytes in memory.
        peak: Highest level; 1 is full scale.
        findings: Problems and notes.
    """

    name: str
    container: str = ""
    codec: str = ""
    frequency: int = 0
    channels: int = 0
    length: int = 0
    seconds: float = 0.0
    loop_points: tuple[int, int] | None = None
    size: int = 0
    peak: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def format(self) -> str:
        """Container and encoding in a few letters."""
        if self.codec in ("", self.container) or self.container == "MP3":
            return self.container
        return f"{self.container} {self.codec}"


@dataclass
class Report:
    """All checked sounds, in the order of their names in the arguments."""

    sounds: list[Sound]

    def count(self, *, problems: bool) -> int:
        """Return the number of problems, or of notes."""
        return sum(finding.problem == problems for sound in self.sounds for finding in sound.findings)

    @property
    def rates(self) -> dict[int, int]:
        """Number of sounds by sample rate, the most frequent first."""
        return dict(Counter(sound.frequency for sound in self.sounds if sound.frequency).most_common())

    def as_json(self) -> dict[str, Any]:
        """Return an object for JSON."""
        sounds = [{**vars(sound), "findings": [vars(finding) for finding in sound.findings]} for sound in self.sounds]
        return {
            "pyglet_palace": __version__,
            "problems": self.count(problems=True),
            "notes": self.count(problems=False),
            "size": sum(sound.size for sound in self.sounds),
            "rates": self.rates,
            "sounds": sounds,
        }


@dataclass(frozen=True)
class Options:
    """What to look for.

    Attributes:
        placed: Patterns of the names of sounds that the game gives positions. Empty: not known.
        ignored: Kinds of findings to leave out.
    """

    placed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass
class Group:
    """Sounds that one loader finds.

    Attributes:
        loader: The loader of a zip; None for files.
        names: Names for `cache`, by their names in the report.
        broken: Zips that cannot be read, by their names in the report, with the reason.
    """

    loader: pyglet.resource.Loader | None
    names: dict[str, Name]
    broken: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Close the zip, which pyglet's loader leaves open."""
        if self.loader is not None:
            location: Any = self.loader.location(str(next(iter(self.names.values()))))
            location.zip.close()


def find_sounds(paths: Iterable[Path]) -> list[Group]:
    """Return the sounds in files, folders and zips. Of folders and zips, the files whose suffixes are those of sounds.

    Folders include their sub-folders and the zips in them, without those whose names begin with a dot.
    """
    files = Group(None, {})
    groups = [files]
    for path in paths:
        if path.is_dir():
            for found in _files_in(path):
                if found.suffix.lower() == ".zip":
                    groups.append(_zip_group(found))
                elif found.suffix.lower() in _SUFFIXES:
                    files.names[_printable(found)] = found
        elif zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
            groups.append(_zip_group(path))
        else:
            files.names[_printable(path)] = path
    return groups


def _files_in(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in sorted(names) if not name.startswith("."))


def _zip_group(path: Path) -> Group:
    label = _printable(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        return Group(None, {}, {label: f"the zip cannot be read: {error}"})
    names = {f"{label}/{name}": name for name in entries if PurePosixPath(name).suffix.lower() in _SUFFIXES}
    return Group(pyglet.resource.Loader([str(path.resolve())]), dict(names))


def _printable(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace").replace(os.sep, "/")


def check_sounds(groups: Sequence[Group], options: Options, advance: Callable[[], None]) -> Report:
    """Load and examine all sounds, on all cores. Blocks until it is done.

    Args:
        groups: The sounds.
        options: What to look for.
        advance: Called after each sound.

    Raises:
        OpenALNotFound: There is no OpenAL library; `Context` needs one.
        DeviceError: OpenAL has no loopback devices.
    """
    sounds: list[Sound] = []
    with LoopbackDevice() as device:
        for group in groups:
            for label, problem in group.broken.items():
                sounds.append(Sound(label, findings=[Finding("error", problem)]))
            if group.names:
                workers = min(os.cpu_count() or 1, 64)
                with Context(device, auto_update=False, loader=group.loader, workers=workers) as context:
                    sounds += _check_group(group, context, options, advance)
                group.close()
    for sound in sounds:
        sound.findings = [finding for finding in sound.findings if finding.kind not in options.ignored]
    return Report(sounds)


class _Measuring(MessageHandler):
    """Measures the samples of each sound, on the thread that decodes it."""

    def __init__(self) -> None:
        self.levels: dict[str, Levels] = {}

    def buffer_loading(
        self, name: str, channel_config: str, sample_type: str, sample_rate: int, data: memoryview
    ) -> None:
        self.levels[name] = measure(data, channel_config, sample_type)


def _check_group(group: Group, context: Context, options: Options, advance: Callable[[], None]) -> list[Sound]:
    names = {str(name) if group.loader else os.path.abspath(name): name for name in group.names.values()}
    sounds = {key: Sound(label) for key, label in zip(names, group.names, strict=True)}
    handler = context.message_handler = _Measuring()
    waiting = set(sounds)

    def on_cached(key: str) -> None:
        buffer = Buffer(key, context)
        _examine(sounds[key], buffer, Decoder(names[key], context), handler.levels.pop(key), options)
        free([key], context)
        waiting.discard(key)
        advance()

    def on_cache_failed(key: str, error: ResourceError) -> None:
        sounds[key].findings.append(Finding("error", error.problem))
        waiting.discard(key)
        advance()

    context.push_handlers(on_cached, on_cache_failed)
    with _decoder_warnings() as warnings:
        cache(names.values(), context)
        while waiting:
            context.update()
            time.sleep(0.002)
    for key, sound in sounds.items():
        sound.findings += [Finding("damaged", text) for text in warnings.get(key, ())]
    return list(sounds.values())


@contextmanager
def _decoder_warnings() -> Iterator[dict[str, dict[str, None]]]:
    """Collect what the decoder logs about sounds, in a ``with`` block: a set of texts, in order, by name."""
    texts: dict[str, dict[str, None]] = {}

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if record.msg.startswith("%r: ") and isinstance(record.args, tuple):
                name = str(record.args[0])
                texts.setdefault(name, {})[text.removeprefix(f"{name!r}: ")] = None

    logger, collector = logging.getLogger("pyglet_palace"), Collector()
    logger.addHandler(collector)
    try:
        yield texts
    finally:
        logger.removeHandler(collector)


def _examine(sound: Sound, buffer: Buffer, decoder: Decoder, levels: Levels, options: Options) -> None:
    """Fill in the properties and findings of a loaded sound."""
    sound.container, sound.codec = decoder.container, decoder.codec
    sound.frequency = buffer.frequency
    sound.channels = CHANNELS[buffer.channel_config]
    sound.length, sound.seconds = buffer.length, buffer.length_seconds
    sound.loop_points = buffer.loop_points if buffer.loop_points != (0, buffer.length) else None
    sound.size = buffer.size
    sound.peak = levels.peak
    sound.findings += _findings(sound, levels, options)


def _findings(sound: Sound, levels: Levels, options: Options) -> Iterator[Finding]:
    effect = sound.seconds < EFFECT_SECONDS
    suffix = PurePosixPath(sound.name).suffix.lower()
    if sound.container and sound.container not in _CONTAINERS.get(suffix, (sound.container,)):
        yield Finding("misnamed", f"its contents are {sound.format}, not what {suffix} stands for; rename it")
    if levels.peak < SILENCE:
        yield Finding("silent", "no sample is above -60 dB")
    elif effect and (head := levels.silent_frames * 1000 / sound.frequency) >= SILENT_HEAD:
        yield Finding("silent-head", f"it begins with {head:.0f} ms of silence, which delay it; cut them off")
    if levels.clipped:
        at = levels.first_clipped / sound.frequency
        places = "1 place" if levels.clipped == 1 else f"{levels.clipped} places"
        yield Finding("clipping", f"it clips at {places}, first at {at:.2f} s; export it at a lower level")
    if sound.channels > 1:
        if any(fnmatch(sound.name, one) or fnmatch(PurePosixPath(sound.name).name, one) for one in options.placed):
            text = f"{sound.channels} channels: a position has no effect; export it as mono, or set source.spatialize"
            yield Finding("stereo", text)
        elif effect and not options.placed:
            text = f"{sound.channels} channels: if it gets a position, export it as mono"
            yield Finding("stereo", text, problem=False)
    if sound.frequency not in USUAL_RATES:
        text = f"{sound.frequency} Hz is unusual; OpenAL converts it while it plays"
        yield Finding("rate", text, problem=False)
