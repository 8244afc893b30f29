"""Type checkers accept what games write: the whole API, the examples and the pages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import pyglet_palace as palace
from tests.docs.run_page import files, python_blocks

CHECKOUT = Path(palace.__file__).parents[1]
WHOLE_API = Path(__file__).with_name("whole_api.py")


def pyright(folder: Path, files: list[Path]) -> list[str]:
    """The errors that pyright finds in `files`, with its own default rules."""
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"include": list(map(str, files)), "typeCheckingMode": "standard", "extraPaths": [str(CHECKOUT)]})
    )
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(files)
    return [
        f"{Path(found['file']).name}:{found['range']['start']['line'] + 1}: {found['message']}"
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    ]


def test_every_name_is_used() -> None:
    text = WHOLE_API.read_text()
    assert [name for name in palace.__all__ if f"palace.{name}" not in text] == []


def test_pyright_accepts_games(tmp_path: Path) -> None:
    pages = []
    for page in [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]:
        blocks = python_blocks(page)
        if blocks:
            pages.append(tmp_path / f"{page.stem}.py")
            pages[-1].write_text("\n".join(block for _, block in blocks))
        for name, text in files(page).items():
            pages.append(tmp_path / name)
            pages[-1].parent.mkdir(exist_ok=True)
            pages[-1].write_text(text)

    assert pyright(tmp_path, [WHOLE_API, *pages, *(CHECKOUT / "examples").glob("*.py")]) == []


@pytest.mark.parametrize("line", ["palace.Source().position = 'here'", "palace.cache(1)", "palace.Context()"])
def test_pyright_finds_mistakes(tmp_path: Path, line: str) -> None:
    program = tmp_path / "mistake.py"
    program.write_text(f"import pyglet_palace as palace\n{line}\n")

    assert len(pyright(tmp_path, [program])) == 1


def test_mypy_accepts_games(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(WHOLE_API)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=100)

    assert done.stdout.startswith("Success"), done.stdout
