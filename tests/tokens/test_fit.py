"""The newest rounds of a conversation that fit: in the form of each API, and never a call without its result."""

from __future__ import annotations

import pickle
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from anthropic.types import Message as AnthropicMessage
from hypothesis import given, settings, strategies as st
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel

import streamkit as sk
from streamkit import testing
from streamkit.tokens import TooLongError, prompt_tokens
from tests.costs import steps

Form = dict[str, Any]


class Letters:
    """A tokenizer whose figures are seen at a glance: each letter is a token."""

    def encode_ordinary(self, text: str, /) -> list[str]:
        return list(text)


LETTERS = Letters()
MANY = 10**6


def weather(city: str) -> str:
    """The weather."""
    return city


# -- the parts of a conversation in the form of each API ---------------------------------------------------------------


def chat_step(ids: Sequence[str], text: str) -> list[Form]:
    calls = [{"id": id, "type": "function", "function": {"name": "w", "arguments": "{}"}} for id in ids]
    results = [{"role": "tool", "tool_call_id": id, "content": text} for id in ids]
    return [{"role": "assistant", "content": None, "tool_calls": calls, "reasoning_content": text}, *results]


def ollama_step(ids: Sequence[str], text: str) -> list[Form]:
    calls = [{"function": {"name": "w", "arguments": {}}} for _ in ids]
    return [
        {"role": "assistant", "content": "", "tool_calls": calls},
        *({"role": "tool", "tool_name": "w", "content": text} for _ in ids),
    ]


def responses_step(ids: Sequence[str], text: str) -> list[Form]:
    calls = [{"type": "function_call", "id": f"fc_{id}", "call_id": id, "name": "w", "arguments": "{}"} for id in ids]
    return [
        {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "E" * 200},
        *calls,
        *({"type": "function_call_output", "call_id": id, "output": text} for id in ids),
    ]


def referred_step(ids: Sequence[str], text: str) -> list[Form]:
    """Items of the server by their ids: nothing in the history says that one of them is a call."""
    return [
        *({"type": "item_reference", "id": f"fc_{id}"} for id in ids),
        *({"type": "function_call_output", "call_id": id, "output": text} for id in ids),
    ]


def anthropic_step(ids: Sequence[str], text: str) -> list[Form]:
    thinking = {"type": "thinking", "thinking": text, "signature": "S"}
    searched = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
    ]
    calls = [{"type": "tool_use", "id": id, "name": "w", "input": {}} for id in ids]
    results = [{"type": "tool_result", "tool_use_id": id, "content": text} for id in ids]
    return [{"role": "assistant", "content": [thinking, *searched, *calls]}, {"role": "user", "content": results}]


def gemini_step(ids: Sequence[str], text: str) -> list[Form]:
    calls = [{"functionCall": {"name": "w", "args": {}}, "thoughtSignature": "S"} for _ in ids]
    results = [{"functionResponse": {"name": "w", "response": {"output": text}}} for _ in ids]
    return [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]


def plain(role: str, text: str) -> Form:
    return {"role": role, "content": text}


def item(role: str, text: str) -> Form:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def content(role: str, text: str) -> Form:
    return {"role": "model" if role == "assistant" else role, "parts": [{"text": text}]}


FORMS: dict[str, tuple[Callable[[str, str], Form], Callable[[Sequence[str], str], list[Form]]]] = {
    "chat": (plain, chat_step),
    "ollama": (plain, ollama_step),
    "responses": (item, responses_step),
    "references": (item, referred_step),
    "anthropic": (plain, anthropic_step),
    "gemini": (content, gemini_step),
}
TEXTS = st.text("ab ", max_size=12)


@st.composite
def conversations(draw: st.DrawFn, form: str) -> tuple[list[Form], list[list[Form]]]:
    """The instructions at the start, and the rounds after them."""
    say, step = FORMS[form]
    head = draw(st.lists(st.builds(say, st.sampled_from(["system", "developer"]), TEXTS), max_size=2))
    ids = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)
    steps_of_model = st.one_of(
        st.builds(step, ids, TEXTS), TEXTS.map(lambda text: [say("assistant", text)]), TEXTS.map(lambda _: [])
    )
    notes = st.lists(st.builds(say, st.just("system"), TEXTS), max_size=1)
    rounds = []
    for number in range(draw(st.integers(1, 5))):
        before = draw(notes) if number else []
        between = [*draw(notes), say("assistant", "so")] if draw(st.booleans()) else []
        made = [one for part in draw(st.lists(steps_of_model, max_size=3)) for one in part]
        rounds.append([*before, say("user", draw(TEXTS)), *between, *made])
    return head, rounds


