"""Look-up and opening of names: pyglet.resource, paths, zips, packages and custom files."""

from __future__ import annotations

import io
import os
import pickle
import re
import shutil
import sys
import tempfile
import unicodedata
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyglet.resource
import pytest

import pyglet_palace as palace
from pyglet_palace import resources
from pyglet_palace._decoding import files
from pyglet_palace._loading.suggestions import explain_missing
from pyglet_palace.errors import unlinked
from tests.decoding.test_files import open_descriptors

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1000


def locate(name: resources.Name, loader: pyglet.resource.Loader | None = None) -> resources.Resource:
    """Look up a name as a context does."""
    return resources.locate(name, loader, explain=explain_missing)


def contents(name: resources.Name, loader: pyglet.resource.Loader | None = None) -> bytes:
    opened = locate(name, loader).open(LIMIT)
    data = opened.file.read()
    assert opened.size == len(data)
    opened.close()
    return data


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# Names that are found


def test_name_in_a_directory_is_found(assets: Path) -> None:
    """Also in its subdirectories."""
    put(assets / "door.wav", b"door")
    put(assets / "level 1" / "a" / "door.wav", b"another")
    pyglet.resource.reindex()

    assert contents("door.wav") == b"door"
    assert contents("level 1/a/door.wav") == b"another"


def test_directory_file_has_a_descriptor(assets: Path) -> None:
    """libsndfile reads it without Python."""
    path = put(assets / "a" / "door.wav", b"door")
    pyglet.resource.reindex()

    opened = locate("a/door.wav").open(LIMIT)

    assert isinstance(opened.native, int)
    assert os.path.samestat(os.fstat(opened.native), path.stat())
    opened.close()


def test_name_in_a_zip_is_found(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a folder of the zip."""
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        archive.writestr("door.wav", b"door")
        archive.writestr("music/theme.ogg", b"theme")
    monkeypatch.setattr(pyglet.resource, "path", [str(tmp_path / "sounds.zip")])
    pyglet.resource.reindex()
    assert contents("door.wav") == b"door"
    assert contents("music/theme.ogg") == b"theme"

    monkeypatch.setattr(pyglet.resource, "path", [str(tmp_path / "sounds.zip" / "music")])
    pyglet.resource.reindex()
    assert contents("theme.ogg") == b"theme"


def test_name_in_a_package_is_found(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "game_of_the_test" / "__init__.py", b"")
    put(tmp_path / "game_of_the_test" / "sounds" / "door.wav", b"door")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pyglet.resource, "path", ["@game_of_the_test"])
    pyglet.resource.reindex()

    assert contents("sounds/door.wav") == b"door"
    with pytest.raises(palace.ResourceNotFound):
        locate("sounds/other.wav")
    del sys.modules["game_of_the_test"]


def test_given_loader_is_used(assets: Path, tmp_path: Path) -> None:
    """It replaces the loader of pyglet."""
    put(assets / "door.wav", b"pyglet's")
    put(tmp_path / "own" / "door.wav", b"own")
    pyglet.resource.reindex()

    loader = pyglet.resource.Loader(["own"], script_home=str(tmp_path))

    assert contents("door.wav", loader) == b"own"
    assert contents("door.wav") == b"pyglet's"


def test_search_path_is_read_at_lookup(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "later" / "door.wav", b"door")
    with pytest.raises(palace.ResourceNotFound):
        locate("door.wav")

    monkeypatch.setattr(pyglet.resource, "path", [str(tmp_path / "later")])
    pyglet.resource.reindex()

    assert contents("door.wav") == b"door"


def test_absolute_names_and_paths_are_files(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "else" / "door.wav", b"door")
    monkeypatch.chdir(path.parent)

    assert contents(str(path)) == b"door"
    assert contents(path) == b"door"
    assert contents(Path("door.wav")) == b"door"


def test_path_key_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a path never equals the name of a resource."""
    monkeypatch.chdir(tmp_path)
    assert resources.key_of("a/../door.wav") == "a/../door.wav"
    assert resources.key_of(Path("a/../door.wav")) == str(tmp_path / "door.wav")
    assert locate(Path("door.wav")).key == str(tmp_path / "door.wav")


def test_non_utf_8_file_name_opens(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    path.write_bytes(b"door")

    assert contents(path) == b"door"
    assert contents(str(path)) == b"door"


@pytest.mark.parametrize("name", [b"door.wav", None, 3, ["door.wav"]])
def test_wrong_name_type_is_a_type_error(name: Any) -> None:
    with pytest.raises(TypeError, match="must be a str or a path"):
        locate(name)


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"door.wav"


def test_bytes_path_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="must be a str or a path"):
        locate(BytesPath())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["folder", "zip", "loader"])
