"""Fifteen conversations as data: the streams of the replies, what happens after each, and the exact next request.

A case is played without a server by parsing ``case.turns[n].raw.data``, or with one::

    server = StrictServer(case.provider, case.rounds)

The next request goes to ``case.target`` if that is another server (14), or names ``case.target_model`` (11). Tools,
model and settings are repeated unchanged; ``wanted`` has the other fields of the request: ``messages``, ``input`` and
what else there must be. ``content`` is null when no text arrived; it may also be left out there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .parts import CUT, CUT_INSIDE, Call, Raw, Redacted, Refusal, Round, Text, Thought
from .provider import event, named_event

__all__ = ["CASES", "Case", "Failed", "Turn"]

Json = dict[str, Any]

USER: Json = {"role": "user", "content": "q"}


@dataclass(frozen=True)
class Failed:
    """The result of a tool that raised, with its text."""

    text: str


@dataclass(frozen=True)
class Turn:
    """A reply, and what follows it: the results of its calls by id, and the next message of the user if there is one.
    ``is_cut``: the connection ends before the reply does."""

    raw: Raw
    results: Mapping[str, str | Failed] = field(default_factory=dict)
    says: str | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Case:
    """``request``: the fields of all requests besides the model, the messages and the tools. ``through_json``: the
    conversation is stored as JSON and read again before the next request."""

    name: str
    provider: str
    turns: tuple[Turn, ...]
    wanted: Json
    request: Json = field(default_factory=dict)
    target: str = ""
    target_model: str = ""
    through_json: bool = False

    @property
    def rounds(self) -> list[Raw]:
        return [turn.raw for turn in self.turns]


# -- streams -----------------------------------------------------------------------------------------------------------


def chat(*deltas: Json, reason: str = "tool_calls") -> bytes:
    """A stream of chat completions."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    return b"".join(event({**head, "choices": [choice]}) for choice in choices) + event("[DONE]")


def opened(index: int, id: str, **more: Any) -> Json:
    function = {"name": "w", "arguments": ""}
    return {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function, **more}]}


def written(index: int, arguments: str) -> Json:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def responses(*events: Json, output: list[Json] | None = None) -> bytes:
    """A stream of the Responses API; without ``output`` it is cut before its end."""
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
    first = {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}
    last = {"type": "response.completed", "response": {**head, "status": "completed", "output": output}}
    every = [first, *events, *([last] if output is not None else [])]
    return b"".join(named_event({**one, "sequence_number": number}) for number, one in enumerate(every))


def item(index: int, whole: Json, skeleton: Json, *between: Json) -> list[Json]:
    """The events of one item; each of ``between`` gets the place of the item."""
    place = {"item_id": whole["id"], "output_index": index}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**whole, **skeleton}},
        *({**one, **place} for one in between),
        {"type": "response.output_item.done", "output_index": index, "item": whole},
    ]


