"""News: what has loaded, what could not be, what has come to its end and what was stopped.

    python examples/07_news.py

Events are for what any part of a game wants to hear of, as with pyglet's windows. A MessageHandler is for what has one
answer: another name for a sound that is missing, samples to be changed while they load.
"""

import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init()


class Handler(palace.MessageHandler):
    def resource_not_found(self, name):
        return "horn.ogg" if name == "trumpet.ogg" else ""  # '' gives up

    def buffer_loading(self, name, channel_config, sample_type, sample_rate, data):
        # Called by the thread that loads. What is written into `data` is what will be heard.
        print(f"loading {name}: {len(data)} bytes, {sample_type}, {channel_config}, {sample_rate} Hz")


context.message_handler = Handler()


names = {}  # of sources; they may be keys


@context.event
def on_cached(name):
    print(f"{name} is there")
    names[palace.Buffer(name).play()] = name


@context.event
def on_cache_failed(name, error):
    print(f"{type(error).__name__}: {error}")


@context.event
def on_source_stopped(source):
    print(f"{names.pop(source)} has come to its end")
    palace.free(names.values())  # and enough of the others


@context.event
def on_source_force_stopped(source):
    print(f"{names.pop(source)} was stopped before its end")


palace.cache(["knock.ogg", "trumpet.ogg", "shiphorn.ogg"])
while context.pending_names or names:
    pyglet.clock.tick()
    time.sleep(1 / 60)
