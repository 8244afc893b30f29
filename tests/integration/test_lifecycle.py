"""Import, init and shutdown, and the end of contexts, threads and processes in any state."""

from __future__ import annotations

import ast
import itertools
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pyglet.resource
import pytest

import pyglet_palace as palace
from tests import sounds
from tests.conftest import EXACT, loader_threads
from tests.test_buffer import held

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(palace.__file__).parent


@pytest.fixture
def names(assets: Path) -> tuple[str, ...]:
    """Three sounds of a second."""
    for name in ("a.wav", "b.wav", "c.wav"):
        sounds.wav(assets / name, 44100)
    pyglet.resource.reindex()
    return "a.wav", "b.wav", "c.wav"


def run(code: str, *arguments: object, status: int = 0, quiet: bool = True, **environment: str) -> tuple[str, str]:
    """The stdout and stderr of a program without a sound card: OpenAL finds no driver."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ALSOFT_DRIVERS": "none such", **environment},
    )
    assert done.returncode == status, done.stderr
    assert not quiet or done.stderr == ""
    return done.stdout, done.stderr


#: Start of the programs below: a context on a loopback device; the first argument is the search path.
BEGIN = """
import os, sys, threading
import pyglet, pyglet.resource
import pyglet_palace as palace
pyglet.resource.path = [sys.argv[1]]
pyglet.resource.reindex()
device = palace.LoopbackDevice()
context = palace.Context(device, workers=1)
palace.use_context(context)
entered = threading.Event()
def hold(file):
    entered.set()
    threading.Event().wait()
