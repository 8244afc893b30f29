"""Benchmarks of pyglet_palace and of other libraries: ``scripts/measure``, or ``python -m benchmarks``.

A measure is a function that receives a `Config` and returns samples by key. It runs in its own process (`processes`).
`figures` and `comparisons` give the label, unit and target of each key. `report` and `plot` write the results.
"""
