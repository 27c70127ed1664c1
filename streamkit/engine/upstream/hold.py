"""The hold of one consumer on its gate."""

from __future__ import annotations

from .gate import Gate

__all__ = ["Hold"]


class Hold:
    """Holds ``gate`` once and releases it once, however often it is set. Used on the run's loop only."""

    __slots__ = ("gate", "held")

    def __init__(self, gate: Gate) -> None:
        self.gate, self.held = gate, False

    def set(self, held: bool) -> None:
        if held != self.held:
            self.held = held
            if held:
                self.gate.hold()
            else:
                self.gate.release()
