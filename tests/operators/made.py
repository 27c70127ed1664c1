"""Every operator once, made as simply as it can be: for the tests that ask the same of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamkit as sk
from streamkit import operators as ops, testing

__all__ = ["MADE", "Same", "reply"]


def reply() -> sk.ReplyStream:
    """A reply that has something for each of them."""
    return testing.script(
        "One. ",
        "```\ncode\n```\n",
        "[1]",
        tool_calls=[("look", {"at": ["a"]})],
        reasoning="Hm.",
        usage=sk.Usage(1, 2, 3),
    )


class Same:
    """A stage that changes nothing."""

    def feed(self, item: Any) -> list[Any]:
        return [item]

    def flush(self) -> tuple[()]:
        return ()


async def same(item: Any) -> Any:
    return item


MADE: dict[str, Callable[[], Any]] = {
    "attach": lambda: ops.attach(lambda item: None),
    "budget": lambda: ops.budget(10_000),
    "choice": lambda: ops.choice(0),
    "code_blocks": ops.code_blocks,
    "continue_with": lambda: ops.continue_with(lambda partial: reply(), mode="restart"),
    "count_tokens": lambda: ops.count_tokens("gpt-4o"),
    "fallback": lambda: ops.fallback(reply()),
    "guard": lambda: ops.guard(lambda text: True),
    "json_items": ops.json_items,
    "json_values": ops.json_values,
    "map_async": lambda: ops.map_async(same),
    "meter": ops.meter,
    "note": lambda: ops.note("here"),
    "of_type": lambda: ops.of_type(object),
    "reasoning": ops.reasoning,
    "redact": lambda: ops.redact("email"),
    "retry_unstarted": ops.retry_unstarted,
    "rewrite": lambda: ops.rewrite(Same),
    "segments": ops.segments,
    "sentences": lambda: ops.sentences(max_wait=1),
    "smooth": ops.smooth,
    "snapshots": lambda: ops.snapshots(every=1),
    "stage": lambda: ops.stage(Same),
    "stop_at": lambda: ops.stop_at("never"),
    "stop_when": lambda: ops.stop_when(lambda item: False),
    "text": ops.text,
    "think_tags": ops.think_tags,
    "throttle_text": lambda: ops.throttle_text(0.1),
    "time_limits": lambda: ops.time_limits(total=9),
    "tool_calls": ops.tool_calls,
}
"""All but `ops.record`, which needs a file."""
