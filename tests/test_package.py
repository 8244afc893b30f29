"""The files that are uploaded to PyPI: a wheel, and an sdist whose own tests run."""

from __future__ import annotations

import ast
import email
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import pyglet_palace as palace

CHECKOUT = Path(palace.__file__).parents[1]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, an sdist and the sdist's unpacked files."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=CHECKOUT, check=True, timeout=60)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
    return folder


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Path:
    """The folder of the unpacked sdist."""
    (folder,) = (path for path in dist.iterdir() if path.is_dir())
    return folder


def files(folder: Path) -> set[str]:
    """The files of a source tree, without what programs leave there."""
    left = {"__pycache__", "build", "dist", "fogbound", "out"}  # ``scripts/play`` leaves fogbound
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in paths if not left & set(path.parts) and path.parts[0][0] != "."}


def test_wheel_has_the_whole_package(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("pyglet_palace/") and "_fogbound" not in name}

    assert inside == {name for name in files(CHECKOUT) if name.startswith("pyglet_palace/")}
    assert "pyglet_palace/py.typed" in inside


def test_freezers_see_every_import() -> None:
    """PyInstaller and Nuitka follow import statements. They do not see a module that is imported by its name.

    The demo is for `python -m`; frozen games leave it out.
    """
    imported, called = set(), set()
    for path in set((CHECKOUT / "pyglet_palace").rglob("*.py")) - {CHECKOUT / "pyglet_palace" / "demo.py"}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Name | ast.Attribute):
                called.add(node.id if isinstance(node, ast.Name) else node.attr)

    assert {"openal", "soundfile", "numpy", "pyglet"} <= imported
    assert not {"import_module", "__import__"} & called


def test_wheel_has_the_game(dist: Path) -> None:
    """It has all that the game needs to run, and not what makes its pictures and sounds."""
    path = next(dist.glob("*.whl"))
    with zipfile.ZipFile(path) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("pyglet_palace/_fogbound/")}

    game = {name for name in files(CHECKOUT) if name.startswith("examples/game/") and "/make_" not in name}
    assert inside == {name.replace("examples/game", "pyglet_palace/_fogbound") for name in game}
    assert path.stat().st_size < 3_000_000


def test_wheel_has_the_pytest_plugin(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        (entry_points,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert "pytest_pyglet_palace.py" in wheel.namelist()

    assert "[pytest11]\npytest_pyglet_palace = pytest_pyglet_palace\n" in entry_points


def test_wheel_has_the_command(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        (entry_points,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "[console_scripts]\npyglet-palace = pyglet_palace.__main__:main\n" in entry_points


def test_description_has_no_dead_links(dist: Path) -> None:
    """PyPI shows the README without the files of the repository."""
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
        metadata = email.message_from_string(wheel.read(name).decode())
    description = metadata.get_payload()

    assert metadata["Author"] == "pyglet_palace maintainers"
    assert "# pyglet_palace" in description
    assert [link for link in re.findall(r"\]\(([^)]*)\)", description) if not re.match("https?:", link)] == []
    assert re.findall(r"!\[", description) == []


def test_sdist_has_what_its_tests_need(sdist: Path) -> None:
    unpacked = files(sdist)

    assert unpacked - {"PKG-INFO"} == files(CHECKOUT)


def test_sdist_tests_run(sdist: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_api.py", "tests/test_formats.py"],
        cwd=sdist,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.returncode == 0, done.stdout


def test_installed_wheel_plays(dist: Path, tmp_path: Path) -> None:
    """The program of the README runs with the installed package, as on the machines of a release check."""
    wheel = next(dist.glob("*.whl"))
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel]
    subprocess.run([sys.executable, *install], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-W", "error", CHECKOUT / "scripts" / "smoke.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "ALSOFT_DRIVERS": "null"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 sounds play, 1 of them from a stream\n"


def test_installed_demo_starts(dist: Path, tmp_path: Path) -> None:
    """It finds the game of the wheel, and prints its options."""
    wheel = next(dist.glob("*.whl"))
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", tmp_path / "site", wheel]
    subprocess.run([sys.executable, *install], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", "from pyglet_palace.demo import game; print(game()); game().main(['--help'])"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "_fogbound" in done.stdout
    assert "Fogbound: a small game to be played by ear" in done.stdout
