"""What a game frozen by PyInstaller needs beside the modules that PyInstaller sees: an OpenAL library.

The libraries keep their folders, where ``_openal/library.py`` searches them. PyInstaller has hooks of its own for
soundfile, numpy and pyglet.
"""

from PyInstaller.depend.bindepend import resolve_library_path
from PyInstaller.log import getLogger
from PyInstaller.utils.hooks import can_import_module, collect_dynamic_libs

_LIBRARIES = ["libopenal.so.1", "libopenal.dylib", "libopenal.1.dylib", "OpenAL32.dll", "soft_oal.dll"]

binaries = [
    library
    for package in ("cyal", "pyalsoft")
    if can_import_module(package)
    for library in collect_dynamic_libs(package, search_patterns=_LIBRARIES)
]
if not binaries:
    system = resolve_library_path("libopenal.so.1")
    if system:
        binaries = [(system, ".")]
    else:
        getLogger(__name__).warning('no OpenAL to bundle: pip install "pyglet-palace[openal]", and freeze again')