def size(messages: list[Form], **more: Any) -> int:
    """The number of tokens that `sk.fit` finds in a history: the smallest limit that leaves it as it is."""
    low, high = 1, 4000
    while low < high:
        middle = (low + high) // 2
        try:
            fits = len(sk.fit(messages, LETTERS, tokens=middle, **more)) == len(messages)
        except TooLongError:
            fits = False
        low, high = (low, middle) if fits else (middle + 1, high)
    return low


def flat(rounds: list[list[Form]]) -> list[Form]:
    return [message for one in rounds for message in one]


def same(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return len(found) == len(wanted) and all(one is other for one, other in zip(found, wanted, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_the_longest_run_of_whole_rounds_that_fits_is_kept(form: str, data: st.DataObject):
    head, rounds = data.draw(conversations(form))
    whole = [*head, *flat(rounds)]
    wanted = [[*head, *flat(rounds[number:])] for number in range(len(rounds))]
    sizes = [size(one) for one in wanted]
    assert sizes == sorted(sizes, reverse=True)
    limit = data.draw(st.integers(1, sizes[0] + 5))
    possible = [one for one, tokens in zip(wanted, sizes, strict=True) if tokens <= limit]
    if not possible:
        with pytest.raises(TooLongError, match=f"take {sizes[-1]} tokens, and tokens={limit}"):
            sk.fit(whole, LETTERS, tokens=limit)
        return
    kept = sk.fit(whole, LETTERS, tokens=limit)
    assert same(kept, possible[0])
    assert same(sk.fit(kept, LETTERS, tokens=limit), kept)


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_result_in_a_later_round_keeps_the_round_of_its_call(form: str, data: st.DataObject):
    say, step = FORMS[form]
    *calls, result = step(["a"], "r")
    asked = say("user", "and?")
    joined = [say("user", "q"), *calls, asked, result]
    before, after = [say("user", "x"), say("assistant", "y")], [say("user", "z")]
    for history, least in (([*before, *joined, *after], after), ([*before, *joined], joined)):
        kept = sk.fit(history, LETTERS, tokens=data.draw(st.integers(size(least), size(history))))
        assert (asked in kept) == (calls[0] in kept) == (result in kept) == (joined[0] in kept)
        with pytest.raises(TooLongError):
            sk.fit(history, LETTERS, tokens=size(least) - 1)


@given(
    st.lists(st.sampled_from(["system", "user", "assistant", "call", "result"]), max_size=12),
    st.integers(1, 400),
    st.sampled_from([*FORMS]),
)
@settings(max_examples=200, deadline=None)
def test_any_order_of_messages_gives_instructions_and_an_end(kinds: list[str], limit: int, form: str):
    """Also of histories that no server takes: nothing raises but the one error, and no pair is parted."""
    say, step = FORMS[form]
    *_, call, result = step(["a"], "r")
    history = [{"call": call, "result": result}.get(kind) or say(kind, "t") for kind in kinds]
    try:
        kept = sk.fit(history, LETTERS, tokens=limit)
    except TooLongError:
        return
    head = next((number for number, kind in enumerate(kinds) if kind != "system"), len(kinds))
    end = len(kept) - head
    assert end >= 0
    assert same(kept, [*history[:head], *history[len(history) - end :]])
    left = kinds[head : len(kinds) - end]
    assert not left or "result" not in kinds[len(kinds) - end :] or kept_pairs(kinds, len(kinds) - end)


def kept_pairs(kinds: list[str], start: int) -> bool:
    """True if no result from ``start`` on has its call, which is the last one before it, before ``start``."""
    for number in range(start, len(kinds)):
        if kinds[number] == "result":
            calls = [at for at in range(number) if kinds[at] == "call"]
            if calls and calls[-1] < start:
                return False
    return True


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic", "ollama"])
def test_what_replies_say_is_to_be_appended_is_kept_or_dropped_whole(api: str):
    called = testing.Script(tool_calls=[("weather", {"city": "Bern"}), ("weather", {"city": "Rome"})])
    history: list[Any] = []
    rounds: list[list[Any]] = []
    with testing.client(called, "Fine.", called, "Fine again.", api=api) as client:
        for text in ("Bern and Rome?", "And now?"):
            asked = sk.user(text)
            reply = sk.run(sk.tool_loop(client.chat, [*history, asked], [weather]))
            rounds.append([asked, *reply.messages])
            history += rounds[-1]
            assert len(rounds[-1]) >= 4
        last = size(rounds[1], tools=[weather])
        assert same(sk.fit(history, LETTERS, tokens=last, tools=[weather]), rounds[1])
        assert same(sk.fit(history, LETTERS, tokens=size(history), tools=None), history)
        with pytest.raises(TooLongError):
            sk.fit(history, LETTERS, tokens=last - 1, tools=[weather])
        body = sk.run(client.chat(sk.fit(history, LETTERS, tokens=last, tools=[weather]))) and client.requests[-1].body
    assert "Bern and Rome?" not in str(body)
    assert "And now?" in str(body)


# -- by example --------------------------------------------------------------------------------------------------------


def test_the_count_is_that_of_the_prompt():
    history = [sk.system("Be brief."), sk.user("How is Bern?"), *chat_step(["a"], "rain")[1:], sk.user("And Rome?")]
    tokens = prompt_tokens(history, "gpt-4o").tokens
    assert sk.fit(history, "gpt-4o", tokens=tokens) == history
    assert sk.fit(history, "gpt-4o", tokens=tokens - 1) == [history[0], history[-1]]


def test_tools_are_counted_as_schemas_and_as_functions():
    schema = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    flat_form = {"type": "function", **schema["function"]}
    anthropic = {"name": "weather", "description": "The weather.", "input_schema": schema["function"]["parameters"]}
    gemini = {
        "functionDeclarations": [
            {"name": "weather", "description": "The weather.", "parametersJsonSchema": schema["function"]["parameters"]}
        ]
    }
    for history in ([sk.user("q")], [sk.system("s"), sk.user("q")], [sk.user("q"), sk.system("s")]):
        tokens = prompt_tokens(history, LETTERS, [schema]).tokens
        for tool in (schema, flat_form, anthropic, gemini, weather):
            assert size(history, tools=[tool]) == tokens


def test_the_newest_turn_and_the_instructions_stay_or_it_is_an_error():
    history = [sk.system("s" * 50), sk.user("old"), sk.assistant("a"), sk.user("new" * 20), sk.assistant("b")]
    needed = prompt_tokens([history[0], *history[3:]], LETTERS).tokens
    assert sk.fit(history, LETTERS, tokens=needed) == [history[0], *history[3:]]
    with pytest.raises(TooLongError, match="newest turn of the user") as raised:
        sk.fit(history, LETTERS, tokens=needed - 1)
    assert isinstance(raised.value, ValueError)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.needed, again.tokens, str(again)) == (needed, needed - 1, str(raised.value))


def test_instructions_in_the_middle_are_dropped_with_their_round():
    first = [sk.user("a"), sk.system("in the first"), sk.assistant("b")]
    second = [sk.system("of the second"), {"role": "developer", "content": "too"}, sk.user("c")]
    assert sk.fit([*first, *second], LETTERS, tokens=size(second)) == second


def test_results_with_a_text_of_the_user_beside_them_stay_with_their_calls():
    call, result = anthropic_step(["a"], "r")
    result["content"].append({"type": "text", "text": "and Rome?"})
    old = [sk.user("x"), sk.assistant("y")]
    assert sk.fit([*old, sk.user("q"), call, result], LETTERS, tokens=size([sk.user("q"), call, result])) == [
        sk.user("q"), call, result,
    ]  # fmt: skip


def test_approvals_and_calls_of_other_kinds_stay_with_what_they_answer():
    asked = {"type": "mcp_approval_request", "id": "m", "name": "w", "arguments": "{}", "server_label": "s"}
    allowed = {"type": "mcp_approval_response", "approval_request_id": "m", "approve": True}
    clicked = {"type": "computer_call", "call_id": "c", "action": {"type": "click"}}
    screen = {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}}
    shell = {"type": "local_shell_call", "id": "l", "call_id": "l", "action": {}}
    done = {"type": "local_shell_call_output", "id": "l", "output": "r"}
    for call, result in ((asked, allowed), (clicked, screen), (shell, done)):
        pair = [sk.user("q"), call, sk.user("now?"), result]
        history = [sk.user("old"), sk.assistant("y"), *pair]
        assert sk.fit(history, LETTERS, tokens=size(pair)) == pair


def test_an_id_that_comes_again_belongs_to_the_last_call_before_the_result():
    rounds = [[sk.user(str(number)), *chat_step(["call_0"], "r")] for number in range(3)]
    assert sk.fit(flat(rounds), LETTERS, tokens=size(rounds[2])) == rounds[2]


class Turn(UserDict[str, Any]):
    """A mapping of one's own."""


class Marked(dict[str, Any]):
    """A dict with an attribute."""

    cached = True


def test_the_objects_that_come_back_are_those_that_went_in():
    calls = chat_step(["a"], "r")[0]["tool_calls"]
    message = ChatCompletionMessage.model_validate({"role": "assistant", "content": None, "tool_calls": calls})
    block = {"type": "tool_use", "id": "b", "name": "w", "input": {}}
    about = {"id": "m", "type": "message", "model": "m", "stop_reason": "tool_use", "stop_sequence": None}
    usage = {"input_tokens": 1, "output_tokens": 1}
    reply = AnthropicMessage.model_validate({**about, "role": "assistant", "content": [block], "usage": usage})
    first = [Marked(role="user", content="q"), message, Turn(role="tool", tool_call_id="a", content="r")]
    second = [Marked(role="user", content="p"), reply, {"role": "user", "content": [{**block, "type": "tool_result"}]}]
    second[2]["content"][0]["tool_use_id"] = "b"
    history: list[Any] = [Marked(role="system", content="s"), *first, *second]
    assert same(sk.fit(history, LETTERS, tokens=MANY), history)
    kept = sk.fit(history, LETTERS, tokens=size([history[0], *second]))
    assert same(kept, [history[0], *second])
    assert kept is not history
    assert isinstance(message, BaseModel)


def test_a_single_text_and_an_empty_history():
    assert sk.fit("Hi", LETTERS, tokens=MANY) == [sk.user("Hi")]
    assert sk.fit([], LETTERS, tokens=3) == []
    assert sk.fit((sk.user("q"),), LETTERS, tokens=MANY) == [sk.user("q")]
    only = [sk.assistant("hello"), *chat_step(["a"], "r")]
    assert sk.fit(only, LETTERS, tokens=size(only)) == only
    with pytest.raises(TooLongError):
        sk.fit(only, LETTERS, tokens=size(only) - 1)


def test_thinking_and_items_of_the_server_are_counted_by_their_text_and_data_is_not():
    asked = sk.user("q")
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "t" * 99, "signature": "S" * 500}]}
    summary = [{"type": "summary_text", "text": "t" * 99}]
    reasoning = {"type": "reasoning", "id": "r", "summary": summary, "encrypted_content": "E" * 500}
    for more in (thought, reasoning, sk.assistant("") | {"reasoning_content": "t" * 99}):
        assert 99 <= size([asked, more]) - size([asked]) < 150
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 5000}}
    assert size([{"role": "user", "content": [image]}]) < 50


