"""Anthropic's Messages API: where it is, how it is asked, and what its requests say.

A conversation in the form of chat completions is translated: instructions go to the top, calls and their results become
blocks, and neighbours of one role become one message. What is in Anthropic's own form already passes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import MalformedError, excerpt
from ..events import Reply
from .api import Access, Api, Form, Messages as Conversation, Prompt, Writer
from .loads import load
from .messages import Messages, is_message

__all__ = ["MESSAGES"]

MOST_TOKENS = 4096
"""Of an answer for which no limit was given: the API wants one."""
FOREIGN = (
    "audio", "best_of", "echo", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "modalities", "n", "prediction", "presence_penalty", "safety_identifier", "seed", "store", "suffix",
    "top_logprobs", "verbosity", "web_search_options",
)  # fmt: skip
"""Parameters of chat completions that have no counterpart."""
SAYS_NOTHING: Mapping[str, tuple[Any, ...]] = {
    "n": (1,), "logprobs": (False,), "store": (False,), "frequency_penalty": (0,), "presence_penalty": (0,),
    "logit_bias": ({},), "modalities": (["text"],), "echo": (False,), "best_of": (1,),
}  # fmt: skip
"""Values of theirs that ask for nothing but what is done anyway."""
INSTRUCTIONS = ("system", "developer")
CHOICES = {"auto": "auto", "none": "none", "required": "any"}
EFFORTS = ("low", "medium", "high", "xhigh", "max")
UNSENT = ("refusal", "tool_calls", "tool_call_id", "reasoning_content", "annotations", "audio", "function_call")
"""Fields of messages that become blocks, or are empty. Reasoning does not go back without its signatures."""


# Writers and whole replies are for those who serve: whoever only reads does not load them.


def _writer(model: str, id: str, created: int) -> Writer:
    from .encode_messages import MessagesWriter

    return MessagesWriter(model, id, created)


def _whole(reply: Reply) -> Form:
    from .encode_messages import message_body

    return message_body(reply)


def _error(status: int, error: Form) -> Form:
    from .encode_messages import error_body

    return error_body(status, error)


# -- parameters --------------------------------------------------------------------------------------------------------


def _body(messages: Conversation, params: Form) -> Form:
    given = {name: value for name, value in params.items() if value is not None and name != "stream_options"}
    odd = [name for name in FOREIGN if name in given and given.pop(name) not in SAYS_NOTHING.get(name, ())]
    if odd:
        raise ValueError(f"the Messages API does not have {', '.join(odd)}: leave out what it does not have")
    system, turns = _system(messages, given.pop("system", None)), list(_turns(messages))
    asked: Form = {**({"system": system} if system else {}), "messages": turns, "max_tokens": _limit(given)}
    if "stop" in given:
        stop = given.pop("stop")
        asked["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if "user" in given:
        asked["metadata"] = {"user_id": given.pop("user"), **given.pop("metadata", {})}
    if "tools" in given:
        asked["tools"] = [_translated_tool(tool) for tool in given.pop("tools")]
    if choice := _choice(given, has_tools=bool(asked.get("tools"))):
        asked["tool_choice"] = choice
    effort, form = given.pop("reasoning_effort", None), given.pop("response_format", None)
    return _with_format(_with_effort({**given, **asked}, effort), form)


def _limit(given: Form) -> Any:
    """Both names of chat completions mean it. Thinking counts, so there must be room for it."""
    limits = [given.pop(name) for name in ("max_completion_tokens", "max_tokens") if name in given]
    budget = (given.get("thinking") or {}).get("budget_tokens")
    return limits[0] if limits else MOST_TOKENS + (budget or 0)


def _choice(given: Form, *, has_tools: bool) -> Any:
    choice, parallel = given.pop("tool_choice", None), given.pop("parallel_tool_calls", True)
    if isinstance(choice, str) and choice not in CHOICES:
        raise ValueError(f"tool_choice is {', '.join(CHOICES)} or names a function, not {choice!r}")
    if isinstance(choice, str):
        choice = {"type": CHOICES[choice]}
    elif isinstance(choice, Mapping) and isinstance(choice.get("function"), Mapping):
        choice = _named(choice["function"].get("name"))
    if parallel or not has_tools or choice == {"type": "none"}:
        return choice
    return {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}


def _with_effort(asked: Form, effort: Any) -> Form:
    if effort is None:
        return asked
    if effort == "none":
        return {"thinking": {"type": "disabled"}, **asked}
    if effort not in EFFORTS:
        raise ValueError(f"reasoning_effort is none, {', '.join(EFFORTS)} in the Messages API, not {effort!r}")
    return {**asked, "output_config": {"effort": effort, **asked.get("output_config", {})}}


def _with_format(params: Form, asked: Form | None) -> Form:
    """The form of an answer, which is always a schema there."""
    kind = None if asked is None else asked.get("type")
    if asked is None or kind == "text":
        return params
    schema = (asked.get("json_schema") or {}).get("schema") if kind == "json_schema" else None
    if schema is None:
        raise ValueError(f"response_format {kind!r} is not a form of the Messages API: give a model or a json_schema")
    form = {"type": "json_schema", "schema": schema}
    return {**params, "output_config": {**params.get("output_config", {}), "format": form}}


def _tool(function: Form) -> Form:
    """What is called ``parameters`` elsewhere, ``input_schema`` here."""
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    rest = {name: value for name, value in function.items() if name != "parameters" and value is not None}
    return {**rest, "input_schema": schema}


def _translated_tool(tool: Any) -> Any:
    if not isinstance(tool, Mapping) or not isinstance(tool.get("function"), Mapping):
        return tool
    return {**_tool(dict(tool["function"])), **_without(tool, "type", "function")}


def _named(name: str) -> Form:
    return {"type": "tool", "name": name}


# -- messages ----------------------------------------------------------------------------------------------------------


def _system(messages: Conversation, given: Any) -> Any:
    """All instructions: a text, or blocks if some of them are such."""
    told = [message.get("content") for message in messages if message.get("role") in INSTRUCTIONS]
    parts = [part for part in (given, *told) if part]
    if all(isinstance(part, str) for part in parts):
        return "\n\n".join(parts)
    return [block for part in parts for block in _blocks(part)]


def _turns(messages: Conversation) -> Iterator[Form]:
    """The other messages; what one role says in several of them is one, as the API wants results of tools together."""
    turn: Form = {}
    for message in messages:
        role = message.get("role")
        if role in INSTRUCTIONS:
            continue
        if role not in ("user", "assistant", "tool"):
            raise ValueError(f"a message of the role {role!r} is not a message of the Messages API")
        told = _message(message, "assistant" if role == "assistant" else "user")
        if turn and told["role"] == turn["role"]:
            turn = {**turn, **told, "content": [*_blocks(turn["content"]), *_blocks(told["content"])]}
            continue
        yield from [turn] if turn else ()
        turn = told
    yield from [turn] if turn else ()


def _message(message: Mapping[str, Any], role: str) -> Form:
    content = message.get("content")
    content = content if isinstance(content, str) else list(_blocks(content))
    if message["role"] == "tool":
        result = {"tool_use_id": message.get("tool_call_id"), "content": content}
        more = _without(message, "role", "content", "name", *UNSENT)
        return {"role": role, "content": [{"type": "tool_result", **result, **more}]}
    odd = [name for name in ("audio", "function_call") if message.get(name)]
    if odd:
        raise ValueError(f"{' and '.join(odd)} of a message is not a part of the Messages API: leave it out")
    further = [{"type": "text", "text": message["refusal"]}] if message.get("refusal") else []
    further += [_call(call) for call in message.get("tool_calls") or ()]
    content = [*_blocks(content), *further] if further else content
    return {**_without(message, *UNSENT), "role": role, "content": content}


def _blocks(content: Any) -> Iterator[Any]:
    """An empty text is left out: it would be refused."""
    for part in [content] if isinstance(content, str) else content or ():
        if isinstance(part, str):
            yield from [{"type": "text", "text": part}] if part else []
        else:
            yield _block(part) if isinstance(part, Mapping) else part


def _block(part: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = part.get("type")
    if kind == "image_url":
        told = part.get("image_url")
        source = _source(told.get("url") if isinstance(told, Mapping) else told)
        return {"type": "image", "source": source, **_without(part, "type", "image_url")}
    if kind == "refusal":
        return {"type": "text", "text": part.get("refusal")}
    if kind == "file" and isinstance(told := part.get("file"), Mapping) and told.get("file_data"):
        name = {"title": told["filename"]} if told.get("filename") else {}
        return {"type": "document", "source": _source(told["file_data"]), **name, **_without(part, "type", "file")}
    if kind in ("file", "input_audio"):
        raise ValueError(f"a part of the type {kind!r} is not a block of the Messages API: give the data of a document")
    return part


def _source(url: Any) -> Form:
    """Data that a URL holds is sent as such, other URLs are for the server to follow."""
    if not isinstance(url, str) or not url.startswith("data:"):
        return {"type": "url", "url": url}
    head, _, data = url.removeprefix("data:").partition(",")
    media, *_, encoding = head.split(";") if ";" in head else (head, "")
    if encoding != "base64":
        raise ValueError(f"the data of {excerpt(url, 40)} is not in base64, as the Messages API wants it")
    return {"type": "base64", "media_type": media, "data": data}


def _call(call: Mapping[str, Any]) -> Form:
    """A call of chat completions as a block."""
    function = call.get("function")
    if function is None:
        raise ValueError(f"a call of the type {call.get('type')!r} is not one that the Messages API has")
    return {"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": _input(function)}


def _input(function: Mapping[str, Any]) -> Any:
    """An object. Arguments that a model wrote and that are none go within one, in the way that Anthropic's page on
    fine-grained tool streaming gives, so that the error which answers them can be understood."""
    text = function.get("arguments")
    try:
        value = load(text or "{}") if text is None or isinstance(text, str) else text
    except MalformedError:
        value = None
    return value if isinstance(value, Mapping) else {"INVALID_JSON": text}


def _without(form: Mapping[str, Any], *names: str) -> Form:
    return {name: value for name, value in form.items() if name not in names}


# -- counting ----------------------------------------------------------------------------------------------------------


def _prompt(body: Mapping[str, Any]) -> Prompt:
    """In the form of chat completions again."""
    system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    tools = [{"function": {**tool, "parameters": tool.get("input_schema")}} for tool in body.get("tools") or ()]
    notes = ["an estimate: neither Anthropic's tokenizer nor how it frames messages is public"]
    if (body.get("output_config") or {}).get("format"):
        notes.append("the schema of the answer is not counted")
    choice = body.get("tool_choice")
    named = choice if choice and choice.get("type") == "tool" else None
    turns = [turn for message in body["messages"] for turn in _told(message)]
    return Prompt([*system, *turns], tools or None, named, notes=tuple(notes))


def _told(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The results in a message, each as one of its own, and the rest of it."""
    content = message.get("content")
    kinds: dict[Any, list[Any]] = {}
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content or ():
        kind = block.get("type")
        kinds.setdefault(kind if kind in ("tool_result", "tool_use") else "rest", []).append(block)
    for block in kinds.pop("tool_result", ()):
        yield {"role": "tool", "content": block.get("content")}
    calls = [{"function": {"name": call["name"], "arguments": call["input"]}} for call in kinds.pop("tool_use", ())]
    if kinds or calls:
        yield {"role": message["role"], "content": kinds.get("rest"), **({"tool_calls": calls} if calls else {})}


MESSAGES = Api(
    name="anthropic",
    dialect=Messages,
    writer=_writer,
    whole=_whole,
    owns=is_message,
    access=Access(
        address="https://api.anthropic.com",
        version="v1",
        keys=("ANTHROPIC_API_KEY",),
        addresses=("ANTHROPIC_BASE_URL",),
        header=("x-api-key", ""),
        headers={"anthropic-version": "2023-06-01"},
        tokens=("ANTHROPIC_AUTH_TOKEN",),
        model="ANTHROPIC_MODEL",
    ),
    path="v1/messages",
    body=_body,
    tool=_tool,
    choice=_named,
    format=_with_format,
    prompt=_prompt,
    required={"messages": (list,), "max_tokens": (int,)},
    error=_error,
)
