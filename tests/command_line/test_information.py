"""`info` and the command without arguments: what a bug report needs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import pyglet_palace as palace
from pyglet_palace.__main__ import main
from pyglet_palace._command_line.information import collect
from tests.command_line.processes import CHECKOUT, run

KEYS = ["versions", "openal", "device", "devices", "extensions", "environment", "missing", "playable"]

#: OpenAL Soft ignores unknown drivers, so that it finds no device.
NO_DEVICE = "no-such-driver"
#: The start of the error about a missing library.
NO_LIBRARY = "PYGLET_PALACE_OPENAL is '/no/such/library.so', which cannot be loaded"


@pytest.mark.parametrize("extra", [True, False])
def test_info_reports_the_system(extra: bool) -> None:
    status, output, errors = run("info", extra=extra)

    assert (status, errors) == (0, "")
    for part in (palace.__version__, sys.executable, "libsndfile", "1.1 ALSOFT", "ALSOFT_DRIVERS=null", "No Output"):
        assert part in output


def test_json_has_the_same_contents() -> None:
    status, output, _ = run("info", "--json", extra=False)
    information = json.loads(output)

    assert (status, list(information)) == (0, KEYS)
    assert information["versions"]["pyglet_palace"] == palace.__version__
    assert information["openal"]["version"].startswith("1.1 ALSOFT")
    assert information["extensions"]["ALC_SOFT_loopback"] is True
    assert information["environment"]["ALSOFT_DRIVERS"] == "null"


@pytest.mark.parametrize("command", [["info"], []])
@pytest.mark.parametrize("extra", [True, False])
def test_without_device_the_cure_is_named(command: list[str], extra: bool) -> None:
    status, output, errors = run(*command, drivers=NO_DEVICE, extra=extra)

    assert (status, errors) == (1, "")
    assert "a sound device: " in output
    assert "1.1 ALSOFT" in output
    assert "default device  none" in output


@pytest.mark.parametrize("command", [["info"], []])
@pytest.mark.parametrize("extra", [True, False])
def test_without_library_the_cure_is_named(command: list[str], extra: bool) -> None:
    status, output, errors = run(*command, extra=extra, PYGLET_PALACE_OPENAL="/no/such/library.so")

    assert (status, errors) == (1, "")
    assert f"OpenAL: {NO_LIBRARY}" in output
    assert "Correct or unset the variable." in output


def test_check_without_library_names_the_cure() -> None:
    status, output, errors = run("check", CHECKOUT / "tests" / "corpus", PYGLET_PALACE_OPENAL="/no/such/library.so")
    assert (status, output) == (1, "")
    assert errors.startswith(NO_LIBRARY)


@pytest.mark.parametrize("command", [["check", "."], ["play", "a.wav"], ["no-such-command"], ["info", "--yaml"]])
def test_other_commands_name_the_extra(command: list[str]) -> None:
    status, output, errors = run(*command, extra=False)
    assert (status, output) == (2, "")
    assert errors.endswith('pip install "pyglet-palace[cli]"\n')


def test_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name == "rich":
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    assert "the commands check and play" not in collect().missing
    monkeypatch.setattr(metadata, "version", version)
    assert collect().missing["the commands check and play"] == 'pip install "pyglet-palace[cli]"'


def test_bell_rings_before_the_report() -> None:
    status, output, errors = run(extra=False)
    assert (status, errors) == (0, "")
    assert output.startswith("A bell rings from left to right.\n\npyglet_palace")


def test_unknown_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-command"]) == 2
    assert "no-such-command" in capsys.readouterr().err


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    output = capsys.readouterr().out
    assert all(f"  {command} " in output for command in ("check", "info", "play"))


def test_import_leaves_the_command_line_out() -> None:
    left_out = "{'click', 'rich', 'pyglet_palace._command_line'}"
    program = f"import sys, pyglet_palace; print({left_out} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_bell_passes_from_left_to_right(context: palace.Context, device: palace.LoopbackDevice) -> None:
    from pyglet_palace._command_line.bell import SECONDS, ring

    heard = []

    def wait() -> None:
        heard.append(device.render(735))
        context.update()

    ring(context, wait)
    samples = np.concatenate(heard).astype(float)
    tenth = len(samples) // 10
    level = [np.sqrt(np.mean(samples[start : start + tenth] ** 2, axis=0)) for start in (0, 9 * tenth)]

    assert len(samples) == pytest.approx(SECONDS * device.frequency, abs=2 * 735)
    assert level[0][0] > 3 * level[0][1]
    assert level[1][1] > 3 * level[1][0]
    assert 0.2 < np.abs(samples).max() < 0.9
