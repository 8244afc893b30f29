"""The mixer: groups for the volumes, music, and sounds of the menus.

The groups form a tree. A group multiplies the gain of all below it, so a volume of the settings page is the gain of one
group, and a fade of a group leaves that volume alone::

    master
    |-- music
    |-- effects -- the effects of the level being played
    `-- voices  -- the voices of the level being played
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyglet_palace as palace

from .settings import VOLUMES, Settings

if TYPE_CHECKING:
    from .levels import Level

#: Milliseconds from one piece of music to the next, and to silence.
CROSSFADE, FADE_OUT = 1500, 900

#: Voices of OpenAL that the game asks for. A level has more loops than that: the farthest ones are virtual.
VOICES = 12

#: Priorities. What is near comes before what is far (0 to 9), and what happens now before both.
NOW, ALWAYS = 10, 20


class Mixer:
    """Volumes, music and menus, for one context."""

    def __init__(self, context: palace.Context, settings: Settings | None = None) -> None:
        self.context = context
        self.settings = settings or Settings()
        self.master = palace.SourceGroup(context)
        self.music, self.effects, self.voices = (palace.SourceGroup(context) for _ in range(3))
        for group in (self.music, self.effects, self.voices):
            group.parent_group = self.master
        self._playing: palace.Source | None = None  # the music
        self._playing_name = ""
        self.apply()

    def apply(self) -> None:
        """Let the settings be heard. A slider's steps sound even through `perceptual_gain`."""
        for name in VOLUMES:
            getattr(self, name).gain = palace.perceptual_gain(getattr(self.settings, name))
        self.music.muted = not self.settings.music_on

    def set_volume(self, name: str, volume: float) -> None:
        """Set one of the `VOLUMES`, clamped to 0.0 to 1.0."""
        setattr(self.settings, name, max(0.0, min(1.0, round(volume, 1))))
        self.apply()

    def toggle_music(self) -> None:
        """Mute the music, or let it be heard again. It plays on meanwhile."""
        self.settings.music_on = not self.settings.music_on
        self.apply()

    def use_headphones(self, wanted: bool) -> bool:
        """Switch HRTF on or off while everything plays. Return whether it is on: not every device can."""
        device = self.context.device
        if wanted != device.hrtf_enabled:
            try:
                device.reset({palace.HRTF: palace.TRUE if wanted else palace.FALSE})
            except palace.DeviceError:
                pass  # it stays as it was
        self.settings.headphones = device.hrtf_enabled
        return device.hrtf_enabled

    # Menus

    def blip(self, name: str = "blip.flac", gain: float = 0.5) -> palace.Source:
        """Play a sound of a menu: `pan` keeps it in the middle, wherever the boat is.

        `play` never blocks. A sound that must be loaded and is `late` is not worth hearing any more.
        """
        return palace.play(name, late=0.3, context=self.context, gain=gain, pan=0.0, group=self.effects, priority=NOW)

    def preview(self, name: str, pan: float, *, filter: tuple[float, float, float] = (1, 1, 1)) -> palace.Source:
        """Play the sound of a thing once, from -1.0 (left) to 1.0 (right), before it is met."""
        return palace.play(name, context=self.context, pan=pan, filter=filter, group=self.voices, priority=NOW)

    # Music

    def play_music(self, name: str) -> None:
        """Cross-fade to another piece, which plays in a loop; '' fades the music out.

        Music is streamed: it is decoded while it plays, and needs no loading screen.
        """
        if name == self._playing_name:
            return
        old, self._playing, self._playing_name = self._playing, None, name
        if not name:
            if old is not None:
                old.fade_out_to_stop(0, FADE_OUT)
            return
        new = palace.Source(self.context, looping=True, group=self.music, priority=ALWAYS, gain=0.8)
        palace.decode(name, self.context).play(source=new)
        if old is not None:
            palace.crossfade(old, new, CROSSFADE)
        else:
            new.fade_to(1, CROSSFADE, start=0, curve="equal power")
        self._playing = new

    def duck_music(self, quiet: bool) -> None:
        """Lower the music, also the next piece, or bring it back. This is a fade beside the volume of the group."""
        self.music.fade_to(0.4 if quiet else 1.0, 400)

    # Rooms

    def room(self, level: Level) -> palace.ReverbEffect | None:
        """The reverb of a level, which its sources send to; None in the open."""
        return palace.ReverbEffect(level.room, self.context) if level.room else None