def test_resources_in_lists_a_folder(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    names = ["b.ogg", "level1/c.wav", "level1/a.ogg", "level1/deep/d.ogg", "level10/e.ogg"]
    for name in names:
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        (assets / name).touch()
    loader = None
    if kind == "zip":
        monkeypatch.setattr(pyglet.resource, "path", [shutil.make_archive(str(tmp_path / "all"), "zip", assets)])
    if kind == "loader":
        monkeypatch.setattr(pyglet.resource, "path", [])
        loader = pyglet.resource.Loader([str(assets)])
    pyglet.resource.reindex()

    def listed(*arguments: str) -> list[str]:
        return palace.resources_in(*arguments, loader=loader)

    assert listed("level1") == ["level1/a.ogg", "level1/c.wav", "level1/deep/d.ogg"]
    assert listed("level1/", "*.ogg") == ["level1/a.ogg", "level1/deep/d.ogg"]
    assert listed("", "*.wav") == listed(".", "*.wav") == ["level1/c.wav"]
    assert listed("level1", "*.mp3") == []
    assert len(listed()) == 5
    with pytest.raises(palace.ResourceNotFound, match="'level': there is no such folder"):
        listed("level")


def test_resources_in_cannot_list_a_factory() -> None:
    resources.use_fileio(io.BytesIO)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="use_fileio"):
        palace.resources_in()


# Names that are not found


@pytest.mark.parametrize("name", ["../secret.wav", "a/../../secret.wav", "..\\secret.wav", "a\\door.wav"])
def test_names_stay_in_the_search_path(assets: Path, name: str) -> None:
    put(assets.parent / "secret.wav", b"secret")
    put(assets / "a" / "door.wav", b"door")
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceNotFound, match="pass a pathlib.Path") as caught:
        locate(name)
    assert (caught.value.name, caught.value.stage) == (name, "find")
    assert isinstance(caught.value, pyglet.resource.ResourceNotFoundException)


def test_empty_search_path_is_reported(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyglet.resource, "path", [])
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceNotFound, match=r"path is empty; set it .* then call pyglet.resource.reindex"):
        locate("door.wav")


def test_unindexed_file_needs_reindex(assets: Path, tmp_path: Path) -> None:
    put(assets / "a" / "late.wav", b"late")
    with pytest.raises(palace.ResourceNotFound, match=r"the file is there: call pyglet\.resource\.reindex\(\)"):
        locate("a/late.wav")

    loader = pyglet.resource.Loader(["own"], script_home=str(tmp_path))
    loader.reindex()
    put(tmp_path / "own" / "late.wav", b"late")
    with pytest.raises(palace.ResourceNotFound, match="the file is there: .* after the loader's path"):
        locate("late.wav", loader)


@pytest.mark.parametrize(
    "wrong", ["sounds/dor.wav", "Sounds/Door.wav", "door.wav", "sounds/door.ogg", "sounds/doors.wav"]
)
def test_misspelled_name_gets_a_suggestion(assets: Path, wrong: str) -> None:
    put(assets / "sounds" / "door.wav", b"door")
    for number in range(50):
        put(assets / "sounds" / f"thing{number}.wav", b"")
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceNotFound, match=r"did you mean 'sounds/door\.wav'\?"):
        locate(wrong)