def anthropic(*events: Json, reason: str | None = "tool_use") -> bytes:
    """A stream of Anthropic; without a ``reason`` it is cut before its end."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
    delta = {"stop_reason": reason, "stop_sequence": None}
    last = [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}, {"type": "message_stop"}]
    every = [{"type": "message_start", "message": message}, *events, *(last if reason else [])]
    return b"".join(map(named_event, every))


def block(index: int, start: Json, *deltas: Json, stop: bool = True) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        *([{"type": "content_block_stop", "index": index}] if stop else []),
    ]


def thinking(index: int, text: str, signature: str) -> list[Json]:
    deltas = [{"type": "thinking_delta", "thinking": text}] if text else []
    start = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, start, *deltas, {"type": "signature_delta", "signature": signature})


def tool_use(index: int, id: str) -> list[Json]:
    """A call without arguments, and so without any `input_json_delta`."""
    return block(index, {"type": "tool_use", "id": id, "name": "w", "input": {}})


# -- messages ----------------------------------------------------------------------------------------------------------


def call(id: str, **more: Any) -> Json:
    return {"id": id, "type": "function", "function": {"name": "w", "arguments": "{}"}, **more}


def result(id: str, text: str = "r") -> Json:
    return {"role": "tool", "tool_call_id": id, "content": text}


def assistant(content: Any = None, **more: Any) -> Json:
    return {"role": "assistant", "content": content, **more}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def tool_result(id: str, text: str = "r", **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": id, "content": text, **more}


def turn(data: bytes, form: list[Json], parts: Round, id: str = "", **more: Any) -> Turn:
    return Turn(Raw(data, form, parts, id), **more)


# -- chat completions --------------------------------------------------------------------------------------------------

_TWO = assistant(tool_calls=[call("a"), call("b")])
_ONE = assistant(tool_calls=[call("a")])

TWO_CALLS = Case(
    "1: two parallel calls, the second is complete first",
    "openai",
    (
        turn(
            chat(
                *({"role": "assistant", "content": None}, opened(0, "a"), opened(1, "b")),
                *(written(1, "{"), written(1, "}"), written(0, "{"), written(0, "}")),
            ),
            [_TWO],
            [Call("a"), Call("b")],
            results={"a": "r", "b": "r"},
        ),
    ),
    {"messages": [USER, _TWO, result("a"), result("b")]},
)

_REFUSED = assistant([{"type": "refusal", "refusal": "No."}])

REFUSAL = Case(
    "2: a refusal",
    "openai",
    (
        turn(
            chat({"role": "assistant", "content": None}, {"refusal": "No"}, {"refusal": "."}, reason="stop"),
            [_REFUSED],
            [Refusal("No.")],
            says="why",
        ),
    ),
    {"messages": [USER, _REFUSED, user("why")]},
)

DENIED = Case(
    "3: a call, a pause, and the denial after a way through JSON",
    "openai",
    (
        turn(
            chat({"role": "assistant", "content": None}, opened(0, "a"), written(0, "{}")),
            [_ONE],
            [Call("a")],
            results={"a": "denied"},
        ),
    ),
    {"messages": [USER, _ONE, result("a", "denied")]},
    through_json=True,
)

# -- Responses ---------------------------------------------------------------------------------------------------------

_REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E1"}
_FUNCTION_CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "w", "arguments": "{}"}
_FUNCTION_CALL["status"] = "completed"
_OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "r"}
_PHASED: Json = {
    "type": "message",
    "id": "m1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "I look", "annotations": []}],
    "phase": "commentary",
}
_REASONS = item(0, _REASONING, {"encrypted_content": "E0"})
_NAME = "response.function_call_arguments"


def _function_call(index: int) -> list[Json]:
    events = ({"type": f"{_NAME}.delta", "delta": "{}"}, {"type": f"{_NAME}.done", "arguments": "{}", "name": "w"})
    return item(index, _FUNCTION_CALL, {"arguments": "", "status": "in_progress"}, *events)


_REASONED = turn(
    responses(*_REASONS, *_function_call(1), output=[_REASONING, _FUNCTION_CALL]),
    [_REASONING, _FUNCTION_CALL],
    [Thought("", "E1"), Call("c1")],
    "resp_1",
    results={"c1": "r"},
)
_NOT_STORED: Json = {"store": False, "include": ["reasoning.encrypted_content"]}

ENCRYPTED = Case(
    "4: reasoning before a call, not stored",
    "responses",
    (_REASONED,),
    {**_NOT_STORED, "input": [USER, _REASONING, _FUNCTION_CALL, _OUTPUT]},
    request=_NOT_STORED,
)

CHAINED = Case(
    "5: the same, stored and continued by its id",
    "responses",
    (_REASONED,),
    {"previous_response_id": "resp_1", "input": [_OUTPUT]},
)

NO_FOLLOWER = Case(
    "6: a cut after reasoning",
    "responses",
    (turn(responses(*_REASONS), [_REASONING], [Thought("", "E1"), CUT], "resp_1", says="go on", is_cut=True),),
    {**_NOT_STORED, "input": [USER, user("go on")]},
    request=_NOT_STORED,
)

_TEXT = {"type": "output_text", "text": "", "annotations": []}

PHASE = Case(
    "7: commentary before a call",
    "responses",
    (
        turn(
            responses(
                *item(
                    0,
                    _PHASED,
                    {"content": [], "status": "in_progress"},
                    {"type": "response.content_part.added", "content_index": 0, "part": _TEXT},
                    {"type": "response.output_text.delta", "content_index": 0, "delta": "I lo"},
                    {"type": "response.output_text.delta", "content_index": 0, "delta": "ok"},
                    {"type": "response.output_text.done", "content_index": 0, "text": "I look"},
                    {"type": "response.content_part.done", "content_index": 0, "part": _PHASED["content"][0]},
                ),
                *_function_call(1),
                output=[_PHASED, _FUNCTION_CALL],
            ),
            [_PHASED, _FUNCTION_CALL],
            [Text("I look", phase="commentary"), Call("c1")],
            "resp_1",
            results={"c1": "r"},
        ),
    ),
    {**_NOT_STORED, "input": [USER, _PHASED, _FUNCTION_CALL, _OUTPUT]},
    request=_NOT_STORED,
)

# -- Anthropic ---------------------------------------------------------------------------------------------------------

_USE: Json = {"type": "tool_use", "id": "t1", "name": "w", "input": {}}
_SILENT = assistant([{"type": "thinking", "thinking": "", "signature": "S1"}, _USE])
_HIDDEN = assistant([{"type": "redacted_thinking", "data": "D1"}, _USE])
_RESULT = user([tool_result("t1")])
_MAX: Json = {"max_tokens": 1024}
_SILENT_TURN = turn(
    anthropic(*thinking(0, "", "S1"), *tool_use(1, "t1")),
    [_SILENT],
    [Thought("", "S1"), Call("t1")],
    results={"t1": "r"},
)
_HIDDEN_TURN = turn(
    anthropic(*block(0, {"type": "redacted_thinking", "data": "D1"}), *tool_use(1, "t1")),
    [_HIDDEN],
    [Redacted("D1"), Call("t1")],
    results={"t1": "r"},
)

SILENT = Case(
    "8: thinking without text before a call without arguments",
    "anthropic",
    (_SILENT_TURN,),
    {**_MAX, "messages": [USER, _SILENT, _RESULT]},
    request=_MAX,
)

_INTERLEAVED = assistant(
    [
        {"type": "thinking", "thinking": "A", "signature": "SA"},
        {**_USE, "id": "1"},
        {"type": "thinking", "thinking": "B", "signature": "SB"},
        {**_USE, "id": "2"},
    ]
)

INTERLEAVED = Case(
    "9: thinking between calls, of which the second fails",
    "anthropic",
    (
        turn(
            anthropic(
                *(*thinking(0, "A", "SA"), *tool_use(1, "1")),
                *(*thinking(2, "B", "SB"), *tool_use(3, "2")),
            ),
            [_INTERLEAVED],
            [Thought("A", "SA"), Call("1"), Thought("B", "SB"), Call("2")],
            results={"1": "r", "2": Failed("boom")},
        ),
    ),
    {
        **_MAX,
        "messages": [USER, _INTERLEAVED, user([tool_result("1"), tool_result("2", "boom", is_error=True)])],
    },
    request=_MAX,
)

_HI = assistant([{"type": "text", "text": "Hi"}])

CUT_THINKING = Case(
    "10: a cut within thinking",
    "anthropic",
    (
        turn(
            anthropic(
                *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Hi"}),
                *block(
                    1,
                    {"type": "thinking", "thinking": "", "signature": ""},
                    {"type": "thinking_delta", "thinking": "I ne"},
                    stop=False,
                ),
                reason=None,
            ),
            [_HI],
            [Text("Hi"), Thought("I ne"), CUT_INSIDE],
            says="more",
            is_cut=True,
        ),
    ),
    {**_MAX, "messages": [USER, _HI, user("more")]},
    request=_MAX,
)

_WITHOUT = {**_MAX, "messages": [USER, assistant([_USE]), _RESULT]}

OTHER_MODEL = Case(
    "11a: the history of 8 for another model",
    "anthropic",
    (_SILENT_TURN,),
    _WITHOUT,
    request=_MAX,
    target_model="claude-sonnet-5",
)
OTHER_MODEL_REDACTED = Case(
    "11b: the same with hidden thinking",
    "anthropic",
    (_HIDDEN_TURN,),
    _WITHOUT,
    request=_MAX,
    target_model="claude-sonnet-5",
)

# -- other servers with chat completions -------------------------------------------------------------------------------

_SIGNED = {"extra_content": {"google": {"thought_signature": "S"}}}
_SIGNED_TWO = assistant(tool_calls=[call("a", **_SIGNED), call("b")])

GEMINI = Case(
    "12: Gemini signs the first of two calls",
    "gemini-compat",
    (
        turn(
            chat(
                {"role": "assistant", "tool_calls": [{"index": 0, **call("a", **_SIGNED)}]},
                {"tool_calls": [{"index": 1, **call("b")}]},
            ),
            [_SIGNED_TWO],
            [Call("a", signature="S"), Call("b")],
            results={"a": "r", "b": "r"},
        ),
    ),
    {"messages": [USER, _SIGNED_TWO, result("a"), result("b")]},
)

_THOUGHT = assistant(reasoning_content="x", tool_calls=[call("a")])
_ANSWER = assistant("ok", reasoning_content="")
_THINKS = (
    turn(
        chat(
            {"role": "assistant", "content": None, "reasoning_content": ""},
            *({"reasoning_content": "x"}, opened(0, "a"), written(0, "{}")),
        ),
        [_THOUGHT],
        [Thought("x"), Call("a")],
        results={"a": "r"},
    ),
    turn(
        chat({"role": "assistant", "content": ""}, {"content": "o"}, {"content": "k"}, reason="stop"),
        [_ANSWER],
        [Text("ok")],
        says="n",
    ),
)

DEEPSEEK = Case(
    "13: DeepSeek's reasoning in a round and after it",
    "deepseek",
    _THINKS,
    {"messages": [USER, _THOUGHT, result("a"), _ANSWER, user("n")]},
)


def _stripped(id: str = "a") -> Json:
    calls = assistant(tool_calls=[call(id)])
    return {"messages": [USER, calls, result(id), assistant("ok"), user("n")]}


ELSEWHERE = (
    Case("14a: the history of 13 sent to Groq", "deepseek", _THINKS, _stripped(), target="groq"),
    Case("14b: the history of 13 sent to Mistral", "deepseek", _THINKS, _stripped("ca978112c"), target="mistral"),
    Case("14c: the history of 13 sent to OpenAI", "deepseek", _THINKS, _stripped(), target="openai"),
)

_DETAILS = [
    {"type": "reasoning.text", "text": "Let me", "signature": "S", "format": "f", "index": 0},
    {"type": "reasoning.encrypted", "data": "D", "format": "f", "index": 0},
]
_DETAILED = assistant(reasoning_details=_DETAILS, tool_calls=[call("a")])


def _detail(kind: str, **fields: str) -> Json:
    return {"reasoning_details": [{"type": f"reasoning.{kind}", **fields, "format": "f", "index": 0}]}


OPENROUTER = Case(
    "15: OpenRouter's details in fragments",
    "openrouter",
    (
        turn(
            chat(
                {"role": "assistant", "content": "", "reasoning": "Le", **_detail("text", text="Le")},
                {"content": "", "reasoning": "t me", **_detail("text", text="t me")},
                {"content": "", **_detail("text", signature="S")},
                {"content": "", **_detail("encrypted", data="D")},
                *(opened(0, "a"), written(0, "{}")),
            ),
            [_DETAILED],
            [Thought("Let me", "S"), Redacted("D"), Call("a")],
            results={"a": "r"},
        ),
    ),
    {"messages": [USER, _DETAILED, result("a")]},
)

CASES: tuple[Case, ...] = (
    *(TWO_CALLS, REFUSAL, DENIED, ENCRYPTED, CHAINED, NO_FOLLOWER, PHASE, SILENT, INTERLEAVED, CUT_THINKING),
    *(OTHER_MODEL, OTHER_MODEL_REDACTED, GEMINI, DEEPSEEK, *ELSEWHERE, OPENROUTER),
)
