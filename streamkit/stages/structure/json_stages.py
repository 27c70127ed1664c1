"""JSON while it is being written: partial values, and the items of a list as each is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias

from ...awaitables import is_async
from ...checks import check_one_of
from ...errors import MalformedError
from ...validation import Partials, adapter_of, validate
from .json_path import JsonPath, Steps
from .json_text import JsonText
from .json_tree import NOTHING

__all__ = ["JsonItems", "JsonValues", "OnInvalid", "Unfinished"]

OnInvalid: TypeAlias = 'Literal["error", "skip"] | Callable[[Any, MalformedError], Any]'
Unfinished: TypeAlias = Literal["error", "keep"]

# A snapshot may copy this many entries for each character of the text. Replies of ten thousands of characters never
# reach the limit; beyond it, snapshots become rarer, so that the cost does not become quadratic.
ENTRIES = 256
VALIDATED_ENTRIES = 64  # they cost more


class JsonValues:
    """A stage: text → the JSON value in it so far, after each piece that changes it; the last one is the whole.

    Strings grow, keys appear with their values, numbers and literals when they are complete. With a ``model`` (any type
    that pydantic understands) values are partial instances (see `validation.Partials`), and the last one a valid
    instance.

    Text around the JSON is skipped. `MalformedError` if it is not JSON, or at the end if there is none, if it is not
    finished (unless ``unfinished="keep"``: then the last value stands) or does not fit the model.

    Cost: linear. For a wide list or a very long string some values are left out for that, never the last.

    Note: values share their finished parts: change a copy.
    """

    def __init__(self, model: Any = None, *, unfinished: Unfinished = "error") -> None:
        check_one_of("unfinished", unfinished, ("error", "keep"))
        self._unfinished = unfinished
        self._text = JsonText()
        self._model = model
        self._partials = Partials(model) if model is not None else None
        self._rate = ENTRIES if model is None else VALIDATED_ENTRIES
        self._credit = 0

    def feed(self, text: str) -> Iterable[Any]:
        """The value, if it changed; an error in ``text`` is raised only after it."""
        reader, tree = self._text, self._text.tree
        if tree.done:
            return ()
        self._credit += self._rate * len(text)
        try:
            reader.feed(text)
        except MalformedError as error:
            return raising(self._value(), error)
        if reader.changed and not tree.done:
            cost = reader.width
            if cost > self._credit:
                return ()
            self._credit -= cost
        return self._value()

    def flush(self) -> Iterable[Any]:
        """The last value, if it was not emitted yet."""
        if self._text.done:
            return ()
        self._text.finish()
        if self._text.done or self._unfinished == "keep":
            return self._value()
        return raising(self._value(), self._text.unfinished())

    def _value(self) -> Iterable[Any]:
        whole = self._text.done
        if not self._text.changed and not (whole and self._partials):  # a last partial instance is not yet a valid one
            return ()
        value, edge = self._text.snapshot()
        if self._partials is None:
            return () if value is NOTHING else (value,)
        if not whole:
            return () if value is NOTHING else self._partials.of(value, edge)
        try:
            return (validate(value, self._model, "JSON"),)
        except MalformedError as error:
            return raising((), error)


class JsonItems:
    """A stage: text → the items of the list at ``path``, one by one, each as soon as it is complete.

    ``path`` is ``""`` for a list that is the whole JSON, else names of keys and numbers of list items, with dots
    between: ``"orders.0.lines"``; ``*`` means all of them. A sequence of steps serves for keys that hold a dot. Items
    are whatever the list holds, or with a ``model`` valid instances of it.

    ``on_invalid`` says what happens to an item that does not fit the model: ``"error"`` raises `MalformedError`,
    ``"skip"`` leaves it out, a callable gets the item and the error and returns the item to emit instead.

    Text around the JSON is skipped. `MalformedError` as well if it is not JSON, or at the end if there is no such list
    or the JSON is not finished (unless ``unfinished="keep"``); items that were complete have been emitted by then.

    Cost: linear; only the current item is kept, neither those that were emitted nor the text beside the list.
    """

    def __init__(
        self, path: Steps = "", model: Any = None, on_invalid: OnInvalid = "error", *, unfinished: Unfinished = "error"
    ) -> None:
        check_one_of("unfinished", unfinished, ("error", "keep"))
        self._unfinished = unfinished
        if not callable(on_invalid):
            check_one_of("on_invalid", on_invalid, ("error", "skip"))
        elif is_async(on_invalid):
            raise TypeError("on_invalid gives at once what to put there: it cannot be a coroutine function")
        self._on_invalid = on_invalid
        if model is not None:
            adapter_of(model)  # raises for a mistake in it
        self._path = JsonPath(path)
        self._text = JsonText(self._path)
        self._model = model
        self._count = 0

    def feed(self, text: str) -> Iterable[Any]:
        """The items that ``text`` completed; an error behind them is raised after them."""
        fault: MalformedError | None = None
        try:
            self._text.feed(text)
        except MalformedError as error:
            fault = error
        tree = self._text.tree
        items, tree.items = tree.items, []
        if self._model is None:
            return items if fault is None else raising(items, fault)
        valid: list[Any] = []
        for item in items:
            try:
                valid += self._valid(item)
            except Exception as error:  # also one that the user's own function raised
                return raising(valid, error)
        return valid if fault is None else raising(valid, fault)

    def flush(self) -> Iterable[Any]:
        text = self._text
        text.finish()
        if self._unfinished == "keep":
            return ()
        if not text.done:
            raise text.unfinished()
        if not text.tree.has_list:
            raise MalformedError(f"there is no list at {self._path}" if len(self._path) else "the JSON is not a list")
        return ()

    def _valid(self, item: Any) -> list[Any]:
        self._count += 1
        try:
            return [validate(item, self._model, f"item {self._count - 1} of the list")]
        except MalformedError as error:
            if callable(self._on_invalid):
                return [self._on_invalid(item, error)]
            if self._on_invalid == "skip":
                return []
            raise


def raising(items: Iterable[Any], error: Exception) -> Iterator[Any]:
    """Yield ``items``, then raise ``error``: items complete before an error are emitted however the text was cut."""
    yield from items
    raise error