@pytest.mark.parametrize("name", ["", "explosion.wav", "\0", ".", "/", "a" * 5000, "\ud800"])
def test_unlike_name_gets_no_suggestion(assets: Path, name: str) -> None:
    put(assets / "door.wav", b"door")
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceError) as caught:
        contents(name)
    assert "did you mean" not in str(caught.value)


def test_suggestions_compare_few_names(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are computed only when the error is shown."""
    import difflib

    compared = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda word, among, n: compared.extend(among) or [])
    loader = pyglet.resource.Loader([str(assets)])
    loader._index = {f"sounds/thing{number:04}.wav": None for number in range(3000)}

    with pytest.raises(palace.ResourceNotFound) as caught:
        locate("sounds/thing9999.wav", loader)
    assert compared == []  # only when the message is read: many names may be missing, on the main thread
    assert "not found" in str(caught.value)
    assert 0 < len(compared) <= 20


def test_suggestions_follow_the_index(assets: Path) -> None:
    def describe_error() -> str:
        with pytest.raises(palace.ResourceNotFound) as caught:
            locate("dor.wav")
        return str(caught.value)

    put(assets / "window.wav", b"")
    pyglet.resource.reindex()
    assert "did you mean" not in describe_error()
    put(assets / "door.wav", b"")
    pyglet.resource.reindex()
    assert "did you mean 'door.wav'?" in describe_error()


def test_lazy_error_text_can_be_pickled(assets: Path) -> None:
    """An error whose text was not read yet can be copied and pickled."""
    with pytest.raises(palace.ResourceNotFound) as caught:
        locate("dor.wav")
    for copy in (unlinked(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert str(copy) == str(caught.value)
        assert (copy.name, copy.stage, copy.problem) == ("dor.wav", "find", caught.value.problem)


def test_path_object_in_path_is_reported(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(assets / "door.wav", b"door")
    monkeypatch.setattr(pyglet.resource, "path", [assets])
    loader = pyglet.resource.Loader()
    loader.path = [assets]

    with pytest.raises(palace.ResourceUnreadable, match="cannot index"):
        locate("door.wav", loader)
    with pytest.raises(palace.ResourceNotFound, match="accepts only strings"):  # pyglet has an empty index by now
        locate("door.wav", loader)


def test_deleted_file_is_not_found(assets: Path) -> None:
    path = put(assets / "door.wav", b"door")
    pyglet.resource.reindex()
    resource = locate("door.wav")
    path.unlink()

    with pytest.raises(palace.ResourceNotFound, match="no such file") as caught:
        resource.open(LIMIT)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert caught.value.name == "door.wav"


@pytest.mark.parametrize("name", ["missing.wav", "nul\0.wav"])
def test_missing_path_is_not_found(tmp_path: Path, name: str) -> None:
    resource = locate(f"{tmp_path}/{name}")
    with pytest.raises(palace.ResourceNotFound) as caught:
        resource.open(LIMIT)
    assert caught.value.stage == "find"


def test_directory_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(palace.ResourceUnreadable, match="is a folder|is not a regular file") as caught:
        contents(tmp_path)
    assert caught.value.stage == "open"


def test_pipe_is_refused(assets: Path) -> None:
    """The open does not block."""
    os.mkfifo(assets / "pipe.wav")
    pyglet.resource.reindex()

    with pytest.raises(palace.ResourceUnreadable, match="is a folder|is not a regular file"):
        contents("pipe.wav")


def test_short_file_is_read_without_an_open(tmp_path: Path) -> None:
    resource = locate(put(tmp_path / "door.wav", b"door"))
    assert resource.read_short(4, bytearray) == b"door"
    assert resource.read_short(3, bytearray) is None


def test_what_is_no_short_file_is_left_to_open(assets: Path, tmp_path: Path) -> None:
    """Nothing blocks, and no descriptor stays open."""
    put(tmp_path / "empty.wav", b"")
    os.mkfifo(tmp_path / "pipe.wav")
    with zipfile.ZipFile(assets / "sounds.zip", "w") as archive:
        archive.writestr("zipped.wav", "zipped")
    pyglet.resource.path.append(str(assets / "sounds.zip"))
    pyglet.resource.reindex()
    before = open_descriptors()
    for name in (tmp_path, *(tmp_path / name for name in ("empty.wav", "pipe.wav", "missing.wav", "\0")), "zipped.wav"):
        assert locate(name).read_short(LIMIT, bytearray) is None
    assert open_descriptors() == before


def test_file_that_shrinks_while_read_is_left_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = locate(put(tmp_path / "door.wav", b"door"))
    monkeypatch.setattr(os, "readv", lambda file, buffers: 3)
    assert resource.read_short(LIMIT, bytearray) is None


def test_forbidden_file_keeps_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "door.wav", b"door")

    def forbidden(name: str) -> io.FileIO:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr(files, "_RawFile", forbidden)  # root may read everything

    with pytest.raises(palace.ResourceUnreadable, match="Permission denied") as caught:
        contents(path)
    assert isinstance(caught.value.__cause__, PermissionError)


def test_large_zip_entry_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry over the limit is refused before it is inflated."""
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fits.wav", bytes(LIMIT))
        archive.writestr("large.wav", bytes(LIMIT + 1))
        archive.writestr("folder/large.wav", bytes(LIMIT + 1))
    loader = pyglet.resource.Loader([str(tmp_path / "sounds.zip")])
    inner = pyglet.resource.Loader([str(tmp_path / "sounds.zip" / "folder")])
    assert contents("fits.wav", loader) == bytes(LIMIT)

    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("inflated"))
    for from_where in (loader, inner):
        with pytest.raises(palace.BufferTooLarge, match="1001 bytes, over the limit of 1000") as caught:
            contents("large.wav", from_where)
        assert caught.value.stage == "open"


