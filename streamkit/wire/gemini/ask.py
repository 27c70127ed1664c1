"""How Gemini's own API is asked, and what its requests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...wording import excerpt
from ..api import Form, Messages, Prompt, named_tools
from ..jsoncodec import dumps
from ..turns import MessageCall, Turn, answer_format, fields_of, file_in, function_of, object_of, supported, turns_of

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
"""Fields of ``generationConfig``, for who gives them beside it."""
FIELDS = frozenset(
    {"cachedContent", "generationConfig", "safetySettings", "serviceTier", "systemInstruction", "toolConfig"}
)
"""Fields of a request that may be written as Google's Python library has them (``system_instruction``)."""
HAS = ("frequency_penalty", "logprobs", "n", "presence_penalty", "seed", "service_tier", "tool_choice", "top_logprobs")
MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
LEVELS = ("minimal", "low", "medium", "high", "xhigh")


def body(messages: Messages, params: Form) -> Form:
    """Fields of this API pass as they are, and stand before what parameters of chat completions say."""
    asked = _named_here(supported(params, NAME, HAS))
    turns = turns_of(messages, NAME)
    told = [_part(part) for turn in turns if turn.role == "system" for part in turn.parts]
    own = _instruction(asked.pop("systemInstruction", None))
    if told or own:
        asked["systemInstruction"] = {**own, "parts": [*own.get("parts", ()), *told]}
    config = _config(asked)
    if config:
        asked["generationConfig"] = config
    if "tools" in asked:
        asked["tools"] = _tools(asked["tools"])
    if "tool_choice" in asked:
        asked["toolConfig"] = {**_calling(asked.pop("tool_choice")), **fields_of(asked.get("toolConfig"), "toolConfig")}
    return {"contents": list(_contents(turns)), **asked}


