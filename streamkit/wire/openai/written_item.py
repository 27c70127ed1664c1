"""Items of a response that is written, and what its events say of tools, pictures and citations."""

from __future__ import annotations

from typing import Any, TypeAlias

from ...events import Citation, File, ServerTool
from ...turns import Piece, fill
from .hosted_items import is_tool

__all__ = ["PARTS", "WrittenItem", "annotation_of", "image_form", "tool_form"]

Form: TypeAlias = dict[str, Any]

PARTS = {  # for each kind of part: the field of its text, and the field of an item that holds such parts
    "output_text": ("text", "content"),
    "refusal": ("refusal", "content"),
    "summary_text": ("text", "summary"),
}


class WrittenItem:
    """An item that is being written. ``whole``: it is in the final list of the response."""

    __slots__ = ("arguments", "closed", "form", "index", "parts", "whole")

    def __init__(self, index: int, form: Form, *, whole: bool = True) -> None:
        self.index = index
        self.form = form
        self.parts: dict[str, list[str]] = {}
        self.arguments: list[str] = []
        self.closed, self.whole = False, whole

    def reference(self, kind: str = "") -> Form:
        reference: Form = {"item_id": self.form["id"], "output_index": self.index}
        if kind:
            reference["summary_index" if kind == "summary_text" else "content_index"] = list(self.parts).index(kind)
        return reference

    def part(self, kind: str) -> Form:
        part: Form = self.form[PARTS[kind][1]][list(self.parts).index(kind)]
        return part

    def take_fields(self, fields: Form) -> None:
        """Add the further fields of a call."""
        if fields.get("type") == "custom_tool_call":
            self.form = {("input" if name == "arguments" else name): value for name, value in self.form.items()}
        self.form = {**self.form, **fields}

    def take_form(self, form: Form) -> None:
        """Use ``form``, which has slots for the texts, if these are its texts."""
        kind = str(form.get("type"))
        texts = ["".join(self.parts.get(name, ())) for name in PARTS]
        filled = fill(Piece(kind, texts[0], texts[2], texts[1], form=form))
        if filled is not None:
            self.form = {"status": "completed", **filled} if kind != "reasoning" else filled


def annotation_of(event: Citation) -> Form | None:
    """The annotation for a citation; None for one without an address that this API does not have."""
    form = event.form
    if form is not None and str(form.get("type")).endswith(("_citation", "_path")):
        return form
    if not event.url:
        return None
    places = {"start_index": event.start or 0, "end_index": event.end or 0}
    return {"type": "url_citation", "url": event.url, "title": event.title, **places}


def tool_form(event: ServerTool) -> Form | None:
    """The item for a tool of the server, as far as it has run; None for one of another API."""
    if not is_tool(event.kind):
        return None
    return event.form or {"type": event.kind, "id": event.id, "status": event.status or "in_progress"}


def image_form(event: File) -> Form | None:
    """The item for a picture; None for any other file, and for one of which there is only an address."""
    if event.form is not None and event.form.get("type") == "image_generation_call":
        return event.form
    if event.kind != "image" or not event.data:
        return None
    whole = {"status": "completed", "result": event.data} if event.last else {"status": "in_progress", "result": None}
    return {"type": "image_generation_call", "id": event.id, **whole, "output_format": _format_of(event)}


def _format_of(event: File) -> str:
    return event.media_type.removeprefix("image/") or "png"
