"""The engine, which runs streams, in five rooms. Each may use those before it; code outside imports from a room:

`loops`, `upstream`, `streams`, `branches`, `runs`.
"""
