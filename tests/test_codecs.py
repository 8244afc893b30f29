"""The decoder for pyglet.media: samples, seeks, files and errors, and whole programs of pyglet and arcade."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import textwrap
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyglet
import pytest
import soundfile
from pyglet.util import CodecRegistry, DecodeException

from pyglet_palace._common.text import short_repr
from pyglet_palace._decoding.sndfile import SndfileReader
from pyglet_palace.errors import ResourceUnreadable
from tests import sounds
from tests.sounds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: The sample formats of a driver that plays floats.
FLOATS = ("U8", "S16", "F32")
#: The numpy dtype of each sample format of pyglet.
DTYPES = {"U8": "uint8", "S16": "int16", "F32": "float32"}

all_kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@pytest.fixture(scope="module")
def codecs() -> Iterator[Any]:
    """The module. It imports pyglet.media, here without a display and a device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyglet.options, "shadow_window", False)
        patch.setattr(pyglet.options, "audio", ("silent",))
        import pyglet_palace.codecs
    yield pyglet_palace.codecs
    pyglet.media.get_audio_driver().worker.stop()


@pytest.fixture
def load(codecs: Any) -> Iterator[Callable[..., Any]]:
    """Load a file as ``pyglet.media.load`` does with the decoder of the package."""
    loaded = []

    def load(path: Path | str, file: Any = None, streaming: bool = True, **options: Any) -> Any:
        (decoder,) = codecs.get_decoders()
        source = decoder.decode(
            str(path), file, streaming=streaming, **{"audio_driver_sample_formats": FLOATS, **options}
        )
        loaded.append(source)
        return source

    yield load
    for source in loaded:
        if hasattr(source, "delete"):
            source.delete()


def read(source: Any, size: int = 4096) -> Any:
    """The samples that a player would read, `size` bytes at a time, of shape (frames, channels)."""
    queued = source if source.is_player_source else source.get_queue_source()
    pieces = []
    while (data := queued.get_audio_data(size)) is not None:
        assert data.length == len(data.data)
        pieces.append(data.data)
    form = source.audio_format
    sample_format = f"{form.sample_type[0].upper().replace('I', 'S')}{form.sample_size}"
    return np.frombuffer(b"".join(pieces), DTYPES[sample_format]).reshape(-1, form.channels)


def assert_same(samples: Any, path: Path) -> None:
    """`samples` are those that soundfile reads: floats and PCM exactly, lossy ones rounded to 16 bits."""
    if samples.dtype == np.float32:
        np.testing.assert_array_equal(samples, sounds.through_soundfile(path))
    elif samples.dtype == np.uint8:
        signed = soundfile.read(path, dtype="int16", always_2d=True)[0]
        np.testing.assert_array_equal((samples.astype(np.int16) - 128) * 256, signed)
    elif soundfile.info(path).subtype in ("VORBIS", "OPUS", "MPEG_LAYER_III"):
        floats = np.clip(sounds.through_soundfile(path) * 32767.0, -32768, 32767)
        assert len(samples) == len(floats)
        assert np.abs(samples - floats).max() <= 0.502
    else:
        np.testing.assert_array_equal(samples, soundfile.read(path, dtype="int16", always_2d=True)[0])


# Samples


@all_kinds
@pytest.mark.parametrize("streaming", [True, False], ids=["streaming", "static"])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_those_of_the_file(tmp_path: Path, load: Any, kind: Kind, streaming: bool, channels: int) -> None:
    path = kind.write(tmp_path / "sound", sounds.noise(20_000, channels), 48000)

    source = load(path, streaming=streaming)

    samples = read(source)
    assert_same(samples, path)
    assert source.duration == len(samples) / 48000
    assert source.audio_format.sample_rate == 48000


