"""The sources that Gemini names beside its text."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.events import Citation, Other, ServerTool
from tests.wire.test_gemini import END, chunk, events_of, reply_of, text

WEB = {"web": {"uri": "https://a.example/", "title": "A"}}
BOOK = {"retrievedContext": {"uri": "b", "title": "B", "text": "It rains."}}
WORDS = "Grüße. It räins."


def support(start: int | None, end: int | None, *numbers: Any, words: str = "", **more: Any) -> dict[str, Any]:
    segment = {"startIndex": start, "endIndex": end, "text": words, **more}
    kept = {name: value for name, value in segment.items() if value is not None and value != ""}
    return {"segment": kept, "groundingChunkIndices": list(numbers)}


def grounding(*supports: Any, chunks: Any = (WEB, BOOK), **more: Any) -> dict[str, Any]:
    return {"groundingMetadata": {"groundingChunks": list(chunks), "groundingSupports": list(supports), **more}}


def citations(*chunks: Any) -> list[Citation]:
    reply = reply_of(*chunks, END)
    assert [event for event in events_of(*chunks, END) if isinstance(event, Citation)] == [*reply.choices[0].citations]
    return [*reply.choices[0].citations]


def places(*supports: Any, parts: Any = (WORDS,)) -> list[tuple[int | None, int | None]]:
    pieces = [text(part) if isinstance(part, str) else chunk(part) for part in parts]
    beside = grounding(*supports, chunks=[WEB])
    return [(one.start, one.end) for one in citations(*pieces, text("", beside=beside))]


def test_supports_with_their_sources():
    rains = support(9, 18, 0, 1)
    found = citations(text("Grüße. "), text("It räins."), text("", beside=grounding(rains)))
    web, book = ({"groundingChunk": one, "groundingSupport": rains} for one in (WEB, BOOK))
    assert found == [
        Citation("web", "https://a.example/", "A", "", 7, 15, form=web),
        Citation("retrievedContext", "b", "B", "It rains.", 7, 15, form=book),
    ]
    assert WORDS[7:15] == "It räins"


@pytest.mark.parametrize(
    ("segment", "place"),
    [
        (support(None, 8, 0), (0, 6)),  # zero is left out
        (support(9, 18, 0, words="It räins"), (7, 15)),
        (support(2, 3, 0, words="It räins"), (7, 15)),  # elsewhere than said
        (support(2, 3, 0, words="r"), (None, None)),  # in several places
        (support(2, 3, 0, words="snow"), (None, None)),
        (support(None, None, 0, words="räins"), (10, 15)),
        (support(9, 900, 0), (None, None)),
        (support(9, 3, 0), (None, None)),
        ({"groundingChunkIndices": [0]}, (None, None)),
        ({"groundingChunkIndices": [0], "segment": {"startIndex": "x", "endIndex": []}}, (None, None)),
    ],
)
def test_places_in_bytes_become_places_in_characters(segment: dict[str, Any], place: tuple[Any, Any]):
    assert places(segment) == [place]


def test_places_are_counted_from_their_part():
    code = {"executableCode": {"code": "1"}}
    beside = {"text": "ö", "thoughtSignature": "c2ln"}
    rains = support(0, 8, 0, words="It rains", partIndex=1)
    assert places(rains, parts=["Größe: ", code, "It rains."]) == [(7, 15)]
    assert places(rains, parts=[beside, "It rains."]) == [(1, 9)]
    assert places(support(0, 8, 0, words="Größe", partIndex=1), parts=["Größe: ", code, "It rains."]) == [(0, 5)]


@pytest.mark.parametrize("numbers", [[], [7], [-1], ["0"], [True]])
def test_sources_that_no_support_names_are_citations_without_a_place(numbers: list[Any]):
    found = citations(text("a", beside=grounding(support(0, 1, *numbers), chunks=[WEB])))
    assert found == [Citation("web", "https://a.example/", "A", form={"groundingChunk": WEB})]


def test_supports_may_refer_to_sources_that_came_before():
    first, later = grounding(chunks=[WEB]), {"groundingMetadata": {"groundingSupports": [support(0, 1, 0)]}}
    found = citations(text("a", beside=first), text("", beside=later), text("b", beside=later))
    assert [(one.url, one.start) for one in found] == [("https://a.example/", None), ("https://a.example/", 0)]


def test_quotations_and_pages():
    source = {"startIndex": 9, "endIndex": 18, "uri": "https://a.example/", "license": "MIT"}
    page = {"retrievedUrl": "https://b.example/", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}
    beside = {"citationMetadata": {"citationSources": [source]}, "urlContextMetadata": {"urlMetadata": [page]}}
    vertex = {"citationMetadata": {"citations": [{**source, "title": "A"}]}}
    assert citations(text(WORDS, beside=beside), text("", beside=vertex)) == [
        Citation("citationSource", "https://a.example/", "", "", 7, 15, form=source),
        Citation("urlMetadata", "https://b.example/", form=page),
        Citation("citation", "https://a.example/", "A", "", 7, 15, form={**source, "title": "A"}),
    ]


def test_searches_are_tools_and_the_rest_is_other():
    entry = {"renderedContent": "<a>"}
    beside = grounding(support(0, 1, 0), chunks=[WEB], webSearchQueries=["x"], searchEntryPoint=entry)
    events = events_of(text("a", beside=beside), END)
    assert [type(event) for event in events[1:4]] == [Citation, ServerTool, Other]
    assert events[2] == ServerTool("webSearchQueries", input=["x"])


@pytest.mark.parametrize(
    "odd",
    [
        {"groundingChunks": "x"},
        {"groundingChunks": [5], "groundingSupports": [5]},
        {"groundingSupports": [{"groundingChunkIndices": 5, "segment": 5}]},
        {"groundingSupports": {"a": 1}},
    ],
)
def test_metadata_of_another_shape_is_other(odd: dict[str, Any]):
    assert events_of(text("a", beside={"groundingMetadata": odd}), END)[1] == Other("groundingMetadata")


def test_each_candidate_has_its_own():
    both = [text("a", beside=grounding(support(0, 1, 0), chunks=[WEB])), text("bc", index=1), END]
    second = chunk(index=1, finish="STOP", beside=grounding(support(1, 2, 0), chunks=[WEB]))
    reply = reply_of(*both, second)
    assert [[(one.index, one.start) for one in choice.citations] for choice in reply.choices] == [[(0, 0)], [(1, 1)]]