def test_damaged_zip_entry_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "sounds.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("door.wav", b"door" * 20)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"doordoor", b"doorDOOR", 1))

    with pytest.raises(palace.ResourceUnreadable, match="CRC") as caught:
        contents("door.wav", pyglet.resource.Loader([str(path)]))
    assert isinstance(caught.value.__cause__, zipfile.BadZipFile)


# Custom files


class Own(io.BytesIO):
    """A custom file that counts its calls of `close`."""

    closed_times = 0

    def close(self) -> None:
        self.closed_times += 1
        super().close()


def test_factory_gets_every_name(assets: Path, tmp_path: Path) -> None:
    path = put(assets / "door.wav", b"a file")
    pyglet.resource.reindex()
    asked = []

    def factory(name: str) -> Own:
        asked.append(name)
        return Own(b"own")

    palace.use_fileio(factory)
    assert palace.current_fileio() is factory
    for name in ("door.wav", "nowhere/at/all", str(path), path, "../x"):
        assert contents(name) == b"own"
    assert asked == ["door.wav", "nowhere/at/all", str(path), str(path), "../x"]

    palace.use_fileio(None)
    assert palace.current_fileio() is None
    assert contents("door.wav") == b"a file"


def test_factory_runs_at_open() -> None:
    """The look-up does not call it."""
    palace.use_fileio(lambda name: pytest.fail("opened"))
    resource = locate("door.wav")
    palace.use_fileio(None)

    with pytest.raises(pytest.fail.Exception):
        resource.open(LIMIT)


def test_buffer_size_sets_the_read_size() -> None:
    asked = []

    class Watched(Own):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size)
            return super().read(size)

    palace.use_fileio(lambda name: Watched(bytes(1000)), buffer_size=128)
    opened = locate("door.wav").open(LIMIT)
    for _ in range(10):
        opened.file.read(10)
    assert asked == [128]
    opened.close()


