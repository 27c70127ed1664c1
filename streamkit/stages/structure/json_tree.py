"""The value that a growing JSON document amounts to so far.

Containers that are still open lie on a stack and not in each other, so what is finished never changes again and may be
shared between snapshots; a snapshot copies just the open ones.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ...errors import MalformedError
from .json_path import JsonPath

__all__ = ["NOTHING", "Edge", "JsonTree"]

Edge: TypeAlias = "list[str | int]"
"""The keys of the unfinished children, from the root down."""

NOTHING: Any = object()
"""No value yet."""

DEPTH = 200


class JsonTree:
    """Takes values and the beginnings and ends of containers, in the order of the text.

    With ``path`` the items of the lists there go to ``items``, and everything else is dropped. `MalformedError` for
    nesting deeper than 200, and for an object where the path leads to a list.
    """

    def __init__(self, path: JsonPath | None = None) -> None:
        self.root: Any = NOTHING
        self.done = False
        self.items: list[Any] = []
        self.has_list = False
        """True if there was a list at the path."""
        self.key = ""
        """The key of the next value, if the innermost container is an object."""
        self.width = 0
        """The number of containers and entries that a snapshot copies."""
        self._path = path
        self._on_path = 0  # the number of open containers on the path, counted from the root
        self._taking = 0  # the depth of the list whose items are wanted, while it is open
        self._stack: list[list[Any] | dict[str, Any]] = []
        self._keys: list[str | int] = []  # of each open container in its parent
        self._counts: list[int] = []  # of the values that came into each open container and were dropped

    @property
    def keeps(self) -> bool:
        """True if the current value is wanted."""
        return self._path is None or self._taking > 0

    @property
    def in_list(self) -> bool:
        return isinstance(self._stack[-1], list)

    def put(self, value: Any) -> None:
        """Add ``value``, which is finished."""
        depth = len(self._stack)
        if not depth:
            self.root, self.done = value, True
        elif depth == self._taking:
            self.items.append(value)
        elif not self.keeps:
            self._counts[-1] += 1
        else:
            top: Any = self._stack[-1]
            before = len(top)
            if type(top) is list:
                top.append(value)
            else:
                top[self.key] = value
            self.width += len(top) - before

    def open(self, container: list[Any] | dict[str, Any]) -> None:
        depth = len(self._stack)
        if depth == DEPTH:
            raise MalformedError(f"JSON that is nested more than {DEPTH} deep")
        top = self._stack[-1] if depth else None
        key = len(top) + self._counts[-1] if isinstance(top, list) else self.key
        if self._path is not None and self._on_path == depth:
            self._step_along(self._path, depth, key, container)
        self._stack.append(container)
        self._keys.append(key)
        self._counts.append(0)
        self.width += 1

    def close(self) -> None:
        container, key = self._stack.pop(), self._keys.pop()
        self._counts.pop()
        depth = len(self._stack)
        self.width -= len(container) + 1
        self._on_path = min(self._on_path, depth)
        if self._taking > depth:
            self._taking = 0
        if isinstance(key, str):
            self.key = key
        self.put(container)

    def snapshot(self, growing: Any = NOTHING) -> tuple[Any, Edge]:
        """The value so far, which does not change any more; ``growing`` is an unfinished scalar at its end."""
        if self.done:
            return self.root, []
        value: Any = growing
        edge: Edge = []
        key: str | int = self.key
        for container, container_key in zip(reversed(self._stack), reversed(self._keys), strict=True):
            copy: Any = container.copy()
            if value is not NOTHING:
                if type(copy) is list:
                    key = len(copy)
                    copy.append(value)
                else:
                    copy[key] = value
                edge.append(key)
            value, key = copy, container_key
        edge.reverse()
        return value, edge

    def _step_along(self, path: JsonPath, depth: int, key: str | int, container: Any) -> None:
        if depth > len(path) or (depth and not path.fits(depth - 1, key)):
            return
        self._on_path = depth + 1
        if depth == len(path):
            if not isinstance(container, list):
                position = f"at {path}" if depth else "as the whole JSON (which list is meant? pass path=)"
                raise MalformedError(f"there is an object {position}, not a list")
            self.has_list, self._taking = True, depth + 1
