"""The native API of Gemini as a scripted provider: its stream, its form of a reply, and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .parts import Call, Part, Redacted, Refusal, Search, Text, Thought, pieces
from .provider import Provider, Said, cut_of, event, parts_of
from .refusals import RefusedError, google_body
from .signed_chat import CORRUPTED, SENTINELS, missing_thought_signature

__all__ = ["GeminiNative"]

Contents = Sequence[Mapping[str, Any]]

PARTS: Mapping[str, Any] = {
    "text": str,
    "thought": bool,
    "thoughtSignature": str,
    "inlineData": {"mimeType": str, "data": str},
    "fileData": {"mimeType": str, "fileUri": str},
    "functionCall": {"id": str, "name": str, "args": dict},
    "functionResponse": {"id": str, "name": str, "response": dict},
    "executableCode": {"language": str, "code": str},
    "codeExecutionResult": {"outcome": str, "output": str},
}
"""The keys of a part, with the types of their values or the keys within."""
CONTENT: Mapping[str, Any] = {"role": str, "parts": list}
RESPONSES, CALLS = "functionResponse", "functionCall"


class GeminiNative(Provider):
    """Page "Thought Signatures": Gemini 3 needs the signature of the first call of each step of the current turn, in
    the part in which it came. The ids of calls are left out by the Gemini API, and ``ids`` writes them."""

    name = api = "gemini"
    address = "https://generativelanguage.googleapis.com"
    path = ":streamGenerateContent"

    def __init__(self, model: str = "gemini-3-pro-preview", *, ids: bool = False) -> None:
        self.model, self.ids = model, ids

    def model_of(self, path: str, body: Mapping[str, Any]) -> str:
        found = re.search(r"/models/([^/:]+):", path)
        return found[1] if found else ""

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        contents = body.get("contents")
        if not isinstance(contents, list) or not contents:
            raise RefusedError("* GenerateContentRequest.contents: contents is not specified")
        for index, content in enumerate(contents):
            _check_content(content, index)
        _check_pairs(contents)
        turn = max((i for i, one in enumerate(contents) if _is_question(one)), default=-1)
        parts = [part for reply in said for form in reply.form for part in form["parts"]]
        signed = {part["thoughtSignature"]: part for part in parts if "thoughtSignature" in part}
        for index, content in enumerate(contents):
            calls = [part for part in content["parts"] if CALLS in part]
            needs = self.model.startswith("gemini-2") is False and content.get("role") == "model" and index > turn
            if needs and calls and not calls[0].get("thoughtSignature"):
                raise missing_thought_signature(calls[0][CALLS]["name"], index + 1)
            for part in content["parts"]:
                signature = part.get("thoughtSignature")
                if signature and signature not in SENTINELS and not _is_same(part, signed.get(signature)):
                    raise RefusedError(CORRUPTED)
        return _losses(contents, said)

    def write(self, said: Said) -> None:
        said.id = f"gemini-{said.number}"
        streamed, cut = list(self._streamed(said)), cut_of(said.round)
        if cut and cut.inside:
            streamed = streamed[:-1]
        said.events = [self._chunk(said, [part], "") for part in streamed]
        if not cut:
            said.events.append(self._chunk(said, [{"text": ""}], "STOP"))
        parts = [form for index, part in enumerate(parts_of(said.round)) for form in self._forms(part, said, index)]
        said.form = [{"role": "model", "parts": parts}] if parts else []

    def error(self, error: RefusedError) -> Any:
        return google_body(error)

    def _chunk(self, said: Said, parts: list[Any], reason: str) -> bytes:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
        head = {"candidates": [{**candidate, **({"finishReason": reason} if reason else {})}], "usageMetadata": usage}
        return event({**head, "modelVersion": said.model, "responseId": said.id})

    def _streamed(self, said: Said) -> Iterator[dict[str, Any]]:
        for index, part in enumerate(parts_of(said.round)):
            for form in self._forms(part, said, index):
                if form.get("text"):
                    yield from ({**form, "text": piece} for piece in pieces(form["text"]))
                else:
                    yield form

    def _forms(self, part: Part, said: Said, index: int) -> Iterator[dict[str, Any]]:
        """The parts of the API. A signature of a text comes in a part of its own, without text, and stays there: a
        part with a signature is not merged with another one (page "Thought Signatures")."""
        match part:
            case Text(signature=signature):
                yield {"text": part.text}
                if signature:
                    yield {"text": "", "thoughtSignature": signature}
            case Refusal():
                yield {"text": part.text}
            case Thought(text=text):
                if text:
                    yield {"text": text, "thought": True}
            case Call():
                call = {"name": part.name, "args": json.loads(part.arguments)}
                form = {CALLS: {"id": f"{said.number}-{index}", **call} if self.ids else call}
                yield {**form, "thoughtSignature": part.signature} if part.signature else form
            case Redacted() | Search():
                pass  # without a form in this API


def _check_content(content: Any, index: int) -> None:
    """Refuse what is not a content with parts."""
    where = f"contents[{index}]"
    _check_keys(content, CONTENT, where)
    if content.get("role", "user") not in ("user", "model"):
        raise RefusedError("Please use a valid role: user, model.")
    for number, part in enumerate(content.get("parts") or ()):
        _check_keys(part, PARTS, f"{where}.parts[{number}]")
        for key, field in ((CALLS, "function_call"), (RESPONSES, "function_response")):
            if key in part and not part[key].get("name"):
                text = f"{where}.parts[{number}].{field}.name: Name cannot be empty."
                raise RefusedError(f"* GenerateContentRequest.{text}")
    if not content.get("parts"):
        raise RefusedError(f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.")


def _check_keys(value: Any, keys: Mapping[str, Any], where: str) -> None:
    """Refuse keys that the API does not have, and values of other types, in the words of all its messages."""
    for key, item in value.items():
        kind = keys.get(key)
        if kind is None:
            text = f"Invalid JSON payload received. Unknown name \"{key}\" at '{where}': Cannot find field."
            raise RefusedError(text)
        if not isinstance(item, kind if isinstance(kind, type) else dict):
            raise RefusedError(f"Invalid value at '{where}.{key}' (TYPE_{getattr(kind, '__name__', 'object').upper()})")
        if isinstance(kind, Mapping):
            _check_keys(item, kind, f"{where}.{key}")


def _is_question(content: Mapping[str, Any]) -> bool:
    return content.get("role") != "model" and any(RESPONSES not in part for part in content["parts"])


def _check_pairs(contents: Contents) -> None:
    """Refuse results that are not those of the calls directly before (google-gemini/gemini-cli #17208), all in one
    content (cloudwego/eino-ext #571)."""
    calls: list[Any] = []
    for content in (*contents, {"role": "user", "parts": []}):
        found = [part[RESPONSES] for part in content["parts"] if RESPONSES in part]
        if found and not calls:
            text = "Please ensure that function response turn comes immediately after a function call turn."
            raise RefusedError(text)
        if _names(found) != _names(calls) or any("response" not in one for one in found):
            text = "Please ensure that the number of function response parts is equal to the number of function call "
            raise RefusedError(f"{text}parts of the function call turn.")
        model = content.get("role") == "model"
        calls = [part[CALLS] for part in content["parts"] if CALLS in part] if model else []


def _names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(one["name"] for one in found)


def _is_same(sent: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """True if a signature is in its own part: with a call it is at that call, else it is in any part without one."""
    if wanted is None or (CALLS in sent) != (CALLS in wanted):
        return False
    return CALLS not in wanted or all(sent[CALLS].get(key) == value for key, value in wanted[CALLS].items())


def _losses(contents: Contents, said: Sequence[Said]) -> list[str]:
    """The differences between the contents of the model and its replies. Thoughts may be left out."""
    found = [content for content in contents if content.get("role") == "model"]
    said = [reply for reply in said if reply.form]
    whole = [reply for reply in said if cut_of(reply.round) is None]
    if len(found) < len(whole):
        return [f"{len(whole)} replies were given, and {len(found)} come back"]
    if len(found) > len(said):
        return []
    pairs = zip(found, [reply.form[0] for reply in said], strict=False) if len(found) == len(whole) == len(said) else ()
    return [
        f"the parts {sent['parts']!r} come back, and the reply had {wanted['parts']!r}"
        for sent, wanted in pairs
        if _shown(sent) != _shown(wanted)
    ]


def _shown(content: Mapping[str, Any]) -> list[Any]:
    """The parts without thoughts; texts in a row are one, as a stream does not tell pieces from parts."""
    shown: list[Any] = []
    for part in content["parts"]:
        if part.get("thought"):
            continue
        if part.keys() == {"text"} and shown and shown[-1].keys() == {"text"}:
            shown[-1] = {"text": shown[-1]["text"] + part["text"]}
        else:
            shown.append(part)
    return shown
