"""A debug overlay for any pyglet game: what plays, where, how loud, what is loading, stolen, virtual.

Copy this file. It uses the public API of pyglet_palace, and nothing of the game:

    overlay = DebugOverlay(context)
    overlay.visible = True      # on a key
    overlay.update(dt)          # each frame
    overlay.draw()              # last, over everything
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import pyglet
from pyglet.graphics import Batch, Group

if TYPE_CHECKING:
    import pyglet_palace as palace

_LEFT, _TOP, _WIDTH, _LINE = 10, 10, 560, 17
_MOST_ROWS = 18
_RADAR = 64  #: Half of the radar's side, in pixels.

_HEARD, _VIRTUAL, _BACK, _INK = (120, 230, 140), (235, 170, 80), (8, 12, 16), (232, 236, 238)


def loudness(source: palace.Source, context: palace.Context) -> float:
    """Estimate the level of a source in decibels: its gain, those of its groups, and its distance.

    The distance counts as in the default distance model. Fades and filters are not in it.
    """
    gain, group = source.gain, source.group
    while group is not None:
        gain, group = gain * (0.0 if group.muted else group.gain), group.parent_group
    reference, _ = source.distance_range
    if context.stage is not None:
        reference = context.stage.reach or context.stage.width / 2
    if any(source.position):
        gain *= reference / max(reference, math.dist(source.position, context.listener.position))
    return 20 * math.log10(max(gain * context.listener.gain, 1e-5))


class DebugOverlay:
    """A table of the sources, a radar of their places, and the counters of `Context.stats`."""

    def __init__(
        self, context: palace.Context, *, height: int = 720, interval: float = 0.1, radius: float = 1200.0
    ) -> None:
        """
        Args:
            context: What it shows.
            height: Height of the window: the overlay stands in its upper left corner.
            interval: Seconds between two looks. Laying out text takes longer than the looks themselves.
            radius: How far the radar reaches, in units of the context.
        """
        self.context = context
        self.visible = False
        self._height, self._interval, self._radius = height, interval, radius
        self._due = 0.0
        self._stopped: deque[str] = deque(maxlen=3)
        context.push_handlers(on_source_force_stopped=self._note_stop)
        self._batch = Batch()
        self._back = pyglet.shapes.Rectangle(0, 0, _WIDTH, 10, _BACK, batch=self._batch, group=Group(0))
        self._back.opacity = 225
        font = next((name for name in ("DejaVu Sans Mono", "Consolas", "Menlo") if pyglet.font.have_font(name)), None)
        self._lines = [
            pyglet.text.Label("", font_name=font, font_size=9, color=(*_INK, 255), batch=self._batch, group=Group(2))
            for _ in range(_MOST_ROWS + 5)
        ]
        self._bars = [
            pyglet.shapes.Rectangle(0, 0, 1, 9, _HEARD, batch=self._batch, group=Group(1)) for _ in range(_MOST_ROWS)
        ]
        self._dots = [pyglet.shapes.Circle(0, 0, 4, batch=self._batch, group=Group(3)) for _ in range(_MOST_ROWS)]
        self._radar = pyglet.shapes.Box(0, 0, 2 * _RADAR, 2 * _RADAR, 1, _INK, batch=self._batch, group=Group(2))
        self._you = pyglet.shapes.Circle(0, 0, 3, color=_INK, batch=self._batch, group=Group(3))

    def rows(self) -> list[str]:
        """What plays, the loudest first: a line of text for each source."""
        return [self._row(source, level) for source, level in self._ranked()]

    def counters(self) -> list[str]:
        """Lines about the voices and about what is loading."""
        stats = self.context.stats()
        pending = ", ".join(self.context.pending_names[:4]) or "nothing"
        return [
            f"sources {stats['sources']}  virtual {stats['virtual']}  streams {stats['streams']}  "
            f"voices {stats['voices']}  stolen {stats['stolen']}  underruns {stats['underruns']}",
            f"cached {stats['cached']} sounds, {stats['cached_size'] / 1e6:.1f} MB  failed {stats['failed']}",
            f"loading {stats['pending']}: {pending}",
            f"stopped by force: {', '.join(self._stopped) or 'nothing'}",
        ]

    def update(self, dt: float) -> None:
        """Look again when it is time."""
        self._due -= dt
        if not self.visible or self._due > 0:
            return
        self._due = self._interval
        ranked = self._ranked()[:_MOST_ROWS]
        words = [*self.counters(), f"{'sound':<20}{'dB':>6} {'x':>6} {'y':>6}  state"]
        words += [self._row(source, level) for source, level in ranked]
        top = self._height - _TOP
        for number, label in enumerate(self._lines):
            label.text = words[number] if number < len(words) else ""
            label.position = (_LEFT + 8, top - 16 - number * _LINE, 0)
        height = len(words) * _LINE + 12
        self._back.position, self._back.height = (_LEFT, top - height), height
        self._radar.position = (_LEFT + _WIDTH + 10, top - 2 * _RADAR)
        middle = (_LEFT + _WIDTH + 10 + _RADAR, top - _RADAR)
        self._you.position = middle
        here = self.context.listener.position
        for number, (bar, dot) in enumerate(zip(self._bars, self._dots, strict=True)):
            shown = number < len(ranked)
            bar.visible = dot.visible = shown
            if not shown:
                continue
            source, level = ranked[number]
            bar.color = dot.color = _HEARD if source.audible else _VIRTUAL
            bar.opacity = 90
            bar.position = (_LEFT + 4, top - 18 - (number + 5) * _LINE)
            bar.width, bar.height = max(1.0, (_WIDTH - 8) * (1 + level / 60)), _LINE - 3
            east, north = (a - b for a, b in zip(source.position[:2], here[:2], strict=True))
            scale = _RADAR / max(self._radius, abs(east), abs(north))
            dot.position = (middle[0] + east * scale, middle[1] + north * scale)
            dot.visible = any(source.position)

    def draw(self) -> None:
        """Draw it, if it is visible."""
        if self.visible:
            self._batch.draw()

    def _ranked(self) -> list[tuple[palace.Source, float]]:
        levels = [(source, loudness(source, self.context)) for source in self.context.sources]
        return sorted(levels, key=lambda pair: -pair[1])

    def _row(self, source: palace.Source, level: float) -> str:
        name = source.buffer.name if source.buffer is not None else "waiting" if source.waiting else "stream"
        state = "waiting" if source.waiting else "paused" if source.paused else "heard" if source.audible else "virtual"
        x, y = source.position[:2]
        return f"{name[:19]:<20}{level:6.1f} {x:6.0f} {y:6.0f}  {state}  priority {source.priority}"

    def _note_stop(self, source: palace.Source) -> None:
        if not self.context:  # destroyed: the last sources stop with it
            return
        self._stopped.append(source.buffer.name if source.buffer is not None else "a stream")
