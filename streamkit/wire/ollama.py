"""Ollama's own API: how it is asked, and what its requests say. Its replies are read by `read_ollama`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import excerpt
from ..events import Reply
from .api import Access, Api, Form, Messages, Prompt, Writer
from .call import value_of
from .framing import LINES
from .read_ollama import Ollama, is_ollama

__all__ = ["CHAT"]

# -- asking ------------------------------------------------------------------------------------------------------------

RENAMED = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}
OPTIONS = frozenset({
    *RENAMED, "temperature", "top_p", "top_k", "min_p", "typical_p", "tfs_z", "seed", "stop", "num_predict",
    "num_keep", "frequency_penalty", "presence_penalty", "repeat_penalty", "repeat_last_n", "penalize_newline",
    "mirostat", "mirostat_tau", "mirostat_eta",
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "use_mmap", "use_mlock",
})  # fmt: skip
"""Parameters that Ollama has in ``options``."""
MEANT = {"n": 1, "tool_choice": "auto", "parallel_tool_calls": True}
"""Parameters of chat completions that it does not have, with the value that says what it does anyway."""
MISSING = frozenset({
    *MEANT, "audio", "function_call", "functions", "logit_bias", "metadata", "modalities", "moderation", "prediction",
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "user", "verbosity",
    "web_search_options",
})  # fmt: skip
ROLES = {"developer": "system", "function": "tool"}


def _asked(messages: Messages, params: Form) -> Form:
    """Most parameters of chat completions are ``options`` here, and arguments of calls are objects."""
    asked = {name: value for name, value in params.items() if name not in MEANT or value != MEANT[name]}
    asked.pop("stream_options", None)  # token figures are told always
    if missing := sorted(MISSING.intersection(asked)):
        raise ValueError(f"Ollama has no {', '.join(missing)}: leave it out with api='ollama'")
    options = {RENAMED.get(name, name): asked.pop(name) for name in params if name in OPTIONS}
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    options |= asked.pop("options", None) or {}
    if effort := asked.pop("reasoning_effort", None):
        asked.setdefault("think", effort != "none" and effort)
    if form := asked.pop("response_format", None):
        asked = _with_format(asked, form)
    return {"messages": list(_turns(messages)), **asked, **({"options": options} if options else {})}


def _with_format(params: Form, asked: Form) -> Form:
    kind = asked.get("type")
    if kind in ("text", "json_object"):
        return {**params, "format": "json"} if kind == "json_object" else params
    schema = asked.get("json_schema")
    if not isinstance(schema, Mapping) or "schema" not in schema:
        raise ValueError("a response_format for Ollama is text, json_object or a json_schema with its schema")
    return {**params, "format": schema["schema"]}


def _turns(messages: Messages) -> Iterator[Form]:
    """Messages in Ollama's form. The result of a tool names the tool, which chat completions leave to the id."""
    names: dict[Any, Any] = {}
    for message in messages:
        turn = {name: value for name, value in message.items() if name != "refusal"}
        turn["role"] = ROLES.get(str(message.get("role")), message.get("role"))
        turn["content"], images = _content(message.get("content") or message.get("refusal"))
        more = {"images": images, "thinking": turn.pop("reasoning_content", None)}
        turn |= {name: value for name, value in more.items() if value}
        if calls := turn.pop("tool_calls", None):
            turn["tool_calls"] = [_as_object(call) for call in calls]
            names |= {call.get("id"): call["function"]["name"] for call in calls}
        if turn["role"] == "tool":
            name = turn.pop("name", None) or names.get(message.get("tool_call_id"))
            turn = {"tool_name": name, **turn} if name else turn
        yield turn


def _as_object(call: Mapping[str, Any]) -> Form:
    """A call of a reply. ValueError for arguments that are no object: Ollama takes nothing else."""
    function = call.get("function")
    if not isinstance(function, Mapping) or "name" not in function:
        raise ValueError(f"a tool call for Ollama is a function with a name and arguments, not {excerpt(str(call))}")
    arguments = function.get("arguments") or {}
    value = value_of(arguments) if isinstance(arguments, str) else arguments
    if isinstance(value, Mapping):
        named = {"id": call["id"]} if call.get("id") else {}
        return {**named, "function": {**function, "arguments": value}}
    raise ValueError(f"the arguments of a tool call are not a JSON object: {excerpt(str(arguments))}")


def _content(content: Any) -> tuple[Any, list[str]]:
    """The text, and the images, of a message's content, which may be a list of parts."""
    if not isinstance(content, (list, tuple)):
        return content or "", []
    texts, images = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url":
            images.append(_image(part.get("image_url")))
        else:
            raise ValueError(f"Ollama takes parts of the types text and image_url, not {excerpt(str(kind))}")
    return "\n".join(texts), images


def _image(given: Any) -> str:
    url = given.get("url") if isinstance(given, Mapping) else given
    head, _, data = str(url).partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and data):
        raise ValueError(f"Ollama fetches no images: write data:image/png;base64,… instead of {excerpt(str(url), 60)}")
    return data


def _prompt(body: Mapping[str, Any]) -> Prompt:
    schema = ("the schema of the answer is not counted",) if isinstance(body.get("format"), Mapping) else ()
    notes = (*schema, "how the template of the model frames messages is not known")
    return Prompt(body["messages"], body.get("tools"), notes=notes)


def _writer(model: str, id: str, created: int) -> Writer:
    from .encode_ollama import OllamaWriter  # whoever only reads does not load it

    return OllamaWriter(model, id, created)


def _whole(reply: Reply) -> Form:
    from .encode_ollama import ollama_body

    return ollama_body(reply)


CHAT = Api(
    name="ollama",
    dialect=Ollama,
    writer=_writer,
    whole=_whole,
    owns=is_ollama,
    access=Access(
        address="http://localhost:11434",
        keys=("OLLAMA_API_KEY",),
        addresses=("OLLAMA_HOST",),
        needs_key=False,
        bare_hosts=True,
    ),
    path="api/chat",
    framing=LINES,
    streams=True,
    body=_asked,
    tool=lambda function: {"type": "function", "function": function},
    choice=lambda name: {"type": "function", "function": {"name": name}},  # refused as any other choice is
    format=_with_format,
    prompt=_prompt,
    required={"messages": (list,)},
    error=lambda status, error: {"error": error.get("message")},
)
