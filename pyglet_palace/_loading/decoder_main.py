"""Main program of a decoder process (`DecoderProcess`): decodes the files that the game's process asks for.

Three threads share the work. The reader receives requests and ends the process when the game's process has closed the
socket or has died, also in the middle of a decode. The main thread decodes. The sender sends results, so that decoding
goes on while the game's process is too busy to receive them.

Only samples of files that decode without an error or a warning are sent. For any other file the process answers
'declined'. A thread of the game's process then loads the file again, and reports what is wrong with it. It is also the
answer for a long sound that the disk cache has: the game's process maps it, which is faster than a copy.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from .._decoding.disk_cache import ALWAYS_MAPPED, DiskCache
from .._decoding.load import Settings, load
from .decoder_process import BLOCK_BYTES
from .disk_writer import DiskWriter

if TYPE_CHECKING:
    from .._decoding.pcm import Samples
    from ..resources import Resource

#: Bytes of samples that wait to be sent, beyond which decoding pauses.
_MOST_UNSENT = 32 * 1024 * 1024
#: Seconds between two reports on the progress of one sound.
_REPORT_SECONDS = 0.03
#: Characters of a warning. JSON makes up to 6 of one, and all must fit into a block.
_MOST_TEXT = BLOCK_BYTES // 8


class _Warnings(logging.Handler):
    """Notes that the package has logged a warning about a file. Sends warnings about the disk cache."""

    def __init__(self, outbox: _Outbox) -> None:
        super().__init__(logging.WARNING)
        self.seen = False
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == threading.main_thread().ident:
            self.seen = True
        else:
            self._outbox.put("warning", record.getMessage()[:_MOST_TEXT])


class _Outbox:
    """Events and samples to send, oldest first."""

    def __init__(self) -> None:
        # The lock protects the attributes below. No file is read and nothing is sent while it is held.
        self._changed = threading.Condition()
        #: Events as JSON.
        self._events: deque[tuple[str, Samples | None]] = deque()
        self._unsent = 0

    def put(self, *event: Any, samples: Samples | None = None) -> None:
        """Add an event. Blocks while too many samples wait, if it has samples itself."""
        with self._changed:
            while samples is not None and self._unsent > _MOST_UNSENT:
                self._changed.wait()
            self._events.append((json.dumps(event), samples))
            if samples is not None:
                self._unsent += samples.data.nbytes
            self._changed.notify_all()

    def take(self) -> tuple[bytes, list[Samples]]:
        """Remove and return a block of events, and the samples of its results. Blocks while there are no events."""
        with self._changed:
            while not self._events:
                self._changed.wait()
            texts: list[str] = []
            taken: list[Samples] = []
            length = 2
            while self._events and length + len(self._events[0][0]) + 1 <= BLOCK_BYTES:
                text, samples = self._events.popleft()
                length += len(text) + 1
                texts.append(text)
                if samples is not None:
                    taken.append(samples)
            return f"[{','.join(texts)}]".encode().ljust(BLOCK_BYTES), taken

    def sent(self, size: int) -> None:
        """Note that `size` bytes of samples were sent."""
        with self._changed:
            self._unsent -= size
            self._changed.notify_all()


class _ReportingWriter(DiskWriter):
    """A disk cache that reports what it writes, so that the game's process can count it."""

    def __init__(self, folder: str, limit: int, outbox: _Outbox) -> None:
        super().__init__(DiskCache(folder, limit), lambda done: outbox.put("written", done))
        self._outbox = outbox

    def put(self, key: str, samples: Samples) -> bool:
        accepted = super().put(key, samples)
        if accepted:
            self._outbox.put("writing")
        return accepted


class _Requests:
    """Requested decodes, next first."""

    def __init__(self) -> None:
        # The lock protects the attributes below.
        self._changed = threading.Condition()
        self._queue: deque[tuple[int, Resource, Settings]] = deque()
        self._dropped: set[int] = set()

    def put(self, number: int, resource: Resource, settings: Settings) -> None:
        """Add a request."""
        with self._changed:
            self._queue.append((number, resource, settings))
            self._changed.notify()

    def take(self) -> tuple[int, Resource, Settings]:
        """Remove and return the next request. Blocks while there is none."""
        with self._changed:
            while not self._queue:
                self._dropped.clear()  # their requests were answered
                self._changed.wait()
            return self._queue.popleft()

    def drop(self, number: int) -> None:
        """Answer a request without a decode, or end its decode early."""
        with self._changed:
            self._dropped.add(number)

    def is_wanted(self, number: int) -> bool:
        """Return whether a request was not dropped."""
        return number not in self._dropped


