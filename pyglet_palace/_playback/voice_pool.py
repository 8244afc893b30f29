"""OpenAL sources, lent to what plays: the pool, who gives way to whom, and who has come to an end."""

from __future__ import annotations

import itertools
from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any

from ..errors import OpenALError
from .end_times import EndTimes
from .stealing import StealingOrder
from .voice import Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._common.events import EventQueue
    from .._openal import ContextScope, Functions
    from .._openal.properties import Property
    from .voice import DeviceClock, Playable, Player


#: An end is looked for a little before it can be there, in nanoseconds; OpenAL is asked then whether it is.
_EARLY = 1_000_000
#: OpenAL Soft steps through a buffer in 4096ths of a frame (finer since 1.22), rounded to the nearest.
_STEP = 4096


class VoicePool:
    """The voices of one context. Used by the game's thread only."""

    def __init__(self, scope: ContextScope, device: DeviceClock, news: EventQueue) -> None:
        self._scope = scope
        self._device = device
        self._news = news
        self._free: list[Voice] = []
        self._busy: dict[Player, Voice] = {}
        self._exhausted = False
        #: Who gives way, once OpenAL has no more voices.
        self._stealing_order: StealingOrder | None = None
        self._paused = 0
        self._counter = itertools.count(1)
        self._end_times = EndTimes(self._busy.values())
        #: Why every update asks every voice, while it does.
        self._poll_reasons = set() if device.has_clock else {"no device clock"}
        #: Voices to be asked about by the next `collect_ended`; other threads append to it.
        self.to_check: deque[Voice] = deque()
        #: Who was parted from a voice, and from what: let go once the bracket is left, for what a game does in a
        #: finaliser is not for inside.
        self._detached: list[Any] = []
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

    def any_playing(self) -> bool:
        """Whether any voice plays (paused ones do not)."""
        return len(self._busy) > self._paused

    def __iter__(self) -> Iterator[Player]:
        return iter(list(self._busy))

    def play(self, player: Player, playable: Playable, offset: int) -> bool:
        """Play `playable` from frame `offset`, with a voice that `player` has or one it can get.

        False if there is none for it; then `player` is parameter no more, and is told by the next update.
        """
        with self._scope as al:
            voice = player._voice
            borrowed = voice is None
            if voice is not None:
                self._detach(al, voice)
            else:
                voice = self._borrow(al, player)
                if voice is None:
                    self._news.post_stolen(player)
                    return False
                voice.player, player._voice = player, voice
                self._busy[player] = voice
            try:
                if borrowed:
                    for parameter, value in player._heard.items():
                        self._send(al, voice, parameter, value)
                voice.playable = playable
                self._set_paused(voice, False)
                voice.started = next(self._counter)
                self._set_end_time(voice, playable.start(al, voice, offset, player._loops))
                self._update_stealing_order(voice)
            except BaseException:
                self._return_voice(al, voice)
                raise
        self._detached.clear()
        return True

    def release(self, player: Player) -> None:
        """Stop `player`'s voice and take it back; nothing if it has none."""
        voice = player._voice
        if voice is not None:
            with self._scope as al:
                self._return_voice(al, voice)
            self._detached.clear()

    def pause(self, player: Player) -> None:
        """Pause `player`'s voice, if it has one that plays."""
        voice = player._voice
        if voice is not None and not voice.paused:
            assert voice.playable is not None
            with self._scope as al:
                if voice.playable.pause(al, voice):
                    self._set_paused(voice, True)
                    voice.end_entry = None
                    self._update_stealing_order(voice)

    def resume(self, player: Player) -> None:
        """Go on where `pause` was."""
        voice = player._voice
        if voice is not None and voice.paused:
            assert voice.playable is not None
            with self._scope as al:
                self._set_paused(voice, False)
                voice.playable.resume(al, voice)
                self._update_end_time(al, voice)
            self._update_stealing_order(voice)

    def is_playing(self, player: Player) -> bool:
        """Whether `player` is parameter at this moment."""
        voice = player._voice
        if voice is None or voice.paused:
            return False
        assert voice.playable is not None
        with self._scope as al:
            return voice.playable.is_playing(al, voice)

    def offset(self, player: Player) -> int:
        """The frame `player` is at; 0 if it has no voice."""
        voice = player._voice
        if voice is None:
            return 0
        assert voice.playable is not None
        with self._scope as al:
            return voice.playable.offset(al, voice)

    def seek(self, player: Player, frame: int) -> None:
        """Go to `frame` of what `player`'s voice plays."""
        voice = player._voice
        if voice is not None:
            assert voice.playable is not None
            with self._scope as al:
                voice.playable.seek(al, voice, frame)
                self._update_end_time(al, voice)

    def set_looping(self, player: Player, looping: bool) -> None:
        """What `player`'s voice plays is to loop from now on, or is not."""
        voice = player._voice
        if voice is not None:
            assert voice.playable is not None
            with self._scope as al:
                voice.playable.set_looping(al, voice, looping)
                self._update_end_time(al, voice)
            self._update_stealing_order(voice)

    def set_property(self, player: Player, changed: Property[Any], value: Any, *, timing: bool = False) -> None:
        """`player` is to be parameter with `value` from now on; with `timing`, that moves the end."""
        parameter, voice = player._heard, player._voice
        before = parameter.get(changed, changed.default)
        if value == changed.default:
            parameter.pop(changed, None)
        else:
            parameter[changed] = value
        if voice is None:
            return
        try:
            with self._scope as al:
                self._send(al, voice, changed, value)
                if timing:
                    self._update_end_time(al, voice)
        except BaseException:
            parameter[changed] = before
            raise

    def update_priority(self, player: Player) -> None:
        """`player` gives way earlier or later than before."""
        if player._voice is not None:
            self._update_stealing_order(player._voice)

    def poll_while(self, why: str, on: bool) -> None:
        """While `on`, ends cannot be told beforehand, because of `why`: every update asks every voice."""
        if on:
            self._poll_reasons.add(why)
        elif why in self._poll_reasons:
            self._poll_reasons.discard(why)
            self.poll_all()

    def set_deferred(self, on: bool) -> None:
        """Changes are held back from now on, or not any more; meanwhile, what they say of ends is not relied on."""
        self._batch = on

    def poll_all(self) -> None:
        """See that the next `collect_ended` asks about every voice."""
        for voice in self._busy.values():
            if not voice.paused:
                self._end_times.add(voice, 0)

    def collect_ended(self) -> None:
        """Take back the voices that have come to their end, and pass the news on.

        Costs what has ended, or may have: OpenAL is asked about those only.
        """
        if not self._busy:
            self._end_times.clear()
            self.to_check.clear()
            return
        if self._poll_reasons:
            self.poll_all()
        while self.to_check:
            voice = self.to_check.popleft()
            if voice.player is not None and not voice.paused:
                self._end_times.add(voice, 0)
        now = self._device.clock_time if self._device.has_clock else 0
        due = self._end_times.due(now)
        if not due:
            return
        try:
            self._collect_due(due)
        finally:
            for voice in due:  # OpenAL has refused to answer: they are asked again
                if voice.player is not None:
                    self._end_times.add(voice, 0)
            self._detached.clear()

    def _collect_due(self, due: list[Voice]) -> None:
        """Take back those of `due` that have ended, the last first; who was looked at is in the list no more."""
        with self._scope as al:
            while due:
                voice = due[-1]
                player, playable = voice.player, voice.playable
                assert player is not None
                assert playable is not None
                left = playable.frames_left(al, voice, player._loops)
                if left == 0:
                    failure = playable.failure
                    self._return_voice(al, voice)
                    if failure is not None:
                        self._news.post_stream_failed(player, failure)
                    self._news.post_source_event(
                        "source_stopped" if failure is None else "source_force_stopped", player
                    )
                else:
                    self._set_end_time(voice, left)
                due.pop()

    def close(self) -> None:
        """Stop everything and delete all sources."""
        with self._scope as al:
            for voice in list(self._busy.values()):
                self._reset_voice(al, voice)
                al.delete_source(voice.number)
            for voice in self._free:
                al.delete_source(voice.number)
        self._free.clear()
        self._end_times.clear()
        self._detached.clear()

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
        if self._stealing_order is None:
            self._stealing_order = StealingOrder(self._busy.values())
        victim = self._stealing_order.victim(newcomer._rank)
        if victim is None:
            return None
        player = victim.player
        self._reset_voice(al, victim)
        self.stolen += 1
        self._news.post_stolen(player)
        return victim

    def _update_stealing_order(self, voice: Voice) -> None:
        """Its place among those that give way may have changed."""
        if self._stealing_order is not None:
            self._stealing_order.add(voice)

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
            self._detached.append(playable)
            voice.playable = voice.end_entry = None
            playable.detach(al, voice)

    def _return_voice(self, al: Functions, voice: Voice) -> None:
        self._reset_voice(al, voice)
        self._free.append(voice)

    def _reset_voice(self, al: Functions, voice: Voice) -> None:
        """Part a voice from its player, as it was when it was new."""
        self._detach(al, voice)
        for touched in voice.touched:
            touched.send(al, voice.number, touched.default)
        voice.touched.clear()
        if voice.player is not None:
            self._detached.append(voice.player)
            del self._busy[voice.player]
            voice.player._voice = None
            voice.player = None
        self._set_paused(voice, False)

    def _update_end_time(self, al: Functions, voice: Voice) -> None:
        """Enter the end of a voice anew, from where it is now."""
        player, playable = voice.player, voice.playable
        if player is not None and playable is not None and not voice.paused:
            self._set_end_time(voice, playable.frames_left(al, voice, player._loops))

    def _set_end_time(self, voice: Voice, left: int | None) -> None:
        """Enter the earliest time at which a voice with so many frames left can have come to its end."""
        player, playable = voice.player, voice.playable
        assert player is not None
        assert playable is not None
        if self._batch:
            self._end_times.add(voice, 0)
        elif left is None:
            voice.end_entry = None
        elif player._moves or left <= 0:
            self._end_times.add(voice, 0)
        elif self._device.has_clock:
            rate = self._device.frequency
            fastest = ceil(playable.frequency * player._speed / rate * _STEP) / _STEP * rate
            self._end_times.add(voice, self._device.clock_time + int(left / fastest * 1e9) - _EARLY)
