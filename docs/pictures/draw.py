"""Draws the pictures of the pages: ``python -m docs.pictures.draw``. Needs the extra ``dev``.

The curves are measured: each point is rendered by the package on a `LoopbackDevice`.
"""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np

import pyglet_palace as palace

matplotlib.rcParams.update({
    "svg.hashsalt": "pyglet_palace", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
    "figure.constrained_layout.use": True, "lines.linewidth": 2,
})  # fmt: skip

HERE = Path(__file__).parent
RATE = 12000
STEP = RATE // 60


def save(figure: plt.Figure, name: str) -> None:
    """Save a picture whose bytes depend on its contents only."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def context_of(device: palace.LoopbackDevice) -> palace.Context:
    """A context that changes no level."""
    return palace.Context(device, {palace.HRTF: palace.FALSE, palace.OUTPUT_LIMITER: palace.FALSE}, auto_update=False)


def level(device: palace.LoopbackDevice) -> float:
    """The level of the steady sound that plays, once changes have reached it."""
    device.render(RATE // 5)
    return float(np.abs(device.render(STEP)).max())


def distance_models() -> None:
    """How the gain falls with distance."""
    distances = np.linspace(0, 10, 81)
    figure, axes = plt.subplots(figsize=(7, 3.6))
    device = palace.LoopbackDevice(RATE, "Mono")
    with device, context_of(device) as context:
        source = palace.Source(looping=True)
        source.distance_range = 1, 8
        palace.Buffer.from_samples(np.full(RATE, 0.5, "float32"), RATE).play(source)
        for model, rolloff in ("inverse", 1), ("inverse", 2), ("linear", 1), ("exponent", 2), ("none", 1):
            # With a rolloff of 1, 'exponent' is 'inverse'.
            context.distance_model = model if model == "none" else f"{model} clamped"
            source.rolloff_factors = rolloff, 0
            gains = []
            for distance in distances:
                source.position = 0, 0, -distance
                gains.append(level(device) / 0.5)
            axes.plot(distances, np.array(gains) / max(gains), label=f"'{context.distance_model}', rolloff {rolloff}")
    axes.axvline(1, color="grey", linestyle=":")
    axes.axvline(8, color="grey", linestyle=":")
    axes.text(1.1, 0.95, "reference", color="grey")
    axes.text(8.1, 0.93, "maximum", color="grey")
    axes.set(xlabel="distance in units", ylabel="gain", ylim=(0, 1.05), xlim=(0, 10))
    axes.legend()
    save(figure, "distance")


def cones() -> None:
    """The gain of a source with a cone, around it."""
    angles = np.linspace(0, 360, 121)
    figure, axes = plt.subplots(figsize=(4.2, 4.2), subplot_kw={"projection": "polar"})
    device = palace.LoopbackDevice(RATE, "Mono")
    with device, context_of(device):
        source = palace.Source(looping=True, position=(0, 0, -1))
        source.cone_angles, source.outer_cone_gains = (90, 200), (0.2, 1)
        palace.Buffer.from_samples(np.full(RATE, 0.5, "float32"), RATE).play(source)
        gains = []
        for angle in np.radians(angles):  # 0: it faces the listener, who is behind it on the z axis
            source.orientation = (math.sin(angle), 0, math.cos(angle)), (0, 1, 0)
            gains.append(level(device))
    axes.set_theta_zero_location("N")
    axes.plot(np.radians(angles), np.array(gains) / max(gains))
    axes.fill(np.radians(angles), np.array(gains) / max(gains), alpha=0.15)
    for width, text in ((90, "inner 90°"), (200, "outer 200°")):
        for side in (-1, 1):
            axes.plot([0, math.radians(side * width / 2)], [0, 1], color="grey", linestyle=":", linewidth=1.2)
        axes.text(math.radians(width / 2), 1.12, text, color="grey", ha="right")
    axes.set(ylim=(0, 1.05), yticks=[0.2, 1], xticks=[])
    save(figure, "cone")


def envelope(device: palace.LoopbackDevice, context: palace.Context, seconds: float) -> np.ndarray:
    """The level of each sixtieth of a second."""
    levels = []
    for _ in range(round(seconds * 60)):
        context.update()
        levels.append(float(np.abs(device.render(STEP)).max()))
    return np.array(levels)


def fades() -> None:
    """The curves of a fade to silence, and a crossfade."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
    steady = np.full((RATE, 1), 0.5, "float32")
    for curve in ("decibel", "linear", "equal power"):
        device = palace.LoopbackDevice(RATE, "Mono")
        with device, context_of(device) as context:
            source = palace.Buffer.from_samples(steady, RATE).play(looping=True)
            before = envelope(device, context, 0.2)
            source.fade_to(0, 1000, curve=curve)
            levels = np.concatenate([before, envelope(device, context, 1.2)]) / before[-1]
        left.plot(np.arange(len(levels)) / 60 - 0.2, levels, label=f"'{curve}'")
    left.set(title="source.fade_to(0, 1000, curve=...)", xlabel="seconds", ylabel="gain")
    left.legend()

    device = palace.LoopbackDevice(RATE, "Stereo")
    with device, context_of(device) as context:
        # A sound that is only in the left channel, and one that is only in the right one: both are seen apart.
        sides = [np.concatenate([steady * (side == 0), steady * (side == 1)], axis=1) for side in (0, 1)]
        old = palace.Buffer.from_samples(sides[0], RATE).play(looping=True)
        samples = [device.render(STEP * 12)]
        new = palace.Buffer.from_samples(sides[1], RATE).play(looping=True)
        palace.crossfade(old, new, 1000)
        for _ in range(72):
            context.update()
            samples.append(device.render(STEP))
    ends = np.concatenate(samples)[::STEP]
    levels = ends / 0.5
    times = np.arange(len(levels)) / 60 - 0.2
    right.plot(times, levels[:, 0], label="old")
    right.plot(times, levels[:, 1], label="new")
    right.plot(times, np.hypot(*levels.T), color="grey", linestyle=":", label="loudness of both")
    right.set(title="palace.crossfade(old, new, 1000)", xlabel="seconds")
    right.legend(loc="center right")
    save(figure, "fades")


