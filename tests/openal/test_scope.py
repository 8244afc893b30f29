"""What a context scope leaves behind, and the texts of errors."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import types
from typing import TYPE_CHECKING

import pytest

import pyglet_palace as palace
from pyglet_palace import _openal
from pyglet_palace._openal import ContextScope
from pyglet_palace._openal import scope as scope_module
from pyglet_palace._openal.packing import pack_float
from tests.interrupts import interrupt_everywhere

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_failed_call_names_its_arguments(context: palace.Context) -> None:
    with (
        context._engine.scope as al,
        pytest.raises(palace.OpenALError, match=r"alSourcefv\(9999, AL_GAIN, \[1.0\]\).*NAME"),
    ):
        al.alSourcefv(9999, _openal.constants.AL_GAIN, pack_float(1.0))
    context.listener.gain = 0.5  # the error was read: the next call is innocent


def test_failed_start_names_both_calls(context: palace.Context) -> None:
    """`start_source` reads the error once, after both calls."""
    text = r"alSourcei\(9999, AL_BUFFER, 0\) or alSourcePlay\(9999\) failed: AL_INVALID_NAME"
    with context._engine.scope as al, pytest.raises(palace.OpenALError, match=text):
        al.start_source(9999, 0)
    context.listener.gain = 0.5  # the error was read


def test_scope_restores_other_contexts(device: palace.LoopbackDevice) -> None:
    al = _openal.functions()
    outer = palace.Context(device, auto_update=False)
    inner = palace.Context(device, auto_update=False)
    before = al.alcGetCurrentContext(), al.alcGetThreadContext()
    with outer._engine.scope:
        assert al.alcGetThreadContext() == outer._engine.native.handle
        with inner._engine.scope, inner._engine.scope:
            assert al.alcGetThreadContext() == inner._engine.native.handle
        assert al.alcGetThreadContext() == outer._engine.native.handle
    assert (al.alcGetCurrentContext(), al.alcGetThreadContext()) == before


def test_scope_exits_after_an_error(context: palace.Context) -> None:
    al = _openal.functions()
    before = al.alcGetThreadContext()
    with pytest.raises(ZeroDivisionError), context._engine.scope:
        raise ZeroDivisionError
    assert al.alcGetThreadContext() == before


@pytest.fixture
def beside_pyglet(context: palace.Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process with pyglet.media's driver, which the next update notices."""
    monkeypatch.setitem(sys.modules, "pyglet.media.drivers.openal", types.ModuleType("stand-in"))
    context.update()
    yield
    scope_module._shared.disables_gc = False


@pytest.mark.usefixtures("beside_pyglet")
def test_gc_is_disabled_beside_pyglets_driver(context: palace.Context) -> None:
    with context._engine.scope:
        assert not gc.isenabled()
        with context._engine.scope:
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.usefixtures("beside_pyglet")
def test_gc_stays_off_if_the_game_says_so(context: palace.Context) -> None:
    gc.disable()
    try:
        with context._engine.scope:
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_shared_library_is_refused(device: palace.LoopbackDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without thread contexts the package and pyglet.media cannot share a library."""
    al = _openal.functions()
    driver = types.ModuleType("stand-in")
    driver._lib = al.handle  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyglet.media.drivers.openal.lib_openal", driver)
    monkeypatch.setattr(al, "alcSetThreadContext", None)
    with pytest.raises(palace.DeviceError, match=r"pyglet\.options\.audio"):
        palace.Context(device, auto_update=False)


def test_closed_scope_cannot_be_entered(context: palace.Context) -> None:
    scope = ContextScope(_openal.functions(), context._engine.native.handle)
    scope.close()
    with pytest.raises(palace.DestroyedError), scope:
        pass
    assert lock_is_free(scope)


def test_own_library_needs_no_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    al = _openal.functions()
    with monkeypatch.context() as patch:
        patch.setattr(al, "alcSetThreadContext", None)
        device = palace.LoopbackDevice()
        context = palace.Context(device, auto_update=False)
        context.listener.gain = 0.5
        assert al.alcGetCurrentContext() == context._engine.native.handle
        context.destroy()
        assert al.alcGetCurrentContext() is None


def lock_is_free(scope: ContextScope) -> bool:
    """Whether another thread can enter."""
    free: list[bool] = []

    def enter() -> None:
        if lock.acquire(timeout=5):
            lock.release()
            free.append(True)

    lock = scope._shared.lock
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return bool(free)


@pytest.fixture(params=["alone", "beside pyglet"])
def whichever(request: pytest.FixtureRequest) -> None:
    """With and without holding the garbage collector."""
    if request.param == "beside pyglet":
        request.getfixturevalue("beside_pyglet")


@pytest.mark.usefixtures("whichever")
def test_interrupt_leaves_no_scope_entered(context: palace.Context) -> None:
    """In the scope and on the way in and out: no lock is kept, no context, and no disabled garbage collector."""
    scope, al = context._engine.scope, _openal.functions()

    def call() -> None:
        with scope as functions, scope:
            functions.alGetInteger(0xD000)  # AL_DISTANCE_MODEL

    def check() -> None:
        assert al.alcGetThreadContext() is None
        assert gc.isenabled()
        assert lock_is_free(scope)

    assert interrupt_everywhere(call, check) >= 2


@pytest.mark.usefixtures("whichever")
def test_update_leaves_abandoned_scopes(context: palace.Context) -> None:
    """An exception between two bytecodes of a ``with`` statement can only come from a trace function."""
    scope, al = context._engine.scope, _openal.functions()
    scope.__enter__()
    scope.__enter__()
    context.update()
    assert al.alcGetThreadContext() is None
    assert gc.isenabled()
    assert lock_is_free(scope)


@pytest.mark.usefixtures("whichever")
def test_deep_recursion_leaves_no_scope_entered(context: palace.Context) -> None:
    """A RecursionError at every depth at which it can be raised."""
    scope, al = context._engine.scope, _openal.functions()

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        else:
            context.listener.gain = 0.5

    refused = 0
    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit() + 5):
        try:
            deep(depth)
        except (RecursionError, ctypes.ArgumentError):  # ctypes replaces the exceptions of conversions
            refused += 1
        assert al.alcGetThreadContext() is None
        assert gc.isenabled()
    assert refused > 10
    assert lock_is_free(scope)
