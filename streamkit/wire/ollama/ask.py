"""The requests of Ollama's own API: made from conversations, and read to count their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...wording import excerpt
from ..api import Form, Messages, Prompt
from ..chat_requests import (
    MessageCall,
    Turn,
    answer_format,
    fields_of,
    file_in,
    function_of,
    is_thought,
    supported_params,
    turns_of,
)
from .history import further_of_calls

__all__ = ["OPTIONS", "body", "prompt", "tool", "with_format"]

NAME = "Ollama"
RENAMED = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}
OPTIONS = frozenset({
    *RENAMED, "temperature", "top_p", "top_k", "min_p", "typical_p", "tfs_z", "seed", "stop", "num_predict",
    "num_keep", "frequency_penalty", "presence_penalty", "repeat_penalty", "repeat_last_n", "penalize_newline",
    "mirostat", "mirostat_tau", "mirostat_eta",
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "use_mmap", "use_mlock",
})  # fmt: skip
"""Parameters that Ollama takes in ``options``."""
SUPPORTED = ("seed", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs")
UNSENT = ("name", "refusal", "annotations", "audio", "function_call", "reasoning_content", "tool_calls")
"""Fields of messages that Ollama takes elsewhere, or not at all."""


def body(messages: Messages, params: Form) -> Form:
    """The body of a request. Most parameters of chat completions are ``options`` here, and arguments of calls are
    objects."""
    request = supported_params(params, NAME, SUPPORTED)
    options = {RENAMED.get(name, name): request.pop(name) for name in params if name in OPTIONS and name in request}
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    options |= fields_of(request.pop("options", None), "options")
    if effort := request.pop("reasoning_effort", None):
        request.setdefault("think", effort != "none" and effort)
    if "tools" in request:
        request["tools"] = [_tool(one) for one in request["tools"]]
    if form := request.pop("response_format", None):
        request = with_format(request, form)
    return {"messages": list(_messages(messages)), **request, **({"options": options} if options else {})}


def with_format(params: Form, spec: Form) -> Form:
    kind, schema = answer_format(spec, NAME)
    return params if kind == "text" else {**params, "format": "json" if kind == "json_object" else schema}


def tool(function: Form) -> Form:
    return {"type": "function", "function": function}


def _tool(entry: Any) -> Form:
    own = fields_of(entry, "a tool")
    function = function_of(own, NAME)
    return own if function is None or "function" in own else tool(function)


def _messages(messages: Messages) -> Iterator[Form]:
    """Messages in Ollama's form. The result of a tool names the tool; in chat completions it has only the id of the
    call."""
    for turn in turns_of(messages, NAME):
        form = {name: value for name, value in turn.message.items() if name not in UNSENT}
        text, images = _content(turn)
        own = form.pop("images", None) or ()
        more = {
            "images": [*own, *images],
            "thinking": turn.message.get("reasoning_content"),
            "tool_calls": [*map(_call, turn.calls, further_of_calls(turn.message))],
            "tool_name": turn.tool if turn.role == "tool" else "",
        }
        form |= {"role": turn.role, "content": text}
        yield {**form, **{name: value for name, value in more.items() if value}}


def _call(call: MessageCall, further: Form) -> Form:
    function = {**further.get("function", {}), "name": call.name, "arguments": call.arguments}
    return {**further, **({"id": call.id} if call.id else {}), "function": function}


def _content(turn: Turn) -> tuple[str, list[str]]:
    """The text, and the images, of a message."""
    texts, images = [], []
    for part in turn.parts:
        if part.get("type") == "text":
            texts.append(part["text"])
        elif part.get("type") == "image_url":
            images.append(_image(part))
        elif not is_thought(part):
            kind = excerpt(str(part.get("type")))
            raise ValueError(f"Ollama takes parts of the types text and image_url, not {kind}")
    return "\n".join(texts), images


def _image(part: Mapping[str, Any]) -> str:
    file = file_in(part)
    if file is None or file[0] is None:
        address = excerpt(str(part.get("image_url")), 60)
        raise ValueError(f"Ollama fetches no images: write data:image/png;base64,… instead of {address}")
    return file[1]


def prompt(request: Mapping[str, Any]) -> Prompt:
    schema = ("the schema of the answer is not counted",) if isinstance(request.get("format"), Mapping) else ()
    notes = (*schema, "how the template of the model frames messages is not known")
    return Prompt(request["messages"], request.get("tools"), notes=notes)
