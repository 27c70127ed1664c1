"""The requests of Gemini's own API: made from conversations, and read to count their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...turns import object_of
from ...wording import excerpt
from ..api import Form, Messages, Prompt, named_tools
from ..chat_requests import (
    MessageCall,
    Turn,
    answer_format,
    check_end,
    fields_of,
    file_in,
    function_of,
    is_thought,
    supported_params,
    turns_of,
    without,
)
from ..json_codec import dumps
from .history import call_names, calls_in, camel, own_contents, parts_of

__all__ = ["body", "choice", "prompt", "tool", "tool_names", "with_format"]

NAME = "the Gemini API"
CONFIG = {
    "max_tokens": "maxOutputTokens", "max_completion_tokens": "maxOutputTokens", "n": "candidateCount",
    "stop": "stopSequences", "logprobs": "responseLogprobs", "top_logprobs": "logprobs",
}  # fmt: skip
"""Parameters of chat completions that are in ``generationConfig`` here, under other names."""
CONFIGURED = frozenset({
    *CONFIG.values(), "audioTimestamp", "enableAffectiveDialog", "frequencyPenalty", "mediaResolution",
    "presencePenalty", "responseJsonSchema", "responseMimeType", "responseModalities", "responseSchema", "seed",
    "speechConfig", "temperature", "thinkingConfig", "topK", "topP",
}) - {"logprobs"}  # fmt: skip
"""Fields of ``generationConfig``, which callers may also pass as parameters."""
FIELDS = frozenset(
    {"cachedContent", "generationConfig", "safetySettings", "serviceTier", "systemInstruction", "toolConfig"}
)
"""Fields of a request that may be spelled as in Google's Python library (``system_instruction``)."""
SUPPORTED = (
    "frequency_penalty",
    "logprobs",
    "n",
    "presence_penalty",
    "seed",
    "service_tier",
    "tool_choice",
    "top_logprobs",
)
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
LEVELS = ("minimal", "low", "medium", "high", "xhigh")


def body(messages: Messages, params: Form) -> Form:
    """The body of a request. Fields of this API pass as they are, and take precedence over parameters of chat
    completions."""
    request = _own_fields(supported_params(params, NAME, SUPPORTED))
    turns = turns_of(messages, NAME)
    instructions = [_part(part) for turn in turns if turn.role == "system" for part in turn.parts]
    own = _instruction(request.pop("systemInstruction", None))
    if instructions or own:
        request["systemInstruction"] = {**own, "parts": [*own.get("parts", ()), *instructions]}
    config = _config(request)
    if config:
        request["generationConfig"] = config
    if "tools" in request:
        request["tools"] = _tools(request["tools"])
    if "tool_choice" in request:
        request["toolConfig"] = {
            **_tool_config(request.pop("tool_choice")),
            **fields_of(request.get("toolConfig"), "toolConfig"),
        }
    return {"contents": own_contents(list(_contents(turns, call_names(messages)))), **request}


def _own_fields(params: Form) -> Form:
    """The parameters without those that are in the address (the model, and that the reply is a stream), with the fields
    of this API under their own names."""
    if "model" in params:
        raise ValueError(f"the model is in the address of {NAME}: pass model=")
    if params.get("stream") is True:  # any other value is refused by the sender of the request
        del params["stream"]
    if params.get("service_tier") in ("auto", "default"):
        del params["service_tier"]
    return {own_name if (own_name := camel(name)) in FIELDS else name: value for name, value in params.items()}


def _instruction(own: Any) -> Form:
    if isinstance(own, str):
        return {"parts": [{"text": own}]}
    own = {"parts": own} if isinstance(own, (list, tuple)) else fields_of(own, "systemInstruction")
    parts = own.get("parts") or ()
    parts = [parts] if isinstance(parts, Mapping) else parts
    return {**own, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]} if own else {}


