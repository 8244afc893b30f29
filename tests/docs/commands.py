"""The commands of a page: lines of its `sh` blocks, and commands within sentences and tables."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

#: Programs of commands. A name in backticks without an argument, such as `pytest`, is no command.
_PROGRAM = re.compile(r"(?:python3?|py|pip|pytest|pyinstaller|\.venv[/\\]\w+[/\\]\w+|scripts/\w+)(?= |$)")


class Command(NamedTuple):
    """A command as the page has it."""

    line: int
    text: str
    in_block: bool

    @property
    def words(self) -> list[str]:
        """The words, with 'python' for each way to write it, and '-m pip' and '-m pytest' for these programs."""
        first, *rest = shlex.split(self.text.replace("\\", "/"), comments=True)
        name = first.rpartition("/")[2]
        if first.startswith("scripts/"):
            return [first, *rest]
        if name in ("pip", "pytest"):
            return ["python", "-m", name, *rest]
        return ["python" if name in ("py", "python3") else name, *rest]


def commands(page: Path) -> list[Command]:
    """The commands of `page`, in order."""
    found = []
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fence = "" if fence else line[3:] or "?"
        elif fence == "sh":
            found.append(Command(number, line, True))
        elif not fence:
            spans = re.findall(r"`([^`]+)`", line)
            found += [Command(number, span, False) for span in spans if _PROGRAM.match(span) and " " in span]
    return found