def test_file_is_closed_once(assets: Path) -> None:
    file = Own(b"door")
    palace.use_fileio(lambda name: file)
    opened = locate("door.wav").open(LIMIT)
    opened.close()
    opened.close()
    del opened
    assert file.closed_times == 1


def test_close_error_is_ignored() -> None:
    class Stubborn(Own):
        def close(self) -> None:
            super().close()
            raise OSError("no")

    palace.use_fileio(lambda name: Stubborn(b"door"))
    assert contents("door.wav") == b"door"


class Broken(Own):
    """A file that fails in the method named `where`."""

    def __init__(self, where: str, error: BaseException) -> None:
        super().__init__(b"door")
        self.where, self.error = where, error

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.where == "seek":
            raise self.error
        return super().seek(offset, whence)


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("gone"), EOFError("gone"), KeyError("gone")])
def test_factory_or_seek_error_is_the_cause(error: Exception) -> None:
    def factory(name: str) -> Own:
        raise error

    palace.use_fileio(factory)
    with pytest.raises(palace.ResourceUnreadable, match="cannot be opened: .*gone") as caught:
        contents("door.wav")
    assert caught.value.__cause__ is error
    assert caught.value.stage == "open"

    file = Broken("seek", error)
    palace.use_fileio(lambda name: file)
    with pytest.raises(palace.ResourceUnreadable, match="gone") as caught:
        contents("door.wav")
    assert caught.value.__cause__ is error
    assert file.closed_times == 1


@pytest.mark.parametrize("where", ["factory", "seek"])
def test_interrupt_in_a_file_propagates(where: str) -> None:
    def factory(name: str) -> Own:
        if where == "factory":
            raise KeyboardInterrupt
        return Broken("seek", KeyboardInterrupt())

    palace.use_fileio(factory)
    with pytest.raises(KeyboardInterrupt):
        contents("door.wav")


def test_factory_may_report_not_found() -> None:
    def factory(name: str) -> Own:
        raise FileNotFoundError(name)

    palace.use_fileio(factory)
    with pytest.raises(palace.ResourceNotFound) as caught:
        contents("door.wav")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert caught.value.stage == "find"


def test_factory_may_raise_palace_errors() -> None:
    error = palace.ResourceNotFound("door.wav", "find", "not in the archive")

    def factory(name: str) -> Own:
        raise error

    palace.use_fileio(factory)
    with pytest.raises(palace.ResourceNotFound) as caught:
        contents("door.wav")
    assert caught.value is error


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: None, "must return an open binary file"),
        (lambda: b"RIFF", "must return an open binary file"),
        (lambda: type("NoPosition", (Own,), {"seek": lambda *_: None})(), "seek returned None"),
    ],
)
def test_invalid_file_is_unreadable(make: Callable[[], Any], said: str) -> None:
    palace.use_fileio(lambda name: make())
    with pytest.raises(palace.ResourceUnreadable, match=said):
        contents("door.wav")


@pytest.mark.parametrize(
    ("factory", "size", "error"), [("door.wav", 1, TypeError), (Own, 0, ValueError), (Own, -1, ValueError)]
)
def test_bad_fileio_arguments_are_refused(factory: Any, size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        palace.use_fileio(factory, size)
    assert palace.current_fileio() is None


def test_dotted_name_gets_its_plain_form(assets: Path) -> None:
    (assets / "door.wav").touch()
    pyglet.resource.reindex()
    with pytest.raises(palace.ResourceNotFound, match="did you mean 'door.wav'"):
        locate("./door.wav")


def test_missing_search_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyglet.resource, "path", ["asets"])
    pyglet.resource.reindex()
    with pytest.raises(palace.ResourceNotFound, match="the folder .*asets.* does not exist"):
        locate("door.wav")


