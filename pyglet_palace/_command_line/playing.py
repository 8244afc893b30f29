"""Playback of files, controlled by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import Context, Device, PalaceError, ResourceError, Source, decode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Protocol

    from .. import BaseDecoder

    class Keys(Protocol):
        """The keyboard."""

        def wait(self, seconds: float) -> str:
            """Return a character, 'left', 'right', or '' if no key was pressed in `seconds`."""

    class Display(Protocol):
        """The screen."""

        def start(self, path: Path, seconds: float) -> None:
            """Show that a file starts. `seconds` is 0 if its length is unknown."""

        def progress(self, seconds: float, paused: bool) -> None:
            """Show the position."""

        def error(self, text: str) -> None:
            """Show an error."""


#: Seconds that an arrow key moves.
STEP = 5
_REFRESH = 1 / 30


def play_files(
    paths: Iterable[Path], device: Device, keys: Keys, display: Display, *, loop: bool, volume: float
) -> int:
    """Play files one after another. Blocks until the last one has ended or 'q' was pressed.

    Args:
        paths: The files.
        device: The device to play on.
        keys: The keyboard.
        display: The screen.
        loop: Whether each file plays until 'n' or 'q' is pressed.
        volume: A factor, >= 0.

    Returns:
        0, or 1 if a file cannot be played.
    """
    status = 0
    with Context(device, auto_update=False) as context:
        errors: list[PalaceError] = []

        def on_stream_failed(source: Source, error: PalaceError) -> None:
            errors.append(error)

        context.push_handlers(on_stream_failed)
        source = Source(context)
        source.gain = volume
        source.looping = loop
        for path in paths:
            try:
                decoder = decode(path, context)
            except ResourceError as failure:
                errors.append(failure)
                quits = False
            else:
                display.start(path, decoder.length_seconds)
                quits = _play(decoder, source, context, keys, display)
            for error in errors:
                display.error(str(error))
                status = 1
            errors.clear()
            if quits:
                break
    return status


def _play(decoder: BaseDecoder, source: Source, context: Context, keys: Keys, display: Display) -> bool:
    """Play one file. Return whether 'q' was pressed."""
    decoder.play(source=source)
    while source.playing or source.paused:
        display.progress(source.offset / decoder.frequency, source.paused)
        key = keys.wait(_REFRESH)
        context.update()
        if key in ("q", "n"):
            source.stop()
            return key == "q"
        if key == " ":
            (source.resume if source.paused else source.pause)()
        elif key in ("left", "right"):
            frame = source.offset + (STEP if key == "right" else -STEP) * decoder.frequency
            if decoder.length and frame >= decoder.length:
                source.stop()
            else:
                source.offset = max(0, frame)
    return False