def _named_here(asked: Form) -> Form:
    """Without what is in the address: the model, and that the reply is a stream."""
    if "model" in asked:
        raise ValueError(f"the model is in the address of {NAME}: pass model=")
    if asked.get("stream") is True:  # anything else is refused by whoever sends it
        del asked["stream"]
    if asked.get("service_tier") in ("auto", "default"):
        del asked["service_tier"]
    camel = {name: _camel(name) for name in asked}
    return {there if (there := camel[name]) in FIELDS else name: value for name, value in asked.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _instruction(own: Any) -> Form:
    if isinstance(own, str):
        return {"parts": [{"text": own}]}
    own = {"parts": own} if isinstance(own, (list, tuple)) else fields_of(own, "systemInstruction")
    parts = own.get("parts") or ()
    parts = [parts] if isinstance(parts, Mapping) else parts
    return {**own, "parts": [{"text": part} if isinstance(part, str) else part for part in parts]} if own else {}


def _config(asked: Form) -> Form:
    """``generationConfig``, with the parameters that are in it here; these are taken out of ``asked``."""
    own = _camels(asked.pop("generationConfig", None), "generationConfig")
    config = _format(asked.pop("response_format")) if "response_format" in asked else {}
    for name in [*asked]:
        there = CONFIG.get(name) or _camel(name)
        if name in CONFIG or there in CONFIGURED:
            config[there] = asked.pop(name)
    if isinstance(config.get("stopSequences"), str):
        config["stopSequences"] = [config["stopSequences"]]
    beside, within = (_camels(form.get("thinkingConfig"), "thinkingConfig") for form in (config, own))
    thinking = {**beside, **within}
    level = _level(asked.pop("reasoning_effort")) if "reasoning_effort" in asked else {}
    if thinking.keys().isdisjoint(("thinkingBudget", "thinkingLevel")):  # the API takes one of them only
        thinking = {**level, **thinking}
    return {**config, **own, **({"thinkingConfig": thinking} if thinking else {})}


def _camels(form: Any, name: str) -> Form:
    return {_camel(field): value for field, value in fields_of(form, name).items()}


def _level(effort: Any) -> Form:
    if effort not in ("none", *LEVELS):
        raise ValueError(f"reasoning_effort is not one of none, {', '.join(LEVELS)}: {effort!r}")
    return {"thinkingBudget": 0} if effort == "none" else {"thinkingLevel": effort.upper()}


def _format(asked: Any) -> Form:
    kind, schema = answer_format(asked, NAME)
    if kind == "text":
        return {}
    return {"responseMimeType": "application/json", **({"responseJsonSchema": schema} if kind == "json_schema" else {})}


def _contents(turns: list[Turn]) -> Iterator[Form]:
    """The turns without empty ones. What tools gave stands together, at the start of what follows their calls."""
    results: list[Form] = []
    others: list[Form] = []
    for turn in turns:
        if turn.role == "tool":
            results.append(_result(turn))
        elif turn.role != "system" and (content := _content(turn))["parts"]:
            if content.get("role") == "model":
                yield from _following(results, others)
                results, others = [], []
            others.append(content)
    yield from _following(results, others)


def _following(results: list[Form], others: list[Form]) -> Iterator[Form]:
    """What came since the model spoke, which is the first of the others, if it did."""
    at = 1 if others and others[0].get("role") == "model" else 0
    yield from others[:at]
    if results:
        yield {"role": "user", "parts": results}
    yield from others[at:]


def _content(turn: Turn) -> Form:
    if "parts" in turn.message:  # in the API's own form
        return dict(turn.message)
    if turn.role not in ("user", "assistant"):
        raise ValueError(f"a message of the role {turn.role!r} is not a message of {NAME}")
    parts = [*map(_part, turn.parts), *map(_call, turn.calls)]
    return {"role": "user" if turn.role == "user" else "model", "parts": parts}


def _call(call: MessageCall) -> Form:
    return {"functionCall": {**({"id": call.id} if call.id else {}), "name": call.name, "args": call.arguments}}


def _part(part: Mapping[str, Any]) -> Form:
    file, kind = file_in(part), part.get("type")
    if file is not None:
        return {"inlineData": {"mimeType": file[0], "data": file[1]}} if file[0] else {"fileData": {"fileUri": file[1]}}
    if kind not in (None, "text"):
        raise ValueError(f"a part of the type {kind!r} is not one that the Gemini API has: write one of its own")
    return {name: value for name, value in part.items() if name not in ("type", "cache_control")}


def _result(turn: Turn) -> Form:
    """An object is the result as it is, and any other text the ``output`` of the function; files stand beside it."""
    if not turn.tool:
        told = f"a tool message answers the call {turn.id!r}, which no message before it made"
        raise ValueError(f"{excerpt(told)}, and {NAME} wants the name of its tool")
    parts = [_part(part) for part in turn.parts]
    text, files = "".join(part.get("text", "") for part in parts), [part for part in parts if "text" not in part]
    value = object_of(text)
    response = {"output": text} if value is None else value
    result = {**({"id": turn.id} if turn.id else {}), "name": turn.tool, "response": response}
    return {"functionResponse": {**result, "parts": files} if files else result}


def _tools(tools: Any) -> list[Form]:
    """All functions in one entry, and the API's own tools."""
    entries = [_entry(tool) for tool in tools]
    functions = [function for entry in entries for function in _functions(entry)]
    others = [other for entry in entries if (other := _beside(entry))]
    return [{"functionDeclarations": functions}, *others] if functions else others


def _entry(given_: Any) -> Form:
    own = fields_of(given_, "a tool")
    if "type" not in own and isinstance(own.get("name"), str):  # a declaration alone
        return {"functionDeclarations": [own]}
    function = function_of(own, NAME)
    own = {"functionDeclarations" if name == "function_declarations" else name: value for name, value in own.items()}
    if function is None and "type" in own:
        raise ValueError(f"a tool of the type {own['type']!r} is not one of {NAME}: write {{'googleSearch': {{}}}}")
    return own if function is None else tool(function)


def _functions(entry: Mapping[str, Any]) -> list[Form]:
    return [fields_of(one, "a function") for one in entry.get("functionDeclarations") or ()]


def _beside(entry: Mapping[str, Any]) -> Form:
    return {name: value for name, value in entry.items() if name != "functionDeclarations"}


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
        raise ValueError(f"tool_choice is not auto, none, required or a function: {excerpt(repr(asked))}")
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
    if any(_beside(entry) for entry in asked.get("tools") or ()):
        notes.append("the API's own tools are not counted")
    return Prompt(turns, tools, notes=tuple(notes))


def _told(part: Mapping[str, Any]) -> Form:
    told = part.get("functionCall") or part.get("functionResponse")
    if told or "text" in part:
        return {"type": "text", "text": dumps(told) if told else part["text"]}
    return {"type": next(iter(part), "part")}
