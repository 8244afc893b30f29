"""Answers to the names that other audio libraries use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping


class Elsewhere:
    """An attribute that a class does not have, under a name of another library. Use raises an error with our name."""

    def __init__(self, name: str, instead: str) -> None:
        """Describe the attribute.

        Args:
            name: The name in another library.
            instead: What to use here.
        """
        self._name = name
        self._instead = instead

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(f"{owner.__name__} has no attribute {self._name!r}; use {self._instead}")

    def __set__(self, instance: object, value: Any) -> None:
        self.__get__(instance, type(instance))


def answer(kind: type, names: Mapping[str, str]) -> None:
    """Let uses of `names` on objects of `kind` raise an `AttributeError` that says what to use instead."""
    for name, instead in names.items():
        setattr(kind, name, Elsewhere(name, instead))


#: Names of pyglet.media, arcade and pygame, with ours.
_FUNCTIONS = {
    "load": "palace.Buffer(name) for a sound in memory, palace.decode(name) for a stream, or palace.play(name)",
    "load_sound": "palace.Buffer(name), or palace.play(name)",
    "play_sound": "palace.play(name)",
    "stop_sound": "stop() of the source that palace.play(name) returns",
    "Sound": "palace.Buffer(name), or palace.play(name)",
    "StaticSource": "palace.Buffer(name)",
    "StreamingSource": "palace.decode(name)",
    "Player": "palace.Source, which plays one sound: palace.Buffer(name).play() returns one",
    "PlayerGroup": "with context.together():",
    "Channel": "palace.Source",
    "mixer": "palace itself: palace.play(name)",
    "music": "palace.decode(name).play()",
    "quit": "palace.shutdown()",
    "get_audio_driver": "palace.init() and palace.device_names",
}


def no_such_function(module: str, name: str) -> AttributeError:
    """Return the error for a name that the package does not have."""
    instead = _FUNCTIONS.get(name)
    return AttributeError(f"module {module!r} has no attribute {name!r}" + (f"; use {instead}" if instead else ""))
