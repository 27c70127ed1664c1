"""Ollama's own API: how its replies are read, and how it is asked.

A reply is one JSON object a line, each with a piece of the message, and the last one (``done``) tells why it ended and
what it took. Calls come whole. What ``/api/generate`` sends is read as well: it has the text at the top level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..errors import ApiError, MalformedError, excerpt
from ..events import Event, Finish, LogprobsDelta, Other, ReasoningDelta, Reply, TextDelta, UsageUpdate
from .api import Access, Api, Form, Messages, Prompt, Writer
from .call import value_of
from .calls import Calls
from .dialect import Dialect, text_field
from .fragments import fragment
from .framing import LINES
from .loads import shown
from .problems import find, may_report
from .usage import merged

__all__ = ["CHAT", "Ollama"]

FIGURES = ("prompt_eval_count", "eval_count")
KNOWN = frozenset({
    "model", "created_at", "message", "done", "done_reason", "logprobs", "remote_model", "remote_host",
    "total_duration", "load_duration", "prompt_eval_duration", "eval_duration", *FIGURES,
    "role", "content", "thinking", "tool_calls", "tool_name", "tool_call_id", "images",
    "response", "context", "image", "completed", "total",
})  # fmt: skip
"""Fields of a chunk, of its message, and of what ``/api/generate`` sends, which also tells how far an image is."""


class Ollama(Dialect):
    """The dialect of ``/api/chat``; `finished` with the object that says ``done``."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls()
        self._opened = self._spoke = False

    @property
    def opened(self) -> bool:
        return self._opened

    @property
    def said(self) -> bool:
        return self._spoke

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            message = chunk["message"]
            text = message["content"]
            if (
                type(text) is str
                and text
                and chunk["done"] is False
                and (len(message) == 1 or (len(message) == 2 and "role" in message))
                and self._spoke
                and self._halves is None
                and not self.word
                and self.complaint is None
                and not may_report(chunk)
                and "logprobs" not in chunk
            ):
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError):
            pass
        return None

    def flush(self) -> Iterable[Event]:
        return self._release()

    def _read(self, chunk: Form, name: str, out: list[Event]) -> None:
        place = _place(chunk)
        over = chunk.get("done") is True
        problem = find(chunk, bare=place is None)
        self._begin(chunk, chunk, out, content=place is not None)
        self._opened = self._opened or over or place is not None
        if place is not None:
            self._content(place, chunk, out)
        else:
            self._hear(chunk)
        if over and problem is None:
            problem = self._end(chunk, out)
        self._tell_usage(chunk, out)
        if problem is not None:
            raise problem
        self.done = over

    def _content(self, place: Form, chunk: Form, out: list[Event]) -> None:
        before = len(out)
        self._say(ReasoningDelta, text_field(place, "thinking"), 0, chunk, out)
        self._say(TextDelta, text_field(place, "response" if place is chunk else "content"), 0, chunk, out)
        calls = place.get("tool_calls") or ()
        if not isinstance(calls, (list, tuple)):
            raise MalformedError(f"tool_calls are not a list: {shown(calls)}")
        for entry in calls:
            self._call(entry, chunk, out)
        out += [Other(name, raw=chunk) for name in ("images", "image") if place.get(name)]
        logprobs = chunk.get("logprobs")
        if isinstance(logprobs, list) and logprobs:  # each has the form of chat completions
            out.append(LogprobsDelta({"content": logprobs}, raw=chunk))
        self._spoke = self._spoke or self._held or len(out) > before

    def _call(self, entry: Any, chunk: Form, out: list[Event]) -> None:
        """A whole call. One without an id gets one that no other call of this reply has."""
        piece, call = fragment(entry), self._calls.open()
        call.add(piece.id or f"call_{call.place}", piece.name, piece.arguments or "{}")
        out += self._end_calls(self._calls, [call], 0, chunk)

    def _end(self, chunk: Form, out: list[Event]) -> ApiError | None:
        reason = text_field(chunk, "done_reason") or "stop"  # some servers end without a reason
        problem = self._ends(reason)
        out += self._release()
        if problem is None:
            out.append(Finish(reason, raw=chunk))
        return problem

    def _tell_usage(self, chunk: Form, out: list[Event]) -> None:
        """The prompt's figure is left out by servers that had all of it in their cache."""
        report = dict(zip(("prompt_tokens", "completion_tokens"), map(chunk.get, FIGURES), strict=True))
        usage = merged(self._usage, report, self.warn)
        if usage is not None and usage is not self._usage:
            self._usage = replace(usage, raw={name: chunk[name] for name in FIGURES if name in chunk})
            out.append(UsageUpdate(self._usage, raw=chunk))

    def _unread(self, chunk: Form, name: str) -> str | None:
        """An object whose fields are all known says nothing new: an empty piece, how far an image is."""
        place = _place(chunk)
        if type(chunk.get("done")) is not bool and place is None:
            return super()._unread(chunk, name)
        fields = (*(place or {}).items(), *chunk.items())
        return next((field for field, value in fields if value and field not in KNOWN), None)


def _place(chunk: Form) -> Form | None:
    """What holds the text of a chunk: its message, or the chunk itself; None where there is neither."""
    message = chunk.get("message")
    if isinstance(message, dict):
        return message
    if "done" not in chunk:  # no chunk of ours: the message, if there is one, may be that of an error
        return None
    if message is not None:
        raise MalformedError(f"a message is not an object: {shown(message)}")
    return chunk if "response" in chunk or "thinking" in chunk else None


def _owns(form: Form) -> bool:
    return type(form.get("done")) is bool and not form.keys().isdisjoint(("message", "response", "created_at"))


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
    owns=_owns,
    access=Access(
        address="http://localhost:11434",
        keys=("OLLAMA_API_KEY",),
        addresses=("OLLAMA_HOST",),
        version="api",
        others={"/v1": "chat"},
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
