"""The engine, which runs streams, in six rooms. Each may use those before it; code outside imports from a room:

`failures`, `loops`, `upstream`, `streams`, `branches`, `runs`.
"""