class _Progress:
    """Callbacks of a load (`_decoding.load.Progress`) that report its progress thirty times a second."""

    def __init__(self, number: int, requests: _Requests, outbox: _Outbox) -> None:
        self._number = number
        self._requests = requests
        self._outbox = outbox
        self._reported = time.monotonic()
        self._share = 0.0
        self._memory = 0
        self._samples = 0
        self.codec = ""

    def opened(self, size: int) -> None: ...

    def allocated(self, size: int) -> None:
        self._memory = size

    def described(self, codec: str, samples: int) -> None:
        self.codec = codec
        self._samples = samples

    def decoded(self, share: float) -> None:
        self._share = share

    def is_wanted(self) -> bool:
        now = time.monotonic()
        if now - self._reported > _REPORT_SECONDS:
            self._reported = now
            self._outbox.put("progress", self._number, self._share, self._memory, self.codec, self._samples)
        return self._requests.is_wanted(self._number)


def main(descriptor: int) -> None:
    """Decode until the game's process closes its end of the socket.

    Args:
        descriptor: The socket to the game's process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the game, which then ends this process
    sys.setswitchinterval(0.0005)  # three threads, none of which computes for long
    connection = socket.socket(fileno=descriptor)
    outbox, requests = _Outbox(), _Requests()
    for run, arguments in ((_send, (connection, outbox)), (_receive, (connection, requests, outbox))):
        threading.Thread(target=run, args=arguments, daemon=True).start()
    outbox.put("ready")
    _decode(requests, outbox)


def _decode(requests: _Requests, outbox: _Outbox) -> None:
    """Answer requests, in order."""
    warnings = _Warnings(outbox)
    logger = logging.getLogger("pyglet_palace")
    logger.addHandler(warnings)
    logger.propagate = False
    while True:
        number, resource, settings = requests.take()
        progress = _Progress(number, requests, outbox)
        samples = None
        warnings.seen = False
        try:
            if requests.is_wanted(number):
                samples = load(resource, settings, progress)
        except Exception:
            pass  # a thread of the game's process finds it again, and reports it
        to_map = samples is not None and samples.from_disk and samples.data.nbytes >= ALWAYS_MAPPED
        if samples is None or to_map or warnings.seen or not requests.is_wanted(number):
            outbox.put("declined", number)
        else:
            kind = "found" if samples.from_disk else "done"
            layout = len(samples.data), samples.frequency, samples.channel_config, samples.sample_type
            outbox.put(kind, number, *layout, samples.loop_points, progress.codec, samples=samples)


def _receive(connection: socket.socket, requests: _Requests, outbox: _Outbox) -> None:
    """Receive requests, and end the process at the end of the connection."""
    disk_cache = None
    try:
        while True:
            for message in pickle.loads(_read(connection, *struct.unpack("<I", _read(connection, 4)))):
                if message[0] == "decode":
                    _, number, resource, limit, supported = message
                    requests.put(number, resource, Settings(limit, supported, disk_cache=disk_cache))
                elif message[0] == "disk cache":
                    _, folder, most = message
                    disk_cache = _ReportingWriter(folder, most, outbox)
                elif message[0] == "drop":
                    requests.drop(message[1])
                else:
                    _, number, resources = message
                    sizes = [resource.weight() for resource in resources]
                    for start in range(0, len(sizes), 100):
                        outbox.put("sizes", number, start, sizes[start : start + 100])
    finally:
        os._exit(0)


def _read(connection: socket.socket, size: int) -> bytes:
    """Return the next `size` bytes. Raises `EOFError` at the end of the connection."""
    data = connection.recv(size, socket.MSG_WAITALL)
    if len(data) < size:
        raise EOFError
    return data


def _send(connection: socket.socket, outbox: _Outbox) -> None:
    """Send blocks of events, each followed by the samples of its results, and end the process if that fails."""
    try:
        while True:
            block, results = outbox.take()
            left = [memoryview(block), *(memoryview(cast("Any", samples.data)).cast("B") for samples in results)]
            size = sum(map(len, left[1:]))
            while left:
                sent = connection.sendmsg(left)
                while left and sent >= len(left[0]):
                    sent -= len(left.pop(0))
                if left:
                    left[0] = left[0][sent:]
            results.clear()
            outbox.sent(size)
    finally:
        os._exit(0)