def test_floats_need_a_driver_that_plays_them(tmp_path: Path, load: Any) -> None:
    path = KINDS["wav-24"].write(tmp_path / "sound", sounds.noise(1000))
    expected = np.rint(sounds.through_soundfile(path) * 32767)

    for options in (
        {"audio_driver_sample_formats": ("U8", "S16")},
        {"audio_driver_sample_formats": None},  # pyglet 2.1.14 and older
        {"audio_sample_format": "S16"},
    ):
        source = load(path, **options)
        assert (source.audio_format.sample_size, source.audio_format.sample_type) == (16, "int")
        np.testing.assert_array_equal(read(source), expected)


def test_reads_return_the_size_asked_for(tmp_path: Path, load: Any) -> None:
    """In whole frames, and fewer only at the end."""
    source = load(KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(5000)))

    assert source.is_precise()
    assert [source.get_audio_data(size).length for size in (4096, 4099, 1, 2.5, 40_000)] == [
        4096, 4096, 4, 4, 20_000 - 2 * 4096 - 2 * 4,
    ]  # fmt: skip
    assert source.get_audio_data(4096) is None
    assert source.get_audio_data(4096) is None


@pytest.mark.parametrize("kind", ["vorbis", "opus", "mp3", "flac-16", "wav-24", "aiff-24"])
def test_seeks_are_exact(tmp_path: Path, load: Any, kind: str) -> None:
    source = load(KINDS[kind].write(tmp_path / "sound", sounds.noise(60_000, 1), 44100 if kind != "opus" else 48000))
    whole = read(source.get_queue_source())
    chosen = random.Random(3)

    for frame in [0, 1, len(whole) - 1, *(chosen.randrange(len(whole)) for _ in range(40))]:
        source.seek(frame / source.audio_format.sample_rate)
        data = np.frombuffer(source.get_audio_data(2048).data, whole.dtype)
        # MP3 rounds a few samples differently.
        np.testing.assert_allclose(data, whole[frame : frame + len(data), 0], rtol=0, atol=1 if kind == "mp3" else 0)


def test_seek_is_limited_to_the_duration(tmp_path: Path, load: Any) -> None:
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(5000))
    source = load(path)

    source.seek(1000.0)
    assert source.get_audio_data(4096) is None
    source.seek(-1.0)
    assert_same(read(source.get_queue_source()), path)


def test_undeclared_length_is_counted(tmp_path: Path, load: Any) -> None:
    """pyglet and arcade need a duration."""
    path = tmp_path / "stream.flac"
    path.write_bytes(sounds.silent_flac(3, claimed=0))

    source = load(path)

    assert source.duration == 3 * 65535 / sounds.RATE
    assert len(read(source)) == 3 * 65535


def test_tags_are_the_info(tmp_path: Path, load: Any) -> None:
    path = sounds.comment(
        KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(500)),
        title="Fog", artist="Someone", album="Weather", date="2021-05-01", tracknumber="7/12", genre="Ambient",
    )  # fmt: skip

    for streaming in (True, False):
        info = load(path, streaming=streaming).info
        assert (info.title, info.author, info.album, info.genre) == ("Fog", "Someone", "Weather", "Ambient")
        assert (info.year, info.track, info.comment) == (2021, 7, "")


# Downmix

#: The gain of each channel in left and right (ITU-R BS.775).
GAINS = {
    "FL": (1, 0), "FR": (0, 1), "FC": (0.707, 0.707), "LFE": (0, 0), "BC": (0.5, 0.5),
    "BL": (0.707, 0), "BR": (0, 0.707), "SL": (0.707, 0), "SR": (0, 0.707),
}  # fmt: skip


@pytest.mark.parametrize("channels", [4, 6, 7, 8])
@pytest.mark.parametrize("kind", ["vorbis", "flac-24"])
def test_surround_is_mixed_to_stereo(tmp_path: Path, load: Any, kind: str, channels: int) -> None:
    """Each channel is heard on its side, the centres on both, and the low frequency effects on none."""
    meanings = (sounds.VORBIS_MEANINGS if kind == "vorbis" else sounds.MEANINGS)[channels]
    path = KINDS[kind].write(tmp_path / "sound", sounds.by_meaning(meanings, 48000), 48000)

    source = load(path)

    samples = read(source).astype(float)
    spectrum = np.abs(np.fft.rfft(samples, axis=0))
    front = spectrum[sounds.TONES["FL"], 0]
    for meaning in meanings:
        np.testing.assert_allclose(spectrum[sounds.TONES[meaning]] / front, GAINS[meaning], atol=0.02, err_msg=meaning)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8"])