def _config(request: Form) -> Form:
    """``generationConfig``, with the parameters that belong in it; these are removed from ``request``."""
    own = _camels(request.pop("generationConfig", None), "generationConfig")
    config = _format(request.pop("response_format")) if "response_format" in request else {}
    for name in [*request]:
        own_name = CONFIG.get(name) or camel(name)
        if name in CONFIG or own_name in CONFIGURED:
            config[own_name] = request.pop(name)
    if isinstance(config.get("stopSequences"), str):
        config["stopSequences"] = [config["stopSequences"]]
    beside, within = (_camels(form.get("thinkingConfig"), "thinkingConfig") for form in (config, own))
    thinking = {**beside, **within}
    level = _level(request.pop("reasoning_effort")) if "reasoning_effort" in request else {}
    if thinking.keys().isdisjoint(("thinkingBudget", "thinkingLevel")):  # the API takes one of them only
        thinking = {**level, **thinking}
    return {**config, **own, **({"thinkingConfig": thinking} if thinking else {})}


def _camels(form: Any, name: str) -> Form:
    return {camel(field): value for field, value in fields_of(form, name).items()}


def _level(effort: Any) -> Form:
    if effort not in ("none", *LEVELS):
        raise ValueError(f"reasoning_effort is not one of none, {', '.join(LEVELS)}: {effort!r}")
    return {"thinkingBudget": 0} if effort == "none" else {"thinkingLevel": effort.upper()}


def _format(spec: Any) -> Form:
    kind, schema = answer_format(spec, NAME)
    if kind == "text":
        return {}
    return {"responseMimeType": "application/json", **({"responseJsonSchema": schema} if kind == "json_schema" else {})}


def _contents(turns: list[Turn], names: Mapping[str, str]) -> Iterator[Form]:
    """The turns without empty ones. Results of tools stand together, directly after the turn with their calls and in
    the order of these. Adjacent turns of the model are one: all results have to follow the turn with their calls, and
    calls a turn of the user (google-gemini/gemini-cli #26956)."""
    results: list[Form] = []
    others: list[Form] = []
    for turn in turns:
        if turn.role == "tool":
            results.append(_result(turn, names))
        elif turn.role != "system":
            content, before = _content(turn), others[-1] if others and not results else {}
            parts = parts_of(content)
            if not content["parts"]:
                check_end(turn, turns, before.get("role"))
            elif content.get("role") == "model" == before.get("role"):
                others[-1] = {**before, "parts": [*parts_of(before), *parts]}
            elif content.get("role") == "model":
                yield from _following(results, others)
                results, others = [], [content]
            elif all(isinstance(part.get("functionResponse"), Mapping) for part in parts):
                results += parts
            else:
                others.append(content)
    yield from _following(results, others)


def _following(results: list[Form], others: list[Form]) -> Iterator[Form]:
    """The turns since the last one of the model (which is the first of ``others``, if there is one), with the results
    directly after it."""
    at = 1 if others and others[0].get("role") == "model" else 0
    yield from others[:at]
    if results:
        yield {
            "role": "user",
            "parts": _in_order(results, [call.get("id") for call in calls_in(others[0])] if at else []),
        }
    yield from others[at:]


def _in_order(results: list[Form], calls: list[Any]) -> list[Form]:
    """``results`` in the order of ``calls``, by their ids; as they are if one of them is not of these calls."""
    ids = [result["functionResponse"].get("id") for result in results]
    if not all(id and id in calls for id in ids):
        return results
    return sorted(results, key=lambda result: calls.index(result["functionResponse"]["id"]))


def _content(turn: Turn) -> Form:
    if "parts" in turn.message:  # a message in the API's own form
        return dict(turn.message)
    if turn.role not in ("user", "assistant"):
        raise ValueError(f"a message of the role {turn.role!r} is not a message of {NAME}")
    parts = [*(_part(part) for part in turn.parts if not is_thought(part)), *map(_call, turn.calls)]
    return {"role": "user" if turn.role == "user" else "model", "parts": parts}


def _call(call: MessageCall) -> Form:
    return {"functionCall": {**({"id": call.id} if call.id else {}), "name": call.name, "args": call.arguments}}


def _part(part: Mapping[str, Any]) -> Form:
    file, kind = file_in(part), part.get("type")
    if file is not None:
        return {"inlineData": {"mimeType": file[0], "data": file[1]}} if file[0] else {"fileData": {"fileUri": file[1]}}
    if kind not in (None, "text"):
        raise ValueError(f"a part of the type {kind!r} is not one that the Gemini API has: write one of its own")
    return without(part, "type", "cache_control")


