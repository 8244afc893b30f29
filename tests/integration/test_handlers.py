"""Handlers of source events may call any function, for static and streamed sounds and for every kind of end.

A case combines a sound, an end of two sources at the same time, a kind of handler, and an action in the first call.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

import pyglet_palace as palace
from tests import sounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: Plays a file from its start, on the given source or on a new one.
    Play = Callable[[Path, palace.Source | None], palace.Source]

LENGTH = 441


def _buffer(path: Path, source: palace.Source | None) -> palace.Source:
    return palace.Buffer(path).play(source)


def _stream(path: Path, source: palace.Source | None) -> palace.Source:
    return palace.decode(path).play(source=source)


#: The kinds of sound, by name.
PLAYS: dict[str, Play] = {"buffer": _buffer, "stream": _stream}


class Stage:
    """Two voices, on which `first` and `second` play. Handlers record their calls, and one of them acts once.

    Attributes:
        received: The calls of handlers, in order: (kind of handler, event, source).
        act: The action in the first call for `first`.
    """

    def __init__(self, context: palace.Context, device: palace.LoopbackDevice, play: Play, path: Path) -> None:
        self.context, self.device, self.path = context, device, path
        self.play = lambda source=None: play(path, source)
        self.received: list[tuple[str, str, palace.Source]] = []
        self.act: Callable[[Stage], object] | None = None
        self.first, self.second = self.play(), self.play()

    def listen(self, by: str) -> None:
        """Act in the handler of kind `by`, and record the calls of both kinds."""
        stage = self

        class Handler(palace.MessageHandler):
            def source_stopped(self, source: palace.Source) -> None:
                stage._record(by, "message", "source_stopped", source)

            def source_force_stopped(self, source: palace.Source) -> None:
                stage._record(by, "message", "source_force_stopped", source)

        def on_source_stopped(source: palace.Source) -> None:
            stage._record(by, "event", "source_stopped", source)

        def on_source_force_stopped(source: palace.Source) -> None:
            stage._record(by, "event", "source_force_stopped", source)

        self.context.message_handler = Handler()
        self.context.push_handlers(on_source_stopped, on_source_force_stopped)

    def _record(self, acts: str, by: str, what: str, source: palace.Source) -> None:
        self.received.append((by, what, source))
        if acts == by and self.act is not None:
            act, self.act = self.act, None
            act(self)

    def pass_time(self, frames: int = 2 * LENGTH) -> None:
        for _ in range(0, frames, LENGTH):
            if self.context:
                self.device.render(LENGTH)
                self.context.update()


def _end(stage: Stage) -> None:
    stage.device.render(2 * LENGTH)
    stage.context.update()


def _steal(stage: Stage) -> None:
    thieves = [palace.Source(), palace.Source()]
    for thief in thieves:
        thief.priority = 1
        stage.play(thief)
    stage.context.update()
    for thief in thieves:  # a handler may have destroyed all of them already
        thief.destroy()


def _destroy_buffer(stage: Stage) -> None:
    palace.Buffer(stage.path).destroy()


#: Ends of two sources at once: the event, the function that causes it, and the kinds of sound it applies to.
ENDS: dict[str, tuple[str, Callable[[Stage], None], set[str]]] = {
    "end": ("source_stopped", _end, set(PLAYS)),
    "theft": ("source_force_stopped", _steal, set(PLAYS)),
    "Buffer.destroy": ("source_force_stopped", _destroy_buffer, {"buffer"}),
}
CASES = [(play, end) for end, (_, _, plays) in ENDS.items() for play in PLAYS if play in plays]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Names of the kind of sound and of the kind of end."""
    played: tuple[str, str] = request.param
    return played


@pytest.fixture
def make_stage(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Stage]:
    generate, made = context._engine.al.generate_source, []

    def limited() -> int:
        if len(made) == 2:
            raise palace.OpenALError("alGenSources", 0xA005, "no more")
        made.append(generate())
        return made[-1]

    monkeypatch.setattr(context._engine.al, "generate_source", limited)
    return lambda name: Stage(context, device, PLAYS[name], sounds.wav(tmp_path / "a.wav", LENGTH))


@pytest.fixture
def stage(case: tuple[str, str], make_stage: Callable[[str], Stage]) -> Stage:
    return make_stage(case[0])


@pytest.fixture(params=["message", "event"])
def by(request: pytest.FixtureRequest) -> str:
    """The kind of handler that acts."""
    name: str = request.param
    return name


def _of(what: str, *sources: palace.Source) -> list[tuple[str, str, palace.Source]]:
    return [(by, what, source) for source in sources for by in ("message", "event")]


def _update(stage: Stage) -> None:
    stage.context.update()
    assert len(stage.received) <= 2  # no event is dispatched within a handler


#: Actions that do not change the events: those of both sources, once, in order.
ACTS: dict[str, Callable[[Stage], object]] = {
    "destroy the source": lambda stage: stage.first.destroy(),
    "destroy the other source": lambda stage: stage.second.destroy(),
    "stop both": lambda stage: (stage.first.stop(), stage.second.stop()),
    "pause and resume both": lambda stage: (stage.first.pause(), stage.second.resume()),
    "set properties": lambda stage: (setattr(stage.first, "gain", 0.5), setattr(stage.second, "pitch", 2)),
    "seek": lambda stage: setattr(stage.first, "offset", 100),
    "free the sound": lambda stage: palace.free([stage.path]),
    "destroy the buffer": lambda stage: palace.Buffer(stage.path).destroy(),
    "update": _update,
    "destroy the context": lambda stage: stage.context.destroy(),
    "shut down": lambda stage: palace.shutdown(),
}


