"""Comparison and `with` blocks of objects that can be destroyed."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from pyglet_palace._common.lifetime import Destroyable
from tests import sounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


class Thing(Destroyable):
    def __init__(self) -> None:
        self._init_lifetime()


def test_objects_compare_by_age() -> None:
    """An object equals only itself."""
    old, young = Thing(), Thing()
    assert [compare(old, young) for compare in COMPARISONS] == [True, True, False, False]
    assert [compare(young, old) for compare in COMPARISONS] == [False, False, True, True]
    assert [compare(old, old) for compare in COMPARISONS] == [False, True, False, True]
    assert old == old != young
    assert len({old, young, old}) == 2
    assert max(old, young) is young


@pytest.mark.parametrize("compare", COMPARISONS)
def test_other_types_do_not_compare(compare: Callable[[object, object], bool]) -> None:
    with pytest.raises(TypeError):
        compare(Thing(), 1)
    with pytest.raises(TypeError):
        compare(None, Thing())
    assert Thing() != 1


def _overriding(base: type, method: str) -> tuple[type, list[object]]:
    """A subclass of `base` whose `method` records its calls, and the record."""
    called: list[object] = []

    def overridden(self: object) -> None:
        called.append(self)
        getattr(base, method)(self)

    return type(f"Own{base.__name__}", (base,), {method: overridden}), called


@pytest.mark.parametrize("base", [palace.Source, palace.SourceGroup, palace.BaseEffect, palace.ReverbEffect])
def test_with_calls_an_overridden_destroy(base: type, context: palace.Context) -> None:
    cls, called = _overriding(base, "destroy")
    with cls() as made:
        pass
    assert called == [made]


def test_with_calls_an_overridden_close() -> None:
    """And an overridden `Context.destroy`."""
    device_class, closed = _overriding(palace.LoopbackDevice, "close")
    context_class, destroyed = _overriding(palace.Context, "destroy")
    with device_class() as device, context_class(device) as context:
        pass
    assert (closed, destroyed) == ([device], [context])


def test_with_calls_an_overridden_release(context: palace.Context) -> None:
    batch_class, released = _overriding(palace.Batch, "release")
    with batch_class((), context._engine) as batch:
        pass
    assert released == [batch]


@pytest.mark.parametrize("kind", ["context", "device", "batch", "decoder", "source", "buffer", "group", "listener"])
def test_unknown_attribute_is_refused(
    context: palace.Context, device: palace.LoopbackDevice, tmp_path: Path, kind: str
) -> None:
    """A misspelt property must not be taken without a word."""
    path = sounds.wav(tmp_path / "a.wav")
    things = {
        "context": context,
        "device": device,
        "batch": palace.preload([path]),
        "decoder": palace.Decoder(path),
        "source": palace.Source(),
        "buffer": palace.Buffer(path),
        "group": palace.SourceGroup(),
        "listener": context.listener,
    }
    with pytest.raises(AttributeError, match="volumme"):
        things[kind].volumme = 1


def test_subclass_may_have_attributes(device: palace.LoopbackDevice) -> None:
    class Own(palace.Context):
        pass

    with Own(device, auto_update=False) as context:
        context.score = 5
        context.on_cached = lambda name: None
        assert context.score == 5


def test_contexts_are_told_apart_in_errors(context: palace.Context, device: palace.LoopbackDevice) -> None:
    with palace.Context(device, auto_update=False) as other:
        assert repr(other) != repr(context)
        with pytest.raises(ValueError, match="belongs to <Context .* to <Context "):
            palace.Source(context).group = palace.SourceGroup(context=other)
