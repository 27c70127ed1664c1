"""How Gemini's own API is asked, and what its requests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .api import Form, Messages, Prompt, named_tools
from .call import value_of
from .loads import dumps
from .turns import called, inlined, instructs, names_of, parts_of, without

__all__ = ["body", "choice", "prompt", "tool", "tool_names", "with_format"]

CONFIG = {
    "max_tokens": "maxOutputTokens", "max_completion_tokens": "maxOutputTokens", "temperature": "temperature",
    "top_p": "topP", "top_k": "topK", "n": "candidateCount", "stop": "stopSequences", "seed": "seed",
    "presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty", "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}  # fmt: skip
"""Parameters of chat completions that are in ``generationConfig`` here, under other names."""
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
LEVELS = ("minimal", "low", "medium", "high", "xhigh")


def body(messages: Messages, params: Form) -> Form:
    """Fields of this API pass as they are, and stand before what parameters of chat completions say."""
    asked = without(params, "the Gemini API")
    system = [_part(part) for message in messages if instructs(message) for part in parts_of(message)]
    if system:
        asked.setdefault("systemInstruction", {"parts": system})
    config = _config(asked)
    if config:
        asked["generationConfig"] = config
    if "tools" in asked:
        asked["tools"] = _tools(asked["tools"])
    if "tool_choice" in asked:
        asked["toolConfig"] = {**_calling(asked.pop("tool_choice")), **asked.get("toolConfig", {})}
    return {"contents": list(_contents(messages)), **asked}


def _config(asked: Form) -> Form:
    """``generationConfig``, with the parameters that are in it here; these are taken out of ``asked``."""
    given = asked.pop("generationConfig", {})
    config = {CONFIG[name]: asked.pop(name) for name in CONFIG if name in asked}
    if isinstance(config.get("stopSequences"), str):
        config["stopSequences"] = [config["stopSequences"]]
    if "response_format" in asked:
        config |= _format(asked.pop("response_format"))
    if "reasoning_effort" in asked:
        config["thinkingConfig"] = {**_thinking(asked.pop("reasoning_effort")), **given.get("thinkingConfig", {})}
        given = {name: value for name, value in given.items() if name != "thinkingConfig"}
    return {**config, **given}


def _thinking(effort: Any) -> Form:
    if effort not in ("none", *LEVELS):
        raise ValueError(f"reasoning_effort is not one of none, {', '.join(LEVELS)}: {effort!r}")
    return {"thinkingBudget": 0} if effort == "none" else {"thinkingLevel": effort.upper()}


def _format(asked: Any) -> Form:
    kind, schema = (asked.get("type"), asked.get("json_schema")) if isinstance(asked, Mapping) else (asked, None)
    if kind == "text":
        return {}
    if kind == "json_schema" and isinstance(schema, Mapping) and "schema" in schema:
        return {"responseMimeType": "application/json", "responseJsonSchema": schema["schema"]}
    if kind != "json_object":
        raise ValueError(f"response_format is not text, json_object or json_schema with its schema: {asked!r}")
    return {"responseMimeType": "application/json"}


def _contents(messages: Messages) -> Iterator[Form]:
    """The turns. Results of tools that follow each other are one of the user."""
    results: list[Form] = []
    begun = False
    for message, name in zip(messages, names_of(messages), strict=True):
        if instructs(message) and not begun:
            continue
        begun = True
        if name:
            results.append(_result(message, name))
            continue
        if results:
            yield {"role": "user", "parts": results}
            results = []
        yield _content(message)
    if results:
        yield {"role": "user", "parts": results}


def _content(message: Mapping[str, Any]) -> Form:
    role = message.get("role")
    if "parts" in message:  # in the API's own form
        return dict(message)
    if role not in ("user", "assistant"):
        raise ValueError(f"a message of the role {role!r} has no place among the turns: put instructions first")
    parts = [*map(_part, parts_of(message)), *map(_call, message.get("tool_calls") or ())]
    return {"role": "user" if role == "user" else "model", "parts": parts or [{"text": ""}]}


def _call(entry: Any) -> Form:
    id, name, arguments = called(entry)
    return {"functionCall": {**({"id": id} if id else {}), "name": name, "args": arguments}}


def _part(part: Mapping[str, Any]) -> Form:
    file, kind = inlined(part), part.get("type")
    if file is not None:
        return {"inlineData": {"mimeType": file[0], "data": file[1]}} if file[0] else {"fileData": {"fileUri": file[1]}}
    if kind not in (None, "text", "refusal"):
        raise ValueError(f"a part of the type {kind!r} is not one that the Gemini API has: write one of its own")
    return {"text" if name == "refusal" else name: value for name, value in part.items() if name != "type"}


def _result(message: Mapping[str, Any], name: str) -> Form:
    """An object is the result as it is, and any other text the ``output`` of the function; files stand beside it."""
    parts = [_part(part) for part in parts_of(message)]
    text, files = "".join(part.get("text", "") for part in parts), [part for part in parts if "text" not in part]
    value = value_of(text)
    told = {
        "id": message["tool_call_id"],
        "name": name,
        "response": value if isinstance(value, dict) else {"output": text},
    }
    return {"functionResponse": {**told, "parts": files} if files else told}


def _tools(tools: Any) -> list[Form]:
    """All functions in one entry, and the API's own tools."""
    functions = [function for tool in tools for function in _functions(tool)]
    others = [tool for tool in tools if not list(_functions(tool))]
    return [{"functionDeclarations": functions}, *others] if functions else others


