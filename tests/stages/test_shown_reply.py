"""The Reply of stages that show less than the source gave."""

from __future__ import annotations

from typing import Any

import pytest

import streamkit as sk
from streamkit.stages.rewriting import ShownReply

EARLIER = ({"role": "user", "content": "before"},)
SOURCE = sk.Reply((sk.Choice(0, "shown and not"),), earlier=EARLIER, raw={"quote": "not"})


class Words(ShownReply):
    """Shows single words, and ends before "stop"."""

    def feed(self, event: Any) -> list[Any]:
        if isinstance(event, sk.Reply):
            return [self._last(event)]
        if event.text == "stop":
            return [self._stop()]
        return self._shown([event] if " " not in event.text else [])

    def flush(self) -> tuple[()]:
        return ()


class Hidden(Words):
    hides = True


@pytest.mark.parametrize(("kind", "earlier", "raw"), [(Words, EARLIER, SOURCE.raw), (Hidden, (), None)])
def test_the_reply_of_the_source_gets_the_text_that_was_shown(kind: type[Words], earlier: Any, raw: Any):
    stage = kind("words")
    assert [*stage.feed(sk.TextDelta("shown")), *stage.feed(sk.TextDelta("and not"))] == [sk.TextDelta("shown")]
    cut_short, (last,) = stage.reply(SOURCE), stage.feed(SOURCE)
    assert last == cut_short == stage.reply(sk.Reply())
    assert (last.text, last.outcome, last.earlier, last.raw) == ("shown", SOURCE.outcome, earlier, raw)
    assert not stage.done


def test_a_reply_that_the_stage_ends_says_so():
    stage = Words("words")
    stage.feed(sk.TextDelta("shown"))
    (reply,) = stage.feed(sk.TextDelta("stop"))
    assert (reply.text, reply.outcome, reply.stopped_by) == ("shown", "stopped", "words")
    assert stage.done
    assert stage.reply(SOURCE) == reply
