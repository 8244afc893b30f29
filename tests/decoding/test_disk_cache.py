"""The disk cache without a context: keys, entries, damage, eviction, other processes, and disks that refuse."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet.resource
import pytest

from pyglet_palace import resources
from pyglet_palace._decoding import disk_cache, load
from pyglet_palace._decoding.disk_cache import ALWAYS_MAPPED, LEAST_MAPPED, DiskCache
from pyglet_palace._decoding.pcm import Samples
from pyglet_palace._resources.archives import LocatedResource
from pyglet_palace.formats import CONFIG_OF_CHANNELS, sample_types
from tests import sounds
from tests.sounds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

SUPPORTED = frozenset((config, kind) for config in CONFIG_OF_CHANNELS.values() for kind in sample_types)
LIMIT = 2**26
KEY, OTHER = "0" * 32, "f" * 32
COMPRESSED = {"wav-adpcm", "flac-16", "flac-24", "vorbis", "opus", "mp3"}


class Progress:
    """The callbacks of a load that is wanted for the first `wanted` questions."""

    def __init__(self, wanted: int = 10**9, on_opened: Callable[[], object] = lambda: None) -> None:
        self.left = wanted
        self.share = 0.0
        self._on_opened = on_opened

    def opened(self, size: int) -> None:
        self._on_opened()

    def allocated(self, size: int) -> None: ...

    def described(self, codec: str, samples: int) -> None: ...

    def decoded(self, share: float) -> None:
        self.share = share

    def is_wanted(self) -> bool:
        self.left -= 1
        return self.left >= 0


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(str(tmp_path / "cache"), 10**9)


def load_through(cache: Any, path: os.PathLike[str] | str, progress: Progress | None = None, **options: Any) -> Samples:
    """Load a file as a worker does."""
    settings = load.Settings(LIMIT, options.pop("supported", SUPPORTED), disk_cache=cache, **options)
    return load.load(resources.locate(path), settings, progress or Progress())


def entries(cache: DiskCache) -> list[str]:
    """The names of all files in the folder of `cache`."""
    return sorted(os.listdir(cache.folder)) if os.path.isdir(cache.folder) else []


def only_entry(cache: DiskCache) -> Path:
    (name,) = entries(cache)
    return Path(cache.folder, name)


def samples_of(frames: int, channels: int = 2, loop: tuple[int, int] | None = None) -> Samples:
    return Samples(sounds.ramp(frames, channels), 44100, CONFIG_OF_CHANNELS[channels], "Signed 16-bit", loop)


def assert_equal(first: Samples | None, second: Samples | None) -> None:
    """Both are the same sound, bit for bit."""
    assert first is not None
    assert second is not None
    assert first.data.dtype == second.data.dtype
    assert np.array_equal(first.data, second.data)
    assert first.data.flags.c_contiguous
    assert (first.frequency, first.channel_config, first.sample_type, first.loop_points) == (
        second.frequency,
        second.channel_config,
        second.sample_type,
        second.loop_points,
    )


# Hits


@pytest.mark.parametrize(
    ("kind", "channels"),
    [(kind, count) for kind in KINDS for count in (1, 2, 6) if count <= 2 or kind not in ("mp3", "wav-adpcm")],
)
def test_hit_equals_decode_bit_for_bit(tmp_path: Path, cache: DiskCache, kind: str, channels: int) -> None:
    path = KINDS[kind].write(tmp_path / "a", sounds.noise(5000, channels))
    decoded, again = load_through(None, path), Progress()

    first, second = load_through(cache, path), load_through(cache, path, again)

    assert (first.from_disk, second.from_disk) == (False, kind in COMPRESSED)
    assert again.share == 1
    assert_equal(decoded, first)
    assert_equal(decoded, second)


def test_pcm_files_are_not_written(tmp_path: Path, cache: DiskCache) -> None:
    for kind in KINDS.keys() - COMPRESSED:
        load_through(cache, KINDS[kind].write(tmp_path / kind, sounds.noise(5000)))

    assert entries(cache) == []


@pytest.mark.parametrize("size", [4, LEAST_MAPPED - 4, LEAST_MAPPED, ALWAYS_MAPPED - 4, ALWAYS_MAPPED, 9_000_004])
@pytest.mark.parametrize("map_from", [LEAST_MAPPED, ALWAYS_MAPPED])
def test_read_and_mapped_entries_are_equal(cache: DiskCache, size: int, map_from: int) -> None:
    samples = samples_of(size // 4)
    assert cache.put(KEY, samples)

    found = cache.get(KEY, size, map_from=map_from)

    assert_equal(found, samples)
    assert found is not None
    assert isinstance(found.data.base, disk_cache.mmap.mmap) == (size >= map_from)


def test_loop_points_are_kept(tmp_path: Path, cache: DiskCache) -> None:
    path = KINDS["vorbis"].write(tmp_path / "a", sounds.noise(5000))
    sounds.comment(path, LOOPSTART="1000", LOOPEND="4000")

    assert load_through(cache, path).loop_points == (1000, 4000)
    again = load_through(cache, path)

    assert (again.from_disk, again.loop_points) == (True, (1000, 4000))


@pytest.mark.parametrize("size", [1000, ALWAYS_MAPPED])
def test_edits_do_not_change_the_entry(cache: DiskCache, size: int) -> None:
    cache.put(KEY, samples_of(size // 4))
    edited = cache.get(KEY, size, writable=True)
    assert edited is not None
    edited.data[:] = 0

    assert_equal(cache.get(KEY, size), samples_of(size // 4))


def test_larger_entry_than_the_limit_fails_as_decoded(tmp_path: Path, cache: DiskCache) -> None:
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))
    load_through(cache, path)
    settings = load.Settings(4 * 4999, SUPPORTED, disk_cache=cache)

    with pytest.raises(load.BufferTooLarge):
        load.load(resources.locate(path), settings, Progress())


# Keys


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def _append(path: Path) -> None:
    status = path.stat()
    with path.open("ab") as file:
        file.write(b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(path: Path) -> None:
    """Another file of the same size and time."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [_touch, _append, _replace])
