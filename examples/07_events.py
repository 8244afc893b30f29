"""Events: sounds that loaded or failed to load, sources that ended or were stopped.

Usage: python examples/07_events.py

Any part of a game can handle an event, as with pyglet's windows. A MessageHandler also answers questions: it returns a
substitute for a missing sound, and it can edit samples while they load.
"""

import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init()


class Handler(palace.MessageHandler):
    def resource_not_found(self, name):
        return "horn.ogg" if name == "trumpet.ogg" else ""  # '' for no substitute

    def buffer_loading(self, name, channel_config, sample_type, sample_rate, data):
        # Called on a loading thread. The sound plays with the changes that this makes to `data`.
        print(f"loading {name}: {len(data)} bytes, {sample_type}, {channel_config}, {sample_rate} Hz")


context.message_handler = Handler()


names = {}  # from a source to its name; sources are hashable


@context.event
def on_cached(name):
    print(f"{name} is loaded")
    names[palace.Buffer(name).play()] = name


@context.event
def on_cache_failed(name, error):
    print(f"{type(error).__name__}: {error}")


@context.event
def on_source_stopped(source):
    print(f"{names.pop(source)} has ended")
    palace.free(names.values())  # frees the other sounds, which stops them


@context.event
def on_source_force_stopped(source):
    print(f"{names.pop(source)} was stopped before its end")


palace.cache(["knock.ogg", "trumpet.ogg", "shiphorn.ogg"])
while context.pending_names or names:
    pyglet.clock.tick()
    time.sleep(1 / 60)