def test_downmix_does_not_clip(tmp_path: Path, load: Any, subtype: str) -> None:
    """The loudest sound stays the loudest, and silence stays silence."""
    frames = np.repeat([[1.0], [-1.0], [0.0]], 6, axis=1)
    path = sounds.write(tmp_path / "sound.wav", frames, subtype=subtype)

    samples = read(load(path)).astype(float)

    full, zero = {"PCM_16": (32767, 0), "PCM_24": (1.0, 0), "PCM_U8": (127, 128)}[subtype]
    np.testing.assert_allclose((samples - zero) / full, frames[:, :2], atol=2 / 127 if full == 127 else 1e-4)


# Files


def test_file_may_be_closed_after_loading(tmp_path: Path, load: Any) -> None:
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(30_000))

    with path.open("rb") as on_disk, io.BytesIO(path.read_bytes()) as in_memory, gzip.open(tmp_path / "z", "wb") as out:
        out.write(path.read_bytes())
        sources = [load("sound.ogg", file) for file in (on_disk, in_memory)]
    with gzip.open(tmp_path / "z") as packed:
        sources.append(load("sound.ogg", packed))

    for source in sources:
        assert_same(read(source), path)


def test_file_is_read_where_none_can_be_made(
    tmp_path: Path, load: Any, codecs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where libsndfile reads a copy in memory through Python."""
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(30_000))
    monkeypatch.setattr(codecs, "copy_for_libsndfile", lambda file, most: None)

    with io.BytesIO(path.read_bytes()) as file:
        source = load("sound.ogg", file)
    assert_same(read(source), path)


def test_file_on_disk_is_not_copied(tmp_path: Path, load: Any, codecs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(30_000))
    monkeypatch.setattr(codecs, "copy_for_libsndfile", None)

    with path.open("rb") as file:
        assert_same(read(load("sound.ogg", file)), path)


def test_file_is_read_from_its_position(tmp_path: Path, load: Any) -> None:
    """An entry of an archive that the game opened itself."""
    path = KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(3000))
    archive = tmp_path / "archive"
    archive.write_bytes(b"header" + path.read_bytes())

    with archive.open("rb") as file:
        file.seek(6)
        assert_same(read(load("sound.flac", file)), path)


def test_replaced_file_is_not_mistaken(tmp_path: Path, load: Any) -> None:
    """The open file counts, even if its name belongs to another file by now."""
    path = KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(3000))
    kept = KINDS["flac-16"].write(tmp_path / "kept", sounds.noise(3000))

    with path.open("rb") as file:
        path.unlink()
        KINDS["flac-16"].write(path, sounds.noise(100, seed=2))
        assert_same(read(load("sound.flac", file)), kept)


def test_delete_closes_the_file(tmp_path: Path, load: Any, logged_warnings: Any) -> None:
    source = load(KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(3000)))

    source.delete()
    source.delete()

    source.seek(0.0)
    assert source.get_audio_data(4096) is None
    assert logged_warnings() == []


# Errors


def test_other_decoders_are_tried(tmp_path: Path, codecs: Any) -> None:
    """The error is the one by which pyglet knows that a decoder does not read a file."""
    from pyglet.media.codecs import wave

    registry: Any = CodecRegistry()
    registry.add_decoders(codecs)
    registry.add_decoders(codecs)  # harmless
    registry.add_encoders(codecs)
    text = tmp_path / "notes.wav"
    text.write_text("not a sound at all")
    pcm = sounds.wav(tmp_path / "sound.wav")

    with pytest.raises(DecodeException, match=r"notes\.wav': it is a text file, not a sound"):
        registry.decode(str(text), None)
    assert type(registry.decode(str(pcm), None)).__name__ == "PalaceSource"

    class Reader(wave.WaveDecoder):
        def decode(self, filename: str, file: Any, streaming: bool = True, **kwargs: Any) -> Any:
            assert file.tell() == 0
            return "read by the other one"

    registry.add_decoders(type("", (), {"get_decoders": staticmethod(lambda: [Reader()])}))
    with text.open("rb") as file:
        assert registry.decode(str(text), file) == "read by the other one"


def test_wav_that_pyglet_refuses_is_read(tmp_path: Path, codecs: Any) -> None:
    """Behind pyglet's own decoder, which reads the others."""
    from pyglet.media.codecs import wave

    registry: Any = CodecRegistry()
    registry.add_decoders(wave)
    registry.add_decoders(codecs)

    for name, expected in {"wav-16": "WaveSource", "wav-24": "PalaceSource", "wav-float": "PalaceSource"}.items():
        path = KINDS[name].write(tmp_path / name, sounds.noise(500))
        with path.open("rb") as file:
            for source in (registry.decode(str(path), None), registry.decode(str(path), file)):
                assert type(source).__name__ == expected


@pytest.mark.parametrize("streaming", [True, False], ids=["streaming", "static"])
def test_file_without_samples_is_refused(tmp_path: Path, load: Any, streaming: bool) -> None:
    path = sounds.write(tmp_path / "empty.aiff", np.zeros((0, 1)), subtype="PCM_16")
    with pytest.raises(DecodeException, match=r"empty\.aiff': it contains no samples"):
        load(path, streaming=streaming)


def test_missing_file_is_an_os_error(tmp_path: Path, load: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.ogg"):
        load(tmp_path / "gone.ogg")


def test_damaged_file_plays_up_to_the_damage(tmp_path: Path, load: Any, logged_warnings: Any) -> None:
    path = KINDS["flac-16"].write(tmp_path / "sound", sounds.noise(50_000))
    whole = soundfile.read(path, dtype="int16")[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    for streaming in (True, False):
        samples = read(load(path, streaming=streaming))
        assert 10_000 < len(samples) < 40_000
        np.testing.assert_array_equal(samples, whole[: len(samples)])
    assert len(logged_warnings()) == 2
    assert "damaged or cut off" in logged_warnings()[0]


def test_unreadable_stream_ends(
    tmp_path: Path, load: Any, monkeypatch: pytest.MonkeyPatch, logged_warnings: Any
) -> None:
    """An exception would end pyglet's thread, which all players share."""
    path = KINDS["vorbis"].write(tmp_path / "sound", sounds.noise(30_000))
    source = load(path)

    def fail(reader: Any, number: int) -> Any:
        raise ResourceUnreadable(reader.name, "open", "the disk is gone")

    monkeypatch.setattr(SndfileReader, "read_bytes", fail)
    monkeypatch.setattr(SndfileReader, "seek", fail)

    assert source.get_audio_data(4096) is None
    source.seek(0.0)
    assert source.get_audio_data(4096) is None
    assert logged_warnings() == [f"{short_repr(str(path))}: the disk is gone; the stream ends here"]
    with pytest.raises(DecodeException, match="the disk is gone"):
        load(path, streaming=False)


# Threads


def test_threads_share_a_source(tmp_path: Path, load: Any) -> None:
    """pyglet's thread reads while the game seeks or deletes: each read is one piece of the sound."""
    source = load(sounds.write(tmp_path / "sound.flac", sounds.ramp(200_000)))
    ramp = sounds.ramp(200_000)[:, 0].astype(int)
    torn: list[object] = []
    start = threading.Barrier(4)

    def use(seed: int) -> None:
        chosen = random.Random(seed)
        start.wait()
        for _ in range(300):
            source.seek(chosen.random() * source.duration)
            data = source.get_audio_data(2 * chosen.randrange(1000, 20_000))
            if data is None:
                continue
            steps = np.diff(np.frombuffer(data.data, np.int16).astype(int))
            if not np.isin(steps, (37, 37 - 60000)).all():
                torn.append(steps)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    threads[0].join()
    source.delete()
    for thread in threads:
        thread.join()

    assert len(np.unique(np.diff(ramp))) == 2
    assert torn == []


# Programs

#: Silent, and without pyglet's hidden window, which needs a display.
ENVIRONMENT = {"ARCADE_SOUND_BACKENDS": "silent", "PYGLET_AUDIO": "silent", "PYGLET_SHADOW_WINDOW": "0"}


def run(program: str, *arguments: object, wrapper: tuple[str, ...] = (), warnings: str = "error") -> str:
    """The output of a program, which must exit with status 0 and write no error."""
    done = subprocess.run(
        [*wrapper, sys.executable, "-W", warnings, "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **ENVIRONMENT},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_registration_is_explicit() -> None:
    """Neither the package nor the module registers its decoder."""
    assert (
        run("""
            import pyglet
            import pyglet_palace.codecs
            print(pyglet.media.codecs.get_decoders("a.ogg"))
            pyglet.media.codecs.add_decoders(pyglet_palace.codecs)
            print(len(pyglet.media.codecs.get_decoders("a.ogg")))
        """)
        == "[]\n1\n"
    )


def test_pyglet_plays_and_loops(tmp_path: Path) -> None:
    """From a folder and from a zip: each loop reads the full sound."""
    folder, archive = tmp_path / "folder", tmp_path / "archive.zip"
    folder.mkdir()
    path = KINDS["vorbis"].write(tmp_path / "zipped", sounds.noise(9000), 48000)
    (folder / "stored.ogg").write_bytes(path.read_bytes())
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, path.name)

    printed = run(
        """
        import sys, warnings
        warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # pyglet.resource.media leaves it open
        import pyglet
        import pyglet.media
        import pyglet_palace.codecs
        pyglet.media.codecs.add_decoders(pyglet_palace.codecs)
        pyglet.resource.path = sys.argv[1:]
        pyglet.resource.reindex()

        def play(source):
            player, ended, sizes = pyglet.media.Player(), [], []
            player.queue(source)
            queued, read = player.source, player.source.get_audio_data
            def counted(size):
                data = read(size)
                sizes.append(0 if data is None else data.length)
                return data
            queued.get_audio_data = counted
            @player.event
            def on_eos():
                ended.append(sum(sizes))
                player.loop = len(ended) < 3
            player.event("on_player_eos")(pyglet.app.exit)
            player.loop = True
            player.play()
            pyglet.app.run()
            print(type(source).__name__, ended)

        for name in ("stored.ogg", "zipped.ogg"):
            for streaming in (True, False):
                play(pyglet.resource.media(name, streaming=streaming))
        """,
        folder,
        archive,
    )

    size = 9000 * 2 * 2
    ended = [size, 2 * size, 3 * size]
    assert printed == f"PalaceSource {ended}\nStaticSource {ended}\n" * 2


def test_arcade_plays(tmp_path: Path) -> None:
    for kind in ("vorbis", "opus", "mp3", "flac-24", "wav-24"):
        KINDS[kind].write(tmp_path / kind, sounds.noise(4800), 48000)

    printed = run(
        """
        import sys
        from pathlib import Path
        import arcade, pyglet
        import pyglet_palace.codecs
        pyglet.media.codecs.add_decoders(pyglet_palace.codecs)
        print(type(pyglet.media.get_audio_driver()).__name__)
        window = arcade.Window(100, 100)
        for path in sorted(Path(sys.argv[1]).iterdir()):
            for streaming in (False, True):
                sound = arcade.load_sound(path, streaming=streaming)
                player = sound.play()
                player.push_handlers(on_player_eos=arcade.exit)
                arcade.run()
                print(path.name, sound.get_length())
        """,
        tmp_path,
        wrapper=("xvfb-run", "-a"),
        warnings="default",
    )

    lines = printed.splitlines()
    names = ["flac-24.flac", "mp3.mp3", "opus.opus", "vorbis.ogg", "wav-24.wav"]
    assert [line.split()[0] for line in lines] == ["SilentDriver", *(name for name in names for _ in range(2))]
    assert all(line.endswith(" 0.1") for line in lines[1:])
