"""What can be raised, and how it is to be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

__all__ = ["ENDS_A_LOOP", "KINDS", "PASSING", "Fault", "Mine", "behind"]


class Mine(BaseException):
    """Of somebody's own making, like the Failed of pytest."""


KINDS: dict[str, type[BaseException]] = {
    "Exception": ZeroDivisionError,
    "StopIteration": StopIteration,
    "CancelledError": asyncio.CancelledError,
    "GeneratorExit": GeneratorExit,
    "SystemExit": SystemExit,
    "KeyboardInterrupt": KeyboardInterrupt,
    "BaseException": Mine,
}
PASSING = (SystemExit, KeyboardInterrupt, Mine)
"""What reaches whoever asked as it is; the others may come as the cause of an error of ours."""
ENDS_A_LOOP = (SystemExit, KeyboardInterrupt)


class Fault:
    """Raises ``error`` when called, whatever with; the async way is `later`."""

    def __init__(self, kind: type[BaseException]) -> None:
        self.error = kind("of its own")
        self.raised = 0

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.raised += 1
        raise self.error

    async def later(self, *args: object, **kwargs: object) -> object:
        await asyncio.sleep(0)
        return self()


def behind(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and all that it was made of."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            waiting += [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
