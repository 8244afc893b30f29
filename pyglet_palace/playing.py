"""play: one call that plays a sound by name and never blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._common import checks
from ._current import require_engine
from .resources import key_of
from .source import new_source, start_playing, state_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .context import Context
    from .resources import Name
    from .source import PlayOptions, Source

_late = checks.number(0.0)


def play(
    name: Name, *, late: float | None = None, context: Context | None = None, **options: Unpack[PlayOptions]
) -> Source:
    """Play a sound by name. Never blocks.

    A cached sound starts now. Another one is loaded ahead of everything queued, and starts when an update (or a
    ``Buffer(name)``, or `Batch.wait`) publishes it. Until then `Source.waiting` is true, `Source.stop` cancels the
    play, and `Source.pause` lets the sound start paused.

    If the load fails, the context dispatches ``on_cache_failed``, as for `cache`. If the sound is not played, because
    it failed, was freed or came late, the source gets `source_force_stopped`.

    >>> palace.play("door.wav", gain=0.5, position=(4, 0, -2))

    Args:
        name: A resource name for ``pyglet.resource``, or the path of a file.
        late: Seconds within which the sound must arrive to be played, >= 0. None: no limit.
        context: The context to play in. None: the current context.
        options: Properties of the source: `gain`, `pitch`, `pan`, `position`, `velocity`, `looping`, `loops`, `group`,
            `priority`, `filter`, `on_stopped`, `on_force_stopped`; `offset_seconds`, where to start; `fade_in`, the
            milliseconds of a fade from silence.

    Returns:
        The new source. It stays alive while it waits and plays, even without references.

    Raises:
        TypeError: `name` is neither a string nor a path, or there is no such option. The text suggests the right one.
        ValueError: An option is out of range.
        RuntimeError: No context was given and none is current, or another thread created the context.
    """
    engine = require_engine(context)
    engine.check_alive()
    key = key_of(name)
    if late is not None:
        late = _late("late", late)
    source = new_source(engine, options)
    entry = engine.cache.get(key)
    if entry is not None:
        engine.cache.mark_used(entry)
        start_playing(source, entry)
    else:
        engine.delayed_plays.play(key, source, state_of(source), late)
        engine.wake()
    return source
