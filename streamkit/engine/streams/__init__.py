"""Streams as users see them: sources, operators, and the stream that is iterated, awaited and piped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily
from .bridge import Bridge, BridgeReader
from .has_reply import HasReply
from .kinds import EventSource, ItemKind, check_events, common_kind, kind_of, misplaced, not_events, with_kind
from .misuse import (
    applied,
    check_function,
    check_operators,
    check_stream,
    check_streams,
    is_stream,
    name_of,
    operator_name,
    refuse_operator,
    sink_problem,
    stream_problem,
    uncalled_name,
)
from .operator import Keeps, KeepsAll, Operator, check_chain
from .reply_stream import ReplyStream
from .source import Reading, Source
from .source_task import SourceTask
from .stream import Stream, stream

if TYPE_CHECKING:
    from .linking import Connect, Scheduler, are_replies, keeping_operator, operator_of, source_of

__all__ = [
    "Bridge",
    "BridgeReader",
    "Connect",
    "EventSource",
    "HasReply",
    "ItemKind",
    "Keeps",
    "KeepsAll",
    "Operator",
    "Reading",
    "ReplyStream",
    "Scheduler",
    "Source",
    "SourceTask",
    "Stream",
    "applied",
    "are_replies",
    "check_chain",
    "check_events",
    "check_function",
    "check_operators",
    "check_stream",
    "check_streams",
    "common_kind",
    "is_stream",
    "keeping_operator",
    "kind_of",
    "misplaced",
    "name_of",
    "not_events",
    "operator_name",
    "operator_of",
    "refuse_operator",
    "sink_problem",
    "source_of",
    "stream",
    "stream_problem",
    "uncalled_name",
    "with_kind",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "linking": "Connect Scheduler are_replies keeping_operator operator_of source_of",
        },
    )


def __dir__() -> list[str]:
    return __all__
