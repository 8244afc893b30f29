"""Random sequences of every call that loads and plays, compared with a model of the cache and of the events.

``python -m tests.loading.test_load_model --seconds 600`` does so for as long as you like, with other seeds, and
with ``--racing`` without waiting for the workers. Hypothesis prints the shortest sequence that fails, which goes to the
end of this file then, as a test.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import io
import logging
import random
import shutil
import sys
import tempfile
import threading
import time
import weakref
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pyglet.resource
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

import pyglet_palace as palace
from pyglet_palace._loading import workers
from tests import sounds
from tests.conftest import EXACT, RATE, loader_threads, wait_until
from tests.loading.test_cancel import Gate
from tests.test_buffer import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Frames of sounds that can always be loaded.
GOOD = {"a.wav": 300, "b.wav": 900, "c.wav": 2500, "d.wav": 8000}
JUNK, MISSING, LATE, MADE = "junk.wav", "missing.wav", "late.wav", "made"
NAMES = (*GOOD, JUNK, MISSING, LATE, MADE)
#: OpenAL sources there are.
VOICES = 5

#: Some more often than others: what is shared is where things go wrong.
some_names = st.lists(st.sampled_from(["a.wav", "a.wav", "b.wav", "b.wav", *NAMES]), max_size=4)
a_name = st.sampled_from(NAMES)
a_number = st.integers(0, 1000)

ACTS = (
    "play",
    "free",
    "cache",
    "update",
    "boom",
    "destroy a buffer",
    "look",
    "cancel",
    "release",
    "stop",
    "destroy the context",
)


class Boom(Exception):
    """What a handler raises."""


@dataclass
class Load:
    """A name on its way."""

    wanted: bool = False
    batches: list[Held] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        return self.wanted or bool(self.batches)


@dataclass
class Held:
    """A batch, and what is to be seen of it. The game may have dropped it."""

    names: tuple[str, ...]
    reference: weakref.ref[palace.Batch] | None = None
    strong: palace.Batch | None = None
    resolved: dict[str, str] = field(default_factory=dict)
    cancelled: bool = False
    silent: bool = False
    listens: bool = True
    completed: int = 0
    shown: float = 0.0

    @property
    def batch(self) -> palace.Batch | None:
        return self.reference() if self.reference is not None else None


@dataclass
class Play:
    """A sound that plays, whose end was not reported yet."""

    source: weakref.ref[palace.Source]
    key: str | None
    ends: set[str]


class Zeros(Silence):
    """A decoder that can be sought in."""

    def seek(self, frame: int) -> bool:
        return True


class Failing(Zeros):
    """A decoder that fails when it is read."""

    def read(self, count: int) -> bytes:
        raise ValueError("of the game's")


class Loads(RuleBasedStateMachine):
    """The game."""

    racing = False
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="load-model-"))
        for name, frames in GOOD.items():
            sounds.wav(self.folder / name, frames)
        (self.folder / JUNK).write_bytes(b"RIFF" + bytes(range(200)))
        self.files = pyglet.resource.Loader([str(self.folder)])
        self.farewell, workers.CLOSE_SECONDS = workers.CLOSE_SECONDS, 0.002
        self.device = palace.LoopbackDevice(RATE, "Mono")
        self.devices = [self.device]
        self.gate: Gate | None = None
        self.live: dict[str, set[int]] = {"source": set(), "buffer": set()}
        self.count_ids()
        self.fileio = False
        self.offers: dict[str, str] = {}
        self.telling = 0
        self.over = False
        self.hook, sys.excepthook = sys.excepthook, self.excepthook
        self.begin()

    def count_ids(self) -> None:
        """Note which sources and buffers OpenAL has; and let it have few sources."""
        al = self.al = self.device._native.al
        self.real = {}
        for what, live in self.live.items():
            generate, delete = getattr(al, f"generate_{what}"), getattr(al, f"delete_{what}")
            self.real.update({f"generate_{what}": generate, f"delete_{what}": delete})

            def generating(generate: Any = generate, live: set[int] = live, what: str = what) -> int:
                if what == "source" and len(live) >= VOICES:
                    raise palace.OpenALError("alGenSources", 0xA005, "no more")
                number: int = generate()
                live.add(number)
                return number

            def deleting(number: int, delete: Any = delete, live: set[int] = live) -> None:
                delete(number)
                live.discard(number)

            setattr(al, f"generate_{what}", generating)
            setattr(al, f"delete_{what}", deleting)
        delete_several = self.real["delete_buffers"] = al.delete_buffers

        def deleting_several(numbers: list[int]) -> None:
            given = list(numbers)
            delete_several(numbers)
            self.live["buffer"].difference_update(given)

        al.delete_buffers = deleting_several  # type: ignore[method-assign]
        self.get_error = ctypes.CFUNCTYPE(ctypes.c_int)(("alGetError", al.handle))

    def begin(self) -> None:
        """A new context."""
        self.context = palace.Context(
            self.device, EXACT, auto_update=False, loader=self.files, workers=2 if self.racing else 1
        )
        palace.use_context(self.context)
        game = self

        class Handler(palace.MessageHandler):
            def resource_not_found(self, name: str) -> str:
                return game.offers.get(name, "")

            def source_stopped(self, source: palace.Source) -> None:
                game.messages.append(("stopped", source._serial))

            def source_force_stopped(self, source: palace.Source) -> None:
                game.messages.append(("force_stopped", source._serial))

        self.context.message_handler = Handler()
        self.context.push_handlers(
            on_cached=lambda name: self.hear_of("on_cached", name),
            on_cache_failed=lambda name, error: self.hear_of("on_cache_failed", name),
            on_source_stopped=lambda source: self.hear_end("stopped", source),
            on_source_force_stopped=lambda source: self.hear_end("force_stopped", source),
            on_stream_failed=lambda source, error: self.hear_failure(source),
        )
        self.pending: dict[str, Load] = {}
        self.cached: set[str] = set()
        self.batches: list[Held] = []
        self.due: Counter[tuple[str, str]] = Counter()
        self.forced: Counter[int] = Counter()
        self.failing: set[int] = set()
        self.plays: dict[int, Play] = {}
        self.past: dict[int, Play] = {}
        self.messages: list[tuple[str, int]] = []
        self.sources: list[palace.Source] = []
        self.buffers: dict[str, palace.Buffer] = {}
        self.acts: list[str] = []
        self.limited = False
        self.kept = 0
        self.group = palace.SourceGroup()
        self.inner = palace.SourceGroup()
        self.inner.parent_group = self.group

    def excepthook(self, kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        """What handlers raise at the end of a context goes there."""
        if kind is not Boom:
            self.lost = error

    lost: BaseException | None = None
    #: Whether the game has done something in a handler during this call.
    acted = False

    # The workers

    def gated(self, file: Any) -> palace.BaseDecoder:
        if self.gate is not None and threading.current_thread().name.startswith("pyglet_palace loader"):
            self.gate()
        raise RuntimeError("not mine")

    def settle(self) -> None:
        """Let the workers do all that they can, so that what comes next does not depend on their speed."""
        if self.racing or not self.context:
            return
        loader, gate = self.context._engine.workers, self.gate
        jobs = list(self.context._engine.requests._pending.values())
        wait_until(
            lambda: (
                all(job.state in ("done", "dropped") for job in jobs)
                or len(loader._work._waiters) == 1  # it sleeps: what is queued has no room under cache_limit
                or (gate is not None and gate.entered.is_set() and any(job.state != "done" for job in jobs))
            )
        )
        assert loader.workers == (2 if self.racing else 1)

    def let_workers_go(self) -> None:
        if self.gate is not None:
            self.gate.open()
            self.gate = None
        vars(palace.decoder_factories).pop("gated", None)

    # Events that the game receives

    def hear_of(self, event: str, name: str) -> None:
        if self.over:
            return
        if self.context:
            self.reconcile()
        if self.due[event, name]:
            self.due[event, name] -= 1
        else:
            assert self.due["either", name], f"{event}({name!r}) is not due"
            self.due["either", name] -= 1
        self.act(name)

    def hear_end(self, what: str, source: palace.Source) -> None:
        if self.over:
            return
        if self.context:
            self.reconcile()
        serial = source._serial
        assert (what, serial) in self.messages, "the event comes without the message"
        self.messages.remove((what, serial))
        if what == "force_stopped" and self.forced[serial]:
            self.forced[serial] -= 1
        else:
            play = self.plays.pop(serial, None) or self.past.pop(serial, None)
            assert play is not None, f"{what} is received of what does not play"
            assert what in play.ends, f"{what} is no end of that play"
        self.act(None)

    def hear_failure(self, source: palace.Source) -> None:
        if self.over:
            return
        play = self.plays.get(source._serial) or self.past.get(source._serial)
        assert play is not None
        assert "force_stopped" in play.ends
        self.act(None)

    def hear_batch(self, held: Held, event: str) -> None:
        if self.over:
            return
        if self.context:
            self.reconcile()
        assert not held.silent, "a cancelled batch says something"
        if event == "on_complete":
            held.completed += 1
            assert held.completed == 1
            assert len(held.resolved) == len(held.names)
        self.act(None)

    def act(self, name: str | None) -> None:
        """Do something in a handler."""
        self.telling += 1
        try:
            if not self.acts or not self.context:
                return
            act = self.acts.pop()
            self.acted = True
            if act == "play":
                self.play(name if name in self.cached else "a.wav", 0, True)
            elif act == "free":
                self.free(["a.wav", "b.wav", LATE])
            elif act == "cache":
                self.cache(["c.wav", JUNK, "a.wav"])
            elif act == "update":
                before = sum(self.due.values())
                self.context.update()
                self.reconcile()
                assert sum(self.due.values()) >= before, "an update in a handler tells something"
            elif act == "destroy a buffer":
                self.destroy_buffer("b.wav")
            elif act == "look" and self.batches:
                self.wait(0, "0")
            elif act == "cancel":
                self.cancel(0)
            elif act == "release":
                self.release(0, False)
            elif act == "stop":
                self.stop(0)
            elif act == "destroy the context":
                self.forget_all()
                self.context.destroy()
            elif act == "boom":
                self.kept += 1
                raise Boom
        finally:
            self.telling -= 1

    # What there is

    def reconcile(self) -> None:
        """See what has become of names on their way, and that nothing else has changed."""
        pending, cached = self.context.pending_names, set(self.context.cached_names)
        assert set(pending) <= self.pending.keys(), "a name is pending without a request"
        for key in [key for key in self.pending if key not in pending]:
            load = self.pending.pop(key)
            if key in cached:
                self.cached.add(key)
                outcome, event = "loaded", "on_cached"
                assert key != JUNK
            else:
                outcome, event = "failed", "on_cache_failed"
                if self.context.cache_limit is not None and key != JUNK:
                    outcome, event = "either", "either"  # loaded, and evicted in the same breath
                assert outcome == "either" or key not in GOOD or self.limited, f"{key} cannot be loaded"
            for held in load.batches:
                held.resolved[key] = outcome
            if load.asked:
                self.due[event, key] += 1
        assert cached <= self.cached, "a name is cached without a request"
        for key in self.cached - cached:
            assert self.context.cache_limit is not None, f"{key} is gone"
            assert key not in self.buffers, "what the game holds was evicted"
            assert not any(key in held.names for held in self.holding()), "what a batch holds was evicted"
            assert not any(play.key == key for play in self.plays.values()), "what plays was evicted"
            self.cached.discard(key)
        assert self.pending.keys().isdisjoint(self.cached)

    def holding(self) -> list[Held]:
        return [held for held in self.batches if held.batch is not None and held.batch]

    def voiced(self) -> set[int]:
        """Who has one of OpenAL's sources."""
        return {state.source._serial for state in self.context._engine.voices}

    def forget(self, keys: Iterable[str]) -> None:
        """Names are freed."""
        for key in keys:
            load = self.pending.pop(key, None)
            if load is not None:
                for held in load.batches:
                    held.resolved[key] = "failed"
            if key in self.cached:
                self.cached.discard(key)
                self.buffers.pop(key, None)
                voiced = self.voiced()
                for serial, play in list(self.plays.items()):
                    if play.key == key:
                        del self.plays[serial]
                        if serial in voiced:
                            self.forced[serial] += 1
                        else:  # it has ended, which is still to be reported
                            self.past[serial] = play

    def forget_all(self) -> None:
        """The context is destroyed."""
        self.forget([*self.pending, *self.cached])
        for play in self.plays.values():  # streams: they are stopped, unless they have ended before
            play.ends.add("force_stopped")
        self.past.update(self.plays)
        self.plays.clear()
        self.buffers.clear()

    def received(self) -> None:
        """After a call that tells all there is."""
        if self.telling or not self.context:
            return
        assert not +self.due, f"not received: {+self.due}"
        assert not +self.forced, "a forced stop was not received"
        assert not self.messages, "a message comes without its event"
        for held in () if self.acted else self.batches:  # what finishes in a handler is reported by the next update
            batch = held.batch
            if batch is not None and batch.finished and held.listens and not held.silent:
                assert held.completed == 1, "on_complete was not received"

    def guarded(self, call: Callable[[], object], *, tells: bool) -> bool:
        """A call in which handlers may raise, and destroy the context; whether all events were dispatched."""
        outermost = not self.telling
        if outermost:
            self.acted = False
        try:
            call()
        except Boom:
            assert self.kept
            self.kept -= 1
            tells = False
        if self.context:
            self.reconcile()
            if tells:
                self.received()
        elif outermost:
            self.renew(same=True)
        return tells

    # Loading

    @rule(names=some_names)
    def cache(self, names: list[str]) -> None:
        self.settle()
        self.request(names, None, lambda: palace.cache(names))

    @rule(names=some_names, listens=st.booleans())
    def preload(self, names: list[str], listens: bool) -> None:
        self.settle()
        held = Held(tuple(dict.fromkeys(names)), listens=listens)

        def call() -> None:
            held.strong = palace.preload(
                names,
                on_progress=(lambda batch: self.hear_batch(held, "on_progress")) if listens else None,
                on_complete=(lambda batch: self.hear_batch(held, "on_complete")) if listens else None,
            )
            held.reference = weakref.ref(held.strong)

        self.request(names, held, call)
        self.batches.append(held)

    def request(self, names: list[str], held: Held | None, call: Callable[[], None]) -> None:
        before = set(self.context.pending_names)
        call()
        pending = set(self.context.pending_names)
        assert before <= pending
        for key in dict.fromkeys(names):
            if key in self.cached:
                if held is not None:
                    held.resolved[key] = "loaded"
            elif key in pending:
                load = self.pending.setdefault(key, Load())
                if held is None:
                    load.wanted = True
                else:
                    load.batches.append(held)
            else:
                assert key not in GOOD
                assert key != JUNK
                self.due["on_cache_failed", key] += 1
                if held is not None:
                    held.resolved[key] = "failed"

    @rule(name=a_name, keep=st.booleans())
    def buffer(self, name: str, keep: bool) -> None:
        self.obtain(name, keep)

    def obtain(self, name: str, keep: bool = False) -> palace.Buffer | None:
        """``Buffer(name)``; None if it cannot be loaded."""
        job = self.context._engine.requests._pending.get(name)
        if job is not None and job.state == "claimed":
            self.let_workers_go()
        self.settle()
        try:
            buffer = palace.Buffer(name)
        except palace.ResourceError:
            assert name not in GOOD or self.limited
            assert name not in self.cached
            self.reconcile()
            return None
        assert name != JUNK or name in self.cached  # from a decoder
        if name not in self.pending:
            self.cached.add(name)
        self.reconcile()
        assert name in self.cached
        assert buffer is palace.Buffer(name)
        assert buffer
        assert buffer.name == name
        assert self.buffers.get(name, buffer) is buffer
        if keep:
            self.buffers[name] = buffer
        return buffer

    @rule(name=a_name, frames=st.sampled_from([0, 10, 700]))
    def from_decoder(self, name: str, frames: int) -> None:
        try:
            palace.Buffer.from_decoder(Silence(frames), name)
        except palace.ResourceError:
            assert not frames or self.limited
        except RuntimeError:
            assert name in self.cached or name in self.pending
        else:
            assert name not in self.cached
            assert name not in self.pending
            self.cached.add(name)
        self.reconcile()

    @rule(names=some_names)
    def free(self, names: list[str]) -> None:
        self.settle()
        self.forget(names)
        self.guarded(lambda: palace.free(names), tells=True)

    @rule(name=st.sampled_from([*GOOD, MADE]))
    def destroy_buffer(self, name: str) -> None:
        if name in self.cached:
            buffer = palace.Buffer(name)
            self.forget([name])
            self.guarded(buffer.destroy, tells=True)
            assert not buffer

    @rule(name=st.sampled_from(list(GOOD)))
    def leave_buffer(self, name: str) -> None:
        buffer = self.obtain(name)
        if buffer is not None:
            self.forget([name])

            def call() -> None:
                with buffer:
                    pass

            self.guarded(call, tells=True)

    # Batches

    def any_batch(self, which: int) -> Held | None:
        there = [held for held in self.batches if held.batch is not None]
        return there[which % len(there)] if there else None

    @rule(which=a_number, how=st.sampled_from(["0", "short", "for ever"]))
    def wait(self, which: int, how: str) -> None:
        held = self.any_batch(which)
        if held is None:
            return
        batch = held.batch
        assert batch is not None
        if how == "for ever":
            self.let_workers_go()
        self.settle()
        finished = batch.wait({"0": 0, "short": 0.002, "for ever": None}[how])
        assert finished is batch.finished
        assert finished or how != "for ever"
        self.reconcile()

    @rule(which=a_number)
    def cancel(self, which: int) -> None:
        held = self.any_batch(which)
        batch = held.batch if held is not None else None
        if held is not None and batch is not None:
            self.settle()
            self.withdraw(held)
            batch.cancel()
            assert batch.finished
            self.reconcile()

    def withdraw(self, held: Held) -> None:
        done = held.completed
        held.silent = True
        if not held.cancelled and not done:
            held.cancelled = True
            for key, load in list(self.pending.items()):
                if held in load.batches:
                    load.batches = [other for other in load.batches if other is not held]
                    if not load.asked:
                        del self.pending[key]

    @rule(which=a_number, leave=st.booleans())
    def release(self, which: int, leave: bool) -> None:
        held = self.any_batch(which)
        if held is None or held.batch is None or not held.batch:
            return
        self.settle()
        batch = held.batch
        self.withdraw(held)
        others = {name for other in self.holding() if other is not held for name in other.names}
        self.forget([name for name in held.names if name in self.cached and name not in others])

        def call() -> None:
            if leave:
                with batch:
                    pass
            else:
                batch.release()

        self.guarded(call, tells=True)
        assert not batch

    @rule(name=a_name, first=st.sampled_from(["cache", "preload"]), end=st.sampled_from(["cancel", "release"]))
    def share(self, name: str, first: str, end: str) -> None:
        """Two levels want the same sound, and one is left."""
        if first == "cache":
            self.cache([name])
        else:
            self.preload([name], True)
        self.preload([name], True)
        last = sum(held.batch is not None for held in self.batches) - 1
        if end == "cancel":
            self.cancel(last)
        else:
            self.release(last, False)

    # Playing

    def note_play(self, source: palace.Source, key: str | None, before: set[int], *ends: str) -> None:
        """`source` plays, or is not heard; and somebody of who had a voice `before` may have given way."""
        self.end_play(source)
        self.plays[source._serial] = Play(weakref.ref(source), key, set(ends))
        for serial in (before | {source._serial}) - self.voiced():
            self.forced[serial] += 1
            del self.plays[serial]
        if source not in self.sources:
            self.sources.append(source)

    def end_play(self, source: palace.Source) -> None:
        """The game has ended it itself; but waiting events may include its end."""
        play = self.plays.pop(source._serial, None)
        if play is not None and len(self.context._engine.events):
            self.past[source._serial] = play

    def may_fail(self, source: palace.Source) -> bool:
        """Whether the streaming thread may end `source` at any moment."""
        play = self.plays.get(source._serial)
        return play is not None and "force_stopped" in play.ends

    def any_source(self, which: int) -> palace.Source:
        self.sources = [source for source in self.sources if source]
        if not self.sources:
            self.sources.append(palace.Source())
        return self.sources[which % len(self.sources)]

    @rule(name=a_name, which=a_number, new=st.booleans())
    def play(self, name: str, which: int, new: bool) -> None:
        buffer = self.obtain(name)
        if buffer is None:
            return
        source = None if new else self.any_source(which)
        before = self.voiced()
        played = buffer.play(source)
        assert source is None or played is source
        self.note_play(played, name, before, "stopped")
        assert played.playing is (played._state.voice is not None)
        assert played.playing is (played in buffer.sources)

    @rule(which=a_number, new=st.booleans(), what=st.sampled_from(["long", "short", "failing", "file"]))
    def stream(self, which: int, new: bool, what: str) -> None:
        source = None if new else self.any_source(which)
        if what == "file":
            decoder: palace.BaseDecoder = palace.decode(self.folder / "c.wav")
        else:
            decoder = Failing() if what == "failing" else Zeros({"long": 30_000, "short": 100}.get(what, 0))
        before = self.voiced()
        played = decoder.play(1000, 3, source)
        self.note_play(played, None, before, "stopped", *(["force_stopped"] if what == "failing" else []))

    @rule(which=a_number)
    def stop(self, which: int) -> None:
        source = self.any_source(which)
        source.stop()
        self.end_play(source)
        assert not source.playing
        assert not source.paused

    @rule(which=a_number, leave=st.booleans())
    def destroy_source(self, which: int, leave: bool) -> None:
        source = self.any_source(which)
        if leave:
            with source:
                pass
        else:
            source.destroy()
        self.end_play(source)
        assert not source

    @rule(which=a_number, resume=st.booleans())
    def pause_or_resume(self, which: int, resume: bool) -> None:
        source = self.any_source(which)
        was = source.playing or source.paused
        source.resume() if resume else source.pause()
        assert source.paused is (was and not resume) or (self.may_fail(source) and not source.playing)

    @rule(which=a_number, offset=st.integers(0, 9000), looping=st.booleans(), priority=st.integers(0, 2))
    def change(self, which: int, offset: int, looping: bool, priority: int) -> None:
        source = self.any_source(which)
        source.looping, source.priority = looping, priority
        try:
            source.offset = offset
        except RuntimeError:
            assert source._state.voice is not None
        source.pitch = 1 + priority / 2
        source.gain = priority / 2

    @rule(which=a_number, out=st.booleans(), ms=st.sampled_from([1, 30, 1000]))
    def fade(self, which: int, out: bool, ms: int) -> None:
        source = self.any_source(which)
        source.fade_out_to_stop(0, ms) if out else source.fade_to(0.5, ms)
        if source._serial in self.plays:
            self.plays[source._serial].ends.add("fade")

    @rule(which=a_number, group=st.sampled_from(["group", "inner", None]))
    def join(self, which: int, group: str | None) -> None:
        self.any_source(which).group = getattr(self, group) if group is not None else None

    @rule(what=st.sampled_from(["pause_all", "resume_all", "stop_all"]), inner=st.booleans())
    def all_of(self, what: str, inner: bool) -> None:
        group = self.inner if inner else self.group
        there = (self.inner,) if inner else (self.group, self.inner)
        if what != "stop_all":
            getattr(group, what)()
            return
        for source in [state.source for state in self.context._engine.voices]:
            assert isinstance(source, palace.Source)
            if source.group in there and (source.playing or source.paused):
                if self.may_fail(source):
                    self.past[source._serial] = self.plays.pop(source._serial)
                else:
                    self.forced[source._serial] += 1
                    self.plays.pop(source._serial)
        self.guarded(group.stop_all, tells=True)

    # Time

    @rule()
    def update(self) -> None:
        self.settle()
        if self.guarded(self.context.update, tells=True):
            for serial, play in list(self.plays.items()):
                source = play.source()
                if source is None or source._state.voice is None:
                    assert "fade" in play.ends, "an end was not reported, or a source was collected while it played"
                    del self.plays[serial]

    @rule(frames=st.sampled_from([0, 1, 200, 1000, 9000]))
    def render(self, frames: int) -> None:
        assert self.device.render(frames).shape == (frames, 1)

    @rule()
    def drop(self) -> None:
        """The game forgets what it has, and the collector runs."""
        self.sources.clear()
        self.buffers.clear()
        for held in self.batches:
            held.strong = None
        gc.collect()

    # What the game changes

    @rule(limit=st.sampled_from([0, 0, 3000, None]))
    def limit_cache(self, limit: int | None) -> None:
        self.settle()
        old = self.context.cache_limit
        self.context.cache_limit = limit
        if limit is None and old is not None:
            self.context.cache_limit = 10**9
            self.reconcile()
            self.context.cache_limit = None
        self.reconcile()

    @rule(limit=st.sampled_from([1000, 10**6]))
    def limit_buffers(self, limit: int) -> None:
        self.limited = True
        self.context.buffer_limit = limit

    @rule(on=st.booleans())
    def through_fileio(self, on: bool) -> None:
        palace.use_fileio((lambda name: io.BytesIO((self.folder / name).read_bytes())) if on else None)

    @rule(there=st.booleans(), reindex=st.booleans())
    def late_file(self, there: bool, reindex: bool) -> None:
        if there:
            sounds.wav(self.folder / LATE, 400)
        else:
            (self.folder / LATE).unlink(missing_ok=True)
        if reindex:
            self.files.reindex()

    @rule(offered=st.sampled_from(["", "a.wav", MISSING, LATE, JUNK]))
    def offer(self, offered: str) -> None:
        self.offers = {MISSING: offered, LATE: offered} if offered else {}

    @rule(act=st.sampled_from(ACTS))
    def act_next(self, act: str) -> None:
        self.acts.append(act)

    @precondition(lambda self: self.gate is None and not self.racing)
    @rule()
    def hold_workers(self) -> None:
        self.settle()
        self.gate = Gate()
        palace.decoder_factories.gated = self.gated

    @precondition(lambda self: self.gate is not None)
    @rule()
    def release_workers(self) -> None:
        self.let_workers_go()
        self.settle()

    @rule(how=st.sampled_from(["destroy", "leave", "shutdown"]), same=st.booleans())
    def end_context(self, how: str, same: bool) -> None:
        self.settle()
        self.acts.clear()
        self.forget_all()
        self.kept = 0
        if how == "destroy":
            self.context.destroy()
        elif how == "leave":
            with self.context:
                pass
        else:
            palace.shutdown()
        self.renew(same=same)

    def renew(self, *, same: bool) -> None:
        """The context is gone: see that all of it is; and make another."""
        if self.lost is not None:
            raise self.lost
        assert not self.context
        assert not +self.due, f"not received: {+self.due}"
        assert not +self.forced
        for held in self.batches:
            if held.batch is not None:
                assert held.batch.finished
                assert not held.listens or held.silent or held.completed == 1
        assert self.live == {"source": set(), "buffer": set()}, "OpenAL's objects are left behind"
        assert (self.device._buffers.count, self.device._buffers.refused) == (0, [])
        self.let_workers_go()
        wait_until(lambda: not loader_threads())
        if not same or not self.device:
            if self.device:
                self.device.close()
            self.device = palace.LoopbackDevice(RATE, "Mono")
        self.begin()

    # What always holds

    @invariant()
    def model_and_library_agree(self) -> None:
        type(self).steps += 1
        if self.telling:
            return
        self.reconcile()
        context = self.context
        stats = context.stats()
        pending, cached = context.pending_names, context.cached_names
        assert set(pending) == set(self.pending)
        assert set(cached) == self.cached
        assert stats["pending"] == len(pending)
        assert stats["queued"] <= len(pending)
        assert stats["cached"] == stats["buffers"] == len(cached) == self.device._buffers.count
        assert stats["undeleted"] == 0
        assert stats["cached_size"] == context.cached_size == sum(palace.Buffer(name).size for name in cached)
        assert stats["voices"] == len(self.live["source"]) <= VOICES
        assert stats["sources"] <= stats["voices"]
        attached = 0
        for name in cached:
            buffer = palace.Buffer(name)
            assert palace.Buffer(name) is buffer
            assert buffer.source_count == len(buffer.sources)
            attached += buffer.source_count
            for source in buffer.sources:
                assert source.buffer is buffer
                assert not (source.playing and source.paused)
        assert attached + stats["streams"] == stats["sources"]
        voiced = self.voiced()
        assert voiced <= self.plays.keys()
        for serial, play in self.plays.items():  # a handler that raises may have kept the end from being reported
            assert serial in voiced or "fade" in play.ends or len(context._engine.events)
        for held in self.batches:
            self.check_batch(held)
        with context._engine.scope:
            assert self.get_error() == 0

    def check_batch(self, held: Held) -> None:
        batch = held.batch
        if batch is None:
            return
        assert batch.names == held.names
        assert batch.finished is (batch.done == batch.total)
        assert 0 <= held.shown <= batch.progress <= 1
        held.shown = batch.progress
        assert not batch.finished or batch.progress == 1.0
        assert [buffer.name for buffer in batch] == [name for name in held.names if name in self.cached]
        if held.cancelled:
            assert batch.finished
            return
        assert batch.done == len(held.resolved)
        failed = {name for name, outcome in held.resolved.items() if outcome == "failed"}
        maybe = {name for name, outcome in held.resolved.items() if outcome == "either"}
        assert failed <= set(batch.failed) <= failed | maybe

    def teardown(self) -> None:
        try:
            self.acts.clear()
            self.let_workers_go()
            if self.context and sys.exc_info()[0] is None:
                self.settle()
                for batch in [held.batch for held in self.batches]:
                    if batch is not None:
                        batch.wait()
                for _ in range(100):
                    if not self.context:
                        break
                    for source in [state.source for state in self.context._engine.voices]:
                        assert isinstance(source, palace.Source)
                        source.looping = False
                        source.resume()
                    self.device.render(1000)
                    self.update()
                self.update()
                self.reconcile()
                assert not self.plays, "the end of a source was never received"
                self.forget_all()
                self.context.destroy()
                assert self.live == {"source": set(), "buffer": set()}
        finally:
            self.over = True
            self.context.destroy()
            palace.use_fileio(None)
            palace.use_context(None)
            palace.shutdown()
            workers.CLOSE_SECONDS = self.farewell
            sys.excepthook = self.hook
            for name in self.real:
                delattr(self.al, name)
            shutil.rmtree(self.folder, ignore_errors=True)


