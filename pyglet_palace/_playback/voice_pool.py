"""OpenAL sources, lent to what plays: the pool, who gives way to whom, and who has come to an end."""

from __future__ import annotations

import itertools
from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any

from ..errors import OpenALError
from .end_times import Ends
from .stealing import Line
from .voice import Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._common.events import News
    from .._openal import Bracket, Functions
    from .._openal.properties import Property
    from .voice import DeviceLike, Playable, Player


#: An end is looked for a little before it can be there, in nanoseconds; OpenAL is asked then whether it is.
_EARLY = 1_000_000
#: OpenAL Soft steps through a buffer in 4096ths of a frame (finer since 1.22), rounded to the nearest.
_STEP = 4096


class VoicePool:
    """The voices of one context. Used by the game's thread only."""

    def __init__(self, bracket: Bracket, device: DeviceLike, news: News) -> None:
        self._bracket = bracket
        self._device = device
        self._news = news
        self._free: list[Voice] = []
        self._busy: dict[Player, Voice] = {}
        self._exhausted = False
        #: Who gives way, once OpenAL has no more voices.
        self._line: Line | None = None
        self._paused = 0
        self._counter = itertools.count(1)
        self._ends = Ends(self._busy.values())
        #: Why every update asks every voice, while it does.
        self._watched = set() if device._has_clock else {"no device clock"}
        #: Voices to be asked about by the next `collect`; other threads append to it.
        self.stirred: deque[Voice] = deque()
        #: Who was parted from a voice, and from what: let go once the bracket is left, for what a game does in a
        #: finaliser is not for inside.
        self._parted: list[Any] = []
        self._batch = False
        self.stolen = 0

    @property
    def in_use(self) -> int:
        """Voices that are playing or paused."""
        return len(self._busy)

    @property
    def count(self) -> int:
        """Voices that OpenAL has made so far."""
        return len(self._free) + len(self._busy)

    def sounding(self) -> bool:
        """Whether any voice plays (paused ones do not)."""
        return len(self._busy) > self._paused

    def __iter__(self) -> Iterator[Player]:
        return iter(list(self._busy))

    def play(self, player: Player, playable: Playable, offset: int) -> bool:
        """Play `playable` from frame `offset`, with a voice that `player` has or one it can get.

        False if there is none for it; then `player` is heard no more, and is told by the next update.
        """
        with self._bracket as al:
            voice = player._voice
            borrowed = voice is None
            if voice is not None:
                self._detach(al, voice)
            else:
                voice = self._borrow(al, player)
                if voice is None:
                    self._news.stolen(player)
                    return False
                voice.player, player._voice = player, voice
                self._busy[player] = voice
            try:
                if borrowed:
                    for heard, value in player._heard.items():
                        self._send(al, voice, heard, value)
                voice.playable = playable
                self._set_paused(voice, False)
                voice.started = next(self._counter)
                self._expect(voice, playable.begin(al, voice, offset, player._loops))
                self._line_up(voice)
            except BaseException:
                self._give_back(al, voice)
                raise
        self._parted.clear()
        return True

    def release(self, player: Player) -> None:
        """Stop `player`'s voice and take it back; nothing if it has none."""
        voice = player._voice
        if voice is not None:
            with self._bracket as al:
                self._give_back(al, voice)
            self._parted.clear()

    def pause(self, player: Player) -> None:
        """Pause `player`'s voice, if it has one that plays."""
        voice = player._voice
        if voice is not None and not voice.paused:
            assert voice.playable is not None
            with self._bracket as al:
                if voice.playable.pause(al, voice):
                    self._set_paused(voice, True)
                    voice.turn = None
                    self._line_up(voice)

    def resume(self, player: Player) -> None:
        """Go on where `pause` was."""
        voice = player._voice
        if voice is not None and voice.paused:
            assert voice.playable is not None
            with self._bracket as al:
                self._set_paused(voice, False)
                voice.playable.resume(al, voice)
                self._expect_from_here(al, voice)
            self._line_up(voice)

    def sounds(self, player: Player) -> bool:
        """Whether `player` is heard at this moment."""
        voice = player._voice
        if voice is None or voice.paused:
            return False
        assert voice.playable is not None
        with self._bracket as al:
            return voice.playable.sounds(al, voice)

    def offset(self, player: Player) -> int:
        """The frame `player` is at; 0 if it has no voice."""
        voice = player._voice
        if voice is None:
            return 0
        assert voice.playable is not None
        with self._bracket as al:
            return voice.playable.offset(al, voice)

    def seek(self, player: Player, frame: int) -> None:
        """Go to `frame` of what `player`'s voice plays."""
        voice = player._voice
        if voice is not None:
            assert voice.playable is not None
            with self._bracket as al:
                voice.playable.seek(al, voice, frame)
                self._expect_from_here(al, voice)

    def loop(self, player: Player, looping: bool) -> None:
        """What `player`'s voice plays is to loop from now on, or is not."""
        voice = player._voice
        if voice is not None:
            assert voice.playable is not None
            with self._bracket as al:
                voice.playable.loop(al, voice, looping)
                self._expect_from_here(al, voice)
            self._line_up(voice)

    def set(self, player: Player, changed: Property[Any], value: Any, *, timing: bool = False) -> None:
        """`player` is to be heard with `value` from now on; with `timing`, that moves the end."""
        heard, voice = player._heard, player._voice
        before = heard.get(changed, changed.default)
        if value == changed.default:
            heard.pop(changed, None)
        else:
            heard[changed] = value
        if voice is None:
            return
        try:
            with self._bracket as al:
                self._send(al, voice, changed, value)
                if timing:
                    self._expect_from_here(al, voice)
        except BaseException:
            heard[changed] = before
            raise

    def rank(self, player: Player) -> None:
        """`player` gives way earlier or later than before."""
        if player._voice is not None:
            self._line_up(player._voice)

    def watch(self, why: str, on: bool) -> None:
        """While `on`, ends cannot be told beforehand, because of `why`: every update asks every voice."""
        if on:
            self._watched.add(why)
        elif why in self._watched:
            self._watched.discard(why)
            self.ask_all()

    def batch(self, on: bool) -> None:
        """Changes are held back from now on, or not any more; meanwhile, what they say of ends is not relied on."""
        self._batch = on

    def ask_all(self) -> None:
        """See that the next `collect` asks about every voice."""
        for voice in self._busy.values():
            if not voice.paused:
                self._ends.enter(voice, 0)

    def collect(self) -> None:
        """Take back the voices that have come to their end, and pass the news on.

        Costs what has ended, or may have: OpenAL is asked about those only.
        """
        if not self._busy:
            self._ends.clear()
            self.stirred.clear()
            return
        if self._watched:
            self.ask_all()
        while self.stirred:
            voice = self.stirred.popleft()
            if voice.player is not None and not voice.paused:
                self._ends.enter(voice, 0)
        now = self._device.clock_time if self._device._has_clock else 0
        due = self._ends.due(now)
        if not due:
            return
        try:
            self._look_at(due)
        finally:
            for voice in due:  # OpenAL has refused to answer: they are asked again
                if voice.player is not None:
                    self._ends.enter(voice, 0)
            self._parted.clear()

    def _look_at(self, due: list[Voice]) -> None:
        """Take back those of `due` that have ended, the last first; who was looked at is in the list no more."""
        with self._bracket as al:
            while due:
                voice = due[-1]
                player, playable = voice.player, voice.playable
                assert player is not None
                assert playable is not None
                left = playable.left(al, voice, player._loops)
                if left == 0:
                    failure = playable.failure
                    self._give_back(al, voice)
                    if failure is not None:
                        self._news.stream_failed(player, failure)
                    self._news.source("source_stopped" if failure is None else "source_force_stopped", player)
                else:
                    self._expect(voice, left)
                due.pop()

    def close(self) -> None:
        """Stop everything and delete all sources."""
        with self._bracket as al:
            for voice in list(self._busy.values()):
                self._take_back(al, voice)
                al.delete_source(voice.number)
            for voice in self._free:
                al.delete_source(voice.number)
        self._free.clear()
        self._ends.clear()
        self._parted.clear()

    # Inside a bracket

    def _borrow(self, al: Functions, newcomer: Player) -> Voice | None:
        """A voice out of the pool, a new one, or that of whoever gives way; None if nobody does."""
        if self._free:
            return self._free.pop()
        if not self._exhausted:
            try:
                return Voice(al.generate_source())
            except OpenALError:
                self._exhausted = True  # the device's mixer has no more
        if self._line is None:
            self._line = Line(self._busy.values())
        victim = self._line.first(newcomer._rank)
        if victim is None:
            return None
        player = victim.player
        self._take_back(al, victim)
        self.stolen += 1
        self._news.stolen(player)
        return victim

    def _line_up(self, voice: Voice) -> None:
        """Its place among those that give way may have changed."""
        if self._line is not None:
            self._line.enter(voice)

    def _set_paused(self, voice: Voice, paused: bool) -> None:
        self._paused += paused - voice.paused
        voice.paused = paused

    def _send(self, al: Functions, voice: Voice, changed: Property[Any], value: Any) -> None:
        voice.touched.add(changed)  # first: half of it may arrive before OpenAL refuses
        changed.send(al, voice.number, value)

    def _detach(self, al: Functions, voice: Voice) -> None:
        """Part a voice from what it plays, silent."""
        playable = voice.playable
        if playable is not None:
            self._parted.append(playable)
            voice.playable = voice.turn = None
            playable.end(al, voice)

    def _give_back(self, al: Functions, voice: Voice) -> None:
        self._take_back(al, voice)
        self._free.append(voice)

    def _take_back(self, al: Functions, voice: Voice) -> None:
        """Part a voice from its player, as it was when it was new."""
        self._detach(al, voice)
        for touched in voice.touched:
            touched.send(al, voice.number, touched.default)
        voice.touched.clear()
        if voice.player is not None:
            self._parted.append(voice.player)
            del self._busy[voice.player]
            voice.player._voice = None
            voice.player = None
        self._set_paused(voice, False)

    def _expect_from_here(self, al: Functions, voice: Voice) -> None:
        """Enter the end of a voice anew, from where it is now."""
        player, playable = voice.player, voice.playable
        if player is not None and playable is not None and not voice.paused:
            self._expect(voice, playable.left(al, voice, player._loops))

    def _expect(self, voice: Voice, left: int | None) -> None:
        """Enter the earliest time at which a voice with so many frames left can have come to its end."""
        player, playable = voice.player, voice.playable
        assert player is not None
        assert playable is not None
        if self._batch:
            self._ends.enter(voice, 0)
        elif left is None:
            voice.turn = None
        elif player._moves or left <= 0:
            self._ends.enter(voice, 0)
        elif self._device._has_clock:
            rate = self._device.frequency
            fastest = ceil(playable.frequency * player._speed / rate * _STEP) / _STEP * rate
            self._ends.enter(voice, self._device.clock_time + int(left / fastest * 1e9) - _EARLY)
