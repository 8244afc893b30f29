"""Process worker: the thread that runs a decoder process, sends it jobs and receives the results."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .._common import log
from .._decoding.load import LARGEST_BUFFER
from .._decoding.pcm import Samples
from ..errors import DecodeError
from ..formats import AL_FORMATS, CHANNELS, DTYPES, frame_size
from . import expected_time
from .decoder_process import BrokenProcess, DecoderProcess, why_not
from .disk_writer import DiskWriter
from .window import Window

if TYPE_CHECKING:
    from ..resources import Resource
    from .expected_time import Survey
    from .jobs import DecodeJob
    from .process_queues import ProcessQueues

#: Seconds that threads may take for queued jobs before a decoder process is started. A short load needs none.
START_SECONDS = 0.1
#: Seconds without a job after which a decoder process is ended, because it takes memory.
IDLE_SECONDS = 30.0
#: Seconds without a message after which a process with jobs counts as stalled. It sends ten a second, unless programs
#: of a higher priority take all cores.
STALL_SECONDS = 10.0
#: Seconds between two checks for a stalled process from which the game has been stopped itself (Ctrl-Z, a debugger).
_LONGEST_GAP = 5.0
#: Sizes that one message asks for. A longer message would keep the GIL from the main thread for milliseconds.
_SIZES_AT_ONCE = 24
#: Seconds that a process may take to start.
_READY_SECONDS = 30.0
#: Processes in a row that end without an answer, after which no further one is started.
_MOST_FAILURES = 3


def seconds_to_start(decoding: str) -> float | None:
    """Return how many seconds threads may take for a load before decoder processes start; None if there are none.

    'auto' uses processes on Linux only, where they are tested.
    """
    if decoding == "threads" or (decoding == "auto" and not sys.platform.startswith("linux")):
        return None
    problem = why_not()
    if problem and decoding == "processes":
        log.warn_once(f"decoding='processes' is not possible: {problem}; threads load the sounds")
    if problem:
        return None
    return 0.0 if decoding == "processes" else START_SECONDS


class ProcessWorker:
    """A thread, and the decoder process that it starts while there is work for one.

    Attributes:
        thread: The thread, a daemon.
        window: The jobs that were sent to the process and not answered.
    """

    def __init__(self, queues: ProcessQueues, number: int, start_after: float) -> None:
        """Make the worker. The caller starts its thread.

        Args:
            queues: The jobs.
            number: Its number in the pool.
            start_after: Seconds that threads may take for portable jobs before the process starts.
        """
        self._queues = queues
        self._start_after = start_after
        self.window = Window()
        queues.add_window(self.window)
        self._process: DecoderProcess | None = None
        #: The disk cache that the process uses, and the number of entries that it is writing.
        self._disk_cache: DiskWriter | None = None
        self._writing = 0
        self._ended = False
        #: Time of the last message of the process, or of the first job sent to it (``time.perf_counter``).
        self._heard = 0.0
        #: Time of the last check whether the process has stalled, and of the first one since the game was stopped.
        self._checked = self._watched = float("-inf")
        #: The process that was ended because it made no progress.
        self._stalled: DecoderProcess | None = None
        self._failures = 0
        #: Jobs whose sizes the process was asked for, by number of the question.
        self._surveys: dict[int, list[DecodeJob]] = {}
        self._questions = 0
        #: Surveys of the jobs that were sent, until all their sizes were asked for.
        self._unasked: list[Survey] = []
        self.thread = threading.Thread(target=self._run, name=f"pyglet_palace decoder {number}", daemon=True)

    # On any thread

    def end(self) -> None:
        """End the process for good. Does not block."""
        self._ended = True
        if self._process is not None:
            self._process.kill()

    def end_stalled(self, now: float) -> None:
        """End the process if it has jobs and makes no progress.

        Args:
            now: Time of ``time.perf_counter``.
        """
        if now - self._checked > _LONGEST_GAP:  # messages of that time may not have been received yet
            self._watched = now
        self._checked = now
        process = self._process
        if process is not None and self.window.jobs and now - max(self._heard, self._watched) > STALL_SECONDS:
            known, self._stalled = self._stalled, process
            process.kill()
            if known is not process:
                log.warning("the decoder process %d makes no progress; another one replaces it", process.pid)

    # On its own thread

    def _run(self) -> None:
        while self._queues.wait_for_portable(self._start_after) and not self._ended:
            how = "no answer"
            try:
                process = self._process = DecoderProcess()
            except Exception as error:  # also `ValueError` for a null character in `sys.path`
                how = str(error)
            else:
                how = self._use(process)
            if how:
                self._failures += 1
            if self._failures >= _MOST_FAILURES:
                log.warning("decoder processes do not work here (%s); threads load the sounds", how)
                self._queues.give_up_processes()
                return

    def _use(self, process: DecoderProcess) -> str:
        """Serve with a process until it ends or is idle. Return how it ended; '' if that was intended."""
        self._disk_cache, self._writing = None, 0
        serving = False
        if self._ended:
            process.kill()
        try:
            serving = self._await_ready(process)
            while serving and self._exchange(process):
                pass
            if serving or self._ended:
                return ""
            problem = "it does not start"
        except Exception as error:  # `BrokenProcess`, or no memory. Another process runs the jobs
            problem = str(error) or repr(error)
        finally:
            if serving:
                self._queues.set_serving(-1)
            how = process.close()
            self._process = None
            self._answer_surveys()
            culprit = self._queues.take_back(self.window, stalled=self._stalled is process)
            if culprit is not None:
                self._failures = 0
                text = f"two processes ended while they decoded it ({how}); the file is damaged, or memory is short"
                culprit.error = DecodeError(culprit.key, "decode", text)
                self._queues.finish(culprit)
        return "" if self._ended else f"{problem}, {how}"

    def _await_ready(self, process: DecoderProcess) -> bool:
        """Wait until the process is ready; return whether it is."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and not self._ended:
            if ["ready"] in process.receive():
                self._queues.set_serving(1)
                return True
        return False

    def _exchange(self, process: DecoderProcess) -> bool:
        """Send jobs, and receive results. Return False if there was no work for a while, or at the end."""
        if not self.window.jobs:
            self._heard = float("inf")
        unfinished = self._writing > 0 or bool(self._unasked or self._surveys)
        work = self._queues.refill(self.window, 0.0 if unfinished else IDLE_SECONDS)
        if work is None and not unfinished:
            return False
        added, dropped = work or ([], [])
        if self._heard == float("inf"):
            self._heard = time.perf_counter()
        requests: list[tuple[Any, ...]] = [("drop", number) for number in dropped]
        for number, job in added:
            disk_cache = job.settings.disk_cache
            if self._disk_cache is None and isinstance(disk_cache, DiskWriter):
                self._disk_cache = disk_cache
                requests.append(("disk cache", disk_cache.folder, disk_cache.limit))
            if job.survey is not None and job.survey not in self._unasked:
                self._unasked.append(job.survey)
            resource = _portable(job)
            if resource is None:
                self._decline(number)
            else:
                requests.append(("decode", number, resource, job.settings.limit, job.settings.supported))
        if self._unasked:
            requests += self._ask_sizes(self._unasked[0])
        if requests:
            process.send(requests)
        events = process.receive()
        if events:
            self._heard = time.perf_counter()
            self._failures = 0
            try:
                self._handle(process, events)
            except (LookupError, TypeError, ValueError, OverflowError, MemoryError) as error:
                raise BrokenProcess(f"its answer cannot be used ({error!r})") from None
        return True

    def _ask_sizes(self, survey: Survey) -> list[tuple[Any, ...]]:
        """Return the question for some sizes that no thread has asked for."""
        asked: list[DecodeJob] = []
        resources: list[Resource] = []
        while len(asked) < _SIZES_AT_ONCE:
            job = survey.take()
            if job is None:
                self._unasked.remove(survey)
                break
            resource = _portable(job) if job.portable else None
            if resource is not None:
                asked.append(job)
                resources.append(resource)
            else:
                job.measure()
                survey.answer()
        if not asked:
            return []
        self._questions += 1
        self._surveys[self._questions] = asked
        return [("sizes", self._questions, resources)]

    def _answer_surveys(self) -> None:
        """Give up the sizes that a process was asked for."""
        for jobs in self._surveys.values():
            for job in jobs:
                assert job.survey is not None
                job.survey.answer()
        self._surveys.clear()
        self._unasked.clear()  # other jobs of their batches ask again, or threads do

    def _handle(self, process: DecoderProcess, events: list[list[Any]]) -> None:
        """Handle the events of a block, and receive the samples of its results."""
        results: list[tuple[int, Samples, str]] = []
        for kind, *event in events:
            if kind in ("done", "found"):
                number, frames, frequency, channel_config, sample_type, loop, codec = event
                samples = _room_for(frames, frequency, channel_config, sample_type, loop)
                samples.from_disk = kind == "found"
                results.append((number, samples, str(codec)))
            elif kind == "writing":
                self._writing += 1
            elif kind == "written" and self._disk_cache is not None:
                (done,) = event
                self._writing -= 1
                if done:
                    self._disk_cache.count_write()
            elif kind == "warning":
                (text,) = event
                log.warn_once(text)
            elif kind == "declined":
                self._decline(event[0])
            elif kind == "progress":
                self._note_progress(*event)
            elif kind == "sizes":
                self._note_sizes(*event)
            else:
                raise ValueError(kind)
        process.receive_into([samples.data for _, samples, _ in results])
        for number, samples, codec in results:
            job = self._queues.take_answered(self.window, number)
            if job is not None:
                job.described(codec, samples.data.size)
                job.decoded(1.0)
                job.allocated(samples.data.nbytes)
                job.samples = samples
                self._queues.finish(job)

    def _decline(self, number: int) -> None:
        """Let a thread run a job of the window."""
        job = self._queues.take_answered(self.window, number)
        if job is not None:
            self._queues.return_to_threads(job)

    def _note_progress(self, number: int, share: float, memory: int, codec: str, samples: int) -> None:
        job = self.window.jobs.get(number)
        if job is not None:
            job.described(str(codec), int(samples))
            job.allocated(max(0, int(memory)))
            job.decoded(max(0.0, float(share)))

    def _note_sizes(self, number: int, start: int, sizes: list[int]) -> None:
        jobs = self._surveys[number]
        for job, size in zip(jobs[start:], sizes, strict=False):
            assert job.survey is not None
            if not job.expected:
                job.expected = expected_time.of_file(job.key, size)
            job.survey.answer()
        if start + len(sizes) >= len(jobs):
            del self._surveys[number]


def _portable(job: DecodeJob) -> Resource | None:
    """Return the resource of a job for another process; None if that fails. A thread then reports what is wrong."""
    try:
        return job.resource.portable()
    except Exception:  # the working directory was removed, or the entry has left its zip file
        return None


def _room_for(frames: int, frequency: int, channel_config: str, sample_type: str, loop: list[int] | None) -> Samples:
    """Return empty samples of a format. Raises `ValueError` if OpenAL has no such format."""
    if (channel_config, sample_type) not in AL_FORMATS or not 0 < frames * frame_size(
        channel_config, sample_type
    ) <= LARGEST_BUFFER:
        raise ValueError(f"{frames} frames of {sample_type} {channel_config}")
    start, end = loop or (0, frames)
    data = np.empty((frames, CHANNELS[channel_config]), DTYPES[sample_type])
    return Samples(data, int(frequency), channel_config, sample_type, (int(start), int(end)) if loop else None)
