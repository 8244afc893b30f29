"""The public names: `__all__`, docstrings, type marker and imports."""

from __future__ import annotations

import ast
import inspect
import types
from pathlib import Path

import pytest

import pyglet_palace as palace
from pyglet_palace import errors

PACKAGE = Path(palace.__file__).parent


def test_all_lists_the_public_names() -> None:
    public = {
        name
        for name in dir(palace)
        if not name.startswith("_")
        and not isinstance(getattr(palace, name), types.ModuleType)
        and name != "annotations"
    }
    assert set(palace.__all__) == public


@pytest.mark.parametrize("name", [name for name in palace.__all__ if inspect.isclass(getattr(palace, name))])
def test_public_members_are_documented(name: str) -> None:
    cls = getattr(palace, name)
    assert inspect.getdoc(cls)
    for member, value in vars(cls).items():
        if not member.startswith("_") and (callable(value) or isinstance(value, (property, staticmethod))):
            assert getattr(value, "__doc__", None), f"{name}.{member}"


def test_errors_docstring_shows_the_tree() -> None:
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and cls.__module__ == errors.__name__:
            assert name in (errors.__doc__ or ""), name
            assert issubclass(cls, palace.PalaceError)


def test_package_has_py_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_pyglet_imports_have_no_effects() -> None:
    """The package imports no pyglet module that opens a window or a device. `codecs` is for users of pyglet.media."""
    safe = {"pyglet", "pyglet.clock", "pyglet.event", "pyglet.resource"}
    for path in set(PACKAGE.rglob("*.py")) - {PACKAGE / "codecs.py"}:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            assert {name for name in names if name.split(".")[0] == "pyglet"} <= safe, path


def test_init_takes_every_context_option() -> None:
    source = ast.parse((PACKAGE / "session.py").read_text("utf-8"))
    (listed,) = (node for node in ast.walk(source) if isinstance(node, ast.ClassDef) and node.name == "ContextOptions")
    names = [line.target.id for line in listed.body if isinstance(line, ast.AnnAssign)]  # type: ignore[union-attr]
    options = inspect.signature(palace.Context).parameters.values()
    assert names == [one.name for one in options if one.kind is one.KEYWORD_ONLY]
