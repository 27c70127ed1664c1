"""The flags and the groups of a regular expression, as a reader of its source finds them."""

from __future__ import annotations

__all__ = ["Flags", "Groups"]

IGNORECASE, VERBOSE, VERSION1, FULLCASE = 2, 64, 256, 16384  # flags of the ``regex`` package


class Flags:
    """The flags by which the same source means something else. ``verbose`` ends with its group, all others stay."""

    def __init__(self, flags: int) -> None:
        self.verbose, self.sets = bool(flags & VERBOSE), bool(flags & VERSION1)
        self._folds, self._any_case = bool(flags & (FULLCASE | VERSION1)), bool(flags & IGNORECASE)
        self._check_case()

    def change(self, letters: str) -> None:
        """Set the flags that the source sets, such as ``i-x``."""
        on, _, off = letters.partition("-")
        self.verbose = ("x" in on or self.verbose) and "x" not in off
        self.sets = self.sets or "V1" in on
        self._folds = self._folds or "f" in on or "V1" in on
        self._any_case = self._any_case or "i" in on
        self._check_case()

    def _check_case(self) -> None:
        if self._folds and self._any_case:
            raise ValueError("full case folding (ss for ß), which version 1 brings along, is not supported")


class Groups:
    """The groups that a pattern may call. ``least`` has the fewest characters of each, by number and by name."""

    def __init__(self, least: dict[str, float]) -> None:
        self.least = least
        self._names: list[str | None] = []
        self.share_numbers = False
        """Some groups share a number, so those of the others are unknown."""

    def open(self, name: str | None) -> tuple[str, str]:
        """The number and the name of the next group."""
        self.share_numbers = self.share_numbers or (name is not None and name in self._names)
        self._names.append(name)
        return str(len(self._names)), name or ""

    def least_of(self, call: str) -> float:
        """The fewest characters of the group that is called."""
        return 0 if self.share_numbers else self.least.get(call.lstrip("P>&"), 0)
