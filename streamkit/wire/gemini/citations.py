"""The citations of a reply: the pages, documents and quotations that the metadata of a candidate name.

Places are bytes of UTF-8 in a part (https://ai.google.dev/api/generate-content#Segment). They are counted from the
beginning of the text, or of the part that they name, whichever has the words that the server quotes there: the server
counts the parts of the whole reply, of which a stream has fragments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from ...events import Citation, Other, ServerTool
from ..api import Form
from ..fields import objects_within, text_or_empty
from ..unread import has_content

__all__ = ["METADATA", "Citations"]

Place: TypeAlias = tuple[int | None, int | None]

METADATA = ("groundingMetadata", "citationMetadata", "urlContextMetadata")
"""Fields beside the content of a candidate with information about it."""
QUERIES = ("webSearchQueries", "imageSearchQueries", "retrievalQueries")
"""Searches that the server made."""
READ = frozenset({*QUERIES, "groundingChunks", "groundingSupports"})
ADDRESSES = ("uri", "sourceUri", "imageUri", "retrievedUrl")
NOWHERE: Place = (None, None)
MOST_TEXT = 2**20
"""The number of characters that are kept to find places in them; the longest replies have a quarter of it."""


class Citations:
    """The sources of one candidate, and its text, in which their places are found. Each source is an event once.

    Attributes:
        metadata: what came last, by the names of the fields.
    """

    __slots__ = ("_chunks", "_index", "_known", "_pieces", "_size", "_starts", "metadata")

    def __init__(self, index: int) -> None:
        self.metadata: dict[str, Form] = {}
        self._index = index
        self._pieces: list[str] = []
        self._size = 0
        self._starts: list[int] = []  # the positions at which the parts of the text begin
        self._chunks: list[Form] = []  # those that the supports refer to by their numbers
        self._known: set[tuple[Any, ...]] = set()

    def begin_part(self) -> None:
        self._starts.append(self._size)

    def add_text(self, text: str) -> None:
        self._size += len(text)
        if self._size <= MOST_TEXT:
            self._pieces.append(text)

    def read(self, name: str, metadata: Form, raw: Any) -> Iterator[Citation | ServerTool | Other]:
        """The events of one of the `METADATA`. What is in it besides sources and searches is an `Other`."""
        if not has_content(metadata, ()) or self.metadata.get(name) == metadata:
            return
        self.metadata[name] = metadata
        citations = list(_READERS[name](self, metadata))
        for citation in citations:
            key = citation.kind, citation.url, citation.title, citation.text, citation.start, citation.end
            if key not in self._known:
                self._known.add(key)
                yield replace(citation, raw=raw)
        searches = [(kind, metadata[kind]) for kind in QUERIES if metadata.get(kind)]
        for kind, queries in searches:
            yield ServerTool(kind, input=queries, index=self._index, raw=raw)
        rest = {field: value for field, value in metadata.items() if field not in READ}
        if not (citations or searches) or (name == METADATA[0] and has_content(rest, ())):
            yield Other(name, raw=raw)

    def _grounding(self, metadata: Form) -> Iterator[Citation]:
        """Each support with each of its sources, and the sources that no support has."""
        self._chunks = objects_within(metadata.get("groundingChunks")) or self._chunks
        cited: set[int] = set()
        places = _Places("".join(self._pieces), self._starts)
        for support in objects_within(metadata.get("groundingSupports")):
            numbers = support.get("groundingChunkIndices")
            for number in numbers if isinstance(numbers, list) else ():
                if type(number) is int and 0 <= number < len(self._chunks):
                    cited.add(number)
                    chunk = self._chunks[number]
                    form = {"groundingChunk": chunk, "groundingSupport": support}
                    segment = support.get("segment")
                    place = places.find(segment) if isinstance(segment, dict) else NOWHERE
                    yield self._of_chunk(chunk, form, place)
        if "groundingChunks" in metadata:
            for number, chunk in enumerate(self._chunks):
                if number not in cited:
                    yield self._of_chunk(chunk, {"groundingChunk": chunk}, NOWHERE)

    def _of_chunk(self, chunk: Form, form: Form, place: Place) -> Citation:
        kind = next((name for name, value in chunk.items() if isinstance(value, dict)), "groundingChunk")
        source = chunk.get(kind)
        return self._citation(kind, source if isinstance(source, dict) else {}, form, place)

    def _quotations(self, metadata: Form) -> Iterator[Citation]:
        """The quotations that the model made, under the name of the Gemini API or that of Vertex AI."""
        places = _Places("".join(self._pieces), self._starts)
        for name, kind in (("citationSources", "citationSource"), ("citations", "citation")):
            for source in filter(None, objects_within(metadata.get(name))):
                yield self._citation(kind, source, source, places.find(source))

    def _pages(self, metadata: Form) -> Iterator[Citation]:
        for page in filter(None, objects_within(metadata.get("urlMetadata"))):
            yield self._citation("urlMetadata", page, page, NOWHERE)

    def _citation(self, kind: str, source: Form, form: Form, place: Place) -> Citation:
        address = next((text for name in ADDRESSES if (text := text_or_empty(source, name))), "")
        title, quoted, (start, end) = text_or_empty(source, "title"), text_or_empty(source, "text"), place
        return Citation(kind, address, title, quoted, start, end, self._index, form)


_READERS = dict(zip(METADATA, (Citations._grounding, Citations._quotations, Citations._pages), strict=True))


class _Places:
    """Finds the places of segments in a text."""

    def __init__(self, text: str, starts: list[int]) -> None:
        self._text, self._starts = text, starts
        self._encoded: dict[int, bytes] = {}  # the text from each start on

    def find(self, segment: Form) -> Place:
        """The place in characters; none if the text does not have the words of the segment there, nor anywhere else, or
        in several places."""
        words, part = text_or_empty(segment, "text"), segment.get("partIndex")
        end, start = segment.get("endIndex"), segment.get("startIndex", 0)  # zero is left out
        if type(end) is int and type(start) is int and 0 <= start <= end:
            named = [self._starts[part]] if type(part) is int and 0 < part < len(self._starts) else []
            for base in (*named, 0):
                first, last = self._characters(base, start), self._characters(base, end)
                if last is not None and first is not None and (not words or self._text[first:last] == words):
                    return first, last
        at = self._text.find(words) if words else -1
        return (at, at + len(words)) if at >= 0 and self._text.find(words, at + 1) < 0 else NOWHERE

    def _characters(self, base: int, offset: int) -> int | None:
        """The position of the byte ``offset`` after ``base``; None if the text ends before."""
        encoded = self._encoded.get(base)
        if encoded is None:
            encoded = self._encoded[base] = self._text[base:].encode("utf-8", "replace")
        return None if offset > len(encoded) else base + len(encoded[:offset].decode("utf-8", "ignore"))
