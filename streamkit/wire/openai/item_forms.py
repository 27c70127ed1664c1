"""The forms in which items of a response go back to the model.

An item goes back as the server wrote it, with slots in place of its streamed texts, and without what only replies have:

- ``status`` of reasoning and of a custom call: "Unknown parameter: 'input[1].status'" (openai/openai-python #3008,
  BerriAI/litellm #13420); ``created_by`` of all items is in no type of an input item;
- null, which the API refuses in place of a missing value (openai/openai-python #3008), except where an input item
  must have it;
- ``logprobs`` and ``parsed`` of a text, which say nothing to the model;
- empty ``content`` of reasoning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...turns import slot
from ..fields import Chunk, text_field, text_or_empty
from .item_text import same_text
from .response_forms import SOURCES

__all__ = ["call_extra", "message_form", "reasoning_form", "whole_form"]

Form = dict[str, Any]

ONLY_IN_REPLIES: Mapping[str, frozenset[str]] = {
    "reasoning": frozenset({"status"}),
    "custom_tool_call": frozenset({"status"}),
}
NULLABLE = {"code_interpreter_call": ("code", "outputs"), "image_generation_call": ("result",)}
"""Fields that an input item must have, with null for nothing (openai/openai-python: types of input items)."""
OF_CALL = frozenset({"type", "call_id", "name", "arguments", "input"})
"""Fields of a call that its event has itself."""
TEXT_PARTS = {"output_text": "text", "text": "text", "refusal": "refusal"}
UNSENT = frozenset({"logprobs", "parsed"})


def whole_form(item: Chunk) -> Form:
    """Any item without what only replies have."""
    kind = str(item.get("type"))
    needed, unknown = NULLABLE.get(kind, ()), ONLY_IN_REPLIES.get(kind, frozenset())
    return {
        name: value
        for name, value in item.items()
        if (value is not None or name in needed) and name != "created_by" and name not in unknown
    }


def call_extra(item: Chunk, before: Form | None) -> Form:
    """The further fields of a call, in addition to those that were known ``before``. A call that is announced has not
    been written yet; it goes back only when it has been."""
    fields = {**(before or {}), **{name: value for name, value in item.items() if name not in OF_CALL}}
    kind = "custom_tool_call" if "custom_tool_call" in (item.get("type"), fields.pop("type", "")) else ""
    if fields.get("status") == "in_progress":
        fields["status"] = "completed"
    return whole_form({**({"type": kind} if kind else {}), **fields})


def message_form(item: Chunk, text: str, refusal: str) -> Form | None:
    """The form of a message with slots for its ``text`` and ``refusal`` as they were emitted; None if it has other
    texts, or no id: then they go back as a message without it."""
    content = item.get("content")
    if not isinstance(content, list) or not text_field(item, "id"):
        return None
    forms = [part for part in content if isinstance(part, dict)]
    for kind, emitted in (("text", text), ("refusal", refusal)):
        own = [part for part in forms if _text_kind(part) == kind]
        slots = _slots([text_or_empty(part, kind) for part in own], emitted, kind)
        if slots is None:
            return None
        filled = {id(part): _text_part(part, kind, one) for part, one in zip(own, slots, strict=True)}
        forms = [filled.get(id(part), part) for part in forms]
    return {**whole_form(item), "role": "assistant", "content": forms}


def _text_kind(part: Form) -> str:
    kind = part.get("type", "text")
    return TEXT_PARTS.get(kind, "") if isinstance(kind, str) else ""


def _text_part(part: Form, kind: str, filled: Form) -> Form:
    fields = {name: value for name, value in part.items() if value is not None and name not in UNSENT}
    if kind == "refusal":
        return {**fields, "type": "refusal", "refusal": filled}
    return {"annotations": [], **fields, "type": "output_text", "text": filled}


def reasoning_form(item: Chunk, emitted: str, *, stored: bool) -> Form | None:
    """The form of a reasoning item, whose ``emitted`` text is that of its summary or of its content; None if it has
    another text, and if the server could not read it again: without its id or, unless the response is ``stored``, with
    neither encrypted nor plain content."""
    form = whole_form(item)
    for name in SOURCES.values():
        if not isinstance(form.get(name), list) or not form[name]:
            form.pop(name, None)
    readable = form.get("encrypted_content") or form.get("content") or stored
    if not (text_field(item, "id") and readable):
        return None
    form.setdefault("summary", [])
    return form if not emitted else _with_slots(form, emitted)


def _with_slots(form: Form, emitted: str) -> Form | None:
    for name in SOURCES.values():
        parts = [part for part in form.get(name, ()) if isinstance(part, dict)]
        slots = _slots([text_or_empty(part, "text") for part in parts], emitted, "reasoning")
        if slots is not None:
            return {**form, name: [{**part, "text": one} for part, one in zip(parts, slots, strict=True)]}
    return None


def _slots(texts: list[str], emitted: str, kind: Any) -> list[Form] | None:
    """A slot for each text; None if these were not ``emitted``. A single one is whatever the text has become, and white
    space around it may differ."""
    if len(texts) == 1 and same_text(texts[0], emitted):
        return [slot(kind)]
    return [slot(kind, text) for text in texts] if "".join(texts) == emitted else None