def _functions(entry: Mapping[str, Any]) -> list[Form]:
    own = tool(entry["function"]) if isinstance(entry.get("function"), Mapping) else entry
    return list(own.get("functionDeclarations", ()))


def tool(function: Mapping[str, Any]) -> Form:
    names = {"name": "name", "description": "description", "parameters": "parametersJsonSchema"}
    return {"functionDeclarations": [{names[name]: value for name, value in function.items() if name in names}]}


def tool_names(entry: Mapping[str, Any]) -> list[str]:
    told = entry.get("functionDeclarations") or entry.get("function_declarations") or [entry]
    return [name for one in told for name in named_tools(one)]


def _calling(asked: Any) -> Form:
    """``toolConfig`` for a ``tool_choice``."""
    if isinstance(asked, str) and asked in MODES:
        return {"functionCallingConfig": {"mode": MODES[asked]}}
    if isinstance(asked, Mapping) and isinstance(asked.get("function"), Mapping):
        return choice(asked["function"].get("name"))
    if not isinstance(asked, Mapping) or "functionCallingConfig" not in asked:
        raise ValueError(f"tool_choice is not auto, none, required or a function: {asked!r}")
    return dict(asked)


def choice(name: Any) -> Form:
    return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [name]}}


def with_format(params: Form, asked: Form) -> Form:
    return {**params, "response_format": asked}


def prompt(asked: Mapping[str, Any]) -> Prompt:
    """What is not text has the name of its form as its type, of which whoever counts takes note."""
    system = asked.get("systemInstruction")
    turns = [{"role": "system", "content": list(map(_told, system["parts"]))}] if system else []
    for turn in asked["contents"]:
        role = "assistant" if turn.get("role") == "model" else "user"
        turns.append({"role": role, "content": list(map(_told, turn["parts"]))})
    functions = [function for entry in asked.get("tools") or () for function in _functions(entry)]
    tools = [{"function": {**one, "parameters": one.get("parametersJsonSchema")}} for one in functions]
    notes = ["how the Gemini API counts is not known"]
    if asked.get("cachedContent"):
        notes.append("what cachedContent stands for is not counted")
    if asked.get("generationConfig", {}).get("responseJsonSchema"):
        notes.append("the schema of the answer is not counted")
    if any(not _functions(entry) for entry in asked.get("tools") or ()):
        notes.append("the API's own tools are not counted")
    return Prompt(turns, tools, notes=tuple(notes))


def _told(part: Mapping[str, Any]) -> Form:
    told = part.get("functionCall") or part.get("functionResponse")
    if told or "text" in part:
        return {"type": "text", "text": dumps(told) if told else part["text"]}
    return {"type": next(iter(part), "part")}