def test_changed_file_is_decoded_again(tmp_path: Path, cache: DiskCache, change: Callable[[Path], None]) -> None:
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))
    load_through(cache, path)
    change(path)

    assert not load_through(cache, path).from_disk
    assert load_through(cache, path).from_disk


def test_another_decoder_decodes_again(tmp_path: Path, cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = KINDS["flac-24"].write(tmp_path / "a", sounds.noise(5000))
    load_through(cache, path)
    without_float = frozenset((config, kind) for config, kind in SUPPORTED if kind != "32-bit float")

    assert load_through(cache, path, supported=without_float).sample_type == "Signed 16-bit"
    for module, name in ((disk_cache, "DECODING_VERSION"), (disk_cache.soundfile, "__libsndfile_version__")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, "another")
            assert not load_through(cache, path).from_disk
    again = load_through(cache, path)
    assert (again.from_disk, again.sample_type) == (True, "32-bit float")


def test_zip_entry_has_an_entry(tmp_path: Path, cache: DiskCache) -> None:
    """Also if pyglet still reads the file that an archive had before it was replaced."""
    archive = tmp_path / "a.zip"
    settings = load.Settings(LIMIT, SUPPORTED, disk_cache=cache)

    def located(seed: int) -> Any:
        """The sound in a new archive, whose size does not depend on `seed`."""
        sound = KINDS["wav-adpcm"].write(tmp_path / str(seed), sounds.noise(5000, seed=seed))
        with zipfile.ZipFile(tmp_path / "new.zip", "w") as file:
            file.write(sound, "in/sound.wav")
        (tmp_path / "new.zip").replace(archive)
        return resources.locate("in/sound.wav", pyglet.resource.Loader([str(archive)]))

    both = located(1), located(2)
    loaded = [load.load(resource, settings, Progress()) for resource in both * 2]
    for resource in both:
        resource.location.zip.close()

    assert [samples.from_disk for samples in loaded] == [False, False, True, True]
    for number, samples in enumerate(loaded):
        assert_equal(samples, load_through(None, tmp_path / f"{number % 2 + 1}.wav"))


def test_zip_file_in_memory_has_no_identity() -> None:
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("a.flac", b"")
        resource = LocatedResource("a.flac", pyglet.resource.ZIPLocation(archive, None), "a.flac")

        assert resource.identity() == ""


def test_game_in_one_file_keeps_its_entries(tmp_path: Path, cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyInstaller unpacks it to another folder at each start."""
    program = tmp_path / "game"
    program.write_bytes(b"1")
    monkeypatch.setattr(sys, "executable", str(program))
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))

    def start(folder: str) -> Samples:
        monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / folder), raising=False)
        (tmp_path / folder).mkdir()
        return load_through(cache, shutil.copy(path, tmp_path / folder))

    assert [start("_MEI1").from_disk, start("_MEI2").from_disk] == [False, True]
    program.write_bytes(b"2")
    assert not start("_MEI3").from_disk


def test_suffix_that_names_the_codec_is_in_the_key(tmp_path: Path, cache: DiskCache) -> None:
    """libsndfile knows some files by their suffix only."""
    data = tmp_path / "a.gsm"
    data.write_bytes(bytes(33 * 50))
    load_through(cache, data)
    resource = resources.locate(data, key="a.vox")

    other = load.load(resource, load.Settings(LIMIT, SUPPORTED, disk_cache=cache), Progress())

    assert not other.from_disk


# Entries that must not be used


def _cut(path: Path, size: int) -> None:
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)


def _flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        value = file.read(1)[0]
        file.seek(place)
        file.write(bytes([value ^ 0x55]))


def _zero_sector(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(512))


def _claim_more(path: Path) -> None:
    """A header whose own checksum is right."""
    data = path.read_bytes()
    fields = list(disk_cache._FIELDS.unpack_from(data))
    fields[5] *= 1000
    header = disk_cache._FIELDS.pack(*fields)
    path.write_bytes(header + disk_cache._CHECKSUM.pack(disk_cache.zlib.crc32(header)) + data[len(header) + 4 :])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: _cut(path, 0),
    "part of a header": lambda path: _cut(path, 100),
    "only a header": lambda path: _cut(path, disk_cache._HEADER_BYTES),
    "one byte less": lambda path: _cut(path, -1),
    "one byte more": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "half": lambda path: _cut(path, path.stat().st_size // 2),
    "text": lambda path: path.write_text("not an entry\n" * 1000),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "zeroed sector": _zero_sector,
    "length of more": _claim_more,
    "folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("map_from", [LEAST_MAPPED, ALWAYS_MAPPED])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entry_is_ignored_and_replaced(cache: DiskCache, damage: str, map_from: int) -> None:
    samples = samples_of(30_000)
    cache.put(KEY, samples)
    DAMAGES[damage](only_entry(cache))

    assert cache.get(KEY, LIMIT, map_from=map_from) is None
    if damage != "folder":  # which is not replaced by a file
        assert cache.put(KEY, samples)
        assert_equal(cache.get(KEY, LIMIT, map_from=map_from), samples)


def test_each_byte_of_a_header_counts(cache: DiskCache) -> None:
    cache.put(KEY, samples_of(100, loop=(10, 90)))
    path = only_entry(cache)

    for place in range(disk_cache._FIELDS.size + disk_cache._CHECKSUM.size):
        _flip(path, place)
        assert cache.get(KEY, LIMIT) is None, place
        _flip(path, place)
    assert cache.get(KEY, LIMIT) is not None


def test_entry_of_another_sound_is_ignored(cache: DiskCache) -> None:
    cache.put(KEY, samples_of(100))
    path = only_entry(cache)
    path.rename(path.with_name(path.name.replace(KEY, OTHER)))

    assert cache.get(OTHER, LIMIT) is None


def test_damaged_entry_decodes_and_is_rewritten(tmp_path: Path, cache: DiskCache) -> None:
    path = KINDS["vorbis"].write(tmp_path / "a", sounds.noise(5000))
    decoded = load_through(cache, path)
    _cut(only_entry(cache), -1)

    assert_equal(load_through(cache, path), decoded)
    assert load_through(cache, path).from_disk


# Sounds that are not written


def test_file_that_warns_warns_again(tmp_path: Path, cache: DiskCache, logged_warnings: Any) -> None:
    cut = KINDS["flac-16"].write(tmp_path / "cut", sounds.noise(50_000))
    _cut(cut, cut.stat().st_size // 2)
    chained = KINDS["vorbis"].write(tmp_path / "chained", sounds.noise(5000))
    chained.write_bytes(chained.read_bytes() + KINDS["vorbis"].write(tmp_path / "b", sounds.noise(50)).read_bytes())

    for path in (cut, chained, cut, chained):
        load_through(cache, path)

    assert entries(cache) == []
    assert len(logged_warnings()) == 4


@pytest.mark.parametrize("wanted", range(3))  # the third is the last question before the write
def test_withdrawn_load_is_not_written(tmp_path: Path, cache: DiskCache, wanted: int) -> None:
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))

    load_through(cache, path, Progress(wanted))

    assert entries(cache) == []


def test_file_changed_while_decoded_is_not_written(tmp_path: Path, cache: DiskCache) -> None:
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))

    load_through(cache, path, Progress(on_opened=lambda: _touch(path)))

    assert entries(cache) == []


def test_withdrawn_write_leaves_no_file(cache: DiskCache) -> None:
    for wanted in range(5):
        progress = Progress(wanted)
        assert not cache.put(KEY, samples_of(2_000_000), progress.is_wanted)
        assert entries(cache) == []


def test_withdrawn_read_returns_nothing(cache: DiskCache) -> None:
    cache.put(KEY, samples_of(2_000_000))

    for wanted in range(4):
        assert cache.get(KEY, LIMIT, goes_on=Progress(wanted).is_wanted) is None


# The limit


def _age(cache: DiskCache, key: str, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(cache._path(key), (moment, moment))


def size_of_folder(cache: DiskCache) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(cache.folder))


def keys(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def test_least_recently_used_entries_are_evicted(tmp_path: Path) -> None:
    cache = DiskCache(str(tmp_path / "cache"), 20 * 1128)
    days = {key: number * 7 % 20 for number, key in enumerate(keys(20), 1)}
    for key, age in days.items():
        assert cache.put(key, samples_of(250))
        _age(cache, key, age * 86_400)
    oldest = max(days, key=lambda key: days[key])
    assert cache.get(oldest, LIMIT) is not None
    days[oldest] = 0

    assert cache.put(OTHER, samples_of(250))

    kept = {name[:32] for name in entries(cache)} & set(days)
    evicted = set(days) - kept
    assert oldest in kept
    assert len(evicted) == 4  # for the new one, and an eighth of the limit
    assert min(days[key] for key in evicted) > max(days[key] for key in kept)


@pytest.mark.parametrize("limit", [0, 1127, 1128, 5000, 50_000])
def test_limit_is_never_exceeded(tmp_path: Path, limit: int) -> None:
    (tmp_path / "cache").mkdir()
    cache = DiskCache(str(tmp_path / "cache"), limit)

    for key in keys(60):
        assert cache.put(key, samples_of(250)) == (limit >= 1128)
        assert size_of_folder(cache) <= limit


def test_limit_holds_for_all_processes(tmp_path: Path) -> None:
    """Each writes a sixteenth of the limit at most before it sees what the others have written."""
    caches = [DiskCache(str(tmp_path / "cache"), 32 * 1128) for _ in range(3)]

    for number, key in enumerate(keys(200)):
        assert caches[number % 3].put(key, samples_of(250))
        assert size_of_folder(caches[0]) <= (32 + 2 * 2) * 1128


def test_foreign_files_are_never_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    names = ["a.wav", "notes.palace", "f" * 32, "x" * 32 + ".palace"]
    for name in names:
        (folder / name).write_bytes(bytes(2000))
    cache = DiskCache(str(folder), 2000)

    for key in keys(3):
        assert cache.put(key, samples_of(250))

    assert set(names) < set(entries(cache))
    assert len(entries(cache)) == len(names) + 1


def test_unfinished_files_are_removed_later(cache: DiskCache) -> None:
    os.makedirs(cache.folder)
    for key, age in ((KEY, 7200), (OTHER, 60)):
        path = cache._path(key) + "-new"
        with open(path, "wb") as file:
            file.write(bytes(100))
        os.utime(path, (time.time() - age,) * 2)

    cache.put("1" * 32, samples_of(100))

    assert entries(cache) == ["1" * 32 + ".palace", OTHER + ".palace-new"]


# Disks and systems that refuse


class FullFile:
    """A file on a disk that becomes full."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._file = open(*arguments, **options)  # noqa: SIM115

    def __enter__(self) -> FullFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        if len(data) < 1000:
            return int(self._file.write(data))
        self._file.write(data[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_is_logged_once(cache: DiskCache, monkeypatch: pytest.MonkeyPatch, logged_warnings: Any) -> None:
    monkeypatch.setattr(disk_cache, "open", FullFile, raising=False)

    assert [cache.put(key, samples_of(1000)) for key in keys(3)] == [False] * 3

    assert entries(cache) == []
    (warning,) = logged_warnings()
    assert "No space left on device" in warning
    assert cache.folder in warning


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_refused_write_is_logged_once(
    tmp_path: Path, cache: DiskCache, monkeypatch: pytest.MonkeyPatch, logged_warnings: Any, number: int
) -> None:
    tries = []

    def refuse(path: str, *_: Any, **__: Any) -> None:
        tries.append(path)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk_cache, "open", refuse, raising=False)
    path = KINDS["flac-16"].write(tmp_path / "a", sounds.noise(5000))

    for _ in range(3):
        assert_equal(load_through(cache, path), load_through(None, path))

    assert len(tries) == len(logged_warnings()) == 1


def test_folder_that_cannot_be_made_is_logged_once(tmp_path: Path, logged_warnings: Any) -> None:
    (tmp_path / "file").write_text("")
    cache = DiskCache(str(tmp_path / "file" / "cache"), 10**9)

    assert [cache.put(key, samples_of(1000)) for key in keys(3)] == [False] * 3
    assert cache.get(KEY, LIMIT) is None

    assert len(logged_warnings()) == 1


def test_folder_removed_meanwhile_is_made_again(cache: DiskCache) -> None:
    cache.put(KEY, samples_of(100))
    shutil.rmtree(cache.folder)

    assert cache.get(KEY, LIMIT) is None
    assert cache.put(KEY, samples_of(100))


def test_read_only_entry_is_used(cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put(KEY, samples_of(100))
    _age(cache, KEY, 86_400)

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EROFS, "read-only")

    monkeypatch.setattr(os, "utime", refuse)

    assert cache.get(KEY, LIMIT) is not None


@pytest.fixture
def _windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that are mapped can neither be replaced nor removed. Here all are."""

    def refuse(source: str, target: str = "") -> None:
        if (target or source).endswith(".palace") and os.path.exists(target or source):
            raise PermissionError(errno.EACCES, "in use")
        os.rename(source, target) if target else os.remove(source)

    monkeypatch.setattr(os, "unlink", refuse)
    monkeypatch.setattr(os, "replace", refuse)


@pytest.mark.parametrize("limit", [1500, 10**9])
def test_mapped_entry_on_windows_is_kept(
    cache: DiskCache, limit: int, request: pytest.FixtureRequest, logged_warnings: Any
) -> None:
    cache.limit = limit
    assert cache.put(KEY, samples_of(250))
    request.getfixturevalue("_windows")

    assert not cache.put(KEY, samples_of(250))
    assert cache.put(OTHER, samples_of(250)) == (limit > 1500)

    assert entries(cache) == [KEY + ".palace", OTHER + ".palace"][: 1 + (limit > 1500)]
    request.getfixturevalue("monkeypatch").undo()
    assert cache.put(OTHER, samples_of(250))
    assert logged_warnings() == []


# Several processes

WRITER = """
import sys
import numpy as np
from pyglet_palace._decoding.disk_cache import DiskCache
from pyglet_palace._decoding.pcm import Samples
folder, seconds = sys.argv[1:]
cache = DiskCache(folder, 4_000_000)
print("ready", flush=True)
sys.stdin.readline()
for round in range(20):
    for value in range(1, 8):
        data = np.full((250_000, 2), value, np.int16)
        cache.put(f"{value:032x}", Samples(data, 44100, "Stereo", "Signed 16-bit", None))
assert cache._writable
"""


def test_processes_share_a_folder(cache: DiskCache) -> None:
    """They write and evict the same entries while this one reads them."""
    os.makedirs(cache.folder)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), cache.folder, "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    hits = 0
    kept = []
    while any(writer.poll() is None for writer in writers):
        for value in range(1, 8):
            found = cache.get(f"{value:032x}", LIMIT, map_from=LEAST_MAPPED)
            if found is not None:
                hits += 1
                kept.append((value, found))
                assert (found.data == value).all()
        del kept[:-20]

    assert all((found.data == value).all() for value, found in kept)  # also of entries that were evicted since
    assert hits
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert not [name for name in entries(cache) if name.endswith("-new")]