@pytest.mark.parametrize("act", ACTS)
def test_handler_may_do_anything(stage: Stage, case: tuple[str, str], by: str, act: str) -> None:
    """The events of both sources are dispatched once each, in order."""
    what, cause_end, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    stage.listen(by)
    stage.act = ACTS[act]
    cause_end(stage)

    assert stage.received[:4] == _of(what, first, second)
    stage.pass_time()
    ended = [received for received in stage.received if received[2] in (first, second)]
    assert ended == _of(what, first, second)
    if stage.context:
        assert stage.context.stats()["sources"] == 0
        assert stage.context.stats()["buffers"] <= 1
        stage.received.clear()
        again = stage.play()
        assert again.playing
        stage.pass_time()
        assert stage.received == _of("source_stopped", again)


@pytest.mark.parametrize("again", ["the source", "another source", "a new source"])
def test_handler_may_play(stage: Stage, case: tuple[str, str], by: str, again: str) -> None:
    what, cause_end, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    source = {"the source": first, "another source": palace.Source(), "a new source": None}[again]
    played: list[palace.Source] = []
    stage.listen(by)
    stage.act = lambda stage: played.append(stage.play(source))
    cause_end(stage)

    (heard,) = played
    assert heard is (source or heard)
    if case[1] == "theft":  # the thieves have a higher priority, so the play is stolen
        assert stage.received == _of(what, first, second)
        assert not heard.playing
        stage.context.update()
        assert stage.received == _of(what, first, second, heard)
        stage.play(heard)
        stage.received.clear()
    else:
        assert stage.received == _of(what, first, second)
        stage.received.clear()
    assert heard.playing
    stage.pass_time()
    assert stage.received == _of("source_stopped", heard)
    assert stage.context.stats()["sources"] == 0


class Boom(Exception):
    """The error that a handler raises."""


def test_raising_handler_loses_no_event(stage: Stage, case: tuple[str, str], by: str) -> None:
    what, cause_end, _ = ENDS[case[1]]
    first, second = stage.first, stage.second

    def boom(stage: Stage) -> None:
        raise Boom

    stage.listen(by)
    stage.act = boom
    if case[1] == "Buffer.destroy":  # dispatches all events, and keeps the error
        cause_end(stage)
        assert stage.received == _of(what, first, second)
        with pytest.raises(Boom):
            stage.context.update()
    else:
        with pytest.raises(Boom):
            cause_end(stage)
        assert stage.received == _of(what, first)  # the event too, if the message handler raised
    stage.context.update()
    assert stage.received == _of(what, first, second)
    for source in [state.source for state in stage.context._engine.voices]:
        source.stop()  # type: ignore[attr-defined]
    stage.received.clear()
    again = stage.play()
    stage.pass_time()
    assert stage.received == _of("source_stopped", again)


def test_handler_may_destroy_and_raise(
    stage: Stage, case: tuple[str, str], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what, cause_end, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    hooked: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: hooked.append(kind))

    def boom(stage: Stage) -> None:
        stage.context.destroy()
        raise Boom

    stage.listen(by)
    stage.act = boom
    if case[1] == "Buffer.destroy":
        cause_end(stage)
        assert hooked == [Boom]
    else:
        with pytest.raises(Boom):
            cause_end(stage)
        assert hooked == []
    assert stage.received[:4] == _of(what, first, second)
    assert not stage.context


def test_replay_in_handler_cannot_loop(make_stage: Callable[[str], Stage], by: str) -> None:
    """Regression: each play stole a voice, the handler of that source played it again, and the update did not return.

    Only for static sounds: a stream is not stolen by a stream of the same priority.
    """
    stage = make_stage("buffer")
    stage.listen(by)

    def play_again(stage: Stage) -> None:
        stage.play(stage.received[-1][2])
        stage.act = play_again

    stage.act = play_again
    sources = [stage.first, stage.second, stage.play(palace.Source())]
    for source in sources:
        source.priority = 0
    for index in range(6):
        stage.context.update()
        assert stage.received == _of("source_force_stopped", *(sources * 2)[: index + 1])
        assert sum(source.playing for source in sources) == 2


def test_destroy_dispatches_queued_events(make_stage: Callable[[str], Stage], by: str) -> None:
    stage = make_stage("buffer")
    stage.listen(by)
    stage.play()  # steals from `first`, whose handler steals from `second`
    stage.act = lambda stage: stage.play()
    stage.context.update()
    assert stage.received == _of("source_force_stopped", stage.first)
    stage.context.destroy()
    assert stage.received[:4] == _of("source_force_stopped", stage.first, stage.second)
    assert len(set(stage.received)) == len(stage.received)


def test_handler_may_steal_and_destroy(make_stage: Callable[[str], Stage], by: str, tmp_path: Path) -> None:
    """The next update would dispatch the event of a stolen source, but the context is destroyed before it."""
    stage = make_stage("buffer")
    stage.listen(by)
    other = palace.Buffer(sounds.wav(tmp_path / "b.wav", LENGTH))
    other.play(stage.second)

    def act(stage: Stage) -> None:
        for _ in range(2):  # takes the free voice, then steals that of `second`
            other.play()
        stage.context.destroy()

    stage.act = act
    palace.free([stage.path])
    assert stage.received[:4] == _of("source_force_stopped", stage.first, stage.second)
    assert not stage.context
