"""Definition of the commands and their options. The module imports click, which the extra ``cli`` installs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import Device, PalaceError, __version__
from .information import show_information

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PATH = click.Path(exists=True, path_type=Path)
_KINDS = ("error", "damaged", "silent", "clipping", "silent-head", "misnamed", "stereo", "rate")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pyglet_palace")
@click.pass_context
def commands(context: click.Context) -> int:
    """Sound for pyglet games. Without a command, play a bell from left to right, and print what a bug report needs.

    Exit status: 0, 1 for problems found, 2 for wrong usage, 130 after Ctrl-C.
    """
    return show_information(bell=True) if context.invoked_subcommand is None else 0


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(as_json: bool) -> int:
    """Print what a bug report needs: versions, OpenAL, devices, and what is missing."""
    return show_information(as_json=as_json)


@commands.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=_PATH)
@click.option(
    "--placed",
    multiple=True,
    metavar="GLOB",
    help="Sounds that get a position, as 'step*.wav' or '*/effects/*'. Repeatable.",
)
@click.option("--ignore", multiple=True, type=click.Choice(_KINDS), help="Leave out a kind of finding. Repeatable.")
@click.option("--strict", is_flag=True, help="Exit with 1 for notes, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(
    paths: tuple[Path, ...], placed: tuple[str, ...], ignore: tuple[str, ...], strict: bool, as_json: bool
) -> int:
    """Load every sound in files, folders and zips as a game would, and report what is wrong.

    Problems: errors, damage, silence, clipping, 20 ms of silence at the start of a sound under 10 s, contents that the
    name does not stand for, and sounds with several channels that match --placed. Notes: several channels in a sound
    under 10 s if --placed is not given, and rates other than 44100 and 48000 Hz.
    """
    from .checking import Options, check_sounds, find_sounds
    from .screen import counting, show_report

    groups = find_sounds(paths)
    with counting(sum(len(group.names) for group in groups)) as advance:
        report = check_sounds(groups, Options(placed, ignore), advance)
    if not report.sounds:
        raise click.ClickException(f"no sounds in {', '.join(map(str, paths))}")
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        show_report(report)
    return 1 if report.count(problems=True) or (strict and report.count(problems=False)) else 0


@commands.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=_FILE)
@click.option("--loop", is_flag=True, help="Repeat each file, at its loop points.")
@click.option("--volume", type=click.FloatRange(0, 100), default=100, show_default=True, help="Percent.")
@click.option("--device", default="", metavar="NAME", help="One of the devices that 'info' lists.")
def play(files: tuple[Path, ...], loop: bool, volume: float, device: str) -> int:
    """Play files. Keys: left and right arrow 5 seconds back and ahead, space pause, n next file, q quit."""
    from .keys import Keys
    from .playing import play_files
    from .screen import PlayerDisplay

    with Device(device) as output, PlayerDisplay() as display, Keys() as keys:
        return play_files(files, output, keys, display, loop=loop, volume=volume / 100)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return the exit status."""
    try:
        status: int = commands.main(list(arguments), standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Ctrl-C
        return 130
    except PalaceError as error:
        print(error, file=sys.stderr)
        return 1
    return status
