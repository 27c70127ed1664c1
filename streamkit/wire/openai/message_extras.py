"""Citations and files in the deltas of chat completions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...events import Citation, Event, File
from ..fields import Chunk, objects_within, text_or_empty
from ..fragments import index_of
from ..json_codec import canonical, dumps

__all__ = ["audio_form", "citation_form", "extra_events", "image_form"]

DATA = re.compile(r"data:([^;,]*)[^,]*;base64,(.*)", re.DOTALL)


def extra_events(delta: Chunk, index: int, chunk: Chunk, seen: set[str]) -> Iterator[Event]:
    """The citations and files of a delta. Citations that were ``seen`` before are left out: some servers repeat all of
    them with each chunk."""
    for annotation in objects_within(delta.get("annotations")):
        text = canonical(dumps(annotation))
        if text not in seen:
            seen.add(text)
            yield _citation(annotation, index, chunk)
    audio = delta.get("audio")
    if isinstance(audio, dict) and audio:
        yield File(
            "audio", text_or_empty(audio, "id"), data=text_or_empty(audio, "data"), last=False, index=index, raw=chunk
        )
    content = delta.get("content")
    parts = [part for part in objects_within(content) if part.get("type") == "image_url"]
    for image in [*objects_within(delta.get("images")), *parts]:
        yield from _image(image, index, chunk)


def _citation(annotation: Chunk, index: int, chunk: Chunk) -> Citation:
    """A citation: its fields stand in an object under the name of its type, or (some gateways) beside it."""
    kind = text_or_empty(annotation, "type")
    inner = annotation.get(kind)
    fields = inner if isinstance(inner, dict) else annotation
    return Citation(
        kind,
        text_or_empty(fields, "url"),
        text_or_empty(fields, "title") or text_or_empty(fields, "name"),
        text_or_empty(fields, "content"),
        index_of(fields.get("start_index")),
        index_of(fields.get("end_index")),
        index,
        form=annotation,
        raw=chunk,
    )


def _image(image: Chunk, index: int, chunk: Chunk) -> Iterator[File]:
    inner = image.get("image_url")
    url = text_or_empty(inner, "url") if isinstance(inner, dict) else inner if isinstance(inner, str) else ""
    data = DATA.fullmatch(url)
    if data is not None:
        yield File("image", media_type=data[1], data=data[2], index=index, raw=chunk)
    elif url:
        yield File("image", url=url, index=index, raw=chunk)


def citation_form(citation: Citation) -> Chunk | None:
    """A citation as an annotation; None if it is not one of a page."""
    if not citation.url:
        return None
    fields: Chunk = {"url": citation.url, "title": citation.title, "content": citation.text or None}
    fields |= {"start_index": citation.start, "end_index": citation.end}
    return {"type": "url_citation", "url_citation": {name: one for name, one in fields.items() if one is not None}}


def image_form(file: File) -> Chunk | None:
    """A file as an image; None if it is not one that can be shown."""
    url = f"data:{file.media_type or 'image/png'};base64,{file.data}" if file.data else file.url
    return {"type": "image_url", "image_url": {"url": url}} if file.kind == "image" and file.last and url else None


def audio_form(file: File) -> Chunk | None:
    """A file as a piece of sound; None if it is not one, or has nothing."""
    return {"id": file.id, "data": file.data} if file.kind == "audio" and file.data else None
