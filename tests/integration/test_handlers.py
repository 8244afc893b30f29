"""Handlers of news about sources may do everything, whatever was played and however it came to its end.

A case is: what plays, how two plays of it end at one moment, who hears of it, and what it does on hearing of the first.
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

    #: Plays the sound in a file from its start, on a source that is given or on a new one.
    Play = Callable[[Path, palace.Source | None], palace.Source]

LENGTH = 441


def _buffer(path: Path, source: palace.Source | None) -> palace.Source:
    return palace.Buffer(path).play(source)


def _stream(path: Path, source: palace.Source | None) -> palace.Source:
    return palace.decode(path).play(source=source)


#: What is played, by name.
PLAYS: dict[str, Play] = {"buffer": _buffer, "stream": _stream}


class Stage:
    """Two voices; `first` and `second` play; and the game notes what it is told, and acts once.

    Attributes:
        told: What the game was told, in order: (by whom, what, source).
        act: What it does on hearing of `first` for the first time.
    """

    def __init__(self, context: palace.Context, device: palace.LoopbackDevice, play: Play, path: Path) -> None:
        self.context, self.device, self.path = context, device, path
        self.play = lambda source=None: play(path, source)
        self.told: list[tuple[str, str, palace.Source]] = []
        self.act: Callable[[Stage], object] | None = None
        self.first, self.second = self.play(), self.play()

    def listen(self, by: str) -> None:
        """Let the game act `by` message or by event, and note both."""
        stage = self

        class Handler(palace.MessageHandler):
            def source_stopped(self, source: palace.Source) -> None:
                stage._hear(by, "message", "source_stopped", source)

            def source_force_stopped(self, source: palace.Source) -> None:
                stage._hear(by, "message", "source_force_stopped", source)

        def on_source_stopped(source: palace.Source) -> None:
            stage._hear(by, "event", "source_stopped", source)

        def on_source_force_stopped(source: palace.Source) -> None:
            stage._hear(by, "event", "source_force_stopped", source)

        self.context.message_handler = Handler()
        self.context.push_handlers(on_source_stopped, on_source_force_stopped)

    def _hear(self, acts: str, by: str, what: str, source: palace.Source) -> None:
        self.told.append((by, what, source))
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
    for thief in thieves:  # the game is done with them; by now a handler may have ended all
        thief.destroy()


def _destroy_buffer(stage: Stage) -> None:
    palace.Buffer(stage.path).destroy()


#: How the two plays come to their end at once: what is told, how it is brought about, and what can end so.
ENDS: dict[str, tuple[str, Callable[[Stage], None], set[str]]] = {
    "end": ("source_stopped", _end, set(PLAYS)),
    "theft": ("source_force_stopped", _steal, set(PLAYS)),
    "Buffer.destroy": ("source_force_stopped", _destroy_buffer, {"buffer"}),
}
CASES = [(play, end) for end, (_, _, plays) in ENDS.items() for play in PLAYS if play in plays]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Names of what is played and of how it ends."""
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
    """Who acts."""
    name: str = request.param
    return name


def _of(what: str, *sources: palace.Source) -> list[tuple[str, str, palace.Source]]:
    return [(by, what, source) for source in sources for by in ("message", "event")]


def _update(stage: Stage) -> None:
    stage.context.update()
    assert len(stage.told) <= 2  # nothing is told within a handler


#: What does not change what is told: of both, once, in order.
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
def test_a_handler_may_do_anything_and_both_are_told_once(
    stage: Stage, case: tuple[str, str], by: str, act: str
) -> None:
    what, bring_about, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    stage.listen(by)
    stage.act = ACTS[act]
    bring_about(stage)

    assert stage.told[:4] == _of(what, first, second)
    stage.pass_time()
    ended = [told for told in stage.told if told[2] in (first, second)]
    assert ended == _of(what, first, second)
    if stage.context:
        assert stage.context.stats()["sources"] == 0
        assert stage.context.stats()["buffers"] <= 1
        stage.told.clear()
        again = stage.play()
        assert again.playing
        stage.pass_time()
        assert stage.told == _of("source_stopped", again)