QUIETLY = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

TestLoads = Loads.TestCase
TestLoads.settings = settings(derandomize=True, max_examples=60, stateful_step_count=50, **QUIETLY)  # type: ignore[arg-type]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Random sequences of calls until the time is up.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9), help="the first")
    parser.add_argument("--steps", type=int, default=60, help="in a sequence")
    parser.add_argument("--racing", action="store_true", help="do not wait for workers; have two")
    parser.add_argument("--as-found", action="store_true", help="do not look for a shorter sequence")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    from pyglet_palace._common import events
    from pyglet_palace._loading import requests

    requests.PUBLISH_BUDGET = 10**12
    events.FAILURE_BUDGET = float("inf")
    deadline, seed = time.monotonic() + given.seconds, given.seed
    Loads.racing = given.racing
    how = settings(max_examples=20, stateful_step_count=given.steps, report_multiple_bugs=False, **QUIETLY)
    if given.as_found:
        how = settings(how, phases=[hypothesis.Phase.generate])
    while time.monotonic() < deadline:
        try:
            run_state_machine_as_test(hypothesis.seed(seed)(Loads), settings=how)
        except BaseException:
            print(f"seed {seed}, after {Loads.steps} steps", flush=True)
            raise
        seed += 1
    print(f"seeds {given.seed} to {seed - 1}: {Loads.steps} steps, nothing found")


if __name__ == "__main__":
    main()
