"""What runs a stream, in five rooms. Each may use those before it, and whoever uses the engine names the room:

`loops`, `upstream`, `streams`, `branches`, `runs`.
"""
