"""The OpenAL library that is used, and the advice if there is none."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IN_PACKAGES = [
    ("cyal", "libopenal.so.1"),
    ("cyal", "OpenAL32.dll"),
    ("cyal", "libopenal.dylib"),
    ("pyalsoft", "_native/libopenal.so.1"),
    ("pyalsoft", "_native/libopenal.1.dylib"),
    ("pyalsoft", "_native/soft_oal.dll"),
]


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_variable_alone_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, "some/libopenal.so")
    assert list(library.candidates()) == ["some/libopenal.so"]


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A function that installs a package with a file; without a call, no package with OpenAL is installed."""
    monkeypatch.delenv(library.VARIABLE, raising=False)
    find_spec = importlib.util.find_spec
    hidden = {"cyal", "pyalsoft"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in hidden else find_spec(name))

    def install(package: str, file: str = "") -> Path:
        hidden.remove(package)
        path = tmp_path / package / file
        (tmp_path / package).mkdir()
        path.parent.mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").write_text("raise ImportError('never imported')")
        if file:
            path.touch()
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return path

    yield install
    assert not {"cyal", "pyalsoft"} & set(sys.modules)


@pytest.mark.parametrize(("package", "file"), IN_PACKAGES)
def test_packages_come_before_the_system(packages: Callable[..., Path], package: str, file: str) -> None:
    path = packages(package, file)
    found = list(library.candidates())
    assert found[0] == str(path)
    assert len(found) > 1


@pytest.mark.parametrize(("package", "file"), IN_PACKAGES)
def test_nuitka_bundles_each_library(package: str, file: str) -> None:
    text = Path(palace.__file__).with_name("nuitka-package.config.yml").read_text()
    values = [re.findall("'(.+?)'", part) for part in text.split("- module-name:")]
    sections = {name: rest for name, *rest in filter(None, values)}
    folder, _, name = file.rpartition("/")
    assert package in sections["pyglet_palace"]
    assert folder in {"", *sections[package]}
    assert name.startswith(tuple(sections[package]))


def test_newer_library_comes_first(packages: Callable[..., Path]) -> None:
    older, newer = packages("cyal", "libopenal.so.1"), packages("pyalsoft", "_native/libopenal.so.1")
    assert list(library.candidates())[:2] == [str(newer), str(older)]


def advice(monkeypatch: pytest.MonkeyPatch, platform: str = "linux", error: str = "") -> str:
    """The text of the error if no library can be loaded on `platform`."""

    def load(path: str) -> None:
        raise OSError(error or f"{path}: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(library.ctypes, "CDLL", load)
    monkeypatch.setattr(library, "sys", SimpleNamespace(**{**vars(sys), "platform": platform}))
    monkeypatch.delitem(sys.modules, "openal.al_lib", raising=False)
    with pytest.raises(palace.OpenALNotFound) as caught:
        library.load()
    return str(caught.value)


@pytest.mark.parametrize(
    ("platform", "word"),
    [("linux", "apt install"), ("darwin", "brew install"), ("win32", "openal-soft.org")],
)
def test_advice_fits_the_system(
    packages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, platform: str, word: str
) -> None:
    text = advice(monkeypatch, platform)
    assert 'pip install "pyglet-palace[openal]"' in text
    assert sum(other in text for other in ("apt install", "brew install", "openal-soft.org")) == 1
    assert word in text


def test_advice_repeats_no_done_command(packages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is installed, and its package has no library for this system."""
    packages("cyal")
    text = advice(monkeypatch)
    assert "pip install" not in text
    assert "the extra `openal` is installed" in text


@pytest.mark.parametrize("frozen", [False, True])
def test_missing_libatomic_is_named(
    packages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    """PyALSoft's library needs it, and a minimal Debian does not have it."""
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    path = packages("pyalsoft", "_native/libopenal.so.1")
    text = advice(monkeypatch, error="libatomic.so.1: cannot open shared object file: No such file or directory")
    assert f"{path}: libatomic.so.1: cannot open" in text
    assert "apt install libatomic1" in text
    assert "pip install" not in text


def test_frozen_game_is_told_to_freeze_again(packages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    text = advice(monkeypatch)
    assert "Freeze the game again" in text
    assert "--user-package-configuration-file" in text
    assert "apt install" not in text


def test_chosen_library_is_used() -> None:
    chosen = os.environ.get(library.VARIABLE) or next(iter(library.candidates()))
    assert _openal.functions().handle._name == chosen


def test_file_that_is_no_library_is_named(tmp_path: Path) -> None:
    fake = tmp_path / "libopenal.so"
    fake.write_text("not a library")
    code = """
import pyglet_palace as palace
try:
    palace.device_names.basic
except palace.OpenALNotFound as error:
    print(error)
"""
    done = run(code, PYGLET_PALACE_OPENAL=str(fake))
    assert f"PYGLET_PALACE_OPENAL is {str(fake)!r}, which cannot be loaded" in done.stdout, done.stderr


def test_binding_leaves_the_process_alone() -> None:
    """PATH and find_library are as before."""
    code = """
import ctypes.util, os
before = os.environ["PATH"], ctypes.util.find_library
import pyglet_palace as palace
palace.LoopbackDevice().close()
assert (os.environ["PATH"], ctypes.util.find_library) == before
del os.environ["PATH"]
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_library_bound_by_the_game_is_used() -> None:
    code = """
import warnings
warnings.simplefilter("ignore")  # PyOpenAL's own search leaves some
import openal
import pyglet_palace as palace
from pyglet_palace._openal import functions
assert functions().handle is openal.al_lib.lib
palace.LoopbackDevice().close()
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
