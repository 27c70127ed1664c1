"""Operators that divide text into units: sentences, words, lines, paragraphs, blocks of code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias, Unpack

from reactivex import Observable, abc, compose, operators as rxo

from ..engine.streams import Operator, operator_of
from ..engine.upstream import clock, time_of
from ..events import Event
from ..stages import Segment, Segments
from ..stages.segments import Segmented, Segmenting
from .lift import Lifted

__all__ = ["Unit", "code_blocks", "segments", "segments_of", "sentences"]

Unit: TypeAlias = Literal["sentence", "word", "line", "paragraph"]


def segments_of(unit: Unit, options: Segmenting) -> Callable[[], Segments]:
    """A factory of `Segments`. Invalid ``options`` raise here and not in mid-stream, and the data of a language is
    loaded before its first sentence."""

    def make() -> Segments:
        return Segments(unit=unit, **options)

    make()
    return make


def segments(unit: Unit = "sentence", **options: Unpack[Segmenting]) -> Operator[Event | str, Segment]:
    """Events → the text of the reply as `Segment`s, each as soon as its end is certain; what is left at the end, also
    of a broken reply, and where a call of a tool begins: the text behind it goes on with a segment of its own.

    The options are those of `stages.Segments`: ``lang``, ``lookahead``, ``first_fast``, ``max_chars``, ``max_wait``
    (seconds without text, whatever else comes, on the subscription's clock), ``hold``, ``code``, ``markdown``,
    ``spoken``, ``strip``, ``judge``. The segments do not depend on how the text came in pieces, but for those that
    ``max_wait`` forced.
    ``Reply.upto(segment.end)`` is the reply up to a segment.
    """

    make = segments_of(unit, options)

    def connect(
        source: Observable[Event | str], observer: abc.ObserverBase[Segment], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        timer = clock(scheduler)
        segmented = Segmented(make, time_of(timer))
        return Lifted(segmented, observer, scheduler, timer).connect(source)

    return operator_of("segments", connect)


def sentences(**options: Unpack[Segmenting]) -> Operator[Event | str, str]:
    """Events → the sentences of the reply as str; headings, table rows and blocks of code count as one each.

    For a voice: ``first_fast=True, lookahead="char", code="drop", markdown="plain", spoken=True``. The options and the
    rest are those of `segments`.
    """
    return Operator("sentences", compose(segments("sentence", **options), rxo.map(_text)))


def _text(segment: Segment) -> str:
    return segment.text


def code_blocks() -> Operator[Event | str, Segment]:
    """Events → the fenced blocks of code, each when it is closed: ``lang`` is the language tag, ``code`` the body,
    ``index`` counts them.

    A block that was never closed comes at the end, ``forced``; also from a reply that broke.
    """
    blocks = compose(rxo.filter(_is_code), rxo.map_indexed(_with_index))
    return Operator("code_blocks", compose(segments("paragraph"), blocks))


def _is_code(segment: Segment) -> bool:
    return segment.kind == "code"


def _with_index(segment: Segment, index: int) -> Segment:
    return replace(segment, index=index)