def test_string_search_path_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyglet.resource, "path", "assets")
    pyglet.resource.reindex()
    with pytest.raises(palace.ResourceNotFound, match="it must be a list"):
        locate("door.wav")


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("missing.zip", "'missing.zip' does not exist"),
        ("broken.zip", "'broken.zip' is not a zip file that can be read"),
        ("@no_such_package", "the package 'no_such_package' cannot be imported"),
    ],
)
def test_dead_path_entry_is_named(tmp_path: Path, entry: str, text: str) -> None:
    put(tmp_path / "broken.zip", b"PK\3\4 cut short")
    loader = pyglet.resource.Loader([entry], script_home=str(tmp_path))
    loader.reindex()
    with pytest.raises(palace.ResourceNotFound, match=re.escape(text)):
        locate("door.wav", loader)


def test_linked_folder_is_named(tmp_path: Path) -> None:
    """pyglet does not follow links below its path, so that `reindex` would not help."""
    put(tmp_path / "elsewhere" / "deep" / "door.wav", b"door")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "shared").symlink_to(tmp_path / "elsewhere")
    loader = pyglet.resource.Loader(["assets"], script_home=str(tmp_path))
    loader.reindex()
    with pytest.raises(palace.ResourceNotFound, match="'shared' is a symbolic link, which pyglet does not follow"):
        locate("shared/deep/door.wav", loader)


def test_unicode_form_is_named(assets: Path) -> None:
    put(assets / unicodedata.normalize("NFD", "étoile.wav"), b"star")
    pyglet.resource.reindex()
    with pytest.raises(palace.ResourceNotFound, match="the same letters in another Unicode form"):
        locate(unicodedata.normalize("NFC", "étoile.wav"))


def test_file_in_working_directory_is_named(assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "here" / "door.wav", b"door")
    monkeypatch.chdir(tmp_path / "here")
    pyglet.resource.reindex()
    with pytest.raises(palace.ResourceNotFound, match=r"to use it, pass a pathlib\.Path"):
        locate("door.wav")


def test_arcade_resource_is_explained(assets: Path) -> None:
    with pytest.raises(palace.ResourceNotFound, match=r"pass arcade\.resources\.resolve"):
        locate(":resources:/sounds/hit1.wav")


def test_folder_inside_a_zip_is_explained(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "game.zip", "w") as archive:
        archive.writestr("assets/fx/fox.wav", b"fox")
    loader = pyglet.resource.Loader(["game.zip/assets/fx"], script_home=str(tmp_path))
    loader.reindex()
    with pytest.raises(palace.ResourceNotFound, match="put 'game.zip' into the path and use 'assets/fx/fox.wav'"):
        locate("fox.wav", loader)


def test_zipapp_finds_its_sounds(tmp_path: Path) -> None:
    """The home of a zipapp is the archive, and pyglet's default path is its folder '.'."""
    with zipfile.ZipFile(tmp_path / "game.zip", "w") as archive:
        archive.writestr("assets/door.wav", b"door")
    loader = pyglet.resource.Loader(["."], script_home=str(tmp_path / "game.zip"))
    loader.reindex()
    with locate("assets/door.wav", loader).open(10**6).file as file:
        assert file.read() == b"door"


def test_missing_temporary_folder_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the error for a sound that does not exist."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.wav", b"sound")
    loader = pyglet.resource.Loader(["a.zip"], script_home=str(tmp_path))
    loader.reindex()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "TemporaryFile", _no_temporary_file)
    with pytest.raises(palace.ResourceUnreadable, match="no usable folder for temporary files"):
        locate("a.wav", loader).open(10**6)


def _no_temporary_file(**_: object) -> None:
    raise FileNotFoundError("no usable temporary directory")


def test_folder_in_place_of_a_file_has_a_cause(tmp_path: Path) -> None:
    with pytest.raises(palace.ResourceUnreadable, match="is a folder") as caught:
        locate(tmp_path).open(1)
    assert isinstance(caught.value.__cause__, IsADirectoryError)


def test_long_name_is_shortened_in_errors() -> None:
    with pytest.raises(palace.ResourceError) as caught:
        contents("x" * 100_000)
    assert len(str(caught.value)) < 1000
    assert caught.value.name == "x" * 100_000