"""


# Import


def test_import_has_no_side_effects() -> None:
    """No device, thread, clock entry, library or heavy module, and no change of the environment."""
    printed, _ = run("""
        import os, sys, threading
        import pyglet, pyglet.clock
        before = dict(os.environ)
        import pyglet_palace
        heavy = {"pyglet.media", "pyglet.gl", "pyglet.window", "pyglet.display", "openal", "numpy", "soundfile", "cyal",
                 "arcade", "OpenGL"}
        print(sorted(heavy & set(sys.modules)))
        print(threading.active_count(), dict(os.environ) == before)
        clock = pyglet.clock.get_default()
        print(clock._schedule_items, clock._schedule_interval_items)
        print(pyglet_palace._common.registry.open_devices(), pyglet_palace.current_context())
        if sys.platform == "linux":
            with open("/proc/self/maps") as maps:
                print("openal" in maps.read().lower())
    """)

    assert printed.split("\n")[:4] == ["[]", "1 True", "[] []", "() None"]
    assert "True" not in printed.split("\n")[4]


def test_effects_are_imported_at_first_use() -> None:
    printed, _ = run("""
        import sys
        import pyglet_palace as palace
        print("pyglet_palace.effect" in sys.modules, set(palace.__all__) <= set(dir(palace)))
        from pyglet_palace import *
        print(ReverbEffect is palace.ReverbEffect is sys.modules["pyglet_palace.effect"].ReverbEffect)
    """)

    assert printed == "False True\nTrue\n"


def test_no_module_imports_windows() -> None:
    forbidden = ("pyglet.media", "pyglet.gl", "pyglet.window", "pyglet.graphics", "pyglet.image", "pyglet.display")
    found = []
    for path in set(PACKAGE.rglob("*.py")) - {PACKAGE / "codecs.py"}:  # it is for users of pyglet.media
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [f"{path.name}: {module}" for module in modules if module.startswith(forbidden)]

    assert found == []


def test_context_imports_no_window() -> None:
    """PATH stays as it was."""
    printed, _ = run("""
        import os, sys
        before = os.environ["PATH"]
        import pyglet_palace as palace
        palace.Context(palace.LoopbackDevice())
        print(os.environ["PATH"] == before)
        print(sorted({"pyglet.media", "pyglet.gl", "pyglet.window"} & set(sys.modules)))
        print(sorted({"openal", "numpy", "soundfile"} & set(sys.modules)))
    """)

    assert printed == "True\n[]\n['numpy', 'openal', 'soundfile']\n"


def test_missing_library_error_helps(tmp_path: Path) -> None:
    """Each call that needs the library says why it is missing."""
    nowhere = tmp_path / "no library.so"
    printed, _ = run(
        """
        import pyglet_palace as palace
        for call in (palace.init, palace.Device, palace.LoopbackDevice, lambda: palace.device_names.full):
            try:
                call()
            except palace.OpenALNotFound as error:
                print(str(error).replace("\\n", " "))
        """,
        PYGLET_PALACE_OPENAL=str(nowhere),
    )

    lines = printed.splitlines()
    assert len(lines) == 4
    for line in lines:
        assert f"PYGLET_PALACE_OPENAL is {str(nowhere)!r}, which cannot be loaded" in line


# init and shutdown


def test_init_without_device_is_silent(names: tuple[str, ...], assets: Path) -> None:
    """It warns once, and sounds play in real time."""
    printed, _ = run(
        """
        import sys, time, warnings
        import pyglet, pyglet.clock, pyglet.resource
        import pyglet_palace as palace
        pyglet.resource.path = [sys.argv[1]]
        pyglet.resource.reindex()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            context = palace.init()
        print([warning.category.__name__ for warning in caught], "silently" in str(caught[0].message))
        stopped = []
        context.set_handler("on_source_stopped", stopped.append)
        begun = time.perf_counter()
        source = palace.Buffer("a.wav").play()
        while not stopped and time.perf_counter() - begun < 30:
            pyglet.clock.tick()
        print(stopped == [source], time.perf_counter() - begun > 0.9)
        try:
            palace.init()
        except RuntimeError as error:
            print("call shutdown() first" in str(error), repr(context) in str(error))
        palace.shutdown()
        print(bool(context), palace.current_context(), palace._common.registry.open_devices())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(bool(palace.init()))
        """,
        assets,
    )

    assert printed.splitlines() == ["['RuntimeWarning'] True", "True True", "True True", "False None ()", "True"]


def test_init_opens_a_device() -> None:
    """The new context becomes current."""
    printed, _ = run(
        """
        import pyglet_palace as palace
        context = palace.init(workers=2)
        print(palace.current_context() is context, isinstance(context.device, palace.LoopbackDevice))
        print(context.stats()["workers"])
        """,
        ALSOFT_DRIVERS="null",
    )

    assert printed == "True False\n2\n"


def test_init_on_replaces_the_device() -> None:
    """In its block. The device closes with the context."""
    with palace.init_on(lambda: palace.LoopbackDevice(48000)):
        with palace.init_on(lambda: palace.LoopbackDevice(8000)):
            inner = palace.init("any name").device
            palace.shutdown()
        outer = palace.init().device
        palace.shutdown()
        assert not inner
        assert not outer
        with palace.init_on(lambda: 1 / 0), pytest.raises(ZeroDivisionError):  # type: ignore[arg-type, return-value]
            palace.init()
        context = palace.init()
        assert context.device.frequency == 48000
        assert palace.current_context() is context
    with pytest.raises(TypeError, match="open_device is"), palace.init_on(palace.LoopbackDevice()):  # type: ignore[arg-type]
        pass
    printed, _ = run(
        """
        import pyglet_palace as palace
        with palace.init_on(palace.LoopbackDevice):
            pass
        print(type(palace.init().device).__name__)
        """,
        ALSOFT_DRIVERS="null",
    )
    assert printed == "Device\n"


# The end of a context, in any state


def test_busy_context_is_destroyed_cleanly(device: palace.LoopbackDevice, names: tuple[str, ...]) -> None:
    """With running loads, cached buffers and playing sources."""
    with held("b.wav") as gate, palace.Context(device, EXACT, workers=1) as context:
        buffer = palace.Buffer("a.wav")
        playing, paused = buffer.play(), buffer.play()
        paused.pause()
        batch = palace.preload(["a.wav", "b.wav", "c.wav"])
        assert gate.entered.wait(30)
        context.destroy()  # the end of the block calls it again

        assert loader_threads()
        assert not context
        assert not buffer
        assert batch.finished
        assert device._buffers.count == 0
        for use in (lambda: playing.playing, paused.resume, context.update, context.stats):
            with pytest.raises(palace.DestroyedError):
                use()
    assert palace.current_context() is None
    device.close()


@pytest.mark.parametrize("order", list(itertools.permutations(["source", "buffer", "batch", "context"])), ids="-".join)
def test_objects_may_end_in_any_order(
    device: palace.LoopbackDevice, names: tuple[str, ...], order: tuple[str, ...]
) -> None:
    context = palace.Context(device, EXACT, workers=1)
    batch = palace.preload(names, context)
    buffer = palace.Buffer("a.wav", context)
    source = buffer.play()
    ends: dict[str, Callable[[], object]] = {
        "source": source.destroy,
        "buffer": buffer.destroy,
        "batch": batch.release,
        "context": context.destroy,
    }
    for name in order:
        ends[name]()
    for name in order:
        ends[name]()

    assert device._buffers.count == 0
    assert not any([source, buffer, batch, context])
    device.close()


def test_contexts_share_a_device(device: palace.LoopbackDevice, names: tuple[str, ...]) -> None:
    first, second = (palace.Context(device, EXACT, auto_update=False) for _ in range(2))
    palace.cache(names, first)
    one, other = palace.Buffer("a.wav", first), palace.Buffer("a.wav", second)
    assert one is not other
    source = other.play()
    with pytest.raises(ValueError, match="belongs to"):
        one.play(source)

    first.destroy()

    assert source.playing
    with pytest.raises(RuntimeError, match="still has contexts"):
        device.close()
    device.render(50_000)
    second.update()
    assert other.source_count == 0
    second.destroy()
    device.close()


def test_devices_have_own_time_and_buffers(names: tuple[str, ...]) -> None:
    devices = [palace.LoopbackDevice(), palace.LoopbackDevice(48000)]
    contexts = [palace.Context(device, EXACT, auto_update=False) for device in devices]
    sources = [palace.Buffer("a.wav", context).play() for context in contexts]

    devices[0].render(50_000)
    for context in contexts:
        context.update()

    assert [source.playing for source in sources] == [False, True]
    assert [context.stats()["buffers"] for context in contexts] == [1, 1]
    contexts[0].destroy()
    devices[0].close()
    assert sources[1].playing


def test_threads_have_own_contexts(names: tuple[str, ...]) -> None:
    errors: list[BaseException] = []
    together = threading.Barrier(2)

    def game() -> None:
        try:
            device = palace.LoopbackDevice()
            with palace.thread_local(True), palace.Context(device, EXACT, workers=1) as context:
                assert palace.current_context() is context
                together.wait(30)
                for number in range(200):
                    palace.cache(names)
                    source = palace.Buffer(names[number % 3]).play()
                    source.gain = number / 200
                    device.render(100)
                    assert source.offset == 100
                    context.update()
                    palace.free(names)
                assert context.stats()["buffers"] == 0
            device.close()
        except BaseException as error:
            errors.append(error)
            together.abort()

    threads = [threading.Thread(target=game) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []


def test_shutdown_may_be_repeated(names: tuple[str, ...]) -> None:
    """It ends all contexts of the calling thread."""
    contexts = [palace.Context(palace.LoopbackDevice(), EXACT) for _ in range(3)]
    for context in contexts:
        palace.cache(names, context)

    palace.shutdown()
    palace.shutdown()

    assert not any(contexts)
    assert palace._common.registry.open_devices() == ()


def test_unreferenced_context_stays_alive(device: palace.LoopbackDevice, names: tuple[str, ...]) -> None:
    palace.Buffer("a.wav", palace.Context(device, EXACT, auto_update=False)).play()

    assert device.render(10)[1:].any()


# The end of the process


HOLD = "palace.decoder_factories.x = hold; palace.cache(['a.wav']); entered.wait()\n"
ENDINGS = {
    "of a program that destroyed nothing": "",
    "with a worker blocked in a file": HOLD,
    "with loads queued and sources playing": "palace.cache(['a.wav', 'b.wav']); palace.Buffer('c.wav').play()",
    "with an unfinished batch": "batch = palace.preload(['a.wav', 'b.wav'], on_complete=print)",
    "after shutdown": "palace.cache(['a.wav']); palace.shutdown()",
    "with the device closed first, which is refused": "try: device.close()\nexcept RuntimeError: pass",
    "with all names forgotten": "palace.Buffer('a.wav').play(); del context, device",
}


@pytest.mark.parametrize("what", ENDINGS)
def test_process_exits_cleanly(names: tuple[str, ...], assets: Path, what: str) -> None:
    printed, _ = run(BEGIN + ENDINGS[what] + "\nprint('last line')", assets)

    assert printed.startswith("last line\n")


def test_process_exits_with_its_exception(names: tuple[str, ...], assets: Path) -> None:
    code = (
        BEGIN
        + "palace.decoder_factories.x = hold; palace.cache(['a.wav']); entered.wait()\nraise KeyError('of the game')"
    )

    _, errors = run(code, assets, status=1, quiet=False)

    assert errors.rstrip().endswith("KeyError: 'of the game'")
    assert errors.count("Traceback") == 1


def test_exit_shows_handler_errors(names: tuple[str, ...], assets: Path) -> None:
    code = (
        BEGIN
        + """
