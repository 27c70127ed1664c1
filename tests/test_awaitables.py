"""Which functions are async or have a yield, and what happens to answers that nothing awaits."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from streamkit.awaitables import close_unused, has_yield, is_async, never_began


class Called:
    """An object of each kind, which differ in ``__call__`` alone."""

    def plain(self) -> None: ...

    async def waits(self) -> None: ...

    def items(self) -> Iterator[int]:
        yield 1

    async def async_items(self) -> AsyncIterator[int]:
        yield 1


FORMS = {
    "a method": lambda name: getattr(Called(), name),
    "a function": lambda name: getattr(Called, name),
    "a partial": lambda name: partial(getattr(Called, name), None),
    "a partial of a partial": lambda name: partial(partial(getattr(Called(), name))),
    "an object": lambda name: type("Object", (), {"__call__": getattr(Called, name)})(),
}


@pytest.mark.parametrize("form", FORMS)
def test_functions_in_every_form(form: str):
    functions = {name: FORMS[form](name) for name in ("plain", "waits", "items", "async_items")}
    assert [name for name, function in functions.items() if is_async(function)] == ["waits"]
    assert [name for name, function in functions.items() if has_yield(function)] == ["items", "async_items"]


@pytest.mark.parametrize("thing", [None, 1, "text", [], object(), int, Called, print, SimpleNamespace(__call__=1)])
def test_anything_else_is_neither(thing: Any):
    assert not is_async(thing)
    assert not has_yield(thing)


def test_a_coroutine_that_began_is_known_and_one_that_is_closed_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coroutine = Called().waits()
        assert never_began(coroutine)
        close_unused(coroutine)
        assert not never_began(coroutine)
        for other in (None, 1, object(), SimpleNamespace(close=None)):
            assert not never_began(other)
            close_unused(other)
