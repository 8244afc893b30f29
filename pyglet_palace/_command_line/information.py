"""The contents of a bug report: versions, library, devices, and what is missing. Needs neither click nor rich."""

from __future__ import annotations

import json
import os
import platform
import sys
import textwrap
import time
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from .. import Context, Device, DeviceError, LoopbackDevice, OpenALNotFound, __version__, device_names

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Packages whose versions matter, by the names under which they are installed.
_PACKAGES = ("pyglet", "arcade", "PyOpenAL", "cyal", "PyALSoft", "soundfile", "numpy", "click", "rich")

#: ALC and AL extensions, and what the package does without them.
_EXTENSIONS = {
    "ALC_EXT_thread_local_context": "pyglet.media and this package cannot play at the same time",
    "ALC_EXT_EFX": "no effects and no filters",
    "ALC_SOFT_HRTF": "no HRTF",
    "ALC_SOFT_loopback": "no rendering, and no silent device",
    "ALC_SOFT_device_clock": "ends of sounds are found later",
    "ALC_EXT_disconnect": "a lost device is not noticed",
    "ALC_SOFT_reopen_device": "Device.move fails, the default is not followed, a lost device is not replaced",
    "ALC_SOFT_pause_device": "pause_dsp does nothing",
    "AL_EXT_STATIC_BUFFER": "samples are copied",
    "AL_SOFT_loop_points": "no loop points",
    "AL_EXT_FLOAT32": "no 32-bit samples",
    "AL_EXT_MCFORMATS": "no more than two channels",
    "AL_SOFT_source_spatialize": "stereo sounds cannot be placed",
    "AL_SOFT_source_resampler": "no choice of resamplers",
    "AL_SOFT_source_latency": "latency is 0",
    "AL_SOFT_deferred_updates": "start_batch does nothing",
}
#: Environment variables of OpenAL Soft, pyglet, this package, sound servers and loaders of libraries.
_VARIABLES = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_RUNTIME_DIR",
    "PULSE_SERVER",
    "PULSE_SINK",
    "PIPEWIRE_REMOTE",
)
_VARIABLE_PREFIXES = ("ALSOFT_", "__ALSOFT_", "PYGLET_")

_NO_DEVICE = {
    "linux": "start a sound server (PipeWire or PulseAudio), and check the output of `aplay -l`. "
    "In a container or over SSH there is none: ALSOFT_DRIVERS=null plays silently",
    "darwin": "choose an output device in System Settings, Sound",
    "win32": "choose an output device in Settings, System, Sound",
}
_NEW_OPENAL = 'install OpenAL Soft 1.23 or newer: pip install "pyglet-palace[openal]"'
_OTHER_OPENAL = "PYGLET_PALACE_OPENAL chooses an old library; unset it, or let it name OpenAL Soft 1.23 or newer"
_CLI = 'pip install "pyglet-palace[cli]"'


