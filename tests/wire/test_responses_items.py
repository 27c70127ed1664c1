"""Which item of a response an event belongs to, where ids and positions are not what they should be."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.errors import ApiError, BrokenError
from streamkit.events import Reply
from streamkit.wire.openai.output_items import OutputItem
from tests.wire.bodies import error_of, reply_of, sse

API = "responses"


def ev(name: str, at: int | None = None, id: str | None = None, number: int | None = None, **fields: Any) -> Any:
    spot = {"output_index": at, "item_id": id, "content_index": number}
    return {"type": f"response.{name}", **{name: value for name, value in spot.items() if value is not None}, **fields}


def item(event: str, type: str, at: int | None = None, id: str | None = None, **fields: Any) -> Any:
    return ev(f"output_item.{event}", at, item={"type": type, **({"id": id} if id else {}), **fields})


def said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "output_text", "text": text}]}


def end(*output: Any, **fields: Any) -> Any:
    return ev("completed", response={"status": "completed", "output": list(output), **fields})


def read(*chunks: Any, output: tuple[Any, ...] = ()) -> Reply:
    return reply_of(*chunks, end(*output), api=API)


def delta(text: str, *spot: Any) -> Any:
    return ev("output_text.delta", *spot, delta=text)


def done(text: str, *spot: Any) -> Any:
    return ev("output_text.done", *spot, text=text)


def part_done(text: str, *spot: Any) -> Any:
    return ev("content_part.done", *spot, part={"type": "output_text", "text": text})


TEXTS: dict[str, tuple[list[Any], str]] = {
    "an end under the next position": (
        [delta("a", 1, "m"), delta("b", 1, "m"), done("ab", 2, "m"), item("done", "message", 2, "m", **said("ab"))],
        "ab",
    ),
    "the same with other ids": (
        [item("added", "message", 1, "p"), delta("ab", 1, "q"), done("ab", 2, "r"),
         item("done", "message", 2, "s", **said("ab"))],
        "ab",
    ),
    "an end with another id": ([delta("a", 0, "m"), delta("b", 0, "m"), done("ab", 0, "n")], "ab"),
    "an end with another id and other white space": ([delta("ab\n", 0, "m", 0), done("ab", 0, "n", 7)], "ab\n"),
    "an end that tells it otherwise": ([delta("ab", 0, "m", 0), done("aB", 0, "m", 0)], "ab"),
    "part numbers that count on": (
        [delta("a", 0, "m", 1), delta("b", 0, "m", 2), done("ab", 0, "m", 3), part_done("ab", 0, "m", 4),
         part_done("ab", 0, "m", 5)],
        "ab",
    ),
    "two parts of which the second is told whole": ([delta("a", 0, "m", 0), done("b", 0, "m", 1)], "ab"),
    "two parts, the same text, each told whole": ([done("a", 0, "m", 0), done("a", 0, "m", 1)], "aa"),
    "two parts under one number": (
        [done("a", 0, "m", 0), part_done("a", 0, "m", 0), done("b", 0, "m", 0), done("b", 0, "m", 0)], "ab",
    ),
    "the end of a part told otherwise": ([done("ab", 0, "m", 0), part_done("aB", 0, "m", 0)], "ab"),
    "a first part ended again while the second grows": (
        [delta("ax", 0, "m", 0), done("ax", 0, "m", 0), delta("a", 0, "m", 1), done("ax", 0, "m", 0),
         delta("b", 0, "m", 1)],
        "axab",
    ),
    "an end that comes after the next part began": (
        [ev("content_part.added", 0, "m", at, part={"type": "output_text"}) if text is None else text for at, text in
         ((0, None), (0, delta("a", 0, "m", 0)), (1, None), (0, done("a", 0, "m", 0)), (1, delta("b", 0, "m", 1)))],
        "ab",
    ),
    "a rest that never came in pieces": ([delta("a", 0, "m"), item("done", "message", 0, "m", **said("ab"))], "ab"),
    "one position for two messages in pieces": (
        [item("added", "message", 0, "m"), delta("a", 0, "m"), item("added", "message", 0, "n"), delta("a", 0, "n"),
         item("done", "message", 0, "m", **said("a")), item("done", "message", 0, "n", **said("a"))],
        "aa",
    ),
    "one position for two whole messages": (
        [item("done", "message", 0, "m", **said("a")), item("done", "message", 0, "n", **said("a"))], "aa",
    ),
    "one position, nothing but the end of the second": (
        [item("added", "message", 0, "m"), item("added", "message", 0, "n"), delta("a", 0, "m"), done("b", 0, "x")],
        "ab",
    ),
    "two whole messages": (
        [item("done", "message", 0, "m", **said("a")), item("done", "message", 1, "n", **said("a"))], "aa",
    ),
    "a message told whole twice": (
        [item("done", "message", 0, "m", **said("a")), item("done", "message", 0, "m", **said("a"))], "a",
    ),
    "a message announced twice": (
        [item("added", "message", 0, "m"), item("added", "message", 0, "m"), delta("a", 0, "m"), done("a", 0, "m")],
        "a",
    ),
    "one id for all": (
        [delta("a", 0, "x"), item("done", "message", 0, "x", **said("a")),
         item("done", "message", 1, "x", **said("b"))],
        "ab",
    ),
    "nothing to go by": ([delta("a"), delta("b"), done("ab"), item("done", "message", **said("ab"))], "ab"),
    "content that is a text": ([item("done", "message", 0, "m", content="ab")], "ab"),
    "what was asked": ([item("done", "message", 0, "m", role="user", **said("x")), delta("ab", 1, "n")], "ab"),
    "an object for a piece": ([ev("output_text.delta", 0, delta={"text": "ab"})], "ab"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_said_once(name: str):
    chunks, text = TEXTS[name]
    assert read(*chunks).text == text


def message(text: str, id: str = "z") -> dict[str, Any]:
    return {"type": "message", "id": id, **said(text)}


@pytest.mark.parametrize(
    ("chunks", "output", "text"),
    [
        ([delta("a", 0, "m")], [message("a", "m"), message("b", "n")], "ab"),
        ([delta("a", 0, "m")], [message("a", "m"), message("a", "n")], "aa"),
        ([delta("a", 3, "m")], [message("a"), message("a", "y")], "aa"),
        ([delta("a", 0, "m"), delta("b", 0, "m")], [message("a"), message("b", "y")], "ab"),
        ([delta("a", 0, "m"), delta("b", 1, "n")], [message("b", "n"), message("a", "m")], "ab"),
        ([delta("a", 0, "m")], [message("A")], "a"),
        ([delta("a", 0, "m")], [{**message("ab"), "role": "assistant"}], "ab"),
        ([], [{**message("ab"), "role": "user"}, message("c")], "c"),
    ],
)
def test_the_final_list_tells_what_never_came(chunks: list[Any], output: list[Any], text: str):
    assert read(*chunks, output=tuple(output)).text == text


def call(id: str = "", name: str = "f", arguments: Any = None) -> dict[str, Any]:
    form = {"call_id": id or None, "name": name, "arguments": arguments}
    return {key: value for key, value in form.items() if value is not None}


def grown(arguments: str, *spot: Any) -> Any:
    return ev("function_call_arguments.delta", *spot, delta=arguments)


def told(arguments: str, *spot: Any, **fields: Any) -> Any:
    return ev("function_call_arguments.done", *spot, arguments=arguments, **fields)


F = "function_call"
CALLS: dict[str, tuple[list[Any], list[tuple[str, str]]]] = {
    "one position for two calls that grow side by side": (
        [item("added", F, 0, "x", **call("a")), item("added", F, 0, "y", **call("b", "g")),
         grown("[1", 0, "x"), grown("[2", 0, "y"), grown("]", 0, "y"), grown("]", 0, "x"), told("[2]", 0, "y"),
         told("[1]", 0, "x")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "one id for two calls": (
        [item("added", F, 0, "x", **call("a")), item("added", F, 1, "x", **call("b")), grown("[1]", 0, "x"),
         grown("[2]", 1, "x")],
        [("f", "[1]"), ("f", "[2]")],
    ),
    "pieces under the id of the call": (
        [item("added", F, 0, "x", **call("a")), item("added", F, 0, "y", **call("b")), grown("[1]", 0, "a"),
         grown("[2]", 0, "b"), told("[1]", 0, "a")],
        [("f", "[1]"), ("f", "[2]")],
    ),
    "other ids at the end, under the next position": (
        [item("added", F, 0, "x", **call("a")), grown("[1]", 0, "y"), item("done", F, 1, "z", **call("b", "f", "[1]"))],
        [("f", "[1]")],
    ),
    "another call at the same position, whole": (
        [item("added", F, 0, "x", **call("a")), grown("[1]", 0, "x"), item("done", F, 0, "y", **call("b", "f", "[2]"))],
        [("f", "[1]"), ("f", "[2]")],
    ),
    "another call at the same position, announced by its pieces": (
        [item("added", F, 0, "x", **call("a")), grown("[1]", 0, "x"), grown("[2]", 0, "y"),
         item("done", F, 0, "y", **call("b", "g", "[2]"))],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "a call that was told whole goes on": (
        [item("done", F, 0, "x", **call("a", "f", "[1]")), grown("[1]", 0, "x"), told("[1]", 0, "x")], [("f", "[1]")],
    ),
    "arguments of two calls, only whole": (
        [told("{}", 0, "x"), told("{}", 1, "y"), item("done", F, 0, "x", **call("a", "f", "{}")),
         item("done", F, 1, "y", **call("b", "g", "{}"))],
        [("f", "{}"), ("g", "{}")],
    ),
    "no arguments at the end of the arguments": (
        [item("added", F, 0, "x", **call("a")), told("", 0, "x"), item("done", F, 0, "x", **call("a", "f", "[1]"))],
        [("f", "[1]")],
    ),
    "arguments with nothing but the announcement": (
        [item("added", F, 0, "x", **call("a", "f", "[1]")), item("added", F, 1, "y", **call("b", "g", "[2]")),
         grown("[3]", 1, "y")],
        [("f", "[1]"), ("g", "[3]")],
    ),
    "an object as arguments, and in pieces before": (
        [item("added", F, 0, "x", **call("a")), grown('{"x": 1}', 0, "x"),
         item("done", F, 1, "y", **call("", "f", {"x": 1}))],
        [("f", '{"x": 1}')],
    ),
    "free text for custom tools": (
        [item("added", "custom_tool_call", 0, "x", **call("a")), ev("custom_tool_call_input.delta", 0, "x", delta="a["),
         item("done", "custom_tool_call", 1, "y", call_id="b", name="f", input="b[")],
        [("f", "a["), ("f", "b[")],
    ),
    "a custom tool": (
        [item("added", "custom_tool_call", 0, "x", **call("a")), ev("custom_tool_call_input.delta", 0, "x", delta="a{"),
         item("done", "custom_tool_call", 1, "y", call_id="a", name="f", input="a{")],
        [("f", "a{")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_its_own_arguments(name: str):
    chunks, calls = CALLS[name]
    assert [(call.name, call.arguments) for call in read(*chunks).tool_calls] == calls


@pytest.mark.parametrize(
    ("output", "calls"),
    [
        ([call("a", "f", "[1]"), call("b", "f", "[1]")], ["[1]", "[1]"]),
        ([call("z", "f", "[1]")], ["[1]"]),
        ([call("z", "f", [1])], ["[1]"]),
        ([call("b", "f", "[2]")], ["[1]", "[2]"]),
    ],
)
def test_the_final_list_tells_calls_that_never_came(output: list[Any], calls: list[str]):
    chunks = [item("added", F, 0, "x", **call("a")), grown("[1]", 0, "x")]
    reply = read(*chunks, output=tuple({"type": F, **form} for form in output))
    assert [call.arguments for call in reply.tool_calls] == calls


def test_the_final_list_completes_a_call():
    reply = read(item("added", F, 0, "x", **call("a")), output=({"type": F, **call("z", "f", "[1]")},))
    assert [(call.id, call.arguments) for call in reply.tool_calls] == [("a", "[1]")]


def test_an_empty_object_that_came_in_a_piece_is_no_arguments_yet():
    one = OutputItem("call", announced=True)
    one.text("arguments").grow("{ }")
    assert one.missing_arguments('{"x":1}') == '{"x":1}'
    assert one.missing_arguments("{}") == ""
    one.whole = True
    assert one.missing_arguments('{"x":1}') == ""


@pytest.mark.parametrize("empty", ["{}", "{ }", "[]", "null", '""', "null "])
def test_an_empty_value_in_pieces_gives_way_to_arguments_that_come_whole(empty: str):
    chunks = [item("added", F, 0, "x", **call("a")), grown(empty, 0, "x"),
              ev("function_call_arguments.done", 0, "x", arguments='{"x":1}'),
              item("done", F, 0, "x", **call("a", "f", '{"x":1}'))]  # fmt: skip
    assert [one.arguments for one in read(*chunks).tool_calls] == ['{"x":1}']


def test_arguments_whose_keys_are_told_in_another_order_are_the_same_call():
    chunks = [item("added", F, 0, "x", **call("a")), grown('{"x":1,"y":2}', 0, "x")]
    told = {"type": F, "id": "z", **call("b", "f", '{"y": 2, "x": 1.0}')}
    assert [one.arguments for one in read(*chunks, output=(told,)).tool_calls] == ['{"x":1,"y":2}']


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ({}, "complete"),
        ({"status": "completed"}, "complete"),
        ({"status": "in_progress"}, "complete"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "canceled"}, "cancelled"),
        ({"status": "incomplete", "status_details": {"reason": "content_filter"}}, "filtered"),
    ],
)
def test_done_is_an_end(response: dict[str, Any], outcome: str):
    final = ev("done", response={"usage": {"input_tokens": 3, "output_tokens": 4}, **response})
    reply = reply_of(delta("Hi", 0, "m"), final, api=API, end=b"")
    assert (reply.text, reply.outcome) == ("Hi", outcome)
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 4)


@pytest.mark.parametrize(("status", "retryable"), [("error", False), ("timed_out", True), ("expired", False)])
def test_a_status_of_failure_is_an_error(status: str, retryable: bool):
    for final in (ev("done", response={"status": status}), ev("completed", response={"status": status})):
        error = error_of(sse(delta("Hi", 0, "m"), final), API)
        assert isinstance(error, ApiError)
        assert (error.code, error.retryable, error.partial.text) == (status, retryable, "Hi")


def test_an_error_in_the_details_of_a_status_is_told():
    details = {"type": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    final = ev("done", response={"status": "failed", "status_details": details})
    error = error_of(sse(delta("Hi", 0, "m"), final), API)
    assert isinstance(error, ApiError)
    assert (error.code, "slow down" in str(error)) == ("rate_limit_exceeded", True)


def test_an_unknown_status_is_told_in_the_warnings():
    reply = reply_of(delta("Hi", 0, "m"), ev("done", response={"status": "wombat"}), api=API, end=b"")
    assert (reply.outcome, len(reply.warnings)) == ("complete", 1)


def test_content_of_an_unknown_kind_is_content():
    sound = ev("output_audio.delta", 0, "m", delta="AAAA")
    reply = reply_of(sound, api=API)
    assert (reply.text, reply.outcome) == ("", "complete")
    error = error_of(sse(sound), API)
    assert (type(error), error.retryable) == (BrokenError, False)
