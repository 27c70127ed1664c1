"""What Python keeps behind an exception: nothing that an operator hides, whoever raises it."""

from __future__ import annotations

from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from tests.operators.reach import everything

SECRET = "bob@example.org"
HIDE = {"redact": ops.redact("email"), "guard": ops.guard(lambda text: True)}


def failing(event: Any) -> Any:
    raise sk.MalformedError(f"not a number: {SECRET}")


class Below:
    """A stage that fails where ``at`` says, while the failure above is perhaps still being handled."""

    def __init__(self, at: str) -> None:
        self._at = at

    def feed(self, item: Any) -> list[Any]:
        if self._at == "feed":
            raise sk.BudgetError("used up")
        return [item]

    def flush(self) -> list[Any]:
        if self._at == "flush":
            raise sk.BudgetError("used up")
        return []


@pytest.mark.parametrize("hide", HIDE)
@pytest.mark.parametrize("at", ["feed", "flush"])
def test_the_failure_above_is_not_the_context_of_what_is_raised_below(
    at: str, hide: str, caplog: pytest.LogCaptureFixture
) -> None:
    above = testing.script("a").pipe(rxo.map(failing))
    if at == "feed":
        above = above.pipe(rxo.catch(lambda error, source: rx.of("more. ", "and more. ")))
    stream = above.pipe(HIDE[hide], ops.stage(lambda: Below(at)))
    error = testing.clock().run(stream).error
    assert type(error) is sk.BudgetError
    assert SECRET not in everything(error)

    async def served() -> list[bytes]:
        return [block async for block in sk.sse(stream)]

    assert testing.clock().run_coroutine(served())
    assert "BudgetError: used up" in caplog.text
    assert SECRET not in caplog.text


def test_it_is_the_context_where_nothing_hides_it() -> None:
    stream = testing.script("a").pipe(rxo.map(failing), ops.stage(lambda: Below("flush")))
    assert SECRET in everything(testing.clock().run(stream).error)


class Own:
    """A stage that hides, and raises an error of our kind from others that quote what it looked at."""

    def __init__(self, at: str) -> None:
        self._at = at

    def feed(self, text: str) -> list[str]:
        if self._at == "feed":
            self._fail(text)
        return []

    def flush(self) -> list[str]:
        if self._at == "flush":
            self._fail(SECRET)
        return []

    def _fail(self, text: str) -> None:
        try:
            try:
                {}[text]
            except KeyError:
                raise ValueError(f"unknown: {text}") from None
        except ValueError as exc:
            raise sk.StreamkitError("a mistake") from exc


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("at", ["feed", "flush"])
def test_what_caused_the_failure_of_a_stage_that_hides_is_left_out(at: str, fails: bool) -> None:
    above = testing.script(SECRET, fail=sk.BrokenError("cut") if fails else None)
    error = testing.clock().run(above.pipe(ops.rewrite(lambda: Own(at), hides=True))).error
    assert str(error) == "a mistake"
    assert SECRET not in everything(error)


def test_whoever_fails_once_the_failure_was_told_does_not_show_it_either(capsys: Any) -> None:
    """The error goes to the run by no chain then."""

    def told(*_: Any) -> None:
        raise LookupError("a mistake")

    def careless(source: Any) -> Any:
        return rx.create(
            lambda observer, scheduler=None: source.subscribe(observer.on_next, told, told, scheduler=scheduler)
        )

    stream = testing.script("a").pipe(rxo.map(failing), ops.redact("email"), ops.map_async(_given), careless)
    error = testing.clock().run(stream).error
    assert error is not None
    assert SECRET not in everything(error) + capsys.readouterr().err


async def _given(item: Any) -> Any:
    return item
