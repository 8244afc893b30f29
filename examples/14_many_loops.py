"""500 humming mines on a map, of which the nearest 32 are heard: the others are virtual.

Usage: python examples/14_many_loops.py

A boat crosses the map. A mine that comes near is heard where its hum would be if it had never been silent.
"""

import math
import random
import time

import pyglet

import pyglet_palace as palace

pyglet.resource.path = ["game/assets"]
pyglet.resource.reindex()

context = palace.init(voices=32)
chance = random.Random(15)
hum = palace.Buffer("mine_hum.ogg")
mines = []
for _ in range(500):
    mine = palace.Source()
    mine.looping = True
    mine.position = (chance.uniform(-50, 50), 0, chance.uniform(-50, 50))
    mine.pitch = chance.uniform(0.8, 1.2)
    hum.play(mine)  # the first 32 get a voice
    mines.append(mine)


def distance(mine):
    return math.dist(mine.position, context.listener.position)


def listen(dt):
    # The nearest mines get the highest priority. The update that follows gives them the voices.
    for mine in mines:
        mine.priority = int(1000 / (1 + distance(mine)))


def report(dt):
    audible = [mine for mine in mines if mine.audible]
    farthest = max(map(distance, audible))
    stats = context.stats()
    print(f"x = {context.listener.position[0]:.0f}: {len(audible)} heard, up to {farthest:.1f} away; ", end="")
    print(f"{stats['virtual']} virtual, {sum(mine.playing for mine in mines)} playing")


started = time.perf_counter()
pyglet.clock.schedule_interval(listen, 1 / 4)
pyglet.clock.schedule_interval(report, 1)
while time.perf_counter() - started < 4.5:
    context.listener.position = (-45 + 20 * (time.perf_counter() - started), 0, 0)
    pyglet.clock.tick()
    time.sleep(1 / 60)
palace.shutdown()
print("done")
