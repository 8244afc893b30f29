"""What pyglet_palace costs, beside its targets and its peers: ``scripts/measure``, or ``python -m benchmarks``.

A measure is a function in one of the modules `loading`, `frames`, `playing`, `importing`, `beside` and `growth`. It
runs in a process of its own (`processes`), gets a `Setting`, and returns samples by key. `figures` says what the keys
mean and what is promised of them; `report` and `plot` show what came out.

``python -m benchmarks.tuning`` measures what else the defaults of the loader could have been.
"""