@context.event
def on_source_force_stopped(source):
    raise ValueError("at the end")
palace.Buffer("a.wav").play()
"""
    )

    _, errors = run(code, assets, quiet=False)

    assert errors.rstrip().endswith("ValueError: at the end")


def test_forked_child_has_no_contexts(names: tuple[str, ...], assets: Path) -> None:
    """In the child every context is false, and closing one touches no device."""
    code = (
        BEGIN
        + """
import time, warnings, pyglet.clock
warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, since Python 3.12
looping = palace.Source()
looping.looping = True
buffer = palace.Buffer("a.wav")
buffer.play(looping)
sys.stdout.flush()
child = os.fork()
if not child:
    print(bool(context), bool(buffer), palace.current_context(), palace._common.registry.open_devices())
    cache, render = lambda: palace.cache(["b.wav"], context), lambda: device.render(1)
    for use in (context.update, buffer.play, looping.stop, cache, render):
        try:
            use()
        except palace.DestroyedError:
            print("DestroyedError")
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        pyglet.clock.tick()  # the context is still scheduled there
    buffer.destroy()
    looping.destroy()
    context.destroy()
    device.close()
    sys.exit(3)  # atexit runs
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(looping.playing, device.render(10)[1:].any(), palace.Buffer("b.wav").length)
"""
    )

    printed, errors = run(code, assets, quiet=False)  # some OpenALs say in the child that a device was not closed

    assert "Traceback" not in errors
    assert printed.splitlines() == ["False False None ()", *["DestroyedError"] * 5, "3", "True True 44100"]


def test_init_falls_back_to_the_default() -> None:
    printed, _ = run(
        """
        import warnings
        import pyglet_palace as palace
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            context = palace.init("no such device")
        print(*[f"{warning.filename}:{warning.lineno} {warning.message}" for warning in caught], sep="\\n")
        print(type(context.device).__name__)
        """,
        ALSOFT_DRIVERS="null",
    )

    warning, device = printed.splitlines()
    assert warning.startswith(
        "<string>:6 cannot open device 'no such device', and tries the next; available devices: '"
    )
    assert device == "Device"


def test_init_warns_about_the_games_line() -> None:
    printed, _ = run(
        """
        import warnings
        import pyglet_palace as palace
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            palace.init()
        print(*[f"{warning.filename}:{warning.lineno} {warning.message}" for warning in caught], sep="\\n")
        """
    )

    assert printed == "<string>:6 no sound device can be opened (available: none); the game plays silently\n"


def test_fork_inside_a_scope_restores_gc() -> None:
    """The child collects, although a thread of the parent was inside a scope."""
    printed, _ = run(
        """
        import gc, os, sys, threading, types, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, since Python 3.12
        import pyglet_palace as palace
        sys.modules["pyglet.media.drivers.openal"] = types.ModuleType("a driver like pyglet's")
        context = palace.Context(palace.LoopbackDevice(), auto_update=False, workers=1)
        context.update()
        inside, leave = threading.Event(), threading.Event()

        def hold():
            with context._engine.scope:
                inside.set()
                leave.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait()
        assert not gc.isenabled()
        child = os.fork()
        if not child:
            print("collects", gc.isenabled(), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        leave.set()
        thread.join()
        print("collects", gc.isenabled())
        """
    )
    assert printed == "collects True\ncollects True\n"


def test_forked_child_can_load(names: tuple[str, ...], assets: Path) -> None:
    """At any moment of a load in the parent: no lock of a worker stays held in the child."""
    code = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, since Python 3.12
    import time
    palace.use_context(context)
    names = ["a.wav", "b.wav", "c.wav"]
    for turn in range(15):
        palace.free(names)
        palace.cache(names)
        time.sleep(0.0002 * turn)
        child = os.fork()
        if not child:
            with palace.LoopbackDevice() as own, palace.Context(own, workers=1):
                assert palace.Buffer("a.wav").length == 44100
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    print("loaded")
    """
    printed, _ = run(BEGIN + textwrap.dedent(code), assets)
    assert printed == "loaded\n"


def test_open_lock_is_renewed_after_a_fork(names: tuple[str, ...], assets: Path) -> None:
    """A worker opens a file under a lock; the child has no such worker."""
    code = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyglet_palace._decoding.opening import Sound
    with Sound._sf_error_lock:
        child = os.fork()
    if not child:
        with palace.LoopbackDevice() as own, palace.Context(own, workers=1):
            palace.Buffer("a.wav")
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    printed, _ = run(BEGIN + textwrap.dedent(code), assets)
    assert printed == "7\n"


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_process_of_multiprocessing_can_load(names: tuple[str, ...], assets: Path, tmp_path: Path, method: str) -> None:
    """While a worker of the parent is opening a file. The parent's load goes on afterwards."""
    program = tmp_path / "game.py"
    program.write_text(
        textwrap.dedent(
            """
            import multiprocessing, os, sys, threading, warnings
            import pyglet.resource
            import pyglet_palace as palace
            from pyglet_palace._decoding.opening import Sound

            NAMES = ["a.wav", "b.wav", "c.wav"]

            def load(assets):
                vars(palace.decoder_factories).clear()  # a forked child inherits them
                pyglet.resource.path = [assets]
                pyglet.resource.reindex()
                with palace.LoopbackDevice() as device, palace.Context(device, workers=1) as context:
                    batch = palace.preload(NAMES, context)
                    assert batch.wait(30) and not batch.failed, batch

            def main(method, assets):
                pyglet.resource.path = [assets]
                pyglet.resource.reindex()
                entered, leave = threading.Event(), threading.Event()

                def hold(file):
                    with Sound._sf_error_lock:  # held while libsndfile opens a file
                        entered.set()
                        leave.wait()
                    raise RuntimeError("not mine")

                palace.decoder_factories.hold = hold
                with palace.LoopbackDevice() as device, palace.Context(device, workers=2) as context:
                    batch = palace.preload(NAMES, context)
                    entered.wait()
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, since Python 3.12
                        child = multiprocessing.get_context(method).Process(target=load, args=(assets,))
                        child.start()
                    child.join(40)
                    if child.exitcode is None:
                        child.kill()
                        child.join()
                    leave.set()
                    print(child.exitcode, batch.wait(30), len(batch.failed))

            if __name__ == "__main__":
                main(*sys.argv[1:])
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", program, method, assets],
        capture_output=True,
        text=True,
        timeout=90,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        check=False,
    )
    assert done.stdout == "0 True 0\n", done.stderr
    assert "Traceback" not in done.stderr  # some OpenALs say in the child that a device was not closed


def test_shutdown_ends_contexts_of_ended_threads() -> None:
    made: list[palace.Context] = []
    device = palace.LoopbackDevice()
    thread = threading.Thread(target=lambda: made.append(palace.Context(device, auto_update=False, workers=1)))
    thread.start()
    thread.join()
    assert made[0]
    palace.shutdown()
    assert not made[0]
    assert not device