@pytest.mark.parametrize(
    ("messages", "more", "error", "told"),
    [
        (5, {}, TypeError, "messages are a str or a list"),
        ({"role": "user", "content": "q"}, {}, TypeError, "write \\[message\\]"),
        (iter([{"role": "user", "content": "q"}]), {}, TypeError, "messages are a list"),
        ([{"content": "q"}], {}, TypeError, "a dict with a role"),
        ([{"role": "user", "content": 5}], {}, TypeError, "the content of a message is a str"),
        ([{"role": "user", "content": [5]}], {}, TypeError, "a part of a message is a dict"),
        ([{"role": "assistant", "tool_calls": [5]}], {}, TypeError, "tool_calls are a list of dicts"),
        ("Hi", {"tokens": 0}, ValueError, "tokens"),
        ("Hi", {"tokens": 1.5}, TypeError, "tokens"),
        ("Hi", {"tools": [5]}, TypeError, "a tool is a function"),
        ("Hi", {"tools": weather}, TypeError, "tools is a list"),
    ],
)
def test_what_cannot_be_fitted_is_told(messages: Any, more: Mapping[str, Any], error: type[Exception], told: str):
    with pytest.raises(error, match=told) as raised:
        sk.fit(messages, LETTERS, **{"tokens": MANY, **more})
    assert not isinstance(raised.value, TooLongError)


def test_a_message_is_counted_once_and_a_dropped_one_not_at_all():
    counted: list[str] = []

    class Noting(Letters):
        def encode_ordinary(self, text: str, /) -> list[str]:
            counted.append(text)
            return list(text)

    rounds = [[sk.user(f"question {number}"), sk.assistant("answer")] for number in range(50)]
    kept = sk.fit(flat(rounds), Noting(), tokens=size(flat(rounds[-3:])))
    assert kept == flat(rounds[-3:])
    questions = [text for text in counted if text.startswith("question")]
    assert sorted(questions) == [f"question {number}" for number in (46, 47, 48, 49)]


def test_a_history_of_ten_times_the_length_costs_ten_times_as_much():
    def cost(length: int) -> int:
        history = flat([[sk.user("q"), *chat_step(["a", "b"], "r")] for _ in range(length)])
        return steps(lambda: sk.fit(history, LETTERS, tokens=MANY))

    cost(2)
    assert cost(200) < 11 * cost(20)