@dataclass
class Information:
    """What `info` prints.

    Attributes:
        versions: Versions by the name of a program or package; None for one that is not installed.
        openal: Path and version of the library; empty without one.
        device: Properties of the default device; empty if it cannot be opened.
        devices: Full names of the playback devices, the default first.
        extensions: Whether OpenAL has each extension; empty without a library.
        environment: Environment variables that are set.
        missing: What is missing, and how to get it.
        playable: Whether a sound can be played.
    """

    versions: dict[str, str | None]
    openal: dict[str, str] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    extensions: dict[str, bool] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    playable: bool = False

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report."""
        hrtf = self.device.get("hrtf") or "off"
        rows: list[tuple[str, list[str]]] = [
            *((name, [version or "not installed"]) for name, version in self.versions.items()),
            ("OpenAL", [*self.openal.values()]),
            ("devices", self.devices),
            ("default device", [f"{self.device['name']}, {self.device['frequency']} Hz"] if self.device else []),
            ("HRTF", [f"{hrtf}; available: {', '.join(self.device['hrtf_names']) or 'none'}"] if self.device else []),
            ("extensions", textwrap.wrap(", ".join(name for name, has in self.extensions.items() if has), 80)),
            ("not available", [f"{name}: {_EXTENSIONS[name]}" for name, has in self.extensions.items() if not has]),
            ("environment", [f"{name}={value}" for name, value in self.environment.items()]),
            ("missing", [f"{what}: {cure}" for what, cure in self.missing.items()]),
        ]
        for title, values in rows:
            lines = [line for value in values for line in value.splitlines()] or ["none"]
            yield f"{title:<15} {lines[0]}"
            yield from (f"{'':<15} {line}" for line in lines[1:])


def show_information(*, bell: bool = False, as_json: bool = False) -> int:
    """Print the report, after the bell if it is wanted. Blocks meanwhile.

    Returns:
        0, or 1 if no sound can be played.
    """
    information = collect(bell=bell)
    if as_json:
        print(json.dumps(asdict(information), indent=2))
    else:
        print("\n".join(information.lines()))
    return 0 if information.playable else 1


def collect(*, bell: bool = False) -> Information:
    """Return the report. With `bell`, play the bell on the default device first."""
    found = Information(dict(_versions()))
    found.environment = {
        name: os.environ[name]
        for name in sorted(os.environ)
        if name in _VARIABLES or name.startswith(_VARIABLE_PREFIXES)
    }
    try:
        _examine_devices(found, bell)
    except OpenALNotFound as error:
        found.missing["OpenAL"] = str(error)
    except (ImportError, OSError) as error:  # soundfile has no libsndfile, or a dependency is not installed
        found.missing["a library"] = f"{error}; install this package again: pip install --force-reinstall pyglet-palace"
    if not (found.versions["click"] and found.versions["rich"]):
        found.missing["the commands check and play"] = _CLI
    return found


def _versions() -> Iterator[tuple[str, str | None]]:
    yield "pyglet_palace", __version__
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    yield "system", platform.platform()
    for name in _PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, None
    try:
        import soundfile

        yield "libsndfile", soundfile.__libsndfile_version__
    except (ImportError, OSError):
        yield "libsndfile", None


def _examine_devices(found: Information, bell: bool) -> None:
    found.devices = list(device_names.full)
    try:
        with Device() as device, Context(device, auto_update=False) as context:
            found.playable = True
            if bell:
                _ring(context)
            found.device = {
                "name": device.name,
                "frequency": device.frequency,
                "alc_version": device.alc_version,
                "efx_version": device.efx_version,
                "max_auxiliary_sends": device.max_auxiliary_sends,
                "hrtf": device.current_hrtf,
                "hrtf_names": device.hrtf_names,
            }
            _examine_library(found, context)
            if device.name.endswith("No Output"):
                found.missing["a device that is heard"] = "the driver 'null' plays silently; unset ALSOFT_DRIVERS"
    except DeviceError as error:
        system = next((text for system, text in _NO_DEVICE.items() if sys.platform.startswith(system)), str(error))
        found.missing["a sound device"] = system
        try:
            with LoopbackDevice() as device, Context(device, auto_update=False) as context:
                _examine_library(found, context)
        except DeviceError:
            pass  # a library without loopback devices tells nothing without a device


def _examine_library(found: Information, context: Context) -> None:
    found.openal = {"version": context.openal_version, "library": context.openal_library}
    found.extensions = {
        name: (context.device if name.startswith("ALC_") else context).query_extension(name) for name in _EXTENSIONS
    }
    if not found.extensions["ALC_EXT_thread_local_context"] or not found.extensions["AL_EXT_STATIC_BUFFER"]:
        chosen = "PYGLET_PALACE_OPENAL" in os.environ
        found.missing["a newer OpenAL"] = _OTHER_OPENAL if chosen else _NEW_OPENAL


def _ring(context: Context) -> None:
    from .bell import ring  # imports numpy

    def wait() -> None:
        context.update()
        time.sleep(1 / 60)

    print("A bell rings from left to right.\n", flush=True)
    ring(context, wait)
