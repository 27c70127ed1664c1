"""What errors carry besides their message, and what results of tools are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages import Redactor
from streamkit.stages.rewriting.hiding import with_texts_mapped
from tests.operators.reach import everything

SECRET = "bob@example.org"
MASK = "[redacted]"


class Own(sk.ApiError):
    """With more than its message, in its constructor too."""

    def __init__(self, message: str, data: Any, **details: Any) -> None:
        super().__init__(message, **details)
        self.data = data


class Shown(Own):
    def __str__(self) -> str:
        return f"{self.args[0]}, with {self.data}"


class Cannot:
    def __str__(self) -> str:
        raise LookupError(SECRET)


@dataclass
class Record:
    to: str


def told(error: Exception, operator: Any = None) -> Any:
    return testing.clock().run(sk.stream(rx.throw(error)).pipe(operator or ops.redact("email"))).error


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (SECRET, MASK),
        ({"x": [SECRET, 1]}, {"x": [MASK, 1]}),
        (Record(SECRET), {"to": MASK}),
        (ValueError(SECRET), MASK),
        (Cannot(), None),
        (None, None),
        (5, 5),
    ],
)
def test_whatever_an_error_carries_is_masked(value: Any, shown: Any) -> None:
    for error in (Own("no", value), sk.ApiError("no", code=value)):
        got = told(error)
        assert type(got) is type(error)
        assert SECRET not in everything(got)
        assert (got.data if isinstance(got, Own) else got.code) == shown


def test_what_holds_itself_is_left_out() -> None:
    value: list[Any] = [SECRET]
    value.append(value)
    assert told(Own("no", value)).data is None


def test_an_error_with_a_constructor_of_its_own_comes_as_itself() -> None:
    for operator in (
        None,
        ops.guard(lambda text: True),
        ops.stop_at("x"),
        ops.rewrite(lambda: Redactor("key"), hides=True),
    ):
        got = told(Shown("no", 5, retryable=True), operator)
        assert (type(got), str(got), got.retryable) == (Shown, "no, with 5", True)
    assert str(told(Shown(f"to {SECRET}", SECRET))) == f"to {MASK}, with {MASK}"


def test_what_is_known_stays_whatever_the_rules_are() -> None:
    error = sk.StatusError("no", status=503, retryable=True, retry_after=5.0, request_id="r-5", clock="total", body="5")
    got = told(error, ops.redact(r"\d"))
    assert (got.status, got.retryable, got.retry_after, got.request_id, got.clock) == (503, True, 5.0, "r-5", "total")
    assert got.is_same(error)
    assert got.body == MASK


def test_members_of_a_group_too() -> None:
    group = sk.AllFailedError(f"all: {SECRET}", [Own(SECRET, SECRET), sk.ApiError("no", code={"x": SECRET})])  # type: ignore[arg-type]
    got = told(group)
    assert SECRET not in everything(got)
    assert [type(part) for part in got.exceptions] == [Own, sk.ApiError]
    assert got.exceptions[1].code == {"x": MASK}


# -- results of tools --------------------------------------------------------------------------------------------------


def result(value: Any, *rules: Any) -> Any:
    event = sk.ToolResult(sk.ToolCall("1", "f", "{}"), value)
    return (
        testing.clock().run(sk.stream(rx.of(event, sk.Reply())).pipe(ops.redact(*rules or ("email",)))).items[0].value
    )


def test_no_entry_is_lost_where_keys_come_out_equal() -> None:
    value = {SECRET: 1, "al@example.org": 2, f"{MASK} (2)": 3, "c@example.org": 4, "plain": 5}
    assert result(value) == {MASK: 1, f"{MASK} (3)": 2, f"{MASK} (2)": 3, f"{MASK} (4)": 4, "plain": 5}


@pytest.mark.parametrize("key", [("a", SECRET), frozenset([SECRET]), Record.__name__.encode() + SECRET.encode()])
def test_keys_that_json_does_not_know_are_told_as_text(key: Any) -> None:
    (shown,) = result({key: 1})
    assert isinstance(shown, str)
    assert SECRET not in shown
    assert MASK in shown


def test_numbers_and_other_keys_stay_unless_something_is_hidden_in_them() -> None:
    assert result({1: 2.5, None: True, False: 3}) == {1: 2.5, None: True, False: 3}
    assert result({41: [4100, 5.5, True, None]}, r"41\d*") == {MASK: [MASK, 5.5, True, None]}


@given(st.dictionaries(st.sampled_from(["a@b.org", "c@d.org", "e", MASK, f"{MASK} (2)", f"{MASK} (3)"]), st.integers()))
def test_an_object_keeps_its_values_in_their_order(value: dict[str, int]) -> None:
    shown = with_texts_mapped(value, lambda text: MASK if "@" in text else text)
    assert list(shown.values()) == list(value.values())
    assert {key for key in value if "@" not in key} <= set(shown)
    assert "@" not in "".join(shown)
