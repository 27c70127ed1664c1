"""Annotations of a text in a response as citations."""

from __future__ import annotations

from typing import Any

from ...events import Citation
from ..fields import Chunk, text_or_empty

__all__ = ["annotations_of", "citation"]


def annotations_of(item: Chunk) -> list[tuple[int, dict[str, Any]]]:
    """All annotations in a whole message, each with the position in its text at which its part begins."""
    found, start = [], 0
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or part.get("type") not in ("output_text", "text"):
            continue
        own, text = part.get("annotations"), part.get("text")
        found += [(start, one) for one in (own if isinstance(own, list) else ()) if isinstance(one, dict)]
        start += len(text) if isinstance(text, str) else 0
    return found


def citation(annotation: dict[str, Any], start: int, raw: Any) -> Citation:
    """The event for an annotation of a part that begins ``start`` characters from the beginning of the choice's
    text."""
    inner = annotation.get("url_citation")
    fields = inner if isinstance(inner, dict) else annotation
    return Citation(
        text_or_empty(annotation, "type"),
        text_or_empty(fields, "url"),
        text_or_empty(fields, "title") or text_or_empty(fields, "filename"),
        text_or_empty(fields, "quote") or text_or_empty(fields, "text"),
        _place(fields, "start_index", start),
        _place(fields, "end_index", start),
        form=annotation,
        raw=raw,
    )


def _place(form: dict[str, Any], name: str, start: int) -> int | None:
    value = form.get(name)
    return start + value if type(value) is int and value >= 0 else None
