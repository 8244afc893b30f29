"""The three levels: their objects, their looks and the sounds they need."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

#: Sounds that every screen may use; loaded once, before the title, and never freed.
COMMON_SOUNDS = ("blip.flac", "select.flac", "won.ogg", "lost.ogg")

#: Streamed, so that it is never loaded as a whole.
TITLE_MUSIC = "title.ogg"

#: Sounds of the boat itself, part of every level.
BOAT_SOUNDS = ("engine.wav", "ping.ogg", "echo.ogg", "knock.ogg", "hit.ogg", "bump.flac", "ready.flac")


@dataclass(frozen=True)
class Level:
    """One level, as data. Lengths are in pixels, speeds in pixels a second, times in seconds."""

    number: int
    title: str
    story: str  #: Two lines for the loading screen.
    goal: str  #: What is to be collected, in the singular.
    goals: str  #: The same in the plural.
    mine: str  #: What is to be avoided.
    wanderer: str  #: Who passes by, harmless.
    seed: int
    width: int
    height: int
    goal_count: int
    goal_drift: float
    mine_count: int
    mine_speed: float
    hunting: bool  #: Whether mines come near what they hear: a close boat, or a ping.
    lightning: float  #: Mean time between two flashes; 0 for fair weather.
    par: float  #: Finishing faster than this gives a bonus.
    music: str
    ambience: str
    goal_sound: str
    found_sound: str
    mine_sound: str
    wanderer_sound: str
    harbour_sound: str
    extra_sounds: tuple[str, ...]
    room: str  #: Preset of the reverb; '' for open water.
    clear: float  #: How far treble comes through the fog: half of it in so many pixels.
    water: Colour
    fog: Colour
    mist: Colour
    accent: Colour

    @property
    def sounds(self) -> tuple[str, ...]:
        """Every sound the level loads, what is small first. Its music is streamed."""
        own = (self.goal_sound, self.found_sound, self.mine_sound, self.wanderer_sound, self.harbour_sound)
        return (*BOAT_SOUNDS, *own, *self.extra_sounds, self.ambience)


LEVELS = (
    Level(
        number=1,
        title="The Harbour Mouth",
        story="The fog came in with the tide and put out the bell buoys.\nLight them again, then follow the horn home.",
        goal="bell buoy",
        goals="bell buoys",
        mine="drifting mine",
        wanderer="gulls",
        seed=11,
        width=2500,
        height=1700,
        goal_count=5,
        goal_drift=0.0,
        mine_count=5,
        mine_speed=34.0,
        hunting=False,
        lightning=0.0,
        par=120.0,
        music="harbour_music.ogg",
        ambience="harbour.ogg",
        goal_sound="bell.ogg",
        found_sound="found_bell.ogg",
        mine_sound="mine_hum.ogg",
        wanderer_sound="gulls.ogg",
        harbour_sound="foghorn.ogg",
        extra_sounds=(),
        room="",
        clear=500.0,
        water=(58, 122, 132),
        fog=(20, 38, 46),
        mist=(150, 186, 190),
        accent=(255, 206, 110),
    ),
    Level(
        number=2,
        title="Open Sea",
        story="A storm has scattered the fishing boats.\nTheir crews blow their horns: bring them all home.",
        goal="lost dinghy",
        goals="lost dinghies",
        mine="storm mine",
        wanderer="a steamer",
        seed=23,
        width=3000,
        height=2000,
        goal_count=6,
        goal_drift=9.0,
        mine_count=8,
        mine_speed=72.0,
        hunting=False,
        lightning=9.0,
        par=150.0,
        music="storm_music.ogg",
        ambience="storm.ogg",
        goal_sound="horn.ogg",
        found_sound="found_crew.ogg",
        mine_sound="mine_churn.ogg",
        wanderer_sound="steamer.ogg",
        harbour_sound="foghorn.ogg",
        extra_sounds=("thunder.ogg",),
        room="",
        clear=650.0,
        water=(44, 76, 112),
        fog=(11, 17, 32),
        mist=(112, 130, 168),
        accent=(255, 170, 96),
    ),
    Level(
        number=3,
        title="The Drowned Town",
        story="Glass lights drift over the sunken roofs, and chime.\nSomething down there listens: it comes to a ping.",
        goal="glass light",
        goals="glass lights",
        mine="siren",
        wanderer="a whale",
        seed=38,
        width=2800,
        height=2100,
        goal_count=6,
        goal_drift=24.0,
        mine_count=6,
        mine_speed=52.0,
        hunting=True,
        lightning=0.0,
        par=170.0,
        music="drowned_music.ogg",
        ambience="deep.ogg",
        goal_sound="chime.ogg",
        found_sound="found_glass.ogg",
        mine_sound="siren.ogg",
        wanderer_sound="whale.ogg",
        harbour_sound="foghorn.ogg",
        extra_sounds=(),
        room="CHAPEL",
        clear=420.0,
        water=(74, 72, 128),
        fog=(18, 14, 36),
        mist=(158, 144, 196),
        accent=(150, 232, 255),
    ),
)
