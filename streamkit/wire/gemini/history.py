"""Contents of earlier turns: what of them other models and other APIs understand, and what Gemini requires of them.

Source of the rules: https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...turns import Origin
from ..api import Form
from ..chat_requests import answered_call, chat_call, spare_id, without
from ..json_codec import dumps
from ..servers import SENTINEL, wants_signatures
from .parts import SIGNATURE

__all__ = [
    "NO_ID",
    "call_names",
    "calls_in",
    "camel",
    "finished",
    "is_own",
    "own_contents",
    "parts_of",
    "plain",
    "to_chat",
]

CALL, RESULT = "functionCall", "functionResponse"
NO_ID = "no-id-"
"""The beginning of ids that the server did not give. They are not sent to it: the Gemini API refuses ids in some of its
versions, and matches such results with their calls by their order."""
PORTABLE = ("text", "inlineData", "fileData", CALL, RESULT, "executableCode", "codeExecutionResult")
"""The content of parts that any model understands."""


def is_own(message: Mapping[str, Any]) -> bool:
    """True for a content, which consists of parts."""
    return "parts" in message


def plain(message: Form) -> Form | None:
    """A content without signatures, thoughts and what only its own model understands; None if nothing is left."""
    kept = [without(part, SIGNATURE) for part in parts_of(message) if not part.get("thought") and _is_portable(part)]
    return {**message, "parts": kept} if kept else None


def _is_portable(part: Mapping[str, Any]) -> bool:
    return any(part.get(name) for name in PORTABLE)


def call_names(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The name of each call in contents, by its id."""
    calls = [call for message in messages if is_own(message) for call in calls_in(message)]
    return {call["id"]: call.get("name", "") for call in calls if call.get("id")}


def calls_in(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a content."""
    return [part[CALL] for part in parts_of(message) if isinstance(part.get(CALL), Mapping)]


def camel(name: str) -> str:
    """The name of a field in the API's own spelling, also of one that is spelled as in Google's Python library."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def parts_of(message: Mapping[str, Any]) -> list[Form]:
    """The parts of a content; a single one need not be in a list, and a text need not be in an object."""
    parts = message.get("parts") or ()
    parts = [parts] if isinstance(parts, (str, Mapping)) else parts
    parts = [{"text": part} if isinstance(part, str) else part for part in parts]
    return [{camel(name): value for name, value in part.items()} for part in parts if isinstance(part, Mapping)]


# -- in the form of chat completions -----------------------------------------------------------------------------------


def to_chat(messages: Sequence[Form]) -> Iterator[Form]:
    """Contents as messages of chat completions. Thoughts and tools of the server are left out. A result belongs to the
    call with its id, or to the first call of its name that has none yet."""
    open_calls: list[Form] = []
    for number, message in enumerate(messages):
        parts = [part for part in parts_of(message) if not part.get("thought")]
        if message.get("role") == "model":
            spare = spare_id(number, message)
            open_calls = [
                chat_call(call.get("id") or f"{spare}-{at}", call.get("name", ""), dumps(call.get("args") or {}))
                for at, call in enumerate(calls_in(message))
            ]
            text = "".join(part.get("text") or "" for part in parts)
            if text or open_calls:
                calls = {"tool_calls": list(open_calls)} if open_calls else {}
                yield {"role": "assistant", "content": text or None, **calls}
            continue
        results = [part[RESULT] for part in parts if isinstance(part.get(RESULT), Mapping)]
        files = [file for result in results for file in map(_chat_part, result.get("parts") or ()) if file]
        yield from (_chat_result(result, open_calls) for result in results)
        content = [*files, *filter(None, map(_chat_part, parts))]
        if content:
            only_text = all(part["type"] == "text" for part in content) and len(content) == 1
            yield {"role": message.get("role", "user"), "content": content[0]["text"] if only_text else content}


def _chat_result(result: Mapping[str, Any], open_calls: list[Form]) -> Form:
    id = answered_call(result.get("id"), result.get("name"), open_calls)
    return {"role": "tool", "tool_call_id": id, "content": _said(result.get("response"))}


def _said(response: Any) -> str:
    """The text of a response, which is its ``output`` or ``error`` if it has nothing else."""
    if isinstance(response, Mapping) and len(response) == 1:
        ((name, value),) = response.items()
        if name in ("output", "error") and isinstance(value, str):
            return value if name == "output" else f"error: {value}"
    return dumps(response)


def _chat_part(part: Mapping[str, Any]) -> Form | None:
    """Text or a file as a part of a message; None for anything else."""
    data, address = part.get("inlineData"), part.get("fileData")
    if isinstance(data, Mapping):
        media = str(data.get("mimeType"))
        url = f"data:{media};base64,{data.get('data')}"
        kind, _, form = media.partition("/")
        if kind == "audio":
            return {"type": "input_audio", "input_audio": {"data": data.get("data"), "format": form}}
        return {"type": "image_url", "image_url": {"url": url}} if kind == "image" else _chat_file(file_data=url)
    if isinstance(address, Mapping):
        return {"type": "image_url", "image_url": {"url": address.get("fileUri")}}
    return {"type": "text", "text": part["text"]} if part.get("text") else None


def _chat_file(**file: Any) -> Form:
    return {"type": "file", "file": file}


# -- what Gemini requires ----------------------------------------------------------------------------------------------


def own_contents(contents: Sequence[Form]) -> list[Form]:
    """``contents`` without the ids that the server did not give."""
    return [
        {**content, "parts": [_given(part) for part in content["parts"]]} if _has_made_up(content) else content
        for content in contents
    ]


def _has_made_up(content: Form) -> bool:
    parts = content.get("parts")
    return isinstance(parts, list) and any(_given(part) is not part for part in parts)


def _given(part: Any) -> Any:
    for name in (CALL, RESULT) if isinstance(part, Mapping) else ():
        inner = part.get(name)
        if isinstance(inner, Mapping) and str(inner.get("id") or "").startswith(NO_ID):
            return {**part, name: without(inner, "id")}
    return part


def finished(body: Form, target: Origin) -> Form:
    """``body`` as the model takes it: from Gemini 3 on the first call of each step of the current turn has to have a
    signature. Calls of a step without any, as other models made them, get the word that stands in place of one."""
    contents = body.get("contents")
    if not isinstance(contents, list) or not wants_signatures(target.model):
        return body
    begin = max((at for at, content in enumerate(contents) if _is_question(content)), default=-1)
    return {**body, "contents": [*contents[: begin + 1], *map(_signed, contents[begin + 1 :])]}


def _is_question(content: Any) -> bool:
    """True for a content of the user that is more than results of tools: it begins a turn."""
    return (
        isinstance(content, Mapping)
        and content.get("role") != "model"
        and any(RESULT not in part for part in parts_of(content))
    )


def _signed(content: Any) -> Any:
    parts = parts_of(content) if isinstance(content, Mapping) and content.get("role") == "model" else []
    first = next((at for at, part in enumerate(parts) if part.get(CALL)), None)
    if first is None or any(part.get(SIGNATURE) for part in parts):
        return content
    return {**content, "parts": [*parts[:first], {**parts[first], SIGNATURE: SENTINEL}, *parts[first + 1 :]]}
