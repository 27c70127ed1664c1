"""OpenAI's three APIs, which most other providers speak as well: how they are asked, and what their requests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..events import Reply
from .api import Access, Api, Form, Messages, Prompt, Writer
from .chat import Chat
from .completions import Completions
from .responses import Responses

__all__ = ["CHAT", "COMPLETIONS", "RESPONSES"]

ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Parameters of the Responses API that stand for text which the server keeps."""
LIMITS = ("max_completion_tokens", "max_tokens")


# Writers and whole replies are for those who serve: whoever only reads does not load them.


def _chat_writer(model: str, id: str, created: int) -> Writer:
    from .encode_chat import ChatWriter

    return ChatWriter(model, id, created)


def _completions_writer(model: str, id: str, created: int) -> Writer:
    from .encode_chat import CompletionsWriter

    return CompletionsWriter(model, id, created)


def _responses_writer(model: str, id: str, created: int) -> Writer:
    from .encode_responses import ResponsesWriter

    return ResponsesWriter(model, id, created)


def _chat_body(reply: Reply) -> Form:
    from .bodies import chat_body

    return chat_body(reply)


def _completion_body(reply: Reply) -> Form:
    from .bodies import completion_body

    return completion_body(reply)


def _response_body(reply: Reply) -> Form:
    from .bodies import response_body

    return response_body(reply)


def _error(status: int, error: Form) -> Form:
    """A wrong key is an invalid request there, which its code tells apart."""
    kind = "rate_limit_error" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"type": kind, "param": None, "code": None, **error}}


# -- chat completions --------------------------------------------------------------------------------------------------


def _has_choices(form: Form) -> bool:
    return "choices" in form


def _asked_chat(messages: Messages, params: Form) -> Form:
    return {"messages": messages, **params}


def _nested(function: Form) -> Form:
    return {"type": "function", "function": function}


def _named(name: str) -> Form:
    return _nested({"name": name})


def _with_format(params: Form, asked: Form) -> Form:
    return {**params, "response_format": asked}


def _chat_prompt(body: Mapping[str, Any]) -> Prompt:
    return Prompt(body["messages"], body.get("tools"), body.get("tool_choice"), body.get("response_format"))


# -- legacy completions ------------------------------------------------------------------------------------------------


def _completion_prompt(body: Mapping[str, Any]) -> Prompt:
    prompt = body["prompt"]
    one = isinstance(prompt, str) or all(isinstance(item, int) for item in prompt)
    notes = ("the suffix is not counted",) if body.get("suffix") else ()
    return Prompt(texts=[prompt] if one else prompt, notes=notes)


# -- the Responses API -------------------------------------------------------------------------------------------------


def _is_response(form: Form) -> bool:
    kind = form.get("type")
    return form.get("object") == "response" or (
        isinstance(kind, str) and (kind.startswith("response.") or kind == "error")
    )


def _asked_responses(messages: Messages, params: Form) -> Form:
    """Instructions that come first have a field of their own; calls and their results are items."""
    rest, asked = list(messages), dict(params)
    if rest and rest[0].get("role") in ("system", "developer") and isinstance(rest[0].get("content"), str):
        asked.setdefault("instructions", rest.pop(0)["content"])
    for name in LIMITS:
        if name in asked:
            asked["max_output_tokens"] = asked.pop(name)
    if "reasoning_effort" in asked:
        asked["reasoning"] = {"effort": asked.pop("reasoning_effort"), **asked.get("reasoning", {})}
    if "tools" in asked:
        asked["tools"] = [_flattened(tool, "function") for tool in asked["tools"]]
    if "tool_choice" in asked:
        asked["tool_choice"] = _flattened(asked["tool_choice"], "function")
    return {"input": [item for message in rest for item in _items(message)], **asked}


def _items(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The items of the Responses API that say what a message of chat completions does."""
    calls = message.get("tool_calls")
    if message.get("role") == "tool":
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": message["content"]}
    elif calls:
        if message.get("content"):
            yield {"role": "assistant", "content": message["content"]}
        for call in calls:
            yield {"type": "function_call", "call_id": call["id"], **call["function"]}
    else:
        yield message


def _flat(function: Form) -> Form:
    """What chat completions leave loose by default, the Responses API takes as strict."""
    return {"type": "function", **function, "strict": False}


def _flat_named(name: str) -> Form:
    return {"type": "function", "name": name}


def _flattened(form: Any, name: str) -> Any:
    """What is nested in chat completions and flat here."""
    if not isinstance(form, Mapping) or not isinstance(form.get(name), Mapping):
        return form
    return {"type": form.get("type", name), **form[name]}


def _with_text_format(params: Form, asked: Form) -> Form:
    return {**params, "text": {**params.get("text", {}), "format": _flattened(asked, "json_schema")}}


def _response_prompt(body: Mapping[str, Any]) -> Prompt:
    asked = body["input"]
    turns: list[Mapping[str, Any]]
    turns = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    turns += [{"role": "user", "content": asked}] if isinstance(asked, str) else _turns(asked)
    notes = ["how the Responses API frames messages is not known"]
    notes += [f"what {name} stands for is not counted" for name in ELSEWHERE if body.get(name)]
    if body.get("text", {}).get("format", {}).get("type", "text") == "json_schema":
        notes.append("the schema of the answer is not counted")
    return Prompt(turns, body.get("tools"), body.get("tool_choice"), notes=tuple(notes))


def _turns(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items of the Responses API as messages of chat completions."""
    for item in items:
        if item.get("type") == "function_call":
            yield {"role": "assistant", "tool_calls": [{"function": item}]}
        elif item.get("type") == "function_call_output":
            yield {"role": "tool", "content": item.get("output")}
        elif "role" in item:
            yield {"role": item["role"], "content": item.get("content")}


OPENAI = Access(
    address="https://api.openai.com/v1",
    keys=("OPENAI_API_KEY",),
    addresses=("OPENAI_BASE_URL",),
    accounts={"OPENAI_ORG_ID": "openai-organization", "OPENAI_PROJECT_ID": "openai-project"},
    model="OPENAI_MODEL",
    azure=True,
)
CHAT = Api(
    name="chat",
    dialect=Chat,
    writer=_chat_writer,
    whole=_chat_body,
    owns=_has_choices,
    access=OPENAI,
    path="chat/completions",
    deployed=True,
    asks_usage=True,
    body=_asked_chat,
    tool=_nested,
    choice=_named,
    format=_with_format,
    prompt=_chat_prompt,
    required={"messages": (list,)},
    error=_error,
)
COMPLETIONS = Api(
    name="completions",
    dialect=Completions,
    writer=_completions_writer,
    whole=_completion_body,
    owns=_has_choices,
    access=OPENAI,
    path="completions",
    deployed=True,
    asks_usage=True,
    prompt=_completion_prompt,
    required={"prompt": (str, list)},
    error=_error,
)
RESPONSES = Api(
    name="responses",
    dialect=Responses,
    writer=_responses_writer,
    whole=_response_body,
    owns=_is_response,
    access=OPENAI,
    path="responses",
    body=_asked_responses,
    tool=_flat,
    choice=_flat_named,
    format=_with_text_format,
    prompt=_response_prompt,
    required={"input": (str, list)},
    error=_error,
)
