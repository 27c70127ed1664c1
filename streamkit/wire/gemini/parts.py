"""The parts of a reply that are neither text nor a call of a tool: files, and the tools that the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...events import File, Other, ServerTool
from ..api import Form
from ..fields import text_or_empty
from ..servers import SENTINEL
from .candidate import CALL, Candidate

__all__ = ["SIGNATURE", "call_extra", "further_fields", "is_typed", "own_form", "part_event"]

SIGNATURE = "thoughtSignature"
FILES = ("inlineData", "fileData")
CODE, RESULT = "executableCode", "codeExecutionResult"
SERVER_TOOLS: Mapping[str, tuple[str, str, str, str]] = {
    CODE: ("", "", "", ""),
    RESULT: ("", "outcome", "", "output"),
    "toolCall": ("toolType", "", "args", ""),
    "toolResponse": ("toolType", "", "", "response"),
}
"""The parts of tools that the server runs, each with its fields for name, status, input and output."""
PLAIN = ("text", "thought")
URL_SAFE = str.maketrans("-_", "+/")


def further_fields(part: Form) -> list[str]:
    """The names of what a part has besides text."""
    return [name for name, value in part.items() if value and name not in PLAIN]


def own_form(part: Form) -> Form:
    """A part as it goes back: without fields that are null, base64 in its standard spelling. The server writes that
    one, and Google's library the one for addresses."""
    form = {name: value for name, value in part.items() if value is not None}
    if isinstance(form.get(SIGNATURE), str):
        form[SIGNATURE] = _standard(form[SIGNATURE])
    data = form.get("inlineData")
    if isinstance(data, dict) and isinstance(data.get("data"), str):
        form["inlineData"] = {**data, "data": _standard(data["data"])}
    return form


def call_extra(part: Form) -> Form | None:
    """The further fields of a part with a call, and of the call, that go back with it."""
    extra = {name: value for name, value in own_form(part).items() if value and name not in (CALL, "text")}
    further = {name: value for name, value in part[CALL].items() if value and name not in ("id", "name", "args")}
    return {**extra, **({CALL: further} if further else {})} or None


def is_typed(name: str, value: Any) -> bool:
    """True if a field of a part is a file, or is of a tool that the server runs."""
    return isinstance(value, dict) and (name in FILES or name in SERVER_TOOLS)


def part_event(name: str, value: Any, candidate: Candidate, form: Form | None, chunk: Any) -> File | ServerTool | Other:
    """The event of a field of a part. ``form`` is what goes back of it: the whole part."""
    if not is_typed(name, value):
        return Other(name, raw=chunk)
    if name in FILES:
        return _file(value, candidate.index, form, chunk)
    return _server_tool(name, value, candidate, form, chunk)


def _file(value: Form, index: int, form: Form | None, chunk: Any) -> File:
    media = text_or_empty(value, "mimeType")
    kind = media.partition("/")[0]
    return File(
        kind if kind in ("image", "audio", "video") else "file",
        media_type=media,
        data=_standard(text_or_empty(value, "data")),
        url=text_or_empty(value, "fileUri"),
        name=text_or_empty(value, "displayName"),
        index=index,
        form=form,
        raw=chunk,
    )


def _server_tool(kind: str, value: Form, candidate: Candidate, form: Form | None, chunk: Any) -> ServerTool:
    """The event of a tool. Code that has no id is numbered: the result after it is its own."""
    name, status, given, output = SERVER_TOOLS[kind]
    id = text_or_empty(value, "id")
    if kind == CODE and not id:
        candidate.tools += 1
    if kind in (CODE, RESULT):
        id = id or f"code-{candidate.tools}"
    return ServerTool(
        kind,
        id,
        text_or_empty(value, name) if name else "code_execution",
        text_or_empty(value, status),
        {key: value[key] for key in ("language", "code") if key in value} if kind == CODE else value.get(given),
        value.get(output),
        candidate.index,
        form,
        raw=chunk,
    )


def _standard(text: str) -> str:
    """Base64 in its standard spelling; the word that stands in place of a signature is not touched."""
    return text if text == SENTINEL else text.translate(URL_SAFE)