@pytest.mark.parametrize("again", ["the source", "another source", "a new source"])
def test_a_handler_may_play(stage: Stage, case: tuple[str, str], by: str, again: str) -> None:
    what, bring_about, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    source = {"the source": first, "another source": palace.Source(), "a new source": None}[again]
    played: list[palace.Source] = []
    stage.listen(by)
    stage.act = lambda stage: played.append(stage.play(source))
    bring_about(stage)

    (heard,) = played
    assert heard is (source or heard)
    if case[1] == "theft":  # of a higher priority, which is why it is not heard
        assert stage.told == _of(what, first, second)
        assert not heard.playing
        stage.context.update()
        assert stage.told == _of(what, first, second, heard)
        stage.play(heard)
        stage.told.clear()
    else:
        assert stage.told == _of(what, first, second)
        stage.told.clear()
    assert heard.playing
    stage.pass_time()
    assert stage.told == _of("source_stopped", heard)
    assert stage.context.stats()["sources"] == 0


class Boom(Exception):
    """What a handler raises."""


def test_what_a_handler_raises_takes_no_news_away(stage: Stage, case: tuple[str, str], by: str) -> None:
    what, bring_about, _ = ENDS[case[1]]
    first, second = stage.first, stage.second

    def boom(stage: Stage) -> None:
        raise Boom

    stage.listen(by)
    stage.act = boom
    if case[1] == "Buffer.destroy":  # tells all there is, and keeps what is raised
        bring_about(stage)
        assert stage.told == _of(what, first, second)
        with pytest.raises(Boom):
            stage.context.update()
    else:
        with pytest.raises(Boom):
            bring_about(stage)
        assert stage.told == _of(what, first)  # the event too, where the message raised
    stage.context.update()
    assert stage.told == _of(what, first, second)
    for source in [state.source for state in stage.context._engine.voices]:
        source.stop()  # type: ignore[attr-defined]
    stage.told.clear()
    again = stage.play()
    stage.pass_time()
    assert stage.told == _of("source_stopped", again)


def test_a_handler_may_destroy_the_context_and_raise(
    stage: Stage, case: tuple[str, str], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    what, bring_about, _ = ENDS[case[1]]
    first, second = stage.first, stage.second
    hooked: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: hooked.append(kind))

    def boom(stage: Stage) -> None:
        stage.context.destroy()
        raise Boom

    stage.listen(by)
    stage.act = boom
    if case[1] == "Buffer.destroy":
        bring_about(stage)
        assert hooked == [Boom]
    else:
        with pytest.raises(Boom):
            bring_about(stage)
        assert hooked == []
    assert stage.told[:4] == _of(what, first, second)
    assert not stage.context


def test_handlers_that_play_again_what_was_stolen_do_not_steal_for_ever(
    make_stage: Callable[[str], Stage], by: str
) -> None:
    """Each play stole the voice of another source, whose handler played it again, and no update came to its end.

    With sounds in memory: streams do not give way to their equals.
    """
    stage = make_stage("buffer")
    stage.listen(by)

    def play_again(stage: Stage) -> None:
        stage.play(stage.told[-1][2])
        stage.act = play_again

    stage.act = play_again
    sources = [stage.first, stage.second, stage.play(palace.Source())]
    for source in sources:
        source.priority = 0
    for turn in range(6):
        stage.context.update()
        assert stage.told == _of("source_force_stopped", *(sources * 2)[: turn + 1])
        assert sum(source.playing for source in sources) == 2


def test_news_that_waits_for_an_update_is_told_by_the_end_of_the_context(
    make_stage: Callable[[str], Stage], by: str
) -> None:
    stage = make_stage("buffer")
    stage.listen(by)
    stage.play()  # steals from the first, whose handler lets another steal from the second
    stage.act = lambda stage: stage.play()
    stage.context.update()
    assert stage.told == _of("source_force_stopped", stage.first)
    stage.context.destroy()
    assert stage.told[:4] == _of("source_force_stopped", stage.first, stage.second)
    assert len(set(stage.told)) == len(stage.told)


def test_a_handler_may_steal_and_then_destroy_the_context(
    make_stage: Callable[[str], Stage], by: str, tmp_path: Path
) -> None:
    """What was stolen was to be told by the next update, of which there is none."""
    stage = make_stage("buffer")
    stage.listen(by)
    other = palace.Buffer(sounds.wav(tmp_path / "b.wav", LENGTH))
    other.play(stage.second)

    def act(stage: Stage) -> None:
        for _ in range(2):  # the voice that is free, and that of the other
            other.play()
        stage.context.destroy()

    stage.act = act
    palace.free([stage.path])
    assert stage.told[:4] == _of("source_force_stopped", stage.first, stage.second)
    assert not stage.context
