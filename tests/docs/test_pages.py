"""The README and the pages in docs: their Python blocks run, their links lead somewhere, their names exist.

Each page runs in a process of its own, on the virtual screen and the recorded sound device of the examples' tests.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from pyglet_palace.testing import Recorder
from tests import sounds
from tests.docs.run_page import python_blocks
from tests.game.test_examples import Run, no_input
from tests.game.test_game import CHECKOUT

if TYPE_CHECKING:
    from tests.game.test_game import Screen

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]

#: The languages of blocks. Python runs; the others show commands, output, settings, and the site's own directives.
LANGUAGES = {"python", "sh", "text", "toml", "{toctree}", "{literalinclude}"}

#: The sounds that the pages name.
SOUNDS = ["door.wav", "engine.ogg", "horn.ogg", "next.ogg", "storm.ogg", "theme.ogg"]

#: Variables of the pages, and the classes of their values.
VARIABLES = {
    "batch": palace.Batch,
    "buffer": palace.Buffer,
    "context": palace.Context,
    "decoder": palace.Decoder,
    "device": palace.Device,
    "sound": Recorder,
    "source": palace.Source,
}


def name_of(page: Path) -> str:
    return page.relative_to(CHECKOUT).with_suffix("").as_posix()


def run(page: Path, screen: Screen, folder: Path) -> Run:
    """Run the blocks of `page` in `folder`, which gets the files that the pages name."""
    for name in SOUNDS:
        sounds.write(folder / name, sounds.tone(0.5))
        sounds.write(folder / "assets" / name, sounds.tone(0.5))
    (folder / "assets" / "alarm.beep").write_bytes(b"BEEP" + bytes(8820))
    with zipfile.ZipFile(folder / "assets.dat", "w") as archive:
        archive.write(folder / "storm.ogg", "storm.ogg")
    program = folder / "program.py"
    program.write_text(
        f"import sys\nsys.path.insert(0, {str(CHECKOUT)!r})\n"
        f"from tests.docs.run_page import run_page\nrun_page({str(page)!r})\n"
    )
    return Run(program, screen, folder, no_input)


@pytest.fixture(scope="module")
def readme(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the README, for the tests that need one."""
    return run(CHECKOUT / "README.md", screen, tmp_path_factory.mktemp("readme"))


def broken(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(f"# Title\n\n```python\nimport pyglet\n\n{text}\n```\n")
    return page


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=name_of)
def test_blocks_run(page: Path, screen: Screen, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every block runs without an error, a warning or a logged warning, and prints the comment beside its `print`."""
    done = request.getfixturevalue("readme") if page.name == "README.md" else run(page, screen, tmp_path)

    assert (done.code, done.errors) == (0, "")
    for _, block in python_blocks(page):
        for comment in re.findall(r"print\(.*\) +# (.*)", block):
            assert f"{comment}\n" in done.output


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_have_a_known_language(page: Path) -> None:
    """So that no Python goes unnoticed by `test_blocks_run`."""
    openings = re.findall(r"^```(\S*)", page.read_text(encoding="utf-8"), re.MULTILINE)[::2]
    assert set(openings) <= LANGUAGES


def test_readme_program_is_heard(readme: Run) -> None:
    assert readme.loudness.max() > 0.1


def test_raising_block_fails(screen: Screen, tmp_path: Path) -> None:
    done = run(broken(tmp_path, "pyglet.no_such_name"), screen, tmp_path)
    assert done.code == 1
    assert 'page.md", line 6' in done.errors


def test_raising_handler_fails(screen: Screen, tmp_path: Path) -> None:
    handler = "@pyglet.window.Window().event\ndef on_key_press(symbol, modifiers):\n    1 / 0\n\npyglet.app.run()"
    done = run(broken(tmp_path, handler), screen, tmp_path)
    assert done.code == 1
    assert "ZeroDivisionError" in done.errors


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of `page`, as GitHub forms them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_exist(page: Path) -> None:
    """In code within sentences: attributes of `palace`, of public classes, and of variables named like a class.

    The first column of a table in `coming-from` has names of another library.
    """
    text = page.read_text(encoding="utf-8")
    if page.parent.name == "coming-from" and page.stem != "palace":
        text = re.sub(r"^\| [^|]*\|", "|", text, flags=re.MULTILINE)
    code = "\n".join(re.findall(r"`([^`\n]+)`", text))
    for owner, name in re.findall(r"(?<![\w.])(\w+)\.([a-z_]\w*)", code):
        if owner == "palace" or owner in palace.__all__ or owner in VARIABLES:
            thing = palace if owner == "palace" else VARIABLES.get(owner) or getattr(palace, owner)
            assert hasattr(thing, name), f"{owner}.{name}"


def test_pictures_are_drawn_and_shown() -> None:
    drawn = re.findall(r'save\(figure, "([\w-]+)"\)', (CHECKOUT / "docs" / "pictures" / "draw.py").read_text())
    shown = re.findall(r"pictures/([\w-]+)\.svg", "".join(page.read_text(encoding="utf-8") for page in PAGES))
    files = [picture.stem for picture in (CHECKOUT / "docs" / "pictures").glob("*.svg")]
    assert sorted(drawn) == sorted(shown) == sorted(files)