def _result(turn: Turn, names: Mapping[str, str]) -> Form:
    """The result of a tool, whose name is among ``names`` if its call is in a content. An object is the response as it
    is, any other text becomes its ``output``; files stand beside it."""
    tool = turn.tool or names.get(turn.id)
    if not tool:
        answered = f"a tool message answers the call {turn.id!r}, which no message before it made"
        raise ValueError(f"{excerpt(answered)}, and {NAME} wants the name of its tool")
    parts = [_part(part) for part in turn.parts]
    text, files = "".join(part.get("text", "") for part in parts), [part for part in parts if "text" not in part]
    value = object_of(text)
    response = {"output": text} if value is None else value
    result = {**({"id": turn.id} if turn.id else {}), "name": tool, "response": response}
    return {"functionResponse": {**result, "parts": files} if files else result}


def _tools(tools: Any) -> list[Form]:
    """All functions in one entry, and the API's own tools."""
    entries = [_entry(tool) for tool in tools]
    functions = [function for entry in entries for function in _functions(entry)]
    others = [other for entry in entries if (other := without(entry, "functionDeclarations"))]
    return [{"functionDeclarations": functions}, *others] if functions else others


def _entry(entry: Any) -> Form:
    own = fields_of(entry, "a tool")
    if "type" not in own and isinstance(own.get("name"), str):  # a single declaration
        return {"functionDeclarations": [own]}
    function = function_of(own, NAME)
    own = {"functionDeclarations" if name == "function_declarations" else name: value for name, value in own.items()}
    if function is None and "type" in own:
        raise ValueError(f"a tool of the type {own['type']!r} is not one of {NAME}: write {{'googleSearch': {{}}}}")
    return own if function is None else tool(function)


def _functions(entry: Mapping[str, Any]) -> list[Form]:
    return [fields_of(one, "a function") for one in entry.get("functionDeclarations") or ()]


def tool(function: Mapping[str, Any]) -> Form:
    names = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {"functionDeclarations": [{names[name]: value for name, value in function.items() if name in names}]}


def tool_names(entry: Mapping[str, Any]) -> list[str]:
    declarations = entry.get("functionDeclarations") or entry.get("function_declarations") or [entry]
    return [name for one in declarations for name in named_tools(one)]


def _tool_config(tool_choice: Any) -> Form:
    """``toolConfig`` for a ``tool_choice``."""
    if isinstance(tool_choice, str) and tool_choice in MODES:
        return {"functionCallingConfig": {"mode": MODES[tool_choice]}}
    if isinstance(tool_choice, Mapping) and isinstance(tool_choice.get("function"), Mapping):
        return choice(tool_choice["function"].get("name"))
    if not isinstance(tool_choice, Mapping) or "functionCallingConfig" not in tool_choice:
        raise ValueError(f"tool_choice is not auto, none, required or a function: {excerpt(repr(tool_choice))}")
    return dict(tool_choice)


def choice(name: Any) -> Form:
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}}


def with_format(params: Form, spec: Form) -> Form:
    return {**params, "response_format": spec}


def prompt(request: Mapping[str, Any]) -> Prompt:
    """The content of a request, in the form of chat completions. A part that is not text has the name of its field as
    its type, so that the token count notes it as not counted."""
    system = request.get("systemInstruction")
    turns = [{"role": "system", "content": list(map(_text_part, system["parts"]))}] if system else []
    for turn in request["contents"]:
        role = "assistant" if turn.get("role") == "model" else "user"
        turns.append({"role": role, "content": list(map(_text_part, turn["parts"]))})
    functions = [function for entry in request.get("tools") or () for function in _functions(entry)]
    tools = [{"function": {**one, "parameters": one.get("parametersJsonSchema")}} for one in functions]
    notes = ["how the Gemini API counts is not known"]
    if request.get("cachedContent"):
        notes.append("what cachedContent stands for is not counted")
    if request.get("generationConfig", {}).get("responseJsonSchema"):
        notes.append("the schema of the answer is not counted")
    if any(without(entry, "functionDeclarations") for entry in request.get("tools") or ()):
        notes.append("the API's own tools are not counted")
    return Prompt(turns, tools, notes=tuple(notes))


def _text_part(part: Mapping[str, Any]) -> Form:
    data = part.get("functionCall") or part.get("functionResponse")
    if data or "text" in part:
        return {"type": "text", "text": dumps(data) if data else part["text"]}
    return {"type": next(iter(part), "part")}
