"""The compared libraries, each behind the same interface."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contexts import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Peer:
    """A library. A function that it does not have is None."""

    #: The import statement of a game.
    imported: str
    #: Number of sounds that can play at once.
    voices = 256
    #: Sets the volume of a result of `play`.
    set_volume: Callable[[Any, float], object] | None = None
    #: Sets the position of a result of `play`.
    set_position: Callable[[Any, tuple[float, float, float]], object] | None = None
    #: Called once a frame by a game.
    update: Callable[[], object] | None = None

    def load(self, path: Path) -> Any:
        """Decode a file and return the sound. Blocks."""
        raise NotImplementedError

    def load_all(self, paths: Sequence[Path]) -> Any:
        """Decode files as fast as the library can by itself, and return the sounds. Blocks."""
        return [self.load(path) for path in paths]

    def play(self, sound: Any) -> Any:
        """Play a result of `load`, and return the playing sound."""
        raise NotImplementedError

    def stop(self, playing: Any) -> None:
        """Stop a result of `play`."""
        raise NotImplementedError

    def free(self) -> None:
        """Free all loaded sounds, if the library keeps them by name."""


class Palace(Peer):
    """This package."""

    imported = "import pyglet_palace"

    def __init__(self) -> None:
        import pyglet_palace as palace

        self.palace = palace
        self.context = palace.Context(palace.Device(), auto_update=False)
        palace.use_context(self.context)
        self.update = self.context.update

    def load(self, path: Path) -> Any:
        return self.palace.Buffer(path)

    def load_all(self, paths: Sequence[Path]) -> Any:
        batch = self.palace.preload(paths)
        batch.wait()
        self.context.update()
        return batch

    def play(self, sound: Any) -> Any:
        return sound.play()

    def stop(self, playing: Any) -> None:
        playing.stop()

    @staticmethod
    def set_volume(playing: Any, volume: float) -> None:
        playing.gain = volume

    @staticmethod
    def set_position(playing: Any, position: tuple[float, float, float]) -> None:
        playing.position = position

    def free(self) -> None:
        self.palace.free([Path(name) for name in self.context.cached_names])
        self.context.update()


class PygletMedia(Peer):
    """``pyglet.media`` with OpenAL. Without FFmpeg or GStreamer it reads WAV only."""

    imported = "import pyglet.media"

    def __init__(self) -> None:
        import pyglet

        pyglet.options.audio = ("openal", "silent")
        pyglet.options.shadow_window = False
        import pyglet.clock
        import pyglet.media

        self.media = pyglet.media
        pyglet.media.get_audio_driver()
        self.update = pyglet.clock.tick

    def load(self, path: Path) -> Any:
        return self.media.load(str(path), streaming=False)

    def play(self, sound: Any) -> Any:
        return sound.play()

    def stop(self, playing: Any) -> None:
        playing.delete()

    @staticmethod
    def set_volume(playing: Any, volume: float) -> None:
        playing.volume = volume

    @staticmethod
    def set_position(playing: Any, position: tuple[float, float, float]) -> None:
        playing.position = position


class Arcade(PygletMedia):
    """arcade, which plays through ``pyglet.media``."""

    imported = "import arcade"

    def __init__(self) -> None:
        import arcade

        super().__init__()
        self.arcade = arcade

    def load(self, path: Path) -> Any:
        return self.arcade.load_sound(path)

    def play(self, sound: Any) -> Any:
        return self.arcade.play_sound(sound)

    def stop(self, playing: Any) -> None:
        self.arcade.stop_sound(playing)


class Pygame(Peer):
    """``pygame.mixer`` of pygame-ce."""

    imported = "import pygame.mixer"

    def __init__(self) -> None:
        import pygame.mixer

        self.mixer = pygame.mixer
        pygame.mixer.init(RATE, -16, 2, 512)
        pygame.mixer.set_num_channels(self.voices)

    def load(self, path: Path) -> Any:
        return self.mixer.Sound(str(path))

    def play(self, sound: Any) -> Any:
        return sound.play()

    def stop(self, playing: Any) -> None:
        playing.stop()

    @staticmethod
    def set_volume(playing: Any, volume: float) -> None:
        playing.set_volume(volume)


class Miniaudio(Peer):
    """miniaudio, which decodes and plays one generator. It has no mixer in Python."""

    imported = "import miniaudio"
    voices = 1

    def __init__(self) -> None:
        import miniaudio

        self.miniaudio = miniaudio
        self.device = miniaudio.PlaybackDevice(backends=[miniaudio.Backend.NULL], buffersize_msec=20)

    def load(self, path: Path) -> Any:
        return self.miniaudio.decode_file(str(path))

    def play(self, sound: Any) -> Any:
        stream = self.miniaudio.stream_raw_pcm_memory(sound.samples, sound.nchannels, 2)
        next(stream)
        self.device.start(stream)
        return self.device

    def stop(self, playing: Any) -> None:
        playing.stop()


class PyALSoft(Peer):
    """PyALSoft with a session of its own, whose play is the fastest of its two. It needs Python 3.12."""

    imported = "import pyalsoft"

    def __init__(self) -> None:
        import pyalsoft

        self.pyalsoft = pyalsoft
        self.playback = pyalsoft.open_playback()
        self.clips: list[Any] = []

    def load(self, path: Path) -> Any:
        self.clips.append(self.pyalsoft.upload(self.playback, path))
        return self.clips[-1]

    def play(self, sound: Any) -> Any:
        return self.pyalsoft.play(self.playback, sound)

    def stop(self, playing: Any) -> None:
        self.pyalsoft.release(self.playback, playing)

    def set_volume(self, playing: Any, volume: float) -> None:
        self.pyalsoft.set_voice_config(self.playback, playing, self.pyalsoft.VoiceConfig(gain=volume))

    def set_position(self, playing: Any, position: tuple[float, float, float]) -> None:
        self.pyalsoft.set_voice_config(self.playback, playing, self.pyalsoft.VoiceConfig(position=position))

    def update(self) -> None:
        self.pyalsoft.release_finished(self.playback)

    def free(self) -> None:
        while self.clips:
            self.pyalsoft.release(self.playback, self.clips.pop())


OURS = "pyglet_palace"

#: The libraries, by the name that a report shows.
PEERS: dict[str, type[Peer]] = {
    OURS: Palace,
    "pyglet.media": PygletMedia,
    "pygame-ce": Pygame,
    "miniaudio": Miniaudio,
    "arcade": Arcade,
    "PyALSoft": PyALSoft,
}
#: Packages of the libraries whose names differ.
PACKAGES = {"pyglet_palace": "pyglet-palace", "pyglet.media": "pyglet"}
