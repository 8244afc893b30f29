"""The command line: ``python -m pyglet_palace``, installed as ``pyglet-palace``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ._command_line.information import show_information

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDS_EXTRA = 'this command needs click and rich: pip install "pyglet-palace[cli]"'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Blocks until it is done.

    Args:
        arguments: The arguments of the command line without the program. None: those of the process.

    Returns:
        The exit status: 0, 1 for problems found, 2 for wrong usage, 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if find_spec("click") and find_spec("rich"):
            from ._command_line.commands import run

            return run(arguments)
        return _without_extra(arguments)
    except KeyboardInterrupt:
        return 130


def _without_extra(arguments: list[str]) -> int:
    """Run the commands that need no extra. `commands` defines all of them and their options."""
    if not arguments:
        return show_information(bell=True)
    if arguments in (["info"], ["info", "--json"]):
        return show_information(as_json="--json" in arguments)
    print(f"pyglet_palace {arguments[0]}: {_NEEDS_EXTRA}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
