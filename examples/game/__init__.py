"""Fogbound: a small game that is played by ear, made with pyglet and pyglet_palace.

Run it with ``python -m examples.game`` from the checkout, or ``python examples/game`` from anywhere.
"""