def stage() -> None:
    """Both ears, as a sound passes the listener on a stage and in space."""
    figure, both = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True)
    places = np.linspace(-640, 640, 129)
    for axes, on_stage in zip(both, (True, False), strict=True):
        device = palace.LoopbackDevice(RATE, "Stereo")
        with device, context_of(device) as context:
            if on_stage:
                context.stage = palace.SoundStage(1280)
            source = palace.Source(looping=True)
            palace.Buffer.from_samples(np.sin(np.arange(RATE) * 2 * np.pi * 500 / RATE), RATE).play(source)
            levels = []
            for x in places:
                source.position = (x, 0) if on_stage else (x / 128, 0, -0.01)
                device.render(RATE // 5)
                levels.append(np.abs(device.render(STEP)).max(axis=0))
        axes.plot(places, np.array(levels), label=["left ear", "right ear"])
        title = "with SoundStage(1280)" if on_stage else "without, at 128 pixels to the unit"
        axes.set(title=title, xlabel="pixels to the right of the listener")
    both[0].set(ylabel="gain")
    both[0].legend(loc="upper left")
    save(figure, "stage")


def way_of_a_name() -> None:
    """What happens between `cache` and the first sample, and on which thread."""
    figure, axes = plt.subplots(figsize=(8, 3.9))
    axes.set(xlim=(0, 100), ylim=(0, 52))
    axes.axis("off")
    axes.grid(visible=False)
    for bottom, name in ((36, "main thread"), (18, "workers"), (0, "OpenAL")):
        axes.axhspan(bottom + 0.5, bottom + 15.5, color="#eef2f8" if bottom else "#f3f0ea", zorder=0)
        axes.text(1, bottom + 13, name, color="#555", fontsize=10, va="center")
    axes.text(73, 24, "threads, and on Linux\nalso processes", color="#555", fontsize=9, ha="center", va="center")
    boxes = {
        "cache": (12, 42, 'cache(["door.wav"])\nlook the name up'),
        "queue": (30, 24, "open the file,\ndecode in blocks"),
        "edit": (52, 24, "buffer_loading\nmay edit samples"),
        "update": (58, 42, "Context.update\npublish, at most 0.3 ms"),
        "play": (86, 42, "play\nborrow a voice"),
        "samples": (62, 6, "reads the samples\nin place"),
        "mixer": (86, 6, "mixer"),
    }
    for x, y, text in boxes.values():
        style = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": "#4a6fa5"}
        axes.text(x, y, text, ha="center", va="center", fontsize=9, bbox=style, zorder=3)
    arrows = [
        ((14, 38.5), (28, 28), "queue"), ((39, 24), (43.5, 24), ""), ((53, 28), (57, 38.5), "result"),
        ((70.5, 42), (79.5, 42), ""), ((59, 38.5), (61.5, 10), ""), ((86, 38.5), (86, 9), ""),
        ((71, 6), (82, 6), ""),
    ]  # fmt: skip
    for start, end, text in arrows:
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "#4a6fa5", "linewidth": 1.4}, zorder=2)
        if text:
            axes.text(
                (start[0] + end[0]) / 2 - 2.5, (start[1] + end[1]) / 2, text, fontsize=9, color="#555", ha="right"
            )
    save(figure, "way-of-a-name")


if __name__ == "__main__":
    for draw in (distance_models, cones, fades, stage, way_of_a_name):
        draw()
