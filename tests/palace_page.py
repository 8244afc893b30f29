"""docs/coming-from/palace.md, read: what palace 0.2.2 has, and what is here."""

from __future__ import annotations

import ast
import inspect
import io
import math
from pathlib import Path
from typing import Any, NamedTuple

import pyglet_palace as palace
from pyglet_palace.source import _sends

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coming-from" / "palace.md"

#: Classes that are reached through others, and exported by neither.
REACHED = {
    "DeviceNames": type(palace.device_names),
    "SendPath": _sends.Send,
    "AuxiliarySends": _sends.AuxiliarySends,
    "DecoderNamespace": type(palace.decoder_factories),
}

#: What values on the page may be written with.
_WORDS = {"io": io, "pi": math.pi, "FLT_MAX": (2 - 2**-23) * 2.0**127}


class Row(NamedTuple):
    """A row of one of the page's tables: the section it is in, and its cells by what stands above them."""

    section: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:  # type: ignore[override]
        return self.cells.get(column, "")

    @property
    def name(self) -> str:
        """What palace calls it; of a function without its parameters."""
        return next(iter(self.cells.values())).split("(")[0]

    def __repr__(self) -> str:
        return f"{self.section}.{self.name}"


def rows(first_column: str) -> list[Row]:
    """The rows of the page's tables whose first column is `first_column`."""
    found: list[Row] = []
    section, columns = "", None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if columns is None:
            columns = cells
        elif columns[0] == first_column and not set(line) <= set("|- "):
            assert len(cells) == len(columns), line
            found.append(Row(section, dict(zip(columns, cells, strict=True))))
    return found


CONSTANTS = [row for row in rows("name") if row.section == "Names"]
FUNCTIONS = rows("palace 0.2.2")
PROPERTIES = rows("property")


def value_of(text: str) -> Any:
    """What is written on the page as a value."""
    return eval(text, dict(_WORDS))


def class_of(section: str) -> type:
    """The class here that a section is about."""
    cls: type = REACHED.get(section) or getattr(palace, section)
    return cls


def written(signature: str) -> list[tuple[str, Any, Any]]:
    """The parameters of a signature on the page: name, kind, default."""
    (function,) = ast.parse(f"def {signature}: pass").body
    namespace: dict[str, Any] = dict(_WORDS)
    exec(compile(ast.Module([function], []), str(PAGE), "exec"), namespace)
    return _parameters(inspect.signature(namespace[signature.split("(")[0]]))


def found(row: Row) -> list[tuple[str, Any, Any]]:
    """The parameters in the package of what stands in the row's column 'here': name, kind, default."""
    name = row["here"].split("(")[0]
    if row.section == "Functions":
        return _parameters(inspect.signature(getattr(palace, name)))
    cls = class_of(row.section)
    if name == row.section:
        return _parameters(inspect.signature(cls))
    parameters = _parameters(inspect.signature(getattr(cls, name)))
    return parameters if isinstance(inspect.getattr_static(cls, name), staticmethod) else parameters[1:]


def _parameters(signature: inspect.Signature) -> list[tuple[str, Any, Any]]:
    return [(one.name, one.kind, one.default) for one in signature.parameters.values()]


def access(cls: type, name: str) -> str:
    """'get', 'set' or 'get, set': how a property of `cls` may be used."""
    attribute = inspect.getattr_static(cls, name, None)
    if name in cls.__annotations__ and not hasattr(attribute, "__get__"):
        return "get"  # an attribute that a subclass sets
    if isinstance(attribute, property):
        may = {"get": attribute.fget is not None, "set": attribute.fset is not None}
    else:
        may = {"get": hasattr(attribute, "__get__"), "set": hasattr(attribute, "__set__")}
    return ", ".join(how for how in may if may[how])
