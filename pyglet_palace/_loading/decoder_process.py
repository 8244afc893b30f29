"""Decoder process: a Python process that opens and decodes files, and the socket to it.

Decoding in another process needs the interpreter of the game's process only when a block of results arrives. A thread
that decodes needs it several times a file, and waits up to 5 ms each time beside a busy main thread.

The game's process sends lists of requests, pickled. The decoder process (`decoder_main`) answers with blocks: 4096
bytes of JSON, a list of events, followed by the samples of its results. The receiver allocates the arrays and receives
into all of them by one system call. No memory is shared, no file is written, and the socket ends with either process.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

from .._common import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._decoding.pcm import Array

#: Bytes of a block of events.
BLOCK_BYTES = 4096
#: For `send`. Without it, a game that has restored the default of SIGPIPE ends with its decoder process.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
#: Seconds that `receive` waits for a block.
_RECEIVE_SECONDS = 0.1
#: Seconds to wait for the end of a process that has closed its socket, and of one that was killed.
_OWN_END_SECONDS, _END_SECONDS = 0.2, 1.0

#: The modules that the process imports besides the standard library and this package.
_LIBRARIES = ("soundfile", "_cffi_backend", "numpy", "pyglet")

#: The program. It does not run ``pyglet_palace/__init__.py``, which imports all of the package and takes 4 MB. The
#: standard library stays first: the game may have modules with the names of standard ones that it has imported before.
_PROGRAM = """
import sys, types
descriptor, folder, *path = sys.argv[1:]
sys.path += path
package = sys.modules["pyglet_palace"] = types.ModuleType("pyglet_palace")
package.__path__ = [folder]
from pyglet_palace._loading.priority import lower_priority
lower_priority()  # before the imports that take long
from pyglet_palace._loading.decoder_main import main
main(int(descriptor))
"""


def why_not() -> str:
    """Return why this process cannot start decoder processes; '' if it can."""
    if sys.platform in ("win32", "emscripten", "wasi") or not hasattr(socket.socket, "recvmsg_into"):
        return f"they need Unix sockets, which Python does not have on {sys.platform}"
    if getattr(sys, "frozen", False) or "__compiled__" in globals():
        return "the game is frozen, and has no Python interpreter to start"
    if not os.path.basename(sys.executable or "").lower().startswith(("python", "pypy")):
        return f"sys.executable is {sys.executable!r}, which is not a Python interpreter"
    return ""


#: The sockets of this process, and the decoder processes that it has started.
_sockets: WeakSet[socket.socket] = WeakSet()
_started: WeakSet[subprocess.Popen[bytes]] = WeakSet()


def _forget_after_fork() -> None:
    """Close the sockets in the child of a fork. With its copies open, the end of a process would go unnoticed."""
    for each in list(_sockets):
        each.close()
    for process in list(_started):
        process.returncode = 0  # it is not a child of this process


registry.call_after_fork(_forget_after_fork)


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets. The second one has a descriptor above those of the standard streams.

    If the game has none of these, a socket could take the place of one, and would be replaced in the process.
    """
    import fcntl  # Windows has none

    ours, other = socket.socketpair()
    _sockets.update((ours, other))
    if other.fileno() < 3:
        low, other = other, socket.socket(fileno=fcntl.fcntl(other.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))
        _sockets.add(other)
        low.close()
    return ours, other


def _library_folders() -> list[str]:
    """Return the folders that this process has imported the libraries from."""
    folders: list[str] = []
    for name in _LIBRARIES:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file:
            folder = os.path.dirname(file)
            folders.append(os.path.dirname(folder) if hasattr(module, "__path__") else folder)
    return folders


class BrokenProcess(Exception):
    """The process has ended, or sends what is not in the protocol."""


class DecoderProcess:
    """A running decoder process. One thread uses it; any thread may call `kill`."""

    def __init__(self) -> None:
        """Start the process. Takes a millisecond; the process is ready after 0.1 to 0.3 s.

        Raises:
            OSError: The system cannot start a process.
        """
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # The game may have put a module with the name of a library into a folder since it has imported the library.
        path = [os.path.abspath(entry) for entry in (*_library_folders(), *sys.path) if isinstance(entry, str)]
        self._socket, other = _socket_pair()
        # -I and -S: neither the environment nor a site-packages folder of another Python changes the search path.
        command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(other.fileno()), folder, *path]
        try:
            # In a session of its own it gets no Ctrl-C of the terminal, which a starting Python would print.
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
            _started.add(self._process)
        except BaseException:
            self._socket.close()
            raise
        finally:
            other.close()
        seconds = struct.pack("ll", 0, int(_RECEIVE_SECONDS * 1e6))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def send(self, requests: Sequence[tuple[Any, ...]]) -> None:
        """Send requests.

        Args:
            requests: ('decode', number, resource, limit, supported), ('drop', number), ('sizes', number, resources) or,
                for all decodes that follow, ('disk cache', folder, limit).

        Raises:
            BrokenProcess
        """
        data = pickle.dumps(requests)
        try:
            self._socket.sendall(struct.pack("<I", len(data)) + data, _NO_SIGNAL)
        except OSError as error:
            raise BrokenProcess(str(error)) from error

    def receive(self) -> list[list[Any]]:
        """Return the events of the next block; none if no block comes for 0.1 s.

        Raises:
            BrokenProcess
        """
        block = bytearray(BLOCK_BYTES)
        if not self._receive([memoryview(block)], patient=False):
            return []
        try:
            events: list[list[Any]] = json.loads(block)
            if not events or not all(isinstance(event, list) and event for event in events):
                raise ValueError
        except (ValueError, TypeError, RecursionError):
            raise BrokenProcess("it sends nonsense") from None
        return events

    def receive_into(self, arrays: Iterable[Array]) -> None:
        """Receive the samples of the last block's results. Blocks until they are there.

        Raises:
            BrokenProcess
        """
        views = [memoryview(cast("Any", array)).cast("B") for array in arrays]
        if views:
            self._receive(views, patient=True)

    def _receive(self, left: list[memoryview], *, patient: bool) -> bool:
        """Fill the memory. Returns False if nothing has arrived in time; with `patient`, wait on."""
        while left:
            try:
                count = self._socket.recvmsg_into(left, 0, socket.MSG_WAITALL)[0]
            except BlockingIOError:
                if patient:
                    continue
                return False
            except OSError as error:
                raise BrokenProcess(str(error)) from error
            if not count:
                raise BrokenProcess("it has ended")
            patient = True
            while left and count >= len(left[0]):
                count -= len(left.pop(0))
            if left:
                left[0] = left[0][count:]
        return True

    def kill(self) -> None:
        """End the process, also if it is stopped or blocked. A call that waits for it raises. Does not block."""
        try:
            self._process.kill()
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> str:
        """End the process and return how it ended, for an error. May block for a second."""
        try:
            self._process.wait(_OWN_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._socket.close()
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it is inside of the kernel; `subprocess` collects it later
            return "it does not end"
        if status >= 0:
            return f"exit status {status}"
        try:
            return signal.Signals(-status).name
        except ValueError:
            return f"signal {-status}"
