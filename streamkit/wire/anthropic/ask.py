"""The requests of Anthropic's Messages API: made from conversations, and read to count their tokens.

A conversation in the form of chat completions is translated: instructions go to the top, calls and their results become
blocks, and adjacent messages of one role become one message. Anything that is in Anthropic's own form already passes as
it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...turns import FromModel
from ...wording import excerpt
from ..api import Form, Messages, Prompt, named_tools
from ..chat_requests import (
    Turn,
    answer_format,
    check_end,
    fields_of,
    file_in,
    function_of,
    supported_params,
    turns_of,
    without,
)
from .history import plain_id, split_blocks, with_known_ids
from .outputs import close_objects

__all__ = ["body", "choice", "prompt", "tool", "tool_names", "with_format"]

NAME = "the Messages API"
MOST_TOKENS = 4096
"""The limit of an answer for which none was given: the API requires one."""
SUPPORTED = ("metadata", "parallel_tool_calls", "service_tier", "tool_choice", "user")
TIERS = ("auto", "standard_only")
CHOICES = {"auto": "auto", "none": "none", "required": "any"}
EFFORTS = ("low", "medium", "high", "xhigh", "max")
CACHE = "cache_control"
OF_RESULTS = ("is_error", CACHE)
"""Fields of a message that the block of a result has, too."""
RUN_BY_USERS = ("bash_2", "computer_2", "memory_2", "text_editor_2")
"""The types of tools that the caller runs, up to their dates."""


# -- parameters --------------------------------------------------------------------------------------------------------


def body(messages: Messages, params: Form) -> Form:
    rest = supported_params(params, NAME, SUPPORTED)
    turns = turns_of(messages, NAME)
    system = _system(turns, rest.pop("system", None))
    request: Form = {
        **({"system": system} if system else {}),
        "messages": with_known_ids(_merge_turns(turns)),
        "max_tokens": _limit(rest),
    }
    if "container" not in rest and (container := _container(messages)):
        request["container"] = container
    if "stop" in rest:
        stop = rest.pop("stop")
        request["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if metadata := _metadata(rest):
        request["metadata"] = metadata
    if rest.get("service_tier", "auto") not in TIERS:
        raise ValueError(f"service_tier is {' or '.join(TIERS)} in {NAME}, not {rest['service_tier']!r}")
    if "tools" in rest:
        request["tools"] = [_translate_tool(one) for one in rest.pop("tools")]
    if chosen := _choice(rest, has_tools=bool(request.get("tools"))):
        request["tool_choice"] = chosen
    effort, form = rest.pop("reasoning_effort", None), rest.pop("response_format", None)
    request = _with_effort({**rest, **request}, effort)
    return request if form is None else with_format(request, form)


def _limit(rest: Form) -> Any:
    """The limit of tokens, under either name of chat completions. Thinking counts, so there must be room for it."""
    limits = [rest.pop(name) for name in ("max_completion_tokens", "max_tokens") if name in rest]
    budget = fields_of(rest.get("thinking"), "thinking").get("budget_tokens")
    return limits[0] if limits else MOST_TOKENS + (budget or 0)


def _container(messages: Messages) -> Any:
    """The container of the reply that this request goes on with, as long as only results follow it: later it may be
    gone, and whoever wants it still names it."""
    for message in reversed(messages):
        if isinstance(message, FromModel):
            return (message.request or {}).get("container")
        split = split_blocks(message.get("content"))
        if message.get("role") != "tool" and (split.others or split.calls):
            return None
    return None


def _metadata(rest: Form) -> Form:
    """The metadata of a request: the id of the user is all that the API takes."""
    user = {"user_id": rest.pop("user")} if "user" in rest else {}
    metadata = fields_of(rest.pop("metadata", None), "metadata")
    if odd := sorted(metadata.keys() - {"user_id"}):
        raise ValueError(f"metadata is {{'user_id': ...}} in {NAME}, without {', '.join(map(str, odd))}")
    return {**user, **metadata}


def _choice(rest: Form, *, has_tools: bool) -> Any:
    wanted, parallel = rest.pop("tool_choice", None), rest.pop("parallel_tool_calls", True)
    if isinstance(wanted, str) and wanted in CHOICES:
        wanted = {"type": CHOICES[wanted]}
    elif isinstance(wanted, Mapping) and isinstance(wanted.get("function"), Mapping):
        wanted = choice(wanted["function"].get("name"))
    elif wanted is not None and not (isinstance(wanted, Mapping) and wanted.get("type") in ("tool", *CHOICES.values())):
        raise ValueError(f"tool_choice is {', '.join(CHOICES)} or names a function, not {excerpt(repr(wanted))}")
    if parallel or not has_tools or wanted == {"type": "none"}:
        return wanted
    return {**(wanted or {"type": "auto"}), "disable_parallel_tool_use": True}


def _with_effort(request: Form, effort: Any) -> Form:
    if effort is None:
        return request
    if effort == "none":
        return {"thinking": {"type": "disabled"}, **request}
    if effort not in EFFORTS:
        raise ValueError(f"reasoning_effort is none, {', '.join(EFFORTS)} in {NAME}, not {effort!r}")
    return {**request, "output_config": {"effort": effort, **fields_of(request.get("output_config"), "output_config")}}


def with_format(params: Form, spec: Form) -> Form:
    """``params`` with the form of the answer, which is always a schema in this API."""
    kind, schema = answer_format(spec, NAME)
    if kind == "text":
        return params
    if kind != "json_schema":
        raise ValueError(f"response_format {kind!r} is not a form of {NAME}: give a model or a json_schema")
    form = {"type": "json_schema", "schema": close_objects(schema)}
    return {**params, "output_config": {**fields_of(params.get("output_config"), "output_config"), "format": form}}


def tool(function: Form) -> Form:
    """The entry of ``tools`` for a function. The schema of a strict one is limited as the form of an answer is."""
    entry = _entry(function)
    return {**entry, "input_schema": close_objects(entry["input_schema"])} if entry.get("strict") is True else entry


def _entry(function: Form) -> Form:
    """A function with its ``parameters`` under the name that they have here."""
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    rest = {name: value for name, value in function.items() if name != "parameters" and value is not None}
    return {**rest, "input_schema": schema}


def _translate_tool(entry: Any) -> Any:
    own = fields_of(entry, "a tool")
    function = function_of(own, NAME)
    if function is None:
        return own
    return {**_entry(function), **(without(own, "type", "function") if "function" in own else {})}


def tool_names(entry: Mapping[str, Any]) -> Iterable[str]:
    """The names of a tool, also of one whose schema the API knows by its type, though the caller runs it."""
    return named_tools(without(entry, "type") if str(entry.get("type")).startswith(RUN_BY_USERS) else entry)


def choice(name: str) -> Form:
    return {"type": "tool", "name": name}


# -- messages ----------------------------------------------------------------------------------------------------------


def _system(turns: list[Turn], own: Any) -> Any:
    """All instructions: a text, or blocks if some of them are blocks."""
    system = [turn for turn in turns if turn.role == "system"]
    parts = [part for part in (own, *(turn.message.get("content") for turn in system)) if part]
    if all(isinstance(part, str) for part in parts) and not any(turn.message.get(CACHE) for turn in system):
        return "\n\n".join(parts)
    return [*_blocks(own), *(block for turn in system for block in _turn_blocks(turn))]


def _merge_turns(turns: list[Turn]) -> list[Form]:
    """The other messages. Adjacent ones of one role become one message, as the API requires the results of tools to be
    together and before anything else. Empty ones are left out: the API would refuse them."""
    _name_calls(turns)
    out: list[Form] = []
    for turn in turns:
        if turn.role == "system":
            continue
        if turn.role not in ("user", "assistant", "tool"):
            raise ValueError(f"a message of the role {turn.role!r} is not a message of {NAME}")
        role, content = "assistant" if turn.role == "assistant" else "user", _content(turn)
        if not content:
            check_end(turn, turns, out[-1]["role"] if out else "")
            continue
        if out and out[-1]["role"] == role:
            content = [*_blocks(out.pop()["content"]), *_blocks(content)]
        if isinstance(content, list) and role == "user":
            content.sort(key=lambda block: block.get("type") != "tool_result")
        out.append({"role": role, "content": content})
    return out


def _name_calls(turns: list[Turn]) -> None:
    """Give each call an id as the API requires it: of certain characters only, and unique."""
    used = {part["id"] for turn in turns for part in turn.parts if isinstance(part.get("id"), str)}
    for call in (call for turn in turns for call in turn.calls):
        plain = id = plain_id(call.id)
        number = 0
        while id in used:
            number += 1
            id = f"{plain}_{number}"
        used.add(id)
        call.id = id


def _content(turn: Turn) -> Any:
    """The content of a message: a text if it has nothing else, else blocks."""
    text = turn.message.get("content")
    if turn.role == "tool":
        if not turn.id:
            raise ValueError(f"a tool message without a tool_call_id is not a result in {NAME}: no call waits for one")
        id = turn.id if turn.answered else plain_id(turn.id)
        more = {name: turn.message[name] for name in OF_RESULTS if turn.message.get(name) is not None}
        content = text if isinstance(text, str) else _turn_blocks(turn)
        return [{"type": "tool_result", "tool_use_id": id, "content": content, **more}]
    calls = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls]
    blocks = [*_turn_blocks(turn), *calls]
    return text if blocks and isinstance(text, str) and blocks == _blocks(text) else blocks


def _turn_blocks(turn: Turn) -> list[Mapping[str, Any]]:
    """The blocks of a content. A mark for the cache that stands beside the content belongs to its last block, where
    the API has it (OpenRouterTeam/ai-sdk-provider #389)."""
    blocks = [block for block in map(_block, turn.parts) if _is_not_blank(block)]
    mark = turn.message.get(CACHE) if turn.role != "tool" else None
    return [*blocks[:-1], {**blocks[-1], CACHE: mark}] if blocks and mark is not None else blocks


def _blocks(content: Any) -> list[Any]:
    parts = [content] if isinstance(content, str) else content or ()
    blocks = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    return [block for block in blocks if not isinstance(block, Mapping) or _is_not_blank(block)]


def _is_not_blank(block: Mapping[str, Any]) -> bool:
    """True unless a block is a text of white space only, which the API would refuse."""
    return block.get("type") != "text" or bool(str(block.get("text") or "").strip())


def _block(part: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, file = part.get("type"), file_in(part)
    if file is None and kind not in ("file", "image_url"):
        return part
    if file is None or kind == "input_audio":
        raise ValueError(f"a part of the type {kind!r} is not a block of {NAME}: give the data of a document")
    media, data = file
    source = {"type": "base64", "media_type": media, "data": data} if media else {"type": "url", "url": data}
    if kind == "image_url":
        return {"type": "image", "source": source, **without(part, "type", "image_url")}
    title = fields_of(part["file"], "a file").get("filename")
    return {
        "type": "document",
        "source": source,
        **({"title": title} if title else {}),
        **without(part, "type", "file"),
    }


# -- counting ----------------------------------------------------------------------------------------------------------


def prompt(request: Mapping[str, Any]) -> Prompt:
    """The content of a request, in the form of chat completions again."""
    system = [{"role": "system", "content": request["system"]}] if request.get("system") else []
    tools = [{"function": {**one, "parameters": one.get("input_schema")}} for one in request.get("tools") or ()]
    notes = ["an estimate: neither Anthropic's tokenizer nor how it frames messages is public"]
    if (request.get("output_config") or {}).get("format"):
        notes.append("the schema of the answer is not counted")
    chosen = request.get("tool_choice")
    named = chosen if chosen and chosen.get("type") == "tool" else None
    turns = [turn for message in request["messages"] for turn in _chat_messages(message)]
    return Prompt([*system, *turns], tools or None, named, notes=tuple(notes))


def _chat_messages(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The messages of chat completions for one message, with all of its blocks: what is counted."""
    split = split_blocks(message.get("content"))
    for block in split.results:
        yield {"role": "tool", "content": block.get("content")}
    calls = [{"function": {"name": call["name"], "arguments": call["input"]}} for call in split.calls]
    if split.others or calls:
        content = split.others or None
        yield {"role": message["role"], "content": content, **({"tool_calls": calls} if calls else {})}
